import { digits } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  closed,
  type Context,
  type Step,
  type Steps,
  busy,
  doneOf,
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
} from '../step.ts';
import { about, keepDone, THREE_BEEPS } from './common.ts';

/** Highest number on a screen of differences. */
const COUNT_MAX = 999;

/** F13 the menu of administrator 99, and F23: a new profile into the terminal. */
export function technicianSteps(profile: PanelProfile): Steps {
  return {
    technician: menuStep(
      profile,
      'MENU.technician',
      [
        ...closed('1', '2', '3', '4', '7', '8'),
        { key: '5', to: 'passwordOld', change: () => ({ operator: '99', topic: 'password' }) },
        { key: '6', to: 'flashLook', change: () => ({ topic: 'flash', flash: undefined }) },
        { key: '9', to: 'trainLook', change: about('training') },
      ],
      'idle',
    ),
    ...flashSteps(profile),
  };
}

/** At the idle screen: the terminal is another one than before, and a person has seen it. */
export function equipmentSteps(): Steps {
  return {
    terminalSeen: jobStep(
      () => busy('terminal'),
      c => ({ kind: 'acknowledgeTerminal', id: c.desk.equipment?.change?.id ?? 0 }),
      [go('idle')],
    ),
  };
}

const changes = (c: Context) => c.flash?.changes ?? [];
const count = (n: number): number => Math.min(n, COUNT_MAX);

/** Turns to another image on the shelf; it goes round at the end. */
const other =
  (step: number): Change =>
  c => {
    const { index = 0, of = 1 } = c.flash ?? {};
    return { flashAt: (index + step + of) % of };
  };

function flashSteps(profile: PanelProfile): Steps {
  const timeout = profile.operationTimeoutMs;
  const page =
    (step: number): Change =>
    c => ({
      page: Math.min(Math.max(c.page + step, 0), Math.max(changes(c).length - 1, 0)),
    });
  const refused = go('flashRefused', keepDone);
  const paper: readonly ReturnType<typeof go>[] = [
    goWhen(outcome('paperOut', 'printerFault'), 'flashSlipTrouble', keepDone),
    go('flashDone'),
  ];
  return {
    flashLook: jobStep(
      () => busy('flash'),
      c => ({ kind: 'flashLook', index: c.flashAt ?? 0 }),
      [goWhen(outcome('ok'), 'flashShow', (_, e) => ({ flash: doneOf(e).flash, flashAt: undefined })), refused],
    ),
    flashRefused: messageStep(c => prompt('flash', c.notice ?? 'F23.failed'), timeout, 'technician', THREE_BEEPS),
    flashShow: {
      screen: c => show('F23.1', { was: c.flash?.was ?? '', is: c.flash?.is ?? '', count: count(changes(c).length) }),
      await: keypad(timeout),
      on: {
        KEY: [
          goWhen((c, e) => isKey(e, 'ENTER') && changes(c).length > 0, 'flashDiffShow'),
          goWhen(key('ENTER'), 'flashAsk'),
          goWhen(key('DOWN'), 'flashLook', other(1)),
          goWhen(key('UP'), 'flashLook', other(-1)),
          goWhen(key('CANCEL'), 'technician'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    flashDiffShow: {
      screen: c => {
        const one = changes(c)[c.page];
        return show('F23.2', {
          done: count(c.page + 1),
          of: count(changes(c).length),
          mark: one?.marked ? '!' : '',
          sayZh: one?.zh ?? '',
          sayEn: one?.en ?? '',
          was: one?.was ?? '',
          is: one?.is ?? '',
        });
      },
      await: keypad(timeout),
      on: {
        KEY: [
          goWhen(key('ENTER'), 'flashAsk'),
          { when: key('DOWN'), change: page(1) },
          { when: key('UP'), change: page(-1) },
          goWhen(key('CANCEL'), 'flashShow'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    flashAsk: {
      screen: c => show('F23.2a', { is: c.flash?.is ?? '', count: count(changes(c).filter(one => one.marked).length) }),
      await: keypad(timeout),
      on: { KEY: [goWhen(key('ENTER'), 'flash'), goWhen(key('CANCEL'), 'flashShow')], TIMEOUT: [go('idle')] },
    },
    /** From here on no key stops it; a failure leaves the old profile. */
    flash: jobStep(working, c => ({ kind: 'flash', digest: c.flash?.digest ?? '' }), [
      goWhen(outcome('flashed'), 'flashSlip', keepDone),
      goWhen(outcome('fellBack'), 'flashFellBack', keepDone),
      refused,
    ]),
    flashFellBack: messageStep(
      c => show('F23.6', { flashStep: c.done?.moment ?? 'load', was: c.flash?.was ?? '' }),
      timeout,
      'technician',
      THREE_BEEPS,
    ),
    flashSlip: jobStep(
      () => show('F10.3', {}),
      () => ({ kind: 'flashSlip' }),
      paper,
    ),
    flashSlipTrouble: {
      screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
      await: keypad(),
      beep: THREE_BEEPS,
      on: { KEY: [goWhen(key('ENTER'), 'flashSlipResume'), goWhen(key('CANCEL'), 'flashDone')] },
    },
    flashSlipResume: jobStep(
      () => show('F10.3', {}),
      () => ({ kind: 'resumePrint' }),
      paper,
    ),
    flashDone: messageStep(
      c => show('F23.5', { is: c.flash?.is ?? '', operator: c.operator ?? '99' }),
      timeout,
      'flashGoOn',
      'S',
    ),
    flashGoOn: jobStep(
      () => busy('flash'),
      () => ({ kind: 'flashGoOn' }),
      [go('idle')],
    ),
  };
}

/** What a flash is at: how far the load is, then which step or test. */
function working(c: Context): ReturnType<Step['screen']> {
  const news = c.progress;
  if (news?.stage !== 'flash') return show('F23.4', { flashStep: 'compare' });
  if (news.code !== undefined) return show('F23.4k', { code: news.code });
  if (news.moment !== 'load') return show('F23.4', { flashStep: news.moment });
  return show('F23.3', { percent: digits(Math.min(news.percent, 100), 3), seconds: count(news.secondsLeft) });
}
