/**
 * Ways in which bytes stand in a text. A view finds the stretches of an output that may be such a text and hands over what they
 * stand for.
 */
export interface View {
  readonly name: string;
  /** Calls `take` for each stretch: the decoded bytes `[from, to)`, valid during the call, and the place of the stretch. */
  each(output: Uint8Array, take: (decoded: Uint8Array, from: number, to: number, at: number) => void): void;
}

/** Bytes that a stretch must stand for, for anything to be found in it. */
const BYTES_MIN = 5;
const END = 255;
const SKIP = 254;

const classes = (digits: string, skip: string): Uint8Array => {
  const of = new Uint8Array(256).fill(END);
  for (const [value, char] of [...digits].entries()) of[char.charCodeAt(0)] = value;
  for (const char of skip) of[char.charCodeAt(0)] = SKIP;
  return of;
};

const HEX_CLASSES = classes('0123456789ABCDEF', '\0 \t\r\n-:,;|"\'_%\\xX[]<>');
for (const [value, char] of [...'abcdef'].entries()) HEX_CLASSES[char.charCodeAt(0)] = 10 + value;
const BASE64_CLASSES = classes('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', '\0\r\n');
BASE64_CLASSES[0x2d] = 62;
BASE64_CLASSES[0x5f] = 63;

/** Digits of several bits, with marks between them, from the `shift`-th digit of each stretch on. */
function packed(name: string, of: Uint8Array, bits: 4 | 6, shift: number): View {
  let buffer = new Uint8Array(0);
  const least = Math.ceil((BYTES_MIN * 8) / bits) + shift;
  return {
    name,
    each(output, take) {
      if (buffer.length < output.length) buffer = new Uint8Array(output.length);
      const { length } = output;
      let count = 0;
      let at = 0;
      let value = 0;
      let held = 0;
      let to = 0;
      for (let i = 0; i <= length; i++) {
        const kind = i < length ? of[output[i]] : END;
        if (kind < 64) {
          // 0x62, \x62: the 0 belongs to the mark.
          if (bits === 4 && kind === 0 && i + 1 < length && (output[i + 1] | 0x20) === 0x78) continue;
          if (count++ === 0) at = i;
          if (count <= shift) continue;
          value = ((value << bits) | kind) & 0xffff;
          held += bits;
          if (held >= 8) {
            held -= 8;
            buffer[to++] = value >> held;
          }
        } else if (kind === END && count > 0) {
          if (count >= least) take(buffer, 0, to, at);
          count = held = to = value = 0;
        }
      }
    },
  };
}

/** Hexadecimal digits of either case. */
export const HEX = packed('hex', HEX_CLASSES, 4, 0);
/** The same where the text before ends with a half byte. */
export const HEX_SHIFTED = packed('hex from the second digit', HEX_CLASSES, 4, 1);
/** Base64 and base64url, also where other letters stand right before. */
export const BASE64: readonly View[] = [0, 1, 2, 3].map(shift =>
  packed(shift === 0 ? 'base64' : `base64 from digit ${shift + 1}`, BASE64_CLASSES, 6, shift),
);

const BACKSLASH = 0x5c;
const hexDigit = (byte: number): number => (HEX_CLASSES[byte] < 16 ? HEX_CLASSES[byte] : Number.NaN);

/** Escapes of JSON and of web pages, and bytes above 7F that were taken for characters and written as UTF-8. */
export const ESCAPES: View = {
  name: 'escaped text',
  each(output, take) {
    const { length } = output;
    let decoded: Uint8Array | undefined;
    let to = 0;
    for (let i = 0; i < length; i++) {
      const byte = output[i];
      let read = byte;
      let used = 1;
      if (byte === BACKSLASH && i + 1 < length) {
        const next = output[i + 1];
        used = 2;
        if (next === 0x75 && i + 5 < length) {
          const code =
            (hexDigit(output[i + 2]) << 12) |
            (hexDigit(output[i + 3]) << 8) |
            (hexDigit(output[i + 4]) << 4) |
            hexDigit(output[i + 5]);
          used = 6;
          read = code >= 0xff10 && code <= 0xff19 ? 0x30 + code - 0xff10 : code < 0x100 ? code : 0xff;
        } else if (next === 0x6e || next === 0x72 || next === 0x74) read = 0x0a;
        else if (next === 0x62 || next === 0x66) read = next === 0x62 ? 0x08 : 0x0c;
        else read = next;
      } else if ((byte === 0xc2 || byte === 0xc3) && i + 1 < length && (output[i + 1] & 0xc0) === 0x80) {
        read = ((byte & 3) << 6) | (output[i + 1] & 0x3f);
        used = 2;
      } else if (byte === 0x26 && output[i + 1] === 0x23) {
        const end = output.indexOf(0x3b, i);
        const text = end > i && end - i < 8 ? String.fromCharCode(...output.subarray(i + 2, end)) : '';
        const code = /^x[0-9a-f]+$/i.test(text) ? Number(`0${text}`) : /^\d+$/.test(text) ? Number(text) : -1;
        if (code >= 0 && code < 0x100) {
          read = code;
          used = end + 1 - i;
        }
      }
      if (used > 1 && !decoded) decoded = output.slice();
      if (decoded) decoded[to] = read;
      to++;
      i += used - 1;
    }
    if (decoded) take(decoded, 0, to, 0);
  },
};

/** Lists of decimal numbers up to 255, as arrays of bytes are printed: `[98, 37]`, `{"0":98,"1":37}`. */
export const DECIMALS: View = {
  name: 'a list of decimals',
  each(output, take) {
    const { length } = output;
    let buffer = new Uint8Array(1024);
    let to = 0;
    let at = 0;
    let value = 0;
    let digits = 0;
    const end = (): void => {
      if (to >= BYTES_MIN) take(buffer, 0, to, at);
      to = 0;
    };
    for (let i = 0; i <= length; i++) {
      const byte = i < length ? output[i] : END;
      if (byte >= 0x30 && byte <= 0x39) {
        if (digits++ === 0 && to === 0) at = i;
        value = value * 10 + byte - 0x30;
        continue;
      }
      if (digits > 0) {
        // A name in quotes counts the bytes.
        const counts = byte === 0x22 && output[i + 1] === 0x3a;
        if (digits > 3 || value > 255) end();
        else if (!counts) {
          if (to === buffer.length) {
            const larger = new Uint8Array(2 * to);
            larger.set(buffer);
            buffer = larger;
          }
          buffer[to++] = value;
        }
        digits = value = 0;
      }
      const goesOn = byte === 0x2c || byte === 0x20 || byte === 0x0a || byte === 0x22 || byte === 0x3a || byte === 0x0d;
      if (!goesOn && to > 0) end();
    }
    end();
  },
};

/** A row of a hex dump: where, the bytes, and perhaps what they are as characters. */
const ROW = /^[^\S\n]*(?:0x)?([0-9a-f]{4,8})[:|]?[^\S\n]+((?:[0-9a-f]{2}[^\S\n]{0,2}){2,16})(?![0-9a-z])/gim;

/** The bytes of hex dumps, without the offsets before them and the characters behind them. */
export const DUMP_ROWS: View = {
  name: 'rows of a hex dump',
  each(output, take) {
    const text = Buffer.from(output.buffer, output.byteOffset, output.length).toString('latin1');
    let hex = '';
    let at = 0;
    let last = 0;
    const end = (): void => {
      const bytes = Buffer.from(hex, 'hex');
      if (bytes.length >= BYTES_MIN) take(bytes, 0, bytes.length, at);
      hex = '';
    };
    for (const match of text.matchAll(ROW)) {
      const offset = Number.parseInt(match[1], 16);
      if (hex === '' || offset <= last) {
        end();
        at = match.index;
      }
      last = offset;
      hex += match[2].replace(/\s/g, '');
    }
    end();
  },
};
