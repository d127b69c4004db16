import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Result } from '../fault.ts';
import type { BuiltProfile } from '../profile/built.ts';
import type { Shape } from '../profile/fit.ts';
import { readText } from './files.ts';
import { inPackage, inProgram } from './places.ts';

/** Folder of the shipped profiles, beside `src` and `dist`. */
const SHIPPED = inPackage('firmware-profiles/');
/** What the build wrote of profiles; sources that run as they are have none of it. */
const SHAPE = inProgram('profile/shape.json');
const BUILT = inProgram('profile/built/');
const BASE = 'base';
const ENDING = '.json';

/** Ids of the shipped complete profiles. */
export function shippedProfileIds(): string[] {
  return readdirSync(SHIPPED, { withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ENDING))
    .map(entry => entry.name.slice(0, -ENDING.length))
    .sort();
}

/** Folders of parts that complete profiles extend. */
const PART_FOLDERS = ['base', 'acquirers', 'terminals'] as const;

/** A shipped part: its name in its folder and the members of a profile that it holds. */
export interface Part {
  readonly name: string;
  readonly holds: readonly string[];
}

/** The shipped parts by folder. */
export function partNames(): Readonly<Record<string, readonly Part[]>> {
  const partsOf = (folder: string): Part[] =>
    readdirSync(join(SHIPPED, folder))
      .filter(file => file.endsWith(ENDING))
      .sort()
      .map(file => {
        const name = file.slice(0, -ENDING.length);
        const text = readShipped(`${folder}/${name}`);
        const members = text.ok ? Object.keys(JSON.parse(text.value) as object) : [];
        return { name, holds: members.filter(member => member !== '$schema') };
      });
  return Object.fromEntries(PART_FOLDERS.map(folder => [folder, partsOf(folder)]));
}

/** True when there is something at `path`. */
export const fileThere = (path: string): boolean => existsSync(path);

/** Names of the shipped dialects: the files of `base` with a `dialect` in them. */
export function shippedDialectNames(): string[] {
  return readdirSync(join(SHIPPED, BASE))
    .filter(file => file.endsWith(ENDING))
    .map(file => file.slice(0, -ENDING.length))
    .filter(name => {
      const text = readShipped(`${BASE}/${name}`);
      return text.ok && Object.hasOwn(JSON.parse(text.value) as object, 'dialect');
    })
    .sort();
}

/** The shape that the build wrote beside the program; undefined where there is none, or a build was cut off. */
export const builtShape = (): Shape | undefined => readBuilt<Shape>(SHAPE);

/** The complete profile `id` as the build checked it; undefined where it checked none of that id. */
export const builtProfile = (id: string): BuiltProfile | undefined =>
  shippedProfileIds().includes(id) ? readBuilt<BuiltProfile>(join(BUILT, id + ENDING)) : undefined;

function readBuilt<T>(path: string): T | undefined {
  const text = readText(path);
  if (!text.ok) return undefined;
  try {
    return JSON.parse(text.value) as T;
  } catch (error) {
    // Half a file: then the whole checker does the work.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A profile as the person named it: a shipped id, or a file of the shop. */
export interface NamedProfile {
  readonly id: string;
  /** Named by its path, not by its id. */
  readonly isFile: boolean;
  /** Ids to choose from, this one included when it is a file. */
  readonly knownIds: readonly string[];
  /** Text of the source `name`; sources of the shop's folder win over shipped ones. */
  read(name: string): Result<string>;
}

/** `unionpay-pos` is a shipped id; `./shop/till-1.json` a file whose `extends` may name shipped sources. */
export function namedProfile(text: string): NamedProfile {
  const shipped = shippedProfileIds();
  if (!text.endsWith(ENDING)) return { id: text, isFile: false, knownIds: shipped, read: readShipped };
  const folder = dirname(resolve(text));
  const id = basename(text, ENDING);
  return {
    id,
    isFile: true,
    knownIds: [...shipped, id],
    read(name) {
      // The file that the person named is that file and no shipped profile of the same name.
      if (name === id) return readText(text);
      const own = readText(join(folder, name + ENDING));
      return own.ok || own.fault.code !== 'E_NOEXIST' ? own : readShipped(name);
    },
  };
}

function readShipped(name: string): Result<string> {
  return readText(join(SHIPPED, name + ENDING));
}
