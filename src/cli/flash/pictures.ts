import { dirname, join, resolve } from 'node:path';
import type { Result } from '../../fault.ts';
import { readBytes } from '../../node/files.ts';
import { inPackage } from '../../node/places.ts';
import { withPictures } from '../../profile/emv-media.ts';
import type { Profile } from '../../profile/schema.ts';

/** Folder of the shipped profiles, beside `src` and `dist`. */
const SHIPPED = inPackage('firmware-profiles/');

/**
 * The profile that a person named as `text` (a shipped id, or a file), with the bytes of its pictures in it. They lie below
 * the folder of the profile. Faults: of reading a file, `media-format`, `media-too-long`.
 */
export function profileWithPictures(text: string, profile: Profile): Result<Profile> {
  const folder = text.endsWith('.json') ? dirname(resolve(text)) : SHIPPED;
  return withPictures(profile, file => readBytes(join(folder, file)));
}
