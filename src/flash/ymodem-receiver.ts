import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { crc16 } from '../wire/crc16.ts';
import {
  ACK,
  CAN,
  CANCEL,
  EOT,
  LONG,
  NAK,
  SHORT,
  SOH,
  STX,
  WANT_CRC,
  YMODEM_FILE_MAX,
  YMODEM_TRIES,
  YmodemTimes,
  cancelledFault,
  silentFault,
  sum,
  type YmodemFile,
  type YmodemPort,
} from './ymodem.ts';

/** Start bytes before nobody is there. */
const START_TRIES = 20;
/** Start bytes after the end of the file; then it is taken without the end of the session. */
const END_TRIES = 3;
/** EOT so often before the file is whole: the sender believes that it is. */
const SHORT_EOTS = 3;

export interface YmodemReceiverOptions {
  /** Largest file that is taken, bytes. */
  readonly sizeMax?: number;
  /** Ask for the sum of one byte after so many start bytes without a sender; absent: only CRC. */
  readonly sumAfter?: number;
  /** Take a sender without block 0 (XMODEM): no name, no size, so the padding stays. */
  readonly withoutHead?: boolean;
}

type State = 'idle' | 'start' | 'data' | 'ending' | 'linger' | 'over';

/**
 * Receives one file. {@link start} asks for it; `done` is called once. A file counts only when every block was right, in
 * order, and as long together as block 0 said; then the padding is cut off. The first EOT is answered NAK, so that a
 * damaged byte between two blocks does not end a file.
 *
 * Faults: `ymodem-no-sender`, `ymodem-silent`, `ymodem-cancelled`, `ymodem-stopped`, `ymodem-head` block 0 names no file
 * or one that is too long, `ymodem-order` a block is missing, `ymodem-size` less or more came than block 0 said.
 */
export class YmodemReceiver {
  /** Blocks that came again although they were acknowledged, and damaged ones. */
  duplicates = 0;
  damaged = 0;
  private readonly port: YmodemPort;
  private readonly done: (result: Result<YmodemFile>) => void;
  private readonly options: YmodemReceiverOptions;
  private readonly block = new Uint8Array(3 + LONG + 2);
  private state: State = 'idle';
  /** `crc`: the check that is asked for now. */
  private crc = true;
  private inBlock = false;
  private purging = false;
  private filled = 0;
  private wanted = 0;
  private lastCan = false;
  private name = '';
  /** -1: not known. */
  private size = -1;
  private parts: Uint8Array[] = [];
  private length = 0;
  private expected = 0;
  private eots = 0;
  private starts = 0;
  private errors = 0;
  private timer = 0;
  private noisyTimer = 0;

  constructor(port: YmodemPort, done: (result: Result<YmodemFile>) => void, options: YmodemReceiverOptions = {}) {
    this.port = port;
    this.done = done;
    this.options = options;
  }

  start(): void {
    this.state = 'start';
    this.ask();
  }

  /** Gives up: CAN CAN, and `done` with `ymodem-stopped`. */
  cancel(): void {
    if (this.state !== 'start' && this.state !== 'data' && this.state !== 'ending') return;
    this.refuse(fault('E_EXTENDED', 'ymodem-stopped', 'the transfer was stopped here', 'Start again'));
  }

  /** Bytes of the line, in pieces of any size. */
  received(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.state === 'over' || this.state === 'idle') return;
      this.take(byte);
    }
  }

  private take(byte: number): void {
    if (this.purging) return this.wait(YmodemTimes.quietMs);
    if (this.inBlock) {
      this.block[this.filled++] = byte;
      if (this.filled < this.wanted) return this.wait(YmodemTimes.gapMs);
      this.inBlock = false;
      return this.blockCame();
    }
    const twice = this.lastCan && byte === CAN;
    this.lastCan = byte === CAN;
    switch (byte) {
      case SOH:
      case STX:
        this.inBlock = true;
        this.block[0] = byte;
        this.filled = 1;
        this.wanted = 3 + (byte === STX ? LONG : SHORT) + (this.crc ? 2 : 1);
        return this.wait(YmodemTimes.gapMs);
      case EOT:
        return this.eotCame();
      case CAN:
        if (twice && this.state !== 'linger') this.end(failed(cancelledFault('the sender')));
        return;
      default:
        // A block whose first byte was damaged: what follows is its data, and may look like anything.
        return this.purge();
    }
  }

  private blockCame(): void {
    const { block } = this;
    const size = block[0] === STX ? LONG : SHORT;
    const end = 3 + size;
    const right = this.crc
      ? crc16(block, 3, end) === ((block[end] << 8) | block[end + 1])
      : sum(block, 3, end) === block[end];
    if (block[1] + block[2] !== 0xff || !right) {
      this.damaged++;
      return this.purge();
    }
    this.eots = 0;
    switch (this.state) {
      case 'start':
        return this.firstBlock(block[1], size);
      case 'data':
        return this.dataBlock(block[1], size);
      case 'ending':
        if (block[1] !== 0) return this.complain();
        this.reply(ACK);
        return this.whole('linger');
      default:
        if (block[1] === 0) this.reply(ACK);
        return;
    }
  }

  private firstBlock(number: number, size: number): void {
    if (number === 1 && this.options.withoutHead === true) {
      this.state = 'data';
      this.expected = 1;
      return this.dataBlock(number, size);
    }
    if (number !== 0) return this.complain();
    const text = Buffer.from(this.block.subarray(3, 3 + size)).toString('latin1');
    const nameEnd = text.indexOf('\0');
    this.name = text.slice(0, Math.max(0, nameEnd));
    const told = /^\d+/.exec(text.slice(nameEnd + 1));
    this.size = told === null ? -1 : Number(told[0]);
    const sizeMax = this.options.sizeMax ?? YMODEM_FILE_MAX;
    if (this.name === '' || this.size > sizeMax)
      return this.refuse(
        fault(
          'E_ILLEGAL',
          'ymodem-head',
          this.name === '' ? 'block 0 names no file' : `the file has ${this.size} bytes, at most ${sizeMax}`,
          'Send one file that fits',
        ),
      );
    this.state = 'data';
    this.expected = 1;
    this.good();
    this.reply(ACK, this.startByte());
  }

  private dataBlock(number: number, size: number): void {
    if (number === (this.expected & 0xff)) {
      const left = this.size < 0 ? (this.options.sizeMax ?? YMODEM_FILE_MAX) - this.length : this.size - this.length;
      if (left <= 0 || (this.size < 0 && left < size))
        return this.refuse(sizeFault(`more came than the ${this.length} bytes that were said`));
      this.parts.push(this.block.slice(3, 3 + Math.min(left, size)));
      this.length += Math.min(left, size);
      this.expected++;
      this.good();
      return this.reply(ACK);
    }
    if (number === ((this.expected - 1) & 0xff)) {
      this.duplicates++;
      this.good();
      // Block 0 again: its sender waits for the start byte too.
      return this.expected === 1 ? this.reply(ACK, this.startByte()) : this.reply(ACK);
    }
    this.refuse(
      fault(
        'E_FAILURE',
        'ymodem-order',
        `block ${number} came, expected was ${this.expected & 0xff}`,
        'Start the transfer again; the line lost an answer',
      ),
    );
  }

  private eotCame(): void {
    if (this.state === 'linger' || this.state === 'ending') {
      this.wait(YmodemTimes.startMs);
      return this.reply(ACK, this.startByte());
    }
    if (this.state !== 'data') return this.purge();
    this.eots++;
    const whole = this.size < 0 ? this.length > 0 : this.length === this.size;
    if (whole && this.eots >= 2) {
      this.state = 'ending';
      this.starts = 0;
      if (this.name === '') {
        this.reply(ACK);
        return this.whole('over');
      }
      this.wait(YmodemTimes.startMs);
      return this.reply(ACK, this.startByte());
    }
    if (!whole && this.eots >= SHORT_EOTS)
      return this.refuse(sizeFault(`the sender ended after ${this.length} bytes, ${this.size} were said`));
    this.wait(YmodemTimes.waitMs);
    this.reply(NAK);
  }

  /** Ignores bytes until the line is quiet, then says that something was wrong. */
  private purge(): void {
    this.purging = true;
    this.inBlock = false;
    this.port.timers.clear(this.noisyTimer);
    this.noisyTimer = this.port.timers.set(YmodemTimes.noisyMs, () => this.quiet());
    this.wait(YmodemTimes.quietMs);
  }

  private quiet(): void {
    this.port.timers.clear(this.noisyTimer);
    this.purging = false;
    this.inBlock = false;
    this.lastCan = false;
    this.complain();
  }

  private expired(): void {
    if (this.purging || this.inBlock) {
      if (this.inBlock) this.damaged++;
      return this.quiet();
    }
    switch (this.state) {
      case 'start':
        return this.ask();
      case 'data':
        return this.complain();
      case 'ending':
        if (++this.starts >= END_TRIES) return this.whole('linger');
        this.wait(YmodemTimes.startMs);
        return this.reply(this.startByte());
      default:
        return;
    }
  }

  private ask(): void {
    if (this.starts++ >= START_TRIES)
      return this.end(
        failed(
          fault(
            'E_TIMEOUT',
            'ymodem-no-sender',
            `nobody sent a file in ${(START_TRIES * YmodemTimes.startMs) / 1000} s`,
            'Start the sender, check cable and speed',
          ),
        ),
      );
    this.crc = this.options.sumAfter === undefined || this.starts <= this.options.sumAfter;
    this.wait(YmodemTimes.startMs);
    this.reply(this.startByte());
  }

  private complain(): void {
    if (this.state === 'linger') return;
    if (++this.errors >= YMODEM_TRIES) return this.refuse(silentFault('good block'));
    this.wait(this.state === 'start' ? YmodemTimes.startMs : YmodemTimes.waitMs);
    this.reply(this.state === 'start' ? this.startByte() : NAK);
  }

  private good(): void {
    this.errors = 0;
    this.wait(YmodemTimes.waitMs);
  }

  private startByte(): number {
    return this.crc ? WANT_CRC : NAK;
  }

  private reply(...bytes: number[]): void {
    this.port.write(Uint8Array.from(bytes));
  }

  private wait(ms: number): void {
    const { timers } = this.port;
    timers.clear(this.timer);
    this.timer = timers.set(ms, () => this.expired());
  }

  private refuse(cause: Fault): void {
    this.port.write(CANCEL);
    this.end(failed(cause));
  }

  /** The file is complete. `linger`: an end of the session that is sent again is acknowledged again. */
  private whole(next: 'linger' | 'over'): void {
    const bytes = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.end(ok({ name: this.name, bytes }), next);
  }

  private end(result: Result<YmodemFile>, next: State = 'over'): void {
    if (this.state === 'linger' || this.state === 'over') return;
    this.state = next;
    this.parts = [];
    this.port.timers.clear(this.timer);
    this.port.timers.clear(this.noisyTimer);
    this.done(result);
  }
}

function sizeFault(cause: string): Fault {
  return fault('E_FAILURE', 'ymodem-size', cause, 'Start the transfer again');
}
