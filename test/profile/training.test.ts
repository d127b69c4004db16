import { expect, test } from 'vitest';
import { lintTraining } from '../../src/profile/lint-training.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import { readShipped } from './shipped.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok) throw new Error(loaded.fault.cause);
const shipped = loaded.value.training as NonNullable<Profile['training']>;

const findings = (training: typeof shipped): string[] => {
  const found: string[] = [];
  lintTraining(training, (pointer, name) => found.push(`${pointer} ${name}`));
  return found;
};

test('the shipped pool has at least 24 questions, each answer and each drill is reachable, and nothing is wrong with it', () => {
  expect(shipped.questions.length).toBeGreaterThanOrEqual(24);
  expect(new Set(shipped.questions.map(({ right }) => right))).toEqual(new Set([1, 2]));
  expect(shipped.drills.length).toBeGreaterThanOrEqual(6);
  expect(findings(shipped)).toEqual([]);
});

test('texts that do not fit, names used twice, answers that are not named, drills that nobody can pass', () => {
  const [question, ...questions] = shipped.questions;
  const [drill, ...drills] = shipped.drills;
  const wide = 'SEVENTEEN COLUMNS';
  expect(findings({ ...shipped, questions: [{ ...question, en: [wide, '', '1YES 2NO'] }, ...questions] })).toEqual([
    '/training/questions/0/en/0 text-too-wide',
  ]);
  expect(findings({ ...shipped, questions: [{ ...question, zh: ['', '', '是或否'] }, ...questions] })).toEqual([
    '/training/questions/0/zh/2 training-answers',
  ]);
  expect(findings({ ...shipped, questions: [{ ...question, id: questions[0].id }, ...questions] })).toEqual([
    '/training/questions/1/id training-name',
  ]);
  expect(
    findings({ ...shipped, questions: [{ ...question, why: { ...question.why, zh: ['😀', ''] } }, ...questions] }),
  ).toEqual(['/training/questions/0/why/zh/0 text-not-gbk']);
  expect(
    findings({ ...shipped, drills: [{ ...drill, wants: [{ fact: 'sale', min: 3, max: 2 }] }, ...drills] }),
  ).toEqual(['/training/drills/0/wants/0 training-drill']);
  expect(
    findings({ ...shipped, drills: [{ ...drill, wants: [{ fact: 'sale', min: 0, max: 0 }] }, ...drills] }),
  ).toEqual(['/training/drills/0/wants training-drill']);
});

test('a profile without training is whole; one with half of it is not', () => {
  const { training: _, ...without } = loaded.value;
  expect(profileSchema.safeParse(without).success).toBe(true);
  expect(profileSchema.safeParse({ ...without, training: { ...shipped, drills: [] } }).success).toBe(false);
});
