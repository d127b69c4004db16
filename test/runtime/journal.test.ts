import { expect, test } from 'vitest';
import { fault } from '../../src/fault.ts';
import { JournalFailure } from '../../src/journal/journal.ts';
import { Counter } from './counter.ts';

/** A counter whose journal has older records than its opening checks: `slices` says what each look at them brings. */
function withOldRecords(slices: (number | JournalFailure)[]): { c: Counter; limits: number[] } {
  const c = new Counter();
  c.crash();
  const limits: number[] = [];
  c.journal.checkOlder = limit => {
    limits.push(limit);
    const next = slices.shift() ?? 0;
    if (typeof next !== 'number') throw next;
    return next;
  };
  return { c, limits };
}

test('old records are checked in slices while the counter comes up, and then no more', () => {
  const { c, limits } = withOldRecords([12_000, 7_000, 2_000, 0]);
  c.start();
  c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER').on('确认键:菜单').pause(60);
  expect(limits).toEqual([5_000, 5_000, 5_000, 5_000]);
});

test('damage in an old record ends the trade before anything is sent', () => {
  const damage = new JournalFailure(fault('E_FAILURE', 'journal-damaged', 'record 7: changed', 'run journal verify'));
  const { c } = withOldRecords([7_000, damage]);
  c.start();
  expect(() => c.pause(10)).toThrow(damage);
  expect(c.sentTypes()).toBe('');
});
