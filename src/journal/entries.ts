import { hash } from 'node:crypto';
import { assert } from '../assert.ts';
import { failed, fault, type Result } from '../fault.ts';
import { canonical } from './chain.ts';
import { grouped } from './guard.ts';
import type { Store } from './store.ts';
import { isTrue } from './vault.ts';

/**
 * Entries that somebody makes from outside of the keypad. Each comes under a request number that its sender made up, so
 * that one whose answer was lost can be sent again and happens once.
 */

export interface NewEntry {
  /** 32 hex digits, made anew for each entry, kept when it is sent again. */
  readonly request: string;
  /** What it is, e.g. `refund-stop`. */
  readonly what: string;
  /** All that it says; only its hash is kept. */
  readonly content: unknown;
  /** How it came: the file was free, or the running counter took it. */
  readonly way: 'journal' | 'counter';
}

/** An entry that was made under a request number. */
export interface KnownEntry {
  /** Its record. */
  readonly seq: number;
  readonly atMs: number;
  readonly what: string;
  readonly way: NewEntry['way'];
  /** It says the same. */
  readonly same: boolean;
}

export function entries(store: Store) {
  const hashOf = (content: unknown): string => hash('sha256', canonical(content), 'hex');

  /** The entry that was made under this request number, if any. */
  function knownEntry({ request, what, content }: Omit<NewEntry, 'way'>): KnownEntry | undefined {
    const seq = store.setting(`entry.${grouped(request)}`);
    if (seq === undefined) return undefined;
    const { atMs, body } = store.record(Number(seq));
    return {
      seq: Number(seq),
      atMs,
      what: body.what,
      way: body.way,
      same:
        body.what === what && isTrue(store.watch.vault, 'same entry', () => body.content === grouped(hashOf(content))),
    };
  }

  return {
    knownEntry,

    /**
     * Makes an entry and remembers its request number in one durable step. `work` writes with the functions of this journal
     * and answers a fault before it has written anything. Faults of `work`, and `request-used`.
     */
    enterOnce<T>(nowMs: number, entry: NewEntry, work: () => Result<T>): Result<T> {
      const { request, what, content, way } = entry;
      const known = knownEntry(entry);
      if (known)
        return failed(
          fault(
            'E_EXISTS',
            'request-used',
            `request ${request.slice(0, 8)} is record ${known.seq} already`,
            'Begin the entry anew',
          ),
        );
      return store.together(() => {
        const before = store.headSeq;
        const done = work();
        assert(done.ok || store.headSeq === before, 'an entry that is refused has written nothing');
        if (done.ok) store.append(nowMs, 'entry', { request, what, content: hashOf(content), way });
        return done;
      });
    },
  };
}

export type EntriesPart = ReturnType<typeof entries>;
