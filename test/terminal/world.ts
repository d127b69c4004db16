import type { PromptId } from '../../src/profile/words.ts';
import type { CaseView, RefundView, SideView } from '../../src/terminal/refund-desk.ts';
import type { ChangeView, EquipmentView, FlashMoment, FlashView } from '../../src/terminal/equipment.ts';
import type { DrillView, QuizView, ScoreView } from '../../src/terminal/quiz.ts';
import { explainArrival } from '../../src/transaction/arrival.ts';
import type { Context } from '../../src/terminal/step.ts';
import type {
  CardView,
  DeskStatus,
  Done,
  Draft,
  HeldView,
  Job,
  Judged,
  Progress,
  RecordView,
  Remark,
  RuleView,
} from '../../src/terminal/types.ts';

/**
 * The world of the keypad machine as data: every way in which the runtime may answer each job, with the widest values
 * that can occur, and what the answers change at the desk.
 */

const WIDE = 999_999_999;
const PAN = '621226*********1234';

export const RECORD: RecordView = {
  id: 999_999,
  kind: 'sale',
  state: 'approved',
  masked: PAN,
  amountMinor: WIDE,
  voucher: 999_999,
  batch: 999_999,
  reference: '999999999999',
  at: { year: 2026, month: 12, day: 31, hour: 23, minute: 59, second: 59 },
  remainingMinor: WIDE,
  refundedMinor: 0,
};

/** The acquirer named the bank of the card. */
const BANKED: RecordView = { ...RECORD, bank: '示例城市商业银行' };

/** A scanned payment. */
export const SCANNED: RecordView = { ...BANKED, channel: 'unionpayQr', masked: '62***************1234' };

export const records: readonly RecordView[] = [
  { ...RECORD, state: 'voided' },
  { ...RECORD, refundedMinor: 1 },
  { ...RECORD, refundedMinor: WIDE },
  { ...RECORD, kind: 'void', state: 'reversed', originalVoucher: 999_998 },
  { ...RECORD, kind: 'refund', state: 'unknown' },
  { ...RECORD, kind: 'void', state: 'declined' },
];

export const HELD: HeldView = {
  id: 77,
  tracking: 'RF999999',
  amountMinor: WIDE,
  masked: PAN,
  secondsLeft: 86_400,
  index: 1,
  of: 999,
};

const rule = (prompt: RuleView['prompt'], unit: RuleView['unit'], kind: RuleView['kind'], most = 9999): RuleView => ({
  kind,
  prompt,
  value: most,
  limit: most,
  unit,
});

/** Every kind of number that a rule may show, with its widest values. */
const REFUSALS: readonly RuleView[] = [
  rule('E82', 'minor', 'shopDay', 99_999_999_999),
  rule('E09', 'minor', 'refundMax', WIDE),
  rule('E10', 'days', 'window', 366),
  rule('E87', 'count', 'refundsMax', 999),
  rule('E88', 'seconds', 'spacing', 86_400),
  rule('E89', 'clock', 'afterHours', 2359),
  rule('E89', 'percent', 'refundShare'),
  rule('E85', 'count', 'unlinked', 1),
];
const WARNINGS: readonly RuleView[] = [
  { ...rule('E90', 'count', 'sameAmount', 999), hours: 720 },
  rule('E93', 'hours', 'lateVoid', 24),
  rule('E95', 'minor', 'funds', -WIDE),
  rule('E93', 'count', 'reprintBefore', 1),
];

const judged = (more: Partial<Judged> = {}): Judged => ({
  warnings: [],
  second: false,
  blind: false,
  holdSeconds: 0,
  voidInstead: false,
  ...more,
});

function judgedAs(kind: Draft['kind']): Done[] {
  const says: Judged[] = [judged(), judged({ second: true }), judged({ second: true, warnings: WARNINGS })];
  if (kind === 'refund')
    says.push(
      judged({ second: true, blind: true, holdSeconds: 300 }),
      judged({ holdSeconds: 86_400, voidInstead: true }),
      judged({ voidInstead: true, second: true }),
    );
  return [
    ...says.map(one => done('ok', { judged: one })),
    ...REFUSALS.map(refused => done('refused', { judged: judged({ refused }) })),
    ...(kind === 'refund' ? failed('E16') : []),
  ];
}

const refundIn = (
  state: RefundView['state'],
  card: RefundView['card'] = 'debit',
  channel: RefundView['channel'] = 'card',
): RefundView => ({
  id: 999_999,
  tracking: 'RF999999',
  state,
  amountMinor: WIDE,
  channel,
  card,
  masked: PAN,
  reference: '999999999999',
  atMs: 0,
  at: RECORD.at,
  operator: '98',
  originalId: 999_998,
  late: false,
  due: { zh: '约10个工作日', en: '10 WORKDAYS' },
  answer: explainArrival({ state, card, channel }),
});
/** Refunds in every state, where the money comes from and goes to. */
export const REFUNDS: readonly RefundView[] = [
  refundIn('ACCEPTED', 'foreign'),
  refundIn('REDIRECTED', 'balance', 'unionpayQr'),
  refundIn('ABNORMAL', 'credit', 'wechat'),
  { ...refundIn('VOIDED'), tracking: '999999', amountMinor: 1 },
];
const SIDES: readonly SideView[] = [
  { what: 'amount', refund: '9999999.99', original: '9999999.98', same: false },
  { what: 'card', refund: '621226****1234', original: '622588****0077', same: false },
  { what: 'time', refund: '12/31 23:59:59', original: '12/31 23:59:58', same: true },
  { what: 'operator', refund: '98', original: '-', same: false },
];
const CASES: readonly CaseView[] = [
  { id: 999_999, number: 'IC999999', tracking: 'RF999999', amountMinor: WIDE, type: 'notOurs', owner: 'manager', ageDays: 999, overdue: true, reference: '999999999999', originalId: 5 },
  { id: 999_998, number: 'IC999998', tracking: 'RF999998', amountMinor: 1, type: 'failed', owner: 'technician', ageDays: 0, overdue: false, reference: '' },
]; // prettier-ignore

const remark = (code: string): Remark => ({
  code,
  zh: '六个汉字文字',
  en: 'TWELVE COLUM',
  actionZh: '八个汉字宽的动作',
  actionEn: 'ACTION OF 16 COL',
});

const done = (outcome: string, more: Partial<Done> = {}): Done => ({ type: 'DONE', outcome, ...more });
const failed = (...prompts: readonly PromptId[]): Done[] => prompts.map(prompt => done('failed', { prompt }));
const card = (entry: CardView['entry'], fallback = false): CardView => ({ masked: PAN, entry, fallback });
const recordOf = (draft: Draft): RecordView => ({
  ...RECORD,
  kind: draft.kind,
  amountMinor: draft.amountMinor,
  originalVoucher: draft.original?.voucher ?? 0,
  ...(draft.channel === undefined ? {} : { channel: draft.channel }),
});
const tracking = { tracking: 'RF999999', dueDays: 60, due: '12/31' };

/** Card trouble that reading a card and, with a chip, the PIN step may end in (F17). */
const CARD_TROUBLE: readonly Done[] = [
  done('cancelled'),
  ...['swipeError', 'chipError', 'blocked', 'oneCard', 'tapAgain', 'chipCard'].map(name => done(name)),
  ...failed('E21', 'E42', 'E67'),
];
/** A sign-on that an exchange of money needs first may fail. */
const SIGN_ON_TROUBLE: readonly Done[] = [
  done('settleFirst'),
  done('declined', { remark: remark('97') }),
  ...failed('E24', 'E26', 'E59', 'E31', 'E23'),
];
const PAPER: readonly Done[] = [done('paperOut'), done('printerFault')];
const FOUND_BAD: readonly PromptId[] = ['E01', 'E02', 'E03', 'E04', 'E05', 'E80', 'E64'];

function exchanged(draft: Draft): Done[] {
  const record = recordOf(draft);
  const ends = [
    done('approved', { record, amountMinor: draft.amountMinor, ...(draft.kind === 'refund' ? tracking : {}) }),
    done('partial', { record, amountMinor: WIDE, ...(draft.kind === 'refund' ? { ...tracking, due: undefined } : {}) }),
    ...(draft.channel !== undefined && draft.kind === 'refund'
      ? [done('approved', { record, ...tracking, dueMinutes: 999 })]
      : []),
    done('declined', { remark: remark('51') }),
    done('declined', { remark: remark('55') }),
    ...failed('E02', 'E07', 'E08', 'E17', 'E24', 'E32', 'E64', 'E77', 'E81', 'E34', 'E18', 'E91', 'F20.sent'),
    done('failed', { prompt: 'E83', rule: REFUSALS[0] }),
    done('reversalFailed'),
    ...SIGN_ON_TROUBLE,
  ];
  const unknown = done('unknownRefund', { record, ...tracking });
  if (draft.kind === 'refund') return [...ends, unknown];
  if (draft.channel === undefined) return [...ends, done('reversed')];
  // A void of a scanned payment has no reversal; a customer may have to confirm a sale.
  return draft.kind === 'void' ? [...ends, unknown] : [...ends, done('reversed'), done('waiting', { record })];
}

/** How the wait for a customer who must confirm can end. */
function scanned(...more: readonly Done[]): Done[] {
  return [
    done('approved', { record: SCANNED, amountMinor: WIDE }),
    done('reversed'),
    done('reversalFailed'),
    ...failed('E32', 'E81'),
    ...more,
  ];
}

/** Texts of training, each line full. */
const TWO_LINES = {
  zh: ['八个汉字宽的说明', '八个汉字宽的说明'],
  en: ['TEXT OF 16 COLUM', 'TEXT OF 16 COLUM'],
} as const;
const THREE_LINES = {
  zh: [...TWO_LINES.zh, '1撤销 2退货'],
  en: [...TWO_LINES.en, '1VOID 2REFUND'],
} as const;
const QUESTIONS: readonly QuizView[] = [
  { ...THREE_LINES, right: 1, why: TWO_LINES },
  { ...THREE_LINES, right: 2, why: TWO_LINES },
];
const DRILL: DrillView = { ...TWO_LINES, task: THREE_LINES, index: 0, of: 2 };
const SCORE: ScoreView = { operator: '98', score: 18, of: 18, passed: true };

const SIDES_OF_FLASH = { was: 'profile v99', is: 'profile v99' } as const;
const CHANGE: ChangeView = { zh: '八个汉字宽的标签', en: 'LABEL OF 16 COLS', marked: true, ...SIDES_OF_FLASH };
const FLASHES: readonly FlashView[] = [
  { index: 0, of: 2, digest: 'ab'.repeat(32), ...SIDES_OF_FLASH, changes: [CHANGE, { ...CHANGE, marked: false }] },
  { index: 0, of: 1, digest: 'cd'.repeat(32), ...SIDES_OF_FLASH, changes: [] },
];
const MOMENTS: readonly FlashMoment[] = [
  'compare', 'load', 'readBack', 'activate', 'trial', 'echo', 'printer', 'panel', 'confirm', 'back',
]; // prettier-ignore

/** What is odd about the terminal: refused in every way, another one. */
const SIDES_OF_TERMINAL = { was: '12345678', is: '01234567890' } as const;
export const ODD: readonly EquipmentView[] = [
  { trouble: { part: 'image', way: 'flash', ...SIDES_OF_TERMINAL } },
  {
    trouble: { part: 'firmware', way: 'other', ...SIDES_OF_TERMINAL },
    change: { id: 7, part: 'model', ...SIDES_OF_TERMINAL },
  },
  { change: { id: 7, part: 'firmware', ...SIDES_OF_TERMINAL } },
];

/** What each job may bring; the first is the good end. Every kind of job stands here, the type checker sees to it. */
export const OUTCOMES: { readonly [K in Job['kind']]: (job: Extract<Job, { kind: K }>) => readonly Done[] } = {
  recover: () => [done('ok'), done('ok', { record: RECORD })],
  checkPassword: () => [done('ok'), done('mustChange'), done('wrong'), done('blocked', { prompt: 'E14' })],
  setPassword: () => [done('ok'), ...failed('F02.differ', 'F02.weak')],
  operatorKnown: () => [done('ok'), done('unknown', { prompt: 'F02.unknown' })],
  logOn: () => [done('ok')],
  operatorFree: () => [done('ok'), ...failed('E69', 'E70')],
  addOperator: () => [done('ok'), ...failed('E69', 'E70', 'F11.same', 'F02.weak')],
  removeOperator: () => [done('ok'), ...failed('E71', 'F02.unknown')],
  listOperators: () => [done('ok', { operators: ['00', '98', '99'] })],
  lock: () => [done('ok')],
  unlock: () => [done('ok')],
  signOn: () => [done('ok', { batch: 999_999 }), ...SIGN_ON_TROUBLE],
  signOff: () => [done('ok'), done('settleFirst'), ...failed('E31', 'E24', 'E61')],
  echo: () => [
    done('ok', { millis: 99_999 }),
    done('declined', { remark: remark('97') }),
    ...failed('E31', 'E24', 'E26'),
  ],
  readCard: job => [
    done('ok', { card: card(job.source, job.draft.fallback) }),
    ...(job.source === 'chip' ? [done('ok', { card: card('swipe', true) })] : []),
    ...CARD_TROUBLE,
    ...failed('E54', 'E07', 'E53'),
  ],
  forgetCard: () => [done('ok')],
  pin: () => [done('ok'), ...CARD_TROUBLE, ...failed('E22', 'E23', 'E66')],
  online: job => exchanged(job.draft),
  readCode: () => [done('ok', { channel: 'unionpayQr' }), done('badCode', { prompt: 'E45' })],
  qrInquiry: () => scanned(done('waiting', { record: SCANNED }), done('declined', { remark: remark('05') })),
  qrClose: () => scanned(),
  judge: job => judgedAs(job.draft.kind),
  checkBlind: () => [done('ok'), ...failed('F06.blind')],
  hold: () => [done('held', { held: HELD }), ...failed('E16', 'E08', 'E17', 'E91', 'E18')],
  heldRefund: () => [done('ok', { held: HELD }), done('none')],
  heldLeft: () => [done('ok', { held: { ...HELD, secondsLeft: 5 } }), done('due', { held: HELD }), done('gone')],
  takeHeld: job => {
    const draft: Draft = {
      kind: 'refund',
      amountMinor: WIDE,
      original: RECORD,
      reason: 6,
      note: '07',
      approver: '00',
      second: '02',
      pinTries: 1,
      fallback: false,
      readTries: 0,
      heldId: job.id,
    };
    return [
      done('ready', { draft: { ...draft, card: card('swipe') } }),
      done('card', { draft: { ...draft, pinTries: 0 } }),
      ...(job.second === undefined
        ? [done('second', { draft: { ...draft, second: undefined, judged: judged({ second: true, blind: true }) } })]
        : failed('E15')),
      ...failed('F20.sent', 'E16'),
    ];
  },
  stopHeld: () => [done('ok', { held: HELD }), ...failed('F20.sent')],
  printHeld: () => [done('ok')],
  refundsOf: () => [
    done('ok', {
      records: ['accepted', 'waiting', 'external', 'unknown'].map(state => ({
        ...RECORD,
        kind: 'refund' as const,
        state,
        tracking: 'RF999999',
      })),
    }),
    done('none'),
  ],
  voidOf: () => exchanged({ kind: 'void', amountMinor: WIDE, pinTries: 0, fallback: false, readTries: 0 }),
  reverse: () => [done('reversed'), done('none'), done('reversalFailed'), ...failed('E23', 'E24', 'E64', 'E81')],
  findVoucher: job => {
    const bad = (prompts: readonly PromptId[], outcome: string): Done[] =>
      prompts.map(prompt => done(outcome, { prompt }));
    const ok = done('ok', { record: RECORD });
    const scanned = done('ok', { record: SCANNED });
    if (job.purpose === 'void')
      return [ok, scanned, ...bad(FOUND_BAD, 'notFound'), done('tooOld', { prompt: 'E56', record: RECORD })];
    if (job.purpose === 'refund')
      return [
        ok,
        scanned,
        ...bad(FOUND_BAD, 'notFound'),
        ...failed('E17', 'E04', 'E55', 'E10'),
        done('failed', { prompt: 'E10', rule: REFUSALS[2] }),
      ];
    return [ok, done('ok', { record: records[3] }), ...bad(['E01', 'E02'], 'notFound')];
  },
  findLast: job =>
    job.purpose === 'void'
      ? [
          done('ok', { record: RECORD }),
          ...FOUND_BAD.map(prompt => done('notFound', { prompt })),
          done('tooOld', { prompt: 'E56', record: RECORD }),
        ]
      : [done('ok', { record: RECORD }), ...(['E01', 'E02'] as const).map(prompt => done('notFound', { prompt }))],
  findSlip: job => {
    const bad = (prompts: readonly PromptId[]): Done[] => prompts.map(prompt => done('notFound', { prompt }));
    const ok = done('ok', { record: RECORD });
    if (job.purpose === 'void')
      return [ok, ...bad([...FOUND_BAD, 'E75']), done('tooOld', { prompt: 'E56', record: RECORD })];
    return [
      ok,
      done('ok', {
        record: { ...RECORD, id: 0, masked: '****1234', foreign: { terminal: '12345678', dateMmdd: '1231' } },
      }),
      done('ok', { record: SCANNED }),
      done('scanOrder', { prompt: 'E94' }),
      done('otherOrder', { channel: 'unionpayQr', order: '58211121000000010000', date: '1121' }),
      ...bad([...FOUND_BAD, 'E75']),
      ...failed('E17', 'E04', 'E55', 'E10'),
      done('failed', { prompt: 'E10', rule: REFUSALS[2] }),
    ];
  },
  findReference: () => [
    done('ok', { record: RECORD }),
    done('foreign'),
    done('badDate', { prompt: 'E11' }),
    ...failed('E10', 'E07', 'E03', 'E80', 'E64', 'E17', 'E04', 'E55'),
  ],
  history: () => [done('ok', { records }), ...failed('E01')],
  searchRecords: () => [done('ok', { records }), done('notFound', { prompt: 'F12.none' })],
  printSlip: () => [done('ok'), ...PAPER, ...failed('E02')],
  resumePrint: () => [done('ok'), ...PAPER],
  dropPrint: () => [done('ok')],
  reprint: () => [done('ok'), ...PAPER, ...failed('E01')],
  printReport: () => [done('ok'), ...PAPER, ...failed('E01')],
  totals: () =>
    [4, 6].map(length =>
      done('ok', { sides: Array.from({ length }, () => ({ count: 300, amountMinor: 99_999_999 })) }),
    ),
  settle: () => [
    done('settled', { batch: 999_999 }),
    done('notAnswered'),
    done('reversalFailed'),
    ...failed('E64', 'E31', 'E81', 'F09.hold'),
    ...SIGN_ON_TROUBLE.slice(1),
  ],
  finishSettlement: () => [done('ok', { batch: 999_999 })],
  unknownRefund: () => [
    done('ok', { record: { ...RECORD, kind: 'refund', amountMinor: 999_999 }, tracking: 'RF999999' }),
    done('ok', { record: { ...SCANNED, kind: 'void', amountMinor: 999_999 }, tracking: 'RF999999' }),
    done('ok', { record: { ...SCANNED, kind: 'refund', amountMinor: 999_999 }, tracking: 'RF999999' }),
    done('none'),
  ],
  resolveRefund: () => [done('ok', { record: { ...RECORD, kind: 'refund' }, ...tracking }), ...failed('E17', 'E32')],
  findRefunds: () => [
    done('ok', { refunds: REFUNDS.slice(0, 1) }),
    done('ok', { refunds: REFUNDS }),
    ...failed('F21.none'),
  ],
  openRefunds: () => [
    done('ok', { refunds: REFUNDS }),
    done('ok', { refunds: REFUNDS.slice(1, 2) }),
    ...failed('F21.none'),
  ],
  markRefund: () => [done('ok', { refunds: REFUNDS.slice(0, 1) }), ...failed('F21.state')],
  printStatus: () => [done('ok'), ...PAPER],
  freezeRefunds: () => [done('ok')],
  freeRefunds: () => [done('ok')],
  compareRefund: () => [done('ok', { compared: SIDES }), ...failed('F20.notSent')],
  openCase: () => [
    done('ok', { cases: CASES.slice(0, 1) }),
    done('ok', { cases: CASES.slice(1) }),
    ...failed('F20.notSent'),
  ],
  openCases: () => [done('ok', { cases: CASES }), ...failed('F20.noCase')],
  printCase: () => [done('ok'), ...PAPER, ...failed('F20.noCase')],
  noteContact: () => [done('ok'), ...failed('F20.noCase')],
  noteCompensation: () => [done('ok'), ...failed('F20.noCase')],
  closeCase: () => [done('ok'), ...failed('F20.noCase')],
  recordExternal: () => [done('ok', { record: RECORD }), ...failed('E08', 'E17', 'E02')],
  saleOf: () => [done('ok', { record: RECORD }), ...failed('E02', 'E03', 'E04', 'E05', 'E80')],
  resolveReversal: () => [done('ok', { record: RECORD }), ...failed('E77', 'E78')],
  owedReversal: () => [done('ok', { record: RECORD }), done('none')],
  trainingReady: () => [done('ok'), ...failed('E39', 'E77', 'E64', 'F22.waits', 'F22.batch')],
  train: job => [
    done('ok', { score: { ...SCORE, operator: job.operator } }),
    done('noScore'),
    done('broken'),
    ...failed('F22.batch'),
  ],
  quizStart: () => [done('ok', { questions: QUESTIONS })],
  quizEnd: () => [done('ok', { score: SCORE }), done('ok', { score: { ...SCORE, passed: false } })],
  drill: job => [done('ok', { drill: { ...DRILL, index: job.index % DRILL.of } })],
  drillBegin: () => [done('ok')],
  drillCheck: () => [done('passed', { told: TWO_LINES }), done('notYet', { told: TWO_LINES }), done('none')],
  leaveTraining: () => [done('ok'), done('wrong'), ...failed('E14')],
  release: () => [done('ok')],
  flashLook: job => [
    ...FLASHES.map(one => done('ok', { flash: { ...one, index: job.index % one.of } })),
    ...failed('F23.none', 'F23.signature', 'F23.model', 'F23.slots', 'E42'),
    ...failed('E64', 'F23.unknown', 'F23.held', 'E77', 'E35', 'F23.signedOn'),
  ],
  flash: () => [
    done('flashed'),
    ...MOMENTS.map(moment => done('fellBack', { moment })),
    ...failed('F23.same', 'F23.none', 'F23.failed', 'F23.model', 'E64'),
  ],
  flashSlip: () => [done('ok'), ...PAPER],
  flashGoOn: () => [done('ok')],
  acknowledgeTerminal: () => [done('ok')],
};

/** News that a running job may show, with its widest values. */
export const PROGRESS: readonly Progress[] = [
  { stage: 'waiting', secondsLeft: 999 },
  { stage: 'inquiry', secondsLeft: 999 },
  { stage: 'connecting' },
  { stage: 'keys' },
  { stage: 'reversal', attempt: 9, of: 9, secondsLeft: 999 },
  { stage: 'signOn', secondsLeft: 999 },
  { stage: 'offline' },
  { stage: 'totals', secondsLeft: 999 },
  { stage: 'balance', cup: '2', foreign: '2' },
  { stage: 'upload', done: 300, of: 300, secondsLeft: 60 },
  { stage: 'printing' },
  ...MOMENTS.map(moment => ({ stage: 'flash', moment, percent: 100, secondsLeft: 9999 }) as const),
  { stage: 'flash', moment: 'panel', percent: 100, secondsLeft: 30, code: '9' },
];

/** What an answer changes at the desk, for the members that open and close ways. */
export function deskAfter(desk: DeskStatus, job: Job, end: Done, autoSignOff: boolean): DeskStatus {
  const off = { operator: undefined, signedOn: false };
  const good = end.outcome === 'ok';
  switch (job.kind) {
    case 'logOn':
      return job.operator === '00' || job.operator === '99' ? desk : { ...desk, operator: job.operator };
    case 'signOn':
      return good ? { ...desk, signedOn: true } : desk;
    case 'signOff':
      return good || end.prompt === 'E61' ? { ...desk, ...off } : desk;
    case 'settle':
      return end.outcome === 'settled'
        ? { ...desk, settlementOpen: false, journalFull: false }
        : end.outcome === 'notAnswered'
          ? { ...desk, settlementOpen: true }
          : desk;
    case 'finishSettlement':
      return autoSignOff ? { ...desk, ...off } : desk;
    case 'lock':
      return { ...desk, ...(desk.operator === undefined ? {} : { lockedBy: desk.operator }) };
    case 'unlock':
      return { ...desk, lockedBy: undefined, ...(job.operator === desk.operator ? {} : { operator: undefined }) };
    case 'openCase':
      return good ? { ...desk, openCases: 1, overdueCases: end.cases?.[0]?.overdue ? 1 : 0 } : desk;
    case 'closeCase':
      return good ? { ...desk, openCases: 0, overdueCases: 0 } : desk;
    case 'freezeRefunds':
      return { ...desk, frozen: { by: '00', at: RECORD.at } };
    case 'freeRefunds':
      return { ...desk, frozen: undefined };
    case 'stopHeld':
      return good ? { ...desk, heldRefunds: Math.max(0, desk.heldRefunds - 1) } : desk;
    case 'acknowledgeTerminal':
      return { ...desk, equipment: undefined };
    case 'release':
      return { ...desk, blocked: false, reversalsDue: 0 };
    case 'reverse':
      return end.outcome === 'reversalFailed'
        ? { ...desk, blocked: true }
        : end.outcome === 'failed'
          ? desk
          : { ...desk, reversalsDue: 0, reversalsOwed: desk.reversalsOwed - desk.reversalsDue };
    default:
      return desk;
  }
}

/** A context in which everything is left over from an earlier transaction: nothing of it may be used by the next one. */
export function leftovers(context: Context): Context {
  return {
    ...context,
    topic: 'refund',
    operator: '00',
    candidate: '03',
    record: RECORD,
    done: done('approved', { record: RECORD, ...tracking }),
    remark: remark('51'),
    draft: {
      kind: 'refund',
      amountMinor: 5000,
      original: RECORD,
      reference: RECORD.reference,
      date: '1120',
      reason: 1,
      approver: '00',
      card: card('swipe', true),
      pinTries: 2,
      fallback: true,
      readTries: 2,
      resend: 5,
    },
    owedSlip: RECORD,
  };
}
