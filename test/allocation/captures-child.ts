import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import type { Messages } from '../../src/trace/kinds.ts';
import { openMessages } from '../../src/trace/open.ts';
import { PcapngWriter } from '../../src/trace/pcapng-out.ts';
import { frames, framing } from '../trace/captures.ts';
import { planWith } from '../iso8583/samples.ts';

/**
 * Reads the messages of a pcapng file with many connections at once and says what that allocated. `captures-child.ts <count>
 * [object]`; `object` makes it allocate one small object for each, to see that this would be found.
 */
const [count, planted] = process.argv.slice(2);
const total = Number(count);
const CONNECTIONS = 50;
const TIME_US = 1_800_000_000_000_000;
/** Messages before the measurement: by then the engine has compiled what it wants to. */
const WARM = 150_000;

const parts: Uint8Array[] = [];
const writer = new PcapngWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) }, 'gate');
for (let i = 0; i < total + WARM; i++) {
  const frame = frames[i & 1];
  writer.frame((i >> 1) % CONNECTIONS, (i & 1) as 0 | 1, TIME_US + i, frame, 0, frame.length);
}
writer.end();
const file = Buffer.concat(parts);

function open(): Messages {
  let at = 0;
  const source = {
    size: file.length,
    fault: undefined,
    read(into: Uint8Array): number {
      const end = Math.min(file.length, at + into.length);
      const got = file.copy(into, 0, at, end);
      at = end;
      return got;
    },
  };
  const opened = openMessages(source, { plan: planWith(), framing });
  if (!opened.ok) throw new Error(opened.fault.cause);
  return opened.value;
}

const kept = { last: {} };
function run(messages: Messages, times: number): void {
  for (let i = 0; i < times; i++) {
    if (!messages.next()) throw new Error('the capture ends too early');
    if (planted === 'object') kept.last = { i };
  }
}

const messages = open();
run(messages, WARM);
(globalThis.gc ?? (() => undefined))();
const allocated = (): number => getHeapStatistics().total_allocated_bytes;
allocated();
writeSync(1, 'BEGIN\n');
const before = allocated();
run(messages, total);
const after = allocated();
writeSync(1, 'END\n');
console.log(JSON.stringify({ bytes: (after - before) / total, kept: Object.keys(kept.last) }));
