import { FieldTypeCode, type DialectSource, type FieldPlan } from '../../src/iso8583/plan.ts';
import { benchPlan, Dice, frameMessages, planOf, type BenchMessages, type MessageValues } from './messages.ts';
import { ours } from './ours.ts';
import type { Work } from './work.ts';

/**
 * How the cost grows: decoding (the row `spans`) and encoding (the row `encode`) over the number of fields, over the
 * bytes of a message, and over bitmaps that no message has had before. A codec that searches, copies what came before or
 * learns from the bitmap would bend here. `node curve.ts SECONDS` prints the curves as JSON.
 */
export interface Curve {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly { readonly size: number; readonly decodeNs: number; readonly encodeNs: number }[];
  /** Straight lines through the points, in words. */
  readonly fit: readonly string[];
}

interface Point {
  readonly size: number;
  readonly decode: Work;
  readonly encode: Work;
}

const RUNS = 5;
/** Messages of one point: enough that no branch predictor knows them by heart, few enough for the second-level cache. */
const PER_POINT = 256;
const DIGITS_MAX = 20;

/** A dialect with all fields from 2 to 64, of all types: three to five bytes each. */
function fullPlan(): FieldPlan {
  const shipped = benchPlan().source;
  const name = { zh: '域', en: 'field' };
  const kinds = [
    { type: 'n', length: 'fixed', max: 6 },
    { type: 'an', length: 'fixed', max: 4 },
    { type: 'n', length: 'll', max: 8 },
    { type: 'b', length: 'll', max: 4 },
    { type: 'ans', length: 'lll', max: 3 },
  ] as const;
  const fields: Record<string, DialectSource['fields'][string]> = {};
  for (let field = 2; field <= 64; field++) fields[field] = { name, ...kinds[field % kinds.length], class: 'private' };
  return planOf({ ...shipped, fields, options: {}, subfields: {}, tags: {} });
}

/** A value of the field's type with `size` digits, characters or bytes. */
function valueOf(plan: FieldPlan, field: number, size: number, dice: Dice): string {
  switch (plan.type[field]) {
    case FieldTypeCode.n:
    case FieldTypeCode.z:
      return dice.digits(size);
    case FieldTypeCode.b:
      return dice.hex(size);
    default:
      return dice.text('ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz', size);
  }
}

/** Greatest size that fits, for a fixed field its only one. */
const sizeOf = (plan: FieldPlan, field: number): number =>
  plan.lengthBytes[field] === 0 ? plan.max[field] : Math.min(plan.max[field], DIGITS_MAX);

function point(size: number, messages: BenchMessages): Point {
  return { size, decode: ours.spans(messages), encode: ours.encode(messages) };
}

/** The fields from 2 on, the same ones in every message. */
function byFields(plan: FieldPlan, count: number): Point {
  const values: MessageValues[] = [];
  for (let index = 0; index < PER_POINT; index++) {
    const dice = new Dice(index);
    const fields = new Map<number, string>();
    for (let k = 0; k < count; k++) {
      const field = 2 + k;
      fields.set(field, valueOf(plan, field, sizeOf(plan, field), dice));
    }
    values.push(['0200', fields]);
  }
  return point(count, frameMessages(plan, values));
}

/** Five fields with three length digits, two of bytes and three of text, that share the bytes of the body. */
function byBytes(plan: FieldPlan, bytes: number): Point {
  const wide = [40, 55, 57, 59, 62];
  const values: MessageValues[] = [];
  for (let index = 0; index < PER_POINT; index++) {
    const dice = new Dice(index);
    const fields = new Map<number, string>();
    let left = bytes - 10 - 2 * wide.length;
    wide.forEach((field, k) => {
      const size = Math.ceil(left / (wide.length - k));
      fields.set(field, valueOf(plan, field, size, dice));
      left -= size;
    });
    values.push(['0200', fields]);
  }
  return point(bytes, frameMessages(plan, values));
}

/** Every message has `count` fields of the shipped dialect, chosen anew: no two bitmaps in a row are the same. */
function byBitmaps(plan: FieldPlan, count: number): Point {
  const usable: number[] = [];
  for (let field = 2; field <= 64; field++) {
    // Fields of more digits than a number of ours holds room for are left out.
    if (plan.type[field] !== FieldTypeCode.absent && field !== 36 && field !== 48) usable.push(field);
  }
  const values: MessageValues[] = [];
  for (let index = 0; index < PER_POINT * 4; index++) {
    const dice = new Dice(index);
    const rest = [...usable];
    const chosen: number[] = [];
    while (chosen.length < count) chosen.push(...rest.splice(dice.below(rest.length), 1));
    chosen.sort((a, b) => a - b);
    values.push(['0200', new Map(chosen.map(field => [field, valueOf(plan, field, sizeOf(plan, field), dice)]))]);
  }
  return point(count, frameMessages(plan, values));
}

/** Nanoseconds a message, run for a time. */
function measure(work: Work, seconds: number): number {
  const from = performance.now();
  let now = from;
  let count = 0;
  while (now - from < seconds * 1000) {
    count += work.pass();
    now = performance.now();
  }
  return ((now - from) * 1e6) / count;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Least squares: what the straight line says, and how much of the spread it explains. */
function fitted(what: string, unit: string, sizes: readonly number[], times: readonly number[]): string {
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const x = mean(sizes);
  const y = mean(times);
  const xy = mean(sizes.map((size, k) => (size - x) * (times[k] - y)));
  const xx = mean(sizes.map(size => (size - x) ** 2));
  const yy = mean(times.map(time => (time - y) ** 2));
  const slope = xy / xx;
  return `${what}: ${(y - slope * x).toFixed(0)} ns + ${slope.toFixed(2)} ns a ${unit}; R² ${((xy * xy) / (xx * yy)).toFixed(4)}`;
}

function curve(name: string, unit: string, points: readonly Point[], seconds: number): Curve {
  const decode: number[][] = points.map(() => []);
  const encode: number[][] = points.map(() => []);
  // Run by run over all points, so that noise hits all alike; the first two runs warm up.
  for (let run = -2; run < RUNS; run++) {
    points.forEach((one, k) => {
      const decodeNs = measure(one.decode, seconds);
      const encodeNs = measure(one.encode, seconds);
      if (run < 0) return;
      decode[k].push(decodeNs);
      encode[k].push(encodeNs);
    });
  }
  const sizes = points.map(one => one.size);
  const decodeNs = decode.map(median);
  const encodeNs = encode.map(median);
  return {
    name,
    unit,
    points: sizes.map((size, k) => ({ size, decodeNs: decodeNs[k], encodeNs: encodeNs[k] })),
    fit: [fitted('decode', unit, sizes, decodeNs), fitted('encode', unit, sizes, encodeNs)],
  };
}

/** Measures the three curves, each point with runs of a twentieth of `seconds`. */
export function curves(seconds: number): readonly Curve[] {
  const full = fullPlan();
  const shipped = benchPlan();
  const time = seconds / 20;
  const fields = [1, 5, 10, 20, 30, 40, 50, 60, 63].map(count => byFields(full, count));
  const bytes = [64, 128, 256, 512, 1024, 2048, 4096].map(count => byBytes(shipped, count));
  const bitmaps = [1, 4, 8, 16, 24, 32].map(count => byBitmaps(shipped, count));
  return [
    curve('Number of fields, the same bitmap in every message', 'field', fields, time),
    curve('Bytes of the body, five fields', 'byte', bytes, time),
    curve('Number of fields, another bitmap in every message', 'field', bitmaps, time),
  ];
}

if (import.meta.main) process.stdout.write(JSON.stringify(curves(Number(process.argv[2]))));
