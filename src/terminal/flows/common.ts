import { digits, formatAmount } from '../../units.ts';
import type { LocalTime } from '../../hal/hal.ts';
import type { ScreenId } from '../../profile/screens.ts';
import type { PromptId, WordId } from '../../profile/words.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  messageStep,
  outcome,
  prompt,
  show,
  keypad,
  isKey,
  isOutcome,
  isDigits,
} from '../step.ts';
import type { Draft, Job, Remark } from '../types.ts';
import { figuresOf } from './figures.ts';

export const THREE_BEEPS = 'S-S-S';

/** Seconds that the running job may still take, for the countdown on the waiting screens; all of them at its start. */
export function secondsLeft(c: Context, profile: PanelProfile): number {
  const p = c.progress;
  return (p && 'secondsLeft' in p ? p.secondsLeft : undefined) ?? profile.answerSeconds;
}

export function stars(c: Context): { entry: string } {
  return { entry: '*'.repeat(c.entry.length) };
}

/** The amount as it is entry: shift-left cents, 0.00 at the start. */
export function typedAmount(c: Context): number {
  return c.entry === '' ? 0 : Number(c.entry);
}

export const voucherText = (voucher: number): string => digits(voucher, 6);

/** Date `11/21` and time `14:03:22` of a record. */
export function stampOf(at: LocalTime | undefined): { date: string; time: string } {
  if (!at) return { date: '', time: '' };
  const two = (n: number): string => digits(n, 2);
  return { date: `${two(at.month)}/${two(at.day)}`, time: `${two(at.hour)}:${two(at.minute)}:${two(at.second)}` };
}

/** F16-1 and F03-1 come before any online message when a reversal or a sign-on is owed. */
export function beforeScreen(c: Context): ReturnType<Step['screen']> | undefined {
  const p = c.progress;
  if (p?.stage === 'reversal') return show('F16.1', { attempt: p.attempt, of: p.of, seconds: p.secondsLeft });
  if (p?.stage === 'signOn') return show('F03.1', { seconds: p.secondsLeft });
  if (p?.stage === 'keys') return show('F03.2', {});
  return undefined;
}

/** Keeps the remark, prompt and record of a DONE event for the screen that follows. */
export const keepDone: Change = (_, event) => {
  const done = doneOf(event);
  return {
    done,
    remark: done.remark,
    rule: done.rule,
    ...(done.prompt === undefined ? {} : { notice: done.prompt }),
    ...(done.record === undefined ? {} : { record: done.record }),
  };
};

/** The original that a job found becomes that of the draft; a void is over its whole amount. */
export const takeOriginal: Change = (c, e) => {
  const record = doneOf(e).record;
  if (!record) return {};
  return {
    record,
    draft: {
      ...c.draft,
      original: record,
      reference: record.reference,
      ...(record.foreign ? { date: record.foreign.dateMmdd } : {}),
      amountMinor: c.draft.kind === 'void' ? record.amountMinor : 0,
      // The original says how it was paid, whatever was chosen in the menu.
      ...(record.channel === undefined ? {} : { channel: record.channel }),
    },
  };
};

/** The prompt of a job as the notice of an entry step. */
export function noticeOf(fallback: PromptId): Change {
  return (_, e) => ({ notice: doneOf(e).prompt ?? fallback });
}

export function withDraft(change: (draft: Draft, c: Context) => Partial<Draft>): Change {
  return c => ({ draft: { ...c.draft, ...change(c.draft, c) } });
}

/** What the person is doing, for the title of refusals. */
export function about(topic: WordId): Change {
  return () => ({ topic });
}

/** Shows a local prompt and leaves the flow. */
export function refuse(when: Way['when'], notice: PromptId): Way {
  return { ...go('refusal', () => ({ notice })), ...(when ? { when } : {}) };
}

/** Trouble with the card where the flow cannot ask for it again. */
const CARD_ENDS: readonly (readonly [string, PromptId])[] = [
  ['swipeError', 'E18'],
  ['chipCard', 'E19'],
  ['oneCard', 'E20'],
  ['tapAgain', 'E66'],
  ['chipError', 'E67'],
];

/** Ways that every job of a flow can end in, after its own: cancelled, an answer of the acquirer, a local prompt. */
export function commonEnds(): readonly Way[] {
  return [
    goWhen(outcome('cancelled'), 'forget'),
    goWhen((_, e) => doneOf(e).remark !== undefined, 'declined', keepDone),
    ...CARD_ENDS.map(([name, prompt]) => refuse(outcome(name), prompt)),
    goWhen(outcome('blocked'), 'cardBlocked', keepDone),
    refuse(outcome('settleFirst'), 'E77'),
    go('refusal', keepDone),
  ];
}

const EMPTY_REMARK: Remark = { zh: '', en: '', actionZh: '', actionEn: '' };

/** Screens that all flows share: refusals, answers of the acquirer, the end of a reversal, the card that is still in. */
export function commonSteps(profile: PanelProfile): Steps {
  const timeout = profile.operationTimeoutMs;
  return {
    /** A local prompt E01–E77: what is wrong and what to do. */
    refusal: messageStep(
      c => ({ ...prompt(c.topic, c.notice ?? 'E32'), figures: c.rule && figuresOf(c.rule) }),
      timeout,
      'forget',
      THREE_BEEPS,
    ),
    /** The acquirer refused: code, text, action (F04-5x). */
    declined: messageStep(
      c => ({ kind: 'response', title: c.topic, remark: c.remark ?? EMPTY_REMARK }),
      timeout,
      'forget',
      THREE_BEEPS,
    ),
    /** Lets go of the clear card data of a transaction that ended, then asks for the card that is still in. */
    forget: jobStep(
      c => busy(c.topic),
      () => ({ kind: 'forgetCard' }),
      [goWhen(c => c.desk.chipIn, 'takeCard'), go('idle')],
    ),
    takeCard: takeCard(),
    takeCardBeep: { ...takeCard(), beep: 'S' },
    /** F17-5 */
    cardBlocked: messageStep(() => show('F17.5', {}), 2000, 'forget', THREE_BEEPS),
    reversed: messageStep(() => show('F16.2', {}), 3000, 'forget', 'S'),
    /** F16-3: held, the fault slip is out. */
    reversalFailed: messageStep(() => show('F16.3', {}), timeout, 'forget', THREE_BEEPS),
    notOpen: messageStep(c => prompt(c.topic, 'E39'), timeout, 'idle', THREE_BEEPS),
  };
}

/** F04-8: one beep every 2 s while the card is in. CANCEL goes on when the reader missed that it was taken. */
function takeCard(): Step {
  return {
    screen: c => show('F04.8c', { title: c.topic }),
    await: () => ({ kind: 'event', cards: [], removal: true, scanner: false, timeoutMs: 2000 }),
    on: {
      KEY: [goWhen(key('CANCEL'), 'idle')],
      REMOVED: [go('idle')],
      TIMEOUT: [goWhen(c => !c.desk.chipIn, 'idle'), go('takeCardBeep')],
    },
  };
}

export interface PasswordOptions {
  readonly screen: Step['screen'];
  /** Digits: 4 cashier, 6 supervisor, 8 administrator. */
  readonly length: (c: Context) => number;
  readonly operator: (c: Context) => string;
  /** Ways after a right password, tried in order. */
  readonly accepted: readonly Way[];
  readonly wrong: PromptId;
  /** Leaves the flow after so many wrong ones; without it the journal alone decides when it is enough. */
  readonly triesMax?: number;
  readonly cancel?: string;
  /** The flow has its own way for a published first password (outcome `mustChange`); otherwise it must be changed here. */
  readonly ownChange?: true;
}

/** Passwords that every shop forum prints, and runs of one digit. */
export function weak(password: string): boolean {
  return /^(\d)\1*$/.test(password) || '123456789'.startsWith(password);
}

/** May this become a password? The prompt that says why not. */
export function refusePassword(profile: PanelProfile, typed: string, length: number): PromptId | undefined {
  if (typed.length !== length) return 'E12';
  return (profile.passwords?.weak(typed) ?? weak(typed)) ? 'F02.weak' : undefined;
}

/** ENTER after the second typing of a new password, which is another one than the first. */
export const isTypedOtherwise =
  (profile: PanelProfile): NonNullable<Way['when']> =>
  (c, e) =>
    isKey(e, 'ENTER') && !(profile.passwords?.same(c.entry, c.password ?? '') ?? c.entry === c.password);

/**
 * A published first password was right, and it approves nothing: a new one, twice, and the flow goes on. CANCEL leaves the
 * flow and the first password as it is.
 */
function firstChange(profile: PanelProfile, name: string, options: PasswordOptions, accepted: readonly Way[]): Steps {
  const leave = options.cancel ?? 'idle';
  const typing = (entry: {
    screen: ScreenId;
    check: (typed: string, c: Context) => PromptId | undefined;
    next: string;
  }) =>
    entryStep(profile, {
      screen: c => show(entry.screen, stars(c)),
      lengthMax: options.length,
      check: entry.check,
      accept: typed => ({ password: typed }),
      next: entry.next,
      cancel: leave,
    });
  const again = typing({ screen: 'F02.3b', check: () => undefined, next: `${name}Set` });
  return {
    [`${name}New`]: typing({
      screen: 'F02.3',
      check: (typed, c) => refusePassword(profile, typed, options.length(c)),
      next: `${name}Again`,
    }),
    [`${name}Again`]: {
      ...again,
      on: {
        ...again.on,
        KEY: [
          goWhen(isTypedOtherwise(profile), `${name}New`, () => ({ notice: 'F02.differ' })),
          ...(again.on.KEY ?? []),
        ],
      },
    },
    [`${name}Set`]: jobStep(
      () => show('F02.3b', { entry: '' }),
      c => ({ kind: 'setPassword', operator: options.operator(c), password: c.password ?? '' }),
      [...accepted, go(`${name}New`, (_, e) => ({ notice: doneOf(e).prompt ?? 'F02.weak' }))],
    ),
  };
}

/**
 * A password step and its check. The journal counts wrong ones for each person (cashiers five, 00 three) and blocks them.
 * The typed digits are gone from the context after the check.
 */
export function passwordSteps(profile: PanelProfile, name: string, options: PasswordOptions): Steps {
  const check = `${name}Check`;
  const gone = { entry: '', password: undefined } as const;
  // Only a right password is accepted, whatever the ways of the flow forget to ask.
  const right = options.ownChange ? outcome('ok', 'mustChange') : outcome('ok');
  const accepted = options.accepted.map(way => ({
    ...way,
    when: (c: Context, e: Parameters<Change>[1]) => right(c, e) && (way.when === undefined || way.when(c, e)),
    change: (c: Context, e: Parameters<Change>[1]) => ({
      tries: 0,
      notice: undefined,
      ...(way.change?.(c, e) ?? {}),
      ...gone,
    }),
  }));
  return {
    ...(options.ownChange ? {} : firstChange(profile, name, options, accepted)),
    [name]: {
      screen: c => ({ ...options.screen(c), ...(c.notice === undefined ? {} : { notice: c.notice }) }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('CANCEL'), options.cancel ?? 'idle'),
          {
            when: (c, e) => isKey(e, 'ENTER') && c.entry.length === options.length(c),
            to: check,
            change: c => ({ password: c.entry, entry: '', notice: undefined }),
          },
          { when: key('ENTER'), change: () => ({ entry: '', notice: options.wrong }) },
          { when: key('CLEAR'), change: c => ({ entry: c.entry.slice(0, -1), notice: undefined }) },
          {
            when: (_, e) => e.type === 'KEY' && isDigits(e.key),
            change: (c, e) => ({
              entry: (c.entry + (e.type === 'KEY' ? e.key : '')).slice(0, options.length(c)),
              notice: undefined,
            }),
          },
        ],
        TIMEOUT: [go(options.cancel ?? 'idle')],
      },
    },
    [check]: jobStep(
      options.screen,
      c => ({ kind: 'checkPassword', operator: options.operator(c), password: c.password ?? '' }),
      [
        ...(options.ownChange ? [] : [goWhen(outcome('mustChange'), `${name}New`)]),
        ...accepted,
        {
          when: (c, e) => isOutcome(e, 'wrong') && c.tries + 1 < (options.triesMax ?? Number.POSITIVE_INFINITY),
          to: name,
          change: c => ({ ...gone, tries: c.tries + 1, notice: options.wrong }),
        },
        {
          to: 'refusal',
          change: (c, e) => ({ ...gone, tries: 0, notice: doneOf(e).prompt ?? options.wrong, topic: c.topic }),
        },
      ],
    ),
  };
}

/** The amount of a sale, above nothing and at most what the shop allows. */
export function saleAmountStep(
  profile: PanelProfile,
  { screen, next, cancel }: { readonly screen: 'F04.1' | 'F07.1'; readonly next: string; readonly cancel: string },
): Step {
  return entryStep(profile, {
    screen: c => show(screen, { entry: formatAmount(typedAmount(c)) }),
    lengthMax: 9,
    amount: true,
    check: entry => {
      const amount = Number(entry);
      if (amount <= 0) return 'F04.amount';
      return amount > profile.saleMaxMinor ? 'F04.limit' : undefined;
    },
    accept: (entry, c) => ({ draft: { ...c.draft, amountMinor: Number(entry) } }),
    next,
    cancel,
  });
}

/** What sends a person to the search of manage 3-5: it is not here, it is another kind of transaction, no refund is of it. */
const LOST: ReadonlySet<PromptId> = new Set(['E02', 'E05', 'F21.none']);

/** An entry in which something is looked up: when it was not found, the screen names the search by day, amount and card. */
export function orSearch(screen: Step['screen'], title: (c: Context) => WordId): Step['screen'] {
  return c =>
    c.notice !== undefined && LOST.has(c.notice) ? show('F12.way', { title: title(c), entry: c.entry }) : screen(c);
}

export interface VoucherOptions {
  /** Step in which the number is typed, and the one that looks it up. */
  readonly ask: string;
  readonly find: string;
  readonly screen: Step['screen'];
  readonly purpose: Extract<Job, { kind: 'findVoucher' }>['purpose'];
  /** What the job found; the last way leads back to `ask`, or on. */
  readonly found: readonly Way[];
  readonly cancel?: string;
  /** Other keys of the entry, and the step that gets a scanned text. */
  readonly ways?: readonly Way[];
  readonly scanned?: string;
  /** UP and DOWN choose the batch, which is the page; else it is the present one. */
  readonly batches?: true;
}

/** A voucher number of up to six digits is typed and looked up in the journal. */
export function voucherSteps(profile: PanelProfile, options: VoucherOptions): Steps {
  const { ask, find, screen, purpose, found, cancel, scanned, batches } = options;
  const turn = (name: 'UP' | 'DOWN', by: number): Way => ({
    when: key(name),
    change: c => ({ page: Math.min(Math.max(c.page + by, 1), c.desk.batch), notice: undefined }),
  });
  return {
    [ask]: entryStep(profile, {
      screen: orSearch(screen, c => c.topic),
      lengthMax: 6,
      check: entry => (Number(entry) > 0 ? undefined : 'E02'),
      accept: (entry, c) => (batches ? { entry, page: c.page } : { entry }),
      next: find,
      ways: batches ? [turn('UP', -1), turn('DOWN', 1)] : (options.ways ?? []),
      ...(scanned === undefined ? {} : { scanned }),
      ...(cancel === undefined ? {} : { cancel }),
    }),
    [find]: jobStep(
      screen,
      c => ({ kind: 'findVoucher', voucher: Number(c.entry), purpose, ...(batches ? { batch: c.page } : {}) }),
      found,
    ),
  };
}
