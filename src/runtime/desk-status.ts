import type { DeskStatus } from '../terminal/types.ts';
import { heldDue } from './reversal.ts';
import type { Shop } from './shop.ts';

/** Looks at the desk for the flows, and tells the same status again while nothing of it has changed. */
export class DeskWatch {
  private told: DeskStatus | undefined;
  private headSeq = -1;

  look(shop: Shop): DeskStatus {
    const { told } = this;
    const { headSeq } = shop.journal;
    // All that the journal says of the desk changes with a record.
    if (told && headSeq === this.headSeq && isAsTold(shop, told)) return told;
    this.headSeq = headSeq;
    return (this.told = deskStatus(shop));
  }
}

const hasScanner = (shop: Shop): boolean => shop.terminal.info?.panel?.features.scanner === true;

/** What is odd about the terminal is nothing that training knows of. */
const equipmentOf = (shop: Shop): DeskStatus['equipment'] => (shop.training ? undefined : shop.equipment.view);

/** Nothing has changed of what is no record. Only time makes a case overdue. */
function isAsTold(shop: Shop, told: DeskStatus): boolean {
  return (
    told.operator === shop.operator &&
    told.chipIn === shop.chipIn &&
    told.equipment === equipmentOf(shop) &&
    told.scanner === hasScanner(shop) &&
    (told.caseDueMs === undefined || told.caseDueMs >= shop.hal.clock.nowMs())
  );
}

function deskStatus(shop: Shop): DeskStatus {
  const { journal } = shop;
  const counts = journal.counts();
  const frozen = journal.refundsFrozen();
  const cases = counts.openCases === 0 ? undefined : openCases(shop);
  return {
    operator: shop.operator,
    signedOn: journal.session()?.signedOn === true,
    batch: journal.batch(),
    batchCount: counts.batch,
    journalFull: counts.batch >= shop.profile.policy.maxTransactions,
    reversalsOwed: counts.owed + counts.held,
    reversalsDue: counts.held === 0 ? counts.owed : counts.owed + heldDue(shop).length,
    blocked: counts.held > 0 && journal.mayTrade()?.name === 'reversal-held',
    unknownRefunds: counts.unknownRefunds,
    openCases: counts.openCases,
    overdueCases: cases?.overdue ?? 0,
    caseDueMs: cases?.nextMs,
    heldRefunds: counts.heldRefunds,
    frozen: frozen && { by: frozen.by, at: shop.hal.clock.local(frozen.atMs) },
    settlementOpen: journal.openSettlement() !== undefined,
    lockedBy: journal.lockedBy(),
    chipIn: shop.chipIn,
    equipment: equipmentOf(shop),
    scanner: hasScanner(shop),
    version: shop.version,
    anchor: journal.anchor(),
  };
}

/** Open cases whose time is over, and when the next one's is. */
function openCases(shop: Shop): { readonly overdue: number; readonly nextMs: number | undefined } {
  const nowMs = shop.hal.clock.nowMs();
  const due = shop.journal.cases('open').map(one => one.dueMs);
  const later = due.filter(ms => ms >= nowMs);
  return { overdue: due.length - later.length, nextMs: later.length === 0 ? undefined : Math.min(...later) };
}
