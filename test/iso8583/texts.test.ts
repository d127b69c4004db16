import { describe, expect, test } from 'vitest';
import { FastCodec } from '../../src/iso8583/kernel/fast-codec.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FIELD_MAX } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { invented, shipped } from '../fuzz/dialects.ts';
import { Inputs } from '../fuzz/inputs.ts';
import { planOf } from '../fuzz/judge.ts';
import { Oracle } from '../fuzz/oracle.ts';
import { Random } from '../fuzz/random.ts';
import { planWith, samples } from './samples.ts';

/** Long enough that a set of fields that comes again and again has its own code. */
const ROUNDS = 12;
const INPUTS = 800;

describe('all texts at once are what text() gives one after the other', () => {
  test.each([...shipped(), ...invented])('$name $options', ({ dialect, options }) => {
    const plan = planOf(dialect, options);
    const view = new MessageView(plan);
    const codec = new FastCodec(plan);
    const values = codec.values();
    const at = codec.firstByte;
    const inputs = new Inputs(new Oracle(plan.source), new Random(8583), []);
    let accepted = 0;
    for (let i = 0; i < INPUTS; i++) {
      inputs.next();
      const bytes = inputs.bytes.slice(0, inputs.length);
      if (view.decode(bytes, 0, bytes.length) !== Status.ok) continue;
      accepted++;
      const wanted: (string | undefined)[] = [];
      for (let f = 2; f <= FIELD_MAX; f++) if (view.has(f)) wanted[f] = view.text(f);
      const inPlace: (string | undefined)[] = [];
      view.texts(inPlace);
      expect(inPlace).toEqual(wanted);
      codec.memory.set(bytes, at);
      for (let round = 0; round < (accepted % 50 === 0 ? ROUNDS : 1); round++) {
        expect(codec.decode(values, at, at + bytes.length)).toBe(Status.ok);
        const fast: (string | undefined)[] = [];
        codec.texts(values, fast);
        expect(fast).toEqual(wanted);
      }
    }
    expect(accepted).toBeGreaterThan(50);
  });

  test('of the samples', () => {
    const plan = planWith();
    const view = new MessageView(plan);
    const codec = new FastCodec(plan);
    const values = codec.values();
    let seen = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const { bytes, bodyStart } of samples) {
        if (view.decode(bytes, bodyStart, bytes.length) !== Status.ok) continue;
        codec.memory.set(bytes, codec.firstByte);
        codec.decode(values, codec.firstByte + bodyStart, codec.firstByte + bytes.length);
        const texts: (string | undefined)[] = [];
        codec.texts(values, texts);
        for (let f = 2; f <= 64; f++) expect(texts[f] ?? '').toBe(view.text(f));
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(ROUNDS * 20);
  });
});
