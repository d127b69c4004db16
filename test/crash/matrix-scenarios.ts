import type { Mood } from '../simulation/network.ts';
import type { Intent, IntentKind, PersonFault, ShopOptions } from '../simulation/plan.ts';
import type { MatrixDisk } from './matrix-disk.ts';

/** A fault of the line to the acquirer at a connection, once so many requests have gone out since the scenario began. */
export interface Line {
  readonly fault: 'refused' | 'unreachable' | 'silent';
  readonly after?: number;
}

/** What goes wrong besides the crash. */
export interface Trouble {
  /** `on`: message type, 60.1 and 60.3 with slashes between; the first `times` (1) requests that match. */
  readonly moods?: readonly (Omit<Mood, 'kind'> & { readonly on: RegExp; readonly times?: number })[];
  readonly lines?: readonly (Line & { readonly times?: number })[];
  /** What a person does wrong at a step of the flows. */
  readonly person?: readonly { readonly at: RegExp; readonly does: PersonFault; readonly times?: number }[];
}

/** What people want, and what goes wrong besides the crash. */
export interface Scenario extends Trouble {
  readonly name: string;
  /** What happened before, and is not cut: a name of {@link PREPARATIONS}. */
  readonly before: string;
  readonly shop?: Partial<ShopOptions>;
  readonly intents: readonly Intent[];
  /** Sales, voids and refunds that come of it without a crash, when they are fewer than what people want. */
  readonly makes?: number;
  /** Points are counted from the start of the program, not from the first thing that people want. */
  readonly fromBoot?: boolean;
}

/** What a shop has behind it when a scenario begins. */
export interface Preparation extends Trouble {
  readonly intents: readonly Intent[];
  /** Changes the acquirer's books when the preparation is over. */
  readonly afterwards?: (books: MatrixDisk) => void;
}

export const OPTIONS: ShopOptions = {
  lang: 'en',
  profile: 'unionpay-pos',
  routes: 1,
  keyMode: '003',
  answerTimeoutSeconds: 2,
  reversalTries: 3,
  blockWhenHeld: true,
  panAfterSwipe: false,
  slipCopies: 1,
  voidNeedsManager: false,
  voidNeedsReason: false,
  voidNeedsCard: true,
  refundNeedsManager: false,
  refundNeedsReason: false,
  confirmCardAfterSwipe: false,
  autoSignOff: false,
  thinkMs: 20,
  restartMs: 300,
};

const intent = (kind: IntentKind, more: Partial<Intent> = {}): Intent => ({
  kind, amountMinor: 10_000, card: 'swipe', way: 'swipe', pin: '', pay: 'card', choice: 0, find: 'last', part: 'some', fromIdle: false, ...more,
}); // prettier-ignore

export const SETTLE = intent('settle');
export const SUPERVISOR = intent('supervisor');
export const SALE = intent('sale', { amountMinor: 700 });

const PIN = { pin: '123456' };
const BY_CHIP = { card: 'chip', way: 'insert', ...PIN } as const;
const BY_TAP = { card: 'tap', way: 'tap', ...PIN } as const;
const sale = (more: Partial<Intent> = {}): Intent => intent('sale', more);
const refund = (more: Partial<Intent> = {}): Intent => intent('refund', { find: 'voucher', part: 'all', ...more });
/** A refund that waits; the remainder by five of `choice`: it is sent now, stopped, left alone, or watched until it goes. */
const held = (choice: number): Intent => refund({ part: 'some', choice });
const signOn = intent('signOn');

const REFUND_LOST = [{ on: /^0220/, extra: 'lost' as const }];
/** Nobody tries the settlement again: it stays as it is. */
const GIVES_UP = [{ at: /^settleAgain$/, does: 'cancel' as const, times: 9 }];
const REFUND_SILENT = [{ on: /^0220/, effect: { silent: true } }];

export const PREPARATIONS: Readonly<Record<string, Preparation>> = {
  'a new shop': { intents: [signOn] },
  'a stripe sale': { intents: [sale()] },
  'a scan sale': { intents: [sale({ pay: 'alipay' })] },
  'a scan void that was booked without an answer': { intents: [sale({ pay: 'wechat' }), intent('void', { pay: 'wechat' })], moods: [{ on: /^0200\/23/, effect: { silent: true } }, { on: /^0200\/61/, effect: { silent: true } }] },
  'a scan refund that was lost': { intents: [sale({ pay: 'wechat' }), refund({ pay: 'wechat' })], moods: REFUND_LOST },
  'a refund that waits': { intents: [sale(), held(52)] },
  'a chip sale': { intents: [sale(BY_CHIP)] },
  'a contactless sale': { intents: [sale(BY_TAP)] },
  'a foreign sale': { intents: [sale({ card: 'foreign' })] },
  'a part of a sale': { intents: [sale()], moods: [{ on: /^0200/, effect: { code: '10' } }] },
  'a refunded sale': { intents: [sale(), refund({ part: 'some', choice: 2 ** 31 })] },
  'a sale of yesterday': { intents: [sale(), SETTLE, signOn] },
  'a refund that was booked without an answer': { intents: [sale(), refund()], moods: REFUND_SILENT },
  'a refund that was lost': { intents: [sale(), refund()], moods: REFUND_LOST },
  'a reversal that is owed': {
    intents: [sale(), sale({ amountMinor: 2_000 })],
    moods: [{ on: /^0200/, times: 2, effect: { silent: true } }],
    lines: [{ fault: 'refused', after: 2, times: 99 }],
  },
  'a reversal that is held': {
    intents: [sale({ amountMinor: 2_000 })],
    moods: [
      { on: /^0200/, effect: { silent: true } },
      { on: /^0400/, times: 3, effect: { silent: true, bookNot: true } },
    ],
  },
  'a settlement without an answer': {
    intents: [sale(), sale(BY_CHIP), SETTLE],
    moods: [{ on: /^0500/, times: 9, effect: { silent: true } }],
    person: GIVES_UP,
  },
  'a settlement without an end': {
    intents: [sale(), sale(BY_CHIP), SETTLE],
    moods: [{ on: /^0320/, times: 30, effect: { silent: true, bookNot: true } }],
    person: GIVES_UP,
  },
  'a day': {
    intents: [
      sale({ amountMinor: 4_000 }),
      sale({ ...BY_CHIP, amountMinor: 5_000 }),
      sale({ ...BY_TAP, amountMinor: 6_000 }),
      sale({ card: 'foreign', amountMinor: 7_000 }),
      refund({ part: 'some', choice: 0 }),
      sale({ amountMinor: 8_000 }),
      intent('void'),
      sale({ amountMinor: 9_000 }),
    ],
  },
  'a day that does not balance': {
    intents: [sale({ amountMinor: 4_000 }), sale({ ...BY_CHIP, amountMinor: 5_000 }), refund(), sale({ amountMinor: 9_000 })],
    // The acquirer has the money under another kind of card: the totals differ, the transactions do not.
    afterwards: books => books.exec("UPDATE txn SET organisation = 'foreign' WHERE kind = 'sale' AND amountMinor = 9000"),
  },
}; // prettier-ignore

/** How the acquirer and the line to it can treat one message that moves money. */
function outcomes(on: RegExp): Readonly<Record<string, Trouble>> {
  const effect = (does: Mood['effect'], times = 1): Trouble => ({
    moods: [{ on, times, ...(does ? { effect: does } : {}) }],
  });
  const extra = (does: NonNullable<Mood['extra']>, delayMs = 0, more: Mood['effect'] = undefined): Trouble => ({
    moods: [{ on, extra: does, delayMs, ...(more ? { effect: more } : {}) }],
  });
  return {
    approved: {},
    'declined 05': effect({ code: '05' }),
    'not enough money 51': effect({ code: '51' }),
    'sign-on wanted A0': effect({ code: 'A0' }),
    'no result 68': effect({ code: '68' }),
    'system trouble 96': effect({ code: '96' }),
    'sign-on wanted in the header': effect({ requirement: 3 }),
    'booked, no answer': effect({ silent: true }),
    'request lost': extra('lost'),
    'answer late': effect({ delayMs: 3_000 }),
    'answer twice': effect({ twice: true }),
    'MAC wrong': effect({ badMac: true }),
    'amount of the answer wrong': effect({ wrongAmount: true }),
    'trace of the answer wrong': effect({ wrongTrace: true }),
    'closed, not booked': effect({ closeBefore: true }),
    'closed, booked': effect({ closeAfter: true }),
    'cut in the answer': effect({ closeMidAnswer: true }),
    'cut in the request': extra('cut'),
    'an old answer first': extra('stale'),
    'request late, after its reversal': extra('held', 9_000),
    'answer sent to the reversal': extra('swapped'),
    'network down for a while': extra('outage', 6_000, { silent: true }),
    'not connected': { lines: [{ fault: 'refused', times: 2 }] },
    'no way': { lines: [{ fault: 'unreachable', times: 1 }] },
    'connection silent': { lines: [{ fault: 'silent', times: 1 }] },
  };
}

function each(
  name: string,
  what: Pick<Scenario, 'before' | 'intents' | 'shop' | 'fromBoot' | 'makes'>,
  troubles: Readonly<Record<string, Trouble>>,
): Scenario[] {
  return Object.entries(troubles).map(([trouble, does]) => ({ name: `${name}: ${trouble}`, ...what, ...does }));
}

const without = (troubles: Readonly<Record<string, Trouble>>, ...names: readonly string[]): Record<string, Trouble> =>
  Object.fromEntries(Object.entries(troubles).filter(([name]) => !names.includes(name)));

const SALES = outcomes(/^0200\/22/);
const VOIDS = outcomes(/^0200\/23/);
const REFUNDS = without(outcomes(/^0220/), 'answer sent to the reversal');
/** The ways of a card whose every outcome is not worth a run of its own. */
const FEW = (all: Readonly<Record<string, Trouble>>): Record<string, Trouble> =>
  Object.fromEntries(
    ['approved', 'declined 05', 'booked, no answer', 'request lost', 'MAC wrong', 'answer late'].map(name => [
      name,
      all[name],
    ]),
  );

/** How a reversal that is sent can go. */
function reversals(original: RegExp): Readonly<Record<string, Trouble>> {
  const unanswered = { on: original, effect: { silent: true } };
  const on = /^0400/;
  const after = (effect: Mood['effect'], times = 1): Trouble => ({
    moods: [unanswered, { on, times, ...(effect ? { effect } : {}) }],
  });
  return {
    'no answer once': after({ silent: true }),
    'no answer twice': after({ silent: true }, 2),
    'no answer to all tries': after({ silent: true }, 3),
    'not booked at the first try': after({ silent: true, bookNot: true }),
    'refused 96': after({ code: '96' }),
    'refused 30 three times': after({ code: '30' }, 3),
    'sign-on wanted A0': after({ code: 'A0' }),
    'MAC wrong': after({ badMac: true }),
    'answer late': after({ delayMs: 3_000 }),
    'answer twice': after({ twice: true }),
    'trace of the answer wrong': after({ wrongTrace: true }),
    'closed, booked': after({ closeAfter: true }),
    'cut in the answer': after({ closeMidAnswer: true }),
    'not connected': { moods: [unanswered], lines: [{ fault: 'refused', after: 1, times: 2 }] },
    'connection silent': { moods: [unanswered], lines: [{ fault: 'silent', after: 1 }] },
  };
}

function settlements(): Readonly<Record<string, Trouble>> {
  const mood = (on: RegExp, effect: Mood['effect'], times = 1): Trouble => ({
    moods: [{ on, times, ...(effect ? { effect } : {}) }],
  });
  return {
    balanced: {},
    'totals without an answer': mood(/^0500/, { silent: true }),
    'totals answered late': mood(/^0500/, { delayMs: 3_000 }),
    'totals, connection closed': mood(/^0500/, { closeAfter: true }),
    'totals, not connected': { lines: [{ fault: 'refused', times: 2 }] },
    'first item without an answer': mood(/^0320\/../, { silent: true }),
    'upload cut': mood(/^0320/, { closeAfter: true }, 2),
    'an item refused': mood(/^0320\/..\/20[135]/, { code: '30' }),
    'sign-on wanted at an item': mood(/^0320/, { code: 'A0' }),
    'end without an answer': mood(/^0320\/00\/20[27]/, { silent: true }),
    'end not booked': mood(/^0320\/00\/20[27]/, { silent: true, bookNot: true }),
    'end refused': mood(/^0320\/00\/20[27]/, { code: '96' }),
    'the line comes back later': {
      moods: [{ on: /^0500/, effect: { silent: true }, extra: 'outage', delayMs: 1_500 }],
    },
  };
}

/** How a customer with a telephone, and the line while the counter asks after the payment, can behave. */
const CUSTOMERS: Readonly<Record<string, Trouble>> = {
  'confirmed later': { moods: [{ on: /^0200\/22/, effect: { inquiries: 2 } }] },
  'confirmed later, an inquiry lost': {
    moods: [
      { on: /^0200\/22/, effect: { inquiries: 2 } },
      { on: /^0200\/61/, extra: 'lost' },
    ],
  },
  'refused by the customer': { moods: [{ on: /^0200\/22/, effect: { customer: 'refuses', inquiries: 1 } }] },
  'never confirmed': { moods: [{ on: /^0200\/22/, effect: { customer: 'never' } }] },
  'booked, no answer to the inquiry either': {
    moods: [
      { on: /^0200\/22/, effect: { silent: true } },
      { on: /^0200\/61/, effect: { silent: true } },
    ],
  },
  'MAC of the inquiry wrong': {
    moods: [
      { on: /^0200\/22/, effect: { silent: true } },
      { on: /^0200\/61/, effect: { badMac: true } },
    ],
  },
};

function cancelled(steps: readonly string[], does: PersonFault = 'cancel'): Readonly<Record<string, Trouble>> {
  return Object.fromEntries(steps.map(at => [`${does} at ${at}`, { person: [{ at: new RegExp(`^${at}$`), does }] }]));
}

const MANAGED: Partial<ShopOptions> = {
  voidNeedsManager: true, voidNeedsReason: true, refundNeedsManager: true, refundNeedsReason: true, slipCopies: 2, confirmCardAfterSwipe: true,
}; // prettier-ignore
const STRIPE = 'a stripe sale';
const DESK: Partial<ShopOptions> = { profile: 'unionpay-pos-desk' };
const SCANNED = { pay: 'alipay', choice: 1 } as const;
const ONE_TRY: Partial<ShopOptions> = { reversalTries: 1, panAfterSwipe: true, blockWhenHeld: false };

/** Every flow with every outcome. */
export const SCENARIOS: readonly Scenario[] = [
  ...each('sale by stripe with PIN', { before: STRIPE, intents: [sale(PIN)] }, { ...SALES, 'approved in part': { moods: [{ on: /^0200/, effect: { code: '10' } }] }, 'amount booked wrong': { moods: [{ on: /^0200/, effect: { wrongAmount: true }, extra: 'otherAmount' }] } }),
  ...each('sale by chip', { before: STRIPE, intents: [sale(BY_CHIP)] }, SALES),
  ...each('contactless sale', { before: STRIPE, intents: [sale(BY_TAP)] }, without(SALES, 'no way', 'cut in the request')),
  ...each('sale by stripe without PIN', { before: STRIPE, intents: [sale()] }, FEW(SALES)),
  ...each('sale begun by a swipe', { before: STRIPE, intents: [sale({ fromIdle: true })], shop: { lang: 'zh' } }, FEW(SALES)),
  ...each('sale by chip with signature', { before: STRIPE, intents: [sale({ card: 'signature', way: 'insert' })] }, FEW(SALES)),
  ...each('sale by a stripe instead of a broken chip', { before: STRIPE, intents: [sale({ card: 'bad-chip', way: 'insert' })] }, FEW(SALES)),
  ...each('sale with a foreign card', { before: STRIPE, intents: [sale({ card: 'foreign' })] }, FEW(SALES)),
  ...each('sale that the chip refuses', { before: STRIPE, intents: [sale({ ...BY_CHIP, card: 'refuses' })] }, { 'after the approval': {}, 'reversal without an answer': { moods: [{ on: /^0400/, effect: { silent: true } }] } }),
  ...each('sale with an encrypted track', { before: STRIPE, intents: [sale(PIN)], shop: { keyMode: '004' } }, FEW(SALES)),
  ...each('sale under single keys', { before: STRIPE, intents: [sale(PIN)], shop: { keyMode: '001', lang: 'zh' } }, FEW(SALES)),
  ...each('sale given back in part', { before: STRIPE, intents: [sale({ choice: 1 })] }, { 'by a void': { moods: [{ on: /^0200\/22/, effect: { code: '10' } }] }, 'by a void without an answer': { moods: [{ on: /^0200\/22/, effect: { code: '10' } }, { on: /^0200\/23/, effect: { silent: true } }] } }),
  ...each('scan sale', { before: STRIPE, intents: [sale(SCANNED)] }, { ...SALES, ...CUSTOMERS }),
  ...each('scan sale stopped', { before: STRIPE, intents: [sale({ ...SCANNED, choice: 6 })] }, { 'by CANCEL': { moods: [{ on: /^0200\/22/, effect: { inquiries: 3 } }] } }),
  ...each('void of a scan sale', { before: 'a scan sale', intents: [intent('void', SCANNED)] }, VOIDS),
  ...each('refund of a scan sale', { before: 'a scan sale', intents: [refund(SCANNED)] }, REFUNDS),
  ...each('unknown scan void that the acquirer has', { before: 'a scan void that was booked without an answer', intents: [SUPERVISOR] }, { recorded: {} }),
  ...each('unknown scan refund that the acquirer has not', { before: 'a scan refund that was lost', intents: [SUPERVISOR] }, FEW(REFUNDS)),
  ...each('refund that waits and is sent', { before: STRIPE, intents: [held(50)], shop: DESK }, FEW(REFUNDS)),
  ...each('refund that waits and goes out by itself', { before: STRIPE, intents: [held(53)], shop: DESK }, FEW(REFUNDS)),
  ...each('refund that waits and is stopped', { before: STRIPE, intents: [held(51)], shop: DESK, makes: 0 }, { 'by the supervisor': {} }),
  ...each('waiting refund at the start', { before: 'a refund that waits', intents: [SUPERVISOR], shop: DESK, fromBoot: true }, FEW(REFUNDS)),
  ...each('first sale of a shop', { before: 'a new shop', intents: [sale()] }, FEW(SALES)),
  ...each('void of a stripe sale', { before: STRIPE, intents: [intent('void')] }, VOIDS),
  ...each('void of a chip sale', { before: 'a chip sale', intents: [intent('void')] }, FEW(VOIDS)),
  ...each('void of a contactless sale', { before: 'a contactless sale', intents: [intent('void')] }, FEW(VOIDS)),
  ...each('void of a part of a sale', { before: 'a part of a sale', intents: [intent('void')] }, FEW(VOIDS)),
  ...each('void with a manager and a reason', { before: STRIPE, intents: [intent('void', { find: 'voucher' })], shop: MANAGED }, FEW(VOIDS)),
  ...each('void without a card', { before: STRIPE, intents: [intent('void')], shop: { voidNeedsCard: false } }, FEW(VOIDS)),
  ...each('refund by voucher', { before: STRIPE, intents: [refund()] }, REFUNDS),
  ...each('refund by reference', { before: STRIPE, intents: [refund({ find: 'reference' })] }, FEW(REFUNDS)),
  ...each('refund of a chip sale', { before: 'a chip sale', intents: [refund()] }, FEW(REFUNDS)),
  ...each('refund of a foreign sale', { before: 'a foreign sale', intents: [refund()] }, FEW(REFUNDS)),
  ...each('second refund of a sale', { before: 'a refunded sale', intents: [refund()] }, FEW(REFUNDS)),
  ...each('refund of a sale of yesterday', { before: 'a sale of yesterday', intents: [refund()] }, FEW(REFUNDS)),
  ...each('refund with a manager and a reason', { before: STRIPE, intents: [refund({ part: 'some', choice: 2 ** 31 })], shop: MANAGED }, FEW(REFUNDS)),
  ...each('unknown refund that the acquirer has', { before: 'a refund that was booked without an answer', intents: [SUPERVISOR] }, { recorded: {} }),
  ...each('unknown refund that the acquirer has not', { before: 'a refund that was lost', intents: [SUPERVISOR] }, FEW(REFUNDS)),
  ...each('reversal of a sale', { before: STRIPE, intents: [sale()] }, reversals(/^0200\/22/)),
  ...each('reversal of a chip sale', { before: STRIPE, intents: [sale(BY_CHIP)] }, reversals(/^0200\/22/)),
  ...each('reversal of a void', { before: STRIPE, intents: [intent('void')] }, reversals(/^0200\/23/)),
  ...each('reversal with one try', { before: STRIPE, intents: [sale()], shop: ONE_TRY }, reversals(/^0200\/22/)),
  ...each('owed reversal at the start', { before: 'a reversal that is owed', intents: [sale()], fromBoot: true }, { sent: {}, 'no answer': { moods: [{ on: /^0400/, effect: { silent: true } }] }, 'not connected': { lines: [{ fault: 'refused', times: 2 }] } }),
  ...each('held reversal at the start', { before: 'a reversal that is held', intents: [sale()], fromBoot: true }, { sent: {}, 'no answer': { moods: [{ on: /^0400/, times: 3, effect: { silent: true } }] }, 'not connected': { lines: [{ fault: 'refused', times: 2 }] } }),
  ...each('held reversal released', { before: 'a reversal that is held', intents: [SUPERVISOR, sale()] }, { 'by the supervisor': { moods: [{ on: /^0400/, times: 6, effect: { silent: true, bookNot: true } }] } }),
  ...each('sign-on', { before: STRIPE, intents: [signOn] }, { accepted: {}, 'no answer': { moods: [{ on: /^0800/, effect: { silent: true } }] }, 'answer late': { moods: [{ on: /^0800/, effect: { delayMs: 3_000 } }] }, 'refused 05': { moods: [{ on: /^0800/, effect: { code: '05' } }] }, 'connection closed': { moods: [{ on: /^0800/, effect: { closeAfter: true } }] }, 'not connected': { lines: [{ fault: 'refused' }] } }),
  ...each('settlement of one sale', { before: STRIPE, intents: [SETTLE] }, without(settlements(), 'an item refused')),
  ...each('settlement of a day', { before: 'a day', intents: [SETTLE] }, settlements()),
  ...each('settlement that does not balance', { before: 'a day that does not balance', intents: [SETTLE] }, settlements()),
  ...each('settlement of nothing', { before: 'a new shop', intents: [SETTLE] }, { refused: {} }),
  ...each('settlement with an owed reversal', { before: 'a reversal that is owed', intents: [SETTLE], fromBoot: true }, { sent: {}, 'no answer': { moods: [{ on: /^0400/, times: 3, effect: { silent: true } }] } }),
  ...each('settlement with an unknown refund', { before: 'a refund that was lost', intents: [SETTLE] }, { balanced: {} }),
  ...each('settlement with sign-off', { before: 'a day', intents: [SETTLE, sale()], shop: { autoSignOff: true } }, { 'and the next day': {} }),
  ...each('settlement that was cut', { before: 'a settlement without an answer', intents: [sale()], fromBoot: true }, { 'goes on': {}, 'no answer again': { moods: [{ on: /^0500/, effect: { silent: true } }] } }),
  ...each('settlement that had no end', { before: 'a settlement without an end', intents: [sale()], fromBoot: true }, { 'goes on': {}, 'no answer again': { moods: [{ on: /^0320/, effect: { silent: true } }] } }),
  ...each('sale', { before: STRIPE, intents: [sale(PIN)], shop: { confirmCardAfterSwipe: true } }, { ...cancelled(['saleAmount', 'saleCard', 'saleConfirm', 'salePin']), ...cancelled(['salePin'], 'paperOut'), ...cancelled(['salePin'], 'wrongPin') }),
  ...each('sale by chip', { before: STRIPE, intents: [sale(BY_CHIP)] }, { ...cancelled(['saleAmount', 'saleCard', 'salePin']), ...cancelled(['salePin'], 'paperOut'), ...cancelled(['salePin'], 'cardPulled') }),
  ...each('void', { before: STRIPE, intents: [intent('void', { find: 'voucher' })], shop: MANAGED }, { ...cancelled(['voidPassword', 'voidVoucher', 'voidOriginal', 'voidReason', 'voidCard']), ...cancelled(['voidCard'], 'paperOut'), ...cancelled(['voidCard'], 'wrongCard') }),
  ...each('refund', { before: STRIPE, intents: [refund()], shop: MANAGED }, { ...cancelled(['refundPassword', 'refundFind', 'refundVoucher', 'refundOriginal', 'refundCard', 'refundAmount', 'refundConfirm', 'refundReason']), ...cancelled(['refundAmount'], 'paperOut'), ...cancelled(['refundCard'], 'wrongCard') }),
  ...each('settlement', { before: 'a day', intents: [SETTLE] }, { ...cancelled(['settleAsk']), ...cancelled(['menuManage'], 'paperOut') }),
  ...each('reprint of the last slip', { before: STRIPE, intents: [intent('reprint')] }, { printed: {} }),
]; // prettier-ignore
