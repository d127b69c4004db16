import { Panel, Spe } from '../device/ids.ts';
import { Doubt } from '../iso8583/doubt.ts';
import { FrameView } from '../iso8583/frame.ts';
import { maskedText } from '../iso8583/mask.ts';
import { MessageView } from '../iso8583/message-view.ts';
import { mtiText } from '../iso8583/subfields.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import { Status } from '../iso8583/status.ts';
import { Kind } from '../trace/kinds.ts';
import { PacketEvent, PacketReceiver } from '../wire/packet.ts';
import { type TapeRecord, textsOf, viewOf } from './tape.ts';

/** What belongs to a session, as people name it. */
export type Device =
  'terminal line' | 'acquirer' | 'screen' | 'slip' | 'keypad' | 'journal' | 'clock' | 'alarm' | 'vault' | 'program';

/** The first thing in which a replay was not what the trace has. */
export interface Difference {
  /** Number of the record in the trace, from 1. */
  readonly index: number;
  /** Microseconds since 1970, of the trace. */
  readonly timeUs: number;
  readonly device: Device;
  /** Which part of the record: `field 11`, `line 2`, `XDS value E003 (lines), byte 7`; empty: the record as a whole. */
  readonly part: string;
  /** What the trace has, and what the replay did; nothing in it may hurt a cardholder. */
  readonly recorded: string;
  readonly replayed: string;
}

/** A record that the replay made. */
export type Made = Pick<TapeRecord, 'kind' | 'link' | 'bytes'>;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(Kind).map(([name, kind]) => [kind, name]));

export const kindName = (kind: number): string => NAMES.get(kind) ?? `kind ${kind}`;

export function deviceOf(kind: number): Device {
  if (kind >= Kind.lineOpen && kind <= Kind.lineClose) return 'terminal line';
  if (kind >= Kind.hostConnect && kind <= Kind.hostClose) return 'acquirer';
  switch (kind) {
    case Kind.wall:
    case Kind.monotonic:
      return 'clock';
    case Kind.alarm:
      return 'alarm';
    case Kind.journal:
      return 'journal';
    case Kind.answer:
      return 'vault';
    case Kind.screen:
      return 'screen';
    case Kind.slip:
      return 'slip';
    case Kind.key:
    case Kind.card:
      return 'keypad';
    case Kind.terminal:
      return 'terminal line';
    default:
      return 'program';
  }
}

/** True when the replay made the very record; times do not count. */
export function isSame(recorded: TapeRecord, made: Made): boolean {
  if (recorded.kind !== made.kind || recorded.link !== made.link) return false;
  if (Buffer.compare(recorded.bytes, made.bytes) === 0) return true;
  return recorded.kind === Kind.lineOut && isSamePacket(recorded.bytes, made.bytes);
}

/** The same data, however many bytes it takes: where hidden bytes were escaped, a redacted packet begins with start bytes instead. */
function isSamePacket(recorded: Uint8Array, made: Uint8Array): boolean {
  const [a, b] = [openPacket(recorded), openPacket(made)];
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

/** Names in what two records differ. */
export function differenceOf(recorded: TapeRecord, made: Made, plan: FieldPlan): Difference {
  const { index, timeUs, kind } = recorded;
  const place = { index, timeUs, device: deviceOf(kind) };
  if (kind !== made.kind || recorded.link !== made.link)
    return { ...place, part: '', recorded: textOf(recorded, plan), replayed: textOf(made, plan) };
  return { ...place, ...within(recorded, made, plan) };
}

type Within = Pick<Difference, 'part' | 'recorded' | 'replayed'>;

function within(recorded: TapeRecord, made: Made, plan: FieldPlan): Within {
  switch (recorded.kind) {
    case Kind.hostIn:
    case Kind.hostOut:
      return inMessage(recorded.bytes, made.bytes, plan) ?? inBytes(recorded.bytes, made.bytes, '');
    case Kind.lineIn:
    case Kind.lineOut:
      return inPacket(recorded.bytes, made.bytes) ?? inBytes(recorded.bytes, made.bytes, '');
    case Kind.screen:
      return inTexts(recorded.bytes, made.bytes, ['step'], 'line');
    case Kind.slip:
      return inTexts(recorded.bytes, made.bytes, [], 'line');
    case Kind.wall:
    case Kind.monotonic: {
      const [a, b] = [viewOf(recorded.bytes), viewOf(made.bytes)];
      return { part: kindName(recorded.kind), recorded: reading(a), replayed: reading(b) };
    }
    case Kind.journal: {
      const [a, b] = [viewOf(recorded.bytes).getUint32(0), viewOf(made.bytes).getUint32(0)];
      const [first = ''] = textsOf(recorded.bytes, JOURNAL_HEAD);
      const [second = ''] = textsOf(made.bytes, JOURNAL_HEAD);
      const other = a === b && first === second ? ' that says something else' : '';
      return { part: `record ${a}`, recorded: `${first} as record ${a}`, replayed: `${second} as record ${b}${other}` };
    }
    default:
      return inTexts(recorded.bytes, made.bytes, [], 'text');
  }
}

/** Number and digest in front of the kind of a journal record. */
const JOURNAL_HEAD = 36;

const reading = (view: DataView): string =>
  `${view.getFloat64(0)} at reading ${view.getUint32(8) + 1} since the one before`;

function inTexts(recorded: Uint8Array, made: Uint8Array, names: readonly string[], rest: string): Within {
  const [a, b] = [textsOf(recorded), textsOf(made)];
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if (a[i] !== b[i]) {
      const part = names[i] ?? `${rest} ${i + 1 - names.length}`;
      return { part, recorded: quoted(a[i]), replayed: quoted(b[i]) };
    }
  return inBytes(recorded, made, '');
}

const quoted = (text: string | undefined): string => (text === undefined ? 'nothing' : `"${text}"`);

function firstOther(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

function inBytes(a: Uint8Array, b: Uint8Array, where: string): Within {
  const at = firstOther(a, b);
  const part = `${where}byte ${at}`;
  return { part, recorded: byteText(a, at), replayed: byteText(b, at) };
}

const byteText = (bytes: Uint8Array, at: number): string =>
  at < bytes.length
    ? `${bytes[at].toString(16).toUpperCase().padStart(2, '0')} (of ${bytes.length} bytes)`
    : `${bytes.length} bytes`;

// --- messages -----------------------------------------------------------------------------------------------------------

/** Bytes of the length in front of a frame. */
const LENGTH_BYTES = 2;

function openMessage(bytes: Uint8Array, plan: FieldPlan): MessageView | undefined {
  const frame = new FrameView();
  const framing = { ...plan.framing, length: false } as const;
  if (bytes.length < LENGTH_BYTES || frame.open(framing, bytes, LENGTH_BYTES, bytes.length) !== Status.ok)
    return undefined;
  const view = new MessageView(plan);
  return view.decode(bytes, frame.bodyStart, frame.bodyEnd) === Status.ok ? view : undefined;
}

function inMessage(recorded: Uint8Array, made: Uint8Array, plan: FieldPlan): Within | undefined {
  const [a, b] = [openMessage(recorded, plan), openMessage(made, plan)];
  if (!a || !b) return undefined;
  if (a.mti !== b.mti) return { part: 'MTI', recorded: mtiText(a.mti), replayed: mtiText(b.mti) };
  const [doubtA, doubtB] = [new Doubt(a), new Doubt(b)];
  for (const key of Object.keys(plan.source.fields)) {
    const field = Number(key);
    const same =
      a.has(field) === b.has(field) &&
      (!a.has(field) ||
        Buffer.compare(
          recorded.subarray(a.offset(field), a.offset(field) + a.length(field)),
          made.subarray(b.offset(field), b.offset(field) + b.length(field)),
        ) === 0);
    if (same) continue;
    const text = (view: MessageView, doubt: Doubt): string =>
      view.has(field) ? maskedText(view, field, doubt) : 'absent';
    return { part: `${mtiText(a.mti)} field ${field}`, recorded: text(a, doubtA), replayed: text(b, doubtB) };
  }
  return undefined;
}

// --- packets ------------------------------------------------------------------------------------------------------------

const VALUE_NAMES: ReadonlyMap<number, string> = new Map(
  [...Object.entries(Spe), ...Object.entries(Panel)].map(([name, id]) => [id, name]),
);

/** Unstuffed data of the one packet that the bytes are. */
function openPacket(bytes: Uint8Array): Uint8Array | undefined {
  const receiver = new PacketReceiver();
  for (let i = 0; i < bytes.length; i++)
    if (receiver.push(bytes[i]) === PacketEvent.packet && i === bytes.length - 1)
      return receiver.data.slice(0, receiver.length);
  return undefined;
}

const nameOf = (data: Uint8Array): string => Buffer.from(data.subarray(0, 3)).toString('latin1');

function inPacket(recorded: Uint8Array, made: Uint8Array): Within | undefined {
  const [a, b] = [openPacket(recorded), openPacket(made)];
  if (!a || !b) return undefined;
  const command = nameOf(a);
  if (command !== nameOf(b)) return { part: 'command', recorded: command, replayed: nameOf(b) };
  const at = firstOther(a, b);
  const value = valueAt(a, at) ?? valueAt(b, at);
  if (!value) return inBytes(a, b, `${command} `);
  const known = VALUE_NAMES.get(value.id);
  const id = value.id.toString(16).toUpperCase().padStart(4, '0');
  const part = `${command} value ${id}${known === undefined ? '' : ` (${known})`}, byte ${at - value.from}`;
  return { part, recorded: byteText(a, at), replayed: byteText(b, at) };
}

const BLOCK_DIGITS = 3;

/** The value of a command that the byte `at` is in: blocks of three digits length, values of id and length, two bytes each. */
function valueAt(data: Uint8Array, at: number): { readonly id: number; readonly from: number } | undefined {
  for (let block = 3; block + BLOCK_DIGITS <= data.length;) {
    const size = Number(Buffer.from(data.subarray(block, block + BLOCK_DIGITS)).toString('latin1'));
    if (!Number.isInteger(size)) return undefined;
    const end = block + BLOCK_DIGITS + size;
    for (let value = block + BLOCK_DIGITS; value + 4 <= end && value + 4 <= data.length;) {
      const id = (data[value] << 8) | data[value + 1];
      const length = (data[value + 2] << 8) | data[value + 3];
      if (at >= value && at < value + 4 + length) return { id, from: value + 4 };
      value += 4 + length;
    }
    block = end;
  }
  return undefined;
}

// --- records as people read them ----------------------------------------------------------------------------------------

/** A record in a few words. */
export function textOf({ kind, bytes }: Made, plan: FieldPlan): string {
  const name = kindName(kind);
  switch (kind) {
    case Kind.hostIn:
    case Kind.hostOut: {
      const view = openMessage(bytes, plan);
      return `${name}: ${view ? mtiText(view.mti) : `${bytes.length} bytes`}`;
    }
    case Kind.lineIn:
    case Kind.lineOut: {
      const data = openPacket(bytes);
      return `${name}: ${data ? nameOf(data) : bytes.length === 1 ? byteName(bytes[0]) : `${bytes.length} bytes`}`;
    }
    case Kind.alarm:
      return `alarm ${viewOf(bytes).getUint32(0)}`;
    case Kind.wall:
    case Kind.monotonic:
      return `${name}: ${viewOf(bytes).getFloat64(0)}`;
    case Kind.journal:
      return `journal: ${textsOf(bytes, JOURNAL_HEAD).join('')} as record ${viewOf(bytes).getUint32(0)}`;
    case Kind.hostConnect:
      return `hostConnect: ${textsOf(bytes, 4).join('')}`;
    case Kind.answer:
      return `answer: ${textsOf(bytes)[0] ?? ''}`;
    case Kind.lineOpen:
    case Kind.lineOpened:
    case Kind.lineClose:
    case Kind.hostConnected:
    case Kind.hostClose:
      return name;
    default:
      return `${name}: ${textsOf(bytes).join(' | ')}`;
  }
}

const CONTROLS: Readonly<Record<number, string>> = { 4: 'EOT', 6: 'ACK', 21: 'NAK', 24: 'CAN' };
const byteName = (byte: number): string => CONTROLS[byte] ?? '1 byte';
