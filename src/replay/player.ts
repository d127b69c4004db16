import type { Hal, HostClose, HostSink, LocalTime, Log, SerialClose, SerialSink } from '../hal/hal.ts';
import type { Vault } from '../journal/journal.ts';
import { Kind } from '../trace/kinds.ts';
import { type SessionBegin, STOP } from './begin.ts';
import { type Tape, type TapeRecord, textsOf, type Turn, viewOf } from './tape.ts';

/** The replay cannot go on here, and the trace is not to blame. */
export class NotReplayed extends Error {}
/** The program did something else than the trace has. */
export class Astray extends Error {}
/** The trace ends in the middle of what an event did: the process was killed. */
export class TapeOver extends Error {}

/** The runtime that is driven. */
export interface Driven {
  stop(): void;
  control(call: { readonly line: string; answer(line: string): void; isGone(): boolean }): void;
}

/** One clock of the tape. */
interface Reading {
  value: number;
  /** Readings since the value was new. */
  same: number;
}

/**
 * A rim made of a trace. Nothing waits: what came from outside then comes again in its order, each event handled to its end;
 * clocks and the vault answer from the records that followed from the event. What the runtime writes goes nowhere here: a second
 * recorder around this rim writes it down to be compared.
 */
export class Player {
  readonly hal: Hal;
  readonly vault: Vault;
  private readonly tape: Tape;
  private turn: Turn = { event: undefined, records: [] };
  private walls: TapeRecord[] = [];
  private monotonics: TapeRecord[] = [];
  private answers: TapeRecord[] = [];
  private readonly wall: Reading = { value: 0, same: 0 };
  private readonly monotonic: Reading = { value: 0, same: 0 };
  private alarms = 0;
  private readonly fires = new Map<number, () => void>();
  private serialSink: SerialSink | undefined;
  private hostSink: HostSink | undefined;
  private readonly deliveries = new Map<string, ((why?: string) => void)[]>();

  constructor(tape: Tape, begin: SessionBegin, rim: { local(ms: number): LocalTime; readonly log?: Log }) {
    this.tape = tape;
    this.vault = { ask: question => this.answer(question) };
    const { outbox } = begin;
    this.hal = {
      clock: {
        nowMs: () => read(this.wall, this.walls),
        monotonicMs: () => read(this.monotonic, this.monotonics),
        local: ms => rim.local(ms),
      },
      timers: {
        set: (_, fire) => {
          this.fires.set(++this.alarms, fire);
          return this.alarms;
        },
        clear: handle => void this.fires.delete(handle),
      },
      entropy: { fill: bytes => void bytes.fill(0) },
      serial: {
        path: begin.port,
        open: sink => {
          this.serialSink = sink;
        },
        write: () => {},
        close: () => {},
      },
      host: {
        routes: begin.routes.length,
        routeName: route => begin.routes[route] ?? '',
        connect: (_, sink) => {
          this.hostSink = sink;
        },
        write: () => {},
        close: () => {},
      },
      log: rim.log ?? SILENT,
      ...(outbox
        ? {
            outbox: {
              adapters: outbox,
              deliver: (adapter, _, done) => {
                const waiting = this.deliveries.get(adapter);
                if (waiting) waiting.push(done);
                else this.deliveries.set(adapter, [done]);
              },
            },
          }
        : {}),
    };
  }

  /** Lays the next turn ready; undefined at the end. */
  next(): Turn | undefined {
    const turn = this.tape.turn();
    if (!turn) return undefined;
    this.turn = turn;
    this.walls = turn.records.filter(record => record.kind === Kind.wall).reverse();
    this.monotonics = turn.records.filter(record => record.kind === Kind.monotonic).reverse();
    this.answers = turn.records.filter(record => record.kind === Kind.answer).reverse();
    return turn;
  }

  /** Lets the event of the turn happen. Throws {@link Astray} when nobody waits for it. */
  happen(runtime: Driven): void {
    const { event } = this.turn;
    if (!event) return;
    const { bytes } = event;
    switch (event.kind) {
      case Kind.alarm:
        return this.fire(viewOf(bytes).getUint32(0));
      case Kind.lineOpened:
        return this.serial().opened();
      case Kind.lineIn:
        return this.serial().received(bytes.slice());
      case Kind.lineClosed: {
        const [kind, detail = ''] = textsOf(bytes);
        return this.serial().closed({ kind: kind as SerialClose['kind'], detail });
      }
      case Kind.hostConnected:
        return this.host().connected();
      case Kind.hostIn:
        return this.host().received(bytes.slice());
      case Kind.hostClosed: {
        const [kind, detail = ''] = textsOf(bytes);
        return this.host().closed({ kind: kind as HostClose['kind'], detail });
      }
      case Kind.control: {
        const [line = ''] = textsOf(bytes);
        return line === STOP ? runtime.stop() : runtime.control({ line, answer: () => {}, isGone: () => false });
      }
      case Kind.noticed: {
        const [why = '', adapter = ''] = textsOf(bytes);
        const done = this.deliveries.get(adapter)?.shift();
        if (!done) throw new Astray(`a notice was taken (${adapter}), and none is on its way`);
        return why === '' ? done() : done(why);
      }
    }
  }

  private fire(number: number): void {
    const fire = this.fires.get(number);
    if (!fire)
      throw new Astray(
        number > this.alarms
          ? `alarm ${number} went off, and only ${this.alarms} were set`
          : `alarm ${number} went off, which has gone off before or was cleared`,
      );
    this.fires.delete(number);
    fire();
  }

  private serial(): SerialSink {
    if (!this.serialSink) throw new Astray('the terminal line says something, and nobody opened it');
    return this.serialSink;
  }

  private host(): HostSink {
    if (!this.hostSink) throw new Astray('the acquirer says something, and nobody connected');
    return this.hostSink;
  }

  private answer(question: string): string {
    const record = this.answers.pop();
    // Where the trace ends, the answer may have been lost with what followed.
    if (!record && this.tape.next === undefined && !this.tape.complete) throw new TapeOver();
    if (!record) throw new Astray(`the program asks the vault "${question}", and did not ask it then`);
    const [asked, ...parts] = textsOf(record.bytes);
    if (asked !== question)
      throw new Astray(`the program asks the vault "${question}"; then it asked "${asked}" (record ${record.index})`);
    return parts.join('');
  }
}

/** The next reading; `ahead`: the new values of this turn, the next one last. */
function read(clock: Reading, ahead: TapeRecord[]): number {
  const next = ahead.at(-1);
  if (next && next.bytes.length >= 12 && clock.same >= viewOf(next.bytes).getUint32(8)) {
    ahead.pop();
    clock.value = viewOf(next.bytes).getFloat64(0);
    clock.same = 0;
  } else clock.same++;
  return clock.value;
}

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };
