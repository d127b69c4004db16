import type { Kind, Way, Wish } from './clerk.ts';
import { Clerk, IDLE } from './clerk.ts';
import type { NoiseKind } from './damage.ts';
import { type Check, type LineCounts, noCounts } from './line.ts';
import { formatAmount } from '../../src/units.ts';
import { card } from '../runtime/counter.ts';
import { Rig } from './rig.ts';

/** What many sessions under one kind of noise came to. */
export interface Tally {
  readonly kind: NoiseKind;
  readonly wishes: Record<Kind, number>;
  alone: number;
  helped: number;
  givenUp: number;
  /** Things that the clerks did beyond the plain path. */
  extra: number;
  /** Virtual time of the wishes, milliseconds. */
  ms: number;
  readonly line: LineCounts;
  /** Slips on paper; `torn`: more than one document up to one cut, because a line broke within a document. */
  slips: number;
  torn: number;
  /** Sessions whose terminal never came to its idle screen. */
  dumb: number;
  /** Longest time from the end of the noise to the idle screen, milliseconds. */
  settleMs: number;
  /** What must never be, in words. */
  readonly wrong: string[];
}

export function newTally(kind: NoiseKind): Tally {
  return {
    kind, wishes: { sale: 0, void: 0, refund: 0 }, alone: 0, helped: 0, givenUp: 0, extra: 0, ms: 0, line: noCounts(),
    slips: 0, torn: 0, dumb: 0, settleMs: 0, wrong: [],
  }; // prettier-ignore
}

/** What one session does: all three kinds of card, a void, a refund in two parts. */
const PLAN: readonly { readonly kind: Kind; readonly way: Way; readonly of?: number }[] = [
  { kind: 'sale', way: 'swipe' },
  { kind: 'sale', way: 'chip' },
  { kind: 'sale', way: 'tap' },
  { kind: 'void', way: 'swipe', of: 0 },
  { kind: 'refund', way: 'chip', of: 1 },
  { kind: 'sale', way: 'swipe' },
];
/** Within this time without noise and without a person the terminal has to be idle, milliseconds. */
export const SETTLE_MS = 5 * 60_000;

/** One day at the counter: sign-on, the plan, a last sale in whose middle the noise ends and the clerk goes away. */
export function session(tally: Tally, seed: number, check: Check = 'crc'): void {
  const rig = new Rig(tally.kind, seed, check);
  const complain = (what: string): void => void tally.wrong.push(`${tally.kind.name} seed ${seed}: ${what}`);
  try {
    work(tally, rig, seed, complain);
  } catch (error) {
    complain(`the runtime threw ${String(error)}`);
  } finally {
    for (const name of Object.keys(tally.line) as (keyof LineCounts)[]) tally.line[name] += rig.line.counts[name];
    rig.close();
  }
}

function work(tally: Tally, rig: Rig, seed: number, complain: (what: string) => void): void {
  const clerk = new Clerk(rig);
  if (!clerk.signOn()) {
    tally.dumb++;
    return;
  }
  const wanted: Wish[] = [];
  const sold: { voucher: number; amountMinor: number }[] = [];
  for (const [index, item] of PLAN.entries()) {
    const original = item.of === undefined ? undefined : sold[item.of];
    if (item.of !== undefined && original === undefined) continue;
    // Whole yuan: the cents make the acquirer do things. Every amount of a session is another one, and the cards can pay it.
    const sale = 100 * (100 + ((seed * 37) % 900) + index);
    const amountMinor = item.kind === 'sale' ? sale : item.kind === 'void' ? original!.amountMinor : 100 * (1 + index);
    const wish: Wish = { kind: item.kind, amountMinor, way: item.way, ...(original ? { original } : {}) };
    const before = rig.journal.lastTxn()?.id ?? 0;
    const booked = (): boolean => {
      const last = rig.journal.lastTxn();
      return last !== undefined && last.id > before && last.state === 'approved';
    };
    rig.amounts.clear();
    const deed = clerk.carryOut(wish, booked);
    tally.wishes[wish.kind]++;
    tally.extra += deed.extra;
    tally.ms += deed.ms;
    if (deed.end === 'alone') tally.alone++;
    else if (deed.end === 'helped') tally.helped++;
    else tally.givenUp++;
    const right = new Set([formatAmount(wish.amountMinor), formatAmount(original?.amountMinor ?? wish.amountMinor)]);
    for (const amount of rig.amounts)
      if (!right.has(amount)) complain(`the screen showed ${amount} in ${describe(wish)}`);
    if (deed.end === 'given-up') clerk.leaveStep();
    const last = rig.journal.lastTxn();
    if (!booked() || last === undefined) continue;
    wanted.push(wish);
    if (wish.kind === 'sale') sold[index] = { voucher: last.trace, amountMinor };
  }
  leave(tally, rig, complain);
  judge(tally, rig, wanted, complain);
}

/** A sale is begun, the noise ends within it, and the clerk goes away. */
function leave(tally: Tally, rig: Rig, complain: (what: string) => void): void {
  const { world, terminal } = rig;
  for (const key of ['ENTER', '1', '5'] as const) {
    world.until(() => terminal.listening().keys, 10_000);
    terminal.pressKey(key);
    world.pass(300);
  }
  rig.line.calm();
  const from = world.monotonicMs();
  const idle = (): boolean => rig.screen.includes(IDLE) && terminal.listening().keys;
  // The card is taken and a printer that was stopped is started again; nothing else needs a person.
  while (!world.until(idle, 5000) && world.monotonicMs() - from < SETTLE_MS) {
    if (terminal.insertedCard) terminal.remove();
    if (rig.screen.includes('打印机')) terminal.pressKey('ENTER');
  }
  if (!idle())
    complain(`not idle ${SETTLE_MS / 1000} s after the noise:\n${rig.screen}\n${rig.log.slice(-12).join('\n')}`);
  tally.settleMs = Math.max(tally.settleMs, world.monotonicMs() - from);
  if (terminal.insertedCard) terminal.remove();
  world.pass(2000);
}

/** Money, cards and paper of a session. */
function judge(tally: Tally, rig: Rig, wanted: readonly Wish[], complain: (what: string) => void): void {
  for (const difference of rig.differences()) complain(difference);
  const rows = rig.ledger.db
    .prepare("SELECT kind, state, amountMinor, pan_masked FROM txn WHERE state IN ('approved', 'voided')")
    .all() as { kind: string; state: string; amountMinor: number; pan_masked: string }[];
  const left = [...rows];
  for (const wish of wanted) {
    const { pan } = card(wish.way);
    const at = left.findIndex(
      row =>
        row.kind === wish.kind &&
        row.amountMinor === wish.amountMinor &&
        row.pan_masked.startsWith(pan.slice(0, 6)) &&
        row.pan_masked.endsWith(pan.slice(-4)),
    );
    if (at < 0) complain(`${describe(wish)} is not in the acquirer's books with this amount and card`);
    else left.splice(at, 1);
  }
  for (const row of left)
    complain(`the acquirer booked ${row.kind} ${formatAmount(row.amountMinor)} that nobody wanted`);
  const documents = new Map<string, number>();
  for (const document of rig.documents) documents.set(document, (documents.get(document) ?? 0) + 1);
  for (const slip of rig.slips) {
    tally.slips++;
    const count = documents.get(slip) ?? 0;
    if (count > 0) documents.set(slip, count - 1);
    else if (isTorn(slip, rig.documents)) tally.torn++;
    else complain(`a slip that was never sent:\n${slip}`);
  }
}

/** Beginnings of documents with a whole document behind them. */
function isTorn(slip: string, documents: readonly string[]): boolean {
  return documents.some(whole => {
    if (!slip.endsWith(whole)) return false;
    const head = slip.slice(0, slip.length - whole.length);
    return head === '' || documents.some(other => other.startsWith(head.trimEnd()));
  });
}

function describe(wish: Wish): string {
  return `the ${wish.kind} of ${formatAmount(wish.amountMinor)} by ${wish.way}`;
}
