import { failed, ok, type Result } from '../fault.ts';
import { crc16 } from '../wire/crc16.ts';
import { operation, plain, refused, type Exchange } from './exchange.ts';
import { VALUE_LENGTH_MAX, latin1, type AnswerReader, type Command, type CommandWriter } from './fields.ts';
import { Pp, Spe } from './ids.ts';
import { argumentFault } from './text.ts';

/** Values of one MLR: two full blocks are the most that a clear command holds. */
const PARTS_PER_COMMAND = 2;
const NAME_LENGTH = 8;

/** Numbers of the picture formats on the line. */
export type MediaType = 1 | 2 | 3;

/** A picture for the terminal. */
export interface MediaFile {
  /** 1 to 8 characters A-Z 0-9. */
  readonly name: string;
  /** 1 PNG, 2 JPG, 3 GIF. */
  readonly type: MediaType;
  readonly bytes: Uint8Array;
}

type Done<T> = (result: Result<T>) => void;

/** The picture store of an ABECS terminal: MLI, MLR, MLE, LMF, DMF, DSI. One load at a time. */
export class Media {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly refuseUnconnected: (done: Done<never>) => boolean;

  constructor(exchange: Exchange, writer: CommandWriter, refuseUnconnected: (done: Done<never>) => boolean) {
    this.exchange = exchange;
    this.writer = writer;
    this.refuseUnconnected = refuseUnconnected;
  }

  /** LMF: names of the pictures that the terminal holds, without trailing spaces. */
  list(done: Done<readonly string[]>): void {
    if (this.refuseUnconnected(done)) return;
    this.exchange.submit(
      operation(
        'LMF',
        this.writer.begin('LMF').finish(),
        (answer, cause) => {
          if (answer === undefined) return done(failed(cause!));
          done(refused('LMF', answer) ?? ok(namesOf(answer)));
        },
        { repeats: 2 },
      ),
    );
  }

  /**
   * Loads a picture (MLI, MLR, MLE). The terminal takes it only when size and CRC-16/XMODEM agree at the end (else
   * `media-damaged`); what it held under that name stays until then. `sent` hears how many bytes are over.
   */
  load(file: MediaFile, sent: (bytes: number) => void, done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const name = this.nameOf(file.name, done);
    if (name === undefined) return;
    if (file.bytes.length === 0) return done(failed(argumentFault(`picture ${file.name} is empty`, 'Choose another')));
    const crc = crc16(file.bytes);
    const info = new Uint8Array(10);
    new DataView(info.buffer).setUint32(0, file.bytes.length);
    new DataView(info.buffer).setUint16(4, crc);
    info[6] = file.type;
    const command = this.writer.begin('MLI').text(Spe.mediaName, name).value(Spe.mediaInfo, info).finish();
    this.step('MLI', command, result => (result.ok ? this.part(file.bytes, 0, sent, done) : done(result)));
  }

  private part(bytes: Uint8Array, from: number, sent: (bytes: number) => void, done: Done<void>): void {
    if (from === bytes.length) return this.step('MLE', this.writer.begin('MLE').finish(), done, true);
    this.writer.begin('MLR');
    let to = from;
    for (let i = 0; i < PARTS_PER_COMMAND && to < bytes.length; i++) {
      const end = Math.min(bytes.length, to + VALUE_LENGTH_MAX);
      this.writer.value(Spe.dataIn, bytes.subarray(to, end));
      to = end;
    }
    this.step(
      'MLR',
      this.writer.finish(),
      result => {
        if (!result.ok) return done(result);
        sent(to);
        this.part(bytes, to, sent, done);
      },
      true,
    );
  }

  /** DMF: deletes pictures. One that is not there is a fault, `media-missing`. */
  delete(names: readonly string[], done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const padded: string[] = [];
    for (const text of names) {
      const name = this.nameOf(text, done);
      if (name === undefined) return;
      padded.push(name);
    }
    this.writer.begin('DMF');
    for (const name of padded) this.writer.text(Spe.mediaName, name);
    this.step('DMF', this.writer.finish(), done);
  }

  /** DSI: shows a picture now. */
  show(name: string, done: Done<void>): void {
    if (this.refuseUnconnected(done)) return;
    const padded = this.nameOf(name, done);
    if (padded === undefined) return;
    this.step('DSI', this.writer.begin('DSI').text(Spe.mediaName, padded).finish(), done);
  }

  private nameOf(text: string, done: Done<never>): string | undefined {
    if (/^[A-Z0-9]{1,8}$/.test(text)) return text.padEnd(NAME_LENGTH);
    done(failed(argumentFault(`"${text}" is no name of a picture`, 'Use 1 to 8 characters A-Z 0-9')));
    return undefined;
  }

  private step(name: string, command: Command, done: Done<void>, next = false): void {
    this.exchange.submit(
      operation(name, command, (answer, cause) => done(plain(name, answer, cause))),
      next,
    );
  }
}

/** Every name in the answer of LMF, one value each. */
function namesOf(answer: AnswerReader): string[] {
  const names: string[] = [];
  for (let i = 0; answer.block(i); i++) {
    const end = answer.at + answer.size;
    for (let at = answer.at; at < end;) {
      const id = (answer.byte(at) << 8) | answer.byte(at + 1);
      const size = (answer.byte(at + 2) << 8) | answer.byte(at + 3);
      const value = new Uint8Array(size);
      for (let j = 0; j < size; j++) value[j] = answer.byte(at + 4 + j);
      if (id === Pp.mediaName) names.push(latin1(value, 0, size).trimEnd());
      at += 4 + size;
    }
  }
  return names;
}
