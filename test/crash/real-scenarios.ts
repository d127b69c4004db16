import type { Journal } from '../../src/journal/journal.ts';
import type { Txn } from '../../src/journal/types.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import type { Person } from './real-person.ts';

/** What a scenario may use. */
export interface Stage {
  readonly person: Person;
  /** Counts up with each call, so that amounts differ. */
  next(): number;
  journal<T>(look: (journal: Journal) => T): T;
}

export interface Scenario {
  readonly name: string;
  /** `running`: faults begin at the idle screen. `boot`: from the first instruction of the process. `stop`: at SIGTERM. */
  readonly phase: 'running' | 'boot' | 'stop';
  /** A journal of its own that does not exist yet. */
  readonly fresh?: true;
  /** From the idle screen to where the scenario begins; not injected. */
  prepare?(stage: Stage): Promise<void>;
  /** `boot`: ends with the idle screen, which is not played here. */
  play(stage: Stage): Promise<void>;
}

const IDLE = '确认键:菜单';
/** At the idle screen, a slip that was not printed; the short form when refunds wait, too. */
const OWED = /未打签购单|待打单/;
export const CASHIER = '2580';
const SUPERVISOR = '246810';

/** Amounts whose cents make the virtual acquirer book and then close the connection, decline, or stay silent. */
const CENTS = { fine: '00', declined: '51', cut: '73', silent: '68' } as const;
type Fate = keyof typeof CENTS;

async function beginSale(stage: Stage, fate: Fate): Promise<void> {
  const { person } = stage;
  await person.on(IDLE);
  await person.keys('ENTER');
  await person.on('主菜单');
  await person.keys('1');
  await person.on('请输入金额');
  await person.type(`${100 + (stage.next() % 300)}${CENTS[fate]}`);
  await person.on('请插卡/刷卡/挥卡');
}

/** A sale up to the message that goes out. */
async function sale(stage: Stage, fate: Fate, way: 'swipe' | 'chip' = 'swipe'): Promise<void> {
  const { person } = stage;
  await beginSale(stage, fate);
  if (way === 'chip') await person.order({ do: 'insert', card: 'chip' });
  else {
    await person.swipe();
    await person.on('确认-是');
    await person.keys('ENTER');
  }
  await person.on('请持卡人输密码');
  await person.type('123456');
}

/** Both copies, then the idle screen. */
async function paper({ person }: Stage): Promise<void> {
  await person.on('请撕下商户存根');
  await person.keys('ENTER');
  await person.on('交易完成');
  if (person.cardIn) await person.order({ do: 'remove' });
  else await person.keys('ENTER');
  await person.on(IDLE);
}

async function paid(stage: Stage, way: 'swipe' | 'chip' = 'swipe'): Promise<void> {
  await sale(stage, 'fine', way);
  await paper(stage);
}

async function reversed({ person }: Stage): Promise<void> {
  await person.on('冲正成功');
  await person.keys('ENTER');
  await person.on(IDLE);
}

/** Nobody asks a refund of more, yuan. */
const REFUND_MAX = 90;

/**
 * Voucher of a sale by stripe of this batch that can be voided, or refunded; one is made when an earlier case left none.
 */
async function original(stage: Stage, use: 'void' | 'refund'): Promise<number> {
  const find = (): number | undefined =>
    stage.journal(
      journal =>
        journal.list({ kind: 'sale', state: 'approved', batch: journal.batch() }).find(sale => {
          if (sale.intent.card?.entry !== 'swipe') return false;
          if (use === 'void') return journal.refundsOf(sale.id).length === 0;
          const locked = journal.refundsOf(sale.id).some(refund => refund.state === 'unknown');
          return !locked && sale.amountMinor - sale.refundedMinor >= (REFUND_MAX + 1) * 100;
        })?.trace,
    );
  const found = find();
  if (found !== undefined) return found;
  await paid(stage);
  const made = find();
  if (made === undefined) throw new Error('the sale that was just made is not in the journal');
  return made;
}

const withOriginal =
  (use: 'void' | 'refund') =>
  async (stage: Stage): Promise<void> =>
    void (await original(stage, use));

/** The password of 00; the published one must be changed at the first approval. */
async function approve(stage: Stage): Promise<void> {
  const { person } = stage;
  if (stage.journal(journal => journal.operator('00')?.mustChange) !== true) return person.type(SUPERVISOR);
  await person.type('123456');
  await person.on('首次登录请改密');
  await person.type(SUPERVISOR);
  await person.on('请再输一次');
  await person.type(SUPERVISOR);
}

async function voidSale(stage: Stage): Promise<void> {
  const { person } = stage;
  const voucher = await original(stage, 'void');
  await person.keys('F3');
  await person.on('请输入主管密码');
  await approve(stage);
  await person.on('请输入原凭证号');
  await person.type(String(voucher));
  await person.on('撤销-原交易');
  await person.keys('ENTER');
  await person.on('请选撤销原因');
  await person.keys('1');
  await person.on('请刷原卡或插卡');
  await person.swipe();
}

async function refund(stage: Stage, fate: Fate): Promise<void> {
  const { person } = stage;
  const voucher = await original(stage, 'refund');
  await person.keys('ENTER');
  await person.on('主菜单');
  await person.keys('3');
  await person.on('1.银行卡');
  await person.keys('1');
  await person.on('请输入主管密码');
  await approve(stage);
  await person.on('退货-查原交易');
  await person.keys('1');
  await person.on('请输入原凭证号');
  await person.type(String(voucher));
  await person.on('可退');
  await person.keys('ENTER');
  await person.on('请插卡/刷卡/挥卡');
  await person.swipe();
  await person.on('请输入退货金额');
  await person.type(`${1 + (stage.next() % REFUND_MAX)}${CENTS[fate]}`);
  await person.on('请确认退货金额');
  await person.keys('ENTER');
  await person.until(() => /已退同额|请选退货原因/.test(person.screen), 'the reason or the doubt');
  if (person.screen.includes('已退同额')) await person.keys('ENTER');
  await person.on('请选退货原因');
  await person.keys('1');
}

export async function signOn({ person }: Stage, first: boolean): Promise<void> {
  await person.on('未签到');
  await person.keys('ENTER');
  // A cashier who is on duty already is not asked again: only the terminal signs on.
  await person.until(() => /请输入操作员号|签到成功|确认键:菜单/.test(person.screen), 'the operator or the sign-on');
  if (person.screen.includes('请输入操作员号')) {
    await person.type('01');
    await person.on('请输入操作员密码');
    await person.type(first ? '0000' : CASHIER);
    if (first) {
      await person.on('请输入新密码');
      await person.type(CASHIER);
      await person.on('请再输一次');
      await person.type(CASHIER);
    }
  }
  await person.until(() => /签到成功|确认键:菜单/.test(person.screen), 'the sign-on');
  if (person.screen.includes('签到成功')) await person.keys('ENTER');
  await person.on(IDLE);
}

async function settle({ person }: Stage): Promise<void> {
  await person.keys('ENTER');
  await person.on('主菜单');
  await person.keys('7');
  await person.on('管理');
  await person.keys('4');
  await person.on('是否批结算');
  await person.keys('ENTER');
  await person.until(() => /结算后仍待查|内卡销售总计/.test(person.screen), 'the totals');
  if (person.screen.includes('结算后仍待查')) await person.keys('ENTER');
  for (const page of ['内卡销售总计', '内卡退货总计', '外卡销售总计', '外卡退货总计']) {
    await person.on(page);
    await person.keys('ENTER');
  }
  await person.on('是否打印明细');
  await person.keys('0');
  await person.on('结算成功');
  await person.keys('ENTER');
  await person.on('未签到');
}

async function menu({ person }: Stage, ...way: (KeyName | string)[]): Promise<void> {
  for (const step of way) {
    if (/^[0-9A-Z]+$/.test(step)) await person.keys(step as KeyName);
    else await person.on(step);
  }
}

const byChip = ({ intent }: Txn): boolean => intent.card?.entry === 'chip';

export const SCENARIOS: readonly Scenario[] = [
  { name: 'sale', phase: 'running', play: stage => paid(stage) },
  {
    name: 'sale-declined',
    phase: 'running',
    async play(stage) {
      await sale(stage, 'declined');
      await menu(stage, '[51]', 'ENTER', IDLE);
    },
  },
  {
    name: 'sale-cut-off',
    phase: 'running',
    async play(stage) {
      await sale(stage, 'cut');
      await reversed(stage);
    },
  },
  { name: 'sale-chip', phase: 'running', play: stage => paid(stage, 'chip') },
  {
    name: 'sale-paper-out',
    phase: 'running',
    // A slip that an earlier case left owed would be asked for after this one's.
    async prepare({ person }) {
      while (OWED.test(person.screen)) {
        await person.keys('F1');
        await person.on('正在打印');
        await person.on(IDLE);
      }
    },
    async play(stage) {
      const { person } = stage;
      await person.order({ do: 'paper', state: 'out' });
      await sale(stage, 'fine');
      await person.on('打印机缺纸');
      await person.keys('CANCEL');
      await person.on('交易完成');
      await person.keys('ENTER');
      await person.until(() => OWED.test(person.screen), 'the slip that is owed');
      await person.order({ do: 'paper', state: 'ok' });
      await person.keys('F1');
      await person.on('正在打印');
      await person.until(() => person.screen.includes(IDLE) && !OWED.test(person.screen), 'nothing owed any more');
    },
  },
  {
    name: 'void',
    phase: 'running',
    prepare: withOriginal('void'),
    async play(stage) {
      await voidSale(stage);
      await paper(stage);
    },
  },
  {
    name: 'refund',
    phase: 'running',
    prepare: withOriginal('refund'),
    async play(stage) {
      await refund(stage, 'fine');
      await paper(stage);
    },
  },
  {
    name: 'refund-unknown',
    phase: 'running',
    prepare: withOriginal('refund'),
    async play(stage) {
      await refund(stage, 'cut');
      await stage.person.on('退货结果未知');
      await menu(stage, 'ENTER', IDLE);
    },
  },
  {
    name: 'settlement',
    phase: 'running',
    // Its data are uploaded in the settlement. A case that was struck before the settlement began left it there.
    async prepare(stage) {
      if (stage.journal(journal => !journal.list({ batch: journal.batch(), state: 'approved' }).some(byChip)))
        await paid(stage, 'chip');
    },
    play: settle,
  },
  {
    name: 'sign-on',
    phase: 'running',
    async prepare(stage) {
      // Out with the cashier: the batch must be empty for that.
      if (stage.journal(j => j.counts().batch) > 0) await settle(stage);
      else await menu(stage, 'ENTER', '主菜单', '7', '管理', '2', '签退成功', 'ENTER', '未签到');
    },
    play: stage => signOn(stage, false),
  },
  {
    name: 'reprint',
    phase: 'running',
    prepare: withOriginal('void'),
    async play({ person }) {
      await person.keys('F1');
      await person.on('正在打印');
      await person.on(IDLE);
    },
  },
  {
    name: 'first-start',
    phase: 'boot',
    fresh: true,
    play: stage => signOn(stage, true),
  },
  {
    name: 'reversal-at-boot',
    phase: 'boot',
    async prepare(stage) {
      await sale(stage, 'silent');
      // The acquirer has booked and says nothing: the power fails while the answer is awaited. The first screen that says so comes
      // before the intent is written; a second later it is, and the message is out.
      await stage.person.on('59秒');
    },
    play: async () => {},
  },
  { name: 'stop', phase: 'stop', prepare: stage => paid(stage), play: async () => {} },
];
