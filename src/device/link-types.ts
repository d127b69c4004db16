import { fault, type Fault } from '../fault.ts';

/** Times of the link layer, milliseconds, and its numbers of tries (ABECS 2.20, link layer). */
export const LinkTimes = {
  acknowledgeMs: 2000,
  /** Longest gap between two bytes of a packet. */
  gapMs: 2000,
  /** Quiet line after a bad packet before NAK goes out. */
  silenceMs: 500,
  /** Answer of a command that waits for nobody. */
  answerMs: 10_000,
  /** After the one late NAK, and for the rest of a packet that has begun when the time is up. */
  graceMs: 5000,
  endMs: 2000,
  /** Default time that a blocking command gets after the line was disturbed, when its answer may have been lost. */
  doubtMs: 90_000,
  tries: 3,
} as const;

/** What became of a command. The object is the link's own and is valid only during the callback. */
export interface LinkAnswer {
  /** `answer`: bytes in `data[0, length)`. `failed`: see `fault`. `cancelled`: given up by {@link AbecsLink.cancel}. */
  readonly kind: 'answer' | 'failed' | 'cancelled';
  /** Unstuffed answer; zeroed when the callback returns. */
  readonly data: Uint8Array;
  readonly length: number;
  readonly fault: Fault | undefined;
}

/** Encrypts and decrypts packet data in a secure session. Both return the new length, or -1. */
export interface LinkChannel {
  seal(command: Uint8Array, length: number, out: Uint8Array): number;
  /** In place. */
  open(data: Uint8Array, length: number): number;
}

/** Begin, end and CRC of a packet, bytes. */
export const PACKET_OVERHEAD = 4;

export interface LinkCounters {
  /** Commands put on the line, repetitions too, and their bytes as framed. */
  sent: number;
  bytesSent: number;
  /** The same bytes without what the line escapes: keys and cards in a command change it in nothing. */
  dataSent: number;
  received: number;
  /** Commands sent again after a NAK of the terminal. */
  resent: number;
  naksSent: number;
  naksReceived: number;
  crcErrors: number;
  /** Bad stuffing, too long, gap inside a packet, not decipherable. */
  badPackets: number;
  /** Answers of no command in flight. */
  strays: number;
  notices: number;
  noiseBytes: number;
  timeouts: number;
  cancels: number;
}

/** Cable pulled, port closed. */
export function lineDownFault(): Fault {
  return fault(
    'E_OFFLINE',
    'line-down',
    'the line to the terminal is down',
    'Check power and cable of the terminal; the runtime connects again by itself',
  );
}

/** Neither ACK nor NAK within 2 s. */
export function noAcknowledgeFault(): Fault {
  return fault(
    'E_TIMEOUT',
    'no-acknowledge',
    'the terminal did not acknowledge a command within 2 s',
    'Check cable and baud rate',
  );
}

/** Three NAKs. */
export function refusedFault(): Fault {
  return fault(
    'E_FAILURE',
    'refused-three-times',
    'the terminal received a command damaged three times',
    'Check the cable, keep it away from power lines, lower the baud rate',
  );
}

/** Three damaged answers. */
export function damagedFault(): Fault {
  return fault(
    'E_FAILURE',
    'answer-damaged',
    'an answer of the terminal came damaged three times',
    'Check the cable, keep it away from power lines, lower the baud rate',
  );
}

/** ACK, then no answer. */
export function timeoutFault(): Fault {
  return fault(
    'E_TIMEOUT',
    'answer-timeout',
    'the terminal acknowledged a command but did not answer within 10 s',
    'Switch the terminal off and on',
  );
}

/** A blocking command whose answer seems lost. */
export function lostFault(): Fault {
  return fault(
    'E_TIMEOUT',
    'answer-lost',
    'the answer of a waiting command did not come after the line was disturbed or its time was over',
    'Start the step again',
  );
}

/** Three CANs without an EOT. */
export function noEndFault(): Fault {
  return fault(
    'E_NOHARDWARE',
    'no-reply-to-cancel',
    'the terminal did not answer CAN with EOT, three times 2 s',
    'Check that the terminal is on, the cable, the port name and the baud rate',
  );
}
