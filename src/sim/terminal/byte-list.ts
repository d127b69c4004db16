/** Bytes that come one after the other. The memory stays when the list is emptied. */
export class ByteList {
  /** `bytes[0, length)` are held. */
  bytes = new Uint8Array(256);
  length = 0;

  push(byte: number): void {
    if (this.length === this.bytes.length) {
      const longer = new Uint8Array(2 * this.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes[this.length++] = byte;
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what is held. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
