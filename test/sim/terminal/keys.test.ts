import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/sim/terminal/command.ts';
import { pinBlock } from '../../../src/sim/terminal/keys.ts';
import { Bench, MAK, PIK, TDK, card, dataOut, ebx, gpn } from './bench.ts';

describe('EBX and the key guard', () => {
  test('key check values of the published working keys', () => {
    const bench = new Bench();
    expect(dataOut(ebx(bench, PIK, '0000000000000000')).slice(0, 8)).toBe('00962B60');
    expect(dataOut(ebx(bench, MAK, '0000000000000000')).slice(0, 8)).toBe('ADC67D84');
    expect(dataOut(ebx(bench, TDK, '0000000000000000')).slice(0, 8)).toBe('E2F24340');
  });

  test('a doubled single-length key is single DES; CBC with and without a start vector', () => {
    const bench = new Bench();
    const clear = Buffer.alloc(24, 0x33);
    const des = (mode: 'des-ede3-ecb' | 'des-ede3-cbc', iv: Buffer | null, data: string): string =>
      createCipheriv(mode, clear, iv)
        .setAutoPadding(false)
        .update(Buffer.from(data, 'hex'))
        .toString('hex')
        .toUpperCase();
    const data = '00112233445566778899AABBCCDDEEFF';
    expect(dataOut(ebx(bench, MAK, data))).toBe(des('des-ede3-ecb', null, data));
    expect(dataOut(ebx(bench, MAK, data, '11'))).toBe(des('des-ede3-cbc', Buffer.alloc(8), data));
    expect(dataOut(ebx(bench, MAK, data, '11', [0x001d, '0x0102030405060708']))).toBe(
      des('des-ede3-cbc', Buffer.from('0102030405060708', 'hex'), data),
    );
  });

  test('published track block under the track key', () => {
    expect(dataOut(ebx(new Bench(), TDK, '0820178199916830'))).toBe('D88F9313F09E0EE3');
  });

  test('lengths, slots, methods', () => {
    const bench = new Bench();
    expect(ebx(bench, MAK, '00112233')).toBe('EBX011');
    expect(ebx(bench, MAK, '')).toBe('EBX011');
    expect(ebx(bench, MAK, '00'.repeat(264))).toBe('EBX011');
    expect(dataOut(ebx(bench, MAK, '00'.repeat(256))).length).toBe(512);
    expect(ebx(bench, MAK, '0000000000000000', '50')).toBe('EBX042');
    expect(ebx(bench, MAK, '0000000000000000', '12')).toBe('EBX011');
    expect(bench.x('EBX', [0x0003, '10'], [0x0009, '10'], [0x000a, `0x${MAK}`], [0x000f, '0x0000000000000000'])).toBe(
      'EBX042',
    );
    expect(bench.x('EBX', [0x0003, '10'], [0x0009, '01'], [0x000f, '0x0000000000000000'])).toBe('EBX019');
    expect(
      bench.x('EBX', [0x0003, '10'], [0x0009, '01'], [0x000a, `0x${MAK.slice(2)}`], [0x000f, '0x0000000000000000']),
    ).toBe('EBX011');
  });

  test('a PIN key encrypts only eight zero bytes', () => {
    const bench = new Bench();
    expect(bench.send(gpn(PIK, '0000000000000000'))).toBe('');
    bench.raw('18');
    expect(ebx(bench, PIK, '06126456FFFFFFFE')).toBe('EBX047');
    expect(ebx(bench, PIK, '0000000000000001')).toBe('EBX047');
    expect(ebx(bench, PIK, '00000000000000000000000000000000')).toBe('EBX047');
    expect(ebx(bench, PIK, '0000000000000000', '11', [0x001d, '0x06126456FFFFFFFE'])).toBe('EBX047');
    expect(dataOut(ebx(bench, PIK, '0000000000000000')).slice(0, 8)).toBe('00962B60');
    // Half of the PIN key in another key does not get around it.
    expect(ebx(bench, `${PIK.slice(0, 16)}${MAK.slice(0, 16)}`, '06126456FFFFFFFE')).toBe('EBX047');
    expect(ebx(bench, MAK, '06126456FFFFFFFE').slice(0, 6)).toBe('EBX000');
  });

  test('a data key makes no PIN block; a key check value does not make it one', () => {
    const bench = new Bench();
    ebx(bench, MAK, '1122334455667788');
    expect(bench.send(gpn(MAK, '6225000000000014'))).toBe('GPN047');
    ebx(bench, PIK, '0000000000000000');
    expect(bench.send(gpn(PIK, '6225000000000014'))).toBe('');
    bench.raw('18');
    bench.terminal.restart();
    bench.timers.run(1000);
    expect(ebx(bench, PIK, '1122334455667788')).toBe('EBX047');
  });
});

describe('GPN', () => {
  const enter = ['1', '2', '3', '4', '5', '6', 'ENTER'];
  const block = (answer: string): string => answer.slice(9, 25);

  test('published PIN blocks', () => {
    expect(hex(pinBlock('123456', '123456789012345678'))).toBe('061253DFFEDCBA98');
    expect(hex(pinBlock('123456', '1234567890123456'))).toBe('0612713176FEDCBA');
    expect(hex(pinBlock('123456', '0000000000000000'))).toBe('06123456FFFFFFFF');
    expect(hex(pinBlock('123456789012', '6225000000000014')).slice(0, 2)).toBe('0C');
  });

  test('encrypted block with and without card number; the answer has its fixed layout', () => {
    const bench = new Bench();
    expect(bench.send(gpn(PIK, '6225000000000014'))).toBe('');
    const answer = bench.keys(...enter);
    expect(answer).toBe(`GPN0000366E83D8C871679F76${'0'.repeat(20)}`);
    bench.send(gpn(PIK, '0000000000000000'));
    expect(block(bench.keys(...enter))).toBe('EA14E826ADED99AB');
  });

  test('one star a digit in the last line; the screen stays without a message, a message takes lines 2 and 3', () => {
    const bench = new Bench();
    bench.x('XDS', [0x6001, 'PAY 1.00\rPIN?']);
    bench.send(gpn(PIK, '6225000000000014'));
    bench.keys('1', '2', '3');
    expect(bench.lines()).toEqual(['PAY 1.00', 'PIN?', '', '***']);
    bench.keys('CLEAR');
    expect(bench.lines()[3]).toBe('');
    bench.keys('1');
    bench.send('GKY');
    expect(bench.lines()[3]).toBe('');
    bench.raw('18');
    bench.send(gpn(PIK, '6225000000000014', '04', 'AMOUNT      1.00ENTER PIN'));
    expect(bench.lines()).toEqual(['', 'AMOUNT      1.00', 'ENTER PIN', '']);
    bench.keys(...enter.slice(0, 6));
    expect(bench.lines()[3]).toBe('******');
    bench.keys('ENTER');
    expect(bench.lines()[3]).toBe('');
  });

  test('fewer than four digits do not count, more than the maximum are ignored, CANCEL and idle time end it', () => {
    const bench = new Bench();
    bench.send(gpn(PIK, '6225000000000014'));
    expect(bench.keys('1', '2', '3', 'ENTER')).toBe('');
    bench.keys('CLEAR', '00', 'F1');
    for (let i = 0; i < 15; i++) bench.keys('1');
    expect(bench.lines()[3]).toBe('*'.repeat(12));
    expect(bench.keys('CANCEL')).toBe('GPN013');
    bench.send(gpn(PIK, '6225000000000014'));
    bench.timers.run(59_000);
    bench.keys('1');
    bench.timers.run(59_999);
    expect(bench.later()).toBe('');
    bench.timers.run(1);
    expect(bench.later()).toBe('GPN012');
  });

  test('ENTER alone: 130 only when the minimum is 00', () => {
    const bench = new Bench();
    bench.send(gpn(PIK, '6225000000000014', '00'));
    expect(bench.keys('1', 'ENTER')).toBe('');
    expect(bench.keys('CLEAR', 'ENTER')).toBe('GPN130');
    bench.send(gpn(PIK, '6225000000000014', '04'));
    expect(bench.keys('ENTER')).toBe('');
  });

  test('keys, layouts, card in memory', () => {
    const bench = new Bench();
    expect(bench.send(gpn(PIK, '6225000000000014', '04', '', '10'))).toBe('GPN042');
    expect(bench.send(gpn(PIK, '6225000000000014', '04', '', '01', '3'))).toBe('GPN042');
    expect(bench.send(gpn(PIK, '6225000000000014', '04', '', '01', '7'))).toBe('GPN011');
    expect(bench.send(gpn(PIK, '6225000000000014', '03'))).toBe('GPN011');
    expect(bench.send(gpn(PIK, '62250000000000AA'))).toBe('GPN011');
    expect(bench.send(gpn(PIK, '6225000000000014').replace('GPN093', 'GPN092'))).toBe('GPN011');
    expect(bench.send(gpn(PIK, ''))).toBe('GPN043');
    bench.x('XEV', [0x6004, '0x02']);
    bench.terminal.swipe(card('swipe'));
    bench.later();
    bench.send(gpn(PIK, ''));
    expect(block(bench.keys(...enter))).toBe('6E83D8C871679F76');
  });
});
