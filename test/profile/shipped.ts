import { readFileSync, readdirSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../../src/fault.ts';

const FOLDER = new URL('../../firmware-profiles/', import.meta.url);

/** Reads a source of the shipped profiles. */
export function readShipped(name: string): Result<string> {
  const file = new URL(`${name}.json`, FOLDER);
  const folder = name.includes('/') ? name.slice(0, name.indexOf('/') + 1) : '.';
  const known = readdirSync(new URL(folder, FOLDER)).includes(`${name.slice(name.indexOf('/') + 1)}.json`);
  return known ? ok(readFileSync(file, 'utf8')) : failed(fault('E_NOEXIST', 'no-file', name, ''));
}

/** Ids of the complete profiles. */
export const shippedIds: readonly string[] = readdirSync(FOLDER)
  .filter(name => name.endsWith('.json'))
  .map(name => name.slice(0, -5));
