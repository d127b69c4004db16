import { failed, ok, type Fault, type Result } from '../fault.ts';
import { operation, plain, refused, REPEATS_MAX, type Exchange } from './exchange.ts';
import type { Command, CommandWriter } from './fields.ts';
import { Panel } from './ids.ts';
import { incomplete, slotsOf, type PanelInfo, type SlotInfo } from './panel.ts';
import { argumentFault, featureMissing } from './text.ts';

/** Longest DATA value of XLR, bytes. */
export const IMAGE_PART_MAX = 980;

/** The profile slots of a panel terminal. An image is opaque here; flash/ knows the order of the steps. */
export class Slots {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly panel: () => PanelInfo | undefined;
  private readonly closed: () => Fault | undefined;

  /** `closed`: why nothing can be asked now; undefined while the terminal is connected. */
  constructor(
    exchange: Exchange,
    writer: CommandWriter,
    panel: () => PanelInfo | undefined,
    closed: () => Fault | undefined = () => undefined,
  ) {
    this.exchange = exchange;
    this.writer = writer;
    this.panel = panel;
    this.closed = closed;
  }

  /** XLQ: what the slots hold now. */
  query(done: (result: Result<SlotInfo>) => void): void {
    if (this.missing(done)) return;
    this.exchange.submit(
      operation(
        'XLQ',
        this.writer.begin('XLQ').finish(),
        (answer, cause) => {
          if (answer === undefined) return done(failed(cause!));
          const slots = slotsOf(answer);
          done(
            refused('XLQ', answer) ?? (slots === undefined ? failed(incomplete('XLQ', 'ACTIVE (E020)')) : ok(slots)),
          );
        },
        { repeats: REPEATS_MAX },
      ),
    );
  }

  /**
   * XLI: opens the inactive slot for an image of `size` bytes with this SHA-256 (32 bytes). Answers how many bytes the
   * terminal already holds of it (a load that was cut off goes on there).
   */
  open(size: number, sha256: Uint8Array, done: (result: Result<number>) => void): void {
    if (this.missing(done)) return;
    if (sha256.length !== 32 || !Number.isInteger(size) || size < 1 || size > 0xffffffff) {
      return done(
        failed(argumentFault('XLI: size is 1 to 2^32 - 1 and the digest 32 bytes', 'Compile the image again')),
      );
    }
    const command = this.writer.begin('XLI').number(Panel.size, size, 4).value(Panel.sha256, sha256).finish();
    this.exchange.submit(
      operation(
        'XLI',
        command,
        (answer, cause) => {
          if (answer === undefined) return done(failed(cause!));
          const received = answer.number(Panel.received);
          done(
            refused('XLI', answer) ??
              (received === undefined ? failed(incomplete('XLI', 'RECEIVED (E024)')) : ok(received)),
          );
        },
        { repeats: REPEATS_MAX },
      ),
    );
  }

  /** XLR: 1 to 980 bytes at `offset`. After a communication error ask {@link open} how much is held. */
  write(offset: number, data: Uint8Array, done: (result: Result<void>) => void): void {
    if (this.missing(done)) return;
    if (data.length < 1 || data.length > IMAGE_PART_MAX) {
      return done(
        failed(argumentFault(`XLR: ${data.length} bytes, allowed 1–${IMAGE_PART_MAX}`, 'Send smaller parts')),
      );
    }
    const command = this.writer.begin('XLR').number(Panel.offset, offset, 4).value(Panel.data, data).finish();
    this.submit('XLR', command, 0, done);
  }

  /** XLE: the terminal checks size, digest, signature, version and model. */
  end(done: (result: Result<void>) => void): void {
    if (this.missing(done)) return;
    this.submit('XLE', this.writer.begin('XLE').finish(), 0, done);
  }

  /** XLA: the terminal restarts from the other slot on trial; the line may hang up, connect again within 10 s. */
  activate(done: (result: Result<void>) => void): void {
    if (this.missing(done)) return;
    this.submit('XLA', this.writer.begin('XLA').finish(), 0, done);
  }

  /** XLC: the trial becomes the confirmed state. */
  confirm(done: (result: Result<void>) => void): void {
    if (this.missing(done)) return;
    this.submit('XLC', this.writer.begin('XLC').finish(), REPEATS_MAX, done);
  }

  private submit(name: string, command: Command, repeats: number, done: (result: Result<void>) => void): void {
    this.exchange.submit(operation(name, command, (answer, cause) => done(plain(name, answer, cause)), { repeats }));
  }

  private missing(done: (result: Result<never>) => void): boolean {
    if (this.panel()?.features.slots === true) return false;
    done(failed(this.closed() ?? featureMissing('profile slots')));
    return true;
  }
}
