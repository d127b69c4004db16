import { failed, fault, ok, type Result } from '../fault.ts';
import { PICTURE_TYPES, type Picture } from '../profile/emv-media.ts';

type Done<T> = (result: Result<T>) => void;

/** The picture store of a terminal, as the device room offers it. */
export interface MediaPort {
  list(done: Done<readonly string[]>): void;
  load(
    file: { readonly name: string; readonly type: 1 | 2 | 3; readonly bytes: Uint8Array },
    sent: (bytes: number) => void,
    done: Done<void>,
  ): void;
  delete(names: readonly string[], done: Done<void>): void;
  show(name: string, done: Done<void>): void;
}

/** What has to happen for one picture. */
export interface PicturePlan {
  readonly picture: Picture;
  /** Name under which it is loaded: the picture's, filled to seven characters with 0, and A or B. */
  readonly name: string;
  /** Name that is deleted when the new one is used; undefined when there is none. */
  readonly old: string | undefined;
  /** The pad holds exactly one of the two names. */
  readonly settled: boolean;
}

const STEM_LENGTH = 7;

/** `LOGO` → `LOGO000A` or `LOGO000B`. */
export function mediaName(picture: string, suffix: 'A' | 'B'): string {
  return picture.padEnd(STEM_LENGTH, '0') + suffix;
}

/**
 * Where each picture goes, given the names that the pad holds. A new picture never takes the place of the one in use: with
 * one of the two names there, the other is loaded. With both there (a load that was cut off between use and deletion)
 * nobody knows which is newer, so B is loaded again and A goes.
 */
export function planPictures(pictures: readonly Picture[], held: readonly string[]): readonly PicturePlan[] {
  return pictures.map(picture => {
    const [a, b] = [mediaName(picture.name, 'A'), mediaName(picture.name, 'B')];
    const [hasA, hasB] = [held.includes(a), held.includes(b)];
    return {
      picture,
      name: hasA ? b : a,
      old: hasA ? a : hasB ? b : undefined,
      settled: hasA !== hasB,
    };
  });
}

/** One picture is over: loaded, shown, and the old one deleted. */
export interface MediaChange {
  readonly picture: string;
  readonly loaded: string;
  readonly deleted: string | undefined;
  readonly bytes: number;
}

/**
 * Loads every picture of the plan, shows it, deletes the old one, and reads the names back: what was not there before is
 * there now, and what is old is not. Stops at the first fault; a picture that was not shown has deleted nothing.
 */
export function loadPictures(
  port: MediaPort,
  plan: readonly PicturePlan[],
  sent: (picture: string, bytes: number) => void,
  done: Done<readonly MediaChange[]>,
): void {
  const changes: MediaChange[] = [];
  const next = (index: number): void => {
    if (index === plan.length) return readBack(port, changes, done);
    const { picture, name, old } = plan[index];
    const over = (): void => {
      changes.push({ picture: picture.name, loaded: name, deleted: old, bytes: picture.bytes.length });
      next(index + 1);
    };
    port.load(
      { name, type: PICTURE_TYPES[picture.type], bytes: picture.bytes },
      bytes => sent(picture.name, bytes),
      loaded => {
        if (!loaded.ok) return done(loaded);
        port.show(name, shown => {
          if (!shown.ok) return done(shown);
          if (old === undefined) return over();
          port.delete([old], deleted => (deleted.ok ? over() : done(deleted)));
        });
      },
    );
  };
  next(0);
}

function readBack(port: MediaPort, changes: readonly MediaChange[], done: Done<readonly MediaChange[]>): void {
  port.list(held => {
    if (!held.ok) return done(held);
    for (const { loaded, deleted } of changes) {
      if (!held.value.includes(loaded))
        return done(
          failed(
            fault(
              'E_FAILURE',
              'media-not-held',
              `the terminal took picture ${loaded} and does not list it`,
              'Flash again; if it stays so, the picture store of the terminal is broken',
            ),
          ),
        );
      if (deleted !== undefined && held.value.includes(deleted))
        return done(
          failed(
            fault(
              'E_FAILURE',
              'media-not-deleted',
              `the terminal still lists picture ${deleted}, which it deleted`,
              'Flash again; if it stays so, the picture store of the terminal is broken',
            ),
          ),
        );
    }
    done(ok(changes));
  });
}
