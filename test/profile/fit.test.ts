import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failed, fault } from '../../src/fault.ts';
import { type Shape, fits, profileThatFits } from '../../src/profile/fit.ts';
import { checkProfile, loadProfile, profileJsonSchema } from '../../src/profile/profile.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import type { Json } from '../../src/profile/source.ts';
import { readShipped, shippedIds } from './shipped.ts';

/** As the build writes it. */
const shape = JSON.parse(JSON.stringify(profileJsonSchema())) as Shape;
const shipped = loadProfile('unionpay-pos', readShipped, shippedIds);
if (!shipped.ok) throw new Error(shipped.fault.cause);
const whole = JSON.parse(JSON.stringify(shipped.value)) as Json;

test('what fits is what the checker takes', () => {
  for (const id of shippedIds)
    expect(profileThatFits(shape, id, readShipped)).toEqual(checkProfile(id, readShipped).profile);
  expect(profileThatFits(shape, 'no-such', () => failed(fault('E_NOEXIST', 'x', 'x', 'x')))).toBeUndefined();
  // A source that is no complete profile, and one whose name is not its id.
  expect(profileThatFits(shape, 'base/policy', readShipped)).toBeUndefined();
  expect(profileThatFits(shape, 'other', () => readShipped('unionpay-pos'))).toBeUndefined();
});

/** Every place in a value, as the steps to it. */
function places(value: Json, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([step, inner]) => places(inner as Json, [...at, step]))];
}

/** The value with something else at a place; undefined: nothing. */
function changed(value: Json, [step, ...rest]: readonly string[], to: Json | undefined): Json {
  if (step === undefined) return to ?? null;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, Json>;
  if (rest.length === 0 && to === undefined) {
    if (Array.isArray(copy)) copy.splice(Number(step), 1);
    else delete copy[step];
  } else copy[step] = changed(copy[step], rest, to);
  return copy as Json;
}

test('a changed profile fits exactly when the checker finds no fault in its shape', () => {
  const all = places(whole).filter(place => place[0] !== 'dialect');
  const other = fc.oneof(
    fc.constantFrom<Json | undefined>(undefined, null, '', '0', '00', 'A'.repeat(40), -1, 0, 1.5, 1e16, 100_000, true),
    fc.constantFrom<Json>([], {}, ['1'], [1], { zh: '', en: 'x' }, { zh: '一', en: 'x' }, { other: 1 }),
    fc.string(),
    fc.integer({ min: -10, max: 5000 }),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.nat(all.length - 1), other, (index, to) => {
      const value = changed(whole, all[index], to as Json | undefined);
      const right = profileSchema.safeParse(value).success;
      expect(fits(shape, value), `${all[index].join('/')} = ${JSON.stringify(to)}`).toBe(right);
      if (right) taken++;
    }),
    { numRuns: 600, seed: 8583 },
  );
  // Both answers were met, or the test compares nothing.
  expect(taken).toBeGreaterThan(20);
  expect(taken).toBeLessThan(580);
});

test('a keyword that is not known here fits nothing', () => {
  expect(fits({ type: 'string' }, 'a')).toBe(true);
  expect(fits({ type: 'string', format: 'date' } as Shape, 'a')).toBe(false);
  expect(fits({ not: {} } as Shape, 'a')).toBe(false);
  expect(fits({ type: 'object' }, { a: 1 })).toBe(false);
  expect(fits({ enum: ['a', 1] }, 1)).toBe(true);
});
