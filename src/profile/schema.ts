import { z } from 'zod';
import type { DialectOptions, DialectSource } from '../iso8583/source.ts';
import { AMOUNT_MINOR_MAX } from '../units.ts';
import { emv, media } from './emv-schema.ts';
import { scanPayment } from './scan-schema.ts';
import { SCREEN_IDS, type ScreenId } from './screens.ts';
import { training } from './training-schema.ts';
import { LANGUAGES, PROMPT_IDS, WORD_IDS } from './words.ts';

/** The members of a complete profile. Strict: a member that is not known is refused, so that a misspelt one is seen. */

const name = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
const amountMinor = z.int().min(0).max(AMOUNT_MINOR_MAX);
const seconds = z.int().min(1).max(3600);
const code = z.string().regex(/^[0-9A-Z]{2}$/, 'two characters 0-9 A-Z');
const digits = (count: number) => z.string().regex(new RegExp(`^\\d{${count}}$`), `${count} digits`);
const fields = z.array(z.int().min(2).max(64));
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'small letters, digits and hyphens');

const transaction = z
  .strictObject({
    name,
    mti: digits(4).describe('Message type of the request'),
    answer: digits(4).describe('Message type of the answer: request + 10'),
    processingCode: digits(6).optional().describe('Data element 3; absent in management messages'),
    conditionCode: digits(2).optional().describe('Data element 25'),
    type60: digits(2).describe('60.1 transaction type'),
    info60: digits(3)
      .optional()
      .describe('60.3 network management code; absent for sign-on, where keyMode of the acquirer stands'),
    info60Unbalanced: digits(3).optional().describe('60.3 when the totals did not balance'),
    request: z.strictObject({ mandatory: fields, conditional: fields }),
    response: z
      .strictObject({ mandatory: fields, conditional: fields })
      .describe('mandatory: what an approved answer cannot be used without; conditional: what else may come'),
    unknownOutcome: z
      .enum(['reverse', 'unknown', 'none'])
      .describe(
        'No usable answer: reverse = owed reversal; unknown = named state, original locked; none = nothing moved',
      ),
    reversal: z.string().optional().describe('Id of the transaction that reverses this one'),
    mac: z.boolean().describe('Request and approved answer carry data element 64'),
    enabled: z.boolean(),
  })
  .describe('One line of the code table');

export const RESPONSE_GROUPS = ['A', 'B', 'C', 'D', 'E'] as const;
export const RULE_ACTIONS = ['warn', 'approve', 'hold', 'refuse'] as const;
export const OUTCOME_KINDS = ['approved', 'final', 'retry', 'unknown'] as const;
export const CAUSE_CLASSES = ['ok', 'operator', 'customer', 'system', 'channel', 'compat'] as const;

const response = z
  .strictObject({
    group: z
      .enum(RESPONSE_GROUPS)
      .describe(
        'A approved, B failed: correct and retry, C declined, D declined: keep card, E time-out behind the host',
      ),
    zh: z.string().min(1),
    en: z.string().min(1),
    actionZh: z.string(),
    actionEn: z.string(),
    class: z.enum(CAUSE_CLASSES).describe('Who can do something about it'),
    kind: z
      .enum(OUTCOME_KINDS)
      .describe('approved; final; retry = final, may be done anew; unknown = reversal, or UNKNOWN for a refund'),
  })
  .describe('Text and meaning of one value of data element 39');

const screen = z.strictObject({
  zh: z.array(z.string()).length(4),
  en: z.array(z.string()).length(4),
  reverse: z.array(z.int().min(0).max(3)).optional().describe('Lines in reverse video; [0] when absent'),
});
const prompt = z.strictObject({
  zh: z.string().min(1),
  en: z.string().min(1),
  actionZh: z.string(),
  actionEn: z.string(),
  class: z.enum(CAUSE_CLASSES),
});

const texts = z.strictObject({
  screens: z.record(z.enum(SCREEN_IDS as readonly [ScreenId, ...ScreenId[]]), screen),
  prompts: z.record(z.enum(PROMPT_IDS), prompt),
  words: z.record(z.enum(WORD_IDS), z.strictObject({ zh: z.string(), en: z.string() })),
});

export const KEY_MODES = ['001', '003', '004', '005', '006'] as const;

const reversal = z.strictObject({
  tries: z.int().min(1).max(9),
  finalCodes: z.array(code).min(1).describe('Values of 39 in a 0410 that end the reversal'),
  blockWhenHeld: z
    .boolean()
    .describe('No new transaction while a reversal is held, until a supervisor releases the terminal'),
  voidOriginal: z
    .enum(['as-void', 'own-trace'])
    .describe('61 of the reversal of a void: as in the void, or with the trace of the void itself'),
  with63: z.boolean().describe('63 with the card organisation (cardOrganisation63) in the reversal'),
  panAfterSwipe: z.boolean().describe('Data element 2 in the reversal of a swiped card'),
  sent: z
    .enum(['at-once', 'before-next'])
    .describe('When a reversal first goes out: at once, or only before the next online message'),
  pauseSeconds: z.int().min(0).max(600).describe('Between two tries of one round'),
  heldRetry: z
    .enum(['before-next', 'at-settlement'])
    .describe(
      'When a held reversal gets a new round of tries: before each new transaction, or only before a settlement',
    ),
  restartReason: z.enum(['98', '06']).describe('39 of the reversal of a transaction that a restart cut off'),
  unmatched: z
    .enum(['reverse', 'wait'])
    .describe(
      'An answer whose 3 or 4 differ: reversal with 06 at once, or waiting on for the right one until the time is over',
    ),
  notConnected: z
    .enum(['clear', 'reverse'])
    .describe('No connection, so nothing was sent: the reversal is cleared, or sent all the same'),
  wrongMac: z
    .enum(['go-on', 'stop'])
    .describe('Wrong MAC in a 0410: sign on and try again in this round, or stop until the next transaction'),
});

const settlement = z.strictObject({
  detailsPerMessage: z.int().min(1).max(8),
  rounds: z.int().min(1).max(9).describe('Rounds of batch upload for items without an answer'),
  acceptedCodes: z.array(code).min(1).describe('Values of 39 that accept a batch item'),
});

const acquirer = z.strictObject({
  id,
  name,
  routes: z
    .array(z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'host:port'))
    .max(8)
    .describe('Addresses in order of use; the command line wins'),
  tls: z.boolean(),
  tpdu: z.string().regex(/^60\d{8}$/, '60 and two addresses of 4 digits'),
  header: z
    .string()
    .regex(/^[0-9A-Fa-f]{12}$/, '12 hex digits')
    .describe('6 bytes; the last three are opaque'),
  currency: digits(3),
  dialectOptions: z.record(z.string(), z.string()).describe('Choices among the options of the dialect'),
  answerTimeoutSeconds: z.int().min(5).max(300),
  connectTimeoutSeconds: z.int().min(1).max(120),
  keyMode: z
    .enum(KEY_MODES)
    .describe('60.3 of the sign-on: 001 DES, 003 3DES, 004 3DES and track key, 005 SM4, 006 SM4 and track key'),
  masterKeyIndex: z.int().min(0).max(99).describe("Slot of the terminal's master key"),
  macAlgorithm: z.enum(['unionpay-ecb', 'x9.9', 'x9.19']),
  signOnOperatorForm: z.enum(['001', '01 ']).describe('Form of the operator number in 63'),
  partialApproval: z.boolean().describe('60.6 says that a partial approval (39 = 10) is understood'),
  cardOrganisation63: z
    .string()
    .regex(/^[A-Z0-9]{3}$/)
    .describe('63 of a refund'),
  fallbackMode: digits(2).describe('First two digits of 22 for a chip card that had to be swiped'),
  reversal,
  settlement,
  chipTags: z
    .strictObject({
      request: z.array(z.string()),
      reversal: z.array(z.string()),
      certificate: z.array(z.string()),
      script: z.array(z.string()),
    })
    .describe('EMV tags of data element 55, in order'),
  scanPayment: scanPayment.optional(),
  slipTitle: name,
  appealPhone: z.string(),
});

export const KEY_NAMES = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '00',
    'ENTER',
    'CANCEL',
    'CLEAR',
    'FN',
    'MENU',
    'UP',
    'DOWN',
    'ALPHA',
  ],
  ...['F1', 'F2', 'F3', 'F4'],
] as const;

const firmware = z.string().regex(/^\d{1,9}(\.\d{1,9}){0,7}$/, 'numbers and dots, as in 1.10');

const terminal = z.strictObject({
  id,
  name,
  rows: z.int().min(1).max(16),
  columns: z.int().min(8).max(80),
  charset: z.enum(['GBK', 'ASCII']),
  baud: z.literal([1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]),
  printColumns: z.literal([0, 32, 48]).describe('0 = no printer'),
  keys: z.array(z.enum(KEY_NAMES)).describe('Keys that the device has, by the names on the line'),
  keymap: z
    .partialRecord(z.enum(KEY_NAMES), z.enum(KEY_NAMES))
    .describe('Key of the device → key of the flows that it stands for; a key that is not named stands for itself'),
  models: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(20).describe('Model as the device tells it'),
        firmwareMin: firmware.optional().describe('Oldest firmware; absent: any'),
        firmwareMax: firmware.optional().describe('Newest firmware; absent: any'),
      }),
    )
    .max(32)
    .describe('Devices that the image may be flashed into; empty: any'),
  readCapability: z.literal(['0', '2', '5', '6']).describe('60.4: 2 stripe, 5 and contact chip, 6 and contactless'),
});

const merchant = z.strictObject({
  name,
  merchantNo: z
    .string()
    .regex(/^[0-9A-Za-z ]{15}$/, '15 characters')
    .describe('Data element 42'),
  terminalNo: z
    .string()
    .regex(/^[0-9A-Za-z]{8}$/, '8 characters')
    .describe('Data element 41'),
  servicePhone: z.string().max(20),
});

const clockTime = z.string().regex(/^([01]\d|2[0-3])[0-5]\d$/, 'HHMM, 0000 to 2359');
const lookBackHours = z
  .int()
  .min(1)
  .max(24 * 366);
const percent = z.int().min(1).max(9998);

const arrival = z
  .strictObject({
    usualMin: z.int().min(0).max(999),
    usualMax: z.int().min(0).max(999),
    latest: z.int().min(0).max(999).describe('Later than this is overdue'),
    unit: z.enum(['minutes', 'days']).describe('days: working days'),
  })
  .describe('When refunded money is there');

const channel = z.strictObject({
  refundWindowDays: z.int().min(1).max(366).describe('Days after the day of the sale'),
  partials: z.boolean().describe('A part of a sale may be refunded'),
  refundsMax: z.int().min(0).max(999).describe('Refunds of one sale; 0 = any number'),
  spacingSeconds: z.int().min(0).max(86_400).describe('Between two refunds of one sale'),
  arrival: z
    .strictObject({
      debit: arrival,
      credit: arrival.optional(),
      foreign: arrival.optional(),
      balance: arrival.optional(),
    })
    .describe('By kind of card; debit stands in for a kind that is not there'),
});

const riskRule = <K extends string, S extends z.ZodRawShape>(kinds: readonly [K, ...K[]], numbers: S) =>
  z.strictObject({
    id,
    kind: z.enum(kinds),
    ...numbers,
    action: z.enum(RULE_ACTIONS).describe('hold of a void asks for a second person instead'),
    holdSeconds: z.int().min(1).max(86_400).optional().describe('With hold; refundHoldSeconds when absent'),
  });
const risk = z.discriminatedUnion('kind', [
  riskRule(['cardCount', 'operatorCount', 'shopCount', 'repeatedAmount'], {
    hours: lookBackHours,
    max: z.int().min(0).max(9999).describe('This one counts too'),
  }),
  riskRule(['refundShare', 'farAboveAverage'], {
    hours: lookBackHours,
    percent,
    atLeast: z.int().min(1).max(9999).describe('Only from so many refunds on'),
  }),
  riskRule(['lateVoid'], { hours: z.int().min(1).max(24) }),
  riskRule(['afterHours'], { from: clockTime.describe('Opening'), to: clockTime.describe('Closing') }),
  riskRule(['neverPaid', 'reprintBefore'], {}),
]);

const policy = z.strictObject({
  language: z.enum(LANGUAGES),
  saleMaxMinor: amountMinor,
  refundMaxMinor: amountMinor,
  refundUnlinked: z
    .enum(['allow', 'approve', 'refuse'])
    .describe('A refund whose sale is not in this journal: nothing more, a second person, or no'),
  refundDayMaxMinor: amountMinor.describe('All refunds of a day; 0 = off'),
  refundCardDayMaxMinor: amountMinor.describe('Refunds of a day to one card; 0 = off'),
  refundOperatorDayMaxMinor: amountMinor.describe('Refunds of a day by one operator; 0 = off'),
  refundDualLimitMinor: amountMinor.describe('Above it a second person approves; 0 = never'),
  refundBlindEntry: z.boolean().describe('The second person types amount and last four digits unseen'),
  refundHoldSeconds: z.int().min(0).max(3600).describe('How long a refund waits and can be stopped; 0 = sent at once'),
  refundSameAmountHours: z.int().min(0).max(720).describe('The same amount again asks once more; 0 = off'),
  voidAdvice: z.boolean().describe('Offer a void where it does the same as the refund'),
  refundsFromTakings: z
    .boolean()
    .describe('Refunds are paid out of the takings of the batch: say when these do not do'),
  cutOff: clockTime.describe("End of the acquirer's day"),
  caseDueHours: z.int().min(1).max(720).describe('When a case must be closed'),
  caseOnFailedRefund: z.boolean().describe('A refund that the acquirer or the channel refused opens a case by itself'),
  channels: z.strictObject({ card: channel, wechat: channel, alipay: channel, unionpayQr: channel }),
  risk: z.array(risk).max(50).describe('Rules against abuse; each has its own id'),
  twoPerson: z.boolean().describe('Who asks may not approve'),
  voidNeedsManager: z.boolean(),
  voidNeedsCard: z.boolean(),
  voidNeedsPin: z.boolean(),
  voidNeedsReason: z.boolean(),
  refundNeedsManager: z.boolean(),
  refundNeedsCard: z.boolean(),
  refundNeedsPin: z.boolean(),
  refundNeedsReason: z.boolean(),
  reprintNeedsManager: z.boolean(),
  autoSignOff: z.boolean(),
  fallbackAllowed: z.boolean().describe('A chip card may be swiped after its chip failed'),
  confirmCardAfterSwipe: z.boolean(),
  defaultTransaction: z.enum(['sale', 'none']).describe('What a card at idle starts'),
  maxTransactions: z.int().min(1).max(999).describe('Of one batch: a count of its totals (48) has three digits'),
  maxOperators: z.int().min(1).max(98),
  passwordTries: z.int().min(1).max(9),
  passwordBlockSeconds: z.int().min(1).max(86_400),
  pinTries: z.int().min(1).max(5).describe('Sends of one sale after 55, the first included'),
  cardTries: z.int().min(1).max(9),
  operationTimeoutSeconds: seconds,
  cardTimeoutSeconds: seconds,
  cardConfirmSeconds: seconds,
  pinTimeoutSeconds: seconds,
  autoLockMinutes: z.int().min(0).max(1440).describe('0 = never'),
  qpsLimitMinor: amountMinor.describe('Up to it neither PIN nor signature; 0 = off'),
  slipCopies: z.int().min(1).max(2),
  negativeAmountOnSlip: z.boolean(),
  printFaultSlip: z.boolean(),
  slipCode: z.boolean().describe('Signed QR code on the slips of sales; false for a printer without QR codes'),
  journalDays: z.int().min(1).max(3660),
  refundNeedsTraining: z.boolean().describe('Only who has passed a training may refund'),
});

export const profileSchema = z.strictObject({
  id,
  name,
  version: z.int().min(1).describe('Grows with each change that is flashed'),
  dialect: z.record(z.string(), z.unknown()).describe('ISO 8583 dialect; checked by the field plan compiler'),
  transactions: z.record(z.string(), transaction),
  responses: z.record(code, response),
  institutions: z.record(digits(4), name).describe('First four digits of the codes in data element 44'),
  texts,
  acquirer,
  terminal,
  merchant,
  policy,
  training: training.optional(),
  emv: emv.optional(),
  media: media.optional(),
});

type Parsed = z.infer<typeof profileSchema>;

/** What a screen, a slip and the responses need. */
export type Texts = Parsed['texts'];
export type ScreenText = z.infer<typeof screen>;
export type PromptText = z.infer<typeof prompt>;
export type Transaction = z.infer<typeof transaction>;
export type ResponseText = z.infer<typeof response>;
export type Responses = Readonly<Record<string, ResponseText>>;
export type ScanPayment = z.infer<typeof scanPayment>;
export type Acquirer = Parsed['acquirer'] & { readonly dialectOptions: DialectOptions };
export type TerminalModel = Parsed['terminal'];
export type Merchant = Parsed['merchant'];
export type Policy = Parsed['policy'];
export type Training = NonNullable<Parsed['training']>;
export type Institutions = Parsed['institutions'];

/** A complete, checked profile. Amounts in minor units, times as the member's name says. */
export type Profile = Omit<Parsed, 'dialect'> & { readonly dialect: DialectSource };
