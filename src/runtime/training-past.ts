import { KIND_RULES, type Txn } from '../journal/journal.ts';
import type { Lines, QuizView } from '../terminal/quiz.ts';
import { formatAmount } from '../units.ts';
import type { Shop } from './shop.ts';

/**
 * Questions that the shop's own past asks: what was refused here, what stayed without an answer, what went wrong. They
 * hold an amount and what happened, and nothing that tells of a card, a person or a day.
 */

/** How far back, and how many. */
const LOOK_BACK_MS = 90 * 86_400_000;
const QUESTIONS_MAX = 12;

interface Told {
  readonly zh: (amount: string) => readonly string[];
  readonly en: (amount: string) => readonly string[];
  readonly right: 1 | 2;
  readonly why: Lines;
}

/** By the prompt that refused an attempt, the type of a case, or the state of a transaction. */
const TOLD: Readonly<Record<string, Told>> = {
  E07: {
    zh: amount => [`退${amount},`, '拿来另一张卡.', '1刷这张 2要原卡'],
    en: amount => [`${amount} BACK,`, 'ANOTHER CARD.', '1TAKE 2SAME CARD'],
    right: 2,
    why: { zh: ['本店遇到过:', '只退回原卡'], en: ['IT HAPPENED HERE', 'SAME CARD ONLY'] },
  },
  E08: {
    zh: amount => [`要退${amount},`, '超过可退余额.', '1分次退 2看余额'],
    en: amount => [`${amount} WANTED,`, 'LESS IS LEFT.', '1SPLIT 2SEE LEFT'],
    right: 2,
    why: { zh: ['退款合计不能', '超过原消费'], en: ['REFUNDS NEVER', 'EXCEED THE SALE'] },
  },
  E09: {
    zh: amount => [`退${amount},`, '超过本店限额.', '1分几笔 2找主管'],
    en: amount => [`${amount} BACK,`, 'ABOVE THE LIMIT.', '1SPLIT 2ASK 00'],
    right: 2,
    why: { zh: ['拆单躲限额', '是违规'], en: ['SPLITTING AROUND', 'A LIMIT IS FRAUD'] },
  },
  E10: {
    zh: amount => [`退${amount},`, '超过退货期限.', '1改日期 2收单行'],
    en: amount => [`${amount} BACK,`, 'IT IS TOO OLD.', '1REDATE 2BANK'],
    right: 2,
    why: { zh: ['超期由收单行', '手工处理'], en: ['THE BANK DOES IT', 'BY HAND'] },
  },
  E17: {
    zh: amount => [`退${amount}后`, '无应答又来退.', '1再退 2等结果'],
    en: amount => [`${amount} BACK, NO`, 'ANSWER YET.', '1AGAIN 2WAIT'],
    right: 2,
    why: { zh: ['可能已经退了', '先查清楚'], en: ['IT MAY BE DONE:', 'FIND OUT FIRST'] },
  },
  unknown: {
    zh: amount => [`退${amount},`, '没有应答.', '1再退 2报主管'],
    en: amount => [`${amount} BACK, NO`, 'ANSWER. NOW?', '1AGAIN 2ASK 00'],
    right: 2,
    why: { zh: ['待查单交主管', '查实前不再退'], en: ['SLIP TO 00, NO', 'SECOND REFUND'] },
  },
  reversed: {
    zh: amount => [`收${amount},`, '无应答已冲正.', '1算已收 2再收'],
    en: amount => [`${amount} REVERSED`, 'NO ANSWER CAME.', '1PAID 2SELL ANEW'],
    right: 2,
    why: { zh: ['冲正就是没收到', '重新收款'], en: ['REVERSED IS NOT', 'PAID: SELL ANEW'] },
  },
  part: {
    zh: amount => ['整单里只退', `${amount}.用?`, '1撤销 2退货'],
    en: amount => ['OF A SALE ONLY', `${amount} BACK`, '1VOID 2REFUND'],
    right: 2,
    why: { zh: ['撤销只能全额', '部分用退货'], en: ['A VOID IS WHOLE', 'PART IS A REFUND'] },
  },
  amount: {
    zh: amount => [`退${amount}`, '金额退错了.', '1补一笔 2登记'],
    en: amount => [`${amount} BACK WAS`, 'WRONG. NOW?', '1PAY MORE 2CASE'],
    right: 2,
    why: { zh: ['先登记退错', '主管决定补救'], en: ['OPEN A CASE', 'THEN THE REMEDY'] },
  },
  twice: {
    zh: amount => [`${amount}`, '退了两次.', '1登记 2不管'],
    en: amount => [`${amount} WAS`, 'PAID BACK TWICE.', '1CASE 2NOTHING'],
    right: 1,
    why: { zh: ['登记退错', '联系顾客追回'], en: ['OPEN A CASE AND', 'CALL CUSTOMER'] },
  },
};

/** Cases and words of the table that mean the same lesson. */
const LESSON: Readonly<Record<string, string>> = { card: 'E07', notOurs: 'E07', failed: 'unknown' };

/** Questions from what happened at this counter, newest first, each lesson once. */
export function pastQuestions(shop: Shop): QuizView[] {
  const { journal, hal } = shop;
  const now = hal.clock.nowMs();
  const lessons = new Map<string, number>();
  const learn = (word: string, amountMinor: number | undefined): void => {
    const lesson = LESSON[word] ?? word;
    if (lesson in TOLD && amountMinor !== undefined && amountMinor > 0 && !lessons.has(lesson))
      lessons.set(lesson, amountMinor);
  };
  for (const { kind, body } of journal.recordsOfKinds(['refused', 'case-opened'], now - LOOK_BACK_MS).reverse()) {
    const told = body as { prompt?: string; amountMinor?: number; type?: string; about?: number };
    if (kind === 'refused') learn(told.prompt ?? '', told.amountMinor);
    else if (told.about !== undefined) learn(told.type ?? '', journal.txn(told.about)?.requestedMinor);
  }
  for (const txn of journal.list({ limit: 300 })) learn(wordOf(shop, txn), txn.requestedMinor);
  return [...lessons].slice(0, QUESTIONS_MAX).map(([lesson, amountMinor]) => {
    const { zh, en, right, why } = TOLD[lesson];
    const amount = formatAmount(amountMinor);
    return { zh: zh(amount), en: en(amount), right, why };
  });
}

/** What a transaction teaches, if anything. */
function wordOf(shop: Shop, txn: Txn): string {
  const { act } = KIND_RULES[txn.kind];
  if (act === 'refund' && shop.journal.recordsOf(txn.id).some(({ kind }) => kind === 'refund-resolved'))
    return 'unknown';
  if (act === 'sale' && txn.state === 'reversed') return 'reversed';
  const sale = txn.intent.original?.txnId === undefined ? undefined : shop.journal.txn(txn.intent.original.txnId);
  return act === 'refund' && sale && txn.amountMinor < sale.amountMinor ? 'part' : '';
}
