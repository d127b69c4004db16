import type { FieldClass, Name } from './plan.ts';
import type { Encoding, FieldType } from './source.ts';
import type { Unit } from './field-value.ts';
import { fromEbcdic } from '../wire/ebcdic.ts';

/**
 * What an explanation says was wanted and what was there, in both languages. Of a hidden value nothing is told but the
 * place and the kind of what is wrong in it.
 */

const two = (zh: string, en: string): Name => ({ zh, en });
const hexByte = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0');

const UNIT_WORDS: Readonly<Record<Unit, { readonly zh: string; readonly one: string; readonly many: string }>> = {
  digit: { zh: '位数字', one: 'digit', many: 'digits' },
  character: { zh: '个字符', one: 'character', many: 'characters' },
  byte: { zh: '字节', one: 'byte', many: 'bytes' },
};

/** `6 digits` */
export function units(count: number, unit: Unit): Name {
  const of = UNIT_WORDS[unit];
  return two(`${count}${of.zh}`, `${count} ${count === 1 ? of.one : of.many}`);
}

/** `3 digits are left` */
export function left(count: number, unit: Unit): Name {
  if (count === 0) return two('已无数据', 'nothing is left');
  const { zh, en } = units(count, unit);
  return two(`只剩${zh}`, `${en} ${count === 1 ? 'is' : 'are'} left`);
}

const TYPE_WORDS: Readonly<Record<string, Name>> = {
  n: two('数字', 'digits'),
  an: two('可见ASCII字符', 'printable characters'),
  ans: two('可见字符或汉字', 'printable characters or GBK'),
  b: two('字节', 'bytes'),
};

/** What a part is made of: `12 digits`, in a b field `6 bytes of packed digits`. */
export function typed(count: number, type: string, unit: Unit, encoding: string | undefined): Name {
  const of = TYPE_WORDS[type];
  if (unit !== 'byte') return two(`${count}个${of.zh}`, `${count} ${of.en}`);
  const form =
    encoding === 'bcd' ? two('压缩', 'packed ') : encoding === 'ebcdic' ? two('EBCDIC', 'EBCDIC ') : two('', '');
  return two(`${count}字节${form.zh}${of.zh}`, `${count} ${count === 1 ? 'byte' : 'bytes'} of ${form.en}${of.en}`);
}

/** Encodings as adjectives. */
const FORMS: Readonly<Record<string, Name>> = {
  bcd: two('压缩', 'packed'),
  ascii: two('ASCII', 'ASCII'),
  ebcdic: two('EBCDIC', 'EBCDIC'),
  binary: two('二进制', 'binary'),
};

/** `an LL length of at most 19 digits`, with `encoding` `a packed LL length …` */
export function length(digits: number, most?: Name, encoding?: string): Name {
  const form = encoding === undefined ? undefined : FORMS[encoding];
  const name = 'L'.repeat(digits);
  const article = encoding === 'bcd' || encoding === 'binary' ? 'a' : 'an';
  const zh = `${form?.zh ?? ''}${name}长度${most === undefined ? '' : `，最大${most.zh}`}`;
  const en = `${article} ${form === undefined ? '' : `${form.en} `}${name} length`;
  return two(zh, most === undefined ? en : `${en} of at most ${most.en}`);
}

const VALUE_WORDS: Readonly<Record<FieldType, Name>> = {
  n: two('数字', 'digits'),
  z: two('磁道数字', 'track digits'),
  an: two('字符', 'characters'),
  ans: two('字符', 'characters'),
  b: two('字节', 'bytes'),
};

/** `12 packed digits (6 bytes)`, `8 bytes as 16 hex characters`, `15 printable ASCII characters or GBK` */
export function value(type: FieldType, encoding: Encoding, count: number, bytes: number): Name {
  const of = VALUE_WORDS[type];
  if (encoding === 'binary') return units(count, 'byte');
  if (encoding === 'hex' || encoding === 'hexEbcdic') {
    const code = encoding === 'hex' ? '' : 'EBCDIC ';
    const { zh, en } = units(count, 'byte');
    return two(`${zh}，写成${bytes}个${code}十六进制字符`, `${en} as ${bytes} ${code}hex characters`);
  }
  const form = FORMS[encoding];
  if (encoding === 'bcd') {
    const { zh, en } = units(bytes, 'byte');
    return two(`${count}位${form.zh}${of.zh}（${zh}）`, `${count} ${form.en} ${of.en} (${en})`);
  }
  if (type === 'n' || type === 'z') return two(`${count}位${form.zh}${of.zh}`, `${count} ${form.en} ${of.en}`);
  const gbk = type === 'ans' && encoding === 'ascii';
  return two(
    `${count}个可见${form.zh}${of.zh}${gbk ? '或汉字（GBK）' : ''}`,
    `${count} printable ${form.en} ${of.en}${gbk ? ' or GBK' : ''}`,
  );
}

/** Message type: `4 packed digits` */
export function typeForm(encoding: string): Name {
  const form = FORMS[encoding];
  return two(`4位${form.zh}数字`, `4 ${form.en} digits`);
}

/** `a length of 89`; packed digits that look like characters are told as such: `a length of 3130 ("10" in ASCII)`. */
export function lengthOf(size: number, packed = false): Name {
  const pair = packed ? /^3(\d)3(\d)$/.exec(String(size)) : null;
  if (pair === null) return two(`长度${size}`, `a length of ${size}`);
  const characters = `"${pair[1]}${pair[2]}"`;
  return two(`长度${size}（ASCII的${characters}）`, `a length of ${size} (${characters} in ASCII)`);
}

export function noNumber(): Name {
  return two('不是数字', 'no decimal number');
}

/** `one of 11, 12, 13, …` */
export function oneOf(tags: readonly string[], more: boolean): Name {
  const list = tags.join(', ') + (more ? ', …' : '');
  return two(`${list}之一`, `one of ${list}`);
}

export function tagHead(tagLength: number, lengthDigits: number): Name {
  if (lengthDigits === 0) return two(`${tagLength}个字符的标签`, `a tag of ${tagLength} characters`);
  return two(
    `${tagLength}个字符的标签和${lengthDigits}位长度`,
    `a tag of ${tagLength} characters and a length of ${lengthDigits} digits`,
  );
}

export function bitmap(bytes: number, hex: boolean): Name {
  if (!hex) return two(`${bytes}字节位图`, `a bitmap of ${units(bytes, 'byte').en}`);
  return two(`${bytes * 2}个十六进制字符的位图`, `a bitmap of ${bytes * 2} hex characters`);
}

export function bit(number: number): Name {
  return two(`位图第${number}位为1`, `bit ${number} of the bitmap is set`);
}

export function pieces(most: number): Name {
  return two(`最多${most}个子域`, `at most ${most} pieces`);
}

export function bitClear(number: number): Name {
  return two(`第${number}位为0：本规范只有一个位图`, `bit ${number} clear: this dialect has one bitmap`);
}

/** `the end of the message after field 64` */
export function endAfter(field: number): Name {
  return two(`${field}域之后报文结束`, `the end of the message after field ${field}`);
}

/** `120 bytes after the length` */
export function frameBytes(count: number): Name {
  const { zh, en } = units(count, 'byte');
  return two(`长度之后${zh}`, `${en} after the length, as it says`);
}

export function frameDigits(count: number): Name {
  return two(`${count}字节数字长度`, `a length of ${count} bytes of digits`);
}

export const KNOWN_FIELD = two('本规范已定义的域', 'only fields that the dialect has');
export const EVEN_LENGTH = two('偶数长度', 'an even length');
export const END = two('值到此结束', 'the end of the value');
export const TAG_LONGEST = two('最多3字节的标签', 'a tag of at most 3 bytes');
export const TAG_LONGER = two('更长的标签', 'a longer tag');
export const TAG_AND_LENGTH = two('标签和长度', 'a whole tag and its length');
export const LENGTH_DEFINITE = two('明确的长度，最多3字节', 'a definite length of at most 3 bytes');

export const LENGTH_OTHER = two('其他形式的长度', 'another form of length');
export const LENGTH_WHOLE = two('完整的长度', 'the whole length');
export const LENGTH_TOLD = two('长度所示的字节数', 'as many bytes as its length says');

export function lengthByte(first: number): Name {
  return two(`长度首字节${hexByte(first)}`, `a length that begins with ${hexByte(first)}`);
}

/** `digit 5 of 16 is F, a filler` */
export function place(position: number, count: number, unit: Unit, what: Name): Name {
  const zh = { digit: '位', character: '个字符', byte: '字节' }[unit];
  return two(
    `第${position}${zh}（共${count}）：${what.zh}`,
    `${UNIT_WORDS[unit].one} ${position} of ${count} is ${what.en}`,
  );
}

/** One character or digit that is wrong: itself where it may be shown, otherwise what kind it is of. */
export function character(code: number, ebcdic: boolean, shownAs: FieldClass): Name {
  const latin = ebcdic ? fromEbcdic(code) : code;
  const kind = kindOf(latin);
  if (shownAs !== 'public') return kind;
  const visible = latin > 0x20 && latin < 0x7f ? ` "${String.fromCharCode(latin)}"` : '';
  return two(`${kind.zh}${visible} (${hexByte(code)})`, `${kind.en}${visible} (${hexByte(code)})`);
}

/** A half byte that is no digit, 10–15. In card data F and D are named: they fill and separate, and are no part of a number. */
export function nibble(value: number, shownAs: FieldClass): Name {
  const card = shownAs === 'pan' || shownAs === 'track' || shownAs === 'expiry';
  if (shownAs !== 'public' && !(card && (value === 15 || value === 13))) return two('字母A–F', 'a letter A–F');
  const letter = value.toString(16).toUpperCase();
  if (value === 15) return two('F（填充）', 'F, a filler');
  return value === 13 ? two('D（磁道分隔符）', 'D, the separator of a track') : two(letter, letter);
}

/** A byte that is wrong. */
export function byte(code: number, shownAs: FieldClass): Name {
  return shownAs === 'public'
    ? two(`字节${hexByte(code)}`, `byte ${hexByte(code)}`)
    : two('不允许的字节', 'a byte that is not allowed');
}

function kindOf(code: number): Name {
  if (code < 0x20 || code === 0x7f) return two('控制字符', 'a control character');
  if (code === 0x20) return two('空格', 'a space');
  if (code >= 0x80) return two('7F以上的字节', 'a byte above 7F');
  if (code >= 0x30 && code <= 0x39) return two('数字', 'a digit');
  if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) return two('字母', 'a letter');
  return two('符号', 'a sign');
}
