import { failed, fault, ok, type Result } from '../fault.ts';
import { CHECK_VALUE_LENGTH } from './cipher.ts';

/**
 * Field 62 of a sign-on answer: the working keys, each encrypted under the terminal's master key, each followed by a 4-byte
 * check value: `PIK | KCV | MAK | KCV [| TDK | KCV]`. 24 bytes: single length; 40: double length; 60: with a track key.
 */
export type KeyMode = '001' | '003' | '004' | '005' | '006';

/** What can unwrap the keys: a `terminal` takes 16 bytes of wrapped key (ABECS WKENC), `software` is a simulator. */
export type KeyHolder = 'terminal' | 'software';

export interface WrappedKey {
  /**
   * 16 bytes, TDES-ECB (SM4-ECB in modes 005 and 006) under the master key. A single-length key stands here twice: ECB works
   * block by block, so E(K)‖E(K) is the encryption of K‖K, and 3DES with K‖K is single DES.
   */
  readonly wrapped: Uint8Array;
  readonly checkValue: Uint8Array;
  /** True when only 8 bytes count; the check value is then that of single DES. */
  readonly single: boolean;
}

export interface KeyBlock {
  readonly algorithm: 'des' | 'sm4';
  readonly pik: WrappedKey;
  readonly mak: WrappedKey;
  readonly tdk?: WrappedKey;
}

interface Shape {
  readonly key: number;
  readonly count: number;
}

const SHAPES = new Map<number, Shape>([
  [24, { key: 8, count: 2 }],
  [40, { key: 16, count: 2 }],
  [60, { key: 16, count: 3 }],
  [56, { key: 24, count: 2 }],
  [84, { key: 24, count: 3 }],
]);

const LENGTHS: Readonly<Record<KeyMode, readonly number[]>> = {
  '001': [24],
  '003': [40, 60],
  '004': [60],
  '005': [40],
  '006': [60],
};

/** Narrows field 60.3 of a sign-on to a key mode. */
export function isKeyMode(text: string): text is KeyMode {
  return Object.hasOwn(LENGTHS, text);
}

/**
 * Splits `bytes[start, end)`. `mode` is 60.3 of the sign-on. `makLength`: UnionPay's MAK is single length even among
 * double-length keys, its second half is zero bytes: the first half is taken and doubled. `double` takes all 16 bytes for
 * acquirers that send a real double-length MAK.
 *
 * Faults: `key-block-length` (no known layout), `key-block-mode` (layout and mode disagree), `key-length-24` and `key-sm4`
 * (the terminal line carries 16-byte TDES keys only).
 */
export function parseKeyBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  mode: KeyMode,
  holder: KeyHolder,
  makLength: 'single' | 'double' = 'single',
): Result<KeyBlock> {
  const length = end - start;
  const sm4 = mode === '005' || mode === '006';
  if (sm4 && holder === 'terminal')
    return refuse(
      'key-sm4',
      `sign-on mode ${mode} brings SM4 keys, the terminal line carries 16-byte TDES keys only`,
      'Choose key mode 001, 003 or 004 in the profile',
    );
  const shape = SHAPES.get(length);
  if (shape === undefined)
    return refuse(
      'key-block-length',
      `field 62 has ${length} bytes, known key blocks have 24, 40, 60, 56 or 84`,
      'Ask the acquirer which key block it sends',
    );
  if (shape.key === 24 && holder === 'terminal')
    return refuse(
      'key-length-24',
      `field 62 has ${length} bytes: 24-byte keys, the terminal line carries 16-byte keys only`,
      'Ask the acquirer for double-length keys',
    );
  if (shape.key !== 24 && !LENGTHS[mode].includes(length))
    return refuse(
      'key-block-mode',
      `field 62 has ${length} bytes, sign-on mode ${mode} needs ${LENGTHS[mode].join(' or ')}`,
      'Make the key mode of the profile agree with the acquirer',
    );
  const piece = (index: number): { key: Uint8Array; checkValue: Uint8Array } => {
    const at = start + index * (shape.key + CHECK_VALUE_LENGTH);
    return {
      key: bytes.slice(at, at + shape.key),
      checkValue: bytes.slice(at + shape.key, at + shape.key + CHECK_VALUE_LENGTH),
    };
  };
  const whole = (index: number): WrappedKey => {
    const { key, checkValue } = piece(index);
    return shape.key === 8
      ? { wrapped: doubled(key), checkValue, single: true }
      : { wrapped: key, checkValue, single: false };
  };
  const mak = piece(1);
  const block: KeyBlock = {
    algorithm: sm4 ? 'sm4' : 'des',
    pik: whole(0),
    mak:
      sm4 || makLength === 'double'
        ? whole(1)
        : { wrapped: doubled(mak.key), checkValue: mak.checkValue, single: true },
    ...(shape.count === 3 ? { tdk: whole(2) } : {}),
  };
  return ok(block);
}

function doubled(key: Uint8Array): Uint8Array {
  const twice = new Uint8Array(16);
  twice.set(key.subarray(0, 8), 0);
  twice.set(key.subarray(0, 8), 8);
  return twice;
}

function refuse(name: string, cause: string, remedy: string): Result<never> {
  return failed(fault('E_ILLEGAL', name, cause, remedy));
}
