import { assert } from '../assert.ts';
import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { toHex } from '../wire/hex.ts';
import { malformed, type AnswerReader, type Command, type CommandWriter } from './fields.ts';
import { Panel } from './ids.ts';
import { encodeLine, type Charset } from './text.ts';

/** Keys of the panel's event table, by the names that the value KEYS uses. */
// prettier-ignore
export const KEY_NAMES = [
  '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '00', 'ENTER', 'CANCEL', 'CLEAR', 'FN', 'MENU', 'UP', 'DOWN', 'ALPHA',
  'F1', 'F2', 'F3', 'F4',
] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** What {@link TerminalDevice.waitEvent} brings. */
export type PanelEvent =
  | { readonly kind: 'key'; readonly key: KeyName }
  | { readonly kind: 'swiped' }
  | { readonly kind: 'chipInserted' }
  | { readonly kind: 'chipRemoved' }
  | { readonly kind: 'contactless' }
  | { readonly kind: 'scanned'; readonly text: string }
  | { readonly kind: 'timeout' };

/** What may end a wait. */
export interface EventSources {
  readonly keypad?: boolean;
  readonly magnetic?: boolean;
  readonly chip?: boolean;
  readonly contactless?: boolean;
  readonly scanner?: boolean;
}

export interface SlotInfo {
  /** Slot whose image runs. */
  readonly active: 'A' | 'B';
  /** `trial` falls back after 120 s or a restart unless confirmed. */
  readonly state: 'confirmed' | 'trial';
  /** SHA-256, lower-case hex; undefined = empty or not verified. */
  readonly digestA: string | undefined;
  readonly digestB: string | undefined;
}

export interface PanelInfo {
  readonly rows: number;
  /** Half-width columns. */
  readonly columns: number;
  readonly charset: Charset;
  readonly keys: readonly string[];
  /** 0 = no printer */
  readonly printColumns: number;
  readonly features: {
    readonly scanner: boolean;
    readonly beeper: boolean;
    readonly slots: boolean;
    readonly partNumbers: boolean;
    readonly lastSequence: boolean;
  };
  readonly slots: SlotInfo | undefined;
  readonly serialNumber: string;
  readonly firmware: string;
}

export interface PrinterStatus {
  readonly paperOut: boolean;
  readonly paperLow: boolean;
  readonly coverOpen: boolean;
  readonly error: boolean;
}

/** Longest LINES value, bytes. */
const LINES_MAX = 512;

/** The panel's event codes (E010). Only 90–94 agree with those of CEX. */
const EVENT_CODES: readonly (readonly [code: string, event: PanelEvent])[] = [
  ['0A', { kind: 'key', key: '00' }],
  ['0a', { kind: 'key', key: '00' }],
  ['10', { kind: 'key', key: 'ENTER' }],
  ['11', { kind: 'key', key: 'CANCEL' }],
  ['12', { kind: 'key', key: 'CLEAR' }],
  ['14', { kind: 'key', key: 'FN' }],
  ['15', { kind: 'key', key: 'MENU' }],
  ['16', { kind: 'key', key: 'UP' }],
  ['17', { kind: 'key', key: 'DOWN' }],
  ['18', { kind: 'key', key: 'ALPHA' }],
  ['21', { kind: 'key', key: 'F1' }],
  ['22', { kind: 'key', key: 'F2' }],
  ['23', { kind: 'key', key: 'F3' }],
  ['24', { kind: 'key', key: 'F4' }],
  ['90', { kind: 'swiped' }],
  ['91', { kind: 'chipRemoved' }],
  ['92', { kind: 'chipInserted' }],
  ['94', { kind: 'contactless' }],
];
/** The same by the two characters as one number, as {@link AnswerReader.number} gives them without a text for each key. */
const EVENTS = new Map<number, PanelEvent>();
const addEvent = (code: string, event: PanelEvent): unknown =>
  EVENTS.set((code.charCodeAt(0) << 8) | code.charCodeAt(1), event);
for (const [code, event] of EVENT_CODES) addEvent(code, event);
for (let digit = 0; digit <= 9; digit++) addEvent(`0${digit}`, { kind: 'key', key: KEY_NAMES[digit] });

/** Key and card events of a plain ABECS pad (CEX, value PP_EVENT). */
const PAD_EVENTS = new Map<string, PanelEvent>([
  ['00', { kind: 'key', key: 'ENTER' }],
  ['02', { kind: 'key', key: 'UP' }],
  ['03', { kind: 'key', key: 'DOWN' }],
  ['04', { kind: 'key', key: 'F1' }],
  ['05', { kind: 'key', key: 'F2' }],
  ['06', { kind: 'key', key: 'F3' }],
  ['07', { kind: 'key', key: 'F4' }],
  ['08', { kind: 'key', key: 'CLEAR' }],
  ['13', { kind: 'key', key: 'CANCEL' }],
  ['90', { kind: 'swiped' }],
  ['91', { kind: 'chipRemoved' }],
  ['92', { kind: 'chipInserted' }],
  ['93', { kind: 'timeout' }], // no contactless card within two minutes
  ['94', { kind: 'contactless' }],
]);

/** One event of XEV with its sequence number. */
export interface SequencedEvent {
  readonly event: PanelEvent;
  /** 1–65535; undefined on a plain pad, which counts nothing. */
  readonly sequence: number | undefined;
}

/** Reads the answer of XEV (STAT 000). */
export function parseEvent(answer: AnswerReader): Result<SequencedEvent> {
  const number = answer.number(Panel.event) ?? 0;
  const event = answer.size === 2 ? EVENTS.get(number) : undefined;
  const sequence = answer.number(Panel.sequence);
  if (sequence === undefined) return failed(incomplete('XEV', 'SEQ (E012)'));
  if (event !== undefined) return ok({ event, sequence });
  const code = answer.text(Panel.event);
  if (code === '95') return ok({ event: { kind: 'scanned', text: answer.text(Panel.scan) }, sequence });
  return failed(malformed('XEV', code === '' ? 'no EVENT (E010)' : `unknown event code ${code.toUpperCase()}`));
}

/** Reads the event code of CEX. */
export function parsePadEvent(code: string): Result<SequencedEvent> {
  const event = PAD_EVENTS.get(code);
  if (event === undefined)
    return failed(malformed('CEX', code === '' ? 'no PP_EVENT (8040)' : `unknown event code ${code}`));
  return ok({ event, sequence: undefined });
}

/** Bit mask of the value SOURCES. */
export function sourceMask(sources: EventSources): number {
  return (
    (sources.keypad ? 1 : 0) |
    (sources.magnetic ? 2 : 0) |
    (sources.chip ? 4 : 0) |
    (sources.contactless ? 8 : 0) |
    (sources.scanner ? 16 : 0)
  );
}

/**
 * Writes XDS: lines separated by 0D, none after the last. Checked before sending: number of lines, width in columns,
 * character set, so that the terminal never answers 011 to a screen of ours.
 */
export function writeScreen(
  writer: CommandWriter,
  panel: PanelInfo,
  lines: readonly string[],
  reverseMask: number,
): Result<Command> {
  if (lines.length > panel.rows) {
    const cause = `screen has ${lines.length} lines, the terminal ${panel.rows}`;
    return failed(fault('E_ILLEGAL', 'argument-invalid', cause, 'Shorten the screen in the profile'));
  }
  writer.begin('XDS').beginValue(Panel.lines, LINES_MAX);
  let length = 0;
  for (let row = 0; row < lines.length; row++) {
    if (row > 0) {
      writer.ascii('\r');
      length++;
    }
    const columns = writer.display(lines[row], panel.columns, panel.charset);
    if (columns < 0) return failed(lineFault(lines[row], row, panel));
    length += columns;
    if (length > LINES_MAX) {
      return failed(
        fault('E_ILLEGAL', 'argument-invalid', `screen longer than ${LINES_MAX} bytes`, 'Shorten the screen'),
      );
    }
  }
  writer.endValue();
  const reverse = reverseMask & 0xff & (panel.rows < 8 ? (1 << panel.rows) - 1 : 0xff);
  if (reverse !== 0) writer.number(Panel.reverse, reverse, 1);
  return ok(writer.finish());
}

/** Why a line cannot be shown. */
function lineFault(line: string, row: number, panel: PanelInfo): Fault {
  const encoded = encodeLine(line, panel.columns, panel.charset);
  assert(!encoded.ok, 'a line that can be shown has no fault');
  return { ...encoded.fault, cause: `screen line ${row + 1}: ${encoded.fault.cause}` };
}

/** Reads the answer of XID. */
export function parsePanel(answer: AnswerReader): Result<PanelInfo> {
  const rows = answer.number(Panel.rows);
  const columns = answer.number(Panel.columns);
  const features = answer.number(Panel.features);
  if (rows === undefined) return failed(incomplete('XID', 'ROWS (E001)'));
  if (columns === undefined) return failed(incomplete('XID', 'COLUMNS (E002)'));
  if (features === undefined) return failed(incomplete('XID', 'FEATURES (E006)'));
  const charset = answer.text(Panel.charset).trim();
  if (charset !== 'GBK' && charset !== 'ISO8859-1' && charset !== 'ASCII') {
    return failed(malformed('XID', `character set is none of GBK, ISO8859-1, ASCII (${charset.length} characters)`));
  }
  const keys = answer.text(Panel.keys);
  return ok({
    rows,
    columns,
    charset,
    keys: keys === '' ? [] : keys.split(',').map(name => name.trim()),
    printColumns: answer.number(Panel.printColumns) ?? 0,
    features: {
      scanner: (features & 1) !== 0,
      beeper: (features & 2) !== 0,
      slots: (features & 4) !== 0,
      partNumbers: (features & 8) !== 0,
      lastSequence: (features & 16) !== 0,
    },
    slots: (features & 4) !== 0 ? slotsOf(answer) : undefined,
    serialNumber: answer.text(Panel.serialNumber).trim(),
    firmware: answer.text(Panel.firmware).trim(),
  });
}

/** Reads E020–E023 (XID, XLQ); undefined when the terminal did not say which slot is active. */
export function slotsOf(answer: AnswerReader): SlotInfo | undefined {
  const active = answer.text(Panel.slotActive);
  if (active !== 'A' && active !== 'B') return undefined;
  return {
    active,
    state: answer.text(Panel.slotState) === 'T' ? 'trial' : 'confirmed',
    digestA: hexOf(answer.copy(Panel.digestA)),
    digestB: hexOf(answer.copy(Panel.digestB)),
  };
}

/** Reads PRINTSTAT. */
export function parsePrinterStatus(answer: AnswerReader): Result<PrinterStatus> {
  const bits = answer.number(Panel.printStatus);
  if (bits === undefined) return failed(incomplete('XPS', 'PRINTSTAT (E013)'));
  return ok({
    paperOut: (bits & 1) !== 0,
    paperLow: (bits & 2) !== 0,
    coverOpen: (bits & 4) !== 0,
    error: (bits & 8) !== 0,
  });
}

/** An answer lacks a value that it must have. */
export function incomplete(command: string, what: string): Fault {
  return fault(
    'E_FAILURE',
    'answer-incomplete',
    `answer of ${command} has no ${what}`,
    'Report terminal model and firmware; the terminal does not follow the protocol',
  );
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.length === 32 ? toHex(bytes).toLowerCase() : undefined;
}
