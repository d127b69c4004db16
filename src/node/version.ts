import { readFileSync } from 'node:fs';
import { inPackage } from './places.ts';

/** Version of this software, from its package. */
export function softwareVersion(): string {
  const text = readFileSync(inPackage('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
