import { readFileSync, writeFileSync } from 'node:fs';
import { bodyOffset, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { compileFieldPlan, type DialectSource, type FieldPlan } from '../../src/iso8583/plan.ts';
import { fromHex } from '../../src/wire/hex.ts';

/** Sale requests (0200) and as many responses (0210), in turn. */
export const MESSAGE_COUNT = 128;
/** Free bytes after the last message: wide loads of the C program may look past the end of a message, never act on it. */
export const SLACK = 64;
/** Longest frame that is made here. */
const FRAME_ROOM = 8192;

export interface BenchMessage {
  readonly mti: string;
  /** Values in the form of `MessageView.text`, ascending by field. */
  readonly fields: ReadonlyMap<number, string>;
  /** `slab[frameStart, bodyEnd)` is the frame: length 2, TPDU 5, header 6, body. */
  readonly frameStart: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

export interface BenchMessages {
  readonly plan: FieldPlan;
  /** All frames one after the other, then {@link SLACK} zero bytes. */
  readonly slab: Uint8Array;
  /** Bytes of all frames. */
  readonly used: number;
  readonly list: readonly BenchMessage[];
}

/** The shipped dialect with its default options. */
export function benchPlan(): FieldPlan {
  const path = new URL('../../firmware-profiles/base/unionpay-pos.json', import.meta.url);
  const { dialect } = JSON.parse(readFileSync(path, 'utf8')) as { dialect: DialectSource };
  return planOf(dialect);
}

export function planOf(dialect: DialectSource): FieldPlan {
  const plan = compileFieldPlan(dialect);
  if (!plan.ok) throw new Error(`${plan.fault.cause}: ${plan.fault.remedy}`);
  return plan.value;
}

/** Numbers that look random and are the same in every run (Lehmer generator, 31 bits). */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = (seed % 2147483646) + 1;
  }

  /** 0 … bound - 1 */
  below(bound: number): number {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % bound;
  }

  digits(count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) text += String(this.below(10));
    return text;
  }

  text(alphabet: string, count: number): string {
    let text = '';
    for (let i = 0; i < count; i++) text += alphabet[this.below(alphabet.length)];
    return text;
  }

  /** Upper-case hex of `count` bytes. */
  hex(count: number): string {
    return this.text('0123456789ABCDEF', count * 2);
  }
}

const CAPITALS_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const TEXT = `${CAPITALS_DIGITS}abcdefghijklmnopqrstuvwxyz ,.:-/`;

const two = (value: number): string => String(value).padStart(2, '0');

/** A card number of `length` digits with a right check digit. */
function cardNumber(dice: Dice, length: number): string {
  const front = `62${dice.digits(length - 3)}`;
  let sum = 0;
  for (let i = 0; i < front.length; i++) {
    const digit = Number(front[front.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return front + String((10 - (sum % 10)) % 10);
}

const tlv = (tag: string, hex: string): string => tag + lengthOf(hex) + hex;
const lengthOf = (hex: string): string => (hex.length / 2).toString(16).toUpperCase().padStart(2, '0');

/** What a chip card's sale carries: 15 tags, 104 to 118 bytes. */
function chipRequest(dice: Dice, amount: string, date: string): string {
  return [
    tlv('9F26', dice.hex(8)),
    tlv('9F27', '80'),
    tlv('9F10', `0701010390${dice.hex(3)}010A0100000000${dice.hex(4 + dice.below(8))}`),
    tlv('9F37', dice.hex(4)),
    tlv('9F36', dice.hex(2)),
    tlv('95', dice.hex(5)),
    tlv('9A', date),
    tlv('9C', '00'),
    tlv('9F02', amount),
    tlv('5F2A', '0156'),
    tlv('82', '7C00'),
    tlv('9F1A', '0156'),
    tlv('9F33', 'E0F1C8'),
    tlv('9F34', '420300'),
    tlv('9F1E', dice.hex(4 + dice.below(4))),
  ].join('');
}

function request(dice: Dice, index: number): [string, Map<number, string>] {
  const pan = cardNumber(dice, 16 + (index % 4));
  const expiry = two(26 + dice.below(9)) + two(1 + dice.below(12));
  const amount = String(1 + dice.below(99_999_999)).padStart(12, '0');
  const date = `26${two(1 + dice.below(12))}${two(1 + dice.below(28))}`;
  const track = `${pan}D${expiry}${['201', '220'][dice.below(2)]}`;
  return [
    '0200',
    new Map([
      [2, pan],
      [3, `${['00', '30', '20'][dice.below(3)]}${dice.digits(4)}`],
      [4, amount],
      [11, dice.digits(6)],
      [22, `${['05', '07', '95'][dice.below(3)]}${1 + dice.below(2)}`],
      [23, dice.digits(3)],
      [25, dice.digits(2)],
      [26, two(4 + dice.below(9))],
      [35, track + dice.digits(33 + dice.below(5) - track.length)],
      [41, dice.text(CAPITALS_DIGITS, 8)],
      [42, dice.digits(15)],
      [49, dice.digits(3)],
      [52, dice.hex(8)],
      [53, `2${dice.digits(15)}`],
      [55, chipRequest(dice, amount, date)],
      [60, `22${dice.digits(6)}${dice.digits(3 + dice.below(6))}`],
      [64, dice.hex(8)],
    ]),
  ];
}

function response(dice: Dice, index: number): [string, Map<number, string>] {
  const month = two(1 + dice.below(12));
  const day = two(1 + dice.below(28));
  return [
    '0210',
    new Map([
      [2, cardNumber(dice, 16 + (index % 4))],
      [3, `${['00', '30', '20'][dice.below(3)]}${dice.digits(4)}`],
      [4, String(1 + dice.below(99_999_999)).padStart(12, '0')],
      [11, dice.digits(6)],
      [12, two(dice.below(24)) + two(dice.below(60)) + two(dice.below(60))],
      [13, month + day],
      [14, two(26 + dice.below(9)) + two(1 + dice.below(12))],
      [15, month + two(1 + dice.below(28))],
      [25, dice.digits(2)],
      [32, dice.digits(8 + dice.below(4))],
      [37, dice.digits(12)],
      [38, dice.text(CAPITALS_DIGITS, 6)],
      [39, dice.text(CAPITALS_DIGITS, 2)],
      [41, dice.text(CAPITALS_DIGITS, 8)],
      [42, dice.digits(15)],
      [44, `${dice.digits(8)}   ${dice.digits(8)}${' '.repeat(dice.below(4))}`],
      [49, dice.digits(3)],
      [53, `2${dice.digits(15)}`],
      [55, tlv('91', dice.hex(8 + dice.below(3))) + tlv('8A', dice.hex(2))],
      [60, `22${dice.digits(6)}${dice.digits(3 + dice.below(6))}`],
      [63, `CUP${dice.text(TEXT, dice.below(20))}`],
      [64, dice.hex(8)],
    ]),
  ];
}

/** Message type and values of one message, ascending by field. */
export type MessageValues = readonly [mti: string, fields: ReadonlyMap<number, string>];

/** Makes the {@link MESSAGE_COUNT} messages: always the same ones. */
export function makeMessages(): BenchMessages {
  const values: MessageValues[] = [];
  for (let index = 0; index < MESSAGE_COUNT; index++) {
    const dice = new Dice(8583 + index);
    values.push(index % 2 === 0 ? request(dice, index >> 1) : response(dice, index >> 1));
  }
  return frameMessages(benchPlan(), values);
}

/** Encodes messages with our builder, each in a frame with a TPDU and header of its own. Throws when one is not possible. */
export function frameMessages(plan: FieldPlan, values: readonly MessageValues[]): BenchMessages {
  const builder = new MessageBuilder(plan);
  const dice = new Dice(8583);
  const list: BenchMessage[] = [];
  const frames: Uint8Array[] = [];
  const out = new Uint8Array(FRAME_ROOM);
  const start = bodyOffset(plan.framing);
  let at = 0;
  values.forEach(([mti, fields], index) => {
    builder.begin(out, start, Number.parseInt(mti, 16));
    for (const [field, text] of fields) builder.value(field, text);
    const end = builder.finish();
    if (end < 0) throw new Error(`message ${index}: status ${-end} at field ${builder.errorField}`);
    const tpdu = bytesOf(`6000${dice.digits(6)}`);
    const header = bytesOf(`6031${dice.digits(8)}`);
    if (sealFrame(plan.framing, out, 0, end - start, tpdu, header) !== end) {
      throw new Error(`message ${index}: the frame cannot be sealed`);
    }
    frames.push(out.slice(0, end));
    list.push({ mti, fields, frameStart: at, bodyStart: at + start, bodyEnd: at + end });
    at += end;
  });
  const slab = new Uint8Array(Buffer.concat([...frames, new Uint8Array(SLACK)]));
  return { plan, slab, used: at, list };
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (!bytes.ok) throw new Error(`${bytes.fault.cause}: ${hex}`);
  return bytes.value;
}

/**
 * Writes the messages for the C program, all numbers unsigned 32 bits little-endian: count, bytes of all frames, then for
 * each message frame start, body start, body end; then the frames one after the other.
 */
export function writeSlab(messages: BenchMessages, path: string): void {
  const head = new DataView(new ArrayBuffer(8 + messages.list.length * 12));
  head.setUint32(0, messages.list.length, true);
  head.setUint32(4, messages.used, true);
  messages.list.forEach((message, index) => {
    head.setUint32(8 + index * 12, message.frameStart, true);
    head.setUint32(12 + index * 12, message.bodyStart, true);
    head.setUint32(16 + index * 12, message.bodyEnd, true);
  });
  writeFileSync(path, Buffer.concat([new Uint8Array(head.buffer), messages.slab.subarray(0, messages.used)]));
}
