import { beforeAll, describe, expect, test } from 'vitest';
import { standInOf } from '../../src/card/stand-in.ts';
import { collectRequests, fire, hasMac, targetOf } from '../../src/cli/replay/acquirer.ts';
import type { FireKeys, RecordedRequest } from '../../src/cli/replay/fresh.ts';
import { macRuleOf } from '../../src/cli/replay/macs.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { compileFieldPlan, type FieldPlan } from '../../src/iso8583/plan.ts';
import { Acquirer, DEFAULT_TERMINAL } from '../../src/sim/acquirer/acquirer.ts';
import { acquirerLink } from '../../src/sim/acquirer/link.ts';
import { openLedger } from '../../src/sim/acquirer/ledger.ts';
import { Way } from '../../src/trace/kinds.ts';
import { OwnMessages } from '../../src/trace/own-messages.ts';
import { MessageRedactor } from '../../src/trace/redact-message.ts';
import { Counter, value } from '../runtime/counter.ts';
import { seeded, World } from '../runtime/world.ts';
import { memorySource } from '../trace/memory.ts';
import { runReplay, traceOf } from './replay-world.ts';

const MASTER_KEY = new Uint8Array(16).fill(0x11);
const PIN = new TextEncoder().encode('123456');
const RULE = macRuleOf('unionpay-ecb');

let trace: Uint8Array = new Uint8Array(0);
let plan: FieldPlan;
let requests: readonly RecordedRequest[] = [];
/** Card numbers in clear of the day that was recorded. */
const sentBefore: string[] = [];

/** A day with a sale of 100.00 with PIN, its void, and another sale; then its messages, redacted, as a trace has them. */
beforeAll(() => {
  const c = new Counter();
  c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER');
  const sale = (): void => {
    c.on('确认键:菜单', 'ENTER').on('主菜单', '1').on('请输入金额').type(10_000);
    c.swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    c.on('请撕下商户存根', 'ENTER').on('交易完成', 'ENTER');
  };
  sale();
  c.on('确认键:菜单', 'F3').on('请输入主管密码').type('123456');
  c.on('请输入新密码').type('246810').on('请再输一次').type('246810');
  c.on('请输入原凭证号', 'F1').on('撤销-原交易', 'ENTER').on('请选撤销原因', '1').on('请刷原卡或插卡');
  c.swipe('swipe').on('请撕下商户存根', 'ENTER');
  sale();
  plan = value(compileFieldPlan(c.profile.dialect, c.profile.acquirer.dialectOptions));
  const redactor = new MessageRedactor(plan, plan.framing, standInOf(new Uint8Array(16).fill(5)));
  trace = traceOf(
    c.network.messages.map(message => {
      const pan = message.fields[2];
      if (pan !== undefined && !sentBefore.includes(pan)) sentBefore.push(pan);
      const bytes = message.bytes.slice();
      redactor.redact(bytes, 2, bytes.length);
      return { way: message.way === 'sent' ? Way.toAcquirer : Way.fromAcquirer, bytes };
    }),
  );
  requests = collect();
});

function collect(bytes = trace, options = {}): readonly RecordedRequest[] {
  return collectRequests(new OwnMessages(memorySource(bytes), plan, plan.framing), plan, options).requests;
}

function decoded(frame: Uint8Array): MessageView {
  const view = new MessageView(plan);
  view.decode(frame.slice(), 13, frame.length);
  return view;
}

interface Fired {
  readonly status: number;
  readonly text: string;
  readonly report: {
    readonly sent: number;
    readonly different: number;
    readonly withoutPin: number;
    readonly shots: readonly {
      mti: string;
      stan: string;
      code: string;
      recorded?: string;
      same: boolean;
      fault?: string;
    }[];
  };
  /** When each request came, milliseconds. */
  readonly times: readonly number[];
  readonly log: readonly string[];
  /** What went and what came back, decoded. */
  readonly asked: readonly MessageView[];
  readonly answered: readonly MessageView[];
}

/** Fires at a new acquirer, in virtual time. */
function fired(keys: FireKeys | undefined, perSecond = 5, which = requests, up = true): Fired {
  const world = new World();
  const log: string[] = [];
  const times: number[] = [];
  const asked: MessageView[] = [];
  const answered: MessageView[] = [];
  const acquirer = new Acquirer({
    plan,
    ledger: value(openLedger(':memory:')),
    entropy: seeded(99),
    local: ms => world.local(ms),
    masterKey: MASTER_KEY,
    terminals: [DEFAULT_TERMINAL],
    log: line => log.push(line),
  });
  const handler = {
    handle(bytes: Uint8Array, nowMs: number) {
      times.push(nowMs);
      asked.push(decoded(bytes));
      const reply = acquirer.handle(bytes, nowMs);
      for (const answer of reply.answers) answered.push(decoded(answer.bytes));
      return reply;
    },
  };
  const link = acquirerLink(handler, { nowMs: () => world.nowMs(), timers: world, log: () => undefined }, 'test');
  const refusing = {
    ...link,
    connect: (_: number, sink: Parameters<typeof link.connect>[1]) =>
      void world.set(1, () => sink.closed({ kind: 'refused', detail: 'nobody there' })),
  };
  let status = -1;
  let out = '';
  const print = (text: string): void => void (out += `${text}\n`);
  const rim = { link: up ? link : refusing, timers: world, clock: world, print, printError: print };
  fire({ plan, requests: which, keys, perSecond, lang: 'en', json: true, quiet: false }, rim, s => (status = s));
  expect(world.until(() => status >= 0, 3_600_000)).toBe(true);
  return { status, text: out, report: JSON.parse(out) as Fired['report'], times, log, asked, answered };
}

describe('requests of a capture', () => {
  test('each with the answer that was recorded', () => {
    expect(requests.map(one => [one.mti.toString(16), one.answer?.code])).toEqual([
      ['800', '00'],
      ['200', '00'],
      ['200', '00'],
      ['200', '00'],
    ]);
    expect(requests.map(one => hasMac(one, plan))).toEqual([false, true, true, true]);
    expect(collect(trace, { fromNumber: 3, untilNumber: 4 })).toHaveLength(1);
  });
});

describe('at an acquirer with other keys and empty books', () => {
  test('everything is answered as it was: sale, void of it, sale', () => {
    const { status, report, log } = fired({ rule: RULE, master: MASTER_KEY, testPin: PIN });
    expect(log.join('\n')).not.toMatch(/MAC|format/);
    expect(report.shots.map(shot => [shot.mti, shot.code, shot.recorded])).toEqual([
      ['0800', '00', '00'],
      ['0200', '00', '00'],
      ['0200', '00', '00'],
      ['0200', '00', '00'],
    ]);
    expect([status, report.sent, report.different, report.withoutPin]).toEqual([0, 4, 0, 0]);
  });

  test('with trace numbers that were not used, one after the other', () => {
    const { report } = fired({ rule: RULE, master: MASTER_KEY, testPin: PIN });
    const numbers = report.shots.map(shot => Number(shot.stan));
    expect(numbers.map(number => number - numbers[0])).toEqual([0, 1, 2, 3]);
    expect(requests.map(one => Number(one.stan))).not.toContain(numbers[0]);
  });

  test('what points at the sale points at the new one', () => {
    // One sign-on more, so that the acquirer's references are others than they were.
    const keys = { rule: RULE, master: MASTER_KEY, testPin: PIN };
    const { asked, answered } = fired(keys, 5, [requests[0], ...requests]);
    const [, , sale, undo] = asked;
    expect(undo.text(37)).toBe(answered[2].text(37));
    expect(undo.text(38)).toBe(answered[2].text(38));
    expect(undo.text(61).slice(6, 12)).toBe(sale.text(11));
    expect(undo.text(61).slice(0, 6)).toBe(answered[1].text(60).slice(2, 8));
    expect(requests.map(one => decoded(new Uint8Array([0, 0, ...one.bytes])).text(37))).not.toContain(undo.text(37));
  });

  test('without the PIN of its cards: told, with other codes', () => {
    const { status, report } = fired({ rule: RULE, master: MASTER_KEY });
    expect(status).toBe(1);
    expect(report.withoutPin).toBeGreaterThan(0);
    expect(report.shots[1]).toMatchObject({ code: '99', recorded: '00', same: false });
  });

  test('with a MAC key that is not its own: refused, and told', () => {
    const { status, report } = fired({ rule: RULE, mac: new Uint8Array(8).fill(1) });
    expect([status, report.shots[1].code, report.shots[1].same]).toEqual([1, 'A0', false]);
  });

  test('no key at all: requests with a MAC do not leave', () => {
    const { report, times } = fired(undefined);
    expect([report.sent, times.length]).toEqual([1, 1]);
    expect(report.shots[1].fault).toContain('no-mac-key');
  });

  test('never quicker than asked for', () => {
    const { times } = fired({ rule: RULE, master: MASTER_KEY, testPin: PIN }, 0.5);
    expect(times).toHaveLength(4);
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(2000);
  });

  test('nobody there: nothing was sent', () => {
    const { status, report } = fired({ rule: RULE, master: MASTER_KEY }, 5, requests.slice(0, 1), false);
    expect([status, report.sent]).toEqual([1, 0]);
    expect(report.shots[0].fault).toContain('nobody there');
  });

  test('no card number of the recorded day leaves', () => {
    expect(sentBefore.length).toBeGreaterThan(0);
    const packed = requests.map(one => Buffer.from(one.bytes).toString('hex')).join(' ');
    for (const pan of sentBefore) expect(packed).not.toContain(pan);
  });
});

describe('where it goes', () => {
  const ROUTES = ['acquirer.example:8583'];

  test.each([
    ['127.0.0.1:8583', false, undefined],
    ['[::1]:8583', false, undefined],
    ['localhost:8583', false, undefined],
    ['10.0.0.9:8583', true, undefined],
    ['10.0.0.9:8583', false, 'not-a-test-acquirer'],
    ['127.evil.example:1', false, 'not-a-test-acquirer'],
    ['acquirer.example:8583', true, 'production-acquirer'],
    ['nowhere', true, 'acquirer-address'],
    ['127.0.0.1:70000', true, 'acquirer-address'],
  ])('%s (confirmed: %j): %s', (text, confirmed, name) => {
    const target = targetOf(text, confirmed, ROUTES);
    expect(target.ok ? undefined : target.fault.name).toBe(name);
  });

  test.each([
    [['--to-acquirer', '10.0.0.9:8583'], 'not-a-test-acquirer'],
    [['--to-acquirer', '127.0.0.1:9'], 'no-mac-key'],
    [['--to-acquirer', '127.0.0.1:9', '--mac-key', 'k', '--master-key', 'k'], 'two-keys'],
    [['--to-acquirer', '127.0.0.1:9', '--master-key', 'short'], 'bad-key-file'],
    [['--to-acquirer', '127.0.0.1:9', '--test-pin', '1234'], 'bad-test-pin'],
  ])('%j: status 2, %s', async (flags, name) => {
    const files = { x: trace, k: '11'.repeat(16), short: '11'.repeat(8) };
    const { exit, error } = await runReplay(['x', ...flags], files);
    expect([exit, error]).toEqual([2, expect.stringContaining(name)]);
  });
});
