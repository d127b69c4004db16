import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ACK,
  bare,
  block,
  type Captured,
  concat,
  enhanced,
  ethernet,
  FIN,
  frames,
  framing,
  hexes,
  interfaceBlock,
  ipPacket,
  oldPacket,
  onEthernet,
  option,
  pcap,
  PSH,
  read,
  section,
  simple,
  Talk,
} from './captures.ts';

const [request, answer] = frames;

describe('pcap', () => {
  const talk = new Talk().open().say(0, request).say(1, answer).close();

  test.each([
    ['microseconds, lowest byte first', {}],
    ['microseconds, highest byte first', { little: false }],
    ['nanoseconds, lowest byte first', { nanoseconds: true }],
    ['nanoseconds, highest byte first', { little: false, nanoseconds: true }],
  ])('%s', (_, form) => {
    const told = read(pcap(onEthernet(talk.packets), form));
    expect(told).toEqual({
      messages: [
        { way: 0, stream: 0, timeUs: 1_700_000_000_004_000, hex: bare(request) },
        { way: 1, stream: 0, timeUs: 1_700_000_000_005_000, hex: bare(answer) },
      ],
      troubles: [],
    });
  });

  test.each([
    ['Ethernet with a VLAN tag', 1, (packet: Uint8Array) => ethernet(packet, [5])],
    ['Ethernet with two VLAN tags', 1, (packet: Uint8Array) => ethernet(packet, [5, 6])],
    ['raw IP', 101, (packet: Uint8Array) => packet],
    ['raw IP as OpenBSD numbers it', 14, (packet: Uint8Array) => packet],
    ['IPv4', 228, (packet: Uint8Array) => packet],
    ['BSD loopback, lowest byte first', 0, (packet: Uint8Array) => concat(Uint8Array.of(2, 0, 0, 0), packet)],
    ['BSD loopback, highest byte first', 0, (packet: Uint8Array) => concat(Uint8Array.of(0, 0, 0, 2), packet)],
    ['OpenBSD loopback', 108, (packet: Uint8Array) => concat(Uint8Array.of(0, 0, 0, 2), packet)],
    ['Linux cooked', 113, (packet: Uint8Array) => concat(new Uint8Array(14), Uint8Array.of(8, 0), packet)],
    ['Linux cooked 2', 276, (packet: Uint8Array) => concat(Uint8Array.of(8, 0), new Uint8Array(18), packet)],
  ])('%s', (_, linkType, wrap) => {
    const packets = talk.packets.map(packet => ({ ...packet, bytes: wrap(packet.bytes) }));
    const told = read(pcap(packets, { linkType }));
    expect(hexes(told)).toEqual([bare(request), bare(answer)]);
    expect(told.troubles).toEqual([]);
  });

  test('a link type that is not known is told with its number', () => {
    const told = read(pcap(talk.packets, { linkType: 147 }));
    expect(told.messages).toEqual([]);
    expect(told.troubles[0]).toBe('packets of link type 147 are not read');
  });

  test('IPv6, with extension headers', () => {
    const tcp = { from: '2001:db8:0:0:0:0:0:1', fromPort: 5, to: '2001:db8:0:0:0:0:0:2', toPort: 6, flags: ACK | PSH };
    const hops = concat(
      Uint8Array.of(60, 0),
      new Uint8Array(6),
      Uint8Array.of(51, 1),
      new Uint8Array(14),
      Uint8Array.of(6, 2),
      new Uint8Array(14),
    );
    const packets = [
      { timeUs: 1, bytes: ipPacket({ ...tcp, sequence: 9, payload: request }) },
      { timeUs: 2, bytes: ipPacket({ ...tcp, sequence: 9 + request.length, payload: answer }, hops, 0) },
    ];
    expect(hexes(read(pcap(packets, { linkType: 101 })))).toEqual([bare(request), bare(answer)]);
  });

  test('behind damage the next packet is found, and the damage is told', () => {
    const packets = onEthernet(
      frames.slice(0, 4).reduce((talk, frame) => talk.say(0, frame), new Talk().open()).packets,
    );
    const file = pcap(packets);
    const damaged = file.slice();
    // The captured length of the first packet with a payload.
    const at = 24 + [0, 1, 2].reduce((sum, i) => sum + 16 + packets[i].bytes.length, 0);
    damaged.set([0xff, 0xff, 0xff, 0xff], at + 8);
    const told = read(damaged);
    expect(hexes(told)).toEqual(frames.slice(1, 4).map(bare));
    expect(told.troubles[0]).toContain('no packet begins here');
    expect(read(file.subarray(0, file.length - 3)).troubles[0]).toContain('the capture ends within a packet');
  });

  test('bytes of a damaged packet that look like the head of a packet are not taken for one', () => {
    const seconds = 1_700_000_000;
    const fake = new Uint8Array(40);
    const view = new DataView(fake.buffer);
    view.setUint32(0, seconds, true);
    view.setUint32(8, 20, true);
    view.setUint32(12, 20, true);
    fake.fill(0xee, 36);
    const packets = new Talk()
      .open()
      .say(0, concat(fake, new Uint8Array(20).fill(0xee)))
      .say(1, answer).packets;
    const file = pcap(packets, { linkType: 101 });
    file.set([0xff, 0xff, 0xff, 0xff], 24 + [0, 1, 2].reduce((sum, i) => sum + 16 + packets[i].bytes.length, 0) + 8);
    const told = read(file);
    expect(hexes(told)).toEqual([bare(answer)]);
    expect(told.troubles).toEqual([`no packet begins here: ${16 + packets[3].bytes.length} bytes passed over`]);
  });

  test('what the capture cut off is told, and reading goes on', () => {
    const talk = new Talk().open().say(0, request).say(1, answer).say(0, frames[2]);
    const packets: Captured[] = onEthernet(talk.packets);
    packets[3] = { ...packets[3], bytes: packets[3].bytes.subarray(0, 100), missing: packets[3].bytes.length - 100 };
    const told = read(pcap(packets));
    expect(hexes(told)).toEqual([bare(answer), bare(frames[2])]);
    expect(told.troubles.join('\n')).toContain('were not captured');
    expect(told.troubles.join('\n')).toMatch(
      /\d+ bytes of 10\.1\.2\.3:40000 > 10\.9\.9\.9:8583 are missing, and with them a message/,
    );
  });
});

describe('pcapng', () => {
  const packets = onEthernet(new Talk().open().say(0, request).say(1, answer).close().packets);

  test.each([true, false])('both orders of bytes, with options and blocks of other kinds (little: %s)', little => {
    const file = concat(
      section(little),
      block(0x0bad, new Uint8Array(33), little),
      interfaceBlock(
        1,
        concat(
          option(2, Uint8Array.of(0x65), little),
          option(9, Uint8Array.of(9), little),
          option(0, new Uint8Array(0)),
        ),
        little,
      ),
      block(4, new Uint8Array(8), little),
      ...packets.map(({ timeUs, bytes }) => enhanced(0, BigInt(timeUs) * 1000n + 999n, bytes, little)),
    );
    const told = read(file);
    expect(told.troubles).toEqual([]);
    expect(told.messages.map(message => message.timeUs)).toEqual([1_700_000_000_004_000, 1_700_000_000_005_000]);
    expect(hexes(told)).toEqual([bare(request), bare(answer)]);
  });

  test('several sections, each with its own order and interfaces; old and simple packets', () => {
    const raw = packets.map(({ bytes, timeUs }) => ({ timeUs, bytes: bytes.subarray(14) }));
    const file = concat(
      section(true),
      interfaceBlock(1),
      oldPacket(0, packets[3].timeUs, packets[3].bytes),
      section(false),
      interfaceBlock(101, undefined, false),
      simple(raw[4].bytes, false),
    );
    const told = read(file);
    expect(told.messages).toEqual([
      { way: 0, stream: 0, timeUs: packets[3].timeUs, hex: bare(request) },
      { way: 1, stream: 0, timeUs: 0, hex: bare(answer) },
    ]);
  });

  test.each([
    ['milliseconds', 3, 1_700_000_000_123n, 1_700_000_000_123_000],
    ['microseconds', 6, 1_700_000_000_123_456n, 1_700_000_000_123_456],
    ['nanoseconds', 9, 1_700_000_000_123_456_789n, 1_700_000_000_123_456],
    ['2^-20 s', 0x80 | 20, 1_700_000_000n << 20n, 1_700_000_000_000_000],
  ])('times in %s', (_, resolution, units, timeUs) => {
    const file = concat(
      section(),
      interfaceBlock(1, option(9, Uint8Array.of(resolution))),
      enhanced(0, units, packets[3].bytes),
    );
    expect(read(file).messages[0].timeUs).toBe(timeUs);
  });

  test.each([true, false])('a shift of the times of an interface, in seconds (little: %s)', little => {
    const shift = new Uint8Array(8);
    new DataView(shift.buffer).setBigInt64(0, -100n, little);
    const file = concat(
      section(little),
      interfaceBlock(1, option(14, shift, little), little),
      enhanced(0, 300_000_000n, packets[3].bytes, little),
    );
    expect(read(file).messages[0].timeUs).toBe(200_000_000);
  });

  test('behind damage the next block is found, and the damage is told', () => {
    const good = enhanced(0, 5n, packets[3].bytes);
    const file = (bad: Uint8Array): Uint8Array => concat(section(), interfaceBlock(1), bad, good);
    const differ = good.slice();
    differ[differ.length - 1] = 1;
    const long = good.slice();
    long.set([0, 0, 0, 0x7f], 4);
    const past = concat(interfaceBlock(1, Uint8Array.of(2, 0, 0xff, 0xff)));
    for (const [bad, told] of [
      [differ, 'two lengths of a block differ'],
      [long, 'a block claims'],
      [Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 'a block claims 0 bytes'],
      [past, 'an option runs out of its block'],
      [enhanced(7, 0n, packets[3].bytes), 'there is no interface 7'],
      [block(6, new Uint8Array(8)), 'a packet block is too short'],
    ] as const) {
      const found = read(file(bad));
      expect(hexes(found), told).toEqual([bare(request)]);
      expect(found.troubles.join('\n')).toContain(told);
    }
  });
});

describe('framings', () => {
  test.each(['bcd', 'ascii'] as const)('%s length', length => {
    const messages = frames.map(frame => frame.subarray(2));
    const framed = messages.map(message => {
      const digits = String(message.length).padStart(4, '0');
      const head = length === 'ascii' ? new TextEncoder().encode(digits) : Buffer.from(digits, 'hex');
      return concat(head, message);
    });
    const talk = new Talk()
      .open()
      .say(0, concat(...framed), 33)
      .close();
    const told = read(pcap(talk.packets, { linkType: 101 }), { framing: { ...framing, length } });
    expect(hexes(told)).toEqual(frames.map(bare));
  });

  test('without a length a message ends where the sender pushed, where the other side speaks, or at the end', () => {
    const messages = frames.map(frame => frame.subarray(2));
    const talk = new Talk().open().say(0, messages[0]).say(1, messages[1], 40);
    talk
      .send(0, ACK, messages[2])
      .send(1, ACK | PSH, messages[3])
      .send(0, ACK, messages[4])
      .send(0, FIN | ACK);
    const told = read(pcap(talk.packets, { linkType: 101 }), { framing: { ...framing, length: false } });
    expect(hexes(told)).toEqual([0, 1, 2, 3, 4].map(i => bare(frames[i])));
    expect(told.messages.map(message => message.way)).toEqual([0, 1, 0, 1, 0]);
  });
});

describe('captures that other programs wrote', () => {
  const vector = (name: string): Uint8Array => readFileSync(new URL(`../vectors/captures/${name}`, import.meta.url));
  // Three requests, each answered in two pieces, over IPv6 on the loopback; dumpcap wrote it, editcap the other forms.
  const said = [0, 1, 2, 1, 3, 1].map(i => bare(frames[i]));

  test.each([
    ['loopback.pcapng', 463],
    ['loopback-ns.pcap', 463],
    ['loopback-us.pcap', 463],
    ['cooked.pcap', undefined],
  ])('%s', (name, tail) => {
    const told = read(vector(name));
    expect(hexes(told)).toEqual(said);
    expect(told.messages.map(message => [message.way, message.stream])).toEqual(
      [0, 1, 0, 1, 0, 1].map(way => [way, 0]),
    );
    expect(told.troubles).toEqual([]);
    if (tail !== undefined) expect(told.messages[0].timeUs % 1000).toBe(tail);
  });

  test('packets in the text that tshark -x prints', () => {
    const told = read(vector('loopback-tshark-x.txt'));
    // Each packet stands for itself, so the answers in two pieces are not there.
    expect(hexes(told)).toEqual([0, 2, 3].map(i => bare(frames[i])));
  });
});
