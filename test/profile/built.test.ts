import { expect, test } from 'vitest';
import { failed, fault, ok } from '../../src/fault.ts';
import { builtFrom, isAsBuilt } from '../../src/profile/built.ts';
import type { Shape } from '../../src/profile/fit.ts';
import { checkProfile, profileJsonSchema } from '../../src/profile/profile.ts';
import type { ReadSource } from '../../src/profile/source.ts';
import { readShipped, shippedIds } from './shipped.ts';

const shape = profileJsonSchema() as Shape;

test('the build keeps each shipped profile as the checker takes it', () => {
  for (const id of shippedIds) {
    const built = builtFrom(shape, id, readShipped);
    expect(JSON.parse(JSON.stringify(built?.profile))).toEqual(checkProfile(id, readShipped).profile);
    expect(built && isAsBuilt(built, readShipped), id).toBe(true);
  }
});

test('a profile is as built only while all of its sources are the same to the byte', () => {
  const built = builtFrom(shape, 'unionpay-pos', readShipped);
  if (!built) throw new Error('unionpay-pos is not right');
  expect(built.sources.length).toBeGreaterThan(3);
  for (const [changed] of built.sources) {
    const longer: ReadSource = name => {
      const text = readShipped(name);
      return text.ok && name === changed ? ok(`${text.value}\n`) : text;
    };
    const gone: ReadSource = name => (name === changed ? failed(fault('E_NOEXIST', 'x', 'x', 'x')) : readShipped(name));
    expect(isAsBuilt(built, longer), changed).toBe(false);
    expect(isAsBuilt(built, gone), changed).toBe(false);
  }
});

test('nothing is kept of a profile that is wrong', () => {
  const wrong: ReadSource = name => {
    const text = readShipped(name);
    return text.ok && name === 'unionpay-pos'
      ? ok(text.value.replace('{', '{ "policy": { "saleMaxMinor": 0 },'))
      : text;
  };
  expect(checkProfile('unionpay-pos', wrong).findings.length).toBeGreaterThan(0);
  expect(builtFrom(shape, 'unionpay-pos', wrong)).toBeUndefined();
  expect(builtFrom(shape, 'base/policy', readShipped)).toBeUndefined();
});
