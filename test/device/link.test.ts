import fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { AbecsLink } from '../../src/device/link.ts';
import type { LinkAnswer } from '../../src/device/link-types.ts';
import { ACK, ascii, CAN, EOT, frame, hex, ManualTimers, NAK, unhex } from './bench.ts';

interface Seen {
  kind: LinkAnswer['kind'];
  text: string;
  fault: string | undefined;
}

function setup() {
  const timers = new ManualTimers();
  const written: string[] = [];
  const notices: string[] = [];
  const link = new AbecsLink({
    write: bytes => written.push(hex(bytes)),
    timers,
    notice: (data, start, end) => notices.push(Buffer.from(data.subarray(start, end)).toString('latin1')),
  });
  link.lineUp();
  const seen: Seen[] = [];
  const done = (a: LinkAnswer): void => {
    seen.push({
      kind: a.kind,
      text: Buffer.from(a.data.subarray(0, a.length)).toString('latin1'),
      fault: a.fault?.name,
    });
  };
  const ask = (text: string, blocking = false, limitMs = 0, doubtMs?: number): void =>
    link.request(ascii(text), text.length, blocking, done, limitMs, doubtMs);
  const say = (...parts: (Uint8Array | number)[]): void => {
    for (const part of parts) link.received(typeof part === 'number' ? Uint8Array.of(part) : part);
  };
  return { timers, written, notices, link, seen, ask, say };
}

const OK = { kind: 'answer', text: 'OPN000', fault: undefined };
const damaged = (text: string): Uint8Array => {
  const bytes = frame(text);
  bytes[bytes.length - 1] ^= 1;
  return bytes;
};

describe('a command and its answer', () => {
  test('is framed, acknowledged and answered; the host acknowledges nothing', () => {
    const { ask, say, seen, written, timers } = setup();
    ask('OPN');
    expect(written).toEqual(['164F504E17A8A9']);
    say(ACK, unhex('164F504E30303017775E'));
    expect(seen).toEqual([OK]);
    expect(written).toHaveLength(1);
    expect(timers.count).toBe(0);
  });

  test('arrives whatever the pieces: split after every byte', () => {
    const line = [ACK, ...frame('OPN000')];
    for (let cut = 0; cut <= line.length; cut++) {
      const { ask, say, seen } = setup();
      ask('OPN');
      say(Uint8Array.from(line.slice(0, cut)), Uint8Array.from(line.slice(cut)));
      expect(seen).toEqual([OK]);
    }
  });

  test('arrives in any pieces, with noise and notices before it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 30 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (content, noticed, sizes) => {
          const { ask, link, seen, notices } = setup();
          const reply = Buffer.concat([ascii('CEX000'), content]);
          ask('CEX', true);
          const line = Buffer.concat([
            Uint8Array.of(ACK),
            ascii('noise'),
            noticed ? frame(`NTM000032${'x'.repeat(32)}`) : new Uint8Array(0),
            frame(new Uint8Array(reply)),
          ]);
          for (let at = 0, i = 0; at < line.length; i++) {
            const size = sizes[i % sizes.length];
            link.received(new Uint8Array(line.subarray(at, at + size)));
            at += size;
          }
          expect(seen).toEqual([{ kind: 'answer', text: reply.toString('latin1'), fault: undefined }]);
          expect(notices).toHaveLength(noticed ? 1 : 0);
        },
      ),
    );
  });

  test('of another command is dropped, ERR is taken', () => {
    const { ask, say, seen, link } = setup();
    ask('XID');
    say(ACK, frame('XEV000'), frame('XI'));
    expect(seen).toEqual([]);
    expect(link.counters.strays).toBe(2);
    say(frame('ERR010'));
    expect(seen[0].text).toBe('ERR010');
  });

  test('comes after a notice, which goes to the operator', () => {
    const { ask, say, seen, notices } = setup();
    ask('GPN', true);
    say(ACK, frame(`NTM000032${'ENTER PIN'.padEnd(32)}`), frame('GPN013'));
    expect(notices).toEqual(['ENTER PIN'.padEnd(32)]);
    expect(seen[0].text).toBe('GPN013');
  });

  test('leaves no card data in the buffer', () => {
    const { link, say } = setup();
    let kept: Uint8Array | undefined;
    link.request(ascii('GTK'), 3, false, a => (kept = a.data));
    say(ACK, frame('GTK000005SECRT'));
    expect(kept!.every(byte => byte === 0)).toBe(true);
  });

  test('may start the next command inside the callback', () => {
    const { link, say, written, seen, ask } = setup();
    link.request(ascii('OPN'), 3, false, () => ask('GIX'));
    say(ACK, frame('OPN000'));
    expect(written).toHaveLength(2);
    say(ACK, frame('GIX000'));
    expect(seen.map(s => s.text)).toEqual(['GIX000']);
  });
});

describe('acknowledge', () => {
  test('missing for 2 s is a fault, not a millisecond earlier', () => {
    const { ask, seen, timers, link } = setup();
    ask('OPN');
    timers.advance(1999);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen).toEqual([{ kind: 'failed', text: '', fault: 'no-acknowledge' }]);
    expect(link.counters.timeouts).toBe(1);
  });

  test('an answer without it does not count: a lost ACK is a communication error', () => {
    const { ask, say, seen, timers } = setup();
    ask('OPN');
    say(frame('OPN000'));
    expect(seen).toEqual([]);
    timers.advance(2000);
    expect(seen[0].fault).toBe('no-acknowledge');
  });

  test('NAK sends the same bytes again, the third NAK gives up', () => {
    const { ask, say, seen, written } = setup();
    ask('OPN');
    say(NAK, NAK);
    expect(written).toEqual(Array(3).fill('164F504E17A8A9'));
    say(NAK);
    expect(written).toHaveLength(3);
    expect(seen[0].fault).toBe('refused-three-times');
  });

  test('after a NAK the 2 s begin anew and the answer counts', () => {
    const { ask, say, seen, timers } = setup();
    ask('OPN');
    timers.advance(1900);
    say(NAK);
    timers.advance(1900);
    say(ACK, frame('OPN000'));
    expect(seen).toEqual([OK]);
  });

  test('is not swallowed by half a stray packet from before', () => {
    const { ask, say, seen } = setup();
    say(unhex('16 41 42'));
    ask('OPN');
    say(ACK, frame('OPN000'));
    expect(seen).toEqual([OK]);
  });
});

describe('a damaged answer', () => {
  test('is asked for again after 500 ms of silence', () => {
    const { ask, say, seen, written, timers, link } = setup();
    ask('OPN');
    say(ACK, damaged('OPN000'));
    timers.advance(499);
    say(Uint8Array.of(1, 2, 3)); // still bytes of the bad packet: the silence begins anew
    timers.advance(499);
    expect(written).toHaveLength(1);
    timers.advance(1);
    expect(written[1]).toBe('15');
    say(frame('OPN000'));
    expect(seen).toEqual([OK]);
    expect(link.counters).toMatchObject({ crcErrors: 1, naksSent: 1, received: 1 });
  });

  test('three times gives up', () => {
    const { ask, say, seen, written, timers } = setup();
    ask('OPN');
    say(ACK);
    for (let i = 0; i < 3; i++) {
      expect(seen).toEqual([]);
      say(damaged('OPN000'));
      timers.advance(500);
    }
    expect(seen).toEqual([{ kind: 'failed', text: '', fault: 'answer-damaged' }]);
    expect(written).toEqual(['164F504E17A8A9', '15', '15']);
  });

  test.each([
    ['wrong stuffing', unhex('16 4F 13 40 50')],
    ['over 2049 bytes', Uint8Array.of(0x16, ...new Uint8Array(2050).fill(0x41))],
  ])('%s', (_name, bytes) => {
    const { ask, say, seen, written, timers, link } = setup();
    ask('OPN');
    say(ACK, bytes);
    timers.advance(500);
    expect(written[1]).toBe('15');
    say(frame('OPN000'));
    expect(seen).toEqual([OK]);
    expect(link.counters.badPackets).toBe(1);
  });

  test('a gap of 2 s inside a packet counts as damage', () => {
    const { ask, say, seen, written, timers } = setup();
    const bytes = frame('OPN000');
    ask('OPN');
    say(ACK, bytes.subarray(0, 4));
    timers.advance(1999);
    say(bytes.subarray(4, 6));
    timers.advance(1999);
    expect(written).toHaveLength(1);
    timers.advance(1);
    expect(written[1]).toBe('15');
    say(bytes);
    expect(seen).toEqual([OK]);
  });

  test('a raw SYN inside starts the packet anew', () => {
    const { ask, say, seen } = setup();
    ask('OPN');
    say(ACK, unhex('16 41 42'), frame('OPN000'));
    expect(seen).toEqual([OK]);
  });
});

describe('time for the answer', () => {
  test('10 s, then one late NAK, then 5 s', () => {
    const { ask, say, seen, written, timers } = setup();
    ask('XID');
    say(ACK);
    timers.advance(9999);
    expect(written).toHaveLength(1);
    timers.advance(1);
    expect(written[1]).toBe('15');
    timers.advance(4999);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen[0].fault).toBe('answer-timeout');
    expect(written).toHaveLength(2);
  });

  test('the late NAK brings the answer back', () => {
    const { ask, say, seen, timers } = setup();
    ask('OPN');
    say(ACK);
    timers.advance(10_000);
    say(frame('OPN000'));
    expect(seen).toEqual([OK]);
  });

  test('an answer that has begun may end', () => {
    const { ask, say, seen, timers, written } = setup();
    const bytes = frame('OPN000');
    ask('OPN');
    say(ACK);
    timers.advance(9500);
    say(bytes.subarray(0, 5));
    timers.advance(1000);
    say(bytes.subarray(5));
    expect(seen).toEqual([OK]);
    expect(written).toHaveLength(1);
  });

  test('a blocking command waits for ever', () => {
    const { ask, say, seen, timers, written } = setup();
    ask('GKY', true);
    say(ACK);
    timers.advance(24 * 3600_000);
    expect(written).toHaveLength(1);
    say(unhex('16474B59303133173C38'));
    expect(seen[0].text).toBe('GKY013');
  });

  test('a blocking command with a limit ends at it', () => {
    const { ask, say, seen, timers } = setup();
    ask('XEV', true, 70_000);
    say(ACK);
    timers.advance(69_999);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen[0].fault).toBe('answer-lost');
  });

  test('noise while a blocking command waits may have been its answer', () => {
    const { ask, say, seen, timers, link } = setup();
    ask('XEV', true, 0, 3000);
    say(ACK);
    timers.advance(60_000);
    say(frame('XEV000').subarray(1)); // the SYN was lost
    expect(link.counters.noiseBytes).toBeGreaterThan(0);
    timers.advance(2999);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen[0].fault).toBe('answer-lost');
  });
});

describe('CAN', () => {
  test('an EOT that nobody asked for does not leave a waiting command waiting for ever', () => {
    const { ask, say, seen, timers } = setup();
    ask('GKY', true, 0, 3000);
    say(ACK);
    timers.advance(60_000);
    say(EOT);
    timers.advance(2999);
    expect(seen).toEqual([]);
    timers.advance(1);
    expect(seen[0].fault).toBe('answer-lost');
  });

  test('a late EOT does not end the next command: its answer still comes', () => {
    const { ask, say, seen, timers } = setup();
    ask('GKY', true, 0, 3000);
    say(ACK, EOT);
    timers.advance(1000);
    say(frame('GKY000'));
    expect(seen).toHaveLength(1);
    expect(seen[0].fault).toBeUndefined();
  });

  test('ends a waiting command with EOT', () => {
    const { ask, say, seen, link, written } = setup();
    const ends: unknown[] = [];
    ask('GKY', true);
    say(ACK);
    link.cancel(fault => ends.push(fault?.name));
    expect(written[1]).toBe('18');
    say(EOT);
    expect(seen).toEqual([{ kind: 'cancelled', text: '', fault: undefined }]);
    expect(ends).toEqual([undefined]);
    expect(link.busy).toBe(false);
  });

  test('ignores an answer, a notice and a NAK that cross it', () => {
    const { ask, say, seen, link, notices } = setup();
    let ended = 0;
    ask('XEV', true);
    say(ACK);
    link.cancel(() => ended++);
    say(frame('XEV000'), frame(`NTM000032${'x'.repeat(32)}`), NAK, CAN, 0x55);
    expect(ended).toBe(0);
    say(EOT);
    expect(ended).toBe(1);
    expect(seen[0].kind).toBe('cancelled');
    expect(notices).toEqual([]);
  });

  test('does not take a 04 inside a crossing packet for EOT', () => {
    const { say, link } = setup();
    let ended = 0;
    link.cancel(() => ended++);
    say(frame(unhex('584556303030 04 04 04')));
    expect(ended).toBe(0);
    say(EOT);
    expect(ended).toBe(1);
  });

  test('is sent three times, 2 s apart, then the terminal is not there', () => {
    const { link, timers, written } = setup();
    const ends: (string | undefined)[] = [];
    link.cancel(fault => ends.push(fault?.name));
    timers.advance(1999);
    expect(written).toEqual(['18']);
    timers.advance(1);
    expect(written).toEqual(['18', '18']);
    timers.advance(2000);
    expect(written).toEqual(['18', '18', '18']);
    timers.advance(1999);
    expect(ends).toEqual([]);
    timers.advance(1);
    expect(ends).toEqual(['no-reply-to-cancel']);
    expect(written).toHaveLength(3);
  });

  test('the second CAN is heard after a packet that was cut off', () => {
    const { say, link, timers } = setup();
    let ended = 0;
    link.cancel(() => ended++);
    say(unhex('16 41 42'), EOT); // inside a packet 04 is data
    expect(ended).toBe(0);
    timers.advance(2000);
    say(EOT);
    expect(ended).toBe(1);
  });
});

describe('line down', () => {
  test('ends the command and the cancel, and later ones at once', () => {
    const { ask, link, seen, timers } = setup();
    const ends: (string | undefined)[] = [];
    ask('GKY', true);
    link.lineDown();
    expect(seen[0].fault).toBe('line-down');
    ask('OPN');
    expect(seen[1].fault).toBe('line-down');
    link.cancel(fault => ends.push(fault?.name));
    link.lineUp();
    link.cancel(fault => ends.push(fault?.name));
    link.lineDown();
    expect(ends).toEqual(['line-down', 'line-down']);
    expect(timers.count).toBe(0);
  });
});

describe('speed', () => {
  /** Bytes of heap that `work` leaves per call, without garbage collection in between. */
  function heapPerCall(work: () => void, calls: number): number {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    for (let i = 0; i < 2000; i++) work();
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) work();
    return (process.memoryUsage().heapUsed - before) / calls;
  }

  function quietLink(): { link: AbecsLink; command: Uint8Array; reply: Uint8Array } {
    const link = new AbecsLink({ write: () => undefined, timers: { set: () => 1, clear: () => undefined } });
    link.lineUp();
    return { link, command: ascii('CEX'), reply: Uint8Array.of(ACK, ...frame(`CEX000100${'7'.repeat(100)}`)) };
  }

  test('receiving and framing create nothing, and the measure would notice if they did', () => {
    const { link, command, reply } = quietLink();
    let length = 0;
    const done = (a: LinkAnswer): void => {
      length += a.length;
    };
    const receive = (): void => link.received(reply);
    const lean = heapPerCall(receive, 2000);
    const round = heapPerCall(() => {
      link.request(command, 3, true, done);
      link.received(reply);
    }, 2000);
    expect(length).toBe(4000 * 109);
    // One view of the frame buffer per command is handed to the line, nothing per byte.
    expect(lean).toBeLessThan(40);
    expect(round).toBeLessThan(400);
    const planted = heapPerCall(() => link.received(reply.slice()), 2000);
    expect(planted).toBeGreaterThan(100);
  });
});
