import { constants, createCipheriv, createDecipheriv, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { crc16 } from '../../../src/wire/crc16.ts';
import { Bench, toHex } from './bench.ts';

const XID = '1658494417D01A';

describe('link layer, terminal side', () => {
  test('CAN is answered by EOT in idle, in a wait, and within the silence after a damaged packet', () => {
    const bench = new Bench();
    expect(bench.raw('18')).toBe('04');
    expect(bench.raw('16 47 4B 59 17 04 1C')).toBe('06');
    expect(bench.raw('18')).toBe('04');
    bench.terminal.pressKey('ENTER');
    expect(bench.take()).toBe('');
    expect(bench.raw('16 47 4B 59 17 FF FF')).toBe('');
    bench.timers.run(100);
    expect(bench.raw('18')).toBe('');
    bench.timers.run(499);
    expect(bench.take()).toBe('');
    bench.timers.run(1);
    expect(bench.take()).toBe('04');
  });

  test('wrong CRC: NAK after 500 ms of silence, then the line works', () => {
    const bench = new Bench();
    expect(bench.raw('16 58494417 0000')).toBe('');
    bench.timers.run(400);
    bench.raw('55');
    bench.timers.run(499);
    expect(bench.take()).toBe('');
    bench.timers.run(1);
    expect(bench.take()).toBe('15');
    expect(bench.raw(XID).startsWith('0616584944303030')).toBe(true);
  });

  test('a gap of 1.5 s inside a packet is answered by NAK', () => {
    const bench = new Bench();
    bench.raw('16 5849');
    bench.timers.run(1499);
    expect(bench.take()).toBe('');
    bench.raw('44');
    bench.timers.run(1500);
    expect(bench.take()).toBe('15');
  });

  test('wrong stuffing is a damaged packet', () => {
    const bench = new Bench();
    expect(bench.raw('16 58 13 44')).toBe('');
    bench.timers.run(500);
    expect(bench.take()).toBe('15');
  });

  test('NAK repeats the last answer, CAN forgets it, NAK with nothing to repeat is ignored', () => {
    const bench = new Bench();
    expect(bench.raw('15')).toBe('');
    const sent = bench.raw(XID).slice(2);
    expect(sent.length).toBeGreaterThan(300);
    expect(bench.raw('15')).toBe(sent);
    expect(bench.raw('15')).toBe(sent);
    bench.raw('18');
    expect(bench.raw('15')).toBe('');
    bench.raw(XID);
    bench.send('GKY');
    expect(bench.raw('15')).toBe('');
  });

  test('a new packet ends a waiting command without its answer', () => {
    const bench = new Bench();
    expect(bench.send('GKY')).toBe('');
    expect(bench.send('XPS').slice(0, 6)).toBe('XPS000');
    expect(bench.keys('ENTER')).toBe('');
  });

  test('every split of a packet is understood', () => {
    for (let at = 2; at < XID.length; at += 2) {
      const bench = new Bench();
      expect(bench.raw(XID.slice(0, at))).toBe('');
      expect(bench.raw(XID.slice(at)).startsWith('0616584944303030')).toBe(true);
    }
  });

  test('unknown commands answer ERR010, and X commands do on a plain pad', () => {
    const bench = new Bench();
    expect(bench.send('ZZZ')).toBe('ERR010');
    expect(bench.send('')).toBe('ERR010');
    const plain = new Bench({ panel: false });
    expect(plain.raw(XID)).toBe('061645525230313017B711');
    for (const name of ['XDS', 'XEV', 'XPR', 'XPS', 'XBP', 'XLI', 'XLR', 'XLE', 'XLA', 'XLC', 'XLQ'])
      expect(plain.send(name)).toBe('ERR010');
    expect(plain.send('OPN')).toBe('OPN000');
  });

  test('published answers byte for byte', () => {
    const bench = new Bench();
    expect(bench.raw('16 4F504E 17 A8A9')).toBe('06164F504E30303017775E');
    expect(bench.raw('16 544C49 303132 3030 54414256455230303038 17 A00B')).toBe('0616544C493032301713D9');
    expect(bench.raw('16 544C45 17 47E9').startsWith('0616544C45303030')).toBe(true);
    expect(bench.raw('16 544C49 303132 3030 54414256455230303038 17 A00B').startsWith('0616544C49303030')).toBe(true);
    expect(bench.raw('16 47 4B 59 17 04 1C')).toBe('06');
    bench.terminal.pressKey('CANCEL');
    expect(bench.take()).toBe('16474B59303133173C38');
  });

  test('blocks that do not add up are 011', () => {
    const bench = new Bench();
    expect(bench.send('GIX01')).toBe('GIX011');
    expect(bench.send('GIX006AB')).toBe('GIX011');
    expect(bench.send('GIX004\x00\x01\x00\x05')).toBe('GIX011');
  });
});

describe('secure session', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n as string, 'base64url')
    .toString('hex')
    .toUpperCase();

  function open(bench: Bench): Buffer {
    const answer = bench.send(`OPN5190256${modulus}103`);
    expect(answer.slice(0, 12)).toBe('OPN000515256');
    const block = privateDecrypt(
      { key: privateKey, padding: constants.RSA_NO_PADDING },
      Buffer.from(answer.slice(12), 'hex'),
    );
    expect(block.subarray(0, 2).toString('hex')).toBe('0002');
    expect(block.indexOf(0, 2)).toBe(239);
    return block.subarray(240);
  }

  const seal = (key: Buffer, text: string): string => {
    const data = Buffer.from(text, 'latin1');
    const clear = Buffer.alloc(Math.ceil((data.length + 4) / 16) * 16);
    clear.writeUInt16BE(data.length, 0);
    clear.writeUInt16BE(crc16(data), 2);
    data.copy(clear, 4);
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
    return `\x12${cipher.update(clear).toString('latin1')}`;
  };
  const sealedWithWrongCrc = (key: Buffer): string => {
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
    return `\x12${cipher.update(Buffer.from('00031234585053'.padEnd(32, '0'), 'hex')).toString('latin1')}`;
  };
  const unseal = (key: Buffer, packet: string): string => {
    const cipher = createDecipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
    const clear = cipher.update(Buffer.from(packet.slice(1), 'latin1'));
    return clear.subarray(4, 4 + clear.readUInt16BE(0)).toString('latin1');
  };

  test('commands go encrypted both ways, clear ones are refused, CLX ends it in clear', () => {
    const bench = new Bench();
    const key = open(bench);
    const answer = bench.send(seal(key, 'XPS'));
    expect(toHex(answer.slice(0, 1))).toBe('12');
    expect(unseal(key, answer).slice(0, 6)).toBe('XPS000');
    expect(bench.send('XPS')).toBe('ERR009');
    expect(bench.send(seal(Buffer.alloc(16), 'XPS'))).toBe('ERR009');
    expect(bench.send(sealedWithWrongCrc(key))).toBe('ERR009');
    expect(bench.send(seal(key, 'CLX'))).toBe('CLX000');
    expect(bench.send('XPS').slice(0, 6)).toBe('XPS000');
  });

  test('an encrypted packet without a session is ERR003; a clear OPN ends a session', () => {
    const bench = new Bench();
    expect(bench.send(seal(Buffer.alloc(16), 'XPS'))).toBe('ERR003');
    open(bench);
    expect(bench.send('OPN')).toBe('OPN000');
    expect(bench.send('XPS').slice(0, 6)).toBe('XPS000');
    expect(bench.send('OPN0050256F')).toBe('OPN011');
  });
});
