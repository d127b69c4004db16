import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeChip, writePin } from '../../src/device/card.ts';
import { AnswerReader, CommandWriter, type Command } from '../../src/device/fields.ts';
import { Panel, Pp, Spe } from '../../src/device/ids.ts';
import { deviceFaultNames, deviceText, errFault, statFault } from '../../src/device/stat.ts';
import { encodeLine, encodeMessage, encodeText } from '../../src/device/text.ts';
import { encodePacket, PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';
import { columnsOf } from '../../src/wire/gbk.ts';
import { answer, ascii, content, frame, hex, unhex, value } from './bench.ts';

const vectors = JSON.parse(readFileSync(new URL('../vectors/abecs.json', import.meta.url), 'utf8')) as {
  plain: { name: string; data: string; frame: string }[];
  commands: Record<string, string>;
};

const writer = new CommandWriter();
const reader = new AnswerReader();

function unframe(bytes: Uint8Array): Uint8Array | undefined {
  const receiver = new PacketReceiver();
  let found: Uint8Array | undefined;
  for (const byte of bytes)
    if (receiver.push(byte) === PacketEvent.packet) found = receiver.data.slice(0, receiver.length);
  return found;
}

describe('published frames', () => {
  test.each(vectors.plain)('$name is built and read', ({ data, frame: bytes }) => {
    expect(hex(frame(unhex(data)))).toBe(bytes);
    expect(hex(unframe(unhex(bytes))!)).toBe(data);
  });

  const c = vectors.commands;
  test.each([
    ['TLI', c.tli, () => writer.begin('TLI').open().ascii('00').ascii('TABVER0008').finish()],
    ['CEX magnetic', c.cexMagnetic, () => writer.begin('CEX').text(Spe.eventOptions, '010000').finish()],
    ['CEX keys', c.cexKeys, () => writer.begin('CEX').text(Spe.eventOptions, '100000').finish()],
    [
      'CEX all',
      c.cexAll60,
      () => writer.begin('CEX').text(Spe.eventOptions, '111100').number(Spe.timeout, 60, 1).finish(),
    ],
    [
      'GCD',
      c.gcd,
      () =>
        writer
          .begin('GCD')
          .number(Spe.timeout, 60, 1)
          .number(Spe.digitsMax, 10, 1)
          .number(Spe.promptIndex, 9, 2)
          .finish(),
    ],
    [
      'MLI',
      c.mli,
      () =>
        writer
          .begin('MLI')
          .text(Spe.mediaName, 'QRCODE01')
          .value(Spe.mediaInfo, unhex('00000D06F21101000000'))
          .finish(),
    ],
    ['GIX', c.gix, () => writer.begin('GIX').value(Spe.idList, unhex('80018003800780209300')).finish()],
    ['XEV', c.xev, () => writer.begin('XEV').number(Panel.sources, 7, 1).number(Panel.timeout, 60, 2).finish()],
  ])('%s', (_name, bytes, build) => {
    const command = content(build());
    expect(hex(frame(command))).toBe(bytes);
    expect(hex(unframe(unhex(bytes))!)).toBe(hex(command));
  });

  test('DSP in Latin-1', () => {
    const message = encodeMessage('    OPERAÇÃO       FINALIZADA   ', 'ISO8859-1');
    if (!message.ok) throw new Error(message.fault.cause);
    const command = writer.begin('DSP').open().raw(message.value).finish();
    expect(hex(frame(content(command))).slice(-4)).toBe(c.dspCrc);
  });

  test('GPN', () => {
    const command = writePin(
      writer,
      {
        keyIndex: 8,
        wrappedKey: unhex('4135EA58BA13E262F44C59ED7899AA3C'),
        pan: ascii('4444333322221111'),
        min: 4,
        max: 12,
        message: 'R$         34,56DIGITE SUA SENHA',
      },
      'ISO8859-1',
    );
    if (!command.ok) throw new Error(command.fault.cause);
    expect(Buffer.from(content(command.value).subarray(0, 8)).toString('latin1')).toBe('GPN09310');
    expect(hex(frame(content(command.value))).slice(-4)).toBe(c.gpnCrc);
  });

  test('answer of XEV: ENTER, number 258', () => {
    const data = unframe(unhex(c.xevAnswer))!;
    expect(reader.load(data, data.length, true)).toBeUndefined();
    expect([reader.name, reader.stat, reader.text(Panel.event), reader.number(Panel.sequence)]).toEqual([
      'XEV',
      0,
      '10',
      258,
    ]);
  });
});

describe('values', () => {
  test('fill several blocks when one is full', () => {
    const command = content(
      writer
        .begin('GOX')
        .value(Spe.dataIn, new Uint8Array(900).fill(1))
        .value(Spe.emvData, new Uint8Array(200).fill(2))
        .finish(),
    );
    expect(Buffer.from(command.subarray(3, 6)).toString()).toBe('904');
    expect(Buffer.from(command.subarray(910, 913)).toString()).toBe('204');
    expect(command).toHaveLength(3 + 3 + 904 + 3 + 204);
  });

  test('are found in any block, in any order, unknown ones are skipped', () => {
    const first = answer('GCX000', value(0x7777, 'xx'), value(Pp.label, 'DEBIT'));
    const data = new Uint8Array(
      Buffer.concat([first, ascii('007'), value(Pp.cardType, '03').subarray(0, 6), ascii('!')]),
    );
    data[data.length - 4] = 3; // length of the last value: 3 bytes
    data.set(ascii('03!'), data.length - 3);
    expect(reader.load(data, data.length, true)).toBeUndefined();
    expect(reader.text(Pp.cardType)).toBe('03!');
    expect(reader.text(Pp.label)).toBe('DEBIT');
    expect(reader.find(Pp.pan)).toBe(false);
    expect(reader.copy(Pp.pan)).toBeUndefined();
  });

  test('round trip', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 400 })), { maxLength: 4 }),
        items => {
          writer.begin('TST').ascii('000');
          for (const [id, bytes] of items) writer.value(id, bytes);
          const data = content(writer.finish());
          expect(reader.load(data, data.length, true)).toBeUndefined();
          for (const [id] of items) expect(reader.copy(id)).toEqual(items.find(([other]) => other === id)![1]);
        },
      ),
    );
  });

  test('a copy belongs to the caller', () => {
    const data = answer('GTK000', value(Pp.track2, [1, 2, 3]));
    reader.load(data, data.length, true);
    const copy = reader.copy(Pp.track2)!;
    data.fill(0);
    expect([...copy]).toEqual([1, 2, 3]);
  });
});

describe('broken answers', () => {
  const bad = (data: Uint8Array, tagged = true) => reader.load(data, data.length, tagged);

  test.each([
    ['no STAT', ascii('XEV0'), 'STAT'],
    ['STAT is no number', ascii('XEV0A0'), 'STAT'],
    ['name is no text', unhex('000000 303030'), 'no command name'],
    ['LEN is no number', ascii('XEV000A12'), 'not three digits'],
    ['LEN cut off', ascii('XEV00001'), 'not three digits'],
    ['block longer than the packet', ascii('XEV000005AB'), 'says 5 bytes, 2 came'],
    ['value head cut off', answer('XEV000', unhex('E01000')), 'runs over'],
    ['value longer than its block', answer('XEV000', unhex('E010 0003 3031')), 'E010'],
    ['sum of values short of LEN', answer('XEV000', value(0xe010, '10'), unhex('E0')), 'runs over'],
  ])('%s', (_name, data, text) => {
    const cause = bad(data);
    expect(cause?.name).toBe('answer-malformed');
    expect(cause?.cause).toContain(text);
  });

  test('a value that reaches into the next block', () => {
    const data = ascii('XEV000006......006......');
    data.set(unhex('E010 000B'), 9);
    expect(bad(data)?.cause).toContain('E010');
  });

  test('STAT other than 000 ends the answer', () => {
    expect(bad(ascii('XEV012garbage'))).toBeUndefined();
    expect(reader.stat).toBe(12);
    expect(reader.find(0x6762)).toBe(false);
  });

  test('no bytes of the line throw or are read past the end', () => {
    const around = new Uint8Array(64);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 255 }),
        (tail, tagged, junk) => {
          const data = Buffer.concat([ascii('XEV000'), tail]);
          around.fill(junk).set(data);
          const one = reader.load(around, data.length, tagged)?.cause;
          around.fill(255 - junk).set(data);
          expect(reader.load(around, data.length, tagged)?.cause).toBe(one);
          if (one === undefined && tagged) for (const id of [0xe010, 0, 0x3030]) reader.find(id);
        },
      ),
    );
  });
});

describe('bounds', () => {
  test('a packet of 2049 bytes fits the frame, 2050 bytes are refused by the receiver', () => {
    const out = new Uint8Array(4102);
    const data = new Uint8Array(2049).fill(0x13);
    expect(encodePacket(data, 2049, out, 0)).toBe(4102);
    expect(unframe(frame(new Uint8Array(2049).fill(0x41)))).toHaveLength(2049);
    expect(unframe(frame(new Uint8Array(2050).fill(0x41)))).toBeUndefined();
  });

  test('the writer asserts instead of cutting', () => {
    expect(() => writer.begin('XPR').value(Panel.print, new Uint8Array(996))).toThrow('995');
    expect(() => writer.begin('XEV').number(Panel.timeout, 65_536, 2)).toThrow('X2');
    writer.begin('TST');
    for (let i = 0; i < 2; i++) writer.value(1, new Uint8Array(995));
    expect(() => writer.value(1, new Uint8Array(50))).toThrow('2044');
  });
});

describe('commands', () => {
  const written = (text: string): Command => writer.begin('TST').open().ascii(text).finish();

  test('belong to their owners until they are wiped, and are zeroed then', () => {
    const first = written('first');
    const second = written('second');
    expect(hex(content(first))).toBe(hex(ascii('TST005first')));
    const { bytes } = first;
    first.wipe();
    expect(bytes.every(byte => byte === 0)).toBe(true);
    expect(() => first.wipe()).toThrow('wiped once');
    written('third').wipe();
    expect(hex(content(second))).toBe(hex(ascii('TST006second')));
  });

  test('that were given up half written leave nothing', () => {
    writer.begin('TST').open().ascii('4111111111111111');
    expect(writer.display('too wide', 4, 'GBK')).toBe(-1);
    const command = written('x');
    expect(hex(command.bytes.subarray(0, 40))).toBe(hex(ascii('TST001x')).padEnd(80, '0'));
  });
});

describe('texts', () => {
  test('GBK, Latin-1 and ASCII, one byte a column', () => {
    expect(encodeText('金额:1', 'GBK')).toEqual({ ok: true, value: unhex('BDF0B6EE3A31') });
    expect(encodeText('Ç', 'ISO8859-1')).toEqual({ ok: true, value: unhex('C7') });
    expect(encodeLine('请插卡或刷卡 OK!', 16, 'GBK').ok).toBe(true);
  });

  test.each([
    ['😀', 'GBK', 'U+D83D'],
    ['金', 'ISO8859-1', 'U+91D1'],
    ['Ç', 'ASCII', 'U+00C7'],
    ['a\rb', 'GBK', 'U+000D at 2'],
    ['\u0085', 'ISO8859-1', 'U+0085'],
  ] as const)('%j is not in %s', (text, charset, place) => {
    const result = encodeText(text, charset);
    expect(result.ok ? '' : result.fault.cause).toContain(place);
  });

  test('a line too wide is refused', () => {
    const result = encodeLine('请插卡或刷卡请插', 15, 'GBK');
    expect(result.ok ? '' : result.fault.name).toBe('text-too-wide');
  });

  test('every fault has a short text of at most 16 columns in both languages', () => {
    const names = deviceFaultNames();
    expect(names.length).toBeGreaterThan(60);
    for (const name of names) {
      const text = deviceText(name);
      expect([name, columnsOf(text.zh) <= 16 && encodeText(text.zh, 'GBK').ok, text.en.length <= 16]).toEqual([
        name,
        true,
        true,
      ]);
      expect(text.zh + text.en).not.toBe('');
    }
    expect(deviceText('something-new').en).toBe('TERMINAL ERROR');
  });

  test('every STAT names itself, its command and a remedy', () => {
    for (let stat = 1; stat < 1000; stat++) {
      const cause = statFault('GCX', stat);
      expect(cause.cause).toContain(`STAT ${String(stat).padStart(3, '0')}`);
      expect(cause.cause).toContain('GCX');
      expect(cause.remedy.length).toBeGreaterThan(5);
    }
    expect(statFault('XPR', 110)).toMatchObject({ code: 'E_EXTENDED', name: 'paper-out' });
    expect(statFault('EBX', 47).name).toBe('key-guard');
    expect(statFault('XLE', 123).name).toBe('image-not-newer');
    expect(statFault('GCX', 999).name).toBe('stat-unknown');
    expect(errFault('XID', 10).name).toBe('command-unknown');
    expect(errFault('XID', 3).name).toBe('session-missing');
  });
});

describe('arguments are checked before anything is sent', () => {
  const pin = { keyIndex: 0, min: 4, max: 12 };
  test.each([
    ['amount', () => writeChip(writer, { date: '261122', time: '101500', amountMinor: 1.5 }, 'GBK')],
    ['amount', () => writeChip(writer, { date: '261122', time: '101500', amountMinor: 1e12 }, 'GBK')],
    ['YYMMDD', () => writeChip(writer, { date: '20261122', time: '101500' }, 'GBK')],
    ['time-out', () => writeChip(writer, { date: '261122', time: '101500', timeoutSeconds: 256 }, 'GBK')],
    ['tag list', () => writeChip(writer, { date: '261122', time: '101500', tagList: new Uint8Array(129) }, 'GBK')],
    ['key index', () => writePin(writer, { ...pin, keyIndex: 100 }, 'GBK')],
    ['working key of 24', () => writePin(writer, { ...pin, wrappedKey: new Uint8Array(24) }, 'GBK')],
    ['PIN length', () => writePin(writer, { ...pin, min: 3 }, 'GBK')],
    ['account number', () => writePin(writer, { ...pin, pan: ascii('6225-00') }, 'GBK')],
    ['columns', () => writePin(writer, { ...pin, message: 'x'.repeat(33) }, 'GBK')],
  ])('%s', (text, build) => {
    const result = build();
    expect(result.ok ? 'sent' : result.fault.cause).toContain(text);
  });
});
