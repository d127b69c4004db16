import type { Context, Steps } from '../../src/terminal/step.ts';
import type { Draft, Judged, ScreenSpec, TerminalEvent } from '../../src/terminal/types.ts';

/** What the person and the acquirer's side really did since the idle screen, seen from outside the machine. */
export interface Facts {
  readonly supervisor?: boolean;
  /** 99 gave the password; the question before a flash was answered. */
  readonly technician?: boolean;
  readonly flashAsked?: boolean;
  readonly shownVoucher?: number;
  readonly reference?: boolean;
  readonly date?: boolean;
  readonly confirmedMinor?: number;
  readonly reason?: boolean;
  readonly resend?: boolean;
  readonly pinAsked?: boolean;
  /** A payer's code was read. */
  readonly codeRead?: boolean;
  /** An order number of a payment of another terminal was read. */
  readonly orderRead?: boolean;
  readonly refusedPart?: boolean;
  /** What the rules said, and of what. */
  readonly judged?: Judged & { readonly kind: Draft['kind']; readonly minor: number };
  /** Warnings that ENTER passed over since then. */
  readonly warned?: number;
  /** Whose first password must be changed before it approves. */
  readonly changing?: string;
  /** Number of the second person who gave a password. */
  readonly second?: string;
  readonly blind?: boolean;
  /** The held refund that was taken up. */
  readonly held?: number;
}

/** A step and what is known in it. */
export interface Place {
  readonly value: string;
  readonly context: Context;
}

/** One event, without the machinery of the real machine (a test holds the two side by side). */
export function follow(steps: Steps, place: Place, event: TerminalEvent): Place {
  const { value, context } = place;
  if (event.type === 'STATUS') return { value, context: { ...context, desk: event.desk } };
  const way = steps[value].on[event.type]?.find(one => one.when === undefined || one.when(context, event));
  if (!way) return place;
  return { value: way.to ?? value, context: way.change ? { ...context, ...way.change(context, event) } : context };
}

export interface Node {
  readonly snapshot: Place;
  readonly facts: Facts;
}

/** Tells a finding: the step, and what is wrong there. */
export type Report = (step: string, text: string) => void;

export const stepOf = (node: Node): string => node.snapshot.value;
export const contextOf = (node: Node): Context => node.snapshot.context;

/** Name of what a screen shows: a screen, a prompt, an answer, a moment of work. */
export function idOf(spec: ScreenSpec): string {
  switch (spec.kind) {
    case 'prompt':
      return spec.ask ? 'RULE.ask' : spec.figures ? 'RULE' : spec.prompt;
    case 'response':
      return 'CODE';
    case 'busy':
      return 'WAIT';
    default:
      return spec.id;
  }
}
