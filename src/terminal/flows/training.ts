import type { ScreenId } from '../../profile/screens.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Step,
  type Steps,
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
} from '../step.ts';
import { type Lines, NO_TRAINING, TRAINING_PASSWORDS, type TrainingWork } from '../quiz.ts';
import { keepDone, noticeOf, refuse, stars, THREE_BEEPS } from './common.ts';

/** Lines below the title as the values of a training screen. */
function said(lines: Lines | undefined): Record<string, string> {
  const { zh, en } = lines ?? { zh: [], en: [] };
  return {
    sayZh: zh[0] ?? '',
    moreZh: zh[1] ?? '',
    dueZh: zh[2] ?? '',
    sayEn: en[0] ?? '',
    moreEn: en[1] ?? '',
    dueEn: en[2] ?? '',
  };
}

/** Only those of {@link said} that a screen of two lines knows. */
function saidTwice(lines: Lines | undefined): Record<string, string> {
  const { dueZh: _zh, dueEn: _en, ...two } = said(lines);
  return two;
}

/** F22-1 at the real counter: what training is, who is trained, and the score when it is over. */
export function trainingSteps(profile: PanelProfile): Steps {
  return {
    trainLook: jobStep(
      () => busy('training'),
      () => ({ kind: 'trainingReady' }),
      [goWhen(outcome('ok'), 'trainAsk'), go('refusal', keepDone)],
    ),
    trainAsk: {
      screen: () => show('F22.1', {}),
      await: keypad(profile.operationTimeoutMs),
      on: { KEY: [goWhen(key('ENTER'), 'trainWho'), goWhen(key('CANCEL'), 'idle')], TIMEOUT: [go('idle')] },
    },
    trainWho: entryStep(profile, {
      screen: c => show('F22.1w', { entry: c.entry }),
      lengthMax: 2,
      check: typed => (typed.length < 2 ? 'F02.unknown' : typed === '00' || typed === '99' ? 'F22.trainee' : undefined),
      accept: typed => ({ candidate: typed }),
      next: 'trainKnown',
    }),
    trainKnown: jobStep(
      c => show('F22.1w', { entry: c.candidate ?? '' }),
      c => ({ kind: 'operatorKnown', operator: c.candidate ?? '' }),
      [goWhen(outcome('ok'), 'trainHow'), go('trainWho', noticeOf('F02.unknown'))],
    ),
    trainHow: messageStep(
      () => show('F22.2', { voucher: TRAINING_PASSWORDS.supervisor, newVoucher: TRAINING_PASSWORDS.cashier }),
      profile.operationTimeoutMs,
      'train',
      undefined,
      [goWhen(key('CANCEL'), 'idle')],
    ),
    train: jobStep(
      () => busy('training'),
      c => ({ kind: 'train', operator: c.candidate ?? '', by: c.operator ?? '00' }),
      [
        goWhen(outcome('ok'), 'trained', keepDone),
        goWhen(outcome('noScore'), 'idle'),
        refuse(outcome('broken'), 'F22.broken'),
        go('refusal', keepDone),
      ],
    ),
    trained: messageStep(
      c => {
        const { operator = '', score = 0, of = 0, passed = false } = c.done?.score ?? {};
        return show('F22.8', { operator, done: score, of, state: passed ? 'passed' : 'notPassed' });
      },
      profile.operationTimeoutMs,
      'idle',
      'S',
    ),
  };
}

const withTraining =
  (change: (work: TrainingWork, c: Context) => Partial<TrainingWork>): Change =>
  c => ({ training: { ...c.training, ...change(c.training, c) } });

/** F22-3 and the drills, at the counter of training only: FN at its idle screen. */
export function trainingRoomSteps(profile: PanelProfile): Steps {
  return {
    trainMenu: menuStep(
      profile,
      'MENU.training',
      [
        { key: '1', to: 'quizStart' },
        { key: '2', to: 'drill' },
        { key: '3', to: 'drillCheck' },
        { key: '4', to: 'trainLeavePassword' },
      ],
      'idle',
    ),
    ...quizSteps(profile),
    ...drillSteps(profile),
    trainLeavePassword: entryStep(profile, {
      screen: c => show('F22.7', stars(c)),
      lengthMax: 8,
      check: typed => (typed.length >= 6 ? undefined : 'F22.wrong'),
      accept: typed => ({ password: typed }),
      next: 'trainLeave',
      cancel: 'trainMenu',
      timeout: 'idle',
    }),
    trainLeave: jobStep(
      () => busy('terminal'),
      c => ({ kind: 'leaveTraining', password: c.password ?? '' }),
      [
        goWhen(outcome('wrong'), 'trainLeavePassword', () => ({ notice: 'F22.wrong' })),
        goWhen(outcome('ok'), 'idle'),
        go('refusal', keepDone),
      ],
    ),
  };
}

function quizSteps(profile: PanelProfile): Steps {
  const question = (c: Context) => c.training.questions[c.training.at];
  const isRight = (c: Context, e: Parameters<Change>[1]): boolean =>
    e.type === 'KEY' && e.key === String(question(c)?.right);
  const more = (c: Context): boolean => c.training.at + 1 < c.training.questions.length;
  const next = withTraining(({ at }) => ({ at: at + 1 }));
  /** Why this answer: any key leads to the next question, or to the end. */
  const told = (id: ScreenId, beep: string): Step => ({
    screen: c => show(id, saidTwice(question(c)?.why)),
    await: keypad(profile.operationTimeoutMs),
    beep,
    on: {
      KEY: [goWhen(key('CANCEL'), 'trainMenu'), goWhen(more, 'quizAsk', next), go('quizEnd')],
      TIMEOUT: [go('trainMenu')],
    },
  });
  return {
    quizStart: jobStep(
      () => busy('terminal'),
      () => ({ kind: 'quizStart' }),
      [
        goWhen(outcome('ok'), 'quizAsk', (_, e) => ({
          training: { ...NO_TRAINING, questions: doneOf(e).questions ?? [] },
        })),
        go('trainMenu'),
      ],
    ),
    quizAsk: {
      screen: c => show('F22.3', { done: c.training.at + 1, of: c.training.questions.length, ...said(question(c)) }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('CANCEL'), 'trainMenu'),
          goWhen(
            isRight,
            'quizRight',
            withTraining(({ right }) => ({ right: right + 1 })),
          ),
          goWhen(key('1', '2'), 'quizWrong'),
        ],
        TIMEOUT: [go('trainMenu')],
      },
    },
    quizRight: told('F22.3r', 'S'),
    quizWrong: told('F22.3w', THREE_BEEPS),
    quizEnd: jobStep(
      () => busy('terminal'),
      c => ({ kind: 'quizEnd', score: c.training.right, of: c.training.questions.length }),
      [go('quizResult', keepDone)],
    ),
    quizResult: messageStep(
      c => {
        const { score = 0, of = 0, passed = false } = c.done?.score ?? {};
        return show('F22.4', { done: score, of, state: passed ? 'passed' : 'notPassed' });
      },
      profile.operationTimeoutMs,
      'trainMenu',
      'S',
    ),
  };
}

function drillSteps(profile: PanelProfile): Steps {
  const at = (c: Context): number => c.training.drill?.index ?? 0;
  const taken: Change = (c, e) => {
    const { drill } = doneOf(e);
    return drill ? { training: { ...c.training, drill } } : {};
  };
  const other = (step: number): Change =>
    withTraining(({ drill }) =>
      drill ? { drill: { ...drill, index: (drill.index + step + drill.of) % drill.of } } : {},
    );
  const verdict = (id: ScreenId, beep: string): Step =>
    messageStep(c => show(id, saidTwice(c.done?.told)), profile.operationTimeoutMs, 'trainMenu', beep);
  return {
    drill: jobStep(
      () => busy('terminal'),
      c => ({ kind: 'drill', index: at(c) }),
      [goWhen(outcome('ok'), 'drillShow', taken), go('trainMenu')],
    ),
    drillShow: {
      screen: c => {
        const { drill } = c.training;
        return show('F22.5', { done: at(c) + 1, of: drill?.of ?? 0, ...saidTwice(drill) });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('ENTER'), 'drillBegin'),
          goWhen(key('DOWN'), 'drill', other(1)),
          goWhen(key('UP'), 'drill', other(-1)),
          goWhen(key('CANCEL'), 'trainMenu'),
        ],
        TIMEOUT: [go('trainMenu')],
      },
    },
    drillBegin: jobStep(
      () => busy('terminal'),
      c => ({ kind: 'drillBegin', index: at(c) }),
      [go('drillTask')],
    ),
    drillTask: messageStep(c => show('F22.5t', said(c.training.drill?.task)), profile.operationTimeoutMs, 'idle'),
    drillCheck: jobStep(
      () => busy('terminal'),
      () => ({ kind: 'drillCheck' }),
      [
        goWhen(outcome('passed'), 'drillPassed', keepDone),
        goWhen(outcome('notYet'), 'drillNotYet', keepDone),
        go('drillNone'),
      ],
    ),
    drillPassed: verdict('F22.6', 'S'),
    drillNotYet: verdict('F22.6n', THREE_BEEPS),
    drillNone: messageStep(() => prompt('training', 'F22.none'), profile.operationTimeoutMs, 'trainMenu', THREE_BEEPS),
  };
}
