import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { fault, failed, ok, type Result } from '../fault.ts';
import { openSigningKey, PUBLIC_KEY_LENGTH, SEED_LENGTH, type SigningKey } from '../security/signature.ts';
import { readBytes, readText, writeNew } from './files.ts';

/** Endings of the two files of a signing key: PEM of PKCS #8, for its owner only, and PEM of SPKI, for everybody. */
export const PRIVATE_ENDING = '.key';
export const PUBLIC_ENDING = '.pub';

/** Longest key file, bytes; a PEM of Ed25519 has some 120. */
const KEY_FILE_LENGTH_MAX = 4096;

export interface KeyPairFiles {
  readonly privatePath: string;
  readonly publicPath: string;
  /** 32 bytes */
  readonly publicKey: Uint8Array;
}

/**
 * Makes a signing key: `<name>.key` with mode 0600 and `<name>.pub`. What is there already is never touched (`key-exists`);
 * the private key is on disk before the public one, so that no public key is without its private one.
 */
export function makeKeyPair(name: string): Result<KeyPairFiles> {
  const privatePath = name + PRIVATE_ENDING;
  const publicPath = name + PUBLIC_ENDING;
  for (const path of [privatePath, publicPath]) if (isThere(path)) return keyExists(path);
  const pair = generateKeyPairSync('ed25519');
  const secret = Buffer.from(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const written = writeNew(privatePath, secret, 0o600);
  secret.fill(0);
  if (!written.ok) return written.fault.name === 'file-exists' ? keyExists(privatePath) : written;
  const open = writeNew(publicPath, String(pair.publicKey.export({ format: 'pem', type: 'spki' })), 0o644);
  return open.ok ? ok({ privatePath, publicPath, publicKey: rawPublic(pair.publicKey) }) : open;
}

/**
 * The signing key in a file of {@link makeKeyPair}. Faults: `key-file-open` when others may read it, `key-file-wrong` when
 * it is no private Ed25519 key, and those of reading a file.
 */
export function readSigningKey(path: string): Result<SigningKey> {
  const there = sized(path);
  if (!there.ok) return there;
  const pem = readBytes(path);
  if (!pem.ok) return pem;
  const text = Buffer.from(pem.value);
  try {
    if (!text.includes('-----BEGIN PRIVATE KEY-----')) return notA('private', path);
    if (process.platform !== 'win32' && (there.value.mode & 0o077) !== 0) {
      const mode = (there.value.mode & 0o777).toString(8).padStart(4, '0');
      return failed(
        fault(
          'E_ILLEGAL',
          'key-file-open',
          `${path} has mode ${mode}, so other users of this host can sign with it`,
          `Run chmod 600 ${path}; if somebody may have read it, make another key and trust this one no more`,
        ),
      );
    }
    const key = opened(() => createPrivateKey({ key: text, format: 'pem' }));
    if (key?.asymmetricKeyType !== 'ed25519') return notA('private', path);
    const der = key.export({ format: 'der', type: 'pkcs8' });
    const seed = der.subarray(der.length - SEED_LENGTH);
    const signing = openSigningKey(seed);
    der.fill(0);
    return ok(signing);
  } finally {
    text.fill(0);
    pem.value.fill(0);
  }
}

/** The raw public key, 32 bytes, in a `.pub` file. Fault `key-file-wrong`, also for a private key: it is no business here. */
export function readPublicKey(path: string): Result<Uint8Array> {
  const there = sized(path);
  if (!there.ok) return there;
  const pem = readText(path);
  if (!pem.ok) return pem.fault.name === 'file-not-utf8' ? notA('public', path) : pem;
  if (!pem.value.includes('-----BEGIN PUBLIC KEY-----') || pem.value.includes('PRIVATE')) return notA('public', path);
  const key = opened(() => createPublicKey({ key: pem.value, format: 'pem' }));
  return key?.asymmetricKeyType === 'ed25519' ? ok(rawPublic(key)) : notA('public', path);
}

/** {@link readPublicKey} of each file; the first fault. */
export function readPublicKeys(paths: readonly string[]): Result<Uint8Array[]> {
  const keys: Uint8Array[] = [];
  for (const path of paths) {
    const key = readPublicKey(path);
    if (!key.ok) return key;
    keys.push(key.value);
  }
  return ok(keys);
}

function rawPublic(key: KeyObject): Uint8Array {
  const der = key.export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - PUBLIC_KEY_LENGTH));
}

/** The key, or undefined when the bytes are none: the platform's message could quote them. */
function opened(open: () => KeyObject): KeyObject | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function sized(path: string): Result<{ readonly mode: number }> {
  const stat = statSync(path, { throwIfNoEntry: false });
  // What is missing or a folder is explained by the reader.
  if (!stat?.isFile()) {
    const read = readBytes(path);
    return read.ok ? notA('whole', path) : read;
  }
  return stat.size > KEY_FILE_LENGTH_MAX ? notA('whole', path) : ok(stat);
}

function notA(what: 'private' | 'public' | 'whole', path: string): { ok: false; fault: ReturnType<typeof fault> } {
  const kind = what === 'whole' ? 'key' : `${what} Ed25519 key`;
  const ending = what === 'private' ? PRIVATE_ENDING : PUBLIC_ENDING;
  return {
    ok: false,
    fault: fault(
      'E_ILLEGAL',
      'key-file-wrong',
      `${path} holds no ${kind} in PEM`,
      `Name the ${ending} file that pos8583 profile keygen made`,
    ),
  };
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const keyExists = (path: string) =>
  failed(
    fault(
      'E_EXISTS',
      'key-exists',
      `${path} is there already`,
      'Choose another name; a key is never overwritten, because what it signed would be lost',
    ),
  );
