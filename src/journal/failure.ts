import { type Fault, fault, faultText } from '../fault.ts';

/** What SQLite says, in the words of the journal. */

/** A write or read of the journal failed. Fatal by rule: nothing may go on that the journal does not hold. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure';
  readonly fault: Fault;

  constructor(f: Fault, cause?: unknown) {
    super(faultText(f), { cause });
    this.fault = f;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Primary result code of SQLite, or 0 for any other error. */
export function sqliteCode(cause: unknown): number {
  const { code, errcode } = cause as { code?: string; errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && errcode !== undefined ? errcode & 0xff : 0;
}

export function sqliteText(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown error';
}

export const DAMAGE_REMEDY =
  'Keep the file and its -wal for support, run `pos8583 journal verify`, restore the last backup or settle with the acquirer and start a new journal';

/** Failure of a read or write of the journal at `path`; `cause` is an error of SQLite. */
export function failureOf(path: string, doing: 'read' | 'write', cause: unknown): JournalFailure {
  const code = sqliteCode(cause);
  const where = `${path} could not be ${doing === 'read' ? 'read' : 'written'}: ${sqliteText(cause)}`;
  if (code === SQLITE_FULL)
    return new JournalFailure(
      fault('E_FAILURE', 'journal-disk-full', where, 'Free space on the disk, then start again'),
      cause,
    );
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB)
    return new JournalFailure(fault('E_FAILURE', 'journal-damaged', where, DAMAGE_REMEDY), cause);
  const name = code === SQLITE_IOERR && doing === 'write' ? 'journal-sync-failed' : `journal-${doing}-failed`;
  return new JournalFailure(
    fault(
      'E_FAILURE',
      name,
      where,
      'Check the disk and the rights on the folder, then start again; the journal decides what is still owed',
    ),
    cause,
  );
}

/** Fault of an opening that SQLite refused. */
export function openFault(path: string, readOnly: boolean, cause: unknown): Fault {
  const code = sqliteCode(cause);
  const text = sqliteText(cause);
  if (code === SQLITE_BUSY)
    return fault(
      'E_BUSY',
      'journal-in-use',
      `another pos8583 writes the journal ${path}`,
      'Stop the other one first, or give this one its own journal',
    );
  if (code === SQLITE_CANTOPEN)
    return readOnly
      ? fault(
          'E_NOEXIST',
          'journal-missing',
          `there is no readable journal ${path}`,
          'Check the path given with --journal',
        )
      : fault(
          'E_NOEXIST',
          'journal-folder',
          `${path} cannot be opened or made: ${text}`,
          'Check that the folder exists and may be written',
        );
  if (code === SQLITE_READONLY)
    return fault(
      'E_ILLEGAL',
      'journal-read-only',
      `${path} may not be written`,
      'Give write rights on the file and its folder',
    );
  if (code === SQLITE_NOTADB)
    return fault(
      'E_ILLEGAL',
      'not-a-journal',
      `${path} is not a journal (or its first page is damaged)`,
      DAMAGE_REMEDY,
    );
  if (code === SQLITE_CORRUPT) return fault('E_FAILURE', 'journal-damaged', `${path}: ${text}`, DAMAGE_REMEDY);
  return fault('E_FAILURE', 'journal-open-failed', `${path}: ${text}`, 'Check the disk and the rights on the folder');
}
