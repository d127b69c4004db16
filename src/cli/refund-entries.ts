import { Option, type Command } from 'commander';
import { type Fault, fault } from '../fault.ts';
import { noRefund } from '../runtime/enter.ts';
import { DATE, type External, PROOF, REFERENCE, SHORT_REFERENCE } from '../runtime/entries.ts';
import { LIFE_ENTRIES } from '../runtime/status.ts';
import { EXTERNAL_METHODS, type ExternalMethod } from '../terminal/refund-desk.ts';
import { digits, formatAmount } from '../units.ts';
import {
  enter,
  EXIT_NO_JOURNAL,
  type EntryRim,
  minorOf,
  numberOf,
  refuse,
  type WriteOptions,
  writing,
  wrongText,
} from './entry.ts';

/** `pos8583 refund stop|arrived|external`: what the supervisor may enter without the keypad. */

interface StopOptions extends WriteOptions {
  readonly reason: string;
}
interface ArrivedOptions extends WriteOptions {
  readonly state: (typeof LIFE_ENTRIES)[number];
  readonly reference?: string;
}
interface ExternalOptions extends WriteOptions {
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
    left: 'left',
  },
  zh: {
    stopped: '已止付, 款项未发出',
    state: '状态已登记',
    external: '外部退款已登记, 已计入可退余额',
    left: '可退',
  },
} as const;

export function registerEntries(refund: Command, rim: EntryRim): void {
  const entry = (name: string, description: string): Command => writing(refund.command(name).description(description));

  entry('stop', 'stops a held refund: it is never sent')
    .argument('<id>', 'tracking number, 14 or RF000014')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, options: StopOptions) => stop(rim, id, options));

  entry('arrived', 'enters where an accepted refund is: the money arrived, or else')
    .argument('<id>', 'number of the refund, 14 or RF000014')
    .addOption(new Option('--state <state>', 'where it is').choices(LIFE_ENTRIES).default('arrived'))
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
}

function stop(rim: EntryRim, idText: string, options: StopOptions): void {
  const wrong = wrongText('reason', options.reason);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = numberOf('RF', idText);
  if (id === undefined) return refuse(rim, noRefund(idText));
  enter<{ id: number; amountMinor: number }>(rim, options, {
    entry: { what: 'refund-stop', id, note: options.reason },
    text: hold => `RF${digits(hold.id, 6)} ${formatAmount(hold.amountMinor, true)}: ${WORDS[options.lang].stopped}`,
    keys: 'sign on as 00, then 5',
  });
}

function arrived(rim: EntryRim, idText: string, options: ArrivedOptions): void {
  const { state, reference } = options;
  if (reference !== undefined && !SHORT_REFERENCE.test(reference))
    return refuse(
      rim,
      fault('E_ILLEGAL', 'reference', '--reference is no number of a proof', 'Give 1 to 12 letters and digits'),
      EXIT_NO_JOURNAL,
    );
  const id = numberOf('RF', idText);
  if (id === undefined) return refuse(rim, noRefund(idText));
  enter<{ tracking: string }>(rim, options, {
    entry: { what: 'refund-life', id, state, ...(reference === undefined ? {} : { reference }) },
    text: ({ tracking }) => `${tracking} ${state}: ${WORDS[options.lang].state}`,
    keys: 'F2, find the refund, then 1',
  });
}

function external(rim: EntryRim, options: ExternalOptions): void {
  const entry = externalOf(options);
  if ('cause' in entry) return refuse(rim, entry, EXIT_NO_JOURNAL);
  const words = WORDS[options.lang];
  enter<{ amountMinor: number; leftMinor?: number }>(rim, options, {
    entry,
    text: ({ amountMinor, leftMinor }) =>
      `${formatAmount(amountMinor, true)}: ${words.external}${leftMinor === undefined ? '' : ` (${words.left} ${formatAmount(leftMinor, true)})`}`,
    keys: 'menu 3, then 3',
  });
}

/** The entry that the flags make, or what is wrong with them. */
function externalOf(options: ExternalOptions): External | Fault {
  const { voucher, batch, reference, date, method, proof, reason } = options;
  const amountMinor = minorOf(options.amount);
  const note = wrongText('reason', reason);
  if (note) return note;
  if (amountMinor === undefined)
    return fault('E_ILLEGAL', 'amount', `--amount ${options.amount.slice(0, 10)} is no amount`, 'Write it like 40.00');
  if (!PROOF.test(proof))
    return fault('E_ILLEGAL', 'proof', '--proof is no number of a proof', 'Give 1 to 40 letters, digits and signs');
  const wrong = wrongSale(options);
  if (wrong) return wrong;
  return {
    what: 'refund-external',
    ...(voucher === undefined
      ? { reference: reference ?? '', date: date ?? '' }
      : { voucher: Number(voucher), ...(batch === undefined ? {} : { batch: Number(batch) }) }),
    amountMinor,
    method,
    proof,
    note: reason,
  };
}

function wrongSale({ voucher, batch, reference, date }: ExternalOptions): Fault | undefined {
  if ((voucher === undefined) === (reference === undefined))
    return fault(
      'E_ILLEGAL',
      'original',
      'the sale is named by --voucher, or by --reference and --date',
      'Give one of the two',
    );
  for (const [flag, number] of [
    ['voucher', voucher],
    ['batch', batch],
  ] as const)
    if (number !== undefined && !(/^\d{1,6}$/.test(number) && Number(number) > 0))
      return fault('E_ILLEGAL', flag, `--${flag} is no ${flag} number`, 'Give 1 to 6 digits');
  if (reference !== undefined && !(REFERENCE.test(reference) && DATE.test(date ?? '')))
    return fault(
      'E_ILLEGAL',
      'reference',
      'a sale of another terminal is named by its reference (12 characters) and its date (MMDD)',
      'Give both as they stand on its slip',
    );
  return undefined;
}
