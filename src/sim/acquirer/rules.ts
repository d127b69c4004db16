import { z } from 'zod';
import { failed, fault, ok, type Result } from '../../fault.ts';
import type { Effect } from './effects.ts';

/**
 * Fault rules: `{"rules": [{"match": {…}, "do": {…}, "times": n}]}`. A rule applies when every member of `match` holds; the
 * first rule that applies wins, and wins over the cents of the amount. `nth` counts, from 1, the messages that meet
 * the rest of `match`; a rule with `nth` applies once, others without end, unless `times` says how often.
 */
const digitText = (length: number, what: string): z.ZodString =>
  z.string().regex(new RegExp(`^[0-9]{${length}}$`), { error: `must be ${length} digits in quotes (${what})` });

const count = z.int({ error: 'must be a whole number' }).min(1, { error: 'must be 1 or more' });
const flag = z.literal(true, { error: 'must be true; leave it out otherwise' });

const matchSchema = z.strictObject({
  mti: digitText(4, 'message type, e.g. "0200"').optional(),
  '60.1': digitText(2, 'transaction type, e.g. "22" = sale').optional(),
  '60.3': digitText(3, 'network management code, e.g. "003"').optional(),
  amountMinor: z.int({ error: 'must be a whole number of fen' }).min(0, { error: 'must be 0 or more' }).optional(),
  trace: digitText(6, 'field 11').optional(),
  tid: z.string().length(8, { error: 'must be 8 characters (field 41)' }).optional(),
  nth: count.optional(),
});

const doSchema = z
  .strictObject({
    code: z
      .string()
      .regex(/^[0-9A-Z]{2}$/, { error: 'must be two characters 0-9 or A-Z (field 39)' })
      .optional(),
    delayMs: z
      .int({ error: 'must be whole milliseconds' })
      .min(0, { error: 'must be 0 or more' })
      .max(600_000, { error: 'must be 600000 (ten minutes) or less' })
      .optional(),
    onlyCode: flag.optional(),
    silent: flag.optional(),
    twice: flag.optional(),
    withNext: flag.optional(),
    overtaken: flag.optional(),
    bookAnyway: flag.optional(),
    badMac: flag.optional(),
    wrongAmount: flag.optional(),
    wrongTrace: flag.optional(),
    closeBefore: flag.optional(),
    closeAfter: flag.optional(),
    closeMidAnswer: flag.optional(),
    bookNot: flag.optional(),
    customer: z.enum(['pays', 'refuses', 'never'], { error: 'must be "pays", "refuses" or "never"' }).optional(),
    inquiries: count.optional(),
    refund: z
      .enum(['abnormal', 'closed', 'lowBalance'], { error: 'must be "abnormal", "closed" or "lowBalance"' })
      .optional(),
    requirement: z
      .int({ error: 'must be a whole number' })
      .min(0, { error: 'must be 0 to 9' })
      .max(9, { error: 'must be 0 to 9' })
      .optional(),
  })
  .refine(members => Object.keys(members).length > 0, { error: 'must hold at least one action' })
  .refine(members => members.onlyCode === undefined || members.code !== undefined, {
    error: 'onlyCode must come with code',
  })
  .refine(members => members.bookAnyway === undefined || members.overtaken === true, {
    error: 'bookAnyway must come with overtaken',
  });

const fileSchema = z.strictObject({
  rules: z.array(z.strictObject({ match: matchSchema, do: doSchema, times: count.optional() })),
});

export type FaultRule = z.infer<typeof fileSchema>['rules'][number];

/** What a rule can look at. */
export interface RuleSubject {
  readonly mti: string;
  readonly type60: string;
  readonly info60: string;
  readonly amountMinor: number;
  readonly trace: string;
  readonly tid: string;
}

/**
 * Reads a rule file. `name` is its path, for the fault `fault-rules`, which names the JSON pointer of the first wrong
 * member, what is wrong and what would be right.
 */
export function parseFaultRules(text: string, name: string): Result<readonly FaultRule[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return failed(fault('E_ILLEGAL', 'fault-rules', `${name} is no JSON: ${detail}`, 'Correct the file'));
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return ok(parsed.data.rules);
  const [issue] = parsed.error.issues;
  const extra = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const pointer = [...issue.path, ...extra.slice(0, 1)]
    .map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
  const what = extra.length > 0 ? 'is not a known member' : issue.message;
  return failed(
    fault(
      'E_ILLEGAL',
      'fault-rules',
      `${name}: ${pointer === '' ? 'the file' : pointer} ${what}`,
      'Correct the file; docs/acquirer-simulator.md lists the members',
    ),
  );
}

interface Counted {
  readonly rule: FaultRule;
  seen: number;
  left: number;
}

/** Rules with their counters. */
export class FaultRules {
  private readonly counted: Counted[];

  constructor(rules: readonly FaultRule[]) {
    this.counted = rules.map(rule => ({
      rule,
      seen: 0,
      left: rule.times ?? (rule.match.nth === undefined ? Infinity : 1),
    }));
  }

  /** Counts the message and returns the effect of the first rule that applies, or undefined. */
  effectOf(subject: RuleSubject): Effect | undefined {
    let chosen: Counted | undefined;
    for (const counted of this.counted) {
      if (!meets(counted.rule.match, subject)) continue;
      counted.seen++;
      const { nth } = counted.rule.match;
      if (chosen === undefined && counted.left > 0 && (nth === undefined || counted.seen >= nth)) chosen = counted;
    }
    if (chosen === undefined) return undefined;
    chosen.left--;
    return chosen.rule.do;
  }
}

function meets(match: FaultRule['match'], subject: RuleSubject): boolean {
  return (
    (match.mti === undefined || match.mti === subject.mti) &&
    (match['60.1'] === undefined || match['60.1'] === subject.type60) &&
    (match['60.3'] === undefined || match['60.3'] === subject.info60) &&
    (match.amountMinor === undefined || match.amountMinor === subject.amountMinor) &&
    (match.trace === undefined || match.trace === subject.trace) &&
    (match.tid === undefined || match.tid === subject.tid)
  );
}
