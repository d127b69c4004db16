import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/policy/policy.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { type Intent, type Journal, openJournal, type Txn } from '../../src/journal/journal.ts';
import type { Profile } from '../../src/profile/profile.ts';
import type { RefundPolicy } from '../../src/transaction/refund-policy.ts';
import { type Attempt, judge, lookBackMs, type Verdict } from '../../src/transaction/refund-rules.ts';
import { dayStartMs } from '../../src/transaction/shop-day.ts';
import { approve, begin, cardOf, open, PANS, sale } from '../journal/helpers.ts';
import { DAY, HOUR, NOW, profileOf, utc } from '../transaction/rules-world.ts';

const MINUTE = 60_000;
const profiles: Readonly<Record<string, Profile>> = {
  'unionpay-pos': profileOf('unionpay-pos'),
  'unionpay-pos-desk': profileOf('unionpay-pos-desk'),
};
const DESK = profiles['unionpay-pos-desk'].policy;
let folder = '';
let path = '';
/** What the engine said at the time, by transaction. */
const live = new Map<number, Verdict>();

interface Wish {
  readonly kind: 'refund' | 'void';
  readonly of?: Txn;
  readonly amountMinor: number;
  readonly atMs: number;
  readonly operator?: string;
  readonly pan?: string;
  readonly second?: string;
  readonly outcome?: 'approved' | 'declined' | 'unknown';
  readonly heldId?: number;
}

/** The question as a terminal puts it before it sends: from the journal as it is at this moment. */
function question(journal: Journal, wish: Wish, token: string, atMs = wish.atMs, heldId?: number): Attempt {
  const { of: original } = wish;
  const taken = original
    ? [
        ...journal.refundsOf(original.id).filter(one => ['approved', 'unknown', 'open'].includes(one.state)),
        ...journal.holdsOf({ txnId: original.id }).filter(one => one.state === 'held' && one.id !== heldId),
        ...journal.externalsOf({ txnId: original.id }),
      ].map(one => one.atMs)
    : [];
  return {
    act: wish.kind,
    channel: 'card',
    amountMinor: wish.amountMinor,
    atMs,
    local: utc(atMs),
    operator: wish.operator ?? '01',
    token,
    linked: original !== undefined,
    cardPaidBefore: journal.hasPaid(token),
    reprinted: original !== undefined && journal.slipsOf(original.id).some(slip => slip.reprints > 0),
    ...(original
      ? {
          original: {
            id: original.id,
            amountMinor: original.amountMinor,
            remainingMinor: journal.leftOf(original, heldId),
            atMs: original.atMs,
            sameDay: original.atMs >= dayStartMs(atMs, utc(atMs)),
            sameBatch: original.period === journal.period(),
            refunds: taken.length,
            ...(taken.length > 0 ? { lastRefundMs: Math.max(...taken) } : {}),
          },
        }
      : {}),
  };
}

function ask(journal: Journal, policy: RefundPolicy, wish: Wish): Verdict {
  const { token } = cardOf(journal, wish.pan ?? PANS[0]);
  return judge(policy, question(journal, wish, token), journal.pastSince(wish.atMs - lookBackMs(policy)));
}

/** Asks the engine, then makes the refund or void whatever it says. */
function make(journal: Journal, wish: Wish): Txn {
  const verdict = wish.heldId === undefined ? ask(journal, DESK, wish) : undefined;
  const { of: original } = wish;
  const change: Partial<Intent> = {
    kind: wish.kind,
    amountMinor: wish.amountMinor,
    operator: wish.operator ?? '01',
    card: cardOf(journal, wish.pan ?? PANS[0]),
    ...(wish.second === undefined ? {} : { second: wish.second }),
    ...(wish.heldId === undefined ? {} : { heldId: wish.heldId }),
    original: original
      ? {
          txnId: original.id,
          trace: original.trace,
          batch: original.batch,
          reference: original.answer?.reference ?? '',
        }
      : { reference: '999999999999', dateMmdd: '0616' },
  };
  const txn = begin(journal, wish.atMs, change);
  if (verdict) live.set(txn.id, verdict);
  const outcome = wish.outcome ?? 'approved';
  if (outcome === 'approved') return approve(journal, wish.atMs + 1000, txn.id);
  if (outcome === 'declined')
    return journal.appendOutcome(wish.atMs + 1000, txn.id, { result: 'declined', code: '25' });
  return journal.appendOutcome(wish.atMs + 1000, txn.id, { result: 'unknown', reason: '98', why: 'no-answer' });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-policy-'));
  path = join(folder, 'journal.db');
  const journal = open({ path });
  const other = { card: cardOf(journal, PANS[1]) };
  const old = sale(journal, NOW - 40 * DAY, 20_000);
  const large = sale(journal, NOW - 3 * DAY, 600_000);
  const a = sale(journal, NOW - 8 * HOUR, 10_000);
  const b = sale(journal, NOW - 4.5 * HOUR, 30_000, other);
  const c = sale(journal, NOW - 4 * HOUR, 70_000);
  const slip = journal.storeSlip(NOW - 4 * HOUR, { txnId: b.id, kind: 'sale', copy: 'merchant', columns: 32, lines: ['x'] }); // prettier-ignore
  let at = NOW - 3 * HOUR;
  const next = (): number => (at += 7 * MINUTE);
  make(journal, { kind: 'void', of: a, amountMinor: 10_000, atMs: next() });
  journal.appendReprint(next(), slip, '01');
  make(journal, { kind: 'refund', of: b, amountMinor: 30_000, atMs: next(), pan: PANS[1] });
  make(journal, { kind: 'refund', of: old, amountMinor: 5_000, atMs: next() });
  make(journal, { kind: 'refund', of: large, amountMinor: 510_000, atMs: next(), outcome: 'declined' });
  make(journal, { kind: 'refund', of: large, amountMinor: 60_000, atMs: next(), second: '02' });
  make(journal, { kind: 'refund', of: large, amountMinor: 60_000, atMs: next(), operator: '02' });
  make(journal, { kind: 'refund', amountMinor: 8_000, atMs: next(), pan: PANS[2] });

  // One that waited: decided, something else in between, then sent.
  const heldWish: Wish = { kind: 'refund', of: c, amountMinor: 20_000, atMs: next() };
  const heldVerdict = ask(journal, DESK, heldWish);
  const hold = journal.holdRefund(heldWish.atMs, { kind: 'refund', channel: 'card', amountMinor: 20_000, untilMs: at + HOUR, operator: '01', card: { masked: cardOf(journal).masked, token: cardOf(journal).token }, original: { txnId: c.id, reference: c.answer?.reference ?? '' } }); // prettier-ignore
  if (!hold.ok) throw new Error(hold.fault.cause);
  make(journal, { kind: 'refund', of: c, amountMinor: 20_000, atMs: next() });
  const sent = make(journal, { ...heldWish, atMs: next(), heldId: hold.value.id });
  live.set(sent.id, heldVerdict);

  // One that waited and was stopped: it counted as long as it waited.
  const stopped = journal.holdRefund(next(), { kind: 'refund', channel: 'card', amountMinor: 20_000, untilMs: at + HOUR, operator: '01', original: { txnId: c.id, reference: c.answer?.reference ?? '' } }); // prettier-ignore
  if (!stopped.ok) throw new Error(stopped.fault.cause);
  make(journal, { kind: 'refund', of: large, amountMinor: 1_000, atMs: next() });
  journal.stopRefund(next(), stopped.value.id, { by: '00' });
  journal.recordExternal(next(), { original: { txnId: c.id, reference: c.answer?.reference ?? '' }, amountMinor: 500, method: 'bank', operator: '01', by: '00', proof: 'bank slip 17', note: 'by transfer' }); // prettier-ignore
  make(journal, { kind: 'refund', of: c, amountMinor: 29_500, atMs: next(), outcome: 'unknown' });

  // Sold today, in a batch that is settled before the refund: no void is advised.
  const d = sale(journal, next(), 4_000, other);
  const settlement = journal.startSettlement(next());
  if (!settlement.ok) throw new Error(settlement.fault.cause);
  journal.settlementAnswered(at, settlement.value.id, { cup: 1, foreign: 1 });
  journal.settlementEnded(at, settlement.value.id, 0);
  journal.closeBatch(at, settlement.value.id);
  make(journal, { kind: 'refund', of: d, amountMinor: 4_000, atMs: next(), pan: PANS[1] });
  journal.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ out: string; err: string; exit: number }> {
  const result = { out: '', err: '', exit: 0 };
  const program = new Command().exitOverride();
  register(program, {
    loadProfile: id =>
      Promise.resolve(profiles[id] ? ok(profiles[id]) : failed(fault('E_NOEXIST', 'profile-unknown', `no ${id}`, 'x'))),
    openJournal: file => openJournal({ path: file, readOnly: true }),
    nowMs: () => NOW + HOUR,
    local: utc,
    print: text => void (result.out += `${text}\n`),
    printError: text => void (result.err += `${text}\n`),
    setExit: status => void (result.exit = status),
  });
  await program.parseAsync(['policy', ...args], { from: 'user' });
  return result;
}

interface Report {
  readonly refunds: { count: number; amountMinor: number; actions: Record<string, number>; refusedMinor: number };
  readonly voids: Report['refunds'];
  readonly rules: Record<string, number>;
  readonly secondPersons: number;
  readonly voidsInstead: number;
  readonly keysMore: number;
  readonly attempts: readonly (Verdict & { id: number; kind: string; keysMore: number; amountMinor: number })[];
}
const simulate = async (profile: string, ...more: string[]): Promise<Report> =>
  JSON.parse((await run('simulate', profile, '--journal', path, '--json', ...more)).out) as Report;

describe('pos8583 policy simulate', () => {
  test('says what the engine of the terminal said at the time, finding by finding', async () => {
    const { attempts } = await simulate('unionpay-pos-desk');
    expect(attempts.map(one => one.id)).toEqual([...live.keys()].sort((x, y) => x - y));
    for (const { id, action, findings, holdSeconds, second, blind, voidInstead } of attempts)
      expect([id, { action, findings, holdSeconds, second, blind, voidInstead }]).toEqual([id, live.get(id)]);
    const kinds = new Set(attempts.flatMap(one => one.findings.map(finding => finding.kind)));
    for (const kind of ['refundMax', 'window', 'sameAmount', 'dualLimit', 'hold', 'unlinked', 'neverPaid', 'cardCount', 'reprintBefore', 'lateVoid'] as const)
      expect(kinds).toContain(kind); // prettier-ignore
  });
  test('the totals are those of its list', async () => {
    const { refunds, voids, attempts, rules, keysMore, secondPersons, voidsInstead } = await simulate('unionpay-pos-desk');
    expect([refunds.count, voids.count]).toEqual([11, 1]);
    for (const action of ['allow', 'warn', 'approve', 'hold', 'refuse'])
      expect(refunds.actions[action] + voids.actions[action]).toBe(attempts.filter(one => one.action === action).length);
    expect(refunds.actions.refuse).toBeGreaterThan(1);
    expect(refunds.refusedMinor).toBe(
      attempts.filter(one => one.action === 'refuse').reduce((sum, one) => sum + one.amountMinor, 0),
    );
    expect(rules.hold).toBe(11);
    expect(keysMore).toBe(attempts.reduce((sum, one) => sum + one.keysMore, 0));
    expect(secondPersons).toBe(attempts.filter(one => one.second && one.action !== 'refuse').length);
    expect(voidsInstead).toBe(attempts.filter(one => one.voidInstead).length);
    expect(voidsInstead).toBe(1);
  }); // prettier-ignore
  test('key presses: a second person who was there costs nothing more', async () => {
    const { attempts } = await simulate('unionpay-pos-desk');
    const twice = attempts.filter(one => one.amountMinor === 60_000);
    expect(twice.map(one => one.second)).toEqual([true, true]);
    // 02 was there; without: number, password, amount of five digits, last four, and the same amount asked about.
    expect(twice.map(one => one.keysMore)).toEqual([0, 10 + 6 + 5 + 1]);
  });
  test('under the policy that was in force everything goes but what is above the window', async () => {
    const { refunds, voids, keysMore } = await simulate('unionpay-pos');
    expect(voids.actions).toEqual({ allow: 1, warn: 0, approve: 0, hold: 0, refuse: 0 });
    expect(refunds.actions).toEqual({ allow: 10, warn: 0, approve: 0, hold: 0, refuse: 1 });
    expect(keysMore).toBe(0);
  });
  test('only so many days back; a journal without refunds', async () => {
    const now = await run('simulate', 'unionpay-pos-desk', '--journal', path, '--days', '1');
    expect(now.out).toContain('1 days of refunds and voids under unionpay-pos-desk v1');
    const empty = join(folder, 'empty.db');
    open({ path: empty }).close();
    expect((await run('simulate', 'unionpay-pos', '--journal', empty)).out).toContain('There was no refund');
  });
  test('text: each one with its rule and its numbers, in both languages, and no card number', async () => {
    const { out } = await run('simulate', 'unionpay-pos-desk', '--journal', path);
    expect(out).toContain('refuse: the refund of 5,100.00 is above the most for one refund, 5,000.00');
    expect(out).toContain('the sale is 40 days old, the window is 30 days');
    expect(out).toMatch(/rules that spoke: .*hold 11,/);
    const zh = (await run('simulate', 'unionpay-pos-desk', '--journal', path, '--lang', 'zh')).out;
    expect(zh).toContain('拒绝: 退货 5,100.00 超过单笔上限 5,000.00');
    for (const pan of PANS) expect(out + zh).not.toContain(pan);
  });
  test('what cannot be used is named', async () => {
    expect(await run('simulate', 'nope', '--journal', path)).toMatchObject({ exit: 2, out: '' });
    expect(await run('simulate', 'unionpay-pos', '--journal', join(folder, 'none.db'))).toMatchObject({ exit: 2 });
    expect((await run('simulate', 'unionpay-pos', '--journal', path, '--days', '0')).err).toContain('--days is no number');
  }); // prettier-ignore
});

describe('pos8583 policy explain', () => {
  test('every rule that is on, in both languages', async () => {
    const { out } = await run('explain', 'unionpay-pos-desk');
    for (const text of ['One refund is at most 5,000.00.', 'card: refunds within 30 days', 'waits 300 seconds', 'at most 50 of one sale', 'wallet balance 5 to 20 minutes', "ends at 23:00"]) expect(out).toContain(text); // prettier-ignore
    for (const { id } of DESK.risk) expect(out).toContain(`Rule ${id}:`);
    const zh = (await run('explain', 'unionpay-pos-desk', '--lang', 'zh')).out;
    expect(zh).toContain('单笔退货最多 5,000.00。');
    expect(zh.split('\n').length).toBe(out.split('\n').length);
    expect(out + zh).not.toMatch(/undefined|NaN|\[object/);
  });
  test('a rule that is off says nothing', async () => {
    const { out } = await run('explain', 'unionpay-pos');
    for (const text of ['in one day', 'waits', 'Rule ', 'a void is offered']) expect(out).not.toContain(text);
    expect((await run('explain', 'nope')).exit).toBe(2);
  });
});
