import { describe, expect, test } from 'vitest';
import { compileFieldPlan, fieldClass, type DialectSource } from '../../src/iso8583/plan.ts';
import { Status, StatusText } from '../../src/iso8583/status.ts';
import { dialect, planWith } from './samples.ts';

/** A copy of the shipped dialect with one member changed; `undefined` removes it. */
function changed(pointer: string, value: unknown): DialectSource {
  const copy = structuredClone(dialect) as unknown as Record<string, unknown>;
  const steps = pointer.split('/').slice(1);
  const last = steps.pop() as string;
  let at = copy;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy as unknown as DialectSource;
}

describe('the shipped dialect', () => {
  test('compiles with every choice of every option', () => {
    for (const [option, { choices }] of Object.entries(dialect.options)) {
      for (const choice of Object.keys(choices)) {
        expect(compileFieldPlan(dialect, { [option]: choice }), `${option}=${choice}`).toMatchObject({ ok: true });
      }
    }
  });

  test('has the widths of the UnionPay table', () => {
    const plan = planWith();
    const line = (f: number): number[] => [plan.lengthBytes[f], plan.max[f], plan.right[f], plan.pad[f]];
    expect(line(2)).toEqual([1, 19, 0, 0]);
    expect(line(4)).toEqual([0, 12, 0, 0]);
    expect(line(22)).toEqual([0, 3, 0, 0]);
    expect(line(23)).toEqual([0, 3, 1, 0]);
    expect(line(36)).toEqual([2, 104, 0, 0]);
    expect(plan.type[5]).toBe(0);
    expect(line(35)).toEqual([1, 37, 0, 0]);
    expect(planWith({ trackPad: 'F' }).pad[35]).toBe(0x0f);
    expect(planWith({ pinBlock: '16' }).max[52]).toBe(16);
  });

  test('shows nothing that is not known to be public', () => {
    const plan = planWith();
    const hidden = [2, 14, 35, 36, 40, 48, 52, 54, 55, 57, 58, 59, 62, 63, 64];
    for (let f = 2; f <= 64; f++) {
      if (plan.type[f] !== 0) expect(fieldClass(plan, f) === 'public', `field ${f}`).toBe(!hidden.includes(f));
    }
    expect(fieldClass(plan, 5)).toBe('private');
    const sensitive = ['5A', '57', '56', '5F20', '5F24', '99', '9F1F', '9F20', '9F6B'];
    for (const tag of sensitive) expect(dialect.tags[tag].class, tag).not.toBe('public');
  });
});

describe('a wrong dialect is refused with the place, the cause and the remedy', () => {
  test.each([
    ['/mti', 'utf8', 'dialect/mti: "utf8" is not possible here'],
    ['/framing/tpdu', 5, 'dialect/framing/tpdu: 5 is neither true nor false'],
    ['/fields/1', dialect.fields['3'], 'dialect/fields/1: 1 is no field number'],
    ['/fields/65', dialect.fields['3'], 'dialect/fields/65: 65 is no field number'],
    ['/fields/3/type', 'x', 'dialect/fields/3/type: "x" is not possible here'],
    ['/fields/3/max', undefined, 'dialect/fields/3/max: undefined is no length'],
    ['/fields/2/max', 100, 'dialect/fields/2/max: 100 is no length that ll can hold'],
    ['/fields/3/name/zh', '', 'dialect/fields/3/name/zh: the name is missing'],
    ['/fields/3/class', undefined, 'dialect/fields/3/class: the member is missing'],
    ['/fields/3/clas', 'public', 'dialect/fields/3/clas: no such member'],
    ['/fields/22/align', 'middle', 'dialect/fields/22/align'],
    ['/fields/35/pad', '1', 'dialect/fields/35/pad'],
    ['/options/trackPad/default', '7', 'dialect/options/trackPad/default'],
    ['/options/trackPad/choices/F/99', {}, 'dialect/options/trackPad/choices/F/99: there is no field 99'],
    ['/options/trackPad/choices/F/35/pad', 'X', 'dialect/options/trackPad/choices/F/35/pad'],
    ['/subfields/5', [{ tlv: true }], 'dialect/subfields/5: there is no field 5'],
    ['/subfields/60/0/parts/0/id', 'x', 'dialect/subfields/60/0/parts/0/id'],
    ['/subfields/60/0/parts/1/id', '60.1', 'dialect/subfields/60/0/parts/1/id'],
    ['/subfields/60/0/parts/1/length', undefined, 'dialect/subfields/60/0/parts/1/length: only the last part'],
    ['/subfields/60/0/chain', { tagLength: 2, lengthDigits: 3, tags: {} }, undefined],
    ['/subfields/55/0/chain', { tagLength: 2, lengthDigits: 3, tags: {} }, 'chain and tlv both take the rest'],
    ['/subfields/59/0/chain/tags/A', { name: { zh: 'a', en: 'a' }, class: 'public' }, 'A has 1 characters'],
    ['/tags/9f26', dialect.tags['9F26'], 'dialect/tags/9f26: 9f26 is no tag'],
    ['/subfields/60', {}, 'dialect/subfields/60: a list is expected'],
    ['/fields', [], 'dialect/fields: an object is expected'],
  ])('%s = %j', (pointer, value, cause) => {
    const plan = compileFieldPlan(changed(pointer, value));
    if (pointer === '/subfields/60/0/chain') {
      // The last part of field 60 is open, so nothing may follow it.
      expect(plan).toMatchObject({ ok: false, fault: { cause: expect.stringContaining('only the last part') } });
      return;
    }
    expect(plan).toMatchObject({ ok: false, fault: { code: 'E_ILLEGAL', name: 'bad-dialect' } });
    if (!plan.ok) {
      expect(plan.fault.cause).toContain(cause);
      expect(plan.fault.remedy).not.toBe('');
    }
  });

  test('unknown options and choices are named with the known ones', () => {
    const option = compileFieldPlan(dialect, { nothing: '1' });
    expect(option).toMatchObject({
      ok: false,
      fault: { name: 'unknown-option', remedy: expect.stringContaining('trackPad') },
    });
    const choice = compileFieldPlan(dialect, { trackPad: '5' });
    expect(choice).toMatchObject({ ok: false, fault: { name: 'unknown-choice', remedy: 'Known: 0, F' } });
  });

  test('a choice that makes an impossible field is refused', () => {
    const source = changed('/options/trackPad/choices/F/35/max', 200);
    expect(compileFieldPlan(source)).toMatchObject({ ok: true });
    expect(compileFieldPlan(source, { trackPad: 'F' })).toMatchObject({ ok: false, fault: { name: 'bad-dialect' } });
  });
});

test('every status has words at its own place', () => {
  for (const [key, number] of Object.entries(Status)) {
    const name = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    expect(StatusText[number].name).toBe(name);
    expect(StatusText[number].zh).not.toBe('');
    expect(StatusText[number].en).not.toBe('');
  }
  expect(StatusText).toHaveLength(Object.keys(Status).length);
});
