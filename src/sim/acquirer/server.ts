import { assert } from '../../assert.ts';
import type { Fault } from '../../fault.ts';
import type { Timers } from '../../hal/hal.ts';
import { FRAME_LENGTH_MAX } from '../../limits.ts';
import type { Reply } from './acquirer.ts';

/** One connection as the rim hands it over. */
export interface TcpPeer {
  /** `host:port` of the other end, for logs. */
  readonly name: string;
  /** Queues bytes; the caller's buffer may be reused after the call. */
  write(bytes: Uint8Array): void;
  /** Sends what is queued, then closes. */
  end(): void;
}

/** What a connection says. `received` bytes are valid only during the call; `closed` comes once. */
export interface TcpSink {
  received(bytes: Uint8Array): void;
  closed(): void;
}

export interface TcpEvents {
  /** Ready; the address with the port that was really taken. */
  listening(host: string, port: number): void;
  /** Not listening: address in use, not permitted, unknown. Comes instead of `listening`. */
  failed(fault: Fault): void;
  connected(peer: TcpPeer): TcpSink;
}

export interface TcpListener {
  /** Stops listening and closes all connections. */
  close(): void;
}

/** The part of the rim that opens a TCP server; port 0 takes any free one. */
export interface TcpRim {
  listen(host: string, port: number, events: TcpEvents): TcpListener;
}

/** Anything that answers frames: the acquirer. */
export interface FrameHandler {
  handle(frame: Uint8Array, nowMs: number): Reply;
}

export interface SessionRim {
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly log: (line: string) => void;
}

const LENGTH_BYTES = 2;

/**
 * One connection of the virtual acquirer: cuts the byte stream into frames (2-byte length), hands them to the acquirer and sends the
 * answers when their time has come. Answers that are still waiting when the connection closes are lost, as in life.
 */
export class AcquirerSession implements TcpSink {
  private readonly handler: FrameHandler;
  private readonly peer: TcpPeer;
  private readonly rim: SessionRim;
  private readonly buffer = new Uint8Array(LENGTH_BYTES + FRAME_LENGTH_MAX);
  private filled = 0;
  private open = true;
  private readonly waiting = new Set<number>();

  constructor(handler: FrameHandler, peer: TcpPeer, rim: SessionRim) {
    this.handler = handler;
    this.peer = peer;
    this.rim = rim;
  }

  received(bytes: Uint8Array): void {
    let at = 0;
    while (this.open && at < bytes.length) {
      const take = Math.min(bytes.length - at, this.missing());
      this.buffer.set(bytes.subarray(at, at + take), this.filled);
      this.filled += take;
      at += take;
      if (this.filled < LENGTH_BYTES) continue;
      const length = this.frameLength();
      if (length > FRAME_LENGTH_MAX) {
        this.rim.log(
          `-- ${this.peer.name}: frame of ${length} bytes, at most ${FRAME_LENGTH_MAX} are possible; connection closed`,
        );
        this.end();
      } else if (this.filled === LENGTH_BYTES + length) {
        this.filled = 0;
        this.answer(this.handler.handle(this.buffer.slice(0, LENGTH_BYTES + length), this.rim.nowMs()));
      }
    }
  }

  closed(): void {
    this.open = false;
    for (const handle of this.waiting) this.rim.timers.clear(handle);
    this.waiting.clear();
  }

  /** Bytes until the next decision: the length, or the rest of the frame. */
  private missing(): number {
    if (this.filled < LENGTH_BYTES) return LENGTH_BYTES - this.filled;
    return LENGTH_BYTES + this.frameLength() - this.filled;
  }

  private frameLength(): number {
    return (this.buffer[0] << 8) | this.buffer[1];
  }

  private answer(reply: Reply): void {
    let left = reply.answers.length;
    const sent = (): void => {
      left--;
      if (left <= 0 && reply.close === true) this.end();
    };
    if (left === 0) sent();
    for (const { delayMs, bytes } of reply.answers) {
      if (delayMs === 0) {
        this.peer.write(bytes);
        sent();
      } else this.later(delayMs, bytes, sent);
    }
  }

  private later(delayMs: number, bytes: Uint8Array, sent: () => void): void {
    const handle = this.rim.timers.set(delayMs, () => {
      this.waiting.delete(handle);
      assert(this.open, 'a late answer is cancelled when its connection closes');
      this.peer.write(bytes);
      sent();
    });
    this.waiting.add(handle);
  }

  private end(): void {
    this.closed();
    this.peer.end();
  }
}
