import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const FOLDER = new URL('../../examples/', import.meta.url);
/** What each example must say, among other things. */
const SAYS: Readonly<Record<string, readonly string[]>> = {
  'decode-unionpay.ts': [
    '424242******4242',
    'amount in fen: 1234, batch: 000001',
    '"mti":"0210"',
    '"39":"00"',
    'its length tells',
    '偏移',
  ],
  'tcp-request.ts': ['financial response', 'approved'],
  'ebcdic.ts': ['f0f8f0f0', '30383030', '0800', '35=************************', '70=301'],
  'own-dialect.ts': ['000000000250', '250 3 G 王小明0042'],
};

describe('examples', () => {
  test('all of them are known here', () => {
    expect(
      readdirSync(FOLDER)
        .filter(name => !name.endsWith('.md'))
        .sort(),
    ).toEqual(Object.keys(SAYS).sort());
  });

  test.each(Object.entries(SAYS))('%s runs and says what it should', (name, says) => {
    const run = spawnSync(process.execPath, [fileURLToPath(new URL(name, FOLDER))], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    for (const text of says) expect(run.stdout).toContain(text);
    expect(run.stdout).not.toContain('4242424242424242');
  });
});
