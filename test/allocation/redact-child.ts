import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { standInOf } from '../../src/card/stand-in.ts';
import { LineRedactor } from '../../src/device/redact.ts';
import { MessageRedactor } from '../../src/trace/redact-message.ts';
import { answersOf, commandsOf } from '../device/redact-world.ts';
import { frame } from '../device/bench.ts';
import { Random } from '../fuzz/random.ts';
import { cardOf, encoded, fieldsOf, planOf } from '../trace/redact-world.ts';

/**
 * Marks so many messages or packets and says what that allocated and how many microseconds of the processor each took. `redact-child.ts <operation> <count> [object]`; `object` makes it
 * allocate one small object each time, to see that this would be found.
 */
const standIn = standInOf(new Uint8Array(16).fill(3), 2611);
const random = new Random(1);
const cards = Array.from({ length: 16 }, () => cardOf(random));
const PIECE = 37;

function stop(what: string): never {
  throw new Error(what);
}

function messages(dialect: string): (i: number) => void {
  const plan = planOf(dialect);
  const redactor = new MessageRedactor(plan, plan.framing, standIn);
  const clear = cards.map((card, i) => {
    const { mti, fields } = fieldsOf(plan, card, i);
    return encoded(plan, mti, fields);
  });
  const work = clear.map(bytes => bytes.slice());
  return i => {
    const bytes = work[i & 15];
    bytes.set(clear[i & 15]);
    redactor.redact(bytes, 0, bytes.length);
  };
}

function packets(way: 'toTerminal' | 'fromTerminal'): (i: number) => void {
  const redactor = new LineRedactor(standIn, way);
  const clear = cards.flatMap(card => (way === 'toTerminal' ? commandsOf(card) : answersOf(card)).map(frame));
  const work = clear.map(bytes => bytes.slice());
  return i => {
    const n = i % clear.length;
    const bytes = work[n];
    bytes.set(clear[n]);
    for (let at = 0; at < bytes.length; at += PIECE) redactor.take(bytes, at, Math.min(bytes.length, at + PIECE));
    if (redactor.open) stop('the packet is not whole');
  };
}

const operations: Readonly<Record<string, () => (i: number) => void>> = {
  unionpay: () => messages('unionpay-pos'),
  ascii: () => messages('iso8583-1987-ascii'),
  commands: () => packets('toTerminal'),
  answers: () => packets('fromTerminal'),
};

const [name, count, planted] = process.argv.slice(2);
const work = (operations[name] ?? stop(`no operation ${name}`))();
const total = Number(count);
const kept = { last: {} };

function run(times: number): void {
  for (let i = 0; i < times; i++) {
    work(i);
    if (planted === 'object') kept.last = { i };
  }
}

// Packets are short, and the engine compiles their code once more after a while.
const rounds = name === 'commands' || name === 'answers' ? 150 : 20;
for (let round = 0; round < rounds; round++) {
  run(2000);
  if (round === 0) (globalThis.gc ?? stop('start it with --expose-gc'))();
}
const allocated = (): number => getHeapStatistics().total_allocated_bytes;
allocated();
writeSync(1, 'BEGIN\n');
const before = allocated();
const start = process.cpuUsage().user;
run(total);
const microseconds = process.cpuUsage().user - start;
const after = allocated();
writeSync(1, 'END\n');
console.log(
  JSON.stringify({ bytes: after - before, microseconds: microseconds / total, kept: Object.keys(kept.last) }),
);
