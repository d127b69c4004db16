import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNewFile, type NewFile } from '../../src/node/new-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-new-file-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function opened(path: string): NewFile {
  const file = openNewFile(path);
  if (!file.ok) throw new Error(file.fault.cause);
  return file.value;
}

test('bytes and texts in the order in which they came, for the owner only', () => {
  const path = join(folder, 'a');
  const file = opened(path);
  file.text('退货 ');
  file.write(Uint8Array.of(0x41, 0x42, 0x43), 2);
  file.text('x'.repeat(70_000));
  file.text('end');
  expect(file.close()).toEqual({ ok: true, value: undefined });
  expect(readFileSync(path, 'utf8')).toBe(`退货 AB${'x'.repeat(70_000)}end`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('nothing is written over', () => {
  const path = join(folder, 'b');
  opened(path).close();
  const again = openNewFile(path);
  expect(!again.ok && again.fault.name).toBe('file-exists');
});

test('what is discarded is gone', () => {
  const path = join(folder, 'c');
  const file = opened(path);
  file.text('half');
  file.discard();
  expect(existsSync(path)).toBe(false);
});

test('a folder that is not there', () => {
  const file = openNewFile(join(folder, 'nowhere', 'd'));
  expect(!file.ok && file.fault.cause).toMatch(/cannot write .*nowhere\/d: ENOENT/);
});
