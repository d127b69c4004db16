import { type Fault, fault, faultText } from '../fault.ts';
import { fit } from '../profile/columns.ts';
import { type Change, profileDiff } from '../profile/diff.ts';
import { imageFits, type ProfileImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import type { PromptId } from '../profile/words.ts';
import { type ChangeView, SIDE_COLUMNS } from '../terminal/equipment.ts';
import type { Done } from '../terminal/types.ts';
import { activeDigest, shortDigest } from './equipment.ts';
import type { Shop } from './shop.ts';

/** What may be flashed now: what stands in the way, the images of the shelf that fit, and what each would change. */

/** Columns of a label. */
const LABEL_COLUMNS = 16;

export const refused = (prompt: PromptId, cause?: Fault): Done => ({
  type: 'DONE',
  outcome: 'failed',
  prompt,
  ...(cause ? { fault: cause } : {}),
});

/** What stands in the way of a flash, the most urgent first: money that is under way, then the books, then the session. */
export function obstacle(shop: Shop): PromptId | undefined {
  const { journal } = shop;
  const counts = journal.counts();
  if (counts.owed + counts.held > 0) return 'E64';
  if (counts.unknownRefunds > 0) return 'F23.unknown';
  if (counts.heldRefunds > 0) return 'F23.held';
  if (journal.openSettlement()) return 'E77';
  if (counts.batch > 0) return 'E35';
  if (journal.session()?.signedOn) return 'F23.signedOn';
  return undefined;
}

/** The image that runs in the terminal, when the shelf has it. */
export function installedImage(shop: Shop): ProfileImage | undefined {
  const { info } = shop.terminal;
  const digest = info && activeDigest(info);
  if (digest === undefined) return undefined;
  const { image, shelf } = shop.equipment;
  return image?.digest === digest ? image : shelf?.find(digest);
}

/** Images that may go into this terminal now, newest first, or why there is none. */
export function candidates(shop: Shop): readonly ProfileImage[] | Done {
  const { info } = shop.terminal;
  const panel = info?.panel;
  if (!panel) return refused('E42');
  if (!panel.features.slots) return refused('F23.slots');
  const shelf = shop.equipment.shelf?.look();
  if (!shelf) return refused('F23.none');
  const { merchantNo, terminalNo } = shop.profile.merchant;
  const installed = installedImage(shop)?.manifest;
  const active = activeDigest(info);
  let misfit: Fault | undefined;
  const good = shelf.images.filter(image => {
    const { manifest, profile } = image;
    if (image.digest === active) return false;
    // Another profile belongs here only when it is for this very merchant and terminal number.
    const ours =
      manifest.id === shop.profile.id ||
      (profile.merchant.merchantNo === merchantNo && profile.merchant.terminalNo === terminalNo);
    if (!ours) return false;
    const cause =
      imageFits(image, { ...info, ...(installed ? { installed } : {}) }) ??
      (manifest.terminal.rows > panel.rows || manifest.terminal.columns > panel.columns ? SCREEN : undefined);
    if (cause && cause.name !== 'image-version') misfit ??= cause;
    return cause === undefined;
  });
  for (const { file, fault: cause } of shelf.refused)
    shop.hal.log.warn({ event: 'image-refused', detail: file, fault: cause.name }, `${file}: ${faultText(cause)}`);
  if (good.length > 0)
    return good.sort(
      (a, b) =>
        Number(b.manifest.id === shop.profile.id) - Number(a.manifest.id === shop.profile.id) ||
        b.manifest.version - a.manifest.version ||
        (a.digest < b.digest ? -1 : 1),
    );
  if (misfit) return refused('F23.model', misfit);
  const [bad] = shelf.refused;
  return bad ? refused('F23.signature', bad.fault) : refused('F23.none');
}

const SCREEN = fault(
  'E_ILLEGAL',
  'image-model',
  'the screen of the terminal is too small for the image',
  'Take the image that was built for this model',
);

export function look(shop: Shop, index: number): Done {
  const stands = obstacle(shop);
  if (stands) return refused(stands);
  const images = candidates(shop);
  if ('type' in images) return images;
  const at = index % images.length;
  const image = images[at];
  const changes = changesTo(shop, image).map(change => changeView(shop, change));
  const flashView = {
    index: at,
    of: images.length,
    digest: image.digest,
    was: nowText(shop),
    is: nameOf(image.profile),
    changes,
  };
  return { type: 'DONE', outcome: 'ok', flash: flashView };
}

/** Differences of the new profile from what runs: the image in the terminal, else the profile of this program. */
export const changesTo = (shop: Shop, image: ProfileImage): readonly Change[] =>
  profileDiff((installedImage(shop) ?? shop).profile, image.profile);

/** What runs now, in the width of the screen. An image that nobody knows here is named by its digest. */
function nowText(shop: Shop): string {
  const installed = installedImage(shop);
  const { info } = shop.terminal;
  const digest = info && activeDigest(info);
  return digest !== undefined && !installed ? shortDigest(digest) : nameOf((installed ?? shop).profile);
}

/** `demo-shop v8`; a long id loses its end, the version never. */
export function nameOf({ id, version }: Profile, columns = SIDE_COLUMNS): string {
  const mark = ` v${version}`;
  return fit(id, columns - mark.length) + mark;
}
export const NAME_COLUMNS = 40;

function changeView(shop: Shop, { label, mark, ...change }: Change): ChangeView {
  return {
    zh: fit(label.zh, LABEL_COLUMNS),
    en: fit(label.en, LABEL_COLUMNS),
    marked: mark !== '',
    was: fit(valueText(shop, change.old), SIDE_COLUMNS),
    is: fit(valueText(shop, change.new), SIDE_COLUMNS),
  };
}

export function valueText(shop: Shop, value: string | undefined): string {
  const text = (value ?? '').replace(/\s+/g, ' ').trim();
  const yes = { yes: '是', no: '否' }[text];
  return text === '' ? '-' : shop.lang === 'zh' && yes ? yes : text;
}
