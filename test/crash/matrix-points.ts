import type { Hal, HostLink, HostSink, SerialPort, SerialSink, Timers } from '../../src/hal/hal.ts';
import { Crash, type Process, type Timeline } from '../simulation/timeline.ts';

/** What is on its way when the program ends: it arrives, as from the buffers of the system, or it is lost with it. */
export type InFlight = 'arrives' | 'lost';

/** Where a program is to end. */
export interface Cut {
  /** Number of the point, from 1. */
  readonly point: number;
  readonly inFlight: InFlight;
}

/** A moment at which the program can be cut, as the run without a crash saw it. */
export interface Point {
  readonly what: string;
  /** Bytes of the program were on their way. */
  readonly inFlight: boolean;
}

/**
 * The crash points of a run: before and after each thing that leaves the program (a commit, bytes, a connection) and
 * before each thing that comes in (bytes, a timer). Two moments between which nothing changed outside the program are
 * one point: the program forgets everything anyway.
 */
export class Points {
  /** Points are counted from here on. */
  counting = false;
  /** Those of the run, when it is a run without a crash. */
  readonly seen: Point[] = [];
  /** Bytes that the program has written and nobody has received yet. */
  flying = 0;
  private readonly cut: Cut | undefined;
  private readonly crash: () => void;
  private count = 0;
  private changed = true;

  /** `crash` ends the program; `cut` says where. */
  constructor(cut: Cut | undefined, crash: () => void) {
    this.cut = cut;
    this.crash = crash;
  }

  /** The world goes on: what follows is another moment. */
  tick(): void {
    this.changed = true;
  }

  /** A moment of the program. Throws when it is the one to end at. */
  at(what: string): void {
    if (!this.counting || !this.changed) return;
    this.changed = false;
    this.count++;
    if (!this.cut) this.seen.push({ what, inFlight: this.flying > 0 });
    else if (this.count === this.cut.point) {
      this.counting = false;
      this.crash();
      throw new Crash(what);
    }
  }

  /** Something leaves the program. */
  out(what: string, work: () => void): void {
    this.at(`before ${what}`);
    work();
    this.changed = true;
    this.at(`after ${what}`);
  }

  /** The same rim with a point at each crossing. */
  around(hal: Hal): Hal {
    return { ...hal, timers: this.timers(hal.timers), serial: this.serial(hal.serial), host: this.host(hal.host) };
  }

  private timers(timers: Timers): Timers {
    return {
      set: (delayMs, fire) =>
        timers.set(delayMs, () => {
          this.at('before a timer');
          fire();
        }),
      clear: handle => timers.clear(handle),
    };
  }

  private serial(port: SerialPort): SerialPort {
    return {
      path: port.path,
      open: (sink: SerialSink) =>
        this.out('opening the terminal line', () =>
          port.open({
            opened: () => {
              this.at('before the terminal line is open');
              sink.opened();
            },
            received: bytes => {
              this.at('before bytes of the terminal');
              sink.received(bytes);
            },
            closed: reason => sink.closed(reason),
          }),
        ),
      write: bytes => this.out('bytes to the terminal', () => port.write(bytes)),
      close: () => port.close(),
    };
  }

  private host(link: HostLink): HostLink {
    return {
      routes: link.routes,
      routeName: route => link.routeName(route),
      connect: (route, sink: HostSink) =>
        this.out('connecting to the acquirer', () =>
          link.connect(route, {
            connected: () => {
              this.at('before the connection stands');
              sink.connected();
            },
            received: bytes => {
              this.at('before bytes of the acquirer');
              sink.received(bytes);
            },
            closed: reason => {
              this.at('before the end of the connection');
              sink.closed(reason);
            },
          }),
        ),
      write: bytes => this.out('bytes to the acquirer', () => link.write(bytes)),
      close: () => this.out('closing the connection', () => link.close()),
    };
  }
}

const LINE_MS = 1;

/** The cable to the terminal. Bytes take a millisecond; those of a program that ended arrive or are lost. */
export class Wire {
  private readonly timeline: Timeline;
  private readonly points: Points;
  private readonly terminal: (bytes: Uint8Array) => void;
  private sink: SerialSink | undefined;
  private generation = 0;
  private lostBefore = 0;
  private written = 0;

  constructor(timeline: Timeline, points: Points, terminal: (bytes: Uint8Array) => void) {
    this.timeline = timeline;
    this.points = points;
    this.terminal = terminal;
  }

  fromTerminal(bytes: Uint8Array): void {
    const copy = bytes.slice();
    const { generation } = this;
    this.timeline.set(LINE_MS, () => {
      if (generation === this.generation) this.sink?.received(copy);
    });
  }

  port(process: Process): SerialPort {
    return {
      path: '/dev/ttySIM',
      open: sink => {
        this.drop('lost');
        const { generation } = this;
        this.timeline.set(LINE_MS, () => {
          if (process.dead || generation !== this.generation) return;
          this.sink = sink;
          sink.opened();
        });
      },
      write: bytes => {
        if (!this.sink || process.dead) return;
        const copy = bytes.slice();
        const number = ++this.written;
        this.points.flying++;
        this.timeline.set(LINE_MS, () => {
          this.points.flying--;
          if (number > this.lostBefore) this.terminal(copy);
        });
      },
      close: () => {
        if (!process.dead) this.drop('arrives');
      },
    };
  }

  /** The program has let go of the line, or ended. */
  drop(inFlight: InFlight): void {
    this.sink = undefined;
    this.generation++;
    if (inFlight === 'lost') this.lostBefore = this.written;
  }
}
