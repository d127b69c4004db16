import type { HostLink, HostSink } from '../../src/hal/hal.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';
import { Acquirer, DEFAULT_TERMINAL } from '../../src/sim/acquirer/acquirer.ts';
import type { Effect } from '../../src/sim/acquirer/effects.ts';
import type { Ledger } from '../../src/sim/acquirer/ledger.ts';
import { see, type Seen } from './message.ts';
import type { Random } from './random.ts';
import { Crash, localTime, type Process, START_MS, type Timeline } from './timeline.ts';

/** A mood of the acquirer for one request; `effect` is what its simulator does by itself. */
export interface Mood {
  readonly kind: string;
  readonly effect?: Effect;
  /** Moods of the network and of an acquirer that no effect describes. */
  readonly extra?: 'lost' | 'held' | 'cut' | 'stale' | 'swapped' | 'outage' | 'otherAmount' | 'bookAgain';
  readonly delayMs?: number;
  /** Only for messages of this type, 60.1 and (`03`: scanned codes) entry mode, with slashes between: the first one that comes. */
  readonly only?: readonly string[];
}

/** What may happen to an attempt to connect. */
export type ConnectFault = 'refused' | 'unreachable' | 'silent';
/** What may happen to the program while it hands a request to the network. */
export type SendFault = 'crashBefore' | 'crashAfter';

export interface NetworkEvents {
  connect(): ConnectFault | undefined;
  send(seen: Seen): SendFault | undefined;
  /** A request has arrived; the mood in which it is handled. */
  arrived(seen: Seen): Mood | undefined;
  answered(frame: Uint8Array): void;
}

const MASTER_KEY = new Uint8Array(16).fill(0x11);
const NETWORK_MS = 20;

interface Connection {
  open: boolean;
  readonly sink: HostSink;
}

/**
 * The network between the counter and the acquirer, and the acquirer with its books behind it. It keeps order, takes
 * 20 ms each way, and does what the plan says.
 */
export class Network {
  /** Until when a request that is held in the network may still arrive; then the world is quiet. */
  heldUntilMs = 0;
  /** An old answer came with the number, kind and amount of another request: no terminal can tell it from its own. */
  lied = false;
  /** Ways to the acquirer; all of them end in the same books. */
  routes = 1;
  private readonly timeline: Timeline;
  private readonly ledger: Ledger;
  private readonly random: Random;
  private readonly events: NetworkEvents;
  private readonly acquirer: Acquirer;
  /** Answers that went out, newest last: a sick front end sends one of them again. */
  private readonly sentAnswers: { readonly seen: Seen; readonly bytes: Uint8Array }[] = [];
  /** An answer that the front end keeps, to send it instead of the one to the reversal. */
  private withheld: { readonly trace: string; readonly bytes: Uint8Array } | undefined;
  private outageUntilMs = 0;

  constructor(
    timeline: Timeline,
    plan: FieldPlan,
    ledger: Ledger,
    random: Random,
    events: NetworkEvents,
    log: ((line: string) => void) | undefined,
  ) {
    this.timeline = timeline;
    this.ledger = ledger;
    this.random = random;
    this.events = events;
    this.acquirer = new Acquirer({
      plan,
      ledger,
      entropy: random,
      local: localTime,
      masterKey: MASTER_KEY,
      terminals: [DEFAULT_TERMINAL],
      ...(log ? { log } : {}),
    });
  }

  /** The counter's end, for one process. */
  link(process: Process): HostLink & { drop(): void } {
    let connection: Connection | undefined;
    const drop = (): void => {
      if (connection) connection.open = false;
      connection = undefined;
    };
    return {
      routes: this.routes,
      routeName: route => `acquirer.sim:${8583 + route}`,
      connect: (_, sink) => {
        drop();
        const opened: Connection = { open: true, sink };
        connection = opened;
        const fault = this.events.connect() ?? (this.timeline.nowMs < this.outageUntilMs ? 'unreachable' : undefined);
        if (fault === 'silent') return;
        this.timeline.set(NETWORK_MS, () => {
          if (!opened.open || process.dead) return;
          if (fault === undefined) return sink.connected();
          opened.open = false;
          sink.closed({ kind: fault, detail: 'no way to the acquirer' });
        });
      },
      write: bytes => {
        if (process.dead || !connection) return;
        const frame = bytes.slice();
        const to = connection;
        const seen = see(frame);
        const fault = this.events.send(seen);
        if (fault === 'crashBefore') throw new Crash('before a request went out');
        this.timeline.set(NETWORK_MS, () => this.arrive(frame, seen, to, process));
        if (fault === 'crashAfter') throw new Crash('after a request went out');
      },
      close: drop,
      drop,
    };
  }

  /** The network is sound from now on. */
  calm(): void {
    this.outageUntilMs = 0;
    this.withheld = undefined;
  }

  private arrive(frame: Uint8Array, seen: Seen, from: Connection, process: Process): void {
    const mood = this.events.arrived(seen);
    const { withheld } = this;
    if (withheld && seen.mti === '0400' && seen.trace === withheld.trace) {
      this.withheld = undefined;
      return this.deliver(withheld.bytes, 0, from, process);
    }
    if (mood?.extra === 'lost') return;
    if (mood?.extra === 'cut') return this.close(from, process);
    if (mood?.extra === 'held') {
      const delayMs = mood.delayMs ?? 0;
      this.heldUntilMs = Math.max(this.heldUntilMs, this.timeline.nowMs + delayMs);
      this.timeline.set(delayMs, () => this.handle(frame, seen, undefined, from, process));
      return;
    }
    this.handle(frame, seen, mood, from, process);
  }

  private handle(frame: Uint8Array, seen: Seen, mood: Mood | undefined, from: Connection, process: Process): void {
    const reply = this.acquirer.handle(frame, START_MS + this.timeline.nowMs, mood?.effect);
    if (mood?.extra === 'otherAmount') this.bookOtherAmount(seen);
    if (mood?.extra === 'bookAgain') this.bookAgain(seen);
    const old = mood?.extra === 'stale' ? this.oldAnswer(seen) : undefined;
    if (old) {
      this.lied ||= fits(see(old), seen);
      this.deliver(old, 0, from, process);
    }
    if (mood?.extra === 'outage') this.outageUntilMs = this.timeline.nowMs + (mood.delayMs ?? 0);
    if (mood?.extra === 'swapped' && reply.answers.length > 0) {
      this.withheld = { trace: seen.trace, bytes: reply.answers[0].bytes };
      return;
    }
    let lastMs = 0;
    for (const { delayMs, bytes } of reply.answers) {
      this.deliver(bytes, delayMs, from, process);
      lastMs = Math.max(lastMs, delayMs);
      if (reply.close !== true && this.sentAnswers.push({ seen, bytes }) > 12) this.sentAnswers.shift();
    }
    if (reply.close === true) this.timeline.set(lastMs, () => this.close(from, process));
  }

  /** The old answer that a terminal could most easily take for the one to this request. */
  private oldAnswer({ mti, trace, amountMinor }: Seen): Uint8Array | undefined {
    const others = this.sentAnswers.filter(one => one.seen.trace !== trace || one.seen.mti !== mti);
    const alike =
      others.findLast(one => one.seen.trace === trace) ??
      others.findLast(one => one.seen.mti === mti && one.seen.amountMinor === amountMinor) ??
      others.findLast(one => one.seen.mti === mti);
    return (alike ?? others[this.random.below(others.length)])?.bytes;
  }

  private deliver(bytes: Uint8Array, delayMs: number, to: Connection, process: Process): void {
    this.timeline.set(delayMs + NETWORK_MS, () => {
      if (!to.open || process.dead) return;
      this.events.answered(bytes);
      to.sink.received(bytes);
    });
  }

  private close(connection: Connection, process: Process): void {
    this.timeline.set(NETWORK_MS, () => {
      if (!connection.open || process.dead) return;
      connection.open = false;
      connection.sink.closed({ kind: 'reset', detail: 'connection reset by peer' });
    });
  }

  /** The acquirer books one fen more than was asked for, as its answer says. */
  private bookOtherAmount(seen: Seen): void {
    this.ledger.db
      .prepare("UPDATE txn SET amountMinor = amountMinor + 1 WHERE batch = ? AND trace = ? AND state = 'approved'")
      .run(seen.batch, seen.trace);
  }

  /** The acquirer books an original again whose reversal it has just accepted: nobody can survive that unseen. */
  private bookAgain(seen: Seen): void {
    this.ledger.db
      .prepare("UPDATE txn SET state = 'approved' WHERE batch = ? AND trace = ? AND state = 'reversed' AND code = '00'")
      .run(seen.batch, seen.trace);
  }
}

/** Does the answer say of itself that it belongs to the request? */
function fits(answer: Seen, { mti, trace, type, amountMinor }: Seen): boolean {
  const answered = Number(mti) + 10 === Number(answer.mti) && answer.trace === trace;
  return answered && answer.type === type && answer.amountMinor === amountMinor;
}
