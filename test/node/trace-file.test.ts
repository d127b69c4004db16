import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/fault.ts';
import { openByteSource, openGrowingSource, openTraceFile } from '../../src/node/trace-file.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { TraceWriter } from '../../src/trace/writer.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-trace-'));
  path = join(folder, 'counter.p85t');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes blocks of one record each, which says `text` and its number, from `first` on. */
function write(first: number, count: number, options: { maxBytes?: number; keep?: number } = {}) {
  const faults: Fault[] = [];
  const file = openTraceFile(path, { maxBytes: 1e6, keep: 4, ...options, failed: f => void faults.push(f) });
  if (!file.ok) throw new Error(file.fault.cause);
  const writer = new TraceWriter(file.value);
  for (let i = first; i < first + count; i++) {
    writer.texts(Kind.screen, 0, i, String(i), 'x'.repeat(100));
    writer.flush();
  }
  writer.end();
  file.value.close();
  return faults;
}

function read(from = path): { numbers: number[]; troubles: number; size: number | undefined } {
  const source = openByteSource(from);
  if (!source.ok) throw new Error(source.fault.name);
  const reader = new TraceReader(source.value);
  const numbers: number[] = [];
  while (reader.next()) numbers.push(Number(reader.texts()[0]));
  source.value.close();
  expect(source.value.fault).toBeUndefined();
  return { numbers, troubles: reader.troubleCount, size: source.value.size };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a trace file', () => {
  test('is for its user alone, and is continued', () => {
    write(0, 3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    write(3, 2);
    expect(read()).toMatchObject({ numbers: range(0, 5), troubles: 0, size: statSync(path).size });
  });

  test('what a crash cut off stays, and the next start goes on behind it', () => {
    write(0, 3);
    truncateSync(path, statSync(path).size - 7);
    write(3, 2);
    expect(read()).toMatchObject({ numbers: [0, 1, 3, 4], troubles: 1 });
    rmSync(path);
    writeFileSync(path, 'P85TRA');
    write(0, 1);
    expect(read()).toMatchObject({ numbers: [0], troubles: 0 });
  });

  test('turns at a whole block, keeps so many parts, and is read as one', () => {
    const open = readdirSync('/proc/self/fd').length;
    const faults = write(0, 20, { maxBytes: 600, keep: 3 });
    expect(faults).toEqual([]);
    expect(readdirSync('/proc/self/fd').length).toBe(open);
    for (const name of [path, `${path}.1`, `${path}.2`, `${path}.3`]) {
      expect(statSync(name).size).toBeLessThanOrEqual(600);
      expect(statSync(name).mode & 0o777).toBe(0o600);
      expect(readFileSync(name).subarray(0, 8).toString()).toBe('P85TRACE');
    }
    expect(statSync(`${path}.4`, { throwIfNoEntry: false })).toBeUndefined();
    // Four blocks of 137 or 138 bytes in each part.
    expect(read().numbers).toEqual(range(4, 20));
    expect(read().troubles).toBe(0);
    expect(read(`${path}.2`).numbers).toEqual(range(8, 12));
    expect(read(folder).numbers).toEqual(range(4, 20));
  });

  test('a block above the size has a part of its own; with fewer parts the older ones go', () => {
    write(0, 4, { maxBytes: 10, keep: 8 });
    expect(read().numbers).toEqual(range(0, 4));
    expect(statSync(`${path}.3`).isFile()).toBe(true);
    write(4, 1, { maxBytes: 10, keep: 1 });
    expect(read().numbers).toEqual([3, 4]);
    write(5, 1, { maxBytes: 10, keep: 0 });
    expect(read().numbers).toEqual([5]);
  });

  test.each([
    ['JSON lines', '{"kind":"screen"}\n'],
    ['something else', 'SQLite format 3\0'],
    ['a trace of another version', 'P85TRACE\0\u0002\0\0\0\0\0\0'],
  ])('%s under its name is refused and stays', (what, content) => {
    writeFileSync(path, content);
    const opened = openTraceFile(path, { maxBytes: 1e6, keep: 4, failed: () => {} });
    expect(opened).toMatchObject({ ok: false, fault: { name: 'trace-other-file' } });
    if (!opened.ok) expect(opened.fault.cause).toContain(what);
    expect(readFileSync(path, 'latin1')).toBe(content);
  });

  test('a folder that is not there is a fault at once', () => {
    path = join(folder, 'none', 'counter.p85t');
    expect(openTraceFile(path, { maxBytes: 1e6, keep: 4, failed: () => {} })).toMatchObject({
      ok: false,
      fault: { name: 'trace-file' },
    });
  });

  test('what cannot be written is told once, and nothing is thrown', () => {
    const faults: Fault[] = [];
    const file = openTraceFile(path, { maxBytes: 1e6, keep: 4, failed: f => void faults.push(f) });
    if (!file.ok) throw new Error(file.fault.cause);
    file.value.close();
    for (let i = 0; i < 3; i++) file.value.write(new Uint8Array(10), 10);
    expect(faults).toMatchObject([{ name: 'trace-file', cause: expect.stringContaining(`write ${path}`) }]);
  });

  test('a disk that is full at the start is told at the first block', () => {
    path = '/dev/full';
    expect(write(0, 3)).toMatchObject([{ name: 'trace-file', remedy: 'Free space on the disk' }]);
  });

  test('a part that cannot be put away: the trace goes on in the old one', () => {
    mkdirSync(join(`${path}.1`, 'full'), { recursive: true });
    const faults = write(0, 20, { maxBytes: 600, keep: 1 });
    expect(faults).toHaveLength(1);
    rmSync(`${path}.1`, { recursive: true });
    expect(read()).toMatchObject({ numbers: range(0, 20), troubles: 0 });
  });
});

describe('a source', () => {
  test('other files with a number behind their name are not parts', () => {
    write(0, 2);
    writeFileSync(`${path}.1`, 'notes');
    expect(read()).toMatchObject({ numbers: [0, 1], troubles: 0 });
    const capture = join(folder, 'a.pcap');
    writeFileSync(capture, 'pcap');
    writeFileSync(`${capture}.1`, 'older');
    const source = openByteSource(capture);
    expect(source.ok && source.value.size).toBe(4);
    if (source.ok) source.value.close();
  });

  test('a missing file, an unclear folder', () => {
    expect(openByteSource(path)).toMatchObject({ ok: false, fault: { name: 'source-missing' } });
    expect(openByteSource(folder)).toMatchObject({ ok: false, fault: { name: 'source-folder' } });
    write(0, 1);
    path = join(folder, 'second.p85t');
    write(0, 1);
    expect(openByteSource(folder)).toMatchObject({
      ok: false,
      fault: { remedy: expect.stringContaining('second.p85t') },
    });
  });

  test('a read error is a fault, not a throw', () => {
    expect(openByteSource('/proc/self/mem')).toMatchObject({ ok: false, fault: { name: 'source-file' } });
    write(0, 1);
    // The number that the next file gets.
    const fd = openSync(path, 'r');
    closeSync(fd);
    const source = openByteSource(path);
    if (!source.ok) throw new Error(source.fault.cause);
    closeSync(fd);
    expect(source.value.read(new Uint8Array(16))).toBe(0);
    expect(source.value.fault).toBe(`cannot read ${path}: EBADF`);
  });

  test('what is appended while it is read is read too', () => {
    write(0, 1);
    const source = openByteSource(path);
    if (!source.ok) throw new Error(source.fault.cause);
    const size = statSync(path).size;
    expect(source.value.read(new Uint8Array(size))).toBe(size);
    appendFileSync(path, 'more');
    expect(source.value.read(new Uint8Array(size))).toBe(4);
    expect(source.value.read(new Uint8Array(size))).toBe(0);
    source.value.close();
    expect(source.value.read(new Uint8Array(size))).toBe(0);
  });

  test('that grows goes on into the file that follows', () => {
    const source = openGrowingSource(path);
    const reader = new TraceReader(source);
    const numbers: number[] = [];
    const look = (): void => {
      while (reader.next()) numbers.push(Number(reader.texts()[0]));
    };
    look();
    for (let at = 0; at < 20; at += 2) {
      write(at, 2, { maxBytes: 600 });
      look();
    }
    source.close();
    look();
    expect(numbers).toEqual(range(0, 20));
    expect(statSync(`${path}.3`).isFile()).toBe(true);
    expect(reader.troubles).toEqual([]);
  });

  test('standard input', () => {
    write(0, 9);
    const child = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        CHILD.replace('SOURCE', new URL('../../src/node/trace-file.ts', import.meta.url).href),
      ],
      { input: readFileSync(path), encoding: 'utf8' },
    );
    expect(child.stderr).toBe('');
    expect(child.stdout).toBe(String(statSync(path).size));
  });
});

const CHILD = `
  import { openByteSource } from 'SOURCE';
  const source = openByteSource('-').value;
  const into = new Uint8Array(50);
  let all = 0;
  for (let got; (got = source.read(into)) > 0;) all += got;
  process.stdout.write(String(source.size ?? all));
`;
