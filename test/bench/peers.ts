import { createRequire } from 'node:module';
import type { BenchMessage, BenchMessages } from './messages.ts';
import { same, sameBytes, type Work, type WorkMaker } from './work.ts';

const load = createRequire(import.meta.url);

// ---- iso_8583: ASCII throughout ----

type IsoFields = Record<string, string>;
interface Iso8583 {
  getBufferMessage(): Buffer | { error: string };
  getIsoJSON(bytes: Buffer): IsoFields;
}
type Iso8583Class = new (fields: IsoFields, formats: object) => Iso8583;

const fixed = (type: string, max: number): object => ({ ContentType: type, Label: '-', LenType: 'fixed', MaxLen: max });
const variable = (type: string, kind: string, max: number): object => ({
  ContentType: type,
  Label: '-',
  LenType: kind,
  MaxLen: max,
});

const isoFormats: Readonly<Record<string, object>> = {
  2: variable('n', 'llvar', 19),
  3: fixed('n', 6),
  4: fixed('n', 12),
  11: fixed('n', 6),
  12: fixed('n', 6),
  13: fixed('n', 4),
  14: fixed('n', 4),
  15: fixed('n', 4),
  22: fixed('n', 3),
  23: fixed('n', 3),
  25: fixed('n', 2),
  26: fixed('n', 2),
  32: variable('n', 'llvar', 11),
  35: variable('z', 'llvar', 37),
  37: fixed('an', 12),
  38: fixed('an', 6),
  39: fixed('an', 2),
  41: fixed('ans', 8),
  42: fixed('ans', 15),
  44: variable('ans', 'llvar', 25),
  49: fixed('an', 3),
  52: fixed('b', 16),
  53: fixed('n', 16),
  55: variable('ans', 'lllvar', 999),
  60: variable('n', 'lllvar', 21),
  63: variable('ans', 'lllvar', 163),
  64: fixed('b', 16),
};

const isoNote =
  'iso_8583 has no packed digits: same values in ASCII, field 55 as hex text, always 16 bytes of bitmap, 2 bytes length';

function isoFields(message: BenchMessage): IsoFields {
  const fields: IsoFields = { 0: message.mti };
  for (const [field, text] of message.fields) fields[field] = text;
  return fields;
}

function isoEncode(Class: Iso8583Class, fields: IsoFields): Buffer {
  const bytes = new Class(fields, isoFormats).getBufferMessage();
  if (!Buffer.isBuffer(bytes)) throw new Error(`iso_8583: ${bytes.error}`);
  return bytes;
}

function isoVerified(messages: BenchMessages): { Class: Iso8583Class; fields: IsoFields[]; wires: Buffer[] } {
  const Class = load('iso_8583') as Iso8583Class;
  const fields = messages.list.map(isoFields);
  const wires = fields.map(values => isoEncode(Class, values));
  wires.forEach((wire, index) => {
    const decoded = new Class({}, isoFormats).getIsoJSON(wire);
    for (const [field, text] of Object.entries(fields[index])) {
      same(decoded[field]?.toUpperCase(), text.toUpperCase(), `iso_8583, message ${index}, field ${field}`);
    }
    same(Object.keys(decoded).length, Object.keys(fields[index]).length, `iso_8583, message ${index}, fields`);
  });
  return { Class, fields, wires };
}

const isoStrings: WorkMaker = messages => {
  const { Class, wires } = isoVerified(messages);
  let kept: IsoFields = {};
  return {
    note: isoNote,
    pass() {
      for (let i = 0; i < wires.length; i++) kept = new Class({}, isoFormats).getIsoJSON(wires[i]);
      if (kept[0] !== '0210') throw new Error('iso_8583: no message');
      return wires.length;
    },
  };
};

const isoEncodeStrings: WorkMaker = messages => {
  const { Class, fields } = isoVerified(messages);
  return {
    note: isoNote,
    pass() {
      for (let i = 0; i < fields.length; i++) isoEncode(Class, fields[i]);
      return fields.length;
    },
  };
};

export const iso_8583: Readonly<Record<string, WorkMaker>> = {
  strings: isoStrings,
  'encode-strings': isoEncodeStrings,
};

// ---- jspos: the same packed layout ----

interface JsposMessage {
  setMTI(mti: string): void;
  setField(field: number, value: string): void;
  getMTI(): string;
  getValue(field: number): string | ArrayLike<number>;
  pack(): number[];
  unpack(bytes: ArrayLike<number>): void;
}
interface JsposPackager {
  setFieldPackager(fields: readonly unknown[]): void;
  createISOMsg(): JsposMessage;
}
type FieldClass = new (length: number, description: string, padLeft?: boolean) => unknown;
interface Jspos {
  ISOBasePackager: new () => JsposPackager;
  packer: Readonly<Record<string, FieldClass>>;
}

const jsposNote =
  'jspos uses the same packed layout, but its encoder writes the separator of field 35 as 0: the only nibble that may differ';

function jsposPackager(): JsposPackager {
  const { ISOBasePackager, packer } = load('jspos') as Jspos;
  const fields: unknown[] = [];
  const put = (field: number, kind: string, length: number, padLeft = false): void => {
    fields[field] = new packer[kind](length, '-', padLeft);
  };
  put(0, 'IFB_NUMERIC', 4, true);
  put(1, 'IFB_BITMAP', 8);
  for (const [field, length] of [
    [3, 6],
    [4, 12],
    [11, 6],
    [12, 6],
    [13, 4],
    [14, 4],
    [15, 4],
    [22, 3],
    [25, 2],
    [26, 2],
    [53, 16],
  ]) {
    put(field, 'IFB_NUMERIC', length);
  }
  put(23, 'IFB_NUMERIC', 3, true);
  for (const [field, length] of [
    [2, 19],
    [32, 11],
    [35, 37],
  ])
    put(field, 'IFB_LLNUM', length);
  for (const [field, length] of [
    [37, 12],
    [38, 6],
    [39, 2],
    [41, 8],
    [42, 15],
    [49, 3],
  ])
    put(field, 'IF_CHAR', length);
  put(44, 'IFB_LLCHAR', 25);
  put(52, 'IFB_BINARY', 8);
  put(55, 'IFB_LLLBINARY', 999);
  put(60, 'IFB_LLLNUM', 21);
  put(63, 'IFB_LLLCHAR', 163);
  put(64, 'IFB_BINARY', 8);
  for (let field = 0; field <= 64; field++) fields[field] ??= null;
  const packager = new ISOBasePackager();
  packager.setFieldPackager(fields);
  return packager;
}

const hexOf = (bytes: ArrayLike<number>): string => Buffer.from(Array.from(bytes)).toString('hex').toUpperCase();

const jsposStrings: WorkMaker = messages => {
  const packager = jsposPackager();
  const wires = messages.list.map(message => Array.from(messages.slab.subarray(message.bodyStart, message.bodyEnd)));
  const fields = messages.list.map(message => [...message.fields.keys()]);
  const values: (string | ArrayLike<number>)[] = new Array<string>(65).fill('');
  const one = (index: number): void => {
    const message = packager.createISOMsg();
    message.unpack(wires[index]);
    for (const field of fields[index]) values[field] = message.getValue(field);
  };
  messages.list.forEach((message, index) => {
    one(index);
    for (const [field, text] of message.fields) {
      const value = values[field];
      const got = typeof value === 'string' ? value.replace('=', 'D') : hexOf(value);
      same(got, text, `jspos, message ${index}, field ${field}`);
    }
  });
  return {
    note: 'jspos gives fields 52, 55 and 64 as arrays of numbers, not as hex text',
    pass() {
      for (let i = 0; i < wires.length; i++) one(i);
      return wires.length;
    },
  };
};

const jsposEncodeStrings: WorkMaker = messages => {
  const packager = jsposPackager();
  const entries = messages.list.map(message => [...message.fields]);
  const one = (index: number): number[] => {
    const message = packager.createISOMsg();
    message.setMTI(messages.list[index].mti);
    for (const [field, text] of entries[index]) message.setField(field, text);
    return message.pack();
  };
  messages.list.forEach((message, index) => {
    // Its length bytes are fractions such as 1.16; a socket would cut them to bytes as this does.
    const wire = Uint8Array.from(one(index));
    const wanted = messages.slab.slice(message.bodyStart, message.bodyEnd);
    const pan = message.fields.get(2) ?? '';
    if (message.fields.has(35)) {
      // Head 10, field 2 with its length, 18 bytes of fixed fields, length of field 35, then the digits before the separator.
      const nibble = (10 + 1 + ((pan.length + 1) >> 1) + 18 + 1) * 2 + pan.length;
      wanted[nibble >> 1] &= nibble & 1 ? 0xf0 : 0x0f;
      wire[nibble >> 1] &= nibble & 1 ? 0xf0 : 0x0f;
    }
    sameBytes(wire, wanted, 0, wanted.length, `jspos, message ${index}`);
  });
  return {
    note: jsposNote,
    pass() {
      let length = 0;
      for (let i = 0; i < entries.length; i++) length = one(i).length;
      if (length === 0) throw new Error('jspos: no message');
      return entries.length;
    },
  };
};

export const jspos: Readonly<Record<string, WorkMaker>> = {
  strings: jsposStrings,
  'encode-strings': jsposEncodeStrings,
};

export type { Work };
