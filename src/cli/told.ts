import { assert } from '../assert.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { HEADER_LENGTH, TPDU_LENGTH } from '../iso8583/frame.ts';
import { MessageView } from '../iso8583/message-view.ts';
import { compileFieldPlan, type FieldPlan } from '../iso8583/plan.ts';
import { openGrowingSource } from '../node/trace-file.ts';
import { openTimers } from '../node/timers.ts';
import type { Profile } from '../profile/schema.ts';
import { type ByteSource, Kind, Link, Way } from '../trace/kinds.ts';
import { OwnMessages } from '../trace/own-messages.ts';
import { TraceReader } from '../trace/reader.ts';
import { messageRecord, type TraceRecord } from '../trace/record.ts';
import { recordedProfile } from './replay/peek.ts';

/** How often a trace that is being written is looked at, milliseconds. */
const FOLLOW_MS = 25;

/**
 * A trace as people are told of it: screens, keys, cards, slips, the terminal, and the messages with their fields masked. What else
 * a trace holds is for machines.
 */
export class Told {
  readonly messages: OwnMessages;
  private readonly plan: FieldPlan;
  private readonly view: MessageView;

  constructor(source: ByteSource, plan: FieldPlan) {
    this.messages = new OwnMessages(source, plan, plan.framing, true);
    this.plan = plan;
    this.view = new MessageView(plan);
  }

  /** The next thing that is told; undefined at the end. */
  next(): TraceRecord | undefined {
    while (this.messages.next()) {
      const record = this.messages.atMessage ? this.message() : this.said();
      if (record) return this.messages.reader.link === Link.training ? { ...record, training: true } : record;
    }
    return undefined;
  }

  private message(): TraceRecord {
    const { bytes, from, to, way, timeUs } = this.messages;
    const { framing } = this.plan;
    const body = from + (framing.tpdu ? TPDU_LENGTH : 0) + (framing.header ? HEADER_LENGTH : 0);
    this.view.decode(bytes, Math.min(body, to), to);
    return messageRecord(way === Way.toAcquirer ? 'sent' : 'received', timeUs / 1000, this.plan, this.view);
  }

  private said(): TraceRecord | undefined {
    const { reader, timeUs } = this.messages;
    const atMs = timeUs / 1000;
    switch (reader.kind) {
      case Kind.screen: {
        const [step = '', ...lines] = reader.texts();
        return { kind: 'screen', atMs, step, lines };
      }
      case Kind.key: {
        const [step = '', key = ''] = reader.texts();
        return { kind: 'key', atMs, step, key };
      }
      case Kind.card: {
        const [event = ''] = reader.texts();
        return { kind: 'card', atMs, event };
      }
      case Kind.slip:
        return { kind: 'slip', atMs, lines: reader.texts() };
      case Kind.terminal: {
        const [event = '', detail = ''] = reader.texts();
        return { kind: 'terminal', atMs, event, detail };
      }
      default:
        return undefined;
    }
  }
}

/** Opens a capture to be read from its start. */
export type OpenSource = (path: string) => Result<ByteSource & { close(): void }>;

/** What the messages of a trace are read with. */
export interface TracePlan {
  readonly plan: FieldPlan;
  readonly profile: Profile;
}

/**
 * The profile under which a trace was written: the first one that it holds itself, else `given`. A file that is no trace of this
 * program, or one whose writer does not say that it was redacted, is refused. Faults: those of the source, `not-own-trace`,
 * `trace-not-redacted`, `trace-profile`.
 */
export async function planOfTrace(path: string, open: OpenSource, given?: Profile): Promise<Result<TracePlan>> {
  const source = open(path);
  if (!source.ok) return source;
  const reader = new TraceReader(source.value);
  let held: string | undefined;
  while (held === undefined && reader.next()) {
    if (reader.kind === Kind.profile) held = new TextDecoder().decode(reader.bytes.subarray(reader.from, reader.to));
  }
  while (reader.next());
  source.value.close();
  const refused = refusalOf(path, reader);
  if (refused) return failed(refused);
  const profile = given ?? (held === undefined ? undefined : await recordedProfile(held));
  if (profile === undefined) {
    const cause = `${path} holds no profile that this program can use: its beginning is gone, or another version wrote it`;
    return failed(fault('E_NOEXIST', 'trace-profile', cause, 'Name the profile with --profile'));
  }
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  return plan.ok ? ok({ plan: plan.value, profile }) : plan;
}

/** Why nobody else may get what a reader that has come to its end found; undefined: they may. */
export function refusalOf(path: string, reader: TraceReader): Fault | undefined {
  if (reader.index === 0) {
    const [first] = reader.troubles;
    const cause = `${path} holds no record of a trace${first ? ` (offset ${first.offset}: ${first.why})` : ''}`;
    return fault('E_ILLEGAL', 'not-own-trace', cause, 'Give a file that pos8583 run --trace wrote (.p85t)');
  }
  if (reader.redacted) return undefined;
  const cause = `${path} does not say that card data was taken out of it`;
  const remedy = 'Give what pos8583 run --trace wrote, or make a redacted copy: pos8583 trace redact';
  return fault('E_ILLEGAL', 'trace-not-redacted', cause, remedy);
}

/** Tells what a program writes to the trace at `path`, from its beginning; the returned function reads to the end and stops. */
export function followTrace(path: string, profile: Profile, tell: (record: TraceRecord) => void): () => void {
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  assert(plan.ok, 'the dialect of a profile that was loaded compiles');
  const source = openGrowingSource(path);
  const told = new Told(source, plan.value);
  const timers = openTimers();
  const look = (): void => {
    for (let record = told.next(); record; record = told.next()) tell(record);
  };
  const again = (): void => {
    look();
    timers.set(FOLLOW_MS, again);
  };
  timers.set(0, again);
  return () => {
    timers.clearAll();
    look();
    source.close();
  };
}
