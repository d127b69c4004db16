import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Journal, JournalFailure, openJournal } from '../../src/journal/journal.ts';
import {
  approve,
  begin,
  cardOf,
  faultName,
  intentOf,
  KEY,
  MID,
  open,
  PANS,
  sale,
  seededEntropy,
  T0,
} from './helpers.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-journal-'));
  path = join(folder, 'journal.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tryOpen = (change: object = {}) => openJournal({ path, sealKey: KEY, entropy: seededEntropy(), ...change });

/** What a power cut leaves: the file and its log as they are now. */
function snapshot(to: string): string {
  const copy = join(folder, to);
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  return copy;
}

/** Edits the closed file behind the journal's back. */
function meddle(sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(`DROP TRIGGER record_stays; DROP TRIGGER record_kept; ${sql}`);
  db.close();
}

function fill(journal: Journal, sales: number): void {
  for (let i = 0; i < sales; i++) sale(journal, T0 + i, 100 + i);
}

describe('opening', () => {
  test('goes on where the last process stopped', () => {
    const first = open({ path });
    fill(first, 3);
    const anchor = first.anchor();
    first.close();
    const second = open({ path });
    expect(second.anchor()).toBe(anchor);
    expect(anchor).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
    expect(second.nextTrace()).toBe(4);
    expect(sale(second, T0).trace).toBe(4);
    expect(second.verify()).toMatchObject({ ok: true, records: 8 });
    second.close();
  });

  test('two journals with the same history have different chains', () => {
    const a = open({ path });
    const b = open({ entropy: seededEntropy(2) });
    a.takeTrace(T0);
    b.takeTrace(T0);
    expect(a.anchor()).not.toBe(b.anchor());
    a.close();
  });

  test('a second writer is refused, a reader is not', () => {
    const writer = open({ path });
    const second = tryOpen();
    expect(second).toMatchObject({ ok: false, fault: { code: 'E_BUSY', name: 'journal-in-use' } });
    const reader = open({ path, readOnly: true });
    fill(writer, 1);
    expect(reader.list()).toHaveLength(1);
    expect(reader.anchor()).toBe(writer.anchor());
    expect(reader.verify()).toEqual(writer.verify());
    expect(() => reader.takeTrace(T0)).toThrow('looking only');
    reader.close();
    writer.close();
    expect(tryOpen().ok).toBe(true);
  });

  test('the lock of a killed process is free', async () => {
    const source = resolve('src/journal/journal.ts');
    const script = `
      const { openJournal } = await import(${JSON.stringify(source)});
      const opened = openJournal({ path: ${JSON.stringify(path)}, sealKey: new Uint8Array(32).fill(7), entropy: { fill() {} } });
      opened.value.takeTrace(1);
      process.stdout.write('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await new Promise((done, failed) => {
      child.stdout.once('data', done);
      child.once('exit', () => failed(new Error('the child ended early')));
    });
    expect(faultName(tryOpen())).toBe('journal-in-use');
    const gone = new Promise(done => child.once('close', done));
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    await gone;
    const after = open({ path });
    expect(after.nextTrace()).toBe(2);
    after.close();
  });

  test('names what is wrong', () => {
    expect(faultName(tryOpen({ readOnly: true }))).toBe('journal-missing');
    expect(faultName(tryOpen({ path: join(folder, 'no', 'journal.db') }))).toBe('journal-folder');
    writeFileSync(path, 'this is a letter and no database at all '.repeat(100));
    expect(faultName(tryOpen())).toBe('not-a-journal');
    expect(faultName(tryOpen({ readOnly: true }))).toBe('not-a-journal');
    rmSync(path);
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE cake(x)');
    other.close();
    expect(faultName(tryOpen())).toBe('not-a-journal');
    expect(faultName(tryOpen({ readOnly: true }))).toBe('not-a-journal');
  });

  test('another key and a newer format are refused', () => {
    open({ path }).close();
    expect(faultName(tryOpen({ sealKey: new Uint8Array(32).fill(8) }))).toBe('journal-key');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 3');
    expect(faultName(tryOpen())).toBe('journal-newer');
    db.exec('PRAGMA user_version = 1');
    db.close();
    expect(faultName(tryOpen())).toBe('journal-older');
  });

  test('tables of an older version are made again', () => {
    const first = open({ path });
    fill(first, 2);
    first.close();
    const db = new DatabaseSync(path);
    db.exec("UPDATE identity SET value = '0' WHERE name = 'fold'; UPDATE txn SET amount_minor = 1");
    db.close();
    expect(faultName(tryOpen({ readOnly: true }))).toBe('journal-older');
    const second = open({ path });
    expect(second.list().map(txn => txn.amountMinor)).toEqual([101, 100]);
    expect(second.verify().ok).toBe(true);
    second.close();
  });
});

describe('speed', () => {
  test('what is asked before each transaction never walks through the whole history', () => {
    open({ path }).close();
    const db = new DatabaseSync(path);
    const hot = [
      "SELECT 1 FROM txn WHERE state = 'open'",
      "SELECT * FROM reversal WHERE state = 'owed' AND id = (SELECT min(id) FROM reversal WHERE state = 'owed') ORDER BY id",
      "SELECT * FROM reversal WHERE state = 'held' ORDER BY id",
      "SELECT * FROM txn WHERE original_id = 7 AND act = 'refund'",
      'SELECT * FROM txn WHERE txn.trace = 7 AND txn.period = 1',
      "SELECT * FROM txn WHERE reference = '7' AND host_date = '1121' ORDER BY id DESC",
    ];
    const walk = (sql: string) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .some(row => /SCAN (txn|reversal)/.test(String(row.detail)));
    expect(hot.filter(walk)).toEqual([]);
    expect(walk('SELECT * FROM txn WHERE amount_minor = 7')).toBe(true);
    db.close();
  });
});

describe('trace numbers over a long batch', () => {
  test('999999 is followed by 1, and a batch that has used too many must be settled', () => {
    const first = open({ path });
    first.takeTrace(T0);
    first.close();
    const db = new DatabaseSync(path);
    db.exec(
      "UPDATE setting SET value = '999998' WHERE name = 'trace'; UPDATE setting SET value = '899998' WHERE name = 'traces'",
    );
    db.close();
    const journal = open({ path });
    expect(journal.takeTrace(T0)).toBe(999_999);
    expect(sale(journal, T0).trace).toBe(1);
    expect(faultName(journal.appendIntent(T0, intentOf(journal)))).toBe('batch-traces-used-up');
    expect(journal.takeTrace(T0)).toBe(2);
    journal.close();
  });
});

describe('damage', () => {
  const cases: readonly [string, string, number, string][] = [
    [
      'a changed amount',
      `UPDATE record SET body = replace(body, '"amountMinor":103', '"amountMinor":903') WHERE seq = 7`,
      7,
      'changed',
    ],
    ['a changed time', 'UPDATE record SET at_ms = at_ms + 1 WHERE seq = 5', 5, 'changed'],
    ['a changed kind', "UPDATE record SET kind = 'note' WHERE seq = 2", 2, 'changed'],
    ['a removed record', 'DELETE FROM record WHERE seq = 4', 4, 'missing'],
    ['a changed table', "UPDATE txn SET state = 'declined' WHERE id = 3", 3, 'table txn'],
    ['a removed row', 'DELETE FROM reversal WHERE id = 9', 9, 'table reversal'],
  ];
  test.each(cases)('%s is found by verify', (_, sql, seq, why) => {
    const journal = open({ path });
    fill(journal, 5);
    journal.close();
    meddle(sql);
    const found = open({ path, readOnly: true }).verify();
    expect(found).toMatchObject({ ok: false, seq });
    expect(!found.ok && found.why).toContain(why);
  });

  test('in the newest records stops the start, with a way out', () => {
    const journal = open({ path });
    fill(journal, 5);
    journal.close();
    meddle("UPDATE record SET body = replace(body, 'A12345', 'A12346') WHERE seq = 10");
    const refused = tryOpen();
    expect(refused).toMatchObject({ ok: false, fault: { code: 'E_FAILURE', name: 'journal-damaged' } });
    expect(!refused.ok && refused.fault.cause).toContain('record 10');
    expect(!refused.ok && refused.fault.remedy).toContain('journal verify');
    expect(tryOpen({ readOnly: true }).ok).toBe(true);
  });

  test('records cannot be changed or removed by plain SQL', () => {
    const journal = open({ path });
    fill(journal, 1);
    journal.close();
    const db = new DatabaseSync(path);
    expect(() => db.exec('UPDATE record SET at_ms = 0')).toThrow('never change');
    expect(() => db.exec('DELETE FROM record')).toThrow('never deleted');
    db.close();
  });

  test('a failed write throws JournalFailure and nothing is written after it', () => {
    const journal = open({ path });
    const { id } = begin(journal, T0);
    const intruder = new DatabaseSync(path);
    intruder.exec("INSERT INTO record VALUES (2, 0, 'note', '{}', x'00')");
    const failing = () => approve(journal, T0, id);
    expect(failing).toThrow(JournalFailure);
    expect(failing).toThrow('journal-write-failed');
    intruder.exec('DROP TRIGGER record_kept; DELETE FROM record WHERE seq = 2');
    expect(failing).toThrow(JournalFailure);
    expect(journal.txn(id)?.state).toBe('open');
    intruder.close();
    journal.close();
    const next = open({ path });
    expect(next.recover(T0).owed).toHaveLength(1);
    next.close();
  });

  test('a bug inside a step leaves nothing of it behind', () => {
    const journal = open({ path });
    const { id } = begin(journal, T0);
    const bad = { result: 'approved' as const, code: 'too long', reference: '1' };
    expect(() => journal.appendOutcome(T0, id, bad)).toThrow('outcome.code');
    expect(journal.headSeq).toBe(1);
    approve(journal, T0, id);
    expect(journal.verify()).toMatchObject({ ok: true, records: 2 });
    journal.close();
  });

  test('a page full of rubbish is told as damage', () => {
    const journal = open({ path });
    fill(journal, 200);
    journal.close();
    const bytes = readFileSync(path);
    // The schema and the roots of the tables come first; the rest is rows.
    const pages = bytes.length / 4096;
    expect(pages).toBeGreaterThan(64);
    for (let page = 64; page < pages; page += 2) bytes.fill(0xa5, page * 4096, page * 4096 + 4096);
    writeFileSync(path, bytes);
    const reader = openJournal({ path, readOnly: true });
    if (!reader.ok) throw new Error('the schema page is whole');
    expect(reader.value.verify().ok).toBe(false);
    reader.value.close();
  });
});

describe('a power cut', () => {
  /** A day with each kind of step; `cut` is called after each. */
  function day(journal: Journal, cut: () => void): void {
    const steps: (() => void)[] = [];
    const step = (work: () => void): void => void steps.push(work);
    let original = 0;
    let current = 0;
    step(() => void journal.takeTrace(T0));
    step(() => void (original = begin(journal, T0).id));
    step(() => void approve(journal, T0, original));
    step(
      () => void (current = begin(journal, T0, { kind: 'refund', amountMinor: 400, original: { txnId: original } }).id),
    );
    step(() => void approve(journal, T0, current));
    step(() => void (current = begin(journal, T0).id));
    step(() => void journal.appendOutcome(T0, current, { result: 'unknown', reason: '98', why: 'silence' }));
    step(() => void journal.appendReversalTry(T0, current));
    step(() => void journal.appendReversalResult(T0, current, { code: '00' }));
    step(() => void (original = begin(journal, T0).id));
    step(() => void approve(journal, T0, original));
    step(() => void (current = begin(journal, T0, { kind: 'void', original: { txnId: original } }).id));
    step(() => void approve(journal, T0, current));
    step(
      () => void journal.storeSlip(T0, { txnId: current, kind: 'void', copy: 'merchant', columns: 32, lines: ['x'] }),
    );
    for (const work of steps) {
      work();
      cut();
    }
  }

  test('between any two steps leaves exactly the steps before it', () => {
    const journal = open({ path });
    const cuts: { copy: string; records: number; anchor: string; used: number }[] = [];
    day(journal, () =>
      cuts.push({
        copy: snapshot(`cut${cuts.length}.db`),
        records: journal.headSeq,
        anchor: journal.anchor(),
        used: journal.nextTrace() - 1,
      }),
    );
    journal.close();
    expect(cuts).toHaveLength(14);
    for (const { copy, records, anchor, used } of cuts) {
      const after = open({ path: copy });
      expect(after.verify()).toEqual({ ok: true, records, anchor });
      const interrupted = after.list({ state: 'open' });
      const found = after.recover(T0);
      expect(found.owed.length + found.unknownRefunds.length).toBe(interrupted.length);
      expect(after.list({ state: 'open' })).toEqual([]);
      for (const txn of after.list({ state: 'unknown' }))
        if (txn.kind === 'refund') expect(after.unknownRefunds().map(t => t.id)).toContain(txn.id);
        else expect(after.owedReversal()?.id).toBe(txn.id);
      expect(after.nextTrace()).toBe(used + 1);
      expect(after.verify().ok).toBe(true);
      after.close();
    }
  });

  test('in the middle of a write leaves whole steps only', () => {
    const journal = open({ path });
    const anchors = new Map<number, string>([[0, journal.anchor()]]);
    day(journal, () => anchors.set(journal.headSeq, journal.anchor()));
    const wal = statSync(`${path}-wal`).size;
    expect(wal).toBeGreaterThan(100_000);
    const seen = new Set<number>();
    // The first frames make the tables; a journal that was never finished is simply made again.
    for (let n = 0, size = wal; size > 0; n++, size -= 4_999) {
      const copy = snapshot(`torn${n}.db`);
      truncateSync(`${copy}-wal`, size);
      const after = open({ path: copy });
      const records = after.headSeq;
      seen.add(records);
      if (records > 0) expect(after.anchor()).toBe(anchors.get(records) ?? 'a step that nobody made');
      expect(after.verify().ok).toBe(true);
      after.recover(T0);
      expect(after.list({ state: 'open' })).toEqual([]);
      after.close();
      rmSync(copy);
    }
    expect(seen.size).toBeGreaterThan(8);
    journal.close();
  });
});

describe('card data', () => {
  test('twelve card numbers go in and none is found in any file', () => {
    const journal = open({ path });
    const images: Buffer[] = [];
    for (const pan of PANS) {
      const card = { ...cardOf(journal, pan), entry: 'chip' as const, sequence: '001' };
      const { id } = begin(journal, T0, {
        card,
        emv: { '95': '0000008000', '9F10': '07010103A0A802010A01000000000000000000' },
      });
      journal.appendOutcome(T0, id, {
        result: 'approved',
        code: '00',
        reference: '112233445566',
        hostDate: '1121',
        centreText: `card ${pan} accepted`,
        issuer: pan,
        emv: { '4F': 'A000000333010101', '9F26': '8E19ED4BCA5C670A' },
      });
      journal.storeSlip(T0, {
        txnId: id,
        kind: 'sale',
        copy: 'merchant',
        columns: 32,
        lines: [`CARD NO: ${pan}`, `MID ${MID}`],
      });
      journal.appendEvent(T0, 'note', { txnId: id, note: `customer of ${pan.replace(/(.{4})(?=.)/g, '$1 ')} called` });
    }
    const refused = begin(journal, T0, { card: cardOf(journal, PANS[3]) });
    journal.appendOutcome(T0, refused.id, { result: 'unknown', reason: '98', why: `no answer for ${PANS[3]}` });
    for (const end of ['', '-wal', '-shm']) images.push(readFileSync(path + end));
    journal.close();
    images.push(readFileSync(path));
    expect(images.reduce((sum, image) => sum + image.length, 0)).toBeGreaterThan(300_000);
    for (const image of images)
      for (const pan of PANS) {
        expect(image.includes(pan)).toBe(false);
        expect(image.includes(Buffer.from(pan.length % 2 ? `${pan}f` : pan, 'hex'))).toBe(false);
        expect(image.includes(Buffer.from(pan, 'utf16le'))).toBe(false);
        expect(image.includes(pan.slice(0, -4))).toBe(false);
      }
    // Nothing else looks like a card number either, except the merchant number that everybody knows.
    const runs = new Set(images.flatMap(image => image.toString('latin1').match(/[0-9]{13,19}/g) ?? []));
    runs.delete(MID);
    expect([...runs]).toEqual([]);
  });

  test('the planted number of this scan would be found', () => {
    const db = new DatabaseSync(path);
    db.exec(`CREATE TABLE t(x); INSERT INTO t VALUES ('${PANS[0]}')`);
    db.close();
    expect(readFileSync(path).includes(PANS[0])).toBe(true);
  });

  test('a card opens again after a restart, and only with the key', () => {
    const journal = open({ path });
    const { id } = begin(journal, T0, { card: cardOf(journal, PANS[5]) });
    journal.close();
    const again = open({ path });
    const pan = again.openCard(id);
    expect(pan.ok && Buffer.from(pan.value).toString()).toBe(PANS[5]);
    expect(faultName(again.openCard(99))).toBe('no-card');
    again.close();
    expect(() => open({ path, readOnly: true, sealKey: undefined }).openCard(id)).toThrow('without its key');
  });

  test('an intent sealed with another key is refused', () => {
    const journal = open({ path });
    const other = open({ sealKey: new Uint8Array(32).fill(9) });
    expect(() => journal.appendIntent(T0, intentOf(journal, { card: cardOf(other) }))).toThrow('key of the journal');
    expect(journal.headSeq).toBe(0);
    journal.close();
  });
});
