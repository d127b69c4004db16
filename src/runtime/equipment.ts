import type { DeviceInfo, SlotInfo } from '../device/terminal.ts';
import { type Fault, fault, faultText, type Result } from '../fault.ts';
import type { SeenTerminal, TerminalChange, TerminalFacts, TerminalMember } from '../journal/journal.ts';
import { fitEnd } from '../profile/columns.ts';
import { imageFits, type ImageManifest, type ProfileImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import { type EquipmentPart, type EquipmentTrouble, type EquipmentView, SIDE_COLUMNS } from '../terminal/equipment.ts';
import { isLineFault } from './keys.ts';
import type { Shop } from './shop.ts';
import { type Task, wait } from './task.ts';

/**
 * Is the terminal at the line the one that this profile was made for, and the one that was here before? Asked at every
 * connect. A terminal that is not: the counter shows what differs and sells nothing; books, settlement and the technician's
 * menu stay open. Another terminal than before: it is written down, and a person must have seen it once.
 */

/** Images that lie beside the journal. */
export interface ImageShelf {
  /** All that is there: images signed by a trusted key, and files that are none, with the reason. */
  look(): ShelfLook;
  /** The image with this SHA-256 (64 hex digits). */
  find(digest: string): ProfileImage | undefined;
  /** The file that {@link find} would take it from, for a person; absent where images lie in no files. */
  pathOf?(digest: string): string;
}

export interface ShelfLook {
  readonly images: readonly ProfileImage[];
  readonly refused: readonly { readonly file: string; readonly fault: Fault }[];
}

/** What the runtime was started with. */
export interface EquipmentOptions {
  /** The profile comes from this signed image; absent: from a source, for a terminal without an image. */
  readonly image?: ProfileImage;
  /** Absent: nothing can be flashed at the keypad. */
  readonly shelf?: ImageShelf;
}

/** The equipment as the jobs of one counter share it. */
export interface EquipmentState extends EquipmentOptions {
  /** What the flows know; undefined while nothing is odd. The same object while nothing changes. */
  view: EquipmentView | undefined;
  /** A flash is under way: the terminal restarts, and its image is not the one of before. */
  flashing: boolean;
  /** The image that was flashed, until the program goes on with it. */
  flashed: ProfileImage | undefined;
  /** The counter ends to go on with {@link flashed}. */
  goesOn: boolean;
  /** Stops the flash that is under way, when the program is asked to end. */
  cancel: (() => void) | undefined;
}

export function equipmentState(options: EquipmentOptions): EquipmentState {
  return {
    ...options,
    view: undefined,
    flashing: false,
    flashed: undefined,
    goesOn: false,
    cancel: undefined,
  };
}

/** SHA-256 of the image that runs in a terminal, 64 hex digits; undefined: none. */
export function activeDigest(info: DeviceInfo): string | undefined {
  const slots = info.panel?.slots;
  return slots && (slots.active === 'A' ? slots.digestA : slots.digestB);
}

export const shortDigest = (digest: string | undefined): string =>
  digest === undefined ? 'empty' : digest.slice(0, SHORT_DIGITS);
const SHORT_DIGITS = 8;

/** What a terminal says about itself, for the journal. */
export function factsOf(info: DeviceInfo): TerminalFacts {
  const digest = activeDigest(info);
  const { serialNumber, model, firmware } = info;
  return { serialNumber, model, firmware, ...(digest === undefined ? {} : { digest }) };
}

/** The terminal was greeted: it is written down when it is another one, and looked at. During a flash nothing is said. */
export function meetTerminal(shop: Shop): void {
  const { equipment, terminal, journal, hal, profile } = shop;
  const { info } = terminal;
  if (!info || equipment.flashing) return;
  const seen: SeenTerminal = { ...factsOf(info), profile: profile.id, version: profile.version };
  const before = journal.lastTerminal();
  // An image on trial is gone in two minutes, or confirmed by a flash that is written down.
  const onTrial = info.panel?.slots?.state === 'trial';
  const changed = onTrial ? [] : journal.appendTerminal(hal.clock.nowMs(), seen);
  for (const what of changed)
    hal.log.warn(
      { event: 'terminal-changed', element: what, model: info.model, serial: info.serialNumber },
      `the terminal's ${MEMBER_NAMES[what]} was ${textOf(what, before)}, now it is ${textOf(what, seen)}`,
    );
  const trouble = troubleOf(info, profile, equipment.image);
  if (trouble) {
    const path =
      seen.digest !== undefined && equipment.shelf?.find(seen.digest) && equipment.shelf.pathOf?.(seen.digest);
    const way = path ? `. The image of the terminal is ${path}` : '';
    hal.log.error(
      { event: 'terminal-refused', fault: trouble.fault.name },
      `no trade: ${faultText(trouble.fault)}${way}`,
    );
  }
  showEquipment(shop, trouble?.shown);
}

/**
 * Asks what the slots hold, each minute at the idle screen: a trial ends by itself, and a terminal that restarts says nothing of
 * it where the line stays open. One that runs something else than it said is greeted anew. Only where images count.
 */
export function* lookAgain(shop: Shop): Task<void> {
  const { equipment, terminal, device, training } = shop;
  const told = terminal.info?.panel?.slots;
  const counts = equipment.image !== undefined || equipment.view?.trouble !== undefined;
  if (!told || !counts || training !== undefined || !terminal.isReady) return;
  const asked = yield* wait<Result<SlotInfo>>(resume => device.slots.query(resume));
  const changed = asked.ok
    ? (['active', 'state', 'digestA', 'digestB'] as const).some(name => asked.value[name] !== told[name])
    : isLineFault(asked.fault);
  if (changed && terminal.isReady) terminal.restart(asked.ok ? SLOTS_CHANGED : asked.fault);
}

const SLOTS_CHANGED = fault(
  'E_BUSY',
  'terminal-slots-changed',
  'the terminal has restarted and runs something else',
  'Nothing: it is greeted anew',
);

/** A person has seen that the terminal is another one. */
export function acknowledgeTerminal(shop: Shop, id: number): void {
  shop.journal.acknowledgeTerminal(shop.hal.clock.nowMs(), id, shop.operator);
  showEquipment(shop, shop.equipment.view?.trouble);
}

function showEquipment(shop: Shop, trouble: EquipmentTrouble | undefined): void {
  const change = shop.journal.terminalChange();
  shop.equipment.view =
    trouble || change
      ? { ...(trouble ? { trouble } : {}), ...(change ? { change: changeView(change) } : {}) }
      : undefined;
}

/** True while this counter must not begin anything that moves money. In training no money moves. */
export function stopsTrade(shop: Shop): boolean {
  return shop.training === undefined && shop.equipment.view?.trouble !== undefined;
}

interface Trouble {
  readonly fault: Fault;
  readonly shown: EquipmentTrouble;
}

/** What is wrong with this terminal for the profile that runs; `image` is absent when the profile comes from a source. */
export function troubleOf(info: DeviceInfo, profile: Profile, image: ProfileImage | undefined): Trouble | undefined {
  const misfit = modelTrouble(info, profile);
  if (misfit) return misfit;
  const active = activeDigest(info);
  const [has, wants] = [shortDigest(active), shortDigest(image?.digest)];
  const shown = (part: EquipmentPart, way: EquipmentTrouble['way']): EquipmentTrouble => ({
    part,
    was: has,
    is: wants,
    way,
  });
  if (info.panel?.slots?.state === 'trial')
    return {
      fault: fault(
        'E_BUSY',
        'terminal-on-trial',
        `the terminal runs the image ${has} on trial and was never told to keep it`,
        'It goes back to the image from before within two minutes; then flash again',
      ),
      shown: shown('trial', 'wait'),
    };
  if (!image) {
    if (active === undefined) return undefined;
    return {
      fault: fault(
        'E_ILLEGAL',
        'terminal-has-image',
        `the terminal runs the image ${has}, and this program a profile from a source`,
        'Start with --profile and that image; a source is for terminals without one',
      ),
      shown: shown('image', 'run'),
    };
  }
  if (!info.panel?.slots)
    return {
      fault: fault(
        'E_ILLEGAL',
        'terminal-no-slots',
        `the terminal cannot hold an image, and this program runs ${wants}`,
        'Connect a terminal with profile slots, or start with a profile source',
      ),
      shown: shown('image', 'other'),
    };
  if (active !== image.digest)
    return {
      fault: fault(
        'E_ILLEGAL',
        'terminal-image',
        `the terminal runs the image ${has}, this program ${wants}`,
        'Flash the image (operator 99, 6, or pos8583 flash), or start with the image that the terminal holds',
      ),
      shown: shown('image', 'flash'),
    };
  return undefined;
}

/** Model and firmware, as the profile names them. */
function modelTrouble(info: DeviceInfo, profile: Profile): Trouble | undefined {
  const { models } = profile.terminal;
  if (models.length === 0) return undefined;
  const { model, firmware, serialNumber } = info;
  const manifest = { id: profile.id, version: profile.version, models } as unknown as ImageManifest;
  const cause = imageFits({ manifest }, { model, firmware, serialNumber });
  if (!cause) return undefined;
  const part = cause.name === 'image-model' ? 'model' : 'firmware';
  const ranges = models.filter(one => one.name === model);
  const range = ranges.length > 0 ? ranges[0] : models[0];
  const wanted = part === 'model' ? range.name : (range.firmwareMin ?? `<=${range.firmwareMax ?? ''}`);
  return {
    fault: cause,
    shown: { part, was: side(part === 'model' ? model : firmware), is: side(wanted), way: 'other' },
  };
}

const side = (text: string): string => fitEnd(text || '-', SIDE_COLUMNS);

const MEMBER_NAMES: Readonly<Record<TerminalMember, string>> = {
  serialNumber: 'serial number',
  model: 'model',
  firmware: 'firmware',
  digest: 'image',
};
const MEMBER_PARTS: Readonly<Record<TerminalMember, EquipmentPart>> = {
  serialNumber: 'serial',
  model: 'model',
  firmware: 'firmware',
  digest: 'image',
};

/** A fact as people read it: digests short. */
function textOf(what: TerminalMember, facts: TerminalFacts | undefined): string {
  return what === 'digest' ? shortDigest(facts?.digest) : facts?.[what] || '(none)';
}

/** The first thing that changed says most: another serial number is another terminal. */
function changeView({ id, what, before, now }: TerminalChange): NonNullable<EquipmentView['change']> {
  const [first = 'serialNumber'] = what;
  return { id, part: MEMBER_PARTS[first], was: side(textOf(first, before)), is: side(textOf(first, now)) };
}
