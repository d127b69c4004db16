import { fault, type Fault } from '../fault.ts';
import { type ImageManifest, isFirmware, type ModelRange } from './image-manifest.ts';

/** A terminal as it tells of itself, and what its active slot holds. */
export interface ImageTerminal {
  readonly model: string;
  readonly firmware: string;
  readonly serialNumber: string;
  /** Absent: the slot is empty. */
  readonly installed?: { readonly id: string; readonly version: number };
}

/**
 * May the image go into this terminal: model, firmware, version. Undefined when it may; otherwise the fault `image-model`,
 * `image-firmware` or `image-version`. A profile of another id is another profile, whose versions are not compared: whether
 * it belongs into this shop's terminal is for the caller to say.
 */
export function imageFits(image: { readonly manifest: ImageManifest }, terminal: ImageTerminal): Fault | undefined {
  const { manifest } = image;
  return modelFault(manifest, terminal) ?? versionFault(manifest, terminal);
}

function modelFault({ id, models }: ImageManifest, { model, firmware }: ImageTerminal): Fault | undefined {
  if (models.length === 0) return undefined;
  const ranges = models.filter(range => range.name === model);
  if (ranges.length === 0)
    return fault(
      'E_ILLEGAL',
      'image-model',
      `the image ${id} is for ${models.map(range => range.name).join(', ')}, the terminal is ${model || 'of no known model'}`,
      'Take the image that was built for this model',
    );
  if (ranges.some(range => inRange(range, firmware))) return undefined;
  return fault(
    'E_ILLEGAL',
    'image-firmware',
    `the image ${id} is for ${model} with firmware ${ranges.map(rangeText).join(' or ')}, the terminal has ${firmware || 'none that it tells'}`,
    'Have the firmware of the terminal changed, or take the image that was built for it',
  );
}

function versionFault({ id, version, downgrade }: ImageManifest, terminal: ImageTerminal): Fault | undefined {
  const { installed, serialNumber } = terminal;
  if (!installed || installed.id !== id || version > installed.version) return undefined;
  const step = `the terminal holds ${id} version ${installed.version}, the image is version ${version}`;
  if (!downgrade)
    return fault(
      'E_ILLEGAL',
      'image-version',
      `${step}, which is not newer`,
      'Take a newer image, or have one built with --permit-downgrade-from and signed',
    );
  if (downgrade.from < installed.version)
    return fault(
      'E_ILLEGAL',
      'image-version',
      `${step}; its permission to go back ends at version ${downgrade.from}`,
      `Have one built with --permit-downgrade-from ${installed.version} and signed`,
    );
  if (downgrade.serialNumbers && !downgrade.serialNumbers.includes(serialNumber))
    return fault(
      'E_ILLEGAL',
      'image-version',
      `${step}; its permission to go back is not for serial number ${serialNumber || '(none told)'}`,
      `Have one built with --serial ${serialNumber || '…'} and signed`,
    );
  return undefined;
}

/** A version that cannot be compared is in no range that has an end. */
function inRange({ firmwareMin, firmwareMax }: ModelRange, firmware: string): boolean {
  if (firmwareMin === undefined && firmwareMax === undefined) return true;
  if (!isFirmware(firmware)) return false;
  if (firmwareMin !== undefined && compareFirmware(firmware, firmwareMin) < 0) return false;
  return firmwareMax === undefined || compareFirmware(firmware, firmwareMax) <= 0;
}

function rangeText({ firmwareMin, firmwareMax }: ModelRange): string {
  if (firmwareMax === undefined) return `${firmwareMin} or newer`;
  return firmwareMin === undefined ? `up to ${firmwareMax}` : `${firmwareMin} to ${firmwareMax}`;
}

/** Number by number at the dots; a missing number is 0. Negative: `a` is older. */
export function compareFirmware(a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(Number));
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
