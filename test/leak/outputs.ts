import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';

/** Everything that was written, by the name of who wrote it and what. */
export class Outputs {
  readonly all = new Map<string, Uint8Array>();
  /** How many cards there were where this was written. */
  readonly cardsOf = new Map<string, number>();
  /** The same for what comes from now on. */
  cards = 1;

  text(name: string, text: string | readonly string[]): void {
    this.bytes(name, Buffer.from(typeof text === 'string' ? text : text.join('\n')));
  }

  /** A file in a file (zip, gzip) counts by itself: nothing can be found in what is packed. */
  bytes(name: string, bytes: Uint8Array): void {
    this.all.set(name, bytes);
    this.cardsOf.set(name, this.cards);
    if (bytes[0] === 0x50 && bytes[1] === 0x4b)
      for (const [inner, content] of Object.entries(unzipSync(bytes))) this.bytes(`${name}/${inner}`, content);
    else if (bytes[0] === 0x1f && bytes[1] === 0x8b) this.bytes(`${name}, unpacked`, gunzipSync(bytes));
  }

  file(name: string, path: string): void {
    this.bytes(name, readFileSync(path));
  }
}

/** A folder in memory where there is one: a day writes thousands of times and syncs each time. */
export function newFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pos8583-leak-'));
}
