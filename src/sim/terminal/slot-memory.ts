/** Bytes that one slot holds. */
export const SLOT_CAPACITY = 1 << 20;
/** Where the two places of the state record begin, and the images of slot A and B. */
export const RECORD_AT = [0, 4096] as const;
export const IMAGE_AT = { A: 8192, B: 8192 + SLOT_CAPACITY } as const;
/** Bytes of the whole memory. */
export const SLOT_MEMORY_LENGTH = IMAGE_AT.B + SLOT_CAPACITY;

const PAGE = 4096;

/**
 * Memory that outlives a loss of power, as the flash chip of a terminal does. A write that is cut off leaves the bytes up to
 * some place new and the rest as they were; nothing else is promised.
 */
export interface SlotMemory {
  /** Bytes `[at, at + length)`; those that were never written are 0. */
  read(at: number, length: number): Uint8Array;
  write(at: number, bytes: Uint8Array): void;
}

/** Memory that ends with the process, for a terminal whose slots nobody asks for later. Takes only the pages in use. */
export class RamSlotMemory implements SlotMemory {
  private readonly pages = new Map<number, Uint8Array>();

  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.each(at, length, (page, from, start, count) => {
      const held = this.pages.get(page);
      if (held) bytes.set(held.subarray(from, from + count), start);
    });
    return bytes;
  }

  write(at: number, bytes: Uint8Array): void {
    this.each(at, bytes.length, (page, from, start, count) => {
      let held = this.pages.get(page);
      if (!held) this.pages.set(page, (held = new Uint8Array(PAGE)));
      held.set(bytes.subarray(start, start + count), from);
    });
  }

  private each(at: number, length: number, visit: (page: number, from: number, start: number, count: number) => void) {
    for (let start = 0; start < length;) {
      const from = (at + start) % PAGE;
      const count = Math.min(PAGE - from, length - start);
      visit((at + start - from) / PAGE, from, start, count);
      start += count;
    }
  }
}
