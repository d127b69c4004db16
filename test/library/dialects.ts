import { readFileSync, readdirSync } from 'node:fs';
import type { DialectSource } from '../../src/iso8583/index.ts';

const FOLDER = new URL('../../firmware-profiles/base/', import.meta.url);

/** Names of the shipped dialects of ISO 8583 itself. */
export const isoNames: readonly string[] = readdirSync(FOLDER)
  .filter(name => /^iso8583-.*\.json$/.test(name))
  .map(name => name.slice(0, -5));

/** A shipped dialect: `unionpay-pos`, `iso8583-1987-ascii`, … */
export function shippedDialect(name: string): DialectSource {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as { dialect: DialectSource };
  return file.dialect;
}
