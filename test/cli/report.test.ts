import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportJson, tableCsv } from '../../src/cli/report/data.ts';
import type { Cell, Table } from '../../src/cli/report/model.ts';
import { register } from '../../src/cli/report/report.ts';
import { columns, words } from '../../src/cli/report/words.ts';
import { ok } from '../../src/fault.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { namedProfile, shippedProfileIds } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { approve, begin, cardOf, open, PANS, sale } from '../journal/helpers.ts';

/** 09:00 of a day of the host's zone. */
const NINE = new Date(2026, 10, 20, 9).getTime();
const MINUTE = 60_000;
const KEY = { wrapped: '00'.repeat(16), kcv: '00962B60' };
const TODAY = NINE + 10 * 60 * MINUTE;

const profileOf = (id: string): ReturnType<typeof loadProfile> =>
  loadProfile(id, name => namedProfile(id).read(name), shippedProfileIds());
const SHIPPED = profileOf('unionpay-pos');

let folder = '';
let path = '';
let nowMs = TODAY;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-report-'));
  path = join(folder, 'journal.db');
  nowMs = TODAY;
  const journal = open({ path });
  fill(journal);
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * 09:00 sale 100.00 (1), with the customer's copy, voided 40 minutes later for a wrong amount by 02; 10:00 sale 200.00,
 * 50.00 of it refunded; a refund of 30.00 of another terminal's sale to a card that never paid; a decline 51; one sale
 * that nobody answered, reversed after 70 s; one attempt refused here; 00 typed a wrong password.
 */
function fill(journal: Journal): void {
  const first = sale(journal, NINE, 10_000);
  journal.storeSlip(NINE + 3000, {
    txnId: first.id,
    kind: 'sale',
    copy: 'cardholder',
    columns: 32,
    lines: ['POS SALES SLIP'],
  });
  const undo = begin(journal, NINE + 40 * MINUTE, {
    kind: 'void',
    amountMinor: 10_000,
    operator: '02',
    reason: '1',
    original: { txnId: first.id, batch: 1, trace: first.trace },
  });
  approve(journal, NINE + 40 * MINUTE + 2000, undo.id);
  const second = sale(journal, NINE + 60 * MINUTE, 20_000, { operator: '02' });
  const part = begin(journal, NINE + 70 * MINUTE, {
    kind: 'refund',
    amountMinor: 5_000,
    approver: '00',
    reason: '3',
    original: { txnId: second.id, batch: 1, trace: second.trace },
  });
  approve(journal, NINE + 70 * MINUTE + 4000, part.id, 'REF000000077');
  const strange = begin(journal, NINE + 80 * MINUTE, {
    kind: 'refund',
    amountMinor: 3_000,
    approver: '00',
    card: cardOf(journal, PANS[5]),
    reason: '=HYPERLINK("http://x","<script>alert(1)</script>")',
    original: { reference: '999999999999', dateMmdd: '1119', amountMinor: 9_000 },
  });
  approve(journal, NINE + 80 * MINUTE + 4000, strange.id);
  const declined = begin(journal, NINE + 90 * MINUTE, { amountMinor: 700 });
  journal.appendOutcome(NINE + 90 * MINUTE + 1000, declined.id, { result: 'declined', code: '51' });
  const lost = begin(journal, NINE + 95 * MINUTE, { amountMinor: 800 });
  journal.appendOutcome(NINE + 96 * MINUTE, lost.id, { result: 'unknown', reason: '98', why: 'no-answer' });
  journal.appendReversalTry(NINE + 96 * MINUTE, lost.id);
  journal.appendReversalResult(NINE + 96 * MINUTE + 10_000, lost.id, { code: '00' });
  journal.addOperator(NINE - MINUTE, '02', '2468', '00');
  for (const [no, score, passed, agoDays] of [
    ['01', 5, true, 30],
    ['01', 2, false, 3],
    ['02', 1, false, 2],
  ] as const)
    journal.appendTraining(NINE - agoDays * 24 * 60 * MINUTE, { operator: no, by: '00', score, of: 5, passed });
  journal.appendRefused(NINE + 97 * MINUTE, {
    act: 'refund',
    operator: '01',
    prompt: 'E08',
    rule: 'remainder',
    value: 9_000,
    limit: 5_000,
    amountMinor: 9_000,
  });
  journal.verifyPassword(NINE + 98 * MINUTE, '00', '111111');
  const external = journal.recordExternal(NINE + 99 * MINUTE, {
    original: { txnId: second.id },
    amountMinor: 1_000,
    method: 'bank',
    proof: '+86-1',
    operator: '01',
    by: '00',
    note: 'card is closed',
  });
  if (!external.ok) throw new Error(external.fault.name);
}

interface Ran {
  out: string;
  err: string;
  exit: number;
  files: Record<string, string>;
}

async function run(...args: string[]): Promise<Ran> {
  const ran: Ran = { out: '', err: '', exit: 0, files: {} };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => void (ran.err += text) });
  register(program, {
    openJournal: file => openJournal({ path: file, readOnly: true }),
    loadProfile: id => Promise.resolve(id === 'unionpay-pos' ? SHIPPED : profileOf(id)),
    nowMs: () => nowMs,
    writeText: (file, text) => {
      ran.files[file] = text;
      return ok(undefined);
    },
    print: text => void (ran.out += `${text}\n`),
    write: text => void (ran.out += text),
    printError: text => void (ran.err += text),
    setExit: status => void (ran.exit = status),
  });
  for (const command of program.commands[0].commands)
    command.exitOverride().configureOutput({ writeErr: text => void (ran.err += text) });
  await program.parseAsync(['report', ...args, '--journal', path], { from: 'user' });
  return ran;
}

type Rows = Record<string, string | number>[];

async function tables(...args: string[]): Promise<Record<string, Rows>> {
  return (JSON.parse((await run(...args, '--json')).out) as { tables: Record<string, Rows> }).tables;
}

describe('pos8583 report day', () => {
  test('gross, voids, refunds, net; the net is that of the settlement, money given back otherwise stands apart', async () => {
    const { totals, batches, waiting, entries, hours } = await tables('day');
    expect(totals.map(row => [row.item, row.count, row.amountMinor])).toEqual([
      ['gross', 2, 30_000],
      ['voids', 1, -10_000],
      ['refunds', 2, -8_000],
      ['net', undefined, 12_000],
      ['external', 1, -1_000],
      ['netAfterExternal', undefined, 11_000],
    ]);
    expect(batches).toMatchObject([{ batch: '000001', state: 'open', debit: 2, credit: 3, netMinor: 12_000 }]);
    expect(waiting.map(row => [row.item, row.count])).toContainEqual(['overdue', 0]);
    const { funds } = await tables('day');
    const of = (name: string): unknown => funds.find(row => row.item === name)?.amountMinor;
    const [net, held, unknown] = ['net', 'held', 'unknown'].map(name => Number(of(name)));
    expect(of('free')).toBe(net + held + unknown);
    expect(net).toBe(batches.find(row => row.state === 'open')?.netMinor);
    expect([of('dayLimitLeft'), of('usualSales')]).toEqual([undefined, undefined]);
    expect(entries.map(row => [row.kind, row.state, row.amountMinor])).toEqual([
      ['void', 'approved', 10_000],
      ['refund', 'approved', 5_000],
      ['refund', 'approved', 3_000],
      ['external', 'bank', 1_000],
    ]);
    expect(hours.map(row => [row.hour, row.salesAmountMinor])).toEqual([
      ['09', 10_000],
      ['10', 20_000],
    ]);
    const { out } = await run('day', '--lang', 'zh');
    expect(out).toContain('营业日报  2026-11-20');
    expect(out).toMatch(/净额 +- +120\.00/);
    expect(out).not.toContain(PANS[0]);
  });

  test('another day has none of it; what waits and what is overdue is of now', async () => {
    const { totals, entries } = await tables('day', '--date', '2026-11-19');
    expect([totals[0].count, entries.length]).toEqual([0, 0]);
    const journal = open({ path });
    const [refund] = journal.byReference('REF000000077');
    const held = journal.holdRefund(TODAY, {
      kind: 'refund',
      channel: 'card',
      amountMinor: 100,
      untilMs: TODAY + 1000,
      operator: '01',
      original: { txnId: refund.intent.original?.txnId },
    });
    expect(held.ok).toBe(true);
    nowMs = TODAY + 20 * 86_400_000;
    const waits = async (item: string): Promise<Rows[number] | undefined> =>
      (await tables('day')).waiting.find(row => row.item === item);
    expect(await waits('held')).toMatchObject({ count: 1, amountMinor: 100 });
    expect(await waits('overdue')).toMatchObject({ count: 2, amountMinor: 8_000 });
    const { overdue } = await tables('day');
    expect(overdue.map(row => row.amountMinor)).toEqual([5_000, 3_000]);
    expect(overdue[0]).toMatchObject({ number: expect.stringMatching(/^RF\d{6}$/) as string, operator: '01' });
    journal.appendLife(nowMs, { id: refund.id, state: 'arrived', source: 'customer' });
    journal.close();
    expect(await waits('overdue')).toMatchObject({ count: 1, amountMinor: 3_000 });
    nowMs = TODAY;
    expect((await tables('day')).entries.at(-1)).toMatchObject({ state: 'held', amountMinor: 100 });
  });

  test('a closed batch keeps what was settled and shows what was entered since', async () => {
    const journal = open({ path });
    const original = sale(journal, NINE + 100 * MINUTE, 6_000);
    const lost = begin(journal, NINE + 101 * MINUTE, {
      kind: 'refund',
      amountMinor: 2_000,
      original: { txnId: original.id },
    });
    journal.appendOutcome(NINE + 102 * MINUTE, lost.id, { result: 'unknown', reason: '98', why: 'no-answer' });
    // After the last transaction and before the settlement: of this batch, as its settlement slip has it.
    const other = journal.recordExternal(NINE + 102.5 * MINUTE, {
      original: { txnId: journal.list({ kind: 'sale' }).find(one => one.amountMinor === 20_000)?.id ?? 0 },
      amountMinor: 500,
      method: 'bank',
      proof: '+86-2',
      operator: '01',
      by: '00',
      note: 'card is closed',
    });
    if (!other.ok) throw new Error(other.fault.name);
    const started = journal.startSettlement(NINE + 103 * MINUTE);
    if (!started.ok) throw new Error(started.fault.name);
    journal.settlementAnswered(NINE + 104 * MINUTE, started.value.id, { cup: 1, foreign: 2 });
    journal.settlementEnded(NINE + 105 * MINUTE, started.value.id, 0);
    journal.closeBatch(NINE + 106 * MINUTE, started.value.id);
    journal.close();
    const before = await tables('day', '--batch', '1');
    expect(before.waiting).toContainEqual(
      expect.objectContaining({ item: 'unknown', count: 1, amountMinor: 2_000, oldestMs: NINE + 101 * MINUTE }),
    );
    const again = open({ path });
    again.resolveRefund(NINE + 200 * MINUTE, lost.id, {
      by: '00',
      accepted: true,
      reference: 'REF000000099',
      note: 'asked',
    });
    again.close();
    const { batches, totals } = await tables('day', '--batch', '1');
    expect(batches).toMatchObject([
      {
        batch: '000001',
        state: 'closed',
        cup: 'balanced',
        foreign: 'notBalanced',
        netMinor: 18_000,
        laterMinor: -2_000,
      },
    ]);
    expect(totals[3].amountMinor).toBe(16_000);
    expect(totals[4]).toMatchObject({ item: 'external', count: 2, amountMinor: -1_500 });
  });

  test('a batch that the acquirer closed by itself has a row of its own', async () => {
    const journal = open({ path });
    journal.appendSignOn(NINE + 100 * MINUTE, { mode: '003', batch: 9, keys: { pin: KEY, mac: KEY } });
    sale(journal, NINE + 110 * MINUTE, 2_000);
    journal.close();
    const { batches, totals } = await tables('day');
    expect(batches).toMatchObject([
      { batch: '000009', state: 'open', netMinor: 2_000 },
      { batch: '000001', state: 'left', netMinor: 12_000 },
    ]);
    expect(totals[3].amountMinor).toBe(14_000);
    expect((await tables('day', '--batch', '1')).batches).toMatchObject([{ batch: '000001', state: 'left' }]);
  });
});

describe('pos8583 report voids, refunds, operators, failures', () => {
  test('voids by any keys, with what is worth a question', async () => {
    const found = await tables('voids', '--by', 'reason,operator,hour');
    expect(found['by-reason-operator-hour']).toEqual([
      { reason: '1', operator: '02', hour: '09', count: 1, amountMinor: 10_000, sharePercent: 100 },
    ]);
    expect(found['worth-a-question']).toMatchObject([
      { amountMinor: 10_000, operator: '02', afterMs: 40 * MINUTE, pattern: 'afterReceipt lateVoid notPaidAgain' },
    ]);
    const journal = open({ path });
    const third = sale(journal, NINE + 200 * MINUTE, 4_000);
    const merchant = { txnId: third.id, kind: 'sale', copy: 'merchant' as const, columns: 32, lines: ['x'] };
    journal.storeSlip(NINE + 200 * MINUTE, merchant);
    const harmless = begin(journal, NINE + 201 * MINUTE, {
      kind: 'void',
      amountMinor: 4_000,
      reason: '2',
      original: { txnId: third.id },
    });
    approve(journal, NINE + 201 * MINUTE, harmless.id);
    sale(journal, NINE + 202 * MINUTE, 4_100);
    journal.close();
    expect((await tables('voids'))['worth-a-question']).toHaveLength(1);
    const { out } = await run('voids', '--lang', 'zh');
    expect(out).toContain('1 金额错');
    expect(out).toContain('顾客联已打印后撤销; 消费后久才撤销');
  });

  test('refunds: no sale here, a card that never paid', async () => {
    const found = await tables('refunds');
    expect(found.summary).toEqual([{ count: 2, amountMinor: 8_000, refundSharePercent: 26.7 }]);
    expect(found['worth-a-question']).toMatchObject([{ amountMinor: 3_000, pattern: 'neverPaid unlinked' }]);
    expect(found.cards).toEqual([]);
    await expect(run('refunds', '--by', 'nothing')).rejects.toThrow('Choose among reason');
  });

  test('operators: money, shares, approvals, wrong passwords, refused attempts', async () => {
    const { operators, refused } = await tables('operators');
    expect(operators).toMatchObject([
      { operator: '00', approvals: 2, wrongPasswords: 1, blocked: 0, refused: 0 },
      { operator: '01', sales: 1, refunds: 2, refundSharePercent: 80, declined: 1, unknown: 1, refused: 1 },
      { operator: '02', sales: 1, voids: 1, voidSharePercent: 50 },
    ]);
    expect(operators.map(({ trainedMs, trainingScore }) => [trainedMs, trainingScore])).toEqual([
      [undefined, undefined],
      [NINE - 30 * 24 * 60 * MINUTE, '2/5'],
      [undefined, '1/5'],
    ]);
    expect(refused).toMatchObject([{ prompt: 'E08', rule: 'remainder', value: 9_000, limit: 5_000 }]);
  });

  test('failures: the piles, their class and remedy, the time they took, the answers of the acquirer', async () => {
    const { pareto, classes, patterns, link, codes } = await tables('failures');
    expect(pareto).toMatchObject([
      { cause: 'code:51', class: 'customer', count: 1, runningPercent: 33.3, lostMs: 1000 },
      { cause: 'fault:no-answer', class: 'channel', count: 1, lostMs: 70_000 },
      { cause: 'prompt:E08', class: 'operator', count: 1, amountMinor: 9_000, lostMs: 0, runningPercent: 100 },
    ]);
    expect(classes.map(row => row.class).sort()).toEqual(['channel', 'customer', 'operator']);
    expect(link).toContainEqual(
      expect.objectContaining({ act: 'refund', answered: 2, p95Seconds: '4.0', timeouts: 0 }),
    );
    expect(patterns).toEqual([]);
    expect(codes[0]).toMatchObject({ code: '00', count: 5 });
    expect((await run('failures')).out).toContain('USE OTHER CARD');
  });

  test('failures: an acquirer that often gives no answer is named', async () => {
    const sent = (from: number, to: number, why?: string): void => {
      const journal = open({ path });
      for (let i = from; i < to; i++) {
        const atMs = NINE + (200 + i) * MINUTE;
        const original = { reference: String(555_555_000_000 + i), dateMmdd: '1119' };
        const { id } = begin(journal, atMs, { kind: 'refund', amountMinor: 900 + i, original });
        if (why === undefined) journal.appendOutcome(atMs + 1, id, { result: 'declined', code: '51' });
        else journal.appendOutcome(atMs + 1, id, { result: 'unknown', reason: '98', why });
      }
      journal.close();
    };
    sent(0, 12);
    expect((await run('failures')).out).not.toContain('another line');
    sent(12, 14, 'no-answer');
    expect((await run('failures')).out).toContain('Too many have no answer');
  });

  test('failures: the same thing again and again, whose it is and what helps', async () => {
    const journal = open({ path });
    const late = NINE + 300 * MINUTE;
    for (const at of [0, 1, 2, 30, 31]) {
      const tried = begin(journal, late + at * MINUTE, { amountMinor: 5_500 });
      journal.appendOutcome(late + at * MINUTE + 1, tried.id, { result: 'declined', code: '51' });
      journal.appendRefused(late + at * MINUTE, { act: 'refund', operator: '02', prompt: 'E09', rule: 'refundMax' });
    }
    journal.appendEvent(late, 'key-pattern', { operator: '01', screen: 'F04.2', code: 'CANCEL', count: 3 });
    journal.appendEvent(late + 20 * MINUTE, 'key-pattern', {
      operator: '01',
      screen: 'F04.2',
      code: 'CANCEL',
      count: 3,
    });
    for (const at of [40, 41, 42]) journal.verifyPassword(late + at * MINUTE, '02', '9999');
    journal.close();
    const { patterns } = await tables('failures');
    expect(patterns.map(row => [row.pattern, row.class, row.where, row.operator, row.count])).toEqual([
      ['cancel', 'customer', 'F04.2', '01', 2],
      ['passwords', 'operator', 'F02', '02', 1],
      ['refusedAgain', 'operator', 'refundMax', '02', 1],
      ['triedAgain', 'customer', 'code:51', '01', 1],
    ]);
    expect((await run('failures')).out).toContain('another card');
  });
});

describe('pos8583 report search', () => {
  test.each([
    [['--amount', '200'], [20_000]],
    [
      ['--amount', '30-60'],
      [3_000, 5_000],
    ],
    [['--last4', '1111'], [3_000]],
    [['--reference', '000077'], [5_000]],
    [['--reference', '9999999'], [3_000]],
    [['--operator', '02', '--kind', 'void'], [10_000]],
    [['--reason', '金额'], [10_000]],
    [['--reason', '3'], [5_000]],
    [['--voucher', '1'], [10_000]],
    [['--last4', '0000'], []],
    [['--date', '2026-11-19'], []],
  ])('%j', async (flags, amounts) => {
    const { found } = await tables('search', ...flags);
    expect(found.map(row => row.amountMinor)).toEqual(amounts);
  });

  test('only the newest, and it says so', async () => {
    const { out } = await run('search', '--limit', '2');
    expect(out).toContain('7 found');
    expect(out).toContain('Only the newest 2');
  });

  test.each([
    ['--last4', '11'],
    ['--amount', '1.234'],
    ['--amount', '20-10'],
    ['--operator', '1'],
    ['--voucher', 'x'],
    ['--kind', 'gift'],
    ['--limit', '0'],
    ['--date', '2026-02-30'],
    ['--date', 'today'],
    ['--batch', '77'],
    ['--batch', 'x'],
    ['--from', '2026-11-21'],
    ['--profile', 'nobody'],
  ])('%s %s is refused', async (flag, value) => {
    const ran = await run('search', flag, value);
    expect(ran.exit).toBe(2);
    expect(ran.out).toBe('');
    expect(ran.err).toMatch(/^E_(ILLEGAL|NOEXIST) /);
  });

  test('one span only; a journal that is not there', async () => {
    expect((await run('day', '--date', '2026-11-20', '--batch', '1')).err).toContain('exclude each other');
    path = join(folder, 'none.db');
    expect(await run('day')).toMatchObject({ exit: 2, out: '' });
  });
});

/** A reader of RFC 4180 that knows nothing of the writer. */
function parsed(csv: string): string[][] {
  const rows: string[][] = [[]];
  let field = '';
  let quoted = false;
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (csv[i + 1] === '"') field += csv[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') (rows[rows.length - 1].push(field), (field = ''));
    else if (c === '\r' && csv[i + 1] === '\n') {
      rows[rows.length - 1].push(field);
      field = '';
      rows.push([]);
      i++;
    } else field += c;
  }
  rows.pop();
  return rows;
}

describe('CSV', () => {
  test('the entries of a day: exact amounts, CR LF, mark, formulas of people defused', async () => {
    const { out } = await run('day', '--csv', '--table', 'entries', '--bom');
    expect(out.startsWith('\uFEFFat,kind,state,number,batch,voucher,amount,channel,card,')).toBe(true);
    const [head, ...rows] = parsed(out.slice(1));
    const cell = (row: number, name: string): string => rows[row][head.indexOf(name)];
    expect(rows).toHaveLength(4);
    expect(rows.every(row => row.length === head.length)).toBe(true);
    expect([0, 1, 2, 3].map(i => cell(i, 'amount'))).toEqual(['100.00', '50.00', '30.00', '10.00']);
    expect(cell(2, 'reason')).toBe(`'=HYPERLINK("http://x","<script>alert(1)</script>")`);
    expect(cell(3, 'reference')).toBe("'+86-1");
    expect(cell(0, 'at')).toBe('2026-11-20 09:40:00');
    expect((await run('day', '--csv')).out.split('\r\n')[2]).toBe('voids,1,-100.00');
    expect((await run('day', '--csv', '--lang', 'zh')).out.split('\r\n')[0]).toBe('项目,笔数,金额');
    expect((await run('day', '--csv', '--table', 'nope')).err).toContain('Choose among totals, channels');
  });

  test('any text comes back as it was, behind one quote when a spreadsheet would run it; amounts to the last digit', () => {
    const text = fc.string({
      unit: fc.constantFrom('=', '+', '-', '@', '"', ',', '\r', '\n', '\t', ' ', 'a', '金', "'"),
    });
    fc.assert(
      fc.property(text, fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }), (note, amount) => {
        const rows: Cell[][] = [[note, amount]];
        const table: Table = { id: 't', title: words('', ''), columns: columns('note', 'amount'), rows };
        const [, [first, second]] = parsed(tableCsv(table, 'en', false));
        const runs = /^\s*[=+\-@\t\r]/.test(note);
        expect(first).toBe(runs ? `'${note}` : note);
        expect(BigInt(second.replace('.', ''))).toBe(BigInt(amount));
        const json = JSON.parse(
          reportJson({ id: 'r', title: words('', ''), span: { fromMs: 0, toMs: 1, name: '' }, tables: [table] }),
        ) as { tables: { t: Rows } };
        expect(json.tables.t).toEqual([{ note, amountMinor: amount }]);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe('a page', () => {
  test('holds charts and tables, no script, nothing to load, texts escaped', async () => {
    for (const [report, drawn] of [
      ['day', 1],
      ['refunds', 6],
      ['operators', 1],
      ['failures', 1],
      ['search', 0],
    ] as const) {
      const ran = await run(report, '--html', 'page.html');
      const page = ran.files['page.html'];
      expect(ran.out).toBe('page.html\n');
      expect(page.match(/<svg /g)?.length ?? 0).toBe(drawn);
      expect(page.match(/<\/svg>/g)?.length ?? 0).toBe(drawn);
      expect(page).not.toMatch(/<script|<link|<img|<iframe|<a |href|src=|url\((?!#)|@import|ecmeta|\bon[a-z]+=/i);
      // The one address is text of the reason, escaped.
      expect(page.match(/:\/\//g)?.length ?? 0).toBe(
        report === 'operators' || report === 'failures' ? 0 : page.match(/HYPERLINK\(&quot;http:\/\//g)?.length,
      );
      expect(page.match(/<style/g)).toHaveLength(1);
      expect(page).toContain("default-src 'none'");
      expect(page).toContain('@media print');
      expect(page).not.toContain(PANS[0]);
      expect(page.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
    }
    const zh = (await run('failures', '--html', 'page.html', '--lang', 'zh')).files['page.html'];
    expect(zh).toContain('<html lang="zh-CN">');
    expect(zh).toContain('[51]余额不足');
  });
});
