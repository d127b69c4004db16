import { createHash } from 'node:crypto';
import { fault, failed, ok, type Fault, type Result } from '../fault.ts';
import { PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, type SigningKey, verifySignature } from '../security/signature.ts';
import { canonicalBytes, canonicalText, readCanonical } from './canonical.ts';
import { fits, type Shape } from './fit.ts';
import { type Downgrade, downgradeOf, type ImageManifest, manifestOf } from './image-manifest.ts';
import { unpackPayload } from './image-payload.ts';
import { lintProfile } from './lint.ts';
import type { Profile } from './schema.ts';
import { isObject, type Json, type ReadSource, refused } from './source.ts';

export type { Downgrade, ImageManifest, ModelRange } from './image-manifest.ts';
export { imageFits, type ImageTerminal } from './image-fits.ts';

/**
 * The image of a profile: the compiled profile as a terminal holds it in a slot. Numbers are big-endian.
 *
 * byte  0       magic `POS8583I`
 *       8–9     format version 1
 *      10–11    length of the header, 64
 *      12–15    length M of the manifest
 *      16–19    length P of the payload
 *      20–51    SHA-256 of the payload as it lies here
 *      52–59    name of the signing key: first 8 bytes of the SHA-256 of the public key; zero when unsigned
 *      60–63    zero
 *      64       manifest, canonical JSON
 *      64+M     payload, raw DEFLATE of the canonical JSON of the profile
 *      64+M+P   64 bytes: Ed25519 signature over {@link DOMAIN} and everything before; zero when unsigned
 *
 * docs/image-format.md is the contract for other implementations.
 */
export const IMAGE_LENGTH_MAX = 1024 * 1024;
export const MANIFEST_LENGTH_MAX = 16 * 1024;
/** Hex digits of the name of a signing key. */
export const KEY_ID_DIGITS = 16;

const HEADER_LENGTH = 64;
const FORMAT = 1;
const MAGIC = new TextEncoder().encode('POS8583I');
const DIGEST_AT = 20;
const KEY_ID_AT = 52;
const ZERO_AT = 60;
/** In front of the signed bytes, so that a signature of anything else is none of an image. */
const DOMAIN = new TextEncoder().encode('pos8583 profile image 1\n');

/** An image whose form and digests are right. */
export interface ProfileImage {
  readonly manifest: ImageManifest;
  /** Has no key in it and agrees with the manifest; only {@link checkImageProfile} says that it may be used. */
  readonly profile: Profile;
  /** SHA-256 of the whole file, 64 hex digits: what the terminal tells of its slots. */
  readonly digest: string;
  /** Name of the signing key, 16 hex digits; empty when unsigned. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** The unsigned image of a profile, around `payload`: its canonical JSON as raw DEFLATE. It checks nothing. */
export function layOutImage(profile: Profile, payload: Uint8Array, downgrade: Downgrade | undefined): Uint8Array {
  const manifest = canonicalBytes(manifestOf(profile as unknown as Json, downgrade) as unknown as Json);
  const image = new Uint8Array(HEADER_LENGTH + manifest.length + payload.length + SIGNATURE_LENGTH);
  const view = new DataView(image.buffer);
  image.set(MAGIC);
  view.setUint16(8, FORMAT);
  view.setUint16(10, HEADER_LENGTH);
  view.setUint32(12, manifest.length);
  view.setUint32(16, payload.length);
  image.set(sha256(payload), DIGEST_AT);
  image.set(manifest, HEADER_LENGTH);
  image.set(payload, HEADER_LENGTH + manifest.length);
  return image;
}

/** A copy of the image signed by `key`; an older signature is replaced. Faults of {@link readImage}. */
export function signImage(image: Uint8Array, key: SigningKey): Result<Uint8Array> {
  const read = readImage(image);
  if (!read.ok) return read;
  const signed = image.slice();
  signed.set(keyIdOf(key.publicKey), KEY_ID_AT);
  const end = signed.length - SIGNATURE_LENGTH;
  signed.set(key.sign(signedPart(signed, end)), end);
  return ok(signed);
}

/**
 * Reads an image from anywhere: bounds, header, digest of the payload, both texts canonical, manifest as the profile says,
 * no key in the profile. It says nothing about who made the image ({@link verifyImage}) nor whether the profile may be used
 * ({@link checkImageProfile}). Faults: `image-size`, `image-form`, `image-length`, `image-digest`, `image-manifest`,
 * `image-payload`, `image-unsigned` (half signed), `profile-key-material`.
 */
export function readImage(bytes: Uint8Array): Result<ProfileImage> {
  const frame = frameOf(bytes);
  return frame.ok ? contentOf(frame.value) : frame;
}

/**
 * As {@link readImage}, and the image is signed by one of the `trusted` raw public keys. The signature is checked before
 * manifest and payload are looked at. Further faults: `image-unsigned`, `image-key`, `image-signature`.
 */
export function verifyImage(bytes: Uint8Array, trusted: readonly Uint8Array[]): Result<ProfileImage> {
  const frame = frameOf(bytes);
  if (!frame.ok) return frame;
  const { keyId, end } = frame.value;
  if (keyId === '')
    return wrong(
      'image-unsigned',
      'the image is not signed',
      'Have it signed by who is responsible for the profiles: pos8583 profile sign',
    );
  const keys = trusted.filter(key => key.length === PUBLIC_KEY_LENGTH && hexOf(keyIdOf(key)) === keyId);
  if (keys.length === 0)
    return wrong(
      'image-key',
      `the image names the key ${keyId}, which is not trusted here`,
      'Ask who made it; trust a key only when it came from them another way',
    );
  const part = signedPart(bytes, end);
  const signature = bytes.subarray(end, end + SIGNATURE_LENGTH);
  if (!keys.some(key => verifySignature(key, part, signature)))
    return wrong(
      'image-signature',
      `the signature is not of the key ${keyId} over this image`,
      'The file was changed or damaged: get it again from who made it',
    );
  return contentOf(frame.value);
}

/** SHA-256 of the whole file, 32 bytes: what XLI announces and XLQ tells. */
export function imageDigest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** Name of a signing key: the first 8 bytes of the SHA-256 of the raw public key. */
export function keyIdOf(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).subarray(0, KEY_ID_DIGITS / 2);
}

/**
 * The profile of an image when this program can run it: its shape and its meaning are checked as those of a source are.
 * `shape` is what the build left beside the program. Fault `image-profile`; the checker of the sources, fed by
 * {@link sourceOfImage}, then tells what is wrong and where.
 */
export function checkImageProfile(image: ProfileImage, shape: Shape): Result<Profile> {
  const { profile, manifest } = image;
  if (fits(shape, profile as unknown as Json) && lintProfile(profile).length === 0) return ok(profile);
  return wrong(
    'image-profile',
    `the profile ${manifest.id} in the image is not one that this version of the program can run`,
    'Use the version that it was built for, or have it built again with this one',
  );
}

/** The profile of an image as the only source that there is, for `loadProfile` and `checkProfile`. */
export function sourceOfImage(image: ProfileImage): ReadSource {
  const text = canonicalText(image.profile as unknown as Json);
  return name =>
    name === image.manifest.id
      ? ok(text)
      : failed(
          fault('E_NOEXIST', 'image-source', `the image holds no source ${name}`, 'A built profile extends nothing'),
        );
}

/** An image whose outer form is right. */
interface Frame {
  readonly bytes: Uint8Array;
  readonly manifest: Uint8Array;
  readonly payload: Uint8Array;
  readonly keyId: string;
  /** Where the signature begins. */
  readonly end: number;
}

function frameOf(bytes: Uint8Array): Result<Frame> {
  if (bytes.length > IMAGE_LENGTH_MAX)
    return wrong('image-size', `the file has ${bytes.length} bytes, an image at most ${IMAGE_LENGTH_MAX}`, NOT_THIS);
  if (bytes.length < HEADER_LENGTH + SIGNATURE_LENGTH)
    return wrong('image-size', `the file has ${bytes.length} bytes, too few for an image`, GET_AGAIN);
  if (!sameBytes(bytes.subarray(0, MAGIC.length), MAGIC))
    return wrong('image-form', 'the file does not begin with POS8583I', NOT_THIS);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = view.getUint16(8);
  if (format !== FORMAT)
    return wrong('image-form', `the image has format ${format}, this program reads ${FORMAT}`, 'Use a newer program');
  if (view.getUint16(10) !== HEADER_LENGTH || !isZero(bytes.subarray(ZERO_AT, HEADER_LENGTH)))
    return wrong('image-form', 'the header is damaged', GET_AGAIN);
  const manifestLength = view.getUint32(12);
  const payloadLength = view.getUint32(16);
  if (manifestLength > MANIFEST_LENGTH_MAX)
    return wrong(
      'image-size',
      `the manifest has ${manifestLength} bytes, at most ${MANIFEST_LENGTH_MAX} are allowed`,
      'Name fewer models or serial numbers',
    );
  const end = HEADER_LENGTH + manifestLength + payloadLength;
  if (end + SIGNATURE_LENGTH !== bytes.length)
    return wrong(
      'image-length',
      `the header tells of ${end + SIGNATURE_LENGTH} bytes, the file has ${bytes.length}`,
      GET_AGAIN,
    );
  const payload = bytes.subarray(HEADER_LENGTH + manifestLength, end);
  if (!sameBytes(sha256(payload), bytes.subarray(DIGEST_AT, KEY_ID_AT)))
    return wrong('image-digest', 'the payload is not the one that the header tells of', GET_AGAIN);
  const id = bytes.subarray(KEY_ID_AT, ZERO_AT);
  const isUnsigned = isZero(id);
  if (isUnsigned !== isZero(bytes.subarray(end)))
    return wrong('image-unsigned', 'the image has a key without a signature or a signature without a key', GET_AGAIN);
  const manifest = bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + manifestLength);
  return ok({ bytes, manifest, payload, keyId: isUnsigned ? '' : hexOf(id), end });
}

function contentOf({ bytes, manifest: manifestBytes, payload, keyId }: Frame): Result<ProfileImage> {
  const text = unpackPayload(payload);
  if (typeof text === 'string') return wrong('image-payload', `the payload ${text}`, REBUILD);
  const profile = readCanonical(text);
  if (typeof profile === 'string') return wrong('image-payload', `the profile in the payload ${profile}`, REBUILD);
  if (!isObject(profile.value)) return wrong('image-payload', 'the profile in the payload is no object', REBUILD);
  const key = refused('the image', profile.value);
  if (key) return failed(key);
  const written = readCanonical(manifestBytes);
  if (typeof written === 'string') return wrong('image-manifest', `the manifest ${written}`, REBUILD);
  const downgrade = downgradeOf(written.value);
  if (typeof downgrade === 'string') return wrong('image-manifest', `the manifest ${downgrade}`, REBUILD);
  const manifest = manifestOf(profile.value, downgrade.downgrade);
  if (typeof manifest === 'string') return wrong('image-payload', `the profile in the payload ${manifest}`, REBUILD);
  if (canonicalText(manifest as unknown as Json) !== canonicalText(written.value))
    return wrong('image-manifest', 'the manifest does not say what the profile in the payload says', REBUILD);
  return ok({ manifest, profile: profile.value as unknown as Profile, digest: hexOf(sha256(bytes)), keyId, bytes });
}

const NOT_THIS = 'Name a file that pos8583 profile build made';
const GET_AGAIN = 'The file was changed, cut or damaged: get it again from who made it';
const REBUILD = 'Have it built again by pos8583 profile build';

const wrong = (name: string, cause: string, remedy: string): { ok: false; fault: Fault } => ({
  ok: false,
  fault: fault('E_ILLEGAL', name, cause, remedy),
});

/** What is signed: {@link DOMAIN} and the image up to its signature. */
function signedPart(bytes: Uint8Array, end: number): Uint8Array {
  const part = new Uint8Array(DOMAIN.length + end);
  part.set(DOMAIN);
  part.set(bytes.subarray(0, end), DOMAIN.length);
  return part;
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const isZero = (bytes: Uint8Array): boolean => bytes.every(byte => byte === 0);
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
