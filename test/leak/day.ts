import { type Counter, type CounterOptions } from '../runtime/counter.ts';
import { writePinBlock } from '../../src/security/pin-block.ts';
import { unwrapKey } from '../../src/sim/keys.ts';
import { requestLine } from '../../src/runtime/entries.ts';
import type { TestCard } from '../../src/sim/terminal/deck.ts';
import {
  beginRefund,
  beginSale,
  beginVoid,
  open,
  refundAmount,
  sale,
  settled,
  SUPERVISOR_PASSWORD,
  type Way,
} from '../scenarios/people.ts';
import { beginScan, scanRefund, scanSale } from '../scenarios/scan.ts';
import { canaryCards, codeSecret, Dice, hiddenDigits, RIGHT_PIN, secretsOf } from './canaries.ts';
import type { Secret } from './search.ts';

/** What an acquirer does wrong, by the cents of the amount: nothing, refusals, silence, damaged and lost answers. */
const CENTS = [51, 68, 70, 71, 73, 5, 74, 69, 96, 91] as const;
const IDLE = '确认键:菜单';
const WAYS: readonly Way[] = ['swipe', 'chip', 'tap'];
/** Sales after which the day is settled; the next day begins with new working keys. */
const SALES_A_DAY = 220;
/** Customers until everything has come once. Voids and refunds are few: each wants a password, and its hash takes its time. */
const ROUND = 200;
/** Most customers change their mind when the card was read: they cost the least time. */
const LEAVE: ReadonlySet<number> = new Set([0, 1, 2, 3, 6, 7]);
/** Key presses after which nobody finds the way back to the idle screen. */
const KEYS_MAX = 20;
const PASSWORD = '9173';

/** The digits of a payer's code behind its beginning, which tells the wallet: the whole code has 18 or 19. */
const CODES = [
  ['13', 16],
  ['28', 16],
  ['62', 17],
] as const;

/** One person with very many customers: each comes with a card of their own, and no two do quite the same. */
export class Person {
  readonly counter: Counter;
  readonly secrets: Secret[] = [];
  readonly cards: readonly TestCard[];
  private readonly dice: Dice;
  private sales = 0;

  constructor(cards: number, seed: number, options: CounterOptions = {}) {
    this.dice = new Dice(seed + 1);
    this.cards = canaryCards(cards, seed);
    this.counter = open({ ...options, seed });
    this.counter.journal.setPassword(this.counter.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  }

  /** All of them, one after the other; what the control socket answered meanwhile. */
  serve(): string[] {
    for (const [index, card] of this.cards.entries()) {
      this.serveOne(card, index);
      if (this.sales >= SALES_A_DAY) this.nextDay();
    }
    const answers = this.entries();
    this.nextDay();
    this.collect();
    return answers;
  }

  private serveOne(card: TestCard, index: number): void {
    const amountMinor = (100 + (index % 800)) * 100;
    const way = WAYS[index % WAYS.length];
    const what = index % ROUND;
    this.secrets.push(...secretsOf(card));
    if (what === 0) this.voids(card, amountMinor, way);
    else if (what === 1) this.refunds(card, card, amountMinor, way, 0);
    else if (what === 2) this.refunds(card, this.cards[index - 1], amountMinor, way, 0);
    else if (what === 3) this.refunds(card, card, amountMinor, way, CENTS[(index >> 4) % CENTS.length]);
    else if (what % 20 === 4) this.scans(amountMinor, index, what);
    else if (what % 10 === 5) this.sale(card, amountMinor, way, card.pin);
    else if (LEAVE.has(what % 10)) this.goesAway(card, amountMinor, way);
    else if (what % 10 > 7) this.sale(card, amountMinor + CENTS[(index >> 1) % CENTS.length], way);
    else this.paid(card, amountMinor, way);
  }

  private sale(card: TestCard, amountMinor: number, way: Way, pin = RIGHT_PIN): void {
    this.sales++;
    sale(this.counter, amountMinor, way, pin, card);
    this.pinBlockOf(card, pin);
    this.home();
  }

  private paid(card: TestCard, amountMinor: number, way: Way): number {
    this.sale(card, amountMinor, way);
    const [newest] = this.counter.journal.list({ limit: 1 });
    if (newest.state !== 'approved') throw new Error(`a sale with ${card.id} is ${newest.state}`);
    return newest.trace;
  }

  /** Is asked for the number or the PIN, and leaves. */
  private goesAway(card: TestCard, amountMinor: number, way: Way): void {
    const c = beginSale(this.counter, amountMinor);
    if (way === 'swipe') c.swipe(card).on('卡号:', 'CANCEL');
    else {
      if (way === 'chip') c.insert(card);
      else c.tap(card);
      c.on('请持卡人输密码', '1 2 CANCEL');
    }
    this.home();
  }

  private voids(card: TestCard, amountMinor: number, way: Way): void {
    const trace = this.paid(card, amountMinor, way);
    const c = beginVoid(this.counter, trace).on('撤销-原交易', 'ENTER').on('请选撤销原因', '1').on('请刷原卡或插卡');
    this.show(c, card, way);
    this.home();
  }

  private refunds(card: TestCard, other: TestCard, amountMinor: number, way: Way, cents: number): void {
    const trace = this.paid(card, amountMinor, way);
    const c = beginRefund(this.counter).keys('1').on('请输入原凭证号').type(trace);
    this.show(c.on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡'), other, way);
    if (card === other) refundAmount(c, 1_000 + cents);
    this.home();
  }

  private show(c: Counter, card: TestCard, way: Way): void {
    if (way === 'chip') c.insert(card);
    else c.swipe(card);
  }

  private scans(amountMinor: number, index: number, what: number): void {
    const [start, length] = CODES[index % CODES.length];
    const code = `${start}${this.dice.digits(length)}`;
    this.secrets.push(codeSecret(`${CODE} ${index} of ${this.cards.length}`, code));
    const { counter } = this;
    if (index % 3 === 0) {
      beginScan(counter, amountMinor)
        .scan(`9${code.slice(1)}`)
        .on('付款码无效', 'CANCEL');
      this.home();
    }
    scanSale(counter, amountMinor, code);
    this.home();
    const [newest] = counter.journal.list({ limit: 1 });
    if (what === 4 && newest.state === 'approved') {
      scanRefund(counter, newest.trace, 500);
      this.home();
    }
  }

  /** Lines of the control socket: one that is taken, a wrong password, members and forms that hold a card number. */
  private entries(): string[] {
    const { counter } = this;
    const [{ pan }] = this.cards;
    const password = this.dice.digits(12);
    this.secrets.push(hiddenDigits('wrong password on the control socket', password, 12));
    const request = (n: number): string => String(n).padStart(32, '0');
    const freeze = { what: 'freeze', note: `too many refunds` } as const;
    const lines = [
      requestLine({ request: request(1), password: SUPERVISOR_PASSWORD, entry: freeze }),
      requestLine({ request: request(2), password: SUPERVISOR_PASSWORD, entry: { what: 'free' } }),
      requestLine({ request: request(3), password, entry: freeze }),
      requestLine({ request: pan, password: SUPERVISOR_PASSWORD, entry: freeze }),
      JSON.stringify({ v: 1, request: request(4), password: SUPERVISOR_PASSWORD, entry: { what: pan, note: pan } }),
      JSON.stringify({ v: 1, request: request(5), password, entry: { what: 'freeze', note: pan } }),
      `${pan}=30121010000`,
    ];
    const answers = lines.flatMap(line => counter.control(line));
    if (answers.length !== lines.length) throw new Error(`${lines.length} lines, ${answers.length} answers`);
    return answers;
  }

  /** Presses what the screen asks for until the counter is idle again. */
  private home(): void {
    const { counter: c } = this;
    for (let n = 0; n < KEYS_MAX; n++) {
      c.pause(2);
      c.wait(() => c.screen.includes(IDLE) || this.isAsked(), 'the terminal asked for nothing');
      if (c.screen.includes('请取走卡片') && c.terminal.insertedCard) c.remove();
      else if (c.screen.includes(IDLE) && !c.terminal.insertedCard) return;
      else if (c.screen.includes('交易完成') && c.terminal.insertedCard) c.remove();
      else c.keys('ENTER');
    }
    throw new Error(`there is no way home from this screen\n${c.story()}`);
  }

  private isAsked(): boolean {
    const { terminal } = this.counter;
    return terminal.listening().keys || (terminal.insertedCard !== undefined && this.counter.screen.includes('取走'));
  }

  /** Settlement, which sends the numbers of the chip cards once more, and a sign-on with new keys. */
  private nextDay(): void {
    this.sales = 0;
    const { counter: c } = this;
    c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER');
    c.wait(() => /内卡销售总计|结算后仍待查/.test(c.screen), 'the settlement did not begin');
    if (c.screen.includes('仍待查')) c.keys('ENTER').pause(1);
    while (!c.screen.includes('是否打印明细')) {
      c.wait(() => /总计|是否打印明细|是否重试/.test(c.screen), 'the settlement did not go on');
      if (!c.screen.includes('是否打印明细')) c.keys('ENTER').pause(1);
    }
    settled(c);
    c.keys('ENTER').on('请输入操作员号').type('01').on('请输入操作员密码');
    if (c.journal.operator('01')?.mustChange === true)
      c.type('0000').on('请输入新密码').type(PASSWORD).on('请再输一次').type(PASSWORD);
    else c.type(PASSWORD);
    c.on('签到成功', 'ENTER').on(IDLE);
  }

  /** The clear PIN block that only the terminal's keypad knows. */
  private pinBlockOf(card: TestCard, pin: string): void {
    const block = new Uint8Array(8);
    if (!writePinBlock(ascii(pin), ascii(card.pan), block).ok) throw new Error('a PIN has 4 to 12 digits');
    this.secrets.push({ name: `clear PIN block of ${card.id}`, bytes: block });
  }

  /** What went over the line: PIN blocks, and the working keys of each sign-on, as they came and in clear. */
  private collect(): void {
    const master = new Uint8Array(16).fill(0x11);
    const of = this.cards.length;
    for (const [index, { mti, fields }] of this.counter.network.messages.entries()) {
      if (fields[52]) this.secrets.push({ name: `PIN block of message ${index} of ${of}`, bytes: hex(fields[52]) });
      if (mti !== '0810' || !fields[62]) continue;
      const keys = hex(fields[62]);
      const wrapped = [keys.slice(0, 16), keys.slice(20, 28)];
      for (const [n, key] of wrapped.entries()) {
        this.secrets.push({ name: `${WRAPPED} ${n} of message ${index} of ${of}`, bytes: key });
        this.secrets.push({ name: `working key ${n} of message ${index} of ${of}`, bytes: unwrapKey(master, key) });
      }
    }
  }
}

/** Payers' codes: each pays once, and the journal keeps them because a reversal must say them again. */
export const CODE = "payer's code of customer";
/** Working keys as the acquirer sent them, under the master key: the journal keeps them for the next start. */
export const WRAPPED = 'wrapped working key';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, char => char.charCodeAt(0));
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
