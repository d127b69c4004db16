import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { LENGTH_PREFIX_LENGTH } from '../iso8583/frame.ts';
import { parseHex } from '../trace/text.ts';
import { toEbcdic } from '../wire/ebcdic.ts';
import { encodeGbk, notGbk } from '../wire/gbk.ts';

/** Longest input, bytes: a frame's 2-byte length can say no more. */
const INPUT_LENGTH_MAX = 0xffff + LENGTH_PREFIX_LENGTH;

/** Where the bytes of a message come from: exactly one of them. */
export interface InputFlags {
  readonly hex: readonly string[];
  readonly file: string | undefined;
  readonly text: string | undefined;
}

export interface InputRim {
  readFile(path: string): Result<Uint8Array> | Promise<Result<Uint8Array>>;
  readStdin(): Promise<Uint8Array>;
}

/**
 * Reads the input as the bytes that it may stand for, the likelier first. Hex and binary are one reading each; a text that
 * is no hex dump, for a dialect whose message type is written in characters, may be the message itself. Faults: `two-inputs`,
 * `no-input`, `input-too-long`, `bad-hex`, `packed-dialect`, `bad-text`.
 */
export async function readInput(
  input: InputFlags,
  mti: 'bcd' | 'ascii' | 'ebcdic',
  rim: InputRim,
): Promise<Result<readonly Uint8Array[]>> {
  const { hex, file, text } = input;
  const given = [hex.length > 0, file !== undefined, text !== undefined].filter(Boolean).length;
  if (given > 1) {
    const cause = text === undefined ? 'hex and --file were both given' : '--text and another input were both given';
    return failed(fault('E_ILLEGAL', 'two-inputs', cause, 'Give one of them'));
  }
  if (text !== undefined) return typed(text, mti);
  if (hex.length > 0 && !(hex.length === 1 && hex[0] === '-')) return readings(hex.join('\n'), mti);
  let bytes: Uint8Array;
  if (file === undefined || file === '-') {
    bytes = await rim.readStdin();
  } else {
    const read = await rim.readFile(file);
    if (!read.ok) return read;
    bytes = read.value;
  }
  return isText(bytes) ? readings(new TextDecoder('latin1').decode(bytes), mti) : all([bytes]);
}

/** What a text is in bytes: hex, or characters of the message. */
function readings(text: string, mti: 'bcd' | 'ascii' | 'ebcdic'): Result<readonly Uint8Array[]> {
  const hex = parseHex(text);
  if (mti !== 'ascii') return hex.ok ? all([hex.value]) : hex;
  const characters = new TextEncoder().encode(text.replace(/[\r\n]+$/, ''));
  return all(hex.ok ? [hex.value, characters] : [characters]);
}

/** A message given as its characters; `\xHH` stands for any byte. */
function typed(text: string, mti: 'bcd' | 'ascii' | 'ebcdic'): Result<readonly Uint8Array[]> {
  if (mti === 'bcd') {
    const remedy = 'Give hex, or name the dialect with --dialect, e.g. --dialect iso8583-1987-ascii';
    return failed(
      fault('E_ILLEGAL', 'packed-dialect', 'messages of this dialect are packed bytes and no characters', remedy),
    );
  }
  const bytes: number[] = [];
  for (const piece of text.split(/(\\x[0-9A-Fa-f]{2})/)) {
    if (/^\\x/.test(piece)) {
      bytes.push(Number.parseInt(piece.slice(2), 16));
      continue;
    }
    const wrong = notGbk(piece);
    if (wrong >= 0) {
      const cause = `"${piece[wrong]}" is not in GBK`;
      return failed(fault('E_ILLEGAL', 'bad-text', cause, 'Write its bytes as \\xHH'));
    }
    for (const byte of encodeGbk(piece)) bytes.push(mti === 'ebcdic' ? toEbcdic(byte) : byte);
  }
  return all([Uint8Array.from(bytes)]);
}

function all(found: readonly Uint8Array[]): Result<readonly Uint8Array[]> {
  const problem = found.map(bounds).find(each => each !== undefined);
  return problem === undefined ? ok(found) : failed(problem);
}

function bounds(bytes: Uint8Array): Fault | undefined {
  if (bytes.length === 0) {
    return fault('E_ILLEGAL', 'no-input', 'no bytes were given', 'Give hex, --text, --file, or bytes on stdin');
  }
  if (bytes.length <= INPUT_LENGTH_MAX) return undefined;
  const cause = `${bytes.length} bytes are more than one frame can have (${INPUT_LENGTH_MAX})`;
  return fault('E_ILLEGAL', 'input-too-long', cause, 'Give one message');
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0x0a || byte === 0x0d || byte === 0x09 || (byte >= 0x20 && byte < 0x7f));
}
