import type { DatabaseSync } from 'node:sqlite';
import type { Hal } from '../../src/hal/hal.ts';
import type { Journal, Txn } from '../../src/journal/journal.ts';
import { boot } from '../../src/runtime/boot.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import type { TraceRecord } from '../../src/trace/record.ts';
import { checkBooks } from '../simulation/books.ts';
import { Eyes } from '../simulation/eyes.ts';
import { type Mood, Network } from '../simulation/network.ts';
import { Person } from '../simulation/person.ts';
import type { ShopOptions } from '../simulation/plan.ts';
import { Random } from '../simulation/random.ts';
import { CARDS, openShop, value } from '../simulation/shop.ts';
import { Crash, localTime, type Process, START_MS, Timeline, timersOf } from '../simulation/timeline.ts';
import { type Cut, type Point, Points, Wire } from './matrix-points.ts';
import { type Line, PREPARATIONS, SALE, type Scenario, SETTLE, SUPERVISOR } from './matrix-scenarios.ts';
import { Shop } from './matrix-shop.ts';

const MASTER_KEY = new Uint8Array(16).fill(0x11);
/** Virtual time in which everything must be at rest, and the most keys and cards of one intent. */
const REST_MS = 2 * 3_600_000;
const ACTS_MAX = 300;
const RESTART_MS = 300;
/** Times that 00 looks after what waits before a day is closed. */
const SUPERVISORS_MAX = 3;

/** The words of the books' checker for a day without a settlement. */
const NOT_CLOSED = 'the day could not be closed';
const NO_POINTS: readonly Point[] = [];

/** A shop in which that has happened: a name of the preparations. */
export function prepared(options: ShopOptions, name: string): Shop {
  const before = PREPARATIONS[name];
  if (!before) throw new Error(`there is no preparation "${name}"`);
  const shop = new Shop(options);
  const journal = shop.openJournal(new Random(8583, 9));
  openShop(journal, START_MS);
  journal.close();
  const run = new Run(shop, { ...before, name, before: '' }, { blind: true });
  const wrong = run.play();
  shop.transactions = run.transactions;
  shop.unbalanced = before.afterwards !== undefined;
  // A program shows the time at each full minute: all begin at one.
  shop.startMs = Math.ceil(run.elapsedMs / 60_000) * 60_000;
  run.end();
  if (wrong.length > 0) throw new Error(`preparation "${name}": ${wrong.join('; ')}`);
  before.afterwards?.(shop.books);
  shop.keep();
  return shop;
}

export interface Verdict {
  readonly violations: readonly string[];
  /** Points of a run without a crash. */
  readonly points: readonly Point[];
  readonly events: number;
  /** Whether the program was cut as it was asked to. */
  readonly crashed: boolean;
}

/**
 * Runs one scenario in a prepared shop, with or without a crash, up to the settlement and the check of the books. With
 * `settled`, a day that ends with the same books on both sides as one before is not settled again: the same would follow.
 */
export function runScenario(shop: Shop, scenario: Scenario, options: RunOptions = {}): Verdict {
  shop.reset();
  return new Run(shop, scenario, options).judge();
}

export interface RunOptions {
  readonly cut?: Cut;
  readonly tell?: Tell;
  /** States of the books whose settlement is known. */
  readonly settled?: Set<string>;
  /** Nobody looks at what leaves the counter: only the books can tell. */
  readonly blind?: boolean;
}

/** The newest sale that can still be voided or refunded: its slip lies on top of the drawer, whatever came after it. */
function newestSale(journal: Journal): Txn | undefined {
  const [byCard] = journal.list({ kind: 'sale', state: 'approved', limit: 1 });
  const [scanned] = journal.list({ kind: 'qrSale', state: 'approved', limit: 1 });
  return byCard && scanned ? (byCard.id > scanned.id ? byCard : scanned) : (byCard ?? scanned);
}

export type Tell = (atMs: number, what: string, text: string) => void;

/** One life of the counter: production runtime and journal, virtual terminal, acquirer, people. */
class Run {
  private readonly timeline = new Timeline();
  private readonly shop: Shop;
  private readonly scenario: Scenario;
  private readonly cut: Cut | undefined;
  private readonly tell: Tell | undefined;
  private readonly points: Points;
  private readonly wire: Wire;
  private readonly network: Network;
  private readonly terminal: VirtualTerminal;
  private readonly person: Person;
  private readonly eyes: Eyes;
  private readonly entropy: Random;
  private readonly moods: { readonly on: RegExp; readonly mood: Mood; readonly times: number; left: number }[];
  private readonly lines: { readonly on: Line; readonly times: number; left: number }[];
  private readonly steps: { readonly at: RegExp; left: number }[];
  private journal: Journal | undefined;
  private process: Process & { link?: { drop(): void } } = { dead: true };
  private idleLines: readonly string[] = [];
  private sinceMs = 0;
  private events = 0;
  /** Troubles that had not come once when the scenario was over. */
  private unused = 0;
  private frames = 0;
  private framesArrived = 0;
  private framesLost = 0;
  private crashed = false;
  private readonly settled: Set<string> | undefined;
  private readonly blind: boolean;
  /** Nothing more is to be done: the day is closed, or would end as one before. */
  private over = false;
  /** What the books hold when the settlement begins. */
  private state = '';
  /** Intents of the scenario itself. */
  private readonly own: number;

  constructor(shop: Shop, scenario: Scenario, { cut, tell, settled, blind }: RunOptions) {
    this.shop = shop;
    this.settled = settled;
    this.blind = blind === true;
    this.scenario = scenario;
    this.cut = cut;
    this.tell = tell;
    this.own = scenario.intents.length;
    this.entropy = new Random(8583, 1);
    this.moods = (scenario.moods ?? []).map(({ on, times = 1, ...mood }) => ({
      on,
      mood: mood as Mood,
      times,
      left: times,
    }));
    this.lines = (scenario.lines ?? []).map(({ times = 1, ...on }) => ({ on, times, left: times }));
    this.steps = (scenario.person ?? []).map(({ at, times }) => ({ at, left: times ?? 1 }));
    this.points = new Points(cut, () => this.crash());
    this.eyes = new Eyes(() => this.journal);
    this.wire = new Wire(this.timeline, this.points, bytes => this.terminal.received(bytes));
    this.network = new Network(
      this.timeline,
      shop.fields,
      shop.ledger,
      new Random(8583, 2),
      {
        connect: () => this.lineFault(),
        send: seen => {
          this.frames++;
          this.points.flying++;
          if (!this.blind) this.eyes.sends(seen);
          return undefined;
        },
        arrived: seen => {
          this.points.flying--;
          this.note('arrives', `${seen.mti}/${seen.type} ${seen.info} trace ${seen.trace} ${seen.amountMinor}`);
          if (++this.framesArrived <= this.framesLost) return { kind: 'lost with the program', extra: 'lost' };
          return this.moodFor(`${seen.mti}/${seen.type}/${seen.info}`);
        },
        answered: () => {},
      },
      line => this.note('acquirer', line),
    );
    this.terminal = new VirtualTerminal({
      timers: this.timeline,
      entropy: new Random(8583, 3),
      tmk: MASTER_KEY,
      serialNumber: 'SIM00000001',
      panel: true,
      write: bytes => this.wire.fromTerminal(bytes),
      onSlip: slip => {
        if (!this.blind) this.eyes.prints(slip.text);
        if (this.tell) this.note('slip', slip.text.split('\n').join(' / '));
      },
      onListening: () => this.person.listens(),
    });
    this.person = new Person(
      {
        timeline: this.timeline,
        terminal: this.terminal,
        ledger: shop.ledger,
        cards: CARDS,
        thinkMs: shop.options.thinkMs,
        journal: () => (this.process.dead ? undefined : this.journal),
        newest: () => (this.process.dead || !this.journal ? undefined : newestSale(this.journal)),
        fault: () => this.slipOfTheHand(),
        note: text => this.note('person', text),
        begins: index => this.begins(index),
      },
      scenario.intents,
    );
    const onCommit = (when: 'before' | 'after'): void => {
      if (when === 'after') this.points.tick();
      this.points.at(`${when} a commit`);
    };
    shop.disk.onCommit = onCommit;
  }

  get elapsedMs(): number {
    return this.timeline.nowMs + this.shop.startMs;
  }

  /** Sales, voids and refunds that the journal holds, whatever became of them. */
  get transactions(): number {
    return this.journal?.list({ limit: 300 }).length ?? 0;
  }

  /** The scenario, the settlement, and the books. */
  judge(): Verdict {
    this.person.intents.push(SETTLE, SETTLE);
    this.play();
    const points = this.points.seen.length > 0 ? this.points.seen : NO_POINTS;
    const { journal, eyes, shop } = this;
    if (eyes.found.length === 0 && journal) {
      const checked = checkBooks(shop.disk as unknown as DatabaseSync, shop.ledger, journal, eyes, {
        unsurvivable: shop.unbalanced,
        finalCodes: shop.profile.acquirer.reversal.finalCodes,
        verify: this.cut === undefined,
        idle: this.idleLines.join(' / '),
      });
      for (const wrong of checked.violations)
        if (!this.over || journal.lastSettlement() || wrong !== NOT_CLOSED) eyes.report(wrong);
      this.checkRest();
    }
    if (eyes.found.length === 0 && this.state !== '') this.settled?.add(this.state);
    if (!this.cut && eyes.found.length === 0) this.checkScenario();
    if (this.cut && !this.crashed) eyes.report(`the run never came to point ${this.cut.point}`);
    this.end();
    return { violations: eyes.found, points, events: this.events, crashed: this.crashed };
  }

  /** Runs until nobody wants anything more; says what went wrong. */
  play(): readonly string[] {
    if (this.scenario.fromBoot === true) this.points.counting = true;
    this.start();
    while (!this.over && !(this.person.finished && this.person.step === 'idle') && this.eyes.found.length === 0) {
      if (this.timeline.nowMs - this.sinceMs > REST_MS || this.person.acts > ACTS_MAX)
        this.eyes.report(`stuck at ${this.person.step}: ${this.person.acts} keys, ${this.idleLines.join(' / ')}`);
      this.step();
    }
    return this.eyes.found;
  }

  end(): void {
    this.process.dead = true;
    this.journal?.close();
    this.shop.disk.onCommit = () => {};
  }

  private step(): void {
    this.events++;
    this.points.tick();
    try {
      if (!this.timeline.step()) this.eyes.report('nothing happens any more');
    } catch (error) {
      if (error instanceof Crash) return;
      this.eyes.report(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }

  /** What the books cannot say: the day is closed and nothing is open but what the screen names. */
  private checkRest(): void {
    const { journal, eyes } = this;
    if (!journal) return;
    const { owed } = journal.counts();
    if (owed > 0) eyes.report(`at rest ${owed} reversals are owed`);
    if (journal.openSettlement()) eyes.report('at rest a settlement is still open');
    const flags = journal.lastSettlement()?.flags;
    if (this.shop.unbalanced && flags?.cup === 1 && flags.foreign === 1)
      eyes.report('the settlement hides a difference');
  }

  /** Without a crash everything happens that the scenario tells of; else its points would prove nothing. */
  private checkScenario(): void {
    const { scenario, eyes } = this;
    if (this.unused > 0) eyes.report(`${this.unused} of the troubles of the scenario never happened`);
    if (this.steps.some(one => one.left > 0)) eyes.report('the slip of the hand never happened');
    const wanted = scenario.intents.filter(one => /^(sale|void|refund)$/.test(one.kind)).length;
    const made = this.transactions - this.shop.transactions;
    if (made < (scenario.makes ?? wanted) && !scenario.person)
      eyes.report(`${wanted} transactions were wanted, ${made} were made`);
  }

  // --- the program ----------------------------------------------------------------------------------------------------

  private start(): void {
    const { shop } = this;
    const process: Process & { link?: { drop(): void } } = { dead: false };
    const link = this.network.link(process);
    process.link = link;
    this.process = process;
    const note =
      (level: string): Hal['log']['info'] =>
      (fields, message) => {
        if (this.tell) this.note('log', `${level} ${JSON.stringify(fields)} ${message}`);
      };
    const hal: Hal = {
      clock: { nowMs: () => START_MS + this.elapsedMs, monotonicMs: () => this.timeline.nowMs, local: localTime },
      timers: timersOf(this.timeline, process),
      entropy: this.entropy,
      serial: this.wire.port(process),
      host: link,
      log: { info: note('info'), warn: note('warn'), error: note('error') },
    };
    try {
      this.journal = shop.openJournal(this.entropy);
      const trace = (r: TraceRecord): void => this.trace(r);
      const options = {
        lang: shop.options.lang,
        version: '0.0.0-sim',
        trace,
        ...(this.tell ? { messages: trace } : {}),
      };
      const booted = boot(this.points.around(hal), shop.profile, this.journal, options, end => {
        if (process.dead) return;
        this.note('process', `ended: ${end.kind}`);
        this.eyes.report(`the program ended by itself: ${JSON.stringify(end)}`);
      });
      value(booted);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }

  /** The program is gone; its disk is as committed, terminal and acquirer go on. Whoever watches starts it again. */
  private crash(): void {
    const inFlight = this.cut?.inFlight ?? 'arrives';
    this.crashed = true;
    this.note('process', `gone (${inFlight})`);
    this.process.dead = true;
    this.process.link?.drop();
    this.wire.drop(inFlight);
    if (inFlight === 'lost') this.framesLost = this.frames;
    const { journal } = this;
    this.journal = undefined;
    this.timeline.set(RESTART_MS, () => {
      journal?.close();
      this.note('process', 'started');
      this.start();
    });
  }

  private trace(record: TraceRecord): void {
    if (record.kind === 'screen') {
      if (record.step === 'idle') this.idleLines = record.lines;
      if (!this.blind) this.eyes.shows(record.step);
      this.person.sees(record.step);
      if (this.tell) this.note('screen', `${record.step} | ${record.lines.join(' | ')}`);
    } else if (this.tell && (record.kind === 'sent' || record.kind === 'received'))
      this.note(record.kind, `${record.mti} ${JSON.stringify(record.fields)}`);
  }

  // --- the world ------------------------------------------------------------------------------------------------------

  /** The next thing that people want. Points are counted from the first of the scenario up to what ends the day. */
  private begins(index: number): void {
    this.sinceMs = this.timeline.nowMs;
    const { intents } = this.person;
    if (index === 0) this.points.counting = this.cut === undefined || !this.crashed;
    // Everybody knows of a refund without an answer: 00 asks the acquirer before the day is closed.
    const asked = intents.slice(Math.max(0, index - SUPERVISORS_MAX), index).filter(one => one === SUPERVISOR).length;
    if (intents[index] === SETTLE && index >= this.own) {
      const { unknownRefunds = 0, heldRefunds = 0 } = this.journal?.counts() ?? {};
      if ((unknownRefunds > 0 && asked === 0) || (heldRefunds > 0 && asked < SUPERVISORS_MAX))
        intents.splice(index, 0, SUPERVISOR);
      else if (this.journal?.counts().batch === 0 && !this.journal.lastSettlement()) intents.splice(index, 0, SALE);
      else if (index === this.own || intents[index - 1] !== SETTLE) this.comparedWithBefore();
      else this.over = this.journal?.counts().batch === 0 && !this.journal.openSettlement();
    }
    if (index >= this.own) this.rest();
    if (this.tell) this.note('intent', JSON.stringify(intents[index]));
  }

  /** The scenario is over: whatever had not gone wrong by now goes well, and everything must come to rest. */
  private rest(): void {
    this.points.counting = false;
    this.unused += [...this.moods, ...this.lines].filter(one => one.left > 0 && one.left === one.times).length;
    this.moods.length = 0;
    this.lines.length = 0;
    this.network.calm();
    this.terminal.paper('ok');
  }

  /** A state of the books that was settled before, in this scenario, with nothing on its way: the same would follow. */
  private comparedWithBefore(): void {
    const { shop, settled, journal } = this;
    if (!settled || !journal || this.network.heldUntilMs >= this.timeline.nowMs) return;
    // What is still open has to be seen to its end each time.
    const { owed, held } = journal.counts();
    if (owed + held + journal.unknownRefunds().length > 0 || journal.openSettlement()) return;
    this.state = `${shop.state()} ${this.terminal.insertedCard?.id ?? ''}`;
    this.over = settled.has(this.state);
  }

  private moodFor(name: string): Mood | undefined {
    const due = this.moods.find(one => one.left > 0 && one.on.test(name));
    if (!due) return undefined;
    due.left--;
    return due.mood;
  }

  private lineFault(): Line['fault'] | undefined {
    const due = this.lines.find(one => one.left > 0 && (one.on.after ?? 0) <= this.frames);
    if (!due) return undefined;
    due.left--;
    return due.on.fault;
  }

  private slipOfTheHand(): NonNullable<Scenario['person']>[number]['does'] | undefined {
    const index = this.steps.findIndex(one => one.left > 0 && one.at.test(this.person.step));
    if (index < 0 || this.person.index >= this.own) return undefined;
    this.steps[index].left--;
    return this.scenario.person?.[index].does;
  }

  private note(what: string, text: string): void {
    this.tell?.(this.timeline.nowMs, what, text);
  }
}
