import type { Hal, LogFields } from '../../src/hal/hal.ts';
import { type Journal, JournalFailure, openJournal } from '../../src/journal/journal.ts';
import { boot, type BootOptions, type Runtime } from '../../src/runtime/boot.ts';
import type { Ledger } from '../../src/sim/acquirer/ledger.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import type { TraceRecord } from '../../src/trace/record.ts';
import { type BooksVerdict, checkBooks } from './books.ts';
import { Eyes } from './eyes.ts';
import { type CommitFault, Disk, mount } from './disk.ts';
import { type LineFault, SerialLine } from './line.ts';
import { type Mood, Network } from './network.ts';
import { Person } from './person.ts';
import { type Channel, type Fault, type Intent, INTENTS, type Plan } from './plan.ts';
import { Random } from './random.ts';
import { CARDS, closeBooks, fieldsOf, openBooks, openShop, profileOf, value } from './shop.ts';
import { Crash, localTime, type Process, START_MS, Timeline, timersOf } from './timeline.ts';

const JOURNAL = 'journal.sim';
const SEAL_KEY = new Uint8Array(32).fill(7);
const MASTER_KEY = new Uint8Array(16).fill(0x11);
/** No intent takes longer, whatever happens; with faults gone the rest must come within a third of it. */
const INTENT_MS = 3 * 3_600_000;
const CALM_MS = 3_600_000;
/** A little longer than wrong passwords block an operator. */
const BLOCK_MS = 6 * 60_000;
/** Keys and cards of one intent: more means that nothing leads to the idle screen. */
const ACTS_MAX = 600;

export interface HistoryOptions {
  /** Faults that are switched off, by number. */
  readonly off?: ReadonlySet<number>;
  /** Takes one line for each thing that happens. */
  readonly tell?: (atMs: number, what: string, text: string) => void;
  /** The bytes of the terminal line are told, too. */
  readonly bytes?: boolean;
  /** Takes every trace record, log line and journal hash: two runs of one seed must give the same. */
  readonly digest?: (text: string) => void;
  /** Records each process of the program, from 1: gives what writes it down. */
  readonly recording?: (process: number) => BootOptions['recording'];
  /** A disk that forgets so many commits at a crash. */
  readonly forgets?: number;
}

export interface Verdict {
  readonly seed: number;
  /** What is wrong, first found first; empty when all is well. */
  readonly violations: readonly string[];
  /** Faults that happened, by name. */
  readonly hits: ReadonlyMap<string, number>;
  /** Ids of the faults that happened. */
  readonly fired: readonly number[];
  readonly intents: number;
  /** Sales, voids and refunds that the journal holds. */
  readonly transactions: number;
  readonly crashes: number;
  readonly virtualMs: number;
  readonly events: number;
  /** Short form of the journal's newest hash. */
  readonly anchor: string;
  /** Lies of the acquirer that the settlement has shown. */
  readonly shown: number;
  /** Lies that make up for each other in the totals; `reconcile` names them. */
  readonly madeUp: number;
}

/** What the intent at hand still has to expect in one channel, and how often something has happened there. */
class Due<C extends Channel> {
  readonly faults: (Fault & { channel: C })[] = [];
  count = 0;

  clear(): void {
    this.faults.length = 0;
    this.count = 0;
  }
}

/**
 * One history: the production runtime with its journal on a simulated disk, a virtual terminal on a noisy line, an
 * acquirer with books behind a bad network, and people, in virtual time and from one plan. First with faults, then
 * without: whatever happened, everything must come to rest, and the books must agree.
 */
export class History {
  readonly timeline = new Timeline();
  private readonly plan: Plan;
  private readonly options: HistoryOptions;
  /** Somebody reads the story; in most runs nobody does, and texts are dear. */
  private readonly told: boolean;
  private disk = new Disk();
  private readonly ledger: Ledger;
  private readonly line: SerialLine;
  private readonly network: Network;
  private readonly terminal: VirtualTerminal;
  private readonly person: Person;
  private readonly eyes: Eyes;
  private readonly entropy: Random;
  private readonly hits = new Map<string, number>();
  private readonly fired: number[] = [];
  private readonly waiting = new Map<number, Fault[]>();
  private readonly due: { readonly [C in Channel]: Due<C> } = {
    request: new Due(),
    connect: new Due(),
    send: new Due(),
    commit: new Due(),
    line: new Due(),
    person: new Due(),
    world: new Due(),
  };
  private idleLines: readonly string[] = [];
  private calm = false;
  private jumpMs = 0;
  /** Commits until the program ends once more; 0: it does not. */
  private relapseAt = 0;
  private journal: Journal | undefined;
  private runtime: Runtime | undefined;
  private process: Process & { link?: { drop(): void } } = { dead: true };
  private crashes = 0;
  private starts = 0;
  private events = 0;
  private intentSinceMs = 0;
  private readonly profile;

  constructor(plan: Plan, options: HistoryOptions = {}) {
    this.plan = plan;
    this.options = options;
    this.told = options.tell !== undefined || options.digest !== undefined;
    this.profile = profileOf(plan.options);
    this.entropy = new Random(plan.seed, 1);
    this.disk.forgets = options.forgets ?? 0;
    mount(JOURNAL, this.disk);
    for (const fault of plan.faults) {
      if (options.off?.has(fault.id)) continue;
      const list = this.waiting.get(fault.intent);
      if (list) list.push(fault);
      else this.waiting.set(fault.intent, [fault]);
    }
    this.ledger = openBooks();
    this.line = new SerialLine(this.timeline, bytes => this.terminal.received(bytes));
    // Not assigned as they are written: the engine puts such a function among the old objects, and what it sees with it, so
    // that each finished world would lie there until all of them are swept.
    const onPiece = (): LineFault | undefined => this.take(this.due.line)?.what;
    const onCommit = (): CommitFault | undefined => this.relapse() ?? this.take(this.due.commit)?.what;
    this.line.onPiece = onPiece;
    this.disk.onCommit = onCommit;
    if (options.bytes)
      this.line.onBytes = (way, bytes) =>
        this.note(
          way,
          Buffer.from(bytes)
            .toString('latin1')
            .replace(/[^ -~]/g, c => '<' + c.charCodeAt(0).toString(16) + '>'),
        );
    this.eyes = new Eyes(() => this.journal);
    this.network = new Network(
      this.timeline,
      fieldsOf(plan.options),
      this.ledger,
      new Random(plan.seed, 2),
      {
        connect: () => this.take(this.due.connect)?.what,
        send: seen => {
          this.eyes.sends(seen);
          return this.take(this.due.send)?.what;
        },
        arrived: seen => this.moodFor(seen),
        answered: () => {},
      },
      this.told ? line => this.note('acquirer', line) : undefined,
    );
    this.network.routes = plan.options.routes;
    this.terminal = new VirtualTerminal({
      timers: this.timeline,
      entropy: new Random(plan.seed, 3),
      tmk: MASTER_KEY,
      serialNumber: 'SIM00000001',
      panel: true,
      write: bytes => this.line.fromTerminal(bytes),
      onSlip: slip => {
        this.eyes.prints(slip.text);
        if (this.told) this.note('slip', slip.text.split('\n').slice(0, 40).join(' / '));
      },
      onListening: () => this.person.listens(),
    });
    this.person = new Person(
      {
        timeline: this.timeline,
        terminal: this.terminal,
        ledger: this.ledger,
        cards: CARDS,
        thinkMs: plan.options.thinkMs,
        journal: () => (this.process.dead ? undefined : this.journal),
        newest: () => (this.process.dead ? undefined : this.journal?.lastTxn()),
        fault: () => this.take(this.due.person)?.what,
        note: text => this.note('person', text),
        begins: index => this.begins(index),
      },
      plan.intents,
    );
  }

  run(): Verdict {
    const first = this.openJournal();
    openShop(first, this.wallMs());
    first.close();
    this.start();
    this.go(() => this.person.finished && this.person.step === 'idle', INTENT_MS, 'with faults');
    if (this.eyes.found.length === 0) this.settleDown();
    const books = this.eyes.found.length === 0 ? this.books() : undefined;
    const journal = this.journal;
    const verdict: Verdict = {
      seed: this.plan.seed,
      violations: [...this.eyes.found, ...(books?.violations ?? [])],
      hits: this.hits,
      fired: this.fired,
      intents: Math.min(this.person.index, this.plan.intents.length),
      transactions: books?.transactions ?? 0,
      crashes: this.crashes,
      virtualMs: this.timeline.nowMs,
      events: this.events,
      anchor: journal?.anchor() ?? '',
      shown: books?.shown ?? 0,
      madeUp: books?.madeUp ?? 0,
    };
    this.options.digest?.(verdict.anchor);
    journal?.close();
    this.disk.end();
    closeBooks(this.ledger);
    return verdict;
  }

  /** Phase 2: no faults any more, and people who clear up. Everything must come to rest in bounded time. */
  private settleDown(): void {
    this.calm = true;
    this.line.calm();
    this.network.calm();
    this.disk.setFull(false);
    this.terminal.paper('ok');
    this.note('phase', 'faults stop');
    // What is still on its way through the network arrives first: a person waits for it, too, before the day is closed.
    // Nor does somebody who mistyped a password too often try again before the block is over.
    const until = Math.max(this.network.heldUntilMs, this.timeline.nowMs + BLOCK_MS) + 1_000;
    while (this.timeline.nowMs < until && this.eyes.found.length === 0) this.step();
    this.person.calm();
    const clean: Intent = {
      ...this.plan.intents[0],
      kind: 'sale',
      card: 'swipe',
      way: 'swipe',
      pin: '',
      pay: 'card',
      fromIdle: false,
    };
    const rest = (kind: Intent['kind'], amountMinor: number): Intent => ({ ...clean, kind, amountMinor });
    for (let held = this.journal?.heldRefunds().length ?? 0; held > 0; held--)
      // What can not be sent any more is stopped: the remainder by two of `choice` says which.
      this.person.intents.push({ ...rest('supervisor', 0), choice: 0 }, { ...rest('supervisor', 0), choice: 1 });
    this.person.intents.push(rest('sale', 1_100), rest('sale', 1_200), rest('supervisor', 0), rest('supervisor', 0));
    this.person.intents.push(rest('settle', 0), rest('settle', 0), rest('signOn', 0), rest('sale', 1_300));
    this.go(() => this.person.finished && this.person.step === 'idle', CALM_MS, 'after the faults stopped');
  }

  /** Lets the world go on until `over`. */
  private go(over: () => boolean, limitMs: number, when: string): void {
    this.intentSinceMs = this.timeline.nowMs;
    while (!over() && this.eyes.found.length === 0) {
      const ms = this.timeline.nowMs - this.intentSinceMs;
      if (ms > limitMs || this.person.acts > ACTS_MAX)
        return this.eyes.report(
          `stuck ${when}: ${Math.round(ms / 60_000)} min and ${this.person.acts} keys in one intent (${this.person.intent?.kind ?? 'rest'}), step ${this.person.step}`,
        );
      this.step();
    }
  }

  private step(): void {
    this.events++;
    try {
      const fault = this.take(this.due.world);
      if (fault) this.happens(fault);
      if (!this.timeline.step()) this.eyes.report('nothing happens any more');
    } catch (error) {
      if (error instanceof Crash) return this.crash(error.message);
      if (error instanceof JournalFailure) return this.crash(error.fault.name);
      this.eyes.report(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  private happens(fault: Fault & { channel: 'world' }): void {
    switch (fault.what) {
      case 'crash':
        return this.crash('between two events');
      case 'crashTwice':
        this.relapseAt = new Random(fault.seed).between(1, 5);
        return this.crash('between two events, and again while it recovers');
      case 'stop':
        return this.runtime?.stop();
      case 'clockJump':
        this.jumpMs += new Random(fault.seed).pick([-26, -3, -1, 1, 5, 30]) * 3_600_000;
        return;
      case 'terminalRestart':
        // The line stays up, as with a pad on a UART: nothing tells the host.
        this.terminal.restart();
        return;
      case 'cancelKey':
        return this.terminal.pressKey('CANCEL');
      case 'cardPulledNow':
        this.terminal.remove();
        return;
      case 'linePulled':
        // Set first: the program may end while it is told that its line is gone.
        this.timeline.set(new Random(fault.seed).between(100, 40_000), () => this.line.plug());
        this.line.unplug();
        return;
    }
  }

  // --- the program ----------------------------------------------------------------------------------------------------

  private wallMs(): number {
    return START_MS + this.timeline.nowMs + this.jumpMs;
  }

  private start(): void {
    const process: Process & { link?: { drop(): void } } = { dead: false };
    const link = this.network.link(process);
    process.link = link;
    this.process = process;
    const note = (level: string) =>
      this.told
        ? (fields: LogFields, message: string): void =>
            this.note('log', `${level} ${JSON.stringify(fields)} ${message}`)
        : (): void => {};
    const hal: Hal = {
      clock: { nowMs: () => this.wallMs(), monotonicMs: () => this.timeline.nowMs, local: localTime },
      timers: timersOf(this.timeline, process),
      entropy: this.entropy,
      serial: this.line.port(process),
      host: link,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
    };
    try {
      this.journal = this.openJournal();
      const recording = this.options.recording?.(++this.starts);
      const options = {
        lang: this.plan.options.lang,
        version: '0.0.0-sim',
        trace: (r: TraceRecord) => this.trace(r),
        ...(this.told ? { messages: (r: TraceRecord) => this.trace(r) } : {}),
        ...(recording ? { recording } : {}),
      };
      this.runtime = value(
        boot(hal, this.profile, this.journal, options, end => {
          this.note('process', `ended: ${end.kind}`);
          this.restart(process);
        }),
      );
    } catch (error) {
      if (error instanceof Crash) return this.crash(error.message);
      if (error instanceof JournalFailure) return this.crash(error.fault.name);
      throw error;
    }
  }

  private openJournal(): Journal {
    const { tries, finalCodes, blockWhenHeld } = this.profile.acquirer.reversal;
    const reversal = { triesMax: tries, finalCodes, blockWhenHeld };
    return value(openJournal({ path: JOURNAL, sealKey: SEAL_KEY, entropy: this.entropy, reversal }));
  }

  /** The process is gone, between two events or in the middle of one. */
  private crash(why: string): void {
    this.crashes++;
    this.note('process', `gone: ${why}`);
    this.line.drop();
    if (this.disk.forgets > 0) {
      this.disk = this.disk.lose();
      mount(JOURNAL, this.disk);
    }
    this.restart(this.process);
  }

  private relapse(): CommitFault | undefined {
    if (this.relapseAt === 0 || --this.relapseAt > 0 || this.calm) return undefined;
    return this.crashes % 2 === 0 ? 'crashBefore' : 'crashAfter';
  }

  private restart(process: Process & { link?: { drop(): void } }): void {
    if (process.dead) return;
    process.dead = true;
    process.link?.drop();
    this.line.drop();
    this.journal?.close();
    this.journal = undefined;
    // Whoever starts it again has made room on the disk.
    this.timeline.set(this.plan.options.restartMs, () => {
      this.disk.setFull(false);
      this.note('process', 'started');
      this.start();
    });
  }

  private trace(record: TraceRecord): void {
    if (record.kind === 'screen') {
      if (record.step === 'idle') this.idleLines = record.lines;
      this.eyes.shows(record.step);
      this.person.sees(record.step);
    }
    if (!this.told) return;
    if (record.kind === 'screen') this.note('screen', `${record.step} | ${record.lines.join(' | ')}`);
    else if (record.kind === 'sent' || record.kind === 'received')
      this.note(record.kind, `${record.mti} ${JSON.stringify(record.fields)}`);
    else this.options.digest?.(JSON.stringify(record));
  }

  // --- faults ---------------------------------------------------------------------------------------------------------

  private begins(index: number): void {
    this.intentSinceMs = this.timeline.nowMs;
    const { intent } = this.person;
    if (this.options.tell) this.note('intent', `${index + 1}: ${JSON.stringify(intent)}`);
    for (const due of Object.values(this.due)) due.clear();
    if (this.calm || index >= INTENTS) return;
    for (const fault of this.waiting.get(index) ?? []) (this.due[fault.channel] as Due<Channel>).faults.push(fault);
  }

  /** One more thing of a channel happens; the fault that waits for it, if there is one. */
  private take<C extends Channel>(due: Due<C>): (Fault & { channel: C }) | undefined {
    if (due.faults.length === 0 || this.calm) return undefined;
    due.count++;
    for (const fault of due.faults)
      if (fault.after === due.count) {
        this.hit(fault);
        return fault;
      }
    return undefined;
  }

  private hit(fault: Fault): void {
    this.hits.set(fault.name, (this.hits.get(fault.name) ?? 0) + 1);
    this.fired.push(fault.id);
    if (this.told) this.note('fault', `#${fault.id} ${fault.name} ${JSON.stringify(fault.what)}`);
  }

  private moodFor(seen: Parameters<Eyes['sends']>[0]): Mood | undefined {
    if (this.told) this.note('arrives', `${seen.mti} ${seen.type} trace ${seen.trace}`);
    const due = this.due.request;
    if (due.faults.length === 0 || this.calm) return undefined;
    const count = ++due.count;
    const name = `${seen.mti}/${seen.type}`;
    const at = due.faults.findIndex(({ after, what: { only } }) =>
      only ? after <= count && only.some(one => one === name || one === `${name}/${seen.entry}`) : after === count,
    );
    if (at < 0) return undefined;
    const [fault] = due.faults.splice(at, 1);
    this.hit(fault);
    return this.eyes.honest(fault.what, seen);
  }

  private note(what: string, text: string): void {
    this.options.tell?.(this.timeline.nowMs, what, text);
    this.options.digest?.(`${this.timeline.nowMs} ${what} ${text}`);
  }

  private books(): BooksVerdict {
    const journal = this.journal;
    if (!journal) return { violations: ['the program does not run at the end'], transactions: 0, shown: 0, madeUp: 0 };
    return checkBooks(this.disk, this.ledger, journal, this.eyes, {
      unsurvivable: this.plan.unsurvivable || this.network.lied,
      finalCodes: this.profile.acquirer.reversal.finalCodes,
      verify: this.plan.seed % 16 === 0,
      idle: this.idleLines.join(' / '),
    });
  }
}
