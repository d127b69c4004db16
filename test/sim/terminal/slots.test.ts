import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSlotFile } from '../../../src/node/slot-file.ts';
import { RamSlotMemory, RECORD_AT, SLOT_MEMORY_LENGTH } from '../../../src/sim/terminal/slot-memory.ts';
import { RECORD_LENGTH, Slots } from '../../../src/sim/terminal/slots.ts';

const image = (seed: number): Uint8Array => Uint8Array.from({ length: 3000 }, (_, i) => (i * seed) & 0xff);
const sha = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const OLD = image(7);
const NEW = image(31);
const noCheck = (): number => 0;

function load(slots: Slots, bytes: Uint8Array): void {
  for (let at = slots.open(bytes.length, sha(bytes)); at < bytes.length; at += 980)
    slots.write(at, bytes.subarray(at, at + 980));
  slots.verify();
}

test('what the slots hold outlives the terminal', () => {
  const memory = new RamSlotMemory();
  const first = new Slots(noCheck, memory);
  first.install('A', OLD);
  first.open(NEW.length, sha(NEW));
  first.write(0, NEW.subarray(0, 980));
  const second = new Slots(noCheck, memory);
  expect(second.open(NEW.length, sha(NEW))).toBe(980);
  load(second, NEW);
  second.activate();
  const third = new Slots(noCheck, memory);
  expect([third.active, third.state]).toEqual(['B', 'T']);
  expect(third.image('B')).toEqual(NEW);
  expect(new Slots(noCheck, memory).state).toBe('C');
  expect(new Slots(noCheck, memory).active).toBe('A');
});

test('a state record torn at any byte: the one before it wins', () => {
  const whole = new RamSlotMemory();
  const slots = new Slots(noCheck, whole);
  slots.install('A', OLD);
  load(slots, NEW);
  slots.activate();
  const before = RECORD_AT.map(at => whole.read(at, RECORD_LENGTH));
  slots.restarted(); // on trial
  slots.confirm();
  const after = RECORD_AT.map(at => whole.read(at, RECORD_LENGTH));
  const sequence = (bytes: Uint8Array): number => new DataView(bytes.buffer).getUint32(4);
  const newest = sequence(after[0]) > sequence(after[1]) ? 0 : 1;
  for (let cut = 0; cut <= RECORD_LENGTH; cut++) {
    const torn = whole.read(0, RECORD_AT[1] + RECORD_LENGTH);
    torn.set(before[newest].subarray(cut), RECORD_AT[newest] + cut);
    const memory = new RamSlotMemory();
    memory.write(0, torn);
    memory.write(8192, whole.read(8192, OLD.length));
    memory.write(8192 + (1 << 20), whole.read(8192 + (1 << 20), NEW.length));
    const started = new Slots(noCheck, memory);
    // The record before is of the trial, which a loss of power ends; only the whole new one says confirmed.
    const done =
      sequence(torn.slice(RECORD_AT[newest], RECORD_AT[newest] + RECORD_LENGTH)) > 0 && cut === RECORD_LENGTH;
    expect(started.image(started.active), `cut at ${cut}`).toEqual(done ? NEW : OLD);
  }
});

test('an image that rotted away is not started', () => {
  const memory = new RamSlotMemory();
  const slots = new Slots(noCheck, memory);
  slots.install('A', OLD);
  slots.install('B', NEW);
  memory.write(8192 + 100, Uint8Array.of(0xff, 0xfe));
  const started = new Slots(noCheck, memory);
  expect(started.active).toBe('B');
  expect(started.digest('A')).toBeUndefined();
});

test('the file of a terminal: made, kept, and no other file is taken for one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pos8583-slots-'));
  const path = join(folder, 'slots');
  for (const round of [0, 1]) {
    const file = openSlotFile(path, SLOT_MEMORY_LENGTH);
    if (!file.ok) throw new Error(file.fault.cause);
    const slots = new Slots(noCheck, file.value);
    if (round === 0) slots.install('A', OLD);
    expect(slots.image('A')).toEqual(OLD);
    file.value.close();
  }
  writeFileSync(path, 'x');
  expect(openSlotFile(path, SLOT_MEMORY_LENGTH)).toMatchObject({ ok: false, fault: { name: 'slot-file-length' } });
  expect(openSlotFile(folder, SLOT_MEMORY_LENGTH)).toMatchObject({ ok: false, fault: { name: 'slot-file' } });
  rmSync(folder, { recursive: true });
});
