import { assert } from '../assert.ts';
import { digitsText, form, hex, int, list, members, oneOf, type Shape, ungrouped, worldText } from './guard.ts';
import type { Store } from './store.ts';

/**
 * Which terminal this counter worked with, and what was flashed into it. `terminal` is written when the terminal at hand
 * differs from the last one, `terminal-acknowledged` when a person has seen that, `flash` for every try to flash.
 */

/** What a terminal says about itself. */
export interface TerminalFacts {
  readonly serialNumber: string;
  readonly model: string;
  readonly firmware: string;
  /** SHA-256 of the image in its active slot, 64 hex digits; absent: none, or a terminal without slots. */
  readonly digest?: string;
}

/** The terminal at hand and the profile that ran with it. */
export interface SeenTerminal extends TerminalFacts {
  readonly profile: string;
  readonly version: number;
}

/** Members that make a terminal another one; the profile of the host is none of them. */
export const TERMINAL_MEMBERS = ['serialNumber', 'model', 'firmware', 'digest'] as const;
export type TerminalMember = (typeof TERMINAL_MEMBERS)[number];

/** Something changed under the counter's feet, and what was there before. */
export interface TerminalChange {
  /** Number of its record. */
  readonly id: number;
  readonly atMs: number;
  readonly what: readonly TerminalMember[];
  readonly before: TerminalFacts;
  readonly now: TerminalFacts;
}

export const FLASH_TESTS = ['echo', 'printer', 'panel'] as const;
export type FlashTest = (typeof FLASH_TESTS)[number];

/** A try to flash an image, however it ended. */
export interface FlashEntry {
  readonly serialNumber: string;
  readonly model: string;
  /** SHA-256 of the whole image, 64 hex digits. */
  readonly digest: string;
  /** Profile id and version in the image. */
  readonly profile: string;
  readonly version: number;
  /** What ran before; `digest` absent: the slot was empty. */
  readonly from?: { readonly profile: string; readonly version: number; readonly digest?: string };
  /** What differs, in words, at most {@link FLASH_CHANGES_MAX}; more of them are cut. */
  readonly changes: readonly string[];
  /** Operator number, or the name of a person at the command line; at most 40 characters. */
  readonly by: string;
  /** `fellBack`: the old image runs again. `refused`: nothing was loaded. `unseen`: the terminal could not be asked at the end. */
  readonly outcome: 'flashed' | 'fellBack' | 'refused' | 'unseen';
  /** Tests that passed on trial. */
  readonly tests: readonly FlashTest[];
  /** Why it did not end well. */
  readonly why?: string;
}

export interface Flash extends FlashEntry {
  readonly id: number;
  readonly atMs: number;
}

/** Most differences that a flash record keeps. */
export const FLASH_CHANGES_MAX = 200;
/** Longest line about a difference, characters. */
const CHANGE_MAX = 120;
const WHY_MAX = 200;

/**
 * Text as the world writes it with no run of digits that a search for card numbers would stumble over: a `-` after each
 * twelve digits in a row. Serial numbers of 15 digits are common.
 */
export function keptText(text: string): string {
  return text
    .replace(/[^ -~]/g, '?')
    .slice(0, TEXT_MAX)
    .replace(/[0-9]{12}(?=[0-9])/g, '$&-');
}
const TEXT_MAX = 64;
const printable = form(/^[ -~]{0,80}$/);
const kept: Shape = (value, at, context) => {
  assert(typeof value === 'string', `journal: ${at} is not a text`);
  return printable(keptText(value), at, context);
};

const facts = { serialNumber: kept, model: kept, firmware: kept, 'digest?': hex(32) };
const profile = { profile: kept, version: int(999_999_999) };

/** Shapes of the records of this file, for the allow-list in `bodies.ts`. */
export const EQUIPMENT_SHAPES: Readonly<Record<string, Shape>> = {
  terminal: members({
    ...facts,
    ...profile,
    'changed?': list(oneOf(...TERMINAL_MEMBERS), TERMINAL_MEMBERS.length),
    'before?': members(facts),
  }),
  'terminal-acknowledged': members({ id: int(999_999_999_999), 'operator?': digitsText(2) }),
  flash: members({
    serialNumber: kept,
    model: kept,
    digest: hex(32),
    ...profile,
    'from?': members({ ...profile, 'digest?': hex(32) }),
    changes: list(worldText(CHANGE_MAX), FLASH_CHANGES_MAX),
    by: worldText(40),
    outcome: oneOf('flashed', 'fellBack', 'refused', 'unseen'),
    tests: list(oneOf(...FLASH_TESTS), FLASH_TESTS.length),
    'why?': worldText(WHY_MAX),
  }),
};

const plain = <T extends { readonly digest?: string }>(stored: T): T =>
  stored.digest === undefined ? stored : { ...stored, digest: ungrouped(stored.digest).toLowerCase() };

/** True when the fact was written as `before` and the terminal now says `now`. */
const same = (before: string | undefined, now: string | undefined): boolean =>
  keptText(before ?? '') === keptText(now ?? '');

export function equipment(store: Store) {
  /** Record behind a setting that holds its number. */
  const behind = (name: string): { readonly id: number; readonly atMs: number; readonly body: any } | undefined => {
    const seq = store.setting(name);
    return seq === undefined ? undefined : { id: Number(seq), ...store.record(Number(seq)) };
  };

  /** The last terminal, with the image that was flashed into it since. */
  function lastTerminal(): SeenTerminal | undefined {
    const last = behind('terminal');
    if (!last) return undefined;
    const { changed: _, before: __, ...seen } = last.body;
    const flashed = behind('flashed');
    const since = flashed !== undefined && flashed.id > last.id && flashed.body.serialNumber === seen.serialNumber;
    return plain(since ? { ...seen, digest: flashed.body.digest } : seen);
  }

  return {
    lastTerminal,

    /**
     * Notes the terminal at hand. Nothing is written when it is the last one with the same profile. What is given back says
     * in what it is another terminal; empty for the first one, and for a digest that a flash of this journal explains.
     */
    appendTerminal(nowMs: number, seen: SeenTerminal): readonly TerminalMember[] {
      const last = lastTerminal();
      const changed = last ? TERMINAL_MEMBERS.filter(name => !same(last[name], seen[name])) : [];
      const { serialNumber, model, firmware, digest, profile: id, version } = seen;
      const noted = behind('terminal')?.body as { digest?: string } | undefined;
      const written = last !== undefined && same(noted && plain(noted).digest, digest);
      if (written && changed.length === 0 && last.profile === keptText(id) && last.version === version) return changed;
      const before = last && {
        serialNumber: last.serialNumber,
        model: last.model,
        firmware: last.firmware,
        digest: last.digest,
      };
      store.commit(() =>
        store.append(nowMs, 'terminal', {
          serialNumber,
          model,
          firmware,
          digest,
          profile: id,
          version,
          ...(changed.length > 0 ? { changed, before } : {}),
        }),
      );
      return changed;
    },

    /** The newest change of the terminal that nobody has acknowledged. */
    terminalChange(): TerminalChange | undefined {
      const record = behind('terminalChanged');
      if (!record) return undefined;
      const { changed, before, serialNumber, model, firmware, digest } = record.body;
      const now = plain({ serialNumber, model, firmware, ...(digest === undefined ? {} : { digest }) });
      return { id: record.id, atMs: record.atMs, what: changed, before: plain(before), now };
    },

    /** A person has seen that the terminal is another one. */
    acknowledgeTerminal(nowMs: number, id: number, operator?: string): void {
      store.commit(() => store.append(nowMs, 'terminal-acknowledged', { id, operator }));
    },

    /** A try to flash; returns the record's number. From a `flashed` one on, that digest is expected in this terminal. */
    appendFlash(nowMs: number, entry: FlashEntry): number {
      const { changes } = entry;
      const shown = changes.length > FLASH_CHANGES_MAX ? changes.slice(0, FLASH_CHANGES_MAX) : changes;
      return store.commit(() => store.append(nowMs, 'flash', { ...entry, changes: shown }));
    },

    /** Tries to flash, newest first. */
    flashes: (limit = 20): readonly Flash[] =>
      store
        .all("SELECT seq, at_ms, body FROM record WHERE kind = 'flash' ORDER BY seq DESC LIMIT ?", limit)
        .map(row => {
          const entry = JSON.parse(row.body as string) as FlashEntry;
          const { from } = entry;
          return {
            ...plain(entry),
            ...(from ? { from: plain(from) } : {}),
            id: row.seq as number,
            atMs: row.at_ms as number,
          };
        }),
  };
}

export type Equipment = ReturnType<typeof equipment>;
