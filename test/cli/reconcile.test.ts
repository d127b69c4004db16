import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { register } from '../../src/cli/reconcile.ts';
import { parseStatement } from '../../src/cli/statement.ts';
import { ok } from '../../src/fault.ts';
import { statementCsv } from '../../src/sim/acquirer/statement.ts';
import type { Counter } from '../runtime/counter.ts';
import { open, paidSale, paper, refund, sale, settle, voidSale } from '../scenarios/people.ts';

interface Ran {
  readonly out: string[];
  readonly err: string;
  readonly exit: number;
}

/** The command over the journal of a counter and a statement. */
function reconcile(c: Counter, csv: string, ...flags: string[]): Ran {
  const ran = { out: [] as string[], err: '', exit: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: () => ok(Object.assign(Object.create(c.journal) as typeof c.journal, { close: () => undefined })),
    openForEntry: () => ok(Object.assign(Object.create(c.journal) as typeof c.journal, { close: () => undefined })),
    nowMs: () => c.world.nowMs(),
    readText: () => ok(csv),
    print: text => void ran.out.push(text),
    printError: text => void (ran.err += text),
    setExit: status => void (ran.exit = status),
  });
  program.parse(['reconcile', 'acquirer.csv', '--journal', 'x', ...flags], { from: 'user' });
  return ran;
}

/** Stripe sale 2 (refunded in part by 5), chip sale 3, sale 4 voided by 5. */
function day(): Counter {
  const c = open();
  paidSale(paidSale(paidSale(c, 10_000), 20_000, 'chip'), 30_000);
  paper(voidSale(c, 4));
  return paper(refund(c, 2, 4_000));
}

const lines = (c: Counter): string[] => statementCsv(c.ledger.db).split('\n');

describe('pos8583 reconcile', () => {
  test('the statement of the virtual acquirer agrees; nothing is shown in clear', () => {
    const c = day();
    const csv = statementCsv(c.ledger.db);
    expect(lines(c)[0]).toBe('kind,tid,batch,trace,amount,state,reference,date,card,channel');
    expect(lines(c)[1]).toMatch(/^sale,10000001,000001,000002,100\.00,approved,\d{12},1121,622500\*{6}0014,card$/);
    const ran = reconcile(c, csv);
    expect(ran).toEqual({
      out: ['5 transactions agree, 0 differences; net here 260.00, net there 260.00'],
      err: '',
      exit: 0,
    });
  });

  test('the statement is the source that a refund is cleared, once', () => {
    const c = day();
    const csv = statementCsv(c.ledger.db);
    const [refunded] = c.journal.list({ kind: 'refund' });
    expect(c.journal.life(refunded.id)).toBeUndefined();
    expect(reconcile(c, csv, '--mark-cleared').out[1]).toBe('1 refunds marked as cleared');
    expect(c.journal.life(refunded.id)).toMatchObject({ state: 'cleared', source: 'file' });
    expect(reconcile(c, csv, '--mark-cleared').out[1]).toBe('0 refunds marked as cleared');
    const other = csv.replace(',40.00,', ',41.00,');
    expect(reconcile(day(), other, '--mark-cleared').out.at(-1)).toBe('0 refunds marked as cleared');
  });

  test.each([
    [
      'missing here',
      (all: string[]) => [...all, 'sale,10000001,000001,000099,7.00,approved,,,,'],
      'missing here: sale 000001/000099  here: -  there: 7.00 approved (line 7)',
    ],
    [
      'missing there',
      (all: string[]) => all.filter((_, i) => i !== 2),
      'missing there: sale 000001/000003  here: 200.00 approved  there: -',
    ],
    [
      'amount',
      (all: string[]) => all.map(l => l.replace('200.00', '200.01')),
      'amount differs: sale 000001/000003  here: 200.00 approved  there: 200.01 approved (line 3)',
    ],
    [
      'state',
      (all: string[]) => all.map(l => l.replace(/(000003,200.00,)approved/, '$1reversed')),
      'state differs: sale 000001/000003  here: 200.00 approved  there: 200.00 reversed (line 3)',
    ],
    [
      'twice',
      (all: string[]) => [...all, all[2]],
      'twice there: sale 000001/000003  here: -  there: 200.00 approved (line 7)',
    ],
    [
      'another kind',
      (all: string[]) => all.map(l => l.replace(/^sale(,\d+,000001,000003)/, 'refund$1')),
      'missing there: sale 000001/000003  here: 200.00 approved  there: -',
    ],
  ])('names what is %s', (_, change, said) => {
    const c = day();
    const ran = reconcile(c, change(lines(c)).join('\n'));
    expect(ran.out).toContain(said);
    expect(ran.exit).toBe(1);
    expect(ran.out.join('\n')).toContain(' differences; net here 260.00, net there ');
  });

  test('an unknown refund is named whatever the acquirer has, with the way out', () => {
    const c = paidSale(open({ rules: [{ match: { mti: '0220' }, do: { silent: true } }] }), 10_000);
    refund(c, 2, 4_000).on('退货结果未知', 'ENTER').on('确认键:菜单');
    const { id } = c.journal.unknownRefunds()[0];
    const there = reconcile(c, statementCsv(c.ledger.db));
    expect(there.out[0]).toBe(
      `state differs: refund 000001/000003  here: 40.00 unknown  there: 40.00 approved (line 3); enter it: pos8583 refund resolve ${id}`,
    );
    const not = reconcile(c, lines(c).slice(0, 2).join('\n'));
    expect(not.out[0]).toContain('here: 40.00 unknown  there: -');
    expect([there.exit, not.exit]).toEqual([1, 1]);
  });

  test('an acquirer that books after answering the reversal is found', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { overtaken: true, bookAnyway: true }, times: 1 }] });
    sale(c, 10_000).on('冲正成功').on('确认键:菜单');
    expect(reconcile(c, statementCsv(c.ledger.db)).out[0]).toBe(
      'state differs: sale 000001/000002  here: 100.00 reversed  there: 100.00 approved (line 2)',
    );
  });

  test('only one batch, other terminals, batches without a line, an empty statement', () => {
    const c = day();
    const other = 'sale,99999999,000001,000002,5.00,approved,,,,';
    const ran = reconcile(c, [...lines(c), other].join('\n'));
    expect(ran.out.at(-1)).toBe('1 lines are of other terminals and were passed over');
    expect(ran.exit).toBe(0);
    const silent = reconcile(c, `${lines(c)[0]}\nsale,10000001,000007,000001,5.00,approved,,,,`);
    expect(silent.out.at(-1)).toBe('The statement says nothing of batches 000001');
    expect(silent.exit).toBe(1);
    expect(reconcile(c, statementCsv(c.ledger.db), '--batch', '9').out[0]).toContain(
      '0 transactions agree, 0 differences',
    );
    const empty = reconcile(c, lines(c)[0]);
    expect(empty.exit).toBe(1);
    expect(empty.out).toHaveLength(6);
  });

  test('money that the statement shows and takes back is not there', () => {
    const c = day();
    const back = lines(c)[1].replace('approved', 'reversed');
    for (const csv of [
      [...lines(c), back],
      [lines(c)[0], back, ...lines(c).slice(1)],
    ]) {
      const ran = reconcile(c, csv.join('\n'));
      expect(ran.exit).toBe(1);
      expect(ran.out[0]).toMatch(/^state differs: sale 000001\/000002 .* there: 100.00 reversed/);
      expect(ran.out.at(-1)).toBe('4 transactions agree, 1 differences; net here 260.00, net there 160.00');
    }
  });

  test('a statement of other terminals only says nothing of this one', () => {
    const c = day();
    const ran = reconcile(c, `${lines(c)[0]}\nsale,99999999,000001,000002,7.00,approved,,,,`);
    expect(ran).toEqual({
      out: [
        '0 transactions agree, 0 differences; net here 0.00, net there 0.00',
        '1 lines are of other terminals and were passed over',
        'The statement says nothing of batches 000001',
      ],
      err: '',
      exit: 0,
    });
  });

  test('a batch number that comes again: the batch that the statement is about', () => {
    const c = settle(paidSale(open({ change: { policy: { autoSignOff: false } } }), 10_000));
    c.on('是否打印明细', '0').on('结算成功', 'ENTER').on('确认键:菜单');
    const before = statementCsv(c.ledger.db);
    c.ledger.db.exec("UPDATE terminal SET batch = 1; UPDATE txn SET batch = '000777'");
    sale(c, 5_000).on('[77]', 'ENTER').on('确认键:菜单');
    paidSale(c, 6_000);
    const now = statementCsv(c.ledger.db)
      .split('\n')
      .filter(line => !line.includes('000777'));
    expect(c.journal.batch()).toBe(1);
    for (const [csv, net] of [
      [before, '100.00'],
      [now.join('\n'), '60.00'],
    ] as const)
      expect(reconcile(c, csv)).toMatchObject({
        exit: 0,
        out: [
          `1 transactions agree, 0 differences; net here ${net}, net there ${net}`,
          '1 transactions of other batches with the same number were passed over',
        ],
      });
  });

  test('as data, in Chinese, and wrong flags', () => {
    const c = day();
    const csv = lines(c)
      .filter((_, i) => i !== 2)
      .join('\n');
    const json = JSON.parse(reconcile(c, csv, '--json').out.join('')) as { differences: object[]; agree: number };
    expect(json).toMatchObject({ agree: 4, differences: [{ what: 'missing-there', here: { amountMinor: 20_000 } }] });
    expect(reconcile(c, csv, '--lang', 'zh').out[0]).toContain('收单缺少: 消费 000001/000003');
    expect(reconcile(c, csv, '--batch', 'x')).toMatchObject({ exit: 2, out: [] });
  });
});

describe('a statement', () => {
  const read = (text: string): ReturnType<typeof parseStatement> => parseStatement(text, 'a.csv');
  const HEAD = 'trace,kind,amount,batch,state,memo';

  test('columns in any order, quotes, byte order mark, CR LF, Chinese words, credits with a minus', () => {
    const csv = `\uFEFF${HEAD}\r\n2,消费,"1,234.50",1,成功,"a ""b"", c"\r\n3,退货,-10.00,1,,\r\n\r\n`;
    const parsed = read(csv);
    expect(parsed.ok && parsed.value).toEqual([
      {
        line: 2,
        kind: 'sale',
        tid: '',
        batch: '000001',
        trace: '000002',
        amountMinor: 123_450,
        state: 'approved',
        reference: '',
      },
      {
        line: 3,
        kind: 'refund',
        tid: '',
        batch: '000001',
        trace: '000003',
        amountMinor: 1_000,
        state: 'approved',
        reference: '',
      },
    ]);
  });

  test.each([
    ['trace,kind,batch', 'line 1: there is no column "amount"'],
    [`${HEAD}\n2,sale,1.00,1,approved`, 'line 2: 5 values, the first line has 6'],
    [`${HEAD}\n2,gift,1.00,1,,`, 'line 2: the kind is none of'],
    [`${HEAD}\n2,constructor,1.00,1,,`, 'line 2: the kind is none of'],
    [`${HEAD}\n2,sale,1.00,1,toString,`, 'line 2: the state is none of'],
    [`${HEAD}\n2,sale,1.00,1,maybe,`, 'line 2: the state is none of'],
    [`${HEAD}\n2,sale,100,1,,`, 'line 2: the amount is not'],
    [`${HEAD}\n2,sale,1.005,1,,`, 'line 2: the amount is not'],
    [`${HEAD}\n2,sale,9999999999999.00,1,,`, 'line 2: the amount is not'],
    [`${HEAD}\n1234567,sale,1.00,1,,`, 'line 2: the trace has not'],
    [`${HEAD}\n2,sale,1.00,,,`, 'line 2: the batch has not'],
    [`${HEAD}\n\n2,sale,"1.00,1,,`, 'line 3: a quote is open'],
  ])('%j is refused with its line', (csv, cause) => {
    const parsed = read(csv);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.fault.cause).toContain(`a.csv, ${cause}`);
  });
});
