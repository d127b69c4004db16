import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Verdict, compareBooks } from '../../src/cli/compare.ts';
import { followTrace } from '../../src/cli/told.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { followLines } from '../../src/node/processes.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { ledgerSummary, openLedger } from '../../src/sim/acquirer/ledger.ts';

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
export const PROFILE = 'unionpay-pos';
const loaded = loadProfile(PROFILE, name => namedProfile(PROFILE).read(name));
if (!loaded.ok) throw new Error(loaded.fault.cause);
const profile = loaded.value;
/** Many processes of the same sources: compiled once. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/pos8583-compiled', import.meta.url));
/** Files of a day that goes on: journal, its key, the acquirer's ledger. */
const STATE = ['journal.db', 'journal.db.key', 'ledger.db'];

/** Lines that come in by and by. Each is looked at once: `line` goes on behind the one that it found last. */
export class Lines {
  readonly all: string[] = [];
  private at = 0;
  private over: string | undefined;
  private check = (): void => {};

  add(line: string): void {
    this.all.push(line);
    this.check();
  }

  /** Nothing more comes. */
  end(why: string): void {
    this.over = why;
    this.check();
  }

  /** Waits for the next line that `pattern` matches. */
  line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.check = () => {
        while (this.at < this.all.length) {
          const line = this.all[this.at++];
          if (!pattern.test(line)) continue;
          this.check = () => {};
          return resolve(line);
        }
        if (this.over !== undefined)
          reject(new Error(`${pattern} did not come: ${this.over}\n${this.all.slice(-15).join('\n')}`));
      };
      this.check();
    });
  }
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** File descriptor of a terminal to sit at, instead of pipes. */
  readonly tty?: number;
  readonly uid?: number;
}

/** A process of the program under test; its output on both streams, line by line. */
export class Program extends Lines {
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly child: ChildProcess;
  output = '';

  constructor(args: readonly string[], options: StartOptions = {}) {
    super();
    this.child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: options.tty === undefined ? ['ignore', 'pipe', 'pipe'] : [options.tty, options.tty, options.tty],
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    });
    if (options.tty !== undefined) this.child.on('close', () => this.end('it ended'));
    let streams = 2;
    for (const stream of [this.child.stdout, this.child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.output += chunk;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.add(line);
      });
      stream?.on('close', () => {
        if (--streams === 0) this.end(`${args.slice(0, 2).join(' ')} ended`);
      });
    }
    this.ended = new Promise(resolve => this.child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone')));
  }

  /** Processes that it started. */
  children(): number[] {
    const list = readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it as a power cut does and waits until it is gone. */
  async cut(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A running `run`, with its trace. */
export interface Counter {
  readonly program: Program;
  readonly trace: Lines;
}

/** One test's processes and files; `end` leaves nothing of them behind. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'pos8583-e2e-'));
  private readonly programs: Program[] = [];
  private readonly followers: (() => void)[] = [];
  private runs = 0;
  /** What the terminal that was started last has on its screen, drawn: the script has seen it too. */
  screens = new Lines();

  at(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  start(args: readonly string[], options?: StartOptions): Program {
    const program = new Program(args, options);
    this.programs.push(program);
    return program;
  }

  /** Runs to the end: exit status and all output. */
  async result(...args: string[]): Promise<{ status: number | string; output: string }> {
    const program = this.start(args);
    return { status: await program.ended, output: program.output };
  }

  /** The virtual acquirer on a free port, with its books in this folder. */
  async acquirer(...flags: string[]): Promise<{ program: Program; address: string }> {
    const listen = flags.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const program = this.start(['sim', 'acquirer', ...listen, '--ledger', this.at('ledger.db'), ...flags]);
    const line = await program.line(/^listening on /);
    return { program, address: line.slice('listening on '.length) };
  }

  /** Fault rules for the acquirer, as flags. */
  faults(...rules: object[]): string[] {
    return ['--faults', this.write('faults.json', JSON.stringify({ rules }))];
  }

  /** The virtual terminal at `tty`, playing `script`. */
  async terminal(script: string, ...flags: string[]): Promise<Program> {
    const path = this.write(`script-${this.programs.length}.txt`, script);
    const drawn = `${path}.screens`;
    const program = this.start([
      ...['sim', 'terminal', '--link', this.at('tty'), '--script', path, '--screens', drawn],
      ...flags,
    ]);
    const screens = new Lines();
    this.screens = screens;
    this.followers.push(followLines(drawn, line => screens.add(line)));
    void program.ended.then(status => screens.end(`the terminal ended with ${status}: ${program.output}`));
    await program.line(/^terminal ready/);
    return program;
  }

  /** The program under test. */
  run(address: string, ...flags: string[]): Counter {
    const trace = this.at(`trace-${++this.runs}.p85t`);
    const program = this.start([
      ...[
        'run',
        '--profile',
        PROFILE,
        '--port',
        this.at('tty'),
        '--acquirer',
        address,
        '--journal',
        this.at('journal.db'),
      ],
      ...['--trace', trace, ...flags],
    ]);
    const lines = new Lines();
    const stop = followTrace(trace, profile, record => lines.add(JSON.stringify(record)));
    this.followers.push(stop);
    void program.ended.then(status => lines.end(`run ended with ${status}: ${program.output.slice(-2000)}`));
    return { program, trace: lines };
  }

  /** Both books side by side. Call it when no process writes any more. */
  books(): Verdict {
    return this.withJournal(journal => {
      const ledger = openLedger(this.at('ledger.db'));
      if (!ledger.ok) throw new Error(ledger.fault.cause);
      const verdict = compareBooks(journal, ledgerSummary(ledger.value.db));
      ledger.value.db.close();
      return verdict;
    });
  }

  withJournal<T>(look: (journal: Journal) => T): T {
    const journal = openJournal({ path: this.at('journal.db'), readOnly: true });
    if (!journal.ok) throw new Error(journal.fault.cause);
    try {
      return look(journal.value);
    } finally {
      journal.value.close();
    }
  }

  /** Takes the state of another world, so that the day need not begin anew. */
  continueFrom(other: World): void {
    for (const name of STATE) copyFileSync(other.at(name), this.at(name));
  }

  async end(): Promise<void> {
    for (const stop of this.followers) stop();
    for (const program of this.programs) program.signal('SIGKILL');
    await Promise.all(this.programs.map(program => program.ended));
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true });
  }
}

/** Script: first sign-on of operator 01 on a new journal, up to the idle screen. */
export const SIGN_ON = `
expect "未签到"
keys ENTER
expect "请输入操作员号"
keys 0 1 ENTER
expect "请输入操作员密码"
keys 0 0 0 0 ENTER
expect "请输入新密码"
keys 2 5 8 0 ENTER
expect "请再输一次"
keys 2 5 8 0 ENTER
expect "签到成功"
keys ENTER
expect "确认键:菜单"
`;

/** Script: a sale by swipe with PIN (no card that stays in the slot), up to the message that goes out. \`amount\`: keys, in fen. */
export const saleOf = (amount: string): string => `
expect "确认键:菜单"
keys ENTER
expect "主菜单"
keys 1
expect "请输入金额"
keys ${amount} ENTER
expect "请插卡/刷卡/挥卡"
swipe swipe
expect "确认-是"
keys ENTER
expect "请持卡人输密码"
pin 123456
`;

/** Script: what follows an approved sale. */
export const SALE_DONE = `
expect "请撕下商户存根"
keys ENTER
expect "交易完成"
keys ENTER
expect "确认键:菜单"
`;

/** A world whose terminal is signed on, for others to continue from. */
export async function signedOn(): Promise<World> {
  const world = new World();
  const acquirer = await world.acquirer();
  const terminal = await world.terminal(`${SIGN_ON}quit 0`);
  const { program } = world.run(acquirer.address);
  await Promise.race([terminal.ended, program.ended]);
  program.signal('SIGINT');
  const status = await program.ended;
  acquirer.program.signal('SIGINT');
  await acquirer.program.ended;
  if (status !== 0 || (await terminal.ended) !== 0)
    throw new Error(`sign-on failed: ${terminal.output}\n${program.output}`);
  return world;
}

const FIRST_APPROVAL = `keys 1 2 3 4 5 6 ENTER
expect "请输入新密码"
keys 2 4 6 8 1 0 ENTER
expect "请再输一次"
keys 2 4 6 8 1 0 ENTER
`;

/** Script: from the idle screen to the sale with voucher 2, found for a refund; the first approval of this terminal. */
export const REFUND_FOUND = `
keys ENTER
expect "主菜单"
keys 3
expect "1.银行卡"
keys 1
expect "请输入主管密码"
${FIRST_APPROVAL}expect "退货-查原交易"
keys 1
expect "请输入原凭证号"
keys 2 ENTER
`;

/** The same when 00 has changed the password. */
export const REFUND_FOUND_AGAIN = REFUND_FOUND.replace(FIRST_APPROVAL, 'keys 2 4 6 8 1 0 ENTER\n');

/** Script: from the idle screen to the settlement that goes out. */
export const SETTLE = `
keys ENTER
expect "主菜单"
keys 7
expect "管理"
keys 4
expect "是否批结算"
keys ENTER
expect "内卡销售总计"
keys ENTER
expect "内卡退货总计"
keys ENTER
expect "外卡销售总计"
keys ENTER
expect "外卡退货总计"
keys ENTER
`;
