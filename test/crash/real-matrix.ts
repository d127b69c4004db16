import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DISK_CALLS, type DiskCall } from './real-audit.ts';
import { type CaseResult, type Fault, type Injection, Lane, PROGRAM } from './real-lane.ts';
import { SCENARIOS, type Scenario } from './real-scenarios.ts';

const FAULTS: readonly Fault[] = ['kill', 'eio', 'enospc'];
/** Lanes that run side by side: a lane waits for pauses of the flows now and then, so there is one more than cores. */
const LANES = 3;
/** Above this a scenario that never ends unhit is a defect of the harness. */
const CALLS_MAX = 2000;

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
  readonly byFault: Readonly<Record<string, number>>;
  readonly byScenario: Readonly<Record<string, number>>;
  /** `scenario fault` → how often it struck. */
  readonly byBoth: Readonly<Record<string, number>>;
  /** Syncs of the write-ahead log in one whole run of each scenario; bytes to the acquirer never overtook one. */
  readonly syncs: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly seconds: number;
}

export interface MatrixOptions {
  /** Cases of a scenario at most, evenly taken from all: every sync, then as many writes. Without it: all. */
  readonly casesPerScenario?: number;
  /** Stops to begin cases after this time. */
  readonly minutes?: number;
  readonly scenarios?: readonly Scenario[];
  /** For the runtime only. */
  readonly env?: NodeJS.ProcessEnv;
  readonly strace?: boolean;
  readonly say?: (line: string) => void;
  /** Stop at the first failure: to see whether a sabotage is found. */
  readonly firstOnly?: boolean;
}

export const hasStrace = (): boolean => spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

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

/** Every sync, then evenly as many of the writes as fit. */
function sample(counts: CaseResult['audit']['counts'], atMost: number): Injection[] {
  const of = (calls: readonly DiskCall[]): Injection[] =>
    FAULTS.flatMap(fault =>
      calls.flatMap(call => Array.from({ length: counts[call] ?? 0 }, (_, i) => ({ fault, call, n: i + 1 }))),
    );
  const syncs = even(of(['fsync', 'fdatasync']), atMost);
  return [...syncs, ...even(of(['pwrite64', 'ftruncate']), atMost - syncs.length)];
}

function even<T>(all: readonly T[], atMost: number): T[] {
  if (all.length <= atMost) return [...all];
  return Array.from({ length: atMost }, (_, i) => all[Math.floor((i * all.length) / atMost)]);
}

/** The real process under injected faults, scenario by scenario, several counters side by side. */
export class Matrix {
  private readonly options: MatrixOptions;
  private readonly strace: boolean;
  private readonly folder = mkdtempSync(join(tmpdir(), 'pos8583-crash-'));
  private readonly startedMs = performance.now();
  private readonly byFault: Record<string, number> = {};
  private readonly byScenario: Record<string, number> = {};
  private readonly byBoth: Record<string, number> = {};
  private readonly syncs: Record<string, number> = {};
  private readonly failures: Failure[] = [];
  private folders = 0;

  constructor(options: MatrixOptions) {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run node scripts/setup.mjs, which builds it`);
    this.options = options;
    this.strace = options.strace ?? hasStrace();
  }

  async run(): Promise<Summary> {
    const queue = [...(this.options.scenarios ?? SCENARIOS)];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next && !this.over(); next = queue.shift()) await this.scenario(next);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    if (this.failures.length === 0) rmSync(this.folder, { recursive: true, force: true });
    const injections = Object.values(this.byFault).reduce((sum, n) => sum + n, 0);
    const seconds = Math.round((performance.now() - this.startedMs) / 1000);
    const { byFault, byScenario, byBoth, syncs, failures } = this;
    return { injections, byFault, byScenario, byBoth, syncs, failures, seconds };
  }

  private over(): boolean {
    const { minutes, firstOnly } = this.options;
    if (firstOnly && this.failures.length > 0) return true;
    return minutes !== undefined && performance.now() - this.startedMs > minutes * 60_000;
  }

  /** All cases of a scenario, on one counter whose journal goes on; a failed one makes room for a new counter. */
  private async scenario(scenario: Scenario): Promise<void> {
    let lane: Lane | undefined;
    const play = async (injection?: Injection): Promise<CaseResult | undefined> => {
      try {
        lane ??= await this.newLane();
        const result = await lane.run(scenario, injection);
        if (result.violations.length > 0) throw new Violation(result.violations);
        return result;
      } catch (error) {
        this.failed(scenario, injection, lane, error);
        await lane?.close();
        lane = undefined;
        return undefined;
      }
    };
    // Looked at twice: the first time the write-ahead log is longer or shorter than it will be from then on.
    const look = (await play()) && (await play());
    if (look) {
      this.syncs[scenario.name] = look.audit.syncs;
      for await (const injection of this.cases(look)) {
        const result = await play(injection);
        if (result?.hit) this.count(scenario, injection);
        this.lastHit = result === undefined || result.hit;
        if (this.over()) break;
      }
    }
    await lane?.close();
    this.options.say?.(`${scenario.name}: ${this.byScenario[scenario.name] ?? 0} injections`);
  }

  private lastHit = false;

  /** The cases of a scenario: a sample, or each call of each kind until a run is not hit any more. */
  private *cases(look: CaseResult): Generator<Injection> {
    const { casesPerScenario } = this.options;
    if (!this.strace) {
      for (let n = 1; n <= (casesPerScenario ?? 40); n++) yield { fault: 'kill', call: 'growth', n };
      return;
    }
    if (casesPerScenario !== undefined) return yield* sample(look.audit.counts, casesPerScenario);
    for (const fault of FAULTS)
      for (const call of Object.keys(look.audit.counts) as DiskCall[])
        for (let n = 1; n <= CALLS_MAX; n++) {
          yield { fault, call, n };
          if (!this.lastHit) break;
        }
  }

  private async newLane(): Promise<Lane> {
    const lane = new Lane(join(this.folder, String(++this.folders)), this.strace, this.options.env);
    try {
      await lane.open();
    } catch (error) {
      await lane.close();
      throw error;
    }
    return lane;
  }

  private count(scenario: Scenario, { fault }: Injection): void {
    this.byFault[fault] = (this.byFault[fault] ?? 0) + 1;
    this.byScenario[scenario.name] = (this.byScenario[scenario.name] ?? 0) + 1;
    const both = `${scenario.name} ${fault}`;
    this.byBoth[both] = (this.byBoth[both] ?? 0) + 1;
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
