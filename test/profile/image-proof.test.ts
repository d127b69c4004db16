import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as fitsModule from '../../src/profile/image-fits.ts';
import type * as imageModule from '../../src/profile/image.ts';
import type * as terminalModule from '../../src/sim/terminal/image-check.ts';
import { type Judges, judges, rightImages, wrongImages } from './image-world.ts';

type Judge = keyof Judges;

/** What a judge takes that it must not, and leaves that it has to take. */
function mistakes(judge: Judge, by: Judges, stride?: number): { count: number; taken: string[]; left: string[] } {
  const taken: string[] = [];
  const left: string[] = [];
  let count = 0;
  for (const { what, bytes, world } of wrongImages(stride)) {
    count++;
    if (by[judge](bytes, world)) taken.push(what);
  }
  for (const { what, bytes, world } of rightImages()) {
    count++;
    if (!by[judge](bytes, world)) left.push(what);
  }
  return { count, taken, left };
}

describe('no wrong image is taken, and every right one', () => {
  test.each(['host', 'terminal'] as const)('by the %s', judge => {
    const { count, taken, left } = mistakes(judge, judges());
    expect({ taken, left }).toEqual({ taken: [], left: [] });
    // Bits of header, manifest and signature, ten thousand of the payload, cuts: the proof was really made.
    expect(count).toBeGreaterThan(30_000);
  });
});

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const PROFILE_FILES = ['image.ts', 'image-fits.ts', 'image-manifest.ts', 'image-payload.ts', 'canonical.ts'];
let folder = '';
let planting = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'planted-image-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Copies files of a room with one mistake in one of them; what they import elsewhere stays the real thing. */
async function planted<T>(room: string, files: readonly string[], file: string, from: string, to: string): Promise<T> {
  const prefix = `${++planting}-`;
  for (const each of files) {
    let text = readFileSync(join(SRC, room, each), 'utf8');
    if (each === file) {
      expect(text.split(from).length, `"${from}" stands once in ${file}`).toBe(2);
      text = text.replace(from, () => to);
    }
    text = text.replaceAll(/from '([^']+)'/g, (_, specifier: string) => {
      // A package is found from here, not from the folder of the copies.
      if (!specifier.startsWith('.')) return `from '${import.meta.resolve(specifier)}'`;
      const target = specifier.replace(/^\.\//, '');
      const path = files.includes(target) ? join(folder, prefix + target) : join(SRC, room, specifier);
      return `from '${path}'`;
    });
    writeFileSync(join(folder, prefix + each), text);
  }
  return (await import(pathToFileURL(join(folder, prefix + files[0])).href)) as T;
}

const HOST: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
  [
    'the signature ignored',
    'image.ts',
    '!keys.some(key => verifySignature(key, part, signature))',
    'keys.length === 0',
  ],
  [
    'any key trusted',
    'image.ts',
    "if (keyId === '')\n    return",
    "if (keyId === '') return contentOf(frame.value);\n  if (keyId === 'no')\n    return",
  ],
  [
    'the digest of the payload ignored',
    'image.ts',
    '!sameBytes(sha256(payload), bytes.subarray(DIGEST_AT, KEY_ID_AT))',
    'payload.length < 0',
  ],
  [
    'bytes behind the end taken',
    'image.ts',
    'end + SIGNATURE_LENGTH !== bytes.length',
    'end + SIGNATURE_LENGTH > bytes.length',
  ],
  ['the zero bytes not looked at', 'image.ts', ' || !isZero(bytes.subarray(ZERO_AT, HEADER_LENGTH))', ''],
  ['the format not looked at', 'image.ts', 'if (format !== FORMAT)', 'if (format < 0)'],
  [
    'the manifest not held to the profile',
    'image.ts',
    'canonicalText(manifest as unknown as Json) !== canonicalText(written.value)',
    'written.value === 0',
  ],
  ['the version ignored', 'image-fits.ts', '?? versionFault(manifest, terminal)', ''],
  ['the same version taken', 'image-fits.ts', 'version > installed.version', 'version >= installed.version'],
  ['the end of a permission ignored', 'image-fits.ts', 'downgrade.from < installed.version', 'downgrade.from < 1'],
  [
    'the serial number of a permission ignored',
    'image-fits.ts',
    '!downgrade.serialNumbers.includes(serialNumber)',
    'serialNumber === downgrade.serialNumbers[0]',
  ],
  ['the model ignored', 'image-fits.ts', 'range.name === model', 'range.name !== model'],
  ['the firmware ignored', 'image-fits.ts', 'if (!isFirmware(firmware)) return false;', 'return true;'],
  [
    'the firmware compared as text',
    'image-fits.ts',
    'compareFirmware(firmware, firmwareMin) < 0',
    'firmware < firmwareMin',
  ],
];

const TERMINAL: readonly (readonly [what: string, from: string, to: string])[] = [
  [
    'the signature ignored',
    'return verify(null, message, publicKey, image.subarray(end));',
    'return verify(null, message, publicKey, image.subarray(end)) || true;',
  ],
  [
    'the digest of the payload ignored',
    'found.equals(image.subarray(20, 52)) ? manifestEnd : 0',
    'found.length > 0 ? manifestEnd : 0',
  ],
  ['bytes behind the end taken', 'payloadEnd + TAIL !== image.length', 'payloadEnd + TAIL > image.length'],
  ['the zero bytes not looked at', ' || image.readUInt32BE(60) !== 0', ''],
  ['the version ignored', 'return isNewer(manifest, terminal) ? IMAGE_OK : IMAGE_VERSION;', 'return IMAGE_OK;'],
  ['the same version taken', 'if (gets > had) return true;', 'if (gets >= had) return true;'],
  ['versions compared as text', 'if (gets > had) return true;', 'if (String(gets) > String(had)) return true;'],
  ['the end of a permission ignored', ' || downgrade.from < had', ''],
  [
    'the serial number of a permission ignored',
    'if (serialNumbers === undefined) return true;',
    'if (serialNumbers !== null) return true;',
  ],
  ['the model ignored', ' || one.name !== model', ''],
  [
    'the firmware ignored',
    'if (low === undefined && high === undefined) return true;',
    'if (one.name === model) return true;',
  ],
  ['the manifest read without a signature', 'if (!isSigned(image, trusted)) return IMAGE_SIGNATURE;', ''],
];

describe('a planted mistake is found', () => {
  test.each(HOST)('host: %s', async (_, file, from, to) => {
    const image = await planted<typeof imageModule & typeof fitsModule>('profile', PROFILE_FILES, file, from, to);
    const { taken, left } = mistakes('host', judges({ image, fits: image }), 997);
    expect(taken.length + left.length).toBeGreaterThan(0);
  });

  test.each(TERMINAL)('terminal: %s', async (_, from, to) => {
    const file = 'image-check.ts';
    const terminal = await planted<typeof terminalModule>('sim/terminal', [file], file, from, to);
    const { taken, left } = mistakes('terminal', judges({ terminal }), 997);
    expect(taken.length + left.length).toBeGreaterThan(0);
  });
});
