import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACK, bare, type Captured, concat, frames, hexes, ipPacket, pcap, read, RST, SYN, Talk } from './captures.ts';

const [request, answer] = frames;

describe('connections', () => {
  test('any cutting, order and repetition of segments gives the same messages', () => {
    const half = fc.record({ cuts: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 }) });
    fc.assert(
      fc.property(half, fc.infiniteStream(fc.nat()), ({ cuts }, chance) => {
        const pick = (below: number): number => chance.next().value % below;
        const whole = concat(...frames);
        const pieces: { at: number; bytes: Uint8Array }[] = [];
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = cuts[i % cuts.length];
          pieces.push({ at, bytes: whole.subarray(at, at + size) });
          at += size;
        }
        // Some come again, longer or earlier than they were; then all come a little out of their order.
        const sent = pieces.flatMap((piece, i) => {
          if (pick(4) > 0) return [piece];
          const from = Math.max(0, piece.at - pick(30));
          return [piece, { at: from, bytes: whole.subarray(from, piece.at + pick(200)) }].map(each => ({ ...each, i }));
        });
        const ordered = sent
          .map((piece, i) => ({ piece, place: i + pick(6) }))
          .sort((a, b) => a.place - b.place)
          .map(({ piece }) => piece);
        const base = 0xffff_ff00;
        const tcp = { from: '10.0.0.1', fromPort: 9, to: '10.0.0.2', toPort: 10 };
        const packets = [
          { timeUs: 1, bytes: ipPacket({ ...tcp, sequence: base - 1, flags: SYN }) },
          ...ordered.map(({ at, bytes }, i) => ({
            timeUs: 2 + i,
            bytes: ipPacket({ ...tcp, sequence: (base + at) >>> 0, flags: ACK, payload: bytes }),
          })),
        ];
        const told = read(pcap(packets, { linkType: 101 }));
        expect(hexes(told)).toEqual(frames.map(bare));
        expect(told.troubles).toEqual([]);
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  test('many at once, each with its own number, both ways', () => {
    const talks = Array.from({ length: 300 }, (_, i) => new Talk(`10.2.${i >> 8}.${i & 255}`, 1000 + i).open());
    for (const [i, frame] of frames.entries())
      for (const talk of talks) talk.say((i & 1) as 0 | 1, frame, 50 + (i % 7));
    const packets = talks.flatMap(talk => talk.packets).sort((a, b) => a.timeUs - b.timeUs);
    const told = read(pcap(packets, { linkType: 101 }));
    expect(told.messages.length).toBe(300 * frames.length);
    expect(told.troubles).toEqual([]);
    for (const stream of [0, 17, 299]) {
      const mine = told.messages.filter(message => message.stream === stream);
      expect(mine.map(message => message.hex)).toEqual(frames.map(bare));
      expect(mine.map(message => message.way)).toEqual(frames.map((_, i) => i & 1));
    }
  });

  test('a table that is full gives up the one that was quiet longest, and says so', () => {
    const talks = Array.from({ length: 4097 }, (_, i) =>
      new Talk(`10.3.${i >> 8}.${i & 255}`).open().say(0, request, 60),
    );
    const last = talks.map(talk => talk.packets.pop() as Captured);
    const file = pcap([...talks.flatMap(talk => talk.packets), ...last], { linkType: 101 });
    const told = read(file);
    expect(told.troubles[0]).toBe('more than 4096 connections at a time: one was given up, with 60 bytes of it');
    // Each that comes back takes the place of another one.
    expect(told.messages.length).toBeLessThan(4097);
  });

  test('one that speaks now and then keeps its place, however many come and go', () => {
    const old = new Talk('10.4.0.1').open().say(0, request.subarray(0, 20));
    const packets = [...old.packets];
    for (let i = 0; i < 9000; i++) {
      packets.push(...new Talk(`10.3.${i >> 8}.${i & 255}`).say(0, request).packets);
      if (i % 1000 === 0) packets.push(...old.say(0, request.subarray(20 + i / 1000, 21 + i / 1000)).packets.slice(-1));
    }
    packets.push(...old.say(0, request.subarray(29)).packets.slice(-1));
    const told = read(pcap(packets, { linkType: 101 }));
    expect(told.messages.length).toBe(9001);
    // The others never ended, so each that was given up is told, without a byte of a message.
    expect(told.troubles.every(why => why.endsWith('with 0 bytes of it'))).toBe(true);
  });

  test('connections that are over make room without a word', () => {
    const talks = Array.from({ length: 5000 }, (_, i) =>
      new Talk(`10.3.${i >> 8}.${i & 255}`).open().say(0, request).close(),
    );
    const told = read(
      pcap(
        talks.flatMap(talk => talk.packets),
        { linkType: 101 },
      ),
    );
    expect(told.messages.length).toBe(5000);
    expect(told.messages[4999].stream).toBe(4999);
    expect(told.troubles).toEqual([]);
  });

  test('what is missing is told, and a message is taken up again where one begins', () => {
    const talk = new Talk()
      .open()
      .say(0, frames[0])
      .say(0, frames[2].subarray(0, 40))
      .drop(0, frames[2].length - 40);
    talk.say(0, frames[4]).say(1, frames[1]).say(0, frames[5]);
    const told = read(pcap(talk.packets, { linkType: 101 }));
    expect(hexes(told)).toEqual([0, 4, 1, 5].map(i => bare(frames[i])));
    expect(told.troubles).toEqual([
      `${frames[2].length - 40} bytes of 10.1.2.3:40000 > 10.9.9.9:8583 are missing, and with them a message that had begun`,
    ]);
  });

  test('behind a gap, bytes that could be a length but begin no message are passed over', () => {
    const rest = concat(Uint8Array.of(0, 96), new Uint8Array(30).fill(7));
    const talk = new Talk().open().say(0, frames[0]).drop(0, 50).say(0, rest).say(1, frames[1]).say(0, frames[2]);
    expect(hexes(read(pcap(talk.packets, { linkType: 101 })))).toEqual([0, 1, 2].map(i => bare(frames[i])));
  });

  test('taken up in its middle: what is before the first message is passed over', () => {
    const talk = new Talk().say(0, frames[0].subarray(30)).say(0, frames[2]).say(1, frames[1]);
    const told = read(pcap(talk.packets, { linkType: 101 }));
    expect(hexes(told)).toEqual([bare(frames[2]), bare(frames[1])]);
    // Nothing of how it began was seen; the message type says who asks.
    expect(told.messages.map(message => message.way)).toEqual([0, 1]);
    expect(told.troubles).toEqual(['10.1.2.3:40000 > 10.9.9.9:8583 carries no messages of this profile: passed over']);
  });

  test('the same ports again, after a reset', () => {
    const first = new Talk()
      .open()
      .say(0, frames[0])
      .send(1, RST | ACK);
    const again = new Talk(undefined, undefined, undefined, undefined, first.timeUs)
      .drop(0, 123_456)
      .open()
      .say(0, frames[2]);
    const told = read(pcap([...first.packets, ...again.packets], { linkType: 101 }));
    expect(told.messages.map(message => [message.stream, message.hex])).toEqual([
      [0, bare(frames[0])],
      [1, bare(frames[2])],
    ]);
  });

  test('other protocols are told once each; TLS by its name', () => {
    const text = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const web = new Talk(undefined, 1, undefined, 80).open().say(0, text).say(0, text);
    const tls = new Talk(undefined, 2, undefined, 443)
      .open()
      .say(0, concat(Uint8Array.of(22, 3, 1, 2, 0), new Uint8Array(90)));
    const ours = new Talk().open().say(0, request);
    const file = pcap([...web.packets, ...tls.packets, ...ours.packets], { linkType: 101 });
    const told = read(file);
    expect(hexes(told)).toEqual([bare(request)]);
    expect(told.troubles).toEqual([
      '10.1.2.3:1 > 10.9.9.9:80 carries no messages of this profile: passed over',
      '10.1.2.3:2 > 10.9.9.9:443 carries TLS, which cannot be read: passed over',
    ]);
    expect(read(file, { acquirerPort: 8583 })).toEqual({ messages: told.messages, troubles: [] });
  });

  test('the side with the named port is the acquirer, whoever called', () => {
    const called = new Talk('10.9.9.9', 8583, '10.1.2.3', 40_000).open().say(1, request).say(0, answer);
    const file = pcap(called.packets, { linkType: 101 });
    expect(read(file).messages.map(message => message.way)).toEqual([1, 0]);
    expect(read(file, { acquirerPort: 8583 }).messages.map(message => message.way)).toEqual([0, 1]);
  });

  test('a length before a message that cannot be right', () => {
    const wrong = concat(frames[0], Uint8Array.of(0, 3), frames[2]);
    const told = read(pcap(new Talk().open().say(0, wrong).say(0, frames[4]).packets, { linkType: 101 }));
    expect(hexes(told)).toEqual([bare(frames[0]), bare(frames[4])]);
    expect(told.troubles[0]).toContain('where one should');
  });

  test('signs of life of length 0 between messages are no messages', () => {
    const talk = new Talk().open().say(0, frames[0]).say(0, Uint8Array.of(0, 0)).say(0, frames[2]);
    expect(hexes(read(pcap(talk.packets, { linkType: 101 })))).toEqual([bare(frames[0]), bare(frames[2])]);
  });

  test('a message that does not end is told at the end of the capture', () => {
    const talk = new Talk().open().say(0, frames[0].subarray(0, 50));
    expect(read(pcap(talk.packets, { linkType: 101 })).troubles).toEqual([
      '10.1.2.3:40000 > 10.9.9.9:8583 ends with 50 bytes of a message',
    ]);
  });

  test('fragments of IP and headers that do not fit are told', () => {
    const packet = ipPacket({
      from: '10.0.0.1',
      fromPort: 1,
      to: '10.0.0.2',
      toPort: 2,
      sequence: 0,
      flags: ACK,
      payload: request,
    });
    const fragment = packet.slice();
    fragment[6] = 0x20;
    const broken = packet.slice();
    broken[32] = 0x10;
    const told = read(
      pcap(
        [fragment, broken].map(bytes => ({ timeUs: 1, bytes })),
        { linkType: 101 },
      ),
    );
    expect(told.troubles).toEqual([
      'a piece of an IP packet: pieces are not put together',
      'a packet does not fit its headers',
    ]);
  });
});
