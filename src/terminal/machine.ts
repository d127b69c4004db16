import { assert } from '../assert.ts';
import { approverSteps } from './flows/approval.ts';
import { searchSteps } from './flows/search.ts';
import { settlementSteps } from './flows/books.ts';
import { caseSteps, externalSteps, freezeSteps } from './flows/cases.ts';
import { THREE_BEEPS, commonSteps } from './flows/common.ts';
import { equipmentSteps, technicianSteps } from './flows/flash.ts';
import { idleSteps, lockSteps } from './flows/idle.ts';
import { heldSteps } from './flows/held.ts';
import { helpSteps, withHelp } from './flows/help.ts';
import { printSteps, querySteps } from './flows/print.ts';
import { qrRefundSteps, qrSaleSteps, qrVoidSteps } from './flows/qr.ts';
import { refundSteps } from './flows/refund.ts';
import { saleSteps } from './flows/sale.ts';
import { signOnSteps } from './flows/signon.ts';
import { statusSteps } from './flows/status.ts';
import { supervisorSteps } from './flows/supervisor.ts';
import { trainingRoomSteps, trainingSteps } from './flows/training.ts';
import { voidSteps } from './flows/void.ts';
import type { PanelProfile } from './profile.ts';
import { type Context, FIRST_CONTEXT, type Step, type Steps, type Way } from './step.ts';
import type { Await, ScreenSpec, TerminalEvent } from './types.ts';

export { FIRST_CONTEXT, NO_DESK } from './step.ts';

/** All steps of all flows by name. */
export function allSteps(profile: PanelProfile): Steps {
  const steps: Steps = {
    ...idleSteps(profile),
    ...lockSteps(profile),
    ...commonSteps(profile),
    ...signOnSteps(profile),
    ...saleSteps(profile),
    ...voidSteps(profile),
    ...refundSteps(profile),
    ...approverSteps(profile),
    ...heldSteps(profile),
    ...qrSaleSteps(profile),
    ...qrVoidSteps(profile),
    ...qrRefundSteps(profile),
    ...printSteps(profile),
    ...querySteps(profile),
    ...searchSteps(profile),
    ...settlementSteps(profile),
    ...supervisorSteps(profile),
    ...statusSteps(profile),
    ...caseSteps(profile),
    ...externalSteps(profile),
    ...freezeSteps(profile),
    ...helpSteps(profile),
    ...equipmentSteps(),
    ...(profile.training ? trainingRoomSteps(profile) : { ...technicianSteps(profile), ...trainingSteps(profile) }),
  };
  return withHelp(steps, profile);
}

/** Asserts that a way leads somewhere. */
export function checkWay(steps: Steps, from: string, { to }: Way): void {
  assert(to === undefined || to in steps, `step ${from} leads to ${to}, which does not exist`);
}

/** What the runtime shall show and wait for now. `turn` grows with every step that is entered or entered anew. */
export interface View {
  readonly step: string;
  readonly turn: number;
  readonly screen: ScreenSpec;
  readonly await: Await;
  readonly beep?: string;
}

/**
 * The keypad/display machine with its present place. It knows no clock, no disk and no line: events go in, a
 * {@link View} comes out. It walks the table of the steps itself: the first way whose condition holds.
 */
export class Keypad {
  readonly steps: Steps;
  private place: Place = { step: 'boot', context: FIRST_CONTEXT };
  private turn = 1;

  constructor(profile: PanelProfile) {
    this.steps = allSteps(profile);
    for (const name in this.steps) {
      const { on } = this.steps[name];
      for (const type in on) for (const way of on[type as keyof typeof on] ?? []) checkWay(this.steps, name, way);
    }
  }

  get context(): Context {
    return this.place.context;
  }

  get stepName(): string {
    return this.place.step;
  }

  send(event: TerminalEvent): void {
    const before = this.stepName;
    this.place = after(this.steps, this.place, event);
    if (event.type !== 'STATUS' && (event.type !== 'PROGRESS' || this.stepName !== before)) this.turn++;
  }

  view(): View {
    const step: Step = this.steps[this.stepName];
    const screen = step.screen(this.context);
    // A wrong entry sounds like every other error.
    const beep = screen.notice === undefined ? step.beep : THREE_BEEPS;
    return {
      step: this.stepName,
      turn: this.turn,
      screen,
      await: step.await(this.context),
      ...(beep === undefined ? {} : { beep }),
    };
  }
}

/** A step and what is known in it. */
interface Place {
  readonly step: string;
  readonly context: Context;
}

/** Where `event` leads: the first way whose condition holds. STATUS refreshes the desk and moves nothing. */
function after(steps: Steps, place: Place, event: TerminalEvent): Place {
  const { step, context } = place;
  if (event.type === 'STATUS') return { step, context: { ...context, desk: event.desk } };
  const way = steps[step].on[event.type]?.find(({ when }) => when === undefined || when(context, event));
  if (!way) return place;
  return { step: way.to ?? step, context: way.change ? { ...context, ...way.change(context, event) } : context };
}
