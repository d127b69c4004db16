import { formatAmount } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Guard,
  type Steps,
  type Way,
  entryStep,
  go,
  goWhen,
  key,
  keypad,
  messageStep,
  prompt,
  show,
  isKey,
} from '../step.ts';
import { decided, judgeSteps, reasonStep } from './approval.ts';
import { cardSteps } from './card.ts';
import { THREE_BEEPS, stampOf, typedAmount, withDraft } from './common.ts';
import { originalSteps } from './original.ts';

/** The reason of a void that says what the reason of the refund said. */
const VOID_REASON: Readonly<Record<number, number>> = { 3: 4, 4: 1, 5: 2 };
const OTHER_REASON = 6;

/**
 * F06 refund 退货. There is no reversal: an answer that does not come leaves the refund UNKNOWN (F19). The original first,
 * then the amount, what the rules of the shop say, the confirmed amount, the reason, a second person; then it is sent, or held.
 */
export function refundSteps(profile: PanelProfile): Steps {
  const afterCard = (c: Context): string =>
    c.draft.resend !== undefined || c.draft.heldId !== undefined
      ? 'refundPin'
      : c.draft.original
        ? 'refundAmount'
        : 'refundReference';
  const advised: Guard = c => c.draft.judged?.voidInstead === true && c.draft.original !== undefined;
  const afterReason = (when: Guard, change?: Change): readonly Way[] => [
    goWhen((c, e) => when(c, e) && advised(c, e), 'voidAdvice', change),
    ...decided(profile, when, change),
  ];
  const noteStep = entryStep(profile, {
    screen: c => show('F06.9n', { entry: c.entry }),
    lengthMax: 2,
    check: entry => (entry.length === 2 ? undefined : 'E12'),
    accept: () => ({}),
    next: 'refundPin',
    cancel: 'forget',
  });
  return {
    ...originalSteps(profile),
    /** E16: refunds are switched off; sales and voids go on. */
    refundFrozen: messageStep(
      c => {
        const { by = '', at } = c.desk.frozen ?? {};
        const { date, time } = stampOf(at);
        const who = `${by} ${date} ${time.slice(0, 5)}`;
        return { ...prompt(c.topic, 'E16'), figures: { zh: who, en: who } };
      },
      profile.operationTimeoutMs,
      'forget',
      THREE_BEEPS,
    ),
    ...cardSteps(profile, {
      prefix: 'refund',
      kind: 'refund',
      card: () => show('F06.3', {}),
      next: afterCard,
      nextSteps: ['refundAmount', 'refundReference', 'refundPin'],
      reads: true,
      confirm: false,
    }),
    refundAmount: entryStep(profile, {
      screen: c =>
        c.draft.original
          ? show('F06.7', { left: c.draft.original.remainingMinor, entry: formatAmount(typedAmount(c)) })
          : show('F06.7u', { entry: formatAmount(typedAmount(c)) }),
      lengthMax: 9,
      amount: true,
      check: entry => (Number(entry) > 0 ? undefined : 'F04.amount'),
      accept: (entry, c) => ({ draft: { ...c.draft, amountMinor: Number(entry) } }),
      next: 'refundJudge',
      cancel: 'forget',
      ways: [
        {
          when: (c, e) => isKey(e, 'F1') && c.draft.original !== undefined,
          change: c => ({ entry: String(c.draft.original?.remainingMinor ?? ''), notice: undefined }),
        },
      ],
    }),
    ...judgeSteps(profile, 'refund', (when, change) => [goWhen(when, 'refundConfirm', change)], 'refundAmount'),
    refundConfirm: {
      screen: c => show('F06.8', { amount: c.draft.amountMinor }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          ...(profile.refundNeedsReason
            ? [goWhen((c, e) => isKey(e, 'ENTER') && c.draft.reason === undefined, 'refundReason')]
            : []),
          ...afterReason(key('ENTER')),
          goWhen(
            key('CANCEL'),
            'refundAmount',
            withDraft(() => ({ judged: undefined, reason: undefined, note: undefined })),
          ),
        ],
        TIMEOUT: [go('forget')],
      },
    },
    ...(profile.refundNeedsReason
      ? {
          refundReason: reasonStep(profile, 'F06.9', (when, change, reason) =>
            reason === OTHER_REASON ? [goWhen(when, 'refundNote', change)] : afterReason(when, change),
          ),
          /** F06-9, 6: the shop has its own table of two-digit codes; "other" alone says nothing. */
          refundNote: {
            ...noteStep,
            on: {
              ...noteStep.on,
              KEY: [
                ...afterReason(
                  (c, e) => isKey(e, 'ENTER') && c.entry.length === 2,
                  c => ({ draft: { ...c.draft, note: c.entry } }),
                ),
                ...(noteStep.on.KEY ?? []),
              ],
            },
          },
        }
      : {}),
    /** F06-6b: a void does the same, costs nothing, and leaves no line on the statement. It keeps its own approval. */
    voidAdvice: {
      screen: () => show('F06.6b', {}),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          ...(profile.voidNeedsManager
            ? [goWhen((c, e) => isKey(e, 'ENTER') && c.draft.approver === undefined, 'voidPassword', asVoid)]
            : []),
          goWhen(key('ENTER'), 'voidJudge', asVoid),
          // No: the refund is confirmed once more, for CANCEL alone never sends.
          goWhen(key('CANCEL'), 'refundConfirm', notAdvised),
        ],
        TIMEOUT: [go('forget')],
      },
    },
    /** F19-2: no valid answer. Never repeated blindly; the original is locked. */
    refundUnknown: {
      screen: c => show('F19.2', { tracking: c.done?.tracking ?? '' }),
      await: keypad(),
      beep: THREE_BEEPS,
      on: { KEY: [go('forget')] },
    },
  };
}

const notAdvised: Change = withDraft(({ judged }) => (judged ? { judged: { ...judged, voidInstead: false } } : {}));

const asVoid: Change = (c, e) => ({
  topic: 'void',
  ...withDraft(draft => ({
    kind: 'void',
    amountMinor: draft.original?.amountMinor ?? 0,
    judged: undefined,
    note: undefined,
    ...(draft.reason === undefined ? {} : { reason: VOID_REASON[draft.reason] ?? OTHER_REASON }),
  }))(c, e),
});
