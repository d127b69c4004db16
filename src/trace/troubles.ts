/** Troubles that are kept in words; what comes after them is only counted. */
const TROUBLES_MAX = 100;

export interface Trouble {
  /** Bytes of the capture before the place. */
  readonly offset: number;
  /** What is wrong there, without a byte of the capture's contents. */
  readonly why: string;
}

/** What could not be read of a capture: bounded, however bad the capture is. */
export class Troubles {
  readonly list: Trouble[] = [];
  count = 0;

  tell(offset: number, why: string): void {
    this.count++;
    if (this.list.length < TROUBLES_MAX) this.list.push({ offset, why });
  }
}
