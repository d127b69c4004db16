/**
 * Where a refund is, for every channel: the one table of its life. A refund has no reversal, so nothing here ever leads
 * back from SENT to "nothing happened" without a word of somebody who knows.
 */
export type RefundState =
  | 'AWAIT_APPROVAL' | 'HELD' | 'STOPPED' | 'SENT' | 'UNKNOWN' | 'ACCEPTED' | 'CLEARED' | 'ARRIVED' | 'ABNORMAL'
  | 'REDIRECTED' | 'CLOSED' | 'DECLINED' | 'FAILED' | 'MANUAL' | 'EXTERNAL'; // prettier-ignore

/** Who says so. `host`: the answer to the message itself. */
export type LifeSource = 'host' | 'file' | 'supervisor' | 'channel' | 'customer';

/**
 * What happens to a refund. `approve`, `hold`, `refuse`, `stop`, `send`: people and the terminal; `notSent`: certain that no
 * byte left; `noAnswer`: sent and no usable answer; `neverReceived`: the acquirer does not know it, it goes out again under
 * its own number; the others say where the money is.
 */
export type LifeEvent =
  | 'approve' | 'hold' | 'refuse' | 'stop' | 'send' | 'accepted' | 'declined' | 'noAnswer' | 'notSent' | 'neverReceived'
  | 'cleared' | 'arrived' | 'abnormal' | 'redirected' | 'closed' | 'manual'; // prettier-ignore

export interface LifeStep {
  readonly event: LifeEvent;
  /** Needed out of UNKNOWN and MANUAL: nobody may guess there. */
  readonly source?: LifeSource;
}

type Edges = { readonly [event in LifeEvent]?: RefundState };

/** What has been told about the money of an accepted refund. */
const ON_ITS_WAY = { cleared: 'CLEARED', arrived: 'ARRIVED', abnormal: 'ABNORMAL', closed: 'CLOSED' } as const;

export const REFUND_LIFE: Readonly<Record<RefundState, Edges>> = {
  AWAIT_APPROVAL: { approve: 'SENT', hold: 'HELD', refuse: 'DECLINED' },
  HELD: { send: 'SENT', stop: 'STOPPED' },
  STOPPED: {},
  SENT: { accepted: 'ACCEPTED', declined: 'DECLINED', noAnswer: 'UNKNOWN', notSent: 'FAILED' },
  UNKNOWN: { accepted: 'ACCEPTED', declined: 'DECLINED', neverReceived: 'SENT', manual: 'MANUAL', ...ON_ITS_WAY },
  ACCEPTED: { ...ON_ITS_WAY, manual: 'MANUAL' },
  CLEARED: { arrived: 'ARRIVED', abnormal: 'ABNORMAL', manual: 'MANUAL' },
  ARRIVED: {},
  ABNORMAL: { redirected: 'REDIRECTED', arrived: 'ARRIVED', closed: 'CLOSED', manual: 'MANUAL' },
  REDIRECTED: { cleared: 'CLEARED', arrived: 'ARRIVED', abnormal: 'ABNORMAL', manual: 'MANUAL' },
  CLOSED: {},
  DECLINED: {},
  FAILED: {},
  MANUAL: { accepted: 'ACCEPTED', declined: 'DECLINED', redirected: 'REDIRECTED', ...ON_ITS_WAY },
  EXTERNAL: {},
};

const NOTHING_MOVED: ReadonlySet<RefundState> = new Set(['STOPPED', 'CLOSED', 'DECLINED', 'FAILED']);
const NEEDS_SOURCE: ReadonlySet<RefundState> = new Set(['UNKNOWN', 'MANUAL']);

/** The state after a step; undefined when that cannot happen, or when UNKNOWN or MANUAL would end without a source. */
export function nextRefundState(state: RefundState, { event, source }: LifeStep): RefundState | undefined {
  if (NEEDS_SOURCE.has(state) && source === undefined) return undefined;
  return REFUND_LIFE[state][event];
}

/** Nothing more happens to it. */
export function isRefundOver(state: RefundState): boolean {
  return Object.keys(REFUND_LIFE[state]).length === 0;
}

/** It takes from what can still be refunded of its original. */
export function takesFromOriginal(state: RefundState): boolean {
  return !NOTHING_MOVED.has(state);
}

/** What the books hold about one refund. */
export interface RefundFacts {
  /** Of a refund that was held first. */
  readonly hold?: 'held' | 'stopped' | 'sent';
  /** State of its transaction; absent as long as it has none. */
  readonly txn?: 'open' | 'approved' | 'declined' | 'failed' | 'unknown' | 'reversed' | 'voided';
  /** Newest word about an accepted refund. */
  readonly life?: 'processing' | 'cleared' | 'arrived' | 'abnormal' | 'redirected' | 'closed' | 'manual';
  /** Given back by another way. */
  readonly external?: boolean;
}

const LIFE_STATES = {
  processing: 'ACCEPTED',
  cleared: 'CLEARED',
  arrived: 'ARRIVED',
  abnormal: 'ABNORMAL',
  redirected: 'REDIRECTED',
  closed: 'CLOSED',
  manual: 'MANUAL',
} as const satisfies Record<NonNullable<RefundFacts['life']>, RefundState>;

const TXN_STATES = {
  open: 'SENT',
  approved: 'ACCEPTED',
  declined: 'DECLINED',
  failed: 'FAILED',
  unknown: 'UNKNOWN',
  // A QR refund of a channel that takes reversals: nothing moved in the end.
  reversed: 'FAILED',
  voided: 'FAILED',
} as const satisfies Record<NonNullable<RefundFacts['txn']>, RefundState>;

/** The state that the books amount to. A word about the money counts only for an accepted or unknown refund. */
export function refundStateOf({ hold, txn, life, external }: RefundFacts): RefundState {
  if (external) return 'EXTERNAL';
  if (txn === undefined) return hold === 'stopped' ? 'STOPPED' : hold === 'sent' ? 'SENT' : 'HELD';
  const state = TXN_STATES[txn];
  return life !== undefined && (state === 'ACCEPTED' || state === 'UNKNOWN') ? LIFE_STATES[life] : state;
}
