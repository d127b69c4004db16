import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/refund.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { readShipped } from '../profile/shipped.ts';
import { begin, KEY, open, PANS, sale, seededEntropy, T0 } from '../journal/helpers.ts';

const SECRET = '246810';
const RESOLVE = ['--reason', 'Mrs Li, case 77', '--operator', '02', '--outcome'];
let folder = '';
let path = '';
let refundId = 0;
let originalId = 0;
let requests = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-refund-'));
  path = join(folder, 'journal.db');
  const journal = open({ path });
  journal.setPassword(T0, '00', SECRET, '00');
  const original = sale(journal, T0, 10_000);
  originalId = original.id;
  refundId = begin(journal, T0, {
    kind: 'refund',
    amountMinor: 4_000,
    original: { txnId: original.id, reference: original.answer?.reference ?? '' },
  }).id;
  journal.appendOutcome(T0, refundId, { result: 'unknown', reason: '98', why: 'no answer within 60 s' });
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(
  args: readonly string[],
  secret: string | undefined = SECRET,
): { out: string; err: string; exit: number; asked: number } {
  const result = { out: '', err: '', exit: 0, asked: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: file => openJournal({ path: file, readOnly: true }),
    openForEntry: file => openJournal({ path: file, sealKey: KEY, entropy: seededEntropy(9) }),
    hasCounter: () => false,
    askCounter: () => undefined,
    newRequest: () => String(++requests).padStart(32, '0'),
    after: (_, go) => go(),
    nowMs: () => T0 + 1000,
    loadProfile: async id => loadProfile(id, readShipped),
    readSecret: (_, done) => {
      result.asked++;
      done(secret === undefined ? failed(fault('E_ILLEGAL', 'no-secret', 'none', 'type it')) : ok(secret));
    },
    print: text => void (result.out += `${text}\n`),
    printError: text => void (result.err += `${text}\n`),
    setExit: status => void (result.exit = status),
  });
  program.parse(['refund', ...args, '--journal', path], { from: 'user' });
  return result;
}

const resolve = (outcome: string, ...more: string[]): ReturnType<typeof run> =>
  run(['resolve', String(refundId), ...RESOLVE, outcome, ...more]);

function look<T>(work: (journal: ReturnType<typeof open>) => T): T {
  const journal = open({ path, readOnly: true });
  const value = work(journal);
  journal.close();
  return value;
}

describe('pos8583 refund', () => {
  test('list and show: where each refund stands, masked, with the way out', () => {
    expect(run(['list']).out).toMatch(
      new RegExp(`^${refundId}  RF00000${refundId}  \\S+ \\S+  unknown  000001/000002  40\\.00  original`),
    );
    expect(run(['list', '--unknown', '--lang', 'zh']).out).toContain('待查');
    const shown = run(['show', `RF00000${refundId}`]);
    expect(shown.out).toContain('622500******0014');
    expect(shown.out).toContain('no answer within 60 s');
    expect(shown.out).toContain(`pos8583 refund resolve ${refundId}`);
    expect(run(['show', String(originalId)]).exit).toBe(1);
    const json = run(['list', '--json']).out;
    expect(JSON.parse(json)).toMatchObject([{ id: refundId, state: 'unknown', amountMinor: 4_000 }]);
    expect(json + shown.out).not.toContain(PANS[0]);
    expect(json).not.toContain('sealedPan');
  });

  test('accepted: booked with the reference, who asked and who approved; the original stays refunded in part', () => {
    const ran = resolve('accepted', '--reference', '112233445566');
    expect(ran).toMatchObject({
      exit: 0,
      err: '',
      out: `RF00000${refundId} 40.00: booked as accepted (into the journal file)\n`,
    });
    look(journal => {
      expect(journal.txn(refundId)).toMatchObject({
        state: 'approved',
        answer: { reference: '112233445566', by: '00', note: 'Mrs Li, case 77' },
      });
      expect(journal.recordsOf(refundId).at(-1)).toMatchObject({
        kind: 'refund-resolved',
        body: { by: '00', operator: '02', decision: 'accepted' },
      });
      expect(journal.refundable(originalId)).toBe(6_000);
      expect(journal.verify().ok).toBe(true);
    });
    // Once is enough.
    expect(resolve('accepted', '--reference', '112233445566')).toMatchObject({ exit: 1, asked: 0 });
  });

  test('not accepted: given up, the original is free again', () => {
    expect(resolve('not-accepted').exit).toBe(0);
    look(journal => {
      expect(journal.txn(refundId)?.state).toBe('failed');
      expect(journal.refundable(originalId)).toBe(10_000);
      expect(journal.unknownRefunds()).toEqual([]);
    });
  });

  test('still unknown: nothing changes but the record of the call', () => {
    expect(resolve('still-unknown', '--lang', 'zh').out).toContain('仍为待查');
    look(journal => {
      expect(journal.unknownRefunds()).toHaveLength(1);
      expect(journal.recordsOf(refundId).at(-1)).toMatchObject({
        kind: 'case',
        body: { by: '00', operator: '02', note: 'Mrs Li, case 77' },
      });
    });
  });

  test('two persons: not the maker, the password of 00, counted when wrong', () => {
    const maker = run(['resolve', String(refundId), '--reason', 'x', '--operator', '01', '--outcome', 'not-accepted']);
    expect(maker).toMatchObject({ exit: 1, asked: 0 });
    expect(maker.err).toContain('somebody else has to ask');
    for (const operator of ['99', '77'])
      expect(
        run(['resolve', String(refundId), '--reason', 'x', '--operator', operator, '--outcome', 'not-accepted']).exit,
      ).toBe(1);
    for (let i = 0; i < 3; i++)
      expect(run(['resolve', String(refundId), ...RESOLVE, 'not-accepted'], '111111').exit).toBe(1);
    const blocked = resolve('not-accepted');
    expect(blocked.err).toContain('blocked');
    expect(look(journal => journal.txn(refundId)?.state)).toBe('unknown');
    expect(run(['resolve', String(refundId), ...RESOLVE, 'not-accepted'], undefined).exit).toBe(1);
  });

  test('the published first password approves nothing here', () => {
    const journal = open({ path });
    journal.setPassword(T0, '00', '975310', '00');
    journal.close();
    rmSync(path, { force: true });
    const fresh = open({ path });
    const first = sale(fresh, T0, 10_000);
    refundId = begin(fresh, T0, { kind: 'refund', amountMinor: 4_000, original: { txnId: first.id } }).id;
    fresh.appendOutcome(T0, refundId, { result: 'unknown', reason: '98', why: 'x' });
    fresh.close();
    const ran = run(['resolve', String(refundId), ...RESOLVE, 'not-accepted'], '123456');
    expect(ran.exit).toBe(1);
    expect(ran.err).toContain('password-first');
  });

  test('a runtime that has the journal open: said clearly, nothing asked', () => {
    const running = open({ path });
    const ran = resolve('not-accepted');
    expect(ran).toMatchObject({ exit: 2, asked: 0 });
    expect(ran.err).toContain('journal-in-use');
    expect(ran.err).toContain('sign on as 00, then 6');
    running.close();
  });

  test('a settlement under way keeps its totals', () => {
    const journal = open({ path });
    journal.startSettlement(T0);
    journal.close();
    const ran = resolve('accepted', '--reference', '112233445566');
    expect(ran).toMatchObject({ exit: 1, asked: 0 });
    expect(ran.err).toContain('Finish the settlement');
  });

  test.each([
    ['accepted without reference', ['accepted'], 2],
    ['accepted with a short reference', ['accepted', '--reference', '123'], 2],
    ['a sale', ['not-accepted'], 1],
  ])('%s is refused', (name, args, exit) => {
    const id = name === 'a sale' ? String(originalId) : String(refundId);
    expect(run(['resolve', id, ...RESOLVE, ...args])).toMatchObject({ exit, asked: 0 });
  });
});
