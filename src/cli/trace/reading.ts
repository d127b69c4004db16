import { assert } from '../../assert.ts';
import { failed, type Fault, fault, faultText, ok, type Result } from '../../fault.ts';
import { detectMessage } from '../../iso8583/detect.ts';
import { HEADER_LENGTH, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import type { Framing } from '../../iso8583/source.ts';
import { Status } from '../../iso8583/status.ts';
import { namedProfile } from '../../node/profiles.ts';
import { loadProfile, type Profile } from '../../profile/profile.ts';
import { isObject } from '../../profile/source.ts';
import { type ByteSource, Kind, Link, type Messages, TRACE_MAGIC } from '../../trace/kinds.ts';
import { openMessages } from '../../trace/open.ts';
import { OwnMessages } from '../../trace/own-messages.ts';
import { TraceReader } from '../../trace/reader.ts';
import { type Lexicon, lexiconOf, type OwnFacts } from './dialect.ts';
import { EXIT_NOT_DECODED, EXIT_USAGE, type Lang, type TraceFlags, type TraceRim } from './rim.ts';
import { type Row, Story } from './story.ts';
import { type Zone, zoneNamed } from './zone.ts';

/** Messages that may be looked at with all choices of the dialect, because none that was found before fits. */
const DETECTIONS_MAX = 12;
/** Faults of a capture that can be read and does not have what was asked for. */
const NOT_THERE: ReadonlySet<string> = new Set(['no-message', 'no-field']);
/** Records at the start of a trace among which its profile is looked for. */
const HEAD_RECORDS_MAX = 64;

/** One way to read the messages of a capture. */
interface Manner {
  readonly view: MessageView;
  readonly framing: Framing;
}

/**
 * The messages of a capture, each decoded and told. What does not fit the dialect as it is is tried with its other choices,
 * and those that fit are kept for the messages that follow.
 */
export class Reading {
  readonly lexicon: Lexicon;
  readonly messages: Messages;
  private readonly shut: () => void;
  private readonly story: Story;
  /** The one that fitted last stands first. */
  private readonly manners: Manner[];
  private detections = 0;
  private current: Row | undefined;

  /** `shut` closes the source. */
  constructor(messages: Messages, lexicon: Lexicon, shut: () => void) {
    this.shut = shut;
    this.messages = messages;
    this.lexicon = lexicon;
    this.story = new Story(lexicon.profile);
    this.manners = [mannerOf(lexicon.plan, lexicon.plan.framing)];
  }

  /** Goes to the next message, or record of {@link openRecords}; false at the end. */
  next(): boolean {
    const { messages } = this;
    if (!messages.next()) return false;
    if (!this.atMessage) return true;
    this.decode();
    this.current = this.story.take(messages, this.view, this.link === Link.training);
    return true;
  }

  /** It stands at a message, and not at another record. */
  get atMessage(): boolean {
    return !(this.messages instanceof OwnMessages) || this.messages.atMessage;
  }

  /** Records of a trace of this program; undefined for every other capture. */
  get records(): TraceReader | undefined {
    return this.messages instanceof OwnMessages ? this.messages.reader : undefined;
  }

  private get link(): number {
    return this.records?.link ?? Link.counter;
  }

  /** The message as it was decoded; valid until the next one. */
  get view(): MessageView {
    return this.manners[0].view;
  }

  get row(): Row {
    assert(this.current, 'a reading stands at a message');
    return this.current;
  }

  /** A copy of the message with its TPDU and header, without a length in front. */
  copy(): Uint8Array {
    const { bytes, from, to } = this.messages;
    return bytes.slice(from, to);
  }

  /** What stands in front of the body of this message. */
  get framing(): Framing {
    return this.manners[0].framing;
  }

  close(): void {
    this.shut();
  }

  private decode(): void {
    const { messages, manners } = this;
    const { bytes, from, to } = messages;
    for (let i = 0; i < manners.length; i++) {
      const manner = manners[i];
      const start = bodyStart(manner.framing, from);
      if (start > to || manner.view.decode(bytes, start, to) !== Status.ok) continue;
      if (i > 0) manners.unshift(...manners.splice(i, 1));
      return;
    }
    if (this.detect()) return;
    const { framing, view } = manners[0];
    view.decode(bytes, Math.min(to, bodyStart(framing, from)), to);
  }

  /** Tries every choice of the dialect that nobody has made. */
  private detect(): boolean {
    const { lexicon, messages } = this;
    if (Object.keys(lexicon.chosen).length > 0 || this.detections++ >= DETECTIONS_MAX) return false;
    const { bytes, from, to } = messages;
    const found = detectMessage(lexicon.dialect, bytes.slice(from, to));
    if (!found.ok || found.value.status !== Status.ok || found.value.framing.length !== false) return false;
    const manner = mannerOf(found.value.plan, found.value.framing);
    if (manner.view.decode(bytes, bodyStart(manner.framing, from), to) !== Status.ok) return false;
    this.manners.unshift(manner);
    return true;
  }
}

function mannerOf(plan: FieldPlan, framing: Framing): Manner {
  return { view: new MessageView(plan), framing };
}

/** Where the body begins in a message without length. */
export function bodyStart({ tpdu, header }: Framing, from: number): number {
  return from + (tpdu ? TPDU_LENGTH : 0) + (header ? HEADER_LENGTH : 0);
}

/** Opens a capture with the dialect that the flags name, or with the profile that it holds itself. */
export async function openReading(path: string, flags: TraceFlags, rim: TraceRim): Promise<Result<Reading>> {
  const lexicon = await lexiconFor(path, flags, rim);
  return lexicon.ok ? readingOf(path, lexicon.value, flags, rim) : lexicon;
}

function lexiconFor(path: string, flags: TraceFlags, rim: TraceRim): Promise<Result<Lexicon>> {
  return lexiconOf(flags, ownFacts(path, flags, rim), rim);
}

/** How a source is read. */
export interface HowToRead extends Pick<TraceFlags, 'format' | 'acquirerPort'> {
  /** With the records of a trace of this program. */
  readonly records?: boolean;
}

/** Opens a capture once more, or another one, with what is known already. Closes what it cannot read. */
export function readingOf(path: string, lexicon: Lexicon, how: HowToRead, rim: TraceRim): Result<Reading> {
  const source = rim.openSource(path);
  if (!source.ok) return source;
  const reading = readingFrom(source.value, lexicon, how, () => source.value.close());
  if (!reading.ok) source.value.close();
  return reading;
}

/** Reads bytes that are open. */
export function readingFrom(
  source: ByteSource,
  lexicon: Lexicon,
  { format, acquirerPort, records = false }: HowToRead,
  shut: () => void,
): Result<Reading> {
  const { plan } = lexicon;
  const { framing } = plan;
  if (records) return ok(new Reading(new OwnMessages(source, plan, framing, true), lexicon, shut));
  const messages = openMessages(source, {
    plan,
    framing,
    ...(format ? { format } : {}),
    ...(acquirerPort ? { acquirerPort } : {}),
  });
  return messages.ok ? ok(new Reading(messages.value, lexicon, shut)) : messages;
}

/** Opens a trace of this program with its records beside its messages. Fault `not-own-trace` for every other capture. */
export async function openRecords(path: string, flags: TraceFlags, rim: TraceRim): Promise<Result<Reading>> {
  const own = isOwnTrace(path, rim);
  if (!own.ok) return own;
  if (!own.value) {
    const cause = `${path} holds messages only, no keys, screens and serial line`;
    return failed(fault('E_ILLEGAL', 'not-own-trace', cause, 'Give a trace that pos8583 run --trace wrote'));
  }
  const lexicon = await lexiconFor(path, flags, rim);
  return lexicon.ok ? readingOf(path, lexicon.value, { records: true }, rim) : lexicon;
}

/** Standard input can be read only once, so it is taken for one. */
export function isOwnTrace(path: string, rim: TraceRim): Result<boolean> {
  if (path === '-') return ok(true);
  const source = rim.openSource(path);
  if (!source.ok) return source;
  const head = new Uint8Array(TRACE_MAGIC.length);
  const count = source.value.read(head);
  source.value.close();
  return ok(count === head.length && TRACE_MAGIC === String.fromCharCode(...head));
}

/** What a trace of this program tells at its start. Standard input can be read only once, so it is not asked. */
function ownFacts(path: string, { format, profile, dialect }: TraceFlags, rim: TraceRim): OwnFacts {
  const told: { profile: Profile | undefined; zone: Zone | undefined } = { profile: undefined, zone: undefined };
  if (path === '-' || (format !== undefined && format !== 'own')) return told;
  const source = rim.openSource(path);
  if (!source.ok) return told;
  const wanted = profile === undefined && dialect === undefined;
  const reader = new TraceReader(source.value);
  for (let i = 0; i < HEAD_RECORDS_MAX && reader.next(); i++) {
    if (reader.kind === Kind.session) told.zone = zoneIn(jsonOf(reader));
    if (reader.kind !== Kind.profile) continue;
    if (wanted) told.profile = profileIn(jsonOf(reader));
    break;
  }
  source.value.close();
  return told;
}

/** The payload as JSON; undefined when it is none. */
function jsonOf({ bytes, from, to }: TraceReader): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(from, to)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function zoneIn(session: unknown): Zone | undefined {
  return isObject(session) && typeof session.zone === 'string' ? zoneNamed(session.zone) : undefined;
}

/** A profile of another version may not fit this program: then the one that the flags name by themselves is used. */
function profileIn(value: unknown): Profile | undefined {
  if (!isObject(value) || typeof value.id !== 'string') return undefined;
  const { id } = value;
  const shipped = namedProfile(id);
  const loaded = loadProfile(id, name => (name === id ? ok(JSON.stringify(value)) : shipped.read(name)));
  return loaded.ok ? loaded.value : undefined;
}

/** Says what is wrong and sets the exit status. */
export function refuse(rim: TraceRim, f: Fault): void {
  rim.printError(faultText(f));
  rim.setExit(NOT_THERE.has(f.name) ? EXIT_NOT_DECODED : EXIT_USAGE);
}

/** Says on standard error what of the capture could not be read. */
export function tellTroubles(
  { messages }: { readonly messages: Pick<Messages, 'troubles' | 'troubleCount'> },
  lang: Lang,
  rim: Pick<TraceRim, 'printError'>,
): void {
  const { troubles, troubleCount } = messages;
  for (const { offset, why } of troubles) {
    rim.printError(lang === 'zh' ? `偏移${offset}: ${why}` : `offset ${offset}: ${why}`);
  }
  const more = troubleCount - troubles.length;
  if (more > 0) rim.printError(lang === 'zh' ? `另有${more}处无法读取` : `and ${more} more places could not be read`);
}

/** Goes to message `number` of a capture. Fault `no-message` says how many there are. */
export function goTo(reading: Reading, number: number): Result<Row> {
  let count = 0;
  while (reading.next()) {
    count++;
    if (reading.row.number === number) return ok(reading.row);
  }
  const cause = `there is no message ${number}: the capture has ${count}`;
  return failed(fault('E_NOEXIST', 'no-message', cause, 'pos8583 trace view lists them with their numbers'));
}

/** Number of a message as a person gave it: `4` or `#4`. */
export function messageNumber(text: string): Result<number> {
  const found = /^#?(\d{1,9})$/.exec(text);
  if (found !== null && Number(found[1]) > 0) return ok(Number(found[1]));
  const cause = `${JSON.stringify(text)} is no number of a message`;
  return failed(fault('E_ILLEGAL', 'message-number', cause, 'Give the number that trace view shows, from 1'));
}
