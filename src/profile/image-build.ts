import { deflateSync } from 'fflate';
import { canonicalBytes } from './canonical.ts';
import { type Downgrade, layOutImage } from './image.ts';
import type { Profile } from './schema.ts';
import type { Json } from './source.ts';

/**
 * The unsigned image of a checked profile: the same bytes for the same profile, whenever, wherever and in whatever order
 * its members were written. What does not fit into an image (`IMAGE_LENGTH_MAX` and the other bounds, a number that is no
 * integer) is built all the same and refused by `readImage`, which says what is wrong.
 *
 * A package of a pinned version packs, because what the zlib of the platform makes of a text may change with the platform.
 * Only who builds images loads it: a counter reads them.
 */
export function buildImage(profile: Profile, options: { readonly downgrade?: Downgrade } = {}): Uint8Array {
  const payload = deflateSync(canonicalBytes(profile as unknown as Json), { level: 9 });
  return layOutImage(profile, payload, options.downgrade);
}
