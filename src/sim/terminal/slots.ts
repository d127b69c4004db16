import { createHash } from 'node:crypto';
import { Refusal } from './command.ts';
import { equalBytes } from './screen.ts';
import { Stat } from './status.ts';

/** Bytes that one slot holds. */
export const SLOT_CAPACITY = 1 << 20;
/** An activated image that is not confirmed within this time is left again, milliseconds. */
export const CONFIRM_MS = 120_000;

/** STAT of a further check of a whole image: 0, 122 signature, 123 version, 124 model. */
export type ImageCheck = (image: Uint8Array) => number;
export type SlotName = 'A' | 'B';

interface Slot {
  bytes: Uint8Array;
  received: number;
  size: number;
  digest: Uint8Array | undefined;
  verified: boolean;
}

const emptySlot = (): Slot => ({ bytes: new Uint8Array(0), received: 0, size: 0, digest: undefined, verified: false });

/**
 * Two places for profile images: one runs, the other is loaded. The content is opaque; size and SHA-256 decide, and a check
 * from outside when one is given. A new image runs on trial until the host confirms it.
 */
export class Slots {
  active: SlotName = 'A';
  state: 'C' | 'T' = 'C';
  private readonly slots = { A: emptySlot(), B: emptySlot() };
  private readonly check: ImageCheck;
  private loading = false;
  private switching = false;

  constructor(check: ImageCheck = () => 0) {
    this.check = check;
  }

  /** SHA-256 of a verified slot, else undefined. */
  digest(name: SlotName): Uint8Array | undefined {
    return this.slots[name].verified ? this.slots[name].digest : undefined;
  }

  /** Puts an image where it counts as verified, as if it had come from the factory. */
  install(name: SlotName, image: Uint8Array): void {
    this.slots[name] = {
      bytes: image.slice(),
      received: image.length,
      size: image.length,
      digest: sha256(image),
      verified: true,
    };
  }

  /** XLI: returns how many bytes are already held. */
  open(size: number, digest: Uint8Array): number {
    if (this.state === 'T') throw new Refusal(Stat.invalidCall, 'no load during a trial');
    if (size === 0 || size > SLOT_CAPACITY)
      throw new Refusal(Stat.invalidParameter, `image of ${size} bytes, a slot holds ${SLOT_CAPACITY}`);
    if (digest.length !== 32) throw new Refusal(Stat.invalidParameter, 'digest is not 32 bytes');
    const slot = this.idle;
    if (slot.size !== size || !slot.digest || !equalBytes(slot.digest, digest)) {
      this.slots[other(this.active)] = {
        bytes: new Uint8Array(size),
        received: 0,
        size,
        digest: digest.slice(),
        verified: false,
      };
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
    slot.bytes.set(data, offset);
    slot.received += data.length;
  }

  /** XLE: the slot becomes usable only when this returns. */
  verify(): void {
    if (!this.loading) throw new Refusal(Stat.invalidCall, 'no load is open');
    const slot = this.idle;
    if (slot.received < slot.size) throw new Refusal(Stat.imageDigest, `${slot.received} of ${slot.size} bytes held`);
    const stat = equalBytes(sha256(slot.bytes), slot.digest as Uint8Array) ? this.check(slot.bytes) : Stat.imageDigest;
    if (stat !== 0) {
      this.slots[other(this.active)] = emptySlot();
      this.loading = false;
      throw new Refusal(stat, 'image refused and erased');
    }
    slot.verified = true;
  }

  /** XLA: the next restart runs the other slot on trial. */
  activate(): void {
    if (this.state === 'T') throw new Refusal(Stat.invalidCall, 'already on trial');
    if (!this.idle.verified) throw new Refusal(Stat.invalidCall, 'the other slot holds no usable image');
    this.switching = true;
  }

  /** XLC */
  confirm(): void {
    this.state = 'C';
  }

  /** What a restart does: goes over to an activated image, or leaves one that was never confirmed. */
  restarted(): void {
    this.loading = false;
    if (this.switching) {
      this.active = other(this.active);
      this.state = 'T';
    } else if (this.state === 'T') {
      this.active = other(this.active);
      this.state = 'C';
    }
    this.switching = false;
  }

  private get idle(): Slot {
    return this.slots[other(this.active)];
  }
}

const other = (name: SlotName): SlotName => (name === 'A' ? 'B' : 'A');
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
