import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { keyLine, openSlipDesk, type SlipFiles } from '../../src/node/slip-desk.ts';
import { usedListText } from '../../src/transaction/used-slips.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'pos8583-slip-desk-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}
const faultOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.fault.name);
const at = (name: string): string => join(folder, name);
const open = (name: string): SlipFiles => value(openSlipDesk(at(name)));
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777;
const slip = (record: number, amountMinor = 3_000) =>
  ({ record, act: 'refund', reference: '123456789012', date: '261121', amountMinor }) as const;
const listOf = (desk: SlipFiles, upTo: number, ...slips: readonly ReturnType<typeof slip>[]): string =>
  usedListText({ terminal: '12345678', upTo, madeAtMs: 1, slips }, desk.key);

describe('keys beside the journal', () => {
  test('made once, for this user only, and the same ever after', () => {
    const first = open('a.db');
    expect(readdirSync(folder).sort()).toEqual(['a.db.slip-cards', 'a.db.slip-key']);
    expect([modeOf('a.db.slip-key'), modeOf('a.db.slip-cards')]).toEqual([0o600, 0o600]);
    const again = open('a.db');
    expect(again.key.signer).toBe(first.key.signer);
    expect(again.cardKeyName).toBe(first.cardKeyName);
    expect(open('b.db').key.signer).not.toBe(first.key.signer);
    expect(value(first.publicKey(first.key.signer))).toEqual(first.key.publicKey);
  });

  test('a key that others can read, or that is cut off, is not used', () => {
    open('a.db');
    chmodSync(at('a.db.slip-key'), 0o644);
    expect(faultOf(openSlipDesk(at('a.db')))).toBe('key-file-open');
    chmodSync(at('a.db.slip-key'), 0o600);
    writeFileSync(at('a.db.slip-cards'), 'short');
    expect(faultOf(openSlipDesk(at('a.db')))).toBe('key-file-length');
  });

  test('two terminals know each other by card when they share the secret of the tokens', () => {
    const first = open('a.db');
    writeFileSync(at('b.db.slip-cards'), readFileSync(at('a.db.slip-cards')), { mode: 0o600 });
    const second = open('b.db');
    expect(second.cardKeyName).toBe(first.cardKeyName);
    expect(second.key.signer).not.toBe(first.key.signer);
  });
});

describe('trusted terminals', () => {
  test('a line of the other terminal is enough, at once; taken away it counts no more', () => {
    const first = open('a.db');
    const second = open('b.db');
    const { signer } = first.key;
    expect(faultOf(second.publicKey(signer))).toBe('signer-unknown');
    value(second.trust(keyLine(first.key.publicKey, '12345678 counter one')));
    expect(value(second.publicKey(signer))).toEqual(first.key.publicKey);
    expect(value(open('b.db').trusted())).toMatchObject([{ signer, name: '12345678 counter one' }]);
    value(second.trust(keyLine(first.key.publicKey, 'counter two')));
    expect(value(second.trusted())).toHaveLength(1);
    value(second.distrust(signer));
    expect(faultOf(second.publicKey(signer))).toBe('signer-unknown');
    expect(faultOf(second.distrust(signer))).toBe('signer-unknown');
  });

  test('lines written by hand: comments and blanks are left out, anything else is told with its number', () => {
    const desk = open('b.db');
    const line = keyLine(open('a.db').key.publicKey, 'one');
    writeFileSync(at('b.db.slip-trust'), `# counters\n\n  ${line}\n`);
    expect(value(desk.trusted())).toHaveLength(1);
    writeFileSync(at('b.db.slip-trust'), `${line}\nnonsense\n`);
    const trusted = desk.trusted();
    expect(trusted.ok ? '' : trusted.fault.cause).toContain('line 2');
    expect(faultOf(desk.publicKey(open('a.db').key.signer))).toBe('trust-file-line');
    expect(faultOf(desk.trust('nonsense'))).toBe('public-key-form');
  });
});

describe('lists of used slips', () => {
  test('the newest list of each terminal is kept; the same again, or an older one, changes nothing', () => {
    const [first, second] = [open('a.db'), open('b.db')];
    value(second.trust(keyLine(first.key.publicKey, 'one')));
    const importing = (text: string): boolean => value(second.importUsed(text)).isNew;
    expect(importing(listOf(first, 10, slip(5)))).toBe(true);
    expect(importing(listOf(first, 10, slip(5)))).toBe(false);
    expect(importing(listOf(first, 20, slip(5), slip(15)))).toBe(true);
    expect(importing(listOf(first, 10, slip(5)))).toBe(false);
    value(second.usedLists());
    expect(importing(listOf(first, 30, slip(5), slip(15)))).toBe(true);
    expect(value(second.usedLists()).map(list => [list.signer, list.upTo, list.slips.length])).toEqual([
      [first.key.signer, 30, 2],
    ]);
    expect(value(open('b.db').usedLists())).toHaveLength(1);
  });

  test('a file where the folder should be is a fault, not a crash', () => {
    const [first, second] = [open('a.db'), open('b.db')];
    value(second.trust(keyLine(first.key.publicKey, 'one')));
    writeFileSync(at('b.db.slip-used'), '');
    expect(faultOf(second.usedLists())).toBe('file-error');
    expect(faultOf(second.importUsed(listOf(first, 10, slip(5))))).toBe('file-error');
  });

  test('nothing is kept of a stranger, of a changed list, or of itself', () => {
    const [first, second] = [open('a.db'), open('b.db')];
    expect(faultOf(second.importUsed(listOf(first, 10)))).toBe('signer-unknown');
    value(second.trust(keyLine(first.key.publicKey, 'one')));
    expect(faultOf(second.importUsed(listOf(first, 10, slip(5)).replace('3000', '1')))).toBe('used-list-signature');
    expect(faultOf(second.importUsed(listOf(second, 10)))).toBe('used-list-own');
    expect(existsSync(at('b.db.slip-used'))).toBe(false);
  });

  test('a list of a terminal that is trusted no more is silent; a damaged one is told', () => {
    const [first, second] = [open('a.db'), open('b.db')];
    value(second.trust(keyLine(first.key.publicKey, 'one')));
    value(second.importUsed(listOf(first, 10, slip(5))));
    expect(value(second.usedLists())).toHaveLength(1);
    value(second.distrust(first.key.signer));
    expect(value(second.usedLists())).toEqual([]);
    value(second.trust(keyLine(first.key.publicKey, 'one')));
    expect(value(second.usedLists())).toHaveLength(1);
    const file = join(at('b.db.slip-used'), `${first.key.signer}.json`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('3000', '3'));
    expect(faultOf(second.usedLists())).toBe('used-list-signature');
  });
});
