import { digits } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  messageStep,
  outcome,
  show,
} from '../step.ts';
import { commonEnds, passwordSteps, refuse, stars } from './common.ts';

/** The time that is left on the screen is looked up anew so often. */
const TICK_MS = 5000;
const STOPPED_MS = 2000;

/**
 * F06-11 and F20-1…3: a refund that was decided and waits. Until its time is over it can be sent at once or, with the
 * supervisor's password, stopped; then it is sent by itself while its card is still in memory, and otherwise waits for a
 * person with the card.
 */
export function heldSteps(profile: PanelProfile): Steps {
  const stop = goWhen(key('2'), 'heldStopPassword');
  const taken: readonly Way[] = [
    goWhen(outcome('ready'), 'refundOnline', takeDraft),
    goWhen(outcome('card'), 'refundCard', takeDraft),
    ...commonEnds(),
  ];
  const listTicksMax = Math.max(1, Math.floor(profile.operationTimeoutMs / TICK_MS));
  const look = (screen: Step['screen'], ways: readonly Way[], timeout: readonly Way[]): Step => ({
    screen,
    await: keypad(TICK_MS),
    on: { KEY: ways, TIMEOUT: timeout },
  });
  return {
    refundHold: jobStep(
      () => busy('refund'),
      c => ({ kind: 'hold', draft: c.draft }),
      [goWhen(outcome('held'), 'heldShow', keepHeld), ...commonEnds()],
    ),
    heldShow: look(
      c => show('F06.11', { countdown: countdown(c) }),
      [goWhen(key('1'), 'heldTake'), stop, go('forget')],
      [go('heldTick')],
    ),
    heldTick: jobStep(
      c => show('F06.11', { countdown: countdown(c) }),
      c => ({ kind: 'heldLeft', id: c.held?.id ?? 0 }),
      [goWhen(outcome('due'), 'heldTake'), goWhen(outcome('ok'), 'heldShow', keepHeld), go('forget')],
    ),
    /** Sent now: with the card of its decision, or else the same card is asked for; first a second person, when one is wanted by now. */
    heldTake: jobStep(
      () => busy('refund'),
      c => ({ kind: 'takeHeld', id: c.held?.id ?? 0 }),
      [goWhen(outcome('second'), 'approverNumber', takeDraft), ...taken],
    ),
    /** The second person has agreed. */
    heldAgreed: jobStep(
      () => busy('refund'),
      ({ draft: { heldId = 0, second = '' } }) => ({ kind: 'takeHeld', id: heldId, second }),
      taken,
    ),
    ...passwordSteps(profile, 'heldStopPassword', {
      screen: c => show('F20.2', stars(c)),
      length: () => 6,
      operator: () => '00',
      accepted: [goWhen(outcome('ok'), 'heldStop')],
      wrong: 'E13',
      triesMax: profile.passwordTries,
      cancel: 'forget',
    }),
    heldStop: jobStep(
      () => busy('refund'),
      c => ({ kind: 'stopHeld', id: c.held?.id ?? 0 }),
      [goWhen(outcome('ok'), 'heldStopped', keepHeld), ...commonEnds()],
    ),
    heldStopped: jobStep(
      c => show('F20.3', { tracking: c.held?.tracking ?? '' }),
      c => ({ kind: 'printHeld', id: c.held?.id ?? 0 }),
      [go('heldGone')],
      'S',
    ),
    heldGone: messageStep(c => show('F20.3', { tracking: c.held?.tracking ?? '' }), STOPPED_MS, 'forget'),

    /** F20-1, from the menu of 00: all that wait, oldest first. */
    heldList: jobStep(
      () => busy('supervisor'),
      c => ({ kind: 'heldRefund', index: c.page }),
      [
        goWhen(outcome('ok'), 'heldListShow', (c, e) => ({ ...keepHeld(c, e), page: c.page, tries: c.tries })),
        refuse(undefined, 'F20.none'),
      ],
    ),
    heldListShow: look(
      c =>
        show('F20.1s', { tracking: c.held?.tracking ?? '', amount: c.held?.amountMinor ?? 0, countdown: countdown(c) }),
      [
        goWhen(key('ENTER'), 'heldStopPassword', about),
        goWhen(key('1'), 'heldTake', about),
        goWhen(key('DOWN'), 'heldList', c => ({ page: c.held ? (c.held.index + 1) % c.held.of : 0 })),
        goWhen(key('UP'), 'heldList', c => ({ page: c.held ? (c.held.index + c.held.of - 1) % c.held.of : 0 })),
        goWhen(key('CANCEL'), 'supervisor'),
      ],
      [
        {
          when: c => c.tries + 1 < listTicksMax,
          to: 'heldList',
          change: c => ({ tries: c.tries + 1, page: c.held?.index ?? 0 }),
        },
        go('idle'),
      ],
    ),
  };
}

/** At the idle screen: the time of a held refund is over, and its card is in memory. */
export const dueWay: Way = go('heldTake', (_, e) => ({
  topic: 'refund',
  held: { id: e.type === 'DUE' ? e.id : 0, tracking: '', amountMinor: 0, masked: '', secondsLeft: 0, index: 0, of: 1 },
}));

const about: Change = () => ({ topic: 'refund' });

const keepHeld: Change = (_, e) => {
  const { held } = doneOf(e);
  return held ? { held } : {};
};

const takeDraft: Change = (_, e) => {
  const { draft } = doneOf(e);
  return draft ? { topic: 'refund', draft, record: draft.original } : {};
};

/** `04:58` */
function countdown(c: Context): string {
  const seconds = c.held?.secondsLeft ?? 0;
  return `${digits(Math.floor(seconds / 60), 2)}:${digits(seconds % 60, 2)}`;
}
