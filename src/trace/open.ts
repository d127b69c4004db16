import { failed, fault, ok, type Result } from '../fault.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import type { Framing } from '../iso8583/source.ts';
import { JsonMessages } from './json-messages.ts';
import { TRACE_MAGIC, type ByteSource, type Messages } from './kinds.ts';
import { OwnMessages } from './own-messages.ts';
import { PcapPackets, isPcapMagic } from './pcap.ts';
import { PCAPNG_MAGIC, PcapngPackets } from './pcapng.ts';
import { TcpMessages } from './tcp-streams.ts';
import { TextMessages } from './text-messages.ts';

/** What a capture can be written as. */
export const FORMATS = ['own', 'pcap', 'pcapng', 'hex', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

export interface OpenOptions {
  readonly plan: FieldPlan;
  readonly framing: Framing;
  /** Found from the first bytes when absent. */
  readonly format?: Format;
  /** Of captures of a network: the port of the acquirer. */
  readonly acquirerPort?: number;
  /** Of a trace of our own: stop at the other records as well, see {@link OwnMessages}. */
  readonly records?: boolean;
}

/** Bytes that are looked at to find the format. */
const HEAD_LENGTH = 4096;
/** Longest magic, bytes. */
const BEGINNING_MAX = 16;
const GZIP = 0x1f8b;
/** How well-known files of other kinds begin. */
const FOREIGN: readonly (readonly [magic: string, what: string])[] = [
  ['SQLite format 3\0', 'a SQLite database, as a journal is'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['%PDF', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\x7fELF', 'a program'],
  ['\x28\xb5\x2f\xfd', 'compressed with zstd'],
  ['BZh', 'compressed with bzip2'],
  ['\xfd7zXZ', 'compressed with xz'],
];

/** A source whose first bytes were looked at, and that gives them once more. */
export class Peeked implements ByteSource {
  readonly head: Uint8Array;
  private readonly source: ByteSource;
  private at = 0;

  constructor(source: ByteSource, length: number = HEAD_LENGTH) {
    this.source = source;
    const head = new Uint8Array(length);
    let count = 0;
    while (count < length) {
      const got = source.read(head.subarray(count));
      if (got === 0) break;
      count += got;
    }
    this.head = head.subarray(0, count);
  }

  get size(): number | undefined {
    return this.source.size;
  }

  get fault(): string | undefined {
    return this.source.fault;
  }

  get growing(): boolean {
    return this.source.growing === true;
  }

  read(into: Uint8Array): number {
    const { head, at } = this;
    if (at === head.length) return this.source.read(into);
    const count = Math.min(into.length, head.length - at);
    into.set(head.subarray(at, at + count));
    this.at += count;
    return count;
  }
}

/** What a capture is written as, by its first bytes. Faults: `empty-capture`, `foreign-file` (which says what it seems to be). */
export function formatOf(head: Uint8Array): Result<Format> {
  if (head.length === 0) {
    return failed(fault('E_ILLEGAL', 'empty-capture', 'the capture is empty', 'Give a file that has something in it'));
  }
  const beginning = String.fromCharCode(...head.subarray(0, BEGINNING_MAX));
  if (beginning.startsWith(TRACE_MAGIC)) return ok('own');
  const word = ((head[0] << 24) | (head[1] << 16) | (head[2] << 8) | head[3]) >>> 0;
  if (head.length >= 4 && isPcapMagic(word)) return ok('pcap');
  if (head.length >= 4 && word === PCAPNG_MAGIC) return ok('pcapng');
  const known = FOREIGN.find(([magic]) => beginning.startsWith(magic));
  if (known !== undefined) return foreign(`this is ${known[1]}, no capture`);
  if (word >>> 16 === GZIP) return foreign('the capture is compressed with gzip', 'Unpack it: gunzip -c <file> | … -');
  const binary = head.findIndex(
    byte => byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== 0x1b,
  );
  if (binary >= 0) return foreign(`byte ${binary} is no text, and the file begins like no capture`);
  return ok(new TextDecoder().decode(head).trimStart().startsWith('{') ? 'jsonl' : 'hex');
}

const FORMAT_REMEDY = 'Give a trace of this program, pcap, pcapng, JSON lines or a text with hex in it';

function foreign(cause: string, remedy: string = FORMAT_REMEDY): Result<never> {
  return failed(fault('E_ILLEGAL', 'foreign-file', cause, remedy));
}

/**
 * Opens a capture of any format as a cursor over its messages. Faults are those of {@link formatOf}, `unreadable-capture`, and
 * `not-this-format` when `format` says another one than the first bytes do. What is wrong further on is told in the messages' `troubles`.
 */
export function openMessages(source: ByteSource, options: OpenOptions): Result<Messages> {
  const { plan, framing } = options;
  const peeked = new Peeked(source);
  const found = formatOf(peeked.head);
  if (peeked.head.length === 0 && peeked.fault !== undefined) {
    return failed(fault('E_FAILURE', 'unreadable-capture', peeked.fault, 'Check the file and who may read it'));
  }
  const format = options.format ?? (found.ok ? found.value : undefined);
  if (format === undefined) return found as Result<never>;
  if (!fits(format, found)) {
    const cause = `the capture is not ${format}${found.ok ? `, it looks like ${found.value}` : ''}`;
    return failed(fault('E_ILLEGAL', 'not-this-format', cause, 'Leave --format out, or name the right one'));
  }
  switch (format) {
    case 'own':
      return ok(new OwnMessages(peeked, plan, framing, options.records));
    case 'pcap':
      return ok(new TcpMessages(new PcapPackets(peeked), options));
    case 'pcapng':
      return ok(new TcpMessages(new PcapngPackets(peeked), options));
    case 'jsonl':
      return ok(new JsonMessages(peeked));
    case 'hex':
      return ok(new TextMessages(peeked, plan, framing));
  }
}

/** A text may be read as either kind of text; a damaged head of a trace or a pcapng file may be searched for what follows. */
function fits(format: Format, found: Result<Format>): boolean {
  if (format === 'pcap') return found.ok && found.value === 'pcap';
  if (format === 'hex') return !found.ok || found.value === 'hex' || found.value === 'jsonl';
  return !found.ok || found.value === format || (format === 'jsonl' && found.value === 'hex');
}
