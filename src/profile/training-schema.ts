import { z } from 'zod';

/** Training: the pool of questions and the drills. Each text is one line of the screen, 16 columns. */

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'small letters, digits and hyphens');
const line = z.string();
const two = z.array(line).length(2);
const three = z.array(line).length(3);
const twoLines = z.strictObject({ zh: two, en: two });

/** What can be counted in the books of training. Attempts count whatever became of them. */
export const DRILL_FACTS = [
  'sale',
  'saleTried',
  'saleDeclined',
  'saleReversed',
  'void',
  'refund',
  'refundTried',
  'refundUnknown',
  'refused',
  'reprint',
  'case',
] as const;

const want = z.strictObject({
  fact: z.enum(DRILL_FACTS),
  amountMinor: z.int().min(1).optional().describe('Only those of this amount'),
  min: z.int().min(0).max(99).optional().describe('0 when absent'),
  max: z.int().min(0).max(99).optional().describe('Any number when absent'),
});

const question = z.strictObject({
  id,
  zh: three.describe('What happened, in two lines, and the two answers: 1… 2…'),
  en: three,
  right: z.literal([1, 2]),
  why: twoLines,
});

const drill = z.strictObject({
  id,
  zh: two.describe('The situation'),
  en: two,
  task: z.strictObject({ zh: three, en: three }).describe('What shall be done at the training counter'),
  wants: z.array(want).min(1).describe('What the books must say since the drill began'),
  passed: twoLines,
  notYet: twoLines,
});

export const training = z.strictObject({
  quizLength: z.int().min(1).max(9).describe('Questions of one quiz'),
  passPercent: z.int().min(1).max(100),
  questions: z.array(question).min(9),
  drills: z.array(drill).min(1).max(9),
});
