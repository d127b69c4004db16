import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAGE_COLUMNS } from '../../src/cli/evidence/adjustment.ts';
import { makePack, subjectOf } from '../../src/cli/evidence/pack.ts';
import { columnsOf } from '../../src/profile/columns.ts';
import { verifyEvidence as runVerifier } from '../../src/node/verifier.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { approve, begin, open, PANS, sale, T0 } from '../journal/helpers.ts';

const VERIFIER = new URL('../../scripts/verify-evidence.mjs', import.meta.url).pathname;
const { verifyEvidence } = (await import(VERIFIER)) as {
  verifyEvidence(pack: Uint8Array, anchor: string | undefined): { problems: string[]; proved: number; anchor: string };
};
const HOUR = 3_600_000;

/** A day: other customers' sales, a sale, its refund with slips and a case, a settlement slip with the anchor, another sale. */
function day(): { journal: Journal; refundId: number; caseId: number; anchor: string } {
  const journal = open();
  journal.appendPolicy(T0, 'unionpay-pos', 3, '{"refundMaxMinor":10000000}');
  sale(journal, T0);
  const paid = sale(journal, T0 + 1000, 12_000);
  sale(journal, T0 + 2000);
  const refund = approve(
    journal,
    T0 + HOUR,
    begin(journal, T0 + HOUR, {
      kind: 'refund',
      amountMinor: 5000,
      approver: '00',
      reason: '1',
      original: { txnId: paid.id, reference: paid.answer?.reference },
    }).id,
  );
  journal.storeSlip(T0 + HOUR, {
    txnId: refund.id,
    kind: 'refund',
    copy: 'merchant',
    columns: 32,
    lines: ['退货 REFUND', '金额 AMOUNT      50.00'],
  });
  const opened = journal.openCase(T0 + 2 * HOUR, {
    about: refund.id,
    type: 'amount',
    class: 'operator',
    owner: 'supervisor',
    dueMs: T0 + 9 * HOUR,
    operator: '01',
  });
  sale(journal, T0 + 3 * HOUR);
  const anchor = journal.anchor();
  journal.storeSlip(T0 + 4 * HOUR, {
    kind: 'settlement',
    copy: 'merchant',
    columns: 32,
    lines: ['结算单', `账本锚 ${anchor}`],
  });
  sale(journal, T0 + 5 * HOUR);
  return { journal, refundId: refund.id, caseId: opened.id, anchor };
}

const EXTRA = { version: '0.1.0', verifier: readFileSync(VERIFIER, 'utf8') };

function packOf(journal: Journal, text: string): Uint8Array {
  const subject = subjectOf(journal, text);
  if (!subject) throw new Error(`nothing of ${text}`);
  return makePack(journal, subject, EXTRA).bytes;
}

describe('an evidence pack', () => {
  test('holds original, refund, slips, case and policy, nothing of other customers, and is whole', async () => {
    const { journal, refundId, anchor } = day();
    const pack = packOf(journal, `RF${refundId}`);
    expect(await verifyEvidence(pack, anchor)).toEqual({ problems: [], proved: 7, anchor });
    const files = unzipSync(pack);
    const kinds = Object.entries(files)
      .filter(([name]) => name.startsWith('records/'))
      .map(([, bytes]) => (JSON.parse(new TextDecoder().decode(bytes)) as { kind: string }).kind);
    expect(kinds).toEqual(['policy', 'intent', 'outcome', 'intent', 'outcome', 'slip', 'case-opened']);
    const all = Object.values(files)
      .map(bytes => new TextDecoder().decode(bytes))
      .join('\n');
    for (const pan of PANS) expect(all).not.toContain(pan);
    expect(new TextDecoder().decode(files['summary.txt'])).toContain('120.00');
    expect(Object.keys(files)).toContain('slips/000010.txt');
  });

  test('has the adjustment request filled in, one page, and its sum in the manifest', async () => {
    const { journal, refundId, caseId, anchor } = day();
    const pack = packOf(journal, `RF${refundId}`);
    const files = unzipSync(pack);
    const form = new TextDecoder().decode(files['adjustment-request.txt']);
    const refund = journal.txn(refundId);
    const original = journal.txn(refund?.intent.original?.txnId ?? 0);
    const rows = form.split('\n');
    const valuesOf = (label: string): string[] =>
      rows.filter(line => line.includes(label)).map(line => line.slice(line.indexOf(label) + label.length).trim());
    expect(valuesOf('MERCHANT NO')).toEqual([refund?.intent.mid]);
    expect(valuesOf('TERMINAL NO')).toEqual([refund?.intent.tid]);
    expect(valuesOf('CASE NO')).toEqual([`IC${String(caseId).padStart(6, '0')}`]);
    expect(valuesOf('REFERENCE')).toEqual([refund?.answer?.reference, original?.answer?.reference]);
    expect(valuesOf('TRACE')).toEqual([refund, original].map(one => String(one?.trace).padStart(6, '0')));
    expect(valuesOf('BATCH')).toEqual([refund, original].map(one => String(one?.batch).padStart(6, '0')));
    expect(valuesOf(' 金额 AMOUNT')).toEqual(['50.00', '120.00']);
    expect(valuesOf('CARD')).toEqual([refund?.intent.card?.masked, original?.intent.card?.masked]);
    expect(form).toContain('请调整差额');
    expect(form).toContain('Please adjust the difference');
    expect(rows.length).toBeLessThan(50);
    expect(rows.filter(line => columnsOf(line) > PAGE_COLUMNS)).toEqual([]);
    expect(valuesOf('ANCHOR')).toEqual([anchor]);
    const manifest = JSON.parse(new TextDecoder().decode(files['manifest.json'])) as { files: { name: string }[] };
    expect(manifest.files.map(({ name }) => name)).toContain('adjustment-request.txt');
    const changed = Uint8Array.from(pack);
    changed[Buffer.from(pack).indexOf('请调整差额')] ^= 1;
    expect((await verifyEvidence(changed, anchor)).problems.join()).toContain('adjustment-request.txt');
  });

  test('asks what an unknown refund became, and leaves room for a pen where nothing is known', () => {
    const journal = open();
    const paid = sale(journal, T0, 12_000);
    const formOf = (id: number): string =>
      new TextDecoder().decode(unzipSync(packOf(journal, String(id)))['adjustment-request.txt']);
    expect(formOf(paid.id)).toMatch(/问题 WHAT IS WRONG\n {2}_+\n请求 WHAT IS ASKED\n {2}_+\n/);
    const sent = begin(journal, T0 + HOUR, { kind: 'refund', amountMinor: 5000, original: { txnId: paid.id } });
    journal.recover(T0 + 2 * HOUR);
    expect(formOf(sent.id)).toContain('请书面确认该笔是否已入账');
    expect(formOf(sent.id)).toMatch(/参考号 REFERENCE +_+\n/);
  });

  test('is the same for the case and for the transaction, and the same each time', () => {
    const { journal, refundId, caseId } = day();
    const pack = packOf(journal, `RF${refundId}`);
    expect(packOf(journal, `IC${caseId}`)).toEqual(pack);
    expect(packOf(journal, String(refundId))).toEqual(pack);
    expect(subjectOf(journal, 'RF999')).toBeUndefined();
    expect(subjectOf(journal, `IC${refundId}`)).toBeUndefined();
    expect(subjectOf(journal, '../x')).toBeUndefined();
  });

  test('without paper says so and ends with the newest anchor', async () => {
    const journal = open();
    const paid = sale(journal, T0);
    const subject = subjectOf(journal, String(paid.id));
    if (!subject) throw new Error('no subject');
    const made = makePack(journal, subject, EXTRA);
    expect(made.paper).toBeUndefined();
    expect(made.anchor).toBe(journal.anchor());
    expect((await verifyEvidence(made.bytes, undefined)).problems).toEqual([]);
  });
});

describe('the verifier', () => {
  const { journal, refundId, anchor } = day();
  const pack = packOf(journal, `RF${refundId}`);

  /** The same pack with another text in one file; the manifest's sums are made again, as a forger would. */
  function forged(name: string, change: (text: string) => string): Uint8Array {
    const files = Object.fromEntries(
      Object.entries(unzipSync(pack)).map(([at, bytes]) => [at, new TextDecoder().decode(bytes)]),
    );
    expect(change(files[name])).not.toBe(files[name]);
    files[name] = change(files[name]);
    return rezip(files);
  }

  function rezip(files: Record<string, string>): Uint8Array {
    const { createHash } = process.getBuiltinModule('node:crypto');
    const manifest = JSON.parse(files['manifest.json']) as { files: { name: string; sha256: string }[] };
    manifest.files = manifest.files.map(({ name }) => ({
      name,
      sha256: createHash('sha256').update(files[name]).digest('hex'),
    }));
    files['manifest.json'] = JSON.stringify(manifest);
    files['manifest.sha256'] = `${createHash('sha256').update(files['manifest.json']).digest('hex')}\n`;
    return zipSync(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)])),
      { level: 0 },
    );
  }

  test.each([
    ['a record', 'records/000006.json', 'another amount', (text: string) => text.replace('5000', '5001')],
    ['a slip', 'slips/000010.txt', 'another amount', (text: string) => text.replace('50.00', '51.00')],
    ['the chain', 'chain.json', 'another time', (text: string) => text.replace('"atMs":', '"atMs":1')],
  ])('%s that was changed, with all sums made again, is named', async (_, name, __, change) => {
    const [record] = Object.keys(unzipSync(pack)).filter(at => at.startsWith('records/'));
    const at = name.startsWith('records/') ? amountRecord() : name;
    const { problems } = await verifyEvidence(forged(at, change), anchor);
    expect(problems.join('\n')).toContain(at);
    expect(record).toBeDefined();
  });

  function amountRecord(): string {
    const found = Object.entries(unzipSync(pack)).find(
      ([name, bytes]) => name.startsWith('records/') && new TextDecoder().decode(bytes).includes('5000'),
    );
    if (!found) throw new Error('no record over 5000');
    return found[0];
  }

  test('another anchor on the paper is told', async () => {
    const { problems } = await verifyEvidence(pack, '0000-0000-0000-0000');
    expect(problems).toEqual([expect.stringContaining('paper:')]);
  });

  test('a chain that was made anew from the first link ends with another anchor', async () => {
    const files = Object.fromEntries(
      Object.entries(unzipSync(pack)).map(([at, bytes]) => [at, new TextDecoder().decode(bytes)]),
    );
    const { createHash } = process.getBuiltinModule('node:crypto');
    const name = amountRecord();
    const record = JSON.parse(files[name]) as { seq: number; kind: string; body: string };
    record.body = record.body.replaceAll('5000', '9000');
    files[name] = JSON.stringify(record);
    const chain = JSON.parse(files['chain.json']) as {
      before: string;
      links: { seq: number; atMs: number; digest: string; hash: string }[];
    };
    let before = chain.before;
    for (const link of chain.links) {
      if (link.seq === record.seq)
        link.digest = createHash('sha256')
          .update(record.kind + record.body)
          .digest('hex');
      const numbers = Buffer.alloc(16);
      numbers.writeBigUInt64BE(BigInt(link.seq), 0);
      numbers.writeBigUInt64BE(BigInt(link.atMs), 8);
      link.hash = createHash('sha256')
        .update(Buffer.from(before, 'hex'))
        .update(numbers)
        .update(Buffer.from(link.digest, 'hex'))
        .digest('hex');
      before = link.hash;
    }
    files['chain.json'] = JSON.stringify(chain);
    const manifest = JSON.parse(files['manifest.json']) as { anchor: string };
    manifest.anchor = before.slice(0, 16).replace(/.{4}(?=.)/g, '$&-');
    files['manifest.json'] = JSON.stringify(manifest);
    // On its own the forgery holds together: only the paper tells.
    expect((await verifyEvidence(rezip({ ...files }), undefined)).problems).toEqual([]);
    expect((await verifyEvidence(rezip({ ...files }), anchor)).problems).toEqual([expect.stringContaining('paper:')]);
  });

  test('one changed bit anywhere is found, or changes nothing that is read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(pack.length * 8 - 1), async bit => {
        const changed = Uint8Array.from(pack);
        changed[bit >> 3] ^= 1 << (bit & 7);
        const found = await verifyEvidence(changed, anchor);
        if (found.problems.length > 0) return;
        // Only what no reader of a zip needs: times, attributes, checksums of the container.
        expect(contents(changed)).toEqual(contents(pack));
      }),
      { numRuns: 1500 },
    );
  });

  function contents(zip: Uint8Array): unknown {
    try {
      return Object.entries(unzipSync(zip)).map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')]);
    } catch {
      return 'no zip';
    }
  }
});

describe('as a program', () => {
  let folder = '';
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'evidence-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the script inside the pack checks the pack without anything of ours', () => {
    const { journal, refundId, anchor } = day();
    const pack = packOf(journal, `RF${refundId}`);
    const script = join(folder, 'verify-evidence.mjs');
    writeFileSync(script, unzipSync(pack)['verify-evidence.mjs']);
    const file = join(folder, 'pack.zip');
    writeFileSync(file, pack);
    expect(execFileSync(process.execPath, [script, file, anchor], { encoding: 'utf8' })).toContain(
      `7 records are in the chain that ends with anchor ${anchor}`,
    );
    expect(runVerifier(file, anchor)).toMatchObject({ status: 0, text: expect.stringContaining(anchor) as string });
    expect(runVerifier(file, '0000-0000-0000-0000')).toMatchObject({ status: 1 });
    const changed = Uint8Array.from(pack);
    const slip = Buffer.from(pack).indexOf('退货 REFUND\n');
    changed[slip] ^= 1;
    writeFileSync(file, changed);
    const refused = spawnSync(process.execPath, [script, file, anchor], { encoding: 'utf8' });
    expect([refused.status, refused.stdout]).toEqual([1, expect.stringMatching(/CHANGED {2}slips\/\d+\.txt/)]);
    expect(spawnSync(process.execPath, [script, join(folder, 'none.zip')]).status).toBe(2);
    writeFileSync(file, 'no zip');
    expect(spawnSync(process.execPath, [script, file]).status).toBe(1);
  });
});
