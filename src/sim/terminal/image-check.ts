import { createHash, createPublicKey, verify } from 'node:crypto';
import type { ImageCheck } from './slots.ts';

/** STAT of XLE for an image: the same numbers as on the line. */
export const IMAGE_OK = 0;
/** Not an image, cut, or its payload is another one. */
export const IMAGE_DAMAGED = 121;
/** Unsigned, signed by a stranger, or changed after it was signed. */
export const IMAGE_SIGNATURE = 122;
/** Not newer than what the terminal holds, and no permission to go back. */
export const IMAGE_VERSION = 123;
/** For another model or another firmware. */
export const IMAGE_MODEL = 124;

/** What the firmware knows of the terminal that it runs in. */
export interface CheckedTerminal {
  readonly model: string;
  readonly firmware: string;
  readonly serialNumber: string;
  /** Bytes of the image in the active slot; undefined when it is empty. */
  installed(): Uint8Array | undefined;
}

const SIZE_MAX = 0x10_0000;
const MANIFEST_MAX = 0x4000;
const HEAD = 64;
const TAIL = 64;
const CONTEXT = Buffer.from('pos8583 profile image 1\n', 'ascii');
/** DER of an Ed25519 public key in front of its 32 bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

type Members = Readonly<Record<string, unknown>>;

/**
 * The check that a terminal makes of a whole image before it may ever start it (docs/image-format.md), as its firmware would:
 * from the bytes alone, with keys that were put into the terminal, and without trust in what the host has checked.
 * `trusted` are raw public keys of 32 bytes; without any, no image is taken.
 */
export function imageCheck(trusted: readonly Uint8Array[], terminal: CheckedTerminal): ImageCheck {
  return bytes => {
    const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const manifestEnd = wholeUntil(image);
    if (manifestEnd === 0) return IMAGE_DAMAGED;
    if (!isSigned(image, trusted)) return IMAGE_SIGNATURE;
    const manifest = manifestIn(image, manifestEnd);
    if (!manifest) return IMAGE_DAMAGED;
    if (!isForModel(manifest, terminal)) return IMAGE_MODEL;
    return isNewer(manifest, terminal) ? IMAGE_OK : IMAGE_VERSION;
  };
}

/** End of the manifest in a whole image, 0 for anything else. */
function wholeUntil(image: Buffer): number {
  if (image.length < HEAD + TAIL || image.length > SIZE_MAX) return 0;
  if (image.toString('latin1', 0, 8) !== 'POS8583I') return 0;
  if (image.readUInt16BE(8) !== 1 || image.readUInt16BE(10) !== HEAD || image.readUInt32BE(60) !== 0) return 0;
  const manifestEnd = HEAD + image.readUInt32BE(12);
  const payloadEnd = manifestEnd + image.readUInt32BE(16);
  if (manifestEnd > HEAD + MANIFEST_MAX || payloadEnd + TAIL !== image.length) return 0;
  const found = createHash('sha256').update(image.subarray(manifestEnd, payloadEnd)).digest();
  return found.equals(image.subarray(20, 52)) ? manifestEnd : 0;
}

function isSigned(image: Buffer, trusted: readonly Uint8Array[]): boolean {
  const name = image.subarray(52, 60);
  const end = image.length - TAIL;
  const message = Buffer.concat([CONTEXT, image.subarray(0, end)]);
  return trusted.some(key => {
    const itsName = createHash('sha256').update(key).digest().subarray(0, 8);
    if (!itsName.equals(name)) return false;
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' });
    return verify(null, message, publicKey, image.subarray(end));
  });
}

/** The manifest, when it is one; only asked of images that are signed, so its meaning is the signer's word. */
function manifestIn(image: Buffer, end: number): Members | undefined {
  let value: unknown;
  try {
    value = JSON.parse(image.toString('utf8', HEAD, end));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isMembers(value) || value.format !== 1) return undefined;
  const whole = typeof value.id === 'string' && isVersion(value.version) && Array.isArray(value.models);
  return whole ? value : undefined;
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

function isForModel({ models }: Members, { model, firmware }: CheckedTerminal): boolean {
  const list = models as readonly unknown[];
  if (list.length === 0) return true;
  return list.some(one => {
    if (!isMembers(one) || one.name !== model) return false;
    const { firmwareMin: low, firmwareMax: high } = one;
    if (low === undefined && high === undefined) return true;
    const mine = numbers(firmware);
    if (!mine) return false;
    if (low !== undefined && !(order(mine, numbers(low)) >= 0)) return false;
    return high === undefined || order(mine, numbers(high)) <= 0;
  });
}

/** The numbers of a firmware version like 1.20.3; undefined for another text. */
function numbers(text: unknown): readonly number[] | undefined {
  if (typeof text !== 'string' || !/^[0-9]{1,9}([.][0-9]{1,9}){0,7}$/.test(text)) return undefined;
  return text.split('.').map(Number);
}

/** Below 0: `a` is older than `b`. NaN, which compares with nothing, when `b` is no version. */
function order(a: readonly number[], b: readonly number[] | undefined): number {
  if (!b) return NaN;
  for (let i = 0; i < 8; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function isNewer(manifest: Members, terminal: CheckedTerminal): boolean {
  const held = terminal.installed();
  if (!held) return true;
  const image = Buffer.from(held.buffer, held.byteOffset, held.length);
  const end = wholeUntil(image);
  const old = end === 0 ? undefined : manifestIn(image, end);
  // What a terminal cannot read it cannot compare with: a slot of another make.
  if (!old || old.id !== manifest.id) return true;
  const [had, gets] = [old.version as number, manifest.version as number];
  if (gets > had) return true;
  const { downgrade } = manifest;
  if (!isMembers(downgrade) || !isVersion(downgrade.from) || downgrade.from < had) return false;
  const { serialNumbers } = downgrade;
  if (serialNumbers === undefined) return true;
  return Array.isArray(serialNumbers) && serialNumbers.includes(terminal.serialNumber);
}
