import type { SerialPort, SerialSink } from '../../src/hal/hal.ts';
import { Random } from './random.ts';
import type { Process, Timeline } from './timeline.ts';

/** What may happen to a piece of the serial line, and to the `pieces` that follow it. */
export interface LineFault {
  readonly kind: 'bitErrors' | 'bytesLost' | 'bytesDoubled' | 'pieceTwice' | 'pieceLate' | 'burst' | 'unplugged';
  /** How many pieces of bytes it lasts. */
  readonly pieces: number;
  /** Probability for each byte, or how long it lasts, milliseconds. */
  readonly strength: number;
  readonly seed: number;
}

const LINE_MS = 1;

type Way = 'up' | 'down';

/** Bytes on their way. A piece that has arrived is used again for one of its length. */
interface Piece {
  readonly bytes: Uint8Array;
  way: Way;
  /** Of the line when it was written. */
  generation: number;
  readonly arrive: () => void;
}

/**
 * The serial cable between the counter host and the terminal. Bytes take a millisecond, in pieces as they were written;
 * a pulled cable loses them; noise changes, loses or doubles bytes in either direction.
 */
export class SerialLine {
  /** Called for each piece that is put on the line. */
  onPiece: () => LineFault | undefined = () => undefined;
  /** Told of the bytes as they arrive, for a story with the bytes of the line. */
  onBytes: ((way: Way, bytes: Uint8Array) => void) | undefined;
  private readonly timeline: Timeline;
  private readonly terminal: (bytes: Uint8Array) => void;
  private sink: SerialSink | undefined;
  /** Asked to open, not answered yet. */
  private opening: SerialSink | undefined;
  private plugged = true;
  /** Counts opens and unplugs: bytes of an older one are lost. */
  private generation = 0;
  private readonly busyUntilMs = { up: 0, down: 0 };
  /** Pieces that are on their way no more, by their length. */
  private readonly arrived: Piece[][] = [];
  private noise: { readonly fault: LineFault; readonly random: Random; left: number } | undefined;

  constructor(timeline: Timeline, terminal: (bytes: Uint8Array) => void) {
    this.timeline = timeline;
    this.terminal = terminal;
  }

  /** Bytes of the terminal; the array is valid during the call only. */
  fromTerminal(bytes: Uint8Array): void {
    this.carry(bytes, 'up');
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
        if (this.sink && !process.dead) this.carry(bytes, 'down');
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
    this.busyUntilMs.up = this.busyUntilMs.down = 0;
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
    const dueMs = Math.max(this.timeline.nowMs + delayMs, this.busyUntilMs[way]);
    this.busyUntilMs[way] = dueMs;
    for (; times > 0; times--) this.timeline.set(dueMs - this.timeline.nowMs, this.piece(carried, way).arrive);
  }

  private piece(bytes: Uint8Array, way: Way): Piece {
    const piece = this.arrived[bytes.length]?.pop() ?? this.newPiece(bytes.length);
    piece.bytes.set(bytes);
    piece.way = way;
    piece.generation = this.generation;
    return piece;
  }

  private newPiece(length: number): Piece {
    const arrived = (this.arrived[length] ??= []);
    const piece: Piece = {
      bytes: new Uint8Array(length),
      way: 'up',
      generation: 0,
      arrive: () => {
        if (piece.generation === this.generation) this.arrives(piece);
        arrived.push(piece);
      },
    };
    return piece;
  }

  private arrives({ way, bytes }: Piece): void {
    this.onBytes?.(way, bytes);
    if (way === 'down') this.terminal(bytes);
    else this.sink?.received(bytes);
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
