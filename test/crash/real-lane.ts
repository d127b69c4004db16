import { mkdirSync, rmSync, watch } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { basename, join, relative } from 'node:path';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { type Audit, audit } from './real-audit.ts';
import { checkBooks, checkClaims } from './real-check.ts';
import { type DiskCall, type Fault, FaultyDisk, type Note } from './real-faults.ts';
import { Gone, Person } from './real-person.ts';
import { PATIENCE_MS, Running } from './real-process.ts';
import { type Scenario, type Stage, signOn } from './real-scenarios.ts';

/** Cases on one journal. Each case checks all of it, so a long one costs more than a new one. */
const CASES_ON_A_JOURNAL = 50;

export interface Injection {
  readonly fault: Fault;
  /**
   * The n-th such call, counted from 1 from where the scenario begins; `growth`: the n-th news that the write-ahead log
   * changed, which needs no library and hits where it hits.
   */
  readonly call: DiskCall | 'growth';
  readonly n: number;
}

export interface CaseResult {
  /** The injection was reached. */
  readonly hit: boolean;
  readonly audit: Audit;
  /** The calls that the audit looked through. */
  readonly notes: readonly Note[];
  readonly violations: readonly string[];
  /** What the person saw last, for the story. */
  readonly screens: readonly string[];
  /** How the runtime ended, or that it did not. */
  readonly ended: string;
}

/**
 * One counter: virtual acquirer, virtual terminal, runtime, all as processes, with books that go on from case to case until
 * they are long.
 */
export class Lane {
  readonly folder: string;
  readonly person: Person;
  private readonly stage: Stage;
  private readonly disk: FaultyDisk | undefined;
  private readonly env: NodeJS.ProcessEnv;
  private acquirer: Running | undefined;
  private address = '';
  private runtime: Running | undefined;
  private ledger: DatabaseSync | undefined;
  /** Folder of journal and ledger. */
  private books = '';
  private path = '';
  private count = 0;
  private opened = 0;
  private journals = 0;
  /** Cases since these books were opened. */
  private cases = 0;
  /** These books hold sign-ons only, each on a journal of its own. */
  private fresh = false;
  /** A start that was not seen at the terminal yet: what it shows and waits for is of the runtime before. */
  private starting = false;

  /** `library`: breaks the disk, when this machine can have it. `env`: for the runtime. */
  constructor(folder: string, library: string | undefined, env: NodeJS.ProcessEnv = {}) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.disk = library === undefined ? undefined : new FaultyDisk(library, folder);
    this.env = { ...this.disk?.env, ...env };
    this.person = new Person(this.at('tty'));
    this.stage = { person: this.person, next: () => this.count++, journal: look => this.journal(look) };
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Process number of the runtime. */
  get pid(): number | undefined {
    return this.runtime?.child.pid;
  }

  /** Lets everything end; `gently`: by itself, so that what the engine compiled is kept. */
  async close(gently = false): Promise<void> {
    if (gently) await this.runtime?.stop('SIGTERM');
    await this.closeBooks(gently ? 'SIGTERM' : 'SIGKILL');
    this.disk?.close();
    this.person.leave();
  }

  /** Plays one case: up to the injection or to its end, then a normal start on what the disk has, then the books. */
  async run(scenario: Scenario, injection?: Injection): Promise<CaseResult> {
    const { person } = this;
    await this.ready(scenario.fresh ?? false);
    await scenario.prepare?.(this.stage);
    person.forget();
    const { call, fault, n } = injection ?? {};
    const order =
      fault === undefined || call === undefined || call === 'growth' ? undefined : { fault, call, n: n ?? 1 };
    if (scenario.phase === 'boot') {
      await this.cut();
      if (scenario.fresh) this.newJournal();
      this.disk?.arm(order);
      this.start();
    } else this.disk?.arm(order);
    const runtime = this.runtime as Running;
    const stopWatching = call === 'growth' ? this.killAtGrowth(runtime, n ?? 1) : undefined;
    try {
      if (scenario.phase === 'boot') await this.rest();
      await scenario.play(this.stage);
      if (scenario.phase === 'stop') await runtime.stop('SIGTERM');
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
    stopWatching?.();
    const notes = this.disk?.disarm(runtime.child.pid) ?? [];
    const found = audit(notes, relative(this.folder, this.path));
    const kills = fault === 'kill' || fault === 'after';
    // What was struck ends, though perhaps not before the last screen of the scenario was seen.
    if (found.injected !== undefined && (kills || !found.harmless)) await within(PATIENCE_MS, runtime.ended);
    const { end } = runtime;
    const hit = injection !== undefined && ((kills && end === 'SIGKILL') || found.injected !== undefined);
    const violations = [...found.violations, ...judge(scenario, injection, hit, found, end, runtime.errors)];
    if (found.unsynced && end === undefined) violations.push('the newest bytes of the journal were never synced');
    if (end !== undefined) this.start();
    await this.rest();
    violations.push(...this.check());
    return { hit, audit: found, notes, violations, screens: [...person.screens], ended: end ?? 'went on' };
  }

  /** Ends the runtime when its write-ahead log changes the `n`-th time; the news takes a moment, so this hits near there. */
  private killAtGrowth(runtime: Running, n: number): () => void {
    let changes = 0;
    const watcher = watch(this.books, (_, name) => {
      if (name === `${basename(this.path)}-wal` && ++changes === n) runtime.child.kill('SIGKILL');
    });
    return () => watcher.close();
  }

  /** At the idle screen, signed on, with paper; for a fresh start without a runtime. */
  private async ready(fresh: boolean): Promise<void> {
    if (this.books === '' || fresh !== this.fresh || ++this.cases > CASES_ON_A_JOURNAL) await this.openBooks(fresh);
    if (fresh) return;
    if (this.runtime?.end !== undefined) {
      this.start();
      await this.rest();
    }
    if (this.person.screen.includes('未签到')) await signOn(this.stage, false);
  }

  /** New books on both sides: the cashier's first day. */
  private async openBooks(fresh: boolean): Promise<void> {
    await this.person.ready();
    await this.closeBooks('SIGKILL');
    if (this.books !== '') rmSync(this.books, { recursive: true });
    this.books = this.at(String(++this.opened));
    mkdirSync(this.books);
    this.cases = 1;
    this.fresh = fresh;
    const ledger = join(this.books, 'ledger.db');
    this.acquirer = new Running(['sim', 'acquirer', '--listen', '127.0.0.1:0', '--ledger', ledger, '--quiet']);
    this.address = (await this.acquirer.line(/listening on (\S+)\n/))[1];
    this.ledger = new DatabaseSync(ledger, { readOnly: true });
    this.path = join(this.books, 'journal.db');
    if (fresh) return;
    this.start();
    await this.rest();
    await signOn(this.stage, true);
  }

  private async closeBooks(signal: NodeJS.Signals): Promise<void> {
    this.ledger?.close();
    this.ledger = undefined;
    await this.cut();
    await this.acquirer?.stop(signal);
  }

  private newJournal(): void {
    for (const ending of ['', '-wal', '-shm', '.key', '.lock']) rmSync(this.path + ending, { force: true });
    this.path = join(this.books, `fresh-${++this.journals}.db`);
  }

  private check(): string[] {
    const ledger = this.ledger as DatabaseSync;
    const claims = this.person.claims.splice(0);
    return this.journal(journal => [...checkBooks(journal, ledger), ...checkClaims(journal, claims)]);
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

  private start(): void {
    const args = ['run', '--profile', 'unionpay-pos', '--port', this.at('tty'), '--acquirer', this.address];
    const runtime = new Running([...args, '--journal', this.path, '--log', this.at('run.log')], this.env);
    this.runtime = runtime;
    this.starting = true;
    this.person.runtime(true);
    void runtime.ended.then(() => {
      if (this.runtime === runtime) this.person.runtime(false);
    });
  }

  /** A power cut. */
  private async cut(): Promise<void> {
    if (this.runtime?.end === undefined) await this.runtime?.stop('SIGKILL');
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

/** Waits for `event`, but not longer. */
async function within(ms: number, event: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([event, new Promise(resolve => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
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
  if (injection?.fault === 'kill' || injection?.fault === 'after') return [];
  if (end === '5') {
    const said = /pos8583: (trading has stopped: )?E_\w+ [\w-]+: /.test(errors);
    return said ? [] : [`it ended with 5 without saying why: ${errors}`];
  }
  if (found.harmless && (end === undefined || (scenario.phase === 'stop' && end === '0'))) return [];
  return [
    `${found.injected} failed, and the runtime ${end === undefined ? 'went on' : `ended with ${end}`}: ${errors}`,
  ];
}
