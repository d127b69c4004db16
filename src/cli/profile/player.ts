import { AMOUNT_MINOR_MAX, formatAmount } from '../../units.ts';
import type { Profile } from '../../profile/schema.ts';
import type { TraceRecord } from '../../trace/record.ts';

/** What a simulation does, in this order. `sale` is paid by chip and voided; `secondSale` is swiped and refunded in part. */
export const TASKS = ['signOn', 'sale', 'void', 'secondSale', 'refund', 'settle'] as const;
export type TaskName = (typeof TASKS)[number];

/** One message of the acquirer line, card data masked. */
export interface Message {
  readonly direction: 'sent' | 'received';
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface TaskReport {
  readonly task: TaskName;
  readonly amountMinor?: number;
  readonly ok: boolean;
  /** Why not, in words. */
  readonly why?: string;
  /** Every screen once, its step and lines. */
  readonly screens: readonly { readonly step: string; readonly lines: readonly string[] }[];
  readonly messages: readonly Message[];
  readonly slips: readonly (readonly string[])[];
}

const OPERATOR = '0 1';
/** First password of operator 01 and of the manager, and what they choose instead. */
const OPERATOR_FIRST = '0 0 0 0';
const OPERATOR_OWN = '2 5 8 0';
const MANAGER_FIRST = '1 2 3 4 5 6';
const MANAGER_OWN = '2 4 6 8 1 0';
const SALE_MINOR = 10_000;
const SECOND_SALE_MINOR = 12_800;
const REFUND_MINOR = 6_000;
/** A step that comes more often is a circle. */
const SAME_STEP_MAX = 5;
const SALE_PROCESSING = '000000';

/** Steps that end a task badly, and what to say of them. Anything else that stands still is told by its screen. */
const BAD: readonly (readonly [RegExp, string])[] = [
  [/^approverNumber$/, 'the rules ask for a second person, and this simulation has none'],
  [/^(refundUnknown|voidUnknown|unknownRefundShow)$/, 'no valid answer came: the outcome is not known'],
  [/^settle(Held|Unknown|Interrupted|Again)$/, 'the settlement was refused'],
  [/^heldList/, 'the refund is held'],
  [
    /(Refused|WrongPin|Frozen|TooOld)$|^(refusal|declined|cardBlocked|reversed|reversalFailed|notOpen)$/,
    'it was refused',
  ],
];

/** The amounts of the tasks, within what the policy allows. */
function amountsOf({ policy }: Profile): Readonly<Partial<Record<TaskName, number>>> {
  const most = Math.min(policy.saleMaxMinor, AMOUNT_MINOR_MAX);
  const secondSale = Math.min(SECOND_SALE_MINOR, most);
  return {
    sale: Math.min(SALE_MINOR, most),
    void: Math.min(SALE_MINOR, most),
    secondSale,
    refund: Math.min(REFUND_MINOR, secondSale, policy.refundMaxMinor),
  };
}

/**
 * The person at the counter: sees the steps of the flows one after the other and says what to do in each, as a line of the
 * terminal's script with the keys of the flows. It follows what the profile's rules ask for instead of a fixed text.
 */
export class Player {
  readonly reports: TaskReport[] = [];
  private readonly amounts: Readonly<Partial<Record<TaskName, number>>>;
  private readonly profile: Profile;
  private at = 0;
  private step = '';
  private began = false;
  private why: string | undefined;
  private screens: { step: string; lines: readonly string[] }[] = [];
  private messages: Message[] = [];
  private slips: (readonly string[])[] = [];
  private managerKnown = false;
  private chipIn = false;
  /** How often each step was entered in this task. */
  private readonly entered = new Map<string, number>();
  /** Trace numbers, which are the voucher numbers, of the two sales. */
  private readonly vouchers: Partial<Record<TaskName, string>> = {};

  constructor(profile: Profile) {
    this.profile = profile;
    this.amounts = amountsOf(profile);
  }

  get over(): boolean {
    return this.at === TASKS.length;
  }

  get task(): TaskName {
    return TASKS[Math.min(this.at, TASKS.length - 1)];
  }

  /** The screen that stands there, for what went wrong. */
  get shown(): string {
    const last = this.screens.at(-1);
    return last ? `${last.step}: ${last.lines.join(' | ')}` : 'nothing';
  }

  /** Takes what crossed the rim. Returns what the person does now, or undefined: nothing yet. */
  tell(record: TraceRecord): string | undefined {
    switch (record.kind) {
      case 'screen':
        return this.screen(record.step, record.lines);
      case 'sent':
      case 'received':
        this.messages.push({ direction: record.kind, mti: record.mti, fields: record.fields });
        if (record.kind === 'sent' && record.mti === '0200' && record.fields['3'] === SALE_PROCESSING)
          this.vouchers[this.task] = record.fields['11'];
        return undefined;
      case 'slip':
        this.slips.push(record.lines);
        return undefined;
      case 'card':
        this.chipIn = record.event === 'chipInserted' || (record.event !== 'chipRemoved' && this.chipIn);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Ends the present task and those that would follow. */
  stop(why: string): void {
    this.why ??= why;
    if (!this.over) this.finish();
    for (; !this.over; this.at++)
      this.reports.push({ task: this.task, ok: false, why: 'not tried', screens: [], messages: [], slips: [] });
  }

  private screen(step: string, lines: readonly string[]): string | undefined {
    const entered = step !== this.step;
    this.step = step;
    const last = this.screens.at(-1);
    if (last?.step === step) last.lines = lines;
    else if (step !== 'idle') this.screens.push({ step, lines });
    if (!entered) return undefined;
    const times = (this.entered.get(step) ?? 0) + 1;
    this.entered.set(step, times);
    if (times > SAME_STEP_MAX && step !== 'idle') {
      this.stop(`${step} came ${times} times: ${lines.join(' | ')}`);
      return undefined;
    }
    for (const [steps, why] of BAD) if (steps.test(step)) this.why ??= `${why}: ${lines.join(' | ')}`;
    if (step === 'idle') return this.idle();
    if (this.why !== undefined) return this.chipIn && /Card$/.test(step) ? 'remove' : 'keys CANCEL';
    return this.act(step);
  }

  private idle(): string | undefined {
    // Sign-on ends on its own screen, the others at idle.
    if (this.began) this.finish();
    if (this.over) return undefined;
    this.began = true;
    return 'keys ENTER';
  }

  private finish(): void {
    const { task, screens, messages, slips } = this;
    const why =
      this.why ?? this.wrongAmount() ?? (this.succeeded() ? undefined : `it ended without success at ${this.shown}`);
    const amountMinor = this.amounts[task];
    this.reports.push({
      task,
      ...(amountMinor === undefined ? {} : { amountMinor }),
      ok: why === undefined,
      ...(why === undefined ? {} : { why }),
      screens,
      messages,
      slips,
    });
    this.at++;
    this.began = false;
    this.why = undefined;
    this.entered.clear();
    this.screens = [];
    this.messages = [];
    this.slips = [];
  }

  /** The acquirer approved, or the screen of success was there. */
  private succeeded(): boolean {
    if (this.task === 'signOn' || this.task === 'settle')
      return this.entered.has(this.task === 'settle' ? 'settled' : 'signedOn');
    const { responses } = this.profile;
    return this.messages.some(({ direction, fields }) => {
      const code = fields['39'];
      return direction === 'received' && code !== undefined && responses[code]?.kind === 'approved';
    });
  }

  /** The amount on the line is the one that was typed. */
  private wrongAmount(): string | undefined {
    const wanted = this.amounts[this.task];
    const sent = this.messages.find(({ direction }) => direction === 'sent')?.fields['4'];
    if (wanted === undefined || sent === undefined || Number(sent) === wanted) return undefined;
    return `${formatAmount(Number(sent))} was sent, ${formatAmount(wanted)} was typed`;
  }

  private act(step: string): string | undefined {
    const { task } = this;
    const swiped = task === 'secondSale' || task === 'refund';
    switch (step) {
      case 'logonOperator':
        return `keys ${OPERATOR} ENTER`;
      case 'logonPassword':
        return `keys ${OPERATOR_FIRST} ENTER`;
      case 'newPassword':
      case 'newPasswordAgain':
        return `keys ${OPERATOR_OWN} ENTER`;
      case 'menu':
        return `keys ${{ signOn: 1, sale: 1, void: 2, secondSale: 1, refund: 3, settle: 7 }[task]}`;
      case 'menuVoid':
      case 'menuRefund':
      case 'refundFind':
        return 'keys 1';
      case 'menuManage':
        return 'keys 4';
      case 'saleAmount':
      case 'refundAmount':
        return `keys ${this.amountKeys(task)} ENTER`;
      case 'saleCard':
      case 'voidCard':
      case 'refundCard':
        return swiped ? 'swipe swipe' : 'insert chip';
      case 'salePin':
        return 'pin 123456';
      case 'voidPin':
        return this.profile.policy.voidNeedsPin ? 'pin 123456' : undefined;
      case 'refundPin':
        return this.profile.policy.refundNeedsPin ? 'pin 123456' : undefined;
      case 'voidVoucher':
      case 'refundVoucher':
        return `keys ${[...String(Number(this.vouchers[task === 'void' ? 'sale' : 'secondSale']))].join(' ')} ENTER`;
      case 'voidReason':
      case 'refundReason':
        return 'keys 1';
      case 'voidAdvice':
        return 'keys CANCEL';
      case 'approverAmount':
        return `keys ${this.amountKeys(task)} ENTER`;
      case 'settleDetail':
        return 'keys 0';
      case 'slipDone':
      case 'takeCard':
      case 'takeCardBeep':
        return this.chipIn ? 'remove' : 'keys ENTER';
      default:
        return this.pattern(step);
    }
  }

  /** The digits of an amount; two zeros at the end by the key 00, where there is one. */
  private amountKeys(task: TaskName): string {
    const { keys, keymap } = this.profile.terminal;
    const digits = String(this.amounts[task] ?? 0);
    const short = digits.endsWith('00') && keys.some(key => (keymap[key] ?? key) === '00');
    return short ? [...digits.slice(0, -2), '00'].join(' ') : [...digits].join(' ');
  }

  private pattern(step: string): string | undefined {
    if (/^(void|refund)Password$/.test(step)) return `keys ${this.managerKnown ? MANAGER_OWN : MANAGER_FIRST} ENTER`;
    if (/^(void|refund)Password(New|Again)$/.test(step)) {
      this.managerKnown = true;
      return `keys ${MANAGER_OWN} ENTER`;
    }
    if (/^(signedOn|settled|slipTear|settleAsk|settleTotals\d|heldShow)$/.test(step)) return 'keys ENTER';
    if (/^(void|refund)(Original2?|Confirm|Warn)$|^saleConfirm$/.test(step)) return 'keys ENTER';
    return undefined;
  }
}

/** A task in one line: `sale 100.00: 0200 0210/00`. */
export function taskLine({ task, amountMinor, messages }: TaskReport): string {
  const amount = amountMinor === undefined ? '' : ` ${formatAmount(amountMinor)}`;
  const traffic = messages.map(({ direction, mti, fields }) =>
    direction === 'sent' ? mti : `${mti}${fields['39'] === undefined ? '' : `/${fields['39']}`}`,
  );
  return `${task}${amount}: ${traffic.join(' ') || 'nothing was sent'}`;
}
