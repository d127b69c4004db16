import { basename, dirname } from 'node:path';
import type { DiskCall, Note } from './real-faults.ts';

/** What the calls of one run say. */
export interface Audit {
  /** Calls on files beside the journal, by name. */
  readonly counts: Readonly<Partial<Record<DiskCall, number>>>;
  /** The call that was struck, with its file; undefined when none was reached. */
  readonly injected: string | undefined;
  /** Nothing is lost when that call fails: what it was to bring to the disk is there already, or no journal at all. */
  readonly harmless: boolean;
  /** At the end the journal's newest bytes were not synced: wrong unless the process died there. */
  readonly unsynced: boolean;
  /** Bytes that left for the acquirer while the journal's newest bytes or names were not synced. */
  readonly violations: readonly string[];
  /** Syncs of the write-ahead log that were done. */
  readonly syncs: number;
  /** Times that bytes left for the acquirer. */
  readonly sends: number;
}

/** Looks through the calls of one run. `journal`: its name as in the notes. */
export function audit(notes: readonly Note[], journal: string): Audit {
  const counts: Partial<Record<DiskCall, number>> = {};
  const violations: string[] = [];
  const folder = dirname(journal) === '.' ? '' : dirname(journal);
  const names = [journal, `${journal}-wal`, `${journal}.key`];
  let harmless = false;
  let hasLog = false;
  let unnamed = false;
  let injected: string | undefined;
  let unsynced = false;
  let syncs = 0;
  let sends = 0;
  notes.forEach(({ call, name, struck, result }, i) => {
    const onWal = name === `${journal}-wal`;
    if (struck) {
      injected = `${call} of ${name === folder ? 'the folder' : basename(name)}`;
      // A checkpoint copies from the log, which keeps everything until the copy is synced.
      harmless = name === journal ? hasLog : name === folder || (onWal && !unsynced);
    }
    if (call === 'send') {
      sends++;
      if (unnamed)
        violations.push(
          `bytes left for the acquirer before the names of the journal's files were synced (call ${i + 1})`,
        );
      if (unsynced) violations.push(`bytes left for the acquirer before the journal was synced (call ${i + 1})`);
      unnamed = false;
      return;
    }
    if (call === 'create') {
      // The lock, the shared memory and drafts may be lost.
      if (names.includes(name)) unnamed = true;
      return;
    }
    counts[call] = (counts[call] ?? 0) + 1;
    if (onWal) hasLog = true;
    const synced = (call === 'fsync' || call === 'fdatasync') && result === 0;
    if (synced && name === folder) unnamed = false;
    if (onWal && call === 'pwrite64') unsynced = true;
    if (onWal && synced) {
      unsynced = false;
      syncs++;
    }
  });
  return { counts, injected, harmless, unsynced, violations, syncs, sends };
}
