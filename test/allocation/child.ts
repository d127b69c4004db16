import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { FrameReceiver, FrameState } from '../../src/host/frames.ts';
import { bodyOffset, FrameView, sealFrame } from '../../src/iso8583/frame.ts';
import { FastCodec } from '../../src/iso8583/kernel/fast-codec.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FieldTypeCode } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { Kind, Link } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { encodePacket, packetLengthMax, PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';
import { MESSAGE_COUNT, makeMessages } from '../bench/messages.ts';

/**
 * Does one operation ten million times and says what it allocated. Started with `--trace-gc` and a young generation of one
 * megabyte, so that a collection shows between the marks as soon as a few hundred kilobytes have been allocated:
 *
 *     child.ts <operation> <messages> [object]
 *
 * `object` makes it allocate one small object a message, to see that this would be found.
 */
const CHUNK = 1460;
const OUT_LENGTH = 4096;
/** Room for a block of values of each message. */
const MEMORY_BYTES = 4 << 20;

const messages = makeMessages();
const { plan, slab, list } = messages;
const starts = Int32Array.from(list, message => message.bodyStart);
const ends = Int32Array.from(list, message => message.bodyEnd);

function stop(what: string): never {
  throw new Error(what);
}

function fast(): { codec: FastCodec; at: number; from: Int32Array; to: Int32Array } {
  const codec = new FastCodec(plan, slab.length + MEMORY_BYTES);
  return { codec, at: 0, from: starts.slice(), to: ends.slice() };
}

/** Puts the messages into the codec's memory, behind its blocks. */
function load(on: ReturnType<typeof fast>): void {
  on.at = on.codec.firstByte;
  on.codec.memory.set(slab, on.at);
  for (let i = 0; i < list.length; i++) {
    on.from[i] = on.at + starts[i];
    on.to[i] = on.at + ends[i];
  }
}

/** Each makes a function that handles message `i`, 0 to 127. */
const operations: Readonly<Record<string, () => (i: number) => void>> = {
  'fast-decode': () => {
    const on = fast();
    const { codec, from, to } = on;
    const values = codec.values();
    load(on);
    return i => {
      if (codec.decode(values, from[i], to[i]) !== Status.ok) stop('not decoded');
    };
  },
  'fast-locate': () => {
    const on = fast();
    const { codec, from, to } = on;
    const values = codec.values();
    load(on);
    const decode = (i: number): void => {
      if (codec.decode(values, from[i], to[i]) !== Status.ok) stop('not decoded');
    };
    for (let round = 0; round < 20; round++) for (let i = 0; i < MESSAGE_COUNT; i++) decode(i);
    return i => {
      if (codec.locate(values, from[i], to[i]) !== Status.ok) stop('not located');
    };
  },
  'fast-encode': () => {
    const on = fast();
    const { codec } = on;
    const blocks = list.map(() => codec.values());
    load(on);
    const out = codec.firstByte + slab.length + 64;
    blocks.forEach((values, i) => {
      if (codec.decode(values, on.from[i], on.to[i]) !== Status.ok) stop('not decoded');
    });
    return i => {
      if (codec.encode(blocks[i], out) < 0) stop('not encoded');
    };
  },
  // What a caller does beside the decoding: numbers and bytes are read, and other ones are set.
  'fast-answer': () => {
    const on = fast();
    const { codec, from, to } = on;
    const values = codec.values();
    load(on);
    const out = codec.firstByte + slab.length + 64;
    const mac = new Uint8Array(8);
    return i => {
      if (codec.decode(values, from[i], to[i]) !== Status.ok) stop('not decoded');
      mac[0] = codec.memory[values.offset(41)] + values.size(60);
      values.mti = 0x0210;
      values.setNumber(11, i);
      values.setBytes(64, mac);
      if (codec.encode(values, out) < 0) stop('not encoded');
    };
  },
  decode: () => {
    const view = new MessageView(plan);
    return i => {
      if (view.decode(slab, starts[i], ends[i]) !== Status.ok) stop('not decoded');
    };
  },
  locate: () => {
    const view = new MessageView(plan);
    return i => {
      if (view.locate(slab, starts[i], ends[i]) !== Status.ok) stop('not located');
    };
  },
  encode: () => {
    const builder = new MessageBuilder(plan);
    const view = new MessageView(plan);
    const out = new Uint8Array(OUT_LENGTH);
    const fields = list.map(message => Uint8Array.from(message.fields.keys()));
    const mti = Int32Array.from(list, message => Number.parseInt(message.mti, 16));
    // ASCII digits, and the other values as they travel: what an application has.
    const digits = new Uint8Array(slab.length * 2);
    const at = list.map(message => {
      const places = new Int32Array(65);
      view.decode(slab, message.bodyStart, message.bodyEnd);
      for (const field of message.fields.keys()) {
        places[field] = 2 * view.offset(field);
        view.digitsInto(field, digits, places[field]);
      }
      return places;
    });
    const sizes = list.map(message => {
      const all = new Int32Array(65);
      view.decode(slab, message.bodyStart, message.bodyEnd);
      for (const field of message.fields.keys()) all[field] = view.size(field);
      return all;
    });
    return i => {
      builder.begin(out, 0, mti[i]);
      const named = fields[i];
      for (let k = 0; k < named.length; k++) {
        const field = named[k];
        const from = at[i][field];
        const type = plan.type[field];
        if (field === 11) builder.number(field, i);
        else if (type === FieldTypeCode.n || type === FieldTypeCode.z) {
          builder.digitsFrom(field, digits, from, from + sizes[i][field]);
        } else builder.bytes(field, slab, from >> 1, (from >> 1) + sizes[i][field]);
      }
      if (builder.finish() < 0) stop('not encoded');
    };
  },
  // A whole request from texts of the program and numbers, with its frame and the place of its MAC.
  request: () => {
    const builder = new MessageBuilder(plan);
    const out = new Uint8Array(OUT_LENGTH);
    const start = bodyOffset(plan.framing);
    const pan = Uint8Array.from('6225000000000014', digit => digit.charCodeAt(0));
    const chip = new Uint8Array(120);
    const tpdu = Uint8Array.of(0x60, 0, 0x03, 0, 0);
    const header = Uint8Array.of(0x60, 0x31, 0, 0x31, 0, 0);
    return i => {
      builder.begin(out, start, 0x0200);
      builder.digitsFrom(2, pan, 0, pan.length);
      builder.digits(3, '000000');
      builder.number(4, i * 1_000_003);
      builder.number(11, i);
      builder.digits(22, '051');
      builder.text(41, '10000001');
      builder.bytes(55, chip);
      builder.text(63, '银联');
      if (builder.reserveMac() < 0) stop('no MAC');
      if (sealFrame(plan.framing, out, 0, builder.finish() - start, tpdu, header) < 0) stop('not encoded');
    };
  },
  // The frame of an answer opened, decoded, and read as numbers and digits.
  answer: () => {
    const view = new MessageView(plan);
    const frame = new FrameView();
    const digits = new Uint8Array(64);
    const frameStarts = Int32Array.from(list, message => message.frameStart);
    let sum = 0;
    return i => {
      if (frame.open(plan.framing, slab, frameStarts[i], ends[i]) !== Status.ok) stop('no frame');
      if (view.decode(slab, frame.bodyStart, frame.bodyEnd) !== Status.ok) stop('not decoded');
      sum = (sum + view.amountMinor(4) + view.number(11)) % 1_000_000;
      view.digitsInto(35, digits, 0);
    };
  },
  frames: () => {
    const receiver = new FrameReceiver();
    const frame = new FrameView();
    const framing = { ...plan.framing, length: false as const };
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < messages.used; at += CHUNK) {
      chunks.push(slab.subarray(at, Math.min(at + CHUNK, messages.used)));
    }
    let chunk = chunks.length - 1;
    let at = chunks[chunk].length;
    // One frame a call, however the chunks cut them.
    return () => {
      for (;;) {
        if (at === chunks[chunk].length) {
          chunk = (chunk + 1) % chunks.length;
          at = 0;
        }
        at = receiver.take(chunks[chunk], at);
        if (receiver.state === FrameState.badLength) stop('bad frame');
        if (receiver.state !== FrameState.complete) continue;
        if (frame.open(framing, receiver.frame, receiver.start, receiver.end) !== Status.ok) stop('no frame');
        return;
      }
    };
  },
  'packet-encode': () => {
    const out = new Uint8Array(OUT_LENGTH);
    const bodies = list.map(message => slab.subarray(message.bodyStart, message.bodyEnd));
    return i => {
      if (encodePacket(bodies[i], bodies[i].length, out, 0) < 0) stop('packet does not fit');
    };
  },
  'packet-decode': () => {
    const packets = list.map(message => {
      const body = slab.subarray(message.bodyStart, message.bodyEnd);
      const out = new Uint8Array(packetLengthMax(body.length));
      return out.slice(0, encodePacket(body, body.length, out, 0));
    });
    const receiver = new PacketReceiver();
    return i => {
      const packet = packets[i];
      let event: number = PacketEvent.none;
      for (let k = 0; k < packet.length; k++) event = receiver.push(packet[k]);
      if (event !== PacketEvent.packet) stop('bad packet');
    };
  },
  // Eight messages as a counter records them; what the recorder does: put down, hold, redact in place, release, write out.
  'trace-write': () => {
    let blocks = 0;
    const writer = new TraceWriter({ write: () => void blocks++ });
    return i => {
      const message = list[i];
      const length = message.bodyEnd - message.bodyStart;
      for (let n = 0; n < 8; n++) {
        const at = writer.begin(Kind.hostOut, Link.counter, 1_800_000_000_000_000 + i, length);
        const { bytes } = writer;
        for (let k = 0; k < length; k++) bytes[at + k] = slab[message.bodyStart + k];
        writer.hold();
        bytes[at] ^= 1;
        writer.release();
      }
      writer.flush();
    };
  },
  // Eight records of a trace in memory that has no end.
  'trace-read': () => {
    const parts: Uint8Array[] = [fileHeader()];
    const writer = new TraceWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) });
    for (let n = 0; n < 20_000; n++) {
      const { bodyStart, bodyEnd } = list[n % MESSAGE_COUNT];
      const at = writer.begin(Kind.hostOut, Link.counter, 1_800_000_000_000_000 + n, bodyEnd - bodyStart);
      writer.bytes.set(slab.subarray(bodyStart, bodyEnd), at);
      if (n % 100 === 0) writer.flush();
    }
    writer.end();
    const file = Buffer.concat(parts);
    let at = 0;
    const reader = new TraceReader({
      size: undefined,
      fault: undefined,
      // Goes round: the header of a file is what a new part begins with.
      read(into) {
        for (let k = 0; k < into.length; k++) {
          into[k] = file[at++];
          if (at === file.length) at = 0;
        }
        return into.length;
      },
    });
    return () => {
      for (let n = 0; n < 8; n++) {
        if (!reader.next() || reader.troubleCount > 0 || reader.kind !== Kind.hostOut) stop('not read');
        slab[0] = reader.bytes[reader.from] ^ (reader.timeUs & 1) ^ slab[0];
      }
    };
  },
};

const [name, count, planted] = process.argv.slice(2);
const make = operations[name];
if (make === undefined) stop(`no operation ${name}; there are ${Object.keys(operations).join(', ')}`);
const work = make();
const kept = { last: {} };

function run(passes: number): void {
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 0; i < MESSAGE_COUNT; i++) work(i);
  }
}

function runWithObject(passes: number): void {
  for (let pass = 0; pass < passes; pass++) {
    for (let i = 0; i < MESSAGE_COUNT; i++) {
      work(i);
      kept.last = { i };
    }
  }
}

const go = planted === 'object' ? runWithObject : run;
const passes = Math.ceil(Number(count) / MESSAGE_COUNT);
// The engine compiles, and compiles again; then all is quiet. With fewer rounds its own notes would be counted.
const WARM_ROUNDS = 60;
const WARM_PASSES = 50;
for (let round = 0; round < WARM_ROUNDS; round++) {
  go(WARM_PASSES);
  // Marking that the start of the program has begun must not end between the marks.
  if (round === 0) (globalThis.gc ?? stop('start it with --expose-gc'))();
}

/** Bytes of the engine's heap and outside of it that have been allocated so far, or are held. */
const allocated = (): number => getHeapStatistics().total_allocated_bytes;
const outside = (): number => process.memoryUsage().external;

allocated();
outside();
writeSync(1, 'BEGIN\n');
const outsideBefore = outside();
const before = allocated();
go(passes);
const after = allocated();
const outsideAfter = outside();
writeSync(1, 'END\n');
console.log(
  JSON.stringify({
    messages: passes * MESSAGE_COUNT,
    allocated: after - before,
    outside: outsideAfter - outsideBefore,
    kept: Object.keys(kept.last),
  }),
);
