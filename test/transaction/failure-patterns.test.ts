import { expect, test } from 'vitest';
import { SCREENS } from '../../src/profile/screens.ts';
import { classifyHabit, habitCounts } from '../../src/transaction/failure-patterns.ts';

test.each([
  ['CANCEL', 'F04.2', 'customer', '换卡'],
  ['CANCEL', 'PIN', 'customer', '换卡'],
  ['TIMEOUT', 'F07.2', 'customer', '备好'],
  ['CANCEL', 'F06.7', 'operator', 'FN'],
  ['TIMEOUT', 'F05.2', 'operator', 'FN'],
  ['CLEAR', 'F06.4', 'operator', '扫码'],
] as const)('%s at %s: %s', (habit, screen, whose, remedy) => {
  const found = classifyHabit(habit, screen);
  expect(found.class).toBe(whose);
  expect(found.remedy.zh).toContain(remedy);
});

test('only screens that ask for something in a sale, void or refund count', () => {
  const counted = Object.keys(SCREENS).filter(habitCounts);
  expect(counted).toEqual(
    expect.arrayContaining(['F04.1', 'F04.2', 'F05.2', 'F06.2', 'F06.7', 'F06.9', 'F07.1', 'F08.2']),
  );
  for (const told of [
    'F01.1',
    'F02.1',
    'F04.6',
    'F04.8',
    'F05.8',
    'F06.11',
    'F06.13',
    'F07.4',
    'F08.4',
    'F09.1',
    'F21.2',
  ])
    expect(counted).not.toContain(told);
  expect(habitCounts('PIN')).toBe(true);
});
