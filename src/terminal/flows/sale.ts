import type { PanelProfile } from '../profile.ts';
import { type Steps, go, goWhen, jobStep, key, keypad, messageStep, outcome, show } from '../step.ts';
import { cardSteps } from './card.ts';
import { THREE_BEEPS, beforeScreen, keepDone, secondsLeft, saleAmountStep } from './common.ts';

/** F04 sale 消费. */
export function saleSteps(profile: PanelProfile): Steps {
  return {
    saleAmount: saleAmountStep(profile, { screen: 'F04.1', next: 'saleAfterAmount', cancel: 'forget' }),
    /** A card that was swiped at the idle screen is not asked for again. */
    saleAfterAmount: {
      screen: c => show('F04.2', { amount: c.draft.amountMinor }),
      await: () => ({ kind: 'pause', ms: 0 }),
      on: {
        TIMEOUT: [
          goWhen(c => c.draft.card !== undefined, profile.confirmCardAfterSwipe ? 'saleConfirm' : 'salePin'),
          go('saleCard'),
        ],
      },
    },
    ...cardSteps(profile, {
      prefix: 'sale',
      kind: 'sale',
      card: c => show('F04.2', { amount: c.draft.amountMinor }),
      next: () => 'salePin',
      nextSteps: ['salePin'],
      reads: true,
      confirm: profile.confirmCardAfterSwipe,
    }),
    /** Field 39 = 10: the acquirer approved a part only. CANCEL gives it back by a void of that part. */
    partial: {
      screen: c => show('PARTIAL', { amount: c.draft.amountMinor, approved: c.done?.amountMinor ?? 0 }),
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: { KEY: [goWhen(key('ENTER'), 'slip'), goWhen(key('CANCEL'), 'partialVoid')], TIMEOUT: [go('slip')] },
    },
    partialVoid: jobStep(
      c => beforeScreen(c) ?? show('F05.7', { seconds: secondsLeft(c, profile) }),
      c => ({ kind: 'voidOf', id: c.record?.id ?? 0 }),
      [
        goWhen(outcome('approved'), 'slip', keepDone),
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        go('partialStands'),
      ],
    ),
    /** Whatever became of the void, the part is sold: no screen of a void that failed may say that nothing happened. */
    partialStands: messageStep(
      c => show('PARTIAL.stands', { approved: c.done?.amountMinor ?? 0 }),
      profile.operationTimeoutMs,
      'partial',
      THREE_BEEPS,
    ),
  };
}
