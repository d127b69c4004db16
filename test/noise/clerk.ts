import type { TestCard } from '../../src/sim/terminal/deck.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import { formatAmount } from '../../src/units.ts';
import { card } from '../runtime/counter.ts';
import { SUPERVISOR_PASSWORD } from '../scenarios/people.ts';
import type { Rig } from './rig.ts';

export type Kind = 'sale' | 'void' | 'refund';
export type Way = 'swipe' | 'chip' | 'tap';

/** What the clerk wants. */
export interface Wish {
  readonly kind: Kind;
  readonly amountMinor: number;
  readonly way: Way;
  /** Voucher and amount of the sale that is voided or refunded. */
  readonly original?: { readonly voucher: number; readonly amountMinor: number };
}

/** How a wish ended. */
export interface Deed {
  /** `alone`: every key, card and PIN of the plain path once and nothing else. `helped`: the clerk had to do more. */
  readonly end: 'alone' | 'helped' | 'given-up';
  /** Things done beyond the plain path. */
  readonly extra: number;
  /** From the idle screen to the idle screen, virtual time. */
  readonly ms: number;
}

/** The screen must contain `see`; then digits are typed until `shown` says so, or one key is pressed, or the card is shown. */
interface Step {
  readonly see: string;
  readonly key?: KeyName;
  readonly digits?: string;
  readonly as?: 'amount' | 'number' | 'stars';
  readonly card?: true;
}

const LOOK_MS = 200;
/** After so long with the same screen the clerk does it again. */
const AGAIN_MS = 4000;
/** After so long the wish is given up. */
const LIMIT_MS = 10 * 60_000;
/** Stands on the idle screen only. */
export const IDLE = '确认键:菜单';

const PAPER: readonly Step[] = [{ see: '请撕下商户存根', key: 'ENTER' }];

function stepsOf(wish: Wish): readonly Step[] {
  const amount = String(wish.amountMinor);
  const voucher = String(wish.original?.voucher ?? '');
  switch (wish.kind) {
    case 'sale':
      return [
        { see: IDLE, key: 'ENTER' },
        { see: '主菜单', key: '1' },
        { see: '请输入金额', digits: amount, as: 'amount' },
        { see: '请插卡/刷卡/挥卡', card: true },
        { see: '卡号:', key: 'ENTER' },
        { see: '请持卡人输密码', digits: '123456', as: 'stars' },
        ...PAPER,
      ];
    case 'void':
      return [
        { see: IDLE, key: 'F3' },
        { see: '请输入主管密码', digits: SUPERVISOR_PASSWORD, as: 'stars' },
        { see: '请输入原凭证号', digits: voucher, as: 'number' },
        { see: '撤销-原交易', key: 'ENTER' },
        { see: '请选撤销原因', key: '1' },
        { see: '请刷原卡或插卡', card: true },
        ...PAPER,
      ];
    case 'refund':
      return [
        { see: IDLE, key: 'ENTER' },
        { see: '主菜单', key: '3' },
        { see: '1.银行卡', key: '1' },
        { see: '请输入主管密码', digits: SUPERVISOR_PASSWORD, as: 'stars' },
        { see: '1.查本机流水', key: '1' },
        { see: '请输入原凭证号', digits: voucher, as: 'number' },
        { see: '退货-原交易', key: 'ENTER' },
        { see: '请插卡/刷卡/挥卡', card: true },
        { see: '请输入退货金额', digits: amount, as: 'amount' },
        { see: '请确认退货金额', key: 'ENTER' },
        { see: '请选退货原因', key: '1' },
        ...PAPER,
      ];
  }
}

/** Screens on which nobody does anything. */
const WAITING = /请稍候|正在打印|交易完成|成功\n|退货已受理/;

/**
 * The person at the counter: looks at the screen, does what it asks for, looks whether it was taken, and does it again when
 * it was not. Amounts are read before they are confirmed, as a person does.
 */
export class Clerk {
  private readonly rig: Rig;
  private extra = 0;

  constructor(rig: Rig) {
    this.rig = rig;
  }

  /** Signs the terminal on. False when that does not come about within half an hour. */
  signOn(): boolean {
    const { world, terminal } = this.rig;
    for (let waited = 0; waited < 30 * 60_000; waited += 1000) {
      world.pass(1000);
      const { screen } = this.rig;
      if (screen.includes(IDLE)) return true;
      if (!terminal.listening().keys) continue;
      terminal.pressKey('ENTER');
    }
    return false;
  }

  /** Carries out a wish; `booked` says whether the money has moved. */
  carryOut(wish: Wish, booked: () => boolean): Deed {
    const { world, terminal } = this.rig;
    const from = world.monotonicMs();
    const steps = stepsOf(wish);
    const done = new Set<Step>();
    this.extra = 0;
    let begun = false;
    let last = '';
    let since = from;
    let acted = false;
    while (world.monotonicMs() - from < LIMIT_MS) {
      world.pass(LOOK_MS);
      const { screen } = this.rig;
      const now = world.monotonicMs();
      if (screen !== last) [last, since, acted] = [screen, now, false];
      if (screen.includes(IDLE) && begun && booked()) return this.deed('helped', from);
      const listening = terminal.listening();
      if (terminal.insertedCard && /请取走卡片|交易完成|取走/.test(screen)) terminal.remove();
      if (!listening.keys && !listening.magnetic) continue;
      if (acted && now - since < AGAIN_MS) continue;
      const step = steps.find(one => screen.includes(one.see));
      if (step === undefined) {
        if (WAITING.test(screen)) continue;
        if (now - since < 1000) continue;
        this.extra++;
        terminal.pressKey('ENTER');
      } else if (step.digits !== undefined) {
        if (this.type(step, screen, acted)) this.count(done, step);
      } else {
        this.count(done, step);
        if (step.card) this.show(wish.way);
        else if (step.key !== undefined) terminal.pressKey(step.key);
        if (step.see === IDLE) begun = true;
      }
      [acted, since] = [true, now];
    }
    return this.deed('given-up', from);
  }

  /** Back to the idle screen after a wish that was given up. */
  leaveStep(): void {
    const { world, terminal } = this.rig;
    for (let n = 0; n < 60 && !this.rig.screen.includes(IDLE); n++) {
      if (terminal.insertedCard) terminal.remove();
      if (terminal.listening().keys) terminal.pressKey('CANCEL');
      world.pass(5000);
    }
  }

  private deed(end: 'helped' | 'given-up', from: number): Deed {
    const ms = this.rig.world.monotonicMs() - from;
    return { end: end === 'helped' && this.extra === 0 ? 'alone' : end, extra: this.extra, ms };
  }

  private count(done: Set<Step>, step: Step): void {
    if (done.has(step)) this.extra++;
    done.add(step);
  }

  /** One key of what has to be typed; true when it was the ENTER at its end. */
  private type(step: Step, screen: string, again: boolean): boolean {
    const { terminal } = this.rig;
    const digits = step.digits ?? '';
    const typed = typedOf(step, screen, digits);
    if (again) this.extra++;
    if (typed === undefined) {
      this.extra++;
      terminal.pressKey('CLEAR');
      return false;
    }
    if (typed === digits.length) {
      terminal.pressKey('ENTER');
      return true;
    }
    terminal.pressKey(digits[typed] as KeyName);
    return false;
  }

  private show(way: Way): void {
    const { terminal } = this.rig;
    const one: TestCard = card(way);
    if (terminal.insertedCard) terminal.remove();
    if (way === 'swipe') terminal.swipe(one);
    else if (way === 'tap' && terminal.listening().contactless) terminal.tap(one);
    else terminal.insert(one);
  }
}

/** How many of the digits stand on the screen; undefined when something else does. */
function typedOf(step: Step, screen: string, digits: string): number | undefined {
  const line = screen.split('\n').at(-1)?.trim() ?? '';
  const lines = screen.split('\n').map(one => one.trim());
  if (step.as === 'stars') {
    const stars = lines.find(one => /^\*+$/.test(one))?.length ?? 0;
    return stars <= digits.length ? stars : undefined;
  }
  if (step.as === 'number') {
    const number = lines.find(one => /^\d+$/.test(one)) ?? '';
    return digits.startsWith(number) ? number.length : undefined;
  }
  const amount = lines.find(one => /^\d+\.\d\d$/.test(one)) ?? line;
  for (let n = 0; n <= digits.length; n++) if (amount === formatAmount(Number(digits.slice(0, n) || '0'))) return n;
  return undefined;
}
