// Loaded before the runtime by `node --import`, to make its journal worse than it is: the harness must see each of these.
import { DatabaseSync } from 'node:sqlite';

const real = DatabaseSync.prototype.exec;
let commits = 0;

const SABOTAGES = {
  /** The disk is never told to write. */
  'no-sync': (db, sql) => real.call(db, sql.replace('synchronous = FULL', 'synchronous = OFF')),
  /** A commit that failed counts as done. */
  'failure-ignored'(db, sql) {
    if (sql !== 'COMMIT') return real.call(db, sql);
    try {
      return real.call(db, sql);
    } catch {
      return db.isTransaction ? real.call(db, 'ROLLBACK') : undefined;
    }
  },
  /** Every second commit comes with the next one: messages go out and results are shown before they are on the disk. */
  'commit-late'(db, sql) {
    if (sql === 'BEGIN IMMEDIATE' && db.isTransaction) return undefined;
    if (sql === 'COMMIT' && commits++ % 2 === 1) return undefined;
    return real.call(db, sql);
  },
};

const sabotage = SABOTAGES[process.env.POS8583_SABOTAGE];
if (sabotage)
  DatabaseSync.prototype.exec = function exec(sql) {
    return sabotage(this, sql);
  };
