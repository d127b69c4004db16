import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readSync, renameSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../fault.ts';
import { syncFolderOf } from './files.ts';

/** Files that are kept for years: their hashes, and names that appear only when the file is whole. */

/** Bytes that are hashed in one go. */
const PIECE = 1024 * 1024;

/** SHA-256 of a file of any length, 64 hex digits. Fault `archive-file`. */
export function fileDigest(path: string): Result<string> {
  return guarded(path, () => {
    const fd = openSync(path, 'r');
    try {
      const digest = createHash('sha256');
      const piece = Buffer.alloc(PIECE);
      for (;;) {
        const got = readSync(fd, piece, 0, PIECE, null);
        if (got === 0) return digest.digest('hex');
        digest.update(piece.subarray(0, got));
      }
    } finally {
      closeSync(fd);
    }
  });
}

/** Names of the files in a folder, sorted; no folders. Fault `archive-file`. */
export function fileNames(folder: string): Result<string[]> {
  return guarded(folder, () =>
    readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => entry.name)
      .sort(),
  );
}

export const fileExists = (path: string): boolean => existsSync(path);

/** Gives a file that was written whole its name: synced first, so that a power cut leaves no half file under it. */
export function nameWhole(draft: string, path: string): Result<void> {
  const named = guarded(path, () => {
    const fd = openSync(draft, 'r+');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  });
  return named.ok ? syncFolderOf(path) : named;
}

function guarded<T>(path: string, work: () => T): Result<T> {
  try {
    return ok(work());
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (typeof code !== 'string') throw error;
    return failed(fault('E_FAILURE', 'archive-file', `${path}: ${code}`, 'Check the path, the rights and the disk'));
  }
}
