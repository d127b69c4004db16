/** What the flows know of the terminal itself: is it the right one, and what can be flashed into it. Texts fit their lines. */

/** Longest text on the right of `旧`, `OLD ` and their like, columns. */
export const SIDE_COLUMNS = 11;

/** What of the terminal is meant. */
export type EquipmentPart = 'image' | 'model' | 'firmware' | 'serial' | 'trial';

/** The terminal is not what the program needs: nothing is sold until it is. */
export interface EquipmentTrouble {
  readonly part: EquipmentPart;
  /** What the terminal has, what the program needs; at most {@link SIDE_COLUMNS}. */
  readonly was: string;
  readonly is: string;
  readonly way: 'flash' | 'run' | 'other' | 'wait';
}

/** The terminal is another one than before: a person must have seen it once. */
export interface EquipmentChange {
  readonly id: number;
  readonly part: EquipmentPart;
  readonly was: string;
  readonly is: string;
}

/** What is odd about the terminal. */
export interface EquipmentView {
  readonly trouble?: EquipmentTrouble;
  readonly change?: EquipmentChange;
}

/** One difference between the profile that runs and a new one. */
export interface ChangeView {
  /** At most 16 columns. */
  readonly zh: string;
  readonly en: string;
  /** Money or keys. */
  readonly marked: boolean;
  /** At most {@link SIDE_COLUMNS}. */
  readonly was: string;
  readonly is: string;
}

/** An image on the shelf that may be flashed. */
export interface FlashView {
  /** Place in the list, from 0, and how many there are. */
  readonly index: number;
  readonly of: number;
  /** SHA-256, hex. */
  readonly digest: string;
  /** Profile and version that run now, and those of the image; at most {@link SIDE_COLUMNS}. */
  readonly was: string;
  readonly is: string;
  readonly changes: readonly ChangeView[];
}

/** A moment of flashing; the three tests are those of the trial. */
export type FlashMoment =
  'compare' | 'load' | 'readBack' | 'activate' | 'trial' | 'echo' | 'printer' | 'panel' | 'confirm' | 'back';

/** News of the job `flash`. `code`: the key that the test of screen and keypad asks for. */
export interface FlashNews {
  readonly stage: 'flash';
  readonly moment: FlashMoment;
  /** Of the bytes of the image, 0 to 100. */
  readonly percent: number;
  readonly secondsLeft: number;
  readonly code?: string;
}

export type EquipmentJob =
  /** The image at this place of the shelf, newest first; refused when nothing may be flashed now. */
  | { readonly kind: 'flashLook'; readonly index: number }
  /** Flashes it, tests it on trial and confirms it. */
  | { readonly kind: 'flash'; readonly digest: string }
  | { readonly kind: 'flashSlip' }
  /** The program goes on with the profile that was flashed. */
  | { readonly kind: 'flashGoOn' }
  | { readonly kind: 'acknowledgeTerminal'; readonly id: number };

const JOBS: ReadonlySet<string> = new Set<EquipmentJob['kind']>([
  'flashLook',
  'flash',
  'flashSlip',
  'flashGoOn',
  'acknowledgeTerminal',
]);

export function isEquipmentJob(job: { readonly kind: string }): job is EquipmentJob {
  return JOBS.has(job.kind);
}
