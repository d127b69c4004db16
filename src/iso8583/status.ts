import type { Name } from './source.ts';

/** What the codec says about bytes and values: a small number with a field and an offset beside it. Never an exception. */
export const Status = {
  ok: 0,
  /** The bytes end before the value does. */
  truncated: 1,
  /** The message type is not four decimal digits. */
  mti: 2,
  /** Bit 1 of the bitmap: a second bitmap, which the dialect does not have. */
  secondBitmap: 3,
  /** The bitmap names a field that the dialect does not have. */
  unknownField: 4,
  /** A length that is not decimal. */
  lengthDigits: 5,
  /** Longer than the dialect allows. */
  tooLong: 6,
  /** A nibble that is no digit. */
  digit: 7,
  /** A character that the field's type excludes. */
  character: 8,
  /** Bytes after the last field. */
  trailing: 9,
  /** Fields were not given in ascending order, or outside begin and finish. */
  order: 10,
  /** The output buffer is full. */
  overflow: 11,
  /** Not the exact length of a fixed field. */
  fixedLength: 12,
  /** The value's form does not suit the field's type. */
  type: 13,
  /** A number that is negative, no whole number or has too many digits. */
  range: 14,
  /** The 2-byte length of the frame differs from the bytes that are there. */
  frameLength: 15,
  /** No framing leads to a message. */
  noMessage: 16,
  /** A length that counts bytes and cannot tell an odd number of half bytes: of hex characters, or of packed digits. */
  lengthOdd: 17,
} as const;

export interface StatusWords extends Name {
  /** Stable kebab-case name for machines. */
  readonly name: string;
}

/** Words for each {@link Status} number, at the index of the number. */
export const StatusText: readonly StatusWords[] = [
  { name: 'ok', zh: '正确', en: 'right' },
  { name: 'truncated', zh: '报文在此处提前结束', en: 'the bytes end before this value does' },
  { name: 'mti', zh: '消息类型不是四位数字', en: 'the message type is not four digits' },
  {
    name: 'second-bitmap',
    zh: '位图第1位为1，本规范没有第二位图',
    en: 'bit 1 asks for a second bitmap, which this dialect does not have',
  },
  { name: 'unknown-field', zh: '本规范没有此域', en: 'the dialect has no such field' },
  { name: 'length-digits', zh: '长度不是十进制数字', en: 'the length is not decimal digits' },
  { name: 'too-long', zh: '超过最大长度', en: 'longer than the dialect allows' },
  { name: 'digit', zh: '含有非数字', en: 'not only digits' },
  { name: 'character', zh: '含有不允许的字符', en: 'a character is not allowed in this type' },
  { name: 'trailing', zh: '最后一个域之后还有字节', en: 'bytes are left after the last field' },
  { name: 'order', zh: '域没有按升序写入', en: 'fields must be written once, in ascending order' },
  { name: 'overflow', zh: '输出缓冲区已满', en: 'the output buffer is full' },
  { name: 'fixed-length', zh: '定长域长度不符', en: 'not the exact length of this field' },
  { name: 'type', zh: '值的形式与域类型不符', en: 'the form of the value does not suit the type of the field' },
  { name: 'range', zh: '数值超出范围', en: 'the number does not fit' },
  {
    name: 'frame-length',
    zh: '报文长度与实际字节数不符',
    en: 'the length before the message differs from the bytes that are there',
  },
  { name: 'no-message', zh: '找不到8583报文', en: 'no message type and bitmap found' },
  {
    name: 'length-odd',
    zh: '按字节计的长度无法表示奇数个半字节',
    en: 'a length in bytes cannot tell an odd number of half bytes',
  },
];
