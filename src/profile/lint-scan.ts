import type { Acquirer, Profile } from './schema.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;
type Scan = NonNullable<Acquirer['scanPayment']>;

const AT = '/acquirer/scanPayment';

/** Scan payment: rows of the code table that are missing, numbers that could be of two wallets, pieces that say nothing. */
export function lintScanPayment(profile: Profile, report: Report): void {
  const { scanPayment } = profile.acquirer;
  if (!scanPayment) return;
  const needed = ['qrSale', 'qrSaleReversal', 'qrVoid', 'qrRefund', ...(scanPayment.inquiry ? ['qrInquiry'] : [])];
  for (const id of needed)
    if (!Object.hasOwn(profile.transactions, id))
      report(
        '/transactions',
        'transaction-missing',
        `has no "${id}", which scan payment needs`,
        'Extend base/unionpay-transactions or add the transaction',
      );
  lintNumbers('codes', scanPayment.codes, report);
  lintNumbers('orders', scanPayment.orders, report);
  for (const [index, order] of scanPayment.orders.entries())
    if (order.dateAt + 4 > order.lengthMin)
      report(
        `${AT}/orders/${index}/dateAt`,
        'scan-contradiction',
        `is ${order.dateAt}: four digits of a day do not fit into ${order.lengthMin}`,
        'Count the first digit as 0',
      );
  lintPieces(scanPayment, report);
  if (scanPayment.confirmSeconds < scanPayment.inquirySeconds)
    report(
      `${AT}/confirmSeconds`,
      'scan-contradiction',
      `is below inquirySeconds (${scanPayment.inquirySeconds}): nobody would be asked in time`,
      'Give the customer longer',
    );
}

type Numbers = Pick<Scan['codes'][number], 'wallet' | 'prefixes' | 'lengthMin' | 'lengthMax'>;

function lintNumbers(member: 'codes' | 'orders', rules: readonly Numbers[], report: Report): void {
  for (const [index, rule] of rules.entries()) {
    if (rule.lengthMin > rule.lengthMax)
      report(
        `${AT}/${member}/${index}/lengthMin`,
        'scan-contradiction',
        `is above lengthMax (${rule.lengthMax})`,
        'Write the shorter length first',
      );
    const other = rules.slice(0, index).find(earlier => earlier.wallet !== rule.wallet && overlap(earlier, rule));
    if (other)
      report(
        `${AT}/${member}/${index}/prefixes`,
        'scan-contradiction',
        `a number can be of ${other.wallet} and of ${rule.wallet}`,
        'Tell them apart by more digits or by their lengths',
      );
  }
}

function overlap(a: Numbers, b: Numbers): boolean {
  if (a.lengthMax < b.lengthMin || b.lengthMax < a.lengthMin) return false;
  return a.prefixes.some(one => b.prefixes.some(other => one.startsWith(other) || other.startsWith(one)));
}

function lintPieces({ pieces }: Scan, report: Report): void {
  for (const [message, list] of Object.entries(pieces))
    for (const [index, piece] of list.entries())
      if ((piece.value === 'text') !== (piece.text !== undefined))
        report(
          `${AT}/pieces/${message}/${index}`,
          'scan-contradiction',
          piece.value === 'text' ? 'says "text" and has none' : `has a text, but its value is ${piece.value}`,
          'The member "text" belongs to the value "text"',
        );
}
