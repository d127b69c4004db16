import { FrameReceiver, FrameState } from '../../src/host/frames.ts';
import { FrameView } from '../../src/iso8583/frame.ts';
import { FastCodec, type Values } from '../../src/iso8583/kernel/fast-codec.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FieldTypeCode, type FieldPlan } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { encodePacket, packetLengthMax, PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';
import { bytesOf, type BenchMessages } from './messages.ts';
import { same, sameBytes, type WorkMaker } from './work.ts';

/** Bytes of a chunk from the socket: one full TCP segment on Ethernet. Must be CHUNK of limit.c. */
const CHUNK = 1460;
const OUT_LENGTH = 4096;
const NUMBER_DIGITS_MAX = 15;

/** How a field is handled when all values are wanted. */
const Form = { number: 0, digits: 1, bytes: 2 } as const;

function formOf(plan: FieldPlan, field: number): number {
  if (plan.type[field] === FieldTypeCode.z) return Form.digits;
  if (plan.type[field] !== FieldTypeCode.n) return Form.bytes;
  return plan.max[field] > NUMBER_DIGITS_MAX ? Form.digits : Form.number;
}

/** All that a pass needs about the messages, in flat arrays. */
class Prepared {
  readonly messages: BenchMessages;
  readonly plan: FieldPlan;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly mti: Int32Array;
  readonly fields: readonly Uint8Array[];
  readonly forms: readonly Uint8Array[];

  constructor(messages: BenchMessages) {
    this.messages = messages;
    this.plan = messages.plan;
    this.count = messages.list.length;
    this.starts = Int32Array.from(messages.list, message => message.bodyStart);
    this.ends = Int32Array.from(messages.list, message => message.bodyEnd);
    this.mti = Int32Array.from(messages.list, message => Number.parseInt(message.mti, 16));
    this.fields = messages.list.map(message => Uint8Array.from(message.fields.keys()));
    this.forms = this.fields.map(fields => fields.map(field => formOf(messages.plan, field)));
  }
}

/** A view over message after message; the check is part of the work. */
function decodeNext(view: MessageView, on: Prepared, index: number): void {
  if (view.decode(on.messages.slab, on.starts[index], on.ends[index]) !== Status.ok) {
    throw new Error(`message ${index}: status ${view.status} at field ${view.errorField}`);
  }
}

const decodeOnly: WorkMaker = messages => {
  const on = new Prepared(messages);
  const view = new MessageView(on.plan);
  return {
    note: 'decode() alone: every length, digit and character is checked; the offsets stay inside the view',
    pass() {
      for (let i = 0; i < on.count; i++) decodeNext(view, on, i);
      return on.count;
    },
  };
};

/** The fast codec with all messages in its memory. */
class Fast {
  readonly codec: FastCodec;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly at: number;
  readonly count: number;

  constructor(messages: BenchMessages, blocks: number) {
    this.codec = new FastCodec(messages.plan, messages.slab.length + 65_536 + (blocks + 2) * 32_768);
    this.count = messages.list.length;
    this.blocks = Array.from({ length: blocks }, () => this.codec.values());
    this.at = (this.codec.firstByte + 63) & ~63;
    this.codec.memory.set(messages.slab, this.at);
    this.starts = Int32Array.from(messages.list, message => this.at + message.bodyStart);
    this.ends = Int32Array.from(messages.list, message => this.at + message.bodyEnd);
    // The first messages of a kind go the slow way, until there is code for them.
    for (let round = 0; round < 32; round++) for (let i = 0; i < this.count; i++) this.decode(this.blocks[0], i);
  }
  readonly blocks: readonly Values[];

  decode(values: Values, i: number): void {
    const status = this.codec.decode(values, this.starts[i], this.ends[i]);
    if (status !== Status.ok) throw new Error(`message ${i}: status ${status} at field ${values.errorField}`);
  }
}

const spans: WorkMaker = messages => {
  const fast = new Fast(messages, 1);
  const { codec } = fast;
  const [values] = fast.blocks;
  const one = (i: number): void => {
    if (codec.locate(values, fast.starts[i], fast.ends[i]) !== Status.ok)
      throw new Error(`message ${i} is not located`);
  };
  const view = new MessageView(messages.plan);
  messages.list.forEach((message, i) => {
    one(i);
    view.decode(messages.slab, message.bodyStart, message.bodyEnd);
    for (const field of message.fields.keys()) {
      same(values.offset(field) - fast.at, view.offset(field), `offset of field ${field}`);
      same(values.size(field), view.size(field), `size of field ${field}`);
    }
  });
  return {
    note: 'FastCodec.locate: offset and size of each field written to a block, bounds and lengths checked',
    pass() {
      for (let i = 0; i < fast.count; i++) one(i);
      return fast.count;
    },
  };
};

const values: WorkMaker = messages => {
  const fast = new Fast(messages, 1);
  const { codec } = fast;
  const [block] = fast.blocks;
  messages.list.forEach((message, i) => {
    fast.decode(block, i);
    for (const [field, text] of message.fields) {
      const what = `message ${i}, field ${field}`;
      const form = formOf(messages.plan, field);
      if (block.number(field) >= 0) same(block.number(field), Number(text), what);
      else if (form === Form.bytes) same(block.offset(field) >= fast.starts[i], true, what);
      else {
        const at = block.digitsAt(field);
        same(Buffer.from(codec.memory.subarray(at, at + block.size(field))).toString(), text, what);
      }
    }
  });
  return {
    note: 'FastCodec.decode: numbers up to 15 digits, other digits as ASCII, texts and bytes as spans; all checked',
    pass() {
      for (let i = 0; i < fast.count; i++) fast.decode(block, i);
      return fast.count;
    },
  };
};

const strings: WorkMaker = messages => {
  const fast = new Fast(messages, 1);
  const [block] = fast.blocks;
  const texts: (string | undefined)[] = new Array<string | undefined>(65).fill('');
  const one = (i: number): void => {
    fast.decode(block, i);
    fast.codec.texts(block, texts);
  };
  messages.list.forEach((message, i) => {
    one(i);
    for (const [field, text] of message.fields) same(texts[field], text, `message ${i}, field ${field}`);
  });
  return {
    note: 'every field as a string, bytes as hex',
    pass() {
      for (let i = 0; i < fast.count; i++) one(i);
      return fast.count;
    },
  };
};

const stringsInPlace: WorkMaker = messages => {
  const on = new Prepared(messages);
  const view = new MessageView(on.plan);
  const texts: (string | undefined)[] = new Array<string | undefined>(65).fill('');
  messages.list.forEach((message, i) => {
    decodeNext(view, on, i);
    view.texts(texts);
    for (const [field, text] of message.fields) same(texts[field], text, `message ${i}, field ${field}`);
  });
  return {
    note: 'MessageView.texts, wherever the message stands',
    pass() {
      for (let i = 0; i < on.count; i++) {
        decodeNext(view, on, i);
        view.texts(texts);
      }
      return on.count;
    },
  };
};

const encode: WorkMaker = messages => {
  const fast = new Fast(messages, messages.list.length);
  const { codec } = fast;
  const out = (fast.at + messages.slab.length + 1024) & ~63;
  const one = (i: number): number => codec.encode(fast.blocks[i], out);
  for (let i = 0; i < fast.count; i++) fast.decode(fast.blocks[i], i);
  for (let i = 0; i < fast.count; i++) {
    const end = one(i);
    const { bodyStart, bodyEnd } = messages.list[i];
    sameBytes(codec.memory.subarray(out, Math.max(end, out)), messages.slab, bodyStart, bodyEnd, `message ${i}`);
  }
  return {
    note: 'FastCodec.encode: from blocks of numbers, ASCII digits and byte ranges; all checked',
    pass() {
      for (let i = 0; i < fast.count; i++) if (one(i) < 0) throw new Error(`message ${i} is not encoded`);
      return fast.count;
    },
  };
};

const encodeStrings: WorkMaker = messages => {
  const on = new Prepared(messages);
  const builder = new MessageBuilder(on.plan);
  const out = new Uint8Array(OUT_LENGTH);
  const texts = messages.list.map(message => [...message.fields.values()]);
  const one = (index: number): number => {
    builder.begin(out, 0, on.mti[index]);
    const fields = on.fields[index];
    for (let k = 0; k < fields.length; k++) builder.value(fields[k], texts[index][k]);
    return builder.finish();
  };
  for (let i = 0; i < on.count; i++) {
    const end = one(i);
    sameBytes(out.subarray(0, Math.max(end, 0)), messages.slab, on.starts[i], on.ends[i], `message ${i}`);
  }
  return {
    note: 'from the strings that text() gives',
    pass() {
      for (let i = 0; i < on.count; i++) if (one(i) < 0) throw new Error(`message ${i} is not encoded`);
      return on.count;
    },
  };
};

const frames: WorkMaker = messages => {
  const receiver = new FrameReceiver();
  const frame = new FrameView();
  const framing = { ...messages.plan.framing, length: false as const };
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < messages.used; at += CHUNK) {
    chunks.push(messages.slab.subarray(at, Math.min(at + CHUNK, messages.used)));
  }
  let bodyBytes = 0;
  const pass = (): number => {
    let count = 0;
    bodyBytes = 0;
    for (let i = 0; i < chunks.length; i++) {
      const chunk = chunks[i];
      let at = 0;
      while (at < chunk.length) {
        at = receiver.take(chunk, at);
        if (receiver.state === FrameState.badLength) throw new Error('bad frame');
        if (receiver.state !== FrameState.complete) continue;
        if (frame.open(framing, receiver.frame, receiver.start, receiver.end) !== Status.ok)
          throw new Error('no frame');
        bodyBytes += frame.bodyEnd - frame.bodyStart;
        count++;
      }
    }
    return count;
  };
  same(pass(), messages.list.length, 'frames');
  same(
    bodyBytes,
    messages.list.reduce((sum, message) => sum + message.bodyEnd - message.bodyStart, 0),
    'bytes of bodies',
  );
  return { note: `chunks of ${CHUNK} bytes through FrameReceiver and FrameView`, pass };
};

const abecsEncode: WorkMaker = messages => {
  const bodies = messages.list.map(message => messages.slab.subarray(message.bodyStart, message.bodyEnd));
  const out = new Uint8Array(OUT_LENGTH);
  return {
    pass() {
      for (let i = 0; i < bodies.length; i++) {
        if (encodePacket(bodies[i], bodies[i].length, out, 0) < 0) throw new Error('packet does not fit');
      }
      return bodies.length;
    },
  };
};

const abecsDecode: WorkMaker = messages => {
  const packets = messages.list.map(message => {
    const body = messages.slab.subarray(message.bodyStart, message.bodyEnd);
    const out = new Uint8Array(packetLengthMax(body.length));
    return out.slice(0, encodePacket(body, body.length, out, 0));
  });
  const receiver = new PacketReceiver();
  const one = (packet: Uint8Array): number => {
    let event: number = PacketEvent.none;
    for (let k = 0; k < packet.length; k++) event = receiver.push(packet[k]);
    return event;
  };
  messages.list.forEach((message, i) => {
    same(one(packets[i]), PacketEvent.packet, `packet ${i}`);
    const data = receiver.data.subarray(0, receiver.length);
    sameBytes(data, messages.slab, message.bodyStart, message.bodyEnd, `packet ${i}`);
  });
  same(encodePacket(bytesOf('16'), 1, new Uint8Array(8), 0), 6, 'stuffed packet');
  return {
    pass() {
      for (let i = 0; i < packets.length; i++) {
        if (one(packets[i]) !== PacketEvent.packet) throw new Error(`packet ${i}: ${receiver.fault}`);
      }
      return packets.length;
    },
  };
};

export const ours: Readonly<Record<string, WorkMaker>> = {
  decode: decodeOnly,
  spans,
  values,
  strings,
  'strings-in-place': stringsInPlace,
  encode,
  'encode-strings': encodeStrings,
  'acquirer-frame': frames,
  'abecs-encode': abecsEncode,
  'abecs-decode': abecsDecode,
};
