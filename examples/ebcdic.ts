// The same fields in EBCDIC, in ASCII and packed: the program is the same, only the dialect differs.
import { readFileSync } from 'node:fs';
import { Codec } from '../src/iso8583/index.ts';

const fields = { 3: '000000', 7: '1206041200', 11: 101, 35: '4242424242424242D2512101', 41: 'TERM0001', 70: '301' };

for (const form of ['ebcdic', 'ascii', 'ascii-binary-bitmap', 'binary']) {
  const file = new URL(`../firmware-profiles/base/iso8583-1987-${form}.json`, import.meta.url);
  const codec = Codec.of(JSON.parse(readFileSync(file, 'utf8')));
  const bytes = codec.encode({ mti: '0800', fields });
  const message = codec.decode(bytes).orThrow();
  console.log(`${form}: ${bytes.length} bytes, ${Buffer.from(bytes.subarray(0, 12)).toString('hex')}…`);
  console.log(`  ${message}`);
}
