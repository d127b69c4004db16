import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRunTrace } from '../../src/cli/run-trace.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openLog } from '../../src/node/log.ts';
import { openOutbox } from '../../src/node/outbox.ts';
import { openSlipDesk } from '../../src/node/slip-desk.ts';
import { value } from '../runtime/counter.ts';
import { CODE, Person, WRAPPED } from './day.ts';
import { ENCODINGS } from './encodings.ts';
import { newFolder, Outputs } from './outputs.ts';
import { type Ids, Reader } from './reading.ts';
import { LeakIndex, type Secret, wrongWith } from './search.ts';

vi.setConfig({ hookTimeout: 240_000 });

/**
 * Very many invented cards, their PIN blocks and the working keys of every sign-on go through a whole counter. Nothing of them may
 * stand in anything that the program writes, in whatever form.
 */
const CARDS = 1_000;
/** Customers of the counter whose files all commands look into: enough for everything to have come once. */
const FEW_CARDS = 30;
const JOURNAL_FILE = 'file of the journal';
/** What shows records of the journal as they are. */
const RECORDS = /^(?:journal (?:list|show)|pack\.zip of .*records)/;

/** A counter with its files. */
interface Shop {
  readonly person: Person;
  readonly folder: string;
  readonly journal: string;
  readonly trace: string;
  readonly log: string;
  readonly ids: Ids;
}

const outputs = new Outputs();
const shops: Shop[] = [];
let secrets: readonly Secret[];
let index: LeakIndex;
/** For the file of the journal: without the wrapped keys and the payers' codes, which it may keep. */
let journalIndex: LeakIndex;
/** For what shows records of the journal as they are: without the payers' codes. */
let recordIndex: LeakIndex;

const indexFor = (name: string): LeakIndex =>
  name.startsWith(JOURNAL_FILE) ? journalIndex : RECORDS.test(name) ? recordIndex : index;

beforeAll(async () => {
  const many = open(CARDS, 2026);
  const few = open(FEW_CARDS, 8583);
  shops.push(many, few);
  secrets = shops.flatMap(({ person }) => person.secrets);
  const without = (...kinds: readonly string[]): LeakIndex =>
    new LeakIndex(secrets.filter(({ name }) => !kinds.some(kind => name.includes(kind))));
  index = without();
  journalIndex = without(WRAPPED, CODE);
  recordIndex = without(CODE);
  outputs.cards = CARDS;
  await new Reader(outputs, many.folder).journalAsList(many.journal);
  outputs.cards = FEW_CARDS;
  const reader = new Reader(outputs, few.folder);
  await reader.journal(few.journal, few.ids);
  await reader.evidence(few.journal, few.ids, ['--trace', few.trace]);
  await reader.decode(few.person.counter.network.messages);
  await reader.errors(few.journal, few.person.cards[0].pan);
  await reader.trace(few.trace, few.journal, few.log);
  await reader.capture(few.trace);
  const clear = reader.clearCapture('clear.hex', few.person.counter.network.messages);
  await reader.capture(clear);
  await reader.redact(clear);
  await reader.unknownDialect(clear);
});
afterAll(() => {
  for (const { folder } of shops) rmSync(folder, { recursive: true });
});

/** Runs a counter for so many customers and keeps what it wrote. */
function open(cards: number, seed: number): Shop {
  const folder = newFolder();
  const at = (name: string): string => join(folder, name);
  const [journal, trace, notices, log] = ['journal.db', 'counter.p85t', 'notices.jsonl', 'run.log'].map(at);
  // Always the same keys: among the digits of new stand-ins and signatures some of a thousand cards would stand by chance.
  for (const ending of ['key', 'slip-key', 'slip-cards'])
    writeFileSync(`${journal}.${ending}`, new Uint8Array(32).fill(seed), { mode: 0o600 });
  outputs.cards = cards;
  const failed = (): never => {
    throw new Error('the trace cannot be written');
  };
  const recorded = value(openRunTrace({ trace, traceMax: '64', traceKeep: '1', journal }, failed));
  const person = new Person(cards, seed, {
    journal,
    slips: value(openSlipDesk(journal)),
    outbox: value(openOutbox({ file: notices })),
    recording: () => recorded.recording,
  });
  const answers = person.serve();
  const { counter: c } = person;
  const of = `of ${cards} customers`;
  outputs.text(`answers on the control socket ${of}`, answers);
  outputs.text(`what the runtime tells the log ${of}`, c.log);
  outputs.file(`log ${of}`, logFile(log, c.log));
  outputs.text(`slips ${of}`, c.slips);
  outputs.text(`screens ${of}`, c.screens);
  outputs.file(`notices ${of}`, notices);
  outputs.file(`${JOURNAL_FILE} ${of}, write-ahead log`, `${journal}-wal`);
  recorded.close();
  outputs.file(`trace ${of}`, trace);
  const ids = idsOf(c.journal, c.world.nowMs());
  c.journal.close();
  outputs.file(`${JOURNAL_FILE} ${of}`, journal);
  return { person, folder, journal, trace, log, ids };
}

/** One of each, and a case about the refund. */
function idsOf(journal: Journal, nowMs: number): Ids {
  const all = journal.list({ limit: 100_000 });
  const idOf = (kind: string, state: string): number =>
    all.find(txn => txn.kind === kind && txn.state === state)?.id ?? 0;
  const refund = idOf('refund', 'approved');
  const sale = idOf('sale', 'approved');
  const incident = journal.openCase(nowMs, {
    about: refund,
    type: 'card',
    class: 'operator',
    owner: 'supervisor',
    dueMs: nowMs + 86_400_000,
    operator: '01',
  });
  return {
    sale,
    voided: idOf('void', 'approved'),
    refund,
    reversed: idOf('sale', 'reversed'),
    incident: incident.id,
    slip: journal.slipsOf(sale)[0].id,
  };
}

/** The log as `run` writes it, of what the runtime told it. */
function logFile(path: string, lines: readonly string[]): string {
  const log = value(openLog({ file: path }));
  for (const line of lines) {
    const match = /^(info|warn|error) (\{.*?\}) (.*)$/s.exec(line);
    if (match) log[match[1] as 'info'](JSON.parse(match[2]) as Record<string, string>, match[3]);
  }
  log.flush();
  return path;
}

describe('nothing of a card or key', () => {
  test('the canaries were there: the lines had most cards, their PIN blocks, and the keys', () => {
    const [{ person }] = shops;
    const line = index.search(Buffer.concat(person.counter.network.messages.map(({ bytes }) => bytes)));
    const names = [...new Set(line.leaks.map(({ secret }) => secret))];
    const of = (kind: string): number => names.filter(name => name.startsWith(kind)).length;
    expect(of('number of')).toBeGreaterThan(0.3 * CARDS);
    expect(of('PIN block of')).toBeGreaterThan(0.3 * CARDS);
    expect(of(WRAPPED)).toBeGreaterThan(5);
  });

  test('is in any output', () => {
    const wrong: Record<string, string[]> = {};
    for (const [name, bytes] of outputs.all) {
      const found = wrongWith(indexFor(name).search(bytes), outputs.cardsOf.get(name) ?? 1);
      if (found.length > 0) wrong[name] = [`${found.length} finds`, ...found.slice(0, 4)];
    }
    expect(wrong).toEqual({});
  });
});

describe('a planted leak is found', () => {
  test('in each output, in forms that go round', () => {
    const kinds = ['number of', 'discretionary', 'PIN of', 'PIN block of', 'working key', 'clear PIN block'];
    const planted = kinds.map(kind => secrets.filter(({ name }) => name.startsWith(kind)));
    const missed: string[] = [];
    let n = 0;
    for (const [name, bytes] of outputs.all)
      for (let turn = 0; turn < PLANTS; turn++, n++) {
        const [form, encode] = FORMS[n % FORMS.length];
        const some = planted[n % planted.length];
        const secret = some[n % some.length];
        const piece = encode('bytes' in secret ? secret.bytes : secret.digits);
        const found = indexFor(name).search(withPlant(bytes, piece));
        if (!found.leaks.some(leak => leak.secret === secret.name)) missed.push(`${secret.name}, ${form}, in ${name}`);
      }
    expect(n).toBeGreaterThan(kinds.length * FORMS.length);
    expect(missed).toEqual([]);
  });
});

/** Plants in each output. */
const PLANTS = 4;
const FORMS = Object.entries(ENCODINGS);
/** Bytes of the output on both sides of a plant. */
const AROUND = 4096;
/** A plant begins a line, as a hex dump does. */
const MARK = Buffer.from('>\n');

/** The middle of an output with something put into it. */
function withPlant(output: Uint8Array, piece: Uint8Array): Uint8Array {
  const middle = output.length >> 1;
  const before = output.subarray(Math.max(0, middle - AROUND), middle);
  return Buffer.concat([before, MARK, piece, MARK, output.subarray(middle, middle + AROUND)]);
}
