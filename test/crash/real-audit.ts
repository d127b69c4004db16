import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The system calls that bring the journal to the disk: where a process can die and a disk can fail. */
export const DISK_CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate'] as const;
export type DiskCall = (typeof DISK_CALLS)[number];
/** What strace writes down: the disk calls, and what leaves for the acquirer, to see in which order they come. */
export const TRACED = `${DISK_CALLS.join(',')},write,writev,sendto,sendmsg`;

/** What one log of strace says. */
export interface Audit {
  /** Calls on journal files that were made, by name. */
  readonly counts: Readonly<Partial<Record<DiskCall, number>>>;
  /** The call that was made to fail, with its file; undefined when none was reached. */
  readonly injected: string | undefined;
  /** Nothing is lost by that failure: what it was to bring to the disk is there already, or no journal at all. */
  readonly harmless: boolean;
  /** Bytes that left for the acquirer while the journal's newest bytes or names were not synced, and journals left unsynced. */
  readonly violations: readonly string[];
  /** Syncs of the write-ahead log that were done. */
  readonly syncs: number;
}

const LINE = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/;

/**
 * Reads a log of `strace -f -yy`: one call a line, `PID call(FD<path>, …) = result`; a call that another thread cut in two
 * has `<unfinished ...>` and a second line that begins with `<... call resumed>`. `journal`: path of the journal; `died`: the
 * process ended in the middle. Only what goes to
 * the acquirer is looked at: other threads write the terminal line, with what was handed to them before.
 */
export function audit(path: string, journal: string, died: boolean): Audit {
  const counts: Partial<Record<DiskCall, number>> = {};
  const violations: string[] = [];
  const folder = dirname(journal);
  let harmless = false;
  let hasLog = false;
  let nameLost = false;
  const open = new Map<string, string>();
  let injected: string | undefined;
  let unsynced = false;
  let syncs = 0;
  let lines = 0;
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    lines++;
    const match = LINE.exec(text);
    if (!match) continue;
    const [, thread, resumed, begun] = match;
    const call = resumed ?? begun;
    let rest = match[4];
    if (begun !== undefined && rest.includes('<unfinished')) open.set(thread, rest);
    else if (resumed !== undefined) rest = (open.get(thread) ?? '') + rest;
    const file = /^\d+<([^>]*)>/.exec(rest)?.[1] ?? '';
    const onWal = file === `${journal}-wal`;
    if (rest.includes('(INJECTED)')) {
      injected = `${call} ${file === folder ? 'of the folder' : file.replace(/^.*\//, '')}`;
      // A checkpoint copies from the log, which keeps everything until the copy is synced. The program's own log is no book.
      harmless = file === journal ? hasLog : file === folder || file.endsWith('.log') || (onWal && !unsynced);
      if (file === folder) nameLost = true;
    }
    const disk = begun !== undefined && file.startsWith(folder) && !file.endsWith('.log');
    if (disk && isDiskCall(call)) counts[call] = (counts[call] ?? 0) + 1;
    if (onWal) hasLog = true;
    if (call === 'fsync' && file === folder && / = 0$/.test(rest)) nameLost = false;
    const leaves = begun !== undefined && file.startsWith('TCP');
    if (leaves && nameLost) {
      violations.push(
        `bytes left for the acquirer before the names of the journal's files were synced (line ${lines})`,
      );
      nameLost = false;
    }
    if (call === 'pwrite64' && onWal && begun !== undefined) unsynced = true;
    else if ((call === 'fsync' || call === 'fdatasync') && onWal && / = 0$/.test(rest)) {
      unsynced = false;
      syncs++;
    } else if (leaves && unsynced)
      violations.push(`bytes left for the acquirer before the journal was synced (line ${lines} of the log)`);
  }
  if (unsynced && !died) violations.push('the newest bytes of the journal were never synced');
  return { counts, injected, harmless, violations, syncs };
}

function isDiskCall(call: string): call is DiskCall {
  return (DISK_CALLS as readonly string[]).includes(call);
}
