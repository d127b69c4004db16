import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
} from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { SecureChannel } from '../../src/device/channel.ts';
import { Panel, Pp } from '../../src/device/ids.ts';
import { TerminalDevice, type SessionKeyPair } from '../../src/device/terminal.ts';
import { crc16 } from '../../src/wire/crc16.ts';
import { answer, ascii, FakePad, hex, ManualTimers, value } from './bench.ts';

const KEY = new Uint8Array(Buffer.from('00112233445566778899AABBCCDDEEFF', 'hex'));
let pair: SessionKeyPair;
let otherModulus: Buffer;

beforeAll(() => {
  const make = (): { privateKey: SessionKeyPair['privateKey']; modulus: Buffer } => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    return { privateKey, modulus: Buffer.from(privateKey.export({ format: 'jwk' }).n!, 'base64url') };
  };
  const mine = make();
  pair = { privateKey: mine.privateKey, modulus: mine.modulus, exponent: Uint8Array.of(3) };
  otherModulus = make().modulus;
});

/** The pad's side of the session, written from the description with the plain functions of node:crypto. */
const seal = (clear: Uint8Array): Uint8Array => {
  const padded = Buffer.alloc(Math.ceil((clear.length + 4) / 16) * 16);
  padded.writeUInt16BE(clear.length, 0);
  padded.writeUInt16BE(crc16(clear), 2);
  padded.set(clear, 4);
  const cipher = createCipheriv('aes-128-cbc', KEY, Buffer.alloc(16)).setAutoPadding(false);
  return Uint8Array.of(0x12, ...cipher.update(padded), ...cipher.final());
};
const unseal = (packet: Uint8Array): Uint8Array => {
  const cipher = createDecipheriv('aes-128-cbc', KEY, Buffer.alloc(16)).setAutoPadding(false);
  const clear = Buffer.concat([cipher.update(packet.subarray(1)), cipher.final()]);
  const data = clear.subarray(4, 4 + clear.readUInt16BE(0));
  if (crc16(data) !== clear.readUInt16BE(2)) throw new Error('CRC of the clear data');
  return new Uint8Array(data);
};

function securePad(offer: (open: string) => string | Uint8Array = keyAnswer) {
  const pad = new FakePad();
  const timers = new ManualTimers();
  let secure = false;
  pad.decipher = unseal;
  pad.respond = (name, command) => {
    if (name === 'OPN') {
      secure = false;
      pad.encipher = undefined;
      if (command.length === 3) return 'OPN000';
      const reply = offer(Buffer.from(command).toString('latin1'));
      secure = typeof reply !== 'string';
      if (secure) afterAnswer(() => (pad.encipher = seal));
      return reply;
    }
    if (name === 'XID') return secure ? 'ERR009' : 'ERR010';
    if (name === 'GIX') return answer('GIX000', value(Pp.model, 'SECURE'));
    if (name === 'DSP') return 'DSP000';
    if (name === 'XDS') return answer('XDS000', value(Panel.rows, [4]));
    if (name === 'CLX') {
      pad.encipher = undefined;
      secure = false;
      return 'CLX000';
    }
    return undefined;
  };
  // The answer of OPN itself is clear: the session begins with the packet after it.
  let later: (() => void) | undefined;
  const afterAnswer = (work: () => void): void => {
    later = work;
  };
  const run = (device: TerminalDevice): void => {
    pad.run(bytes => {
      later?.();
      later = undefined;
      device.received(bytes);
    });
  };
  return { pad, timers, run };
}

function keyAnswer(open: string): Uint8Array {
  expect(open.slice(0, 10)).toBe('OPN5190256');
  expect(open.slice(-3)).toBe('103');
  const n = Buffer.from(open.slice(10, 522), 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'Aw' }, format: 'jwk' });
  const cryptogram = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, KEY);
  return ascii(`OPN000515256${cryptogram.toString('hex').toUpperCase()}`);
}

describe('secure session', () => {
  test('every packet after OPN is encrypted, CLX ends it', () => {
    const { pad, timers, run } = securePad();
    const device = new TerminalDevice({ write: pad.write, timers, session: { pair, required: true } });
    const seen: unknown[] = [];
    device.lineUp();
    device.connect(r => seen.push(r.ok ? r.value.secure : r.fault.name));
    run(device);
    expect(pad.log).toEqual(['CAN', 'XID', 'OPN', 'GIX']);
    expect(seen).toEqual([true]);
    expect(device.info?.model).toBe('SECURE');
    device.display(['HELLO'], r => seen.push(r.ok));
    device.close(undefined, r => seen.push(r.ok));
    run(device);
    expect(seen).toEqual([true, true, true]);
    expect(hex(pad.commands.at(-1)!)).toBe(hex(ascii('CLX')));
    device.connect(r => seen.push(r.ok ? r.value.secure : r.fault.name));
    run(device);
    expect(seen.at(-1)).toBe(true);
  });

  test('a pad without it gets a classic OPN, or is refused where the session is required', () => {
    for (const required of [false, true]) {
      const { pad, timers, run } = securePad(() => 'OPN010');
      const device = new TerminalDevice({ write: pad.write, timers, session: { pair, required } });
      let result: unknown;
      device.lineUp();
      device.connect(r => (result = r.ok ? r.value.secure : r.fault.name));
      run(device);
      expect(result).toBe(required ? 'session-refused' : false);
      expect(pad.log).toEqual(required ? ['CAN', 'XID', 'OPN'] : ['CAN', 'XID', 'OPN', 'OPN', 'GIX']);
    }
  });

  test.each<[string, () => Uint8Array]>([
    [
      'a key for another host',
      () => ascii(`OPN000515256${Buffer.from(otherModulus).fill(0x5a, 1).toString('hex').toUpperCase()}`),
    ],
    ['a number above the modulus', () => ascii(`OPN000515256${'FF'.repeat(256)}`)],
    ['no hexadecimal', () => ascii(`OPN000515256${'G'.repeat(512)}`)],
    ['a short block', () => ascii('OPN000003256')],
  ])('%s is refused', (_name, offer) => {
    const { pad, timers } = securePad(offer);
    pad.encipher = undefined;
    const device = new TerminalDevice({ write: pad.write, timers, session: { pair, required: true } });
    let result: unknown;
    device.lineUp();
    device.connect(r => (result = r.ok ? 'connected' : r.fault.name));
    pad.run(bytes => device.received(bytes));
    expect(result).toBe('session-refused');
  });

  test('the longest clear command makes a packet of 2049 bytes', () => {
    const channel = new SecureChannel(KEY.slice());
    const out = new Uint8Array(2049);
    const clear = Uint8Array.from({ length: 2044 }, (_, i) => i & 255);
    expect(channel.seal(clear, 2044, out)).toBe(2049);
    expect(out[0]).toBe(0x12);
    expect(unseal(out)).toEqual(clear);
    expect(channel.open(out, 2049)).toBe(2044);
    expect(out.slice(0, 2044)).toEqual(clear);
    expect(channel.seal(new Uint8Array(2045), 2045, out)).toBe(-1);
  });

  test('a changed byte is noticed', () => {
    const channel = new SecureChannel(KEY.slice());
    const out = new Uint8Array(2049);
    const length = channel.seal(ascii('GIX000'), 6, out);
    for (let i = 1; i < length; i++) {
      const copy = out.slice(0, length);
      copy[i] ^= 1;
      expect(channel.open(copy, length)).toBe(-1);
    }
    expect(channel.open(out, length - 1)).toBe(-1);
    expect(channel.open(out, 1)).toBe(-1);
  });

  test('the key is zeroed at the end', () => {
    const key = KEY.slice();
    new SecureChannel(key).wipe();
    expect(key.every(byte => byte === 0)).toBe(true);
  });
});
