import { describe, expect, test } from 'vitest';
import { openJournal, type FlashEntry, type Journal, keptText, type SeenTerminal } from '../../src/journal/journal.ts';
import { seeded } from '../runtime/world.ts';
import { value } from '../runtime/counter.ts';

/** Records of equipment: which terminal, what was flashed, what a person has seen. */

const NOW = Date.UTC(2026, 10, 21, 14);
const [A, B, C] = ['a1', 'b2', 'c3'].map(pair => pair.repeat(32));

const open = (): Journal =>
  value(openJournal({ path: ':memory:', sealKey: new Uint8Array(32).fill(7), entropy: seeded(1) }));

const SEEN: SeenTerminal = {
  serialNumber: 'SIM00000001',
  model: 'VIRTUAL TERMINAL',
  firmware: '1.0',
  profile: 'unionpay-pos',
  version: 7,
};
const FLASH: FlashEntry = {
  serialNumber: SEEN.serialNumber,
  model: SEEN.model,
  digest: A,
  profile: 'unionpay-pos',
  version: 8,
  from: { profile: 'unionpay-pos', version: 7 },
  changes: ['$ /policy/refundMaxMinor: 10000.00 -> 5000.00'],
  by: '99',
  outcome: 'flashed',
  tests: ['echo', 'printer', 'panel'],
};
const kinds = (journal: Journal): string[] => journal.records(20).map(one => one.kind);

describe('terminal', () => {
  test('written once, and again only when something differs', () => {
    const journal = open();
    expect(journal.lastTerminal()).toBeUndefined();
    expect(journal.appendTerminal(NOW, SEEN)).toEqual([]);
    expect(journal.appendTerminal(NOW + 1, SEEN)).toEqual([]);
    expect(kinds(journal)).toEqual(['terminal']);
    expect(journal.lastTerminal()).toEqual(SEEN);
    expect(journal.appendTerminal(NOW + 2, { ...SEEN, version: 8 })).toEqual([]);
    expect(journal.terminalChange()).toBeUndefined();
    expect(journal.appendTerminal(NOW + 3, { ...SEEN, version: 8, firmware: '1.1', digest: A })).toEqual([
      'firmware',
      'digest',
    ]);
    expect(kinds(journal)).toEqual(['terminal', 'terminal', 'terminal']);
    expect(journal.lastTerminal()).toEqual({ ...SEEN, version: 8, firmware: '1.1', digest: A });
    expect(journal.verify().ok).toBe(true);
  });

  test('a change waits for a person, whatever comes after it', () => {
    const journal = open();
    journal.appendTerminal(NOW, { ...SEEN, digest: A });
    journal.appendTerminal(NOW + 1, { ...SEEN, serialNumber: 'SIM00000002', digest: A });
    const change = journal.terminalChange();
    expect(change).toMatchObject({
      what: ['serialNumber'],
      before: { serialNumber: 'SIM00000001', digest: A },
      now: { serialNumber: 'SIM00000002', digest: A },
    });
    journal.acknowledgeTerminal(NOW + 2, (change?.id ?? 0) + 1, '01');
    expect(journal.terminalChange()).toEqual(change);
    journal.acknowledgeTerminal(NOW + 3, change?.id ?? 0, '01');
    expect(journal.terminalChange()).toBeUndefined();
    journal.rebuild();
    expect(journal.terminalChange()).toBeUndefined();
    expect(journal.verify().ok).toBe(true);
  });

  test('serial numbers that look like card numbers are kept in pieces, and are still the same', () => {
    const journal = open();
    const serial = '4111111111111111';
    journal.appendTerminal(NOW, { ...SEEN, serialNumber: serial });
    expect(journal.appendTerminal(NOW + 1, { ...SEEN, serialNumber: serial })).toEqual([]);
    expect(kinds(journal)).toEqual(['terminal']);
    expect(JSON.stringify(journal.records(1))).not.toContain(serial);
    expect(journal.lastTerminal()?.serialNumber).toBe(keptText(serial));
    expect(journal.appendFlash(NOW + 2, { ...FLASH, serialNumber: serial })).toBeGreaterThan(0);
    expect(journal.lastTerminal()?.digest).toBe(A);
  });
});

describe('flash', () => {
  test('what was flashed is expected in that terminal, and is no change', () => {
    const journal = open();
    journal.appendTerminal(NOW, SEEN);
    journal.appendFlash(NOW + 1, FLASH);
    expect(journal.lastTerminal()?.digest).toBe(A);
    expect(journal.appendTerminal(NOW + 2, { ...SEEN, digest: A, version: 8 })).toEqual([]);
    expect(journal.terminalChange()).toBeUndefined();
    expect(journal.appendTerminal(NOW + 3, { ...SEEN, digest: B, version: 8 })).toEqual(['digest']);
    expect(journal.lastTerminal()?.digest).toBe(B);
    expect(journal.flashes()[0]).toEqual({ ...FLASH, id: 2, atMs: NOW + 1 });
  });

  test('a flash that did not end well, or of another terminal, explains nothing', () => {
    const journal = open();
    journal.appendTerminal(NOW, { ...SEEN, digest: C });
    journal.appendFlash(NOW + 1, { ...FLASH, outcome: 'fellBack', why: 'the key 5 was not pressed', tests: ['echo'] });
    journal.appendFlash(NOW + 2, { ...FLASH, serialNumber: 'SIM00000009' });
    expect(journal.lastTerminal()?.digest).toBe(C);
    expect(journal.appendTerminal(NOW + 3, { ...SEEN, digest: A })).toEqual(['digest']);
    expect(journal.flashes(5).map(one => one.outcome)).toEqual(['flashed', 'fellBack']);
    journal.rebuild();
    expect(journal.verify().ok).toBe(true);
  });

  test('the allow-list: no other member, no other word; texts of the world are masked and cut', () => {
    const journal = open();
    const wrong =
      (more: object): (() => void) =>
      () =>
        void journal.appendFlash(NOW, { ...FLASH, ...more } as FlashEntry);
    expect(wrong({ pan: '6212261234567890' })).toThrow('not allowed');
    expect(wrong({ outcome: 'done' })).toThrow('none of');
    expect(wrong({ digest: 'xyz' })).toThrow('form');
    expect(wrong({ tests: ['key'] })).toThrow('none of');
    journal.appendFlash(NOW, { ...FLASH, changes: Array.from({ length: 500 }, () => '/x: 4111111111111111 -> -') });
    const [kept] = journal.flashes();
    expect(kept.changes).toHaveLength(200);
    expect(kept.changes[0]).toBe('/x: 411111******1111 -> -');
  });
});
