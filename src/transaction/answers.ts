import type { MessageView } from '../iso8583/message-view.ts';
import type { ReversalReason } from './kinds.ts';

/** What a response code means for the money (profile, response table). */
export type CodeKind = 'approved' | 'final' | 'retry' | 'unknown';

export interface CodeMeaning {
  readonly kind: CodeKind;
  readonly zh: string;
  readonly en: string;
  readonly actionZh: string;
  readonly actionEn: string;
  /** system, operator, customer, channel, compat, ok */
  readonly class: string;
}

/** What was sent, as far as the answer must agree with it. */
export interface Sent {
  /** 0x0200 */
  readonly mti: number;
  readonly trace: string;
  readonly terminalNo: string;
  readonly merchantNo: string;
  /** Data element 3, when the request had one. */
  readonly processingCode?: string;
  readonly amountMinor?: number;
}

export type MatchVerdict =
  /** Another request's answer (other MTI, 11, 41 or 42): drop it and keep waiting. */
  | 'drop'
  /** Ours, but 3 or 4 differ: it cannot be used (reversal 06). */
  | 'mismatch'
  | 'match';

/** Message types answer request + 10: 0200 → 0210, 0400 → 0410. */
export function answerMti(requestMti: number): number {
  return requestMti + 0x10;
}

/**
 * Whose answer is this? MTI, 11, 41 and 42 decide whether it is ours at all; 3 and 4 whether it can be used. With
 * 39 = 10 (partial approval) the amount of the answer counts and 4 may differ.
 */
export function matchAnswer(sent: Sent, answer: MessageView): MatchVerdict {
  if (answer.mti !== answerMti(sent.mti)) return 'drop';
  if (sent.trace !== '' && (!answer.has(11) || answer.text(11) !== sent.trace)) return 'drop';
  if (answer.has(41) && answer.text(41) !== sent.terminalNo) return 'drop';
  if (answer.has(42) && answer.text(42) !== sent.merchantNo) return 'drop';
  if (sent.processingCode !== undefined && answer.has(3) && answer.text(3) !== sent.processingCode) return 'mismatch';
  const partial = answer.has(39) && answer.text(39) === '10';
  if (sent.amountMinor !== undefined && !partial && answer.has(4) && answer.amountMinor(4) !== sent.amountMinor)
    return 'mismatch';
  return 'match';
}

/** The response code table: known codes by the profile, everything else by the rule for unknown codes. */
export function meaningOf(table: Readonly<Record<string, CodeMeaning>>, code: string, refund: boolean): CodeMeaning {
  const known = table[code];
  if (known) return known;
  return {
    kind: refund ? 'unknown' : 'final',
    zh: '未知应答',
    en: 'UNKNOWN CODE',
    actionZh: '请联系收单机构',
    actionEn: 'CALL ACQUIRER',
    class: 'channel',
  };
}

/** After these codes the working keys or the batch no longer fit: the terminal signs on again before its next message. */
export const SIGN_ON_AGAIN: ReadonlySet<string> = new Set(['A0', '99', '77']);

/** Why an exchange left no usable answer, and the reversal reason that follows for a sale or void. */
export type NoAnswer = 'timeout' | 'closed' | 'undecodable' | 'mismatch' | 'badMac' | 'hostUnknown' | 'chipRefused';

const REASONS: Record<NoAnswer, ReversalReason> = {
  timeout: '98',
  closed: '98',
  hostUnknown: '98',
  undecodable: '06',
  mismatch: '06',
  chipRefused: '06',
  badMac: 'A0',
};

export function reversalReasonOf(why: NoAnswer): ReversalReason {
  return REASONS[why];
}
