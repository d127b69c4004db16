import { KIND_RULES, type Journal, type Txn } from '../../journal/journal.ts';
import type { Refusal } from '../../journal/types.ts';
import { classifyHabit, HABIT_MS, type KeyHabit } from '../../transaction/failure-patterns.ts';
import { causeOf, refusalCause } from './cause.ts';
import type { Cell, Table, Word } from './model.ts';
import { CLASSES, column, columns, type Sources, words, type Words } from './words.ts';

/** The same thing again and again: who needs help, and with what. None of it proves anything alone. */

/** So many within ten minutes are a pattern. */
const AGAIN = 3;

interface Found {
  readonly id: string;
  readonly text: Words;
  readonly where: string;
  readonly operator: string;
  readonly class: Word;
  readonly remedy: Words;
  readonly atMs: number;
}

const HABITS: Readonly<Record<KeyHabit, Words>> = {
  CANCEL: words('同一步反复取消', 'cancelled again and again at one step'),
  TIMEOUT: words('同一步反复超时', 'left waiting again and again at one step'),
  CLEAR: words('反复清除重输', 'cleared and typed again and again'),
};
const PASSWORDS = words('反复输错密码', 'wrong password again and again');
const REFUSED = words('反复被同一规则拒绝', 'refused again and again by one rule');
const RETRIED = words('同一笔反复失败', 'one payment tried again and again');

/** Patterns of the span, one row for what, where and who; the most frequent on top. */
export function patternsTable(
  { journal, profile }: Pick<Sources, 'journal' | 'profile'>,
  txns: readonly Txn[],
  refused: readonly (Refusal & { readonly atMs: number })[],
  fromMs: number,
  toMs: number,
): Table {
  const found: Found[] = [
    ...habits(journal, fromMs, toMs),
    ...passwords(journal, fromMs, toMs),
    ...runs(
      refused,
      one => [one.operator, one.prompt, one.rule].join(),
      () => false,
    ).map(last => {
      const cause = refusalCause(profile, last);
      return {
        id: 'refusedAgain',
        text: REFUSED,
        where: last.rule ?? last.prompt,
        operator: last.operator,
        class: cause.class,
        remedy: cause.remedy,
        atMs: last.atMs,
      };
    }),
  ];
  // A payment that worked ends the row of tries.
  const sales = txns.filter(txn => KIND_RULES[txn.kind].act === 'sale');
  const tries = runs(sales, txn => txn.intent.card?.token ?? `amount ${txn.requestedMinor}`, worked);
  for (const last of tries) {
    const cause = causeOf(profile, last);
    if (cause)
      found.push({
        id: 'triedAgain',
        text: RETRIED,
        where: cause.id,
        operator: last.intent.operator,
        class: cause.class,
        remedy: cause.remedy,
        atMs: last.atMs,
      });
  }
  return tableOf(found);
}

const worked = (txn: Txn): boolean => txn.state === 'approved' || txn.state === 'voided';

/** The last of each {@link AGAIN} rows of one name that lie within {@link HABIT_MS}; `ends`: the counting begins anew after it. */
function runs<T extends { readonly atMs: number }>(
  rows: Iterable<T>,
  nameOf: (row: T) => string,
  ends: (row: T) => boolean,
): T[] {
  const found: T[] = [];
  const open = new Map<string, number[]>();
  for (const row of rows) {
    const name = nameOf(row);
    if (ends(row)) {
      open.delete(name);
      continue;
    }
    const times = (open.get(name) ?? []).filter(ms => ms > row.atMs - HABIT_MS);
    times.push(row.atMs);
    if (times.length >= AGAIN) found.push(row);
    open.set(name, times.length >= AGAIN ? [] : times);
  }
  return found;
}

function habits(journal: Journal, fromMs: number, toMs: number): Found[] {
  return journal.recordsOfKinds(['key-pattern'], fromMs, toMs).map(({ atMs, body }) => {
    const { operator, screen, code } = body as { operator: string; screen: string; code: KeyHabit };
    const { class: whose, remedy } = classifyHabit(code, screen);
    return { id: code.toLowerCase(), text: HABITS[code], where: screen, operator, class: CLASSES[whose], remedy, atMs };
  });
}

function passwords(journal: Journal, fromMs: number, toMs: number): Found[] {
  const wrong = journal.recordsOfKinds(['operator-failures'], fromMs, toMs).map(({ atMs, body }) => {
    const { no, failures, blockMs } = body as { no: string; failures: number; blockMs: number };
    return { atMs, operator: no, right: failures === 0 && blockMs === 0 };
  });
  return runs(
    wrong,
    one => one.operator,
    one => one.right,
  ).map(({ atMs, operator }) => ({
    id: 'passwords',
    text: PASSWORDS,
    where: 'F02',
    operator,
    class: CLASSES.operator,
    remedy: words('由00重设密码, 并问是谁在试', '00 sets a new password; ask who was trying'),
    atMs,
  }));
}

function tableOf(found: readonly Found[]): Table {
  const piles = new Map<string, { readonly first: Found; count: number; lastMs: number }>();
  for (const one of found) {
    const name = [one.id, one.where, one.operator].join();
    const pile = piles.get(name);
    if (!pile) piles.set(name, { first: one, count: 1, lastMs: one.atMs });
    else {
      pile.count++;
      pile.lastMs = Math.max(pile.lastMs, one.atMs);
    }
  }
  return {
    id: 'patterns',
    title: words('反复出现', 'Again and again'),
    columns: [
      column('pattern', '现象', 'pattern', 'code'),
      column('class', '类别', 'class', 'code'),
      column('where', '位置', 'where', 'code'),
      ...columns('operator', 'count'),
      column('last', '最近', 'last', 'time'),
      column('remedy', '处理', 'remedy', 'text'),
    ],
    rows: [...piles.values()]
      .sort((a, b) => b.count - a.count || b.lastMs - a.lastMs)
      .map(({ first, count, lastMs }): Cell[] => [
        { id: first.id, ...first.text },
        first.class,
        first.where,
        first.operator,
        count,
        lastMs,
        { id: first.id, ...first.remedy },
      ]),
    note: words(
      '十分钟内三次以上(清除键九次); 单独不能证明什么',
      'Three or more within ten minutes (CLEAR: nine); none of it proves anything alone',
    ),
  };
}
