import { assert } from '../assert.ts';
import { AMOUNT_MINOR_MAX } from '../units.ts';
import { EQUIPMENT_SHAPES } from './equipment.ts';
import {
  blob,
  digitsText,
  findPan,
  flag,
  form,
  groupedForm,
  type GuardContext,
  hex,
  int,
  list,
  members,
  oneOf,
  ownText,
  type Shape,
  tags,
  time,
  worldText,
} from './guard.ts';

/** What each kind of record may hold: the allow-list of the journal. A member that is not named here cannot be written. */

/** Tags of field 55 that a reversal repeats (UnionPay POS). */
export const REVERSAL_TAGS: ReadonlySet<string> = new Set(['95', '9F1E', '9F10', '9F36', 'DF31']);
/**
 * Tags that a slip shows or that a TC upload repeats. No PAN (5A), no track (56, 57, 9F6B), no names or expiry from the
 * chip (5F20, 5F24), no PIN data (99).
 */
export const SLIP_TAGS: ReadonlySet<string> = new Set(
  (
    '9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 9F03 5F2A 82 9F1A 9F33 9F34 9F35 9F1E 84 9F09 9F41 9F63 ' +
    '4F 9F06 50 9F12 9B 5F34 8A DF31'
  ).split(' '),
);

/** Most lines of a slip. */
export const SLIP_LINES_MAX = 400;
/** Most transactions that one upload round may have to repeat. */
export const UPLOAD_MISSING_MAX = 10_000;
/** Highest batch number; the next one is 1. */
export const BATCH_NUMBER_MAX = 999_999;
const ID_MAX = 999_999_999_999;

const amount = int(AMOUNT_MINOR_MAX);
const id = int(ID_MAX);
/** Batch and trace numbers have six digits. */
const trace = int(BATCH_NUMBER_MAX);
const operator = digitsText(2);
const code = form(/^[0-9A-Z]{2}$/);
/** Reference numbers and the like: printable, at most 12 characters, so no card number. */
const reference = form(/^[ -~]{1,12}$/);
/** Order number of a scanned payment: some have as many digits as a card number. */
const order = groupedForm(/^[0-9A-Za-z]{1,32}$/);
const mmdd = digitsText(4);
/** 41 and 42; a merchant number of 15 digits is public and may pass Luhn by chance. */
const tid = form(/^[ -~]{8}$/);
const mid = form(/^[ -~]{15}$/);
const word = form(/^[a-z][A-Za-z0-9-]{0,39}$/);
const reason = oneOf('98', '06', 'A0', '96');
const note = worldText(400);

/** Data elements by number. 60 and 61 are also compared with the batch and the original, see `checkFields`. */
const fields = members({
  '3?': digitsText(6),
  '4?': digitsText(12),
  '11?': digitsText(6),
  '14?': digitsText(4),
  '22?': digitsText(3),
  '23?': digitsText(3),
  '25?': digitsText(2),
  '37?': reference,
  '38?': form(/^[ -~]{1,6}$/),
  '41?': tid,
  '42?': mid,
  '49?': digitsText(3),
  '59?': groupedForm(/^A3[0-9]{3}[0-9A-Za-z]{1,40}$/),
  '60?': groupedForm(/^[0-9]{11,17}$/),
  '61?': groupedForm(/^[0-9]{12}(?:[0-9]{4})?$/),
  '63?': form(/^[0-9A-Z]{3}$/),
});

const masked = form(/^[0-9]{6}\*{3,9}[0-9]{4}$/);
const token = form(/^[0-9a-f]{8}(?:-[0-9a-f]{8}){3}$/);
const card = members({
  masked,
  token,
  sealedPan: blob(64),
  'expiry?': digitsText(4),
  'sequence?': digitsText(3),
  entry: oneOf('swipe', 'chip', 'tap', 'manual', 'none'),
  fallback: flag,
});

const original = members({
  'txnId?': id,
  'batch?': trace,
  'trace?': trace,
  'dateMmdd?': mmdd,
  'reference?': reference,
  'order?': order,
  'amountMinor?': amount,
});

const answer = {
  'code?': code,
  'reference?': reference,
  'order?': order,
  'authCode?': form(/^[ -~]{1,6}$/),
  'hostDate?': mmdd,
  'hostTime?': digitsText(6),
  'settleDate?': mmdd,
  'issuer?': worldText(40),
  'acquirer?': worldText(40),
  'organisation?': form(/^[0-9A-Z]{3}$/),
  'centreText?': worldText(200),
  'amountMinor?': amount,
  'emv?': tags(SLIP_TAGS),
  'reason?': reason,
  'why?': worldText(200),
};

const sum = members({ count: int(999_999), amountMinor: amount });
const sides = members({ debit: sum, credit: sum });
const key = members({ wrapped: hex(32), kcv: hex(8) });
const secret = { salt: blob(16), hash: blob(32) };

const finding = form(/^[A-Za-z][A-Za-z0-9_-]{0,39}$/);
const findings = list(finding, 20);
const channel = oneOf('card', 'wechat', 'alipay', 'unionpayQr');
const txnKind = oneOf('sale', 'void', 'refund', 'qrSale', 'qrVoid', 'qrRefund');
/** Number of a bank transfer, receipt or case. */
const proof = worldText(40);

/** Members that any event may have. */
const EVENT = members({
  'operator?': operator,
  'by?': operator,
  'txnId?': id,
  'count?': int(999_999_999),
  'code?': form(/^[0-9A-Za-z_-]{1,40}$/),
  'profile?': ownText(80),
  'version?': ownText(40),
  'serialNumber?': ownText(40),
  'slot?': ownText(20),
  'digest?': hex(64),
  'from?': ownText(120),
  'to?': ownText(120),
  'screen?': ownText(120),
  'note?': note,
});

/** Kinds of `appendEvent`; what they do to the settings is said in `fold.ts`. */
export const EVENT_KINDS = [
  'operator-on',
  'operator-off',
  'locked',
  'unlocked',
  'refunds-frozen',
  'refunds-freed',
  'training-began',
  'training-ended',
  'approval',
  'profile-changed',
  'case',
  'cash-drawer',
  'paper',
  'boot',
  'shutdown',
  'notices-on',
  'key-pattern',
  'note',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

const SHAPES: Readonly<Record<string, Shape>> = {
  ...EQUIPMENT_SHAPES,
  intent: members({
    kind: txnKind,
    amountMinor: amount,
    period: id,
    batch: trace,
    trace,
    operator,
    'approver?': operator,
    'second?': operator,
    'heldId?': id,
    'findings?': findings,
    'channel?': channel,
    'card?': card,
    entryMode: digitsText(3),
    'original?': original,
    'reason?': worldText(80),
    tid,
    mid,
    fields,
    'emv?': tags(REVERSAL_TAGS),
  }),
  outcome: members({ id, result: oneOf('approved', 'declined', 'failed', 'unknown'), ...answer }),
  trace: members({ trace }),
  'reversal-try': members({ id, tries: int(999) }),
  'reversal-result': members({
    id,
    'code?': code,
    'noAnswer?': flag,
    'badMac?': flag,
    state: oneOf('owed', 'held', 'done'),
    reason,
  }),
  'reversal-held': members({ id }),
  'reversal-again': members({ id, by: operator, 'released?': operator }),
  'reversal-resolved': members({
    id,
    by: operator,
    result: oneOf('reversed', 'approved'),
    'reference?': reference,
    'authCode?': form(/^[ -~]{1,6}$/),
    'amountMinor?': amount,
    note,
  }),
  'terminal-released': members({ by: operator }),
  'refund-resolved': members({
    id,
    by: operator,
    decision: oneOf('accepted', 'resend', 'given-up'),
    'reference?': reference,
    'operator?': operator,
    note,
  }),
  'refund-held': members({
    kind: oneOf('refund', 'qrRefund'),
    'channel?': channel,
    amountMinor: amount,
    untilMs: time,
    operator,
    'approver?': operator,
    'second?': operator,
    'card?': members({ masked, token }),
    original,
    'reason?': worldText(80),
    'findings?': findings,
  }),
  'refund-stopped': members({ id, by: operator, 'operator?': operator, 'note?': note }),
  'refund-external': members({
    original,
    amountMinor: amount,
    method: oneOf('bank', 'cash', 'wallet', 'other'),
    proof,
    operator,
    by: operator,
    note,
  }),
  'refund-life': members({
    id,
    state: oneOf('processing', 'cleared', 'arrived', 'abnormal', 'redirected', 'closed', 'manual'),
    source: oneOf('file', 'supervisor', 'channel', 'customer'),
    'by?': operator,
    'reference?': reference,
    'note?': note,
  }),
  'case-opened': members({
    about: id,
    type: oneOf('amount', 'card', 'twice', 'notOurs', 'fraud', 'failed', 'other'),
    class: oneOf('system', 'operator', 'customer', 'channel', 'compatibility', 'fraud'),
    owner: oneOf('technician', 'supervisor', 'finance', 'manager'),
    dueMs: time,
    operator,
    'by?': operator,
    'note?': note,
  }),
  'case-noted': members({
    caseId: id,
    what: oneOf('remedy', 'contact', 'compensation', 'note'),
    'method?': word,
    'amountMinor?': amount,
    'proof?': proof,
    by: operator,
    note,
  }),
  'case-closed': members({ caseId: id, by: operator, note }),
  policy: members({ profile: ownText(80), version: int(999_999_999), text: ownText(20_000) }),
  notice: members({
    about: id,
    because: id,
    event: oneOf('accepted', 'delayed', 'failed', 'wrong', 'corrected', 'arrived', 'stopped', 'frozen'),
    adapter: oneOf('print', 'file', 'webhook'),
    lang: oneOf('zh', 'en'),
    lines: list(worldText(200), SLIP_LINES_MAX),
  }),
  'notice-tried': members({ id, delivered: flag, 'why?': worldText(200) }),
  refused: members({
    act: txnKind,
    operator,
    prompt: form(/^[A-Z][0-9]{2}(?:\.[A-Za-z0-9]{1,12})?$/),
    'rule?': finding,
    'value?': amount,
    'limit?': amount,
    'amountMinor?': amount,
    'originalId?': id,
  }),
  'signed-on': members({
    mode: oneOf('001', '003', '004'),
    batch: trace,
    period: id,
    keys: members({ pin: key, mac: key, 'track?': key }),
    'acquirerId?': digitsText(1, 11),
    'hostTime?': digitsText(10),
    'tid?': tid,
    'mid?': mid,
  }),
  'signed-off': members({ 'why?': worldText(80) }),
  'operator-added': members({ no: operator, ...secret, by: operator }),
  'operator-removed': members({ no: operator, by: operator }),
  'operator-password': members({ no: operator, ...secret, mustChange: flag, by: operator }),
  'operator-failures': members({ no: operator, failures: int(99), blockMs: int(86_400_000) }),
  'settlement-requested': members({ period: id, batch: trace, totals: members({ cup: sides, foreign: sides }) }),
  'settlement-answered': members({
    id,
    flags: members({ cup: oneOf(1, 2, 3), foreign: oneOf(1, 2, 3) }),
  }),
  'settlement-cursor': members({
    id,
    cursor: members({
      step: word,
      index: int(999_999),
      round: int(999),
      sent: int(999_999),
      'missing?': list(id, UPLOAD_MISSING_MAX),
    }),
  }),
  'settlement-ended': members({ id, items: int(999_999) }),
  'settlement-cancelled': members({ id, why: worldText(200) }),
  'batch-closed': members({ id, period: id, newBatch: trace }),
  slip: members({
    'txnId?': id,
    kind: word,
    copy: oneOf('merchant', 'cardholder', 'bank'),
    columns: int(99),
    lines: list(worldText(200), SLIP_LINES_MAX),
    'code?': groupedForm(/^[0-9A-Z]{1,256}$/),
  }),
  reprint: members({ slipId: id, 'by?': operator }),
  entry: members({ request: hex(16), what: word, content: hex(32), way: oneOf('journal', 'counter') }),
  training: members({ operator, by: operator, score: int(999), of: int(999), passed: flag }),
};

const EVENTS: ReadonlySet<string> = new Set(EVENT_KINDS);

/**
 * Checks a body against the allow-list and gives its canonical JSON. A refusal is a bug and stops the process; its text
 * names the member and never its value.
 */
export function writeBody(kind: string, body: unknown, context: GuardContext): string {
  const shape = SHAPES[kind] ?? (EVENTS.has(kind) ? EVENT : undefined);
  assert(shape, `journal: no record of this kind is known`);
  const text = shape(body, kind, context);
  assert(!context.pan || !findPan(text, context.pan), `journal: ${kind} would hold the card number of its transaction`);
  return text;
}
