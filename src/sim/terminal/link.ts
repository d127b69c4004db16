import type { Timers } from '../../hal/hal.ts';
import { PACKET_LENGTH_MAX } from '../../limits.ts';
import { ACK, CAN, EOT, NAK, PacketEvent, PacketReceiver, encodePacket, packetLengthMax } from '../../wire/packet.ts';

/** Longest silence between two bytes of a packet, milliseconds (ABECS, pad side). */
export const BYTE_GAP_MS = 1500;
/** Silence that must pass after a damaged packet before NAK, milliseconds. */
export const SILENCE_MS = 500;

export interface DeviceLinkRim {
  readonly timers: Timers;
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
  private readonly line = new Uint8Array(packetLengthMax(PACKET_LENGTH_MAX));
  private lastAnswer: Uint8Array | undefined;
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
    if (mode === 'deaf') this.lastAnswer = undefined;
  }

  received(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.push(bytes[i]);
    // No time passes inside a piece of bytes: what runs from its last byte is set once.
    if (this.discarding) this.startTimer(SILENCE_MS, this.silent);
    else if (this.receiver.inside) this.startTimer(BYTE_GAP_MS, this.gap);
    else this.stopTimer();
  }

  /** Sends an answer and keeps it for NAK. */
  answer(data: Uint8Array): void {
    const packet = this.packet(data);
    this.lastAnswer = packet;
    this.rim.write(packet);
  }

  /** Sends a notice in front of a later answer; it is not repeated on NAK. */
  notice(data: Uint8Array): void {
    this.rim.write(this.packet(data));
  }

  private packet(data: Uint8Array): Uint8Array {
    const end = encodePacket(data, data.length, this.line, 0);
    return this.line.slice(0, end);
  }

  private push(byte: number): void {
    if (this.mode === 'deaf') return;
    if (this.discarding) {
      this.lastDiscarded = byte;
      return;
    }
    const event = this.receiver.push(byte);
    if (event === PacketEvent.nak) {
      if (this.lastAnswer) this.rim.write(this.lastAnswer);
      return;
    }
    if (this.mode === 'resend-only') return;
    if (event === PacketEvent.packet) {
      this.control(ACK);
      this.lastAnswer = undefined;
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
    this.lastAnswer = undefined;
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
    this.rim.write(Uint8Array.of(byte));
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
