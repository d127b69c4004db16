import { describe, expect, test } from 'vitest';
import { CLASSES, codecNoise } from './codec.ts';
import { KINDS, type KindName, SESSIONS } from './kinds.ts';
import { newTally, session, type Tally } from './session.ts';
import { codecTable, counterTable, predictedBroken, predictedWhole, wishesOf } from './table.ts';

/** More of everything: `NOISE_FACTOR=10 npx vitest run test/noise`. */
const FACTOR = Number(process.env['NOISE_FACTOR'] ?? 1);
const FIRST_SEED = 8583;

/** Share of wishes that must end without a person's help, percent: what was measured, with a margin. */
const ALONE: Readonly<Record<KindName, number>> = {
  none: 100, e5: 99, e4: 96, e3: 20, bursts: 86, lost: 90, doubled: 90, stray: 95, unplug: 70, all: 84,
}; // prettier-ignore
/** Share of wishes that must end at all. */
const DONE: Readonly<Partial<Record<KindName, number>>> = { e3: 80 };

const tallies: Tally[] = [];

describe.each(Object.keys(KINDS) as KindName[])('a counter with noise on its terminal line: %s', name => {
  test(
    'no wrong amount, card or slip, no money lost or doubled, and idle afterwards',
    { timeout: 600_000 * FACTOR },
    () => {
      const tally = newTally(KINDS[name]);
      for (let n = 0; n < Math.ceil(SESSIONS[name] * FACTOR); n++) session(tally, FIRST_SEED + n);
      tallies.push(tally);
      expect(tally.wrong).toEqual([]);
      const sum = wishesOf(tally);
      expect((100 * tally.alone) / sum, 'done without help, percent').toBeGreaterThanOrEqual(ALONE[name]);
      expect((100 * (sum - tally.givenUp)) / sum, 'done, percent').toBeGreaterThanOrEqual(DONE[name] ?? 100);
      expect(tally.line.missed, 'packets with a content that nobody sent').toBe(0);
      expect(tally.dumb, 'terminals that never came up').toBe(0);
      if (name === 'none') expect(tally.line.naks + tally.line.cancels - tally.line.opened).toBe(0);
      else expect(tally.line.damaged + tally.line.unplugged + (name === 'stray' ? 1 : 0)).toBeGreaterThan(0);
    },
  );
});

test('the table', () => {
  console.log(`\n${counterTable(tallies)}`);
  expect(tallies).toHaveLength(Object.keys(KINDS).length);
});

describe('packets alone', () => {
  test('CRC-16 misses what it must, and nothing of what it finds for certain', { timeout: 120_000 * FACTOR }, () => {
    const counts = CLASSES.map(errors =>
      codecNoise(errors, Math.ceil((errors === 'random bytes' ? 400_000 : 100_000) * FACTOR), 64, 7),
    );
    console.log(`\npackets of 64 bytes\n${codecTable(counts)}`);
    for (const count of counts) {
      expect(count.damaged, count.errors).toBeGreaterThan(0);
      const whole = predictedWhole(count);
      expect(count.missedWhole, count.errors).toBeLessThanOrEqual(whole + 5 * Math.sqrt(whole));
      const broken = predictedBroken(count);
      expect(count.missedBroken, count.errors).toBeLessThanOrEqual(broken + 5 * Math.sqrt(broken));
      if (count.errors !== 'random bytes') continue;
      // The one class in which the check value meets every damage blindly: some must be missed, or nothing was measured.
      expect(whole).toBeGreaterThan(6 * FACTOR);
      if (FACTOR >= 1) expect(count.missedWhole).toBeGreaterThan(0);
    }
  });

  test('a XOR byte over 256 bytes at 1e-4 lets about one packet in 476 through, CRC-16 none', () => {
    const count = codecNoise('bit errors 1e-4', Math.ceil(150_000 * FACTOR), 256, 7);
    console.log(`\npackets of 256 bytes\n${codecTable([count])}`);
    expect(count.packets / count.lrcMissed).toBeGreaterThan(380);
    expect(count.packets / count.lrcMissed).toBeLessThan(600);
    expect(count.missedWhole + count.missedBroken).toBe(0);
  });
});

describe('the measurement sees', () => {
  test('a receiver without a check: wrong data, soon', () => {
    const tally = newTally(KINDS.e4);
    for (let n = 0; n < 2; n++) session(tally, FIRST_SEED + n, 'none');
    expect(tally.line.missed).toBeGreaterThan(10);
    expect(tally.wrong.length).toBeGreaterThan(0);
    expect(tally.wrong.join('\n')).toContain('a slip that was never sent');
  });

  test('a line with a XOR byte in place of CRC-16', () => {
    const tally = newTally(KINDS.e3);
    for (let n = 0; n < 2; n++) session(tally, FIRST_SEED + n, 'lrc');
    expect(tally.line.missed).toBeGreaterThan(0);
  });

  test('the same seed gives the same history', () => {
    const run = (): string => {
      const tally = newTally(KINDS.all);
      session(tally, 3);
      return JSON.stringify(tally);
    };
    expect(run()).toBe(run());
  });
});
