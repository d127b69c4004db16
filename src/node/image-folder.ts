import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../fault.ts';
import { readBytes, writeAtomic } from './files.ts';

const ENDING = '.p8583';

/** Images beside a journal, by digest: what ran in its terminal can be named, compared and flashed again. */
export interface ImageFolder {
  readonly path: string;
  /** Bytes of the image with this digest (64 hex digits), as they lie there; undefined when it is not there. */
  find(digest: string): Uint8Array | undefined;
  keep(digest: string, bytes: Uint8Array): Result<void>;
}

/** The folder `<journal>.images`. It is made with the first image, for this user only. */
export function openImageFolder(journalPath: string): ImageFolder {
  const path = `${journalPath}.images`;
  const fileOf = (digest: string): string => join(path, `${digest}${ENDING}`);
  return {
    path,
    find(digest) {
      const bytes = /^[0-9a-f]{64}$/.test(digest) ? readBytes(fileOf(digest)) : undefined;
      return bytes?.ok ? bytes.value : undefined;
    },
    keep(digest, bytes) {
      try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (code === undefined) throw error;
        return failed(fault('E_FAILURE', 'image-folder', `cannot make ${path}: ${code}`, 'Check who owns the folder'));
      }
      const written = writeAtomic(fileOf(digest), bytes, 0o600);
      return written.ok ? ok(undefined) : written;
    },
  };
}
