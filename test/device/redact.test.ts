import { describe, expect, test } from 'vitest';
import { AS_IS, standInOf } from '../../src/card/stand-in.ts';
import { ClearCard } from '../../src/card/card.ts';
import { readChip, readTracks, writeEncrypt, writeFinish, writeGo, writePin } from '../../src/device/card.ts';
import { AnswerReader, CommandWriter } from '../../src/device/fields.ts';
import { Panel, Pp, Spe } from '../../src/device/ids.ts';
import { LineRedactor } from '../../src/device/redact.ts';
import { parseEvent } from '../../src/device/panel.ts';
import type { Result } from '../../src/fault.ts';
import { MessageRedactor } from '../../src/trace/redact-message.ts';
import { ACK, CAN, EOT, NAK, PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';
import { Random } from '../fuzz/random.ts';
import { canariesOf, cardOf, chipOf, encoded, found, planOf, track2 } from '../trace/redact-world.ts';
import { answer, ascii, content, frame, hex, unhex, value } from './bench.ts';
import { answersOf, commandsOf } from './redact-world.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const standIn = standInOf(KEY, 2611);

function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}

/** The stream after marking, cut into pieces of random length that all lie in one array. */
function marked(redactor: LineRedactor, stream: Uint8Array, random?: Random): Uint8Array {
  const bytes = stream.slice();
  for (let at = 0; at < bytes.length;) {
    const to = Math.min(bytes.length, at + (random === undefined ? bytes.length : 1 + random.below(40)));
    redactor.take(bytes, at, to);
    at = to;
  }
  return bytes;
}

/** What a receiver of the line makes of the bytes: events, and the data of good packets. */
function received(stream: Uint8Array): { events: number[]; packets: Uint8Array[] } {
  const receiver = new PacketReceiver();
  const events: number[] = [];
  const packets: Uint8Array[] = [];
  for (const byte of stream) {
    const event = receiver.push(byte);
    if (event === PacketEvent.none) continue;
    events.push(event);
    if (event === PacketEvent.packet) packets.push(receiver.data.slice(0, receiver.length));
  }
  return { events, packets };
}

const contentOf = (redactor: LineRedactor, data: Uint8Array | string): Uint8Array =>
  received(marked(redactor, frame(data))).packets[0];
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe('600 cards through every command and answer', () => {
  test.each(['toTerminal', 'fromTerminal'] as const)('%s: no canary is left, whatever the pieces', way => {
    const random = new Random(1);
    const redactor = new LineRedactor(standIn, way);
    for (let i = 0; i < 300; i++) {
      const card = cardOf(random);
      const packets = way === 'toTerminal' ? commandsOf(card) : answersOf(card);
      const stream = join(packets.flatMap(packet => [frame(packet), Uint8Array.of(ACK)]));
      const left = way === 'toTerminal' ? 2 : 4;
      expect(found(stream, canariesOf(card)).length).toBeGreaterThan(left);
      const bytes = marked(redactor, stream, random);
      expect({ i, found: found(bytes, canariesOf(card)) }).toEqual({ i, found: [] });
      expect(redactor.open).toBe(false);
      const [before, after] = [received(stream), received(bytes)];
      expect(after.events).toEqual(before.events);
      expect(after.packets.map(packet => packet.length)).toEqual(before.packets.map(packet => packet.length));
      expect(hex(marked(new LineRedactor(standIn, way), stream))).toBe(hex(bytes));
      expect(hex(marked(new LineRedactor(AS_IS, way), bytes))).toBe(hex(bytes));
    }
  });

  test('damaged, cut, overlong, with noise: no canary is left, and a receiver sees the same happen', () => {
    const random = new Random(2);
    for (let i = 0; i < 200; i++) {
      const card = cardOf(random);
      const way = random.oneIn(2) ? 'toTerminal' : 'fromTerminal';
      const parts = (way === 'toTerminal' ? commandsOf(card) : answersOf(card)).map(packet => {
        const bytes = frame(packet);
        const where = random.below(bytes.length - 1) + 1;
        switch (random.below(7)) {
          case 0:
            bytes[bytes.length - 1] ^= 1 << random.below(8);
            return bytes;
          case 1:
            return bytes.slice(0, where);
          case 2:
            bytes[where] = random.byte();
            return bytes;
          case 3:
            return join([bytes.slice(0, where), Uint8Array.of(0x13, 0x41), bytes.slice(where)]);
          case 4:
            return join([bytes.slice(0, where), ascii(card.pan.repeat(130)), bytes.slice(where)]);
          case 5:
            return join([ascii(card.pan), bytes, Uint8Array.of([NAK, CAN, EOT, ACK][random.below(4)])]);
          default:
            return bytes;
        }
      });
      const stream = join(parts);
      const redactor = new LineRedactor(standIn, way);
      const bytes = marked(redactor, stream, random);
      redactor.abandon();
      expect({ i, found: found(bytes, canariesOf(card)) }).toEqual({ i, found: [] });
      const kinds = (events: readonly number[]): string => events.filter(event => event <= 2).join('');
      expect(kinds(received(bytes).events)).toBe(kinds(received(stream).events));
    }
  });
});

describe('what a driver reads of a marked line is the card with its stand-in', () => {
  test('the message made of it is the marked message of the real card; what is written to the terminal too', () => {
    const plan = planOf('unionpay-pos');
    const messages = new MessageRedactor(plan, plan.framing, standIn);
    const random = new Random(3);
    for (let i = 0; i < 100; i++) {
      const card = cardOf(random);
      const tracks = answer('GTK000', value(Pp.track2, unhexTrack(track2(card))));
      const chip = answer(
        'GCX000',
        value(Pp.cardType, '03'),
        value(Pp.pan, card.pan),
        value(Pp.expiry, `${card.expiry}31`),
        value(Pp.emvData, unhex(`9F26080102030405060708${chipOf(card)}`)),
      );
      const [clear, made] = [false, true].map(mark => {
        const load = (packet: Uint8Array): AnswerReader => {
          const redactor = new LineRedactor(standIn, 'fromTerminal');
          const data = mark ? contentOf(redactor, packet) : packet;
          const reader = new AnswerReader();
          expect(reader.load(data, data.length, true)).toBeUndefined();
          return reader;
        };
        const { track2: packed } = good(readTracks(load(tracks)));
        const info = good(readChip(load(chip)));
        const read = good(ClearCard.fromTrack2(packed!));
        const key = unhex(mark ? '4B'.repeat(16) : card.key);
        const message = encoded(plan, '0200', {
          '2': textOf(info.pan!),
          '3': '000000',
          '14': textOf(read.expiry),
          '35': textOf(read.track2),
          '52': mark ? '50'.repeat(8) : card.pinBlock,
          '55': hex(info.emvData!),
          '60': '2200000100050',
          '64': '3132333435363738',
        });
        const writer = new CommandWriter();
        const written = [
          writePin(writer, { keyIndex: 1, wrappedKey: key, pan: read.pan, min: 0, max: 12 }, 'GBK'),
          writePin(writer, { keyIndex: 1, wrappedKey: key, min: 0, max: 12 }, 'GBK'),
          writeGo(writer, { acquirer: 0, pinMethod: 1, keyIndex: 1, wrappedKey: key, amountMinor: 1 }, 'GBK'),
          writeEncrypt(writer, { method: 'ecb', keyIndex: 1, wrappedKey: key, data: new Uint8Array(8) }),
          writeEncrypt(writer, { method: 'ecb', keyIndex: 1, wrappedKey: key, data: read.pan.slice(0, 8) }),
          writeFinish(writer, { outcome: 'approved', responseCode: '00', issuerData: unhex('910A0102030405060708') }),
        ].map(command => frame(content(good(command))));
        return { message, masked: read.masked(), written };
      });
      expect(made.masked).toBe(clear.masked);
      messages.redact(clear.message, 0, clear.message.length);
      expect(hex(made.message)).toBe(hex(clear.message));
      clear.written.forEach((packet, n) => {
        const recorded = received(marked(new LineRedactor(standIn, 'toTerminal'), packet)).packets[0];
        const repeated = received(marked(new LineRedactor(AS_IS, 'toTerminal'), made.written[n])).packets[0];
        expect(hex(repeated)).toBe(hex(recorded));
      });
    }
  });
});

function unhexTrack(track: string): Uint8Array {
  return unhex(track.length % 2 === 0 ? track : `${track}F`);
}

describe('single values', () => {
  const toTerminal = new LineRedactor(standIn, 'toTerminal', { publicNumbers: ['898310148160003'] });
  const fromTerminal = new LineRedactor(standIn, 'fromTerminal');

  test('a key event is the digit 5 while a secret is typed, and as it was before and after', () => {
    const digit = answer('XEV000', value(Panel.event, '07'), value(Panel.sequence, [1, 2]));
    const enter = answer('XEV000', value(Panel.event, '10'), value(Panel.sequence, [1, 3]));
    const keyOf = (packet: Uint8Array): unknown => {
      const data = contentOf(fromTerminal, packet);
      const reader = new AnswerReader();
      reader.load(data, data.length, true);
      return good(parseEvent(reader)).event;
    };
    expect(keyOf(digit)).toEqual({ kind: 'key', key: '7' });
    fromTerminal.secretKeys = true;
    expect(keyOf(digit)).toEqual({ kind: 'key', key: '5' });
    expect(keyOf(enter)).toEqual({ kind: 'key', key: 'ENTER' });
    fromTerminal.secretKeys = false;
    expect(keyOf(digit)).toEqual({ kind: 'key', key: '7' });
  });

  test.each([
    ['134567890123456789', '13000000000000 6789'.replace(' ', '')],
    ['6212345678901234567', '6200000000000004567'],
    ['58012611223344556677', '58012611223344556677'],
    ['4200001234202611221234567890', '4200001234202611221234567890'],
    ['123456', '123456'],
    ['5225000000000014', '0000000000000000'],
    ['4111111111111', '0000000000000'],
    ['hQVDUFYwMWETTwegAA', '000000000000000000'],
    ['https://x.cn/6225000000000014', '00000://0.00/0000000000000000'],
    [`P8${'0123456789ABCDEFGHJK'.repeat(10)}`.slice(0, 190), `P8${'0123456789ABCDEFGHJK'.repeat(10)}`.slice(0, 190)],
  ])('scanned %s → %s', (scanned, shown) => {
    const data = contentOf(fromTerminal, answer('XEV000', value(Panel.event, '95'), value(Panel.scan, scanned)));
    expect(textOf(data).slice(-shown.length)).toBe(shown);
  });

  test.each([
    ['CARD NO: 622500******0014 /S', 'CARD NO: 622500******0014 /S'],
    ['CARD 6225000000000014', 'CARD 6225000000000014'],
    ['CARD 4111111111111111', 'CARD 4111110000001111'],
    ['MERCHANT 898310148160003', 'MERCHANT 898310148160003'],
    ['REF 123456789012', 'REF 123456789012'],
    ['4111111111111111=30101011234;', '0000000000000000=00000000000;'],
    ['EXP DATE: 2030/10\n2030/10', 'EXP DATE: 2049/12\n2030/10'],
    ['EXP DATE: 2026/10\n', 'EXP DATE: 2000/01\n'],
  ])('paper %s → %s', (printed, shown) => {
    const data = contentOf(toTerminal, join([ascii('XPR'), answer('', value(Panel.print, printed))]));
    expect(textOf(data).slice(-shown.length)).toBe(shown);
  });

  test('paper: an expiry that the end of a part cuts', () => {
    const parts = ['EXP DA', 'TE: 20', '30/1', '0\n30'].map(part =>
      textOf(contentOf(toTerminal, join([ascii('XPR'), answer('', value(Panel.print, part))]))).slice(-part.length),
    );
    expect(parts.join('')).toBe('EXP DATE: 2049/12\n30');
  });

  test('check values stay, other inputs of the cipher do not; of its output the last eight bytes stay', () => {
    const command = (data: Uint8Array): Uint8Array =>
      content(
        good(
          writeEncrypt(new CommandWriter(), {
            method: 'ecb',
            keyIndex: 1,
            wrappedKey: new Uint8Array(16).fill(9),
            data,
          }),
        ),
      );
    expect(hex(contentOf(toTerminal, command(new Uint8Array(8))))).toContain('000F00080000000000000000');
    expect(hex(contentOf(toTerminal, command(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1))))).toContain(
      '000F00083030303030303030',
    );
    expect(hex(contentOf(toTerminal, command(new Uint8Array(8))))).toContain(`000A0010${'4B'.repeat(16)}`);
    const out = contentOf(
      fromTerminal,
      answer('EBX000', value(Pp.dataOut, unhex('1111111111111111 2222222222222222'))),
    );
    expect(hex(out)).toContain('3030303030303030' + '2222222222222222');
  });

  test('an unknown command, an unknown value, an encrypted packet and broken grammar are marked whole', () => {
    const unknown = join([ascii('ZZZ'), answer('', value(Spe.amount, '6225000000000014'))]);
    expect(textOf(contentOf(toTerminal, unknown))).toBe(`ZZZ020${'0'.repeat(20)}`);
    const other = contentOf(fromTerminal, answer('GCX000', value(0x8777, '6225000000000014')));
    expect(textOf(other.subarray(13))).toBe('0'.repeat(16));
    const sealed = contentOf(fromTerminal, join([Uint8Array.of(0x12), ascii('6225000000000014')]));
    expect(textOf(sealed)).toBe(`\x12${'0'.repeat(16)}`);
    expect(textOf(contentOf(fromTerminal, 'GCX00099922'))).toBe('GCX000?????');
    expect(textOf(contentOf(fromTerminal, 'GCX04162250'))).toBe('GCX041?????');
    expect(textOf(contentOf(fromTerminal, 'GC\x01'))).toBe('???');
  });

  test('control bytes pass, noise is marked, and what is open is marked when it is given up', () => {
    const bytes = join([Uint8Array.of(ACK, NAK, EOT, CAN), ascii('6225'), frame('XID000').subarray(0, 5)]);
    const redactor = new LineRedactor(standIn, 'fromTerminal');
    redactor.take(bytes, 0, bytes.length);
    expect(redactor.open).toBe(true);
    expect(hex(bytes)).toBe('061504183030303016584944 30'.replace(' ', ''));
    redactor.abandon();
    expect(redactor.open).toBe(false);
    expect(hex(bytes)).toBe('06150418303030301630303030');
  });
});
