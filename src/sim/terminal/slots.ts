import { createHash } from 'node:crypto';
import { Refusal } from './command.ts';
import { equalBytes } from './screen.ts';
import { IMAGE_AT, RamSlotMemory, RECORD_AT, SLOT_CAPACITY, type SlotMemory } from './slot-memory.ts';
import { Stat } from './status.ts';

export { SLOT_CAPACITY } from './slot-memory.ts';
/** An activated image that is not confirmed within this time is left again, milliseconds. */
export const CONFIRM_MS = 120_000;

/** STAT of a further check of a whole image: 0, 122 signature, 123 version, 124 model. */
export type ImageCheck = (image: Uint8Array) => number;
export type SlotName = 'A' | 'B';

interface Slot {
  size: number;
  received: number;
  digest: Uint8Array;
  verified: boolean;
}

interface SlotRecord {
  sequence: number;
  active: SlotName;
  state: 'C' | 'T';
  /** The next start runs the other slot on trial. */
  switching: boolean;
  A: Slot;
  B: Slot;
}

const DIGEST_LENGTH = 32;
const MAGIC = [0x50, 0x38, 0x53, 0x52]; // P8SR
/** `magic 4 | sequence X4 | active A1 | state A1 | switching X1 | 0 | slot A 44 | slot B 44 | SHA-256 of all before`. */
const SLOT_AT = { A: 12, B: 56 } as const;
const SEAL_AT = 100;
export const RECORD_LENGTH = SEAL_AT + DIGEST_LENGTH;

const emptySlot = (): Slot => ({ size: 0, received: 0, digest: new Uint8Array(DIGEST_LENGTH), verified: false });

/**
 * Two places for profile images: one runs, the other is loaded. The content is opaque; size and SHA-256 decide, and a check
 * from outside when one is given. A new image runs on trial until the host confirms it.
 *
 * Everything lies in a memory that outlives a loss of power. What the slots hold is said by a state record that is written
 * to two places in turn, each with a sequence number and a digest of its own: a record torn at any byte does not count, and
 * the one before it does. Image bytes are written before the record that speaks of them, and a slot loses its `verified`
 * before its first byte is overwritten. At each start both images are digested again.
 */
export class Slots {
  private readonly check: ImageCheck;
  private readonly memory: SlotMemory;
  private record: SlotRecord;
  private loading = false;

  /** Starts as after a loss of power from what `memory` holds. */
  constructor(check: ImageCheck = () => 0, memory: SlotMemory = new RamSlotMemory()) {
    this.check = check;
    this.memory = memory;
    this.record = this.stored();
    this.restarted();
  }

  get active(): SlotName {
    return this.record.active;
  }

  get state(): 'C' | 'T' {
    return this.record.state;
  }

  /** SHA-256 of a verified slot, else undefined. */
  digest(name: SlotName): Uint8Array | undefined {
    return this.record[name].verified ? this.record[name].digest : undefined;
  }

  /** Bytes of a verified slot, else undefined. */
  image(name: SlotName): Uint8Array | undefined {
    return this.record[name].verified ? this.bytesOf(name) : undefined;
  }

  /** Puts an image where it counts as verified, as if it had come from the factory. */
  install(name: SlotName, image: Uint8Array): void {
    this.memory.write(IMAGE_AT[name], image);
    this.record[name] = { size: image.length, received: image.length, digest: sha256(image), verified: true };
    this.save();
  }

  /** XLI: returns how many bytes are already held. */
  open(size: number, digest: Uint8Array): number {
    if (this.state === 'T') throw new Refusal(Stat.invalidCall, 'no load during a trial');
    if (size === 0 || size > SLOT_CAPACITY)
      throw new Refusal(Stat.invalidParameter, `image of ${size} bytes, a slot holds ${SLOT_CAPACITY}`);
    if (digest.length !== DIGEST_LENGTH) throw new Refusal(Stat.invalidParameter, 'digest is not 32 bytes');
    const slot = this.idle;
    if (slot.size !== size || !equalBytes(slot.digest, digest)) {
      this.record[other(this.active)] = { size, received: 0, digest: digest.slice(), verified: false };
      this.save();
    }
    this.loading = true;
    return this.idle.received;
  }

  /** XLR */
  write(offset: number, data: Uint8Array): void {
    if (!this.loading) throw new Refusal(Stat.invalidCall, 'no load is open');
    const slot = this.idle;
    if (data.length === 0) throw new Refusal(Stat.invalidParameter, 'empty part');
    if (offset !== slot.received) throw new Refusal(Stat.imageOffset, `part at ${offset}, ${slot.received} bytes held`);
    if (offset + data.length > slot.size) throw new Refusal(Stat.invalidParameter, 'part reaches over the size');
    this.memory.write(IMAGE_AT[other(this.active)] + offset, data);
    slot.received += data.length;
    this.save();
  }

  /** XLE: the slot becomes usable only when this returns. */
  verify(): void {
    if (!this.loading) throw new Refusal(Stat.invalidCall, 'no load is open');
    const slot = this.idle;
    if (slot.received < slot.size) throw new Refusal(Stat.imageDigest, `${slot.received} of ${slot.size} bytes held`);
    const bytes = this.bytesOf(other(this.active));
    const stat = equalBytes(sha256(bytes), slot.digest) ? this.check(bytes) : Stat.imageDigest;
    if (stat !== 0) {
      this.record[other(this.active)] = emptySlot();
      this.save();
      this.loading = false;
      throw new Refusal(stat, 'image refused and erased');
    }
    if (slot.verified) return;
    slot.verified = true;
    this.save();
  }

  /** XLA: the next restart runs the other slot on trial. */
  activate(): void {
    if (this.state === 'T') throw new Refusal(Stat.invalidCall, 'already on trial');
    if (!this.idle.verified) throw new Refusal(Stat.invalidCall, 'the other slot holds no usable image');
    this.record.switching = true;
    this.save();
  }

  /** XLC */
  confirm(): void {
    if (this.state === 'C') return;
    this.record.state = 'C';
    this.save();
  }

  /** What a start does: goes over to an activated image, or leaves one that was never confirmed. */
  restarted(): void {
    this.loading = false;
    this.record = this.stored();
    const { record } = this;
    for (const name of ['A', 'B'] as const)
      record[name].verified &&= equalBytes(sha256(this.bytesOf(name)), record[name].digest);
    const { active, state, switching } = record;
    if (switching && this.idle.verified) {
      record.active = other(active);
      record.state = 'T';
    } else if (state === 'T') {
      record.active = other(active);
      record.state = 'C';
    }
    record.switching = false;
    // An image that rotted away is not started while there is another; an empty slot means what the maker built in.
    const chosen = record[record.active];
    if (chosen.size > 0 && !chosen.verified && this.idle.verified) {
      record.active = other(record.active);
      record.state = 'C';
    }
    if (record.active !== active || record.state !== state || switching) this.save();
  }

  private get idle(): Slot {
    return this.record[other(this.active)];
  }

  private bytesOf(name: SlotName): Uint8Array {
    return this.memory.read(IMAGE_AT[name], this.record[name].size);
  }

  /** The newest whole record, or that of a new terminal. */
  private stored(): SlotRecord {
    let newest: SlotRecord | undefined;
    for (const at of RECORD_AT) {
      const record = parseRecord(this.memory.read(at, RECORD_LENGTH));
      if (record && (!newest || record.sequence > newest.sequence)) newest = record;
    }
    return newest ?? { sequence: 0, active: 'A', state: 'C', switching: false, A: emptySlot(), B: emptySlot() };
  }

  /** Writes the record to the place that does not hold the newest one. */
  private save(): void {
    this.record.sequence++;
    this.memory.write(RECORD_AT[this.record.sequence % 2], recordBytes(this.record));
  }
}

function recordBytes(record: SlotRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(4, record.sequence);
  bytes[8] = record.active.charCodeAt(0);
  bytes[9] = record.state.charCodeAt(0);
  bytes[10] = record.switching ? 1 : 0;
  for (const name of ['A', 'B'] as const) {
    const at = SLOT_AT[name];
    view.setUint32(at, record[name].size);
    view.setUint32(at + 4, record[name].received);
    bytes[at + 8] = record[name].verified ? 1 : 0;
    bytes.set(record[name].digest, at + 12);
  }
  bytes.set(sha256(bytes.subarray(0, SEAL_AT)), SEAL_AT);
  return bytes;
}

/** The record in these bytes; undefined for one that is torn or was never written. */
function parseRecord(bytes: Uint8Array): SlotRecord | undefined {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) return undefined;
  if (!equalBytes(sha256(bytes.subarray(0, SEAL_AT)), bytes.subarray(SEAL_AT))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const slot = (name: SlotName): Slot => ({
    size: view.getUint32(SLOT_AT[name]),
    received: view.getUint32(SLOT_AT[name] + 4),
    verified: bytes[SLOT_AT[name] + 8] === 1,
    digest: bytes.slice(SLOT_AT[name] + 12, SLOT_AT[name] + 12 + DIGEST_LENGTH),
  });
  return {
    sequence: view.getUint32(4),
    active: bytes[8] === 0x42 ? 'B' : 'A',
    state: bytes[9] === 0x54 ? 'T' : 'C',
    switching: bytes[10] === 1,
    A: slot('A'),
    B: slot('B'),
  };
}

const other = (name: SlotName): SlotName => (name === 'A' ? 'B' : 'A');
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
