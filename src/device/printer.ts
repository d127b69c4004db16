import { failed, type Fault, type Result } from '../fault.ts';
import { PRINT_PART_MAX } from '../limits.ts';
import { operation, refusal, refused, REPEATS_MAX, type Exchange } from './exchange.ts';
import type { CommandWriter } from './fields.ts';
import { Panel } from './ids.ts';
import { parsePrinterStatus, type PanelInfo, type PrinterStatus } from './panel.ts';
import { argumentFault, featureMissing } from './text.ts';

/** Longest document for one call, bytes (a settlement list of a thousand items takes about half of it). */
export const PRINT_LENGTH_MAX = 128 * 1024;

/** How far a document came. On a fault `partsPrinted` parts are on paper and {@link Printer.resume} goes on after them. */
export type PrintResult =
  | { readonly ok: true; readonly partsPrinted: number }
  | { readonly ok: false; readonly fault: Fault; readonly partsPrinted: number; readonly partsTotal: number };

/** ESC @: resets the printer and puts nothing on paper. */
const INITIALISE = Uint8Array.of(0x1b, 0x40);

/**
 * Prints documents in parts of at most 980 bytes (XPR). A part carries a number; the terminal prints no part whose
 * number is that of the last one, so a part whose answer was lost can be sent again.
 *
 * A terminal remembers that number longer than this process lives. The first document after a connect is therefore
 * led by a part that prints nothing: whether the terminal takes it for a repetition or not, the next number is new.
 */
export class Printer {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly panel: () => PanelInfo | undefined;
  private document: Uint8Array | undefined = undefined;
  /** Offset of the first byte that is not on paper. */
  private at = 0;
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
    this.send(INITIALISE, true, cause => {
      if (cause !== undefined) return this.failed(cause, done);
      this.leading = false;
      this.part(done, true);
    });
  }

  private part(done: (result: PrintResult) => void, fresh: boolean): void {
    const document = this.document!;
    const end = Math.min(this.at + PRINT_PART_MAX, document.length);
    if (fresh) this.nextNumber();
    this.began = true;
    this.send(document.subarray(this.at, end), false, cause => {
      if (cause !== undefined) return this.failed(cause, done);
      this.at = end;
      this.partsPrinted++;
      if (end < document.length) return this.part(done, true);
      this.document = undefined;
      this.active = false;
      done({ ok: true, partsPrinted: this.partsPrinted });
    });
  }

  private send(bytes: Uint8Array, first: boolean, next: (cause: Fault | undefined) => void): void {
    const numbered = this.panel()?.features.partNumbers === true;
    this.writer.begin('XPR').value(Panel.print, bytes);
    if (numbered) this.writer.number(Panel.partNumber, this.partNumber, 2);
    this.exchange.submit(
      operation(
        'XPR',
        this.writer.finish(),
        (answer, cause) => next(answer === undefined ? cause : refusal('XPR', answer)),
        { repeats: numbered ? REPEATS_MAX : 0 },
      ),
      !first && this.partsPrinted > 0,
    );
  }

  private nextNumber(): void {
    this.partNumber = this.partNumber >= 0xffff ? 1 : this.partNumber + 1;
  }

  private failed(cause: Fault, done: (result: PrintResult) => void): void {
    this.active = false;
    const document = this.document;
    const total = document === undefined ? 0 : Math.ceil(document.length / PRINT_PART_MAX);
    done({ ok: false, fault: cause, partsPrinted: this.partsPrinted, partsTotal: total });
  }
}
