import { describe, expect, test } from 'vitest';
import { FrameReceiver, FrameState } from '../../src/host/frames.ts';
import { detectMessage } from '../../src/iso8583/detect.ts';
import { FrameView, bodyOffset, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import type { Framing } from '../../src/iso8583/source.ts';
import { subfieldsOf, type SubfieldValue } from '../../src/iso8583/subfields.ts';
import { FRAME_LENGTH_MAX, PACKET_LENGTH_MAX } from '../../src/limits.ts';
import {
  ACK,
  CAN,
  EOT,
  NAK,
  PacketEvent,
  PacketReceiver,
  encodePacket,
  packetLengthMax,
} from '../../src/wire/packet.ts';
import { TLV_DEPTH_MAX, TlvCursor, TlvStatus, appendTlv, checkTlv } from '../../src/wire/tlv.ts';
import { invented, shipped } from './dialects.ts';
import { Inputs, vectors } from './inputs.ts';
import { planOf } from './judge.ts';
import { Oracle, ok } from './oracle.ts';
import { Random } from './random.ts';

const SEED = 8583;
const samples = vectors();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Message as text for a failing input; made only when something fails. */
function insist(holds: boolean, what: string, bytes: Uint8Array): void {
  if (!holds) throw new Error(`${what} (seed ${SEED})\n  ${hex(bytes)}`);
}

describe('frames', () => {
  const framings: Framing[] = [];
  for (const length of [false, 'binary', 'bcd', 'ascii'] as const) {
    for (const tpdu of [false, true]) for (const header of [false, true]) framings.push({ length, tpdu, header });
  }
  const lengthOf = (framing: Framing, bytes: Uint8Array, at: number): number => {
    const text = hex(bytes.subarray(at, at + 4));
    if (framing.length === 'binary') return Number.parseInt(text.slice(0, 4), 16);
    const digits = framing.length === 'bcd' ? text.slice(0, 4) : Buffer.from(text, 'hex').toString('latin1');
    return /^\d{4}$/.test(digits) ? Number(digits) : -1;
  };

  test('1 million frames, whole and damaged: parts where the framing has them, never past the end', () => {
    const random = new Random(SEED);
    const view = new FrameView();
    const zeros = Buffer.alloc(600);
    const nines = new Uint8Array(600).fill(0xff);
    for (let n = 0; n < 1_000_000; n++) {
      const framing = framings[n % framings.length];
      const length = random.below(64);
      const prefix = framing.length === false ? 0 : framing.length === 'ascii' ? 4 : 2;
      for (let i = 0; i < length; i++) zeros[20 + i] = random.byte();
      if (length >= prefix && prefix > 0 && !random.oneIn(3)) {
        const told = length - prefix + (random.oneIn(4) ? random.below(3) - 1 : 0);
        if (told >= 0) {
          const form = { binary: told.toString(16).padStart(4, '0'), bcd: String(told).padStart(4, '0'), ascii: '' };
          const text = framing.length === 'ascii' ? Buffer.from(String(told).padStart(4, '0')).toString('hex') : '';
          zeros.write(framing.length === 'ascii' ? text : form[framing.length as 'bcd'], 20, 'hex');
        }
      }
      // Ten more in the last digit and one less in the tens: the same number, but no digit.
      if (framing.length === 'ascii' && length > 14 && random.oneIn(4)) {
        zeros[22]--;
        zeros[23] += 10;
      }
      if (framing.length === 'bcd' && length > 12 && random.oneIn(4)) zeros[21] -= 6;
      nines.set(zeros.subarray(20, 20 + length), 7);
      const head = prefix + (framing.tpdu ? 5 : 0) + (framing.header ? 6 : 0);
      for (const [bytes, at] of [[zeros, 20] as const, [nines, 7] as const]) {
        const end = at + length;
        const status = view.open(framing, bytes, at, end);
        const short = length < head + 10;
        const right = prefix === 0 || (!short && lengthOf(framing, bytes, at) === length - prefix);
        const should = short ? 1 : right ? 0 : 15;
        const good =
          status === should &&
          view.errorOffset === (short ? end : at) &&
          view.bodyStart === (short ? end : at + head) &&
          view.bodyEnd === end &&
          view.tpdu === (!short && framing.tpdu ? at + prefix : -1) &&
          view.header === (!short && framing.header ? at + prefix + (framing.tpdu ? 5 : 0) : -1);
        if (!good) insist(false, `${JSON.stringify(framing)}: status ${status}`, bytes.subarray(at, end));
      }
      nines.fill(0xff, 7, 7 + length);
      zeros.fill(0, 20, 20 + length);
    }
  });

  test('what is sealed opens again, at every length edge', () => {
    const view = new FrameView();
    const tpdu = Uint8Array.of(0x60, 1, 2, 3, 4);
    const header = Uint8Array.of(0x61, 1, 2, 3, 4, 5);
    const out = new Uint8Array(70_000);
    for (const framing of framings) {
      const head = bodyOffset(framing);
      const most = framing.length === 'binary' ? 65_535 : framing.length === false ? 69_000 : 9999;
      const parts = (framing.tpdu ? 5 : 0) + (framing.header ? 6 : 0);
      for (const body of [10, 11, 99, 100, 255, 256, 999, 1000, most - parts, most - parts + 1]) {
        for (const at of [0, 3]) {
          out.fill(0xee);
          const end = sealFrame(framing, out, at, body, tpdu, header);
          const where = `${JSON.stringify(framing)}, body of ${body}`;
          if (body + parts > most && framing.length !== false) {
            expect(end, where).toBe(-11);
            continue;
          }
          expect(end, where).toBe(at + head + body);
          expect(view.open(framing, out, at, end), where).toBe(0);
          expect([view.bodyStart, view.bodyEnd]).toEqual([at + head, end]);
          if (framing.tpdu) expect(hex(out.subarray(view.tpdu, view.tpdu + 5))).toBe(hex(tpdu));
          if (framing.header) expect(hex(out.subarray(view.header, view.header + 6))).toBe(hex(header));
          expect(out[end]).toBe(0xee);
          for (const room of [end - 1, at]) {
            expect(sealFrame(framing, out.subarray(0, room), at, body, tpdu, header), where).toBe(-11);
          }
        }
      }
      expect(sealFrame(framing, out, -1, 10, tpdu, header)).toBe(-11);
      expect(sealFrame(framing, out, 0, -1, tpdu, header)).toBe(-11);
    }
  });
});

describe('frames of the host line', () => {
  const framed = (body: Uint8Array): Uint8Array => Uint8Array.of(body.length >> 8, body.length & 0xff, ...body);

  /** Gives `chunks` to one receiver; the frames that came, as hex, and whether the length was bad. */
  function receive(receiver: FrameReceiver, chunks: readonly Uint8Array[]): string[] {
    const found: string[] = [];
    for (const chunk of chunks) {
      for (let at = 0, steps = 0; at < chunk.length; steps++) {
        const next = receiver.take(chunk, at);
        insist(next > at && next <= chunk.length && steps <= chunk.length, 'take goes on by at least a byte', chunk);
        at = next;
        if (receiver.state === FrameState.complete)
          found.push(hex(receiver.frame.subarray(receiver.start, receiver.end)));
      }
    }
    if (receiver.state === FrameState.badLength) found.push('bad');
    return found;
  }

  test('every split of every sample in two, and of short streams in three', () => {
    const receiver = new FrameReceiver();
    for (const body of samples) {
      const stream = framed(body);
      for (let at = 0; at <= stream.length; at++) {
        receiver.wipe();
        const found = receive(receiver, [stream.subarray(0, at), stream.subarray(at)]);
        insist(found.length === 1 && found[0] === hex(body), `split at ${at}`, stream);
      }
    }
    const two = Uint8Array.of(
      ...framed(samples[0].subarray(0, 40)),
      ...framed(samples[1].subarray(0, 1)),
      ...framed(samples[2]),
    );
    const should = [samples[0].subarray(0, 40), samples[1].subarray(0, 1), samples[2]].map(hex).join();
    for (let a = 0; a <= two.length; a++) {
      for (let b = a; b <= two.length; b++) {
        receiver.wipe();
        const found = receive(receiver, [two.subarray(0, a), two.subarray(a, b), two.subarray(b)]);
        insist(found.join() === should, `split at ${a} and ${b}`, two);
      }
    }
  });

  test('the edges of the length: 0 and more than the limit are told at once', () => {
    for (const length of [0, 1, 255, 256, FRAME_LENGTH_MAX, FRAME_LENGTH_MAX + 1, 65_535]) {
      const receiver = new FrameReceiver();
      const body = new Uint8Array(length).fill(7);
      const good = length > 0 && length <= FRAME_LENGTH_MAX;
      expect(receive(receiver, [framed(body)]), `length ${length}`).toEqual([good ? hex(body) : 'bad']);
    }
  });

  test('noise in any chunks gives what one chunk gives, and a wiped receiver holds nothing', () => {
    const random = new Random(SEED);
    const whole = new FrameReceiver();
    const split = new FrameReceiver();
    for (let n = 0; n < 60_000; n++) {
      const parts: number[] = [];
      for (let frames = 1 + random.below(4); frames > 0; frames--) {
        const length = random.oneIn(20) ? FRAME_LENGTH_MAX + random.below(3) - 1 : random.below(40);
        parts.push(length >> 8, length & 0xff);
        for (let i = random.oneIn(6) ? random.below(length + 1) : length; i > 0; i--) parts.push(random.byte());
      }
      const stream = Uint8Array.from(parts);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < stream.length;) {
        const next = Math.min(stream.length, at + 1 + random.below(random.oneIn(2) ? 3 : 60));
        chunks.push(stream.subarray(at, next));
        at = next;
      }
      const one = receive(whole, [stream]).join();
      insist(receive(split, chunks).join() === one, 'chunks change the result', stream);
      insist(split.length === whole.length && split.state === whole.state, 'chunks change the state', stream);
      // What a frame that lay whole in its chunk had announced is not kept.
      const kept = whole.state === FrameState.complete || split.announced === whole.announced;
      insist(kept, 'chunks change what was announced', stream);
      whole.wipe();
      split.wipe();
      insist(split.state === FrameState.empty && split['bytes'].every(byte => byte === 0), 'bytes are left', stream);
    }
  });
});

describe('packets of the terminal line', () => {
  const out = new Uint8Array(packetLengthMax(PACKET_LENGTH_MAX) + 10);

  test('every packet comes back, byte by byte, behind noise and behind a broken packet', () => {
    const random = new Random(SEED);
    const receiver = new PacketReceiver();
    for (let n = 0; n < 60_000; n++) {
      const length = n < 400 ? n : random.oneIn(200) ? PACKET_LENGTH_MAX - random.below(3) : random.below(60);
      const data = new Uint8Array(length);
      for (let i = 0; i < length; i++) data[i] = random.oneIn(3) ? 0x10 + random.below(9) : random.byte();
      let at = 0;
      // What stands before: nothing, a packet that is cut off, or bytes that begin nothing.
      const before = random.below(3);
      if (before === 1) at = encodePacket(data, random.below(length + 1), out, 0) - 3;
      if (before === 2) for (let i = random.below(20); i > 0; i--) out[at++] = 0x20 + random.below(0xe0);
      const from = Math.max(0, at);
      at = encodePacket(data, length, out, from);
      if (at < 0) continue;
      let packets = 0;
      for (let i = 0; i < at; i++) {
        const event = receiver.push(out[i]);
        if (event === PacketEvent.packet) packets++;
        insist(
          event === PacketEvent.none || (event === PacketEvent.packet && i === at - 1),
          `event ${event}`,
          out.subarray(0, at),
        );
      }
      const same = receiver.length === length && hex(receiver.data.subarray(0, length)) === hex(data);
      insist(packets === 1 && same && !receiver.inside, 'the packet', out.subarray(0, at));
      const room = at - from;
      insist(encodePacket(data, length, out.subarray(0, room - 1), 0) === -1, 'one byte less room', data);
      insist(encodePacket(data, length, out.subarray(0, room), 0) === room, 'exact room', data);
    }
  });

  test('any bytes: no packet whose CRC is wrong, never more data than the limit, and the next packet is received', () => {
    const random = new Random(SEED);
    const receiver = new PacketReceiver();
    const data = Uint8Array.of(1, 0x16, 2, 0x17, 3, 0x13);
    const end = encodePacket(data, data.length, out, 0);
    const good = out.slice(0, end);
    const special = [0x16, 0x17, 0x13, 0x33, 0x36, 0x37, ACK, NAK, CAN, EOT];
    for (let n = 0; n < 100_000; n++) {
      for (let i = random.oneIn(1000) ? 5000 : random.below(40); i > 0; i--) {
        const byte = random.oneIn(2) ? special[random.below(special.length)] : random.byte();
        const inside = receiver.inside;
        const event = receiver.push(byte);
        insist(receiver.length <= PACKET_LENGTH_MAX, 'more than the limit', receiver.data);
        const control = event >= PacketEvent.ack;
        if (control) insist(!inside && [ACK, NAK, CAN, EOT].includes(byte), `control ${event} for ${byte}`, good);
        if (event === PacketEvent.bad)
          insist(receiver.fault !== 'none' && !receiver.inside, 'bad without a cause', good);
      }
      // Two good packets: the first may be eaten by a half one whose CRC it becomes.
      let last = 0;
      for (let round = 0; round < 2; round++) for (const byte of good) last = receiver.push(byte);
      insist(last === PacketEvent.packet && hex(receiver.data.subarray(0, 6)) === hex(data), 'does not recover', good);
    }
  });

  test('every single changed bit is seen', () => {
    const data = Uint8Array.from({ length: 40 }, (_, i) => i);
    const end = encodePacket(data, data.length, out, 0);
    const good = out.slice(0, end);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const receiver = new PacketReceiver();
      const bytes = good.slice();
      bytes[bit >> 3] ^= 1 << (bit & 7);
      let packets = 0;
      for (const byte of bytes) if (receiver.push(byte) === PacketEvent.packet) packets++;
      insist(packets === 0, `bit ${bit}`, bytes);
    }
  });
});

describe('TLV', () => {
  const tags = [0x82, 0x9a, 0x9f26, 0x9f10, 0x5f2a, 0xdf8101, 0x70, 0xe1, 0xbf0c];

  test('any bytes: elements one after another, inside their range, and an end', () => {
    const random = new Random(SEED);
    const cursor = new TlvCursor();
    for (let n = 0; n < 400_000; n++) {
      const length = random.below(48);
      const bytes = new Uint8Array(length + 40).fill(random.oneIn(2) ? 0 : 0xff);
      for (let i = 0; i < length; i++) {
        bytes[20 + i] = random.oneIn(3)
          ? [0x00, 0x1f, 0x9f, 0x3f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xff][random.below(10)]
          : random.below(24);
      }
      const end = 20 + length;
      const check = checkTlv(bytes, 20, end);
      cursor.open(bytes, 20, end);
      let at = 20;
      let count = 0;
      while (cursor.next()) {
        const inside =
          cursor.tagOffset >= at && cursor.valueOffset > cursor.tagOffset && cursor.valueOffset + cursor.length <= end;
        insist(inside && ++count <= length, 'an element outside its range', bytes);
        for (let i = at; i < cursor.tagOffset; i++) insist(bytes[i] === 0, 'a byte is left out', bytes);
        at = cursor.valueOffset + cursor.length;
      }
      insist(cursor.status !== TlvStatus.ok && !cursor.next(), 'no end', bytes);
      insist(check !== TlvStatus.ok || cursor.status === TlvStatus.end, 'checkTlv took what the cursor refuses', bytes);
      // The bytes around change nothing.
      bytes.fill(0x55, 0, 20);
      bytes.fill(0x55, end);
      insist(checkTlv(bytes, 20, end) === check, 'read outside the range', bytes);
    }
  });

  test('what is appended is found, at the edges of every form of length', () => {
    const random = new Random(SEED);
    const out = new Uint8Array(140_000);
    const cursor = new TlvCursor();
    for (const size of [0, 1, 126, 127, 128, 129, 254, 255, 256, 65_534, 65_535, 65_536]) {
      const value = Uint8Array.from({ length: size }, () => random.byte());
      let end = 0;
      for (const tag of tags.slice(0, 2)) end = appendTlv(out, end, tag, value);
      cursor.open(out, 0, end);
      for (const tag of tags.slice(0, 2)) {
        expect([cursor.next(), cursor.tag, cursor.length]).toEqual([true, tag, size]);
        expect(Buffer.compare(out.subarray(cursor.valueOffset, cursor.valueOffset + size), value)).toBe(0);
      }
      expect([cursor.next(), cursor.status]).toEqual([false, TlvStatus.end]);
      expect(appendTlv(out.subarray(0, end / 2 - 1), 0, tags[0], value)).toBe(-1);
      expect(appendTlv(out.subarray(0, end / 2), 0, tags[0], value)).toBe(end / 2);
    }
    for (const tag of tags) {
      const end = appendTlv(out, 0, tag, Uint8Array.of(1, 2, 3));
      expect(cursor.find(out, 0, end, tag)).toBe(true);
      expect(cursor.constructed).toBe(tag === 0x70 || tag === 0xe1 || tag === 0xbf0c);
    }
  });

  test('nesting ends where it is said to', () => {
    let bytes = Uint8Array.of(0x82, 1, 0);
    for (let depth = 1; depth <= TLV_DEPTH_MAX + 3; depth++) {
      bytes = Uint8Array.of(0x70, bytes.length, ...bytes);
      expect(checkTlv(bytes, 0, bytes.length)).toBe(depth <= TLV_DEPTH_MAX ? TlvStatus.ok : TlvStatus.length);
    }
  });
});

describe.each([...shipped(), ...invented].map(target => [target.name, target] as const))('%s', (_, target) => {
  const plan = planOf(target.dialect, target.options);
  const oracle = new Oracle(target.dialect, target.options);
  const divided = Object.keys(target.dialect.subfields).map(Number);

  test('sub-fields stand inside of their field, whatever it holds', () => {
    if (divided.length === 0) return;
    const inputs = new Inputs(oracle, new Random(SEED), samples);
    const view = new MessageView(plan);
    const within = (parts: readonly SubfieldValue[], from: number, to: number): boolean =>
      parts.every(
        part =>
          part.from >= from &&
          part.headFrom >= from &&
          part.headFrom <= part.from &&
          part.size >= 0 &&
          part.from + part.size <= to &&
          typeof part.text === 'string' &&
          within(part.children, from, to),
      );
    for (let n = 0; n < 20_000; n++) {
      inputs.next();
      const bytes = inputs.bytes.slice(0, inputs.length);
      view.decode(bytes, 0, bytes.length);
      for (const field of divided) {
        const parts = subfieldsOf(plan, view, field);
        insist(parts.length === 0 || view.has(field), `field ${field} is absent`, bytes);
        insist(within(parts, 0, view.size(field)), `field ${field}`, bytes);
      }
    }
  });

  test('any bytes are some message or none, with a place inside of them', () => {
    const inputs = new Inputs(oracle, new Random(SEED), samples);
    let found = 0;
    for (let n = 0; n < 150; n++) {
      inputs.next();
      const bytes = inputs.bytes.slice(0, inputs.length);
      const detection = detectMessage(target.dialect, bytes);
      if (!detection.ok) throw new Error(detection.fault.cause);
      const { status, errorOffset, view } = detection.value;
      insist(errorOffset >= 0 && errorOffset <= bytes.length && view.end <= bytes.length, 'a place outside', bytes);
      if (status === ok) found++;
    }
    expect(found).toBeGreaterThan(0);
  });
});
