import type { Beginning } from './cutter.ts';
import { Cutter } from './cutter.ts';
import type { Segment } from './segment.ts';
import { addressText } from './segment.ts';

/** Connections that are followed at the same time. */
export const CONNECTIONS_MAX = 4096;
/** Bytes of segments that wait for one before them: of all connections, and segments of one way of one connection. */
export const EARLY_BYTES_MAX = 16_777_216;
export const EARLY_SEGMENTS_MAX = 1024;
const BUCKETS = 8192;
const KEY_WORDS = 9;
const NONE = -1;

/** A segment that came before the one in front of it. */
export interface Early {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly pushed: boolean;
}

/** One way of a connection. */
export class Half {
  readonly cutter: Cutter;
  /** Sequence number of the byte that comes next; it means something when `known`. */
  expected = 0;
  known = false;
  /** Segments that came too early, by sequence. */
  early: Early[] = [];
  earlyBytes = 0;
  /** The sender has closed this way. */
  finished = false;

  constructor(beginning: Beginning) {
    this.cutter = new Cutter(beginning, false);
  }

  restart(synced: boolean): void {
    this.cutter.restart(synced);
    this.known = this.finished = false;
    this.early = [];
    this.earlyBytes = 0;
  }

  /** Keeps a copy of a segment in its place; false when it has that one already. */
  keep(sequence: number, bytes: Uint8Array, pushed: boolean): boolean {
    let at = this.early.length;
    while (at > 0 && ((sequence - this.early[at - 1].sequence) | 0) < 0) at--;
    if (at > 0 && this.early[at - 1].sequence === sequence && this.early[at - 1].bytes.length >= bytes.length)
      return false;
    this.early.splice(at, 0, { sequence, bytes, pushed });
    this.earlyBytes += bytes.length;
    return true;
  }
}

/** A TCP connection; side 0 is the one that was seen first. */
export class Connection {
  readonly halves: readonly [Half, Half];
  /** Number among the connections that carry messages; -1 before the first message. */
  stream = NONE;
  /** Side that asks; -1 while it is not known. */
  client = NONE;
  /** Told already that its bytes are no messages. */
  foreign = false;

  constructor(beginning: Beginning) {
    this.halves = [new Half(beginning), new Half(beginning)];
  }

  restart(synced: boolean): void {
    this.halves[0].restart(synced);
    this.halves[1].restart(synced);
    this.stream = this.client = NONE;
    this.foreign = false;
  }

  get over(): boolean {
    return this.halves[0].finished && this.halves[1].finished;
  }
}

/**
 * The connections of a capture by their two addresses and ports: a table of fixed size. When it is full, the one that was quiet
 * longest gives its place away. Finding one creates nothing.
 */
export class Connections {
  /** Which side of the connection found last sent the segment. */
  side: 0 | 1 = 0;
  /** The place of the connection found last. */
  slot = NONE;
  /** Places in use. */
  count = 0;
  private readonly beginning: Beginning;
  private readonly table: Connection[] = [];
  private readonly keys = new Int32Array(CONNECTIONS_MAX * KEY_WORDS);
  private readonly hashes = new Int32Array(CONNECTIONS_MAX);
  private readonly buckets = new Int32Array(BUCKETS).fill(NONE);
  private readonly chain = new Int32Array(CONNECTIONS_MAX).fill(NONE);
  /** Places from the one used last to the one used first. */
  private readonly older = new Int32Array(CONNECTIONS_MAX).fill(NONE);
  private readonly newer = new Int32Array(CONNECTIONS_MAX).fill(NONE);
  private newest = NONE;
  private oldest = NONE;

  constructor(beginning: Beginning) {
    this.beginning = beginning;
  }

  at(slot: number): Connection {
    return this.table[slot];
  }

  /** The connection of a segment, or undefined when there is none yet. Sets {@link side} and {@link slot}. */
  find(segment: Segment): Connection | undefined {
    const hash = hashOf(segment);
    // Most segments belong to the connection of the one before.
    const { newest } = this;
    if (newest !== NONE && this.hashes[newest] === hash && this.matches(newest, segment)) {
      this.slot = newest;
      return this.table[newest];
    }
    for (let slot = this.buckets[hash & (BUCKETS - 1)]; slot !== NONE; slot = this.chain[slot]) {
      if (this.hashes[slot] !== hash || !this.matches(slot, segment)) continue;
      this.unlink(slot);
      this.putFirst(slot);
      this.slot = slot;
      return this.table[slot];
    }
    return undefined;
  }

  /** The connection that gives its place away when the table is full. */
  get next(): Connection | undefined {
    return this.count < CONNECTIONS_MAX ? undefined : this.table[this.oldest];
  }

  /** Adds the connection of a segment that {@link find} did not find; its sender becomes side 0. */
  add(segment: Segment): Connection {
    let slot = this.count;
    if (slot < CONNECTIONS_MAX) {
      this.count++;
      this.table.push(new Connection(this.beginning));
    } else {
      slot = this.oldest;
      this.unlink(slot);
      this.takeFromBucket(slot);
    }
    const hash = hashOf(segment);
    const { keys } = this;
    const at = slot * KEY_WORDS;
    for (let i = 0; i < 4; i++) {
      keys[at + i] = segment.source[i];
      keys[at + 4 + i] = segment.target[i];
    }
    keys[at + 8] = (segment.sourcePort << 16) | segment.targetPort;
    this.hashes[slot] = hash;
    this.chain[slot] = this.buckets[hash & (BUCKETS - 1)];
    this.buckets[hash & (BUCKETS - 1)] = slot;
    this.putFirst(slot);
    this.slot = slot;
    this.side = 0;
    return this.table[slot];
  }

  /** Port of a side of the connection at a place. */
  port(slot: number, side: 0 | 1): number {
    const ports = this.keys[slot * KEY_WORDS + 8];
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** One way of the connection at a place, for people: `10.0.0.1:40000 > 10.0.0.2:8583`. */
  name(slot: number, from: 0 | 1): string {
    const end = (side: 0 | 1): string => {
      const address = addressText(this.keys, slot * KEY_WORDS + side * 4);
      return `${address.includes(':') ? `[${address}]` : address}:${this.port(slot, side)}`;
    };
    return `${end(from)} > ${end(from === 0 ? 1 : 0)}`;
  }

  private matches(slot: number, segment: Segment): boolean {
    const { keys } = this;
    const at = slot * KEY_WORDS;
    const { source, target } = segment;
    if (keys[at + 8] === ((segment.sourcePort << 16) | segment.targetPort)) {
      let i = 0;
      while (i < 4 && keys[at + i] === source[i] && keys[at + 4 + i] === target[i]) i++;
      if (i === 4) {
        this.side = 0;
        return true;
      }
    }
    if (keys[at + 8] !== ((segment.targetPort << 16) | segment.sourcePort)) return false;
    for (let i = 0; i < 4; i++) if (keys[at + i] !== target[i] || keys[at + 4 + i] !== source[i]) return false;
    this.side = 1;
    return true;
  }

  private takeFromBucket(slot: number): void {
    const bucket = this.hashes[slot] & (BUCKETS - 1);
    if (this.buckets[bucket] === slot) {
      this.buckets[bucket] = this.chain[slot];
      return;
    }
    let before = this.buckets[bucket];
    while (this.chain[before] !== slot) before = this.chain[before];
    this.chain[before] = this.chain[slot];
  }

  private putFirst(slot: number): void {
    this.older[slot] = this.newest;
    this.newer[slot] = NONE;
    if (this.newest === NONE) this.oldest = slot;
    else this.newer[this.newest] = slot;
    this.newest = slot;
  }

  private unlink(slot: number): void {
    const newer = this.newer[slot];
    const older = this.older[slot];
    if (newer === NONE) this.newest = older;
    else this.older[newer] = older;
    if (older === NONE) this.oldest = newer;
    else this.newer[older] = newer;
  }
}

/** The same for both ways. */
function hashOf({ source, target, sourcePort, targetPort }: Segment): number {
  let hash = Math.imul(sourcePort + targetPort, 0x9e3779b1) ^ (sourcePort ^ targetPort);
  for (let i = 0; i < 4; i++) hash = Math.imul((hash ^ (source[i] + target[i])) | 0, 0x85ebca6b) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}
