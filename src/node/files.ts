import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, basename, join } from 'node:path';
import { failed, fault, ok } from '../fault.ts';
import type { Fault, Result } from '../fault.ts';

/** Longest file that is read or written in one piece, bytes (profiles, captures, images). */
export const FILE_LENGTH_MAX = 64 * 1024 * 1024;
/** Bytes of the key that seals card data in the journal (AES-256). */
export const JOURNAL_KEY_LENGTH = 32;

/** Reads a whole file. Faults: `file-missing`, `file-denied`, `file-is-directory`, `file-too-long`, `file-error`. */
export function readBytes(path: string): Result<Uint8Array> {
  return withFile(path, 'r', 0, 'read', fd => {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return failed(pathFault('read', path, { code: 'EISDIR' }));
    // Devices and pipes tell no length, so the end of the file decides; the bound holds for them too.
    let bytes = Buffer.alloc(Math.min(stat.size, FILE_LENGTH_MAX) + 1);
    let length = 0;
    for (;;) {
      const got = readSync(fd, bytes, length, bytes.length - length, null);
      if (got === 0) return ok(new Uint8Array(bytes.buffer, bytes.byteOffset, length));
      length += got;
      if (length > FILE_LENGTH_MAX) {
        return failed(
          fault(
            'E_ILLEGAL',
            'file-too-long',
            `${path} has more than ${FILE_LENGTH_MAX} bytes`,
            'Choose a smaller file',
          ),
        );
      }
      if (length === bytes.length) bytes = Buffer.concat([bytes], bytes.length * 2 + 4096);
    }
  });
}

/** Reads a whole file as UTF-8; other bytes are a fault (`file-not-utf8`). A byte order mark is left out. */
export function readText(path: string): Result<string> {
  const bytes = readBytes(path);
  if (!bytes.ok) return bytes;
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes.value));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return failed(fault('E_ILLEGAL', 'file-not-utf8', `${path} is no UTF-8 text`, 'Save the file as UTF-8'));
  }
}

/**
 * Replaces `path` by `content` so that a power cut leaves the old file or the new one, whole: a new file beside it is
 * written, synced, renamed over it, and the folder is synced. `mode` are the permission bits of the new file.
 */
export function writeAtomic(path: string, content: Uint8Array | string, mode = 0o644): Result<void> {
  const draft = draftOf(path);
  const written = writeDraft(path, draft, content, mode);
  if (!written.ok) return written;
  try {
    renameSync(draft, path);
    syncFolder(dirname(path));
    return ok(undefined);
  } catch (error) {
    discard(draft);
    return failed(pathFault('write', path, error));
  }
}

/** First bytes of a database: a journal, or the books of the virtual acquirer. */
const DATABASE = 'SQLite format 3\0';
/** Endings of what lies beside a journal and exists once: keys, its log, its lock. */
const KEPT = /\.(?:key|slip-key|slip-cards|slip-trust|lock)$|-(?:wal|shm)$/;

/**
 * As {@link writeAtomic}, for a file that a person names for what a command makes: an older one is replaced, but never a device, a
 * link, a database or a key, which a slip of the keyboard would destroy for good. Faults `file-special`, `file-kept`.
 */
export function writeOutput(path: string, content: Uint8Array | string, mode = 0o644): Result<void> {
  let there;
  try {
    there = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return failed(pathFault('write', path, error));
  }
  if (there && !there.isFile() && !there.isDirectory())
    return failed(fault('E_EXISTS', 'file-special', `cannot write ${path}: it is no plain file`, 'Name another file'));
  if (there?.isFile() && (KEPT.test(path) || existsSync(journalKeyPath(path)) || isDatabase(path)))
    return failed(
      fault(
        'E_EXISTS',
        'file-kept',
        `cannot write ${path}: a database, or a file that belongs to one, is there`,
        'Name another file',
      ),
    );
  return writeAtomic(path, content, mode);
}

function isDatabase(path: string): boolean {
  const head = new Uint8Array(DATABASE.length);
  const read = withFile(path, 'r', 0, 'read', fd => ok(readSync(fd, head)));
  // What cannot be read is not overwritten either.
  return !read.ok || String.fromCharCode(...head) === DATABASE;
}

/** Files that this process makes from now on are for its own user only (journal, log, trace). */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}

/** A file that lines are appended to. */
export interface LineFile {
  /** Hands `line` and a line end to the operating system before it returns. Faults as {@link writeAtomic}. */
  write(line: string): Result<void>;
}

/** Opens `path` for appending, made with mode 0600. Faults as {@link writeAtomic}. */
export function openLines(path: string): Result<LineFile> {
  let fd: number;
  try {
    fd = openSync(path, 'a', 0o600);
  } catch (error) {
    return failed(pathFault('write', path, error));
  }
  return ok({
    write(line) {
      const bytes = Buffer.from(`${line}\n`, 'utf8');
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
        return ok(undefined);
      } catch (error) {
        return failed(pathFault('write', path, error));
      }
    },
  });
}

/** Where the key of a journal lies: beside it. */
export function journalKeyPath(journalPath: string): string {
  return `${journalPath}.key`;
}

/**
 * The key that seals card data in the journal at `journalPath`, 32 bytes that the caller overwrites after use. It is made
 * at the first start; a journal whose key is gone is a fault, because a new key could never open its records.
 * Faults: `journal-lost`, `key-file-missing`, `key-file-open` (others may read it), `key-file-length`, and those of {@link readBytes}.
 */
export function openJournalKey(journalPath: string): Result<Uint8Array> {
  const path = journalKeyPath(journalPath);
  const journal = statSync(journalPath, { throwIfNoEntry: false });
  if (journal?.isDirectory()) return failed(pathFault('write', journalPath, { code: 'EISDIR' }));
  // The log beside a journal that is gone holds its newest records; a new journal would empty it.
  const log = statSync(`${journalPath}-wal`, { throwIfNoEntry: false });
  if (!journal?.size && log !== undefined && log.size > 0)
    return failed(
      fault(
        'E_NOEXIST',
        'journal-lost',
        `${journalPath} is ${journal ? 'empty' : 'missing'} while ${journalPath}-wal holds records of it`,
        'Keep that file and restore the journal from its backup; to begin a new journal move both away first',
      ),
    );
  if (!existsSync(path)) {
    if (journal && journal.size > 0) {
      return failed(
        fault(
          'E_NOEXIST',
          'key-file-missing',
          `${path} is missing while the journal ${journalPath} exists`,
          'Restore the key file from its backup; without it the sealed card numbers cannot be opened',
        ),
      );
    }
  }
  return openKeyFile(path);
}

/**
 * A secret of 32 bytes in a file for this user only, made when it is not there; the caller overwrites it after use. Faults:
 * `key-file-open` (others may read it), `key-file-length`, and those of {@link readBytes}.
 */
export function openKeyFile(path: string): Result<Uint8Array> {
  if (!existsSync(path)) {
    const made = makeKeyFile(path);
    if (!made.ok) return made;
  }
  return withFile(path, 'r', 0, 'read', fd => {
    const stat = fstatSync(fd);
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      return failed(
        fault(
          'E_ILLEGAL',
          'key-file-open',
          `${path} has mode ${mode}, so other users of this host can use the key`,
          `Run chmod 600 ${path}, and find out who read it`,
        ),
      );
    }
    const key = new Uint8Array(JOURNAL_KEY_LENGTH);
    const got = stat.size === JOURNAL_KEY_LENGTH ? readSync(fd, key) : 0;
    if (got === JOURNAL_KEY_LENGTH) return ok(key);
    return failed(
      fault(
        'E_FAILURE',
        'key-file-length',
        `${path} has ${stat.size} bytes; a key has ${JOURNAL_KEY_LENGTH}`,
        'Restore the key file from its backup',
      ),
    );
  });
}

function makeKeyFile(path: string): Result<void> {
  const key = randomBytes(JOURNAL_KEY_LENGTH);
  const written = writeNew(path, key, 0o600);
  key.fill(0);
  // Of two processes that start at once, both use the first one's key.
  return !written.ok && written.fault.name === 'file-exists' ? ok(undefined) : written;
}

/**
 * Writes `path` whole or not at all, and never over something that is there (`file-exists`). Other faults as
 * {@link writeAtomic}.
 */
export function writeNew(path: string, content: Uint8Array | string, mode: number): Result<void> {
  const draft = draftOf(path);
  const written = writeDraft(path, draft, content, mode);
  if (!written.ok) return written;
  try {
    // A link fails where a rename would overwrite.
    linkSync(draft, path);
    syncFolder(dirname(path));
    return ok(undefined);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') return failed(pathFault('write', path, error));
    return failed(fault('E_EXISTS', 'file-exists', `cannot write ${path}: it is there already`, 'Choose another name'));
  } finally {
    discard(draft);
  }
}

function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
}

/** Writes the draft of `path`; faults name `path`, which is what the person knows. */
function writeDraft(path: string, draft: string, content: Uint8Array | string, mode: number): Result<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const write = (fd: number): Result<void> => {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
    return ok(undefined);
  };
  const written = withFile(draft, 'wx', mode, 'write', write, path);
  if (!written.ok && existsSync(draft)) discard(draft);
  return written;
}

/** Removes a draft. One that stays is harmless: it is never read, and the main result tells what happened. */
function discard(draft: string): void {
  try {
    unlinkSync(draft);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/** Makes names in a folder durable. Windows cannot open folders and needs none of it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes the names beside `path` durable, so that a file that is new there is found again after a power cut. Faults as
 * {@link writeAtomic}.
 */
export function syncFolderOf(path: string): Result<void> {
  try {
    syncFolder(dirname(path));
    return ok(undefined);
  } catch (error) {
    return failed(pathFault('write', dirname(path), error));
  }
}

function withFile<T>(
  path: string,
  flags: string,
  mode: number,
  what: 'read' | 'write',
  use: (fd: number) => Result<T>,
  knownAs = path,
): Result<T> {
  let fd = -1;
  try {
    fd = openSync(path, flags, mode);
    return use(fd);
  } catch (error) {
    return failed(pathFault(what, knownAs, error));
  } finally {
    if (fd !== -1) closeSync(fd);
  }
}

/** The system's error code, or undefined for anything that is no system error. */
function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Turns a system error into a fault; anything else is a bug and goes on as it is. */
function pathFault(what: 'read' | 'write', path: string, error: unknown): Fault {
  const code = errorCode(error);
  const cannot = `cannot ${what} ${path}`;
  switch (code) {
    case undefined:
      throw error;
    case 'ENOENT':
      return fault('E_NOEXIST', 'file-missing', `${cannot}: it or its folder does not exist`, 'Check the path');
    case 'EACCES':
    case 'EPERM':
      return fault('E_ILLEGAL', 'file-denied', `${cannot}: permission denied (${code})`, 'Check the owner and mode');
    case 'EROFS':
      return fault('E_ILLEGAL', 'file-denied', `${cannot}: the file system is read-only`, 'Choose another folder');
    case 'EISDIR':
      return fault('E_ILLEGAL', 'file-is-directory', `${cannot}: it is a folder`, 'Name a file in it');
    case 'ENOTDIR':
      return fault('E_NOEXIST', 'file-missing', `${cannot}: a part of the path is no folder`, 'Check the path');
    case 'ENOSPC':
    case 'EDQUOT':
      return fault('E_FAILURE', 'disk-full', `${cannot}: no space left (${code})`, 'Free space on the disk');
    default:
      return fault('E_FAILURE', 'file-error', `${cannot}: ${code}`, 'Check the disk and the system log');
  }
}
