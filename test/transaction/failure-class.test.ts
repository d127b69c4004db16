import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { classifyFailure, type FailureFacts } from '../../src/transaction/failure-class.ts';
import { profileOf } from './rules-world.ts';

interface Labelled {
  readonly what: string;
  /** As a person labelled it; null: nobody can know. */
  readonly class: string | null;
  readonly facts: FailureFacts;
}
const table = JSON.parse(
  readFileSync(new URL('../vectors/failure-classes.json', import.meta.url), 'utf8'),
) as Labelled[];
const profile = profileOf('unionpay-pos');
const classify = (facts: FailureFacts) => classifyFailure(profile, facts);

describe('why something failed', () => {
  test('agrees with the labelled table', () => {
    expect(table.length).toBeGreaterThanOrEqual(60);
    expect(new Set(table.map(one => one.class)).size).toBe(6);
    const wrong = table.filter(({ class: label, facts }) => (classify(facts).class ?? null) !== label);
    expect(wrong.length / table.length, wrong.map(one => one.what).join('; ')).toBeLessThanOrEqual(0.05);
  });
  test('every class names its evidence, and what is said in it is among the facts', () => {
    for (const { what, facts } of table) {
      const found = classify(facts);
      expect([what, found.evidence.length > 0]).toEqual([what, found.class !== undefined]);
      const told = JSON.stringify(facts);
      for (const { what: kind, value } of found.evidence)
        if (kind === 'code' || kind === 'prompt' || kind === 'fault' || kind === 'rule') expect(told).toContain(value);
    }
  });
  test('every remedy and cause has words in both languages', () => {
    for (const { facts } of table) {
      const { cause, remedy } = classify(facts);
      for (const text of [cause.zh, cause.en, remedy.zh, remedy.en]) expect(text).toMatch(/\S/);
    }
  });

  test('an unknown code stays unknown', () => {
    expect(classify({ act: 'refund', code: 'Z9' })).toEqual({
      cause: { zh: '未知 [Z9]', en: 'unknown [Z9]' },
      evidence: [],
      remedy: { zh: '请联系收单机构并报此代码', en: 'Call the acquirer and tell this code' },
    });
    expect(classify({ act: 'refund', code: 'constructor' }).class).toBeUndefined();
  });
  test('51 of a refund is about the merchant', () => {
    expect(classify({ act: 'refund', code: '51' })).toMatchObject({
      class: 'channel',
      cause: { zh: '[51]余额不足' },
      remedy: { zh: '请财务给商户账户充值后重试' },
    });
    expect(classify({ act: 'sale', code: '51' })).toMatchObject({ class: 'customer', remedy: { zh: '请换卡或付现' } });
  });
  test('evidence: the one that decided first, then what agrees; the rest is left out', () => {
    expect(classify({ act: 'refund', code: '25', prompt: 'E11', clears: 5, damagedFrames: 9 })).toMatchObject({
      class: 'operator',
      evidence: [
        { what: 'code', value: '25' },
        { what: 'prompt', value: 'E11' },
        { what: 'typing', value: '5' },
      ],
    });
    expect(classify({ act: 'refund', prompt: 'E23', damagedFrames: 2, lineRepeats: 1 })).toMatchObject({
      class: 'system',
      evidence: [
        { what: 'line', value: '3' },
        { what: 'prompt', value: 'E23' },
      ],
    });
    expect(classify({ act: 'refund', prompt: 'E21', damagedFrames: 5, clears: 9 }).evidence).toEqual([
      { what: 'line', value: '5' },
    ]);
    expect(classify({ act: 'refund', code: '25', fromJournal: true })).toMatchObject({
      class: 'channel',
      evidence: [{ what: 'code', value: '25' }, { what: 'journal' }],
    });
  });
  test('every code and prompt of the profile gets the class of its line', () => {
    const plain = (name: string) => (name === 'compat' ? 'compatibility' : name === 'ok' ? undefined : name);
    for (const [code, line] of Object.entries(profile.responses))
      if (code !== '51') expect([code, classify({ act: 'refund', code }).class]).toEqual([code, plain(line.class)]);
    for (const [prompt, line] of Object.entries(profile.texts.prompts))
      expect([prompt, classify({ act: 'sale', prompt }).class]).toEqual([prompt, plain(line.class)]);
  });
});
