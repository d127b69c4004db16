import { Panel } from '../../device/ids.ts';
import { Refusal, latin1, type Answer, type Command } from './command.ts';
import type { TestCard } from './deck.ts';
import { KEY_CODES, type Handler, type KeyName, type Machine } from './machine.ts';
import { PRINT_COLUMNS } from './printer.ts';
import { COLUMNS, ROWS } from './screen.ts';
import { Stat } from './status.ts';

/** Keys kept while nobody asks. */
export const KEY_QUEUE_MAX = 16;
const PRINT_MAX = 980;
const BEEP_MAX = 16;
const SEQUENCE_MAX = 0xffff;
/** Scanner, beeper, slots, PARTNO, LASTSEQ. */
const FEATURES = 0b11111;

const Source = { keypad: 1, magnetic: 2, chip: 4, contactless: 8, scanner: 16 } as const;

interface PanelEvent {
  readonly code: string;
  /** What was shown to the scanner, ASCII. */
  readonly scan?: string;
}

/** Operator panel: raw keypad, free screen, printer, image slots (commands X**). Remembers keys and the last event. */
export class PanelCommands {
  private queue: KeyName[] = [];
  private sequence = 0;
  private last: PanelEvent | undefined;
  private lastPart: number | undefined;
  /** Keys that the XEV in progress threw away. */
  private dropped = 0;

  /** A restart: the numbering begins again. */
  reset(): void {
    this.queue = [];
    this.sequence = 0;
    this.last = undefined;
    this.lastPart = undefined;
  }

  /** A key nobody waits for. False when it was dropped. */
  enqueue(key: KeyName): boolean {
    if (this.queue.length >= KEY_QUEUE_MAX) return false;
    this.queue.push(key);
    return true;
  }

  readonly handlers: Readonly<Record<string, Handler>> = {
    XID: (_, machine) => {
      machine.reader.reportedIn = false;
      const answer = machine
        .answer()
        .number(Panel.rows, ROWS, 1)
        .number(Panel.columns, COLUMNS, 1)
        .text(Panel.charset, machine.screen.charset)
        .text(Panel.keys, KEY_NAMES)
        .number(Panel.printColumns, PRINT_COLUMNS, 1)
        .number(Panel.features, FEATURES, 1)
        .text(Panel.serialNumber, machine.serialNumber)
        .text(Panel.firmware, machine.firmware);
      machine.reply(Stat.ok, slotStatus(answer, machine));
    },

    XDS: (command, machine) => {
      machine.screen.replace(command.required(Panel.lines), command.number(Panel.reverse, 1) ?? 0);
      machine.reply(Stat.ok);
    },

    XEV: (command, machine) => this.waitEvent(command, machine),

    XPR: (command, machine) => {
      const part = command.required(Panel.print);
      const number = command.number(Panel.partNumber, 2);
      if (part.length > PRINT_MAX) throw new Refusal(Stat.invalidParameter, `part of ${part.length} bytes`);
      if (number === undefined || number !== this.lastPart) machine.printer.print(part);
      this.lastPart = number;
      machine.reply(Stat.ok);
    },

    XPS: (_, machine) =>
      machine.reply(Stat.ok, machine.answer().number(Panel.printStatus, machine.printer.status(), 1)),

    XBP: (command, machine) => {
      const pattern = latin1(command.required(Panel.beep));
      if (pattern.length > BEEP_MAX || !/^[SL-]*$/.test(pattern))
        throw new Refusal(Stat.invalidParameter, 'beep pattern');
      machine.beep(pattern);
      machine.reply(Stat.ok);
    },

    XLI: (command, machine) => {
      const size = command.requiredNumber(Panel.size, 4);
      const received = machine.slots.open(size, command.required(Panel.sha256));
      machine.reply(Stat.ok, machine.answer().number(Panel.received, received, 4));
    },

    XLR: (command, machine) => {
      machine.slots.write(command.requiredNumber(Panel.offset, 4), command.required(Panel.data));
      machine.reply(Stat.ok);
    },

    XLE: (_, machine) => {
      machine.slots.verify();
      machine.reply(Stat.ok);
    },

    XLA: (_, machine) => {
      machine.slots.activate();
      machine.reply(Stat.ok);
      machine.restartSoon();
    },

    XLC: (_, machine) => {
      machine.slots.confirm();
      machine.reply(Stat.ok);
    },

    XLQ: (_, machine) => machine.reply(Stat.ok, slotStatus(machine.answer(), machine)),
  };

  private waitEvent(command: Command, machine: Machine): void {
    const sources = command.requiredNumber(Panel.sources, 1);
    const timeoutSeconds = command.number(Panel.timeout, 2);
    const flush = command.number(Panel.flush, 1) === 1;
    const lastReceived = command.number(Panel.lastSequence, 2);
    this.dropped = flush ? this.queue.length : 0;
    if (flush) this.queue.length = 0;
    if (lastReceived !== undefined && this.last && newer(this.sequence, lastReceived))
      return this.answerEvent(machine, this.last);
    const { reader } = machine;
    const key = sources & Source.keypad ? this.queue.shift() : undefined;
    if (key) return this.give(machine, { code: KEY_CODES[key] });
    if (sources & Source.chip && (reader.inserted !== undefined) !== reader.reportedIn) return this.giveSlot(machine);
    if (sources & Source.contactless && reader.field) return this.give(machine, { code: '94' });
    if (timeoutSeconds === 0) return machine.reply(Stat.timeout);
    return machine.wait({
      keys: sources & Source.keypad ? pressed => this.give(machine, { code: KEY_CODES[pressed] }) : undefined,
      queueKeys: true,
      magnetic: sources & Source.magnetic ? card => this.giveSwipe(machine, card) : undefined,
      chip: sources & Source.chip ? () => this.giveSlot(machine) : undefined,
      contactless: sources & Source.contactless ? () => this.give(machine, { code: '94' }) : undefined,
      scanner: sources & Source.scanner ? scan => this.give(machine, { code: '95', scan }) : undefined,
      timeoutSeconds,
    });
  }

  private giveSwipe(machine: Machine, card: TestCard): void {
    machine.reader.forget();
    machine.reader.remember(card, 'stripe');
    this.give(machine, { code: '90' });
  }

  /** Tells that a card went into the slot or left it, unless that was told already. */
  private giveSlot(machine: Machine): void {
    const { reader } = machine;
    const present = reader.inserted !== undefined;
    if (present === reader.reportedIn) return;
    reader.reportedIn = present;
    this.give(machine, { code: present ? '92' : '91' });
  }

  private give(machine: Machine, event: PanelEvent): void {
    this.sequence = (this.sequence % SEQUENCE_MAX) + 1;
    this.last = event;
    this.answerEvent(machine, event);
  }

  private answerEvent(machine: Machine, event: PanelEvent): void {
    const answer = machine.answer().text(Panel.event, event.code).number(Panel.sequence, this.sequence, 2);
    if (event.scan !== undefined) answer.text(Panel.scan, event.scan);
    if (this.dropped > 0) answer.number(Panel.dropped, this.dropped, 1);
    machine.reply(Stat.ok, answer);
  }
}

/** KEYS of XID: the digits first, as a person names them. */
const KEY_NAMES = Object.keys(KEY_CODES).join(',');

/** True when `sequence` comes after `received` on the circle 1…65535; everything comes after 0 (nothing received yet). */
function newer(sequence: number, received: number): boolean {
  if (received === 0) return sequence > 0;
  const ahead = (sequence - received + SEQUENCE_MAX) % SEQUENCE_MAX;
  return ahead > 0 && ahead < 0x8000;
}

function slotStatus(answer: Answer, machine: Machine): Answer {
  const { slots } = machine;
  answer.text(Panel.slotActive, slots.active).text(Panel.slotState, slots.state);
  const a = slots.digest('A');
  const b = slots.digest('B');
  if (a) answer.value(Panel.digestA, a);
  if (b) answer.value(Panel.digestB, b);
  return answer;
}
