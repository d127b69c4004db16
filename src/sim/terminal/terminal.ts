import type { Entropy, Timers } from '../../hal/hal.ts';
import { basicHandlers, closeScreen } from './basic.ts';
import { cardHandlers } from './card.ts';
import { Answer, Command, Refusal, commandCode, fromLatin1 } from './command.ts';
import { dataHandlers } from './data.ts';
import type { TestCard } from './deck.ts';
import { KeyStore } from './keys.ts';
import { DeviceLink } from './link.ts';
import type { Handler, KeyName, Machine, Waiting } from './machine.ts';
import { MediaStore, mediaHandlers } from './media.ts';
import { PanelCommands } from './panel.ts';
import { pinHandlers } from './pin.ts';
import { Printer, type Slip } from './printer.ts';
import { FIELD_MS, Reader } from './reader.ts';
import { Screen, type ScreenState } from './screen.ts';
import { DC2, SecureChannel } from './secure.ts';
import type { SlotMemory } from './slot-memory.ts';
import { CONFIRM_MS, Slots, type ImageCheck } from './slots.ts';
import { Stat } from './status.ts';
import { Tables } from './tables.ts';

/** After the answer to XLA only NAK is served for so long, milliseconds. */
export const RESEND_MS = 500;
/** From the loss of power until the terminal answers again, milliseconds. */
export const BOOT_MS = 1000;
export const DEFAULT_MODEL = 'VIRTUAL TERMINAL';
export const DEFAULT_FIRMWARE = '1.0';
const SCAN_MAX = 256;
/** What is scanned instead of a text: the QR code that was printed last. */
const SCAN_LAST = 'last';

export interface VirtualTerminalOptions {
  readonly timers: Timers;
  readonly entropy: Entropy;
  /** Terminal master key, 16 bytes; the same in slots 0–9 for PIN and data. */
  readonly tmk: Uint8Array;
  readonly serialNumber: string;
  /** As GIX tells it, up to 20 characters. */
  readonly model?: string;
  /** As XID tells it; an image is compared with it when it is a number like 1.20.3. */
  readonly firmware?: string;
  /** False: a plain ABECS pad, all X commands answer ERR010. */
  readonly panel: boolean;
  /** True: card and PIN commands need OPN (010), and only AIDs of loaded tables are taken (070). */
  readonly strict?: boolean;
  /** Further check of a loaded image (signature, version, model). */
  readonly checkImage?: ImageCheck;
  /** What outlives a loss of power; by default it ends with this object. */
  readonly slotMemory?: SlotMemory;
  /** Bytes to the host; the array is valid during the call. */
  write(bytes: Uint8Array): void;
  onScreen?(screen: ScreenState): void;
  onSlip?(slip: Slip): void;
  onBeep?(pattern: string): void;
  /** What the terminal listens to has changed. */
  onListening?(): void;
  /** The terminal goes down and comes up again. */
  onRestart?(): void;
}

/** The sources that the command in progress listens to. */
export interface Listening {
  readonly keys: boolean;
  readonly magnetic: boolean;
  readonly contactless: boolean;
  readonly scanner: boolean;
}

const NEEDS_OPEN = new Set(
  ['CEX', 'GCX', 'GTK', 'GOX', 'FCX', 'GPN', 'GKY', 'EBX', 'RMC', 'MNU', 'GCD'].map(commandCode),
);
const OPN = commandCode('OPN');
/** Answers what is no command. */
const ERR = commandCode('ERR');

/**
 * A payment terminal without hardware: the terminal's end of the ABECS line with the operator-panel extension. Bytes, keys and
 * cards come in by calls; bytes, screens and slips go out by callbacks. It has no clock and no randomness of its own, so
 * with given timers and entropy the same calls give the same history.
 *
 * The methods for cards return why something is not possible, or undefined when it was done.
 */
export class VirtualTerminal {
  readonly slots: Slots;
  readonly printer: Printer;
  private readonly options: VirtualTerminalOptions;
  private readonly link: DeviceLink;
  private readonly screen: Screen;
  private readonly reader = new Reader();
  /** EMV tables and pictures, for a look from outside. */
  readonly tables = new Tables();
  readonly media = new MediaStore();
  private readonly panelCommands = new PanelCommands();
  private readonly handlers: ReadonlyMap<number, Handler>;
  private readonly machine: Machine;
  private channel: SecureChannel | undefined;
  private opened = false;
  private readonly command = new Command();
  private readonly answer = new Answer();
  /** What the answer is to: the command, or ERR when it was none. */
  private replyCode = 0;
  private waiting: Waiting | undefined;
  private waitTimer = 0;
  private fieldTimer = 0;
  private powerTimer = 0;
  private confirmTimer = 0;
  private down = false;

  constructor(options: VirtualTerminalOptions) {
    this.options = options;
    this.slots = new Slots(options.checkImage, options.slotMemory);
    this.printer = new Printer(slip => options.onSlip?.(slip));
    this.screen = new Screen(options.panel ? 'GBK' : 'ISO8859-1', () => options.onScreen?.(this.screen.state()));
    this.link = new DeviceLink({
      timers: options.timers,
      write: bytes => options.write(bytes),
      packet: (data, length) => this.packet(data, length),
      cancelled: () => this.endWait(),
    });
    this.handlers = new Map(
      Object.entries({
        ...basicHandlers,
        ...cardHandlers,
        ...pinHandlers,
        ...dataHandlers,
        ...mediaHandlers,
        ...(options.panel ? this.panelCommands.handlers : {}),
        OPN: (command: Command) => this.open(command),
        CLX: (command: Command) => this.close(command),
        CLO: (command: Command) => this.close(command),
      }).map(([name, handler]) => [commandCode(name), handler]),
    );
    this.machine = {
      panel: options.panel,
      strict: options.strict === true,
      serialNumber: options.serialNumber,
      model: options.model ?? DEFAULT_MODEL,
      firmware: options.firmware ?? DEFAULT_FIRMWARE,
      screen: this.screen,
      printer: this.printer,
      slots: this.slots,
      keys: new KeyStore(options.tmk),
      reader: this.reader,
      tables: this.tables,
      media: this.media,
      entropy: options.entropy,
      answer: () => this.answer.clear(),
      reply: (stat, answer) => this.reply(stat, answer),
      wait: waiting => this.wait(waiting),
      notice: text => this.notice(text),
      beep: pattern => options.onBeep?.(pattern),
      restartSoon: () => this.restartSoon(),
    };
    this.startTrial();
  }

  /** Bytes from the host. */
  received(bytes: Uint8Array): void {
    this.link.received(bytes);
  }

  screenState(): ScreenState {
    return this.screen.state();
  }

  listening(): Listening {
    const { waiting } = this;
    return {
      keys: waiting?.keys !== undefined,
      magnetic: waiting?.magnetic !== undefined,
      contactless: waiting?.contactless !== undefined,
      scanner: waiting?.scanner !== undefined,
    };
  }

  /** A key goes down. It belongs to the command that waits for keys, else XEV finds it later; else it is lost. */
  pressKey(key: KeyName): void {
    const { waiting } = this;
    if (this.down) return;
    if (waiting?.keys) {
      if (waiting.idle) this.startWaitTimer(waiting);
      waiting.keys(key);
    } else if (this.options.panel && (!waiting || waiting.queueKeys)) this.panelCommands.enqueue(key);
  }

  swipe(card: TestCard): string | undefined {
    if (card.stripe === false) return `card ${card.id} has no magnetic stripe`;
    this.waiting?.magnetic?.(card);
    return undefined;
  }

  insert(card: TestCard): string | undefined {
    if (this.reader.inserted) return `card ${this.reader.inserted.id} is in the slot`;
    this.reader.inserted = card;
    this.waiting?.chip?.('in');
    return undefined;
  }

  remove(): string | undefined {
    if (!this.reader.inserted) return 'no card is in the slot';
    this.reader.inserted = undefined;
    this.waiting?.chip?.('out');
    return undefined;
  }

  /** Holds a card into the field. It stays for five seconds, or until it is read. */
  tap(card: TestCard): string | undefined {
    if (!card.contactless) return `card ${card.id} is not contactless`;
    this.options.timers.clear(this.fieldTimer);
    this.reader.field = card;
    this.fieldTimer = this.options.timers.set(FIELD_MS, () => {
      this.reader.field = undefined;
    });
    this.waiting?.contactless?.(card);
    return undefined;
  }

  /** Shows a code to the scanner: 1 to 256 ASCII characters; `last` is the QR code that was printed last. */
  scan(shown: string): string | undefined {
    const text = shown === SCAN_LAST ? this.printer.lastCode : shown;
    if (text === '') return 'no QR code was printed yet';
    if (!/^[\x20-\x7e]+$/.test(text) || text.length > SCAN_MAX)
      return `a code has 1 to ${SCAN_MAX} printable ASCII characters`;
    this.waiting?.scanner?.(text);
    return undefined;
  }

  paper(state: 'ok' | 'out'): void {
    this.printer.paper = state;
  }

  /** Card in the slot, for a person's view. */
  get insertedCard(): TestCard | undefined {
    return this.reader.inserted;
  }

  /** Power off and on. An image on trial is left again; what the slots, tables and printed paper hold stays. */
  restart(): void {
    const { timers } = this.options;
    for (const timer of [this.powerTimer, this.confirmTimer, this.fieldTimer]) timers.clear(timer);
    this.down = true;
    this.endWait();
    this.link.setMode('deaf');
    this.channel = undefined;
    this.opened = false;
    this.panelCommands.reset();
    this.tables.drop();
    this.media.drop();
    this.reader.forget();
    this.reader.reportedIn = false;
    this.reader.chipFailed = false;
    this.reader.field = undefined;
    this.screen.blank();
    this.slots.restarted();
    this.options.onRestart?.();
    this.powerTimer = timers.set(BOOT_MS, () => {
      this.down = false;
      this.link.setMode('normal');
      this.startTrial();
    });
  }

  /** An image on trial has so long to be confirmed. */
  private startTrial(): void {
    if (this.slots.state !== 'T') return;
    this.confirmTimer = this.options.timers.set(CONFIRM_MS, () => {
      if (this.slots.state === 'T') this.restart();
    });
  }

  private restartSoon(): void {
    this.link.setMode('resend-only');
    this.powerTimer = this.options.timers.set(RESEND_MS, () => this.restart());
  }

  private packet(data: Uint8Array, length: number): void {
    this.endWait();
    this.replyCode = ERR;
    const secure = data[0] === DC2;
    let clear = data;
    let clearLength = length;
    if (secure) {
      if (!this.channel) return this.reply(Stat.noSession);
      const decrypted = this.channel.decrypt(data.subarray(0, length));
      if (!decrypted) return this.refuseClear();
      clear = decrypted;
      clearLength = decrypted.length;
    }
    if (clearLength < 3) return this.reply(Stat.invalidCall);
    const { command } = this;
    command.take(clear, clearLength);
    if (this.channel && !secure && command.code !== OPN) return this.refuseClear();
    const handler = this.handlers.get(command.code);
    if (!handler) return this.reply(Stat.invalidCall);
    this.replyCode = command.code;
    try {
      if (this.options.strict && !this.opened && NEEDS_OPEN.has(command.code))
        throw new Refusal(Stat.invalidCall, 'OPN has not come');
      handler(command, this.machine);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.reply(error.stat);
    }
    return undefined;
  }

  private open(command: Command): void {
    const blocks = command.blocks();
    this.channel = undefined;
    this.opened = true;
    if (blocks.length === 0 || blocks[0].length === 0) return this.reply(Stat.ok);
    const { channel, answer } = SecureChannel.open(blocks[0], this.options.entropy);
    this.reply(Stat.ok, this.answer.clear().fixed(answer));
    this.channel = channel;
    return undefined;
  }

  private close(command: Command): void {
    closeScreen(command, this.machine);
    this.channel = undefined;
    this.opened = false;
    this.reply(Stat.ok);
  }

  private reply(stat: number, answer = this.answer.clear()): void {
    this.endWait();
    answer.finish(this.replyCode, stat);
    this.send(answer, this.channel);
  }

  /** ERR009, in clear: the packet was not encrypted as it must be. */
  private refuseClear(): void {
    this.answer.clear().finish(ERR, Stat.packetNotSecure);
    this.send(this.answer, undefined);
  }

  private send(answer: Answer, channel: SecureChannel | undefined): void {
    if (!channel) return this.link.answer(answer.bytes, answer.length);
    const sealed = channel.encrypt(answer.bytes.subarray(0, answer.length));
    return this.link.answer(sealed, sealed.length);
  }

  /** Plain pads tell the operator what goes on; a terminal with a panel leaves that to the host. */
  private notice(text: string): void {
    if (this.options.panel) return;
    const data = fromLatin1(`NTM000032${text.padEnd(32)}`);
    this.link.notice(this.channel ? this.channel.encrypt(data) : data);
  }

  private wait(waiting: Waiting): void {
    this.waiting = waiting;
    this.startWaitTimer(waiting);
    this.options.onListening?.();
  }

  private startWaitTimer(waiting: Waiting): void {
    const { timers } = this.options;
    this.stopWaitTimer();
    if (waiting.timeoutSeconds === undefined) return;
    this.waitTimer = timers.set(waiting.timeoutSeconds * 1000, () => {
      this.waitTimer = 0;
      if (waiting.expired) waiting.expired();
      else this.reply(Stat.timeout);
    });
  }

  private endWait(): void {
    const { waiting } = this;
    this.stopWaitTimer();
    this.waiting = undefined;
    if (!waiting) return;
    waiting.ended?.();
    this.options.onListening?.();
  }

  private stopWaitTimer(): void {
    if (this.waitTimer !== 0) this.options.timers.clear(this.waitTimer);
    this.waitTimer = 0;
  }
}
