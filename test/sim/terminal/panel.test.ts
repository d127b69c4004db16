import { createHash } from 'node:crypto';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { Bench, card, toHex, values, type Value } from './bench.ts';

const gbk = (text: string): string => `0x${iconv.encode(text, 'gbk').toString('hex')}`;
const SOURCES = { keys: '0x01', all: '0x1f' };
const event = (answer: string): string => `${values(answer)['E010']} ${toHex(values(answer)['E012'] ?? '')}`;

describe('XID', () => {
  test('tells geometry, character set, keys, printer, features, slots', () => {
    const found = values(new Bench().x('XID'));
    expect(Object.keys(found)).toEqual([
      'E001',
      'E002',
      'E003',
      'E004',
      'E005',
      'E006',
      'E008',
      'E009',
      'E020',
      'E021',
    ]);
    expect(toHex(found['E001'] + found['E002'] + found['E005'] + found['E006'])).toBe('0410201F');
    expect([found['E003'], found['E008'], found['E020'], found['E021']]).toEqual(['GBK', 'SIM00000001', 'A', 'C']);
    expect(found['E004']).toBe('0,1,2,3,4,5,6,7,8,9,00,ENTER,CANCEL,CLEAR,FN,MENU,UP,DOWN,ALPHA,F1,F2,F3,F4');
  });
});

describe('XDS', () => {
  test('replaces the whole screen, keeps reverse lines', () => {
    const bench = new Bench();
    expect(bench.x('XDS', [0x6001, gbk('消费\r请输入金额\r\r确认')], [0x6002, '0x09'])).toBe('XDS000');
    expect(bench.terminal.screenState()).toEqual({ lines: ['消费', '请输入金额', '', '确认'], reverse: 9 });
    expect(bench.x('XDS', [0x6001, 'A'])).toBe('XDS000');
    expect(bench.terminal.screenState()).toEqual({ lines: ['A', '', '', ''], reverse: 0 });
  });

  test.each([
    ['five lines', '1\r2\r3\r4\r5'],
    ['line end after the fourth line', '1\r2\r3\r4\r'],
    ['seventeen columns', 'x'.repeat(17)],
    ['nine Chinese characters', gbk('一二三四五六七八九')],
    ['half a Chinese character', '0xB1'],
    ['a byte that GBK does not have', '0xFF41'],
    ['a control byte', '0x4107'],
  ])('%s: 011 and nothing changes', (_, text) => {
    const bench = new Bench();
    bench.x('XDS', [0x6001, 'old'], [0x6002, '0x01']);
    expect(bench.x('XDS', [0x6001, text])).toBe('XDS011');
    expect(bench.terminal.screenState()).toEqual({ lines: ['old', '', '', ''], reverse: 1 });
  });

  test('without LINES 019; unknown ids are ignored; CLX and CLO blank the screen', () => {
    const bench = new Bench();
    expect(bench.x('XDS', [0x6002, '0x00'])).toBe('XDS019');
    expect(bench.x('XDS', [0x7777, 'zz'], [0x6001, 'text'])).toBe('XDS000');
    expect(bench.lines()[0]).toBe('text');
    expect(bench.send('CLX')).toBe('CLX000');
    expect(bench.lines()).toEqual(['', '', '', '']);
    bench.x('XDS', [0x6001, 'text']);
    expect(bench.send(`CLO032${' '.repeat(32)}`)).toBe('CLO000');
    expect(bench.lines()[0]).toBe('');
  });

  test('any text that fits comes out as it went in', () => {
    const line = fc
      .array(fc.constantFrom(...'Aa0 .-金额消费撤销退货'), { maxLength: 8 })
      .map(characters => characters.join('').trimEnd())
      .filter(text => iconv.encode(text, 'gbk').length <= 16);
    fc.assert(
      fc.property(fc.array(line, { minLength: 4, maxLength: 4 }), fc.nat(15), (lines, reverse) => {
        const bench = new Bench();
        expect(bench.x('XDS', [0x6001, gbk(lines.join('\r'))], [0x6002, `0x0${reverse.toString(16)}`])).toBe('XDS000');
        expect(bench.terminal.screenState()).toEqual({ lines, reverse });
      }),
    );
  });
});

describe('XEV', () => {
  test('worked frames of the contract', () => {
    const bench = new Bench();
    expect(bench.raw('16 58 45 56 30 31 31 60 04 00 01 07 60 03 00 02 00 3C 17 4D A0')).toBe('06');
    for (let i = 1; i < 258; i++) {
      bench.keys('1');
      bench.x('XEV', [0x6004, SOURCES.keys]);
    }
    bench.terminal.pressKey('ENTER');
    expect(bench.take()).toBe('1658455630303030' + '3132E0100002' + '3130E01200020102' + '1711A6');
  });

  test('waits for a key, SEQ grows, time-out is 012', () => {
    const bench = new Bench();
    expect(bench.x('XEV', [0x6004, SOURCES.keys])).toBe('');
    expect(event(bench.keys('00'))).toBe('0A 0001');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x6003, '0x0005'])).toBe('');
    bench.timers.run(4999);
    expect(bench.take()).toBe('');
    bench.timers.run(1);
    expect(bench.later()).toBe('XEV012');
    expect(bench.x('XEV', [0x6003, '0x0005'])).toBe('XEV019');
    expect(bench.x('XEV', [0x6004, '0x0001'])).toBe('XEV011');
  });

  test('keys typed early are kept in order, at most sixteen; TIMEOUT 0 gives them, else 012', () => {
    const bench = new Bench();
    for (let i = 0; i < 20; i++) bench.keys(String(i % 10));
    for (let i = 0; i < 16; i++)
      expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x6003, '0x0000'])).slice(0, 2)).toBe(`0${i % 10}`);
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x6003, '0x0000'])).toBe('XEV012');
  });

  test('FLUSH drops them and says how many; CAN does not', () => {
    const bench = new Bench();
    bench.keys('1', '2', '3');
    expect(bench.raw('18')).toBe('04');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys]))).toBe('01 0001');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x6005, '0x01'])).toBe('');
    const answer = bench.keys('ENTER');
    expect(event(answer)).toBe('10 0002');
    expect(toHex(values(answer)['E014'])).toBe('02');
  });

  test('keys stay for later when the keypad is not asked, and belong to a GPN or GKY that runs', () => {
    const bench = new Bench();
    expect(bench.x('XEV', [0x6004, '0x04'])).toBe('');
    expect(bench.keys('7')).toBe('');
    bench.raw('18');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys]))).toBe('07 0001');
    bench.send('GKY');
    expect(bench.keys('5', 'ENTER')).toBe('GKY000');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x6003, '0x0000'])).toBe('XEV012');
  });

  test('LASTSEQ: an event that crossed the CAN is answered again with its SEQ', () => {
    const bench = new Bench();
    bench.x('XEV', [0x6004, SOURCES.keys]);
    expect(event(bench.keys('F1'))).toBe('21 0001');
    bench.raw('18');
    bench.keys('3');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0000']))).toBe('21 0001');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0000']))).toBe('21 0001');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0001']))).toBe('03 0002');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0002'])).toBe('');
  });

  test('LASTSEQ of a time before the restart repeats nothing', () => {
    const bench = new Bench();
    bench.keys('1');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys]))).toBe('01 0001');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0102'])).toBe('');
  });

  test('SEQ wraps from 65535 to 1, and LASTSEQ understands it', () => {
    const bench = new Bench();
    bench.mute = true;
    const press = (times: number): void => {
      for (let i = 0; i < times; i++) {
        bench.terminal.pressKey('1');
        bench.terminal.received(XEV_KEYS);
      }
    };
    press(40_000);
    bench.mute = false;
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0000'], [0x6003, '0x0000']))).toBe('01 9C40');
    bench.mute = true;
    press(25_535);
    bench.mute = false;
    bench.keys('2');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys]))).toBe('02 0001');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0xFFFF']))).toBe('02 0001');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0001'])).toBe('');
  }, 30_000);

  test('chip in and out are told when they differ from what was told last; XID forgets', () => {
    const bench = new Bench();
    bench.terminal.insert(card('chip'));
    expect(event(bench.x('XEV', [0x6004, SOURCES.all]))).toBe('92 0001');
    expect(bench.x('XEV', [0x6004, SOURCES.all])).toBe('');
    bench.terminal.remove();
    expect(event(bench.later())).toBe('91 0002');
    bench.terminal.insert(card('chip'));
    bench.terminal.remove();
    expect(bench.x('XEV', [0x6004, SOURCES.all])).toBe('');
    bench.terminal.insert(card('chip'));
    expect(event(bench.later())).toBe('92 0003');
    bench.x('XID');
    expect(event(bench.x('XEV', [0x6004, SOURCES.all]))).toBe('92 0004');
  });

  test('swipes and scans outside XEV are lost; a tapped card counts for five seconds', () => {
    const bench = new Bench();
    bench.terminal.swipe(card('swipe'));
    bench.terminal.scan('123');
    expect(bench.x('XEV', [0x6004, SOURCES.all], [0x6003, '0x0000'])).toBe('XEV012');
    bench.terminal.tap(card('tap'));
    expect(event(bench.x('XEV', [0x6004, SOURCES.all]))).toBe('94 0001');
    bench.timers.run(5000);
    expect(bench.x('XEV', [0x6004, SOURCES.all])).toBe('');
    bench.terminal.scan('281234567890123456');
    const answer = bench.later();
    expect(event(answer)).toBe('95 0002');
    expect(values(answer)['E011']).toBe('281234567890123456');
    bench.x('XEV', [0x6004, SOURCES.all]);
    bench.terminal.swipe(card('swipe'));
    expect(event(bench.later())).toBe('90 0003');
  });
});

describe('printer', () => {
  const part = (text: string, number?: number): Value[] => [
    [0x6006, text],
    ...(number === undefined ? [] : ([[0x600d, `0x${number.toString(16).padStart(4, '0')}`]] as Value[])),
  ];

  test('text, alignment, double width, QR code and cut make a slip; sequences and characters may straddle parts', () => {
    const bench = new Bench();
    const bytes = Buffer.concat([
      Buffer.from('1B401B6101', 'hex'),
      iconv.encode('银联', 'gbk'),
      Buffer.from('0A1B61001D2111', 'hex'),
      Buffer.from('TOTAL\n'),
      Buffer.from('1D21001D286B050031503048691D286B0300315130', 'hex'),
      Buffer.from('1.00\n\n\n'),
      Buffer.from('1D564200', 'hex'),
    ]);
    for (let i = 0; i < bytes.length; i += 3)
      expect(bench.x('XPR', [0x6006, `0x${bytes.subarray(i, i + 3).toString('hex')}`])).toBe('XPR000');
    expect(bench.slips).toHaveLength(1);
    expect(bench.slips[0].text).toBe(`${' '.repeat(14)}银联\nTOTAL\n[QR Hi]\n1.00\n`);
    expect(Buffer.from(bench.slips[0].raw)).toEqual(bytes);
  });

  test('the QR code that was printed last can be scanned back', () => {
    const bench = new Bench();
    expect(bench.terminal.scan('last')).toBe('no QR code was printed yet');
    const code = (text: string): string =>
      `\x1d(k${String.fromCharCode(text.length + 3)}\x001P0${text}\x1d(k\x03\x001Q0`;
    expect(bench.x('XPR', ...part(`${code('FIRST')}${code('P8SECOND')}`))).toBe('XPR000');
    bench.x('XEV', [0x6004, SOURCES.all]);
    expect(bench.terminal.scan('last')).toBeUndefined();
    expect(values(bench.later())['E011']).toBe('P8SECOND');
  });

  test('paper out: 110 and nothing of the part is printed; PRINTSTAT tells', () => {
    const bench = new Bench();
    bench.terminal.paper('out');
    expect(bench.x('XPR', ...part('lost\n', 1))).toBe('XPR110');
    expect(toHex(values(bench.x('XPS'))['E013'])).toBe('01');
    bench.terminal.paper('ok');
    expect(toHex(values(bench.x('XPS'))['E013'])).toBe('00');
    expect(bench.x('XPR', ...part('kept\n\x1dV\x00', 1))).toBe('XPR000');
    expect(bench.slips.map(slip => slip.text)).toEqual(['kept\n']);
    bench.terminal.printer.cover = 'open';
    expect(bench.x('XPR', ...part('x'))).toBe('XPR111');
  });

  test('a part with the number of the last printed one is not printed again', () => {
    const bench = new Bench();
    expect(bench.x('XPR', ...part('a\n', 1))).toBe('XPR000');
    expect(bench.x('XPR', ...part('a\n', 1))).toBe('XPR000');
    expect(bench.x('XPR', ...part('b\n', 2))).toBe('XPR000');
    expect(bench.x('XPR', ...part('c\n'))).toBe('XPR000');
    expect(bench.x('XPR', ...part('c\n'))).toBe('XPR000');
    bench.terminal.printer.tearOff();
    expect(bench.slips[0].text).toBe('a\nb\nc\nc\n');
    expect(bench.x('XPR')).toBe('XPR019');
    expect(bench.x('XPR', ...part('x'.repeat(981)))).toBe('XPR011');
  });

  test('beeps', () => {
    const bench = new Bench();
    expect(bench.x('XBP', [0x6007, 'SL-S'])).toBe('XBP000');
    expect(bench.beeps).toEqual(['SL-S']);
    expect(bench.x('XBP', [0x6007, 'Q'])).toBe('XBP011');
  });
});

describe('slots', () => {
  const image = Buffer.from(Array.from({ length: 2500 }, (_, i) => (i * 7) & 0xff));
  const digest = createHash('sha256').update(image).digest();
  const x4 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
  const xli = (bench: Bench, bytes = image): string =>
    bench.x('XLI', [0x6009, x4(bytes.length)], [0x600a, `0x${createHash('sha256').update(bytes).digest('hex')}`]);
  const received = (answer: string): number => Number.parseInt(toHex(values(answer)['E024']), 16);
  const xlr = (bench: Bench, offset: number, data: Buffer): string =>
    bench.x('XLR', [0x600c, x4(offset)], [0x600b, `0x${data.toString('hex')}`]);
  const load = (bench: Bench, bytes = image, from = 0): void => {
    for (let at = from; at < bytes.length; at += 900)
      expect(xlr(bench, at, bytes.subarray(at, at + 900))).toBe('XLR000');
  };
  const state = (bench: Bench): string => {
    const found = values(bench.x('XLQ'));
    return `${found['E020']}${found['E021']} ${found['E022'] ? 'a' : '-'}${found['E023'] ? 'b' : '-'}`;
  };
  const restart = (bench: Bench): void => {
    bench.timers.run(500);
    bench.timers.run(1000);
    bench.take();
  };

  test('load, verify, activate, confirm', () => {
    const bench = new Bench();
    expect(state(bench)).toBe('AC --');
    expect(received(xli(bench))).toBe(0);
    load(bench);
    expect(bench.x('XLE')).toBe('XLE000');
    expect(bench.x('XLE')).toBe('XLE000');
    expect(toHex(values(bench.x('XLQ'))['E023'])).toBe(digest.toString('hex').toUpperCase());
    expect(bench.x('XLC')).toBe('XLC000');
    const answer = bench.x('XLA');
    expect(answer).toBe('XLA000');
    expect(bench.raw('15').startsWith('16584C41303030')).toBe(true);
    expect(bench.raw('18')).toBe('');
    bench.timers.run(500);
    expect(bench.raw('18')).toBe('');
    bench.timers.run(1000);
    expect(bench.raw('18')).toBe('04');
    expect(state(bench)).toBe('BT -b');
    expect(xli(bench)).toBe('XLI010');
    expect(bench.x('XLA')).toBe('XLA010');
    expect(bench.x('XLC')).toBe('XLC000');
    bench.timers.run(200_000);
    expect(state(bench)).toBe('BC -b');
  });

  test('not confirmed within 120 s, or restarted before: back to the old slot, nothing erased', () => {
    for (const restarted of [false, true]) {
      const bench = new Bench();
      xli(bench);
      load(bench);
      bench.x('XLE');
      bench.x('XLA');
      restart(bench);
      expect(state(bench)).toBe('BT -b');
      if (restarted) bench.terminal.restart();
      else {
        bench.timers.run(119_999);
        expect(state(bench)).toBe('BT -b');
        bench.timers.run(1);
      }
      restart(bench);
      expect(state(bench)).toBe('AC -b');
      expect(received(xli(bench))).toBe(image.length);
      expect(bench.x('XLE')).toBe('XLE000');
    }
  });

  test('an interrupted load goes on, also over a restart; another digest or size begins again', () => {
    const bench = new Bench();
    xli(bench);
    xlr(bench, 0, image.subarray(0, 900));
    bench.terminal.restart();
    restart(bench);
    expect(xlr(bench, 900, image.subarray(900, 1000))).toBe('XLR010');
    expect(bench.x('XLE')).toBe('XLE010');
    expect(received(xli(bench))).toBe(900);
    expect(xlr(bench, 0, image.subarray(0, 10))).toBe('XLR120');
    expect(received(xli(bench, image.subarray(0, 2000)))).toBe(0);
    expect(received(xli(bench))).toBe(0);
  });

  test('bounds and wrong images', () => {
    const bench = new Bench({ checkImage: bytes => (bytes[0] === 0x77 ? 123 : 0) });
    expect(xlr(bench, 0, image.subarray(0, 10))).toBe('XLR010');
    expect(bench.x('XLI', [0x6009, x4(10)])).toBe('XLI019');
    expect(bench.x('XLI', [0x6009, x4(0x7fffffff)], [0x600a, `0x${digest.toString('hex')}`])).toBe('XLI011');
    expect(bench.x('XLA')).toBe('XLA010');
    xli(bench, image.subarray(0, 20));
    expect(xlr(bench, 0, Buffer.alloc(0))).toBe('XLR011');
    expect(xlr(bench, 0, image.subarray(0, 21))).toBe('XLR011');
    xlr(bench, 0, image.subarray(0, 10));
    expect(bench.x('XLE')).toBe('XLE121');
    expect(xlr(bench, 10, Buffer.alloc(10))).toBe('XLR000');
    expect(bench.x('XLE')).toBe('XLE121');
    expect(bench.x('XLE')).toBe('XLE010');
    expect(received(xli(bench, image.subarray(0, 20)))).toBe(0);
    const old = Buffer.from([0x77, 1, 2]);
    xli(bench, old);
    load(bench, old);
    expect(bench.x('XLE')).toBe('XLE123');
    expect(state(bench)).toBe('AC --');
  });

  test('a restart begins the numbering again and blanks the screen', () => {
    const bench = new Bench();
    bench.x('XDS', [0x6001, 'text']);
    bench.keys('1', '2');
    expect(event(bench.x('XEV', [0x6004, SOURCES.keys]))).toBe('01 0001');
    bench.terminal.restart();
    restart(bench);
    expect(bench.lines()[0]).toBe('');
    expect(bench.x('XEV', [0x6004, SOURCES.keys], [0x600e, '0x0001'])).toBe('');
    expect(event(bench.keys('9'))).toBe('09 0001');
  });
});

/** XEV for keys as it stands on the line. */
const XEV_KEYS = ((): Uint8Array => {
  let line = new Uint8Array(0);
  const bench = new Bench();
  const { terminal } = bench;
  const original = terminal.received.bind(terminal);
  terminal.received = bytes => {
    line = bytes.slice();
    original(bytes);
  };
  bench.x('XEV', [0x6004, SOURCES.keys]);
  return line;
})();
