import type { PromptId } from '../../profile/words.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  NO_DRAFT,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  menuStep,
  messageStep,
  outcome,
  prompt,
  show,
  keypad,
  isKey,
  isOutcome,
} from '../step.ts';
import { isTypedOtherwise, keepDone, refusePassword, stars, THREE_BEEPS, voucherText } from './common.ts';

/** Digits of a cashier's password. */
const CASHIER_DIGITS = 4;

/** A refusal after which 00 is back in the menu and need not log on again. */
const back = (when: Way['when'], notice?: PromptId): Way => ({
  ...go('supervisorRefusal', (_, e) => ({ notice: notice ?? doneOf(e).prompt ?? 'E32' })),
  ...(when ? { when } : {}),
});

/** F11 and F19-3: what supervisor 00 can do: cashiers, unknown refunds, a terminal that a held reversal stopped. */
export function supervisorSteps(profile: PanelProfile): Steps {
  const menu = menuStep(
    profile,
    'MENU.supervisor',
    [
      { key: '1', to: 'addOperator' },
      { key: '2', to: 'removeOperator' },
      { key: '3', to: 'listOperators' },
      { key: '4', to: 'passwordOld', change: () => ({ operator: '00', topic: 'supervisorPassword' }) },
      { key: '5', to: 'heldList', change: () => ({ topic: 'supervisor' }) },
      { key: '6', to: 'unknownRefund' },
      { key: '7', to: 'menuCase' },
      { key: '8', to: 'printDay' },
      { key: '9', to: 'releaseLook' },
    ],
    'idle',
  );
  return {
    supervisor: {
      ...menu,
      on: {
        ...menu.on,
        KEY: [
          goWhen((c, e) => isKey(e, '0') && c.desk.frozen === undefined, 'freezeReason'),
          goWhen(key('0'), 'freeAsk'),
          ...(profile.training ? [] : [goWhen(key('F1'), 'trainLook', () => ({ operator: '00', topic: 'training' }))]),
          ...(menu.on.KEY ?? []),
        ],
      },
    },
    supervisorRefusal: messageStep(
      c => prompt('supervisor', c.notice ?? 'E39'),
      profile.operationTimeoutMs,
      'supervisor',
      THREE_BEEPS,
    ),
    ...operatorSteps(profile),
    ...unknownRefundSteps(profile),
    ...reversalEntrySteps(profile),
    releaseLook: jobStep(
      () => busy('supervisor'),
      () => ({ kind: 'owedReversal' }),
      [goWhen(outcome('ok'), 'releaseAsk', keepDone), back(undefined, 'E78')],
    ),
    releaseAsk: question(
      profile,
      c =>
        show('F16.4', {
          count: c.desk.reversalsOwed,
          voucher: voucherText(c.record?.voucher ?? 0),
          amount: c.record?.amountMinor ?? 0,
        }),
      [goWhen(key('ENTER'), 'release'), goWhen(key('F1'), 'reversalEntry')],
      'supervisor',
    ),
    release: jobStep(
      () => busy('supervisor'),
      () => ({ kind: 'release' }),
      [goWhen(outcome('ok'), 'released'), back(undefined)],
    ),
    released: messageStep(() => show('F16.released', {}), 3000, 'supervisor', 'S'),
  };
}

/** F11-2…5 and 9: add, remove and list cashiers. */
function operatorSteps(profile: PanelProfile): Steps {
  const cashierNumber = (entry: string): PromptId | undefined =>
    entry.length < 2 ? 'F02.unknown' : entry === '00' || entry === '99' ? 'F11.same' : undefined;
  const passwordLength = CASHIER_DIGITS;
  return {
    addOperator: entryStep(profile, {
      screen: c => show('F11.2', { entry: c.entry }),
      lengthMax: 2,
      check: cashierNumber,
      accept: entry => ({ candidate: entry }),
      next: 'addOperatorFree',
      cancel: 'supervisor',
      timeout: 'idle',
    }),
    addOperatorFree: jobStep(
      c => show('F11.2', { entry: c.candidate ?? '' }),
      c => ({ kind: 'operatorFree', operator: c.candidate ?? '' }),
      [
        goWhen(outcome('ok'), 'addOperatorPassword'),
        go('addOperator', (_, e) => ({ notice: doneOf(e).prompt ?? 'E69' })),
      ],
    ),
    addOperatorPassword: entryStep(profile, {
      screen: c => show('F11.3', stars(c)),
      lengthMax: passwordLength,
      check: typed => refusePassword(profile, typed, passwordLength),
      accept: typed => ({ password: typed }),
      next: 'addOperatorPasswordAgain',
      cancel: 'supervisor',
      timeout: 'idle',
    }),
    addOperatorPasswordAgain: entryStep(profile, {
      screen: c => show('F11.3b', stars(c)),
      lengthMax: passwordLength,
      check: () => undefined,
      accept: typed => ({ password: typed }),
      next: 'addOperatorDo',
      cancel: 'supervisor',
      timeout: 'idle',
      ways: [goWhen(isTypedOtherwise(profile), 'addOperatorPassword', () => ({ notice: 'F02.differ' }))],
    }),
    addOperatorDo: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'addOperator', operator: c.candidate ?? '', password: c.password ?? '' }),
      [goWhen(outcome('ok'), 'operatorAdded'), back(undefined)],
    ),
    operatorAdded: messageStep(() => show('F11.4', {}), 3000, 'supervisor', 'S'),

    removeOperator: entryStep(profile, {
      screen: c => show('F11.5a', { entry: c.entry }),
      lengthMax: 2,
      check: (entry, c) => cashierNumber(entry) ?? (entry === c.desk.operator ? 'E71' : undefined),
      accept: entry => ({ candidate: entry }),
      next: 'removeOperatorKnown',
      cancel: 'supervisor',
      timeout: 'idle',
    }),
    removeOperatorKnown: jobStep(
      c => show('F11.5a', { entry: c.candidate ?? '' }),
      c => ({ kind: 'operatorKnown', operator: c.candidate ?? '' }),
      [
        goWhen(outcome('ok'), 'removeOperatorAsk'),
        go('removeOperator', (_, e) => ({ notice: doneOf(e).prompt ?? 'F02.unknown' })),
      ],
    ),
    removeOperatorAsk: question(
      profile,
      c => show('F11.5', { operator: c.candidate ?? '' }),
      [goWhen(key('ENTER'), 'removeOperatorDo')],
      'supervisor',
    ),
    removeOperatorDo: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'removeOperator', operator: c.candidate ?? '' }),
      [goWhen(outcome('ok'), 'operatorRemoved'), back(undefined)],
    ),
    operatorRemoved: messageStep(() => show('F11.5b', {}), 3000, 'supervisor', 'S'),

    listOperators: jobStep(
      () => busy('supervisor'),
      () => ({ kind: 'listOperators' }),
      [goWhen(outcome('ok'), 'operatorList', (_, e) => ({ operators: doneOf(e).operators ?? [] })), back(undefined)],
    ),
    operatorList: {
      screen: c => show('F11.9', { done: c.page + 1, of: c.operators.length, operator: c.operators[c.page] ?? '' }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          {
            when: (c, e) => isKey(e, 'DOWN', 'ENTER') && c.page + 1 < c.operators.length,
            change: c => ({ page: c.page + 1 }),
          },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('CANCEL', 'ENTER'), 'supervisor'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
  };
}

/** The unknown refund or QR void that is shown becomes the transaction at the keypad, to be sent again. */
const resent: Change = c => {
  const { kind = 'refund', amountMinor = 0, id = 0, channel } = c.record ?? {};
  return {
    topic: kind === 'void' ? 'void' : 'refund',
    draft: { ...NO_DRAFT, kind, amountMinor, resend: id, ...(channel === undefined ? {} : { channel }) },
  };
};

/** A held reversal ends by what the acquirer says on the telephone: reversed there, or the original stands. */
function reversalEntrySteps(profile: PanelProfile): Steps {
  const says = (name: '1' | '2'): Way =>
    goWhen(key(name), 'reversalReference', c => ({ work: { ...c.work, stands: name === '2' } }));
  return {
    reversalEntry: {
      screen: c => show('F16.5', { voucher: voucherText(c.record?.voucher ?? 0) }),
      await: keypad(profile.operationTimeoutMs),
      on: { KEY: [says('1'), says('2'), goWhen(key('CANCEL'), 'releaseLook')], TIMEOUT: [go('idle')] },
    },
    reversalReference: entryStep(profile, {
      // The amount is compared with the acquirer's: of a part that it approved only the host takes the entry.
      screen: c => show('F16.6', { amount: c.record?.amountMinor ?? 0, entry: c.entry }),
      lengthMax: 12,
      letters: true,
      check: entry => (entry.length === 12 ? undefined : 'E12'),
      accept: entry => ({ entry }),
      next: 'reversalResolve',
      cancel: 'reversalEntry',
      timeout: 'idle',
    }),
    reversalResolve: jobStep(
      () => busy('supervisor'),
      c => ({
        kind: 'resolveReversal',
        id: c.record?.id ?? 0,
        stands: c.work.stands === true,
        reference: c.entry,
      }),
      [
        goWhen(
          (c, e) => isOutcome(e, 'ok') && c.work.stands === true,
          'slip',
          (c, e) => ({ ...keepDone(c, e), topic: doneOf(e).record?.kind ?? 'sale' }),
        ),
        goWhen(outcome('ok'), 'reversalEntered'),
        back(undefined),
      ],
    ),
    reversalEntered: messageStep(() => show('F16.7', {}), 3000, 'supervisor', 'S'),
  };
}

/** F19-3: nothing leaves UNKNOWN without a recorded source. UP and DOWN look at the other ones. */
function unknownRefundSteps(profile: PanelProfile): Steps {
  return {
    unknownRefund: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'unknownRefund', index: c.page }),
      [
        goWhen(outcome('ok'), 'unknownRefundShow', (c, e) => ({ ...keepDone(c, e), page: c.page })),
        back(undefined, 'E79'),
      ],
    ),
    unknownRefundShow: {
      screen: c =>
        show('F19.3', {
          tracking: c.done?.tracking ?? '',
          amount: c.record?.amountMinor ?? 0,
          count: c.desk.unknownRefunds,
        }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('1'), 'resolveReference', c => ({ page: c.page })),
          goWhen(key('2'), 'resendAsk', c => ({ page: c.page })),
          goWhen(key('3', 'CANCEL'), 'supervisor'),
          {
            when: key('DOWN'),
            to: 'unknownRefund',
            change: c => ({ page: (c.page + 1) % Math.max(c.desk.unknownRefunds, 1) }),
          },
          {
            when: key('UP'),
            to: 'unknownRefund',
            change: c => ({ page: c.page > 0 ? c.page - 1 : Math.max(c.desk.unknownRefunds - 1, 0) }),
          },
        ],
        TIMEOUT: [go('idle')],
      },
    },
    /** Accepted, says the acquirer: its reference is the source. */
    resolveReference: entryStep(profile, {
      screen: c => show('F19.3b', { entry: c.entry }),
      lengthMax: 12,
      letters: true,
      check: entry => (entry.length === 12 ? undefined : 'E12'),
      accept: entry => ({ entry }),
      next: 'resolveAccepted',
      ways: [goWhen(key('CANCEL'), 'unknownRefund', samePage)],
      timeout: 'idle',
    }),
    resolveAccepted: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'resolveRefund', id: c.record?.id ?? 0, reference: c.entry }),
      [goWhen(outcome('ok'), 'slip', (c, e) => ({ ...keepDone(c, e), topic: 'refund' })), back(undefined)],
    ),
    /**
     * Not accepted: sent again with the SAME batch and trace, byte for byte but for PIN and MAC, so that the acquirer
     * knows a second copy (94). Tracks are never stored, so the same card is asked for; a scanned payment has none.
     */
    resendAsk: question(
      profile,
      c => show('F19.3c', { tracking: c.done?.tracking ?? '', amount: c.record?.amountMinor ?? 0 }),
      [
        ...(profile.scan
          ? [
              goWhen(
                (c, e) => isKey(e, 'ENTER') && c.record?.channel !== undefined && c.record.kind === 'void',
                'voidPin',
                resent,
              ),
              goWhen((c, e) => isKey(e, 'ENTER') && c.record?.channel !== undefined, 'refundPin', resent),
            ]
          : []),
        goWhen(key('ENTER'), 'refundCard', resent),
      ],
      'unknownRefund',
    ),
  };
}

/** Back to the one of a list that was looked at, not to the first: the next key must not be about another one. */
const samePage: Change = c => ({ page: c.page });

/** ENTER says yes, CANCEL goes back, time leads to the idle screen. */
function question(profile: PanelProfile, screen: Step['screen'], yes: readonly Way[], no: string): Step {
  return {
    screen,
    await: keypad(profile.operationTimeoutMs),
    on: { KEY: [...yes, goWhen(key('CANCEL'), no, samePage)], TIMEOUT: [go('idle')] },
  };
}
