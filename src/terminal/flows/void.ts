import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Guard,
  type Step,
  type Steps,
  type Way,
  busy,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  outcome,
  prompt,
  show,
  isKey,
} from '../step.ts';
import { decided, judgeSteps, managerSteps, reasonStep } from './approval.ts';
import { cardSteps } from './card.ts';
import { THREE_BEEPS, commonEnds, noticeOf, stampOf, takeOriginal, voucherText, voucherSteps } from './common.ts';

/** F05 sale void 消费撤销: always the whole original amount, in this batch only. */
export function voidSteps(profile: PanelProfile): Steps {
  const original = (screen: Step['screen'], turn: 'UP' | 'DOWN', other: string): Step => ({
    screen,
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [goWhen(key('ENTER'), 'voidJudge'), goWhen(key('CANCEL'), 'forget'), goWhen(key(turn), other)],
      TIMEOUT: [go('forget')],
    },
  });
  const found: readonly Way[] = [
    goWhen(outcome('ok'), 'voidOriginal', takeOriginal),
    goWhen(outcome('tooOld'), 'voidTooOld', takeOriginal),
    goWhen(outcome('notFound'), 'voidVoucher', noticeOf('E02')),
    ...commonEnds(),
  ];
  /** A refund that became a void brings its reason along. */
  const afterRules = (when: Guard, change?: Change): readonly Way[] => [
    ...(profile.voidNeedsReason
      ? [goWhen((c, e) => when(c, e) && c.draft.reason === undefined, 'voidReason', change)]
      : []),
    ...decided(profile, when, change),
  ];
  return {
    ...managerSteps(profile, 'voidPassword', 'F05.1', profile.voidNeedsManager, 'voidVoucher', [
      goWhen(c => c.draft.original !== undefined, 'voidJudge'),
    ]),
    ...voucherSteps(profile, {
      ask: 'voidVoucher',
      find: 'voidFind',
      screen: c => show('F05.2', { entry: c.entry }),
      purpose: 'void',
      found,
      ways: [goWhen(key('F1'), 'voidFindLast')],
      scanned: 'voidScanned',
    }),
    voidScanned: jobStep(
      () => busy('void'),
      c => ({ kind: 'findSlip', text: c.entry, purpose: 'void' }),
      found,
    ),
    voidFindLast: jobStep(
      () => busy('void'),
      () => ({ kind: 'findLast', purpose: 'void' }),
      found,
    ),
    voidOriginal: original(
      c =>
        show('F05.3', {
          pan: c.record?.masked ?? '',
          amount: c.record?.amountMinor ?? 0,
          voucher: voucherText(c.record?.voucher ?? 0),
        }),
      'DOWN',
      'voidOriginal2',
    ),
    voidOriginal2: original(
      ({ record }) => {
        const slip = { reference: record?.reference ?? '', ...stampOf(record?.at) };
        return record?.bank === undefined ? show('F05.3b', slip) : show('F05.3c', { bank: record.bank, ...slip });
      },
      'UP',
      'voidOriginal',
    ),
    ...judgeSteps(profile, 'void', afterRules),
    /** The sale is of an older batch: ENTER goes on as a refund with the original filled in. */
    voidTooOld: {
      screen: () => prompt('void', 'E56'),
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: {
        KEY: [
          goWhen((c, e) => isKey(e, 'ENTER') && c.desk.frozen !== undefined, 'refundFrozen', asRefund),
          goWhen(
            (c, e) => isKey(e, 'ENTER') && c.draft.approver === undefined && profile.refundNeedsManager,
            'refundPassword',
            asRefund,
          ),
          goWhen(key('ENTER'), 'refundChecked', asRefund),
          go('idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    ...(profile.voidNeedsReason
      ? { voidReason: reasonStep(profile, 'F05.4', (when, change) => decided(profile, when, change)) }
      : {}),
    ...cardSteps(profile, {
      prefix: 'void',
      kind: 'void',
      card: c => show('F05.5', { amount: c.draft.amountMinor }),
      next: () => 'voidPin',
      nextSteps: ['voidPin'],
      reads: profile.voidNeedsCard,
      confirm: false,
    }),
  };
}

const asRefund: Change = c => ({ topic: 'refund', draft: { ...c.draft, kind: 'refund', amountMinor: 0 } });
