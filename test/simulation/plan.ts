import type { CommitFault } from './disk.ts';
import type { LineFault } from './line.ts';
import type { ConnectFault, Mood, SendFault } from './network.ts';
import { Random } from './random.ts';

/** Transactions that the people of one history want to make. */
export const INTENTS = 50;

export type IntentKind = 'sale' | 'void' | 'refund' | 'settle' | 'signOn' | 'supervisor' | 'reprint';

/** How a customer pays: by card, or by the code of a wallet. */
export type Pay = 'card' | 'wechat' | 'alipay' | 'unionpayQr';

/** What a person wants to do next. Numbers that choose among things of the past are fractions of 2^32. */
export interface Intent {
  readonly kind: IntentKind;
  readonly amountMinor: number;
  /** A card of the deck, and how it is shown. */
  readonly card: string;
  readonly way: 'swipe' | 'insert' | 'tap';
  readonly pin: string;
  readonly pay: Pay;
  /** Which of the earlier sales. */
  readonly choice: number;
  /** Voids and refunds: by voucher, the last one (F1), by reference, of the sale that was refunded last, or a wrong number. */
  readonly find: 'voucher' | 'last' | 'reference' | 'wrong' | 'older' | 'same';
  /** Refunds: all that is left (F1), a part, or more than is left. */
  readonly part: 'all' | 'some' | 'more';
  /** A swipe at the idle screen begins the sale. */
  readonly fromIdle: boolean;
}

/** What a person does wrong. */
export type PersonFault =
  | 'wrongKey'
  | 'cancel'
  | 'walkAway'
  | 'keyTwice'
  | 'typeAhead'
  | 'cardPulled'
  | 'wrongPin'
  | 'wrongCard'
  | 'paperOut'
  | 'stormOfKeys';

/** What happens between two events of the world. */
export type WorldFault =
  'crash' | 'crashTwice' | 'stop' | 'clockJump' | 'terminalRestart' | 'cancelKey' | 'cardPulledNow' | 'linePulled';

/** Where a fault waits: the n-th thing of its channel within its intent. */
interface Place {
  /** Its number within the plan, by which it can be switched off. */
  readonly id: number;
  readonly name: string;
  readonly intent: number;
  readonly after: number;
  /** A number of its own: lengths, kinds, noise. */
  readonly seed: number;
}
export type Fault =
  | (Place & { readonly channel: 'request'; readonly what: Mood })
  | (Place & { readonly channel: 'connect'; readonly what: ConnectFault })
  | (Place & { readonly channel: 'send'; readonly what: SendFault })
  | (Place & { readonly channel: 'commit'; readonly what: CommitFault })
  | (Place & { readonly channel: 'line'; readonly what: LineFault })
  | (Place & { readonly channel: 'person'; readonly what: PersonFault })
  | (Place & { readonly channel: 'world'; readonly what: WorldFault });
export type Channel = Fault['channel'];

/** Profiles of the histories. */
export const PROFILES = ['unionpay-pos', 'unionpay-pos', 'unionpay-pos-48', 'unionpay-pos-desk'] as const;

/** Members of the profile that differ from seed to seed. */
export interface ShopOptions {
  readonly lang: 'zh' | 'en';
  readonly profile: (typeof PROFILES)[number];
  /** Ways to the acquirer. */
  readonly routes: number;
  readonly keyMode: '001' | '003' | '004';
  readonly answerTimeoutSeconds: number;
  readonly reversalTries: number;
  readonly blockWhenHeld: boolean;
  readonly panAfterSwipe: boolean;
  readonly slipCopies: number;
  readonly voidNeedsManager: boolean;
  readonly voidNeedsReason: boolean;
  readonly voidNeedsCard: boolean;
  readonly refundNeedsManager: boolean;
  readonly refundNeedsReason: boolean;
  readonly confirmCardAfterSwipe: boolean;
  readonly autoSignOff: boolean;
  readonly thinkMs: number;
  readonly restartMs: number;
}

export interface Plan {
  readonly seed: number;
  /** Moods that no terminal can survive; what is checked then is that the settlement shows the difference. */
  readonly unsurvivable: boolean;
  readonly options: ShopOptions;
  readonly intents: readonly Intent[];
  readonly faults: readonly Fault[];
}

type Draw = (random: Random) => Pick<Fault, 'channel' | 'what'>;
interface FaultKind {
  readonly name: string;
  /** How far into an intent: the n-th thing of the channel, at most. */
  readonly within: number;
  readonly draw: Draw;
}

const request = (name: string, make: (random: Random) => Omit<Mood, 'kind'>): FaultKind => ({
  name,
  within: 4,
  draw: random => ({ channel: 'request', what: { kind: name, ...make(random) } }),
});
const line = (
  kind: LineFault['kind'],
  pieces: readonly [number, number],
  strength: (random: Random) => number,
): FaultKind => ({
  name: `line ${kind}`,
  within: 160,
  draw: random => ({
    channel: 'line',
    what: { kind, pieces: random.between(...pieces), strength: strength(random), seed: random.next() },
  }),
});
const person = (what: PersonFault): FaultKind => ({
  name: `person ${what}`,
  within: 14,
  draw: () => ({ channel: 'person', what }),
});
const commit = (what: CommitFault): FaultKind => ({
  name: `disk ${what}`,
  within: 7,
  draw: () => ({ channel: 'commit', what }),
});
const world = (what: WorldFault, within = 320): FaultKind => ({
  name: `world ${what}`,
  within,
  draw: () => ({ channel: 'world', what }),
});

const CODES = ['05', '12', '25', '30', '51', '55', '61', '68', '91', '94', '96', '98', '99', 'A0', '77', '13'];

/** Faults that a terminal must survive without a fen lost, doubled or invented. */
export const FAULT_KINDS: readonly FaultKind[] = [
  request('answer late', r => ({ effect: { delayMs: r.between(500, 90_000) } })),
  request('answer twice', () => ({ effect: { twice: true } })),
  request('answer to the wrong trace', () => ({ effect: { wrongTrace: true } })),
  request('answer with a wrong MAC', () => ({ effect: { badMac: true } })),
  request('answer with another amount', () => ({
    effect: { wrongAmount: true },
    extra: 'otherAmount',
    only: ['0200/22'],
  })),
  request('old answer first', () => ({ extra: 'stale' })),
  request('old answer, request lost', () => ({ effect: { silent: true, bookNot: true }, extra: 'stale' })),
  request('answer kept, then sent to the reversal', () => ({ extra: 'swapped', only: ['0200/22', '0200/23'] })),
  request('network down after a request', r => ({
    effect: { silent: true },
    extra: 'outage',
    delayMs: r.between(6_000, 40_000),
    only: ['0200/22', '0200/23'],
  })),
  request('booked, no answer', () => ({ effect: { silent: true } })),
  request('line cut in the answer', () => ({ effect: { closeMidAnswer: true } })),
  request('closed, not booked', () => ({ effect: { closeBefore: true } })),
  request('closed, booked', () => ({ effect: { closeAfter: true } })),
  request('request lost', () => ({ extra: 'lost' })),
  request('request late, after its reversal', r => ({ extra: 'held', delayMs: r.between(1_000, 150_000) })),
  request('line cut in the request', () => ({ extra: 'cut' })),
  request('refused by a code', r => ({ effect: { code: r.pick(CODES) } })),
  request('customer confirms later', r => ({ effect: { inquiries: r.between(1, 5) }, only: ['0200/22/03'] })),
  request('customer refuses', r => ({
    effect: { customer: 'refuses', inquiries: r.between(1, 4) },
    only: ['0200/22/03'],
  })),
  request('customer never confirms', () => ({ effect: { customer: 'never' }, only: ['0200/22/03'] })),
  request('approved in part', () => ({ effect: { code: '10' }, only: ['0200/22'] })),
  request('sign-on wanted', () => ({ effect: { requirement: 3 } })),
  ...(['refused', 'unreachable', 'silent'] as const).map((what): FaultKind => ({
    name: `connection ${what}`,
    within: 3,
    draw: () => ({ channel: 'connect', what }),
  })),
  ...(['crashBefore', 'crashAfter'] as const).map((what): FaultKind => ({
    name: `send ${what}`,
    within: 3,
    draw: () => ({ channel: 'send', what }),
  })),
  line('bitErrors', [1, 40], r => r.pick([1e-4, 1e-3, 1e-2, 0.1])),
  line('bytesLost', [1, 20], r => r.pick([1e-3, 1e-2, 0.2])),
  line('bytesDoubled', [1, 20], r => r.pick([1e-3, 1e-2, 0.2])),
  line('pieceTwice', [1, 3], () => 0),
  line('pieceLate', [1, 3], r => r.pick([5, 300, 1_600, 4_000])),
  line('burst', [1, 3], r => r.between(1, 24)),
  line('unplugged', [1, 1], r => r.between(200, 45_000)),
  ...(
    [
      'wrongKey',
      'cancel',
      'walkAway',
      'keyTwice',
      'typeAhead',
      'cardPulled',
      'wrongPin',
      'wrongCard',
      'paperOut',
      'stormOfKeys',
    ] as const
  ).map(person),
  ...(['crashBefore', 'crashAfter', 'full', 'syncFailedLost', 'syncFailedKept'] as const).map(commit),
  ...(
    ['crash', 'crashTwice', 'stop', 'clockJump', 'terminalRestart', 'cancelKey', 'cardPulledNow', 'linePulled'] as const
  ).map(w => world(w)),
];

/** Lies of an acquirer that no terminal can see through; only the settlement can. */
export const LIES: readonly FaultKind[] = [
  request('approved, not booked', () => ({ effect: { bookNot: true }, only: ['0200/22', '0200/23', '0220/25'] })),
  request('reversal accepted, booked again', () => ({ extra: 'bookAgain', only: ['0400/22'] })),
];

const CARDS: readonly (readonly [string, Intent['way']])[] = [
  ['swipe', 'swipe'], ['swipe', 'swipe'], ['track3', 'swipe'], ['foreign', 'swipe'], ['chip', 'insert'], ['second', 'insert'],
  ['tap', 'tap'], ['tap', 'insert'], ['signature', 'insert'], ['foreign-chip', 'insert'], ['bad-chip', 'insert'], ['expired', 'insert'],
  ['refuses', 'insert'], ['refuses-first', 'insert'], ['unreadable', 'swipe'], ['second', 'tap'],
]; // prettier-ignore

const PAYS: readonly Pay[] = [
  'card',
  'card',
  'card',
  'card',
  'card',
  'card',
  'wechat',
  'wechat',
  'alipay',
  'unionpayQr',
];

/** Cents for which the acquirer's simulator has a mood of its own are left to the plan. */
const CENTS = [0, 0, 0, 0, 0, 0, 1, 7, 33, 99];

/** Everything that will happen in the history of `seed`, drawn before it begins. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const options: ShopOptions = {
    lang: random.chance(0.1) ? 'zh' : 'en',
    keyMode: random.pick(['001', '003', '003', '004']),
    answerTimeoutSeconds: random.pick([5, 5, 5, 8, 8, 8, 8, 15, 15, 60]),
    reversalTries: random.pick([1, 2, 3, 3, 3, 5]),
    blockWhenHeld: random.chance(0.7),
    panAfterSwipe: random.chance(0.5),
    slipCopies: random.pick([0, 1, 1, 1, 2]),
    voidNeedsManager: random.chance(0.3),
    voidNeedsReason: random.chance(0.3),
    voidNeedsCard: random.chance(0.8),
    refundNeedsManager: random.chance(0.3),
    refundNeedsReason: random.chance(0.3),
    confirmCardAfterSwipe: random.chance(0.3),
    autoSignOff: random.chance(0.15),
    thinkMs: random.pick([20, 60, 300]),
    restartMs: random.pick([300, 2_000, 20_000]),
    profile: random.pick(PROFILES),
    routes: random.pick([1, 1, 2]),
  };
  const unsurvivable = seed % 16 === 15;
  const intents: Intent[] = [];
  for (let i = 0; i < INTENTS; i++) intents.push(intentOf(random, intents[i - 1]));
  return { seed, unsurvivable, options, intents, faults: faultsOf(random, unsurvivable) };
}

function intentOf(random: Random, before: Intent | undefined): Intent {
  const roll = random.below(100);
  const kind: IntentKind =
    roll < 58
      ? 'sale'
      : roll < 72
        ? 'void'
        : roll < 87
          ? 'refund'
          : roll < 93
            ? 'settle'
            : roll < 96
              ? 'supervisor'
              : roll < 98
                ? 'signOn'
                : 'reprint';
  const [card, way] = random.pick(random.chance(0.6) ? CARDS.slice(0, 1) : CARDS);
  const again = before?.kind === 'sale' && random.chance(0.35);
  return {
    kind,
    // Now and then an amount over which a refund needs two persons.
    amountMinor: again
      ? before.amountMinor
      : random.between(1, 120) * (random.chance(0.06) ? 1_000 : 100) + random.pick(CENTS),
    card,
    way,
    pin: random.chance(0.6) ? '' : '123456',
    pay: random.pick(PAYS),
    choice: random.next(),
    find: random.pick(['voucher', 'voucher', 'last', 'same', 'same', 'reference', 'older', 'wrong']),
    part: random.pick(['all', 'some', 'some', 'some', 'more']),
    fromIdle: random.chance(0.7),
  };
}

function faultsOf(random: Random, unsurvivable: boolean): Fault[] {
  // A swarm: each history has its own few kinds, some many, and its own rate.
  const some = random.pick([0.15, 0.4, 0.8]);
  const kinds = FAULT_KINDS.filter(() => random.chance(some));
  const perIntent = random.pick([0.15, 0.4, 0.8, 1.5]);
  const faults: Fault[] = [];
  const add = (kind: FaultKind, intent: number): void => {
    const after = 1 + Math.min(random.below(kind.within), random.below(kind.within));
    faults.push({
      id: faults.length,
      name: kind.name,
      intent,
      after,
      seed: random.next(),
      ...kind.draw(random),
    } as Fault);
  };
  if (kinds.length > 0)
    for (let intent = 0; intent < INTENTS; intent++)
      for (let left = perIntent; left > 0; left--)
        if (random.chance(Math.min(left, 1))) add(random.pick(kinds), intent);
  if (unsurvivable) for (let i = 0; i < 3; i++) add(random.pick(LIES), random.below(INTENTS));
  return faults;
}
