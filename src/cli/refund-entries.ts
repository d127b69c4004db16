import { Option, type Command } from 'commander';
import { type Fault, fault } from '../fault.ts';
import { type Journal, KIND_RULES, type LifeState, type OriginalRef, type Txn } from '../journal/journal.ts';
import { mayEnter, viewState } from '../runtime/status.ts';
import { EXTERNAL_METHODS, type ExternalMethod } from '../terminal/refund-desk.ts';
import { AMOUNT_MINOR_MAX, digits, formatAmount } from '../units.ts';
import {
  common,
  enter,
  ENTRY_HELP,
  EXIT_NO_JOURNAL,
  type EntryOptions,
  type EntryRim,
  numberOf,
  refuse,
  SUPERVISOR,
  wrongText,
} from './entry.ts';
import { foundRefund, noRefund, tracking } from './refund-view.ts';

/** `pos8583 refund stop|arrived|external|freeze|free`: what the supervisor may enter while no runtime has the journal open. */

const STATES = [
  'arrived',
  'cleared',
  'abnormal',
  'redirected',
  'closed',
  'manual',
] as const satisfies readonly LifeState[];

interface StopOptions extends EntryOptions {
  readonly reason: string;
}
interface ArrivedOptions extends EntryOptions {
  readonly state: (typeof STATES)[number];
  readonly reference?: string;
}
interface ExternalOptions extends EntryOptions {
  readonly voucher?: string;
  readonly batch?: string;
  readonly reference?: string;
  readonly date?: string;
  readonly amount: string;
  readonly method: ExternalMethod;
  readonly proof: string;
  readonly reason: string;
}

const WORDS = {
  en: {
    stopped: 'stopped; nothing was sent',
    state: 'state entered',
    external: 'recorded; it counts against what can still be refunded',
    frozen: 'refunds are switched off; sales and voids go on',
    free: 'refunds are allowed again',
    left: 'left',
  },
  zh: {
    stopped: '已止付, 款项未发出',
    state: '状态已登记',
    external: '外部退款已登记, 已计入可退余额',
    frozen: '退货已暂停, 消费和撤销可继续',
    free: '退货已恢复',
    left: '可退',
  },
} as const;

export function registerEntries(refund: Command, rim: EntryRim): void {
  const entry = (name: string, description: string): Command =>
    common(refund.command(name).description(description)).addHelpText('after', ENTRY_HELP);

  entry('stop', 'stops a held refund: it is never sent')
    .argument('<id>', 'tracking number, 14 or RF000014')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, options: StopOptions) => stop(rim, id, options));

  entry('arrived', 'enters where an accepted refund is: the money arrived, or else')
    .argument('<id>', 'number of the refund, 14 or RF000014')
    .addOption(new Option('--state <state>', 'where it is').choices(STATES).default('arrived'))
    .option('--reference <no>', 'number of the proof, up to 12 characters')
    .action((id: string, options: ArrivedOptions) => arrived(rim, id, options));

  entry('external', 'records money that was given back by another way; nothing is sent')
    .option('--voucher <no>', 'voucher of the sale')
    .option('--batch <no>', 'batch of the sale, when it is not the newest one with this voucher')
    .option('--reference <no>', 'reference of a sale that this journal does not hold, 12 characters')
    .option('--date <mmdd>', 'its date')
    .requiredOption('--amount <amount>', 'e.g. 40.00')
    .addOption(new Option('--method <method>', 'how it was given back').choices(EXTERNAL_METHODS).makeOptionMandatory())
    .requiredOption('--proof <no>', 'number of the transfer or receipt, up to 40 characters')
    .requiredOption('--reason <text>', 'why not to the card')
    .action((options: ExternalOptions) => external(rim, options));

  entry('freeze', 'switches refunds off on this terminal; sales and voids go on')
    .requiredOption('--reason <text>', 'why')
    .action((options: StopOptions) => {
      const wrong = wrongText('reason', options.reason);
      if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
      enter(
        rim,
        options,
        journal => (journal.refundsFrozen() ? already('refunds are switched off already') : undefined),
        (journal, nowMs) => {
          journal.freezeRefunds(nowMs, { by: SUPERVISOR, note: options.reason });
          say(rim, options, WORDS[options.lang].frozen, journal.refundsFrozen());
        },
        'sign on as 00, then 0',
      );
    });

  entry('free', 'switches refunds on again').action((options: EntryOptions) =>
    enter(
      rim,
      options,
      journal => (journal.refundsFrozen() ? undefined : already('refunds are not switched off')),
      (journal, nowMs) => {
        journal.freeRefunds(nowMs, { by: SUPERVISOR });
        say(rim, options, WORDS[options.lang].free, {});
      },
      'sign on as 00, then 0',
    ),
  );
}

const already = (cause: string): Fault => fault('E_ILLEGAL', 'nothing-to-do', cause, 'Nothing to do');

function say(rim: EntryRim, options: EntryOptions, text: string, value: unknown): void {
  rim.print(options.json ? JSON.stringify(value, null, 2) : text);
}

function stop(rim: EntryRim, idText: string, options: StopOptions): void {
  const wrong = wrongText('reason', options.reason);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = numberOf('RF', idText);
  enter(
    rim,
    options,
    journal => {
      const hold = id === undefined ? undefined : journal.held(id);
      if (!hold) return noRefund(idText);
      return hold.state === 'held'
        ? undefined
        : fault(
            'E_ILLEGAL',
            'refund-not-held',
            `refund ${idText.slice(0, 14)} is ${hold.state}`,
            hold.state === 'sent' ? 'It was sent: open a case for a wrong refund' : 'Nothing to do',
          );
    },
    (journal, nowMs) => {
      const stopped = journal.stopRefund(nowMs, id as number, { by: SUPERVISOR, note: options.reason });
      if (!stopped.ok) return refuse(rim, stopped.fault);
      say(
        rim,
        options,
        `RF${digits(stopped.value.id, 6)} ${formatAmount(stopped.value.amountMinor, true)}: ${WORDS[options.lang].stopped}`,
        stopped.value,
      );
    },
    'sign on as 00, then 5',
  );
}

function arrived(rim: EntryRim, idText: string, options: ArrivedOptions): void {
  if (options.reference !== undefined && !/^[0-9A-Za-z]{1,12}$/.test(options.reference))
    return refuse(
      rim,
      fault('E_ILLEGAL', 'reference', '--reference is no number of a proof', 'Give 1 to 12 letters and digits'),
      EXIT_NO_JOURNAL,
    );
  enter(
    rim,
    options,
    journal => {
      const txn = foundRefund(journal, idText);
      if (!txn) return noRefund(idText);
      const state = viewState(journal, txn);
      return mayEnter(state, options.state)
        ? undefined
        : fault(
            'E_ILLEGAL',
            'refund-state',
            `refund ${txn.id} is ${state}, ${options.state} cannot follow on that`,
            '`pos8583 refund status` shows where it is',
          );
    },
    (journal, nowMs) => {
      const txn = foundRefund(journal, idText) as Txn;
      const life = journal.appendLife(nowMs, {
        id: txn.id,
        state: options.state,
        source: 'supervisor',
        by: SUPERVISOR,
        ...(options.reference === undefined ? {} : { reference: options.reference }),
      });
      if (!life.ok) return refuse(rim, life.fault);
      say(rim, options, `${tracking(txn)} ${options.state}: ${WORDS[options.lang].state}`, life.value);
    },
    'F2, find the refund, then 1',
  );
}

/** `40.00` in minor units. */
function minorOf(text: string): number | undefined {
  const match = /^(\d{1,10})(?:\.(\d{2}))?$/.exec(text);
  const minor = match ? Number(match[1]) * 100 + Number(match[2] ?? 0) : 0;
  return minor > 0 && minor <= AMOUNT_MINOR_MAX ? minor : undefined;
}

function external(rim: EntryRim, options: ExternalOptions): void {
  const amountMinor = minorOf(options.amount);
  const wrong = wrongExternal(options, amountMinor);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  enter(
    rim,
    options,
    journal => {
      const sale = saleOf(journal, options);
      return 'cause' in sale ? sale : undefined;
    },
    (journal, nowMs) => {
      const original = saleOf(journal, options) as OriginalRef;
      const written = journal.recordExternal(nowMs, {
        original,
        amountMinor: amountMinor as number,
        method: options.method,
        proof: options.proof,
        operator: SUPERVISOR,
        by: SUPERVISOR,
        note: options.reason,
      });
      if (!written.ok) return refuse(rim, written.fault);
      const left = original.txnId === undefined ? undefined : journal.refundable(original.txnId);
      const words = WORDS[options.lang];
      say(
        rim,
        options,
        `${formatAmount(written.value.amountMinor, true)}: ${words.external}${left === undefined ? '' : ` (${words.left} ${formatAmount(left, true)})`}`,
        written.value,
      );
    },
    'menu 3, then 3',
  );
}

function wrongExternal(options: ExternalOptions, amountMinor: number | undefined): Fault | undefined {
  const note = wrongText('reason', options.reason);
  if (note) return note;
  if (amountMinor === undefined)
    return fault('E_ILLEGAL', 'amount', `--amount ${options.amount.slice(0, 20)} is no amount`, 'Write it like 40.00');
  if (!/^[ -~]{1,40}$/.test(options.proof))
    return fault('E_ILLEGAL', 'proof', '--proof is no number of a proof', 'Give 1 to 40 letters, digits and signs');
  if ((options.voucher === undefined) === (options.reference === undefined))
    return fault(
      'E_ILLEGAL',
      'original',
      'the sale is named by --voucher, or by --reference and --date',
      'Give one of the two',
    );
  if (options.voucher !== undefined && !/^\d{1,6}$/.test(options.voucher))
    return fault('E_ILLEGAL', 'voucher', '--voucher is no voucher number', 'Give 1 to 6 digits');
  if (
    options.reference !== undefined &&
    !(/^[0-9A-Za-z]{12}$/.test(options.reference) && /^\d{4}$/.test(options.date ?? ''))
  )
    return fault(
      'E_ILLEGAL',
      'reference',
      'a sale of another terminal is named by its reference (12 characters) and its date (MMDD)',
      'Give both as they stand on its slip',
    );
  return undefined;
}

function saleOf(journal: Journal, options: ExternalOptions): OriginalRef | Fault {
  const { voucher, batch, reference, date } = options;
  const known =
    voucher === undefined
      ? journal.byReference(reference ?? '', date).find(isSale)
      : batch === undefined
        ? journal.byVoucherEver(Number(voucher)).find(isSale)
        : journal.byVoucher(Number(voucher), Number(batch));
  if (known && isSale(known) && known.state === 'approved')
    return {
      txnId: known.id,
      batch: known.batch,
      trace: known.trace,
      ...(known.answer?.reference === undefined ? {} : { reference: known.answer.reference }),
      ...(known.answer?.hostDate === undefined ? {} : { dateMmdd: known.answer.hostDate }),
    };
  if (known)
    return fault(
      'E_ILLEGAL',
      'sale-state',
      `voucher ${digits(known.trace, 6)} is ${known.state}`,
      'Money can only be given back of an approved sale',
    );
  return voucher === undefined
    ? { reference: reference ?? '', dateMmdd: date ?? '' }
    : fault('E_NOEXIST', 'no-sale', `the journal holds no sale with voucher ${voucher}`, 'Compare it with the slip');
}

const isSale = (txn: Txn): boolean => KIND_RULES[txn.kind].act === 'sale';
