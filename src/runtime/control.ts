import { failed, type Fault, fault, faultText, type Result } from '../fault.ts';
import { CONTROL_WAIT_MS, CONTROL_WAITING_MAX } from '../limits.ts';
import { type EntryDone, makeEntry } from './enter.ts';
import { type Entry, type EntryRequest, readRequest } from './entries.ts';
import { dropHeldCard } from './hold.ts';
import type { Shop } from './shop.ts';

/**
 * Entries for a counter at work. A line of the control socket is an event of the one inbox like any other, so it never meets
 * another event half done. While a job is under way (a message is out, a card is read, paper runs) most entries wait for its
 * end. Freeze, free and stop do not: the journal looks at them in the very step that makes an intent, so a refund that is
 * not on its way yet is refused there, and one that is cannot be touched.
 */
const AT_ONCE: ReadonlySet<Entry['what']> = new Set<Entry['what']>(['freeze', 'free', 'refund-stop']);

/** A line that came, and the way back. */
export interface ControlCall {
  readonly line: string;
  /** One line, without its end; called at most once. */
  answer(line: string): void;
  /** Nobody waits for the answer any more. */
  isGone(): boolean;
}

export interface Control {
  take(call: ControlCall): void;
  /** Makes what waited for the end of a job. */
  jobEnded(): void;
}

interface Waiting {
  readonly call: ControlCall;
  readonly ask: EntryRequest;
  readonly timer: number;
}

const BUSY = fault(
  'E_BUSY',
  'counter-busy',
  'a transaction or settlement is under way at the counter',
  'Nothing was entered. Try again when it is over, or enter it at the keypad',
);
const STOPPING = fault('E_BUSY', 'counter-stopping', 'the counter is just being stopped', 'Try again in a moment');

export function controlOf(shop: Shop): Control {
  const { timers, log } = shop.hal;
  let waiting: Waiting[] = [];
  let toldMs = Number.NEGATIVE_INFINITY;

  /** Somebody who sends nonsense in a loop does not fill the log. */
  const warn = (f: Fault): void => {
    const nowMs = shop.hal.clock.monotonicMs();
    if (nowMs - toldMs < WARN_EACH_MS) return;
    toldMs = nowMs;
    log.warn({ event: 'control', fault: f.name }, faultText(f));
  };

  const refuse = (call: ControlCall, f: Fault): void => {
    warn(f);
    call.answer(answerLine(failed(f)));
  };

  const make = (call: ControlCall, ask: EntryRequest): void => {
    if (call.isGone()) return;
    const made = enter(shop, ask);
    if (!made.ok) return refuse(call, made.fault);
    log.info(
      { event: 'control', kind: ask.entry.what, outcome: made.value.again ? 'again' : 'entered' },
      `entered over the control socket: ${ask.entry.what}`,
    );
    call.answer(answerLine(made));
  };

  return {
    take(call) {
      const read = readRequest(call.line);
      if (!read.ok) return refuse(call, read.fault);
      if (shop.stopping) return refuse(call, STOPPING);
      const ask = read.value;
      if (!shop.working || AT_ONCE.has(ask.entry.what)) return make(call, ask);
      if (waiting.length >= CONTROL_WAITING_MAX) return refuse(call, BUSY);
      const timer = timers.set(CONTROL_WAIT_MS, () => {
        waiting = waiting.filter(one => one.timer !== timer);
        refuse(call, BUSY);
      });
      waiting.push({ call, ask, timer });
    },
    jobEnded() {
      if (shop.working || shop.stopping) return;
      const now = waiting;
      waiting = [];
      for (const { call, ask, timer } of now) {
        timers.clear(timer);
        make(call, ask);
      }
    },
  };
}

/** Faults of the socket are told once in such a time. */
const WARN_EACH_MS = 10_000;

function enter(shop: Shop, ask: EntryRequest): Result<EntryDone> {
  const made = makeEntry(shop.journal, ask, {
    nowMs: shop.hal.clock.nowMs(),
    way: 'counter',
    blockMs: shop.profile.policy.passwordBlockSeconds * 1000,
  });
  if (!made.ok || made.value.again) return made;
  if (ask.entry.what === 'refund-stop') letGo(shop, ask.entry.id);
  showNews(shop);
  return made;
}

/** The card of a hold that was stopped; one that is in hand at the keypad belongs to the flow, which forgets it at its end. */
function letGo(shop: Shop, id: number): void {
  shop.heldTries.delete(id);
  if (shop.card !== undefined && shop.card === shop.heldCards.get(id)) shop.heldCards.delete(id);
  else dropHeldCard(shop, id);
}

/** The idle screen is drawn anew at once; any other step sees the change with its next event. */
function showNews(shop: Shop): void {
  shop.news = true;
  if (shop.device.waiting && shop.keypad.view().screen.kind === 'idle') shop.device.cancelWait(() => {});
}

/** `{"v":1,"ok":true,"again":false,"way":"counter","value":{…}}`, or the fault. */
export function answerLine(made: Result<EntryDone>): string {
  return JSON.stringify(made.ok ? { v: 1, ok: true, ...made.value } : { v: 1, ok: false, fault: made.fault });
}
