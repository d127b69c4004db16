import { ok, type Result } from '../../fault.ts';
import { readBytes } from '../../node/files.ts';
import { readPublicKeys } from '../../node/key-files.ts';
import { builtShape } from '../../node/profiles.ts';
import { checkImageProfile, type ProfileImage, sourceOfImage, verifyImage } from '../../profile/image.ts';

export { IMAGE_ENDING } from '../../node/image-shelf.ts';

/**
 * Reads the image in a file for use: whole, signed by one of the public keys in the files `trust`, and with a profile that
 * this program can run. It says nothing about a terminal: `imageFits` does.
 */
export async function readImageFile(path: string, trust: readonly string[]): Promise<Result<ProfileImage>> {
  const keys = readPublicKeys(trust);
  if (!keys.ok) return keys;
  const bytes = readBytes(path);
  if (!bytes.ok) return bytes;
  const image = verifyImage(bytes.value, keys.value);
  return image.ok ? usableImage(image.value) : image;
}

/** The image when its profile can be run; else a fault that says what is wrong with it and where. */
export async function usableImage(image: ProfileImage): Promise<Result<ProfileImage>> {
  const shape = builtShape();
  if (shape && checkImageProfile(image, shape).ok) return ok(image);
  // Only what is wrong needs the whole checker.
  const { loadProfile } = await import('../../profile/profile.ts');
  const loaded = loadProfile(image.manifest.id, sourceOfImage(image));
  return loaded.ok ? ok(image) : loaded;
}
