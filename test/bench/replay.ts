import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openByteSource } from '../../src/node/trace-file.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';
import { type ByteSource, type Messages, Way } from '../../src/trace/kinds.ts';
import { openMessages } from '../../src/trace/open.ts';
import { MessageReplay } from '../../src/trace/replay-messages.ts';
import { pinned } from './contestant.ts';
import { type BenchMessages, makeMessages } from './messages.ts';
import { type BenchFormat, imageOf, LoopSource } from './replay-images.ts';

const HELP = `node test/bench/replay.ts [options]

Replays captures of 128 different messages (64 sales, 64 answers, 200 bytes on average) in one pinned process each: read, cut,
decode, encode again, compare byte for byte. Prints messages for each second of processor time, which other work on the machine
disturbs least, and of the clock: the median of the runs.

  --runs N      runs of each format (7)
  --megabytes N bytes of one run (256)
  --only NAME   memory, own, pcapng or hex; may be repeated
  --long N      one run over N GB without a disk for each format, memory at each GB
  --disk N      one run over a file of N GB in the folder for temporary files, which is removed afterwards
  --help        this text
`;
/** `memory` reads nothing: what decoding, encoding and comparing take, for the share that reading has. */
type Contestant = BenchFormat | 'memory';
const FORMATS: readonly Contestant[] = ['memory', 'own', 'pcapng', 'hex'];
const WANTED: Readonly<Record<Contestant, number>> = { memory: 0, own: 1_000_000, pcapng: 500_000, hex: 0 };
const MB = 1e6;
const GB = 1e9;
const BATCH = 8192;

interface Figures {
  /** Messages a second of processor time (all threads, kernel included), and of the clock. */
  readonly perSecond: number;
  readonly byClock: number;
  readonly messages: number;
  readonly rssMb: number;
}

const rss = (): number => process.memoryUsage().rss / MB;

/** One run. Whatever is not equal is an error: a quick replay that is wrong is worth nothing. */
function timed(messages: Messages, plan: FieldPlan, want: number, each?: (offset: number) => void): Figures {
  const replay = new MessageReplay(plan);
  const start = performance.now();
  const before = process.cpuUsage();
  while (replay.run(messages, BATCH)) each?.(messages.offset);
  const { user, system } = process.cpuUsage(before);
  const byClock = (replay.messages * 1000) / (performance.now() - start);
  if (replay.equal !== want || messages.troubleCount > 0)
    throw new Error(`${replay.equal} of ${want} messages equal, ${JSON.stringify(messages.troubles.slice(0, 2))}`);
  return { perSecond: (replay.messages * MB) / (user + system), byClock, messages: replay.messages, rssMb: rss() };
}

function run(source: ByteSource, plan: FieldPlan, want: number, each?: (offset: number) => void): Figures {
  const opened = openMessages(source, { plan, framing: plan.framing });
  if (!opened.ok) throw new Error(`${opened.fault.cause}: ${opened.fault.remedy}`);
  return timed(opened.value, plan, want, each);
}

/** The messages where they lie, one after the other, `count` times in all. */
class InMemory implements Messages {
  number = 0;
  readonly way = Way.unknown;
  readonly stream = 0;
  readonly timeUs = 0;
  readonly bytes: Uint8Array;
  from = 0;
  to = 0;
  readonly offset = 0;
  readonly troubles = [];
  readonly troubleCount = 0;
  private readonly list: BenchMessages['list'];
  private readonly count: number;

  constructor({ slab, list }: BenchMessages, count: number) {
    this.bytes = slab;
    this.list = list;
    this.count = count;
  }

  next(): boolean {
    if (this.number === this.count) return false;
    const { frameStart, bodyEnd } = this.list[this.number++ % this.list.length];
    this.from = frameStart + 2;
    this.to = bodyEnd;
    return true;
  }
}

/** In a process of its own: warm up, then the figures of each run. */
function child(format: Contestant, megabytes: number, runs: number): void {
  const bench = makeMessages();
  const image = format === 'memory' ? undefined : imageOf(format, bench);
  const figures: Figures[] = [];
  for (let i = -1; i < runs; i++) {
    const bytes = (i < 0 ? 64 : megabytes) * MB;
    const count = Math.ceil((bytes / bench.used) * bench.list.length);
    const source = image && new LoopSource(image, bytes);
    const done =
      source && image
        ? run(source, bench.plan, source.pieces * image.messages)
        : timed(new InMemory(bench, count), bench.plan, count);
    if (i >= 0) figures.push(done);
  }
  process.stdout.write(JSON.stringify(figures));
}

/** Memory over a capture that never lay anywhere. */
function long(format: BenchFormat, gigabytes: number): void {
  const bench = makeMessages();
  const image = imageOf(format, bench);
  const source = new LoopSource(image, gigabytes * GB);
  let next = GB;
  const atEach: string[] = [];
  const { perSecond, messages } = run(source, bench.plan, source.pieces * image.messages, offset => {
    if (offset < next) return;
    next += GB;
    atEach.push(rss().toFixed(0));
  });
  process.stdout.write(
    `${format}: ${(source.size / GB).toFixed(1)} GB, ${messages} messages, ${(perSecond / MB).toFixed(2)} M/s, RSS at each GB, MB: ${atEach.join(' ')}\n`,
  );
}

function disk(gigabytes: number): void {
  const bench = makeMessages();
  const image = imageOf('own', bench);
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < 2 * gigabytes * GB) throw new Error(`not enough room in ${tmpdir()}`);
  const path = join(tmpdir(), `pos8583-replay-${process.pid}.p85t`);
  try {
    const file = openSync(path, 'wx', 0o600);
    const loop = new LoopSource(image, gigabytes * GB);
    const chunk = new Uint8Array(1 << 20);
    for (let got = loop.read(chunk); got > 0; got = loop.read(chunk)) writeSync(file, chunk, 0, got);
    closeSync(file);
    const source = openByteSource(path);
    if (!source.ok) throw new Error(source.fault.cause);
    const { perSecond, rssMb } = run(source.value, bench.plan, loop.pieces * image.messages);
    source.value.close();
    process.stdout.write(
      `own, file of ${(loop.size / GB).toFixed(2)} GB: ${(perSecond / MB).toFixed(2)} M/s, RSS ${rssMb.toFixed(0)} MB\n`,
    );
  } finally {
    rmSync(path, { force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function main(): void {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '7' },
      megabytes: { type: 'string', default: '256' },
      only: { type: 'string', multiple: true },
      long: { type: 'string' },
      disk: { type: 'string' },
      child: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const formats = FORMATS.filter(format => values.only === undefined || values.only.includes(format));
  if (values.child !== undefined)
    return child(values.child as Contestant, Number(values.megabytes), Number(values.runs));
  if (values.disk !== undefined) return disk(Number(values.disk));
  if (values.long !== undefined) {
    for (const format of formats) if (format !== 'memory') long(format, Number(values.long));
    return;
  }
  process.stdout.write('format   M messages/s of processor   lowest   highest   by clock   RSS, MB   wanted\n');
  for (const format of formats) {
    const [program, ...rest] = [...pinned(), process.execPath, import.meta.filename];
    const flags = ['--child', format, '--runs', values.runs, '--megabytes', values.megabytes];
    const done = spawnSync(program, [...rest, ...flags], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    if (done.status !== 0) throw new Error(`${format} could not be measured`);
    const figures = JSON.parse(done.stdout) as Figures[];
    const rates = figures.map(one => one.perSecond);
    const clock = median(figures.map(one => one.byClock));
    const cells = [median(rates), Math.min(...rates), Math.max(...rates), clock].map(rate => (rate / MB).toFixed(2));
    const most = Math.max(...figures.map(one => one.rssMb)).toFixed(0);
    const wanted = WANTED[format] === 0 ? '–' : `${(WANTED[format] / MB).toFixed(1)} M/s`;
    const row = [
      cells[0].padEnd(27),
      cells[1].padEnd(8),
      cells[2].padEnd(9),
      cells[3].padEnd(10),
      most.padEnd(9),
      wanted,
    ];
    process.stdout.write(`${format.padEnd(8)} ${row.join(' ')}\n`);
  }
}

main();
