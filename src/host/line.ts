import { assert } from '../assert.ts';
import { ownedCopy } from '../card/owned.ts';
import { fault, type Fault } from '../fault.ts';
import type { HostClose, HostLink, HostSink, Timers } from '../hal/hal.ts';
import { FRAME_LENGTH_MAX } from '../limits.ts';
import { FrameReceiver, FrameState, LENGTH_BYTES } from './frames.ts';

/** How long an idle connection may stay open for further exchanges that allow it. */
export const IDLE_CLOSE_MS = 30_000;
/** How long a backup route stays the first choice before the main route is tried first again. */
export const MAIN_ROUTE_RETRY_MS = 600_000;

/**
 * What a complete frame is to the open request. `match`: its answer. `drop`: somebody else's (other MTI, trace, terminal
 * or merchant): wait on. `mismatch`: meant for this request and yet not usable (cannot be decoded, other amount).
 */
export type Acceptance = 'match' | 'drop' | 'mismatch';

export interface ExchangeOptions {
  /** From the moment the request is handed over; dropped frames do not extend it. */
  readonly answerTimeoutMs: number;
  /** For each route. */
  readonly connectTimeoutMs: number;
  /**
   * True: an open, idle connection may be used (batch upload, downloads). False (default): a fresh connection, the right
   * choice for money, because a connection that died unnoticed swallows the request and leaves its outcome unknown.
   */
  readonly reuse?: boolean;
  /**
   * Called once, when the connection stands and before the first byte goes: the place to write down that it does. Not
   * called for a request that ends as `notSent`. Must not call the line.
   */
  outgoing?(): void;
  /** Judges `frame[start, end)`, valid during the call only. Must not call the line. */
  accepts(frame: Uint8Array, start: number, end: number): Acceptance;
}

export type ExchangeResult =
  /** The answer lies in `bytes[start, end)`, a copy that the receiver owns and overwrites after use. */
  | { readonly kind: 'answer'; readonly bytes: Uint8Array; readonly start: number; readonly end: number }
  /** No byte was handed to any connection: as if the request had never been made. */
  | { readonly kind: 'notSent'; readonly fault: Fault }
  /** Something may have left and no usable answer came: the outcome is unknown. */
  | { readonly kind: 'noAnswer'; readonly fault: Fault; readonly why: 'timeout' | 'closed' | 'halfAnswer' }
  /** An answer came and cannot be used. */
  | { readonly kind: 'badFrame'; readonly fault: Fault };

/** Counters since the start, for diagnosis. */
export interface LineCounters {
  /** Requests handed to a connection. */
  sent: number;
  /** Requests answered by a matching frame. */
  answered: number;
  /** Frames dropped while a request was open: late answers to earlier ones, strangers. */
  foreignFrames: number;
  /** Frames that came while no request was open. */
  lateFrames: number;
  /** Connections that were not made. */
  failedConnects: number;
}

const CLOSED = 0;
const CONNECTING = 1;
const OPEN = 2;

interface Exchange {
  readonly length: number;
  readonly options: ExchangeOptions;
  readonly done: (result: ExchangeResult) => void;
  /** What the routes tried so far said. */
  readonly failures: string[];
  sent: boolean;
}

/**
 * The line to the acquirer: one request in flight, frames with a 2-byte length, failover between routes.
 *
 * - Routes are tried in order, each once, beginning with the one that worked last. Only a connection that was not made
 *   leads to the next route; once a request is handed over it is never sent again.
 * - Every exchange ends with exactly one call of `done`, which may come before `exchange` returns and may start the next.
 * - After an answer the connection stays open for `idleCloseMs`; exchanges with `reuse` go over it. After a time-out it
 *   stays open too, only to count the late answer, and is not used again.
 */
export class AcquirerLine {
  readonly counters: LineCounters = { sent: 0, answered: 0, foreignFrames: 0, lateFrames: 0, failedConnects: 0 };
  private readonly link: HostLink;
  private readonly timers: Timers;
  private readonly idleCloseMs: number;
  private readonly receiver = new FrameReceiver();
  private readonly outgoing = new Uint8Array(LENGTH_BYTES + FRAME_LENGTH_MAX);
  private connection = CLOSED;
  /** Counts connections, so that a callback of an abandoned one is recognised. */
  private generation = 0;
  /** False once a request on this connection stayed without its answer. */
  private clean = false;
  private route = 0;
  private firstRoute = 0;
  private open: Exchange | undefined;
  private result: ExchangeResult | undefined;
  private timer = 0;
  private mainTimer = 0;

  /** `idleCloseMs` 0 closes the connection after each exchange. */
  constructor(link: HostLink, timers: Timers, idleCloseMs = IDLE_CLOSE_MS) {
    assert(link.routes > 0, 'an acquirer line needs at least one route');
    this.link = link;
    this.timers = timers;
    this.idleCloseMs = idleCloseMs;
  }

  /** True while a request is open; `exchange` must not be called then. */
  get busy(): boolean {
    return this.open !== undefined;
  }

  /** True while a connection is made. */
  get connected(): boolean {
    return this.connection === OPEN;
  }

  /** Name of the route in use, or of the one that the next exchange tries first. */
  get routeName(): string {
    return this.link.routeName(this.connection === CLOSED ? this.firstRoute : this.route);
  }

  /**
   * Sends `frame[0, length)` (TPDU, header and body; the line puts the length in front) and waits for its answer.
   * The frame is copied: the caller may overwrite it after the call.
   */
  exchange(frame: Uint8Array, length: number, options: ExchangeOptions, done: (result: ExchangeResult) => void): void {
    assert(this.open === undefined, 'one request in flight on the acquirer line');
    assert(length > 0 && length <= FRAME_LENGTH_MAX && length <= frame.length, 'request length within the frame bound');
    const out = this.outgoing;
    out[0] = length >> 8;
    out[1] = length & 0xff;
    for (let i = 0; i < length; i++) out[LENGTH_BYTES + i] = frame[i];
    this.open = { length, options, done, failures: [], sent: false };
    this.stopTimer();
    const usable = this.connection === OPEN && this.clean && this.receiver.state === FrameState.empty;
    if (usable && options.reuse === true) this.send();
    else this.connect(this.firstRoute);
  }

  /** Ends the connection and every timer of the line, as a program must before it ends. An open request ends as `notSent` or `noAnswer`. */
  close(): void {
    this.timers.clear(this.mainTimer);
    this.mainTimer = 0;
    this.drop();
    if (this.open === undefined) return;
    if (this.open.sent) {
      this.finish(this.noAnswer('closed', 'the acquirer line was closed by this program before the answer came'));
    } else {
      this.finish({
        kind: 'notSent',
        fault: fault('E_CLOSED', 'line-closed', 'the acquirer line was closed before sending', 'Start again'),
      });
    }
    this.report();
  }

  private connect(route: number): void {
    this.drop();
    this.route = route;
    this.connection = CONNECTING;
    this.clean = true;
    const generation = this.generation;
    const sink: HostSink = {
      connected: () => {
        if (generation === this.generation && this.connection === CONNECTING) this.connectedTo();
      },
      received: bytes => {
        if (generation === this.generation && this.connection === OPEN) this.received(bytes);
      },
      closed: reason => {
        if (generation === this.generation) this.closedBy(reason);
      },
    };
    const timeoutMs = this.open === undefined ? 0 : this.open.options.connectTimeoutMs;
    this.timer = this.timers.set(timeoutMs, () => {
      this.timer = 0;
      this.notConnected({ kind: 'timeout', detail: `no connection after ${timeoutMs} ms` });
    });
    this.link.connect(route, sink);
  }

  private connectedTo(): void {
    this.connection = OPEN;
    this.stopTimer();
    this.firstRoute = this.route;
    if (this.route === 0) {
      this.timers.clear(this.mainTimer);
      this.mainTimer = 0;
    } else if (this.mainTimer === 0) {
      this.mainTimer = this.timers.set(MAIN_ROUTE_RETRY_MS, () => {
        this.mainTimer = 0;
        this.firstRoute = 0;
      });
    }
    this.send();
  }

  private notConnected(reason: HostClose): void {
    this.counters.failedConnects++;
    this.drop();
    const open = this.open;
    assert(open !== undefined && !open.sent, 'a connection attempt belongs to a request that is not sent');
    open.failures.push(`${this.link.routeName(this.route)} ${reason.kind} (${reason.detail})`);
    if (open.failures.length < this.link.routes) {
      this.connect((this.route + 1) % this.link.routes);
      return;
    }
    this.finish({
      kind: 'notSent',
      fault: fault(
        'E_OFFLINE',
        'connect-failed',
        `no connection to the acquirer: ${open.failures.join('; ')}`,
        'Nothing was sent. Check the network cable, then the host addresses of the profile, and try again',
      ),
    });
    this.report();
  }

  private send(): void {
    const open = this.open;
    assert(open !== undefined && !open.sent, 'a request is sent once');
    open.options.outgoing?.();
    // Everything about the wait is in place before the bytes go: a link may answer or close inside `write`.
    open.sent = true;
    this.clean = false;
    this.counters.sent++;
    this.timer = this.timers.set(open.options.answerTimeoutMs, () => {
      this.timer = 0;
      this.answerTimeout(open.options.answerTimeoutMs);
    });
    const total = LENGTH_BYTES + open.length;
    this.link.write(this.outgoing.subarray(0, total));
    // When the link ended the exchange inside `write`, the buffer may already hold the next request.
    if (this.open === open) this.outgoing.fill(0, 0, total);
  }

  private answerTimeout(timeoutMs: number): void {
    const half = this.receiver.state === FrameState.partial;
    const got = this.receiver.length;
    const announced = this.receiver.announced;
    const cause = half
      ? `the answer from ${this.routeName} stopped after ${got} of ${announced} bytes, ${timeoutMs} ms after the request`
      : `no answer from ${this.routeName} in ${timeoutMs} ms`;
    this.finish(this.noAnswer(half ? 'halfAnswer' : 'timeout', cause));
    // In the middle of a frame the connection is of no use; otherwise it stays to count the late answer.
    if (half || this.idleCloseMs === 0) this.drop();
    else this.startIdle();
    this.report();
  }

  private received(bytes: Uint8Array): void {
    const receiver = this.receiver;
    let at = 0;
    while (at < bytes.length && this.connection === OPEN) {
      at = receiver.take(bytes, at);
      if (receiver.state === FrameState.complete) this.frame();
      else if (receiver.state === FrameState.badLength) this.badLength();
    }
    this.report();
  }

  /** One complete frame is in the receiver. */
  private frame(): void {
    const receiver = this.receiver;
    const open = this.waiting();
    if (open === undefined) {
      this.counters.lateFrames++;
      receiver.wipe();
      return;
    }
    const acceptance = open.options.accepts(receiver.frame, receiver.start, receiver.end);
    if (acceptance === 'drop') {
      this.counters.foreignFrames++;
      receiver.wipe();
      return;
    }
    const length = receiver.length;
    if (acceptance === 'match') {
      const bytes = ownedCopy(receiver.frame, receiver.start, receiver.end);
      receiver.wipe();
      this.counters.answered++;
      this.clean = true;
      this.finish({ kind: 'answer', bytes, start: 0, end: length });
      if (this.idleCloseMs === 0) this.drop();
      else this.startIdle();
      return;
    }
    this.finish({
      kind: 'badFrame',
      fault: fault(
        'E_FAILURE',
        'answer-unusable',
        `the answer of ${length} bytes from ${this.routeName} belongs to this request but cannot be used`,
        'The outcome is not known from this answer. Keep the trace for the acquirer',
      ),
    });
    this.drop();
  }

  private badLength(): void {
    const announced = this.receiver.announced;
    const route = this.routeName;
    this.drop();
    if (this.waiting() === undefined) {
      this.counters.lateFrames++;
      return;
    }
    this.finish({
      kind: 'badFrame',
      fault: fault(
        'E_FAILURE',
        'frame-length',
        `${route} announced a frame of ${announced} bytes; 1 to ${FRAME_LENGTH_MAX} are possible`,
        'Check that the address is the acquirer and that it uses a 2-byte binary length',
      ),
    });
  }

  private closedBy(reason: HostClose): void {
    if (this.connection === CONNECTING) {
      this.connection = CLOSED;
      this.notConnected(reason);
      return;
    }
    const open = this.open;
    const half = this.receiver.state === FrameState.partial;
    const got = this.receiver.length;
    const announced = this.receiver.announced;
    const route = this.routeName;
    this.connection = CLOSED;
    this.drop();
    if (open === undefined) return;
    const how = `${route} closed the connection: ${reason.kind} (${reason.detail})`;
    this.finish(
      half
        ? this.noAnswer('halfAnswer', `${how} after ${got} of ${announced} bytes of the answer`)
        : this.noAnswer('closed', `${how} before the answer`),
    );
    this.report();
  }

  private noAnswer(why: 'timeout' | 'closed' | 'halfAnswer', cause: string): ExchangeResult {
    const remedy =
      'The request may have reached the acquirer. Its outcome is settled by reversal or inquiry; do not repeat it';
    const code = why === 'timeout' ? 'E_TIMEOUT' : 'E_OFFLINE';
    const name = why === 'timeout' ? 'no-answer' : why === 'closed' ? 'closed-before-answer' : 'half-answer';
    return { kind: 'noAnswer', why, fault: fault(code, name, cause, remedy) };
  }

  /** The open request, if it is sent and has no result yet. */
  private waiting(): Exchange | undefined {
    return this.open !== undefined && this.open.sent && this.result === undefined ? this.open : undefined;
  }

  /** Keeps the first result of the open request; `report` hands it over when the line's own state is settled. */
  private finish(result: ExchangeResult): void {
    assert(this.open !== undefined && this.result === undefined, 'a request has one result');
    this.result = result;
    this.stopTimer();
    this.outgoing.fill(0, 0, LENGTH_BYTES + this.open.length);
  }

  private report(): void {
    const open = this.open;
    const result = this.result;
    if (open === undefined || result === undefined) return;
    this.open = undefined;
    this.result = undefined;
    open.done(result);
  }

  private startIdle(): void {
    this.stopTimer();
    this.timer = this.timers.set(this.idleCloseMs, () => {
      this.timer = 0;
      this.drop();
    });
  }

  private stopTimer(): void {
    this.timers.clear(this.timer);
    this.timer = 0;
  }

  /** Leaves the connection, if there is one: later callbacks of it mean nothing. */
  private drop(): void {
    this.stopTimer();
    this.generation++;
    if (this.connection !== CLOSED) {
      this.connection = CLOSED;
      this.link.close();
    }
    this.receiver.wipe();
  }
}
