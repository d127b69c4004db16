import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { register } from '../../src/cli/profile/profile.ts';

const folder = mkdtempSync(join(tmpdir(), 'pos8583-profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

async function profile(...args: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  let status = 0;
  const program = new Command('pos8583').exitOverride();
  register(program, {
    print: text => void out.push(text),
    printError: text => void err.push(text),
    setExit: code => void (status = code),
  });
  await program.parseAsync(['node', 'pos8583', 'profile', ...args]);
  return { out: out.join('\n'), err: err.join('\n'), status };
}

test('list names profiles and parts', async () => {
  const { out, status } = await profile('list');
  expect(status).toBe(0);
  for (const name of [
    'iso8583-1987-ascii-pos',
    'unionpay-pos-keypad',
    'acquirers/demo-iso8583-binary',
    'terminals/keypad-17',
  ])
    expect(out).toContain(name);
  const { profiles } = JSON.parse((await profile('list', '--json')).out) as { profiles: { findings: number }[] };
  expect(profiles.every(({ findings }) => findings === 0)).toBe(true);
});

test('show: the whole, a section, a section that is not there, a profile that is not there', async () => {
  expect((await profile('show', 'unionpay-pos-keypad')).out).toContain('F4 as 00');
  expect(JSON.parse((await profile('show', 'unionpay-pos', '--section', '/policy/refundMaxMinor')).out)).toBe(
    10_000_000,
  );
  expect(await profile('show', 'unionpay-pos', '--section', 'keys')).toMatchObject({ status: 1 });
  const missing = await profile('show', 'nix');
  expect(missing.status).toBe(3);
  expect(missing.err).toContain('unionpay-pos-desk');
});

test('new, lint and diff of a shop', async () => {
  const made = await profile(
    'new',
    'corner',
    '--from',
    'iso8583-1987-ascii-pos',
    '--terminal',
    'terminals/keypad-17',
    '--terminal-no',
    '10000077',
    '--name-en',
    'CORNER',
    '-o',
    folder,
  );
  expect(made).toMatchObject({ status: 0, err: '' });
  expect(JSON.parse(readFileSync(at('corner.json'), 'utf8'))).toMatchObject({
    id: 'corner',
    extends: ['iso8583-1987-ascii-pos', 'terminals/keypad-17'],
    merchant: { terminalNo: '10000077', name: { en: 'CORNER' } },
  });
  expect(await profile('lint', at('corner.json'))).toMatchObject({
    status: 0,
    out: `${at('corner.json')}: nothing found`,
  });
  const { out, status } = await profile('diff', 'iso8583-1987-ascii-pos', at('corner.json'));
  expect(status).toBe(1);
  expect(out).toMatch(/^\$ 终端号 TERMINAL NO +10000001 → 10000077 +\/merchant\/terminalNo \(money\)$/m);
  expect(await profile('diff', 'corner', 'unionpay-pos')).toMatchObject({ status: 3 });
  expect(await profile('diff', at('corner.json'), at('corner.json'))).toMatchObject({
    status: 0,
    out: 'no difference',
  });
}, 60_000);

test('new writes over nothing and takes no name that is taken', async () => {
  const file = at('mine.json');
  writeFileSync(file, '{}');
  expect((await profile('new', 'mine', '--from', 'unionpay-pos', '-o', folder)).err).toContain('is there already');
  expect(readFileSync(file, 'utf8')).toBe('{}');
  for (const [id, ...flags] of [
    ['unionpay-pos'],
    ['Mine'],
    ['other', '--acquirer', 'acquirers/nix'],
    ['other', '--from', 'nix'],
  ])
    expect(await profile('new', id, '--from', 'unionpay-pos', '-o', folder, ...flags), id).toMatchObject({ status: 2 });
  expect(await profile('new', 'short', '--from', 'unionpay-pos', '--merchant-no', '1', '-o', folder)).toMatchObject({
    status: 1,
  });
});

test('lint says pointer, source, cause and remedy; status 1 for a finding, 3 for what cannot be read', async () => {
  writeFileSync(
    at('bad.json'),
    JSON.stringify({ id: 'bad', extends: ['unionpay-pos'], acquirer: { reversal: { finalCodes: ['ZZ'] } } }),
  );
  const { out, status } = await profile('lint', at('bad.json'), '--json');
  expect(status).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    findings: 1,
    profiles: [{ findings: [{ pointer: '/acquirer/reversal/finalCodes/0', source: 'bad', name: 'code-unknown' }] }],
  });
  writeFileSync(at('half.json'), '{ "id": "half", ');
  const half = await profile('lint', at('half.json'));
  expect(half.status).toBe(3);
  expect(half.out).toContain('line 1, column');
  const none = await profile('lint', at('none.json'));
  expect(none).toMatchObject({ status: 3, out: expect.stringContaining('Check the name of the file') });
  const card = await profile('lint', '6225000000000014');
  expect(card.out).toContain('622500******0014');
  expect(card.out).not.toContain('6225000000000014');
});

test('schema: of sources and of a complete profile', async () => {
  expect(JSON.parse((await profile('schema')).out)).not.toHaveProperty('required');
  expect(await profile('schema', '--complete', '-o', at('schema.json'))).toMatchObject({ status: 0, out: '' });
  expect(JSON.parse(readFileSync(at('schema.json'), 'utf8'))).toMatchObject({ additionalProperties: false });
});
