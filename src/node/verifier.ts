import { fileURLToPath } from 'node:url';
import type { Result } from '../fault.ts';
import { readText } from './files.ts';

/** The verifier of evidence packs, beside `src` and `dist`: it imports nothing of ours, so that it can leave the house alone. */
const VERIFIER = new URL('../../scripts/verify-evidence.mjs', import.meta.url);

/** Its text, for the pack. */
export function verifierText(): Result<string> {
  return readText(fileURLToPath(VERIFIER));
}

/** Its check, run here: problems by file, number of proved records, anchor at the end of the chain. */
export async function verifyEvidence(
  pack: Uint8Array,
  anchorOnPaper: string | undefined,
): Promise<{ problems: string[]; proved: number; anchor: string }> {
  const module = (await import(VERIFIER.href)) as {
    verifyEvidence(
      bytes: Uint8Array,
      anchor: string | undefined,
    ): { problems: string[]; proved: number; anchor: string };
  };
  return module.verifyEvidence(pack, anchorOnPaper);
}
