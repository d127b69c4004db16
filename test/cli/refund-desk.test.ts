import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register as registerCase } from '../../src/cli/case.ts';
import { register as registerRefund } from '../../src/cli/refund.ts';
import { register as registerReversal } from '../../src/cli/reversal.ts';
import { ok } from '../../src/fault.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { newCase } from '../../src/runtime/cases.ts';
import { approve, begin, cardOf, KEY, open, PANS, sale, seededEntropy, T0 } from '../journal/helpers.ts';
import { readShipped } from '../profile/shipped.ts';

const SECRET = '246810';
const HOUR_MS = 3_600_000;
let folder = '';
let path = '';
let saleId = 0;
let refundId = 0;
let holdId = 0;
let nowMs = T0 + HOUR_MS;
let requests = 0;

/** A shop with a sale of 100.00, a refund of 40.00 that was accepted to another card, and one of 20.00 that waits. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-desk-'));
  path = join(folder, 'journal.db');
  nowMs = T0 + HOUR_MS;
  const journal = open({ path });
  journal.setPassword(T0, '00', SECRET, '00');
  const original = sale(journal, T0, 10_000);
  saleId = original.id;
  refundId = begin(journal, T0 + 1000, {
    kind: 'refund',
    amountMinor: 4_000,
    card: cardOf(journal, PANS[1]),
    original: { txnId: original.id, reference: original.answer?.reference ?? '' },
  }).id;
  approve(journal, T0 + 2000, refundId, '112233445566');
  const held = journal.holdRefund(T0 + 3000, {
    kind: 'refund',
    channel: 'card',
    amountMinor: 2_000,
    untilMs: T0 + 300_000,
    operator: '01',
    original: { txnId: original.id },
  });
  holdId = held.ok ? held.value.id : 0;
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  out: string;
  err: string;
  exit: number;
  asked: number;
}

async function run(line: string, more: readonly string[] = [], secret = SECRET): Promise<Ran> {
  const result: Ran = { out: '', err: '', exit: 0, asked: 0 };
  const program = new Command().exitOverride();
  const rim = {
    openJournal: (file: string) => openJournal({ path: file, readOnly: true }),
    openForEntry: (file: string) => openJournal({ path: file, sealKey: KEY, entropy: seededEntropy(9) }),
    hasCounter: () => false,
    askCounter: () => undefined,
    newRequest: () => String(++requests).padStart(32, '0'),
    after: (_: number, go: () => void) => go(),
    nowMs: () => nowMs,
    loadProfile: async (id: string) => loadProfile(id, readShipped),
    readSecret: (_: string, done: (answer: ReturnType<typeof ok<string>>) => void) => {
      result.asked++;
      done(ok(secret));
    },
    print: (text: string) => void (result.out += `${text}\n`),
    printError: (text: string) => void (result.err += `${text}\n`),
    setExit: (status: number) => void (result.exit = status),
  };
  registerRefund(program, rim);
  registerCase(program, rim);
  registerReversal(program, rim);
  await program.parseAsync([...line.split(' '), ...more, '--journal', path], { from: 'user' });
  return result;
}

function look<T>(work: (journal: ReturnType<typeof open>) => T): T {
  const journal = open({ path, readOnly: true });
  const value = work(journal);
  journal.close();
  return value;
}

const number = (prefix: string, id: number): string => `${prefix}${String(id).padStart(6, '0')}`;

describe('pos8583 refund, the desk', () => {
  test('status: the words of the terminal, in both languages; all that are open without a number', async () => {
    const zh = await run(`refund status ${refundId} --lang zh`);
    expect(zh.out).toContain(`${number('RF', refundId)}  处理中  40.00  银行卡`);
    expect(zh.out).toContain('告知顾客: 1至7个工作日,信用卡看账单贷记');
    expect((await run(`refund status 112233445566`)).out).toContain('customer: IN 1-7 WORKDAYS CREDIT CARD:STMT');
    const all = await run('refund status --json');
    expect(
      JSON.parse(all.out)
        .map((one: { state: string }) => one.state)
        .sort(),
    ).toEqual(['ACCEPTED', 'HELD']);
    expect((await run('refund status 4711')).exit).toBe(1);
    nowMs = T0 + 60 * 24 * HOUR_MS;
    expect((await run(`refund status ${refundId} --lang zh`)).out).toContain('超时');
    expect(zh.out + all.out).not.toContain(PANS[1]);
  });

  test('show: refund and sale beside each other, differences marked', async () => {
    const { out } = await run(`refund show ${refundId}`);
    expect(out).toContain('! amount: 40.00 / 100.00');
    expect(out).toMatch(/! card: 621094\*+0219 \/ 622500\*+0014/);
    expect(out).toContain('  operator: 01 / 01');
  });

  test('stop: the password, once; what was stopped or sent is refused before it is asked for', async () => {
    expect((await run(`refund stop ${holdId} --reason typed-wrong`, [], '111111')).exit).toBe(1);
    expect(look(journal => journal.held(holdId)?.state)).toBe('held');
    expect((await run(`refund stop ${number('RF', holdId)} --reason typed-wrong`)).out).toContain(
      'stopped; nothing was sent',
    );
    expect(look(journal => journal.held(holdId))).toMatchObject({
      state: 'stopped',
      stopped: { by: '00', note: 'typed-wrong' },
    });
    expect(await run(`refund stop ${holdId} --reason again`)).toMatchObject({ exit: 1, asked: 0 });
    expect(await run(`refund stop ${refundId} --reason sent`)).toMatchObject({ exit: 1, asked: 0 });
  });

  test('arrived, and what may not follow on it', async () => {
    expect((await run(`refund arrived ${refundId} --reference A77`)).out).toContain('arrived');
    expect(look(journal => journal.life(refundId))).toMatchObject({ state: 'arrived', by: '00', reference: 'A77' });
    expect(await run(`refund arrived ${refundId} --state abnormal`)).toMatchObject({ exit: 1, asked: 0 });
    expect(await run(`refund arrived ${saleId}`)).toMatchObject({ exit: 1, asked: 0 });
  });

  test('external: counts against what is left, never above it; one way to name the sale', async () => {
    const voucher = look(journal => journal.txn(saleId)?.trace);
    const flags = ['--method', 'bank', '--proof', 'T-881', '--reason', 'card was closed'];
    const paid = await run(`refund external --voucher ${voucher} --amount 40.00`, flags);
    expect(paid.out).toContain('40.00: recorded; it counts against what can still be refunded (left 0.00)');
    expect(look(journal => journal.refundable(saleId))).toBe(0);
    expect((await run(`refund external --voucher ${voucher} --amount 0.01`, flags)).err).toContain(
      'refund-above-remainder',
    );
    expect(await run(`refund external --voucher ${voucher} --amount 1.5`, flags)).toMatchObject({ exit: 2, asked: 0 });
    expect(await run('refund external --amount 1.00', flags)).toMatchObject({ exit: 2, asked: 0 });
    expect(await run('refund external --voucher 999 --amount 1.00', flags)).toMatchObject({ exit: 1, asked: 0 });
  });

  test('a running terminal holds its journal: reading works, entries say where to make them', async () => {
    const running = open({ path });
    expect((await run(`refund status ${refundId}`)).exit).toBe(0);
    const refused = await run(`refund arrived ${refundId}`);
    expect([refused.exit, refused.asked]).toEqual([2, 0]);
    expect(refused.err).toContain('F2, find the refund, then 1');
    running.close();
  });
});

describe('pos8583 case', () => {
  let caseId = 0;
  beforeEach(() => {
    const journal = open({ path });
    const profile = loadProfile('unionpay-pos', readShipped);
    const txn = journal.txn(refundId);
    if (!profile.ok || !txn) throw new Error('no profile or no refund');
    caseId = journal.openCase(T0 + 5000, newCase(txn, 'card', profile.value.policy, T0 + 5000, '00')).id;
    journal.close();
  });

  test('list with age, show with what was done, timeline with what is missing', async () => {
    expect((await run('case list')).out).toContain(
      `${number('IC', caseId)}  0d  ${number('RF', refundId)} 40.00  CARD  SUPV`,
    );
    nowMs = T0 + 1000 * HOUR_MS;
    expect((await run('case list --lang zh')).out).toContain('41天  超期');
    expect(
      (await run(`case note ${caseId} --what compensation --text voucher-given --amount 5.00 --proof R1`)).out,
    ).toContain('noted');
    const shown = await run(`case show ${number('IC', caseId)}`);
    expect(shown.out).toMatch(/! card: 621094\*+0219 \/ 622500\*+0014/);
    expect(shown.out).toContain('00  compensation 5.00 [R1]  voucher-given');
    const story = JSON.parse((await run(`case timeline ${caseId} --json`)).out);
    expect(story.rows.map((row: { kind: string }) => row.kind)).toEqual([
      'intent',
      'outcome',
      'intent',
      'outcome',
      'case-opened',
      'case-noted',
    ]);
    expect(story.missing).toEqual(['noApprover', 'noReason', 'otherCard']);
    expect((await run(`case timeline ${caseId}`)).out).toContain(
      'missing: approval of the supervisor; reason; card of the sale',
    );
  });

  test('close, once; then nothing is written into it any more', async () => {
    expect((await run(`case close ${caseId}`, ['--reason', 'money came back'])).out).toContain('closed');
    expect(look(journal => journal.case(caseId))).toMatchObject({
      state: 'closed',
      entries: [{ what: 'closed', note: 'money came back' }],
    });
    expect(await run(`case note ${caseId} --text late`)).toMatchObject({ exit: 1, asked: 0 });
    expect((await run('case list')).out).toBe('There is no open case.\n');
    expect((await run('case list --all')).out).toContain('closed');
  });

  test('export: Markdown with the story, cards masked', async () => {
    const { out } = await run(`case export ${caseId} --md --lang zh`);
    expect(out).toContain(`# 退错登记 ${number('IC', caseId)}`);
    expect(out).toContain('- ! 卡号: 621094');
    expect(out).toContain('- 原交易卡 (款项退到了另一张卡)');
    for (const pan of PANS) expect(out).not.toContain(pan);
  });

  test('no such case', async () => {
    expect(await run('case show 4711')).toMatchObject({ exit: 1 });
    expect(await run('case note 4711 --text x')).toMatchObject({ exit: 1, asked: 0 });
  });
});

describe('pos8583 reversal', () => {
  test('list and resolve: what the acquirer says ends a held one, and only a held one', async () => {
    const journal = open({ path });
    const { id } = begin(journal, T0 + 6000, { kind: 'sale', amountMinor: 500 });
    journal.appendOutcome(T0 + 7000, id, { result: 'unknown', reason: '98', why: 'no answer' });
    journal.close();
    const flags = ['--reference', '112233445577', '--reason', 'Mrs Li'];
    expect((await run('reversal list')).out).toContain('is sent before the next message');
    expect(await run(`reversal resolve ${id} --outcome reversed`, flags)).toMatchObject({ exit: 1, asked: 0 });
    const later = open({ path });
    for (let count = 0; count < 3; count++) {
      later.appendReversalTry(T0 + 8000, id);
      later.appendReversalResult(T0 + 8000, id, { noAnswer: true });
    }
    later.close();
    expect((await run('reversal list')).out).toContain(`pos8583 reversal resolve ${id}`);
    expect(JSON.parse((await run('reversal list --json')).out)).toMatchObject([
      { id, state: 'held', tries: 3, amountMinor: 500 },
    ]);
    expect((await run(`reversal resolve ${id} --outcome stands`, flags)).out).toContain(
      'stands at the acquirer and here',
    );
    expect(look(each => each.txn(id))).toMatchObject({
      state: 'approved',
      answer: { by: '00', reference: '112233445577', note: 'Mrs Li' },
    });
    expect((await run('reversal list --lang zh')).out).toBe('没有未完成冲正。\n');
    expect(await run('reversal resolve 4711 --outcome stands', flags)).toMatchObject({ exit: 1, asked: 0 });
  });
});
