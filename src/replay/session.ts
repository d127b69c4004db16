import { type Fault, failed, fault, ok, type Result } from '../fault.ts';
import type { Hal, LocalTime, Log } from '../hal/hal.ts';
import { compileFieldPlan, type FieldPlan } from '../iso8583/plan.ts';
import {
  COPY_SEAL_KEY,
  type CopiedRecord,
  type Journal,
  openJournal,
  type ReversalPolicy,
} from '../journal/journal.ts';
import { JournalFailure } from '../journal/journal.ts';
import { TRACE_STATE_RECORDS_MAX } from '../limits.ts';
import type { ProfileImage } from '../profile/image.ts';
import { canonicalText } from '../profile/canonical.ts';
import { loadProfile, type Profile } from '../profile/profile.ts';
import type { Json } from '../profile/source.ts';
import type { Lang } from '../terminal/types.ts';
import { Kind } from '../trace/kinds.ts';
import type { TraceReader } from '../trace/reader.ts';
import { parsed, readStateLines, type SessionBegin } from './begin.ts';
import { Comparer } from './compare.ts';
import type { Difference } from './difference.ts';
import { Astray, type Driven, NotReplayed, Player, TapeOver } from './player.ts';
import { Recorder } from './recorder.ts';
import { Tape, type TapeRecord, type Turn } from './tape.ts';

/** One session of a trace, open at its beginning. */
export interface Session {
  readonly begin: SessionBegin;
  readonly profile: Profile;
  readonly plan: FieldPlan;
  readonly journal: readonly CopiedRecord[];
  /** What happened from there. */
  readonly tape: Tape;
}

const unreadable = (cause: string): Fault =>
  fault(
    'E_ILLEGAL',
    'session-form',
    cause,
    'Use the program version that wrote the trace, or another copy of the file',
  );

/**
 * Reads the beginning of the `number`-th session (from 1) of a trace; `reader` stands before it and stays in use. Faults:
 * `no-session`, `session-form`, `session-state` (the trace does not hold the journal from which the session began), and those of the profile.
 */
export function openSession(reader: TraceReader, number = 1, readProfile = readSource): Result<Session> {
  for (let found = 0; found < number;) {
    if (!reader.next())
      return failed(
        fault(
          'E_NOEXIST',
          'no-session',
          found === 0 ? 'no session begins in this trace' : `the trace has ${found} sessions, not ${number}`,
          'A session begins where the program was started with --trace; older parts of a trace may have been removed',
        ),
      );
    if (reader.kind === Kind.session) found++;
  }
  const begin = parsed(payloadText(reader)) as SessionBegin | undefined;
  if (!isBegin(begin))
    return failed(unreadable(`record ${reader.index}: the session begins in a form that is not known`));
  if (!reader.next() || reader.kind !== Kind.profile)
    return failed(unreadable('the profile of the session is missing in the trace'));
  const source = payloadText(reader);
  const checked = readProfile(begin.profile, source);
  if (!checked.ok) return checked;
  const profile = asRecorded(checked.value, source);
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  if (!plan.ok) return plan;
  const journal = readState(reader, begin);
  if (!journal.ok) return journal;
  return ok({ begin, profile, plan: plan.value, journal: journal.value, tape: new Tape(reader) });
}

const readSource = (id: string, source: string): Result<Profile> => loadProfile(id, () => ok(source));

/** The profile as it was run: checking puts its members into another order, and the journal keeps parts of it as text. */
function asRecorded(checked: Profile, source: string): Profile {
  const recorded = parsed(source) as Json | undefined;
  // A newer program may have added members of its own: then its form counts.
  return canonicalText(recorded) === canonicalText(checked as unknown as Json)
    ? (recorded as unknown as Profile)
    : checked;
}

function payloadText(reader: TraceReader): string {
  return new TextDecoder().decode(reader.bytes.subarray(reader.from, reader.to));
}

function isBegin(value: unknown): value is SessionBegin {
  if (typeof value !== 'object' || value === null) return false;
  const { form, profile, lang, zone, port, routes, state, outbox } = value as Partial<Record<keyof SessionBegin, any>>;
  const texts = [profile, zone, port].every(text => typeof text === 'string');
  const adapters =
    outbox === undefined || (Array.isArray(outbox) && outbox.every(one => one === 'file' || one === 'webhook'));
  return (
    form === 1 &&
    texts &&
    adapters &&
    (lang === 'zh' || lang === 'en') &&
    Array.isArray(routes) &&
    routes.every(route => typeof route === 'string') &&
    Number.isSafeInteger(state?.records)
  );
}

function readState(reader: TraceReader, { state }: SessionBegin): Result<CopiedRecord[]> {
  if ('missing' in state)
    return failed(
      fault(
        'E_ILLEGAL',
        'session-state',
        `the trace does not hold the journal from which this session began: ${state.missing}`,
        'The session can be looked at (pos8583 trace view). To run one again, begin a new journal after a settlement',
      ),
    );
  const records: CopiedRecord[] = [];
  for (;;) {
    if (!reader.next() || reader.kind !== Kind.state)
      return failed(unreadable('a part of the journal from which the session began is missing in the trace'));
    if (reader.from === reader.to) break;
    const piece = readStateLines(payloadText(reader));
    if (!piece || records.length + piece.length > TRACE_STATE_RECORDS_MAX)
      return failed(unreadable(`record ${reader.index}: this is no part of a journal`));
    records.push(...piece);
  }
  const whole = records.length === state.records && records.every((record, at) => record.seq === at + 1);
  return whole ? ok(records) : failed(unreadable('the journal from which the session began has gaps in the trace'));
}

/** How a replay went. */
export type Outcome =
  /** Every record was the same. `complete`: the session ended as it should; otherwise its end is missing, as after a crash. */
  | { readonly kind: 'same'; readonly records: number; readonly complete: boolean }
  | { readonly kind: 'differs'; readonly records: number; readonly difference: Difference }
  /** The same up to a point where no replay goes on. */
  | { readonly kind: 'stopped'; readonly records: number; readonly why: string; readonly timeUs: number };

/** What the runtime is started with; the options of `boot`, as far as a replay has them. */
export interface ReplayOptions {
  readonly lang: Lang;
  readonly version: string;
  readonly recording: Recorder;
  readonly slips?: {
    readonly key: { readonly publicKey: Uint8Array; readonly signer: string; sign(bytes: Uint8Array): Uint8Array };
    readonly cardKey: Uint8Array;
    readonly cardKeyName: string;
    publicKey(signer: string): Result<Uint8Array>;
    usedLists(): Result<never[]>;
  };
  readonly equipment: {
    readonly image?: ProfileImage;
    readonly shelf?: { look(): never; find(digest: string): undefined };
  };
  readonly training?: { open(): never };
}

export interface ReplayRim {
  /** `boot` of the runtime. */
  boot(
    hal: Hal,
    profile: Profile,
    journal: Journal,
    options: ReplayOptions,
    ended: (end: { readonly kind: string }) => void,
  ): Result<Driven>;
  /** How the profile wants reversals. */
  reversalPolicy(profile: Profile): ReversalPolicy;
  /** The shop's calendar in a zone. */
  local(zone: string): (ms: number) => LocalTime;
  readonly log?: Log;
}

/**
 * Runs a session again: the same runtime over a rim made of the trace, with a second recorder whose records are compared with the
 * first one's. One {@link step} is one event and all that follows from it.
 */
export class SessionReplay {
  /** What happens next; undefined: the session is over. */
  next: TapeRecord | undefined;
  private readonly session: Session;
  private readonly player: Player;
  private readonly comparer: Comparer;
  private readonly recorder: Recorder;
  private readonly journal: Journal;
  private readonly rim: ReplayRim;
  private runtime: Driven | undefined;
  private result: Outcome | undefined;

  constructor(session: Session, rim: ReplayRim) {
    const { begin, tape } = session;
    this.session = session;
    this.rim = rim;
    this.player = new Player(tape, begin, { local: rim.local(begin.zone), ...(rim.log ? { log: rim.log } : {}) });
    this.comparer = new Comparer(session.plan);
    this.recorder = new Recorder({ sink: this.comparer, zone: begin.zone, answers: this.player.vault });
    const journal = openJournal({
      path: ':memory:',
      sealKey: COPY_SEAL_KEY,
      entropy: this.player.hal.entropy,
      reversal: rim.reversalPolicy(session.profile),
    });
    if (!journal.ok) throw new Error(journal.fault.cause);
    this.journal = journal.value;
  }

  /** How it went; undefined while the session goes on. */
  get outcome(): Outcome | undefined {
    return this.result;
  }

  /** Records that were the same so far. */
  get records(): number {
    return this.comparer.same;
  }

  /** Runs the next event and all that follows; false when the session is over, or differs. */
  step(): boolean {
    if (this.result) return false;
    const turn = this.player.next();
    if (!turn) return this.finish();
    this.comparer.expect(turn.records);
    const trouble = this.attempt(turn);
    this.next = this.session.tape.next;
    if (trouble === undefined && !this.comparer.difference) return this.next === undefined ? this.finish() : true;
    return this.finish(trouble);
  }

  /** Runs the session to its end. */
  run(): Outcome {
    while (this.step());
    return this.result as Outcome;
  }

  private attempt(turn: Turn): Error | undefined {
    try {
      if (turn.event === undefined) this.start();
      else if (this.runtime) this.player.happen(this.runtime);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return error;
    }
  }

  private start(): void {
    const { begin, profile, journal } = this.session;
    if ('head' in begin.state) this.journal.takeCopies(journal, Buffer.from(begin.state.head, 'hex'));
    const { slips, image } = begin;
    const started = this.rim.boot(
      this.player.hal,
      profile,
      this.journal,
      {
        lang: begin.lang,
        version: begin.version,
        recording: this.recorder,
        ...(slips ? { slips: slipDesk(slips) } : {}),
        equipment: {
          ...(begin.shelf
            ? { shelf: { look: () => notReplayed('flashing at the keypad is not run again'), find: () => undefined } }
            : {}),
          ...(image ? { image: { ...image, profile, bytes: new Uint8Array(0) } } : {}),
        },
        ...(begin.training ? { training: { open: () => notReplayed('training is not run again') } } : {}),
      },
      () => {},
    );
    if (!started.ok) throw new Astray(started.fault.cause);
    this.runtime = started.value;
  }

  private finish(trouble?: Error): false {
    this.recorder.end();
    this.journal.close();
    this.next = undefined;
    this.result = this.judge(trouble);
    return false;
  }

  private judge(trouble: Error | undefined): Outcome {
    const { comparer } = this;
    const { tape } = this.session;
    const records = comparer.same;
    const differs = (difference: Difference): Outcome => ({ kind: 'differs', records, difference });
    if (comparer.difference) return differs(comparer.difference);
    if (trouble instanceof NotReplayed)
      return { kind: 'stopped', records, why: trouble.message, timeUs: comparer.before?.timeUs ?? 0 };
    // Behind the last record of a killed process, the replay may go on with what was not written down any more.
    const cut = tape.next === undefined && !tape.complete;
    if (trouble && !(trouble instanceof TapeOver)) {
      const why = trouble instanceof JournalFailure ? trouble.fault.cause : trouble.message;
      const behind = comparer.tooLittle(trouble instanceof Astray ? why : `the program stops: ${why}`);
      if (behind) return differs(behind);
      if (!cut) return differs(comparer.astray(why));
    }
    const behind = comparer.tooLittle('nothing');
    if (behind) return differs(behind);
    if (comparer.surplus && !cut) return differs(comparer.tooMuch(comparer.surplus));
    if (tape.damage !== undefined)
      return { kind: 'stopped', records, why: tape.damage, timeUs: comparer.before?.timeUs ?? 0 };
    return { kind: 'same', records, complete: tape.complete };
  }
}

function notReplayed(why: string): never {
  throw new NotReplayed(why);
}

/** Slip codes are made and proved by the vault; the desk itself has no key. */
function slipDesk({ signer, cardKeyName }: NonNullable<SessionBegin['slips']>): NonNullable<ReplayOptions['slips']> {
  const none = (): never => notReplayed('a slip code is asked for that the vault did not answer');
  return {
    key: { publicKey: new Uint8Array(32), signer, sign: none },
    cardKey: new Uint8Array(32),
    cardKeyName,
    publicKey: none,
    usedLists: none,
  };
}
