import { type Part, startPart, whenThere } from '../../node/processes.ts';
import type { Timers } from '../../hal/hal.ts';
import type { Profile } from '../../profile/schema.ts';
import type { TraceRecord } from '../../trace/record.ts';
import { followTrace } from '../told.ts';
import { failedStep, notDone, passed, type StepId, type StepResult } from './checklist.ts';

/** What the acquirer's side of the checklist waits for, in the order in which a technician does it. */
const TRADES = ['signOn', 'echo', 'sale', 'void'] as const;
type Trade = (typeof TRADES)[number];

const WHAT_TO_DO: Readonly<Record<Trade, string>> = {
  signOn: 'sign on: ENTER at the idle screen, operator, password',
  echo: 'echo test: ENTER for the menu, 8 other, 4 echo test',
  sale: 'test sale of 0.01: menu, 1 sale, amount, card',
  void: 'void it: menu, 2 void, manager password, F1 for the last sale, reason, the same card',
};
const REMEDY: Readonly<Record<Trade, string>> = {
  signOn: 'Compare merchant number, terminal number and master key with the acquirer; check address and network cable',
  echo: 'Check address, network cable and firewall; ask the acquirer whether this terminal number is open',
  sale: 'Read the code on the screen; ask the acquirer whether this terminal may sell',
  void: 'The test sale is still on the card: void it before opening, or refund it',
};

export interface TradeOptions {
  /** Arguments of `run`, without --trace. */
  readonly runArgs: readonly string[];
  /** File for the trace of these minutes. */
  readonly traceFile: string;
  readonly profile: Profile;
  readonly skip: ReadonlySet<StepId>;
  /** Without any progress for so long the check ends, seconds. */
  readonly patienceSeconds: number;
  readonly timers: Timers;
  tell(text: string): void;
  /** Called with a function that ends the check early (Ctrl-C). */
  onStop(stop: () => void): void;
}

/**
 * The production runtime itself runs on the terminal, and the technician trades: nothing is rehearsed here that a cashier
 * would not do later. What it sent and what came back is read from its trace.
 */
export function tradeChecks(options: TradeOptions): Promise<readonly StepResult[]> {
  const wanted = TRADES.filter(trade => !options.skip.has(trade));
  const done = new Map<Trade, StepResult>();
  let waitsFor: { trade: Trade; atMs: number } | undefined;
  let stopFollowing = (): void => {};
  let timer = 0;
  let why = 'nobody did it';
  const notes: string[] = [];
  return new Promise(resolve => {
    const runtime: Part = startPart([...options.runArgs, '--trace', options.traceFile]);
    let leaving = false;
    const leave = (reason: string): void => {
      if (leaving) return;
      leaving = true;
      why = reason;
      options.timers.clear(timer);
      runtime.interrupt();
    };
    const next = (): void => {
      options.timers.clear(timer);
      const open = wanted.find(trade => done.get(trade)?.outcome !== 'passed');
      if (open === undefined) return leave('done');
      options.tell(WHAT_TO_DO[open]);
      timer = options.timers.set(options.patienceSeconds * 1000, () =>
        leave(`nothing came for ${options.patienceSeconds} s`),
      );
    };
    const take = (record: TraceRecord): void => {
      if (record.training === true) return;
      if (record.kind === 'sent') {
        const trade = tradeOf(record.mti, record.fields);
        waitsFor = trade && { trade, atMs: record.atMs };
      } else if (record.kind === 'received' && waitsFor) {
        const { trade, atMs } = waitsFor;
        waitsFor = undefined;
        const code = record.fields['39'] ?? '';
        const ms = record.atMs - atMs;
        if (!wanted.includes(trade) || done.get(trade)?.outcome === 'passed') return;
        done.set(
          trade,
          code === '00'
            ? passed(trade, `answered 00 in ${ms} ms${amountOf(trade, record.fields)}`)
            : failedStep(trade, `answered ${code || 'without a code'} in ${ms} ms`, REMEDY[trade]),
        );
        next();
      }
    };
    runtime.onLine(line => notes.push(line));
    runtime.onEnd(status => {
      options.timers.clear(timer);
      stopFollowing();
      const ended = leaving ? why : `the runtime ended by itself (status ${status}): ${notes.at(-1) ?? 'no word'}`;
      resolve(
        wanted.map(trade => {
          const result = done.get(trade);
          if (result) return result;
          return waitsFor?.trade === trade
            ? failedStep(trade, 'sent, and no answer came', REMEDY[trade])
            : notDone(trade, ended, WHAT_TO_DO[trade]);
        }),
      );
    });
    options.onStop(() => leave('stopped by a person'));
    whenThere(options.traceFile, () => {
      if (leaving) return;
      stopFollowing = followTrace(options.traceFile, options.profile, take);
    });
    next();
  });
}

/** Which step of the checklist a request is, by its type and processing code. */
function tradeOf(mti: string, fields: Readonly<Record<string, string>>): Trade | undefined {
  switch (mti) {
    case '0800':
      return 'signOn';
    case '0820':
      return /301$/.test(fields['60'] ?? '') ? 'echo' : undefined;
    case '0200':
      return fields['3'] === '000000' ? 'sale' : fields['3'] === '200000' ? 'void' : undefined;
    default:
      return undefined;
  }
}

function amountOf(trade: Trade, fields: Readonly<Record<string, string>>): string {
  if (trade !== 'sale' && trade !== 'void') return '';
  return ` (reference ${fields['37'] ?? 'none'})`;
}
