import { fault, type Fault } from '../../fault.ts';
import { openSerialPort } from '../../node/serial.ts';
import { openTimers } from '../../node/timers.ts';
import type { Timers } from '../../hal/hal.ts';
import type { DeviceInfo, PanelEvent } from '../../device/terminal.ts';
import type { Result } from '../../fault.ts';
import { type ByteSource, Kind } from '../../trace/kinds.ts';
import { TraceReader } from '../../trace/reader.ts';
import { ask } from '../doctor/bench.ts';
import type { Zone } from '../trace/zone.ts';
import { OpenTerminal } from '../open-terminal.ts';
import { parseBound, type Bound } from './range.ts';
import { nothing, refuse, type ReplayFlags, type ReplayRim } from './replay.ts';
import { type Lang, ReplayExit } from './words.ts';

/** A pause of the recording is not sat out longer than this, milliseconds. */
const PAUSE_MAX_MS = 60_000;

/** One recorded screen. */
interface Shown {
  readonly timeUs: number;
  readonly step: string;
  readonly lines: readonly string[];
  readonly index: number;
}

/** The screens of the `number`-th session of a trace, in their order. */
export class Screens {
  /** The session was found. */
  found = false;
  private readonly reader: TraceReader;
  private readonly number: number;
  private session = 0;

  constructor(source: ByteSource, number: number) {
    this.reader = new TraceReader(source);
    this.number = number;
  }

  next(): Shown | undefined {
    const { reader } = this;
    while (reader.next()) {
      if (reader.kind === Kind.session && ++this.session > this.number) return undefined;
      this.found = this.session === this.number;
      if (!this.found || reader.kind !== Kind.screen) continue;
      const [step = '', ...lines] = reader.texts();
      return { timeUs: reader.timeUs, step, lines, index: reader.index };
    }
    return undefined;
  }
}

/**
 * Shows the recorded screens on a terminal, as fast as they came or `--speed` times as fast. Keys count for nothing, CANCEL ends.
 * Resolves to the exit status.
 */
export async function showSession(
  path: string,
  source: ByteSource,
  number: number,
  zone: Zone | undefined,
  flags: ReplayFlags,
  rim: ReplayRim,
): Promise<number> {
  const here = { name: undefined, local: (ms: number) => rim.local(ms) };
  const end = flags.until === undefined ? undefined : parseBound('--until', flags.until, zone ?? here);
  if (end && !end.ok) return refuse(rim, end.fault, ReplayExit.usage);
  const screens = new Screens(source, number);
  let shown = screens.next();
  if (shown === undefined)
    return refuse(
      rim,
      nothing(screens.found ? `${path}: session ${number} has no screen` : `${path} has no session ${number}`),
      ReplayExit.unreadable,
    );
  const timers = openTimers();
  const terminal = new OpenTerminal(openSerialPort(flags.toTerminal ?? '', { baudRate: flags.baud }), timers);
  const connected = await ask<DeviceInfo>(done => terminal.connect(done));
  if (!connected.ok) return refuse(rim, connected.fault, ReplayExit.usage);
  const close = (): Promise<void> => new Promise(resolve => terminal.close(resolve));
  if (connected.value.panel === undefined) {
    await close();
    return refuse(rim, noPanel(connected.value.model), ReplayExit.usage);
  }
  const stopped = { is: false };
  const noStop = rim.console.onStop(() => {
    stopped.is = true;
    if (terminal.device.waiting) terminal.device.cancelWait(() => {});
  });
  // Played as it was, unless a person wants it otherwise.
  const speed = flags.speed ?? 1;
  let count = 0;
  let problem: Fault | undefined;
  while (shown !== undefined && !stopped.is && !isBehind(end?.value, shown)) {
    const current: Shown = shown;
    const drawn = await ask<void>(done => terminal.device.showScreen(current.lines, 0, done));
    if (!drawn.ok) {
      problem = drawn.fault;
      break;
    }
    count++;
    if (!flags.quiet && !flags.json) rim.print(`${current.step.padEnd(24)} ${current.lines.join(' | ')}`);
    shown = screens.next();
    const restMs = shown === undefined ? 0 : (shown.timeUs - current.timeUs) / 1000 / (speed || Infinity);
    if (await cancelled(terminal, timers, Math.min(Math.max(0, restMs), PAUSE_MAX_MS))) break;
  }
  noStop();
  await close();
  timers.clearAll();
  if (problem) return refuse(rim, problem, ReplayExit.different);
  if (flags.json) rim.print(JSON.stringify({ session: number, screens: count }));
  else if (!flags.quiet) rim.print(endText(count, flags.lang));
  return ReplayExit.equal;
}

/** Shorter pauses are not worth a question to the terminal, milliseconds. */
const PAUSE_LEAST_MS = 30;
const POKE_MS = 20;

/** Waits for so long; true when a person pressed CANCEL meanwhile, or the line is gone. */
async function cancelled(terminal: OpenTerminal, timers: Timers, restMs: number): Promise<boolean> {
  const { device } = terminal;
  if (restMs < PAUSE_LEAST_MS) return false;
  let over = false;
  let waits = false;
  let timer = 0;
  // The question may still be on its way to the terminal: then it is given up a moment later.
  const poke = (): void => {
    over = true;
    if (device.waiting) device.cancelWait(() => {});
    else if (waits) timer = timers.set(POKE_MS, poke);
  };
  timer = timers.set(restMs, poke);
  let ends = false;
  while (!over && !ends) {
    waits = true;
    const event: Result<PanelEvent> = await ask(done => device.waitEvent({ keypad: true }, {}, done));
    waits = false;
    ends = event.ok ? event.value.kind === 'key' && event.value.key === 'CANCEL' : !over;
  }
  timers.clear(timer);
  return ends;
}

function isBehind(end: Bound | undefined, { index, timeUs }: Shown): boolean {
  if (end === undefined) return false;
  return end.kind === 'number' ? index > end.number : timeUs > end.timeUs;
}

function noPanel(model: string): Fault {
  return fault(
    'E_NOHARDWARE',
    'no-panel',
    `${model || 'the terminal'} is a plain PIN pad without a screen of its own`,
    'Connect a terminal with the operator-panel extension, or start one: pos8583 sim terminal',
  );
}

function endText(count: number, lang: Lang): string {
  return lang === 'zh' ? `已显示 ${count} 屏` : `${count} screens shown`;
}
