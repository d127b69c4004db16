import { Pp, Spe } from '../../device/ids.ts';
import { crc16 } from '../../wire/crc16.ts';
import { Refusal, concat, latin1, type Command } from './command.ts';
import type { Handler } from './machine.ts';
import { Stat } from './status.ts';

/** Bytes that the store holds, all pictures together. */
export const MEDIA_CAPACITY = 512 * 1024;
const PNG = 1;
const GIF = 3;

interface Load {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  readonly parts: Uint8Array[];
  received: number;
}

/** Pictures of the terminal, loaded in three steps (MLI, MLR, MLE). A name keeps its old picture until MLE. */
export class MediaStore {
  private readonly pictures = new Map<string, Uint8Array>();
  private loading: Load | undefined;
  /** Name of the picture on the screen, '' when none was shown. */
  shown = '';

  /** Names, in the order of their first load. */
  get names(): readonly string[] {
    return [...this.pictures.keys()];
  }

  /** Bytes of a picture, undefined when it is not held. */
  get(name: string): Uint8Array | undefined {
    return this.pictures.get(name);
  }

  /** MLI: `info` is size X4, CRC B2, type X1, three zeros. */
  open(name: string, info: Uint8Array): void {
    this.loading = undefined;
    if (!/^[A-Z0-9]{1,8} *$/.test(name) || name.length !== 8)
      throw new Refusal(Stat.invalidParameter, `MLI: name ${name}`);
    if (info.length !== 10) throw new Refusal(Stat.invalidParameter, 'MLI: wrong layout');
    const view = new DataView(info.buffer, info.byteOffset, info.length);
    const size = view.getUint32(0);
    const type = info[6];
    if (type < PNG || type > GIF || info[7] !== 0 || info[8] !== 0 || info[9] !== 0)
      throw new Refusal(Stat.mediaFormat, `MLI: type ${type}`);
    let held = size;
    for (const [other, bytes] of this.pictures) if (other !== name) held += bytes.length;
    if (size === 0 || held > MEDIA_CAPACITY) throw new Refusal(Stat.invalidParameter, `MLI: ${size} bytes`);
    this.loading = { name, size, crc: view.getUint16(4), parts: [], received: 0 };
  }

  /** MLR */
  add(parts: readonly Uint8Array[]): void {
    const load = this.opened();
    for (const part of parts) {
      load.received += part.length;
      if (load.received > load.size) this.end('more bytes than MLI said');
      load.parts.push(part.slice());
    }
  }

  /** MLE: size and CRC decide. */
  close(): void {
    const load = this.opened();
    this.loading = undefined;
    const bytes = concat(load.parts);
    if (bytes.length !== load.size || crc16(bytes) !== load.crc)
      throw new Refusal(Stat.mediaDamaged, `${bytes.length} of ${load.size} bytes, or another CRC`);
    this.pictures.set(load.name, bytes);
  }

  /** DMF: all or none. */
  delete(names: readonly string[]): void {
    for (const name of names) this.known(name);
    for (const name of names) this.pictures.delete(name);
  }

  /** DSI */
  show(name: string): void {
    this.known(name);
    this.shown = name;
  }

  /** A restart ends a load. */
  drop(): void {
    this.loading = undefined;
    this.shown = '';
  }

  private known(name: string): void {
    if (!this.pictures.has(name)) throw new Refusal(Stat.mediaMissing, `no picture ${name}`);
  }

  private opened(): Load {
    if (!this.loading) throw new Refusal(Stat.invalidCall, 'no picture load is open');
    return this.loading;
  }

  private end(why: string): never {
    this.loading = undefined;
    throw new Refusal(Stat.mediaDamaged, why);
  }
}

const names = (command: Command): string[] => command.all(Spe.mediaName).map(latin1);

/** Pictures of ABECS pads. */
export const mediaHandlers: Readonly<Record<string, Handler>> = {
  MLI: (command, machine) => {
    machine.media.open(latin1(command.required(Spe.mediaName)), command.required(Spe.mediaInfo));
    machine.reply(Stat.ok);
  },

  MLR: (command, machine) => {
    command.required(Spe.dataIn);
    machine.media.add(command.all(Spe.dataIn));
    machine.reply(Stat.ok);
  },

  MLE: (_, machine) => {
    machine.media.close();
    machine.reply(Stat.ok);
  },

  LMF: (_, machine) => {
    const answer = machine.answer();
    for (const name of machine.media.names) answer.text(Pp.mediaName, name);
    machine.reply(Stat.ok, answer);
  },

  DMF: (command, machine) => {
    command.required(Spe.mediaName);
    machine.media.delete(names(command));
    machine.reply(Stat.ok);
  },

  DSI: (command, machine) => {
    command.required(Spe.mediaName);
    machine.media.show(names(command)[0]);
    machine.reply(Stat.ok);
  },
};
