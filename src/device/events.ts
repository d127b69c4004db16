import { failed, ok, type Fault, type Result } from '../fault.ts';
import { cancelledFault, operation, refused, REPEATS_MAX, type Exchange } from './exchange.ts';
import type { AnswerReader, Command, CommandWriter } from './fields.ts';
import { Panel, Pp, Spe } from './ids.ts';
import {
  parseEvent,
  parsePadEvent,
  sourceMask,
  type EventSources,
  type PanelEvent,
  type PanelInfo,
  type SequencedEvent,
} from './panel.ts';
import { argumentFault } from './text.ts';

export interface WaitOptions {
  /** 0 = only what is there already; absent = for ever. At most 65535 (a plain pad: 255). */
  readonly timeoutSeconds?: number;
  /** Drop keys typed before: set in the first wait after a step in which no key counts. */
  readonly flush?: boolean;
}

/** A wait may be sent again without harm, so a disturbed line costs only a moment. */
const WAIT_REPEATS = 10;
/** After the line was disturbed the event is asked for again after so long. */
const WAIT_DOUBT_MS = 3000;
/** The terminal's own time-out comes first, then ours. */
const WAIT_MARGIN_MS = 10_000;
const STAT_TIMEOUT = 12;

/**
 * Waits for keys, cards and scans: XEV on a panel terminal, CEX on a plain pad.
 *
 * The terminal numbers its events. Each wait says which number arrived last, so an event whose answer was lost, or
 * crossed the CAN of {@link cancel}, is given again; a number that comes twice is taken once.
 */
export class EventWait {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly panel: () => PanelInfo | undefined;
  /** Number of the last event received; undefined = unknown, then nothing is asked for again. */
  private lastSequence: number | undefined = undefined;
  private asking = false;
  private readonly askWaiters: ((result: Result<void>) => void)[] = [];

  constructor(exchange: Exchange, writer: CommandWriter, panel: () => PanelInfo | undefined) {
    this.exchange = exchange;
    this.writer = writer;
    this.panel = panel;
  }

  /**
   * After a connect: learns the terminal's event number by asking for everything after 0 without waiting. An event
   * that comes is an old one of an earlier connection and is dropped.
   */
  synchronise(panel: PanelInfo, done: (fault: Fault | undefined) => void): void {
    this.lastSequence = undefined;
    if (!panel.features.lastSequence) return done(undefined);
    this.writer.begin('XEV').number(Panel.sources, 1, 1).number(Panel.timeout, 0, 2).number(Panel.lastSequence, 0, 2);
    const command = this.writer.finish();
    this.exchange.submit(
      operation(
        'XEV',
        command,
        (answer, cause) => {
          if (answer === undefined) return done(cause);
          if (answer.stat === STAT_TIMEOUT) this.lastSequence = 0;
          else if (answer.stat === 0) this.lastSequence = answer.number(Panel.sequence);
          done(undefined);
        },
        { repeats: REPEATS_MAX },
      ),
      true,
    );
  }

  wait(sources: EventSources, options: WaitOptions, done: (result: Result<PanelEvent>) => void): void {
    const panel = this.panel();
    const limit = panel === undefined ? 255 : 65_535;
    const seconds = options.timeoutSeconds;
    if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 0 && seconds <= limit)) {
      return done(failed(argumentFault(`time-out ${seconds} s, allowed 0–${limit}`, 'Correct the time-out')));
    }
    if (sourceMask(sources) === 0)
      return done(failed(argumentFault('a wait without a source', 'Name what may end it')));
    if (panel === undefined) this.padWait(sources, seconds, done);
    else this.panelWait(sources, seconds, options.flush === true, false, done);
  }

  /**
   * Ends the waiting command with CAN and EOT. A waiting {@link wait} then gets the event that crossed the CAN, or the
   * fault `cancelled`; only after that `done` is called. Without a waiting command it is called at once.
   */
  cancel(done: (result: Result<void>) => void): void {
    this.exchange.cancel(cause => {
      if (cause !== undefined) return done(failed(cause));
      if (this.asking) this.askWaiters.push(done);
      else done(ok(undefined));
    });
  }

  private panelWait(
    sources: EventSources,
    seconds: number | undefined,
    flush: boolean,
    next: boolean,
    done: (result: Result<PanelEvent>) => void,
  ): void {
    this.exchange.submit(
      operation(
        'XEV',
        this.command(sources, seconds, flush),
        (answer, cause, accepted) => {
          if (answer !== undefined) return this.panelAnswer(answer, sources, seconds, done);
          if (cause!.name !== 'cancelled' || !accepted || this.lastSequence === undefined) return done(failed(cause!));
          this.askAgain(sources, done);
        },
        {
          blocking: seconds !== 0,
          repeats: WAIT_REPEATS,
          limitMs: limitMs(seconds),
          doubtMs: WAIT_DOUBT_MS,
        },
      ),
      next,
    );
  }

  private command(sources: EventSources, seconds: number | undefined, flush: boolean): Command {
    this.writer.begin('XEV').number(Panel.sources, sourceMask(sources), 1);
    if (seconds !== undefined) this.writer.number(Panel.timeout, seconds, 2);
    if (flush) this.writer.number(Panel.flush, 1, 1);
    if (this.lastSequence !== undefined) this.writer.number(Panel.lastSequence, this.lastSequence, 2);
    return this.writer.finish();
  }

  private panelAnswer(
    answer: AnswerReader,
    sources: EventSources,
    seconds: number | undefined,
    done: (result: Result<PanelEvent>) => void,
  ): void {
    const result = this.take(answer);
    // Nothing was lost: the terminal only said the last event once more (a late resend).
    if (result === undefined) return this.panelWait(sources, seconds, false, true, done);
    done(result);
  }

  /** The event of an answer; undefined for an event that was received before. */
  private take(answer: AnswerReader): Result<PanelEvent> | undefined {
    if (answer.name !== 'ERR' && answer.stat === STAT_TIMEOUT) return ok({ kind: 'timeout' });
    const parsed: Result<SequencedEvent> = refused('XEV', answer) ?? parseEvent(answer);
    if (!parsed.ok) return parsed;
    const { event, sequence } = parsed.value;
    if (sequence === this.lastSequence) return undefined;
    if (this.panel()?.features.lastSequence === true) this.lastSequence = sequence;
    return ok(event);
  }

  /** After CAN: takes the event that crossed it, without waiting. */
  private askAgain(sources: EventSources, done: (result: Result<PanelEvent>) => void): void {
    this.asking = true;
    const ended = (result: Result<PanelEvent>): void => {
      this.asking = false;
      done(result.ok && result.value.kind === 'timeout' ? failed(cancelledFault('XEV')) : result);
      for (const waiter of this.askWaiters.splice(0)) waiter(ok(undefined));
    };
    this.exchange.submit(
      operation(
        'XEV',
        this.command(sources, 0, false),
        (answer, cause) =>
          ended(answer === undefined ? failed(cause!) : (this.take(answer) ?? ok({ kind: 'timeout' }))),
        { repeats: REPEATS_MAX },
      ),
      true,
    );
  }

  private padWait(
    sources: EventSources,
    seconds: number | undefined,
    done: (result: Result<PanelEvent>) => void,
  ): void {
    const flag = (on: boolean | undefined): string => (on === true ? '1' : '0');
    const options =
      flag(sources.keypad) + flag(sources.magnetic) + flag(sources.chip) + flag(sources.contactless) + '00';
    this.writer.begin('CEX').text(Spe.eventOptions, options);
    if (seconds !== undefined) this.writer.number(Spe.timeout, seconds, 1);
    this.exchange.submit(
      operation(
        'CEX',
        this.writer.finish(),
        (answer, cause) => {
          if (answer === undefined) return done(failed(cause!));
          if (answer.name !== 'ERR' && answer.stat === STAT_TIMEOUT) return done(ok({ kind: 'timeout' }));
          const parsed = refused('CEX', answer) ?? parsePadEvent(answer.text(Pp.event));
          done(parsed.ok ? ok(parsed.value.event) : parsed);
        },
        { blocking: seconds !== 0, limitMs: limitMs(seconds) },
      ),
    );
  }
}

/** How long the answer to such a wait is awaited, milliseconds; 0: for ever. */
function limitMs(seconds: number | undefined): number {
  return seconds === undefined ? 0 : seconds * 1000 + WAIT_MARGIN_MS;
}
