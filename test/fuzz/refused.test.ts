import { expect, test } from 'vitest';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { compileFieldPlan, type DialectSource, type FieldSource } from '../../src/iso8583/plan.ts';
import { invented, shipped } from './dialects.ts';
import { Judge, planOf } from './judge.ts';
import { lengthOdd, ok, type Rule } from './oracle.ts';

const ORDER = 10;
const targets = [...shipped().filter(({ name }) => !/-(second|last|mixed)$/.test(name)), ...invented];

test('a place told for a MAC stays, or the message is refused', () => {
  for (const { name, dialect, options } of targets) {
    const judge = new Judge({ name, dialect, options });
    const { oracle } = judge;
    const isMac = (rule: Rule): boolean => rule.encoding === 'binary' && rule.lengthBytes === 0 && rule.max === 8;
    const builder = new MessageBuilder(judge.plan);
    const out = new Uint8Array(24_000);
    for (const mac of oracle.rules.filter(rule => rule !== undefined && isMac(rule)) as Rule[]) {
      for (const later of oracle.rules.filter(rule => rule !== undefined && rule.field > mac.field) as Rule[]) {
        builder.begin(out, 0, 0x0200);
        const at = builder.reserveMac(mac.field);
        const units = later.lengthBytes > 0 ? 0 : later.max;
        builder.value(later.field, (later.source.type === 'b' ? '41' : '1').repeat(units));
        const end = builder.finish();
        const inserts = mac.field <= 64 && later.field > 64 && oracle.least === 1;
        const more = mac.field <= 128 && later.field > 128 && oracle.least < 3;
        const where = `${name}, ${mac.field} and ${later.field}`;
        if (inserts || (more && !oracle.thirdAtField65) || (more && mac.field > 64)) {
          expect([end, builder.errorField], where).toEqual([-ORDER, 1]);
          continue;
        }
        expect(end, where).toBeGreaterThan(0);
        expect(judge.check(out, end, false), where).toBeUndefined();
        expect(oracle.offset[mac.field], where).toBe(at);
      }
      builder.begin(out, 0, 0x0200);
      const at = builder.reserveMac(mac.field);
      expect(judge.check(out, builder.finish(), false), name).toBeUndefined();
      expect([oracle.status, oracle.offset[mac.field]], `${name}, ${mac.field} alone`).toEqual([ok, at]);
    }
  }
});

test('digits that a length in bytes cannot tell are refused with their filler, and so is a dialect that needs them', () => {
  const field = { name: { zh: '试', en: 'trial' }, class: 'public', lengthCounts: 'bytes' } as const;
  const of = (change: object): DialectSource => ({
    ...targets[targets.length - 1].dialect,
    fields: { 2: { ...field, type: 'n', length: 'll', max: 19, pad: 'F', ...change } as FieldSource },
    options: {},
  });
  const builder = new MessageBuilder(planOf(of({})));
  const out = new Uint8Array(100);
  const write = (text: string, pad?: number): number => {
    builder.begin(out, 0, 0x0200);
    builder.digits(2, text, pad);
    return builder.finish();
  };
  expect([write('123'), write('123', 0xf), write('1234', 0)].every(end => end > 0)).toBe(true);
  expect(write('123', 0)).toBe(-lengthOdd);
  const refused = [
    { pad: '0' },
    { length: 'l', lengthEncoding: 'binary', encoding: 'hex', type: 'b', max: 9, pad: undefined },
    { length: 'l', lengthEncoding: 'ascii', encoding: 'hex', type: 'b', max: 5 },
    { length: 'll', lengthEncoding: 'bcd', encoding: 'hexEbcdic', type: 'b', max: 50 },
    { length: 'lll', lengthEncoding: 'ebcdic', encoding: 'hex', type: 'b', max: 500 },
    { length: 'llll', lengthEncoding: 'ascii', encoding: 'hex', type: 'b', max: 5000 },
  ];
  expect(refused.map(change => compileFieldPlan(of(change)).ok)).toEqual([false, true, false, false, false, false]);
});
