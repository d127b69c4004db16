import { counts, type Journal, plus } from '../../journal/journal.ts';
import type { Refusal, Sum, TrainingResult } from '../../journal/types.ts';
import type { Report, Span, Table } from './model.ts';
import { actOf, percent, txnsIn } from './rows.ts';
import { column, columns, KINDS, type Sources, words } from './words.ts';

/** Who did what: money, approvals, wrong passwords, attempts that a rule refused. */

interface Person {
  sale: Sum;
  void: Sum;
  refund: Sum;
  approvals: number;
  declined: number;
  unknown: number;
  wrongPasswords: number;
  blocked: number;
  refused: number;
}

const NONE: Sum = { count: 0, amountMinor: 0 };

/** One row for each operator number; the numbers 00 and 99 are there when they did something. */
export function operatorsReport({ journal }: Sources, span: Span): Report {
  const people = new Map<string, Person>();
  const person = (no: string): Person => {
    let one = people.get(no);
    if (!one) {
      one = {
        sale: NONE,
        void: NONE,
        refund: NONE,
        approvals: 0,
        declined: 0,
        unknown: 0,
        wrongPasswords: 0,
        blocked: 0,
        refused: 0,
      };
      people.set(no, one);
    }
    return one;
  };
  const txns = [...txnsIn(journal, span)];
  for (const txn of txns) {
    const one = person(txn.intent.operator);
    const act = actOf(txn);
    if (counts(txn)) one[act] = plus(one[act], txn.amountMinor);
    if (txn.state === 'declined') one.declined++;
    if (txn.state === 'unknown' || txn.state === 'reversed') one.unknown++;
    for (const approver of [txn.intent.approver, txn.intent.second])
      if (approver !== undefined) person(approver).approvals++;
  }
  const { fromMs, toMs } = span;
  const refused = refusals(journal, fromMs, toMs);
  for (const { operator } of refused) person(operator).refused++;
  for (const record of journal.recordsOfKinds(['operator-failures'], fromMs, toMs)) {
    const { no, failures, blockMs } = record.body as { no: string; failures: number; blockMs: number };
    // A right password writes zeros for both.
    if (failures > 0 || blockMs > 0) person(no).wrongPasswords++;
    if (blockMs > 0) person(no).blocked++;
  }
  return {
    id: 'operators',
    title: words('操作员报表', 'Operators'),
    span,
    tables: [table(people, trainings(journal)), refusedTable(refused)],
  };
}

/** What a person reached in training: when it was passed last, and the newest score. */
interface Trained {
  readonly passedMs?: number;
  readonly score: string;
}

/** Of all times: who may refund was decided by a training of long ago, too. A number that is given anew begins anew. */
function trainings(journal: Journal): ReadonlyMap<string, Trained> {
  const found = new Map<string, Trained>();
  for (const { kind, atMs, body } of journal.recordsOfKinds(['training', 'operator-removed'])) {
    if (kind === 'operator-removed') {
      found.delete((body as { no: string }).no);
      continue;
    }
    const { operator, score, of, passed } = body as TrainingResult;
    const passedMs = passed ? atMs : found.get(operator)?.passedMs;
    found.set(operator, { score: `${score}/${of}`, ...(passedMs === undefined ? {} : { passedMs }) });
  }
  return found;
}

function table(people: ReadonlyMap<string, Person>, trained: ReadonlyMap<string, Trained>): Table {
  return {
    id: 'operators',
    title: words('操作员', 'Operators'),
    columns: [
      ...columns('operator', 'sales', 'salesAmount', 'voids', 'voidsAmount', 'voidShare'),
      ...columns('refunds', 'refundsAmount', 'refundShare'),
      column('approvals', '复核', 'approved', 'count'),
      column('declined', '被拒', 'declined', 'count'),
      column('unknown', '未知', 'no answer', 'count'),
      column('wrongPasswords', '密码错', 'wrong passwords', 'count'),
      column('blocked', '被锁', 'blocked', 'count'),
      column('refused', '本机拒绝', 'refused here', 'count'),
      column('trained', '培训合格', 'training passed', 'time'),
      column('trainingScore', '培训得分', 'training score', 'code'),
    ],
    rows: [...people]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([no, one]) => [
        no,
        one.sale.count,
        one.sale.amountMinor,
        one.void.count,
        one.void.amountMinor,
        percent(one.void.amountMinor, one.sale.amountMinor),
        one.refund.count,
        one.refund.amountMinor,
        percent(one.refund.amountMinor, one.sale.amountMinor),
        one.approvals,
        one.declined,
        one.unknown,
        one.wrongPasswords,
        one.blocked,
        one.refused,
        trained.get(no)?.passedMs,
        trained.get(no)?.score,
      ]),
    chart: { kind: 'bar', label: 'operator', values: ['voidsAmount', 'refundsAmount'] },
  };
}

/** Attempts that were not allowed to begin. */
export function refusals(journal: Journal, fromMs: number, toMs: number): (Refusal & { readonly atMs: number })[] {
  return journal
    .recordsOfKinds(['refused'], fromMs, toMs)
    .map(record => ({ ...(record.body as Refusal), atMs: record.atMs }));
}

function refusedTable(refused: readonly (Refusal & { readonly atMs: number })[]): Table {
  return {
    id: 'refused',
    title: words('本机拒绝的操作', 'Attempts refused here'),
    columns: [
      ...columns('at', 'operator', 'kind'),
      column('prompt', '提示', 'prompt', 'code'),
      column('rule', '规则', 'rule', 'code'),
      ...columns('amount'),
      column('value', '数值', 'value', 'count'),
      column('limit', '限值', 'limit', 'count'),
    ],
    rows: refused.map(one => [
      one.atMs,
      one.operator,
      KINDS[one.act],
      one.prompt,
      one.rule,
      one.amountMinor,
      one.value,
      one.limit,
    ]),
  };
}
