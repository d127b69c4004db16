import { fault, type Fault } from '../../fault.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Profile } from '../../profile/schema.ts';

/**
 * Why a terminal of these books may not be flashed: what is open was begun under the rules of the profile that runs, and is
 * ended under them. The first that stands in the way, the gravest first; undefined when nothing does.
 */
export function openBusiness(journal: Journal): Fault | undefined {
  const { batch, owed, held, unknownRefunds, heldRefunds } = journal.counts();
  const no = (name: string, cause: string, remedy: string): Fault => fault('E_ILLEGAL', name, cause, remedy);
  const n = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
  // A counter that ended in the middle of a transaction has not looked at it yet: its start makes a reversal of it.
  if (journal.list({ state: 'open', limit: 1 }).length > 0)
    return no(
      'transaction-open',
      'a transaction was cut off and has no outcome yet',
      'Start the terminal: it settles it',
    );
  if (owed > 0)
    return no('reversal-owed', `the journal owes ${n(owed, 'reversal')}`, 'Start the terminal and let it send them');
  if (held > 0)
    return no(
      'reversal-held',
      `the journal holds ${n(held, 'reversal')} that nobody has settled`,
      'Call the acquirer, then pos8583 reversal resolve',
    );
  if (unknownRefunds > 0)
    return no(
      'refund-unknown',
      `the journal holds ${n(unknownRefunds, 'refund')} with unknown outcome`,
      'Call the acquirer, then pos8583 refund resolve',
    );
  if (heldRefunds > 0)
    return no(
      'refund-held',
      `the journal holds ${n(heldRefunds, 'refund')} that waits to go out`,
      'Let it go out or stop it: pos8583 refund stop',
    );
  if (journal.openSettlement())
    return no('settlement-open', 'a settlement is under way', 'Start the terminal and let it finish');
  if (batch > 0)
    return no('batch-open', `the batch is open with ${n(batch, 'transaction')}`, 'Settle at the terminal (menu 7, 2)');
  return undefined;
}

/** Is the image for the shop of these books? Fault `other-shop` when the last sign-on was under other numbers. */
export function anotherShop(journal: Journal, profile: Profile): Fault | undefined {
  const session = journal.session();
  const { merchantNo, terminalNo } = profile.merchant;
  if (!session || (session.mid === merchantNo && session.tid === terminalNo)) return undefined;
  return fault(
    'E_ILLEGAL',
    'other-shop',
    `the image is for merchant ${merchantNo}, terminal ${terminalNo}; this journal is of ${session.mid}, ${session.tid}`,
    'Take the image of this shop, or the journal of the other one',
  );
}
