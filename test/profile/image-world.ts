import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Result } from '../../src/fault.ts';
import { canonicalBytes } from '../../src/profile/canonical.ts';
import * as fitsModule from '../../src/profile/image-fits.ts';
import * as imageModule from '../../src/profile/image.ts';
import { type Downgrade, type ModelRange, signImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { checkProfile, type Profile } from '../../src/profile/profile.ts';
import type { Json } from '../../src/profile/source.ts';
import { openSigningKey, type SigningKey } from '../../src/security/signature.ts';
import * as terminalModule from '../../src/sim/terminal/image-check.ts';
import { Random } from '../fuzz/random.ts';
import { readShipped } from './shipped.ts';

export const KEY = openSigningKey(new Uint8Array(32).fill(1));
export const STRANGER = openSigningKey(new Uint8Array(32).fill(2));

let shipped: Profile | undefined;
/** The shipped profile that a counter runs. */
export const whole = (): Profile => (shipped ??= checked());

function checked(): Profile {
  const { profile, findings } = checkProfile('unionpay-pos', readShipped);
  if (!profile) throw new Error(findings[0].fault.cause);
  return profile;
}

/** The terminal of the proof: it holds version 4 of the profile. */
export interface World {
  readonly model: string;
  readonly firmware: string;
  readonly serialNumber: string;
  readonly installed: Uint8Array | undefined;
}

/** What takes an image or leaves it: the host before it sends a byte, and the terminal at XLE. */
export interface Judges {
  host(bytes: Uint8Array, world: World): boolean;
  terminal(bytes: Uint8Array, world: World): boolean;
}

interface Modules {
  readonly image: Pick<typeof imageModule, 'verifyImage' | 'readImage'>;
  readonly fits: Pick<typeof fitsModule, 'imageFits'>;
  readonly terminal: Pick<typeof terminalModule, 'imageCheck'>;
}

export function judges(changed: Partial<Modules> = {}): Judges {
  const { image, fits, terminal } = { image: imageModule, fits: fitsModule, terminal: terminalModule, ...changed };
  return {
    host(bytes, { installed, ...told }) {
      const read = image.verifyImage(bytes, [KEY.publicKey]);
      if (!read.ok) return false;
      const held = installed && imageModule.readImage(installed);
      if (held && !held.ok) throw new Error(held.fault.cause);
      return fits.imageFits(read.value, { ...told, ...(held ? { installed: held.value.manifest } : {}) }) === undefined;
    },
    terminal(bytes, { installed, ...told }) {
      return terminal.imageCheck([KEY.publicKey], { ...told, installed: () => installed })(bytes) === 0;
    },
  };
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.fault.name}: ${result.fault.cause}`);
  return result.value;
}

export const MODELS: readonly ModelRange[] = [
  { name: 'OTHER', firmwareMin: '1' },
  { name: 'PANEL', firmwareMin: '1.9', firmwareMax: '2.0.5' },
];

/** A profile that is no larger than an image needs it. */
export function small(version: number, models: readonly ModelRange[] = MODELS, id = 'small'): Profile {
  const terminal = { id: 'panel', rows: 4, columns: 16, charset: 'GBK', printColumns: 32, baud: 19200, models };
  return { id, name: { zh: '小', en: 'small' }, version, terminal } as unknown as Profile;
}

/** The shipped profile with a version and models. */
export function large(version: number): Profile {
  const profile = whole();
  return { ...profile, version, terminal: { ...profile.terminal, models: [...MODELS] } };
}

export function signed(profile: Profile, downgrade?: Downgrade, key: SigningKey = KEY): Uint8Array {
  return value(signImage(buildImage(profile, downgrade ? { downgrade } : {}), key));
}

const largeImages = new Map<number, Uint8Array>();
/** {@link large}, signed; each version is made once. */
export function largeImage(version: number): Uint8Array {
  const image = largeImages.get(version) ?? signed(large(version));
  largeImages.set(version, image);
  return image;
}

/** Parts of an image that are not what they have to be, signed all the same, as a careless signer would. */
export interface Crafted {
  readonly version?: number;
  readonly headerLength?: number;
  readonly digest?: Uint8Array;
  readonly keyId?: Uint8Array;
  readonly tail?: readonly number[];
  readonly manifest?: Uint8Array;
  readonly payload?: Uint8Array;
  readonly context?: string;
  readonly key?: SigningKey;
  readonly manifestLength?: number;
  readonly payloadLength?: number;
  /** Bytes between payload and signature that no length tells of, signed with the rest. */
  readonly gap?: number;
}

/** Written a second time, from the page, so that the builder cannot hide its own mistakes. */
export function craft(of: Uint8Array, parts: Crafted = {}): Uint8Array {
  const from = Buffer.from(of);
  const manifestLength = from.readUInt32BE(12);
  const manifest = parts.manifest ?? from.subarray(64, 64 + manifestLength);
  const payload = parts.payload ?? from.subarray(64 + manifestLength, from.length - 64);
  const { key = KEY, context = 'pos8583 profile image 1\n' } = parts;
  const head = Buffer.alloc(64);
  head.write('POS8583I', 'latin1');
  head.writeUInt16BE(parts.version ?? 1, 8);
  head.writeUInt16BE(parts.headerLength ?? 64, 10);
  head.writeUInt32BE(parts.manifestLength ?? manifest.length, 12);
  head.writeUInt32BE(parts.payloadLength ?? payload.length, 16);
  head.set(parts.digest ?? hash(payload), 20);
  head.set(parts.keyId ?? hash(key.publicKey).subarray(0, 8), 52);
  head.set(parts.tail ?? [0, 0, 0, 0], 60);
  const body = Buffer.concat([head, manifest, payload, new Uint8Array(parts.gap ?? 0)]);
  return new Uint8Array(Buffer.concat([body, key.sign(Buffer.concat([Buffer.from(context), body]))]));
}

const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export const payloadOf = (profile: unknown): Uint8Array => deflateRawSync(canonicalBytes(profile as Json));

export interface Case {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly world: World;
}

const worldWith = (installed: Uint8Array | undefined, changed: Partial<World> = {}): World => ({
  model: 'PANEL',
  firmware: '1.10',
  serialNumber: 'SN-2',
  installed,
  ...changed,
});

/** Every image that neither host nor terminal may take. `stride` thins out the flips of the large image, for a quick look. */
export function* wrongImages(stride = 1): Generator<Case> {
  const old = signed(small(4));
  const right = signed(small(5));
  const world = worldWith(old);
  const made = (what: string, bytes: Uint8Array, changed: Partial<World> = {}): Case => ({
    what,
    bytes,
    world: { ...world, ...changed },
  });

  for (let bit = 0; bit < 8 * right.length; bit += stride) yield made(`small: bit ${bit} flipped`, flipped(right, bit));
  for (let length = 0; length < right.length; length++)
    yield made(`small: cut after ${length}`, right.subarray(0, length));

  const big = largeImage(5);
  const bigWorld = { installed: largeImage(4) };
  const manifestLength = Buffer.from(big).readUInt32BE(12);
  const payloadAt = 64 + manifestLength;
  const signatureAt = big.length - 64;
  for (let bit = 0; bit < 8 * big.length; bit += stride) {
    if (bit === 8 * payloadAt) bit = 8 * signatureAt;
    yield made(`large: bit ${bit} flipped`, flipped(big, bit), bigWorld);
  }
  const random = new Random(8583);
  for (let i = 0; i < 10_000 / stride; i++) {
    const bit = 8 * payloadAt + random.below(8 * (signatureAt - payloadAt));
    yield made(`large: payload bit ${bit} flipped`, flipped(big, bit), bigWorld);
  }
  for (let i = 0; i < 500 / stride; i++) {
    const length = random.below(big.length);
    yield made(`large: cut after ${length}`, big.subarray(0, length), bigWorld);
  }

  for (const extra of [1, 2, 63, 64, 65, 4096]) {
    yield made(`${extra} zero bytes behind`, joined(right, new Uint8Array(extra)));
    yield made(`${extra} zero bytes before`, joined(new Uint8Array(extra), right));
    const bytes = Uint8Array.from({ length: extra }, () => random.byte());
    yield made(`${extra} bytes behind`, joined(right, bytes));
    yield made(`${extra} bytes before the signature`, joined(right.subarray(0, -64), bytes, right.subarray(-64)));
  }
  yield made('signed bytes that no length tells of', craft(right, { gap: 1 }));
  yield made('twice', joined(right, right));
  yield made('over a slot', craft(right, { payload: new Uint8Array(1 << 20) }));

  yield made('not signed', buildImage(small(5)));
  yield made('not signed, but with a key', craftedUnsigned(right));
  yield made('signed by a stranger', signed(small(5), undefined, STRANGER));
  yield made(
    'signed by a stranger in the name of ours',
    craft(right, { key: STRANGER, keyId: right.subarray(52, 60) }),
  );
  yield made('the signature of another version', joined(right.subarray(0, -64), old.subarray(-64)));
  yield made('the payload of another version', craftUnder(right, old));
  yield made('signed for another purpose', craft(right, { context: 'pos8583 slip code 1\0' }));
  yield made('signed for no purpose', craft(right, { context: '' }));

  yield made('format 2', craft(right, { version: 2 }));
  yield made('format 0', craft(right, { version: 0 }));
  yield made('another length of the header', craft(right, { headerLength: 65 }));
  for (const at of [0, 1, 2, 3])
    yield made(`byte ${60 + at} not zero`, craft(right, { tail: [0, 1, 2, 3].map(i => (i === at ? 1 : 0)) }));
  yield made('the digest of something else', craft(right, { digest: hash(old) }));
  yield made('no digest', craft(right, { digest: new Uint8Array(32) }));
  for (const length of [0xffff_ffff, 0x8000_0000, 0x4001, 1 << 20])
    for (const member of ['manifestLength', 'payloadLength'] as const)
      yield made(`${member} ${length}`, craft(right, { [member]: length }));
  yield made('a long manifest', craft(right, { manifest: new Uint8Array(0x4001).fill(0x20) }));
  for (const text of ['', '{}', '[]', 'null', '{"format":1', '{"format":2,"id":"small","models":[],"version":5}'])
    yield made(`manifest ${text}`, craft(right, { manifest: Buffer.from(text) }));

  yield made('the installed image', old);
  yield made('the same version, changed', signed({ ...small(4), name: { zh: '小', en: 'changed' } }));
  yield made('an older version', signed(small(3)));
  yield made('the first version', signed(small(1)));
  yield made('a permission that ends too early', signed(small(3), { from: 3 }));
  yield made('a permission for another terminal', signed(small(3), { from: 4, serialNumbers: ['SN-1', 'SN-22'] }));
  yield made('a permission for a terminal without a name', signed(small(3), { from: 4, serialNumbers: ['SN-1'] }), {
    serialNumber: '',
  });

  yield made('another model', right, { model: 'OTHER-2' });
  yield made('a model whose name goes on', right, { model: 'PANEL2' });
  yield made('a model in other letters', right, { model: 'panel' });
  yield made('no model', right, { model: '' });
  for (const firmware of [
    '1.8.99',
    '1',
    '2.0.5.1',
    '2.1',
    '10.0',
    '',
    'x',
    '1.10b',
    ' 1.10',
    '1..10',
    '-1.10',
    '1.10.',
  ])
    yield made(`firmware "${firmware}"`, right, { firmware });
}

/** Images that both take: without them a judge that refuses everything would pass. */
export function* rightImages(): Generator<Case> {
  const old = signed(small(4));
  const right = signed(small(5));
  const made = (what: string, bytes: Uint8Array, changed: Partial<World> = {}): Case => ({
    what,
    bytes,
    world: worldWith(old, changed),
  });
  yield made('newer', right);
  yield made('much newer', signed(small(1_000_000)));
  yield made('a whole profile', largeImage(5), { installed: largeImage(4) });
  yield made('written by the page alone', craft(buildImage(small(5))));
  yield made('into an empty slot', signed(small(1)), { installed: undefined });
  yield made('another profile', signed(small(1, MODELS, 'other')));
  yield made('any model', signed(small(5, [])), { model: 'X', firmware: 'unknown' });
  yield made('any firmware', signed(small(5, [{ name: 'PANEL' }])), { firmware: 'R-7' });
  for (const firmware of ['1.9', '1.9.0', '1.10', '2', '2.0.5', '2.0.5.0', '2.0.4.9'])
    yield made(firmware, right, { firmware });
  yield made('permitted', signed(small(3), { from: 4 }));
  yield made('permitted from far above', signed(small(3), { from: 99 }));
  yield made('permitted here', signed(small(3), { from: 4, serialNumbers: ['SN-1', 'SN-2'] }));
  yield made('the same version, permitted', signed({ ...small(4), name: { zh: '小', en: 'changed' } }, { from: 4 }));
  yield made('newer, with a permission for others', signed(small(5), { from: 1, serialNumbers: ['SN-9'] }));
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] ^= 0x80 >> (bit & 7);
  return copy;
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** The name of the key without its signature. */
function craftedUnsigned(image: Uint8Array): Uint8Array {
  const copy = image.slice();
  copy.fill(0, copy.length - 64);
  return copy;
}

/** Header, manifest and signature of one image around the payload of another. */
function craftUnder(image: Uint8Array, other: Uint8Array): Uint8Array {
  const at = 64 + Buffer.from(image).readUInt32BE(12);
  const otherAt = 64 + Buffer.from(other).readUInt32BE(12);
  return joined(image.subarray(0, at), other.subarray(otherAt, -64), image.subarray(-64));
}
