import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerImage } from '../../src/cli/profile/image.ts';
import { readImageFile } from '../../src/cli/profile/image-file.ts';
import { makeKeyPair, readPublicKey, readSigningKey } from '../../src/node/key-files.ts';
import { readImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { flipped, signed, small, value, whole } from '../profile/image-world.ts';

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'profile-image-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A command of `pos8583 profile` in this process. */
async function profile(...args: readonly string[]): Promise<Outcome> {
  const outcome = { status: 0, out: '', err: '' };
  const group = new Command('profile');
  registerImage(group, {
    print: text => void (outcome.out += `${text}\n`),
    printError: text => void (outcome.err += `${text}\n`),
    setExit: status => void (outcome.status = status),
  });
  await group.parseAsync(args, { from: 'user' });
  return outcome;
}

/** The same as a person types it. */
function typed(cwd: string, env: Readonly<Record<string, string>>, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'profile', ...args], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return { status: status ?? -1, out: stdout, err: stderr };
}

describe('the same source', () => {
  test('gives the same bytes in another process, time zone, language, folder and order of members', () => {
    const source = { ...whole(), id: 'till', version: 7 };
    const backwards = (of: unknown): unknown => {
      if (Array.isArray(of)) return of.map(backwards);
      if (typeof of !== 'object' || of === null) return of;
      return Object.fromEntries(
        Object.entries(of)
          .reverse()
          .map(([member, inner]) => [member, backwards(inner)]),
      );
    };
    mkdirSync(at('one/deep'), { recursive: true });
    mkdirSync(at('two'));
    writeFileSync(at('one/till.json'), JSON.stringify(source));
    writeFileSync(at('two/till.json'), `\r\n${JSON.stringify(backwards(source), undefined, 3)}\r\n`);
    const first = typed(
      at('two'),
      { TZ: 'Asia/Shanghai', LANG: 'zh_CN.UTF-8', LC_ALL: 'zh_CN.UTF-8' },
      'build',
      'till.json',
    );
    const second = typed(
      at('one/deep'),
      { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C', HOME: '/nonexistent' },
      ...['build', '../till.json', '-o', 'other.p8583'],
    );
    expect([first.err, first.status, second.err, second.status]).toEqual(['', 0, '', 0]);
    const bytes = readFileSync(at('two/till-7.p8583'));
    expect(readFileSync(at('one/deep/other.p8583')).equals(bytes)).toBe(true);
    // Neither the process nor the command adds anything to what the library makes.
    expect(Buffer.compare(buildImage(source), bytes)).toBe(0);
    expect(readImage(bytes)).toMatchObject({ ok: true, value: { manifest: { id: 'till', version: 7 } } });
    expect(first.out).toContain('till-7.p8583: whole, not signed');
  });
});

describe('a key', () => {
  test('is made once, its private half for its owner alone', async () => {
    const made = await profile('keygen', at('shop'));
    expect(made).toMatchObject({ status: 0, err: '' });
    expect(statSync(at('shop.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(at('shop.key'), 'latin1')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(made.out).not.toContain(readFileSync(at('shop.key'), 'latin1').split('\n')[1]);
    const pem = readFileSync(at('shop.pub'), 'utf8');
    const signature = value(readSigningKey(at('shop.key'))).sign(Buffer.from('x'));
    expect(verify(null, Buffer.from('x'), createPublicKey(pem), signature)).toBe(true);
    expect(value(readPublicKey(at('shop.pub')))).toEqual(value(readSigningKey(at('shop.key'))).publicKey);

    const before = readFileSync(at('shop.key'));
    expect(await profile('keygen', at('shop'))).toMatchObject({ status: 3, out: '' });
    expect(readFileSync(at('shop.key')).equals(before)).toBe(true);
    expect(readFileSync(at('shop.pub'), 'utf8')).toBe(pem);
    // One half alone, or a link that leads nowhere, is something that is there, too.
    writeFileSync(at('half.pub'), 'mine');
    symlinkSync('nowhere', at('link.key'));
    for (const name of ['half', 'link'])
      expect(makeKeyPair(at(name))).toMatchObject({ ok: false, fault: { name: 'key-exists' } });
    expect(makeKeyPair(at('no/where'))).toMatchObject({ ok: false, fault: { name: 'file-missing' } });
    expect(readFileSync(at('half.pub'), 'utf8')).toBe('mine');
    expect(readdirSync(folder).filter(name => /tmp|half\.key|link\.pub/.test(name))).toEqual([]);
  });

  test('that others may read, of another kind, or in the wrong place is not used', () => {
    value(makeKeyPair(at('open')));
    chmodSync(at('open.key'), 0o640);
    expect(readSigningKey(at('open.key'))).toMatchObject({ fault: { name: 'key-file-open' } });
    value(makeKeyPair(at('swap')));
    expect(readSigningKey(at('swap.pub'))).toMatchObject({ fault: { name: 'key-file-wrong' } });
    expect(readPublicKey(at('swap.key'))).toMatchObject({ fault: { name: 'key-file-wrong' } });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const wrong = {
      ec: ec.privateKey.export({ format: 'pem', type: 'pkcs8' }),
      text: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      empty: '',
      long: 'x'.repeat(5000),
    };
    for (const [name, content] of Object.entries(wrong)) {
      writeFileSync(at(`${name}.key`), content, { mode: 0o600 });
      expect(readSigningKey(at(`${name}.key`)), name).toMatchObject({ fault: { name: 'key-file-wrong' } });
    }
    writeFileSync(at('ec.pub'), ec.publicKey.export({ format: 'pem', type: 'spki' }));
    writeFileSync(at('bytes.pub'), Uint8Array.of(0xff, 0xfe));
    for (const name of ['ec', 'bytes'])
      expect(readPublicKey(at(`${name}.pub`))).toMatchObject({ fault: { name: 'key-file-wrong' } });
    expect(readPublicKey(at('none.pub'))).toMatchObject({ fault: { name: 'file-missing' } });
    expect(readPublicKey(folder)).toMatchObject({ fault: { name: 'file-is-directory' } });
    // Not by accident: the files are right where they belong.
    expect(createPrivateKey(readFileSync(at('swap.key'))).asymmetricKeyType).toBe('ed25519');
    expect(readSigningKey(at('swap.key')).ok && readPublicKey(at('swap.pub')).ok).toBe(true);
  });
});

describe('build, sign, verify', () => {
  beforeAll(async () => {
    await profile('keygen', at('signer'));
    await profile('keygen', at('stranger'));
  });

  test('from source to a signed image that says what is in it', async () => {
    const image = at('a.p8583');
    const built = await profile('build', 'unionpay-pos', '-o', image, '--json');
    expect(JSON.parse(built.out)).toMatchObject({ ok: true, id: 'unionpay-pos', version: 1, keyId: '', models: [] });
    const unsigned = readFileSync(image);
    expect(await profile('verify', image, '--trust', at('signer.pub'))).toMatchObject({ status: 1, out: '' });

    const sign = await profile('sign', image, '--key', at('signer.key'), '-o', at('b.p8583'));
    expect(sign).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(image).equals(unsigned)).toBe(true);
    expect((await profile('sign', image, '--key', at('signer.key'))).status).toBe(0);
    expect(readFileSync(image).equals(readFileSync(at('b.p8583')))).toBe(true);

    const verified = await profile(
      'verify',
      image,
      '--trust',
      at('stranger.pub'),
      '--trust',
      at('signer.pub'),
      '--json',
    );
    expect(verified.status).toBe(0);
    const told = JSON.parse(verified.out) as Record<string, unknown>;
    const { digest, keyId, manifest, bytes } = value(readImage(readFileSync(image)));
    expect(told).toEqual({ ok: true, file: image, ...manifest, digest, keyId, size: bytes.length });
    const text = await profile('verify', image, '--trust', at('signer.pub'));
    for (const word of [
      'whole and signed',
      'unionpay-pos version 1',
      'panel-4x16',
      digest,
      keyId,
      String(bytes.length),
    ])
      expect(text.out).toContain(word);
    expect(value(await readImageFile(image, [at('signer.pub')])).digest).toBe(digest);
  });

  test('what is wrong has its exit status and its name', async () => {
    const trust = ['--trust', at('signer.pub')] as const;
    const key = value(readSigningKey(at('signer.key')));
    writeFileSync(at('right.p8583'), signed(whole(), undefined, key));
    writeFileSync(at('small.p8583'), signed(small(1), undefined, key));
    writeFileSync(at('flip.p8583'), flipped(signed(whole(), undefined, key), 8 * 5000));
    writeFileSync(at('plain.p8583'), buildImage(small(1)));
    writeFileSync(
      at('finding.json'),
      JSON.stringify({ extends: ['unionpay-pos'], id: 'finding', merchant: { merchantNo: '1' } }),
    );
    writeFileSync(at('broken.json'), '{"extends": [');
    const cases: readonly (readonly [status: number, name: string, args: readonly string[]])[] = [
      [1, 'image-key', ['verify', at('right.p8583'), '--trust', at('stranger.pub')]],
      [1, 'image-digest', ['verify', at('flip.p8583'), ...trust]],
      [1, 'profile-member-missing', ['verify', at('small.p8583'), ...trust]],
      [1, 'profile-member-missing', ['sign', at('plain.p8583'), '--key', at('signer.key')]],
      [1, 'image-size', ['sign', at('broken.json'), '--key', at('signer.key')]],
      [1, 'profile-member', ['build', at('finding.json')]],
      [1, 'profile-json', ['build', at('broken.json')]],
      [2, 'image-flags', ['build', 'unionpay-pos', '--permit-downgrade-from', '0']],
      [2, 'image-flags', ['build', 'unionpay-pos', '--serial', 'SN-1']],
      [2, 'image-flags', ['build', 'unionpay-pos', '--permit-downgrade-from', '3', '--serial', 'SN 1']],
      [3, 'profile-unknown', ['build', 'no-such-profile']],
      [3, 'file-missing', ['build', at('none.json')]],
      [3, 'file-missing', ['build', 'unionpay-pos', '-o', at('no/where.p8583')]],
      [3, 'file-missing', ['verify', at('none.p8583'), ...trust]],
      [3, 'key-file-wrong', ['verify', at('right.p8583'), '--trust', at('signer.key')]],
      [3, 'key-file-wrong', ['sign', at('right.p8583'), '--key', at('signer.pub')]],
    ];
    for (const [status, name, args] of cases) {
      const text = await profile(...args);
      expect([text.status, text.out, args], text.err).toEqual([status, '', args]);
      expect(text.err).toContain(` ${name}: `);
      const json = await profile(...args, '--json');
      expect(json.status).toBe(status);
      expect(JSON.parse(json.out), args.join(' ')).toMatchObject({ ok: false, fault: { name } });
    }
  });

  test('a permission to go back is built in and signed with the rest', async () => {
    const image = at('back.p8583');
    const flags = ['--permit-downgrade-from', '12', '--serial', 'SN-2', '--serial', 'SN-1', '--serial', 'SN-2'];
    expect((await profile('build', 'unionpay-pos', '-o', image, ...flags)).out).toContain(
      'may go back  over installed versions up to 12, only at SN-1, SN-2',
    );
    await profile('sign', image, '--key', at('signer.key'));
    const read = value(await readImageFile(image, [at('signer.pub')]));
    expect(read.manifest.downgrade).toEqual({ from: 12, serialNumbers: ['SN-1', 'SN-2'] });
  });
});
