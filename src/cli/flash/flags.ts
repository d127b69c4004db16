import type { Lang } from '../doctor/checklist.ts';

/** Exit statuses of `flash`, documented in its help and in docs/flashing.md. */
export const FlashExit = {
  /** The image runs, confirmed, read back. */
  flashed: 0,
  /** Refused, or the image from before runs again: nothing has changed. */
  refused: 1,
  usage: 2,
  image: 3,
  serial: 4,
  journal: 5,
  /** No slots: the terminal cannot be flashed this way. */
  terminal: 6,
  /** The terminal could not be asked at the end. It follows the rule of the trial by itself. */
  unseen: 7,
  bug: 70,
  stopped: 130,
} as const;

export interface FlashFlags {
  readonly port: string;
  readonly trust?: readonly string[];
  readonly journal?: string;
  readonly profile?: string;
  readonly acquirer?: string;
  readonly backup?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsName?: string;
  readonly baud?: string;
  readonly by?: string;
  readonly lang: Lang;
  readonly verifyOnly?: boolean;
  readonly rollback?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly ymodem?: boolean;
}
