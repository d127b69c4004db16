import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The calls that bring the journal to the disk: where a process can die and a disk can fail. */
export const DISK_CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'write'] as const;
export type DiskCall = (typeof DISK_CALLS)[number];

/**
 * `kill`: before the call is done. `after`: when it was done, before anything else. The others: the call fails, nothing of it is
 * done.
 */
export const FAULTS = ['kill', 'after', 'eio', 'enospc'] as const;
export type Fault = (typeof FAULTS)[number];

/**
 * One call that the library noted: a write where it begins, a sync where it ended, `send` where bytes leave over TCP, `create` where
 * a name came to be.
 */
export interface Note {
  readonly call: DiskCall | 'send' | 'create';
  /** Path below the folder of the control file; empty: that folder. */
  readonly name: string;
  /** The fault struck here. */
  readonly struck: boolean;
  /** What the call gave; of a write that was begun: 0. */
  readonly result: number;
}

const SOURCE = fileURLToPath(new URL('./disk-faults.c', import.meta.url));
const BUILT = fileURLToPath(new URL('../../node_modules/.cache/pos8583-crash', import.meta.url));

// The layout of the control file, as in disk-faults.c.
const CALLS = [undefined, 'pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'write', 'send', 'create'] as const;
const PID_AT = 0;
const ARMED_AT = 4;
const ORDER_AT = 8;
const NOTES_AT = 28;
const HEAD_LENGTH = 32;
const NOTE_LENGTH = 128;
const NAME_AT = 12;
const NOTES_MAX = 8000;
const LOOK = 0;
const HOW: Readonly<Record<Fault, number>> = { kill: 1, after: 2, eio: 3, enospc: 3 };
const ERRORS: Readonly<Partial<Record<Fault, number>>> = { eio: 5, enospc: 28 };

let built: string | undefined;

/** The library, compiled when that was not done before; undefined on a machine without Linux or a C compiler. */
export function faultLibrary(): string | undefined {
  if (built !== undefined || process.platform !== 'linux') return built;
  const digest = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const library = join(BUILT, `disk-faults-${process.arch}-${digest}.so`);
  if (!existsSync(library)) {
    mkdirSync(BUILT, { recursive: true });
    // Others may compile it at the same time: it has its name only when it is whole.
    const draft = `${library}.${process.pid}.tmp`;
    const { status, error } = spawnSync('cc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', draft, SOURCE], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    if (status !== 0) throw new Error(`cc ended with ${status}: ${SOURCE} cannot be compiled`);
    renameSync(draft, library);
  }
  return (built = library);
}

/** The disk of one runtime at a time, which can be told to fail. */
export class FaultyDisk {
  /** For the runtime. */
  readonly env: NodeJS.ProcessEnv;
  private readonly fd: number;

  /** `folder`: what is watched, with all below it. */
  constructor(library: string, folder: string) {
    const path = join(folder, 'disk-faults');
    this.fd = openSync(path, 'w+');
    writeSync(this.fd, new Uint8Array(HEAD_LENGTH + NOTES_MAX * NOTE_LENGTH));
    this.env = { LD_PRELOAD: library, POS8583_DISK_FAULTS: path };
  }

  /** From now on calls are noted, and the `n`-th of a kind is struck when a fault is given. */
  arm(injection?: { readonly fault: Fault; readonly call: DiskCall; readonly n: number }): void {
    const order = injection
      ? [HOW[injection.fault], CALLS.indexOf(injection.call), injection.n, ERRORS[injection.fault] ?? 0]
      : [LOOK, 0, 0, 0];
    this.put(ARMED_AT, 0);
    // How, which call, which of them, the error; then none was reached and none is noted.
    this.put(ORDER_AT, ...order, 0, 0);
    this.put(ARMED_AT, 1);
  }

  /** What was noted since then; nothing is noted or struck any more. `pid`: the process that was watched. */
  disarm(pid: number | undefined): Note[] {
    this.put(ARMED_AT, 0);
    const head = Buffer.alloc(HEAD_LENGTH);
    readSync(this.fd, head, 0, HEAD_LENGTH, 0);
    const count = head.readUInt32LE(NOTES_AT);
    if (head.readUInt32LE(PID_AT) !== pid) throw new Error(`the library of faults is not in the runtime ${pid}`);
    if (count > NOTES_MAX) throw new Error(`${count} calls are more than can be noted`);
    const notes = Buffer.alloc(count * NOTE_LENGTH);
    readSync(this.fd, notes, 0, notes.length, HEAD_LENGTH);
    // The names of the next run are not those of this one.
    writeSync(this.fd, new Uint8Array(notes.length), 0, notes.length, HEAD_LENGTH);
    const found: Note[] = [];
    for (let at = 0; at < notes.length; at += NOTE_LENGTH) {
      const call = CALLS[notes.readUInt32LE(at)];
      // A thread that died while it noted its call did not do the call yet.
      if (call === undefined) continue;
      const name = notes.toString('utf8', at + NAME_AT, notes.indexOf(0, at + NAME_AT));
      found.push({ call, name, struck: notes.readUInt32LE(at + 4) === 1, result: notes.readInt32LE(at + 8) });
    }
    return found;
  }

  close(): void {
    closeSync(this.fd);
  }

  private put(at: number, ...words: number[]): void {
    const bytes = Buffer.alloc(words.length * 4);
    words.forEach((word, i) => bytes.writeUInt32LE(word, i * 4));
    writeSync(this.fd, bytes, 0, bytes.length, at);
  }
}
