import type { TerminalDevice } from '../../device/terminal.ts';
import { failed, fault, faultText, ok, type Result } from '../../fault.ts';
import type { Hal } from '../../hal/hal.ts';
import { AcquirerLine } from '../../host/line.ts';
import { compileFieldPlan } from '../../iso8583/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Profile } from '../../profile/schema.ts';
import { equipmentState } from '../../runtime/equipment.ts';
import { echo } from '../../runtime/management.ts';
import { openShop } from '../../runtime/shop.ts';
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
    const shop = openShop({
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
      version,
      progress: () => {},
    });
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
