import { digits } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Context,
  type Steps,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  messageStep,
  outcome,
  show,
  isOutcome,
} from '../step.ts';
import {
  about,
  beforeScreen,
  commonEnds,
  keepDone,
  isTypedOtherwise,
  passwordSteps,
  refusePassword,
  secondsLeft,
  stars,
  THREE_BEEPS,
} from './common.ts';

const passwordLength = (c: Context): number => (c.operator === '00' ? 6 : c.operator === '99' ? 8 : 4);

/** True when somebody changes the own password by choice; at the first logon it must be changed. */
function own(c: Context): boolean {
  return c.topic === 'password' || c.topic === 'supervisorPassword';
}

/** F02 operator sign-on, F03 terminal sign-on, echo test, F14 sign-off, change of password. */
export function signOnSteps(profile: PanelProfile): Steps {
  return {
    logonOperator: entryStep(profile, {
      screen: c => show('F02.1', { entry: c.entry }),
      lengthMax: 2,
      check: typed => (typed.length === 2 ? undefined : 'F02.unknown'),
      accept: typed => ({ operator: typed }),
      next: 'logonKnown',
    }),
    logonKnown: jobStep(
      c => show('F02.1', { entry: c.operator ?? '' }),
      c => ({ kind: 'operatorKnown', operator: c.operator ?? '' }),
      [
        goWhen(outcome('ok'), 'logonPassword'),
        go('logonOperator', (_, e) => ({ notice: doneOf(e).prompt ?? 'F02.unknown' })),
      ],
    ),
    ...passwordSteps(profile, 'logonPassword', {
      screen: c => show('F02.2', stars(c)),
      length: passwordLength,
      operator: c => c.operator ?? '',
      accepted: [
        { when: outcome('mustChange'), to: 'newPassword' },
        { when: outcome('ok'), to: 'logonAccepted' },
      ],
      wrong: 'F02.wrong',
      ownChange: true,
    }),
    newPassword: entryStep(profile, {
      screen: c => (own(c) ? show('F02.6', { title: c.topic, ...stars(c) }) : show('F02.3', stars(c))),
      lengthMax: passwordLength,
      check: (typed, c) => refusePassword(profile, typed, passwordLength(c)),
      accept: typed => ({ password: typed }),
      next: 'newPasswordAgain',
    }),
    newPasswordAgain: entryStep(profile, {
      screen: c => (own(c) ? show('F02.6b', { title: c.topic, ...stars(c) }) : show('F02.3b', stars(c))),
      lengthMax: passwordLength,
      check: () => undefined,
      accept: typed => ({ password: typed }),
      next: 'newPasswordSet',
      ways: [goWhen(isTypedOtherwise(profile), 'newPassword', () => ({ notice: 'F02.differ' }))],
    }),
    newPasswordSet: jobStep(
      c => busy(c.topic),
      c => ({ kind: 'setPassword', operator: c.operator ?? '', password: c.password ?? '' }),
      [
        goWhen((c, e) => isOutcome(e, 'ok') && own(c), 'passwordChanged'),
        goWhen(outcome('ok'), 'logonAccepted'),
        go('newPassword', (_, e) => ({ notice: doneOf(e).prompt ?? 'F02.weak' })),
      ],
    ),
    passwordChanged: messageStep(() => show('F02.4', {}), 3000, 'idle', 'S'),
    /** Management menu 6 and supervisor menu 4: the own password. */
    ...passwordSteps(profile, 'passwordOld', {
      screen: c => (c.operator === '00' ? show('F11.6', stars(c)) : show('F02.5', { title: c.topic, ...stars(c) })),
      length: passwordLength,
      operator: c => c.operator ?? '',
      accepted: [{ when: outcome('ok', 'mustChange'), to: 'newPassword' }],
      wrong: 'F11.wrong',
      ownChange: true,
    }),
    logonAccepted: jobStep(
      () => busy('operatorSignOn'),
      c => ({ kind: 'logOn', operator: c.operator ?? '' }),
      [
        goWhen(c => c.operator === '00', 'supervisor', about('supervisor')),
        profile.training
          ? goWhen(c => c.operator === '99', 'notOpen', about('terminal'))
          : goWhen(c => c.operator === '99', 'technician', about('technician')),
        goWhen(c => c.desk.settlementOpen, 'settleInterrupted'),
        goWhen(c => c.desk.signedOn, 'idle'),
        go('signOn', about('signOn')),
      ],
    ),

    signOn: jobStep(
      c => beforeScreen(c) ?? show('F03.1', { seconds: profile.answerSeconds }),
      () => ({ kind: 'signOn' }),
      [
        goWhen(outcome('ok'), 'signedOn', keepDone),
        goWhen(outcome('settleFirst'), 'settleInterrupted'),
        ...commonEnds(),
      ],
    ),
    signedOn: messageStep(c => show('F03.3', { batch: digits(c.desk.batch, 6) }), 3000, 'idle', 'S'),

    echo: jobStep(
      c => show('ECHO.wait', { seconds: secondsLeft(c, profile) }),
      () => ({ kind: 'echo' }),
      [goWhen(outcome('ok'), 'echoed', keepDone), ...commonEnds()],
    ),
    echoed: messageStep(
      c => show('ECHO.ok', { millis: Math.min(c.done?.millis ?? 0, 99_999) }),
      profile.operationTimeoutMs,
      'idle',
      'S',
    ),

    signOffAsk: jobStep(
      c => beforeScreen(c) ?? show('F14.3', { seconds: secondsLeft(c, profile) }),
      () => ({ kind: 'signOff' }),
      [goWhen(outcome('settleFirst'), 'signOffRefused'), goWhen(outcome('ok'), 'signedOff'), ...commonEnds()],
    ),
    signOffRefused: messageStep(() => show('F14.1', {}), profile.operationTimeoutMs, 'idle', THREE_BEEPS),
    signedOff: messageStep(() => show('F14.2', {}), 5000, 'idle', 'S'),
    version: messageStep(
      c =>
        show('VERSION', {
          version: c.desk.version,
          profile: `${profile.id} v${profile.version}`,
          digest: c.desk.anchor,
        }),
      profile.operationTimeoutMs,
      'menuManage',
    ),
  };
}
