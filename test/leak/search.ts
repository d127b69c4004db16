import { BASE64, DECIMALS, DUMP_ROWS, ESCAPES, HEX, HEX_SHIFTED, type View } from './views.ts';

/** Something that nobody may find in anything that this program writes. */
export type Secret =
  | {
      readonly name: string;
      /** Ten in a row with hidden ones are a piece of it, `whole` in a row are a leak. */
      readonly digits: string;
      /** The hidden ones are `digits[from, to)`: of a card number all but the first six and the last four. */
      readonly hidden: readonly [from: number, to: number];
      readonly whole: number;
    }
  /** Six bytes in a row of it are a leak. */
  | { readonly name: string; readonly bytes: Uint8Array };

/** A piece of a secret, and where it lies. */
export interface Find {
  readonly secret: string;
  /** How it was written, e.g. `digits in base64`. */
  readonly form: string;
  /** Bytes from the start of the output: of the piece itself, or of the text in which it is hidden. */
  readonly at: number;
  /** Digits or bytes in a row. */
  readonly length: number;
}

/** What lies in one output. */
export interface Finds {
  readonly leaks: readonly Find[];
  /** Shorter pieces: one may stand there by chance, a writer that leaks writes it for each card. */
  readonly pieces: readonly Find[];
}

/** Digits of a window: so many in a row are looked up. */
const WINDOW = 9;
const WINDOW_TOP = 10 ** (WINDOW - 1);
const RING = 15;
/** Hidden digits that a window must hold: the first six stand on every slip, and a stand-in keeps them. */
const HIDDEN_MIN = 3;
/** Bytes in a row that are a leak of a PIN block (8) or key (16). */
const BYTES = 6;
const FILTER_BITS = 22;
const FILTER_SHIFT = 32 - FILTER_BITS;
/** Finds of one secret in one form that are told. */
const TOLD_MAX = 3;

const SKIP = 10;
const BREAK = 11;

/** What a byte is in a text of digits: 0–9, a mark that may stand between digits, or the end of the run. */
const ASCII = new Uint8Array(256).fill(BREAK);
for (let digit = 0; digit <= 9; digit++) ASCII[0x30 + digit] = digit;
// NUL: the other half of UTF-16. Quotes and commas: texts cut into the elements of a list.
for (const char of '\0 \t\r\n-._/:,;|"\'()[]{}') ASCII[char.charCodeAt(0)] = SKIP;
const EBCDIC = new Uint8Array(256).fill(BREAK);
for (let digit = 0; digit <= 9; digit++) EBCDIC[0xf0 + digit] = digit;
for (const space of [0x40, 0x60, 0x4b]) EBCDIC[space] = SKIP;

interface DigitEntry {
  readonly secret: number;
  /** Place of the window; the steps of a run that goes backwards are negative. */
  readonly at: number;
  readonly step: 1 | -1;
  /** Another secret with the same window. */
  readonly next: DigitEntry | undefined;
}

/** A run of windows of one secret, one behind the other. */
interface Run {
  readonly secret: number;
  readonly step: number;
  readonly place: number;
  at: number;
  length: number;
}

/**
 * All pieces of all secrets in one index, so that an output is read once however many there are. An output is looked at as
 * it is (digits as ASCII, UTF-16, full-width in GBK, EBCDIC, packed in both phases; separators between them do not matter; backwards,
 * too) and as what its hexadecimal, base64, escaped and decimal texts stand for.
 */
export class LeakIndex {
  private readonly secrets: readonly Secret[];
  private readonly windows = new Map<number, DigitEntry>();
  private readonly bytes = new Map<number, number>();
  private readonly wholes = new Map<string, number>();
  private readonly digitFilter = new Uint8Array(1 << (FILTER_BITS - 3));
  private readonly byteFilter = new Uint8Array(1 << (FILTER_BITS - 3));
  /** The digits of the window, in a ring. */
  private readonly last = new Uint8Array(RING + 1);
  private runs: Run[] = [];
  private finds = new Map<string, Find[]>();
  private form = '';
  private base = 0;
  private fixed = false;

  constructor(secrets: readonly Secret[]) {
    this.secrets = secrets;
    for (const [index, secret] of secrets.entries()) {
      this.wholes.set(secret.name, 'bytes' in secret ? BYTES : secret.whole);
      if ('bytes' in secret) this.addBytes(index, secret.bytes);
      else this.addDigits(index, secret.digits, secret.hidden);
    }
  }

  /** Searches one output. */
  search(output: Uint8Array): Finds {
    this.finds = new Map();
    this.fixed = false;
    this.base = 0;
    this.scan(output, 0, output.length, 'plain');
    for (const view of VIEWS)
      view.each(output, (decoded, from, to, at) => {
        this.fixed = true;
        this.base = at;
        this.scan(decoded, from, to, view.name);
      });
    const all = [...this.finds.values()].flat();
    const isLeak = ({ secret, length }: Find): boolean => length >= (this.wholes.get(secret) ?? 0);
    return { leaks: all.filter(isLeak), pieces: all.filter(find => !isLeak(find)) };
  }

  private addDigits(secret: number, digits: string, [from, to]: readonly [number, number]): void {
    for (let at = 0; at + WINDOW <= digits.length; at++) {
      if (Math.min(to, at + WINDOW) - Math.max(from, at) < HIDDEN_MIN) continue;
      const window = digits.slice(at, at + WINDOW);
      this.addWindow(Number(window), { secret, at, step: 1 });
      this.addWindow(Number([...window].reverse().join('')), { secret, at, step: -1 });
    }
  }

  private addWindow(value: number, entry: Omit<DigitEntry, 'next'>): void {
    this.windows.set(value, { ...entry, next: this.windows.get(value) });
    const bit = Math.imul(value, 0x9e37_79b1) >>> FILTER_SHIFT;
    this.digitFilter[bit >> 3] |= 1 << (bit & 7);
  }

  private addBytes(secret: number, bytes: Uint8Array): void {
    const backwards = Uint8Array.from(bytes).reverse();
    const swapped = backwards.map(byte => ((byte & 15) << 4) | (byte >> 4));
    for (const form of [bytes, backwards, swapped])
      for (let at = 0; at + BYTES <= form.length; at++) {
        let high = 0;
        let low = 0;
        for (let i = 0; i < BYTES / 2; i++) {
          high = (high << 8) | form[at + i];
          low = (low << 8) | form[at + BYTES / 2 + i];
        }
        this.bytes.set(high * 0x100_0000 + low, secret);
        const bit = byteBit(high, low);
        this.byteFilter[bit >> 3] |= 1 << (bit & 7);
      }
  }

  private scan(bytes: Uint8Array, from: number, to: number, view: string): void {
    this.form = view === 'plain' ? 'digits' : `digits in ${view}`;
    this.scanDigits(bytes, from, to, ASCII);
    if (view === 'plain') {
      this.form = 'digits in EBCDIC';
      this.scanDigits(bytes, from, to, EBCDIC);
    }
    // Packed digits as hexadecimal are digits.
    if (!view.startsWith('hex')) {
      this.form = view === 'plain' ? 'packed digits' : `packed digits in ${view}`;
      this.scanPacked(bytes, from, to);
    }
    this.form = view === 'plain' ? 'bytes' : `bytes in ${view}`;
    this.scanBytes(bytes, from, to);
  }

  private scanDigits(bytes: Uint8Array, from: number, to: number, classes: Uint8Array): void {
    const filter = this.digitFilter;
    const { last } = this;
    let value = 0;
    let count = 0;
    for (let i = from; i < to; i++) {
      let kind = classes[bytes[i]];
      if (kind === BREAK && classes === ASCII) {
        // Full-width digits: GBK A3 B0–B9, UTF-8 EF BC 90–99.
        const byte = bytes[i];
        if (byte === 0xa3 && i + 1 < to && bytes[i + 1] >= 0xb0 && bytes[i + 1] <= 0xb9) kind = bytes[++i] - 0xb0;
        else if (byte === 0xef && bytes[i + 1] === 0xbc && bytes[i + 2] >= 0x90 && bytes[i + 2] <= 0x99) {
          kind = bytes[i + 2] - 0x90;
          i += 2;
        }
      }
      if (kind < 10) {
        if (count >= WINDOW) value -= last[(count - WINDOW) & RING] * WINDOW_TOP;
        value = value * 10 + kind;
        last[count & RING] = kind;
        if (++count < WINDOW) continue;
        const bit = Math.imul(value, 0x9e37_79b1) >>> FILTER_SHIFT;
        if ((filter[bit >> 3] & (1 << (bit & 7))) !== 0) this.window(value, i);
        else if (this.runs.length > 0) this.endRuns();
      } else if (kind === BREAK && count > 0) {
        count = 0;
        value = 0;
        this.endRuns();
      }
    }
    this.endRuns();
  }

  private scanPacked(bytes: Uint8Array, from: number, to: number): void {
    const filter = this.digitFilter;
    const { last } = this;
    let value = 0;
    let count = 0;
    for (let i = from; i < to; i++) {
      const byte = bytes[i];
      for (let shift = 4; shift >= 0; shift -= 4) {
        const nibble = (byte >> shift) & 15;
        if (nibble > 9) {
          if (count === 0) continue;
          this.endRuns();
          count = value = 0;
          continue;
        }
        if (count >= WINDOW) value -= last[(count - WINDOW) & RING] * WINDOW_TOP;
        value = value * 10 + nibble;
        last[count & RING] = nibble;
        if (++count < WINDOW) continue;
        const bit = Math.imul(value, 0x9e37_79b1) >>> FILTER_SHIFT;
        if ((filter[bit >> 3] & (1 << (bit & 7))) !== 0) this.window(value, i);
        else if (this.runs.length > 0) this.endRuns();
      }
    }
    this.endRuns();
  }

  private scanBytes(bytes: Uint8Array, from: number, to: number): void {
    const filter = this.byteFilter;
    let high = 0;
    let low = 0;
    for (let i = from; i < to; i++) {
      high = ((high << 8) | (low >>> 16)) & 0xff_ffff;
      low = ((low << 8) | bytes[i]) & 0xff_ffff;
      const bit = byteBit(high, low);
      if ((filter[bit >> 3] & (1 << (bit & 7))) === 0 || i - from < BYTES - 1) continue;
      const secret = this.bytes.get(high * 0x100_0000 + low);
      if (secret !== undefined) this.found(secret, this.place(i), BYTES);
    }
  }

  /** A window that may be one of a secret, or of several: runs go on, or new ones begin. */
  private window(value: number, at: number): void {
    const now: Run[] = [];
    for (let entry = this.windows.get(value); entry; entry = entry.next) {
      const { secret, step } = entry;
      const before = entry.at - step;
      const run = this.runs.find(one => one.secret === secret && one.step === step && one.at === before);
      if (run) {
        run.at = entry.at;
        run.length++;
        now.push(run);
      } else now.push({ secret, step, at: entry.at, length: WINDOW, place: this.place(at) });
    }
    for (const run of this.runs) if (!now.includes(run)) this.found(run.secret, run.place, run.length);
    this.runs = now;
  }

  private endRuns(): void {
    if (this.runs.length === 0) return;
    for (const { secret, place, length } of this.runs) this.found(secret, place, length);
    this.runs = [];
  }

  private place(index: number): number {
    return this.fixed ? this.base : index;
  }

  private found(index: number, at: number, length: number): void {
    const secret = this.secrets[index].name;
    const key = `${index} ${this.form}`;
    const told = this.finds.get(key);
    const find = { secret, form: this.form, at, length };
    if (!told) this.finds.set(key, [find]);
    else if (told.length < TOLD_MAX) told.push(find);
    // The longest one says the most.
    else if (told[0].length < length) told[0] = find;
  }
}

const VIEWS: readonly View[] = [HEX, HEX_SHIFTED, ...BASE64, ESCAPES, DECIMALS, DUMP_ROWS];

const byteBit = (high: number, low: number): number =>
  (Math.imul(high, 0x9e37_79b1) ^ Math.imul(low, 0x85eb_ca6b)) >>> FILTER_SHIFT;

/** Digits in a row that count as a piece: shorter ones of somebody's card are in any long output. */
const PIECE = 10;

/**
 * Of how many cards pieces may stand in one output by chance: a stand-in has the first six digits of its card, and of one
 * card in ten thousand the next four are the same.
 */
export const chance = (cards: number): number => Math.ceil(cards / 125);

/** What is wrong with an output of so many cards: each leak, and pieces of more than chance explains. Empty when all is well. */
export function wrongWith(finds: Finds, cards: number): string[] {
  const told = finds.leaks.map(
    ({ secret, form, at, length }) => `${secret}: ${length} in a row, ${form}, at byte ${at}`,
  );
  const pieces = finds.pieces.filter(({ length }) => length >= PIECE);
  const names = new Set(pieces.map(({ secret }) => secret));
  if (names.size > chance(cards)) {
    const [{ form, at, length }] = pieces;
    told.push(`pieces of ${names.size} secrets, the first with ${length} in a row, ${form}, at byte ${at}`);
  }
  return told;
}
