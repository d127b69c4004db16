import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LocalTime } from '../../src/hal/hal.ts';
import { CHINA, compareDays, dueOf, isLate, progressOf, workdayAfter } from '../../src/transaction/calendar.ts';
import type { AccountKind } from '../../src/transaction/arrival-account.ts';
import { dueText } from '../../src/transaction/arrival.ts';
import type { Arrival } from '../../src/transaction/refund-policy.ts';
import { DAY, OFF, utc } from './rules-world.ts';

const DEBIT: Arrival = { usualMin: 1, usualMax: 3, latest: 5, unit: 'days' };

/** `2026-09-30 22:59` */
function at(text: string): LocalTime {
  const [year, month, day, hour = 12, minute = 0] = text.split(/[- :]/).map(Number);
  return { year, month, day, hour, minute, second: 0 };
}
const shown = (day?: { month: number; day: number }): string => (day ? `${day.month}/${day.day}` : '-');

describe('working days', () => {
  test('holidays, make-up working days and weekends of 2026', () => {
    const works = (month: number, day: number): boolean => CHINA.isWorkday({ year: 2026, month, day });
    // Make-up working days of New Year, Spring Festival, Labour Day, Mid-autumn and National Day.
    for (const [month, day] of [[1, 4], [2, 14], [2, 28], [5, 9], [9, 20], [10, 10]]) expect([month, day, works(month, day)]).toEqual([month, day, true]); // prettier-ignore
    for (const [month, day] of [[1, 1], [2, 16], [2, 23], [4, 6], [5, 5], [6, 19], [9, 25], [10, 1], [10, 7]]) expect([month, day, works(month, day)]).toEqual([month, day, false]); // prettier-ignore
    expect([works(11, 20), works(11, 21), works(11, 22), works(11, 23)]).toEqual([true, false, false, true]);
  });
  test('which years are known', () => {
    expect([2003, 2004, 2025, 2026].map(CHINA.knows)).toEqual([false, true, true, true]);
    expect(CHINA.knows(2999)).toBe(false);
  });
  test('the library has the year in which this was written', () => expect(CHINA.knows(2026)).toBe(true));
});

describe('due days', () => {
  const rows: readonly [what: string, sent: string, usual: string, latest: string, holiday: boolean][] = [
    ['a Monday', '2026-11-16', '11/19', '11/23', false],
    ['before the cut-off', '2026-11-16 22:59', '11/19', '11/23', false],
    ['after the cut-off: as if sent the next day', '2026-11-16 23:00', '11/20', '11/24', false],
    ['a Saturday counts as Monday', '2026-11-21', '11/26', '11/30', false],
    ['Friday after the cut-off counts as Monday', '2026-11-20 23:30', '11/26', '11/30', false],
    ['before Golden Week; its make-up Saturday is a working day', '2026-09-30', '10/10', '10/13', true],
    ['in Golden Week', '2026-10-03', '10/12', '10/14', true],
    ['after the cut-off into Golden Week', '2026-09-30 23:00', '10/12', '10/14', true],
    ['before Spring Festival, over its first make-up Saturday', '2026-02-13', '2/25', '2/27', true],
    ['over both make-up Saturdays', '2026-02-12', '2/24', '2/26', true],
    ['after Spring Festival: the second make-up Saturday', '2026-02-26', '3/2', '3/4', false],
    ['Tomb-sweeping Day makes Monday a day off', '2026-04-03', '4/9', '4/13', true],
    ['Labour Day', '2026-04-30', '5/8', '5/11', true],
    ['Dragon Boat', '2026-06-18', '6/24', '6/26', true],
    ['Mid-autumn and National Day', '2026-09-24', '9/30', '10/9', true],
    ['over New Year of a known year', '2025-12-31', '1/6', '1/8', true],
    ['into a year without data', '2026-12-29', '-', '-', false],
    ['only the latest day lies in a year without data', '2026-12-28', '12/31', '-', false],
    ['in a year without data', '2999-05-04', '-', '-', false],
  ];
  for (const [what, sent, usual, latest, holiday] of rows)
    test(`${sent}: ${what}`, () => {
      const due = dueOf(at(sent), DEBIT, '2300');
      expect([shown(due.day), shown(due.latestDay), due.holiday]).toEqual([usual, latest, holiday]);
    });

  test('a year without data gives a number of working days instead of a date', () => {
    expect(dueText(dueOf(at('2026-11-21'), DEBIT, '2300'))).toEqual({ zh: '约11/26前到账', en: 'DUE BY 11/26' });
    expect(dueText(dueOf(at('2999-05-04'), DEBIT, '2300'))).toEqual({ zh: '约3个工作日', en: '3 WORKDAYS' });
  });
  test('minutes need no calendar', () => {
    const balance: Arrival = { usualMin: 5, usualMax: 20, latest: 60, unit: 'minutes' };
    const due = dueOf(at('2999-05-04'), balance, '2300');
    expect(due).toEqual({ unit: 'minutes', usualMin: 5, usualMax: 20, latest: 60, holiday: false });
    expect(dueText(due)).toEqual({ zh: '约20分钟内到账', en: 'DUE IN 20 MIN' });
    expect([isLate(due, 0, 3_600_000, at('2999-05-04')), isLate(due, 0, 3_600_001, at('2999-05-04'))]).toEqual([
      false,
      true,
    ]);
  });
  test('the due day is a working day with exactly so many working days before it', () => {
    const day = fc
      .integer({ min: Date.UTC(2015, 0, 1) / DAY, max: Date.UTC(2026, 10, 1) / DAY })
      .map(n => utc(n * DAY));
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 20 }), (from, count) => {
        const due = workdayAfter(from, count);
        if (!due) return;
        expect(CHINA.isWorkday(due)).toBe(true);
        let between = 0;
        for (let ms = Date.UTC(from.year, from.month - 1, from.day); ; ms += DAY) {
          if (compareDays(utc(ms), due) >= 0) break;
          if (CHINA.isWorkday(utc(ms))) between++;
        }
        expect(between).toBe(count);
      }),
    );
  });
  test('a calendar without any working day comes to an end', () =>
    expect(workdayAfter(at('2026-01-01'), 1, { knows: () => true, isWorkday: () => false })).toBeUndefined());
});

describe('slow and late', () => {
  const sentMs = Date.UTC(2026, 10, 16, 4);
  const seen = (nowMs: number, sent = sentMs, card: AccountKind = 'debit') => {
    const { slow, late } = progressOf(OFF, {
      channel: 'card',
      card,
      sentMs: sent,
      sent: utc(sent),
      nowMs,
      now: utc(nowMs),
    });
    return late ? 'late' : slow ? 'slow' : 'usual';
  };
  for (const [day, debit, credit, foreign] of [
    [16, 'usual', 'usual', 'usual'],
    [19, 'usual', 'usual', 'usual'],
    [20, 'slow', 'usual', 'usual'],
    [23, 'slow', 'usual', 'usual'],
    [24, 'late', 'usual', 'usual'],
    [26, 'late', 'slow', 'usual'],
    [30, 'late', 'slow', 'usual'],
    [31, 'late', 'late', 'slow'],
  ] as const)
    test(`a refund of 16 November on day ${day}`, () => {
      const now = Date.UTC(2026, 10, day, 23);
      expect([seen(now), seen(now, sentMs, 'credit'), seen(now, sentMs, 'foreign')]).toEqual([debit, credit, foreign]);
    });
  test('debit or credit, nobody knows: slow and late when the later one is', () =>
    expect([24, 25, 26, 30, 31].map(day => seen(Date.UTC(2026, 10, day, 23), sentMs, 'unknown'))).toEqual(
      [24, 25, 26, 30, 31].map(day => seen(Date.UTC(2026, 10, day, 23), sentMs, 'credit')),
    ));
  test('a kind of card that the channel does not name counts as debit', () =>
    expect(seen(Date.UTC(2026, 10, 20), sentMs, 'balance')).toBe('slow'));
  test('where no calendar is, it is late after twice as many days and ten', () => {
    const sent = Date.UTC(2999, 4, 4, 4);
    expect([16, 17, 20, 21].map(days => seen(sent + days * DAY, sent))).toEqual(['usual', 'slow', 'slow', 'late']);
  });
  test('nobody is called late without a day to compare', () => {
    const due = dueOf(at('2999-05-04'), DEBIT, '2300');
    expect(isLate(due, 0, Number.MAX_SAFE_INTEGER, at('3999-01-01'))).toBe(false);
  });
});
