import { MENUS, type MenuId, type ScreenId } from '../profile/screens.ts';
import type { PromptId, WordId } from '../profile/words.ts';
import type { Values } from '../profile/template.ts';
import type { PanelProfile } from './profile.ts';
import type { CaseView, DeskWork, RefundView } from './refund-desk.ts';
import type { FlashView } from './equipment.ts';
import { NO_TRAINING, type TrainingWork } from './quiz.ts';
import type {
  Await,
  DeskStatus,
  Done,
  Draft,
  Job,
  KeyName,
  Progress,
  HeldView,
  RecordView,
  Remark,
  RuleView,
  ScreenSpec,
  TerminalEvent,
} from './types.ts';

/** Everything a flow knows between two events. Plain data: two equal contexts behave the same for ever. */
export interface Context {
  readonly desk: DeskStatus;
  /** Keys typed in the present step. */
  readonly entry: string;
  /** Local prompt shown in the present step after a wrong entry. */
  readonly notice?: PromptId;
  readonly tries: number;
  /** Person whose password is asked for. */
  readonly operator?: string;
  /** Typed digits, from one step to the next and no longer. */
  readonly password?: string;
  /** Cashier who is added or removed. */
  readonly candidate?: string;
  readonly operators: readonly string[];
  /** Transaction whose slip could not be printed: F1 at the idle screen prints it. */
  readonly owedSlip?: RecordView;
  /** What the person is doing: the title line of refusals. */
  readonly topic: WordId;
  readonly draft: Draft;
  /** Transaction whose slip is printed, or that is looked at. */
  readonly record?: RecordView;
  readonly records: readonly RecordView[];
  readonly refunds: readonly RefundView[];
  readonly cases: readonly CaseView[];
  /** What is being put together at the refund desk. */
  readonly work: DeskWork;
  /** What is looked for, as far as it was typed. */
  readonly search?: { readonly date: string; readonly amountMinor?: number };
  /** Quiz and drill in hand. */
  readonly training: TrainingWork;
  /** The image that is looked at, and the place of the next one. */
  readonly flash?: FlashView | undefined;
  readonly flashAt?: number | undefined;
  /** Full minutes at the idle screen without a key. */
  readonly idleMinutes: number;
  readonly remark?: Remark;
  /** The rule behind {@link notice}. */
  readonly rule?: RuleView | undefined;
  /** The held refund that is looked at. */
  readonly held?: HeldView;
  readonly done?: Done;
  readonly progress?: Progress;
  readonly page: number;
}

export type Guard = (context: Context, event: TerminalEvent) => boolean;
export type Change = (context: Context, event: TerminalEvent) => Partial<Context>;

/** One way out of a step. The first whose `when` holds is taken; without `to` the step stays. */
export interface Way {
  readonly when?: Guard;
  readonly change?: Change;
  readonly to?: string;
}

/** One step of a flow: what is shown, what is waited for, and where each event leads. */
export interface Step {
  readonly screen: (context: Context) => ScreenSpec;
  readonly await: (context: Context) => Await;
  /** Beeps when the step is entered: S short, L long. */
  readonly beep?: string;
  readonly on: Partial<Record<TerminalEvent['type'], readonly Way[]>>;
}

export type Steps = Record<string, Step>;

export const NO_DRAFT: Draft = { kind: 'sale', amountMinor: 0, pinTries: 0, fallback: false, readTries: 0 };

export const NO_DESK: DeskStatus = {
  signedOn: false,
  batch: 1,
  batchCount: 0,
  journalFull: false,
  reversalsOwed: 0,
  reversalsDue: 0,
  blocked: false,
  unknownRefunds: 0,
  heldRefunds: 0,
  settlementOpen: false,
  openCases: 0,
  overdueCases: 0,
  chipIn: false,
  version: '',
  anchor: '',
};

/** What the flows know at power-up. Every member is named, so that all contexts have one shape and change fast. */
export const FIRST_CONTEXT: Context = {
  desk: NO_DESK,
  entry: '',
  notice: undefined,
  tries: 0,
  operator: undefined,
  password: undefined,
  candidate: undefined,
  operators: [],
  owedSlip: undefined,
  topic: 'terminal',
  draft: NO_DRAFT,
  record: undefined,
  records: [],
  refunds: [],
  cases: [],
  work: {},
  search: undefined,
  training: NO_TRAINING,
  flash: undefined,
  flashAt: undefined,
  idleMinutes: 0,
  remark: undefined,
  rule: undefined,
  held: undefined,
  done: undefined,
  progress: undefined,
  page: 0,
};

/** Clears what belongs to one step only. */
const FRESH = {
  idleMinutes: 0,
  entry: '',
  notice: undefined,
  rule: undefined,
  tries: 0,
  page: 0,
  progress: undefined,
  password: undefined,
} as const;

/** A {@link Way} into another step with a clean entry line. */
export function go(to: string, change?: Change): Way {
  return { to, change: change ? (c, e) => Object.assign({ ...FRESH }, change(c, e)) : () => FRESH };
}

export function goWhen(when: Guard, to: string, change?: Change): Way {
  return { when, ...go(to, change) };
}

export const key =
  (...names: readonly KeyName[]): Guard =>
  (_, event) =>
    event.type === 'KEY' && names.includes(event.key);

/** As {@link key}, for a guard that asks for more. */
export const isKey = (event: TerminalEvent, name: KeyName, other?: KeyName): boolean =>
  event.type === 'KEY' && (event.key === name || event.key === other);

export const outcome =
  (...names: readonly string[]): Guard =>
  (_, event) =>
    event.type === 'DONE' && names.includes(event.outcome);

/** As {@link outcome}, for a guard that asks for more. */
export const isOutcome = (event: TerminalEvent, name: string, other?: string): boolean =>
  event.type === 'DONE' && (event.outcome === name || event.outcome === other);

/** Shorthand: `done` of the event that is being handled. */
export function doneOf(event: TerminalEvent): Done {
  return event.type === 'DONE' ? event : { type: 'DONE', outcome: '' };
}

/** A screen of the profile with its values. */
export function show(id: ScreenId, values: Values): ScreenSpec {
  return { kind: 'screen', id, values };
}

export const busy = (title: WordId): ScreenSpec => ({ kind: 'busy', title });
export const prompt = (title: WordId, id: PromptId): ScreenSpec => ({ kind: 'prompt', title, prompt: id });

/** Letters behind the digits of a keypad, for reference numbers (ALPHA cycles them). */
const LETTERS: Record<string, string> = {
  '1': '1QZ', '2': '2ABC', '3': '3DEF', '4': '4GHI', '5': '5JKL', '6': '6MNO', '7': '7PRS', '8': '8TUV', '9': '9WXY', '0': '0',
}; // prettier-ignore

function nextLetter(character: string): string {
  for (const ring of Object.values(LETTERS)) {
    const at = ring.indexOf(character);
    if (at >= 0) return ring[(at + 1) % ring.length];
  }
  return character;
}

/** A key with digits, 0–9 and 00; the names of the others begin with a letter. */
export const isDigits = (pressed: KeyName): boolean => pressed <= '9';

/** The entry line after one more key: digits and 00 append, CLEAR takes one away, ALPHA turns the last digit into a letter. */
export function edited(entry: string, pressed: KeyName, lengthMax: number, letters: boolean): string {
  if (pressed === 'CLEAR') return entry.slice(0, -1);
  if (letters && pressed === 'ALPHA' && entry !== '') return entry.slice(0, -1) + nextLetter(entry.slice(-1));
  return isDigits(pressed) ? (entry + pressed).slice(0, Math.max(lengthMax, entry.length)) : entry;
}

/** Waits for a key, for `timeoutMs` or, without it, for ever; no card and no scan counts. */
export function keypad(timeoutMs?: number): Step['await'] {
  const waiting = keypadOnly(timeoutMs);
  return () => waiting;
}

function keypadOnly(timeoutMs: number | undefined): Extract<Await, { kind: 'event' }> {
  return {
    kind: 'event',
    cards: [],
    removal: false,
    scanner: false,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** As {@link keypad}; a scan counts too, where the terminal has a scanner. */
export function scannerAndKeypad(profile: PanelProfile): Step['await'] {
  const without = keypadOnly(profile.operationTimeoutMs);
  const both = { ...without, scanner: true };
  return c => (c.desk.scanner === true ? both : without);
}

/** The way of a scan: its text is the entry of the next step. */
export function scannedTo(to: string): Way {
  return go(to, (_, e) => ({ entry: e.type === 'SCAN' ? e.text : '' }));
}

export interface EntryOptions {
  readonly screen: (context: Context) => ScreenSpec;
  readonly lengthMax: number | ((context: Context) => number);
  readonly letters?: boolean;
  /** Amounts drop leading zeros while typing (shift-left cents). */
  readonly amount?: boolean;
  /** Undefined when the entry is right, otherwise the local prompt to show. */
  readonly check: (entry: string, context: Context) => PromptId | undefined;
  readonly accept: (entry: string, context: Context) => Partial<Context>;
  readonly next: string;
  /** Other keys of this step, tried before anything else. */
  readonly ways?: readonly Way[];
  /** Step that gets a scanned text as its entry, where there is a scanner. */
  readonly scanned?: string;
  readonly cancel?: string;
  readonly timeout?: string;
}

/** A step in which something is typed. Wrong entries stay with a notice and three beeps; CANCEL and time-out leave. */
export function entryStep(profile: PanelProfile, options: EntryOptions): Step {
  const type: Change = (c, e) => {
    if (e.type !== 'KEY') return {};
    const { lengthMax } = options;
    let entry = edited(
      c.entry,
      e.key,
      typeof lengthMax === 'number' ? lengthMax : lengthMax(c),
      options.letters === true,
    );
    if (options.amount && entry.startsWith('0')) entry = entry.replace(/^0+/, '');
    return { entry, notice: undefined };
  };
  return {
    screen: c => {
      const spec = options.screen(c);
      return c.notice === undefined ? spec : { ...spec, notice: c.notice };
    },
    await: options.scanned === undefined ? keypad(profile.operationTimeoutMs) : scannerAndKeypad(profile),
    on: {
      ...(options.scanned === undefined ? {} : { SCAN: [scannedTo(options.scanned)] }),
      KEY: [
        ...(options.ways ?? []),
        goWhen(key('CANCEL'), options.cancel ?? 'idle'),
        goWhen(
          (c, e) => isKey(e, 'ENTER') && options.check(c.entry, c) === undefined,
          options.next,
          c => options.accept(c.entry, c),
        ),
        { when: key('ENTER'), change: c => ({ notice: options.check(c.entry, c), entry: '' }) },
        { change: type },
      ],
      TIMEOUT: [go(options.timeout ?? options.cancel ?? 'idle')],
    },
  };
}

/** News of a job are kept for its screen. */
const NEWS: readonly Way[] = [{ change: (_, e) => (e.type === 'PROGRESS' ? { progress: e.progress } : {}) }];

/** A step in which the runtime works. `ways` are tried in order on its DONE; the last one should have no condition. */
export function jobStep(
  screen: Step['screen'],
  job: (context: Context) => Job,
  ways: readonly Way[],
  beep?: string,
): Step {
  return {
    screen,
    await: c => ({ kind: 'job', job: job(c) }),
    ...(beep === undefined ? {} : { beep }),
    on: { DONE: ways, PROGRESS: NEWS },
  };
}

/** A message that stays until a key or its time is over. */
export function messageStep(
  screen: Step['screen'],
  timeoutMs: number,
  next: string,
  beep?: string,
  ways: readonly Way[] = [],
): Step {
  return {
    screen,
    await: keypad(timeoutMs),
    ...(beep === undefined ? {} : { beep }),
    on: { KEY: [...ways, go(next)], TIMEOUT: [go(next)] },
  };
}

/** A short message in which no key counts. */
export function pauseStep(screen: Step['screen'], ms: number, ways: readonly Way[]): Step {
  const waiting: Await = { kind: 'pause', ms };
  return { screen, await: () => waiting, on: { TIMEOUT: ways } };
}

/** Menu items of functions that this release or profile does not open: the refusal says so (E39). */
export function closed(...keys: readonly string[]): readonly MenuItem[] {
  return keys.map(name => ({ key: name, to: 'notOpen' }));
}

export interface MenuItem {
  readonly key: string;
  readonly to: string;
  readonly change?: Change;
}

/** A numbered menu of one or more pages: UP and DOWN turn them, the digit chooses from any page. */
export function menuStep(profile: PanelProfile, id: MenuId, items: readonly MenuItem[], parent: string): Step {
  return {
    screen: c => ({ kind: 'menu', id, page: c.page }),
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        ...items.map(item => goWhen(key(item.key as KeyName), item.to, item.change)),
        goWhen(key('CANCEL'), parent),
        { when: key('DOWN'), change: c => ({ page: Math.min(c.page + 1, MENUS[id] - 1) }) },
        { when: key('UP'), change: c => ({ page: Math.max(c.page - 1, 0) }) },
      ],
      TIMEOUT: [go('idle')],
    },
  };
}
