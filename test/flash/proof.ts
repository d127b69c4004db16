import { faultText } from '../../src/fault.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { signImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { openSigningKey, verifySignature } from '../../src/security/signature.ts';
import { imageCheck } from '../../src/sim/terminal/image-check.ts';
import { type Cut, hexOf, sha, World, type WorldOptions } from './world.ts';

/**
 * The proof that a cut never hurts: flashes that are cut in all places and in all ways, single and in series. After each
 * the terminal must run an image that it may run, and a flash that nobody cuts must succeed.
 */

const KEY = openSigningKey(new Uint8Array(32).fill(0x42));
const OTHER_KEY = openSigningKey(new Uint8Array(32).fill(0x43));
const SIGNATURE_LENGTH = 64;

/** A generator of numbers that gives the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** `length` bytes and a signature behind them. */
function imageOf(seed: number, length: number, key = KEY): Uint8Array {
  const random = randomOf(seed);
  const body = Uint8Array.from({ length }, () => random(256));
  return Uint8Array.from([...body, ...key.sign(body)]);
}

/** The terminal's check of the images of this proof: 122 when the signature is wrong. */
export function check(image: Uint8Array): number {
  const end = image.length - SIGNATURE_LENGTH;
  return end > 0 && verifySignature(KEY.publicKey, image.slice(0, end), image.slice(end)) ? 0 : 122;
}

const OLD = imageOf(1, 400);
const NEW = imageOf(2, 1500);
const LAST = imageOf(3, 700);
const UNSIGNED = imageOf(4, 900, OTHER_KEY);

export interface Figures {
  /** Flashes that were cut. */
  runs: number;
  cuts: number;
  /** What was found wrong, with the way to see it again. */
  bad: string[];
}

const figures = (): Figures => ({ runs: 0, cuts: 0, bad: [] });

const worldOf = (more: Partial<WorldOptions> = {}): World =>
  new World({ signed: [OLD, NEW, LAST], installed: OLD, check, ...more });

/** Everything ends, power comes back: the laws, and a flash that nobody cuts. */
function aftermath(world: World, name: string, found: Figures): void {
  world.plan([]);
  world.heal();
  world.powerCycle();
  if (world.state !== 'C') world.breaches.push('after a loss of power the terminal is still on trial');
  const result = world.flash(LAST);
  if (!result?.ok || (result.value.kind !== 'flashed' && result.value.kind !== 'same'))
    world.breaches.push(
      `the flash afterwards did not succeed: ${result?.ok ? JSON.stringify(result.value) : result ? faultText(result.fault) : 'no host was left'}`,
    );
  found.runs++;
  for (const breach of world.breaches) found.bad.push(`${name}: ${breach}`);
}

/** How long an uncut flash is: events of the line, and bytes that the terminal writes. */
export function lengthOf(): { readonly events: number; readonly bytes: number } {
  const world = worldOf();
  const { events } = world;
  const { written } = world.memory;
  world.flash(NEW);
  return { events: world.events - events, bytes: world.memory.written - written };
}

function oneCut(found: Figures, cut: Cut, failing?: WorldOptions['failing']): void {
  const world = worldOf(failing ? { failing } : {});
  world.plan([cut]);
  const result = world.flash(NEW);
  // A host that lives sees the terminal again and says what runs; a short cut is no reason to give up.
  if (cut.what !== 'host' && (cut.ms ?? 0) <= 3000 && !result?.ok)
    world.breaches.push(`the host gave up: ${result ? faultText(result.fault) : 'dead'}`);
  found.cuts += world.struck;
  aftermath(world, `${cut.what}@${cut.at}${failing ? ` ${failing} fails` : ''}`, found);
}

/** One cut at each piece of bytes on the line: each command, block, answer and restart; power, host, and the line itself. */
export function everyPiece(): Figures {
  const found = figures();
  const { events } = lengthOf();
  for (let at = 1; at <= events + 1; at++) {
    for (const what of ['power', 'host'] as const) oneCut(found, { what, at });
    for (const ms of [30, 3000, 40_000]) {
      oneCut(found, { what: 'line', at, ms });
      oneCut(found, { what: 'hangup', at, ms });
    }
    oneCut(found, { what: 'power', at }, 'panel');
  }
  return found;
}

/** One loss of power after each byte that the terminal writes: image and state record torn in every place. */
export function everyByte(): Figures {
  const found = figures();
  const { bytes } = lengthOf();
  for (let at = 0; at <= bytes; at++) oneCut(found, { what: 'memory', at });
  return found;
}

/** Five cuts in a row, all of it from the seed: images, ways, places, a test that fails. */
export function series(from: number, to: number): Figures {
  const found = figures();
  const { events, bytes } = lengthOf();
  for (let seed = from; seed < to; seed++) {
    const random = randomOf(seed);
    const cuts: Cut[] = [];
    let at = 0;
    for (let i = 0; i < 5; i++) {
      at += 1 + random(Math.ceil(events * 0.8));
      const what = (['power', 'host', 'line', 'hangup', 'memory'] as const)[random(5)];
      // Places of the memory are counted in bytes and follow each other by themselves.
      if (what === 'memory') cuts.push({ what, at: random(bytes) });
      else if (what === 'line' || what === 'hangup') cuts.push({ what, at, ms: [10, 300, 5000, 60_000][random(4)] });
      else cuts.push({ what, at });
    }
    const failing = (['echo', 'printer', 'panel'] as const)[random(12)];
    const world = worldOf(failing ? { failing } : {});
    world.plan(cuts);
    const images = [NEW, UNSIGNED, LAST, NEW];
    // A cut that lies behind the end of one flash strikes in the next.
    for (let i = 0; i < 6 && world.struck < cuts.length; i++) world.flash(images[random(images.length)], 8);
    found.cuts += world.struck;
    aftermath(world, `seed ${seed}`, found);
  }
  return found;
}

/** Images that must never start, from a host that checks nothing; and a terminal that says 000 and holds another image. */
export function strangers(): Figures {
  const found = figures();
  for (const [name, image] of [
    ['signed by another key', UNSIGNED],
    ['cut short', NEW.slice(0, -1)],
    ['one bit changed', NEW.map((byte, i) => (i === 700 ? byte ^ 1 : byte))],
    ['without a signature', Uint8Array.from([...NEW.slice(0, -64), ...new Uint8Array(64)])],
  ] as const) {
    const world = worldOf();
    const result = world.flash(image);
    if (!result?.ok || result.value.kind !== 'fellBack') world.breaches.push('the flash was not told to have failed');
    if (world.started.includes(hexOf(sha(image)))) world.breaches.push('it was started');
    aftermath(world, name, found);
  }
  const world = worldOf({ stale: LAST });
  const result = world.flash(NEW);
  if (!result?.ok || result.value.kind !== 'fellBack') world.breaches.push('the flash was not told to have failed');
  if (world.started.length > 1) world.breaches.push('the image that nobody asked for was started');
  found.runs++;
  for (const breach of world.breaches) found.bad.push(`stale: ${breach}`);
  return found;
}

/** Real images and the check that the virtual terminal makes of them: only the one with the right signature ever starts. */
export function realImages(): Figures {
  const found = figures();
  const named = namedProfile('unionpay-pos');
  const loaded = loadProfile(named.id, name => named.read(name), named.knownIds);
  if (!loaded.ok) throw new Error(loaded.fault.cause);
  const imageAt = (version: number, key = KEY): Uint8Array => {
    const signed = signImage(buildImage({ ...loaded.value, version }), key);
    if (!signed.ok) throw new Error(signed.fault.cause);
    return signed.value;
  };
  const [first, second, third] = [imageAt(2), imageAt(3), imageAt(4)];
  const worldOfReal = (): World => {
    const world: World = new World({
      signed: [first, second, third],
      installed: first,
      check: bytes =>
        imageCheck([KEY.publicKey], {
          model: 'M',
          firmware: '1.0',
          serialNumber: 'S',
          installed: () => world.terminal.slots.image(world.terminal.slots.active),
        })(bytes),
    });
    return world;
  };
  for (const [name, image] of [
    ['a key that the terminal does not trust', imageAt(3, OTHER_KEY)],
    ['no signature', buildImage({ ...loaded.value, version: 3 })],
    ['a changed signature', second.map((byte, i) => (i === second.length - 1 ? byte ^ 1 : byte))],
    ['an older version', imageAt(1)],
  ] as const) {
    const world = worldOfReal();
    const result = world.flash(image);
    if (!result?.ok || result.value.kind !== 'fellBack') world.breaches.push('the flash was not told to have failed');
    if (world.started.length > 1) world.breaches.push('it was started');
    world.powerCycle();
    const good = world.flash(second);
    if (!good?.ok || good.value.kind !== 'flashed') world.breaches.push('a right image was refused afterwards');
    found.runs++;
    for (const breach of world.breaches) found.bad.push(`${name}: ${breach}`);
  }
  return found;
}
