import type { SerialPort, SerialSink } from '../../src/hal/hal.ts';
import { PACKET_LENGTH_MAX } from '../../src/limits.ts';
import { packetLengthMax } from '../../src/wire/packet.ts';
import { Random } from './random.ts';
import type { Process, Timeline } from './timeline.ts';

/** What may happen to something written to the serial line, and to what follows it. */
export interface LineFault {
  readonly kind: 'bitErrors' | 'bytesLost' | 'bytesDoubled' | 'pieceTwice' | 'pieceLate' | 'burst' | 'unplugged';
  /** How many writes it lasts. */
  readonly pieces: number;
  /** Probability for each byte, or how long it lasts, milliseconds. */
  readonly strength: number;
  readonly seed: number;
}

const LINE_MS = 1;

/** The longest packet with every byte doubled. */
const ROOM = 2 * packetLengthMax(PACKET_LENGTH_MAX);

/** One direction of the line. */
interface Way {
  readonly name: 'up' | 'down';
  busyUntilMs: number;
  /** What was put on it last. */
  last: Piece | undefined;
}

/** Bytes on their way, of one write or of several that arrive together. One that has arrived is used again. */
interface Piece {
  /** `bytes[0, length)` are on their way. */
  readonly bytes: Uint8Array;
  length: number;
  /** The beginnings of `bytes` that have arrived before, by their length. */
  readonly views: Uint8Array[];
  way: Way;
  /** Of the line when it was written. */
  generation: number;
  dueMs: number;
  readonly arrive: () => void;
}

/**
 * The serial cable between the counter host and the terminal. Bytes take a millisecond; what arrives one way in the same
 * millisecond is read in one go, as a driver hands over all that is there. A pulled cable loses bytes; noise changes, loses
 * or doubles them in either direction.
 */
export class SerialLine {
  /** Called for each write to the line. */
  onPiece: () => LineFault | undefined = () => undefined;
  /** Told of the bytes as they arrive, for a story with the bytes of the line. */
  onBytes: ((way: Way['name'], bytes: Uint8Array) => void) | undefined;
  private readonly timeline: Timeline;
  private readonly terminal: (bytes: Uint8Array) => void;
  private sink: SerialSink | undefined;
  /** Asked to open, not answered yet. */
  private opening: SerialSink | undefined;
  private plugged = true;
  /** Counts opens and unplugs: bytes of an older one are lost. */
  private generation = 0;
  private readonly up: Way = { name: 'up', busyUntilMs: 0, last: undefined };
  private readonly down: Way = { name: 'down', busyUntilMs: 0, last: undefined };
  /** Pieces that are on their way no more. */
  private readonly arrived: Piece[] = [];
  private noise: { readonly fault: LineFault; readonly random: Random; left: number } | undefined;

  constructor(timeline: Timeline, terminal: (bytes: Uint8Array) => void) {
    this.timeline = timeline;
    this.terminal = terminal;
  }

  /** Bytes of the terminal; the array is valid during the call only. */
  fromTerminal(bytes: Uint8Array): void {
    this.carry(bytes, this.up);
  }

  /** The host's end, for one process. */
  port(process: Process): SerialPort {
    return {
      path: '/dev/ttySIM',
      open: sink => {
        this.drop();
        this.opening = sink;
        this.timeline.set(LINE_MS, () => {
          // A cable pulled meanwhile is told below; a port closed or opened anew meanwhile says nothing more.
          if (process.dead || this.opening !== sink) return;
          this.opening = undefined;
          if (!this.plugged) return sink.closed({ kind: 'missing', detail: 'no such device' });
          this.sink = sink;
          sink.opened();
        });
      },
      write: bytes => {
        if (this.sink && !process.dead) this.carry(bytes, this.down);
      },
      close: () => {
        if (process.dead) return;
        this.opening = undefined;
        this.drop();
      },
    };
  }

  /** The host lets go of the line without a word: its process ended. */
  drop(): void {
    this.sink = undefined;
    this.generation++;
    this.up.busyUntilMs = this.down.busyUntilMs = 0;
  }

  unplug(): void {
    const { sink } = this;
    this.plugged = false;
    this.drop();
    sink?.closed({ kind: 'hangup', detail: 'the cable was pulled' });
  }

  plug(): void {
    this.plugged = true;
  }

  /** The line is sound from now on. */
  calm(): void {
    this.noise = undefined;
    this.plug();
  }

  private carry(bytes: Uint8Array, way: Way): void {
    const fault = this.onPiece();
    if (fault?.kind === 'unplugged') {
      this.timeline.set(0, () => this.unplug());
      this.timeline.set(fault.strength, () => this.plug());
    } else if (fault) this.noise = { fault, random: new Random(fault.seed), left: fault.pieces };
    let carried = bytes;
    let delayMs = LINE_MS;
    let times = 1;
    const { noise } = this;
    if (noise) {
      if (noise.fault.kind === 'pieceTwice') times = 2;
      else if (noise.fault.kind === 'pieceLate') delayMs = noise.fault.strength;
      else carried = damaged(bytes.slice(), noise.fault, noise.random);
      if (--noise.left <= 0) this.noise = undefined;
    }
    // A stalled adapter keeps the order: what is written meanwhile waits behind it.
    const dueMs = Math.max(this.timeline.nowMs + delayMs, way.busyUntilMs);
    way.busyUntilMs = dueMs;
    for (let copy = 0; copy < times; copy++) {
      const { last } = way;
      const joins = copy === 0 && last?.dueMs === dueMs && last.way === way && last.generation === this.generation;
      const piece = joins && last.length + carried.length <= ROOM ? last : this.put(way, dueMs);
      piece.bytes.set(carried, piece.length);
      piece.length += carried.length;
    }
  }

  /** An empty piece that arrives at `dueMs`. */
  private put(way: Way, dueMs: number): Piece {
    const piece = this.arrived.pop() ?? this.newPiece();
    piece.length = 0;
    piece.way = way;
    piece.generation = this.generation;
    piece.dueMs = dueMs;
    way.last = piece;
    this.timeline.set(dueMs - this.timeline.nowMs, piece.arrive);
    return piece;
  }

  private newPiece(): Piece {
    const piece: Piece = {
      bytes: new Uint8Array(ROOM),
      length: 0,
      views: [],
      way: this.up,
      generation: 0,
      dueMs: 0,
      arrive: () => {
        if (piece.generation === this.generation) this.arrives(piece);
        this.arrived.push(piece);
      },
    };
    return piece;
  }

  private arrives({ bytes, length, views, way }: Piece): void {
    const arrived = (views[length] ??= bytes.subarray(0, length));
    this.onBytes?.(way.name, arrived);
    if (way === this.down) this.terminal(arrived);
    else this.sink?.received(arrived);
  }
}

/** The bytes as the noise leaves them. */
function damaged(bytes: Uint8Array, fault: LineFault, random: Random): Uint8Array {
  if (fault.kind === 'burst') {
    const from = random.below(bytes.length + 1);
    for (let i = from; i < Math.min(bytes.length, from + fault.strength); i++) bytes[i] = random.next() >>> 24;
    return bytes;
  }
  const out: number[] = [];
  for (const byte of bytes) {
    if (!random.chance(fault.strength)) out.push(byte);
    else if (fault.kind === 'bitErrors') out.push(byte ^ (1 << random.below(8)));
    else if (fault.kind === 'bytesDoubled') out.push(byte, byte);
  }
  return Uint8Array.from(out);
}
