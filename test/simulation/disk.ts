import { DatabaseSync as Native, type StatementSync } from 'node:sqlite';
import { Crash } from './timeline.ts';

/** What may happen at a commit. `full`: from now on the file cannot grow. `…Kept`: it failed, and yet is on the disk. */
export type CommitFault = 'crashBefore' | 'crashAfter' | 'full' | 'syncFailedLost' | 'syncFailedKept';

/**
 * The disk under the journal: one real SQLite database in memory that outlives the program which opened it, as a file
 * outlives a process. What was committed survives a crash, what was not is rolled back, and the program is handed the
 * same class `DatabaseSync` as always, with another constructor behind it. Statements are prepared once for all programs
 * that start on it.
 */
export class Disk extends Native {
  /** Called with the number of the commit, from 1, before it happens. */
  onCommit: (commit: number) => CommitFault | undefined = () => undefined;
  /** The planted fault "the disk says that it is synced and is not": how many commits a crash takes back. */
  forgets = 0;
  commits = 0;
  private readonly kept: Uint8Array[] = [];
  private readonly statements = new Map<string, StatementSync>();
  private full = false;

  constructor() {
    super(':memory:', { enableForeignKeyConstraints: true });
  }

  /** The process ended, orderly or not. */
  override close(): void {
    if (this.isTransaction) super.exec('ROLLBACK');
  }

  /** The disk itself goes away. */
  end(): void {
    // A statement holds its database: reached from here, and the engine would keep the disk and its whole history for ever.
    this.statements.clear();
    this.onCommit = () => undefined;
    super.close();
  }

  override prepare(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = super.prepare(sql)));
    return statement;
  }

  override exec(sql: string): void {
    if (sql === 'BEGIN IMMEDIATE') return void this.prepare(sql).run();
    if (sql !== 'COMMIT') return super.exec(sql);
    const fault = this.onCommit(++this.commits);
    if (fault === 'crashBefore') throw new Crash('before a commit');
    if (fault === 'full') this.setFull(true);
    if (fault === 'syncFailedLost') {
      super.exec('ROLLBACK');
      throw ioError();
    }
    this.prepare(sql).run();
    if (this.forgets > 0 && this.kept.push(this.serialize()) > this.forgets + 1) this.kept.shift();
    if (fault === 'crashAfter') throw new Crash('after a commit');
    if (fault === 'syncFailedKept') throw ioError();
  }

  /** Full: no page more than there are; not full: the disk has room again. */
  setFull(full: boolean): void {
    if (full === this.full) return;
    this.full = full;
    const pages = this.prepare('PRAGMA page_count').get() as { page_count: number };
    super.exec(`PRAGMA max_page_count = ${full ? pages.page_count : 1_000_000}`);
  }

  /**
   * A crash on a disk that forgets: the newest commits are gone. Gives the disk that goes on in place of this one, which
   * ends: SQLite does not survive another database under a connection that has read the tables of the old one.
   */
  lose(): Disk {
    const next = new Disk();
    next.onCommit = this.onCommit;
    next.forgets = this.forgets;
    next.commits = this.commits;
    const [oldest] = this.kept;
    next.deserialize(oldest ?? this.serialize());
    this.end();
    return next;
  }
}

/** An error as `node:sqlite` throws it when the system reports a failed write or sync. */
function ioError(): Error {
  return Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
}

const disks = new Map<string, Disk>();

/** Makes `path` the name of a simulated disk. */
export function mount(path: string, disk: Disk): void {
  disks.set(path, disk);
}

/** `DatabaseSync` for the program: the same class, but the name of a mounted disk opens that disk. */
export const DatabaseSync = new Proxy(Native, {
  construct(target, args: ConstructorParameters<typeof Native>): object {
    const name = String(args[0]);
    const disk = disks.get(name);
    if (disk) return disk;
    if (name.endsWith('.lock') && disks.has(name.slice(0, -'.lock'.length))) return NO_LOCK;
    return Reflect.construct(target, args) as object;
  },
});

/** One program at a time opens a disk here, so the lock beside it locks nothing. */
const NO_LOCK = { isOpen: true, exec: (): void => {}, close: (): void => {} };
