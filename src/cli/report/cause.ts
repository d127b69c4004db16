import { KIND_RULES, type Txn, type TxnKind } from '../../journal/journal.ts';
import type { Refusal } from '../../journal/types.ts';
import type { Profile } from '../../profile/schema.ts';
import { classifyFailure, type FailureFacts } from '../../transaction/failure-class.ts';
import type { Word } from './model.ts';
import { CLASSES, type Words } from './words.ts';

/** Why something did not work, for people: which class, what it is, and what helps. */
export interface Cause {
  /** Equal for equal causes: `code:51`, `prompt:E08`, `fault:no-answer`. */
  readonly id: string;
  readonly class: Word;
  readonly text: Words;
  readonly remedy: Words;
}

/** Why a transaction failed, by what the journal knows of it; nothing for one that did not. */
export function causeOf(profile: Profile, txn: Txn): Cause | undefined {
  const { answer, intent } = txn;
  const facts = {
    act: KIND_RULES[txn.kind].act,
    fromJournal: intent.original?.txnId !== undefined,
    ...(answer?.why === undefined ? {} : { fault: answer.why }),
  };
  switch (txn.state) {
    case 'declined':
      return causeFor(profile, { ...facts, ...(answer?.code === undefined ? {} : { code: answer.code }) });
    case 'failed':
      return causeFor(profile, { ...facts, phase: 'connect' });
    case 'unknown':
    case 'reversed':
      return causeFor(profile, { ...facts, phase: 'receive', wrongMac: answer?.reason === 'A0' });
    default:
      return undefined;
  }
}

/** Why an attempt was not allowed to begin: its prompt and rule. */
export function refusalCause(profile: Profile, { act, prompt, rule }: Refusal): Cause {
  return causeFor(profile, { act: actOfKind(act), prompt, ...(rule === undefined ? {} : { rule }) });
}

const actOfKind = (kind: TxnKind): FailureFacts['act'] => KIND_RULES[kind].act;

function causeFor(profile: Profile, facts: FailureFacts): Cause {
  const { class: found, cause, evidence, remedy } = classifyFailure(profile, facts);
  const [first] = evidence;
  return {
    id: first ? `${first.what}:${first.value}` : cause.en,
    class: CLASSES[found ?? 'unknown'],
    text: cause,
    remedy,
  };
}
