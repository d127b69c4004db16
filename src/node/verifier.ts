import { spawnSync } from 'node:child_process';
import process from 'node:process';
import type { Result } from '../fault.ts';
import { readText } from './files.ts';
import { inPackage } from './places.ts';

/** The verifier of evidence packs, beside `src` and `dist`: it imports nothing of ours, so that it can leave the house alone. */
const VERIFIER = inPackage('scripts/verify-evidence.mjs');

/** Its text, for the pack. */
export function verifierText(): Result<string> {
  return readText(VERIFIER);
}

/** What it said about a pack, and its exit status: 0 whole, 1 changed or another anchor, 2 cannot be read. */
export function verifyEvidence(
  packPath: string,
  anchorOnPaper: string | undefined,
): { readonly status: number; readonly text: string } {
  const args = [VERIFIER, packPath, ...(anchorOnPaper === undefined ? [] : [anchorOnPaper])];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status: ran.status ?? 2, text: `${ran.stdout}${ran.stderr}`.trimEnd() };
}
