import { DatabaseSync as Native, type StatementSync } from 'node:sqlite';

/**
 * A database in memory that outlives the program which opened it, as a file outlives a process, and that can go back to
 * an earlier state at once: the program's transactions are savepoints inside an outer one. What the program committed
 * survives a crash, what it had not is rolled back. Statements are prepared once, since thousands of programs start here.
 */
export class MatrixDisk {
  /** Called before and after each commit; may throw to end the program there. */
  onCommit: (when: 'before' | 'after') => void = () => {};
  isOpen = true;
  /** A transaction of the program is under way. */
  isTransaction = false;
  private readonly native = new Native(':memory:', { enableForeignKeyConstraints: true });
  private readonly statements = new Map<string, StatementSync>();
  private kept = false;

  /** The program's `exec`. */
  exec(sql: string): void {
    switch (sql) {
      case 'BEGIN':
      case 'BEGIN IMMEDIATE':
        this.native.exec('SAVEPOINT work');
        this.isTransaction = true;
        return;
      case 'COMMIT':
        this.onCommit('before');
        this.native.exec('RELEASE work');
        this.isTransaction = false;
        this.onCommit('after');
        return;
      case 'ROLLBACK':
        this.native.exec('ROLLBACK TO work; RELEASE work');
        this.isTransaction = false;
        return;
      default:
        // Modes of a file: a database in memory has none, and inside a transaction asking for them is an error.
        if (/^PRAGMA journal_mode/.test(sql)) return;
        // Tables may be others afterwards: statements are prepared anew.
        if (/\b(CREATE|DROP)\b/.test(sql)) this.statements.clear();
        this.native.exec(sql);
    }
  }

  /** The program's `prepare`. */
  prepare(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.made(sql)));
    return statement;
  }

  /** A transaction of the program begins and ends here, whether it prepares the words for it or not. */
  private made(sql: string): StatementSync {
    if (sql !== 'BEGIN IMMEDIATE' && sql !== 'COMMIT') return this.native.prepare(sql);
    return { run: () => this.exec(sql) } as unknown as StatementSync;
  }

  /** The program ended, orderly or not. */
  close(): void {
    if (this.isTransaction) this.exec('ROLLBACK');
    this.isOpen = false;
  }

  open(): this {
    this.isOpen = true;
    return this;
  }

  /** The present state is the one to go back to. */
  keep(): void {
    if (this.kept) this.native.exec('RELEASE base');
    this.native.exec('SAVEPOINT base');
    this.kept = true;
  }

  /** Back to the kept state. */
  back(): void {
    this.isTransaction = false;
    this.native.exec('ROLLBACK TO base');
  }

  end(): void {
    this.statements.clear();
    this.native.close();
  }
}

const disks = new Map<string, MatrixDisk>();

/** Makes `path` the name of a simulated disk. */
export function mount(path: string, disk: MatrixDisk): void {
  disks.set(path, disk);
}

/** `DatabaseSync` for the program: the name of a mounted disk opens that disk, and its lock is of no use here. */
export const DatabaseSync = new Proxy(Native, {
  construct(target, args: ConstructorParameters<typeof Native>): object {
    const name = String(args[0]);
    const disk = disks.get(name);
    if (disk) return disk.open();
    if (name.endsWith('.lock') && disks.has(name.slice(0, -'.lock'.length))) return NO_LOCK;
    return Reflect.construct(target, args) as object;
  },
});

const NO_LOCK = { isOpen: true, exec: (): void => {}, close: (): void => {} };
