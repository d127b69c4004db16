/**
 * Bytes of both lines through a recorder, round after round; run by allocation.test.ts with the engine telling of collections.
 * Parameters: rounds, and `objects` to plant one object in each.
 */
import type { HostSink, SerialSink } from '../../src/hal/hal.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { bodyOffset, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { ACK, encodePacket } from '../../src/wire/packet.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { Recorder } from '../../src/replay/recorder.ts';

const [rounds, planted] = [Number(process.argv[2]), process.argv[3]];
const profile = loadProfile('unionpay-pos', name => namedProfile('unionpay-pos').read(name));
if (!profile.ok) throw new Error(profile.fault.cause);
const plan = compileFieldPlan(profile.value.dialect, profile.value.acquirer.dialectOptions);
if (!plan.ok) throw new Error(plan.fault.cause);

let blocks = 0;
let serial: SerialSink | undefined;
let host: HostSink | undefined;
const nothing = (): void => {};
const recorder = new Recorder({ sink: { write: () => void blocks++ }, zone: 'UTC', key: new Uint8Array(16) });
/** A number that changes would be a new object each time. */
const now = Float64Array.of(Date.UTC(2026, 10, 22));
const rim = {
  clock: {
    nowMs: () => now[0],
    monotonicMs: () => now[0],
    local: () => ({ year: 2026, month: 11, day: 22, hour: 1, minute: 1, second: 1 }),
  },
  timers: { set: () => 1, clear: nothing },
  entropy: { fill: nothing },
  log: { info: nothing, warn: nothing, error: nothing },
  serial: { path: 'tty', open: (sink: SerialSink) => void (serial = sink), write: nothing, close: nothing },
  host: {
    routes: 1,
    routeName: () => 'acquirer',
    connect: (_: number, sink: HostSink) => void (host = sink),
    write: nothing,
    close: nothing,
  },
};
const journal = {
  headSeq: 0,
  headHash: () => new Uint8Array(32),
  copyRecords: () => [],
  watch: nothing,
};
recorder.begin(rim, {
  profile: profile.value,
  plan: plan.value,
  lang: 'zh',
  version: '0',
  journal: journal as never,
  shelf: false,
  training: false,
});
const hal = recorder.around(rim);
hal.serial.open({ opened: nothing, received: nothing, closed: nothing });
hal.host.connect(0, { connected: nothing, received: nothing, closed: nothing });
if (!serial || !host) throw new Error('nobody listens');

const command = Buffer.from('XEV017`\x04\x00\x01\x01`\x03\x00\x02\x00<`\x0e\x00\x02\x00\x01', 'latin1');
const packet = new Uint8Array(64);
const whole = packet.subarray(0, encodePacket(command, command.length, packet, 0));
const answer = Buffer.from('XEV000012\xe0\x10\x00\x0203\xe0\x12\x00\x02\x00\x01', 'latin1');
const answered = new Uint8Array(64);
const end = encodePacket(answer, answer.length, answered, 0);
const [first, second] = [answered.subarray(0, 7), answered.subarray(7, end)];
const frame = messageFrame();
const acknowledge = Uint8Array.of(ACK);
const [head, tail] = [frame.subarray(0, 40), frame.subarray(40)];

/** A request with a card number, as it goes over the line: length, TPDU, header, body. */
function messageFrame(): Uint8Array {
  if (!plan.ok) throw new Error('no plan');
  const framing = { ...plan.value.framing, length: 'binary' } as const;
  const out = new Uint8Array(256);
  const builder = new MessageBuilder(plan.value);
  const at = bodyOffset(framing);
  builder.begin(out, at, 0x0200);
  for (const [field, number] of [
    [2, 6_225_000_000_000_014],
    [3, 0],
    [4, 10_000],
    [11, 7],
  ])
    builder.number(field, number);
  const bodyEnd = builder.finish();
  return out.slice(0, sealFrame(framing, out, 0, bodyEnd - at, new Uint8Array(5), new Uint8Array(6)));
}

const kept: object[] = [];
function round(): void {
  now[0]++;
  hal.serial.write(whole);
  serial?.received(acknowledge);
  serial?.received(first);
  serial?.received(second);
  hal.host.write(frame);
  host?.received(head);
  host?.received(tail);
  hal.clock.nowMs();
  if (planted === 'objects') kept[0] = { blocks, at: [blocks, blocks, blocks, blocks] };
}
for (let i = 0; i < 20_000; i++) round();
globalThis.gc?.();
console.log('BEGIN');
for (let i = 0; i < rounds; i++) round();
console.log('END');
console.log(JSON.stringify({ blocks }));
