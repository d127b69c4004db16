import type { Profile, ResponseText } from './schema.ts';
import type { Language } from './words.ts';

/** What a value of data element 39 means for a transaction. */
export interface Answer {
  readonly code: string;
  /** False when the profile has no line for the code. */
  readonly known: boolean;
  /** approved; final = it stands; retry = it stands and may be done anew; unknown = reversal, or UNKNOWN for a refund. */
  readonly kind: ResponseText['kind'];
  readonly group: ResponseText['group'];
  readonly class: ResponseText['class'];
}

/**
 * Meaning of `code` in the answer to transaction `id`. A code without an entry is final where a reversal exists and
 * unknown where none does (a refund): nobody may then say that no money moved.
 */
export function answerOf(profile: Pick<Profile, 'responses' | 'transactions'>, id: string, code: string): Answer {
  if (Object.hasOwn(profile.responses, code)) {
    const { kind, group, class: cause } = profile.responses[code];
    return { code, known: true, kind, group, class: cause };
  }
  const unknown = profile.transactions[id]?.unknownOutcome === 'unknown';
  return { code, known: false, kind: unknown ? 'unknown' : 'final', group: 'C', class: 'channel' };
}

/** Text (at most 12 columns) and action (at most 16) for `code`; an unknown code reads 未知应答 and 请联系收单机构. */
export function responseTexts(
  profile: Pick<Profile, 'responses' | 'texts'>,
  code: string,
  language: Language,
): { readonly text: string; readonly action: string } {
  if (!Object.hasOwn(profile.responses, code)) {
    const { unknownCode, callAcquirer } = profile.texts.words;
    return { text: unknownCode[language], action: callAcquirer[language] };
  }
  const line = profile.responses[code];
  return language === 'zh' ? { text: line.zh, action: line.actionZh } : { text: line.en, action: line.actionEn };
}

/**
 * Name of the issuer or acquirer behind an 8-digit code of data element 44, or the code itself when its first four
 * digits are not in the profile.
 */
export function institutionName(
  profile: Pick<Profile, 'institutions'>,
  institutionCode: string,
  language: Language,
): string {
  const start = institutionCode.slice(0, 4);
  return Object.hasOwn(profile.institutions, start) ? profile.institutions[start][language] : institutionCode.trim();
}
