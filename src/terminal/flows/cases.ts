import { formatAmount } from '../../units.ts';
import type { ScreenId } from '../../profile/screens.ts';
import type { PromptId } from '../../profile/words.ts';
import { CASE_TYPES, EXTERNAL_METHODS, type DeskWork } from '../refund-desk.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Context,
  type Guard,
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
  keypad,
  menuStep,
  messageStep,
  outcome,
  prompt,
  show,
  isKey,
  isOutcome,
} from '../step.ts';
import type { KeyName } from '../types.ts';
import { passwordSteps, stars, THREE_BEEPS, typedAmount, voucherSteps } from './common.ts';
import { numberAndAmount, refundFinder } from './status.ts';

const PROOF_LENGTH = 12;
const AMOUNT_DIGITS = 9;

type Work = Partial<DeskWork>;
const work =
  (change: (c: Context, e: Parameters<Guard>[1]) => Work): NonNullable<Way['change']> =>
  (c, e) => ({ work: { ...c.work, ...change(c, e) } });

/** Keys 1…n, each of which puts its number into `choice` and goes on. */
function choice(
  profile: PanelProfile,
  id: ScreenId,
  count: number,
  next: string,
  back: string,
  take?: (n: number) => Work,
): Step {
  return {
    screen: () => show(id, {}),
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        ...Array.from({ length: count }, (_, index) =>
          goWhen(
            key(`${index + 1}` as KeyName),
            next,
            work(() => ({ choice: index + 1, ...(take ? take(index) : {}) })),
          ),
        ),
        goWhen(key('CANCEL'), back),
      ],
      TIMEOUT: [go('idle')],
    },
  };
}

/** ENTER goes on, CANCEL goes back, time leads to the idle screen. */
function page(profile: PanelProfile, screen: Step['screen'], next: string, back: string): Step {
  return {
    screen,
    await: keypad(profile.operationTimeoutMs),
    on: { KEY: [goWhen(key('ENTER', 'DOWN'), next), goWhen(key('CANCEL', 'UP'), back)], TIMEOUT: [go('idle')] },
  };
}

const refused = (fallback: PromptId): Way =>
  go('supervisorRefusal', (_, e) => ({ notice: doneOf(e).prompt ?? fallback }));

/** F20-4…6: a wrong refund becomes a case; open cases with their age; what is done about them. */
export function caseSteps(profile: PanelProfile): Steps {
  return {
    menuCase: menuStep(
      profile,
      'MENU.case',
      [
        { key: '1', to: 'caseAsk', change: () => ({ topic: 'case', work: {} }) },
        { key: '2', to: 'caseOpenList', change: () => ({ topic: 'case', work: {} }) },
      ],
      'supervisor',
    ),
    ...refundFinder(profile, 'case', 'case', 'caseCompare', 'menuCase'),
    caseCompare: jobStep(
      () => busy('case'),
      c => ({ kind: 'compareRefund', id: c.work.refund?.id ?? 0 }),
      [
        goWhen(outcome('ok'), 'caseSide', (c, e) => ({ work: { ...c.work, sides: doneOf(e).compared ?? [] } })),
        refused('F20.notSent'),
      ],
    ),
    /** The refund beside its sale, one member a screen; `!` marks a difference. */
    caseSide: {
      screen: c => {
        const side = c.work.sides?.[c.page];
        return show('F20.4c', {
          what: side?.what ?? 'amount',
          mark: side?.same === false ? '!' : ' ',
          mine: side?.refund ?? '',
          its: side?.original ?? '',
        });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          {
            when: (c, e) => isKey(e, 'ENTER', 'DOWN') && c.page + 1 < (c.work.sides?.length ?? 0),
            change: c => ({ page: c.page + 1 }),
          },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('ENTER', 'DOWN'), 'caseType'),
          goWhen(key('CANCEL'), 'caseAsk'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    caseType: choice(profile, 'F20.4', CASE_TYPES.length, 'caseOpen', 'caseAsk', index => ({
      type: CASE_TYPES[index],
    })),
    caseOpen: jobStep(
      () => busy('case'),
      c => ({ kind: 'openCase', id: c.work.refund?.id ?? 0, type: c.work.type ?? 'other' }),
      [
        goWhen(
          (c, e) => isOutcome(e, 'ok') && c.desk.frozen === undefined,
          'caseFreeze',
          (c, e) => ({ work: { ...c.work, case: doneOf(e).cases?.[0] } }),
        ),
        goWhen(outcome('ok'), 'casePrint', (c, e) => ({ work: { ...c.work, case: doneOf(e).cases?.[0] } })),
        refused('F20.notSent'),
      ],
    ),
    /** F20-5: the case is open, whatever is answered. */
    caseFreeze: {
      screen: () => show('F20.5c', {}),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [goWhen(key('ENTER'), 'caseFreezeDo'), goWhen(key('CANCEL'), 'casePrint')],
        TIMEOUT: [go('casePrint')],
      },
    },
    caseFreezeDo: jobStep(
      () => busy('case'),
      () => ({ kind: 'freezeRefunds', reason: 1 }),
      [go('casePrint')],
    ),
    /** F20-6: the case has its number, its slip comes out. Paper decides nothing: the case can be printed again. */
    casePrint: jobStep(
      c => show('F20.6', { number: c.work.case?.number ?? '', phone: profile.servicePhone }),
      c => ({ kind: 'printCase', id: c.work.case?.id ?? 0 }),
      [
        goWhen(outcome('paperOut', 'printerFault'), 'casePaper', (_, e) => ({ done: doneOf(e) })),
        goWhen(outcome('ok'), 'caseContact'),
        refused('F20.noCase'),
      ],
      'S',
    ),
    casePaper: {
      screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: {
        KEY: [goWhen(key('ENTER'), 'casePrint'), goWhen(key('CANCEL'), 'caseContact')],
        TIMEOUT: [go('caseContact')],
      },
    },
    /** S013: what the acquirer asks for on the telephone. */
    caseContact: page(
      profile,
      () => show('F20.7', { phone: profile.servicePhone, merchantNo: profile.merchantNo }),
      'caseContact2',
      'menuCase',
    ),
    caseContact2: page(
      profile,
      c => show('F20.7b', { terminalNo: profile.terminalNo, reference: c.work.case?.reference ?? '' }),
      'menuCase',
      'caseContact',
    ),

    caseOpenList: jobStep(
      () => busy('case'),
      () => ({ kind: 'openCases' }),
      [goWhen(outcome('ok'), 'caseShow', (_, e) => ({ cases: doneOf(e).cases ?? [] })), refused('F20.noCase')],
    ),
    caseShow: {
      screen: c => {
        const one = c.cases[c.page];
        return show('F20.8', {
          number: one?.number ?? '',
          age: one?.ageDays ?? 0,
          mark: one?.overdue ? '!' : '',
          itemA: one ? numberAndAmount(one.tracking, one.amountMinor) : '',
          caseType: one?.type ?? 'other',
          owner: one?.owner ?? 'supervisor',
        });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          {
            when: (c, e) => isKey(e, 'DOWN', 'ENTER') && c.page + 1 < c.cases.length,
            change: c => ({ page: c.page + 1 }),
          },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('1'), 'menuRemedy', c => ({ work: { case: c.cases[c.page] } })),
          goWhen(key('2'), 'caseEnd', c => ({ work: { case: c.cases[c.page] } })),
          goWhen(key('F1'), 'casePrint', c => ({ work: { case: c.cases[c.page] } })),
          goWhen(key('CANCEL', 'ENTER'), 'menuCase'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    menuRemedy: menuStep(
      profile,
      'MENU.remedy',
      [
        { key: '1', to: 'caseSale' },
        { key: '2', to: 'compensationAmount' },
        { key: '3', to: 'contactChoice' },
      ],
      'caseOpenList',
    ),
    contactChoice: choice(profile, 'F20.11', 4, 'contactDo', 'menuRemedy'),
    contactDo: jobStep(
      () => busy('case'),
      c => ({ kind: 'noteContact', id: c.work.case?.id ?? 0, choice: c.work.choice ?? 1 }),
      [goWhen(outcome('ok'), 'caseNoted'), refused('F20.noCase')],
    ),
    compensationAmount: entryStep(profile, {
      screen: c => show('F20.9', { entry: formatAmount(typedAmount(c)) }),
      lengthMax: AMOUNT_DIGITS,
      amount: true,
      check: entry => (Number(entry) > 0 ? undefined : 'F04.amount'),
      accept: (entry, c) => ({ work: { ...c.work, amountMinor: Number(entry) } }),
      next: 'compensationProof',
      cancel: 'menuRemedy',
      timeout: 'idle',
    }),
    compensationProof: proofStep(profile, 'compensationDo', 'compensationAmount'),
    compensationDo: jobStep(
      () => busy('case'),
      c => ({
        kind: 'noteCompensation',
        id: c.work.case?.id ?? 0,
        amountMinor: c.work.amountMinor ?? 0,
        proof: c.work.proof ?? '',
      }),
      [goWhen(outcome('ok'), 'caseNoted'), refused('F20.noCase')],
    ),
    caseNoted: messageStep(() => show('F20.10', {}), 3000, 'caseOpenList', 'S'),
    caseEnd: choice(profile, 'F20.12', 4, 'caseEndDo', 'caseOpenList'),
    caseEndDo: jobStep(
      () => busy('case'),
      c => ({ kind: 'closeCase', id: c.work.case?.id ?? 0, choice: c.work.choice ?? 4 }),
      [goWhen(outcome('ok'), 'caseEnded'), refused('F20.noCase')],
    ),
    caseEnded: messageStep(() => show('F20.13', {}), 3000, 'menuCase', 'S'),
    /** The sale of the case, for money that is given back by another way. */
    caseSale: jobStep(
      () => busy('external'),
      c => ({ kind: 'saleOf', id: c.work.case?.originalId ?? 0 }),
      [
        goWhen(outcome('ok'), 'externalOriginal', (_, e) => ({ record: doneOf(e).record, topic: 'external' })),
        refused('E02'),
      ],
    ),
  };
}

function proofStep(profile: PanelProfile, next: string, cancel: string): Step {
  return entryStep(profile, {
    screen: c => show('F20.14', { entry: c.entry }),
    lengthMax: PROOF_LENGTH,
    letters: true,
    check: entry => (entry === '' ? 'F20.proof' : undefined),
    accept: (entry, c) => ({ work: { ...c.work, proof: entry } }),
    next,
    cancel,
    timeout: 'idle',
  });
}

/** Refund menu 3: money that was given back outside of the terminal; nothing is sent, and it counts against what is left. */
export function externalSteps(profile: PanelProfile): Steps {
  return {
    ...passwordSteps(profile, 'externalPassword', {
      screen: c => show('F20.15', stars(c)),
      length: () => 6,
      operator: () => '00',
      accepted: [{ when: outcome('ok'), to: 'externalVoucher', change: () => ({ work: {} }) }],
      wrong: 'E13',
      triesMax: profile.passwordTries,
    }),
    ...voucherSteps(profile, {
      ask: 'externalVoucher',
      find: 'externalFind',
      screen: c => show('F20.16', { entry: c.entry }),
      purpose: 'query',
      found: [
        goWhen(outcome('ok'), 'externalSale', (_, e) => ({ record: doneOf(e).record })),
        go('externalVoucher', (_, e) => ({ notice: doneOf(e).prompt ?? 'E02' })),
      ],
      cancel: 'idle',
    }),
    /** Looks whether it is a sale of which something is left. */
    externalSale: jobStep(
      () => busy('external'),
      c => ({ kind: 'saleOf', id: c.record?.id ?? 0 }),
      [
        goWhen(outcome('ok'), 'externalOriginal', (_, e) => ({ record: doneOf(e).record })),
        go('externalVoucher', (_, e) => ({ notice: doneOf(e).prompt ?? 'E02' })),
      ],
    ),
    externalOriginal: page(
      profile,
      c =>
        show('F20.17', {
          pan: c.record?.masked ?? '',
          original: c.record?.amountMinor ?? 0,
          left: c.record?.remainingMinor ?? 0,
        }),
      'externalMethod',
      'idle',
    ),
    externalMethod: choice(profile, 'F20.18', EXTERNAL_METHODS.length, 'externalProof', 'idle', index => ({
      method: EXTERNAL_METHODS[index],
    })),
    externalProof: proofStep(profile, 'externalAmount', 'externalMethod'),
    externalAmount: entryStep(profile, {
      screen: c => show('F20.19', { left: c.record?.remainingMinor ?? 0, entry: formatAmount(typedAmount(c)) }),
      lengthMax: AMOUNT_DIGITS,
      amount: true,
      check: (entry, c) =>
        Number(entry) <= 0 ? 'F04.amount' : Number(entry) > (c.record?.remainingMinor ?? 0) ? 'E08' : undefined,
      accept: (entry, c) => ({ work: { ...c.work, amountMinor: Number(entry) } }),
      next: 'externalConfirm',
      cancel: 'externalProof',
      timeout: 'idle',
      ways: [{ when: key('F1'), change: c => ({ entry: String(c.record?.remainingMinor ?? ''), notice: undefined }) }],
    }),
    externalConfirm: {
      screen: c => show('F20.20', { amount: c.work.amountMinor ?? 0 }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [goWhen(key('ENTER'), 'externalDo'), goWhen(key('CANCEL'), 'externalAmount')],
        TIMEOUT: [go('idle')],
      },
    },
    externalDo: jobStep(
      () => busy('external'),
      c => ({
        kind: 'recordExternal',
        originalId: c.record?.id ?? 0,
        method: c.work.method ?? 'other',
        proof: c.work.proof ?? '',
        amountMinor: c.work.amountMinor ?? 0,
        ...(c.work.case === undefined ? {} : { caseId: c.work.case.id }),
      }),
      [
        goWhen(outcome('ok'), 'externalDone', (_, e) => ({ record: doneOf(e).record })),
        go('externalRefusal', (_, e) => ({ notice: doneOf(e).prompt ?? 'E08' })),
      ],
    ),
    externalRefusal: messageStep(
      c => prompt('external', c.notice ?? 'E08'),
      profile.operationTimeoutMs,
      'idle',
      THREE_BEEPS,
    ),
    externalDone: messageStep(() => show('F20.21', {}), profile.operationTimeoutMs, 'idle', 'S'),
  };
}

/** Supervisor menu 0: refunds off and on again; sales and voids go on. */
export function freezeSteps(profile: PanelProfile): Steps {
  return {
    freezeReason: choice(profile, 'F20.22', 4, 'freezeAsk', 'supervisor'),
    freezeAsk: page(profile, () => show('F20.5c', {}), 'freezeDo', 'supervisor'),
    freezeDo: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'freezeRefunds', reason: c.work.choice ?? 4 }),
      [goWhen(outcome('ok'), 'frozen'), refused('E16')],
    ),
    frozen: messageStep(() => show('F20.23', {}), 3000, 'supervisor', 'S'),
    freeAsk: page(profile, () => show('F20.5b', {}), 'freeDo', 'supervisor'),
    freeDo: jobStep(
      () => busy('supervisor'),
      () => ({ kind: 'freeRefunds' }),
      [goWhen(outcome('ok'), 'freed'), refused('E32')],
    ),
    freed: messageStep(() => show('F20.24', {}), 3000, 'supervisor', 'S'),
  };
}
