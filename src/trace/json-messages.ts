import { putHexText } from '../wire/hex.ts';
import { Way, type ByteSource, type Messages } from './kinds.ts';
import { Lines } from './lines.ts';
import { Troubles } from './troubles.ts';

/** Words of {@link Way} in JSON lines, at its number. */
export const WAY_WORDS: readonly string[] = ['to-acquirer', 'from-acquirer', 'unknown'];
/** The kind of a line that is a message. */
export const MESSAGE_LINE = 'message';
const MESSAGE_LENGTH_MAX = 65_535;

/** The messages of JSON lines as `trace convert --to jsonl` writes them; lines of other kinds are passed over. */
export class JsonMessages implements Messages {
  number = 0;
  way: Way = Way.unknown;
  stream = 0;
  timeUs = 0;
  readonly bytes = new Uint8Array(MESSAGE_LENGTH_MAX);
  readonly from = 0;
  to = 0;
  private readonly lines: Lines;
  private readonly told = new Troubles();

  constructor(source: ByteSource) {
    this.lines = new Lines(source, this.told);
  }

  get offset(): number {
    return this.lines.offset;
  }

  get troubles(): readonly { readonly offset: number; readonly why: string }[] {
    return this.told.list;
  }

  get troubleCount(): number {
    return this.told.count;
  }

  next(): boolean {
    while (this.lines.next()) if (this.lines.text.trim() !== '' && this.take(this.lines.text)) return true;
    return false;
  }

  private take(text: string): boolean {
    const line = parsed(text);
    if (line === undefined) return this.wrong('is no JSON object');
    if (line.kind !== MESSAGE_LINE) return false;
    const { bytes: hex, way, stream, timeUs } = line;
    if (typeof hex !== 'string' || hex.length % 2 !== 0) return this.wrong('is a message without "bytes" in hex');
    if (hex.length / 2 > MESSAGE_LENGTH_MAX) return this.wrong('has more bytes than a message can have');
    if (!putHexText(hex, this.bytes, 0)) return this.wrong('is a message without "bytes" in hex');
    this.to = hex.length / 2;
    const words = WAY_WORDS.indexOf(String(way));
    this.way = words < 0 ? Way.unknown : (words as Way);
    this.stream = Number.isSafeInteger(stream) && (stream as number) >= 0 ? (stream as number) : 0;
    this.timeUs = Number.isSafeInteger(timeUs) && (timeUs as number) >= 0 ? (timeUs as number) : 0;
    this.number++;
    return true;
  }

  private wrong(what: string): false {
    this.told.tell(this.lines.offset, `line ${this.lines.number} ${what}`);
    return false;
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A line that is no JSON is told by the caller, without its text.
    return undefined;
  }
}
