import type { Console } from '../../node/console.ts';
import type { Lang } from './words.ts';

const BAR_WIDTH = 24;
/** A person reads no more often than this, milliseconds. */
const REDRAW_MS = 200;
const MIB = 1024 * 1024;

export interface ReplayState {
  /** Bytes of the capture that were read, and all of them when that is known. */
  readonly offset: number;
  readonly size: number | undefined;
  readonly messages: number;
  /** Since the start. */
  readonly seconds: number;
}

/** `[######------]  48 %  12.1/25.0 MiB  64012 messages  1250000/s  left 3 s` in at most `columns` columns. */
export function barText(state: ReplayState, columns: number, lang: Lang): string {
  const { offset, size, messages, seconds } = state;
  const rate = seconds > 0 ? messages / seconds : 0;
  const zh = lang === 'zh';
  const counted = `${messages} ${zh ? '条报文' : 'messages'}  ${rate.toFixed(0)}/s`;
  if (size === undefined || size === 0) return `${(offset / MIB).toFixed(1)} MiB  ${counted}`.slice(0, columns - 1);
  const share = Math.min(1, offset / size);
  const full = Math.floor(share * BAR_WIDTH);
  const left = share > 0 ? Math.ceil((seconds * (1 - share)) / share) : 0;
  const bar = `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
  const place = `${(offset / MIB).toFixed(1)}/${(size / MIB).toFixed(1)} MiB`;
  return `${bar}  ${place}  ${counted}  ${zh ? '剩余' : 'left'} ${left} s`.slice(0, columns - 1);
}

/** A bar on standard error while a person looks at it; nothing otherwise. */
export class ReplayProgress {
  private readonly console: Console;
  private readonly lang: Lang;
  private readonly live: boolean;
  private drawn = false;
  private nextMs = 0;

  constructor(console: Console, lang: Lang, quiet: boolean) {
    this.console = console;
    this.lang = lang;
    this.live = !quiet && console.isTerminal('error');
  }

  show(state: ReplayState): void {
    if (!this.live || state.seconds * 1000 < this.nextMs) return;
    this.nextMs = state.seconds * 1000 + REDRAW_MS;
    // Standard error is written line by line: the bar goes over the line before.
    this.console.printError(
      `${this.drawn ? '\x1b[1A' : ''}\r\x1b[2K${barText(state, this.console.columns(), this.lang)}`,
    );
    this.drawn = true;
  }

  /** Takes the bar away. */
  end(): void {
    if (this.drawn) this.console.printError('\x1b[1A\r\x1b[2K\x1b[1A');
    this.drawn = false;
  }
}
