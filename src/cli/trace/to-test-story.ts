import { Doubt } from '../../iso8583/doubt.ts';
import { bodyOffset } from '../../iso8583/frame.ts';
import { maskedText } from '../../iso8583/mask.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { FIELD_MAX, type FieldPlan } from '../../iso8583/plan.ts';
import { mtiText } from '../../iso8583/subfields.ts';
import { type ByteSource, Kind, Link, Way } from '../../trace/kinds.ts';
import { OwnMessages } from '../../trace/own-messages.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { PacketEvent, PacketReceiver } from '../../wire/packet.ts';

/**
 * One line of a story: what a person saw and did, and what was said to the acquirer.
 * `shows` lines of a screen · `presses` keys with blanks between, `*` for a digit of a secret · `card` inserted, swiped, tapped or removed, and 6+4 of its number ·
 * `PIN` how asking for it ended · `sends` and `hears` message type and fields · `slip` lines · `terminal` event · `ends` why.
 */
export type Line =
  | readonly ['shows', ...lines: string[]]
  | readonly ['presses', keys: string]
  | readonly ['card', event: string, number: string]
  | readonly ['PIN', how: 'typed' | 'none' | 'cancelled' | 'not typed']
  | readonly ['sends', mti: string, fields: Readonly<Record<string, string>>]
  | readonly ['hears', mti: string, fields: Readonly<Record<string, string>>]
  | readonly ['slip', ...lines: string[]]
  | readonly ['terminal', event: string]
  | readonly ['ends', why: string];
export type Story = readonly Line[];

/** What a session began with, and what keeps its story from being played with simulators. */
export interface Told {
  readonly story: Story;
  /** JSON of the beginning, and the source of its profile. */
  readonly begin: string;
  readonly profile: string;
  /** Pieces of the journal from which it began. */
  readonly state: readonly string[];
  /** Why it cannot be played; undefined when it can. */
  readonly odd: string | undefined;
}

/** Fields of a request that are compared; what changes with keys, cards and the acquirer's own numbers is left out. */
const NOT_SENT = new Set([12, 13, 35, 36, 37, 38, 41, 42, 52, 53, 55, 62, 64, 128]);
const HEARD = new Set([4, 39]);
/** What the terminal calls what a person does with a card. */
const EVENTS: Readonly<Record<string, string>> = {
  chipInserted: 'inserted',
  chipRemoved: 'removed',
  contactless: 'tapped',
};
const PIN_COMMAND = 'GPN';
/** Work on a chip: the terminal asks for the PIN by itself. */
const CHIP_COMMAND = 'GOX';
const REMOVE_COMMAND = 'RMC';
const PIN_FIELD = 52;
const STAT_OK = '000';
const STAT_CANCELLED = '013';
const STEP_ECHO = /^[\d*]$|^CLEAR$/;

/** The story of session `number` (from 1) of a trace; undefined when there is no such session. */
export function storyOf(source: ByteSource, plan: FieldPlan, number = 1): Told | undefined {
  const messages = new OwnMessages(source, plan, plan.framing, true);
  const teller = new Teller(plan);
  let session = 0;
  while (messages.next()) {
    const { reader } = messages;
    if (!messages.atMessage && reader.kind === Kind.session) session++;
    if (session > number) break;
    if (session < number) continue;
    if (messages.atMessage) teller.message(messages, reader.link);
    else teller.record(reader);
  }
  return session < number ? undefined : teller.told();
}

/** A step that may still change: the number of a card is known when a message names it. */
type Draft = { -readonly [K in keyof Line]: Line[K] };

class Teller {
  private readonly lines: (Line | Draft)[] = [];
  private readonly view: MessageView;
  private readonly body: number;
  private readonly toTerminal = new PacketReceiver();
  private readonly fromTerminal = new PacketReceiver();
  private begin = '';
  private profile = '';
  private readonly state: string[] = [];
  private oddness: string | undefined;
  /** The command that may ask for a PIN and has no answer yet. */
  private asksPin = '';
  private pinByChip = false;
  /** Index of the card whose number is not known yet, and of the PIN whose end is not; -1: none. */
  private openCard = -1;
  private openPin = -1;
  /** Step of the last key, and whether the screen after it only shows what was typed. */
  private keyStep = '';
  private echo = false;
  private keys: string[] = [];
  private lastScreen = '';

  constructor(plan: FieldPlan) {
    this.view = new MessageView(plan);
    this.body = bodyOffset({ ...plan.framing, length: false });
  }

  told(): Told {
    this.dropChipPin();
    this.flushKeys();
    return {
      story: this.lines as Story,
      begin: this.begin,
      profile: this.profile,
      state: this.state,
      odd: this.oddness,
    };
  }

  record(reader: TraceReader): void {
    if (reader.link === Link.training) this.oddness ??= 'training is in it';
    switch (reader.kind) {
      case Kind.session:
        this.begin = textOf(reader);
        return;
      case Kind.profile:
        this.profile = textOf(reader);
        return;
      case Kind.state:
        if (reader.to > reader.from) this.state.push(textOf(reader));
        return;
      case Kind.lineClosed:
        this.oddness ??= 'the line to the terminal was lost';
        return;
      case Kind.hostClosed:
        if (reader.texts()[0] !== 'ended') this.oddness ??= 'the line to the acquirer failed';
        return;
      case Kind.control:
        if (reader.texts()[0] !== 'stop') this.oddness ??= 'something was entered over the control socket';
        return;
      case Kind.lineOut:
        return this.packets(reader, this.toTerminal, true);
      case Kind.lineIn:
        return this.packets(reader, this.fromTerminal, false);
      case Kind.screen: {
        const [step, ...shown] = reader.texts();
        return this.screen(step, shown);
      }
      case Kind.key: {
        const [step, key] = reader.texts();
        if (step !== this.keyStep) this.flushKeys();
        this.keys.push(key);
        this.keyStep = step;
        this.echo = STEP_ECHO.test(key);
        return;
      }
      case Kind.card: {
        const [told = ''] = reader.texts();
        const event = EVENTS[told] ?? told;
        this.flushKeys();
        if (event === 'scanned') this.oddness ??= 'a code was scanned, which a trace does not hold';
        if (event !== 'removed') this.openCard = this.lines.length;
        this.lines.push(['card', event, '']);
        return;
      }
      case Kind.slip:
        this.put(['slip', ...reader.texts().map(even)]);
        return;
      case Kind.terminal:
        this.put(['terminal', reader.texts()[0] ?? '']);
        return;
      case Kind.end:
        this.put(['ends', reader.texts()[0] ?? '']);
        return;
    }
  }

  message(messages: OwnMessages, link: number): void {
    const { bytes, from, to, way } = messages;
    if (link === Link.training) this.oddness ??= 'training is in it';
    const { view } = this;
    view.decode(bytes, Math.min(to, from + this.body), to);
    const sent = way === Way.toAcquirer;
    if (sent) this.name();
    const doubt = new Doubt(view);
    const fields: Record<string, string> = {};
    for (let field = 2; field <= FIELD_MAX; field++) {
      if (!view.has(field) || (sent ? NOT_SENT.has(field) : !HEARD.has(field))) continue;
      fields[field] = maskedText(view, field, doubt);
    }
    this.put([sent ? 'sends' : 'hears', mtiText(view.mti), fields]);
  }

  private screen(step: string, shown: readonly string[]): void {
    const lines = shown.map(even);
    const all = lines.join('\n');
    // What was typed is told by the keys.
    if (this.echo && step === this.keyStep) return;
    this.flushKeys();
    if (all === this.lastScreen) return;
    this.lastScreen = all;
    while (lines.at(-1) === '') lines.pop();
    this.lines.push(['shows', ...lines]);
  }

  private put(line: Line): void {
    this.flushKeys();
    this.lines.push(line);
  }

  private flushKeys(): void {
    if (this.keys.length > 0) this.lines.push(['presses', this.keys.join(' ')]);
    this.keys = [];
    this.echo = false;
    this.keyStep = '';
  }

  /** The message that goes out names the card and shows whether a PIN was typed. */
  private name(): void {
    const { view, openPin } = this;
    if (openPin >= 0 && !view.has(PIN_FIELD)) {
      if (this.pinByChip) this.dropChipPin();
      else this.lines[openPin] = ['PIN', 'none'];
    }
    this.openPin = -1;
    const digits = view.has(2) ? maskedText(view, 2) : view.has(35) ? firstAndLast(view) : '';
    const { openCard } = this;
    if (openCard < 0 || digits === '') return;
    this.lines[openCard] = ['card', this.lines[openCard][1] as string, digits.replace(/\*+/, '*')];
    this.openCard = -1;
  }

  private packets(reader: TraceReader, receiver: PacketReceiver, out: boolean): void {
    for (let at = reader.from; at < reader.to; at++) {
      if (receiver.push(reader.bytes[at]) !== PacketEvent.packet) continue;
      const head = String.fromCharCode(...receiver.data.subarray(0, Math.min(6, receiver.length)));
      if (!out && head === REMOVE_COMMAND + STAT_OK) this.put(['card', 'removed', '']);
      const command = head.slice(0, PIN_COMMAND.length);
      if (out && (command === PIN_COMMAND || command === CHIP_COMMAND)) this.asksPin = command;
      if (out || this.asksPin !== command) continue;
      this.asksPin = '';
      const stat = head.slice(PIN_COMMAND.length);
      this.dropChipPin();
      this.flushKeys();
      if (stat === STAT_OK) {
        this.openPin = this.lines.length;
        this.pinByChip = command === CHIP_COMMAND;
      }
      if (stat === STAT_OK || stat === STAT_CANCELLED || command === PIN_COMMAND)
        this.lines.push(['PIN', stat === STAT_OK ? 'typed' : stat === STAT_CANCELLED ? 'cancelled' : 'not typed']);
    }
  }

  /** Work on the chip after which no message went out that shows whether a PIN was typed. */
  private dropChipPin(): void {
    if (this.openPin < 0 || !this.pinByChip) return;
    this.lines.splice(this.openPin, 1);
    if (this.openCard > this.openPin) this.openCard--;
    this.openPin = -1;
  }
}

function textOf(reader: TraceReader): string {
  return new TextDecoder().decode(reader.bytes.subarray(reader.from, reader.to));
}

/** Clocks and countdowns run another way each time: their digits are told as `#`. */
function even(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/\d{1,2}(:\d{2}){1,2}/g, '#:#')
    .replaceAll(/\d+ ?(秒| s\b|s\b)/g, '#$1')
    .replaceAll(/(?<![\d.*])\d{8,}(?![\d.])/g, '#')
    .replace(/(授权码|AUTH)(.*?)\w{6}$/, '$1$2#');
}

/** 6+4 of the number in track 2. */
function firstAndLast(view: MessageView): string {
  const digits = new Uint8Array(40);
  const size = view.digitsInto(35, digits, 0);
  const end = digits.indexOf(0x44);
  if (size < 0 || end < 12) return '';
  const text = (from: number, to: number): string => String.fromCharCode(...digits.subarray(from, to));
  const shown = `${text(0, 6)}*${text(end - 4, end)}`;
  digits.fill(0);
  return shown;
}
