import { frameLengthBytes, sealFrame } from '../../iso8583/frame.ts';
import type { MessageView } from '../../iso8583/message-view.ts';
import type { Framing } from '../../iso8583/source.ts';
import type { NewFile } from '../../node/new-file.ts';
import { hexRows } from '../../trace/hex-out.ts';
import { messageLine, recordLine } from '../../trace/json-lines.ts';
import { Kind, Link, Way, type Messages } from '../../trace/kinds.ts';
import { MarkdownPage } from '../../trace/markdown.ts';
import { PcapngWriter } from '../../trace/pcapng-out.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { putForWireshark, WIRESHARK_MAX } from '../../trace/wireshark.ts';
import { fileHeader, TraceWriter } from '../../trace/writer.ts';
import type { Lang } from './rim.ts';

/** Longest message that a capture can give, with its length. */
const FRAME_MAX = 65_535 + 4;
const NOTHING = new Uint8Array(0);

/** One form in which a capture is written. */
export interface Output {
  /** The message at which the cursor stands; `view` has decoded its body, `framing` is what stands in front of the body. */
  message(messages: Messages, view: MessageView, framing: Framing, link: number): void;
  /** Another record of a trace of our own; forms that hold only messages take no notice. */
  record(reader: TraceReader, stream: number): void;
  end(): void;
  /** Messages that the form cannot hold. */
  readonly leftOut: number;
}

/** A trace of this program; `redacted`: what is written was redacted. */
export class OwnOutput implements Output {
  leftOut = 0;
  private readonly writer: TraceWriter;
  private readonly framing: Framing;
  private readonly frame = new Uint8Array(FRAME_MAX);
  /** The connection of each link that was told last. */
  private readonly streams = new Map<number, number>();

  constructor(file: NewFile, framing: Framing, redacted: boolean) {
    const header = fileHeader(redacted);
    file.write(header, header.length);
    this.writer = new TraceWriter(file);
    this.framing = framing;
  }

  message(messages: Messages, _view: MessageView, _framing: Framing, link: number): void {
    const { stream, way, timeUs } = messages;
    if (stream !== this.streams.get(link)) this.connect(stream, link, timeUs);
    const end = framed(this.framing, messages, this.frame);
    if (end < 0) {
      this.leftOut++;
      return;
    }
    const at = this.writer.begin(way === Way.fromAcquirer ? Kind.hostIn : Kind.hostOut, link, timeUs, end);
    this.writer.bytes.set(this.frame.subarray(0, end), at);
  }

  record(reader: TraceReader, stream: number): void {
    const { kind, link, timeUs, bytes, from, to } = reader;
    if (kind === Kind.hostConnect) this.streams.set(link, stream);
    const at = this.writer.begin(kind, link, timeUs, to - from);
    this.writer.bytes.set(bytes.subarray(from, to), at);
  }

  end(): void {
    this.writer.end();
  }

  /** The connection of the messages that follow: its route is unknown, its number is kept. */
  private connect(stream: number, link: number, timeUs: number): void {
    this.streams.set(link, stream);
    const texts = ['capture', String(stream)].map(text => new TextEncoder().encode(text));
    const length = 4 + texts.reduce((sum, text) => sum + 2 + text.length, 0);
    let at = this.writer.begin(Kind.hostConnect, link, timeUs, length);
    this.writer.bytes.fill(0, at, at + length);
    at += 4;
    for (const text of texts) {
      this.writer.bytes[at + 1] = text.length;
      this.writer.bytes.set(text, at + 2);
      at += 2 + text.length;
    }
  }
}

/** pcapng with frames as they were on the line, or in the form that Wireshark's dissector reads. */
export class PcapngOutput implements Output {
  leftOut = 0;
  private readonly writer: PcapngWriter;
  private readonly framing: Framing;
  private readonly forWireshark: boolean;
  private readonly frame = new Uint8Array(Math.max(FRAME_MAX, WIRESHARK_MAX));

  constructor(file: NewFile, framing: Framing, program: string, port: number, forWireshark: boolean) {
    this.writer = new PcapngWriter(file, program, port);
    this.framing = framing;
    this.forWireshark = forWireshark;
  }

  message(messages: Messages, view: MessageView): void {
    const { stream, way, timeUs } = messages;
    const end = this.forWireshark ? putForWireshark(view, this.frame) : framed(this.framing, messages, this.frame);
    if (end < 0) this.leftOut++;
    else this.writer.frame(stream, way, timeUs, this.frame, 0, end);
  }

  record({ kind, timeUs }: TraceReader, stream: number): void {
    if (kind === Kind.hostClose || kind === Kind.hostClosed) this.writer.close(stream, timeUs);
  }

  end(): void {
    this.writer.end();
  }
}

/** A line of JSON for each record. */
export class JsonOutput implements Output {
  readonly leftOut = 0;
  private readonly file: NewFile;

  constructor(file: NewFile) {
    this.file = file;
  }

  message(messages: Messages, view: MessageView, _framing: Framing, link: number): void {
    this.file.text(`${messageLine(messages, view, link)}\n`);
  }

  record(reader: TraceReader): void {
    this.file.text(`${recordLine(reader)}\n`);
  }

  end(): void {
    // Each line was written when it came.
  }
}

/** A page in Markdown. */
export class MarkdownOutput implements Output {
  readonly leftOut = 0;
  private readonly file: NewFile;
  private readonly page: MarkdownPage;

  constructor(file: NewFile, lang: Lang) {
    this.file = file;
    this.page = new MarkdownPage(lang);
  }

  message(messages: Messages, view: MessageView): void {
    this.page.add(messages, view);
  }

  record(): void {
    // A page is about messages.
  }

  end(): void {
    this.file.text(this.page.text());
  }
}

/** Hex dumps. */
export class HexOutput implements Output {
  readonly leftOut = 0;
  private readonly file: NewFile;

  constructor(file: NewFile) {
    this.file = file;
  }

  message(messages: Messages): void {
    this.file.text(hexRows(messages));
  }

  record(): void {
    // Only messages are dumped.
  }

  end(): void {
    // Each dump was written when it came.
  }
}

/** The message with the length in front that the framing has, in `out`; returns its end, or a negative number when it does not fit. */
function framed({ length }: Framing, { bytes, from, to }: Messages, out: Uint8Array): number {
  const bare = { length, tpdu: false, header: false };
  out.set(bytes.subarray(from, to), frameLengthBytes(bare));
  return sealFrame(bare, out, 0, to - from, NOTHING, NOTHING);
}

/** Link of the records of a capture that has none. */
export const NO_LINK: number = Link.counter;
