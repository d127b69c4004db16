import { describeMessage, type TreeNode } from '../iso8583/describe.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { mtiText } from '../iso8583/subfields.ts';
import { toHex } from '../wire/hex.ts';
import { MESSAGE_LINE, WAY_WORDS } from './json-messages.ts';
import { Kind, Link, type Messages } from './kinds.ts';
import type { TraceReader } from './reader.ts';

type Json = Record<string, unknown>;

const NAMES: readonly string[] = namesOf(Kind);
const LINKS: readonly string[] = namesOf(Link);
const DIGEST_LENGTH = 32;

/** Whose crossing a record is: what stands in `device`. */
const DEVICES: readonly (readonly [last: number, device: string])[] = [
  [Kind.state, 'program'],
  [Kind.alarm, 'clock'],
  [Kind.lineClose, 'terminal'],
  [Kind.hostClose, 'acquirer'],
  [Kind.journal, 'journal'],
  [Kind.noticed, 'program'],
  [Kind.terminal, 'counter'],
  [Kind.end, 'program'],
];

/** Names of the texts of a record; the last one takes all that are left when it ends in `s`. */
const TEXTS: Readonly<Record<number, readonly string[]>> = {
  [Kind.lineClosed]: ['why', 'detail'],
  [Kind.hostClosed]: ['why', 'detail'],
  [Kind.answer]: ['question', 'answers'],
  [Kind.control]: ['lines'],
  [Kind.noticed]: ['details'],
  [Kind.screen]: ['step', 'lines'],
  [Kind.key]: ['step', 'key'],
  [Kind.card]: ['event'],
  [Kind.slip]: ['lines'],
  [Kind.terminal]: ['event', 'detail'],
  [Kind.end]: ['why'],
};

/**
 * The line of a message: `bytes` is the hex of what the capture holds, `fields` its values by path (`39`, `55.9F26`), masked by the
 * allow-list of the dialect. `view` has decoded the body in these bytes.
 */
export function messageLine(messages: Messages, view: MessageView, link: number = Link.counter): string {
  const { number, timeUs, way, stream, bytes, from, to } = messages;
  const fields: Record<string, string> = {};
  const visit = (nodes: readonly TreeNode[], path: string): void => {
    for (const { key, value, children } of nodes) {
      if (key === '' || key === 'MTI') continue;
      // Numbered parts have the number of what holds them in front, tags do not.
      const at = path === '' || key.startsWith(`${path}.`) ? key : `${path}.${key}`;
      if (value !== '') fields[at] = value;
      visit(children, at);
    }
  };
  visit(describeMessage(view, { clear: false, lang: 'en' }).nodes, '');
  const line: Json = { kind: MESSAGE_LINE, number, ...timeOf(timeUs), device: 'acquirer', way: WAY_WORDS[way], stream };
  if (link !== Link.counter) line.link = LINKS[link];
  if (view.end > view.start) line.mti = mtiText(view.mti);
  line.fields = fields;
  if (view.status !== Status.ok) {
    line.error = { status: StatusText[view.status].name, field: view.errorField, offset: view.errorOffset - from };
  }
  line.bytes = toHex(bytes, from, to);
  return JSON.stringify(line);
}

/** The line of a record that is no piece of a message. Pieces of the start state are told by their length only. */
export function recordLine(reader: TraceReader): string {
  const { kind, link, index, timeUs } = reader;
  const line: Json = { kind: NAMES[kind] ?? `kind-${kind}`, record: index, ...timeOf(timeUs) };
  line.device = DEVICES.find(([last]) => kind <= last)?.[1] ?? 'unknown';
  if (link !== Link.counter) line.link = LINKS[link] ?? link;
  return JSON.stringify({ ...line, ...payloadOf(reader) });
}

function payloadOf(reader: TraceReader): Json {
  const { kind, bytes, view, from, to } = reader;
  const length = to - from;
  const names = TEXTS[kind] as readonly string[] | undefined;
  if (names !== undefined) return named(names, reader.texts());
  switch (kind) {
    case Kind.session:
    case Kind.profile:
      return { data: jsonIn(new TextDecoder().decode(bytes.subarray(from, to))) };
    case Kind.state:
      return { length };
    case Kind.wall:
    case Kind.monotonic:
      return length === 8 ? { ms: view.getFloat64(from) } : { length };
    case Kind.alarm:
      return length === 4 ? { alarm: view.getUint32(from) } : { length };
    case Kind.hostConnect:
      return length < 4 ? { length } : { route: view.getUint32(from), ...named(['name'], reader.texts(4)) };
    case Kind.journal: {
      if (length < 4 + DIGEST_LENGTH) return { length };
      const digest = toHex(bytes, from + 4, from + 4 + DIGEST_LENGTH).toLowerCase();
      return { seq: view.getUint32(from), digest, ...named(['entry'], reader.texts(4 + DIGEST_LENGTH)) };
    }
    default:
      return length === 0 ? {} : { bytes: toHex(bytes, from, to) };
  }
}

function named(names: readonly string[], texts: readonly string[]): Json {
  const found: Json = {};
  for (const [i, name] of names.entries()) {
    if (name.endsWith('s')) found[name] = texts.slice(i);
    else if (i < texts.length) found[name] = texts[i];
  }
  return found;
}

/** What a record holds as JSON; its text when it is none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return text;
  }
}

/** `time` for people and `timeUs`; nothing when the capture does not say. */
function timeOf(timeUs: number): Json {
  if (timeUs <= 0) return {};
  return { time: timeText(timeUs), timeUs };
}

/** Universal time with microseconds: `2026-11-22T13:48:02.123456Z`; empty when it is not known. */
export function timeText(timeUs: number): string {
  const date = new Date(Math.floor(timeUs / 1000));
  // A hostile capture may claim a time that no calendar has.
  if (timeUs <= 0 || Number.isNaN(date.getTime())) return '';
  return date.toISOString().replace('Z', `${String(Math.floor(timeUs % 1000)).padStart(3, '0')}Z`);
}

function namesOf(numbers: Readonly<Record<string, number>>): readonly string[] {
  const names: string[] = [];
  for (const [name, number] of Object.entries(numbers)) names[number] = name;
  return names;
}
