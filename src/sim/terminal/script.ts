import type { Timers } from '../../hal/hal.ts';
import { failed, fault, ok, type Result } from '../../fault.ts';
import { findCard, type Deck, type TestCard } from './deck.ts';
import { KEY_CODES, isKeyName, type KeyName } from './machine.ts';
import type { VirtualTerminal } from './terminal.ts';

/** Seconds that a step waits when the script does not say. */
export const STEP_SECONDS = 30;

type Action =
  | { readonly kind: 'expect'; readonly text: string }
  | { readonly kind: 'key'; readonly key: KeyName; readonly now: boolean }
  | { readonly kind: 'swipe' | 'insert' | 'tap'; readonly card: TestCard }
  | { readonly kind: 'remove' | 'wait-slip' | 'restart' | 'pause' }
  | { readonly kind: 'scan'; readonly text: string }
  | { readonly kind: 'paper'; readonly state: 'ok' | 'out' }
  | { readonly kind: 'unplug' }
  | { readonly kind: 'quit'; readonly status: number };

export type Step = Action & {
  /** Line of the script, 1 = first. */
  readonly line: number;
  /** How long the step may wait; for `pause` and `unplug` how long it lasts. */
  readonly seconds: number;
};

const USAGE: Readonly<Record<string, string>> = {
  expect: 'expect "<text>" [seconds]',
  keys: `keys <key>…, each one of ${Object.keys(KEY_CODES).join(' ')}`,
  'keys-now': 'keys-now <key>…',
  pin: 'pin <4 to 12 digits>',
  swipe: 'swipe <card>',
  insert: 'insert <card>',
  tap: 'tap <card>',
  remove: 'remove',
  scan: 'scan <text>|last',
  paper: 'paper out|ok',
  'wait-slip': 'wait-slip [seconds]',
  pause: 'pause <seconds>',
  restart: 'restart',
  unplug: 'unplug <seconds>',
  quit: 'quit [status]',
};

/**
 * Reads a script: one step a line, `#` begins a comment, text with spaces stands in double quotes. Mistakes are named with
 * their line and with what is allowed there.
 */
export function parseScript(text: string, deck: Deck): Result<readonly Step[]> {
  const steps: Step[] = [];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const words = splitWords(lines[i]);
    const parsed =
      words === undefined ? 'a quotation mark is missing' : words.length === 0 ? [] : parseLine(words, i + 1, deck);
    if (typeof parsed === 'string')
      return failed(
        fault(
          'E_ILLEGAL',
          'script-wrong',
          `script line ${i + 1}: ${parsed}`,
          'Correct the line; the language is in docs/terminal-simulator.md',
        ),
      );
    steps.push(...parsed);
  }
  return ok(steps);
}

function parseLine(words: readonly string[], line: number, deck: Deck): Step[] | string {
  const [name, ...args] = words;
  if (!Object.hasOwn(USAGE, name)) return `unknown step "${name}"; allowed: ${Object.keys(USAGE).join(', ')}`;
  const usage = `use: ${USAGE[name]}`;
  const one = (action: Action, seconds = STEP_SECONDS): Step[] => [{ ...action, line, seconds }];
  const keys = (names: readonly string[], now: boolean): Step[] | string => {
    const wrong = names.find(key => !isKeyName(key));
    if (names.length === 0 || wrong !== undefined)
      return wrong === undefined ? usage : `unknown key "${wrong}"; ${usage}`;
    return names.flatMap(key => one({ kind: 'key', key: key as KeyName, now }));
  };
  const seconds = (text: string | undefined, fallback?: number): number =>
    text === undefined ? (fallback ?? Number.NaN) : /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  const argsMax: Readonly<Record<string, number>> = {
    expect: 2,
    keys: Number.POSITIVE_INFINITY,
    'keys-now': Number.POSITIVE_INFINITY,
    remove: 0,
    restart: 0,
  };
  if (args.length > (argsMax[name] ?? 1)) return usage;
  switch (name) {
    case 'expect': {
      const limit = seconds(args[1], STEP_SECONDS);
      return !args[0] || Number.isNaN(limit) ? usage : one({ kind: 'expect', text: args[0] }, limit);
    }
    case 'keys':
    case 'keys-now':
      return keys(args, name === 'keys-now');
    case 'pin':
      return /^\d{4,12}$/.test(args[0] ?? '') ? keys([...args[0], 'ENTER'], false) : usage;
    case 'swipe':
    case 'insert':
    case 'tap': {
      const card = findCard(deck, args[0] ?? '');
      return card
        ? one({ kind: name, card })
        : `${args[0] === undefined ? usage : `no card "${args[0]}" in the deck`}; cards: ${deck.cards.map(c => c.id).join(', ')}`;
    }
    case 'remove':
    case 'restart':
      return one({ kind: name });
    case 'scan':
      return args[0] ? one({ kind: 'scan', text: args[0] }) : usage;
    case 'paper':
      return args[0] === 'ok' || args[0] === 'out' ? one({ kind: 'paper', state: args[0] }) : usage;
    case 'wait-slip': {
      const limit = seconds(args[0], STEP_SECONDS);
      return Number.isNaN(limit) ? usage : one({ kind: 'wait-slip' }, limit);
    }
    case 'pause':
    case 'unplug': {
      const lasting = seconds(args[0]);
      return Number.isNaN(lasting) ? usage : one({ kind: name }, lasting);
    }
    default: {
      const status = args[0] ?? '0';
      return /^\d{1,3}$/.test(status) && Number(status) < 256 ? one({ kind: 'quit', status: Number(status) }) : usage;
    }
  }
}

/** Words of a line, or undefined when a quotation mark is open at its end. `""` inside quotes is one mark. */
function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at])) at++;
    else if (line[at] === '#') break;
    else if (line[at] === '"') {
      const quoted = /^"((?:[^"]|"")*)"/.exec(line.slice(at));
      if (!quoted) return undefined;
      words.push(quoted[1].replaceAll('""', '"'));
      at += quoted[0].length;
    } else {
      const word = /^[^\s"]+/.exec(line.slice(at)) as RegExpExecArray;
      words.push(word[0]);
      at += word[0].length;
    }
  }
  return words;
}

export interface ScriptRim {
  readonly timers: Timers;
  readonly terminal: VirtualTerminal;
  /** Cuts the line for some time. */
  unplug(seconds: number, done: () => void): void;
  /** The script is over: 0 at its end, 4 when a step failed (`message` says which and what the screen shows). */
  finished(status: number, message?: string): void;
}

/**
 * Plays a script. A step waits until the terminal is ready for it: `expect` for the text, keys and cards for a command that
 * listens to them. So a script never presses a key before the host asks for one, whatever the speed of the host.
 */
export class ScriptRunner {
  private readonly rim: ScriptRim;
  private readonly steps: readonly Step[];
  private at = 0;
  private slipsSeen = 0;
  private deadline = 0;
  private scheduled = false;
  private lasting = false;
  private over = false;

  constructor(steps: readonly Step[], rim: ScriptRim) {
    this.steps = steps;
    this.rim = rim;
  }

  /** Something changed at the terminal (screen, listening, slip): look at the current step again, after the caller is done. */
  poke(): void {
    if (this.scheduled || this.over) return;
    this.scheduled = true;
    this.rim.timers.set(0, () => {
      this.scheduled = false;
      this.advance();
    });
  }

  private advance(): void {
    while (!this.over && !this.lasting) {
      const step = this.steps[this.at];
      if (!step) return this.finish(0);
      if (!this.ready(step)) return this.startDeadline(step);
      this.rim.timers.clear(this.deadline);
      this.deadline = 0;
      this.at++;
      const problem = this.perform(step);
      if (problem !== undefined) this.finish(4, `script line ${step.line}: ${problem}`);
    }
    return undefined;
  }

  private ready(step: Step): boolean {
    const { terminal } = this.rim;
    const listening = terminal.listening();
    switch (step.kind) {
      case 'expect':
        return terminal.screenState().lines.join('\n').includes(step.text);
      case 'key':
        return step.now || listening.keys;
      case 'swipe':
        return listening.magnetic;
      case 'tap':
        return listening.contactless;
      case 'scan':
        return listening.scanner;
      case 'wait-slip':
        return terminal.printer.slips > this.slipsSeen;
      default:
        return true;
    }
  }

  /** Returns why the step is not possible. */
  private perform(step: Step): string | undefined {
    const { terminal, timers } = this.rim;
    switch (step.kind) {
      case 'expect':
        return undefined;
      case 'key':
        terminal.pressKey(step.key);
        return undefined;
      case 'swipe':
        return terminal.swipe(step.card);
      case 'insert':
        return terminal.insert(step.card);
      case 'tap':
        return terminal.tap(step.card);
      case 'remove':
        return terminal.remove();
      case 'scan':
        return terminal.scan(step.text);
      case 'paper':
        terminal.paper(step.state);
        return undefined;
      case 'wait-slip':
        this.slipsSeen++;
        return undefined;
      case 'restart':
        terminal.restart();
        return undefined;
      case 'pause':
        this.lasting = true;
        timers.set(step.seconds * 1000, this.resume);
        return undefined;
      case 'unplug':
        this.lasting = true;
        this.rim.unplug(step.seconds, this.resume);
        return undefined;
      case 'quit':
        this.finish(step.status);
        return undefined;
    }
  }

  private readonly resume = (): void => {
    this.lasting = false;
    this.poke();
  };

  private startDeadline(step: Step): void {
    if (this.deadline !== 0) return;
    this.deadline = this.rim.timers.set(step.seconds * 1000, () => {
      const screen = this.rim.terminal.screenState().lines.map(line => `  | ${line}`);
      this.finish(
        4,
        [`script line ${step.line}: ${missing(step)} within ${step.seconds} s. The screen shows:`, ...screen].join(
          '\n',
        ),
      );
    });
  }

  private finish(status: number, message?: string): void {
    if (this.over) return;
    this.over = true;
    this.rim.timers.clear(this.deadline);
    this.rim.finished(status, message);
  }
}

function missing(step: Step): string {
  switch (step.kind) {
    case 'expect':
      return `expected "${step.text}", it did not appear`;
    case 'wait-slip':
      return 'no slip was cut';
    case 'key':
      return `nobody asked for a key (${step.key} was to be pressed)`;
    default:
      return `nobody waited for "${step.kind}"`;
  }
}
