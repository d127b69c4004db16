import { assert } from '../../assert.ts';
import type { Timers } from '../../hal/hal.ts';
import { PACKET_LENGTH_MAX } from '../../limits.ts';
import { ACK, CAN, EOT, NAK, PacketEvent, PacketReceiver, encodePacket, packetLengthMax } from '../../wire/packet.ts';

/** Longest silence between two bytes of a packet, milliseconds (ABECS, pad side). */
export const BYTE_GAP_MS = 1500;
/** Silence that must pass after a damaged packet before NAK, milliseconds. */
export const SILENCE_MS = 500;

export interface DeviceLinkRim {
  readonly timers: Timers;
  /** The array is valid during the call. */
  write(bytes: Uint8Array): void;
  /** A whole packet came; its ACK is already out. `data[0, length)` is valid during the call. */
  packet(data: Uint8Array, length: number): void;
  /** The host wants everything stopped; the EOT goes out after this call. */
  cancelled(): void;
}

/**
 * The terminal's side of the ABECS link layer. It never speaks unasked: every byte out is an ACK, a NAK, an EOT or the
 * answer to the last packet.
 *
 * After a damaged packet it throws bytes away until the line was silent for 500 ms. A lone CAN in that time is honoured:
 * when CAN is the last byte before the silence, EOT goes out in place of NAK. Earlier ones may be data of the packet.
 */
export class DeviceLink {
  private readonly rim: DeviceLinkRim;
  private readonly receiver = new PacketReceiver();
  /** The last answer as it went over the line, kept for NAK: `line[0, answerEnd)`, 0 when there is none. */
  private readonly line = new Uint8Array(packetLengthMax(PACKET_LENGTH_MAX));
  private answerEnd = 0;
  private readonly controlByte = new Uint8Array(1);
  private timer = 0;
  private discarding = false;
  private lastDiscarded = 0;
  private mode: 'normal' | 'resend-only' | 'deaf' = 'normal';
  /** Damaged packets and gaps seen since the start. */
  badPackets = 0;

  constructor(rim: DeviceLinkRim) {
    this.rim = rim;
  }

  /** `normal`; `resend-only`: only NAK is served (after the answer to XLA); `deaf`: bytes are lost (restarting). */
  setMode(mode: 'normal' | 'resend-only' | 'deaf'): void {
    this.mode = mode;
    this.reset();
    if (mode === 'deaf') this.answerEnd = 0;
  }

  received(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.mode !== 'deaf') {
      if (this.discarding) {
        this.lastDiscarded = bytes[bytes.length - 1];
        break;
      }
      const event = this.receiver.receive(bytes, at);
      at = this.receiver.next;
      this.handle(event);
    }
    // No time passes inside a piece of bytes: what runs from its last byte is set once.
    if (this.discarding) this.startTimer(SILENCE_MS, this.silent);
    else if (this.receiver.inside) this.startTimer(BYTE_GAP_MS, this.gap);
    else this.stopTimer();
  }

  /** Sends the answer `data[0, length)` and keeps it for NAK. */
  answer(data: Uint8Array, length: number): void {
    this.answerEnd = encodePacket(data, length, this.line, 0);
    assert(this.answerEnd > 0, 'the line buffer holds every answer');
    this.rim.write(this.line.subarray(0, this.answerEnd));
  }

  /** Sends a notice in front of a later answer; it is not repeated on NAK. */
  notice(data: Uint8Array): void {
    const packet = new Uint8Array(packetLengthMax(data.length));
    this.rim.write(packet.subarray(0, encodePacket(data, data.length, packet, 0)));
  }

  private handle(event: PacketEvent): void {
    if (event === PacketEvent.nak) {
      if (this.answerEnd > 0) this.rim.write(this.line.subarray(0, this.answerEnd));
      return;
    }
    if (this.mode === 'resend-only') return;
    if (event === PacketEvent.packet) {
      this.control(ACK);
      this.answerEnd = 0;
      this.rim.packet(this.receiver.data, this.receiver.length);
    } else if (event === PacketEvent.bad) {
      this.badPackets++;
      this.discarding = true;
      this.lastDiscarded = 0;
    } else if (event === PacketEvent.can) {
      this.stopAll();
    }
  }

  private stopAll(): void {
    this.answerEnd = 0;
    this.rim.cancelled();
    this.control(EOT);
  }

  private readonly silent = (): void => {
    this.timer = 0;
    this.reset();
    if (this.lastDiscarded === CAN) this.stopAll();
    else this.control(NAK);
  };

  private readonly gap = (): void => {
    this.timer = 0;
    this.badPackets++;
    this.reset();
    if (this.mode === 'normal') this.control(NAK);
  };

  private reset(): void {
    this.receiver.reset();
    this.discarding = false;
    this.stopTimer();
  }

  private control(byte: number): void {
    this.controlByte[0] = byte;
    this.rim.write(this.controlByte);
  }

  private startTimer(delayMs: number, fire: () => void): void {
    this.stopTimer();
    this.timer = this.rim.timers.set(delayMs, fire);
  }

  private stopTimer(): void {
    if (this.timer !== 0) this.rim.timers.clear(this.timer);
    this.timer = 0;
  }
}
