/**
 * The records of a trace file (`.p85t`). A trace holds every crossing of the rim in the order in which the runtime handled
 * it, redacted before it is written.
 *
 * File: `P85TRACE` (8 bytes) | version u16 | marks u8 | 5 bytes of zero, then blocks. Numbers are big-endian.
 * Block: `P85B` | length u32 of the records | CRC-32 u32 of the records | number of the block u32, from 0 | records. A block is
 * what was written at once: what a crash leaves behind is whole blocks and at most one cut one at the end.
 * Record: length u32 of the payload | kind u8 | link u8 | two bytes of zero | time u64, microseconds since 1970 | payload.
 */
export const TRACE_MAGIC = 'P85TRACE';
export const TRACE_VERSION = 1;
export const FILE_HEADER_LENGTH = 16;
/** Offset of the marks in the header of a file, and the one that says that a counter redacted everything before it wrote it. */
export const MARKS_AT = 10;
export const MARK_REDACTED = 1;
export const BLOCK_MAGIC = 0x50_38_35_42;
export const BLOCK_HEADER_LENGTH = 16;
export const RECORD_HEADER_LENGTH = 16;
/** Largest payload, bytes: a hostile file cannot ask for more memory. */
export const PAYLOAD_MAX = 1_048_576;

/**
 * Kinds of records. `texts` as payload: each text is a length u16 and so many bytes of UTF-8, one after the other.
 * "in" crosses into the program, "out" leaves it, "told" only says what a person saw.
 */
export const Kind = {
  /** In. JSON: a process begins; program version, profile id, language, time zone, what of the start state follows. */
  session: 1,
  /** In. JSON: the source of the profile as it is run (a profile holds no keys). */
  profile: 2,
  /** In. A piece of the journal as it was at the start, redacted; pieces in order, the last one is empty. */
  state: 3,
  /**
   * In. double: the wall clock said another millisecond than the last time it was read | u32: how many readings before this one
   * had still said the old one.
   */
  wall: 4,
  /** In. The same for the monotonic clock. */
  monotonic: 5,
  /** In. u32: the alarm with this number (the n-th that was set, from 1) went off. */
  alarm: 6,
  /** Out. The line to the terminal is opened. */
  lineOpen: 10,
  /** In. */
  lineOpened: 11,
  /** In. texts: kind, detail. */
  lineClosed: 12,
  /** In. Bytes of the terminal, in the pieces in which they came. */
  lineIn: 13,
  /** Out. Bytes for the terminal. */
  lineOut: 14,
  /** Out. The program closes the line. */
  lineClose: 15,
  /** Out. u32: number of the route. texts follow: its name; in a converted capture also the number of the connection. */
  hostConnect: 20,
  /** In. */
  hostConnected: 21,
  /** In. texts: kind, detail. */
  hostClosed: 22,
  /** In. Bytes of the acquirer, in the pieces in which they came. */
  hostIn: 23,
  /** Out. Bytes for the acquirer: one whole frame each. */
  hostOut: 24,
  /** Out. The program closes the connection. */
  hostClose: 25,
  /** Out. u32 number of the journal record | 32 bytes digest of what it says, redacted | texts: its kind. */
  journal: 30,
  /** In. texts: name of the question, answer (a long one in several). What only the secrets of this counter could answer. */
  answer: 31,
  /** In. texts: a line of the control socket, or `stop`: the program was asked to end. */
  control: 32,
  /** In. texts: how a notice went (empty: taken), the way that it went. */
  noticed: 33,
  /** Told. texts: step, then the lines of the screen. */
  screen: 40,
  /** Told. texts: step, key (`*` for a digit of a secret). */
  key: 41,
  /** Told. texts: the event (inserted, swiped, tapped, removed …). */
  card: 42,
  /** Told. texts: the lines of a slip. */
  slip: 43,
  /** Told. texts: event (ready, lost), detail. */
  terminal: 44,
  /** In. texts: why the process ended. Missing after a crash. */
  end: 50,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Whose line a record belongs to (`link`). */
export const Link = {
  /** The counter itself. */
  counter: 0,
  /** The counter of training, with its own acquirer. */
  training: 1,
} as const;
export type Link = (typeof Link)[keyof typeof Link];

/** Gives bytes from somewhere below the rim: a file, standard input, memory. */
export interface ByteSource {
  /** Bytes in all, when they are known. */
  readonly size: number | undefined;
  /** Fills the front of `into`; returns how many bytes came, 0 at the end. Throws nothing; a read error is a fault in `fault`. */
  read(into: Uint8Array): number;
  readonly fault: string | undefined;
  /** True: more may come behind the end, so what is cut off there is waited for; a reader that has stopped may be asked again. */
  readonly growing?: boolean;
}

/** Which way a message went. */
export const Way = { toAcquirer: 0, fromAcquirer: 1, unknown: 2 } as const;
export type Way = (typeof Way)[keyof typeof Way];

/**
 * Messages of a capture in their order, whatever it was written as. A cursor: the members tell of the message at which the last
 * `next` stopped, and the bytes are valid until the next call. Creates nothing while it works.
 */
export interface Messages {
  /** Goes to the next message; false at the end. What cannot be read is passed over and told in `troubles`. */
  next(): boolean;
  /** Counts from 1. */
  readonly number: number;
  readonly way: Way;
  /** Which connection, from 0. */
  readonly stream: number;
  /** Microseconds since 1970; 0 when the capture does not say. */
  readonly timeUs: number;
  /** The message (its TPDU and application header included where there are any, no length in front): `bytes[from, to)`. */
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** Bytes of the capture that were read. */
  readonly offset: number;
  /** What could not be read, each with its place: at most the first hundred, then only counted. */
  readonly troubles: readonly { readonly offset: number; readonly why: string }[];
  readonly troubleCount: number;
}
