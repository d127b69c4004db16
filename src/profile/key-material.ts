import type { Json } from './source.ts';

/**
 * Finds what may be a key in a profile source, also in disguise. It rather refuses a harmless value than let a key pass:
 * a profile lies in repositories, images and support bundles, and has no use for one.
 */

/** Hex digits of DES, 3DES, AES and SM4 keys; such a value is refused whatever its member is called. */
const KEY_DIGITS: ReadonlySet<number> = new Set([16, 32, 48, 64]);
const KEY_BYTES: ReadonlySet<number> = new Set([8, 16, 24, 32]);
/** Members that systems use for key material, also with a word about its form behind. */
const KEY_MEMBER =
  /^(?:.*(?:master|working|session|secret|private|wrapped|transport|pin|mac|track)[-_]?key|key|keys|t?mk|[pmt]ak|pik|tdk|kek|zmk|zpk|bdk|pin|secret)s?(?:[-_]?(?:hex|value|data|bytes|base64|b64|clear|left|right|part|component|[0-9a-c]))*$/i;
const HEX = /^[0-9A-Fa-f]{8,}$/;
/** What people put between the bytes of a key, or before it. */
const SEPARATORS = /[\s:_.,;|-]+/;
const PREFIX = /^(?:0x|h'|x')/i;
/** A run of hex digits of the length of a key inside a longer text. */
const RUN = /(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64})(?![0-9A-Fa-f])/;
const PEM = /-----\s*BEGIN|PRIVATE KEY/i;
const BASE64 = /^[A-Za-z0-9+/_-]{11,86}={0,2}$/;
const BYTE_TEXT = /^(?:0x)?[0-9A-Fa-f]{2}$/i;
/** Members of eight hex digits: that many of them make a key in parts. */
const PART_DIGITS = 8;
/**
 * Too short for a key: most texts and nearly all names of members are, and a profile is read at each start. Not so with
 * characters beyond ASCII, each of which may stand for many.
 */
const SHORT_TEXT = /^[\0-\x7f]{0,7}$/;
const SHORT_NAME = /^[\0-\x7f]{0,15}$/;
/** All that {@link hexDigits} can take for a key and what people put around it. */
const HEX_LIKE = /^[0-9A-Fa-fXxHh'\s:_.,;|-]*$/;

/** Why `value` under the name `member` looks like a key, or undefined. The answer never holds the value. */
export function keyTrouble(value: Json, member: string): string | undefined {
  if (typeof value === 'string') return textTrouble(value, member);
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return listTrouble(value);
  const parts: string[] = [];
  for (const name of Object.keys(value)) {
    const digits = SHORT_NAME.test(name) ? undefined : hexDigits(name.normalize('NFKC'));
    if (digits !== undefined && KEY_DIGITS.has(digits))
      return `has a member whose name looks like a key (${digits} hex digits)`;
    const one = (value as { readonly [member: string]: Json })[name];
    if (typeof one === 'string' && one.length === PART_DIGITS && HEX.test(one)) parts.push(one);
  }
  // Days and numbers of shops are decimal; the parts of a key hardly ever all are.
  const telling = parts.some(one => /[A-Fa-f]/.test(one));
  if (telling && parts.length > 1 && KEY_DIGITS.has(parts.length * PART_DIGITS))
    return `looks like a key in parts (${parts.length} members of ${PART_DIGITS} hex digits)`;
  return undefined;
}

function textTrouble(text: string, member: string): string | undefined {
  if (SHORT_TEXT.test(text)) return undefined;
  const plain = text.normalize('NFKC');
  const digits = hexDigits(plain);
  if (digits !== undefined && (KEY_DIGITS.has(digits) || (digits >= PART_DIGITS && KEY_MEMBER.test(member))))
    return `looks like a key (${digits} hex digits)`;
  if (PEM.test(plain)) return 'looks like a private key';
  if (RUN.test(plain)) return 'holds what looks like a key in a longer text';
  const bytes = base64Bytes(plain);
  if (bytes !== undefined && (KEY_BYTES.has(bytes) || KEY_MEMBER.test(member)))
    return `looks like a key in base64 (${bytes} bytes)`;
  return undefined;
}

/** Hex digits of a text (in NFKC) that is nothing else, or that groups of the same even length make; else undefined. */
function hexDigits(text: string): number | undefined {
  if (!HEX_LIKE.test(text)) return undefined;
  const bare = text.trim().replace(PREFIX, '').replace(/['h]$/i, '');
  const groups = bare.split(SEPARATORS);
  const [{ length }] = groups;
  if (groups.length > 1 && (length % 2 !== 0 || groups.some(group => group.length !== length))) return undefined;
  const digits = groups.join('');
  return HEX.test(digits) ? digits.length : undefined;
}

/** Bytes of a text that is base64 by its looks: padded, or small, large letters and digits all mixed without a word in it. */
function base64Bytes(text: string): number | undefined {
  if (!BASE64.test(text)) return undefined;
  const padded = text.endsWith('=');
  const bare = text.replace(/=+$/, '');
  if (!padded && !(/[a-z]/.test(bare) && /[A-Z]/.test(bare) && /[0-9]/.test(bare))) return undefined;
  return Math.floor((bare.length * 3) / 4);
}

/** Bytes one by one. Lists of data elements and codes ascend; the bytes of a key hardly ever do. */
function listTrouble(list: readonly Json[]): string | undefined {
  if (!KEY_BYTES.has(list.length)) return undefined;
  const values = list.map(byteOf);
  if (values.some(value => value === undefined)) return undefined;
  const ascends = values.every((value, at) => at === 0 || (values[at - 1] as number) < (value as number));
  return ascends ? undefined : `looks like a key in a list (${list.length} bytes)`;
}

function byteOf(item: Json): number | undefined {
  if (typeof item === 'number') return Number.isInteger(item) && item >= 0 && item <= 255 ? item : undefined;
  return typeof item === 'string' && BYTE_TEXT.test(item) ? Number.parseInt(item.replace(/^0x/i, ''), 16) : undefined;
}
