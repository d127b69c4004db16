import { assert } from '../assert.ts';
import type { Fault } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';
import { PACKET_LENGTH_MAX } from '../limits.ts';
import {
  damagedFault,
  lineDownFault,
  LinkTimes,
  lostFault,
  noAcknowledgeFault,
  noEndFault,
  PACKET_OVERHEAD,
  refusedFault,
  timeoutFault,
  type LinkAnswer,
  type LinkChannel,
  type LinkCounters,
} from './link-types.ts';
import { CAN, encodePacket, NAK, PacketEvent, packetLengthMax, PacketReceiver } from '../wire/packet.ts';

export interface LinkOptions {
  /** Hands bytes to the line; they are copied or sent before the call returns. */
  readonly write: (bytes: Uint8Array) => void;
  readonly timers: Timers;
  /** NTM notice of the terminal, 32 one-byte characters; `data[start, end)` is valid only during the call. */
  readonly notice?: (data: Uint8Array, start: number, end: number) => void;
}

type State = 'down' | 'idle' | 'sent' | 'answer' | 'silence' | 'cancelling';

const DC2 = 0x12;
const [N, T, M, E, R] = [0x4e, 0x54, 0x4d, 0x45, 0x52];
/** NTM + 000 + 032. */
const NOTICE_HEAD = 9;

/**
 * Host side of the ABECS link layer: one command in flight, ACK within 2 s, three tries, NAK after a damaged answer,
 * CAN and EOT. It makes no decision about repeating a command that failed; that is the room above.
 *
 * A packet that comes while the acknowledge is still owed is discarded: a lost ACK is a communication error.
 * Receiving and framing create no objects.
 */
export class AbecsLink {
  /** Set while a secure session stands; commands are then encrypted. */
  channel: LinkChannel | undefined = undefined;
  /** The terminal has acknowledged the last command, or bytes came that may have been a damaged ACK: it may work on it. */
  accepted = false;
  readonly counters: LinkCounters = {
    sent: 0,
    bytesSent: 0,
    dataSent: 0,
    received: 0,
    resent: 0,
    naksSent: 0,
    naksReceived: 0,
    crcErrors: 0,
    badPackets: 0,
    strays: 0,
    notices: 0,
    noiseBytes: 0,
    timeouts: 0,
    cancels: 0,
  };
  private readonly options: LinkOptions;
  private readonly receiver = new PacketReceiver();
  private readonly frame = new Uint8Array(packetLengthMax(PACKET_LENGTH_MAX));
  private readonly sealed = new Uint8Array(PACKET_LENGTH_MAX);
  private readonly control = new Uint8Array(1);
  private readonly answer: { -readonly [K in keyof LinkAnswer]: LinkAnswer[K] };
  private state: State = 'down';
  private frameLength = 0;
  /** Bytes of the frame without what the line escapes. */
  private dataLength = 0;
  private name0 = 0;
  private name1 = 0;
  private name2 = 0;
  private blocking = false;
  private doubtMs: number = LinkTimes.doubtMs;
  private limitMs = 0;
  /** The answer of a blocking command may have been lost; its time is running. */
  private inDoubt = false;
  private tries = 0;
  private damaged = 0;
  private lateNakSent = false;
  private graceGiven = false;
  private done: ((answer: LinkAnswer) => void) | undefined = undefined;
  private cancelDone: ((fault: Fault | undefined) => void) | undefined = undefined;
  /** Runs the state: acknowledge, answer, EOT. */
  private timer = 0;
  /** Gap inside a packet, or the silence after a bad one. */
  private quiet = 0;
  private readonly onTimer = (): void => {
    this.timer = 0;
    this.expired();
  };
  private readonly onQuiet = (): void => {
    this.quiet = 0;
    this.silent();
  };

  constructor(options: LinkOptions) {
    this.options = options;
    this.answer = { kind: 'answer', data: this.receiver.data, length: 0, fault: undefined };
  }

  /** A command or a cancel is under way. */
  get busy(): boolean {
    return this.state !== 'idle' && this.state !== 'down';
  }

  /** A packet of the terminal has begun and has not ended. */
  get insidePacket(): boolean {
    return this.receiver.inside;
  }

  get up(): boolean {
    return this.state !== 'down';
  }

  lineUp(): void {
    if (this.state !== 'down') this.lineDown();
    this.receiver.reset();
    this.channel = undefined;
    this.state = 'idle';
  }

  /** Ends what is under way with the fault `line-down`. */
  lineDown(): void {
    if (this.state === 'down') return;
    const cancelDone = this.cancelDone;
    this.cancelDone = undefined;
    this.state = 'down';
    this.channel = undefined;
    this.stopTimers();
    this.receiver.reset();
    this.receiver.data.fill(0);
    const down = lineDownFault();
    this.finish('failed', down, 0);
    if (cancelDone !== undefined) cancelDone(down);
  }

  /**
   * Sends `command[0, length)` and calls `done` exactly once, never before this call returns unless `write` itself
   * brings the answer. `blocking` commands wait for a person and therefore for ever, unless `limitMs` says otherwise;
   * the others have 10 s. `doubtMs`: how long a blocking command is still waited for after the line was disturbed.
   */
  request(
    command: Uint8Array,
    length: number,
    blocking: boolean,
    done: (answer: LinkAnswer) => void,
    limitMs = 0,
    doubtMs: number = LinkTimes.doubtMs,
  ): void {
    assert(!this.busy, 'one command in flight on the terminal line');
    assert(length >= 3 && length <= PACKET_LENGTH_MAX, 'command length outside 3–2049');
    this.done = done;
    if (this.state === 'down') return this.finish('failed', lineDownFault(), 0);
    this.name0 = command[0];
    this.name1 = command[1];
    this.name2 = command[2];
    this.blocking = blocking;
    this.limitMs = limitMs;
    this.doubtMs = doubtMs;
    this.tries = 1;
    this.accepted = false;
    this.damaged = 0;
    this.lateNakSent = false;
    this.graceGiven = false;
    this.receiver.reset(); // half a stray packet would swallow the ACK
    let end: number;
    if (this.channel === undefined) {
      end = encodePacket(command, length, this.frame, 0);
    } else {
      const sealedLength = this.channel.seal(command, length, this.sealed);
      assert(sealedLength > 0, 'a clear command of at most 2044 bytes fits into a secure packet');
      end = encodePacket(this.sealed, sealedLength, this.frame, 0);
    }
    assert(end > 0, 'the frame buffer holds every packet');
    this.dataLength = length + PACKET_OVERHEAD;
    this.frameLength = end;
    this.send();
  }

  /**
   * CAN until EOT comes, at most three times 2 s; everything else that comes meanwhile is ignored. The command in
   * flight ends as `cancelled` (its answer may have crossed the CAN and is dropped), then `done` is called.
   */
  cancel(done: (fault: Fault | undefined) => void): void {
    assert(this.state !== 'cancelling', 'one cancel at a time');
    if (this.state === 'down') return done(lineDownFault());
    this.cancelDone = done;
    this.state = 'cancelling';
    this.stopTimers();
    this.tries = 1;
    this.sendCancel();
  }

  /** Bytes of the line, in pieces of any size. */
  received(bytes: Uint8Array): void {
    if (this.state === 'down') return;
    const receiver = this.receiver;
    for (let at = 0; at < bytes.length;) {
      if (this.state === 'silence') {
        this.armQuiet(LinkTimes.silenceMs);
        return; // the rest of the piece belongs to the bad packet
      }
      const event = receiver.receive(bytes, at);
      const taken = receiver.next - at;
      at = receiver.next;
      if (this.state === 'sent' && (event !== PacketEvent.nak || taken > 1)) this.accepted = true;
      if (event !== PacketEvent.none) this.handle(event);
    }
    if (receiver.noise !== 0) this.noise();
    // Between the packet's bytes the gap timer runs; a piece that ends outside a packet stops it.
    if (!this.up || this.state === 'silence') return;
    if (receiver.inside) this.armQuiet(LinkTimes.gapMs);
    else this.quiet = this.stop(this.quiet);
  }

  private handle(event: PacketEvent): void {
    switch (event) {
      case PacketEvent.packet:
        return this.packet();
      case PacketEvent.bad:
        if (this.receiver.fault === 'crc') this.counters.crcErrors++;
        else this.counters.badPackets++;
        return this.damage();
      case PacketEvent.ack:
        if (this.state === 'sent') this.acknowledged();
        return;
      case PacketEvent.nak:
        if (this.state !== 'sent') return;
        this.counters.naksReceived++;
        return this.refused();
      case PacketEvent.eot:
        if (this.state === 'cancelling') this.cancelled();
        // The terminal took noise for a CAN and ended the command by itself, or this is the late end of an earlier one.
        else if (this.state === 'answer' && this.blocking) this.doubt();
        return;
      default:
        return;
    }
  }

  private packet(): void {
    const received = this.receiver.length;
    this.counters.received++;
    this.dispatch(received);
    // Clear card data is gone as soon as the room above has copied it. A new packet may have begun meanwhile.
    const from = this.receiver.inside ? this.receiver.length : 0;
    if (received > from) this.receiver.data.fill(0, from, received);
  }

  private dispatch(received: number): void {
    if (this.state !== 'answer') {
      this.counters.strays++;
      return;
    }
    const data = this.receiver.data;
    let length = received;
    if (this.channel !== undefined && data[0] === DC2) {
      length = this.channel.open(data, received);
      if (length < 0) {
        this.counters.badPackets++;
        return this.damage();
      }
    }
    if (length >= NOTICE_HEAD && data[0] === N && data[1] === T && data[2] === M) {
      this.counters.notices++;
      if (this.options.notice !== undefined) this.options.notice(data, NOTICE_HEAD, length);
      return;
    }
    const named = length >= 6 && data[0] === this.name0 && data[1] === this.name1 && data[2] === this.name2;
    if (!named && !(length >= 6 && data[0] === E && data[1] === R && data[2] === R)) {
      this.counters.strays++;
      return;
    }
    this.state = 'idle';
    this.stopTimers();
    this.finish('answer', undefined, length);
  }

  private send(): void {
    this.state = 'sent';
    this.counters.sent++;
    this.counters.bytesSent += this.frameLength;
    this.counters.dataSent += this.dataLength;
    this.arm(LinkTimes.acknowledgeMs);
    this.options.write(this.frame.subarray(0, this.frameLength));
  }

  private sendControl(byte: number): void {
    this.control[0] = byte;
    this.options.write(this.control);
  }

  private sendCancel(): void {
    this.counters.cancels++;
    this.arm(LinkTimes.endMs);
    this.sendControl(CAN);
  }

  private acknowledged(): void {
    this.state = 'answer';
    this.accepted = true;
    this.armAnswer();
  }

  private armAnswer(): void {
    if (!this.blocking) this.arm(LinkTimes.answerMs);
    else if (this.limitMs > 0) this.arm(this.limitMs);
    else this.timer = this.stop(this.timer);
  }

  private refused(): void {
    if (this.tries >= LinkTimes.tries) return this.fail(refusedFault());
    this.tries++;
    this.counters.resent++;
    this.send();
  }

  /** A packet came damaged: wait for a quiet line, then ask for it again. */
  private damage(): void {
    if (this.state !== 'answer') return;
    this.state = 'silence';
    this.receiver.reset();
    this.armQuiet(LinkTimes.silenceMs);
  }

  /** The line has been quiet for the gap or the silence time. */
  private silent(): void {
    if (this.state === 'silence') return this.askAgain();
    if (!this.receiver.inside) return;
    this.receiver.reset();
    this.counters.badPackets++;
    if (this.state === 'answer') this.askAgain();
  }

  private askAgain(): void {
    this.damaged++;
    if (this.damaged >= LinkTimes.tries) return this.fail(damagedFault());
    this.counters.naksSent++;
    this.state = 'answer';
    if (this.blocking) this.doubt();
    else this.arm(LinkTimes.answerMs);
    this.sendControl(NAK);
  }

  /** Bytes that belong to nothing: for a waiting blocking command they may have been its answer. */
  private noise(): void {
    this.counters.noiseBytes += this.receiver.noise;
    this.receiver.noise = 0;
    if (this.state === 'answer' && this.blocking) this.doubt();
  }

  private doubt(): void {
    if (this.inDoubt) return;
    this.inDoubt = true;
    // A long doubt is shortened by one NAK: a terminal that has answered says it again, one that still waits ignores it.
    this.arm(Math.min(this.doubtMs, LinkTimes.answerMs));
  }

  private expired(): void {
    switch (this.state) {
      case 'sent':
        this.counters.timeouts++;
        return this.fail(noAcknowledgeFault());
      case 'answer':
      case 'silence':
        return this.answerLate();
      case 'cancelling':
        this.counters.timeouts++;
        if (this.tries >= LinkTimes.tries) return this.cancelFailed();
        this.tries++;
        this.receiver.reset();
        return this.sendCancel();
      default:
        return;
    }
  }

  private answerLate(): void {
    if (!this.graceGiven && (this.receiver.inside || this.state === 'silence')) {
      this.graceGiven = true;
      return this.arm(LinkTimes.graceMs);
    }
    const restMs = this.blocking ? (this.inDoubt ? this.doubtMs - LinkTimes.answerMs : 0) : LinkTimes.graceMs;
    if (this.lateNakSent || this.state === 'silence' || restMs <= 0) {
      this.counters.timeouts++;
      return this.fail(this.blocking ? lostFault() : timeoutFault());
    }
    this.lateNakSent = true;
    this.counters.naksSent++;
    this.arm(restMs);
    this.sendControl(NAK);
  }

  private cancelled(): void {
    this.receiver.reset();
    this.endCancel(undefined);
  }

  private cancelFailed(): void {
    this.endCancel(noEndFault());
  }

  private endCancel(result: Fault | undefined): void {
    const done = this.cancelDone;
    this.cancelDone = undefined;
    this.state = 'idle';
    this.stopTimers();
    this.finish('cancelled', undefined, 0);
    if (done !== undefined) done(result);
  }

  private fail(cause: Fault): void {
    this.state = 'idle';
    this.stopTimers();
    this.receiver.reset();
    this.finish('failed', cause, 0);
  }

  private finish(kind: LinkAnswer['kind'], cause: Fault | undefined, length: number): void {
    const done = this.done;
    this.done = undefined;
    this.inDoubt = false;
    this.frame.fill(0, 0, this.frameLength);
    this.frameLength = 0;
    if (done === undefined) return;
    this.answer.kind = kind;
    this.answer.fault = cause;
    this.answer.length = length;
    done(this.answer);
  }

  private arm(delayMs: number): void {
    this.stop(this.timer);
    this.timer = this.options.timers.set(delayMs, this.onTimer);
  }

  private armQuiet(delayMs: number): void {
    this.stop(this.quiet);
    this.quiet = this.options.timers.set(delayMs, this.onQuiet);
  }

  private stop(handle: number): number {
    if (handle !== 0) this.options.timers.clear(handle);
    return 0;
  }

  private stopTimers(): void {
    this.timer = this.stop(this.timer);
    this.quiet = this.stop(this.quiet);
  }
}
