import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DISK_CALLS, type DiskCall, FAULTS, type Fault, faultLibrary } from './real-faults.ts';
import { type CaseResult, type Injection, Lane } from './real-lane.ts';
import { PROGRAM } from './real-process.ts';
import { SCENARIOS, type Scenario } from './real-scenarios.ts';

/**
 * Lanes that run side by side. A reversal after a restart shows two seconds long what will happen, and a process that waits
 * leaves its core to others: so more lanes than cores.
 */
const LANES = 4 * availableParallelism();
/** Long ones first, so that at the end no lane works on alone: two starts for a case, and the upload of a batch. */
const LONG = ['first-start', 'reversal-at-boot', 'settlement', 'sign-on', 'refund-unknown'];
/** What most scenarios have in common. */
const WARMING = ['sale', 'sale-chip', 'settlement', 'sign-on'];
/** Above this a scenario that never ends unhit is a defect of the harness. */
const CALLS_MAX = 2000;
/** Of all cases that are to strike, so many more are played at first: the count of calls changes by a few with the journal. */
const SPARE = 1.02;

export interface Failure {
  readonly id: string;
  readonly violations: readonly string[];
  readonly screens: readonly string[];
  /** Shows it again. */
  readonly command: string;
}

export interface Summary {
  /** Runs in which the fault struck. */
  readonly injections: number;
  /** Cases that there are, as far as they were counted. */
  readonly cases: number;
  readonly byFault: Readonly<Record<string, number>>;
  readonly byScenario: Readonly<Record<string, number>>;
  /** `scenario fault` → how often it struck. */
  readonly byBoth: Readonly<Record<string, number>>;
  /** Syncs of the write-ahead log in one whole run of each scenario; bytes to the acquirer never overtook one. */
  readonly syncs: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly seconds: number;
}

interface Task {
  readonly scenario: Scenario;
  readonly faults: readonly Fault[];
}

/** Plays one case on the counter of a lane; undefined: it failed, which is noted. */
type Play = (scenario: Scenario, injection?: Injection) => Promise<CaseResult | undefined>;

interface Counter {
  /** The scenario that it looked at, or struck in, last. */
  last?: Scenario | undefined;
  readonly play: Play;
  close(): Promise<void>;
}

export interface MatrixOptions {
  /** Cases of a scenario at most, evenly taken from syncs and writes. Without it: all. */
  readonly casesPerScenario?: number;
  /** Cases that are to strike, evenly taken from all; scenarios with few of them play all that they have. */
  readonly injections?: number;
  /** Stops to begin cases after this time. */
  readonly minutes?: number;
  readonly scenarios?: readonly Scenario[];
  /** For the runtime only. */
  readonly env?: NodeJS.ProcessEnv;
  readonly say?: (line: string) => void;
  /** Stop at the first failure: to see whether a sabotage is found. */
  readonly firstOnly?: boolean;
}

export const caseId = (scenario: Scenario, { fault, call, n }: Injection): string =>
  `${scenario.name}:${fault}:${call}:${n}`;

/** What `sale` (played without a fault) or `sale:eio:fsync:2` names; a text: why that is no case. */
export function chooseCase(id: string): { readonly scenario: Scenario; readonly injection?: Injection } | string {
  const [name, fault, call, n, ...more] = id.split(':');
  const scenario = SCENARIOS.find(s => s.name === name);
  if (scenario && fault === undefined) return { scenario };
  const known = FAULTS.includes(fault as Fault) && [...DISK_CALLS, 'growth'].includes(call);
  if (scenario && known && /^[1-9]\d{0,3}$/.test(n) && more.length === 0)
    return { scenario, injection: { fault: fault as Fault, call: call as Injection['call'], n: Number(n) } };
  return `${id} is no case; one is sale:eio:fsync:2, scenarios are ${SCENARIOS.map(s => s.name).join(', ')}`;
}

const SYNCS: readonly DiskCall[] = ['fsync', 'fdatasync'];

/** Is this a fault of its own? After a write comes before the next call; only after a sync bytes may leave. */
const distinct = (fault: Fault, call: DiskCall): boolean => fault !== 'after' || SYNCS.includes(call);

type Counts = CaseResult['audit']['counts'];

/** All cases of a run that did so many calls: syncs before writes. */
const casesOf = (counts: Counts, faults: readonly Fault[] = FAULTS): Injection[] =>
  [true, false].flatMap(wanted =>
    faults.flatMap(fault =>
      DISK_CALLS.filter(call => SYNCS.includes(call) === wanted && distinct(fault, call)).flatMap(call =>
        Array.from({ length: counts[call] ?? 0 }, (_, i) => ({ fault, call, n: i + 1 })),
      ),
    ),
  );

/** Evenly taken: of the syncs up to two thirds, then as many of the writes as fit. */
function sample(cases: readonly Injection[], atMost: number): Injection[] {
  const isSync = ({ call }: Injection): boolean => SYNCS.includes(call as DiskCall);
  const syncs = even(cases.filter(isSync), Math.ceil((atMost * 2) / 3));
  const writes = cases.filter(one => !isSync(one));
  return [...syncs, ...even(writes, atMost - syncs.length)];
}

/** How many to take of each list at most, to have `total` together; the longest when there are not so many. */
export function fairShare(lengths: readonly number[], total: number): number {
  const longest = Math.max(0, ...lengths);
  let share = 0;
  while (share < longest && lengths.reduce((sum, length) => sum + Math.min(length, share), 0) < total) share++;
  return share;
}

function even<T>(all: readonly T[], atMost: number): T[] {
  if (all.length <= atMost) return [...all];
  return Array.from({ length: atMost }, (_, i) => all[Math.floor((i * all.length) / atMost)]);
}

/**
 * A short day that ends well, so that what the engine compiled for it is kept: all starts after it are shorter, also those that
 * are killed, which keep nothing.
 */
async function warmUp(folder: string): Promise<void> {
  const lane = new Lane(folder, undefined);
  try {
    for (const scenario of SCENARIOS) if (WARMING.includes(scenario.name)) await lane.run(scenario);
  } finally {
    await lane.close(true);
  }
}

let warm: Promise<void> | undefined;

/** The real process under injected faults, scenario by scenario, several counters side by side. */
export class Matrix {
  private readonly options: MatrixOptions;
  private readonly library = faultLibrary();
  private readonly folder = mkdtempSync(join(tmpdir(), 'pos8583-crash-'));
  private readonly startedMs = performance.now();
  private readonly byFault: Record<string, number> = {};
  private readonly byScenario: Record<string, number> = {};
  private readonly byBoth: Record<string, number> = {};
  private readonly syncs: Record<string, number> = {};
  private readonly failures: Failure[] = [];
  private folders = 0;
  private injections = 0;
  private cases = 0;

  constructor(options: MatrixOptions) {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run node scripts/setup.mjs, which builds it`);
    this.options = options;
  }

  async run(): Promise<Summary> {
    const counters = Array.from({ length: LANES }, () => this.counter());
    const { injections: wanted } = this.options;
    warm ??= warmUp(join(this.folder, 'warm-up'));
    // To see the calls no warm start is needed: both wait most of the time.
    if (this.library && wanted !== undefined) await this.strike(wanted, counters);
    else {
      await warm;
      await this.each(counters, this.tasks(), (task, { play }) => this.task(task, play));
    }
    await Promise.all(counters.map(counter => counter.close()));
    if (this.failures.length === 0) rmSync(this.folder, { recursive: true, force: true });
    const seconds = Math.round((performance.now() - this.startedMs) / 1000);
    const { injections, cases, byFault, byScenario, byBoth, syncs, failures } = this;
    return { injections, cases, byFault, byScenario, byBoth, syncs, failures, seconds };
  }

  /** Does all of `queue`, counters side by side. */
  private async each<T>(
    counters: readonly Counter[],
    queue: T[],
    work: (one: T, counter: Counter) => Promise<void>,
  ): Promise<void> {
    const go = async (counter: Counter): Promise<void> => {
      for (let next = queue.shift(); next && !this.over(); next = queue.shift()) await work(next, counter);
    };
    await Promise.all(counters.map(go));
  }

  private scenarios(): Scenario[] {
    const place = ({ name }: Scenario): number => (LONG.includes(name) ? LONG.indexOf(name) : LONG.length);
    return [...(this.options.scenarios ?? SCENARIOS)].sort((a, b) => place(a) - place(b));
  }

  /** Cases of all scenarios, until so many have struck or none is left. */
  private async strike(wanted: number, counters: readonly Counter[]): Promise<void> {
    const left = new Map<Scenario, Injection[]>();
    const scenarios = this.scenarios();
    const looks = this.each(counters, [...scenarios], async (scenario, counter) => {
      counter.last = scenario;
      const look = await this.look(scenario, FAULTS, counter.play);
      left.set(scenario, look ? casesOf(look.audit.counts) : []);
    });
    await Promise.all([warm, looks]);
    for (let missing = Math.ceil(wanted * SPARE); missing > 0 && !this.over(); missing = wanted - this.injections) {
      const share = fairShare(
        [...left.values()].map(cases => cases.length),
        missing,
      );
      if (share === 0) return;
      const queues = new Map<Scenario, Injection[]>();
      for (const [scenario, all] of left) {
        const taken = new Set(sample(all, share));
        queues.set(scenario, [...taken]);
        left.set(
          scenario,
          all.filter(one => !taken.has(one)),
        );
      }
      await this.strikeAll(queues, counters);
    }
    for (const { name } of scenarios) this.options.say?.(`${name}: ${this.byScenario[name] ?? 0} injections`);
  }

  /**
   * Strikes in all cases. A counter stays with its scenario, whose books it has, and then helps where most cases are left: so all of
   * them end within the time of one case.
   */
  private async strikeAll(queues: ReadonlyMap<Scenario, Injection[]>, counters: readonly Counter[]): Promise<void> {
    const leftOf = (scenario: Scenario): number => queues.get(scenario)?.length ?? 0;
    const most = (): Scenario | undefined => [...queues.keys()].sort((a, b) => leftOf(b) - leftOf(a))[0];
    const go = async (counter: Counter): Promise<void> => {
      while (!this.over()) {
        if (!counter.last || leftOf(counter.last) === 0) counter.last = most();
        const scenario = counter.last;
        const injection = scenario && queues.get(scenario)?.shift();
        if (!scenario || !injection) return;
        this.count(scenario, injection, await counter.play(scenario, injection));
      }
    };
    await Promise.all(counters.map(go));
  }

  /** What one lane does in one go: a scenario with one fault; all faults when there are few cases, or no library. */
  private tasks(): Task[] {
    const scenarios = this.scenarios();
    if (!this.library || this.options.casesPerScenario !== undefined)
      return scenarios.map(scenario => ({ scenario, faults: FAULTS }));
    return scenarios.flatMap(scenario => FAULTS.map(fault => ({ scenario, faults: [fault] })));
  }

  private over(): boolean {
    const { minutes, firstOnly } = this.options;
    if (firstOnly && this.failures.length > 0) return true;
    return minutes !== undefined && performance.now() - this.startedMs > minutes * 60_000;
  }

  /** A lane, when there is something to play; a failed case makes room for a new one. */
  private counter(): Counter {
    let lane: Lane | undefined;
    const play: Play = async (scenario, injection) => {
      lane ??= new Lane(join(this.folder, String(++this.folders)), this.library, this.options.env);
      try {
        const result = await lane.run(scenario, injection);
        if (result.violations.length > 0) throw new Violation(result.violations);
        return result;
      } catch (error) {
        this.failed(scenario, injection, lane, error);
        await lane.close();
        lane = undefined;
        return undefined;
      }
    };
    return { play, close: async () => lane?.close() };
  }

  /** Plays a scenario without a fault, to see its calls; undefined: it failed. */
  private async look(scenario: Scenario, faults: readonly Fault[], play: Play): Promise<CaseResult | undefined> {
    // Looked at twice: the first time the write-ahead log is longer or shorter than it will be from then on.
    const look = (await play(scenario)) && (await play(scenario));
    if (!look) return undefined;
    this.syncs[scenario.name] = look.audit.syncs;
    this.cases += casesOf(look.audit.counts, faults).length;
    return look;
  }

  /** All cases of a task. */
  private async task({ scenario, faults }: Task, play: Play): Promise<void> {
    let injections = 0;
    const look = await this.look(scenario, faults, play);
    if (look) {
      const last = { hit: true };
      for (const injection of this.casesOf(look, faults, last)) {
        if (this.over()) break;
        const result = await play(scenario, injection);
        last.hit = result === undefined || result.hit;
        if (this.count(scenario, injection, result)) injections++;
      }
    }
    this.options.say?.(`${scenario.name}: ${injections} injections (${faults.join(', ')})`);
  }

  /** The cases of a scenario: a sample, or each call of each kind until a run is not hit any more. */
  private *casesOf(look: CaseResult, faults: readonly Fault[], last: { readonly hit: boolean }): Generator<Injection> {
    const { casesPerScenario } = this.options;
    if (!this.library) {
      for (let n = 1; n <= (casesPerScenario ?? 40); n++) yield { fault: 'kill', call: 'growth', n };
      return;
    }
    if (casesPerScenario !== undefined) return yield* sample(casesOf(look.audit.counts), casesPerScenario);
    for (const fault of faults)
      for (const call of (Object.keys(look.audit.counts) as DiskCall[]).filter(one => distinct(fault, one)))
        for (let n = 1; n <= CALLS_MAX; n++) {
          yield { fault, call, n };
          if (!last.hit) break;
        }
  }

  /** Counts a case that struck; true when it did. */
  private count(scenario: Scenario, { fault }: Injection, result: CaseResult | undefined): boolean {
    if (!result?.hit) return false;
    this.injections++;
    this.byFault[fault] = (this.byFault[fault] ?? 0) + 1;
    this.byScenario[scenario.name] = (this.byScenario[scenario.name] ?? 0) + 1;
    const both = `${scenario.name} ${fault}`;
    this.byBoth[both] = (this.byBoth[both] ?? 0) + 1;
    return true;
  }

  private failed(scenario: Scenario, injection: Injection | undefined, lane: Lane | undefined, error: unknown): void {
    const id = injection ? caseId(scenario, injection) : `${scenario.name} without a fault`;
    const failure: Failure = {
      id,
      violations: error instanceof Violation ? error.found : [String((error as Error).stack ?? error)],
      screens: lane ? [...lane.person.screens] : [],
      command: `node scripts/soak.mjs crash --case ${injection ? caseId(scenario, injection) : scenario.name}`,
    };
    this.failures.push(failure);
    this.options.say?.(storyOf(failure, lane?.folder ?? this.folder));
  }
}

class Violation extends Error {
  readonly found: readonly string[];

  constructor(found: readonly string[]) {
    super(found.join('; '));
    this.found = found;
  }
}

/** A failure for people: what, where, how to see it again. */
export function storyOf(failure: Failure, folder: string): string {
  const screens = failure.screens.slice(-6).map(screen => `    ${screen}`);
  return [
    `FAILED ${failure.id}`,
    ...failure.violations.map(text => `  ${text}`),
    '  the last screens:',
    ...screens,
    `  files: ${folder}`,
    `  again: ${failure.command}`,
  ].join('\n');
}
