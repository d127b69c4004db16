import { expect, test } from 'vitest';
import { type Entry, requestLine } from '../../src/runtime/entries.ts';
import type { Counter } from '../runtime/counter.ts';
import { open, paidSale, refund, sale, SUPERVISOR_PASSWORD } from '../scenarios/people.ts';

const IDLE = '确认键:菜单';
let requests = 0;
function ask(c: Counter, entry: Entry): { ok: boolean; fault?: { name: string } } {
  const request = (++requests).toString(16).padStart(32, '0');
  return JSON.parse(c.control(requestLine({ request, password: SUPERVISOR_PASSWORD, entry }))[0]) as never;
}
function shop(rules: never): Counter {
  const c = open({ rules });
  c.journal.setPassword(c.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  return c;
}
const silent = (mti: string) => ({ match: { mti }, do: { silent: true } });

test('who made an unknown refund does not say what became of it', () => {
  const c = paidSale(shop([silent('0220')] as never), 10_000);
  refund(c, 2, 4_000).on('退货结果未知', 'ENTER').on(IDLE);
  const { id } = c.journal.unknownRefunds()[0];
  const entry = (operator: string): Entry => ({
    what: 'refund-resolve',
    id,
    outcome: 'accepted',
    operator,
    reference: '112233445566',
    note: 'n',
  });
  expect(ask(c, entry('01')).fault?.name).toBe('same-person');
  expect(ask(c, entry('02')).ok).toBe(true);
});

test('nothing of a settlement under way is entered from outside', () => {
  const c = shop([
    silent('0220'),
    silent('0500'),
    { match: { mti: '0400' }, do: { silent: true, bookNot: true } },
  ] as never);
  refund(paidSale(c, 10_000), 2, 4_000).on('退货结果未知', 'ENTER').on(IDLE);
  sale(c, 10_068).on('冲正不成功', 'ENTER').on(IDLE);
  c.journal.releaseTerminal(c.world.nowMs(), '00');
  const [held] = c.journal.heldReversals();
  const started = c.journal.startSettlement(c.world.nowMs());
  expect(started.ok).toBe(true);
  const [unknown] = c.journal.unknownRefunds();
  const before = c.journal.batchTotals();
  const answers = [
    ask(c, {
      what: 'refund-resolve',
      id: unknown.id,
      outcome: 'accepted',
      operator: '02',
      reference: '112233445566',
      note: 'n',
    }),
    ask(c, { what: 'reversal-resolve', id: held.id, outcome: 'stands', reference: '112233445566', note: 'n' }),
  ];
  expect(answers.map(one => one.fault?.name)).toEqual(['settlement-unfinished', 'settlement-unfinished']);
  expect(c.journal.batchTotals()).toEqual(before);
});

test('of a sale that was approved in part only that part stands', () => {
  const c = shop([{ match: { mti: '0400' }, do: { silent: true, bookNot: true } }] as never);
  sale(c, 10_068).on('冲正不成功', 'ENTER').on(IDLE);
  const [held] = c.journal.heldReversals();
  expect(
    ask(c, {
      what: 'reversal-resolve',
      id: held.id,
      outcome: 'stands',
      reference: '112233445566',
      amountMinor: 5_000,
      note: 'n',
    }).ok,
  ).toBe(true);
  expect(c.journal.txn(held.id)).toMatchObject({ state: 'approved', amountMinor: 5_000 });
});

test('cash for a slip of another terminal counts for its day', () => {
  const c = shop([] as never);
  const entry: Entry = {
    what: 'refund-external',
    reference: '112233445566',
    date: '1120',
    amountMinor: 4_000,
    method: 'cash',
    proof: '7',
    note: 'n',
  };
  expect(ask(c, entry).ok).toBe(true);
  expect(c.journal.taken({ reference: '112233445566', dateMmdd: '1120' }).map(one => one.amountMinor)).toEqual([4_000]);
});
