import type { Journal, Txn } from '../../src/journal/journal.ts';
import type { Ledger } from '../../src/sim/acquirer/ledger.ts';
import type { TestCard } from '../../src/sim/terminal/deck.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import type { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { digits } from '../../src/units.ts';
import { Drawer, type Receipt } from './drawer.ts';
import { FLOW, KEYS, NUMBERS_MAX, PATIENCE, PAYER_CODES, typed, wantOf } from './habits.ts';
import { newPassword, Passwords, SECOND } from './passwords.ts';
import type { Intent, PersonFault } from './plan.ts';
import { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export interface PersonWorld {
  readonly timeline: Timeline;
  readonly terminal: VirtualTerminal;
  readonly ledger: Ledger;
  readonly cards: ReadonlyMap<string, TestCard>;
  readonly thinkMs: number;
  /** The memory of the counter: it stands for the slips that lie in the drawer. */
  journal(): Journal | undefined;
  /** What was paid last, as far as somebody knows: its slip lies on top. */
  newest(): Txn | undefined;
  /** What this person does wrong now. */
  fault(): PersonFault | undefined;
  note(text: string): void;
  /** A new intent begins. */
  begins(index: number): void;
}

/** Where the main menu leads to what a person wants. */
const MENU: Readonly<Record<Intent['kind'], KeyName>> = {
  sale: '1',
  void: '2',
  refund: '3',
  reprint: '6',
  settle: '7',
  signOn: '7',
  supervisor: '7',
};

type Act = KeyName | 'card' | 'scan' | 'remove' | 'paper' | 'wait';

/** A refund that waits: sent now, stopped, left alone, looked at until it goes out by itself. */
const HELD: readonly Act[] = ['1', '2', 'ENTER', 'wait', 'ENTER'];

/** Where nothing is asked: milliseconds between two looks at a customer who has not confirmed, at a refund that waits. */
const LOOKED_AT: ReadonlyMap<string, number> = new Map([
  ['qrConfirm', 1_500],
  ['heldShow', 4_000],
]);

/**
 * The people at the counter: they look at the step that the screen shows, do what it asks for what they want, and
 * sometimes something else. They never look into the program.
 */
export class Person {
  readonly intents: Intent[];
  /** Number of the intent at hand. */
  index = -1;
  /** Things done in this intent. */
  acts = 0;
  step = '';
  private readonly world: PersonWorld;
  private readonly drawer: Drawer;
  private typing: KeyName[] = [];
  private visits = 0;
  /** Vouchers and amounts of old sales that were keyed in this intent. */
  private numbers = 0;
  private begun = false;
  private engaged = false;
  private attempts = 0;
  private timer = 0;
  private walkedOff = false;
  private wrongPin = false;
  /** The password that was typed last was not the right one. */
  private wrongPassword = false;
  private wrongCard = false;
  private page = 0;
  private readonly passwords = new Passwords();
  private operator = '01';
  /** Payers' codes shown so far: each pays once. */
  private codes = 0;
  /** The amount that was keyed for a refund last. */
  private refundMinor = 0;

  constructor(world: PersonWorld, intents: readonly Intent[]) {
    this.world = world;
    this.intents = [...intents];
    this.drawer = new Drawer(world.cards);
  }

  get intent(): Intent | undefined {
    return this.intents[this.index];
  }

  /** Nothing more is wanted, and the terminal rests. */
  get finished(): boolean {
    return this.index >= this.intents.length;
  }

  /** Calms down, and remembers the passwords. */
  calm(): void {
    this.passwords.remember(this.world.journal());
  }

  /** The screen shows a step of the flows. */
  sees(step: string): void {
    if (step === this.step) return;
    this.wrongPassword = this.step === `${step}Check`;
    this.step = step;
    this.typing = [];
    this.visits = 0;
    const { intent } = this;
    if (intent && this.begun && !this.engaged && FLOW[intent.kind].test(step)) this.engaged = true;
  }

  /** The terminal listens to something else, or to nothing. */
  listens(): void {
    this.world.timeline.clear(this.timer);
    this.timer = 0;
    if (this.world.terminal.listening().keys) this.later(this.pause());
  }

  /** Until the next look at the screen. */
  private pause(): number {
    return LOOKED_AT.get(this.step) ?? this.world.thinkMs;
  }

  private later(ms: number): void {
    this.timer = this.world.timeline.set(ms, () => this.act());
  }

  private act(): void {
    const { world } = this;
    if (!world.terminal.listening().keys) return;
    if (this.walkedOff) {
      this.walkedOff = false;
      return this.later(75_000);
    }
    if (this.step === 'idle' && !this.nextIntent()) return;
    this.acts++;
    const fault = world.fault();
    if (fault) this.misbehave(fault);
    else this.perform(this.next());
    if (world.terminal.listening().keys) this.later(this.pause());
  }

  /** At the idle screen: what was wanted is over, or is tried again. False when there is nothing to do. */
  private nextIntent(): boolean {
    this.drawer.learn(this.world.newest());
    if (this.begun && !this.engaged && this.attempts < 4 && this.acts < PATIENCE) return true;
    if (this.begun || this.index < 0) {
      if (this.index < this.intents.length) this.index++;
      this.begun = false;
      this.engaged = false;
      this.attempts = 0;
      this.acts = 0;
      this.numbers = 0;
      this.typing = [];
      this.wrongPin = false;
      this.wrongCard = false;
      if (!this.finished) this.world.begins(this.index);
    }
    return !this.finished;
  }

  private receipt(): Receipt | undefined {
    const { intent } = this;
    return intent && this.drawer.find(intent, this.world.journal()?.batch());
  }

  private perform(act: Act): void {
    const { terminal } = this.world;
    if (act === 'wait') return;
    if (act === 'paper') terminal.paper('ok');
    else if (act === 'card') this.showCard();
    else if (act === 'scan') this.showCode();
    else if (act === 'remove') terminal.remove();
    else this.press(act);
  }

  private press(key: KeyName): void {
    this.world.note(`key ${/[Pp]assword|Pin$/.test(this.step) && /^\d+$/.test(key) ? '*' : key}`);
    this.world.terminal.pressKey(key);
  }

  private showCard(): void {
    const { terminal, cards } = this.world;
    const wanted = this.cardWanted();
    const card = cards.get(this.wrongCard ? 'foreign' : wanted.card);
    if (!card) throw new Error(`no card ${wanted.card}`);
    this.wrongCard = false;
    const listening = terminal.listening();
    let way = wanted.way;
    if (/Fallback|SwipeAgain/.test(this.step)) way = 'swipe';
    if (this.step.endsWith('UseChip')) way = 'insert';
    if (way === 'swipe' && card.stripe === false) way = 'insert';
    if (way === 'tap' && !card.contactless) way = 'insert';
    if (terminal.insertedCard) terminal.remove();
    this.world.note(`${way} ${card.id}`);
    if (way === 'swipe') terminal.swipe(card);
    else if (way === 'tap' && listening.contactless) terminal.tap(card);
    else terminal.insert(card);
  }

  /** The payer's code of a sale, or the order number on the slip of what is undone; nothing where no scanner waits. */
  private showCode(): void {
    const code = this.step === 'qrScan' ? this.payerCode() : (this.receipt()?.order ?? '');
    this.world.note(`scan ${this.step === 'qrScan' ? code.slice(0, 2) : code}`);
    if (code !== '') this.world.terminal.scan(code);
  }

  private payerCode(): string {
    const { pay = 'card' } = this.intent ?? {};
    const [begin, length] = PAYER_CODES[pay === 'card' ? 'wechat' : pay];
    return begin + digits(++this.codes, length - begin.length);
  }

  private cardWanted(): { card: string; way: Intent['way'] } {
    const { intent } = this;
    if (intent?.kind === 'supervisor') {
      const journal = this.world.journal();
      const held = journal?.heldRefunds()[0]?.original.txnId;
      const txn = this.unknownAt(this.page) ?? (held === undefined ? undefined : journal?.txn(held));
      if (txn) return this.drawer.cardOf(txn);
    }
    if (intent?.kind === 'void' || intent?.kind === 'refund') {
      const last = this.drawer.last;
      const receipt = intent.kind === 'void' && intent.find === 'last' ? last : this.receipt();
      if (receipt) return receipt;
    }
    return { card: intent?.card ?? 'swipe', way: intent?.way ?? 'swipe' };
  }

  private unknownAt(page: number): Txn | undefined {
    const unknown = this.world.journal()?.unknownRefunds() ?? [];
    return unknown.length === 0 ? undefined : unknown[page % unknown.length];
  }

  private misbehave(fault: PersonFault): void {
    const { world } = this;
    const { terminal, timeline } = world;
    const random = new Random(this.index * 1000 + this.acts, 7);
    switch (fault) {
      case 'wrongKey':
        return this.press(random.pick(KEYS));
      case 'cancel':
        return this.press('CANCEL');
      case 'walkAway':
        this.walkedOff = true;
        return;
      case 'keyTwice': {
        const act = this.next();
        this.perform(act);
        if (act !== 'card' && act !== 'scan' && act !== 'wait' && act !== 'paper' && act !== 'remove') this.press(act);
        return;
      }
      case 'typeAhead':
        for (let i = 1; i <= 4; i++) timeline.set(i * random.between(1, 40), () => this.press(random.pick(KEYS)));
        return this.perform(this.next());
      case 'stormOfKeys':
        for (let i = 1; i <= 12; i++) timeline.set(i * 7, () => this.press(random.pick(KEYS)));
        return;
      case 'cardPulled':
        timeline.set(random.between(1, 6_000), () => void terminal.remove());
        return this.perform(this.next());
      case 'wrongPin':
        this.wrongPin = true;
        return this.perform(this.next());
      case 'wrongCard':
        this.wrongCard = true;
        return this.perform(this.next());
      case 'paperOut':
        terminal.paper('out');
        return this.perform(this.next());
    }
  }

  /** What this step asks for. */
  private next(): Act {
    const key = this.typing.shift();
    if (key !== undefined) return key;
    this.visits++;
    // Whose number was refused twice has the wrong slip in hand and gives up.
    if (wantOf(this.step) === 'number' && ++this.numbers > NUMBERS_MAX) return 'CANCEL';
    if (this.step !== 'idle' && (this.acts > PATIENCE || this.visits > 6))
      return this.acts % 3 === 0 ? 'ENTER' : 'CANCEL';
    const act = this.wanted();
    if (typeof act === 'string') return act;
    this.typing = act;
    return this.typing.shift() ?? 'ENTER';
  }

  private wanted(): Act | KeyName[] {
    const { step, intent, world } = this;
    const { terminal } = world;
    if (step === 'idle') return this.fromIdle();
    const want = wantOf(step);
    if (want === 'paper') {
      // The new roll, and then ENTER; now and then the slip is left for later.
      if (this.visits === 1 && this.index % 5 !== 4) return 'paper';
      return this.index % 5 === 4 ? 'CANCEL' : 'ENTER';
    }
    if (want === 'remove') return terminal.insertedCard ? 'remove' : 'CANCEL';
    if (want === 'card') return 'card';
    if (want === 'pin') return this.pin();
    if (want === 'newPassword') return typed(this.passwords.choose('00'));
    if (want === 'password') return typed(this.passwords.of('00', this.wrongPassword));
    if (step === 'saleAmount' || step === 'qrAmount') return typed(intent?.amountMinor ?? 100);
    switch (step) {
      case 'menu':
        return intent ? MENU[intent.kind] : '7';
      case 'menuRefund':
      case 'menuVoid':
        return intent?.pay === 'card' ? '1' : '2';
      case 'menuPrint':
        return '1';
      case 'qrScan':
        return terminal.listening().scanner ? 'scan' : typed(this.payerCode());
      case 'qrConfirm':
        return this.visits === 1 && (intent?.choice ?? 0) % 6 === 0 ? 'CANCEL' : 'wait';
      case 'qrStopAsk':
        return (intent?.choice ?? 0) % 4 === 0 && this.acts < 40 ? 'CANCEL' : 'ENTER';
      case 'qrVoidFind':
      case 'qrRefundFind':
        return this.receipt()?.order && (intent?.choice ?? 0) % 3 !== 0 && intent?.find !== 'wrong'
          ? 'scan'
          : typed(this.voucher());
      case 'menuManage':
        return intent?.kind === 'settle'
          ? '4'
          : intent?.kind === 'signOn' || intent?.kind === 'supervisor'
            ? '1'
            : 'CANCEL';
      case 'menuSignOn':
        return intent?.kind === 'supervisor' ? '1' : '2';
      case 'logonOperator':
        this.operator = intent?.kind === 'supervisor' && this.visits < 3 ? '00' : '01';
        return typed(this.operator);
      case 'logonPassword':
        return typed(this.passwords.of(this.operator, this.wrongPassword));
      case 'newPassword':
      case 'newPasswordAgain':
        return typed(this.passwords.choose(this.operator));
      case 'partial':
        return (intent?.choice ?? 0) % 2 === 0 ? 'ENTER' : 'CANCEL';
      case 'voidVoucher':
        return intent?.find === 'last' ? 'F1' : typed(this.voucher());
      case 'voidReason':
      case 'refundReason':
        return '1';
      case 'refundFind':
        return intent?.find === 'reference' ? '2' : '1';
      case 'refundVoucher':
        return this.refundVoucher();
      case 'refundReference':
        return typed(this.receipt()?.reference || '112112345678');
      case 'refundDate':
        return typed(this.receipt()?.hostDate || '1121');
      case 'refundAmount':
        return this.refundAmount();
      case 'approverNumber':
        return typed(SECOND);
      case 'approverPassword':
        return typed(newPassword(SECOND));
      case 'approverAmount':
        return typed(this.refundMinor);
      case 'approverDigits':
        return typed(this.lastFour());
      case 'heldShow':
        return HELD[(intent?.choice ?? 0) % HELD.length];
      case 'heldListShow':
        return (intent?.choice ?? 0) % 2 === 0 ? '1' : 'ENTER';
      case 'settleDetail':
        return '0';
      case 'supervisor':
        return this.supervisor();
      case 'releaseAsk':
        return this.lateReversal() ? 'F1' : 'ENTER';
      case 'reversalEntry':
        return this.acquirerSays(this.lateReversal()) === '' ? '1' : '2';
      case 'reversalReference':
        return typed(this.acquirerSays(this.lateReversal()) || '000000000000');
      case 'unknownRefundShow':
        return this.decideUnknown();
      case 'resolveReference':
        return typed(this.acquirerSays(this.unknownAt(this.page)) || '000000000000');
      case 'voidTooOld':
        return (intent?.choice ?? 0) % 2 === 0 ? 'ENTER' : 'CANCEL';
      default:
        return this.visits > 3 ? 'CANCEL' : 'ENTER';
    }
  }

  private fromIdle(): Act {
    this.begun = true;
    this.attempts++;
    const { intent } = this;
    if (!intent) return 'wait';
    if (intent.kind === 'void') return intent.pay === 'card' ? 'F3' : 'ENTER';
    if (intent.kind === 'sale' && intent.pay !== 'card') return 'F4';
    if (intent.kind === 'reprint') return 'F1';
    if (intent.kind === 'supervisor') return 'MENU';
    if (intent.kind === 'sale' && intent.fromIdle && intent.way === 'swipe' && this.world.terminal.listening().magnetic)
      return 'card';
    return 'ENTER';
  }

  private pin(): KeyName[] {
    const { intent } = this;
    if (this.wrongPin) {
      this.wrongPin = false;
      return typed('111111');
    }
    return intent?.pin ? typed(intent.pin) : ['ENTER'];
  }

  private voucher(): string {
    const receipt = this.receipt();
    return this.intent?.find === 'wrong' || !receipt ? '999' : String(receipt.voucher);
  }

  private refundVoucher(): KeyName[] {
    const receipt = this.receipt();
    const batch = this.world.journal()?.batch() ?? 1;
    const back = receipt ? Math.max(0, batch - receipt.batch) : 0;
    return [...Array.from({ length: back }, (): KeyName => 'UP'), ...typed(this.voucher())];
  }

  private refundAmount(): KeyName[] {
    const { intent } = this;
    const receipt = this.receipt();
    const left = receipt ? (this.world.journal()?.refundable(receipt.id) ?? 0) : 0;
    const first = this.visits === 1;
    if (intent?.part === 'more' && first) return typed(left + 100);
    const all = intent?.part === 'all' && first;
    this.refundMinor = all ? left : Math.max(1, Math.floor((left * ((intent?.choice ?? 0) % 97)) / 100));
    return all ? ['F1', 'ENTER'] : typed(this.refundMinor);
  }

  /** Of the card that is paid back, or of the voucher of a scanned payment: the second person reads them from the slip. */
  private lastFour(): string {
    const receipt = this.receipt();
    if (!receipt) return '0000';
    return receipt.pay === 'card'
      ? (this.world.cards.get(receipt.card)?.pan.slice(-4) ?? '0000')
      : digits(receipt.voucher, 4);
  }

  private supervisor(): Act {
    this.page = 0;
    const journal = this.world.journal();
    const waits = (journal?.heldRefunds().length ?? 0) > 0;
    const unknown = journal?.unknownRefunds().some(txn => this.solvable(txn)) === true;
    if (this.visits === 1 && unknown && !(waits && this.index % 2 === 1)) return '6';
    if (this.visits <= 2 && waits) return '5';
    if (this.visits <= 3 && this.lateReversal()) return '9';
    if (this.visits <= 2 && journal?.mayTrade()?.name === 'reversal-held' && (this.intent?.choice ?? 0) % 2 === 0)
      return '9';
    return 'CANCEL';
  }

  /** The held reversal that the desk shows first, when its batch is closed: only the acquirer knows what became of the money. */
  private lateReversal(): Txn | undefined {
    const journal = this.world.journal();
    const held = journal?.heldReversals()[0]?.txn;
    return held?.period === journal?.period() ? undefined : held;
  }

  /** The acquirer has it, or it can still be sent again. */
  private solvable(txn: Txn): boolean {
    return this.acquirerSays(txn) !== '' || txn.period === this.world.journal()?.period();
  }

  private decideUnknown(): Act {
    const txn = this.unknownAt(this.page);
    if (!txn || this.visits > 4) return '3';
    if (!this.solvable(txn)) {
      this.page++;
      return this.page > 8 ? '3' : 'DOWN';
    }
    return this.acquirerSays(txn) === '' ? '2' : '1';
  }

  /** A call to the acquirer: its reference of the refund, or nothing when it has not booked it. */
  private acquirerSays(txn: Txn | undefined): string {
    if (!txn) return '';
    const row = this.world.ledger.txnByTrace(
      txn.intent.tid,
      txn.intent.mid,
      digits(txn.batch, 6),
      digits(txn.trace, 6),
    );
    return row?.state === 'approved' ? row.reference : '';
  }
}
