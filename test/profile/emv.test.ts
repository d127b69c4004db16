import { describe, expect, test } from 'vitest';
import { profileJsonSchema } from '../../src/profile/profile.ts';
import { fits, type Shape } from '../../src/profile/fit.ts';
import { publicKeySha1, type EmvTables } from '../../src/profile/emv.ts';
import { profileWith, shippedTables, tableProfile } from '../flash/pad-rig.ts';

type Change = (emv: Record<string, any>) => void;

/** What the checker says about the shipped tables after a change. */
function told(change: Change, more: object = {}, version = 1): string {
  const tables = shippedTables();
  change(tables.emv);
  const profile = profileWith({ ...tables, ...more }, version);
  return profile.ok ? 'ok' : `${profile.fault.name}: ${profile.fault.cause}`;
}

describe('the shipped EMV tables', () => {
  const emv = tableProfile().emv as EmvTables;

  test('are right, and every key has the SHA-1 that its card organisation publishes', () => {
    expect(emv.applications.map(({ rid, pix }) => rid + pix)).toEqual([
      'A000000333010101',
      'A000000333010102',
      'A000000333010103',
      'A0000000031010',
      'A0000000032010',
      'A0000000041010',
      'A0000000043060',
    ]);
    expect(emv.publicKeys.map(({ rid, index, sha1 }) => `${rid} ${index} ${sha1}`)).toEqual([
      'A000000333 80 A5E44BB0E1FA4F96A11709186670D0835057D35E',
      'A000000003 92 429C954A3859CEF91295F663C963E582ED6EB253',
      'A000000003 94 C4A3C43CCF87327D136B804160E47D43B60E6E0F',
      'A000000003 95 EE1511CEC71020A9B90443B37B1D5F6E703030F6',
      'A000000004 EF 21766EBB0EE122AFB65D7845B73DB46BAB65427A',
      'A000000004 F1 D8E68DA167AB5A85D8C3D55ECB9B0517A1A5B4BB',
    ]);
    for (const key of emv.publicKeys) expect(publicKeySha1(key)).toBe(key.sha1);
  });

  test('fit the shape that a start looks at', () => {
    expect(fits(profileJsonSchema() as Shape, JSON.parse(JSON.stringify(tableProfile())))).toBe(true);
  });

  test('no shipped complete profile carries test keys', () => {
    const plain = profileWith({});
    expect(plain.ok && plain.value.emv).toBeUndefined();
  });
});

describe('what the checker finds, with its place', () => {
  test.for<[string, Change, string]>([
    ['a wrong digit in a key', emv => (emv.publicKeys[1].modulus = emv.publicKeys[1].modulus.replace('996A', '996B')), 'emv-key-sum: pad: /emv/publicKeys/1/sha1'],
    ['another exponent', emv => (emv.publicKeys[0].exponent = '03'), 'emv-key-sum: pad: /emv/publicKeys/0/sha1'],
    ['a key of no application', emv => emv.applications.splice(0, 3), 'emv-key-provider: pad: /emv/publicKeys/0/rid A000000333'],
    ['a key twice', emv => emv.publicKeys.push(emv.publicKeys[2]), 'emv-key-twice: pad: /emv/publicKeys/6/index'],
    ['an AID twice', emv => (emv.applications[1].pix = '010101'), 'emv-aid-twice: pad: /emv/applications/1/pix'],
    ['a long AID', emv => (emv.applications[0].pix = '0101010101010101010101FF'), 'profile-member: pad: /emv/applications/0/pix'],
    ['an odd AID', emv => (emv.applications[0].pix = '01010'), 'profile-member: pad: /emv/applications/0/pix'],
    ['a long object list', emv => (emv.applications[0].transactionObjects = Array(8).fill('9F0206')), 'emv-object-list: pad: /emv/applications/0/transactionObjects has 24'],
    ['a tag without length', emv => (emv.applications[0].dynamicObjects = ['9F37']), 'emv-object-list: pad: /emv/applications/0/dynamicObjects/0 9F37'],
    ['contactless terminal alone', emv => {
      const { contactless } = emv.applications[0];
      delete contactless.actionCodes;
      contactless.terminal = { capabilities: 'E0E1C8', additionalCapabilities: '6F00F0B001', phoneVerifies: true, phoneLimitMinor: 0, issuerScripts: false };
    }, 'emv-contactless: pad: /emv/applications/0/contactless/actionCodes'],
    ['an even modulus', emv => {
      const key = emv.publicKeys[0];
      key.modulus = `${key.modulus.slice(0, -2)}84`;
      key.sha1 = publicKeySha1(key);
    }, 'emv-key-modulus: pad: /emv/publicKeys/0/modulus'],
    ['revoked of nobody', emv => (emv.revoked = [{ rid: 'A000000999', index: '01', serial: '000001' }]), 'emv-revoked: pad: /emv/revoked/0/rid'],
    ['revoked twice', emv => (emv.revoked = Array(2).fill({ rid: 'A000000003', index: '01', serial: '000001' })), 'emv-revoked: pad: /emv/revoked/1'],
    ['a name of five', emv => (emv.name = 'SHORT'), 'profile-member: pad: /emv/name'],
    ['nothing', () => undefined, 'ok'],
  ])('%s', ([, change, expected]) => {
    expect(told(change)).toContain(expected);
  }); // prettier-ignore

  test('a version that the pad cannot keep, an idle picture that is none, a path out of the folder', () => {
    expect(told(() => undefined, {}, 10_000)).toContain('emv-version: pad: /version');
    const media = { idle: 'NONE', pictures: { LOGO: { file: 'logo.png' } } };
    expect(told(() => undefined, { media })).toContain('media-unknown: pad: /media/idle');
    for (const file of ['/etc/passwd', '../secret.png', 'a/../../b.png', ''])
      expect(told(() => undefined, { media: { pictures: { LOGO: { file } } } })).toContain('/media/pictures/LOGO/file');
    expect(told(() => undefined, { media: { pictures: { toolong8: { file: 'a' } } } })).toContain('/media/pictures');
    const data = Buffer.from('no picture').toString('base64');
    expect(told(() => undefined, { media: { pictures: { LOGO: { file: 'a', data } } } })).toContain(
      'media-format: pad: /media/pictures/LOGO/data',
    );
  });
});
