import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import type { Profile } from './schema.ts';
import { pointerStep } from './source.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** Longest picture, and all pictures together, bytes. A pad has little memory. */
export const PICTURE_LENGTH_MAX = 64 * 1024;
export const PICTURES_LENGTH_MAX = 256 * 1024;

/** What is wrong with the pictures of a profile. */
export function lintMedia(media: NonNullable<Profile['media']>, report: Report): void {
  const { idle, pictures } = media;
  if (idle !== undefined && !Object.hasOwn(pictures, idle))
    report('/media/idle', 'media-unknown', `"${idle}" is no picture of this profile`, 'Name one of /media/pictures');
  let total = 0;
  for (const [name, picture] of Object.entries(pictures)) {
    if (picture.data === undefined) continue;
    const at = `/media/pictures${pointerStep(name)}/data`;
    const bytes = bytesOfBase64(picture.data);
    const wrong = pictureFault(name, bytes);
    if (wrong !== undefined) report(at, wrong.name, wrong.cause, wrong.remedy);
    total += bytes.length;
  }
  if (total > PICTURES_LENGTH_MAX)
    report(
      '/media/pictures',
      'media-too-long',
      `have ${total} bytes together, at most ${PICTURES_LENGTH_MAX}`,
      'Make them smaller or take some out',
    );
}

/** How a pad numbers the formats of pictures. */
export const PICTURE_TYPES = { PNG: 1, JPG: 2, GIF: 3 } as const;
export type PictureType = keyof typeof PICTURE_TYPES;

/** Format by the first bytes of the file; undefined for anything else. */
export function pictureType(bytes: Uint8Array): PictureType | undefined {
  const begins = (...head: number[]): boolean => head.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'PNG';
  if (begins(0xff, 0xd8, 0xff)) return 'JPG';
  if (begins(0x47, 0x49, 0x46, 0x38)) return 'GIF';
  return undefined;
}

function pictureFault(name: string, bytes: Uint8Array): Fault | undefined {
  if (bytes.length > PICTURE_LENGTH_MAX)
    return fault(
      'E_ILLEGAL',
      'media-too-long',
      `picture ${name} has ${bytes.length} bytes, at most ${PICTURE_LENGTH_MAX}`,
      'Make it smaller',
    );
  if (pictureType(bytes) === undefined)
    return fault('E_ILLEGAL', 'media-format', `picture ${name} is neither PNG, JPG nor GIF`, 'Use another file');
  return undefined;
}

const bytesOfBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** A picture ready for a pad. */
export interface Picture {
  /** 1 to 7 characters A-Z 0-9. */
  readonly name: string;
  readonly type: PictureType;
  readonly bytes: Uint8Array;
}

/**
 * The profile with the bytes of its pictures in it, as an image carries them. `read` gets each file as the profile names
 * it. Faults: those of `read`, `media-too-long`, `media-format`.
 */
export function withPictures(profile: Profile, read: (file: string) => Result<Uint8Array>): Result<Profile> {
  const { media } = profile;
  if (media === undefined) return ok(profile);
  const pictures: Record<string, { file: string; data: string }> = {};
  let total = 0;
  for (const [name, { file, data }] of Object.entries(media.pictures)) {
    const bytes = data === undefined ? read(file) : ok(bytesOfBase64(data));
    if (!bytes.ok) return bytes;
    const wrong = pictureFault(name, bytes.value);
    if (wrong !== undefined) return failed(wrong);
    total += bytes.value.length;
    pictures[name] = { file, data: Buffer.from(bytes.value).toString('base64') };
  }
  if (total > PICTURES_LENGTH_MAX)
    return failed(
      fault(
        'E_ILLEGAL',
        'media-too-long',
        `the pictures have ${total} bytes together, at most ${PICTURES_LENGTH_MAX}`,
        'Make them smaller or take some out',
      ),
    );
  return ok({ ...profile, media: { ...media, pictures } });
}

/** The pictures of a profile, by name. Fault `media-bytes-missing` when the bytes of one are not in the profile. */
export function picturesOf(profile: Profile): Result<readonly Picture[]> {
  const found: Picture[] = [];
  for (const [name, { file, data }] of Object.entries(profile.media?.pictures ?? {}).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    if (data === undefined)
      return failed(
        fault(
          'E_ILLEGAL',
          'media-bytes-missing',
          `the bytes of picture ${name} (${file}) are not in the profile`,
          'Build an image of the profile, or flash its source from its folder',
        ),
      );
    const bytes = bytesOfBase64(data);
    const type = pictureType(bytes);
    if (type === undefined) return failed(pictureFault(name, bytes)!);
    found.push({ name, type, bytes });
  }
  return ok(found);
}
