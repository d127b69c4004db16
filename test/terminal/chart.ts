import { type AnyStateMachine, assign, createMachine } from 'xstate';
import { checkSteps } from '../../src/terminal/machine.ts';
import { type Context, FIRST_CONTEXT, type Steps, type Way } from '../../src/terminal/step.ts';
import type { DeskStatus, TerminalEvent } from '../../src/terminal/types.ts';

/**
 * The steps as an XState machine: pure transitions, so that the flows can be walked, drawn and replayed, and what
 * the keypad must agree with. Every step takes STATUS, which refreshes the desk without moving.
 */
export function machineOf(steps: Steps): AnyStateMachine {
  checkSteps(steps);
  const states: Record<string, object> = {};
  for (const [name, step] of Object.entries(steps)) {
    const on: Record<string, object> = {
      STATUS: { actions: assign(({ event }) => ({ desk: (event as unknown as { desk: DeskStatus }).desk })) },
    };
    for (const [type, ways] of Object.entries(step.on)) on[type] = ways.map(way => edge(way));
    states[name] = { on };
  }
  return createMachine({
    id: 'terminal',
    initial: 'boot',
    context: FIRST_CONTEXT,
    states,
  } as Parameters<typeof createMachine>[0]) as AnyStateMachine;
}

function edge(way: Way): object {
  const { when, change, to } = way;
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
