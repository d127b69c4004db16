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

/** The flows, those of every day first. Each names its own steps: no two have one of the same name. */
const FLOWS: readonly ((profile: PanelProfile) => Steps)[] = [
  idleSteps,
  commonSteps,
  signOnSteps,
  saleSteps,
  printSteps,
  lockSteps,
  voidSteps,
  refundSteps,
  approverSteps,
  heldSteps,
  qrSaleSteps,
  qrVoidSteps,
  qrRefundSteps,
  querySteps,
  searchSteps,
  settlementSteps,
  supervisorSteps,
  statusSteps,
  caseSteps,
  externalSteps,
  freezeSteps,
  helpSteps,
  equipmentSteps,
  profile => (profile.training ? trainingRoomSteps(profile) : technicianSteps(profile)),
  profile => (profile.training ? {} : trainingSteps(profile)),
];

/** All steps of all flows by name. */
export function allSteps(profile: PanelProfile): Steps {
  const steps: Steps = {};
  for (const flow of FLOWS)
    for (const [name, step] of Object.entries(withHelp(flow(profile), profile))) {
      assert(!(name in steps), `two flows have a step ${name}`);
      steps[name] = step;
    }
  return steps;
}

/** Asserts that each way of each step leads to a step. */
export function checkSteps(steps: Steps): void {
  for (const [name, { on }] of Object.entries(steps))
    for (const { to } of Object.values(on).flat())
      assert(to === undefined || to in steps, `step ${name} leads to ${to}, which does not exist`);
}

/**
 * The steps of one profile. A flow is made when somebody enters it, and the ones before it with it: a terminal that is
 * switched on waits for the flows that it begins with, not for those that nobody needs today.
 */
class StepBook {
  private readonly profile: PanelProfile;
  private readonly steps = new Map<string, Step>();
  private made = 0;

  constructor(profile: PanelProfile) {
    this.profile = profile;
  }

  step(name: string): Step {
    for (;;) {
      const step = this.steps.get(name);
      if (step) return step;
      assert(this.made < FLOWS.length, `a way leads to the step ${name}, which does not exist`);
      const flow = withHelp(FLOWS[this.made++](this.profile), this.profile);
      for (const each in flow) this.steps.set(each, flow[each]);
    }
  }
}

const known = new WeakMap<PanelProfile, StepBook>();

/** The one book of a profile: every start with the same profile walks the same steps. */
function bookOf(profile: PanelProfile): StepBook {
  const book = known.get(profile) ?? new StepBook(profile);
  known.set(profile, book);
  return book;
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
  private readonly book: StepBook;
  /** One object for good, in which each event changes a few members: the flows see it as it is now. */
  private readonly known: Context = { ...FIRST_CONTEXT };
  private name = 'boot';
  private step: Step;
  private turn = 1;

  constructor(profile: PanelProfile) {
    this.book = bookOf(profile);
    this.step = this.book.step(this.name);
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
      this.step = this.book.step(way.to);
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
