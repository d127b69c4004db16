import type { FieldPlan } from '../iso8583/plan.ts';
import { BLOCK_HEADER_LENGTH, RECORD_HEADER_LENGTH } from '../trace/kinds.ts';
import type { TraceSink } from '../trace/writer.ts';
import { type Difference, differenceOf, deviceOf, isSame, type Made, textOf } from './difference.ts';
import type { TapeRecord } from './tape.ts';

/**
 * Compares what a replay writes down with the trace, record by record. It takes the blocks of the second recorder, in which all
 * that was in clear has been redacted as in the trace.
 */
export class Comparer implements TraceSink {
  /** The first difference; nothing is compared behind it. */
  difference: Difference | undefined;
  /** Records that were the same. */
  same = 0;
  private readonly plan: FieldPlan;
  private expected: TapeRecord[] = [];
  private at = 0;
  private last: TapeRecord | undefined;

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /** Records of the trace that the replay shall make next. */
  expect(records: readonly TapeRecord[]): void {
    for (const record of records) this.expected.push(record);
    const { next, surplus } = this;
    if (!next || !surplus) return;
    this.difference ??= differenceOf(next, surplus, this.plan);
  }

  /** The record of the trace that the replay has not made yet. */
  get next(): TapeRecord | undefined {
    return this.expected[this.at];
  }

  /** What was compared last. */
  get before(): TapeRecord | undefined {
    return this.last;
  }

  write(bytes: Uint8Array, length: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    for (let at = BLOCK_HEADER_LENGTH; at < length;) {
      const from = at + RECORD_HEADER_LENGTH;
      const to = from + view.getUint32(at);
      this.compare({ kind: view.getUint8(at + 4), link: view.getUint8(at + 5), bytes: bytes.subarray(from, to) });
      at = to;
    }
  }

  /** What the replay made although the trace ends before it, and what it did not make. */
  surplus: Made | undefined;

  private compare(made: Made): void {
    if (this.difference || this.surplus) return;
    const recorded = this.expected[this.at];
    if (!recorded) {
      this.surplus = { ...made, bytes: made.bytes.slice() };
      return;
    }
    if (!isSame(recorded, made)) {
      this.difference = differenceOf(recorded, made, this.plan);
      return;
    }
    this.same++;
    this.last = recorded;
    if (++this.at < 1024) return;
    this.expected = this.expected.slice(this.at);
    this.at = 0;
  }

  /** The difference when the replay goes on after the last record of the trace. */
  tooMuch(made: Made): Difference {
    const index = (this.last?.index ?? 0) + 1;
    const replayed = textOf(made, this.plan);
    return {
      index,
      timeUs: this.last?.timeUs ?? 0,
      device: deviceOf(made.kind),
      part: '',
      recorded: 'nothing more',
      replayed,
    };
  }

  /** The difference when the replay did all that the trace has so far, and then something that made no record. */
  astray(why: string): Difference {
    const { index = 0, timeUs = 0 } = this.last ?? {};
    return { index: index + 1, timeUs, device: 'program', part: '', recorded: 'nothing of the kind', replayed: why };
  }

  /** The difference when the replay stays behind the trace, or cannot go on. */
  tooLittle(why: string): Difference | undefined {
    const { next } = this;
    if (!next) return undefined;
    const { index, timeUs, kind } = next;
    return { index, timeUs, device: deviceOf(kind), part: '', recorded: textOf(next, this.plan), replayed: why };
  }
}
