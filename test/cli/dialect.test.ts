import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findOut, openShelf } from '../../src/cli/doctor/dialect.ts';
import { draftOf } from '../../src/cli/doctor/dialect-draft.ts';
import { findingJson, findingText } from '../../src/cli/doctor/dialect-report.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { bodyOffset } from '../../src/iso8583/frame.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { checkProfile, type Profile } from '../../src/profile/profile.ts';
import { readMerged } from '../../src/profile/source.ts';
import { differences, findDialect } from '../../src/trace/dialect/search.ts';
import { toHex } from '../../src/wire/hex.ts';
import { bytesOf, captured } from '../iso8583/samples.ts';
import { bases, framesOf, shipped, VARIANTS } from './dialect-variants.ts';

const folder = mkdtempSync(join(tmpdir(), 'dialect-'));
afterAll(() => rmSync(folder, { recursive: true }));
const known = shipped('iso8583-1987-ascii');

interface Run {
  readonly exit: number | undefined;
  readonly out: string;
  readonly error: string;
}

async function run(
  text: string | Uint8Array,
  flags: { output?: string; json?: boolean; lang?: 'zh' | 'en' } = {},
): Promise<Run> {
  const result = { exit: undefined as number | undefined, out: '', error: '' };
  await findOut(
    {
      hex: 'messages.txt',
      lang: flags.lang ?? 'en',
      json: flags.json === true,
      ...(flags.output ? { output: flags.output } : {}),
    },
    {
      readBytes: path =>
        path === 'messages.txt'
          ? ok(typeof text === 'string' ? new TextEncoder().encode(text) : text)
          : failed(fault('E_NOEXIST', 'no-file', `${path} is not there`, 'Check the path')),
      readStdin: () => Promise.resolve(ok(new Uint8Array())),
      writeText: (path, content) => {
        writeFileSync(path, content);
        return ok(undefined);
      },
      print: line => (result.out += `${line}\n`),
      printError: line => (result.error += `${line}\n`),
      setExit: status => (result.exit = status),
    },
  );
  return result;
}

const hexLines = (messages: readonly Uint8Array[]): string => messages.map(message => toHex(message)).join('\n');

/** Bytes of a seed: the same in every run. */
function noise(seed: number): (length: number) => Uint8Array {
  let state = seed;
  return length =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      return state >>> 24;
    });
}

describe('what unknown messages speak', () => {
  test.each(VARIANTS.map(variant => [variant.what, variant] as const))('%s', (_, variant) => {
    const messages = framesOf(variant);
    const finding = findDialect(bases, messages, known);
    const [best] = finding.readings;
    expect(best.fits).toBe(true);
    expect(best.read).toBe(1);
    const { length, tpdu, header, little, extra } = variant.framing;
    expect(best.head).toMatchObject({
      length: little ? 'little' : extra ? 'binary' : length,
      tpdu,
      headerBytes: extra ? extra.length / 2 : header ? 6 : 0,
      mti: variant.dialect?.mti ?? shipped(variant.base).mti,
    });
    expect(differences(best).map(([what, , after]) => `${what} ${after}`)).toEqual(
      expect.arrayContaining([...variant.finds]),
    );
    const changed = best.changes.map(change => change.field);
    for (const field of variant.changed) expect(changed).toContain(field);
    // Nothing of a card in what is told.
    const told = [
      findingText(finding, messages, 'en'),
      findingText(finding, messages, 'zh'),
      JSON.stringify(findingJson(finding, messages)),
    ].join('\n');
    const secrets = ['6210010000000002', '4111111111111111', 'D2912', '2201000001234', '0123456789ABCDEF'];
    expect(secrets.filter(secret => told.includes(secret))).toEqual([]);
    // A draft that lint accepts and that reads the messages.
    const output = join(folder, 'draft.json');
    writeFileSync(output, JSON.stringify(draftOf('draft', best, messages, openShelf())));
    const shop = namedProfile(output);
    const { findings } = checkProfile(shop.id, name => shop.read(name), shop.knownIds);
    // The runtime hands PIN block and MAC over as bytes: of a line that wants them in hex, lint says so.
    const causes = findings.map(({ fault: { cause } }) => cause);
    expect(causes.filter(cause => !cause.includes('go out as the bytes that the terminal makes'))).toEqual([]);
    expect(causes.length > 0).toBe(best.source.defaults?.bytes === 'hex');
    const merged = readMerged(shop.id, name => shop.read(name));
    const draft = (merged.ok ? merged.value.value : {}) as unknown as Pick<Profile, 'dialect' | 'acquirer'>;
    const plan = compileFieldPlan(draft.dialect, draft.acquirer.dialectOptions);
    const view = plan.ok ? new MessageView(plan.value) : undefined;
    expect(messages.map(message => view?.decode(message, best.head.body, message.length))).toEqual([0, 0, 0]);
    const { framing } = draft.dialect;
    const body = bodyOffset({ ...framing, length: length === false && !extra ? false : framing.length });
    if (!extra) expect(body).toBe(best.head.body);
  });

  test('captured messages of three shops, with and without their framing', () => {
    for (const layout of ['length', 'bare', 'tpdu']) {
      const group = captured
        .filter(({ framing }) => (framing.length ? 'length' : framing.tpdu ? 'tpdu' : 'bare') === layout)
        .slice(0, 8)
        .map(({ bytes }) => bytes);
      const [best] = findDialect(bases, group, known).readings;
      expect([best.base.name, best.fits, best.whole, best.changes.length, differences(best)]).toEqual([
        'unionpay-pos',
        true,
        group.length,
        0,
        [],
      ]);
    }
  });

  test('one message alone', () => {
    const [best] = findDialect(bases, [captured[1].bytes], known).readings;
    expect([best.base.name, best.fits, best.changes]).toEqual(['unionpay-pos', true, []]);
  });

  test('random bytes, also behind a head that is right, fit nothing', async () => {
    const random = noise(20);
    for (let i = 0; i < 6; i++) {
      const messages = [random(90 + 20 * i), random(150)];
      // Length, TPDU, header, a message type and a bitmap of a sale, then noise.
      if (i % 2 === 1)
        for (const message of messages)
          message.set(bytesOf('6000060000603100310000020070240680 20C08A11'.replace(' ', '')), 2);
      for (const message of messages) message.set([0, message.length - 2]);
      expect(findDialect(bases, messages, known).readings.filter(reading => reading.fits)).toEqual([]);
    }
    const { exit, out } = await run(hexLines([random(120)]), { output: join(folder, 'none.json') });
    expect(exit).toBe(1);
    expect(out).toContain('none fits');
  });

  test('a damaged message is not explained away: alone nothing fits, among others it is named with its place', async () => {
    const bytes = captured[0].bytes.slice();
    bytes[30] = 0xfe;
    const alone = await run(toHex(bytes));
    expect(alone.exit).toBe(1);
    expect(alone.out).toMatch(/none fits[^]*unionpay-pos stops first at message 1, offset 3\d/);
    const others = captured
      .filter(({ framing }) => framing.length)
      .slice(1, 5)
      .map(sample => sample.bytes);
    const among = await run(hexLines([...others, bytes]));
    expect(among.exit).toBe(0);
    expect(among.out).toContain('fits: unionpay-pos as it is');
    expect(among.out).toMatch(/message 5 is not read to its end: offset 3\d, field 2/);
  });
});

describe('the command', () => {
  const named = (what: string): readonly Uint8Array[] =>
    framesOf(VARIANTS.find(variant => variant.what === what) ?? VARIANTS[0]);

  test('the first mismatch, with the rows of the message and a mark', async () => {
    const { out } = await run(hexLines(named('53 as 8 digits')));
    expect(out).toContain('fits: unionpay-pos with 1 difference');
    expect(out).toContain('field 53: n 8, bcd (shipped: n 16, bcd)');
    expect(out).toContain('621001******0002');
    expect(out).toMatch(/unionpay-pos stops first at message 1, offset \d+, field \d+/);
    expect(out).toMatch(/\n {2}00[0-9A-F]0: [0-9A-F* ]+\n +\^+\n/);
  });

  test('a framing that no profile can say is told; the draft is written all the same', async () => {
    const output = join(folder, 'little.json');
    const { out, exit } = await run(hexLines(named('length with the low byte first')), { output });
    expect(exit).toBe(0);
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ id: 'little', extends: ['unionpay-pos'] });
    expect(out).toContain('low byte first');
    expect(out).toContain('no profile can say this framing');
  });

  test('messages over several lines, in a log, and frames one behind the other', async () => {
    const messages = named('UnionPay as shipped');
    const dump = messages
      .map(message => {
        const rows: string[] = [];
        for (let at = 0; at < message.length; at += 16)
          rows.push(
            `${at.toString(16).padStart(4, '0')}  ${toHex(message, at, Math.min(at + 16, message.length)).replace(/../g, '$& ')}`,
          );
        return rows.join('\n');
      })
      .join('\n\n');
    const stream = Uint8Array.from(messages.flatMap(message => [...message]));
    const log = messages.map((message, i) => `14:05:1${i} SEND ${toHex(message)}`).join('\nwait\n');
    for (const text of [dump, log, toHex(stream), stream]) {
      const { exit, out } = await run(text, { json: true });
      expect(exit).toBe(0);
      const told = JSON.parse(out) as { messages: number; fits: boolean; readings: object[] };
      expect([told.messages, told.fits]).toEqual([3, true]);
      expect(told.readings[0]).toMatchObject({ dialect: 'unionpay-pos', fields: [] });
    }
  });

  test('an account number in a public field of an unknown acquirer is hidden', async () => {
    const variant = VARIANTS[0];
    const { out } = await run(hexLines(framesOf({ ...variant, values: { 42: '371449635398431' } })));
    expect(out).toContain('371449*****8431');
    expect(out).not.toContain('371449635398431');
  });

  test('nothing that could be a message', async () => {
    const { exit, error } = await run('hello\n');
    expect(exit).toBe(2);
    expect(error).toContain('no-message');
  });
});
