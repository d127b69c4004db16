import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** One run of a contestant. */
export interface Run {
  /** Millions of messages a second. */
  readonly rate: number;
  /** Bytes of heap allocated per message; undefined for the C program, which allocates none. */
  readonly bytes: number | undefined;
}

/** Words put before a command so that it stays on one core; empty where the system has no `taskset`. */
export function pinned(): readonly string[] {
  const shown = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  if (shown.status !== 0) return [];
  const cores = /([\d,-]+)\s*$/.exec(shown.stdout);
  const last = cores === null ? undefined : /(\d+)$/.exec(cores[1]);
  return last === null || last === undefined ? [] : ['taskset', '-c', last[1]];
}

/** Builds the C limit into `folder`. Returns the program, or why there is none. */
export function buildLimit(folder: string): { readonly program: string } | { readonly reason: string } {
  const source = join(import.meta.dirname, 'limit.c');
  const program = join(folder, 'limit');
  let reason = 'no C compiler (cc, gcc or clang) is installed';
  for (const compiler of ['cc', 'gcc', 'clang']) {
    for (const native of [['-march=native'], []]) {
      const built = spawnSync(compiler, ['-O3', ...native, '-o', program, source], { encoding: 'utf8' });
      if (built.error !== undefined) break;
      if (built.status === 0) return { program };
      reason = `${compiler} cannot build test/bench/limit.c: ${built.stderr.split('\n')[0]}`;
    }
  }
  return { reason };
}

/** A process that obeys `run …` lines and answers each with one line of JSON. */
export class Contestant {
  /** `ours:values` */
  readonly name: string;
  readonly runs: Run[] = [];
  note = '';
  private readonly words: string;
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  /** `words` stand between `run` and the seconds. */
  constructor(name: string, command: readonly string[], words = '') {
    this.name = name;
    this.words = words;
    this.child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    // A process that has ended cannot be written to; what matters, that no answer comes, is said by next().
    this.child.stdin.on('error', () => this.reader.close());
    this.reader = createInterface({ input: this.child.stdout });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** Sends a line and gives the next line that comes. Throws when the process has ended. */
  async ask(line: string): Promise<string> {
    this.child.stdin.write(`${line}\n`);
    return await this.next();
  }

  async next(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error(`${this.name}: the process ended without an answer`);
    return value;
  }

  /** Waits for the first line of a JavaScript contestant: its note. Throws when it does not do what it claims. */
  async ready(): Promise<void> {
    const first = JSON.parse(await this.next()) as { note?: string; error?: string };
    if (first.error !== undefined) throw new Error(`${this.name}: ${first.error}`);
    this.note = first.note ?? '';
  }

  /** Runs for a time; the figure is kept unless it is the warm-up. */
  async run(seconds: number, keep = true): Promise<void> {
    const line = await this.ask(`run ${this.words}${seconds}`);
    const answer = JSON.parse(line) as { count: number; ns: number; bytes?: number; error?: string };
    if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
    if (!keep) return;
    const bytes = answer.bytes === undefined ? undefined : answer.bytes / answer.count;
    this.runs.push({ rate: (answer.count * 1000) / answer.ns, bytes });
  }

  end(): void {
    this.child.kill();
    this.reader.close();
  }
}
