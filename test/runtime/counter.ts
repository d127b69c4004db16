import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareBooks } from '../../src/cli/compare.ts';
import { faultText, type Result } from '../../src/fault.ts';
import type { Hal, LogFields, Outbox } from '../../src/hal/hal.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { boot, type BootOptions, type End, type Runtime } from '../../src/runtime/boot.ts';
import type { EquipmentOptions } from '../../src/runtime/equipment.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import type { TrainingRoom } from '../../src/runtime/training.ts';
import type { TraceRecord } from '../../src/trace/record.ts';
import type { SlipDesk } from '../../src/runtime/slip-code.ts';
import { Acquirer, DEFAULT_TERMINAL } from '../../src/sim/acquirer/acquirer.ts';
import { type Ledger, ledgerSummary, openLedger } from '../../src/sim/acquirer/ledger.ts';
import type { FaultRule } from '../../src/sim/acquirer/rules.ts';
import { parseDeck, type TestCard } from '../../src/sim/terminal/deck.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import { VirtualTerminal, type VirtualTerminalOptions } from '../../src/sim/terminal/terminal.ts';
import { type Message, Network } from './network.ts';
import { Cable, type Process, seeded, timersOf, World } from './world.ts';

const DECK = fileURLToPath(new URL('../../firmware-profiles/decks/test-deck.json', import.meta.url));
const SEAL_KEY = new Uint8Array(32).fill(7);
const MASTER_KEY = new Uint8Array(16).fill(0x11);
/** How long a person waits for a screen, milliseconds of virtual time. */
const PATIENCE_MS = 300_000;

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(faultText(result.fault));
  return result.value;
}

const deck = value(parseDeck(readFileSync(DECK, 'utf8')));

export function card(id: string): TestCard {
  const found = deck.cards.find(one => one.id === id);
  if (!found) throw new Error(`no card ${id} in the deck`);
  return found;
}

const shipped = new Map<string, Profile>();

function profileOf(id: string): Profile {
  let profile = shipped.get(id);
  if (!profile) shipped.set(id, (profile = value(loadProfile(id, name => namedProfile(id).read(name)))));
  return profile;
}

type Change<T> = { readonly [K in keyof T]?: T[K] extends object ? Change<T[K]> : T[K] };

function changed<T>(original: T, change: Change<T> | undefined): T {
  if (change === undefined) return original;
  const out = { ...original } as Record<string, unknown>;
  for (const [name, part] of Object.entries(change)) {
    const plain = typeof part === 'object' && part !== null && !Array.isArray(part);
    out[name] = plain ? changed(out[name], part as Change<unknown>) : part;
  }
  return out as T;
}

export interface CounterOptions {
  readonly profile?: string;
  /** Members that differ from the shipped profile. */
  readonly change?: Change<Pick<Profile, 'policy' | 'acquirer' | 'terminal'>>;
  readonly lang?: 'zh' | 'en';
  readonly rules?: readonly FaultRule[];
  readonly seed?: number;
  /** Master key in the terminal; the acquirer's own when left out. */
  readonly terminalKey?: Uint8Array;
  /** File of the journal; without it the journal is in memory and outlives a crash as it is. */
  readonly journal?: string;
  /** False: nobody is on duty, as in a new shop. */
  readonly onDuty?: boolean;
  readonly startMs?: number;
  /** False: a plain PIN pad. */
  readonly panel?: boolean;
  /** Keys of the signed slip codes. */
  readonly slips?: SlipDesk;
  /** Where training happens. */
  readonly training?: (rim: Pick<Hal, 'clock' | 'timers' | 'entropy'>, profile: Profile) => TrainingRoom;
  /** Ways to tell somebody outside. */
  readonly outbox?: Outbox;
  /** The image that is run and the shelf. */
  readonly equipment?: EquipmentOptions;
  /** Writes down a process of the program; asked at each start. */
  readonly recording?: () => BootOptions['recording'];
  /** The terminal where it is another one than usual. */
  readonly terminal?: Partial<
    Pick<VirtualTerminalOptions, 'model' | 'firmware' | 'serialNumber' | 'checkImage' | 'slotMemory'>
  >;
}

/** Thrown through the runtime to end it, as a power cut would. */
export class Crash extends Error {}

/** A moment of the runtime's dealings with the journal. */
export type CrashPoint = { readonly call: number; readonly when: 'before' | 'after' };

/**
 * A whole counter in virtual time: the production runtime with its journal, a virtual terminal on a cable, a virtual
 * acquirer on a network, and the person who presses the keys. A crash throws the runtime away; `start` boots the next one
 * on the same journal.
 */
export class Counter {
  readonly world: World;
  profile: Profile;
  equipment: EquipmentOptions | undefined;
  readonly terminal: VirtualTerminal;
  readonly cable: Cable;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly slips: string[] = [];
  readonly screens: string[] = [];
  readonly beeps: string[] = [];
  readonly log: string[] = [];
  readonly traced: TraceRecord[] = [];
  /** Calls of the journal that made a record, by number. */
  readonly commits: number[] = [];
  journal: Journal;
  ended: End | undefined;
  /** Where the runtime is to be thrown away. */
  crashAt: CrashPoint | undefined;
  crashes = 0;
  private readonly options: CounterOptions;
  private readonly entropy: Hal['entropy'];
  private readonly plan;
  private acquirer: Acquirer;
  private runtime: Runtime | undefined;
  private process: Process & { link?: { drop(): void } } = { dead: true };
  private calls = 0;

  constructor(options: CounterOptions = {}) {
    this.options = options;
    this.world = new World(options.startMs);
    this.profile = changed(profileOf(options.profile ?? 'unionpay-pos'), options.change as Change<Profile> | undefined);
    if (options.equipment?.image) this.profile = options.equipment.image.profile;
    this.equipment = options.equipment;
    this.entropy = seeded(options.seed ?? 1);
    this.plan = value(compileFieldPlan(this.profile.dialect, this.profile.acquirer.dialectOptions));
    this.ledger = value(openLedger(':memory:'));
    this.acquirer = this.newAcquirer(options.rules ?? []);
    const handler = { handle: (frame: Uint8Array, nowMs: number) => this.acquirer.handle(frame, nowMs) };
    this.network = new Network(this.world, this.plan, handler, line => this.log.push(`acquirer ${line}`));
    this.terminal = new VirtualTerminal({
      timers: this.world,
      entropy: seeded((options.seed ?? 1) + 1),
      tmk: options.terminalKey ?? MASTER_KEY,
      serialNumber: 'SIM00000001',
      panel: options.panel ?? true,
      ...options.terminal,
      write: bytes => this.cable.fromTerminal(bytes),
      onScreen: screen => this.screens.push(screen.lines.join('\n')),
      onSlip: slip => this.slips.push(slip.text),
      onBeep: pattern => this.beeps.push(pattern),
    });
    this.cable = new Cable(this.world, bytes => this.terminal.received(bytes));
    this.journal = this.openJournal();
    if (options.onDuty !== false) this.journal.appendEvent(this.world.nowMs(), 'operator-on', { operator: '01' });
    this.start();
  }

  // --- the machine room -----------------------------------------------------------------------------------------------

  /** Boots a runtime on the present journal. */
  start(): void {
    const process: Process & { link?: { drop(): void } } = { dead: false };
    const link = this.network.link(process);
    process.link = link;
    this.process = process;
    const note =
      (level: string) =>
      (fields: LogFields, message: string): void => {
        this.log.push(`${level} ${JSON.stringify(fields)} ${message}`);
      };
    const hal: Hal = {
      clock: this.world,
      timers: timersOf(this.world, process),
      entropy: this.entropy,
      serial: this.cable.port(process),
      host: link,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      ...(this.options.outbox ? { outbox: this.options.outbox } : {}),
    };
    this.ended = undefined;
    const { slips, training } = this.options;
    const recording = this.options.recording?.();
    const options = {
      lang: this.options.lang ?? 'zh',
      version: '0.0.0-test',
      ...(slips ? { slips } : {}),
      ...(recording ? { recording } : {}),
      ...(this.equipment ? { equipment: this.equipment } : {}),
      ...(training
        ? {
            training: training(hal, this.profile),
            trace: (record: TraceRecord) => void this.traced.push(record),
            messages: (record: TraceRecord) => void this.traced.push(record),
          }
        : {}),
    };
    this.runtime = value(
      boot(hal, this.profile, this.watched(this.journal), options, end => {
        this.ended = end;
      }),
    );
  }

  stop(): void {
    this.runtime?.stop();
  }

  /** A line that comes over the control socket; the answers that it got so far. */
  control(line: string, isGone: () => boolean = () => false): string[] {
    const answers: string[] = [];
    const { process } = this;
    this.guarded(() =>
      this.runtime?.control({
        line,
        isGone,
        answer: text => {
          if (!process.dead) answers.push(text);
        },
      }),
    );
    return answers;
  }

  /** The process is gone, between two events of its inbox or in the middle of one. */
  crash(): void {
    this.crashes++;
    this.process.dead = true;
    this.process.link?.drop();
    this.cable.drop();
    if (this.options.journal === undefined) return;
    this.journal.close();
    this.journal = this.openJournal();
  }

  /** Replaces the fault rules of the acquirer; its books stay. */
  faults(...rules: readonly FaultRule[]): void {
    this.acquirer = this.newAcquirer(rules);
  }

  unplug(): void {
    this.cable.unplug();
  }

  plug(): void {
    this.cable.plug();
  }

  private newAcquirer(rules: readonly FaultRule[]): Acquirer {
    return new Acquirer({
      plan: this.plan,
      ledger: this.ledger,
      entropy: this.entropy,
      local: ms => this.world.local(ms),
      masterKey: MASTER_KEY,
      terminals: [DEFAULT_TERMINAL],
      rules,
      log: line => this.log.push(`acquirer ${line}`),
    });
  }

  private openJournal(): Journal {
    return value(
      openJournal({
        path: this.options.journal ?? ':memory:',
        sealKey: SEAL_KEY,
        entropy: this.entropy,
        reversal: reversalPolicyOf(this.profile),
      }),
    );
  }

  /** The journal with a counter of its calls, and the trap of `crashAt`. */
  private watched(journal: Journal): Journal {
    return new Proxy(journal, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const call = ++this.calls;
          const trap = this.crashAt?.call === call ? this.crashAt.when : undefined;
          if (trap === 'before') throw new Crash();
          const head = target.headSeq;
          const result: unknown = Reflect.apply(member, target, args);
          if (target.headSeq !== head) this.commits.push(call);
          if (trap === 'after') throw new Crash();
          return result;
        };
      },
    });
  }

  // --- the person -----------------------------------------------------------------------------------------------------

  get screen(): string {
    return this.terminal.screenState().lines.join('\n');
  }

  /** Waits until `text` stands on the screen, then presses `keys` (names with blanks between). */
  on(text: string, keys = ''): this {
    this.wait(() => this.screen.includes(text), `the screen never showed "${text}"`);
    return this.keys(keys);
  }

  /** Presses keys, each when the terminal asks for one. */
  keys(names: string): this {
    for (const name of names.split(' ').filter(Boolean)) {
      this.wait(() => this.terminal.listening().keys, `nobody asked for the key ${name}`);
      this.terminal.pressKey(name as KeyName);
    }
    return this;
  }

  /** Types digits and ENTER: an amount in minor units, a voucher, a password. */
  type(digits: number | string): this {
    return this.keys(`${[...String(digits)].join(' ')} ENTER`);
  }

  swipe(which: string | TestCard): this {
    this.wait(() => this.terminal.listening().magnetic, 'nobody waited for a swipe');
    return this.did(this.terminal.swipe(cardOf(which)));
  }

  /** Inserts a card when the terminal waits for one. */
  insert(which: string | TestCard): this {
    this.wait(() => this.terminal.listening().magnetic || this.terminal.listening().keys, 'nobody waited for a card');
    return this.did(this.terminal.insert(cardOf(which)));
  }

  tap(which: string | TestCard): this {
    this.wait(() => this.terminal.listening().contactless, 'nobody waited for a tap');
    return this.did(this.terminal.tap(cardOf(which)));
  }

  /** Shows a code to the scanner when the terminal waits for one. */
  scan(text: string): this {
    this.wait(() => this.terminal.listening().scanner, 'nobody waited for a scan');
    return this.did(this.terminal.scan(text));
  }

  remove(): this {
    return this.did(this.terminal.remove());
  }

  pause(seconds: number): this {
    this.guarded(() => this.world.pass(seconds * 1000));
    return this;
  }

  /** Waits until something is so. */
  wait(condition: () => boolean, complaint: string, limitMs = PATIENCE_MS): void {
    const met = this.guarded(() => this.world.until(condition, limitMs));
    if (!met) throw new Error(`${complaint} within ${limitMs / 1000} s\n${this.story()}`);
  }

  /** A crash on the way ends the runtime, not the person: it is thrown to the test. */
  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof Crash) this.crash();
      throw error;
    }
  }

  private did(problem: string | undefined): this {
    if (problem !== undefined) throw new Error(`${problem}\n${this.story()}`);
    return this;
  }

  /** What a test that fails should tell. */
  story(): string {
    const lines = this.terminal.screenState().lines.map(line => `  | ${line}`);
    const messages = this.network.messages
      .slice(-6)
      .map(m => `  ${m.way} ${m.mti} 11=${m.fields[11] ?? '-'} 4=${m.fields[4] ?? '-'} 39=${m.fields[39] ?? '-'}`);
    return ['screen:', ...lines, 'last messages:', ...messages, 'log:', ...this.log.slice(-12)].join('\n');
  }

  // --- what is to be seen ---------------------------------------------------------------------------------------------

  /** Messages sent (or received) with an MTI, oldest first. */
  sent(mti: string): Message[] {
    return this.network.messages.filter(m => m.way === 'sent' && m.mti === mti);
  }

  received(mti: string): Message[] {
    return this.network.messages.filter(m => m.way === 'received' && m.mti === mti);
  }

  /** Message types sent since message number `from`, e.g. `0800 0200 0400`. */
  sentTypes(from = 0): string {
    return this.network.messages
      .slice(from)
      .filter(m => m.way === 'sent')
      .map(m => m.mti)
      .join(' ');
  }

  /** All differences between the journal and the acquirer's books, and what is wrong with either. Empty when all is well. */
  differences(): string[] {
    const found = [...compareBooks(this.journal, ledgerSummary(this.ledger.db)).differences];
    const verified = this.journal.verify();
    if (!verified.ok) found.push(`journal record ${verified.seq}: ${verified.why}`);
    return [...found, ...this.reusedTraces(), ...this.clearNumbers()];
  }

  /** Card numbers in clear where people or files could see them. */
  private clearNumbers(): string[] {
    const shown = [...this.slips, ...this.log, ...this.screens].join('\n');
    return deck.cards
      .filter(one => shown.includes(one.pan))
      .map(one => `the number of card ${one.id} is shown in clear`);
  }

  /** A trace names one request in a batch; only a reversal, a batch item and a repeated refund or QR void may say it again. */
  private reusedTraces(): string[] {
    const seen = new Map<string, Message>();
    const found: string[] = [];
    for (const message of this.network.messages) {
      if (message.way !== 'sent' || !['0200', '0220', '0500', '0800'].includes(message.mti)) continue;
      const name = `${message.fields[60]?.slice(2, 8)}/${message.fields[11]}`;
      const first = seen.get(name);
      if (!first) seen.set(name, message);
      else if (!repeatable(message) || !repeatable(first))
        found.push(`trace ${name} used twice: ${first.mti}, ${message.mti}`);
    }
    return found;
  }
}

/** Only what has no reversal may be sent again under its own trace: a refund, and a void of a scanned payment. */
const repeatable = ({ mti, fields }: Message): boolean =>
  mti === '0220' || (fields[22] === '032' && (fields[60]?.startsWith('23') ?? false));

const cardOf = (which: string | TestCard): TestCard => (typeof which === 'string' ? card(which) : which);
