import type { TerminalDevice } from '../../device/terminal.ts';
import { failed, fault, faultText, ok, type Result } from '../../fault.ts';
import type { Hal } from '../../hal/hal.ts';
import { AcquirerLine } from '../../host/line.ts';
import { FrameView } from '../../iso8583/frame.ts';
import { MessageBuilder } from '../../iso8583/message-builder.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { compileFieldPlan } from '../../iso8583/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import { FRAME_LENGTH_MAX } from '../../limits.ts';
import type { Profile } from '../../profile/schema.ts';
import { equipmentState } from '../../runtime/equipment.ts';
import { echo } from '../../runtime/management.ts';
import type { Shop } from '../../runtime/shop.ts';
import { run } from '../../runtime/task.ts';
import { TerminalLine } from '../../runtime/terminal-line.ts';
import { Keypad } from '../../terminal/machine.ts';
import { panelProfile } from '../../terminal/profile.ts';

/**
 * The echo test of a profile that is on trial: the very 0820 that the runtime sends, with the profile's codes, field plan and
 * frame, batch number and session of the journal; cipher steps go through the terminal. No counter is opened for it.
 */
export function echoTest(
  profile: Profile,
  hal: Hal,
  journal: Journal,
  device: TerminalDevice,
  version: string,
): (done: (result: Result<void>) => void) => void {
  return done => {
    const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
    if (!plan.ok) return done(plan);
    const shop: Shop = {
      hal,
      profile,
      lang: profile.policy.language,
      plan: plan.value,
      journal,
      device,
      terminal: new TerminalLine(hal, device),
      host: new AcquirerLine(hal.host, hal.timers, 0),
      keypad: new Keypad(panelProfile(profile)),
      equipment: equipmentState({}),
      out: new Uint8Array(FRAME_LENGTH_MAX),
      builder: new MessageBuilder(plan.value),
      answer: new MessageView(plan.value),
      frame: new FrameView(),
      answerBytes: new Uint8Array(0),
      traced: new MessageView(plan.value),
      trace: undefined,
      train: undefined,
      operator: undefined,
      chipIn: false,
      card: undefined,
      heldCards: new Map(),
      heldTries: new Map(),
      payCode: undefined,
      document: undefined,
      signOnAgain: false,
      stopping: false,
      news: false,
      working: false,
      version,
      jobEnded: () => {},
      progress: () => {},
    };
    run(echo(shop), answer => {
      if (answer.outcome === 'ok') return done(ok(undefined));
      const { fault: cause, remark } = answer;
      const why = cause ? faultText(cause) : remark ? `${remark.code} ${remark.en}` : answer.outcome;
      done(
        failed(
          fault(
            'E_FAILURE',
            'echo-failed',
            `the acquirer did not pass the echo test: ${why}`,
            'Check the address of the acquirer, merchant and terminal number in the profile',
          ),
        ),
      );
    });
  };
}
