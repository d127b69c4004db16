import type { DeviceInfo } from '../../device/terminal.ts';
import { faultText, type Fault } from '../../fault.ts';
import type { LocalTime } from '../../hal/hal.ts';
import type { FlashEntry } from '../../journal/journal.ts';
import type { Console } from '../../node/console.ts';
import type { Change } from '../../profile/diff.ts';
import type { ProfileImage } from '../../profile/image.ts';
import type { Profile } from '../../profile/schema.ts';
import { slipBytes } from '../../terminal/slips/bytes.ts';
import { slipLines } from '../../terminal/slips/slip.ts';
import type { Lang } from '../doctor/checklist.ts';
import type { FlashFlags } from './flags.ts';
import { changeLine } from './words.ts';

/** Longest name of who flashes. */
const WHO_MAX = 40;
/** Stands where this host does not hold the image whose digest the terminal tells. */
const UNKNOWN = 'unknown';

/** What is known before the first byte of the image. */
export interface Plan {
  readonly info: DeviceInfo;
  /** The image that is to run: from the file, or from the other slot as far as this host holds it. */
  readonly image: ProfileImage | undefined;
  readonly digest: string;
  readonly profile: Profile | undefined;
  readonly installed: ProfileImage | undefined;
  readonly activeBefore: string;
  /** Undefined: what runs now is not known here. */
  readonly changes: readonly Change[] | undefined;
}

/** Who flashes: as the flag says, else the user of this host. */
export const whoOf = (flags: FlashFlags, console: Console): string =>
  (flags.by ?? console.variable('USER') ?? console.variable('LOGNAME') ?? 'command line').slice(0, WHO_MAX);

/** What the journal keeps of a try. */
export function flashEntry(
  plan: Plan,
  outcome: FlashEntry['outcome'],
  tests: FlashEntry['tests'],
  by: string,
  cause?: Fault,
): FlashEntry {
  const { info, installed, activeBefore, changes, profile, digest } = plan;
  const before = installed?.manifest ?? { id: UNKNOWN, version: 0 };
  return {
    serialNumber: info.serialNumber,
    model: info.model,
    digest,
    profile: profile?.id ?? UNKNOWN,
    version: profile?.version ?? 0,
    ...(activeBefore === '' ? {} : { from: { profile: before.id, version: before.version, digest: activeBefore } }),
    changes: (changes ?? []).map(changeLine),
    by,
    outcome,
    tests,
    ...(cause ? { why: faultText(cause) } : {}),
  };
}

/** An image that went to a monitor: which terminal that was and what became of it was not read back. */
export function ymodemEntry({ manifest, digest }: ProfileImage, by: string): FlashEntry {
  return {
    serialNumber: UNKNOWN,
    model: UNKNOWN,
    digest,
    profile: manifest.id,
    version: manifest.version,
    changes: [],
    by,
    outcome: 'unseen',
    tests: [],
    why: 'sent by YMODEM; the monitor of the terminal judges it and nothing was read back',
  };
}

/** The flash slip as the printer takes it. */
export function flashSlip(plan: Plan, entry: FlashEntry, at: LocalTime, anchor: string, lang: Lang): Uint8Array {
  const { profile, info, changes } = plan;
  const merchant = profile?.merchant;
  const lines = slipLines(
    {
      kind: 'flash',
      shop: {
        merchantName: merchant?.name[lang] ?? '',
        merchantNo: merchant?.merchantNo ?? '',
        terminalNo: merchant?.terminalNo ?? '',
      },
      serialNumber: entry.serialNumber,
      model: entry.model,
      was: wasText(plan, entry),
      is: `${entry.profile} v${entry.version}`,
      digest: entry.digest,
      by: entry.by,
      at,
      tests: entry.tests,
      changes: changes?.map(({ label, mark, old, new: now }) => ({
        label: label[lang],
        mark,
        was: old ?? '-',
        is: now ?? '-',
      })),
      anchor,
    },
    { columns: (info.panel?.printColumns ?? 0) >= 48 ? 48 : 32, lang },
  );
  return slipBytes(lines);
}

/** What ran before; an image that this host does not hold is told by the beginning of its digest. */
function wasText({ installed, activeBefore }: Plan, { from }: FlashEntry): string {
  if (!from) return '-';
  return installed ? `${from.profile} v${from.version}` : activeBefore.slice(0, 16);
}

/** What the test of the printer prints. */
export function testSlip({ profile, digest }: Plan, lang: Lang): Uint8Array {
  const line = '-'.repeat(32);
  const title = lang === 'zh' ? '打印测试 PRINTER TEST' : 'PRINTER TEST';
  return slipBytes([
    line,
    title,
    `${profile?.id ?? ''} v${profile?.version ?? ''}`,
    digest.slice(0, 16),
    '0123456789',
    line,
  ]);
}
