import { failed, ok, type Fault, type Result } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';
import { BLOCK_LENGTH_MAX } from '../limits.ts';
import { digits } from '../units.ts';
import {
  menuChoice,
  readChip,
  readEncrypt,
  readFinish,
  readGo,
  readPin,
  readTracks,
  writeChip,
  writeEncrypt,
  writeFinish,
  writeGo,
  writePin,
  writeTracks,
  type ChipInfo,
  type ChipRequest,
  type EncryptRequest,
  type FinishRequest,
  type FinishResult,
  type GoRequest,
  type GoResult,
  type PinRequest,
  type PinResult,
  type Tracks,
  type WorkingKey,
} from './card.ts';
import { Connector, type DeviceInfo, type SessionSettings } from './connect.ts';
import { EventWait, type WaitOptions } from './events.ts';
import { Exchange, operation, plain, refusal, refused, REPEATS_MAX, type Operation } from './exchange.ts';
import { CommandWriter, latin1, type AnswerReader, type Command } from './fields.ts';
import { Panel, Spe } from './ids.ts';
import type { LinkCounters } from './link-types.ts';
import { Media } from './media.ts';
import { writeScreen, type EventSources, type PanelEvent, type PanelInfo, type PrinterStatus } from './panel.ts';
import { Printer, type PrintResult } from './printer.ts';
import { Slots } from './slots.ts';
import { argumentFault, encodeLine, encodeMessage, encodeText, featureMissing, type Charset } from './text.ts';

export type {
  ChipInfo,
  ChipRequest,
  EncryptRequest,
  FinishRequest,
  FinishResult,
  GoRequest,
  GoResult,
} from './card.ts';
export type { PinRequest, PinResult, Tracks, WorkingKey } from './card.ts';
export type { SessionKeyPair } from './channel.ts';
export { keySlot, type DeviceInfo, type KeySlot, type SessionSettings } from './connect.ts';
export type { WaitOptions } from './events.ts';
export type { LinkCounters } from './link-types.ts';
export type { EventSources, KeyName, PanelEvent, PanelInfo, PrinterStatus, SlotInfo } from './panel.ts';
export type { PrintResult } from './printer.ts';
export { deviceText, type ShortText } from './stat.ts';
export type { Charset } from './text.ts';

export interface TerminalOptions {
  /** Hands bytes to the serial line. */
  readonly write: (bytes: Uint8Array) => void;
  readonly timers: Timers;
  /** Notice that the terminal sends while a blocking command waits; for the operator. */
  readonly notice?: (text: string) => void;
  /** Secure session; absent = clear line. */
  readonly session?: SessionSettings;
}

type Done<T> = (result: Result<T>) => void;

const NOT_CONNECTED: Fault = {
  code: 'E_CLOSED',
  name: 'not-connected',
  cause: 'the terminal is not connected',
  remedy: 'Connect first; the runtime does so when the line is up',
};
const STAT_NO_PIN = 130;
const STAT_TABLES_DIFFER = 20;
const MENU_OPTIONS_MAX = 20;
const MENU_OPTION_LENGTH = 24;
const LONG_DISPLAY_MAX = 160;
/** Columns of a line of the two-line display message. */
const DISPLAY_COLUMNS = 16;

/**
 * A terminal gives up a person at its card reader or PIN pad by itself, minutes before this. One that has restarted
 * meanwhile knows nothing of the command any more and would be waited for without end.
 */
const CARD_WAIT_MAX_MS = 13 * 60_000;

/**
 * A payment terminal on a serial line: ABECS 2.20, with the panel extension where the terminal knows it. Calls queue up
 * (at most 16) and are carried out one after the other; each `done` is called exactly once, with a value or a
 * {@link Fault}, and not before the call returns unless the arguments are refused or the line is down.
 *
 * Bytes in results (tracks, account number, PIN block, EMV data) are fresh copies that belong to the caller, who wipes
 * them; the receive buffer is zeroed before the next byte comes.
 */
export class TerminalDevice {
  /** Profile slots (flashing). */
  readonly slots: Slots;
  /** Pictures of a plain pad (flashing). */
  readonly media: Media;
  private readonly exchange: Exchange;
  private readonly writer = new CommandWriter();
  private readonly connector: Connector;
  private readonly events: EventWait;
  private readonly printer: Printer;
  private device: DeviceInfo | undefined = undefined;

  constructor(options: TerminalOptions) {
    const { notice } = options;
    this.exchange = new Exchange({
      write: options.write,
      timers: options.timers,
      notice: notice && ((data, start, end) => notice(latin1(data, start, end).trim())),
    });
    const panel = (): PanelInfo | undefined => this.device?.panel;
    this.connector = new Connector(this.exchange, this.writer, options.session);
    this.events = new EventWait(this.exchange, this.writer, panel);
    this.printer = new Printer(this.exchange, this.writer, panel);
    this.slots = new Slots(this.exchange, this.writer, panel, () => (this.device ? undefined : NOT_CONNECTED));
    this.media = new Media(this.exchange, this.writer, done => this.refuseUnconnected(done));
  }

  /** What the last connect learned; undefined while not connected. */
  get info(): DeviceInfo | undefined {
    return this.device;
  }

  /** Link statistics since the start. Live: copy what has to stay. */
  get counters(): Readonly<LinkCounters> {
    return this.exchange.link.counters;
  }

  /** A packet of the terminal has begun and has not ended. */
  get insidePacket(): boolean {
    return this.exchange.link.insidePacket;
  }

  /** A command is in flight or a cancel is under way. */
  get busy(): boolean {
    return this.exchange.link.busy;
  }

  /** The command in flight waits for a person and can be ended by {@link cancelWait}. */
  get waiting(): boolean {
    return this.exchange.waiting;
  }

  /** Bytes of the line, in pieces of any size; valid only during the call. */
  received(bytes: Uint8Array): void {
    this.exchange.link.received(bytes);
  }

  /** The line is open. Nothing is sent before {@link connect}. */
  lineUp(): void {
    this.device = undefined;
    this.connector.forget();
    this.exchange.lineUp();
  }

  /** The line is gone: what is in flight or queued ends with `line-down`. */
  lineDown(): void {
    this.device = undefined;
    this.connector.forget();
    this.exchange.lineDown();
  }

  /** CAN and EOT, XID, OPN, GIX. Everything that was under way ends with the fault `restarted`. */
  connect(done: Done<DeviceInfo>): void {
    this.device = undefined;
    this.connector.run(result => {
      if (!result.ok || result.value.panel === undefined) return this.connected(result, done);
      this.events.synchronise(result.value.panel, cause => this.connected(cause ? failed(cause) : result, done));
    });
  }

  private connected(result: Result<DeviceInfo>, done: Done<DeviceInfo>): void {
    if (result.ok) {
      this.device = result.value;
      this.printer.connected();
    }
    done(result);
  }

  /** Replaces the whole screen (XDS). `reverseMask`: bit i = line i (0 = top) in reverse video. */
  showScreen(lines: readonly string[], reverseMask: number, done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const panel = this.device?.panel;
    if (panel === undefined) return done(failed(featureMissing('screen of its own')));
    const command = writeScreen(this.writer, panel, lines, reverseMask);
    if (!command.ok) return done(command);
    this.simple('XDS', command.value, done, { repeats: REPEATS_MAX });
  }

  /** Waits for a key, a card or a scan. One wait at a time; the next one is asked for after the event. */
  waitEvent(sources: EventSources, options: WaitOptions, done: Done<PanelEvent>): void {
    if (this.refuseUnconnected(done)) return;
    this.events.wait(sources, options, done);
  }

  /** Ends whatever waits for a person (CAN, EOT). See {@link EventWait.cancel} for an event that crosses it. */
  cancelWait(done: Done<void>): void {
    this.events.cancel(done);
  }

  /** Prints text in the terminal's character set and ESC/POS controls, split into parts. */
  print(bytes: Uint8Array, done: (result: PrintResult) => void): void {
    if (this.device === undefined) return done({ ok: false, fault: NOT_CONNECTED, partsPrinted: 0, partsTotal: 0 });
    this.printer.print(bytes, done);
  }

  /** Goes on with the document that stopped (paper out, cover open), after the last part that is on paper. */
  resumePrint(done: (result: PrintResult) => void): void {
    if (this.device === undefined) return done({ ok: false, fault: NOT_CONNECTED, partsPrinted: 0, partsTotal: 0 });
    this.printer.resume(done);
  }

  printerStatus(done: Done<PrinterStatus>): void {
    this.printer.status(done);
  }

  /** `S` short, `L` long, `-` pause; at most 16 characters. */
  beep(pattern: string, done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    if (this.device?.panel?.features.beeper !== true) return done(failed(featureMissing('beeper')));
    if (!/^[SL-]{1,16}$/.test(pattern))
      return done(failed(argumentFault('beep: 1 to 16 of S, L, -', 'Correct the pattern')));
    this.simple('XBP', this.writer.begin('XBP').text(Panel.beep, pattern).finish(), done);
  }

  /** Tracks of the card read last (GTK), once per read; with `encryption` the terminal encrypts them (TDES-ECB). */
  readTracks(done: Done<Tracks>, encryption?: WorkingKey): void {
    this.card('GTK', writeTracks(this.writer, encryption), readTracks, done);
  }

  /** Takes a card and starts its application (GCX). */
  readChip(request: ChipRequest, done: Done<ChipInfo>): void {
    this.card('GCX', writeChip(this.writer, request, this.charset), readChip, done, true);
  }

  /** Lets card and terminal decide, with PIN where a method is named (GOX). */
  emvGo(request: GoRequest, done: Done<GoResult>): void {
    this.card('GOX', writeGo(this.writer, request, this.charset), readGo, done, true);
  }

  /** Gives the issuer's answer to the card (FCX). */
  emvFinish(request: FinishRequest, done: Done<FinishResult>): void {
    this.card('FCX', writeFinish(this.writer, request), readFinish, done, true);
  }

  /** PIN entry (GPN). CANCEL is the fault `operator-cancelled`, silence `operator-timeout`. */
  enterPin(request: PinRequest, done: Done<PinResult>): void {
    const read = (answer: AnswerReader): Result<PinResult> =>
      answer.stat === STAT_NO_PIN ? ok({ entered: false }) : (refused('GPN', answer) ?? readPin(answer));
    this.card('GPN', writePin(this.writer, request, this.charset), read, done, true, STAT_NO_PIN);
  }

  /** Encrypts with a working key in the terminal (EBX). The result has the length of the input. */
  encrypt(request: EncryptRequest, done: Done<Uint8Array>): void {
    const size = request.data.length;
    this.card(
      'EBX',
      writeEncrypt(this.writer, request),
      answer => readEncrypt(answer, size),
      done,
      false,
      0,
      REPEATS_MAX,
    );
  }

  /** Asks for the chip card to be taken out and waits for it (RMC). */
  removeCard(message: string | undefined, done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const field = encodeMessage(message, this.charset);
    if (!field.ok) return done(field);
    this.simple('RMC', this.writer.begin('RMC').open().raw(field.value).finish(), done, {
      blocking: true,
      tagged: false,
    });
  }

  /** Message on a plain pad's display: two lines of 16 columns (DSP), or more text in lines (DEX, 160 bytes). */
  display(lines: readonly string[], done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const short = lines.length <= 2;
    const bytes: Uint8Array[] = [];
    let length = 0;
    for (const line of lines) {
      const encoded = encodeLine(line, short ? DISPLAY_COLUMNS : LONG_DISPLAY_MAX, this.charset);
      if (!encoded.ok) return done(encoded);
      bytes.push(encoded.value);
      length += encoded.value.length + 1;
    }
    if (short) {
      const field = new Uint8Array(2 * DISPLAY_COLUMNS).fill(0x20);
      for (const [row, line] of bytes.entries()) field.set(line, row * DISPLAY_COLUMNS);
      return this.simple('DSP', this.writer.begin('DSP').open().raw(field).finish(), done, { tagged: false });
    }
    length--;
    if (length > LONG_DISPLAY_MAX) {
      return done(
        failed(argumentFault(`message of ${length} bytes, at most ${LONG_DISPLAY_MAX}`, 'Shorten the message')),
      );
    }
    this.writer.begin('DEX').open().ascii(digits(length, 3));
    for (const [row, line] of bytes.entries()) {
      if (row > 0) this.writer.ascii('\r');
      this.writer.raw(line);
    }
    this.simple('DEX', this.writer.finish(), done, { tagged: false });
  }

  /** The pad's own menu (MNU): 1 to 20 lines of at most 24 bytes; the result is the chosen line, from 1. */
  menu(title: string, options: readonly string[], timeoutSeconds: number | undefined, done: Done<number>): void {
    const head = encodeText(title, this.charset);
    if (!head.ok) return done(head);
    if (options.length < 1 || options.length > MENU_OPTIONS_MAX || head.value.length > 128) {
      return done(
        failed(argumentFault(`menu of ${options.length} lines, allowed 1–${MENU_OPTIONS_MAX}`, 'Split the menu')),
      );
    }
    const lines: Uint8Array[] = [];
    for (const option of options) {
      const line = encodeLine(option, MENU_OPTION_LENGTH, this.charset);
      if (!line.ok) return done(line);
      lines.push(line.value);
    }
    this.writer.begin('MNU');
    if (timeoutSeconds !== undefined) this.writer.number(Spe.timeout, Math.min(255, timeoutSeconds), 1);
    if (head.value.length > 0) this.writer.value(Spe.message, head.value);
    for (const line of lines) this.writer.value(Spe.menuOption, line);
    this.card('MNU', ok(this.writer.finish()), menuChoice, done, true);
  }

  /** Waits for a function key of the pad (CEX); digits come from no plain pad. */
  waitKey(options: WaitOptions, done: Done<PanelEvent>): void {
    this.waitEvent({ keypad: true }, options, done);
  }

  /**
   * Loads EMV tables (TLI, TLR, TLE) for acquirer 00: `version` is ten characters, `records` are ASCII records of at
   * most 997 bytes. The old tables stay unless the last step succeeds. No records at all erases the tables.
   */
  loadTables(version: string, records: readonly Uint8Array[], done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    if (!/^[\x20-\x7e]{10}$/.test(version)) {
      return done(failed(argumentFault('version of the EMV tables is not ten characters', 'Correct the version')));
    }
    const long = records.findIndex(record => record.length === 0 || record.length > BLOCK_LENGTH_MAX - 2);
    if (long >= 0) {
      const cause = `EMV table record ${long + 1} has ${records[long].length} bytes, allowed 1–${BLOCK_LENGTH_MAX - 2}`;
      return done(failed(argumentFault(cause, 'Correct the record')));
    }
    const command = this.writer.begin('TLI').open().ascii('00').ascii(version).finish();
    this.submit('TLI', command, { tagged: false }, (answer, cause) => {
      if (answer === undefined) return done(failed(cause!));
      const refuse = answer.stat === STAT_TABLES_DIFFER ? undefined : refusal('TLI', answer);
      if (refuse !== undefined) return done(failed(refuse));
      this.tablePart(records, 0, done);
    });
  }

  private tablePart(records: readonly Uint8Array[], from: number, done: Done<void>): void {
    if (from === records.length) {
      return this.simple('TLE', this.writer.begin('TLE').finish(), done, { tagged: false }, true);
    }
    let to = from;
    let size = 2;
    while (to < records.length && to - from < 99 && size + records[to].length <= BLOCK_LENGTH_MAX)
      size += records[to++].length;
    this.writer
      .begin('TLR')
      .open()
      .ascii(digits(to - from, 2));
    for (let i = from; i < to; i++) this.writer.raw(records[i]);
    const next: Done<void> = result => (result.ok ? this.tablePart(records, to, done) : done(result));
    this.simple('TLR', this.writer.finish(), next, { tagged: false }, true);
  }

  /** Ends the session (CLX) and leaves a message or a picture of {@link media} on the display; without both it goes blank. */
  close(message: string | undefined, done: Done<void>, picture?: string): void {
    if (this.refuseUnconnected(done)) return;
    const text = encodeText(message ?? '', this.charset);
    if (!text.ok) return done(text);
    if (text.value.length > 128) return done(failed(argumentFault('closing message over 128 bytes', 'Shorten it')));
    this.writer.begin('CLX');
    if (text.value.length > 0) this.writer.value(Spe.message, text.value);
    if (picture !== undefined) this.writer.text(Spe.mediaName, picture.padEnd(8));
    this.simple('CLX', this.writer.finish(), result => {
      if (result.ok) {
        this.connector.forget();
        this.device = undefined;
      }
      done(result);
    });
  }

  private get charset(): Charset {
    return this.device?.panel?.charset ?? 'ISO8859-1';
  }

  private card<T>(
    name: string,
    command: Result<Command>,
    read: (answer: AnswerReader) => Result<T>,
    done: Done<T>,
    blocking = false,
    allowedStat = 0,
    repeats = 0,
  ): void {
    if (!command.ok) return done(command);
    if (this.refuseUnconnected(done)) return command.value.wipe();
    const limitMs = blocking ? CARD_WAIT_MAX_MS : 0;
    this.submit(name, command.value, { blocking, limitMs, repeats, tagged: name !== 'GPN' }, (answer, cause) => {
      if (answer === undefined) return done(failed(cause!));
      const allowed = answer.name !== 'ERR' && answer.stat === allowedStat;
      done(allowed ? read(answer) : (refused(name, answer) ?? read(answer)));
    });
  }

  private simple(
    name: string,
    command: Command,
    done: Done<void>,
    settings: Parameters<typeof operation>[3] = {},
    next = false,
  ): void {
    this.submit(name, command, settings, (answer, cause) => done(plain(name, answer, cause)), next);
  }

  private submit(
    name: string,
    command: Command,
    settings: Parameters<typeof operation>[3],
    done: Operation['done'],
    next = false,
  ): void {
    this.exchange.submit(operation(name, command, done, settings), next);
  }

  private refuseUnconnected(done: Done<never>): boolean {
    if (this.device !== undefined) return false;
    done(failed(NOT_CONNECTED));
    return true;
  }
}
