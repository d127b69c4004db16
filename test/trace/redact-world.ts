import { encodeFields } from '../../src/iso8583/encode.ts';
import { FIELD_MAX, compileFieldPlan, type DialectOptions, type FieldPlan } from '../../src/iso8583/plan.ts';
import type { FieldSource } from '../../src/iso8583/source.ts';
import { toEbcdic } from '../../src/wire/ebcdic.ts';
import { Random } from '../fuzz/random.ts';
import { isoNames, shippedDialect } from '../library/dialects.ts';

/** Cards whose every hidden value is a canary, messages that hold them, and a search for them in any encoding. */
export interface Card {
  readonly pan: string;
  readonly expiry: string;
  readonly service: string;
  readonly discretionary: string;
  readonly name: string;
  readonly pinBlock: string;
  readonly key: string;
  readonly secret: string;
}

export const dialectNames: readonly string[] = ['unionpay-pos', ...isoNames];

export function planOf(name: string, options: DialectOptions = {}): FieldPlan {
  const plan = compileFieldPlan(shippedDialect(name), options);
  if (!plan.ok) throw new Error(plan.fault.cause);
  return plan.value;
}

export const digitsOf = (random: Random, count: number): string =>
  Array.from({ length: count }, () => random.below(10)).join('');
const hexOf = (random: Random, bytes: number): string =>
  Array.from({ length: 2 * bytes }, () => random.below(16).toString(16))
    .join('')
    .toUpperCase();
const lettersOf = (random: Random, count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(65 + random.below(26))).join('');

export function luhnDigit(front: string): string {
  let sum = 0;
  for (let i = 0; i < front.length; i++) {
    const digit = Number(front[front.length - 1 - i]);
    const weighed = i % 2 === 0 ? 2 * digit : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return String((10 - (sum % 10)) % 10);
}

/** `length` 13 to 19. The first six, the last four and everything that may be seen depend on `shown` alone. */
export function cardOf(random: Random, length = 13 + random.below(7), shown = new Random(length)): Card {
  const first = `62${digitsOf(shown, 4)}`;
  const last = digitsOf(shown, 4);
  let middle = digitsOf(random, length - 10);
  // One middle digit makes the check digit right.
  for (let d = 0; d < 10; d++) {
    const pan = first + middle.slice(0, -1) + d + last;
    if (luhnDigit(pan.slice(0, -1)) === last[3]) middle = middle.slice(0, -1) + d;
  }
  return {
    pan: first + middle + last,
    expiry: `2${1 + random.below(8)}0${1 + random.below(9)}`,
    service: `${shown.oneIn(2) ? 2 : 1}${digitsOf(random, 2)}`,
    discretionary: digitsOf(random, 14),
    name: `${lettersOf(random, 9)}/${lettersOf(random, 6)}`,
    pinBlock: hexOf(random, 8),
    key: hexOf(random, 16),
    secret: digitsOf(random, 15),
  };
}

export const track2 = (card: Card): string =>
  `${card.pan}D${card.expiry}${card.service}${card.discretionary}`.slice(0, 37);
export const track1 = (card: Card): string =>
  `B${card.pan}^${card.name}^${card.expiry}${card.service}${card.discretionary}`.slice(0, 76);
export const track3 = (card: Card): string => `99${card.pan}D${card.secret}${card.discretionary}`;

const tlv = (tag: string, hex: string): string => {
  const size = hex.length / 2;
  const length = size < 128 ? size.toString(16).padStart(2, '0') : `81${size.toString(16)}`;
  return (tag + length + hex).toUpperCase();
};
const packed = (digits: string): string => (digits.length % 2 === 0 ? digits : `${digits}F`);
const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex').toUpperCase();

/** Chip data with everything of a card in it, and public tags between. */
export function chipOf(card: Card): string {
  return [
    tlv('9F26', '0102030405060708'),
    tlv('5A', packed(card.pan)),
    tlv('57', packed(track2(card))),
    tlv('9F36', '0017'),
    tlv('70', tlv('5F20', ascii(card.name)) + tlv('5F24', `${card.expiry}31`) + tlv('9F27', '80')),
    tlv('9F1F', ascii(card.discretionary)),
    tlv('9F20', packed(card.discretionary)),
    tlv('9F6B', packed(track2(card))),
    tlv('56', ascii(track1(card))),
    tlv('99', card.pinBlock),
    tlv('DF7F', card.key),
    tlv('C1', ascii(card.secret)),
    tlv('95', '0000008000'),
  ].join('');
}

/** A message of the dialect with the card in every field that can hold something of it; `seed` makes the public values. */
export function fieldsOf(plan: FieldPlan, card: Card, seed: number): { mti: string; fields: Record<string, string> } {
  const random = new Random(seed + 0x10000);
  const union = Object.hasOwn(plan.source.fields, 59) && plan.source.framing.tpdu;
  const kind = union ? ['sale', 'keys', 'batch', 'code'][random.below(4)] : 'sale';
  const fields: Record<string, string> = {};
  for (const [key, field] of Object.entries(plan.source.fields)) {
    if (random.oneIn(5)) continue;
    fields[key] = valueOf(Number(key), field, card, random);
  }
  let mti = '0200';
  if (union) {
    for (const field of ['48', '59', '60', '61', '62', '63', '44', '54']) delete fields[field];
    if (kind === 'keys') {
      mti = '0810';
      fields['60'] = '00000001003';
      fields['62'] = `${card.key}00112233${card.key}44556677${card.key}8899AABB`;
    } else if (kind === 'batch') {
      mti = '0320';
      fields['60'] = '00000001201';
      fields['48'] =
        `0200000101${card.pan.padStart(20, '0')}00000000123400000102${card.pan.padStart(20, '0')}000000005678`;
    } else if (kind === 'code') {
      fields['59'] = `A1032${card.key}A3018${card.secret}123A2024${`03011${card.secret.slice(0, 11)}`}01003123`;
    }
  }
  return { mti, fields };
}

function valueOf(number: number, field: FieldSource, card: Card, random: Random): string {
  const fixed = field.length === 'fixed';
  const bytes = field.type === 'b';
  if (field.class === 'pan') return card.pan;
  if (field.class === 'expiry') return card.expiry;
  if (field.class === 'pin') return card.pinBlock.repeat(field.max / 8);
  if (field.class === 'key') return card.key.slice(0, fixed ? 2 * field.max : 32);
  if (field.class === 'track') return number === 36 ? track3(card) : number === 45 ? track1(card) : track2(card);
  if (number === 55) return bytes ? chipOf(card) : card.secret;
  if (field.class === 'private') {
    const text = card.secret + card.pan + card.secret;
    const most = fixed ? field.max : Math.min(field.max, 40);
    if (number === 54) return `0002156${field.max === 126 ? '2' : ''}C${card.secret.slice(0, 12)}`;
    if (bytes) return ascii(text).slice(0, 2 * most);
    return text.slice(0, most);
  }
  if (number === 56 && field.class === 'public') return digitsOf(random, 27);
  const size = fixed ? field.max : random.below(Math.min(field.max, 9)) + 1;
  if (bytes) return hexOf(random, size);
  return digitsOf(random, size);
}

export function encoded(plan: FieldPlan, mti: string, fields: Readonly<Record<string, string>>): Uint8Array {
  const out = new Uint8Array(32768);
  const { tpdu, header } = plan.framing;
  const at = (tpdu ? 5 : 0) + (header ? 6 : 0);
  out.set([0x60, 0, 3, 0, 0, 0x60, 0x31, 0, 0x31, 0, 0].slice(0, at));
  const end = encodeFields(plan, mti, fields, out, at);
  if (!end.ok) throw new Error(end.fault.cause);
  return out.slice(0, end.value);
}

/** What must not be found: the hidden digits of the number, the track behind it, PIN block, keys, other secrets. */
export function canariesOf(card: Card): readonly string[] {
  return [
    card.pan.slice(5, -3),
    track2(card).slice(card.pan.length + 1, card.pan.length + 11),
    card.discretionary.slice(0, 8),
    ascii(card.name.slice(0, 9)),
    card.pinBlock,
    card.pinBlock.slice(0, 8),
    card.key.slice(0, 8),
    card.secret.slice(4, 12),
  ];
}

const ebcdic = (text: string): string =>
  Buffer.from(Uint8Array.from(text, char => toEbcdic(char.charCodeAt(0))))
    .toString('hex')
    .toUpperCase();

/** The canaries that stand in the bytes, whatever way: packed at either half byte, ASCII, EBCDIC, hex as text. */
export function found(bytes: Uint8Array, canaries: readonly string[]): readonly string[] {
  const hex = Buffer.from(bytes).toString('hex').toUpperCase();
  // What is packed begins at either half byte; what is text begins at a byte, but to look at all places finds no less.
  return canaries.filter(
    canary =>
      hex.includes(canary) ||
      hex.includes(ascii(canary)) ||
      hex.includes(ascii(canary.toLowerCase())) ||
      hex.includes(ebcdic(canary)),
  );
}

export const allFields = Array.from({ length: FIELD_MAX - 1 }, (_, i) => i + 2);
