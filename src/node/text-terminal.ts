import { ALTERNATE_SCREEN, CLEAR_BELOW, CLEAR_LINE, DIM, HOME, NORMAL_SCREEN, PLAIN, REVERSE } from './ansi.ts';
import { columnsOf } from '../wire/gbk.ts';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { failed, fault, ok, type Result } from '../fault.ts';
import type { KeyName } from '../sim/terminal/machine.ts';
import type { Slip } from '../sim/terminal/printer.ts';
import type { ScreenState } from '../sim/terminal/screen.ts';
import { writeAtomic } from './files.ts';

/** Columns of the drawn screen. */
const COLUMNS = 16;

/** What a press on the computer's keyboard means. `choose` and `scan` ask for more. */
export type KeyboardAction =
  | { readonly kind: 'key'; readonly key: KeyName }
  | { readonly kind: 'choose'; readonly what: 'swipe' | 'insert' | 'tap' }
  | { readonly kind: 'remove' | 'paper' | 'scan' | 'quit' };

const SEQUENCES: Readonly<Record<string, KeyName>> = {
  '\x1b[A': 'UP',
  '\x1b[B': 'DOWN',
  '\x1bOA': 'UP',
  '\x1bOB': 'DOWN',
  '\x1bOP': 'F1',
  '\x1bOQ': 'F2',
  '\x1bOR': 'F3',
  '\x1bOS': 'F4',
  '\x1b[11~': 'F1',
  '\x1b[12~': 'F2',
  '\x1b[13~': 'F3',
  '\x1b[14~': 'F4',
  '\x1b[[A': 'F1',
  '\x1b[[B': 'F2',
  '\x1b[[C': 'F3',
  '\x1b[[D': 'F4',
  '\x1b': 'CANCEL',
  '\r': 'ENTER',
  '\n': 'ENTER',
  '\x7f': 'CLEAR',
  '\b': 'CLEAR',
  '.': '00',
  m: 'MENU',
  f: 'FN',
  a: 'ALPHA',
};

const ACTIONS: Readonly<Record<string, KeyboardAction>> = {
  s: { kind: 'choose', what: 'swipe' },
  i: { kind: 'choose', what: 'insert' },
  t: { kind: 'choose', what: 'tap' },
  r: { kind: 'remove' },
  p: { kind: 'paper' },
  c: { kind: 'scan' },
  q: { kind: 'quit' },
  '\x03': { kind: 'quit' },
};

/** Cuts what the keyboard sent into presses: one character, or one escape sequence. */
export function splitPresses(input: string): string[] {
  return input.match(/\x1b\[\[[A-E]|\x1b\[\d*(?:;\d+)*[A-Za-z~]|\x1bO[A-Za-z]|[\s\S]/g) ?? [];
}

/** Meaning of one press, or undefined for a key that has none. Capital letters count as small ones. */
export function keyboardAction(press: string): KeyboardAction | undefined {
  if (/^\d$/.test(press)) return { kind: 'key', key: press as KeyName };
  const small = press.length === 1 ? press.toLowerCase() : press;
  if (Object.hasOwn(SEQUENCES, small) || Object.hasOwn(SEQUENCES, press))
    return { kind: 'key', key: SEQUENCES[press] ?? SEQUENCES[small] };
  return Object.hasOwn(ACTIONS, small) ? ACTIONS[small] : undefined;
}

/** The terminal's screen as a box of text, reverse lines in the colours of the other way round. */
export function drawScreen(screen: ScreenState): string[] {
  const edge = '─'.repeat(COLUMNS + 2);
  const lines = screen.lines.map((line, row) => {
    const text = ` ${line}${' '.repeat(Math.max(0, COLUMNS - columnsOf(line)))} `;
    return `│${screen.reverse & (1 << row) ? REVERSE + text + PLAIN : text}│`;
  });
  return [`┌${edge}┐`, ...lines, `└${edge}┘`];
}

export interface TextTerminalRim {
  /** Cards that can be chosen, in the order of the deck: `a` is the first. */
  readonly cards: readonly { readonly id: string; readonly label: string }[];
  /** A line under the keys. */
  readonly note?: string;
  action(action: Exclude<KeyboardAction, { kind: 'choose' | 'scan' }>): void;
  /** A card was chosen for an action. */
  card(what: 'swipe' | 'insert' | 'tap', index: number): void;
  /** A code was typed for the scanner. */
  scanned(text: string): void;
}

/** At most 78 columns each, so that a small window does not break them. */
const HELP = [
  '0-9  .=00  Enter 确认  Esc 取消 CANCEL  Backspace 更正 CLEAR  ↑ ↓  F1-F4',
  'm 菜单 MENU  f 功能 FN  a 字母 ALPHA  p 缺纸/有纸 paper  q 退出 quit',
  's 刷卡 swipe  i 插卡 insert  r 拔卡 remove  t 挥卡 tap  c 扫码 scan',
];

/**
 * Draws the virtual terminal in the text terminal that the program runs in and turns its keyboard into keys and cards. Uses
 * the alternate screen, so that the person's own text is back afterwards.
 */
export class TextTerminal {
  private readonly rim: TextTerminalRim;
  private screen: ScreenState = { lines: [], reverse: 0 };
  private status = '';
  private choosing: 'swipe' | 'insert' | 'tap' | undefined;
  private code: string | undefined;
  private running = false;

  constructor(rim: TextTerminalRim) {
    this.rim = rim;
  }

  start(): void {
    this.running = true;
    process.stdin.setRawMode(true);
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', this.typedIn);
    process.stdin.resume();
    process.stdout.write(ALTERNATE_SCREEN);
    this.draw();
  }

  /** Gives the screen and the keyboard back. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    process.stdin.off('data', this.typedIn);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.write(NORMAL_SCREEN);
  }

  /** New content; `status` is one line under the screen. */
  show(screen: ScreenState, status: string): void {
    this.screen = screen;
    this.status = status;
    if (this.running) this.draw();
  }

  /** What the keyboard sent. */
  typed(input: string): void {
    for (const press of splitPresses(input)) this.press(press);
    if (this.running) this.draw();
  }

  private readonly typedIn = (chunk: string | Buffer): void => this.typed(String(chunk));

  private press(press: string): void {
    if (press === '\x03') return this.rim.action({ kind: 'quit' });
    if (this.code !== undefined) return this.pressInScan(press, this.code);
    if (this.choosing) {
      const index = press.length === 1 ? press.toLowerCase().charCodeAt(0) - 0x61 : -1;
      const what = this.choosing;
      this.choosing = undefined;
      if (index >= 0 && index < this.rim.cards.length) this.rim.card(what, index);
      return undefined;
    }
    const action = keyboardAction(press);
    if (action?.kind === 'choose') this.choosing = action.what;
    else if (action?.kind === 'scan') this.code = '';
    else if (action) this.rim.action(action);
    return undefined;
  }

  private pressInScan(press: string, text: string): void {
    if (press === '\x1b') this.code = undefined;
    else if (press === '\r' || press === '\n') {
      this.code = undefined;
      if (text !== '') this.rim.scanned(text);
    } else if (press === '\x7f' || press === '\b') this.code = text.slice(0, -1);
    else if (press.length === 1 && press >= ' ') this.code = text + press;
  }

  private draw(): void {
    const lines = [...drawScreen(this.screen), this.status, ''];
    if (this.code !== undefined) lines.push(`扫码 scan: ${this.code}_   Enter / Esc`);
    else if (this.choosing) {
      lines.push(`${this.choosing}: 选卡 choose a card, Esc 返回 back`);
      lines.push(...this.rim.cards.map((card, i) => `  ${String.fromCharCode(0x61 + i)}  ${card.label}`));
    } else {
      lines.push(...HELP.map(line => DIM + line + PLAIN));
      if (this.rim.note !== undefined) lines.push('', this.rim.note);
    }
    process.stdout.write(HOME + lines.map(line => `${line}${CLEAR_LINE}\r\n`).join('') + CLEAR_BELOW);
  }
}

/** Makes the folder for slips. */
export function openSlipFolder(path: string): Result<(slip: Slip) => Result<void>> {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    return failed(
      fault(
        'E_FAILURE',
        'slip-folder',
        `slips ${path}: ${(error as Error).message}`,
        'Choose a folder that can be made and written',
      ),
    );
  }
  return ok(slip => {
    const base = join(path, `slip-${String(slip.number).padStart(4, '0')}`);
    const text = writeAtomic(`${base}.txt`, slip.text);
    return text.ok ? writeAtomic(`${base}.bin`, slip.raw) : text;
  });
}

/** Opens the record of screens: one JSON line `{"ms":…,"lines":[…],"reverse":…}` a change. */
export function openScreenRecord(path: string): Result<(ms: number, screen: ScreenState) => void> {
  try {
    appendFileSync(path, '');
  } catch (error) {
    return failed(
      fault(
        'E_FAILURE',
        'screen-record',
        `screens ${path}: ${(error as Error).message}`,
        'Choose a file that can be written',
      ),
    );
  }
  return ok((ms, screen) =>
    appendFileSync(path, `${JSON.stringify({ ms, lines: screen.lines, reverse: screen.reverse })}\n`),
  );
}
