import { columnsOf } from '../wire/gbk.ts';
import { formatAmount } from '../units.ts';
import type { Profile } from '../profile/profile.ts';
import type { TraceRecord } from '../trace/record.ts';
import type { Verdict } from './compare.ts';
import { kindWord, stateWord } from './txn-words.ts';

type Lang = 'zh' | 'en';

/** A step of the tour: what must stand on the screen (zh, en), then what the person does. */
type Beat = readonly [zh: string, en: string, action: string];

/** The day of the tour. Voucher numbers follow from a new journal: sign-on 1, sale 2, void 3, sale 4, refund 5. */
const DAY: readonly (string | Beat)[] = [
  '# operator and terminal sign-on',
  ['未签到', 'NOT SIGNED ON', 'keys ENTER'],
  ['请输入操作员号', 'OPERATOR NO', 'keys 0 1 ENTER'],
  ['请输入操作员密码', 'ENTER PASSWORD', 'keys 0 0 0 0 ENTER'],
  ['请输入新密码', 'NEW PASSWORD', 'keys 2 5 8 0 ENTER'],
  ['请再输一次', 'AGAIN', 'keys 2 5 8 0 ENTER'],
  ['签到成功', 'SIGN-ON OK', 'keys ENTER'],
  '# sale of 100.00 by chip with PIN',
  ['确认键:菜单', 'ENTER:MENU', 'keys ENTER'],
  ['主菜单', 'MAIN', 'keys 1'],
  ['请输入金额', 'ENTER AMOUNT', 'keys 1 0 0 00 ENTER'],
  ['请插卡/刷卡/挥卡', 'INSERT/SWIPE/TAP', 'insert chip'],
  ['请持卡人输密码', 'ENTER PIN', 'pin 123456'],
  ['请撕下商户存根', 'TEAR MERCH COPY', 'keys ENTER'],
  ['请取走卡片', 'REMOVE CARD', 'remove'],
  '# void of that sale: F3 at the idle screen, F1 takes the last sale',
  ['确认键:菜单', 'ENTER:MENU', 'keys F3'],
  ['请输入主管密码', 'MANAGER PASSWORD', 'keys 1 2 3 4 5 6 ENTER'],
  ['请输入新密码', 'NEW PASSWORD', 'keys 2 4 6 8 1 0 ENTER'],
  ['请再输一次', 'AGAIN', 'keys 2 4 6 8 1 0 ENTER'],
  ['请输入原凭证号', 'ORIG VOUCHER NO', 'keys F1'],
  ['撤销-原交易', 'VOID-ORIG', 'keys ENTER'],
  ['请选撤销原因', 'VOID REASON', 'keys 1'],
  ['请刷原卡或插卡', 'USE ORIG CARD', 'insert chip'],
  ['请撕下商户存根', 'TEAR MERCH COPY', 'keys ENTER'],
  ['请取走卡片', 'REMOVE CARD', 'remove'],
  '# sale of 128.00 by swipe with PIN',
  ['确认键:菜单', 'ENTER:MENU', 'keys ENTER'],
  ['主菜单', 'MAIN', 'keys 1'],
  ['请输入金额', 'ENTER AMOUNT', 'keys 1 2 8 00 ENTER'],
  ['请插卡/刷卡/挥卡', 'INSERT/SWIPE/TAP', 'swipe swipe'],
  ['确认-是', 'ENTER-Y', 'keys ENTER'],
  ['请持卡人输密码', 'ENTER PIN', 'pin 123456'],
  ['请撕下商户存根', 'TEAR MERCH COPY', 'keys ENTER'],
  ['交易完成', 'DONE', 'keys ENTER'],
  '# refund of 60.00 of it, found by its voucher number',
  ['确认键:菜单', 'ENTER:MENU', 'keys ENTER'],
  ['主菜单', 'MAIN', 'keys 3'],
  ['1.银行卡', '1.CARD', 'keys 1'],
  ['请输入主管密码', 'MANAGER PASSWORD', 'keys 2 4 6 8 1 0 ENTER'],
  ['退货-查原交易', 'REFUND-FIND', 'keys 1'],
  ['请输入原凭证号', 'ORIG VOUCHER NO', 'keys 4 ENTER'],
  ['可退', 'LEFT', 'keys ENTER'],
  ['请插卡/刷卡/挥卡', 'INSERT/SWIPE/TAP', 'swipe swipe'],
  ['请输入退货金额', 'REFUND AMOUNT', 'keys 6 0 00 ENTER'],
  ['请确认退货金额', 'CONFIRM AMOUNT', 'keys ENTER'],
  ['请选退货原因', 'REFUND REASON', 'keys 1'],
  ['请撕下商户存根', 'TEAR MERCH COPY', 'keys ENTER'],
  ['交易完成', 'DONE', 'keys ENTER'],
  '# another refund of 100.00 is refused: only 68.00 are left',
  ['确认键:菜单', 'ENTER:MENU', 'keys ENTER'],
  ['主菜单', 'MAIN', 'keys 3'],
  ['1.银行卡', '1.CARD', 'keys 1'],
  ['请输入主管密码', 'MANAGER PASSWORD', 'keys 2 4 6 8 1 0 ENTER'],
  ['退货-查原交易', 'REFUND-FIND', 'keys 1'],
  ['请输入原凭证号', 'ORIG VOUCHER NO', 'keys 4 ENTER'],
  ['68.00', '68.00', 'keys ENTER'],
  ['请插卡/刷卡/挥卡', 'INSERT/SWIPE/TAP', 'swipe swipe'],
  ['请输入退货金额', 'REFUND AMOUNT', 'keys 1 0 0 00 ENTER'],
  ['超可退金额', 'OVER REMAINDER', 'keys CANCEL'],
  '# reprint of the last slip',
  ['确认键:菜单', 'ENTER:MENU', 'keys F1'],
  '# settlement',
  ['确认键:菜单', 'ENTER:MENU', 'keys ENTER'],
  ['主菜单', 'MAIN', 'keys 7'],
  ['管理', 'MANAGE', 'keys 4'],
  ['是否批结算', 'SETTLE BATCH', 'keys ENTER'],
  ['内卡销售总计', 'CUP SALE TOTAL', 'keys ENTER'],
  ['内卡退货总计', 'CUP REFUND TOTAL', 'keys ENTER'],
  ['外卡销售总计', 'FRN SALE TOTAL', 'keys ENTER'],
  ['外卡退货总计', 'FRN REFUND TOTAL', 'keys ENTER'],
  ['是否打印明细', 'PRINT DETAIL', 'keys 1'],
  ['结算成功', 'SETTLED', 'keys ENTER'],
  ['未签到', 'NOT SIGNED ON', 'quit 0'],
];

/** The tour as a script of the virtual terminal. */
export function tourScript(lang: Lang): string {
  const lines: string[] = [];
  for (const beat of DAY) {
    if (typeof beat === 'string') lines.push('', beat);
    else lines.push(`expect "${lang === 'zh' ? beat[0] : beat[1]}" 60`, beat[2]);
  }
  return `${lines.join('\n')}\n`;
}

const WORDS = {
  zh: {
    sent: '发往收单',
    received: '收单应答',
    slip: '签购单',
    card: '卡片',
    books: '账目核对',
    agree: '账目一致',
    differ: '账目不一致',
    journal: '流水',
    ledger: '收单账',
    net: '净额',
    anchor: '账本锚',
  },
  en: {
    sent: 'to the acquirer',
    received: 'from the acquirer',
    slip: 'slip',
    card: 'card',
    books: 'The books',
    agree: 'The books agree',
    differ: 'THE BOOKS DIFFER',
    journal: 'journal',
    ledger: 'acquirer',
    net: 'net',
    anchor: 'journal anchor',
  },
} as const;

/** Tells a trace as a story: each step once, with what was typed in it; messages field by field; slips as printed. */
export class Storyteller {
  private readonly lang: Lang;
  private readonly print: (text: string) => void;
  private readonly fieldNames: Readonly<Record<string, { readonly zh: string; readonly en: string }>>;
  /** The step on the screen: it is told when it is over, as it looked last. */
  private step: { readonly name: string; lines: readonly string[]; readonly keys: string[] } | undefined;
  private shown = '';

  constructor(profile: Profile, lang: Lang, print: (text: string) => void) {
    this.lang = lang;
    this.print = print;
    this.fieldNames = Object.fromEntries(
      Object.entries(profile.dialect.fields).map(([field, source]) => [field, source.name]),
    );
  }

  tell(record: TraceRecord): void {
    switch (record.kind) {
      case 'key':
        this.step?.keys.push(record.key);
        return;
      case 'screen':
        if (this.step?.name === record.step) {
          this.step.lines = record.lines;
          return;
        }
        this.flush();
        this.step = { name: record.step, lines: record.lines, keys: [] };
        return;
      case 'card':
        this.flush();
        return this.print(`    · ${WORDS[this.lang].card}: ${record.event}`);
      case 'sent':
      case 'received':
        this.flush();
        return this.message(record.kind, record.mti, record.fields);
      case 'slip':
        this.flush();
        return this.slip(record.lines);
      case 'terminal':
        this.flush();
        return this.print(`    · ${record.detail} ${record.event}`);
    }
  }

  /** The last page: both books side by side. */
  books(verdict: Verdict, anchor: string): void {
    this.flush();
    const w = WORDS[this.lang];
    this.print(`\n=== ${w.books} ===`);
    const column = (text: string, width: number): string => text + ' '.repeat(Math.max(1, width - columnsOf(text)));
    this.print(`${column('', 26)}${column('', 12)}${column(w.journal, 12)}${w.ledger}`);
    for (const row of verdict.rows)
      this.print(
        `${column(`${kindWord(row.kind, this.lang)} ${row.batch}/${row.trace}`, 26)}${formatAmount(row.amountMinor).padStart(10)}  ${column(stateWord(row.journal, this.lang), 12)}${stateWord(row.ledger, this.lang)}`,
      );
    this.print(
      `${column(w.net, 26)}${formatAmount(verdict.journalNetMinor).padStart(10)}  ${column(formatAmount(verdict.journalNetMinor), 12)}${formatAmount(verdict.ledgerNetMinor)}`,
    );
    this.print(`${w.anchor} ${anchor}`);
    for (const difference of verdict.differences) this.print(`! ${difference}`);
    this.print(verdict.differences.length === 0 ? w.agree : w.differ);
  }

  private flush(): void {
    const step = this.step;
    if (!step) return;
    // A countdown that only counts is one screen.
    const still = step.lines.join('\n').replace(/\d+(?=[秒s])/g, '');
    if (still !== this.shown || step.keys.length > 0) {
      this.shown = still;
      this.print('    ┌────────────────┐');
      for (const line of step.lines) this.print(`    │${line}${' '.repeat(Math.max(0, 16 - columnsOf(line)))}│`);
      this.print('    └────────────────┘');
      if (step.keys.length > 0) this.print(`    ⌨ ${step.keys.join(' ')}`);
    }
    this.step = { ...step, keys: [] };
  }

  private message(direction: 'sent' | 'received', mti: string, fields: Readonly<Record<string, string>>): void {
    this.print(`\n  ${direction === 'sent' ? '>>>' : '<<<'} ${mti} ${WORDS[this.lang][direction]}`);
    for (const [field, value] of Object.entries(fields)) {
      const name = this.fieldNames[field]?.[this.lang] ?? '';
      this.print(`      ${field.padStart(2)} ${name}${' '.repeat(Math.max(1, 30 - columnsOf(name)))}${value}`);
    }
    this.print('');
  }

  private slip(lines: readonly string[]): void {
    this.print(`\n        ----- ${WORDS[this.lang].slip} -----`);
    for (const line of lines) this.print(`        | ${line}`);
    this.print('        ----------------\n');
  }
}
