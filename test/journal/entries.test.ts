import { expect, test } from 'vitest';
import { failed, fault, ok } from '../../src/fault.ts';
import { open, T0 } from './helpers.ts';

/** Entries under a request number. */

const REQUEST = 'abcdef0123456789abcdef0123456789';
const entry = { request: REQUEST, what: 'freeze', content: { note: 'x' }, way: 'counter' } as const;

test('an entry and its request number are one step: when the second cannot be written, neither is', () => {
  const journal = open();
  const head = journal.headSeq;
  expect(() =>
    journal.enterOnce(T0, { ...entry, what: 'NOT A WORD' }, () =>
      ok(journal.freezeRefunds(T0, { by: '00', note: 'x' })),
    ),
  ).toThrow(/entry\.what/);
  expect([journal.headSeq, journal.refundsFrozen()]).toEqual([head, undefined]);
  expect(journal.verify()).toMatchObject({ ok: true });
  // The journal goes on: it was a bug of the caller, not of the disk.
  journal.freezeRefunds(T0, { by: '00' });
  expect(journal.headSeq).toBe(head + 1);
});

test('a request number makes one entry; who asks again learns which and whether it says the same', () => {
  const journal = open();
  expect(journal.knownEntry(entry)).toBeUndefined();
  expect(journal.enterOnce(T0, entry, () => ok(journal.freezeRefunds(T0, { by: '00', note: 'x' }))).ok).toBe(true);
  const again = journal.enterOnce(T0, entry, () => {
    throw new Error('it is made twice');
  });
  expect(again).toMatchObject({ ok: false, fault: { name: 'request-used' } });
  expect(journal.knownEntry(entry)).toEqual({
    seq: journal.headSeq,
    atMs: T0,
    what: 'freeze',
    way: 'counter',
    same: true,
  });
  expect(journal.knownEntry({ ...entry, content: { note: 'y' } })?.same).toBe(false);
  expect(journal.knownEntry({ ...entry, what: 'free' })?.same).toBe(false);
  journal.rebuild();
  expect(journal.knownEntry(entry)?.same).toBe(true);
  expect(journal.verify()).toMatchObject({ ok: true });
});

test('an entry that is refused leaves nothing behind, and its number can be used again', () => {
  const journal = open();
  const head = journal.headSeq;
  const no = fault('E_ILLEGAL', 'no', 'no', 'no');
  expect(journal.enterOnce(T0, entry, () => failed(no))).toEqual(failed(no));
  expect(journal.headSeq).toBe(head);
  expect(journal.enterOnce(T0, entry, () => ok(journal.freezeRefunds(T0, { by: '00' }))).ok).toBe(true);
});
