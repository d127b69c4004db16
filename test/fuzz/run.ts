import type { FastCodec } from '../../src/iso8583/kernel/fast-codec.ts';
import type { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import type { MessageView } from '../../src/iso8583/message-view.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';
import type { Target } from './dialects.ts';
import { Inputs } from './inputs.ts';
import { Judge } from './judge.ts';
import { LAST_FIELD } from './oracle.ts';
import { Random } from './random.ts';

/** One input in so many is looked at in every form. */
const DEEP_SHARE = 32;

export interface Failure {
  readonly target: string;
  readonly seed: number;
  /** Number of the input within its run. */
  readonly input: number;
  readonly what: string;
  readonly bytes: Uint8Array;
  /** The same trouble, or another, in as few bytes as were found. */
  readonly small: Uint8Array;
  readonly smallWhat: string;
}

/** The inputs of one dialect, one after another: mutations of samples, messages made from the rules, noise. */
export class Run {
  readonly target: Target;
  readonly seed: number;
  readonly judge: Judge;
  inputs = 0;
  private readonly source: Inputs;
  private readonly random: Random;
  private readonly seen = new Uint8Array(32 * (LAST_FIELD + 1));

  constructor(
    target: Target,
    seed: number,
    samples: readonly Uint8Array[],
    makeView?: (plan: FieldPlan) => MessageView,
    makeBuilder?: (plan: FieldPlan) => MessageBuilder,
    makeCodec?: (plan: FieldPlan) => FastCodec,
  ) {
    this.target = target;
    this.seed = seed;
    this.judge = new Judge(target, makeView, makeBuilder, makeCodec);
    this.random = new Random(seed);
    this.source = new Inputs(this.judge.oracle, this.random, samples);
  }

  /** Tries `count` more inputs. Stops at the first failure. */
  go(count: number): Failure | undefined {
    const { source, judge, seen, random } = this;
    for (let i = 0; i < count; i++) {
      source.next();
      this.inputs++;
      const deep = random.below(DEEP_SHARE) === 0;
      const what = judge.check(source.bytes, source.length, deep);
      if (what !== undefined) return this.failure(what);
      // An input that ends in a new way is worth going on from.
      const ending = judge.oracle.status * (LAST_FIELD + 1) + judge.oracle.errorField;
      if (seen[ending] === 1) continue;
      seen[ending] = 1;
      source.keep(source.bytes, source.length);
    }
    return undefined;
  }

  private failure(what: string): Failure {
    const bytes = this.source.bytes.slice(0, this.source.length);
    const small = minimised(this.judge, bytes);
    const smallWhat = this.judge.check(small, small.length, true) ?? what;
    return { target: this.target.name, seed: this.seed, input: this.inputs, what, bytes, small, smallWhat };
  }
}

/** Leaves out bytes and clears them as long as the judge still finds something. */
export function minimised(judge: Judge, bytes: Uint8Array): Uint8Array {
  const fails = (candidate: Uint8Array): boolean => judge.check(candidate, candidate.length, true) !== undefined;
  let small = bytes;
  for (let again = true, rounds = 0; again && rounds < 4; rounds++) {
    again = false;
    for (let width = small.length >> 1; width > 0; width >>= 1) {
      for (let at = 0; at + width <= small.length;) {
        const without = new Uint8Array(small.length - width);
        without.set(small.subarray(0, at));
        without.set(small.subarray(at + width), at);
        if (fails(without)) {
          small = without;
          again = true;
        } else {
          at += width;
        }
      }
    }
    for (let at = 0; at < small.length; at++) {
      for (const byte of [0x00, 0x30, 0xf0]) {
        if (small[at] === byte) break;
        const changed = small.slice();
        changed[at] = byte;
        if (!fails(changed)) continue;
        small = changed;
        break;
      }
    }
  }
  return small;
}

/** For people: what failed, on which bytes, and how to see it again. */
export function report(failure: Failure): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase() || '-';
  return [
    `${failure.target}, seed ${failure.seed}, input ${failure.input}: ${failure.what}`,
    `  bytes    ${hex(failure.bytes)}`,
    `  smallest ${hex(failure.small)}`,
    `           ${failure.smallWhat}`,
    `  repeat   node scripts/soak.mjs codec --dialect ${failure.target} --hex ${hex(failure.small)}`,
  ].join('\n');
}
