import { failed, type Fault, type Result } from '../fault.ts';
import { PRINT_PART_MAX } from '../limits.ts';
import { operation, refusal, refused, REPEATS_MAX, type Exchange } from './exchange.ts';
import type { AnswerReader, CommandWriter } from './fields.ts';
import { Panel } from './ids.ts';
import { parsePrinterStatus, type PanelInfo, type PrinterStatus } from './panel.ts';
import { argumentFault, featureMissing } from './text.ts';

/** Longest document for one call, bytes (a settlement list of a thousand items takes about half of it). */
export const PRINT_LENGTH_MAX = 128 * 1024;

/** How far a document came. On a fault `partsPrinted` parts are on paper and {@link Printer.resume} goes on after them. */
export type PrintResult =
  | { readonly ok: true; readonly partsPrinted: number }
  | { readonly ok: false; readonly fault: Fault; readonly partsPrinted: number; readonly partsTotal: number };

/** Smallest part that a bad line makes of a document, bytes. */
const PART_MIN = 56;
/** Parts are made so short that on average this share of them is damaged on the way. */
const DAMAGED_SHARE = 0.4;
/** After so many bytes what was learned of the line counts half. */
const MEMORY_BYTES = 8192;
/** Faults after which the terminal is idle again and the part may be sent once more. */
const DISTURBED: ReadonlySet<string> = new Set([
  'no-acknowledge',
  'refused-three-times',
  'answer-damaged',
  'answer-timeout',
]);

/** ESC @: resets the printer and puts nothing on paper. */
const INITIALISE = Uint8Array.of(0x1b, 0x40);

/**
 * Prints documents in parts of at most 980 bytes (XPR). A part carries a number; the terminal prints no part whose
 * number is that of the last one, so a part whose answer was lost can be sent again.
 *
 * A terminal remembers that number longer than this process lives. The first document after a connect is therefore
 * led by a part that prints nothing: whether the terminal takes it for a repetition or not, the next number is new.
 *
 * A long packet hardly gets over a bad line: at one wrong bit in a thousand 980 bytes arrive whole once in 2,500 times. So
 * the parts are as long as the refusals of the last commands allow, and a part that was refused for certain is halved.
 * A part that the terminal may hold keeps its length with its number.
 */
export class Printer {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly panel: () => PanelInfo | undefined;
  private document: Uint8Array | undefined = undefined;
  /** The part at hand is `document[at, end)`; nothing from `at` on is known to be on paper. */
  private at = 0;
  private end = 0;
  /** The terminal may have got the part at hand, so its bytes must stay as they are. */
  private fixed = false;
  /** Refusals and bytes of the commands of late, and what of the link's counters is in them. */
  private refusals = 0;
  private bytes = 0;
  private refusalsSeen = 0;
  private bytesSeen = 0;
  private partsPrinted = 0;
  private partNumber = 0;
  private leading = true;
  private active = false;
  /** A part of the document has been sent, so the number of the part at hand must stay. */
  private began = false;

  constructor(exchange: Exchange, writer: CommandWriter, panel: () => PanelInfo | undefined) {
    this.exchange = exchange;
    this.writer = writer;
    this.panel = panel;
  }

  /** A new connect: the number of the terminal's last part is unknown again. A document half printed stays. */
  connected(): void {
    this.leading = true;
  }

  /** Prints `bytes` (text in the terminal's character set and ESC/POS controls). They are copied. */
  print(bytes: Uint8Array, done: (result: PrintResult) => void): void {
    const missing = this.missing();
    if (missing !== undefined) return done({ ok: false, fault: missing, partsPrinted: 0, partsTotal: 0 });
    if (this.active) {
      const busy = argumentFault('a document is being printed', 'Wait until it is done');
      return done({ ok: false, fault: { ...busy, code: 'E_BUSY' }, partsPrinted: 0, partsTotal: 0 });
    }
    if (bytes.length === 0 || bytes.length > PRINT_LENGTH_MAX) {
      const cause = argumentFault(
        `document of ${bytes.length} bytes, allowed 1–${PRINT_LENGTH_MAX}`,
        'Split the document',
      );
      return done({ ok: false, fault: cause, partsPrinted: 0, partsTotal: 0 });
    }
    this.document = new Uint8Array(bytes);
    this.at = 0;
    this.partsPrinted = 0;
    this.active = true;
    this.began = false;
    if (this.leading && this.panel()?.features.partNumbers === true) this.lead(done);
    else this.part(done, true);
  }

  /** Goes on after the last part on paper, with the same part number. */
  resume(done: (result: PrintResult) => void): void {
    if (this.document === undefined || this.active) {
      const cause = {
        ...argumentFault('no document waits to be resumed', 'Print it again'),
        name: 'nothing-to-resume',
      };
      return done({ ok: false, fault: cause, partsPrinted: 0, partsTotal: 0 });
    }
    const missing = this.missing();
    if (missing !== undefined) return this.failed(missing, done);
    this.active = true;
    if (this.leading && !this.began) this.lead(done);
    else this.part(done, false);
  }

  status(done: (result: Result<PrinterStatus>) => void): void {
    const missing = this.missing();
    if (missing !== undefined) return done(failed(missing));
    const command = this.writer.begin('XPS').finish();
    this.exchange.submit(
      operation(
        'XPS',
        command,
        (answer, cause) =>
          done(answer === undefined ? failed(cause!) : (refused('XPS', answer) ?? parsePrinterStatus(answer))),
        { repeats: REPEATS_MAX },
      ),
    );
  }

  private missing(): Fault | undefined {
    return (this.panel()?.printColumns ?? 0) > 0 ? undefined : featureMissing('printer');
  }

  private lead(done: (result: PrintResult) => void): void {
    this.nextNumber();
    this.fixed = true;
    this.send(
      () => INITIALISE,
      REPEATS_MAX,
      false,
      cause => {
        if (cause !== undefined) return this.failed(cause, done);
        this.leading = false;
        this.part(done, true);
      },
    );
  }

  private part(done: (result: PrintResult) => void, fresh: boolean): void {
    const document = this.document!;
    if (fresh) {
      this.nextNumber();
      this.end = Math.min(this.at + this.partLength(), document.length);
      this.fixed = false;
    }
    this.began = true;
    this.send(
      () => document.subarray(this.at, this.end),
      REPEATS_MAX,
      this.partsPrinted > 0,
      cause => {
        if (cause !== undefined) return this.failed(cause, done);
        this.at = this.end;
        this.partsPrinted++;
        if (this.end < document.length) return this.part(done, true);
        this.document = undefined;
        this.active = false;
        done({ ok: true, partsPrinted: this.partsPrinted });
      },
    );
  }

  /** Sends the part at hand; after a disturbance again, `repeatsLeft` times at one length. `first`: before all that waits. */
  private send(
    bytes: () => Uint8Array,
    repeatsLeft: number,
    first: boolean,
    next: (cause: Fault | undefined) => void,
  ): void {
    const numbered = this.panel()?.features.partNumbers === true;
    this.writer.begin('XPR').value(Panel.print, bytes());
    if (numbered) this.writer.number(Panel.partNumber, this.partNumber, 2);
    const done = (answer: AnswerReader | undefined, cause: Fault | undefined, accepted: boolean): void => {
      if (answer !== undefined) return next(refusal('XPR', answer));
      // Only NAKs came: the terminal has nothing of it. After any other end it may have printed the part.
      if (cause!.name !== 'refused-three-times' || accepted) this.fixed = true;
      const halved = !this.fixed && this.halve();
      const repeat = DISTURBED.has(cause!.name) && (numbered || !this.fixed);
      if (halved) return this.send(bytes, REPEATS_MAX, true, next);
      if (repeat && repeatsLeft > 0) return this.send(bytes, repeatsLeft - 1, true, next);
      next(cause);
    };
    this.exchange.submit(operation('XPR', this.writer.finish(), done), first);
  }

  /** Bytes of a new part, from how many of the bytes of late were refused. */
  private partLength(): number {
    const { dataSent, naksReceived } = this.exchange.link.counters;
    this.bytes += dataSent - this.bytesSeen;
    this.refusals += naksReceived - this.refusalsSeen;
    this.bytesSeen = dataSent;
    this.refusalsSeen = naksReceived;
    while (this.bytes > MEMORY_BYTES) {
      this.bytes /= 2;
      this.refusals /= 2;
    }
    if (this.refusals === 0) return PRINT_PART_MAX;
    const length = Math.floor((DAMAGED_SHARE * this.bytes) / this.refusals);
    return Math.min(PRINT_PART_MAX, Math.max(PART_MIN, length));
  }

  /** Makes the part at hand half as long; false when it is short already. */
  private halve(): boolean {
    const length = this.end - this.at;
    if (length < 2 * PART_MIN) return false;
    this.end = this.at + (length >> 1);
    return true;
  }

  private nextNumber(): void {
    this.partNumber = this.partNumber >= 0xffff ? 1 : this.partNumber + 1;
  }

  private failed(cause: Fault, done: (result: PrintResult) => void): void {
    this.active = false;
    const document = this.document;
    const left = document === undefined ? 0 : Math.ceil((document.length - this.at) / PRINT_PART_MAX);
    done({ ok: false, fault: cause, partsPrinted: this.partsPrinted, partsTotal: this.partsPrinted + left });
  }
}
