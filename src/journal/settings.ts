type Read = (name: string) => string | undefined;

/** Settings that are kept at most; then all of them are read again. */
const KNOWN_MAX = 256;

/** Settings as they are now. They are asked for at each key, so what the fold has read or written is kept. */
export class Settings {
  private readonly known = new Map<string, string | undefined>();
  private readonly read: Read;

  constructor(read: Read) {
    this.read = read;
  }

  value(name: string): string | undefined {
    const value = this.known.get(name);
    return value !== undefined || this.known.has(name) ? value : this.is(name, this.read(name));
  }

  /** The setting has this value from now on; `undefined`: there is none. */
  is(name: string, value: string | undefined): string | undefined {
    if (this.known.size >= KNOWN_MAX) this.known.clear();
    this.known.set(name, value);
    return value;
  }

  /** What was written was taken back, or the table was made again. */
  forget(): void {
    this.known.clear();
  }
}
