import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fault } from '../../src/fault.ts';
import { openImageFolder } from '../../src/node/image-folder.ts';
import { openImageShelf } from '../../src/node/image-shelf.ts';
import { signImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { value } from '../runtime/counter.ts';
import { image, MAKER, SHIPPED, STRANGER } from '../runtime/images.ts';

/** The folder of images beside a journal. */

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shelf-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SEVEN = image({ version: 7 });
const EIGHT = image({ version: 8 });
const open = (other?: string, check: Parameters<typeof openImageShelf>[3] = () => undefined) =>
  openImageShelf(openImageFolder(join(folder, 'shop.db')), other, [MAKER.publicKey], check);

test('no folder is an empty shelf; what is kept lies under its digest and is found again by a new start', () => {
  const shelf = open();
  expect(shelf.look()).toEqual({ images: [], refused: [] });
  expect(shelf.find(SEVEN.digest)).toBeUndefined();
  value(shelf.keep(SEVEN));
  value(shelf.keep(SEVEN));
  expect(readdirSync(join(folder, 'shop.db.images'))).toEqual([`${SEVEN.digest}.p8583`]);
  expect(open().find(SEVEN.digest)?.profile.version).toBe(7);
});

test('an image under any name, in the other folder too; the current one has a name that stays', () => {
  const drop = join(folder, 'usb');
  mkdirSync(drop);
  writeFileSync(join(drop, 'from-the-office.p8583'), EIGHT.bytes);
  writeFileSync(join(drop, 'notes.txt'), 'no image');
  const shelf = open(drop);
  expect(shelf.look().images.map(one => one.digest)).toEqual([EIGHT.digest]);
  expect(shelf.pathOf?.(EIGHT.digest)).toBe(join(drop, 'from-the-office.p8583'));
  expect(value(shelf.makeCurrent(EIGHT))).toBe(shelf.currentPath);
  expect(shelf.look().images).toHaveLength(1);
  value(shelf.makeCurrent(SEVEN));
  expect(open(drop).find(SEVEN.digest)?.digest).toBe(SEVEN.digest);
});

test('unsigned, by a stranger, damaged, too long, refused by the checker: never on the shelf, each with its reason', () => {
  const at = (name: string): string => join(folder, 'shop.db.images', name);
  mkdirSync(join(folder, 'shop.db.images'));
  const bare = buildImage(SHIPPED);
  writeFileSync(at('a.p8583'), bare);
  writeFileSync(at('b.p8583'), value(signImage(bare, STRANGER)));
  const damaged = SEVEN.bytes.slice();
  damaged[100] ^= 1;
  writeFileSync(at('c.p8583'), damaged);
  writeFileSync(at('d.p8583'), new Uint8Array(2 ** 20 + 10));
  const shelf = open();
  const look = shelf.look();
  expect(look.images).toEqual([]);
  expect(look.refused.map(one => one.fault.name)).toEqual([
    'image-unsigned',
    'image-key',
    'image-signature',
    'image-size',
  ]);
  writeFileSync(at('e.p8583'), EIGHT.bytes);
  expect(shelf.look().images).toHaveLength(1);
  const strict = open(undefined, () => fault('E_ILLEGAL', 'image-profile', 'not of this program', 'Use another'));
  expect(strict.look().refused.at(-1)?.fault.name).toBe('image-profile');
  expect(strict.find(EIGHT.digest)).toBeUndefined();
});

test('a file that is replaced is read again', () => {
  const path = join(folder, 'shop.db.images', 'new.p8583');
  mkdirSync(join(folder, 'shop.db.images'));
  writeFileSync(path, SEVEN.bytes);
  const shelf = open();
  expect(shelf.look().images[0].digest).toBe(SEVEN.digest);
  writeFileSync(join(folder, 'next'), EIGHT.bytes);
  rmSync(path);
  copyFileSync(join(folder, 'next'), path);
  expect(shelf.look().images[0].digest).toBe(EIGHT.digest);
});
