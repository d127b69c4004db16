import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/slips.ts';
import { openJournal, type Txn } from '../../src/journal/journal.ts';
import { readText, writeAtomic } from '../../src/node/files.ts';
import { openSlipDesk } from '../../src/node/slip-desk.ts';
import { slipCodeBytes, slipCodeText } from '../../src/transaction/slip-code.ts';
import { begin, open, sale, T0 } from '../journal/helpers.ts';

const DAY = { year: 2026, month: 11, day: 21, hour: 14, minute: 0, second: 0 };
let folder = '';
let original: Txn;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-slips-'));
  const journal = open({ path: at('a.db') });
  original = sale(journal, T0, 10_000);
  const names = { txnId: original.id, reference: original.answer?.reference ?? '' };
  const refund = begin(journal, T0, { kind: 'refund', amountMinor: 4_000, original: names });
  journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: '98', why: 'no answer within 60 s' });
  journal.close();
  const other = open({ path: at('b.db') });
  sale(other, T0, 500);
  other.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(journal: string, ...args: readonly string[]): { out: string; err: string; exit: number } {
  const result = { out: '', err: '', exit: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: path => openJournal({ path, readOnly: true }),
    openSlipDesk,
    readText,
    writeFile: (path, text) => writeAtomic(path, text),
    nowMs: () => T0,
    local: () => DAY,
    print: text => void (result.out += `${text}\n`),
    printError: text => void (result.err += `${text}\n`),
    setExit: status => void (result.exit = status),
  });
  program.parse(['slips', ...args, '--journal', at(journal)], { from: 'user' });
  return result;
}

/** The code that the terminal of `a.db` prints for its sale. */
function codeOfSale(): string {
  const desk = openSlipDesk(at('a.db'));
  if (!desk.ok) throw new Error(desk.fault.cause);
  const bytes = slipCodeBytes({
    channel: 'card',
    terminal: original.intent.tid,
    batch: original.batch,
    voucher: original.trace,
    reference: original.answer?.reference ?? '',
    date: `26${original.answer?.hostDate ?? '1121'}`,
    amountMinor: 10_000,
    anchor: '0123456789ab',
    signer: desk.value.key.signer,
  });
  return slipCodeText(bytes, desk.value.key.sign(bytes));
}

describe('pos8583 slips', () => {
  test('key, trust, check: what another terminal needs, and nothing before', () => {
    const code = codeOfSale();
    const stranger = run('b.db', 'check', code);
    expect(stranger.exit).toBe(1);
    expect(stranger.err).toContain('signer-unknown');
    const line = run('a.db', 'key').out.split('\n')[0];
    expect(line).toMatch(new RegExp(`^[0-9a-f]{64} ${original.intent.tid}$`));
    expect(run('b.db', 'trust', ...line.split(' ')).exit).toBe(0);
    expect(run('b.db', 'trust').out).toContain(original.intent.tid);
    const known = run('b.db', 'check', code);
    expect(known.exit).toBe(0);
    expect(known.out).toMatch(/^genuine: not in this journal/);
    expect(known.out).toContain('amount 100.00');
    expect(run('a.db', 'check', code).out).toContain(`number ${original.id} (approved)`);
    expect(run('a.db', 'check', code, '--lang', 'zh').out).toContain('签名有效');
  });

  test('check: a changed code has exit status 1 and a reason, also in JSON', () => {
    const code = codeOfSale();
    const changed = `${code.slice(0, 60)}${code[60] === '7' ? '8' : '7'}${code.slice(61)}`;
    const refused = run('a.db', 'check', changed);
    expect(refused).toMatchObject({ out: '', exit: 1 });
    expect(refused.err).toContain('slip-code-signature');
    const json = run('a.db', 'check', changed, '--json');
    expect(json.exit).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ genuine: false, fault: { name: 'slip-code-signature' } });
    expect(JSON.parse(run('a.db', 'check', code, '--json').out)).toMatchObject({ genuine: true, id: original.id });
  });

  test('used: an unknown refund is told to the others; importing twice changes nothing', () => {
    expect(run('a.db', 'used', '--export', at('list.json')).out).toMatch(/^1 slips in the list/);
    expect(readFileSync(at('list.json'), 'utf8')).toContain('"refund"');
    expect(run('b.db', 'used', '--import', at('list.json'))).toMatchObject({ out: '', exit: 1 });
    run('b.db', 'trust', run('a.db', 'key').out.split('\n')[0]);
    expect(run('b.db', 'used').out).toBe('No list was imported.\n');
    expect(run('b.db', 'used', '--import', at('list.json')).out).toMatch(/^list of terminal/);
    expect(run('b.db', 'used', '--import', at('list.json')).out).toMatch(/^nothing new/);
    expect(run('b.db', 'used').out).toContain('1 slips');
    expect(run('b.db', 'check', codeOfSale()).out).toContain('given back elsewhere, by the lists that are here: 40.00');
  });

  test('a journal that is not there makes no keys', () => {
    expect(run('c.db', 'key')).toMatchObject({ out: '', exit: 2 });
    expect(run('c.db', 'used', '--export', at('list.json')).exit).toBe(2);
  });
});
