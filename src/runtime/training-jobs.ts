import { assert } from '../assert.ts';
import { KIND_RULES } from '../journal/journal.ts';
import type { PromptId } from '../profile/words.ts';
import type { Training as Pool } from '../profile/schema.ts';
import type { CipherRequest } from '../security/cipher.ts';
import type { QuizView, ScoreView, TrainingJob } from '../terminal/quiz.ts';
import type { Done } from '../terminal/types.ts';
import type { Shop } from './shop.ts';
import type { Task } from './task.ts';

/** The jobs of training: which questions are asked, and what the books say that the trainee did. */

/** Questions of the shop's own past in one quiz. */
const PAST_MAX = 2;
/** Records of a drill that are looked at. */
const DRILL_RECORDS_MAX = 1000;

/** What makes a {@link Shop} one of training. */
export interface Training {
  readonly operator: string;
  /** A cipher step with a working key under the training acquirer's master key. */
  encrypt(request: CipherRequest, wrappedKey: Uint8Array): Uint8Array;
  /** Questions that the shop's own past asks: amounts and states, nothing else. */
  readonly past: readonly QuizView[];
  readonly score: TrainingScore;
  /** The drill in hand: its name and the newest record when it began. */
  drill?: { readonly id: string; readonly fromSeq: number };
  /** Is this the password of who began the training? A wrong one counts as everywhere. Undefined: yes, and training ends. */
  leave(password: string): 'wrong' | PromptId | undefined;
}

export interface TrainingScore {
  quiz: { readonly score: number; readonly of: number } | undefined;
  /** Drills by name; true when they were passed. */
  readonly drills: Map<string, boolean>;
}

/** F22: why training cannot begin now. Only a shop that owes nothing and waits for nothing may be left alone. */
export function trainingReady(shop: Shop): Done {
  const { journal } = shop;
  const { batch, owed, held, unknownRefunds, heldRefunds } = journal.counts();
  const refused = (prompt: PromptId): Done => ({ type: 'DONE', outcome: 'failed', prompt });
  if (!shop.train || !shop.profile.training) return refused('E39');
  if (journal.openSettlement()) return refused('E77');
  if (owed + held > 0) return refused('E64');
  if (unknownRefunds + heldRefunds > 0) return refused('F22.waits');
  return batch > 0 ? refused('F22.batch') : { type: 'DONE', outcome: 'ok' };
}

/** Score so far: right answers of the last quiz and drills. Passed: a whole quiz, and enough of everything. */
export function scoreOf(shop: Shop): ScoreView {
  const { training, profile } = shop;
  const { quizLength = 0, passPercent = 100 } = profile.training ?? {};
  const quiz = training?.score.quiz;
  const drills = [...(training?.score.drills.values() ?? [])];
  const score = (quiz?.score ?? 0) + drills.filter(passed => passed).length;
  const of = (quiz?.of ?? 0) + drills.length;
  const passed = quiz !== undefined && quiz.of >= quizLength && score * 100 >= of * passPercent;
  return { operator: training?.operator ?? '', score, of, passed };
}

export function* performTraining(shop: Shop, job: TrainingJob): Task<Done> {
  const { training, journal, profile } = shop;
  if (job.kind === 'trainingReady') return trainingReady(shop);
  if (job.kind === 'train') {
    assert(shop.train, 'training begins only where it was found ready');
    return yield* shop.train(shop, job.operator, job.by);
  }
  const pool = profile.training;
  assert(training && pool, 'only a counter of training asks for questions and drills');
  switch (job.kind) {
    case 'quizStart':
      return { type: 'DONE', outcome: 'ok', questions: quizOf(shop, pool, training.past) };
    case 'quizEnd':
      training.score.quiz = { score: job.score, of: job.of };
      return { type: 'DONE', outcome: 'ok', score: { ...scoreOf(shop), score: job.score, of: job.of } };
    case 'drill': {
      const index = job.index % pool.drills.length;
      const { zh, en, task } = pool.drills[index];
      return { type: 'DONE', outcome: 'ok', drill: { zh, en, task, index, of: pool.drills.length } };
    }
    case 'drillBegin':
      training.drill = { id: pool.drills[job.index % pool.drills.length].id, fromSeq: journal.headSeq };
      return { type: 'DONE', outcome: 'ok' };
    case 'drillCheck': {
      const { drill } = training;
      const asked = drill && pool.drills.find(({ id }) => id === drill.id);
      if (!drill || !asked) return { type: 'DONE', outcome: 'none' };
      const passed = drillPassed(shop, asked, drill.fromSeq);
      training.score.drills.set(drill.id, passed);
      return passed
        ? { type: 'DONE', outcome: 'passed', told: asked.passed }
        : { type: 'DONE', outcome: 'notYet', told: asked.notYet };
    }
    case 'leaveTraining': {
      const why = training.leave(job.password);
      if (why === undefined) return { type: 'DONE', outcome: 'ok' };
      return why === 'wrong' ? { type: 'DONE', outcome: 'wrong' } : { type: 'DONE', outcome: 'failed', prompt: why };
    }
  }
}

/** As many questions as the profile says, each at most once, in an order that nobody knows; some of the shop's own past. */
function quizOf(shop: Shop, pool: Pool, past: readonly QuizView[]): QuizView[] {
  const own = drawn(shop, past, Math.min(PAST_MAX, pool.quizLength - 1));
  return drawn(shop, [...own, ...drawn(shop, pool.questions, pool.quizLength - own.length)], pool.quizLength);
}

/** `count` of `list`, without putting back. */
function drawn<T>(shop: Shop, list: readonly T[], count: number): T[] {
  const left = [...list];
  const chance = new Uint8Array(1);
  const out: T[] = [];
  while (out.length < count && left.length > 0) {
    shop.hal.entropy.fill(chance);
    out.push(...left.splice(chance[0] % left.length, 1));
  }
  return out;
}

type Drill = Pool['drills'][number];
type Fact = { readonly fact: Drill['wants'][number]['fact']; readonly amountMinor: number };

/** Do the books of training say what the drill wants, since it began? */
function drillPassed(shop: Shop, drill: Drill, fromSeq: number): boolean {
  const facts = factsSince(shop, fromSeq);
  return drill.wants.every(({ fact, amountMinor, min = 0, max = Number.POSITIVE_INFINITY }) => {
    const count = facts.filter(
      one => one.fact === fact && (amountMinor === undefined || one.amountMinor === amountMinor),
    ).length;
    return count >= min && count <= max;
  });
}

function factsSince(shop: Shop, fromSeq: number): Fact[] {
  const { journal } = shop;
  const facts: Fact[] = [];
  const kinds = ['intent', 'reprint', 'case-opened', 'refused'];
  for (const { seq, kind } of journal.recordsAfter(fromSeq, kinds, DRILL_RECORDS_MAX)) {
    if (kind !== 'intent') {
      facts.push({
        fact: kind === 'case-opened' ? 'case' : kind === 'reprint' ? 'reprint' : 'refused',
        amountMinor: 0,
      });
      continue;
    }
    const txn = journal.txn(seq);
    assert(txn, 'an intent is a transaction');
    const { act } = KIND_RULES[txn.kind];
    const note = (fact: Fact['fact']): void => void facts.push({ fact, amountMinor: txn.requestedMinor });
    if (act === 'sale') note('saleTried');
    if (act === 'refund') note('refundTried');
    // A voided sale is none any more; its void tells of it.
    if (txn.state === 'approved') note(act);
    else if (act === 'sale' && txn.state === 'declined') note('saleDeclined');
    else if (act === 'sale' && txn.state === 'reversed') note('saleReversed');
    else if (act === 'refund' && txn.state === 'unknown') note('refundUnknown');
  }
  return facts;
}
