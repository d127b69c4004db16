import { createCipheriv, createDecipheriv, constants, privateDecrypt, type KeyObject } from 'node:crypto';
import { failed, fault, type Fault, type Result, ok } from '../fault.ts';
import { crc16 } from '../wire/crc16.ts';
import { hexValue, toHex } from '../wire/hex.ts';
import type { AnswerReader, Command, CommandWriter } from './fields.ts';
import type { LinkChannel } from './link-types.ts';

/**
 * The secure session of ABECS (OPN with an RSA-2048 key): packet data becomes
 * `12 | AES-128-CBC(IV 0) of [length X2][CRC X2][clear data][zero padding]`.
 */
const DC2 = 0x12;
const BLOCK = 16;
const MODULUS_LENGTH = 256;
const ZERO_IV = new Uint8Array(BLOCK);
const COMMAND = 'OPN';

/** The host's key pair for one connection. */
export interface SessionKeyPair {
  /** RSA-2048 private key. */
  readonly privateKey: KeyObject;
  /** 256 bytes, big endian. */
  readonly modulus: Uint8Array;
  /** 1 to 3 bytes, big endian, e.g. 03 or 01 00 01. */
  readonly exponent: Uint8Array;
}

/** `OPN 519 | 0 | 256 | modulus H512 | exponent length | exponent` (the LEN grows with a longer exponent). */
export function writeSecureOpen(writer: CommandWriter, pair: SessionKeyPair): Command {
  return writer
    .begin(COMMAND)
    .open()
    .ascii('0256')
    .ascii(toHex(pair.modulus))
    .ascii(String(pair.exponent.length))
    .ascii(toHex(pair.exponent))
    .finish();
}

/** Answer of the secure OPN: `515 | 256 | session key under the host's key, H512`. */
export function readSecureOpen(answer: AnswerReader, pair: SessionKeyPair): Result<SecureChannel> {
  if (!answer.block(0) || answer.size !== 515) return failed(refused('the key block is not 515 characters'));
  const cryptogram = new Uint8Array(MODULUS_LENGTH);
  for (let i = 0; i < MODULUS_LENGTH; i++) {
    const high = hexValue(answer.byte(answer.at + 3 + 2 * i));
    const low = hexValue(answer.byte(answer.at + 4 + 2 * i));
    if (high < 0 || low < 0) return failed(refused('the key block is not hexadecimal'));
    cryptogram[i] = (high << 4) | low;
  }
  let clear: Uint8Array;
  try {
    clear = privateDecrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, cryptogram);
  } catch {
    return failed(refused('the session key is not encrypted under the key of this host'));
  }
  // 00 02 | padding without zero | 00 | session key
  const keyAt = clear.length - BLOCK;
  const right = clear[0] === 0 && clear[1] === 2 && clear.indexOf(0, 2) === keyAt - 1;
  // A copy: slice of a Buffer would be a view, and the clear block is zeroed.
  const channel = right ? new SecureChannel(new Uint8Array(clear.subarray(keyAt))) : undefined;
  clear.fill(0);
  return channel === undefined ? failed(refused('the session key has a wrong padding')) : ok(channel);
}

function refused(cause: string): Fault {
  return fault(
    'E_FAILURE',
    'session-refused',
    `secure session: ${cause}`,
    'Connect again; if it fails again, use the terminal without secure session or replace it',
  );
}

/** One secure session. */
export class SecureChannel implements LinkChannel {
  private readonly key: Uint8Array;

  /** `key`: 16 bytes, owned by the channel. */
  constructor(key: Uint8Array) {
    this.key = key;
  }

  /** Ends the session: the key is zeroed. */
  wipe(): void {
    this.key.fill(0);
  }

  seal(command: Uint8Array, length: number, out: Uint8Array): number {
    const size = Math.ceil((4 + length) / BLOCK) * BLOCK;
    if (1 + size > out.length) return -1;
    const clear = new Uint8Array(size);
    const crc = crc16(command, 0, length);
    clear[0] = length >> 8;
    clear[1] = length & 0xff;
    clear[2] = crc >> 8;
    clear[3] = crc & 0xff;
    clear.set(command.subarray(0, length), 4);
    const cipher = createCipheriv('aes-128-cbc', this.key, ZERO_IV).setAutoPadding(false);
    out[0] = DC2;
    out.set(cipher.update(clear), 1);
    cipher.final();
    clear.fill(0);
    return 1 + size;
  }

  open(data: Uint8Array, length: number): number {
    const size = length - 1;
    if (size < BLOCK || size % BLOCK !== 0) return -1;
    const cipher = createDecipheriv('aes-128-cbc', this.key, ZERO_IV).setAutoPadding(false);
    const clear = cipher.update(data.subarray(1, length));
    cipher.final();
    const clearLength = (clear[0] << 8) | clear[1];
    let result = -1;
    if (clearLength + 4 <= size && crc16(clear, 4, 4 + clearLength) === ((clear[2] << 8) | clear[3])) {
      data.set(clear.subarray(4, 4 + clearLength));
      result = clearLength;
    }
    clear.fill(0);
    return result;
  }
}
