import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { type Audit, type DiskCall, TRACED, audit } from './real-audit.ts';
import { checkBooks, checkClaims } from './real-check.ts';
import { Gone, Person } from './real-person.ts';
import { type Scenario, type Stage, signOn } from './real-scenarios.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PROGRAM = join(ROOT, 'dist/main.js');
const PATIENCE_MS = 40_000;
/** The shipped profile with shorter waits: they are data of a profile. */
const PROFILE = {
  id: 'crash',
  name: { zh: '断电试验', en: 'Crash test' },
  version: 1,
  extends: ['unionpay-pos'],
  acquirer: { answerTimeoutSeconds: 5, connectTimeoutSeconds: 2, reversal: { pauseSeconds: 0 } },
};

export type Fault = 'kill' | 'eio' | 'enospc';

export interface Injection {
  readonly fault: Fault;
  /**
   * The n-th such call, counted from 1 from where the scenario begins; `growth`: the n-th news that the write-ahead log
   * changed, which needs no strace and hits where it hits.
   */
  readonly call: DiskCall | 'growth';
  readonly n: number;
}

export interface CaseResult {
  /** The injection was reached. */
  readonly hit: boolean;
  readonly audit: Audit;
  readonly violations: readonly string[];
  /** What the person saw last, for the story. */
  readonly screens: readonly string[];
  /** How the runtime ended, or that it did not. */
  readonly ended: string;
}

/**
 * What strace is told to do; without `injection` it only looks. `fromStart`: it starts the process, which it then stops at
 * the traced calls only, in half the time; strace 6.1 leaves out signals that way, so a kill goes the slow way.
 */
function straceArgs(log: string, injection: Injection | undefined, fromStart = false): string[] {
  const args = ['-f', '-qq', '-yy', '-s', '0', '-o', log, '-e', `trace=${TRACED}`, '-e', 'signal=none'];
  if (fromStart && injection?.fault !== 'kill') args.push('--seccomp-bpf');
  if (injection === undefined || injection.call === 'growth') return args;
  const { call, fault, n } = injection;
  const how = fault === 'kill' ? 'signal=KILL' : `error=${fault.toUpperCase()}`;
  return [...args, '-e', `inject=${call}:${how}:when=${n}`];
}

/**
 * Lets the runtime end once by itself, which a killed one never does: so what the engine compiled is kept, and all starts
 * after this one are short. There is no such terminal, so it ends at once.
 */
export function warmUp(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const flags = [
    '--port',
    join(folder, 'no-tty'),
    '--acquirer',
    '127.0.0.1:1',
    '--journal',
    join(folder, 'warm-up.db'),
  ];
  spawnSync(process.execPath, [PROGRAM, 'run', '--profile', 'unionpay-pos', ...flags], { stdio: 'ignore' });
}

/** A process with its output on stderr and its end. */
class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  end: string | undefined;
  errors = '';

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.ended = new Promise(resolve => {
      this.child.on('error', error => {
        this.end = error.message;
        resolve(error.message);
      });
      this.child.on('close', (code, signal) => {
        this.end = String(code ?? signal);
        resolve(this.end);
      });
    });
  }

  /** Waits for a line of one of its streams. */
  line(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let text = '';
      const timer = setTimeout(() => reject(new Error(`${pattern} did not come: ${text}`)), PATIENCE_MS);
      this.child[stream]?.on('data', (chunk: Buffer | string) => {
        text += chunk.toString();
        const match = pattern.exec(text);
        if (match) {
          clearTimeout(timer);
          resolve(match);
        }
      });
      void this.ended.then(end => {
        clearTimeout(timer);
        reject(new Error(`it ended with ${end} before ${pattern}: ${this.errors}`));
      });
    });
  }

  async stop(signal: NodeJS.Signals): Promise<string> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** One counter: virtual acquirer, virtual terminal, runtime, all as processes, with a journal that goes on from case to case. */
export class Lane {
  readonly folder: string;
  readonly person: Person;
  private readonly stage: Stage;
  private readonly strace: boolean;
  private readonly env: NodeJS.ProcessEnv;
  private acquirer: Running | undefined;
  private address = '';
  private runtime: Running | undefined;
  private books: DatabaseSync | undefined;
  private path: string;
  private count = 0;
  private journals = 0;
  private traced = false;
  /** A start that was not seen at the terminal yet: what it shows and waits for is of the runtime before. */
  private starting = false;

  /** `env`: for the runtime. `strace`: this machine has one. */
  constructor(folder: string, strace: boolean, env: NodeJS.ProcessEnv = {}) {
    this.folder = folder;
    this.strace = strace;
    mkdirSync(folder, { recursive: true });
    this.env = env;
    this.path = this.at('journal.db');
    writeFileSync(this.at('crash.json'), JSON.stringify(PROFILE));
    this.person = new Person(this.at('tty'));
    this.stage = { person: this.person, next: () => this.count++, journal: look => this.journal(look) };
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** The cashier's first day: signed on, idle. */
  async open(): Promise<void> {
    await this.person.ready();
    this.acquirer = new Running(process.execPath, [
      ...[PROGRAM, 'sim', 'acquirer', '--listen', '127.0.0.1:0', '--ledger', this.at('ledger.db'), '--quiet'],
    ]);
    this.address = (await this.acquirer.line('stdout', /listening on (\S+)\n/))[1];
    this.books = new DatabaseSync(this.at('ledger.db'), { readOnly: true });
    this.start();
    await this.rest();
    await signOn(this.stage, true);
  }

  async close(): Promise<void> {
    this.books?.close();
    await this.cut();
    await this.acquirer?.stop('SIGKILL');
    this.person.leave();
  }

  /** Plays one case: up to the injection or to its end, then a normal start on what the disk has, then the books. */
  async run(scenario: Scenario, injection?: Injection): Promise<CaseResult> {
    const { person } = this;
    const log = this.at('strace.log');
    writeFileSync(log, '');
    if (scenario.fresh) await this.cut();
    else {
      await this.ready();
      await scenario.prepare?.(this.stage);
    }
    person.forget();
    let tracer: Running | undefined;
    const byStrace = this.strace && injection?.call !== 'growth';
    if (scenario.phase === 'boot') {
      await this.cut();
      if (scenario.fresh) this.newJournal();
      this.start(byStrace ? straceArgs(log, injection, true) : undefined);
    } else if (byStrace) tracer = await this.attach(log, injection);
    const runtime = this.runtime as Running;
    const stopWatching = injection?.call === 'growth' ? this.killAtGrowth(runtime, injection.n) : undefined;
    try {
      if (scenario.phase === 'boot') await this.rest();
      await scenario.play(this.stage);
      if (scenario.phase === 'stop') await runtime.stop('SIGTERM');
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
    stopWatching?.();
    const { end } = runtime;
    if (end === undefined && tracer) await tracer.stop('SIGINT');
    // Under a strace of its own the runtime cannot be let go; it stands at a screen that waits, so this is a power cut there.
    if (end === undefined && scenario.phase === 'boot') await this.cut();
    await tracer?.ended;
    const found = audit(log, this.path, end !== undefined);
    const killed = end === 'SIGKILL' && injection?.fault === 'kill';
    const hit = injection !== undefined && (killed || found.injected !== undefined);
    const violations = [...found.violations, ...judge(scenario, injection, hit, found, end, runtime.errors)];
    if (runtime.end !== undefined) this.start();
    await this.rest();
    violations.push(...this.check());
    return { hit, audit: found, violations, screens: [...person.screens], ended: end ?? 'went on' };
  }

  /** Ends the runtime when its write-ahead log changes the `n`-th time; the news takes a moment, so this hits near there. */
  private killAtGrowth(runtime: Running, n: number): () => void {
    let changes = 0;
    const watcher = watch(this.folder, (_, name) => {
      if (name === `${basename(this.path)}-wal` && ++changes === n) runtime.child.kill('SIGKILL');
    });
    return () => watcher.close();
  }

  private newJournal(): void {
    for (const ending of ['', '-wal', '-shm', '.key', '.lock'])
      if (this.path !== this.at('journal.db')) rmSync(this.path + ending, { force: true });
    this.path = this.at(`fresh-${++this.journals}.db`);
  }

  private check(): string[] {
    const books = this.books as DatabaseSync;
    const claims = this.person.claims.splice(0);
    return this.journal(journal => [...checkBooks(journal, books), ...checkClaims(journal, claims)]);
  }

  private journal<T>(look: (journal: Journal) => T): T {
    const journal = openJournal({ path: this.path, readOnly: true });
    if (!journal.ok) throw new Error(`${journal.fault.name}: ${journal.fault.cause}`);
    try {
      return look(journal.value);
    } finally {
      journal.value.close();
    }
  }

  /** Starts the runtime, under strace when its arguments are given. */
  private start(strace?: readonly string[]): void {
    const args = [PROGRAM, 'run', '--profile', this.at('crash.json'), '--port', this.at('tty')];
    args.push('--acquirer', this.address, '--journal', this.path, '--log', this.at('run.log'));
    const runtime = strace
      ? // Without --seccomp-bpf, which would be faster: strace 6.1 then leaves out signals that it was told to inject.
        new Running('strace', [...strace, process.execPath, ...args], this.env)
      : new Running(process.execPath, args, this.env);
    this.runtime = runtime;
    this.traced = strace !== undefined;
    this.starting = true;
    this.person.runtime(true);
    void runtime.ended.then(() => {
      if (this.runtime === runtime) this.person.runtime(false);
    });
  }

  /** A power cut. */
  private async cut(): Promise<void> {
    const { runtime } = this;
    if (!runtime || runtime.end !== undefined) return;
    if (this.traced) process.kill(this.program(), 'SIGKILL');
    await runtime.stop('SIGKILL');
  }

  /** Process number of the runtime behind its strace. */
  private program(): number {
    const pid = this.runtime?.child.pid;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  }

  private async attach(log: string, injection: Injection | undefined): Promise<Running> {
    const args = straceArgs(log, injection).filter(arg => arg !== '-qq');
    const tracer = new Running('strace', ['-p', String(this.runtime?.child.pid), ...args]);
    await tracer.line('stderr', /attached/);
    return tracer;
  }

  /** At the idle screen, signed on, with paper. */
  private async ready(): Promise<void> {
    if (!this.runtime || this.runtime.end !== undefined || this.path !== this.at('journal.db')) {
      await this.cut();
      this.path = this.at('journal.db');
      this.start();
      await this.rest();
    }
    if (this.person.screen.includes('未签到')) await signOn(this.stage, false);
  }

  /** Lets the runtime come to a screen that waits for a person, doing what any cashier would do on the way. */
  private async rest(): Promise<void> {
    const { person } = this;
    if (this.starting)
      // The first thing a runtime does is to end the command that the one before left open.
      await person.until(() => !person.listening, 'the new runtime to take the line');
    this.starting = false;
    // A card in the slot of an idle terminal begins a sale.
    if (person.cardIn) await person.order({ do: 'remove' });
    for (let step = 0; step < 40; step++) {
      await person.until(
        () => person.listening || (person.cardIn && person.screen.includes('请取走卡片')),
        'a screen that waits',
      );
      const { screen } = person;
      if (person.cardIn) await person.order({ do: 'remove' });
      else if (screen.includes('请输入')) await person.keys('CANCEL');
      else if (/打印机(缺纸|故障)/.test(screen)) {
        await person.order({ do: 'paper', state: 'ok' });
        await person.keys('ENTER');
      } else if (screen.includes('是否打印明细')) await person.keys('0');
      else if (/确认键:菜单|未签到/.test(screen)) {
        const waits = this.journal(j => j.openSettlement() !== undefined);
        if (!waits) return await person.order({ do: 'paper', state: 'ok' });
        await person.keys('ENTER');
      } else await person.keys('ENTER');
    }
    throw new Error(`the runtime found no rest: ${person.screens.join('\n')}`);
  }
}

/** Was the end of the process (`end`; undefined: it goes on) what the fault asks for? */
function judge(
  scenario: Scenario,
  injection: Injection | undefined,
  hit: boolean,
  found: Audit,
  end: string | undefined,
  errors: string,
): string[] {
  if (!hit) {
    const wanted = scenario.phase === 'stop' ? '0' : undefined;
    return end === wanted ? [] : [`nothing was injected, but the runtime ended with ${end}: ${errors}`];
  }
  if (injection?.fault === 'kill') return [];
  if (end === '5') {
    const said = /pos8583: (trading has stopped: )?E_\w+ [\w-]+: /.test(errors);
    return said ? [] : [`it ended with 5 without saying why: ${errors}`];
  }
  if (found.harmless && (end === undefined || (scenario.phase === 'stop' && end === '0'))) return [];
  return [
    `${found.injected} failed, and the runtime ${end === undefined ? 'went on' : `ended with ${end}`}: ${errors}`,
  ];
}
