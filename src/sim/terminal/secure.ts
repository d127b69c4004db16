import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Entropy } from '../../hal/hal.ts';
import { crc16 } from '../../wire/crc16.ts';
import { Refusal, decimal, fromHex, hex, latin1 } from './command.ts';
import { Stat } from './status.ts';

/** First byte of an encrypted packet. */
export const DC2 = 0x12;
const MODULUS_LENGTH = 256;
const BLOCK = 16;
const ZERO_IV = new Uint8Array(BLOCK);

/**
 * The secure channel of ABECS: after OPN with an RSA key of the host every packet is
 * `12 | AES-128-CBC( length(2) CRC-16(2) data zero-padding )`, start vector zero.
 */
export class SecureChannel {
  private readonly key: Uint8Array;

  private constructor(key: Uint8Array) {
    this.key = key;
  }

  /**
   * Answers a secure OPN block: `0 256 modulus(512 hex) exponent-length(1) exponent(hex)`. Returns the channel and the
   * answer's block `256 cryptogram(512 hex)`: the session key as `00 02 random 00 key`, RSA-encrypted with the host's key.
   */
  static open(block: Uint8Array, entropy: Entropy): { channel: SecureChannel; answer: string } {
    const text = latin1(block);
    const exponentLength = decimal(block, 516, 1);
    const modulus = fromHex(text.slice(4, 516));
    const exponent = fromHex(text.slice(517));
    if (
      text.slice(0, 4) !== '0256' ||
      exponentLength < 1 ||
      exponentLength > 3 ||
      !modulus ||
      exponent?.length !== exponentLength
    )
      throw new Refusal(Stat.invalidParameter, 'OPN: key block is not 0, 256, modulus, exponent');
    const message = new Uint8Array(MODULUS_LENGTH);
    entropy.fill(message);
    // Random filling bytes are never zero: the first zero marks the key.
    for (let i = 2; i < MODULUS_LENGTH - 17; i++) message[i] ||= 0xa5;
    message[0] = 0;
    message[1] = 2;
    message[MODULUS_LENGTH - 17] = 0;
    const key = message.slice(MODULUS_LENGTH - 16);
    const n = BigInt(`0x${hex(modulus)}`);
    if (n < 1n << 2040n) throw new Refusal(Stat.invalidParameter, 'OPN: modulus shorter than 2048 bits');
    const cryptogram = modularPower(BigInt(`0x${hex(message)}`), BigInt(`0x${hex(exponent)}`), n);
    return {
      channel: new SecureChannel(key),
      answer: `256${cryptogram.toString(16).toUpperCase().padStart(512, '0')}`,
    };
  }

  /** The clear data of a packet that begins with DC2, or undefined when it is not right. */
  decrypt(packet: Uint8Array): Uint8Array | undefined {
    const body = packet.subarray(1);
    if (body.length === 0 || body.length % BLOCK !== 0) return undefined;
    const cipher = createDecipheriv('aes-128-cbc', this.key, ZERO_IV);
    cipher.setAutoPadding(false);
    const clear = new Uint8Array(cipher.update(body));
    const length = (clear[0] << 8) | clear[1];
    if (length + 4 > clear.length) return undefined;
    const data = clear.slice(4, 4 + length);
    return crc16(data) === ((clear[2] << 8) | clear[3]) ? data : undefined;
  }

  encrypt(data: Uint8Array): Uint8Array {
    const clear = new Uint8Array(Math.ceil((data.length + 4) / BLOCK) * BLOCK);
    const crc = crc16(data);
    clear.set([data.length >> 8, data.length & 0xff, crc >> 8, crc & 0xff]);
    clear.set(data, 4);
    const cipher = createCipheriv('aes-128-cbc', this.key, ZERO_IV);
    cipher.setAutoPadding(false);
    const packet = new Uint8Array(1 + clear.length);
    packet[0] = DC2;
    packet.set(new Uint8Array(cipher.update(clear)), 1);
    return packet;
  }
}

function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base % modulus, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if (rest & 1n) result = (result * square) % modulus;
  }
  return result;
}
