import { createDecipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hex } from '../../../src/sim/terminal/command.ts';
import { luhn, parseDeck, track2 } from '../../../src/sim/terminal/deck.ts';
import { pinBlock } from '../../../src/sim/terminal/keys.ts';
import { Bench, DECK, PIK, TDK, card, ebx, gpn, key, toHex, values, type Value } from './bench.ts';

const TAGS = '9F269F279F109F379F36959A9C9F025F2A829F1A9F039F339F349F359F1E849F099F415F344F509B9F63';
const gcx = (bench: Bench, ...more: Value[]): string =>
  bench.x(
    'GCX',
    [0x0015, '251122'],
    [0x0016, '101500'],
    [0x0013, '000000012345'],
    [0x0004, `0x${TAGS}`],
    [0x0017, '10000'],
    ...more,
  );
const gox = (bench: Bench, ...more: Value[]): string => bench.x('GOX', [0x0010, '01'], [0x0004, `0x${TAGS}`], ...more);

/** Tags of EMV data, hex by tag. */
function tags(latin: string): Map<string, string> {
  const found = new Map<string, string>();
  const text = toHex(latin);
  for (let at = 0; at < text.length;) {
    const tag = /^[13579BDF]F/.test(text.slice(at)) ? text.slice(at, at + 4) : text.slice(at, at + 2);
    const length = Number.parseInt(text.slice(at + tag.length, at + tag.length + 2), 16);
    found.set(tag, text.slice(at + tag.length + 2, at + tag.length + 2 + 2 * length));
    at += tag.length + 2 + 2 * length;
  }
  return found;
}

describe('stripe', () => {
  const swipe = (bench: Bench, id: string): void => {
    bench.x('XEV', [0x6004, '0x02']);
    bench.terminal.swipe(card(id));
    expect(values(bench.later())['E010']).toBe('90');
  };

  test('GTK gives the tracks once, in nibbles with D and F', () => {
    const bench = new Bench();
    expect(bench.x('GTK', [0x0007, '1110'])).toBe('GTK043');
    swipe(bench, 'track3');
    const found = values(bench.x('GTK', [0x0007, '1110']));
    expect(found['8044']).toBe(`B${card('track3').pan}^TEST/CARD^491212000000`);
    expect(toHex(found['8045'])).toBe(`${card('track3').pan}D491212000000`.padEnd(32, 'F'));
    expect(toHex(found['8046'])).toBe(
      `${(card('track3').track3 ?? '').replaceAll('=', 'D')}`.padEnd(toHex(found['8046']).length, 'F'),
    );
    expect(bench.x('GTK', [0x0007, '1110'])).toBe('GTK043');
  });

  test('a bad swipe is event 90, then 041, then 043', () => {
    const bench = new Bench();
    swipe(bench, 'unreadable');
    expect(bench.x('GTK', [0x0007, '0100'])).toBe('GTK041');
    expect(bench.x('GTK', [0x0007, '0100'])).toBe('GTK043');
  });

  test('encrypted tracks are zero-padded to eight bytes', () => {
    const bench = new Bench();
    swipe(bench, 'swipe');
    const found = values(bench.x('GTK', [0x0007, '0100'], ...key(TDK, '11')));
    const clear = createDecipheriv('des-ede3-cbc', Buffer.alloc(24, 0x44), Buffer.alloc(8))
      .setAutoPadding(false)
      .update(Buffer.from(found['8045'], 'latin1'));
    expect(clear.toString('hex').toUpperCase()).toBe(
      track2(card('swipe')).replace('=', 'D').padEnd(30, 'F').padEnd(32, '0'),
    );
    swipe(bench, 'swipe');
    bench.send(gpn(PIK, ''));
    bench.raw('18');
    expect(bench.x('GTK', [0x0007, '0100'], ...key(PIK, '10'))).toBe('GTK047');
    expect(bench.x('GTK', [0x0007, '0100']).slice(0, 6)).toBe('GTK000');
  });
});

describe('CEX', () => {
  test('keys, stripe with masked tracks, chip at once, field', () => {
    const bench = new Bench();
    expect(bench.raw('16 434558 303130 0006 0006 313030303030 17 6DB8')).toBe('06');
    expect(values(bench.keys('5', 'F3'))['8040']).toBe('06');
    bench.raw('16 434558 303130 0006 0006 303130303030 17 9079');
    bench.terminal.swipe(card('swipe'));
    expect(values(bench.later())).toEqual({
      '8040': '90',
      '8041': 'B622500******0014^TEST/CARD^3012101',
      '8042': '622500******0014=3012101',
    });
    expect(bench.x('GTK', [0x0007, '0100']).slice(0, 6)).toBe('GTK000');
    bench.terminal.insert(card('chip'));
    expect(values(bench.x('CEX', [0x0006, '001000']))['8040']).toBe('92');
    expect(bench.x('CEX', [0x0006, '002000'], [0x000c, '0x05'])).toBe('');
    bench.terminal.remove();
    expect(values(bench.later())['8040']).toBe('91');
    expect(bench.x('CEX', [0x0006, '000100'])).toBe('');
    bench.terminal.tap(card('tap'));
    expect(values(bench.later())['8040']).toBe('94');
    bench.timers.run(6000);
    bench.x('CEX', [0x0006, '000100']);
    bench.timers.run(120_000);
    expect(values(bench.later())['8040']).toBe('93');
    bench.x('CEX', [0x0006, '010000'], [0x000c, '0x3C']);
    bench.timers.run(60_000);
    expect(bench.later()).toBe('CEX012');
    bench.x('CEX', [0x0006, '010000'], [0x0023, '0202']);
    bench.terminal.swipe(card('swipe'));
    expect(values(bench.later())['8042']).toBe('62************14=3012101');
    expect(bench.x('CEX')).toBe('CEX019');
  });
});

describe('chip', () => {
  test('GCX, GOX with PIN, FCX: tags in the order of the list, absent ones left out', () => {
    const bench = new Bench();
    bench.terminal.insert(card('chip'));
    const read = values(gcx(bench));
    expect([read['804F'], read['8050'], read['8052'], read['8053'], read['805B'], read['805D']]).toEqual([
      '03',
      '0',
      card('chip').pan,
      '01',
      'UnionPay Debit',
      '301231',
    ]);
    const before = tags(read['8054']);
    expect([...before.keys()].join('')).toBe(TAGS.slice(12).replace('9F63', ''));
    expect(before.get('9F02')).toBe('000000012345');
    expect(before.get('9A')).toBe('251122');
    expect(before.get('84')).toBe('A000000333010101');
    expect(before.get('5F34')).toBe('01');
    expect(before.get('95')).toBe('0000008000');

    expect(gox(bench, ...key(PIK, '1', 0x0002))).toBe('');
    const gone = values(bench.keys('1', '2', '3', '4', '5', '6', 'ENTER'));
    expect(gone['8056']).toBe('202000');
    const first = tags(gone['8054']);
    expect([...first.keys()].join('')).toBe(TAGS.replace('9F63', ''));
    expect([first.get('9F27'), first.get('9F34'), first.get('95')]).toEqual(['80', '420300', '0000048000']);
    expect(first.get('9F10')).toMatch(/^07010103A00000010A010000000000[0-9A-F]{8}$/);
    const clear = createDecipheriv('des-ede3-ecb', Buffer.alloc(24, 0x22), null)
      .setAutoPadding(false)
      .update(Buffer.from(gone['8057'], 'latin1'));
    expect(clear.toString('hex').toUpperCase()).toBe(hex(pinBlock('123456', card('chip').pan)));

    const done = values(
      bench.x(
        'FCX',
        [0x0019, '0000'],
        [0x001c, '00'],
        [0x0005, '0x910A0102030405060708303072039F1800'],
        [0x0004, '0x9F279F269B'],
      ),
    );
    expect(done['8058']).toBe('000');
    expect(tags(done['8054']).get('9F27')).toBe('40');
    expect(tags(done['8054']).get('9B')).toBe('FC00');
    expect(toHex(done['8059'])).toBe('2000000000');
    expect(tags(done['8054']).get('9F26')).not.toBe(first.get('9F26'));
    expect(bench.x('FCX', [0x0019, '0000'], [0x001c, '00'])).toBe('FCX010');
    const tracks = values(bench.x('GTK', [0x0007, '1110']));
    expect(Object.keys(tracks)).toEqual(['8045']);
    expect(toHex(tracks['8045'])).toBe(`${card('chip').pan}D301220100000`);
  });

  test('counter and random number change with every transaction; the same calls give the same cryptogram', () => {
    const run = (): string[] => {
      const bench = new Bench();
      bench.terminal.insert(card('chip'));
      return [1, 2, 3].map(() => {
        gcx(bench);
        const found = tags(values(gox(bench))['8054']);
        return `${found.get('9F36')} ${found.get('9F41')} ${found.get('9F37')} ${found.get('9F26')}`;
      });
    };
    const history = run();
    expect(history.map(line => line.slice(0, 13))).toEqual(['0002 00000001', '0003 00000002', '0004 00000003']);
    expect(new Set(history.map(line => line.slice(14, 22))).size).toBe(3);
    expect(run()).toEqual(history);
  });

  test('PIN not asked, skipped, cancelled; signature; refused at once; refused at the end', () => {
    const bench = new Bench();
    bench.terminal.insert(card('chip'));
    gcx(bench);
    expect(values(gox(bench))['8056']).toBe('200000');
    gcx(bench);
    gox(bench, ...key(PIK, '1', 0x0002));
    const skipped = values(bench.keys('ENTER'));
    expect(skipped['8056']).toBe('200000');
    expect(skipped['8057']).toBeUndefined();
    expect(tags(skipped['8054']).get('95')).toBe('0000088000');
    gcx(bench);
    gox(bench, ...key(PIK, '1', 0x0002));
    expect(bench.keys('CANCEL')).toBe('GOX013');
    bench.terminal.remove();
    bench.terminal.insert(card('signature'));
    gcx(bench);
    expect(values(gox(bench, ...key(PIK, '1', 0x0002)))['8056']).toBe('210000');
    bench.terminal.remove();
    bench.terminal.insert(card('refuses-first'));
    gcx(bench);
    const refused = values(gox(bench));
    expect([refused['8056'], tags(refused['8054']).get('9F27')]).toEqual(['100000', '00']);
    bench.terminal.remove();
    bench.terminal.insert(card('refuses'));
    gcx(bench);
    expect(values(gox(bench))['8056']).toBe('200000');
    const second = values(bench.x('FCX', [0x0019, '0000'], [0x001c, '00'], [0x0004, '0x9F27']));
    expect([second['8058'], toHex(second['8054'])]).toEqual(['100', '9F270100']);
  });

  test('order of the commands, missing card, missing values', () => {
    const bench = new Bench();
    expect(gox(bench)).toBe('GOX010');
    expect(bench.x('FCX', [0x0019, '2000'])).toBe('FCX010');
    expect(bench.x('GCX', [0x0015, '251122'])).toBe('GCX019');
    bench.terminal.insert(card('chip'));
    gcx(bench);
    expect(bench.x('GOX')).toBe('GOX019');
    gox(bench, ...key(PIK, '1', 0x0002));
    bench.terminal.remove();
    expect(bench.later()).toBe('GOX060');
    expect(gox(bench)).toBe('GOX060');
    bench.terminal.insert(card('chip'));
    gcx(bench);
    expect(gox(bench, ...key(TDK, '1', 0x0002))).toBe('');
    bench.raw('18');
    expect(ebx(bench, TDK, '0820178199916830')).toBe('EBX047');
    gcx(bench);
    gox(bench);
    expect(bench.x('FCX', [0x0019, '0000'])).toBe('FCX019');
    expect(values(bench.x('FCX', [0x0019, '2000']))['8058']).toBe('100');
  });

  test('GCX waits for a card; contactless is taken from the field and is gone then', () => {
    const bench = new Bench();
    expect(gcx(bench)).toBe('');
    bench.terminal.tap(card('tap'));
    expect(values(bench.later())['804F']).toBe('06');
    expect(values(gox(bench))['8056']).toBe('200000');
    bench.terminal.tap(card('tap'));
    expect(values(gcx(bench))['804F']).toBe('06');
    expect(gcx(bench)).toBe('');
    expect(bench.keys('CANCEL')).toBe('GCX013');
    expect(gcx(bench, [0x000c, '0x0A'])).toBe('');
    bench.timers.run(10_000);
    expect(bench.later()).toBe('GCX012');
  });

  test('a swiped chip card has to use the chip, until the chip failed', () => {
    const bench = new Bench();
    gcx(bench);
    bench.terminal.swipe(card('chip'));
    expect(bench.later()).toBe('');
    expect(bench.lines()).toEqual(['', '请插入芯片卡', 'USE THE CHIP', '']);
    bench.terminal.insert(card('bad-chip'));
    expect(bench.later()).toBe('GCX060');
    bench.terminal.remove();
    gcx(bench);
    bench.terminal.swipe(card('bad-chip'));
    const found = values(bench.later());
    expect([found['804F'], found['8050'], found['8042']]).toEqual(['00', '1', '622500******0030=3009201']);
    gcx(bench);
    bench.terminal.swipe(card('swipe'));
    expect(values(bench.later())['8050']).toBe('0');
    gcx(bench);
    bench.terminal.swipe(card('unreadable'));
    expect(bench.later()).toBe('GCX041');
  });

  test('an expired card is marked in the verification results', () => {
    const bench = new Bench();
    bench.terminal.insert(card('expired'));
    expect(tags(values(gcx(bench))['8054']).get('95')).toBe('0040008000');
  });

  test('RMC waits for the removal', () => {
    const bench = new Bench();
    expect(bench.send(`RMC032${'REMOVE CARD'.padEnd(32)}`)).toBe('RMC000');
    bench.terminal.insert(card('chip'));
    expect(bench.send(`RMC032${'REMOVE CARD'.padEnd(32)}`)).toBe('');
    expect(bench.lines()[1]).toBe('REMOVE CARD');
    bench.terminal.remove();
    expect(bench.later()).toBe('RMC000');
    expect(bench.send('RMC')).toBe('RMC011');
  });

  test('a plain pad tells what it does by NTM', () => {
    const bench = new Bench({ panel: false });
    bench.terminal.insert(card('chip'));
    expect(gcx(bench).startsWith(`NTM000032${'PROCESSING'.padEnd(32)}|GCX000`)).toBe(true);
  });
});

describe('strict terminal', () => {
  const aidRecord = `314101010${'8'}A000000333010101${'0'.repeat(16)}02`.padEnd(314, '0');

  test('needs OPN and tables with the AID', () => {
    const bench = new Bench({ strict: true });
    expect(bench.send('GKY')).toBe('GKY010');
    expect(bench.x('XPS').slice(0, 6)).toBe('XPS000');
    bench.send('OPN');
    bench.terminal.insert(card('chip'));
    expect(gcx(bench)).toBe('GCX070');
    expect(bench.send('TLR0020')).toBe('TLR011');
    expect(bench.send('TLE')).toBe('TLE010');
    expect(bench.send('TLI01200VERSION001')).toBe('TLI020');
    expect(bench.send(`TLR${String(aidRecord.length + 2)}01${aidRecord}`)).toBe('TLR000');
    expect(bench.send('TLE')).toBe('TLE000');
    const found = values(gcx(bench));
    expect(found['8051']).toBe('010102');
    expect(values(bench.x('GIX', [0x0001, '0x93008002']))).toEqual({ '9300': 'VERSION001', '8002': 'POS8583-SIM' });
    expect(bench.send('TLI01200VERSION001')).toBe('TLI000');
    expect(bench.send(`TLR${String(aidRecord.length + 2)}02${aidRecord}`)).toBe('TLR021');
    expect(bench.send('TLE')).toBe('TLE010');
    expect(values(gcx(bench))['8051']).toBe('010102');
    bench.send('TLI01200VERSION002');
    bench.send('TLE');
    expect(gcx(bench)).toBe('GCX070');
  });
});

describe('screen commands of ABECS', () => {
  test('DSP, DEX, MNU, GCD, GIX', () => {
    const bench = new Bench({ panel: false });
    expect(bench.send(`DSP032${'HELLO'.padEnd(16)}${'WORLD'.padEnd(16)}`)).toBe('DSP000');
    expect(bench.lines()).toEqual(['', 'HELLO', 'WORLD', '']);
    expect(bench.send('DSP005HELLO')).toBe('DSP011');
    expect(bench.send('DEX017008OK\rDONE!220000')).toBe('DEX000');
    expect(bench.lines()).toEqual(['', '       OK', '     DONE!', '']);
    expect(bench.send('DEX005009AB')).toBe('DEX011');
    const menu: Value[] = [
      [0x001b, 'MENU'],
      [0x0020, 'ONE'],
      [0x0020, 'TWO'],
      [0x0020, 'THREE'],
      [0x0020, 'FOUR'],
    ];
    bench.x('MNU', ...menu);
    expect(bench.lines()).toEqual(['MENU', 'ONE', 'TWO', 'THREE']);
    bench.keys('UP');
    expect(bench.terminal.screenState()).toEqual({ lines: ['MENU', 'TWO', 'THREE', 'FOUR'], reverse: 8 });
    expect(values(bench.keys('ENTER'))['804D']).toBe('04');
    bench.x('MNU', ...menu);
    expect(values(bench.keys('2'))['804D']).toBe('02');
    expect(bench.x('MNU')).toBe('MNU019');
    expect(bench.raw('16 474344 303136 000C00013C 000E00010A 000B00020009 17 C142')).toBe('06');
    expect(values(bench.keys('1', '2', 'CLEAR', '3', '00', 'ENTER'))['804D']).toBe('300');
    expect(bench.raw('16 474958 303134 0001000A 80018003800780209300 17 5419').slice(0, 4)).toBe('0616');
    const all = values(bench.send('GIX'));
    expect([all['8007'], all['8020'], all['8032'].slice(0, 11)]).toEqual(['2.20', '0416', '11111111110']);
  });
});

describe('deck', () => {
  test('every card has a right number, and wrong decks are refused with the place', () => {
    for (const { pan } of DECK.cards) expect(luhn(pan)).toBe(true);
    const wrong = (change: object): string => {
      const parsed = parseDeck(
        JSON.stringify({
          format: 'pos8583-deck-1',
          cards: [
            {
              id: 'a',
              name: { zh: '卡', en: 'card' },
              pan: '6225000000000014',
              expiry: '3012',
              serviceCode: '101',
              ...change,
            },
          ],
        }),
      );
      return parsed.ok ? 'ok' : parsed.fault.cause;
    };
    expect(wrong({})).toBe('ok');
    expect(wrong({ pan: '6225000000000015' })).toContain('/cards/0/pan: the check digit (Luhn) is wrong');
    expect(wrong({ expiry: '3013' })).toContain('/cards/0/expiry');
    expect(wrong({ contactless: true })).toContain('/cards/0/contactless');
    expect(wrong({ colour: 'red' })).toContain('colour');
    expect(parseDeck('{')).toMatchObject({ ok: false, fault: { name: 'deck-not-json' } });
  });
});
