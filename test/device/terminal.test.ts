import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { Panel, Pp, Spe } from '../../src/device/ids.ts';
import { keySlot, TerminalDevice, type PanelEvent } from '../../src/device/terminal.ts';
import { answer, ascii, FakePad, find, frame, hex, ManualTimers, unhex, value } from './bench.ts';

const PANEL = answer(
  'XID000',
  value(Panel.rows, [4]),
  value(Panel.columns, [16]),
  value(Panel.charset, 'GBK'),
  value(Panel.keys, '0,1,2,3,4,5,6,7,8,9,00,ENTER,CANCEL,CLEAR'),
  value(Panel.printColumns, [32]),
  value(Panel.features, [0x1f]),
  value(Panel.serialNumber, 'VT000001'),
  value(Panel.firmware, '1.0'),
  value(Panel.slotActive, 'A'),
  value(Panel.slotState, 'C'),
  value(Panel.digestA, new Uint8Array(32).fill(0xab)),
);
const GIX = answer(
  'GIX000',
  value(Pp.serialNumber, 'SN-9'),
  value(Pp.model, 'VT-1 '),
  value(Pp.specVersion, '2.20'),
  value(Pp.masterKeysPin, '1'.padEnd(100, '0')),
);

/** Result of a call: its value, or the name of its fault. */
function outcome<T>(): { done: (r: Result<T>) => void; values: (T | string)[] } {
  const values: (T | string)[] = [];
  return { values, done: r => values.push(r.ok ? r.value : r.fault.name) };
}

function bench(options: { panel?: boolean; connect?: boolean } = {}) {
  const pad = new FakePad();
  const timers = new ManualTimers();
  const notices: string[] = [];
  const device = new TerminalDevice({ write: pad.write, timers, notice: text => notices.push(text) });
  const base = (name: string): Uint8Array | string | undefined => {
    if (name === 'XID') return options.panel === false ? 'ERR010' : PANEL;
    if (name === 'OPN') return 'OPN000';
    if (name === 'GIX') return GIX;
    if (name === 'XEV') return 'XEV012';
    return undefined;
  };
  pad.respond = base;
  const run = (): void => pad.run(bytes => device.received(bytes));
  if (options.connect !== false) {
    device.lineUp();
    device.connect(() => undefined);
    run();
    pad.log.length = 0;
    pad.commands.length = 0;
  }
  return { pad, timers, device, run, base, notices };
}

const event = (code: string, sequence: number, ...more: Uint8Array[]): Uint8Array =>
  answer('XEV000', value(Panel.event, code), value(Panel.sequence, [sequence >> 8, sequence & 255]), ...more);

describe('connect', () => {
  test('a panel terminal: CAN, XID, OPN, GIX, and its event number', () => {
    const { pad, device, run } = bench({ connect: false });
    const seen = outcome<unknown>();
    device.lineUp();
    device.connect(seen.done);
    run();
    expect(pad.log).toEqual(['CAN', 'XID', 'OPN', 'GIX', 'XEV']);
    expect(seen.values).toHaveLength(1);
    expect(device.info).toMatchObject({
      serialNumber: 'VT000001',
      model: 'VT-1',
      firmware: '1.0',
      specVersion: '2.20',
      secure: false,
      panel: {
        rows: 4,
        columns: 16,
        charset: 'GBK',
        printColumns: 32,
        features: { scanner: true, beeper: true, slots: true, partNumbers: true, lastSequence: true },
        slots: { active: 'A', state: 'confirmed', digestA: 'ab'.repeat(32), digestB: undefined },
      },
    });
    expect(device.info!.panel!.keys).toContain('CLEAR');
    expect(keySlot(device.info!.masterKeysPin, 0)).toBe('present');
    expect(keySlot(device.info!.masterKeysPin, 1)).toBe('absent');
    expect(keySlot(device.info!.masterKeysData, 0)).toBe('unknown');
  });

  test('a plain pad answers ERR010 and has no panel', () => {
    const { device } = bench({ panel: false });
    expect(device.info).toMatchObject({ panel: undefined, serialNumber: 'SN-9' });
  });

  test('an old secure session is ended by a clear OPN', () => {
    const { pad, device, run, base } = bench({ connect: false });
    let first = true;
    pad.respond = name => {
      if (name !== 'XID' || !first) return base(name);
      first = false;
      return 'ERR009';
    };
    device.lineUp();
    device.connect(() => undefined);
    run();
    expect(pad.log).toEqual(['CAN', 'XID', 'OPN', 'XID', 'OPN', 'GIX', 'XEV']);
    expect(device.info).toBeDefined();
  });

  test('nobody there: three CANs, then a fault', () => {
    const { pad, device, run, timers } = bench({ connect: false });
    const seen = outcome<unknown>();
    pad.endOnCancel = false;
    device.lineUp();
    device.connect(seen.done);
    run();
    timers.advance(6000);
    expect(pad.log).toEqual(['CAN', 'CAN', 'CAN']);
    expect(seen.values).toEqual(['no-reply-to-cancel']);
    expect(device.info).toBeUndefined();
  });

  test('a lost answer of XID is asked for once more after CAN', () => {
    const { pad, device, run, base, timers } = bench({ connect: false });
    let asked = 0;
    pad.acknowledge = name => name !== 'XID' || ++asked > 1;
    pad.respond = base;
    device.lineUp();
    device.connect(() => undefined);
    run();
    timers.advance(2000);
    run();
    expect(pad.log.slice(0, 4)).toEqual(['CAN', 'XID', 'CAN', 'XID']);
    expect(device.info).toBeDefined();
  });

  test('an answer without rows is a fault that names the value', () => {
    const { pad, device, run, base } = bench({ connect: false });
    pad.respond = name => (name === 'XID' ? answer('XID000', value(Panel.columns, [16])) : base(name));
    let cause = '';
    device.lineUp();
    device.connect(r => (cause = r.ok ? '' : r.fault.cause));
    run();
    expect(cause).toContain('ROWS (E001)');
  });

  test('everything before a connect is refused', () => {
    const { device } = bench({ connect: false });
    const seen = outcome<unknown>();
    device.lineUp();
    device.waitEvent({ keypad: true }, {}, seen.done);
    device.encrypt({ method: 'ecb', keyIndex: 0, data: new Uint8Array(8) }, seen.done);
    device.removeCard('x', seen.done);
    expect(seen.values).toEqual(['not-connected', 'not-connected', 'not-connected']);
  });
});

describe('screen', () => {
  test('lines in GBK, separated by 0D, with the reversed ones', () => {
    const { device, pad, run, base } = bench();
    pad.respond = name => (name === 'XDS' ? 'XDS000' : base(name));
    const seen = outcome<void>();
    device.showScreen(['消费', '', '金额:     100.00'], 0b1, seen.done);
    run();
    expect(seen.values).toEqual([undefined]);
    expect(Buffer.from(find(pad.commands[0], Panel.lines)!).toString('hex')).toBe(
      'cffbb7d1' + '0d' + '0d' + 'bdf0b6ee' + Buffer.from(':     100.00').toString('hex'),
    );
    expect(find(pad.commands[0], Panel.reverse)).toEqual(Uint8Array.of(1));
  });

  test('what does not fit is refused before anything is sent, with the line', () => {
    const { device, pad } = bench();
    const causes: string[] = [];
    const done = (r: Result<void>): unknown => causes.push(r.ok ? 'ok' : r.fault.cause);
    device.showScreen(['ok', '一二三四五六七八九'], 0, done);
    device.showScreen(['1', '2', '3', '4', '5'], 0, done);
    device.showScreen(['😀'], 0, done);
    expect(causes).toEqual([
      'screen line 2: text takes 18 columns, there are 16',
      'screen has 5 lines, the terminal 4',
      'screen line 1: character U+D83D at 1 is not in GBK',
    ]);
    expect(pad.log).toEqual([]);
  });

  test('a plain pad has none, but shows messages', () => {
    const { device, pad, run } = bench({ panel: false });
    pad.respond = name => `${name}000`;
    const seen = outcome<void>();
    device.showScreen(['x'], 0, seen.done);
    device.display(['OPERAÇÃO', 'OK'], seen.done);
    device.display(['1', '22', '333'], seen.done);
    run();
    expect(seen.values).toEqual(['feature-missing', undefined, undefined]);
    expect(hex(pad.commands[0])).toBe(
      hex(new Uint8Array(Buffer.from('DSP032OPERAÇÃO        OK              ', 'latin1'))),
    );
    expect(Buffer.from(pad.commands[1]).toString('latin1')).toBe('DEX0110081\r22\r333');
  });
});

describe('events', () => {
  test.each<[string, Uint8Array[], PanelEvent]>([
    ['00', [], { kind: 'key', key: '0' }],
    ['09', [], { kind: 'key', key: '9' }],
    ['0A', [], { kind: 'key', key: '00' }],
    ['10', [], { kind: 'key', key: 'ENTER' }],
    ['11', [], { kind: 'key', key: 'CANCEL' }],
    ['12', [], { kind: 'key', key: 'CLEAR' }],
    ['14', [], { kind: 'key', key: 'FN' }],
    ['15', [], { kind: 'key', key: 'MENU' }],
    ['16', [], { kind: 'key', key: 'UP' }],
    ['17', [], { kind: 'key', key: 'DOWN' }],
    ['18', [], { kind: 'key', key: 'ALPHA' }],
    ['21', [], { kind: 'key', key: 'F1' }],
    ['24', [], { kind: 'key', key: 'F4' }],
    ['90', [], { kind: 'swiped' }],
    ['91', [], { kind: 'chipRemoved' }],
    ['92', [], { kind: 'chipInserted' }],
    ['94', [], { kind: 'contactless' }],
    ['95', [value(Panel.scan, '134567890123456789')], { kind: 'scanned', text: '134567890123456789' }],
  ])('%s', (code, more, expected) => {
    const { device, pad, run } = bench();
    pad.respond = () => event(code, 1, ...more);
    const seen = outcome<PanelEvent>();
    device.waitEvent({ keypad: true, magnetic: true, chip: true, scanner: true }, { timeoutSeconds: 60 }, seen.done);
    run();
    expect(seen.values).toEqual([expected]);
    expect(hex(find(pad.commands[0], Panel.sources)!)).toBe('17');
    expect(hex(find(pad.commands[0], Panel.timeout)!)).toBe('003C');
  });

  test.each([
    ['an unknown code', event('77', 1)],
    ['no number', answer('XEV000', value(Panel.event, '10'))],
  ])('%s is a fault', (_name, reply) => {
    const { device, pad, run } = bench();
    pad.respond = () => reply;
    const seen = outcome<PanelEvent>();
    device.waitEvent({ keypad: true }, {}, seen.done);
    run();
    expect(seen.values[0]).toMatch(/^answer-/);
  });

  test('time-out, flush, and the number of the last event', () => {
    const { device, pad, run } = bench();
    const replies: (Uint8Array | string)[] = [event('10', 7), 'XEV012'];
    pad.respond = () => replies.shift();
    const seen = outcome<PanelEvent>();
    device.waitEvent({ keypad: true }, { flush: true }, seen.done);
    run();
    device.waitEvent({ keypad: true }, { timeoutSeconds: 5 }, seen.done);
    run();
    expect(seen.values).toEqual([{ kind: 'key', key: 'ENTER' }, { kind: 'timeout' }]);
    expect(find(pad.commands[0], Panel.flush)).toEqual(Uint8Array.of(1));
    expect(find(pad.commands[0], Panel.timeout)).toBeUndefined();
    expect(hex(find(pad.commands[0], Panel.lastSequence)!)).toBe('0000');
    expect(hex(find(pad.commands[1], Panel.lastSequence)!)).toBe('0007');
    expect(find(pad.commands[1], Panel.flush)).toBeUndefined();
  });

  test('an old event of an earlier connection is learned and dropped', () => {
    const { device, pad, run, base } = bench({ connect: false });
    let synced = false;
    pad.respond = name => {
      if (name !== 'XEV') return base(name);
      if (synced) return event('05', 43);
      synced = true;
      return event('10', 42);
    };
    const seen = outcome<PanelEvent>();
    device.lineUp();
    device.connect(() => undefined);
    run();
    device.waitEvent({ keypad: true }, {}, seen.done);
    run();
    expect(seen.values).toEqual([{ kind: 'key', key: '5' }]);
    expect(hex(find(pad.commands.at(-1)!, Panel.lastSequence)!)).toBe('002A');
  });

  test('an event that comes twice counts once', () => {
    const { device, pad, run } = bench();
    const replies = [event('01', 1), event('01', 1), event('02', 2)];
    pad.respond = () => replies.shift();
    const seen = outcome<PanelEvent>();
    device.waitEvent({ keypad: true }, {}, seen.done);
    run();
    device.waitEvent({ keypad: true }, {}, seen.done);
    run();
    expect(seen.values).toEqual([
      { kind: 'key', key: '1' },
      { kind: 'key', key: '2' },
    ]);
    expect(pad.log).toEqual(['XEV', 'XEV', 'XEV']);
  });

  test('on a plain pad CEX brings function keys and cards', () => {
    const { device, pad, run } = bench({ panel: false });
    const replies = [answer('CEX000', value(Pp.event, '13')), answer('CEX000', value(Pp.event, '90')), 'CEX012'];
    pad.respond = () => replies.shift();
    const seen = outcome<PanelEvent>();
    for (let i = 0; i < 3; i++) {
      device.waitEvent(
        { keypad: true, magnetic: true, chip: true, contactless: true },
        { timeoutSeconds: 60 },
        seen.done,
      );
    }
    run();
    expect(seen.values).toEqual([{ kind: 'key', key: 'CANCEL' }, { kind: 'swiped' }, { kind: 'timeout' }]);
    expect(hex(frame(pad.commands[0]))).toBe('1643455830313500060006313131313030000C00013C170F01');
  });

  test.each([
    ['XEV, asked again as it does no harm', true, 11],
    ['CEX', false, 1],
  ])('a wait that the terminal has forgotten is given up after its time: %s', (_, panel, times) => {
    const { device, pad, timers, run } = bench({ panel });
    pad.respond = () => undefined;
    const seen = outcome<PanelEvent>();
    device.waitEvent({ keypad: true }, { timeoutSeconds: 60 }, seen.done);
    run();
    timers.advance(69_000);
    run();
    expect(seen.values).toEqual([]);
    for (let ms = 0; ms < 780_000; ms += 100) {
      timers.advance(100);
      run();
    }
    expect(seen.values).toEqual(['answer-lost']);
    expect(pad.log.filter(name => name !== 'CAN')).toEqual(Array(times).fill(panel ? 'XEV' : 'CEX'));
  });
});

describe('an event that crosses the CAN', () => {
  /** A terminal with a key queue, numbers and LASTSEQ, as the extension describes it. */
  function queueingPad(b: ReturnType<typeof bench>) {
    const keys: string[] = [];
    let sequence = 0;
    let last: Uint8Array | undefined;
    const give = (): Uint8Array => (last = event(keys.shift()!, ++sequence));
    b.pad.respond = (name, command) => {
      if (name !== 'XEV') return `${name}000`;
      const known = find(command, Panel.lastSequence);
      if (known !== undefined && sequence > known[0] * 256 + known[1]) return last;
      if (keys.length > 0) return give();
      const timeout = find(command, Panel.timeout);
      return timeout !== undefined && timeout[0] + timeout[1] === 0 ? 'XEV012' : undefined;
    };
    return { keys, give };
  }

  test('is not lost, and the one behind it neither', () => {
    const b = bench();
    const { keys, give } = queueingPad(b);
    const seen = outcome<PanelEvent>();
    const ends: string[] = [];
    b.device.waitEvent({ keypad: true }, {}, r => {
      seen.done(r);
      ends.push('wait');
    });
    b.run();
    expect(b.device.waiting).toBe(true);
    keys.push('05', '07');
    b.pad.send(frame(give())); // on the line already when the CAN goes out
    b.device.cancelWait(() => ends.push('cancel'));
    b.run();
    expect(seen.values).toEqual([{ kind: 'key', key: '5' }]);
    expect(ends).toEqual(['wait', 'cancel']);
    b.device.waitEvent({ keypad: true }, {}, seen.done);
    b.run();
    expect(seen.values[1]).toEqual({ kind: 'key', key: '7' });
    expect(b.pad.log).toEqual(['XEV', 'CAN', 'XEV', 'XEV']);
  });

  test('without one the wait ends as cancelled, before the cancel', () => {
    const b = bench();
    queueingPad(b);
    const order: unknown[] = [];
    b.device.waitEvent({ keypad: true }, {}, r => order.push(r.ok ? r.value : r.fault.name));
    b.run();
    b.device.cancelWait(r => order.push(r.ok ? 'ended' : r.fault.name));
    b.device.showScreen(['x'], 0, () => order.push('screen'));
    b.run();
    expect(order).toEqual(['cancelled', 'ended', 'screen']);
    expect(b.pad.log).toEqual(['XEV', 'CAN', 'XEV', 'XDS']);
  });

  test('its answer damaged beyond repair: CAN, then asked for again', () => {
    const b = bench();
    const { keys } = queueingPad(b);
    const seen = outcome<PanelEvent>();
    keys.push('03');
    b.pad.damage = 3;
    b.device.waitEvent({ keypad: true }, {}, seen.done);
    for (let i = 0; i < 3; i++) {
      b.run();
      b.timers.advance(500);
    }
    b.run();
    expect(b.pad.log).toEqual(['XEV', 'NAK', 'NAK', 'CAN', 'XEV']);
    expect(seen.values).toEqual([{ kind: 'key', key: '3' }]);
  });

  test('its SYN lost: noise for three seconds, CAN, then asked for again', () => {
    const b = bench();
    const { keys, give } = queueingPad(b);
    const seen = outcome<PanelEvent>();
    b.device.waitEvent({ keypad: true }, { timeoutSeconds: 60 }, seen.done);
    b.run();
    keys.push('08');
    b.pad.send(frame(give()).subarray(1));
    b.run();
    b.timers.advance(3000);
    b.run();
    expect(b.pad.log).toEqual(['XEV', 'CAN', 'XEV']);
    expect(seen.values).toEqual([{ kind: 'key', key: '8' }]);
  });

  test('lost altogether: found 10 s after the time-out of the terminal', () => {
    const b = bench();
    const { keys, give } = queueingPad(b);
    const seen = outcome<PanelEvent>();
    b.device.waitEvent({ keypad: true }, { timeoutSeconds: 60 }, seen.done);
    b.run();
    keys.push('08');
    give();
    b.timers.advance(70_000);
    b.run();
    expect(seen.values).toEqual([{ kind: 'key', key: '8' }]);
  });

  test('cancel without a waiting command is done at once and drops queued waits', () => {
    const b = bench();
    const order: unknown[] = [];
    b.pad.respond = () => undefined;
    b.device.showScreen(['x'], 0, () => order.push('screen'));
    b.device.waitEvent({ keypad: true }, {}, r => order.push(r.ok ? r.value : r.fault.name));
    b.device.cancelWait(r => order.push(r.ok));
    b.run();
    expect(order).toEqual(['cancelled', true]);
    expect(b.pad.log).toEqual(['XDS']);
  });
});

describe('communication errors', () => {
  test('XDS is repeated twice after CAN, then given up', () => {
    const { device, pad, run, timers } = bench();
    const seen = outcome<void>();
    pad.acknowledge = () => false;
    device.showScreen(['x'], 0, seen.done);
    for (let i = 0; i < 3; i++) {
      run();
      timers.advance(2000);
    }
    run();
    expect(pad.log).toEqual(['XDS', 'CAN', 'XDS', 'CAN', 'XDS', 'CAN']);
    expect(seen.values).toEqual(['no-acknowledge']);
  });

  test.each([
    ['GOX', (d: TerminalDevice, done: (r: Result<unknown>) => void) => d.emvGo({ acquirer: 0, keyIndex: 0 }, done)],
    [
      'GPN',
      (d: TerminalDevice, done: (r: Result<unknown>) => void) => d.enterPin({ keyIndex: 0, min: 4, max: 6 }, done),
    ],
    ['XLR', (d: TerminalDevice, done: (r: Result<unknown>) => void) => d.slots.write(0, new Uint8Array(9), done)],
    ['XLA', (d: TerminalDevice, done: (r: Result<unknown>) => void) => d.slots.activate(done)],
    ['RMC', (d: TerminalDevice, done: (r: Result<unknown>) => void) => d.removeCard('x', done)],
  ])('%s is never repeated', (name, call) => {
    const { device, pad, run, timers } = bench();
    const seen = outcome<unknown>();
    pad.acknowledge = () => false;
    call(device, seen.done);
    run();
    timers.advance(2000);
    run();
    timers.advance(60_000);
    run();
    expect(pad.log).toEqual([name, 'CAN']);
    expect(seen.values).toEqual(['no-acknowledge']);
  });

  test('a terminal that does not answer CAN fails everything at once', () => {
    const { device, pad, run, timers } = bench();
    const seen = outcome<unknown>();
    pad.acknowledge = () => false;
    pad.endOnCancel = false;
    device.showScreen(['x'], 0, seen.done);
    device.beep('S', seen.done);
    device.print(ascii('x'), r => seen.done(r.ok ? { ok: true, value: 1 } : { ok: false, fault: r.fault }));
    run();
    timers.advance(8000);
    expect(seen.values).toEqual(['no-reply-to-cancel', 'no-reply-to-cancel', 'no-reply-to-cancel']);
    expect(device.busy).toBe(false);
  });

  test('the queue is bounded', () => {
    const { device } = bench();
    const seen = outcome<void>();
    for (let i = 0; i < 18; i++) device.beep('S', seen.done);
    expect(seen.values).toEqual(['queue-full']);
  });

  test('line down ends what is in flight and queued; after line up a connect works again', () => {
    const { device, run, timers } = bench();
    const seen = outcome<unknown>();
    device.waitEvent({ keypad: true }, {}, seen.done);
    device.beep('S', seen.done);
    device.lineDown();
    expect(seen.values).toEqual(['line-down', 'line-down']);
    expect(device.info).toBeUndefined();
    expect(timers.count).toBe(0);
    device.lineUp();
    device.connect(seen.done);
    run();
    expect(device.info).toBeDefined();
  });

  test('a connect in the middle ends what was under way', () => {
    const { device, pad, run, base } = bench();
    const order: unknown[] = [];
    let once = true;
    pad.respond = name => {
      if (name !== 'XEV' || !once) return base(name);
      once = false;
      return undefined;
    };
    device.waitEvent({ keypad: true }, {}, r => order.push(r.ok ? r.value : r.fault.name));
    device.beep('S', r => order.push(r.ok ? 'beep' : r.fault.name));
    run();
    device.connect(r => order.push(r.ok ? 'connected' : r.fault.name));
    run();
    expect(order).toEqual(['restarted', 'restarted', 'connected']);
    expect(pad.log).toEqual(['XEV', 'CAN', 'XID', 'OPN', 'GIX', 'XEV']);
  });

  test('a malformed answer is a fault with the place', () => {
    const { device, pad, run } = bench();
    pad.respond = () => answer('XPS000', unhex('E013 0004 00'));
    let cause = '';
    device.printerStatus(r => (cause = r.ok ? '' : r.fault.cause));
    run();
    expect(cause).toBe('answer of XPS: value E013 at 9 says 4 bytes, its block has 1');
  });

  test('every answer may come byte by byte', () => {
    const b = bench({ connect: false });
    b.pad.splitAll = true;
    b.device.lineUp();
    b.device.connect(() => undefined);
    b.run();
    expect(b.device.info?.model).toBe('VT-1');
  });
});

describe('printer', () => {
  type Printed = Parameters<Parameters<TerminalDevice['print']>[1]>[0];

  function printing() {
    const b = bench();
    const paper: number[] = [];
    let lastPart = -1;
    const state = { stat: '000', lose: 0 };
    b.pad.acknowledge = name => name !== 'XPR' || state.lose !== 1;
    b.pad.respond = (name, command) => {
      if (name === 'XPS') return answer('XPS000', value(Panel.printStatus, [0b0101]));
      if (name !== 'XPR') return undefined;
      const part = find(command, Panel.partNumber)!;
      const number = part[0] * 256 + part[1];
      if (number === lastPart) return 'XPR000';
      if (state.stat !== '000') return `XPR${state.stat}`;
      lastPart = number;
      paper.push(...find(command, Panel.print)!);
      if (state.lose === 2) {
        state.lose = 0;
        return 'ZZZ000'; // an answer of another command: ours is lost
      }
      return 'XPR000';
    };
    const results: Printed[] = [];
    return { ...b, paper, state, results, done: (r: Printed) => results.push(r) };
  }

  const document = Uint8Array.from({ length: 2500 }, (_, i) => 0x20 + (i % 90));

  test('a document goes out in parts of at most 980 bytes with numbers', () => {
    const b = printing();
    const mine = Buffer.from(document);
    b.device.print(mine, b.done);
    mine.fill(0x7a); // the caller's buffer is free after the call
    b.run();
    expect(b.results).toEqual([{ ok: true, partsPrinted: 3 }]);
    const parts = b.pad.commands.map(c => [find(c, Panel.print)!.length, find(c, Panel.partNumber)![1]]);
    expect(parts).toEqual([
      [2, 1],
      [980, 2],
      [980, 3],
      [540, 4],
    ]);
    expect(b.paper).toEqual([0x1b, 0x40, ...document]);
    b.device.print(ascii('second'), b.done);
    b.run();
    expect(find(b.pad.commands.at(-1)!, Panel.partNumber)).toEqual(Uint8Array.of(0, 5));
  });

  test('paper out: resumed from the part that failed, with its number', () => {
    const b = printing();
    const respond = b.pad.respond;
    let parts = 0;
    b.pad.respond = (name, command) => (name === 'XPR' && ++parts === 3 ? 'XPR110' : respond(name, command));
    b.device.print(document, b.done);
    b.run();
    expect(b.results[0]).toMatchObject({ ok: false, fault: { name: 'paper-out' }, partsPrinted: 1, partsTotal: 3 });
    b.device.resumePrint(b.done);
    b.run();
    expect(b.results[1]).toEqual({ ok: true, partsPrinted: 3 });
    expect(b.paper).toEqual([0x1b, 0x40, ...document]);
    expect(b.pad.commands.map(c => find(c, Panel.partNumber)![1])).toEqual([1, 2, 3, 3, 4]);
    b.device.resumePrint(b.done);
    expect(b.results[2]).toMatchObject({ ok: false, fault: { name: 'nothing-to-resume' } });
  });

  test('cover open before the first part: resumed as a whole', () => {
    const b = printing();
    b.state.stat = '111';
    b.device.print(ascii('slip'), b.done);
    b.run();
    expect(b.results[0]).toMatchObject({ ok: false, fault: { name: 'cover-open' }, partsPrinted: 0, partsTotal: 1 });
    b.state.stat = '000';
    b.device.resumePrint(b.done);
    b.run();
    expect(b.results[1]).toEqual({ ok: true, partsPrinted: 1 });
    expect(b.paper).toEqual([0x1b, 0x40, ...ascii('slip')]);
  });

  test('an answer that was lost prints nothing twice', () => {
    const b = printing();
    b.device.print(ascii('first'), b.done);
    b.run();
    b.state.lose = 2;
    b.device.print(ascii('once'), b.done);
    b.run();
    b.timers.advance(10_000); // late NAK brings the same wrong answer
    b.run();
    b.timers.advance(5000); // CAN, then the part again
    b.run();
    expect(b.results).toEqual([
      { ok: true, partsPrinted: 1 },
      { ok: true, partsPrinted: 1 },
    ]);
    expect(Buffer.from(b.paper).toString('latin1')).toBe('\x1b@firstonce');
    expect(b.pad.log).toEqual(['XPR', 'XPR', 'XPR', 'NAK', 'CAN', 'XPR']);
  });

  test('a terminal that remembers our first number from before loses nothing', () => {
    const b = printing();
    b.device.print(ascii('A'), b.done); // parts 1 and 2
    b.run();
    const fresh = new TerminalDevice({ write: b.pad.write, timers: b.timers });
    const run = (): void => b.pad.run(bytes => fresh.received(bytes));
    const respond = b.pad.respond;
    let last = 1; // the terminal's last part has the number with which a new process begins
    b.pad.respond = (name, command) => {
      if (name !== 'XPR') return b.base(name);
      const number = find(command, Panel.partNumber)![1];
      if (number === last) return 'XPR000';
      last = number;
      return respond(name, command);
    };
    fresh.lineUp();
    fresh.connect(() => undefined);
    run();
    fresh.print(ascii('B'), b.done);
    run();
    expect(b.results).toEqual([
      { ok: true, partsPrinted: 1 },
      { ok: true, partsPrinted: 1 },
    ]);
    expect(find(b.pad.commands.at(-1)!, Panel.print)).toEqual(ascii('B'));
    expect(last).toBe(2);
  });

  test('status and busy', () => {
    const b = printing();
    b.device.print(document, b.done);
    b.device.print(document, b.done);
    expect(b.results[0]).toMatchObject({ ok: false, fault: { code: 'E_BUSY' } });
    const seen = outcome<unknown>();
    b.device.printerStatus(seen.done);
    b.run();
    expect(seen.values).toEqual([{ paperOut: true, paperLow: false, coverOpen: true, error: false }]);
  });
});

describe('card', () => {
  const reply = (data: Uint8Array | string, panel = true) => {
    const b = bench({ panel });
    b.pad.respond = () => data;
    return b;
  };

  test('tracks as owned bytes', () => {
    const track2 = unhex('6225 0000 0000 0001 D301 2201 0000 0F'.replaceAll(' ', ''));
    const b = reply(answer('GTK000', value(Pp.track2, track2)));
    const seen = outcome<{ track2: Uint8Array | undefined; track1: Uint8Array | undefined }>();
    b.device.readTracks(seen.done);
    b.run();
    expect(seen.values).toMatchObject([{ track1: undefined, track2 }]);
    expect(Buffer.from(find(b.pad.commands[0], Spe.tracks)!).toString()).toBe('1110');
  });

  test('bad swipe and second read', () => {
    for (const [stat, name] of [
      ['041', 'stripe-unreadable'],
      ['043', 'no-card'],
    ]) {
      const b = reply(`GTK${stat}`);
      const seen = outcome<unknown>();
      b.device.readTracks(seen.done);
      b.run();
      expect(seen.values).toEqual([name]);
    }
  });

  test('GCX: arguments and answer', () => {
    const emv = unhex('8407A0000003330101 9F3602000A');
    const b = reply(
      answer(
        'GCX000',
        value(Pp.cardType, '03'),
        value(Pp.iccStatus, '0'),
        value(Pp.pan, '6225000000000001'),
        value(Pp.panSequence, '01'),
        value(Pp.expiry, '301231'),
        value(Pp.label, 'PBOC DEBIT      '),
        value(Pp.emvData, emv),
      ),
    );
    const seen = outcome<unknown>();
    b.device.readChip(
      {
        amountMinor: 12_345,
        date: '261122',
        time: '101500',
        transactionType: 0,
        tagList: unhex('829F36'),
        contactless: true,
        timeoutSeconds: 60,
        message: '请插卡',
        currency: '156',
      },
      seen.done,
    );
    b.run();
    expect(seen.values).toEqual([
      {
        cardType: 'chip',
        iccStatus: 0,
        pan: ascii('6225000000000001'),
        panSequence: '01',
        expiry: '301231',
        cardholder: undefined,
        label: 'PBOC DEBIT',
        aid: 'A0000003330101',
        emvData: emv,
        maskedTrack2: undefined,
      },
    ]);
    const command = b.pad.commands[0];
    const text = (id: number): string => Buffer.from(find(command, id)!).toString('latin1');
    expect([text(Spe.amount), text(Spe.date), text(Spe.time), text(Spe.chipOptions), text(Spe.currency)]).toEqual([
      '000000012345',
      '261122',
      '101500',
      '10000',
      '156',
    ]);
    expect(hex(find(command, Spe.message)!)).toBe('C7EBB2E5BFA8');
    expect(hex(find(command, Spe.timeout)!)).toBe('3C');
    expect(find(command, Spe.transactionType)).toEqual(Uint8Array.of(0));
    expect(find(command, Spe.acquirer)).toBeUndefined();
  });

  test('GOX: online with PIN', () => {
    const b = reply(
      answer(
        'GOX000',
        value(Pp.goResult, '202000'),
        value(Pp.emvData, new Uint8Array(48)),
        value(Pp.pinBlock, unhex('0102030405060708')),
        value(Pp.ksn, new Uint8Array(10)),
      ),
    );
    expect(Buffer.from(answer('GOX000', value(1, new Uint8Array(84))).subarray(0, 9)).toString()).toBe('GOX000088');
    const seen = outcome<unknown>();
    const wrappedKey = unhex('950973182317F80B950973182317F80B');
    b.device.emvGo(
      { acquirer: 0, keyIndex: 3, pinMethod: 1, wrappedKey, amountMinor: 100, timeoutSeconds: 60 },
      seen.done,
    );
    b.run();
    expect(seen.values).toMatchObject([
      { decision: 'online', signature: false, pin: 'online', pinBlock: unhex('0102030405060708') },
    ]);
    expect(find(b.pad.commands[0], Spe.wrappedKey)).toEqual(wrappedKey);
    expect(Buffer.from(find(b.pad.commands[0], Spe.keyIndex)!).toString()).toBe('03');
  });

  test('GOX without PIN names no key; skipped PIN gives no block', () => {
    const b = reply(answer('GOX000', value(Pp.goResult, '110000')));
    const seen = outcome<unknown>();
    b.device.emvGo({ acquirer: 0, keyIndex: 3 }, seen.done);
    b.run();
    expect(seen.values).toMatchObject([{ decision: 'declined', signature: true, pin: 'none', pinBlock: undefined }]);
    expect(find(b.pad.commands[0], Spe.pinMethod)).toBeUndefined();
    expect(find(b.pad.commands[0], Spe.keyIndex)).toBeUndefined();
  });

  test.each([
    ['unknown result', answer('GOX000', value(Pp.goResult, '900000')), 'answer-malformed'],
    ['PIN without block', answer('GOX000', value(Pp.goResult, '202000')), 'answer-incomplete'],
  ])('GOX: %s is a fault', (_name, data, fault) => {
    const b = reply(data);
    const seen = outcome<unknown>();
    b.device.emvGo({ acquirer: 0, keyIndex: 0 }, seen.done);
    b.run();
    expect(seen.values).toEqual([fault]);
  });

  test.each([
    ['approved', '0000', '0', true],
    ['declined', '1000', '1', false],
    ['noHost', '2000', '1', false],
  ] as const)('FCX: %s', (outcomeName, option, result, approved) => {
    const b = reply(answer('FCX000', value(Pp.finishResult, `${result}00`), value(Pp.issuerResults, [1, 2])));
    const seen = outcome<unknown>();
    b.device.emvFinish({ outcome: outcomeName, responseCode: '00', issuerData: unhex('910102') }, seen.done);
    b.run();
    expect(seen.values).toEqual([{ approved, emvData: undefined, issuerResults: Uint8Array.of(1, 2) }]);
    expect(Buffer.from(find(b.pad.commands[0], Spe.finishOptions)!).toString()).toBe(option);
  });

  test('GPN: block, no PIN, cancel, time-out, missing key', () => {
    const replies = [
      `GPN000036A1B2C3D4E5F60718${'0'.repeat(20)}`,
      'GPN130',
      'GPN013',
      'GPN012',
      'GPN042',
      'GPN000036xx',
    ];
    const b = bench();
    b.pad.respond = () => replies.shift();
    const seen = outcome<unknown>();
    for (let i = 0; i < 6; i++)
      b.device.enterPin({ keyIndex: 0, pan: ascii('6225000000000001'), min: 0, max: 6 }, seen.done);
    b.run();
    expect(seen.values).toEqual([
      { entered: true, pinBlock: unhex('A1B2C3D4E5F60718'), ksn: new Uint8Array(10) },
      { entered: false },
      'operator-cancelled',
      'operator-timeout',
      'key-missing',
      'answer-malformed',
    ]);
    expect(Buffer.from(b.pad.commands[0]).toString('latin1')).toBe(
      `GPN093100${'0'.repeat(32)}166225000000000001   10006${' '.repeat(32)}`,
    );
  });

  test('GPN without account number, or with the one in the terminal', () => {
    const b = reply('GPN013');
    b.device.enterPin({ keyIndex: 0, min: 4, max: 12 }, () => undefined);
    b.device.enterPin({ keyIndex: 0, min: 4, max: 12, panFromCard: true }, () => undefined);
    b.run();
    const pan = (i: number): string => Buffer.from(b.pad.commands[i]).toString('latin1').slice(41, 62);
    expect(pan(0)).toBe('16' + '0'.repeat(16) + '   ');
    expect(pan(1)).toBe('00' + ' '.repeat(19));
  });

  test('EBX', () => {
    const b = reply(answer('EBX000', value(Pp.dataOut, new Uint8Array(8).fill(9))));
    const seen = outcome<unknown>();
    b.device.encrypt({ method: 'ecb', keyIndex: 1, data: new Uint8Array(8) }, seen.done);
    b.device.encrypt({ method: 'cbc', keyIndex: 1, data: new Uint8Array(8), iv: new Uint8Array(8).fill(1) }, seen.done);
    b.device.encrypt({ method: 'cbc', keyIndex: 1, data: new Uint8Array(16) }, seen.done);
    b.device.encrypt({ method: 'ecb', keyIndex: 1, data: new Uint8Array(264) }, seen.done);
    b.run();
    expect(seen.values).toEqual([
      'argument-invalid',
      new Uint8Array(8).fill(9),
      new Uint8Array(8).fill(9),
      'answer-incomplete',
    ]);
    expect(Buffer.from(find(b.pad.commands[1], Spe.dataMethod)!).toString()).toBe('11');
    expect(find(b.pad.commands[1], Spe.iv)).toEqual(new Uint8Array(8).fill(1));
  });

  test('card out, menu, beep, close', () => {
    const b = bench();
    b.pad.respond = name => (name === 'MNU' ? answer('MNU000', value(Pp.value, '02')) : `${name}000`);
    const seen = outcome<unknown>();
    b.device.removeCard('请取卡', seen.done);
    b.device.menu('菜单', ['消费', '退货'], 30, seen.done);
    b.device.beep('SS-L', seen.done);
    b.device.beep('X', seen.done);
    b.device.close('再见', seen.done);
    b.run();
    expect(seen.values).toEqual(['argument-invalid', undefined, 2, undefined, undefined]);
    expect(b.pad.commands[0]).toHaveLength(38);
    expect(b.pad.log).toEqual(['RMC', 'MNU', 'XBP', 'CLX']);
    expect(b.device.info).toBeUndefined();
  });

  test('notices of the terminal reach the operator', () => {
    const b = bench();
    b.pad.respond = () => undefined;
    b.device.emvGo({ acquirer: 0, keyIndex: 0 }, () => undefined);
    b.run();
    b.pad.send(frame(`NTM000032${'INCORRECT PIN'.padEnd(32)}`));
    b.run();
    expect(b.notices).toEqual(['INCORRECT PIN']);
  });
});

describe('tables', () => {
  const record = (size: number, letter: string): Uint8Array => ascii(letter.repeat(size));

  test('records are packed up to 999 bytes, between TLI and TLE, and nothing comes between', () => {
    const b = bench();
    b.pad.respond = name => (name === 'TLI' ? unhex('544C49303230') : `${name}000`);
    const seen = outcome<unknown>();
    b.device.loadTables(
      'TABVER0008',
      [record(340, 'a'), record(340, 'b'), record(340, 'c'), record(611, 'd')],
      seen.done,
    );
    b.device.beep('S', seen.done);
    b.run();
    expect(b.pad.log).toEqual(['TLI', 'TLR', 'TLR', 'TLE', 'XBP']);
    expect(hex(frame(b.pad.commands[0]))).toBe('16544C4930313230305441425645523030303817A00B');
    expect(Buffer.from(b.pad.commands[1].subarray(0, 8)).toString()).toBe('TLR68202');
    expect(Buffer.from(b.pad.commands[2].subarray(0, 8)).toString()).toBe('TLR95302');
    expect(seen.values).toEqual([undefined, undefined]);
  });

  test('a refused record ends the load', () => {
    const b = bench();
    b.pad.respond = name => (name === 'TLR' ? 'TLR021' : `${name}000`);
    const seen = outcome<unknown>();
    b.device.loadTables('TABVER0008', [record(26, 'a')], seen.done);
    b.run();
    expect(b.pad.log).toEqual(['TLI', 'TLR']);
    expect(seen.values).toEqual(['table-refused']);
  });
});

describe('slots', () => {
  test('open, write, end, activate, confirm, query', () => {
    const b = bench();
    b.pad.respond = name => {
      if (name === 'XLI') return answer('XLI000', value(Panel.received, [0, 0, 3, 0xd4]));
      if (name === 'XLQ') return answer('XLQ000', value(Panel.slotActive, 'B'), value(Panel.slotState, 'T'));
      return name === 'XLE' ? 'XLE122' : `${name}000`;
    };
    const seen = outcome<unknown>();
    b.device.slots.open(2000, new Uint8Array(32).fill(7), seen.done);
    b.device.slots.write(980, new Uint8Array(980), seen.done);
    b.device.slots.end(seen.done);
    b.device.slots.activate(seen.done);
    b.device.slots.confirm(seen.done);
    b.device.slots.query(seen.done);
    b.device.slots.write(0, new Uint8Array(981), seen.done);
    b.run();
    expect(seen.values).toEqual([
      'argument-invalid',
      980,
      undefined,
      'image-signature',
      undefined,
      undefined,
      { active: 'B', state: 'trial', digestA: undefined, digestB: undefined },
    ]);
    expect(hex(find(b.pad.commands[0], Panel.size)!)).toBe('000007D0');
    expect(hex(find(b.pad.commands[1], Panel.offset)!)).toBe('000003D4');
  });

  test('a plain pad has none', () => {
    const b = bench({ panel: false });
    const seen = outcome<unknown>();
    b.device.slots.query(seen.done);
    b.device.print(ascii('x'), r => seen.values.push(r.ok ? 'ok' : r.fault.name));
    b.device.beep('S', seen.done);
    expect(seen.values).toEqual(['feature-missing', 'feature-missing', 'feature-missing']);
  });
});
