import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBusiness } from '../../src/cli/flash/books.ts';
import { register } from '../../src/cli/flash/flash.ts';
import { barText, ProgressView } from '../../src/cli/flash/progress.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { openJournalKey } from '../../src/node/files.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { makeKeyPair, readSigningKey } from '../../src/node/key-files.ts';
import { signImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { begin, sale, seededEntropy, T0 } from '../journal/helpers.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const profile = (() => {
  const named = namedProfile('unionpay-pos');
  const loaded = loadProfile(named.id, name => named.read(name), named.knownIds);
  if (!loaded.ok) throw new Error(loaded.fault.cause);
  return loaded.value;
})();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-flash-'));
  makeKeyPair(at('shop'));
  makeKeyPair(at('stranger'));
  const key = readSigningKey(at('shop.key'));
  const image = buildImage(profile);
  const signed = key.ok ? signImage(image, key.value) : key;
  if (!signed.ok) throw new Error(signed.fault.cause);
  writeFileSync(at('plain.p8583'), image);
  writeFileSync(at('good.p8583'), signed.value);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The command without a process: an exit is an end. */
async function run(...args: string[]): Promise<{ out: string; errors: string; status: number }> {
  const result = { out: '', errors: '', status: 0 };
  const program = new Command().exitOverride();
  let exited: (status: number) => void = () => {};
  const end = new Promise<number>(resolve => {
    exited = resolve;
  });
  register(program, {
    console: {
      print: (text: string) => void (result.out += `${text}\n`),
      printError: (text: string) => void (result.errors += `${text}\n`),
      setExitStatus: (status: number) => exited(status),
      exit: (status: number) => exited(status),
      onStop: () => () => {},
      onFailure: () => {},
      variable: () => undefined,
      isTerminal: () => false,
    } as unknown as Parameters<typeof register>[1]['console'],
    version: '0',
    loadProfile: () => {
      throw new Error('nobody named a profile');
    },
  });
  await program.parseAsync(['node', 'pos8583', 'flash', ...args]);
  result.status = await end;
  return result;
}

const common = (): string[] => ['--port', at('tty'), '--trust', at('shop.pub'), '--journal', at('journal.db')];

describe('what is known before the line is touched', () => {
  test.each([
    [['--rollback'], 'takes no image'],
    [['--verify-only', '--dry-run'], 'give --verify-only or --dry-run'],
    [['--baud', '12'], 'no line speed'],
    [['--ymodem', '--verify-only'], '--ymodem only sends'],
  ])('flags that contradict: %j', async (more, told) => {
    const { status, errors } = await run(at('good.p8583'), ...common(), ...more);
    expect([status, errors]).toEqual([2, expect.stringContaining(told)]);
  });

  test('an image, a key and a journal must be named', async () => {
    expect((await run(...common())).errors).toContain('give the image file');
    expect((await run(at('good.p8583'), '--port', 'x', '--journal', at('j.db'))).errors).toContain('--trust');
    expect((await run(at('good.p8583'), '--port', 'x', '--trust', at('shop.pub'))).errors).toContain('--journal');
  });

  test.each([
    ['not signed', () => at('plain.p8583'), 'shop', 'image-unsigned'],
    ['signed by somebody else', () => at('good.p8583'), 'stranger', 'image-key'],
    ['not there', () => at('none.p8583'), 'shop', 'file-missing'],
  ] as const)('an image that is %s', async (_, path, key, name) => {
    const { status, out } = await run(
      path(),
      '--port',
      at('tty'),
      '--trust',
      at(`${key}.pub`),
      ...['--journal', at('j.db'), '--json'],
    );
    expect(status).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'refused', fault: { name } });
  });

  test('one bit of the image changed', async () => {
    const bytes = readFileSync(at('good.p8583'));
    bytes[bytes.length - 100] ^= 1;
    writeFileSync(at('bad.p8583'), bytes);
    expect((await run(at('bad.p8583'), ...common())).status).toBe(3);
  });

  test('no such line: the journal was made, and is closed again', async () => {
    const { status, errors } = await run(at('good.p8583'), ...common());
    expect([status, errors]).toEqual([4, expect.stringContaining('no-such-tty')]);
    expect((await run(at('good.p8583'), ...common())).status).toBe(4);
  });
});

describe('the books', () => {
  const books = () => {
    const key = openJournalKey(at('journal.db'));
    if (!key.ok) throw new Error(key.fault.cause);
    const journal = openJournal({ path: at('journal.db'), sealKey: key.value, entropy: seededEntropy() });
    if (!journal.ok) throw new Error(journal.fault.cause);
    return journal.value;
  };

  test('a journal that a counter has open: the way out is told', async () => {
    const journal = books();
    const { status, errors } = await run(at('good.p8583'), ...common());
    journal.close();
    expect([status, errors]).toEqual([5, expect.stringContaining('flash at its keypad')]);
  });

  test('an open batch', async () => {
    const journal = books();
    sale(journal, T0);
    journal.close();
    const { status, errors } = await run(at('good.p8583'), ...common());
    expect([status, errors]).toEqual([1, expect.stringContaining('batch-open')]);
  });

  test('a transaction that was cut off has no outcome yet', () => {
    const journal = books();
    expect(openBusiness(journal)).toBeUndefined();
    begin(journal, T0);
    expect(openBusiness(journal)?.name).toBe('transaction-open');
    journal.close();
  });
});

describe('the bar', () => {
  const progress = {
    step: 'load',
    sentBytes: 29_491,
    totalBytes: 65_536,
    bytesPerSecond: 11_018,
    secondsLeft: 3.3,
  } as const;

  test('tells how much, how fast, how long, and keeps to the width', () => {
    expect(barText(progress, 80, 'en')).toBe(
      '[#############-----------------]  44 %  28.8/64.0 KiB  10.8 KiB/s  left 4 s',
    );
    for (const columns of [40, 60, 80, 200]) expect(barText(progress, columns, 'zh').length).toBeLessThan(columns);
  });

  test('is redrawn on a terminal, and is a line for each tenth elsewhere', () => {
    const show = (live: boolean): string => {
      let text = '';
      const view = new ProgressView(
        {
          isTerminal: () => live,
          columns: () => 80,
          print: (line: string) => void (text += `${line}\n`),
          write: (part: string) => void (text += part),
        } as unknown as ConstructorParameters<typeof ProgressView>[0],
        'en',
      );
      for (let sent = 0; sent <= 65_536; sent += 1024) view.show({ ...progress, sentBytes: sent });
      view.end();
      return text;
    };
    expect(show(false).trim().split('\n')).toHaveLength(12);
    expect(show(true).split('\r\x1b[2K')).toHaveLength(66);
  });
});
