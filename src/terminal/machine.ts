import { type AnyStateMachine, type StateValue, assign, createMachine, initialTransition, transition } from 'xstate';
import { assert } from '../assert.ts';
import { settlementSteps } from './flows/books.ts';
import { THREE_BEEPS, commonSteps } from './flows/common.ts';
import { idleSteps, lockSteps } from './flows/idle.ts';
import { refundSteps, saleSteps, voidSteps } from './flows/money.ts';
import { printSteps, querySteps } from './flows/print.ts';
import { signOnSteps } from './flows/signon.ts';
import { supervisorSteps } from './flows/supervisor.ts';
import type { PanelProfile } from './profile.ts';
import { type Context, NO_DRAFT, type Step, type Steps, type Way } from './step.ts';
import type { Await, DeskStatus, ScreenSpec, TerminalEvent } from './types.ts';

export const NO_DESK: DeskStatus = {
  signedOn: false,
  batch: 1,
  batchCount: 0,
  journalFull: false,
  reversalsOwed: 0,
  reversalsDue: 0,
  blocked: false,
  unknownRefunds: 0,
  settlementOpen: false,
  chipIn: false,
  version: '',
  anchor: '',
};

/** What the flows know at power-up. */
export const FIRST_CONTEXT: Context = {
  desk: NO_DESK,
  entry: '',
  tries: 0,
  draft: NO_DRAFT,
  records: [],
  operators: [],
  page: 0,
  topic: 'terminal',
};

/** All steps of all flows by name. */
export function allSteps(profile: PanelProfile): Steps {
  return {
    ...idleSteps(profile),
    ...lockSteps(profile),
    ...commonSteps(profile),
    ...signOnSteps(profile),
    ...saleSteps(profile),
    ...voidSteps(profile),
    ...refundSteps(profile),
    ...printSteps(profile),
    ...querySteps(profile),
    ...settlementSteps(profile),
    ...supervisorSteps(profile),
  };
}

/**
 * The steps as an XState machine: pure transitions, so that the flows can be walked, drawn and replayed. Every step
 * takes STATUS, which refreshes the desk without moving.
 */
export function machineOf(steps: Steps): AnyStateMachine {
  const states: Record<string, object> = {};
  for (const [name, step] of Object.entries(steps)) {
    const on: Record<string, object> = {
      STATUS: { actions: assign(({ event }) => ({ desk: (event as unknown as { desk: DeskStatus }).desk })) },
    };
    for (const [type, ways] of Object.entries(step.on)) on[type] = ways.map(way => edge(steps, name, way));
    states[name] = { on };
  }
  return createMachine({
    id: 'terminal',
    initial: 'boot',
    context: FIRST_CONTEXT,
    states,
  } as Parameters<typeof createMachine>[0]) as AnyStateMachine;
}

function edge(steps: Steps, from: string, way: Way): object {
  const { when, change, to } = way;
  assert(to === undefined || to in steps, `step ${from} leads to ${to}, which does not exist`);
  return {
    ...(when
      ? { guard: ({ context, event }: { context: Context; event: TerminalEvent }) => when(context, event) }
      : {}),
    ...(change
      ? {
          actions: assign(({ context, event }) =>
            change(context as unknown as Context, event as unknown as TerminalEvent),
          ),
        }
      : {}),
    ...(to === undefined ? {} : { target: to }),
  };
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
 * {@link View} comes out.
 */
export class Keypad {
  readonly steps: Steps;
  private readonly machine: AnyStateMachine;
  private snapshot: ReturnType<typeof initialTransition>[0];
  private turn = 1;

  constructor(profile: PanelProfile) {
    this.steps = allSteps(profile);
    this.machine = machineOf(this.steps);
    this.snapshot = initialTransition(this.machine)[0];
  }

  get context(): Context {
    return this.snapshot.context as Context;
  }

  get stepName(): string {
    return nameOf(this.snapshot.value as StateValue);
  }

  send(event: TerminalEvent): void {
    const before = this.stepName;
    this.snapshot = transition(this.machine, this.snapshot, event)[0];
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

function nameOf(value: StateValue): string {
  assert(typeof value === 'string', 'the machine is flat');
  return value;
}
