import { Pp, Spe } from '../../device/ids.ts';
import { Refusal, decimal, fromLatin1, latin1, type Command } from './command.ts';
import type { Handler, Machine } from './machine.ts';
import { digitOf, valueAnswer } from './pin.ts';
import { COLUMNS, ROWS } from './screen.ts';
import { Stat } from './status.ts';

const DISPLAY_LENGTH = 32;
const DEX_MESSAGE_MAX = 160;
const MENU_MAX = 20;
const PROMPT_MAX = 0x35;
const VALUE_MAX = 32;
const PROMPT_SECONDS = 60;
/** A few of the built-in prompts; the others show their number. */
const PROMPTS = new Map([
  [0x1f, 'TABLE'],
  [0x21, 'QUANTITY'],
  [0x22, 'PUMP'],
  [0x31, 'TOKEN'],
  [0x32, 'CARD NUMBER'],
  [0x33, 'INSTALMENTS'],
  [0x34, 'PLAN'],
  [0x35, 'PRODUCT'],
]);

/** What GIX tells, in the order of the ids. */
function information(machine: Machine): ReadonlyMap<number, string> {
  const empty = '0'.repeat(100);
  return new Map([
    [Pp.serialNumber, machine.serialNumber],
    [Pp.partNumber, 'POS8583-SIM'],
    [Pp.model, machine.model],
    [Pp.manufacturer, 'POS8583'],
    [Pp.capabilities, '1000000000'],
    [Pp.softwareVersion, 'SIM 1'],
    [Pp.specVersion, '2.20'],
    [Pp.basicVersion, 'SIM 1'],
    [Pp.contactlessCapabilities, '1000000000'],
    [Pp.textDisplay, `${String(ROWS).padStart(2, '0')}${COLUMNS}`],
    [Pp.graphicDisplay, '00000000'],
    [Pp.masterKeysPin, machine.keys.map()],
    [Pp.masterKeysData, machine.keys.map()],
    [Pp.dukptKeysPin, empty],
    [Pp.dukptKeysData, empty],
    [Pp.tableVersion, machine.tables.currentVersion],
  ]);
}

/** Screen, menus, information, tables: what needs neither a card nor a key. */
export const basicHandlers: Readonly<Record<string, Handler>> = {
  GIX: (command, machine) => {
    const list = command.optional(Spe.idList);
    const known = information(machine);
    const ids = list
      ? Array.from({ length: list.length >> 1 }, (_, i) => (list[2 * i] << 8) | list[2 * i + 1])
      : [...known.keys()];
    const answer = machine.answer();
    for (const id of ids) {
      const text = known.get(id) ?? (id >> 8 === 0x93 ? machine.tables.currentVersion : undefined);
      if (text !== undefined) answer.text(id, text);
    }
    machine.reply(Stat.ok, answer);
  },

  DSP: (command, machine) => {
    const text = command.fixed(DISPLAY_LENGTH);
    machine.screen.show([new Uint8Array(0), ...halves(text)], 0);
    machine.reply(Stat.ok);
  },

  /** `length(3) message [horizontal(1) vertical(1) kind(1) 000]`; 0D begins a new line. */
  DEX: (command, machine) => {
    const blocks = command.blocks();
    const block = blocks[0] ?? new Uint8Array(0);
    const length = decimal(block, 0, 3);
    const rest = block.length - 3 - length;
    if (blocks.length !== 1 || length < 0 || length > DEX_MESSAGE_MAX || (rest !== 0 && rest !== 6))
      throw new Refusal(Stat.invalidParameter, 'DEX: wrong layout');
    const options = rest === 6 ? latin1(block.subarray(3 + length)) : '000000';
    const lines = machine.screen.wrap(block.subarray(3, 3 + length)).slice(0, ROWS);
    const top = options[1] === '1' ? ROWS - lines.length : options[1] === '2' ? (ROWS - lines.length) >> 1 : 0;
    const placed = [
      ...Array.from({ length: top }, () => new Uint8Array(0)),
      ...lines.map(line => align(line, options[0])),
    ];
    machine.screen.show(placed, 0);
    if (options[2] === '2' || options[2] === '3') machine.beep('L');
    machine.reply(Stat.ok);
  },

  MNU: (command, machine) => {
    const options = command.all(Spe.menuOption);
    if (options.length === 0) throw new Refusal(Stat.mandatory, 'MNU: no options');
    if (options.length > MENU_MAX) throw new Refusal(Stat.invalidParameter, `MNU: ${options.length} options`);
    const title = command.optional(Spe.message) ?? new Uint8Array(0);
    let chosen = 0;
    const draw = (): void => {
      const top = Math.max(0, Math.min(chosen - 1, options.length - (ROWS - 1)));
      const lines = options.slice(top, top + ROWS - 1).map(option => machine.screen.wrap(option)[0]);
      machine.screen.show([machine.screen.wrap(title)[0] ?? title, ...lines], 1 << (1 + chosen - top));
    };
    draw();
    const pick = (index: number): void =>
      machine.reply(Stat.ok, valueAnswer(machine, String(index + 1).padStart(2, '0')));
    machine.wait({
      idle: true,
      timeoutSeconds: command.number(Spe.timeout, 1),
      keys: key => {
        if (key === 'CANCEL') return machine.reply(Stat.cancel);
        if (key === 'ENTER') return pick(chosen);
        if (digitOf(key) >= 1 && digitOf(key) <= options.length) return pick(digitOf(key) - 1);
        if (key === 'UP') chosen = (chosen + options.length - 1) % options.length;
        else if (key === 'DOWN') chosen = (chosen + 1) % options.length;
        return draw();
      },
    });
  },

  GCD: (command, machine) => {
    const prompt = command.requiredNumber(Spe.promptIndex, 2);
    const min = command.number(Spe.digitsMin, 1) ?? 0;
    const max = command.number(Spe.digitsMax, 1) ?? VALUE_MAX;
    if (prompt < 1 || prompt > PROMPT_MAX || max > VALUE_MAX || min > max)
      throw new Refusal(Stat.invalidParameter, 'GCD: prompt or length');
    const title = PROMPTS.get(prompt) ?? `PROMPT ${prompt.toString(16).toUpperCase().padStart(4, '0')}`;
    let value = '';
    const draw = (): void =>
      machine.screen.show([new Uint8Array(0), fromLatin1(title), fromLatin1(value.slice(-COLUMNS))], 0);
    draw();
    machine.wait({
      idle: true,
      timeoutSeconds: command.number(Spe.timeout, 1) ?? PROMPT_SECONDS,
      keys: key => {
        if (key === 'CANCEL') return machine.reply(Stat.cancel);
        if (key === 'ENTER' && value.length >= min) return machine.reply(Stat.ok, valueAnswer(machine, value));
        if (key === 'CLEAR') value = '';
        else if (/^\d+$/.test(key) && value.length + key.length <= max) value += key;
        return draw();
      },
    });
  },

  TLI: (command, machine) => {
    const block = command.fixed(12);
    if (decimal(block, 0, 2) < 0) throw new Refusal(Stat.invalidParameter, 'TLI: acquirer');
    const differs = machine.tables.open(latin1(block.subarray(0, 2)), latin1(block.subarray(2)));
    machine.reply(differs ? Stat.tablesDiffer : Stat.ok);
  },

  TLR: (command, machine) => {
    for (const block of command.blocks()) machine.tables.add(block);
    machine.reply(Stat.ok);
  },

  TLE: (_, machine) => {
    machine.tables.end();
    machine.reply(Stat.ok);
  },
};

/** CLX and CLO: blank the screen, then show the message or the picture if there is one. */
export function closeScreen(command: Command, machine: Machine): void {
  const message = command.name === 'CLO' ? command.fixed(DISPLAY_LENGTH) : command.optional(Spe.message);
  const picture = command.name === 'CLO' ? undefined : command.optional(Spe.mediaName);
  if (picture) machine.media.show(latin1(picture));
  machine.screen.blank();
  if (message) machine.screen.message(message);
}

const halves = (text: Uint8Array): Uint8Array[] => [text.subarray(0, COLUMNS), text.subarray(COLUMNS)];

function align(line: Uint8Array, how: string): Uint8Array {
  const free = COLUMNS - line.length;
  const indent = how === '1' ? free : how === '2' ? free >> 1 : 0;
  const placed = new Uint8Array(indent + line.length).fill(0x20);
  placed.set(line, indent);
  return placed;
}
