import type { PromptId } from '../../src/profile/screens.ts';
import type { Context } from '../../src/terminal/step.ts';
import type { CardView, DeskStatus, Done, Draft, Job, Progress, RecordView, Remark } from '../../src/terminal/types.ts';

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

export const records: readonly RecordView[] = [
  { ...RECORD, state: 'voided' },
  { ...RECORD, refundedMinor: 1 },
  { ...RECORD, refundedMinor: WIDE },
  { ...RECORD, kind: 'void', state: 'reversed', originalVoucher: 999_998 },
  { ...RECORD, kind: 'refund', state: 'unknown' },
  { ...RECORD, kind: 'void', state: 'declined' },
];

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
});
const tracking = { tracking: 'RF999999', dueDays: 60 };

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
    done('partial', { record, amountMinor: WIDE, ...(draft.kind === 'refund' ? tracking : {}) }),
    done('declined', { remark: remark('51') }),
    done('declined', { remark: remark('55') }),
    ...failed('E02', 'E07', 'E08', 'E17', 'E24', 'E32', 'E64', 'E77', 'E81', 'E34', 'E18'),
    done('reversalFailed'),
    ...SIGN_ON_TROUBLE,
  ];
  return draft.kind === 'refund'
    ? [...ends, done('unknownRefund', { record, ...tracking })]
    : [...ends, done('reversed')];
}

/** What each job may bring; the first is the good end. Every kind of job stands here, the type checker sees to it. */
export const OUTCOMES: { readonly [K in Job['kind']]: (job: Extract<Job, { kind: K }>) => readonly Done[] } = {
  recover: () => [done('ok')],
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
  voidOf: () => exchanged({ kind: 'void', amountMinor: WIDE, pinTries: 0, fallback: false, readTries: 0 }),
  reverse: () => [done('reversed'), done('none'), done('reversalFailed'), ...failed('E23', 'E24', 'E64', 'E81')],
  findVoucher: job => {
    const bad = (prompts: readonly PromptId[], outcome: string): Done[] =>
      prompts.map(prompt => done(outcome, { prompt }));
    const ok = done('ok', { record: RECORD });
    if (job.purpose === 'void')
      return [ok, ...bad(FOUND_BAD, 'notFound'), done('tooOld', { prompt: 'E56', record: RECORD })];
    if (job.purpose === 'refund') return [ok, ...bad(FOUND_BAD, 'notFound'), ...failed('E17', 'E04', 'E55', 'E10')];
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
  findReference: () => [
    done('ok', { record: RECORD }),
    done('foreign'),
    done('badDate', { prompt: 'E11' }),
    ...failed('E10', 'E07', 'E03', 'E80', 'E64', 'E17', 'E04', 'E55'),
  ],
  history: () => [done('ok', { records }), ...failed('E01')],
  printSlip: () => [done('ok'), ...PAPER, ...failed('E02')],
  resumePrint: () => [done('ok'), ...PAPER],
  dropPrint: () => [done('ok')],
  reprint: () => [done('ok'), ...PAPER, ...failed('E01')],
  printReport: () => [done('ok'), ...PAPER, ...failed('E01')],
  totals: () => [done('ok', { sides: Array.from({ length: 4 }, () => ({ count: 300, amountMinor: 99_999_999 })) })],
  settle: () => [
    done('settled', { batch: 999_999 }),
    done('notAnswered'),
    done('reversalFailed'),
    ...failed('E64', 'E31', 'E81'),
    ...SIGN_ON_TROUBLE.slice(1),
  ],
  finishSettlement: () => [done('ok', { batch: 999_999 })],
  unknownRefund: () => [
    done('ok', { record: { ...RECORD, kind: 'refund', amountMinor: 999_999 }, tracking: 'RF999999' }),
    done('none'),
  ],
  resolveRefund: () => [done('ok', { record: { ...RECORD, kind: 'refund' }, ...tracking }), ...failed('E17', 'E32')],
  owedReversal: () => [done('ok', { record: RECORD }), done('none')],
  release: () => [done('ok')],
};

/** News that a running job may show, with its widest values. */
export const PROGRESS: readonly Progress[] = [
  { stage: 'waiting', secondsLeft: 999 },
  { stage: 'connecting' },
  { stage: 'keys' },
  { stage: 'reversal', attempt: 9, of: 9, secondsLeft: 999 },
  { stage: 'signOn', secondsLeft: 999 },
  { stage: 'offline' },
  { stage: 'totals', secondsLeft: 999 },
  { stage: 'balance', cup: '2', foreign: '2' },
  { stage: 'upload', done: 300, of: 300, secondsLeft: 60 },
  { stage: 'printing' },
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
