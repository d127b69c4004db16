import { describe, expect, test } from 'vitest';
import { AcquirerLine, IDLE_CLOSE_MS, MAIN_ROUTE_RETRY_MS } from '../../src/host/line.ts';
import type { Acceptance, ExchangeOptions, ExchangeResult } from '../../src/host/line.ts';
import { FRAME_LENGTH_MAX } from '../../src/limits.ts';
import { FakeLink, ManualTimers } from './fakes.ts';

const REQUEST = Uint8Array.of(0x60, 0x00, 0x06, 0xaa);
/** First byte of an answer in these tests: what `accepts` says to it. */
const MATCH = 0x01;
const DROP = 0x02;
const MISMATCH = 0x03;

class Bench {
  readonly link: FakeLink;
  readonly timers = new ManualTimers();
  readonly line: AcquirerLine;
  readonly results: ExchangeResult[] = [];

  constructor(routes = 1, idleCloseMs?: number) {
    this.link = new FakeLink(routes);
    this.line = new AcquirerLine(this.link, this.timers, idleCloseMs);
  }

  ask(more: Partial<ExchangeOptions> = {}, done: (r: ExchangeResult) => void = () => undefined): void {
    this.line.exchange(REQUEST, REQUEST.length, { ...OPTIONS, ...more }, result => {
      this.results.push(result);
      done(result);
    });
  }

  /** Asks and lets the connection come up. */
  sent(more: Partial<ExchangeOptions> = {}): this {
    this.ask(more);
    this.link.accept();
    return this;
  }

  get last(): ExchangeResult {
    return this.results[this.results.length - 1];
  }
}

const OPTIONS: ExchangeOptions = {
  answerTimeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  accepts(frame, start, end): Acceptance {
    expect(end).toBeGreaterThan(start);
    return frame[start] === MATCH ? 'match' : frame[start] === DROP ? 'drop' : 'mismatch';
  },
};

function answerOf(result: ExchangeResult): number[] {
  if (result.kind !== 'answer') throw new Error(`expected an answer, got ${JSON.stringify(result)}`);
  return [...result.bytes.subarray(result.start, result.end)];
}

function whyOf(result: ExchangeResult): string {
  return result.kind === 'noAnswer' ? result.why : result.kind;
}

function causeOf(result: ExchangeResult): string {
  if (result.kind === 'answer') throw new Error('expected a fault');
  return `${result.fault.name}: ${result.fault.cause}`;
}

describe('one exchange', () => {
  test('the request goes out once, with its length in front, after the connection is made', () => {
    const bench = new Bench();
    bench.ask();
    expect(bench.link.writes).toEqual([]);
    expect(bench.line.busy).toBe(true);
    bench.link.accept();
    expect(bench.link.writes).toEqual([Uint8Array.of(0, 4, ...REQUEST)]);
    bench.link.give(0, 3, MATCH, 8, 9);
    expect(answerOf(bench.last)).toEqual([MATCH, 8, 9]);
    expect(bench.line.busy).toBe(false);
    expect(bench.line.counters).toMatchObject({ sent: 1, answered: 1, foreignFrames: 0, lateFrames: 0 });
  });

  test('the last word before the bytes go: once the connection stands, never without one', () => {
    const bench = new Bench(2);
    const said: string[] = [];
    bench.ask({ outgoing: () => said.push(`${bench.link.writes.length} writes`) });
    bench.link.end('refused');
    expect(said).toEqual([]);
    bench.link.accept();
    expect(said).toEqual(['0 writes']);
    expect(bench.link.writes).toHaveLength(1);
    const none = new Bench();
    none.ask({ outgoing: () => said.push('never') });
    none.link.end('refused');
    expect([none.last.kind, said]).toEqual(['notSent', ['0 writes']]);
  });

  test('an answer cut at every place arrives whole', () => {
    const stream = [0, 5, MATCH, 1, 2, 3, 4];
    for (let cut = 0; cut <= stream.length; cut++) {
      const bench = new Bench().sent();
      if (cut > 0) bench.link.give(...stream.slice(0, cut));
      if (cut < stream.length) bench.link.give(...stream.slice(cut));
      expect(answerOf(bench.last), `cut at ${cut}`).toEqual(stream.slice(2));
    }
    const byByte = new Bench().sent();
    for (const byte of stream) byByte.link.give(byte);
    expect(answerOf(byByte.last)).toEqual(stream.slice(2));
  });

  test('the answer is a copy: later frames do not change it, and the line keeps nothing of it', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 2, MATCH, 0x55, 0, 2, MATCH, 0x66);
    expect(answerOf(bench.last)).toEqual([MATCH, 0x55]);
    expect(bench.results).toHaveLength(1);
    expect(bench.line.counters.lateFrames).toBe(1);
    expect(bytesHeldBy(bench.line).includes(0x55)).toBe(false);
    expect(bytesHeldBy(bench.line).includes(0x66)).toBe(false);
    expect(bytesHeldBy(bench.line).includes(0xaa)).toBe(false);
  });

  test('the request is taken over: the caller may overwrite it at once, and it is wiped after sending', () => {
    const bench = new Bench();
    const mine = REQUEST.slice();
    bench.line.exchange(mine, mine.length, OPTIONS, () => undefined);
    mine.fill(0);
    expect(bytesHeldBy(bench.line).includes(0xaa)).toBe(true);
    bench.link.accept();
    expect(bench.link.writes[0]).toEqual(Uint8Array.of(0, 4, ...REQUEST));
    expect(bytesHeldBy(bench.line).includes(0xaa)).toBe(false);
  });

  test('a second request while one is open is a bug, and so is one beyond the bound', () => {
    const bench = new Bench().sent();
    expect(() => bench.ask()).toThrow('one request in flight');
    const other = new Bench();
    const long = new Uint8Array(FRAME_LENGTH_MAX + 1);
    expect(() => other.line.exchange(long, long.length, OPTIONS, () => undefined)).toThrow('frame bound');
    expect(() => other.line.exchange(long, 0, OPTIONS, () => undefined)).toThrow('frame bound');
  });
});

describe('no usable answer', () => {
  test('silence ends with the time-out, not a millisecond earlier', () => {
    const bench = new Bench().sent();
    bench.timers.pass(59_999);
    expect(bench.results).toEqual([]);
    bench.timers.pass(1);
    expect(whyOf(bench.last)).toBe('timeout');
    expect(causeOf(bench.last)).toBe('no-answer: no answer from host0:7000 in 60000 ms');
  });

  test('frames of others are dropped and counted, and do not lengthen the wait', () => {
    const bench = new Bench().sent();
    bench.timers.pass(59_000);
    bench.link.give(0, 1, DROP, 0, 2, DROP, 7);
    expect(bench.results).toEqual([]);
    expect(bench.line.counters.foreignFrames).toBe(2);
    bench.timers.pass(1_000);
    expect(whyOf(bench.last)).toBe('timeout');
  });

  test('a stranger in front of the answer, in one chunk, does not hide it', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, DROP, 0, 2, MATCH, 7);
    expect(answerOf(bench.last)).toEqual([MATCH, 7]);
    expect(bench.line.counters).toMatchObject({ foreignFrames: 1, answered: 1, lateFrames: 0 });
  });

  test('half an answer and silence is told from silence', () => {
    for (const given of [[0], [0, 9], [0, 9, MATCH, 1]]) {
      const bench = new Bench().sent();
      bench.link.give(...given);
      bench.timers.pass(60_000);
      expect(whyOf(bench.last)).toBe('halfAnswer');
      expect(bench.line.connected).toBe(false);
    }
  });

  test('half an answer and the end of the connection is half an answer', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 9, MATCH, 1);
    bench.link.end('ended');
    expect(whyOf(bench.last)).toBe('halfAnswer');
    expect(causeOf(bench.last)).toContain('after 2 of 9 bytes');
  });

  test('a connection that ends after the request never leads to the next route', () => {
    for (const kind of ['ended', 'reset', 'refused', 'error'] as const) {
      const bench = new Bench(2).sent();
      bench.link.end(kind);
      expect(whyOf(bench.last)).toBe('closed');
      expect(bench.link.attempts).toEqual([0]);
      expect(bench.link.writes).toHaveLength(1);
      expect(bench.link.closes).toBe(0);
      bench.timers.pass(120_000);
      expect(bench.results).toHaveLength(1);
    }
  });

  test('an answer that belongs to the request and cannot be used ends it and the connection', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MISMATCH, 0, 1, MATCH);
    expect(causeOf(bench.last)).toContain('answer-unusable');
    expect(bench.last.kind).toBe('badFrame');
    expect(bench.results).toHaveLength(1);
    expect(bench.line.connected).toBe(false);
  });

  test('a length of 0 or above the bound ends the exchange and the connection', () => {
    for (const length of [0, FRAME_LENGTH_MAX + 1, 0xffff]) {
      const bench = new Bench().sent();
      bench.link.give(length >> 8, length & 0xff);
      expect(bench.last.kind).toBe('badFrame');
      expect(causeOf(bench.last)).toContain(`a frame of ${length} bytes`);
      expect(bench.link.closes).toBe(1);
      expect(bench.line.connected).toBe(false);
    }
  });

  test('a bad length behind the answer does not spoil the answer', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MATCH, 0, 0);
    expect(answerOf(bench.last)).toEqual([MATCH]);
    expect(bench.results).toHaveLength(1);
    expect(bench.line.connected).toBe(false);
  });

  test('a connection that dies inside the write counts as sent', () => {
    const bench = new Bench();
    bench.link.onWrite = (_bytes, sink) => sink.closed({ kind: 'reset', detail: 'EPIPE' });
    bench.sent();
    expect(whyOf(bench.last)).toBe('closed');
  });
});

describe('routes', () => {
  test('a route that refuses, is unreachable or does not answer leads to the next, once each', () => {
    const bench = new Bench(3);
    bench.ask();
    bench.link.end('refused');
    bench.timers.pass(10_000);
    expect(bench.link.attempts).toEqual([0, 1, 2]);
    bench.link.accept();
    expect(bench.link.writes).toHaveLength(1);
    bench.link.give(0, 1, MATCH);
    expect(answerOf(bench.last)).toEqual([MATCH]);
    expect(bench.line.counters.failedConnects).toBe(2);
  });

  test('when no route answers nothing was sent, and the fault tells what each said', () => {
    const bench = new Bench(2);
    bench.ask();
    bench.link.end('refused', 'ECONNREFUSED');
    expect(bench.results).toEqual([]);
    bench.timers.pass(10_000);
    expect(bench.last.kind).toBe('notSent');
    expect(causeOf(bench.last)).toBe(
      'connect-failed: no connection to the acquirer: host0:7000 refused (ECONNREFUSED); host1:7000 timeout (no connection after 10000 ms)',
    );
    expect(bench.link.writes).toEqual([]);
    expect(bench.timers.size).toBe(0);
    expect(bytesHeldBy(bench.line).includes(0xaa)).toBe(false);
  });

  test('a connection that comes up after its time-out is not used', () => {
    const bench = new Bench(2);
    bench.ask();
    const late = bench.link.sink;
    bench.timers.pass(10_000);
    late?.connected();
    late?.closed({ kind: 'refused', detail: '' });
    expect(bench.link.writes).toEqual([]);
    expect(bench.link.attempts).toEqual([0, 1]);
  });

  test('the route that worked stays the first, and the main route gets its turn again later', () => {
    const bench = new Bench(2);
    const once = (refusedFirst: boolean): void => {
      bench.ask();
      if (refusedFirst) bench.link.end('refused');
      bench.link.accept();
      bench.link.give(0, 1, MATCH);
    };
    once(true);
    once(false);
    expect(bench.link.attempts).toEqual([0, 1, 1]);
    bench.timers.pass(MAIN_ROUTE_RETRY_MS / 2);
    once(false);
    bench.timers.pass(MAIN_ROUTE_RETRY_MS / 2);
    once(false);
    expect(bench.link.attempts).toEqual([0, 1, 1, 1, 0]);
    bench.line.close();
    expect(bench.timers.size).toBe(0);
  });

  test('from a backup route the search goes round to the main route', () => {
    const bench = new Bench(2);
    bench.ask();
    bench.link.end('refused');
    bench.link.accept();
    bench.link.give(0, 1, MATCH);
    bench.ask();
    bench.link.end('unreachable');
    bench.link.accept();
    expect(bench.link.attempts).toEqual([0, 1, 1, 0]);
    expect(bench.line.routeName).toBe('host0:7000');
  });

  test('a link that refuses inside connect gives its result before exchange returns', () => {
    const bench = new Bench(3);
    bench.link.onConnect = (_route, sink) => sink.closed({ kind: 'refused', detail: '' });
    bench.ask();
    expect(bench.link.attempts).toEqual([0, 1, 2]);
    expect(bench.last.kind).toBe('notSent');
  });
});

describe('between exchanges', () => {
  test('money gets a fresh connection, a batch may go on over the open one', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MATCH);
    bench.ask({ reuse: true });
    expect(bench.link.attempts).toEqual([0]);
    expect(bench.link.writes).toHaveLength(2);
    bench.link.give(0, 1, MATCH);
    bench.ask();
    expect(bench.link.attempts).toEqual([0, 0]);
    expect(bench.link.writes).toHaveLength(2);
  });

  test('an idle connection is closed after its time; the next exchange connects before it sends', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MATCH);
    bench.timers.pass(IDLE_CLOSE_MS - 1);
    expect(bench.line.connected).toBe(true);
    bench.timers.pass(1);
    expect(bench.line.connected).toBe(false);
    expect(bench.link.closes).toBe(1);
    bench.ask({ reuse: true });
    expect(bench.link.attempts).toEqual([0, 0]);
    expect(bench.link.writes).toHaveLength(1);
  });

  test('with idle time 0 the connection ends with the exchange', () => {
    const bench = new Bench(1, 0).sent();
    bench.link.give(0, 1, MATCH);
    expect(bench.line.connected).toBe(false);
    expect(bench.timers.size).toBe(0);
    bench.sent();
    bench.timers.pass(60_000);
    expect(bench.line.connected).toBe(false);
  });

  test('a connection that ended while idle is made again before sending', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MATCH);
    bench.link.end('ended');
    expect(bench.results).toHaveLength(1);
    bench.ask({ reuse: true });
    expect(bench.link.writes).toHaveLength(1);
    bench.link.accept();
    expect(bench.link.writes).toHaveLength(2);
  });

  test('an answer after the time-out is counted as late, and its connection is not used again', () => {
    const bench = new Bench().sent();
    bench.timers.pass(60_000);
    bench.link.give(0, 2, MATCH, 1);
    expect(bench.results).toHaveLength(1);
    expect(bench.line.counters).toMatchObject({ answered: 0, lateFrames: 1 });
    bench.ask({ reuse: true });
    expect(bench.link.attempts).toEqual([0, 0]);
  });

  test('a connection with half a frame in it is not used again', () => {
    const bench = new Bench().sent();
    bench.link.give(0, 1, MATCH, 0, 5, MATCH);
    expect(answerOf(bench.last)).toEqual([MATCH]);
    bench.ask({ reuse: true });
    expect(bench.link.attempts).toEqual([0, 0]);
    bench.link.accept();
    bench.link.give(0, 1, MATCH);
    expect(answerOf(bench.last)).toEqual([MATCH]);
  });

  test('what an old connection still says means nothing to the new one', () => {
    const bench = new Bench().sent();
    const old = bench.link.sink;
    bench.timers.pass(60_000);
    bench.sent();
    old?.received(Uint8Array.of(0, 1, MATCH));
    old?.closed({ kind: 'reset', detail: '' });
    expect(bench.results).toHaveLength(1);
    expect(bench.line.busy).toBe(true);
  });

  test('done may start the next exchange at once, also from inside a write', () => {
    const bench = new Bench();
    bench.link.onWrite = (_bytes, sink) => {
      bench.link.onWrite = undefined;
      sink.closed({ kind: 'reset', detail: '' });
    };
    bench.ask({}, () => bench.ask());
    bench.link.accept();
    expect(bench.link.attempts).toEqual([0, 0]);
    bench.link.accept();
    expect(bench.link.writes).toHaveLength(2);
    expect(bench.link.writes[1]).toEqual(Uint8Array.of(0, 4, ...REQUEST));
    bench.link.give(0, 1, MATCH);
    expect(bench.results.map(whyOf)).toEqual(['closed', 'answer']);
  });

  test('closing the line ends an open exchange by what had left, and leaves no timer', () => {
    const before = new Bench();
    before.ask();
    before.line.close();
    expect(before.last.kind).toBe('notSent');
    const after = new Bench(2);
    after.ask();
    after.link.end('refused');
    after.link.accept();
    after.line.close();
    expect(whyOf(after.last)).toBe('closed');
    for (const bench of [before, after]) {
      expect(bench.timers.size).toBe(0);
      expect(bench.line.busy).toBe(false);
      bench.line.close();
      expect(bench.results).toHaveLength(1);
    }
  });
});

/** Every byte in the buffers of the line, private ones too: card data must not stay there. */
function bytesHeldBy(holder: object): number[] {
  const held: number[] = [];
  for (const value of Object.values(holder) as unknown[]) {
    if (value instanceof Uint8Array) held.push(...value);
    else if (typeof value === 'object' && value !== null && value.constructor.name === 'FrameReceiver') {
      held.push(...bytesHeldBy(value));
    }
  }
  return held;
}
