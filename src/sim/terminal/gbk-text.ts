import iconv from 'iconv-lite';

/**
 * Chinese text as the terminal reads it for its screen and its paper. The table is that of another library than the
 * host's (`wire/gbk.ts`), so that a character which is wrong on one side shows. It is taken from the library once: lines
 * come too often to go through it.
 */
const LEAD_FIRST = 0x81;
const LEAD_LAST = 0xfe;
const TRAIL_FIRST = 0x40;
const TRAIL_LAST = 0xfe;
const UNKNOWN = 0xfffd;

/** UTF-16 unit of each two-byte code, 0 where there is none. */
const PAIRS = new Uint16Array(0x10000);

function fillTable(): void {
  const row = new Uint8Array(3 * (TRAIL_LAST - TRAIL_FIRST + 1));
  for (let lead = LEAD_FIRST; lead <= LEAD_LAST; lead++) {
    for (let at = 0, trail = TRAIL_FIRST; trail <= TRAIL_LAST; trail++) {
      row[at++] = lead;
      row[at++] = trail;
      // A line feed after each pair keeps a pair that is not assigned from spoiling the next one.
      row[at++] = 0x0a;
    }
    iconv
      .decode(row, 'gbk')
      .split('\n')
      .forEach((text, i) => {
        const unit = text.charCodeAt(0);
        if (text.length === 1 && unit !== UNKNOWN) PAIRS[(lead << 8) | (TRAIL_FIRST + i)] = unit;
      });
  }
}
fillTable();

const units = new Uint16Array(1024);
/** The same memory: a text is made of it in one go. */
const unitBytes = Buffer.from(units.buffer);

/** True when `bytes[from, to)` is GBK text throughout. */
export function isGbk(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte < 0x80) continue;
    if (++at === to || PAIRS[(byte << 8) | bytes[at]] === 0) return !decode(bytes, from, to).includes('\ufffd');
  }
  return true;
}

/** Text of `bytes[from, to)`; characters that do not exist become U+FFFD. */
export function gbkText(bytes: Uint8Array, from: number, to: number): string {
  if (to - from > units.length) return decode(bytes, from, to);
  let length = 0;
  for (let at = from; at < to; at++) {
    let unit = bytes[at];
    if (unit >= 0x80) {
      if (++at === to) return decode(bytes, from, to);
      unit = PAIRS[(unit << 8) | bytes[at]];
      if (unit === 0) return decode(bytes, from, to);
    }
    units[length++] = unit;
  }
  return unitBytes.toString('utf16le', 0, 2 * length);
}

/** What is not in the table, with the library's own rules about broken pairs. */
const decode = (bytes: Uint8Array, from: number, to: number): string => iconv.decode(bytes.subarray(from, to), 'gbk');
