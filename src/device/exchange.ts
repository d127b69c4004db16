import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';
import { AnswerReader, type Command } from './fields.ts';
import { lineDownFault, LinkTimes, type LinkAnswer } from './link-types.ts';
import { AbecsLink } from './link.ts';
import { errFault, statFault } from './stat.ts';

/** Commands that may wait behind the one in flight. */
export const QUEUE_MAX = 16;
/** How often a command that may be repeated is sent again after a communication error. */
export const REPEATS_MAX = 2;

/** One command and what to do with its answer. */
export interface Operation {
  /** Three characters. */
  readonly name: string;
  /** Owned by the exchange from `submit` on; wiped when the operation is over. */
  readonly command: Command;
  /** Blocks of the answer are chains of values. */
  readonly tagged: boolean;
  /** Waits for a person. */
  readonly blocking: boolean;
  /** Sent again so many times after a communication error; 0 for everything that must not happen twice. */
  readonly repeats: number;
  /** Longest wait of a blocking command, 0 = for ever. */
  readonly limitMs: number;
  /** Longest wait of a blocking command after the line was disturbed. */
  readonly doubtMs: number;
  /**
   * Called once: with the answer (any STAT; valid only during the call, so copy values before calling anybody else),
   * or with a fault. A fault named `cancelled` means that the host gave the command up; `accepted` then tells whether
   * the terminal may have acknowledged it, so that its answer may have crossed the CAN. With `refused-three-times` it
   * tells the same: false = nothing but NAKs came in the last tries.
   */
  readonly done: (answer: AnswerReader | undefined, fault: Fault | undefined, accepted: boolean) => void;
}

/** Makes an operation with the usual settings: values in blocks, not blocking, never repeated. */
export function operation(
  name: string,
  command: Command,
  done: Operation['done'],
  settings: Partial<Omit<Operation, 'name' | 'command' | 'done'>> = {},
): Operation {
  return {
    name,
    command,
    done,
    tagged: settings.tagged ?? true,
    blocking: settings.blocking ?? false,
    repeats: settings.repeats ?? 0,
    limitMs: settings.limitMs ?? 0,
    doubtMs: settings.doubtMs ?? LinkTimes.doubtMs,
  };
}

/** A new connect ended everything that was under way. */
function restartedFault(name: string): Fault {
  return fault('E_CLOSED', 'restarted', `${name} was dropped because the host connects anew`, 'Start the step again');
}

/** The host gave a waiting command up. */
export function cancelledFault(name: string): Fault {
  return fault('E_EXTENDED', 'cancelled', `${name} was given up by the host`, 'Nothing to do');
}

type Phase = 'free' | 'running' | 'cancelling';

/**
 * The bounded queue above the link: one command in flight, and after a communication error CAN until EOT, then once
 * more only what may be repeated. A terminal that does not even answer CAN fails the whole queue at once.
 */
export class Exchange {
  readonly link: AbecsLink;
  private readonly reader = new AnswerReader();
  private readonly queue: Operation[] = [];
  private readonly cancelWaiters: ((fault: Fault | undefined) => void)[] = [];
  private phase: Phase = 'free';
  private current: Operation | undefined = undefined;
  private repeatsLeft = 0;
  private givenUp = false;
  private restarting = false;
  private readonly onAnswer = (answer: LinkAnswer): void => this.answered(answer);

  constructor(options: {
    readonly write: (bytes: Uint8Array) => void;
    readonly timers: Timers;
    readonly notice?: (data: Uint8Array, start: number, end: number) => void;
  }) {
    this.link = new AbecsLink(options);
  }

  /** The command in flight waits for a person. */
  get waiting(): boolean {
    return this.current?.blocking ?? false;
  }

  lineUp(): void {
    this.lineDown();
    this.link.lineUp();
  }

  /** Fails the command in flight and the queue with `line-down`. */
  lineDown(): void {
    this.link.lineDown();
    this.failQueue();
  }

  /** Queues an operation; `next` puts it in front, so that the steps of one task stay together. */
  submit(item: Operation, next = false): void {
    if (this.queue.length >= QUEUE_MAX) {
      item.command.wipe();
      const cause = `${QUEUE_MAX} commands already wait for the terminal; ${item.name} was refused`;
      const busy = fault('E_BUSY', 'queue-full', cause, 'Wait for the terminal, then try again');
      return item.done(undefined, busy, false);
    }
    if (this.phase === 'free' && this.queue.length === 0) return this.begin(item);
    if (next) this.queue.unshift(item);
    else this.queue.push(item);
    this.pump();
  }

  /** CAN until EOT for the waiting command, if one waits. Its `done` comes first, then this one. */
  cancel(done: (fault: Fault | undefined) => void): void {
    this.dropBlocking();
    if (this.phase === 'cancelling') {
      this.givenUp = true;
      this.cancelWaiters.push(done);
    } else if (this.phase === 'running' && this.current?.blocking === true) {
      this.cancelWaiters.push(done);
      this.giveUp();
    } else {
      done(this.link.up ? undefined : lineDownFault());
    }
  }

  /** Gives up everything, queue included, and brings the terminal to idle with CAN. */
  restart(done: (fault: Fault | undefined) => void): void {
    const queued = this.queue.splice(0);
    for (const item of queued) this.end(item, undefined, restartedFault(item.name));
    this.cancelWaiters.push(done);
    this.restarting = true;
    if (this.phase !== 'cancelling') this.giveUp();
    else this.givenUp = true;
  }

  private giveUp(): void {
    this.phase = 'cancelling';
    this.givenUp = true;
    this.link.cancel(result => this.cancelEnded(result));
  }

  private dropBlocking(): void {
    for (let i = this.queue.length - 1; i >= 0; i--) {
      const item = this.queue[i];
      if (!item.blocking) continue;
      this.queue.splice(i, 1);
      this.end(item, undefined, cancelledFault(item.name));
    }
  }

  private pump(): void {
    if (this.phase !== 'free' || this.queue.length === 0) return;
    this.begin(this.queue.shift()!);
  }

  private begin(item: Operation): void {
    this.repeatsLeft = item.repeats;
    this.start(item);
  }

  private start(item: Operation): void {
    this.current = item;
    this.phase = 'running';
    const { bytes, length } = item.command;
    this.link.request(bytes, length, item.blocking, this.onAnswer, item.limitMs, item.doubtMs);
  }

  private answered(answer: LinkAnswer): void {
    const item = this.current;
    if (item === undefined || answer.kind === 'cancelled') return; // cancelEnded goes on
    if (answer.kind === 'answer') {
      const bad = this.reader.load(answer.data, answer.length, item.tagged, item.name);
      this.current = undefined;
      this.phase = 'free';
      if (bad === undefined) this.end(item, this.reader, undefined);
      else this.end(item, undefined, bad);
      this.reader.clear();
      return this.pump();
    }
    if (!this.link.up) {
      this.current = undefined;
      this.phase = 'free';
      return this.end(item, undefined, answer.fault);
    }
    // A communication error: nobody knows what the terminal did, so bring it to idle first.
    this.phase = 'cancelling';
    this.givenUp = false;
    const cause = answer.fault;
    this.link.cancel(result => this.recovered(item, cause, result));
  }

  private recovered(item: Operation, cause: Fault | undefined, result: Fault | undefined): void {
    if (result === undefined && !this.givenUp && this.repeatsLeft > 0) {
      this.repeatsLeft--;
      return this.start(item);
    }
    this.finishCancel(item, result ?? (this.givenUp ? this.giveUpFault(item) : cause), result);
  }

  private cancelEnded(result: Fault | undefined): void {
    const item = this.current;
    this.finishCancel(item, result ?? (item && this.giveUpFault(item)), result);
  }

  private finishCancel(item: Operation | undefined, cause: Fault | undefined, result: Fault | undefined): void {
    this.current = undefined;
    this.givenUp = false;
    // Still 'cancelling' here: what `done` submits must not overtake the callers of cancel.
    if (item !== undefined) this.end(item, undefined, cause, this.link.accepted);
    this.phase = 'free';
    this.restarting = false;
    const waiters = this.cancelWaiters.splice(0);
    if (result !== undefined) this.failAll(result);
    for (const waiter of waiters) waiter(result);
    this.pump();
  }

  private giveUpFault(item: Operation): Fault {
    return this.restarting ? restartedFault(item.name) : cancelledFault(item.name);
  }

  private failQueue(): void {
    this.phase = 'free';
    this.current = undefined;
    this.failAll(lineDownFault());
  }

  private failAll(cause: Fault): void {
    for (const item of this.queue.splice(0)) this.end(item, undefined, cause);
  }

  private end(item: Operation, answer: AnswerReader | undefined, cause: Fault | undefined, accepted = false): void {
    item.command.wipe();
    item.done(answer, cause, accepted);
  }
}

/** The fault of an answer whose STAT is not 000. */
export function refusal(command: string, answer: AnswerReader): Fault | undefined {
  if (answer.name === 'ERR') return errFault(command, answer.stat);
  return answer.stat === 0 ? undefined : statFault(command, answer.stat);
}

/** The same as a failed result. */
export function refused(command: string, answer: AnswerReader): Result<never> | undefined {
  const cause = refusal(command, answer);
  return cause === undefined ? undefined : failed(cause);
}

/** A result without a value. */
export function plain(command: string, answer: AnswerReader | undefined, cause: Fault | undefined): Result<void> {
  if (answer === undefined) return failed(cause!);
  return refused(command, answer) ?? ok(undefined);
}
