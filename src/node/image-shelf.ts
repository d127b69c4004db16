import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { IMAGE_LENGTH_MAX, type ProfileImage, verifyImage } from '../profile/image.ts';
import type { ImageShelf, ShelfLook } from '../runtime/equipment.ts';
import { readBytes, writeAtomic } from './files.ts';
import type { ImageFolder } from './image-folder.ts';

/** Ending of the files that hold an image. */
export const IMAGE_ENDING = '.p8583';
/** Name of the copy of the image that the terminal was given last. */
const CURRENT = `current${IMAGE_ENDING}`;
/** Files that are looked at; a shelf with more of them was never tidied. */
const FILES_MAX = 100;

/** Folders of images. A new one is put there under any name; those that ran are kept under their digest. */
export interface FolderShelf extends ImageShelf {
  /** Folders that are looked into. */
  readonly folders: readonly string[];
  /** Copy of the image that the terminal was given last: the profile to start with. */
  readonly currentPath: string;
  /** File of the image with this digest. */
  pathOf(digest: string): string;
  /** Keeps an image under its digest, so that later differences to it can be told. */
  keep(image: ProfileImage): Result<void>;
  /** As {@link keep}, and makes it the one under the name that never changes, for the next start. Gives that file. */
  makeCurrent(image: ProfileImage): Result<string>;
}

interface Known {
  readonly stamp: string;
  readonly image: Result<ProfileImage>;
}

/**
 * The shelf in the folder beside the journal, which need not be there yet, and in `other` besides. Only images signed by one of the `trusted` raw public keys, and whose
 * profile `check` takes, are on it. A file is read again when its time or size has changed.
 */
export function openImageShelf(
  kept: ImageFolder,
  other: string | undefined,
  trusted: readonly Uint8Array[],
  check: (image: ProfileImage) => Fault | undefined,
): FolderShelf {
  const folders = other === undefined ? [kept.path] : [kept.path, other];
  const known = new Map<string, Known>();
  /** Where an image was seen last, by digest. */
  const places = new Map<string, string>();

  function read(path: string): Result<ProfileImage> | undefined {
    const there = looked(path, () => statSync(path, { throwIfNoEntry: false }));
    if (!there.ok) return there;
    const stat = there.value;
    if (!stat?.isFile()) return undefined;
    const stamp = `${stat.ino}/${stat.mtimeMs}/${stat.size}`;
    const before = known.get(path);
    if (before?.stamp === stamp) return before.image;
    const image = verified(path, stat.size);
    known.set(path, { stamp, image });
    if (image.ok) places.set(image.value.digest, path);
    return image;
  }

  function verified(path: string, size: number): Result<ProfileImage> {
    // One byte more than allowed is enough to be told so.
    const bytes = size > IMAGE_LENGTH_MAX ? ok(new Uint8Array(IMAGE_LENGTH_MAX + 1)) : readBytes(path);
    if (!bytes.ok) return bytes;
    const image = verifyImage(bytes.value, trusted);
    const wrong = image.ok ? check(image.value) : undefined;
    return wrong ? failed(wrong) : image;
  }

  function look(): ShelfLook {
    const images = new Map<string, ProfileImage>();
    const refused: { file: string; fault: Fault }[] = [];
    for (const folder of folders) {
      const files = looked(folder, () => filesIn(folder));
      if (!files.ok) refused.push({ file: folder, fault: files.fault });
      for (const file of files.ok ? files.value : []) {
        const image = read(file);
        if (image?.ok) images.set(image.value.digest, image.value);
        else if (image) refused.push({ file, fault: image.fault });
      }
    }
    return { images: [...images.values()], refused };
  }

  const keptPath = (digest: string): string => join(kept.path, digest + IMAGE_ENDING);

  function keep(image: ProfileImage): Result<void> {
    const there = read(keptPath(image.digest));
    if (there?.ok && there.value.digest === image.digest) return ok(undefined);
    return kept.keep(image.digest, image.bytes);
  }

  return {
    folders,
    currentPath: join(kept.path, CURRENT),
    pathOf: digest => places.get(digest) ?? keptPath(digest),
    look,
    find(digest) {
      const named = read(keptPath(digest));
      if (named?.ok && named.value.digest === digest) return named.value;
      return look().images.find(image => image.digest === digest);
    },
    keep,
    makeCurrent(image) {
      const there = keep(image);
      if (!there.ok) return there;
      const path = join(kept.path, CURRENT);
      const written = writeAtomic(path, image.bytes, 0o600);
      return written.ok ? ok(path) : written;
    },
  };
}

/** What the file system says, or why it says nothing. */
function looked<T>(path: string, look: () => T): Result<T> {
  try {
    return ok(look());
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === undefined) throw error;
    return failed(fault('E_FAILURE', 'image-folder', `cannot look into ${path}: ${code}`, 'Check who owns it'));
  }
}

/** Paths of the images in a folder, in order; none when there is no such folder. */
function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter(file => file.endsWith(IMAGE_ENDING))
    .sort()
    .slice(0, FILES_MAX)
    .map(file => join(folder, file));
}
