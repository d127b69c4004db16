import { fault, type Fault, type Result, failed, ok } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';
import { crc16 } from '../wire/crc16.ts';

/**
 * YMODEM-1K, one file, both ends. A block is `01|02 number ~number data(128|1024) check`, the check two bytes CRC-16/XMODEM
 * over the data, or one byte sum where the receiver asks for that. Block 0 carries `name 00 size mtime mode 0 00`; data
 * blocks count from 1; the last one is filled with 1A, which the receiver cuts off by the size. After the data EOT, then
 * an empty block 0.
 *
 * Both ends have no clock and no line of their own: bytes and timers come in, bytes go out.
 */

export const SOH = 0x01;
export const STX = 0x02;
export const EOT = 0x04;
export const ACK = 0x06;
export const NAK = 0x15;
export const CAN = 0x18;
/** Start byte of a receiver that wants CRC. */
export const WANT_CRC = 0x43;
const FILL = 0x1a;

/** Data bytes of the two kinds of block. */
export const SHORT = 128;
export const LONG = 1024;
/** A terminal's monitor has room for one image. */
export const YMODEM_FILE_MAX = 16 * 1024 * 1024;
/** Name of a file in block 0, bytes of ASCII. */
const NAME_MAX = 64;

export const YmodemTimes = {
  /** The other side's next answer or block. */
  waitMs: 10_000,
  /** Between two start bytes of a receiver. */
  startMs: 3000,
  /** How long a sender waits for the first start byte. */
  firstStartMs: 60_000,
  /** Silence inside a block. */
  gapMs: 1000,
  /** The line counts as quiet after this. */
  quietMs: 500,
  /** A line that never gets quiet counts as one more error. */
  noisyMs: 5000,
  /** A start byte so soon after block 0 was asked before it. */
  staleMs: 1000,
} as const;

/** Tries of one block, and errors in a row that a receiver bears. */
export const YMODEM_TRIES = 10;

export interface YmodemPort {
  /** Hands bytes to the line. */
  write(bytes: Uint8Array): void;
  readonly timers: Timers;
}

export interface YmodemFile {
  /** File name without folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What ends a transfer; the backspaces clean the line of a person who sees it. */
export const CANCEL = Uint8Array.of(CAN, CAN, CAN, CAN, CAN, 8, 8, 8, 8, 8);

export function cancelledFault(who: string): Fault {
  return fault(
    'E_FAILURE',
    'ymodem-cancelled',
    `${who} gave the transfer up (CAN CAN)`,
    'Look at the terminal for the reason, then start again',
  );
}

export function silentFault(what: string): Fault {
  return fault(
    'E_TIMEOUT',
    'ymodem-silent',
    `no ${what} came in ${YMODEM_TRIES} tries`,
    'Check the cable and the speed, and that the loader of the terminal waits for YMODEM',
  );
}

type SenderState = 'idle' | 'start' | 'head' | 'go' | 'data' | 'eot' | 'endStart' | 'end' | 'over';

/**
 * Sends one file. {@link start} waits for the receiver's start byte; `done` is called once. `progress` hears how many
 * bytes of the file were acknowledged.
 *
 * Faults: `ymodem-no-receiver` nobody asked for the file, `ymodem-silent`, `ymodem-refused` the receiver refused a block
 * ten times, `ymodem-cancelled`, `ymodem-stopped` by {@link cancel}, `ymodem-unconfirmed` the file is out and its end was
 * acknowledged, but not the end of the session, `ymodem-file` for a file that cannot be sent.
 */
export class YmodemSender {
  /** Steps that were done again. */
  repeats = 0;
  private readonly file: YmodemFile;
  private readonly port: YmodemPort;
  private readonly progress: (sentBytes: number) => void;
  private readonly done: (result: Result<void>) => void;
  private readonly block = new Uint8Array(3 + LONG + 2);
  private state: SenderState = 'idle';
  private blockLength = 0;
  private crc = true;
  private number = 0;
  /** File bytes acknowledged, and in the block that is out. */
  private sent = 0;
  private inBlock = 0;
  private tries = 0;
  private timer = 0;
  private staleTimer = 0;
  private lastCan = false;

  constructor(
    file: YmodemFile,
    port: YmodemPort,
    progress: (sentBytes: number) => void,
    done: (result: Result<void>) => void,
  ) {
    this.file = file;
    this.port = port;
    this.progress = progress;
    this.done = done;
  }

  start(): void {
    if (this.state !== 'idle') return;
    const { name, bytes } = this.file;
    if (!/^[\x21-\x7e]+$/.test(name) || name.includes('/') || name.length > NAME_MAX)
      return this.end(failed(fileFault(`the name "${name}" is not 1 to ${NAME_MAX} ASCII characters without folder`)));
    if (bytes.length === 0 || bytes.length > YMODEM_FILE_MAX)
      return this.end(failed(fileFault(`${name} has ${bytes.length} bytes, allowed 1 to ${YMODEM_FILE_MAX}`)));
    this.state = 'start';
    this.wait(YmodemTimes.firstStartMs);
  }

  /** Gives up: CAN CAN, and `done` with `ymodem-stopped`. */
  cancel(): void {
    if (this.state === 'over') return;
    if (this.state !== 'idle') this.port.write(CANCEL);
    this.end(
      failed(
        fault('E_EXTENDED', 'ymodem-stopped', 'the transfer was stopped here', 'Start again; the old image stays'),
      ),
    );
  }

  /** Bytes of the line, in pieces of any size. */
  received(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.state === 'over' || this.state === 'idle') return;
      if (byte === CAN) {
        if (this.lastCan) return this.end(failed(cancelledFault('the receiver')));
        this.lastCan = true;
        continue;
      }
      this.lastCan = false;
      this.take(byte);
    }
  }

  private take(byte: number): void {
    switch (this.state) {
      case 'start':
        if (byte !== WANT_CRC && byte !== NAK) return;
        this.crc = byte === WANT_CRC;
        return this.sendHead();
      case 'head':
        if (byte === ACK) {
          this.state = 'go';
          return this.wait(YmodemTimes.startMs);
        }
        // A start byte may be one that waited in the line; it counts only when block 0 had the time to get there.
        if (byte === WANT_CRC && this.staleTimer === 0) {
          this.crc = true;
          return this.again(() => this.sendHead());
        }
        if (byte === NAK) return this.again(() => this.sendHead());
        return;
      case 'go':
        if (byte === WANT_CRC || byte === NAK) this.sendData();
        return;
      case 'data':
        if (byte === ACK) return this.dataTaken();
        if (byte === NAK) return this.again(() => this.out());
        return;
      case 'eot':
        if (byte === ACK) {
          this.state = 'endStart';
          return this.wait(YmodemTimes.startMs);
        }
        if (byte === NAK) return this.again(() => this.sendEot());
        return;
      case 'endStart':
        if (byte === (this.crc ? WANT_CRC : NAK)) return this.sendEnd();
        // The acknowledgement was of the last block: the receiver asks for EOT once more.
        if (byte === NAK) this.again(() => this.sendEot());
        return;
      case 'end':
        if (byte === ACK) return this.end(ok(undefined));
        if (byte === NAK) this.again(() => this.out());
        return;
      default:
        return;
    }
  }

  private expired(): void {
    switch (this.state) {
      case 'start':
        return this.end(
          failed(
            fault(
              'E_TIMEOUT',
              'ymodem-no-receiver',
              `nobody asked for the file in ${YmodemTimes.firstStartMs / 1000} s`,
              'Start the YMODEM receiver of the terminal, check cable and speed',
            ),
          ),
        );
      case 'head':
        return this.again(() => this.sendHead());
      case 'go':
        // The start byte after block 0 was lost: the receiver takes block 1 all the same.
        return this.sendData();
      case 'data':
        return this.again(() => this.out());
      case 'eot':
        return this.again(() => this.sendEot());
      case 'endStart':
        return this.sendEnd();
      case 'end':
        return this.again(() => this.out());
      default:
        return;
    }
  }

  /** Once more the same step; after ten tries the transfer ends. */
  private again(step: () => void): void {
    this.repeats++;
    if (++this.tries < YMODEM_TRIES) return step();
    this.port.write(CANCEL);
    if (this.state === 'end')
      return this.end(
        failed(
          fault(
            'E_TIMEOUT',
            'ymodem-unconfirmed',
            'the whole file was acknowledged, but not the end of the session',
            'Look at the terminal whether it took the image',
          ),
        ),
      );
    this.end(failed(silentFault(this.state === 'eot' ? 'acknowledgement of the end of the file' : 'acknowledgement')));
  }

  private sendHead(): void {
    this.state = 'head';
    const { name, bytes } = this.file;
    this.number = 0;
    const data = this.block.subarray(3, 3 + SHORT).fill(0);
    const text = `${name}\0${bytes.length} 0 100644 0`;
    for (let i = 0; i < text.length; i++) data[i] = text.charCodeAt(i);
    this.finish(SHORT);
    this.port.timers.clear(this.staleTimer);
    this.staleTimer = this.port.timers.set(YmodemTimes.staleMs, () => {
      this.staleTimer = 0;
    });
    this.out();
  }

  private sendData(): void {
    this.tries = 0;
    this.state = 'data';
    this.number = (this.number + 1) & 0xff;
    const left = this.file.bytes.length - this.sent;
    const size = left <= SHORT ? SHORT : LONG;
    this.inBlock = Math.min(left, size);
    this.block.fill(FILL, 3, 3 + size);
    this.block.set(this.file.bytes.subarray(this.sent, this.sent + this.inBlock), 3);
    this.finish(size);
    this.out();
  }

  private dataTaken(): void {
    this.sent += this.inBlock;
    this.inBlock = 0;
    this.progress(this.sent);
    if (this.sent < this.file.bytes.length) return this.sendData();
    this.tries = 0;
    this.sendEot();
  }

  private sendEot(): void {
    this.state = 'eot';
    this.wait(YmodemTimes.waitMs);
    this.port.write(Uint8Array.of(EOT));
  }

  private sendEnd(): void {
    this.state = 'end';
    this.tries = 0;
    this.number = 0;
    this.block.fill(0, 3, 3 + SHORT);
    this.finish(SHORT);
    this.out();
  }

  /** Head and check around `size` data bytes that are in place. */
  private finish(size: number): void {
    const { block } = this;
    block[0] = size === LONG ? STX : SOH;
    block[1] = this.number;
    block[2] = ~this.number & 0xff;
    if (this.crc) {
      const crc = crc16(block, 3, 3 + size);
      block[3 + size] = crc >> 8;
      block[4 + size] = crc & 0xff;
    } else block[3 + size] = sum(block, 3, 3 + size);
    this.blockLength = 3 + size + (this.crc ? 2 : 1);
  }

  private out(): void {
    this.wait(YmodemTimes.waitMs);
    this.port.write(this.block.subarray(0, this.blockLength));
  }

  private wait(ms: number): void {
    const { timers } = this.port;
    timers.clear(this.timer);
    this.timer = timers.set(ms, () => this.expired());
  }

  private end(result: Result<void>): void {
    this.state = 'over';
    this.port.timers.clear(this.timer);
    this.port.timers.clear(this.staleTimer);
    this.done(result);
  }
}

function fileFault(cause: string): Fault {
  return fault('E_ILLEGAL', 'ymodem-file', cause, 'Choose another file');
}

/** Sum of bytes modulo 256, the old check. */
export function sum(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) total += bytes[i];
  return total & 0xff;
}
