import { createHash } from 'node:crypto';
import { Unzip, type UnzipFile, UnzipInflate } from 'fflate';
import type { ByteSource } from '../../trace/kinds.ts';
import { type Member, MEMBERS } from './parts.ts';

/** Longest text of a bundle that is kept, bytes: the first page and what the bundle says of its parts. */
const TEXT_MAX = 4 * 1024 * 1024;
const PIECE_LENGTH = 65_536;
/** What a zip file without a comment ends with: this mark, and 18 bytes more. */
const END = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

/** A part as it lies in the file. */
interface Found {
  readonly name: string;
  bytes: number;
  readonly sha256: ReturnType<typeof createHash>;
  /** Of the two texts. */
  content: Uint8Array[];
  broken: boolean;
}

/** What is in a bundle. */
export interface Shown {
  readonly lines: readonly string[];
  readonly summary: string;
  /** Every part is there and is what the bundle says of it. */
  readonly whole: boolean;
}

/** Looks through a bundle; memory does not grow with what is packed in it. Undefined: it is no bundle. */
export function shownOf(source: ByteSource): Shown | undefined {
  const { found, ended } = partsIn(source);
  const text = (name: Member): string => {
    const part = found.find(one => one.name === name);
    return part ? new TextDecoder().decode(Buffer.concat(part.content)) : '';
  };
  const said = partsSaid(text('bundle.json'));
  if (!said) return undefined;
  let whole = ended;
  const lines = found.map(({ name, bytes, sha256, broken }) => {
    const right = !broken && (name === 'bundle.json' || said[name] === sha256.digest('hex'));
    whole &&= right;
    return `  ${name.padEnd(12)} ${String(bytes).padStart(12)} bytes${right ? '' : '  ! changed, or no part of a bundle'}`;
  });
  for (const name of Object.keys(said)) {
    if (found.some(part => part.name === name)) continue;
    whole = false;
    lines.push(`  ${name.slice(0, 40).padEnd(12)} ! is missing`);
  }
  if (!ended) lines.push('  ! the end of the file is missing');
  return { lines, summary: text('summary.txt').trimEnd(), whole };
}

/** The parts, and whether the zip file has its end. */
function partsIn(source: ByteSource): { readonly found: readonly Found[]; readonly ended: boolean } {
  let end = Buffer.alloc(0);
  const found: Found[] = [];
  const unzip = new Unzip(file => take(file, found));
  unzip.register(UnzipInflate);
  const piece = new Uint8Array(PIECE_LENGTH);
  try {
    for (let got = source.read(piece); got > 0; got = source.read(piece)) {
      unzip.push(piece.slice(0, got));
      end = Buffer.concat([end, piece.subarray(0, got)]).subarray(-END.length);
    }
    unzip.push(new Uint8Array(0), true);
  } catch (error) {
    // What is wrong with a zip file has a number.
    if (typeof (error as { code?: unknown }).code !== 'number') throw error;
    for (const part of found.slice(-1)) part.broken = true;
  }
  return { found, ended: end.subarray(0, 4).equals(END.subarray(0, 4)) };
}

function take(file: UnzipFile, found: Found[]): void {
  const member = (MEMBERS as readonly string[]).includes(file.name) && !found.some(({ name }) => name === file.name);
  const name = member ? file.name : file.name.replace(/[^\w.-]/g, '?').slice(0, 40);
  const part: Found = { name, bytes: 0, sha256: createHash('sha256'), content: [], broken: !member };
  found.push(part);
  if (!member) return;
  const isText = name === 'summary.txt' || name === 'bundle.json';
  file.ondata = (error, data) => {
    if (error) {
      part.broken = true;
      return;
    }
    part.bytes += data.length;
    part.sha256.update(data);
    if (!isText) return;
    if (part.bytes > TEXT_MAX) part.broken = true;
    else part.content.push(data);
  };
  file.start();
}

/** Digest of each part, as the bundle says itself. */
function partsSaid(text: string): Record<string, string> | undefined {
  try {
    const { parts } = JSON.parse(text) as { parts?: Record<string, { sha256?: unknown } | null> | null };
    if (typeof parts !== 'object' || parts === null) return undefined;
    return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, String(part?.sha256)]));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    return undefined;
  }
}
