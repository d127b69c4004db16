import { FastCodec } from '../../src/iso8583/kernel/fast-codec.ts';
import { NUMBERS_IN } from '../../src/iso8583/kernel/layout.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import type { DialectSource, FieldPlan, FieldSource } from '../../src/iso8583/plan.ts';
import type { Target } from './dialects.ts';
import { insideOf, makeFast, type Inside } from './fast-judge.ts';
import { planOf } from './judge.ts';

/** A decoder or encoder with one mistake: what the gate must find. */
export interface Planted {
  readonly what: string;
  readonly target: string;
  readonly view?: (target: Target, plan: FieldPlan) => MessageView;
  readonly builder?: (target: Target, plan: FieldPlan) => MessageBuilder;
  readonly codec?: (target: Target, plan: FieldPlan) => FastCodec;
}

/** Reads one byte past the end when the message ends too early. */
class ReadsPastEnd extends MessageView {
  override decode(bytes: Uint8Array, start: number, end: number): number {
    const status = super.decode(bytes, start, end);
    if (status !== 1 || end === bytes.length) return status;
    const longer = super.decode(bytes, start, end + 1);
    return longer === 0 ? longer : super.decode(bytes, start, end);
  }
}

class AcceptsTrailing extends MessageView {
  override decode(bytes: Uint8Array, start: number, end: number): number {
    if (super.decode(bytes, start, end) === 9) this.status = 0;
    return this.status;
  }
}

/** Forgets to clear what the message before had, when this one fails. */
class RemembersFields extends MessageView {
  private readonly before = new Set<number>();
  override decode(bytes: Uint8Array, start: number, end: number): number {
    this.before.clear();
    for (let field = 2; field <= 192; field++) if (super.has(field)) this.before.add(field);
    return super.decode(bytes, start, end);
  }
  override has(field: number): boolean {
    return super.has(field) || (this.status !== 0 && this.before.has(field));
  }
}

/** Long values are one unit longer than they are. */
class SizeOffByOne extends MessageView {
  override size(field: number): number {
    const size = super.size(field);
    return size >= 100 ? size + 1 : size;
  }
}

class WrongErrorOffset extends MessageView {
  override decode(bytes: Uint8Array, start: number, end: number): number {
    const status = super.decode(bytes, start, end);
    if (status === 8) this.errorOffset++;
    return status;
  }
}

/** Gives offsets in the message where offsets in the caller's array are asked for. */
class OffsetFromBody extends MessageView {
  override offset(field: number): number {
    return this.has(field) ? super.offset(field) - this.start : -1;
  }
}

/** Loses the highest of fifteen digits. */
class ShortNumber extends MessageView {
  override number(field: number): number {
    return super.number(field) % 10 ** 11;
  }
}

class Throws extends MessageView {
  override decode(bytes: Uint8Array, start: number, end: number): number {
    const status = super.decode(bytes, start, end);
    if (status === 6) throw new RangeError('planted');
    return status;
  }
}

/** Writes the dialect's own filler whatever filler was seen. */
class OwnFiller extends MessageBuilder {
  override digitsFrom(field: number, ascii: Uint8Array, from: number, to: number): number {
    return super.digitsFrom(field, ascii, from, to);
  }
}

/** Does not see that the buffer ends. */
class Overruns extends MessageBuilder {
  override finish(): number {
    const end = super.finish();
    return end === -11 ? 0 : end;
  }
}

/** The dialect with one member of one field changed: a decoder that misunderstands this field. */
function misread(target: Target, field: number, change: Partial<FieldSource>): (plan: FieldPlan) => FieldPlan {
  const fields = { ...target.dialect.fields, [field]: { ...target.dialect.fields[field], ...change } };
  const dialect: DialectSource = { ...target.dialect, fields };
  return () => planOf(dialect, target.options);
}

function misreads(what: string, target: string, field: number, change: Partial<FieldSource>): Planted {
  return { what, target, view: (of, plan) => new MessageView(misread(of, field, change)(plan)) };
}

/** A fast codec whose code was made from another plan than its walk: wrong only where the code is asked. */
function miscoded(what: string, target: string, field: number, change: Partial<FieldSource>): Planted {
  return {
    what,
    target,
    codec(of, plan) {
      const codec = makeFast(misread(of, field, change)(plan));
      return Object.assign(codec, { plan, view: new MessageView(plan), builder: new MessageBuilder(plan) });
    },
  };
}

/** A fast codec in whose code something is wrong: `spoil` changes what its functions do. */
function spoiled(what: string, spoil: (codec: FastCodec, inside: Inside) => void): Planted {
  return {
    what,
    target: UNIONPAY,
    codec(_, plan) {
      const codec = makeFast(plan);
      spoil(codec, insideOf(codec));
      return codec;
    },
  };
}

const UNIONPAY = 'unionpay-pos';

export const planted: readonly Planted[] = [
  { what: 'reads one byte past the end', target: UNIONPAY, view: (_, plan) => new ReadsPastEnd(plan) },
  { what: 'takes bytes after the last field', target: UNIONPAY, view: (_, plan) => new AcceptsTrailing(plan) },
  { what: 'keeps fields of the message before', target: UNIONPAY, view: (_, plan) => new RemembersFields(plan) },
  { what: 'size off by one from 100 on', target: UNIONPAY, view: (_, plan) => new SizeOffByOne(plan) },
  { what: 'place of a wrong character off by one', target: 'ascii', view: (_, plan) => new WrongErrorOffset(plan) },
  { what: 'offsets from the body', target: UNIONPAY, view: (_, plan) => new OffsetFromBody(plan) },
  { what: 'numbers lose their highest digit', target: UNIONPAY, view: (_, plan) => new ShortNumber(plan) },
  { what: 'throws', target: UNIONPAY, view: (_, plan) => new Throws(plan) },
  { what: 'writes its own filler', target: UNIONPAY, builder: (_, plan) => new OwnFiller(plan) },
  { what: 'does not see a full buffer', target: 'ascii', builder: (_, plan) => new Overruns(plan) },
  misreads('takes one digit too many', UNIONPAY, 2, { max: 20 }),
  misreads('takes one digit too few', UNIONPAY, 35, { max: 36 }),
  misreads('does not check packed digits', UNIONPAY, 3, { type: 'z' }),
  misreads('does not check packed digits of a rare field', 'three-following-1', 129, { type: 'z' }),
  misreads('takes GBK where only ASCII may be', UNIONPAY, 37, { type: 'ans' }),
  misreads('does not check characters at all', UNIONPAY, 41, { type: 'b' }),
  misreads('takes the filler from the other end', 'three-following-1', 22, { align: 'right' }),
  misreads('takes track characters for digits', 'ascii', 2, { type: 'z' }),
  misreads('counts bytes for digits', 'packed-bytes', 32, { lengthCounts: 'units' }),
  misreads('does not know the filler of a counted value', 'packed-bytes', 35, { pad: '0', max: 38 }),
  misreads('takes a length in binary for packed digits', 'packed-bytes', 55, { lengthEncoding: 'bcd' }),
  misreads('reads ASCII where EBCDIC is', 'ebcdic', 38, { encoding: 'ascii' }),
  misreads('expects one byte more in a fixed field', 'ascii', 64, { max: 9 }),
  misreads('expects a field of the last bitmap one byte shorter', 'three-field65-3', 192, { max: 7 }),
  miscoded('has code that takes one digit too many', UNIONPAY, 2, { max: 20 }),
  miscoded('has code that takes one digit too few', UNIONPAY, 35, { max: 36 }),
  miscoded('has code that does not check packed digits', UNIONPAY, 53, { type: 'z' }),
  miscoded('has code that does not check characters', UNIONPAY, 41, { type: 'b' }),
  miscoded('has code that takes GBK where only ASCII may be', UNIONPAY, 37, { type: 'ans' }),
  miscoded('has code that refuses GBK', 'iso8583-1987-binary', 44, { type: 'an' }),
  miscoded('has code that looks for the filler at the other end', 'packed-bytes', 11, { align: 'left' }),
  miscoded('has code that writes another filler', 'packed-bytes', 22, { pad: '0' }),
  miscoded('has code that expects one byte more', UNIONPAY, 64, { max: 9 }),
  spoiled('has code that takes bytes after the last field', (_, inside) => {
    const { decodeRight } = inside;
    inside.decodeRight = (block, start, end, wanted) =>
      decodeRight(block, start, end, wanted) && decodeRight(block, start, end - 1, wanted);
  }),
  spoiled('has code that reads past the end', (_, inside) => {
    const { decodeRight } = inside;
    inside.decodeRight = (block, start, end, wanted) =>
      decodeRight(block, start, end, wanted) && decodeRight(block, start, end + 1, wanted);
  }),
  spoiled('loses the highest digits of numbers', (codec, inside) => {
    const { decodeRight } = inside;
    inside.decodeRight = (block, start, end, wanted) => {
      const answer = decodeRight(block, start, end, wanted);
      codec.numbers[(block + NUMBERS_IN) / 8 + 4] %= 1e10;
      return answer;
    };
  }),
  spoiled('writes before its room', (codec, inside) => {
    const { encodeRight } = inside;
    inside.encodeRight = (block, at, limit, none) => {
      const end = encodeRight(block, at, limit, none);
      if (end !== 0) codec.memory[at - 1] = 0;
      return end;
    };
  }),
  spoiled('writes far behind its room', (codec, inside) => {
    const { encodeRight } = inside;
    inside.encodeRight = (block, at, limit, none) => {
      const end = encodeRight(block, at, limit, none);
      if (end !== 0) codec.memory[end + 64] = 0;
      return end;
    };
  }),
  spoiled('changes another block', (codec, inside) => {
    const { encodeRight } = inside;
    inside.encodeRight = (block, at, limit, none) => {
      codec.memory[block + codec.valuePlan.blockBytes] = 0;
      return encodeRight(block, at, limit, none);
    };
  }),
  spoiled('does not see where its room ends', (_, inside) => {
    const { encodeRight } = inside;
    inside.encodeRight = (block, at, limit, none) => encodeRight(block, at, limit + 1, none);
  }),
];
