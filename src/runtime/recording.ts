import type { Result } from '../fault.ts';
import type { Hal } from '../hal/hal.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import type { Journal, Vault } from '../journal/journal.ts';
import type { ProfileImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import type { Lang } from '../terminal/types.ts';
import type { TraceRecord } from '../trace/record.ts';
import type { ControlCall } from './control.ts';

/** What a runtime starts from: with it, and with what crosses the rim, it can be run again. */
export interface Beginning {
  readonly profile: Profile;
  readonly plan: FieldPlan;
  readonly lang: Lang;
  /** Version of this software. */
  readonly version: string;
  /** As it is before the runtime has written anything. */
  readonly journal: Journal;
  /** Image that is run; absent: the profile comes from a source. */
  readonly image?: ProfileImage;
  /** There are images to choose from, and a room for training. */
  readonly shelf: boolean;
  readonly training: boolean;
  /** Keys of the signed slip codes are there: their public names. */
  readonly slips?: { readonly signer: string; readonly cardKeyName: string };
}

/**
 * Writes down everything that crosses the rim, in the order in which the runtime handles it. It stands inside of the one inbox:
 * behind an event's record come the records of all that followed from it.
 */
export interface Recording {
  /** What only this counter's secrets answer is asked here. */
  readonly vault: Vault;
  /** Called once, before anything else happens. */
  begin(hal: Hal, beginning: Beginning): void;
  /** The rim as the runtime shall use it. */
  around(hal: Hal): Hal;
  /** Who reads the terminal's packets: true while one has begun there and has not ended. */
  follow(insidePacket: () => boolean): void;
  /** What a person saw or did. */
  told(record: TraceRecord): void;
  /** The digits that are typed from now on are those of a secret. */
  secret(on: boolean): void;
  /** A line of the control socket is handled now; the call as the runtime shall see it. */
  control(call: ControlCall): ControlCall;
  /** The runtime is asked to end. */
  stop(): void;
  /** The runtime has ended, and why. */
  ended(why: string): void;
  /** An event was handled to its end: what was written down may go to the file. */
  handled(): void;
}

/** Asks a vault for a value or a fault, which go as JSON. */
export function askResult<T>(vault: Vault, question: string, truth: () => Result<T>): Result<T> {
  return JSON.parse(vault.ask(question, () => JSON.stringify(truth()))) as Result<T>;
}
