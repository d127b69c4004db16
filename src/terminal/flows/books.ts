import type { PanelProfile } from '../profile.ts';
import { closed, type Context, NO_DRAFT, type Step, type Steps, busy, doneOf, entryStep, go, goWhen, jobStep, key, menuStep, messageStep, outcome, pauseStep, show } from '../step.ts';
import { beforeScreen, commonEnds, keepDone, refuse, THREE_BEEPS } from './common.ts';
import { totalsPages } from './print.ts';

const batchText = (batch: number): string => String(batch).padStart(6, '0');

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
    await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: timeout }),
    ...(beep === undefined ? {} : { beep }),
    on: { KEY: [goWhen(key('ENTER'), yes), go('idle')], TIMEOUT: [go('idle')] },
  });
  const paper = (resume: string, later: string): Step => ({
    screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
    await: () => ({ kind: 'event', cards: [], removal: false, scanner: false }),
    beep: THREE_BEEPS,
    on: { KEY: [goWhen(key('ENTER'), resume), goWhen(key('CANCEL'), later)] },
  });
  const print = (name: string, report: 'settlement' | 'detail', next: string): Steps => ({
    [name]: jobStep(() => show('F10.3', {}), () => ({ kind: 'printReport', report }), [
      goWhen(outcome('paperOut', 'printerFault'), `${name}Trouble`, keepDone),
      go(next),
    ]),
    [`${name}Trouble`]: paper(`${name}Resume`, next),
    [`${name}Resume`]: jobStep(() => show('F10.3', {}), () => ({ kind: 'resumePrint' }), [
      goWhen(outcome('paperOut', 'printerFault'), `${name}Trouble`, keepDone),
      go(next),
    ]),
  });
  return {
    settleAsk: {
      screen: () => show('F09.1', {}),
      await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: timeout }),
      on: {
        KEY: [
          goWhen((c, e) => key('ENTER')(c, e) && c.desk.settlementOpen, 'settleInterrupted'),
          refuse((c, e) => key('ENTER')(c, e) && (c.desk.operator === undefined || !c.desk.signedOn), 'E37'),
          refuse((c, e) => key('ENTER')(c, e) && c.desk.batchCount === 0, 'E01'),
          goWhen((c, e) => key('ENTER')(c, e) && c.desk.unknownRefunds > 0, 'settleUnknown'),
          goWhen(key('ENTER'), 'settleTotals'),
          go('idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    /** Refunds without an answer are named before the batch is closed; they stay locked and listed. */
    settleUnknown: question(c => show('F09.unknown', { count: c.desk.unknownRefunds }), 'settleTotals', THREE_BEEPS),
    settleTotals: jobStep(() => busy('settle'), () => ({ kind: 'totals' }), [goWhen(outcome('ok'), 'settleTotals1', keepDone), ...commonEnds()]),
    ...totalsPages(profile, 'settleTotals', 'settleRun', 'idle'),
    settleRun: jobStep(working, () => ({ kind: 'settle' }), ends),
    /** F01-4: a settlement was cut off; it is resumed where it stood. */
    settleInterrupted: pauseStep(() => show('F01.4', {}), 2000, [go('settleResume', () => ({ topic: 'settle' }))]),
    settleResume: jobStep(working, () => ({ kind: 'settle' }), ends),
    settleAgain: question(() => show('F09.again', {}), 'settleResume', THREE_BEEPS),
    ...print('settleSlip', 'settlement', 'settleDetail'),
    settleDetail: {
      screen: () => show('F09.7', {}),
      await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: 30_000 }),
      on: {
        KEY: [goWhen(key('1'), 'settlePrintDetail'), goWhen(key('0', 'CANCEL', 'ENTER'), 'settleFinish')],
        TIMEOUT: [go('settleFinish')],
      },
    },
    ...print('settlePrintDetail', 'detail', 'settleFinish'),
    /** Signs the operator off when the profile says so. */
    settleFinish: jobStep(() => busy('settle'), () => ({ kind: 'finishSettlement' }), [goWhen(outcome('ok'), 'settled', keepDone), ...commonEnds()]),
    settled: messageStep(
      c => (c.desk.operator === undefined ? show('F09.8', { batch: batchText(c.desk.batch) }) : show('F09.8b', { batch: batchText(c.desk.batch) })),
      5000,
      'idle',
      'S',
    ),
  };
}

/** F11 (the part that this release has) and F19-3: supervisor 00 resolves unknown refunds and releases the terminal. */
export function supervisorSteps(profile: PanelProfile): Steps {
  const timeout = profile.operationTimeoutMs;
  return {
    supervisor: menuStep(
      profile,
      'MENU.supervisor',
      [
        ...closed('1', '2', '3', '5', '7', '8'),
        { key: '4', to: 'passwordOld', change: () => ({ operator: '00', topic: 'password' }) },
        { key: '6', to: 'unknownRefund' },
        { key: '9', to: 'releaseLook' },
      ],
      'idle',
    ),
    unknownRefund: jobStep(() => busy('supervisor'), () => ({ kind: 'unknownRefund' }), [
      goWhen(outcome('ok'), 'unknownRefundShow', keepDone),
      refuse(outcome('none'), 'E73'),
      ...commonEnds(),
    ]),
    unknownRefundShow: {
      screen: c => show('F19.3', { tracking: c.done?.tracking ?? '', amount: c.record?.amountMinor ?? 0, count: c.desk.unknownRefunds }),
      await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: timeout }),
      on: {
        KEY: [goWhen(key('1'), 'resolveReference'), goWhen(key('2'), 'resendAsk'), goWhen(key('3', 'CANCEL'), 'supervisor')],
        TIMEOUT: [go('idle')],
      },
    },
    /** The acquirer's reference is entry: nothing leaves UNKNOWN without a recorded source. */
    resolveReference: entryStep(profile, {
      screen: c => show('F06.4', { entry: c.entry }),
      lengthMax: 12,
      letters: true,
      check: entry => (entry.length === 12 ? undefined : 'E12'),
      accept: entry => ({ entry }),
      next: 'resolveAccepted',
      cancel: 'unknownRefund',
    }),
    resolveAccepted: jobStep(() => busy('supervisor'), c => ({ kind: 'resolveRefund', id: c.record?.id ?? 0, reference: c.entry }), [
      goWhen(outcome('ok'), 'slip', (c, e) => ({ ...keepDone(c, e), topic: 'refund' })),
      ...commonEnds(),
    ]),
    /**
     * Not accepted: sent again with the SAME batch and trace, byte for byte but for PIN and MAC, so that the acquirer
     * knows a second copy (94). Tracks are never stored, so the same card is asked for.
     */
    resendAsk: {
      screen: c => show('F06.8', { amount: c.record?.amountMinor ?? 0 }),
      await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: timeout }),
      on: {
        KEY: [
          goWhen(key('ENTER'), 'refundCard', c => ({
            topic: 'refund',
            draft: { ...NO_DRAFT, kind: 'refund', amountMinor: c.record?.amountMinor ?? 0, resend: c.record?.id ?? 0 },
          })),
          goWhen(key('CANCEL'), 'unknownRefund'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    releaseLook: jobStep(() => busy('supervisor'), () => ({ kind: 'owedReversal' }), [
      goWhen(outcome('ok'), 'releaseAsk', keepDone),
      refuse(undefined, 'E01'),
    ]),
    releaseAsk: {
      screen: c => show('F16.release', { count: c.desk.reversalsOwed }),
      await: () => ({ kind: 'event', cards: [], removal: false, scanner: false, timeoutMs: timeout }),
      on: { KEY: [goWhen(key('ENTER'), 'release'), goWhen(key('CANCEL'), 'supervisor')], TIMEOUT: [go('idle')] },
    },
    release: jobStep(() => busy('supervisor'), () => ({ kind: 'release' }), [
      goWhen(outcome('ok'), 'released', (_, e) => ({ done: doneOf(e) })),
      ...commonEnds(),
    ]),
    released: messageStep(() => show('F16.released', {}), 3000, 'supervisor', 'S'),
  };
}
