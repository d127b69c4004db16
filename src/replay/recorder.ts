import { AS_IS, type KeyedStandIn, type StandIn, standInOf } from '../card/stand-in.ts';
import { LineRedactor } from '../device/redact.ts';
import type { Clock, Hal, HostLink, HostSink, Outbox, SerialPort, SerialSink, Timers } from '../hal/hal.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import { bodyDigest, markSlipLine, type Journal, type JournalWatcher, type Vault } from '../journal/journal.ts';
import type { ProfileImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import type { Lang } from '../terminal/types.ts';
import { Kind, Link, PAYLOAD_MAX } from '../trace/kinds.ts';
import type { TraceRecord } from '../trace/record.ts';
import { MessageRedactor } from '../trace/redact-message.ts';
import { type TraceSink, TraceWriter } from '../trace/writer.ts';
import { imageOf, routesOf, type SessionBegin, statePieces, stateOf, STOP } from './begin.ts';
import { redactControlLine } from './control-line.ts';
import { HostPieces } from './host-pieces.ts';
import { factsOf, redactionPlan } from './redaction.ts';

/** Longest part of an answer in one text, characters: three bytes each at most, and a text has a bound. */
const ANSWER_PART = 20_000;
/** Records of the journal that are copied at once. */
const STATE_AT_ONCE = 100;

export interface RecorderOptions {
  /** Takes the blocks. */
  readonly sink: TraceSink;
  /** Key of the stand-ins for card numbers, 16 random bytes; absent in a replay, where all that comes in is a stand-in. */
  readonly key?: Uint8Array;
  /** IANA name of the zone of the shop's clock. */
  readonly zone: string;
  /** Gives the answers instead of this counter's secrets: a replay. */
  readonly answers?: Vault;
}

/** What a session begins with; the runtime knows it. */
export interface RecordedBeginning {
  readonly profile: Profile;
  readonly plan: FieldPlan;
  readonly lang: Lang;
  readonly version: string;
  readonly journal: Journal;
  readonly shelf: boolean;
  readonly training: boolean;
  readonly image?: ProfileImage;
  readonly slips?: { readonly signer: string; readonly cardKeyName: string };
}

/**
 * Writes down one session: every crossing of the rim in the order in which the runtime handles it, redacted before it leaves
 * this process. What comes from the rim is written before it is handled, so behind an event's record stands what followed from
 * it: clock readings, answers of the vault, writes, journal records, screens. With the beginning that is all that the runtime
 * knows, and a replay needs no more.
 *
 * Bytes of the lines create nothing here.
 */
export class Recorder implements JournalWatcher {
  readonly vault: Vault;
  private readonly options: RecorderOptions;
  private readonly standIn: StandIn;
  /** The same while it has a key. */
  private readonly keyed: KeyedStandIn | undefined;
  private readonly writer: TraceWriter;
  private terminalIn: LineRedactor | undefined;
  private terminalOut: LineRedactor | undefined;
  private hostIn: HostPieces | undefined;
  private hostOut: HostPieces | undefined;
  private clock: Clock | undefined;
  private timeUs = 0;
  private alarms = 0;
  /** The session has ended: what its parts still say while they are let go is no part of it. */
  private over = false;
  private insidePacket: () => boolean = () => true;
  private holdsTerminalIn = false;
  private holdsTerminalOut = false;
  private holdsHostIn = false;
  private holdsHostOut = false;
  private readonly number = new DataView(new ArrayBuffer(12));
  private readonly numberBytes = new Uint8Array(this.number.buffer);
  private readonly encoder = new TextEncoder();

  constructor(options: RecorderOptions) {
    this.options = options;
    this.writer = new TraceWriter(options.sink);
    this.keyed = options.key && standInOf(options.key);
    this.standIn = this.keyed ?? AS_IS;
    this.vault = { ask: (question, truth) => this.answer(question, truth) };
    this.writer.onAbandon(() => {
      this.terminalIn?.abandon();
      this.terminalOut?.abandon();
      this.hostIn?.abandon();
      this.hostOut?.abandon();
      this.settle();
    });
  }

  /** Writes down what the session begins with. A replay (with `answers`) only makes ready for what comes. */
  begin(hal: Hal, beginning: RecordedBeginning): void {
    const { profile, plan, journal } = beginning;
    if (this.options.answers === undefined) this.clock = hal.clock;
    this.moveOn();
    const facts = factsOf(profile, plan);
    this.terminalIn = new LineRedactor(this.standIn, 'fromTerminal', facts);
    this.terminalOut = new LineRedactor(this.standIn, 'toTerminal', facts);
    const messages = new MessageRedactor(redactionPlan(profile, plan), plan.framing, this.standIn);
    this.hostIn = new HostPieces(messages);
    this.hostOut = new HostPieces(messages);
    this.now();
    if (this.options.answers === undefined) {
      const state = stateOf(journal);
      this.json(Kind.session, {
        form: 1,
        version: beginning.version,
        profile: profile.id,
        profileVersion: profile.version,
        lang: beginning.lang,
        zone: this.options.zone,
        startedMs: hal.clock.nowMs(),
        port: hal.serial.path,
        routes: routesOf(hal),
        shelf: beginning.shelf,
        training: beginning.training,
        ...(hal.outbox ? { outbox: hal.outbox.adapters } : {}),
        ...(beginning.slips ? { slips: beginning.slips } : {}),
        ...(beginning.image ? { image: imageOf(beginning.image) } : {}),
        state,
      } satisfies SessionBegin);
      const source = JSON.stringify(profile);
      // Without it the session can be looked at, and a replay says what is missing.
      if (3 * source.length <= PAYLOAD_MAX || this.encoder.encode(source).length <= PAYLOAD_MAX)
        this.raw(Kind.profile, source);
      if ('head' in state) this.state(journal);
      this.writer.flush();
    }
    journal.watch(this);
  }

  around(hal: Hal): Hal {
    return {
      ...hal,
      clock: this.clockOf(hal.clock),
      timers: this.timersOf(hal.timers),
      serial: this.serialOf(hal.serial),
      host: this.hostOf(hal.host),
      ...(hal.outbox ? { outbox: this.outboxOf(hal.outbox) } : {}),
    };
  }

  follow(insidePacket: () => boolean): void {
    this.insidePacket = insidePacket;
  }

  told(record: TraceRecord): void {
    const { writer } = this;
    const link = record.training ? Link.training : Link.counter;
    const timeUs = record.atMs * 1000;
    switch (record.kind) {
      case 'screen':
        return writer.lines(Kind.screen, link, timeUs, record.step, record.lines);
      case 'key':
        return writer.texts(Kind.key, link, timeUs, record.step, record.key);
      case 'card':
        return writer.texts(Kind.card, link, timeUs, record.event);
      case 'slip':
        return writer.lines(
          Kind.slip,
          link,
          timeUs,
          undefined,
          record.lines.map(line => markSlipLine(line, this.standIn)),
        );
      case 'terminal':
        return writer.texts(Kind.terminal, link, timeUs, record.event, record.detail);
      // The bytes themselves are in the records of the lines.
      case 'sent':
      case 'received':
        return;
    }
  }

  secret(on: boolean): void {
    if (this.terminalIn) this.terminalIn.secretKeys = on;
  }

  control<Call extends { readonly line: string; answer(line: string): void; isGone(): boolean }>(call: Call): Call {
    this.text(Kind.control, redactControlLine(call.line, this.standIn));
    const isGone = (): boolean => this.answer('caller gone', () => (call.isGone() ? 'yes' : 'no')) === 'yes';
    return { ...call, answer: line => call.answer(line), isGone };
  }

  stop(): void {
    this.text(Kind.control, STOP);
  }

  ended(why: string): void {
    this.text(Kind.end, why);
    this.writer.end();
    this.over = true;
  }

  handled(): void {
    if (this.over) return;
    // A packet that its reader has given up (it took too long, a command began anew) will never be whole.
    if (this.holdsTerminalIn && !this.insidePacket()) {
      this.terminalIn?.abandon();
      this.settle();
    }
    this.writer.flush();
  }

  /** Masks what is still in clear and writes the last block, for a recording that is given up. */
  end(): void {
    if (!this.over) this.writer.end();
  }

  appended(seq: number, kind: string, body: string): void {
    this.numbered(Kind.journal, seq, bodyDigest(kind, body), kind);
  }

  private answer(question: string, truth: () => string): string {
    const answer = this.options.answers ? this.options.answers.ask(question, truth) : truth();
    const texts = [question];
    for (let at = 0; at === 0 || at < answer.length; at += ANSWER_PART) texts.push(answer.slice(at, at + ANSWER_PART));
    this.writer.lines(Kind.answer, Link.counter, this.now(), undefined, texts);
    return answer;
  }

  private now(): number {
    if (this.clock) this.timeUs = this.clock.nowMs() * 1000;
    return this.timeUs;
  }

  /** Which cards are over now. */
  private moveOn(): void {
    if (!this.clock || !this.keyed) return;
    const { year, month } = this.clock.local(this.clock.nowMs());
    this.keyed.month = (year % 100) * 100 + month;
  }

  private text(kind: Kind, ...texts: string[]): void {
    this.writer.lines(kind, Link.counter, this.now(), undefined, texts);
  }

  private empty(kind: Kind): void {
    this.writer.begin(kind, Link.counter, this.now(), 0);
  }

  /** The first `length` bytes of the number. */
  private bare(kind: Kind, length: number): void {
    const at = this.writer.begin(kind, Link.counter, this.now(), length);
    const { bytes } = this.writer;
    for (let i = 0; i < length; i++) bytes[at + i] = this.numberBytes[i];
  }

  private numbered(kind: Kind, number: number, bytes: Uint8Array, text: string): void {
    const encoded = this.encoder.encode(text);
    const at = this.writer.begin(kind, Link.counter, this.now(), 4 + bytes.length + 2 + encoded.length);
    const into = this.writer.bytes;
    this.number.setUint32(0, number);
    into.set(this.numberBytes.subarray(0, 4), at);
    into.set(bytes, at + 4);
    into[at + 4 + bytes.length] = encoded.length >> 8;
    into[at + 5 + bytes.length] = encoded.length & 0xff;
    into.set(encoded, at + 6 + bytes.length);
  }

  private json(kind: Kind, value: unknown): void {
    this.raw(kind, JSON.stringify(value));
  }

  private raw(kind: Kind, text: string): void {
    const encoded = this.encoder.encode(text);
    const at = this.writer.begin(kind, Link.counter, this.now(), encoded.length);
    this.writer.bytes.set(encoded, at);
  }

  private state(journal: Journal): void {
    for (let after = 0; after < journal.headSeq; after += STATE_AT_ONCE)
      for (const piece of statePieces(journal.copyRecords(after, STATE_AT_ONCE, this.standIn)))
        this.raw(Kind.state, piece);
    this.empty(Kind.state);
  }

  /** Copies bytes into a record and returns where they lie. */
  private put(kind: Kind, bytes: Uint8Array): number {
    const at = this.writer.begin(kind, Link.counter, this.now(), bytes.length);
    const into = this.writer.bytes;
    for (let i = 0; i < bytes.length; i++) into[at + i] = bytes[i];
    return at;
  }

  /** Holds the writer for each line that has something in clear. */
  private settle(): void {
    this.holdsTerminalIn = this.hold(this.holdsTerminalIn, this.terminalIn?.open === true);
    this.holdsTerminalOut = this.hold(this.holdsTerminalOut, this.terminalOut?.open === true);
    this.holdsHostIn = this.hold(this.holdsHostIn, this.hostIn?.open === true);
    this.holdsHostOut = this.hold(this.holdsHostOut, this.hostOut?.open === true);
  }

  private hold(is: boolean, shall: boolean): boolean {
    if (shall && !is) this.writer.hold();
    if (is && !shall) this.writer.release();
    return shall;
  }

  private clockOf(clock: Clock): Clock {
    const wall = { last: Number.NaN, same: 0 };
    const monotonic = { last: Number.NaN, same: 0 };
    const read = (kind: Kind, of: typeof wall, value: number): number => {
      if (value === of.last) of.same++;
      else {
        this.number.setFloat64(0, value);
        this.number.setUint32(8, of.same);
        this.bare(kind, 12);
        of.last = value;
        of.same = 0;
      }
      return value;
    };
    return {
      nowMs: () => read(Kind.wall, wall, clock.nowMs()),
      monotonicMs: () => read(Kind.monotonic, monotonic, clock.monotonicMs()),
      local: ms => clock.local(ms),
    };
  }

  private timersOf(timers: Timers): Timers {
    return {
      set: (delayMs, fire) => {
        const number = ++this.alarms;
        return timers.set(delayMs, () => {
          this.number.setUint32(0, number);
          this.bare(Kind.alarm, 4);
          fire();
          this.handled();
        });
      },
      clear: handle => timers.clear(handle),
    };
  }

  private lineBegins(): void {
    this.terminalIn?.abandon();
    this.terminalOut?.abandon();
    this.settle();
  }

  private serialOf(port: SerialPort): SerialPort {
    return {
      path: port.path,
      open: (sink: SerialSink) => {
        this.lineBegins();
        this.empty(Kind.lineOpen);
        port.open({
          opened: () => {
            this.empty(Kind.lineOpened);
            sink.opened();
            this.handled();
          },
          received: bytes => {
            const at = this.put(Kind.lineIn, bytes);
            this.terminalIn?.take(this.writer.bytes, at, at + bytes.length);
            this.settle();
            sink.received(bytes);
            this.handled();
          },
          closed: reason => {
            this.lineBegins();
            this.text(Kind.lineClosed, reason.kind, reason.detail);
            sink.closed(reason);
            this.handled();
          },
        });
      },
      write: bytes => {
        const at = this.put(Kind.lineOut, bytes);
        this.terminalOut?.take(this.writer.bytes, at, at + bytes.length);
        this.settle();
        port.write(bytes);
      },
      close: () => {
        this.lineBegins();
        this.empty(Kind.lineClose);
        port.close();
      },
    };
  }

  private connectionBegins(): void {
    this.hostIn?.begin();
    this.hostOut?.begin();
    this.settle();
  }

  private hostOf(link: HostLink): HostLink {
    return {
      routes: link.routes,
      routeName: route => link.routeName(route),
      connect: (route, sink: HostSink) => {
        this.moveOn();
        this.connectionBegins();
        this.numbered(Kind.hostConnect, route, NO_BYTES, link.routeName(route));
        link.connect(route, {
          connected: () => {
            this.empty(Kind.hostConnected);
            sink.connected();
            this.handled();
          },
          received: bytes => {
            this.exchanged(Kind.hostIn, this.hostIn, bytes);
            sink.received(bytes);
            this.handled();
          },
          closed: reason => {
            this.connectionBegins();
            this.text(Kind.hostClosed, reason.kind, reason.detail);
            sink.closed(reason);
            this.handled();
          },
        });
      },
      write: bytes => {
        this.exchanged(Kind.hostOut, this.hostOut, bytes);
        link.write(bytes);
      },
      close: () => {
        this.connectionBegins();
        this.empty(Kind.hostClose);
        link.close();
      },
    };
  }

  private exchanged(kind: Kind, pieces: HostPieces | undefined, bytes: Uint8Array): void {
    const at = this.put(kind, bytes);
    pieces?.take(this.writer.bytes, at, at + bytes.length);
    this.settle();
  }

  private outboxOf(outbox: Outbox): Outbox {
    return {
      adapters: outbox.adapters,
      deliver: (adapter, text, done) =>
        outbox.deliver(adapter, text, why => {
          this.text(Kind.noticed, why ?? '', adapter);
          done(why);
          this.handled();
        }),
    };
  }
}

const NO_BYTES = new Uint8Array(0);
