import { assert } from '../assert.ts';
import { approverSteps } from './flows/approval.ts';
import { searchSteps } from './flows/search.ts';
import { settlementSteps } from './flows/books.ts';
import { caseSteps, externalSteps, freezeSteps } from './flows/cases.ts';
import { THREE_BEEPS, commonSteps } from './flows/common.ts';
import { equipmentSteps, technicianSteps } from './flows/flash.ts';
import { idleSteps, lockSteps } from './flows/idle.ts';
import { heldSteps } from './flows/held.ts';
import { addHelp, helpSteps } from './flows/help.ts';
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
  // Hundreds of members: a literal that spreads them all would take as long as making them.
  const steps: Steps = Object.assign(
    {},
    idleSteps(profile),
    lockSteps(profile),
    commonSteps(profile),
    signOnSteps(profile),
    saleSteps(profile),
    voidSteps(profile),
    refundSteps(profile),
    approverSteps(profile),
    heldSteps(profile),
    qrSaleSteps(profile),
    qrVoidSteps(profile),
    qrRefundSteps(profile),
    printSteps(profile),
    querySteps(profile),
    searchSteps(profile),
    settlementSteps(profile),
    supervisorSteps(profile),
    statusSteps(profile),
    caseSteps(profile),
    externalSteps(profile),
    freezeSteps(profile),
    helpSteps(profile),
    equipmentSteps(),
    profile.training ? trainingRoomSteps(profile) : { ...technicianSteps(profile), ...trainingSteps(profile) },
  );
  addHelp(steps, profile);
  return steps;
}

/** Asserts that a way leads somewhere. */
export function checkWay(steps: Steps, from: string, { to }: Way): void {
  // The text is made for the one that is wrong only: there are thousands of ways.
  if (to !== undefined && !(to in steps)) assert(false, `step ${from} leads to ${to}, which does not exist`);
}

const known = new WeakMap<PanelProfile, Steps>();

/** As {@link allSteps}, made and checked once: every start with the same profile walks the same steps. */
function stepsOf(profile: PanelProfile): Steps {
  const made = known.get(profile);
  if (made) return made;
  const steps = allSteps(profile);
  for (const name in steps) {
    const { on } = steps[name];
    for (const type in on) for (const way of on[type as keyof typeof on] ?? []) checkWay(steps, name, way);
  }
  known.set(profile, steps);
  return steps;
}

/** What the runtime shall show and wait for now. `turn` grows with every step that is entered or entered anew. */
export interface View {
  readonly step: string;
  readonly turn: number;
  readonly screen: ScreenSpec;
  readonly await: Await;
  readonly beep: string | undefined;
}

/**
 * The keypad/display machine with its present place. It knows no clock, no disk and no line: events go in, a
 * {@link View} comes out. It walks the table of the steps itself: the first way whose condition holds.
 */
export class Keypad {
  readonly steps: Steps;
  /** One object for good, in which each event changes a few members: the flows see it as it is now. */
  private readonly known: Context = { ...FIRST_CONTEXT };
  private name = 'boot';
  private step: Step;
  private turn = 1;

  constructor(profile: PanelProfile) {
    this.steps = stepsOf(profile);
    this.step = this.steps[this.name];
  }

  /** What is known now; the next event changes it. */
  get context(): Context {
    return this.known;
  }

  get stepName(): string {
    return this.name;
  }

  /** The first way whose condition holds is taken. STATUS refreshes the desk and moves nothing. */
  send(event: TerminalEvent): void {
    if (event.type === 'STATUS') {
      Object.assign(this.known, { desk: event.desk });
      return;
    }
    const before = this.name;
    const way = wayOf(this.step.on[event.type], this.known, event);
    if (way?.change) Object.assign(this.known, way.change(this.known, event));
    if (way?.to !== undefined) {
      this.name = way.to;
      this.step = this.steps[way.to];
    }
    if (event.type !== 'PROGRESS' || this.name !== before) this.turn++;
  }

  view(): View {
    const { step, known } = this;
    const screen = step.screen(known);
    return {
      step: this.name,
      turn: this.turn,
      screen,
      await: step.await(known),
      // A wrong entry sounds like every other error.
      beep: screen.notice === undefined ? step.beep : THREE_BEEPS,
    };
  }
}

function wayOf(ways: readonly Way[] | undefined, context: Context, event: TerminalEvent): Way | undefined {
  if (ways) for (const way of ways) if (way.when === undefined || way.when(context, event)) return way;
  return undefined;
}
