import { digits } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Context,
  type Step,
  type Steps,
  busy,
  doneOf,
  go,
  goWhen,
  jobStep,
  key,
  messageStep,
  outcome,
  pauseStep,
  show,
  keypad,
  isKey,
} from '../step.ts';
import { beforeScreen, commonEnds, keepDone, refuse, THREE_BEEPS } from './common.ts';
import { totalsPages } from './print.ts';

/** F09 settlement 结算: totals on the screen, 0500, batch upload, batch end, totals slip, new batch. */
export function settlementSteps(profile: PanelProfile): Steps {
  const timeout = profile.operationTimeoutMs;
  const working = (c: Context): ReturnType<Step['screen']> => {
    const p = c.progress;
    if (p?.stage === 'totals') return show('F09.4', { seconds: p.secondsLeft });
    if (p?.stage === 'balance') return show('F09.5', { cup: p.cup, foreign: p.foreign });
    if (p?.stage === 'upload') return show('F09.6', { done: p.done, of: p.of });
    return beforeScreen(c) ?? show('F09.3', {});
  };
  const ends = [
    goWhen(outcome('settled'), 'settleSlip', keepDone),
    goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
    goWhen(outcome('notAnswered'), 'settleAgain', keepDone),
    ...commonEnds(),
  ];
  const question = (screen: Step['screen'], yes: string, beep?: string): Step => ({
    screen,
    await: keypad(timeout),
    ...(beep === undefined ? {} : { beep }),
    on: { KEY: [goWhen(key('ENTER'), yes), go('idle')], TIMEOUT: [go('idle')] },
  });
  const paper = (resume: string, later: string): Step => ({
    screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
    await: keypad(),
    beep: THREE_BEEPS,
    on: { KEY: [goWhen(key('ENTER'), resume), goWhen(key('CANCEL'), later)] },
  });
  const print = (name: string, report: 'settlement' | 'detail', next: string): Steps => ({
    [name]: jobStep(
      () => show('F10.3', {}),
      () => ({ kind: 'printReport', report }),
      [goWhen(outcome('paperOut', 'printerFault'), `${name}Trouble`, keepDone), go(next)],
    ),
    [`${name}Trouble`]: paper(`${name}Resume`, next),
    [`${name}Resume`]: jobStep(
      () => show('F10.3', {}),
      () => ({ kind: 'resumePrint' }),
      [goWhen(outcome('paperOut', 'printerFault'), `${name}Trouble`, keepDone), go(next)],
    ),
  });
  return {
    settleAsk: {
      screen: () => show('F09.1', {}),
      await: keypad(timeout),
      on: {
        KEY: [
          goWhen((c, e) => isKey(e, 'ENTER') && c.desk.settlementOpen, 'settleInterrupted'),
          refuse((c, e) => isKey(e, 'ENTER') && (c.desk.operator === undefined || !c.desk.signedOn), 'E37'),
          refuse((c, e) => isKey(e, 'ENTER') && c.desk.batchCount === 0, 'E01'),
          goWhen((c, e) => isKey(e, 'ENTER') && c.desk.heldRefunds > 0, 'settleHeld'),
          goWhen((c, e) => isKey(e, 'ENTER') && c.desk.unknownRefunds > 0, 'settleUnknown'),
          goWhen(key('ENTER'), 'settleTotals'),
          go('idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    /** A refund that waits would go into the next batch: it is sent or stopped first. */
    settleHeld: jobStep(
      () => busy('settle'),
      () => ({ kind: 'heldRefund', index: 0 }),
      [goWhen(outcome('ok'), 'settleHeldShow', (_, e) => ({ held: doneOf(e).held })), go('settleAsk')],
    ),
    settleHeldShow: messageStep(
      c =>
        show('F09.held', {
          count: c.held?.of ?? 0,
          tracking: c.held?.tracking ?? '',
          amount: c.held?.amountMinor ?? 0,
        }),
      timeout,
      'idle',
      THREE_BEEPS,
    ),
    /** Refunds without an answer are named before the batch is closed; they stay locked and listed. */
    settleUnknown: question(c => show('F09.unknown', { count: c.desk.unknownRefunds }), 'settleTotals', THREE_BEEPS),
    settleTotals: jobStep(
      () => busy('settle'),
      () => ({ kind: 'totals' }),
      [goWhen(outcome('ok'), 'settleTotals1', keepDone), ...commonEnds()],
    ),
    ...totalsPages(profile, 'settle', 'settleTotals', 'settleRun', 'idle'),
    settleRun: jobStep(working, () => ({ kind: 'settle' }), ends),
    /** F01-4: a settlement was cut off; it is resumed where it stood. */
    settleInterrupted: pauseStep(() => show('F01.4', {}), 2000, [go('settleResume', () => ({ topic: 'settle' }))]),
    settleResume: jobStep(working, () => ({ kind: 'settle' }), ends),
    settleAgain: question(() => show('F09.again', {}), 'settleResume', THREE_BEEPS),
    ...print('settleSlip', 'settlement', 'settleDetail'),
    settleDetail: {
      screen: () => show('F09.7', {}),
      await: keypad(30_000),
      on: {
        KEY: [goWhen(key('1'), 'settlePrintDetail'), goWhen(key('0', 'CANCEL', 'ENTER'), 'settleFinish')],
        TIMEOUT: [go('settleFinish')],
      },
    },
    ...print('settlePrintDetail', 'detail', 'settleFinish'),
    /** Signs the operator off when the profile says so. */
    settleFinish: jobStep(
      () => busy('settle'),
      () => ({ kind: 'finishSettlement' }),
      [goWhen(outcome('ok'), 'settled', keepDone), ...commonEnds()],
    ),
    settled: messageStep(
      c =>
        c.desk.operator === undefined
          ? show('F09.8', { batch: digits(c.desk.batch, 6) })
          : show('F09.8b', { batch: digits(c.desk.batch, 6) }),
      5000,
      'idle',
      'S',
    ),
  };
}
