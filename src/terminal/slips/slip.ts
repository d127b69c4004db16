import { unreachable } from '../../assert.ts';
import type { SlipData, SlipOptions } from './data.ts';
import { caseLines, statusLines } from './desk.ts';
import { flashLines } from './flash.ts';
import { faultLines, heldLines, trackingLines, unknownLines } from './notices.ts';
import { purchaseLines } from './purchase.ts';
import { batchLeftLines, dayLines, detailLines, settlementLines, totalsLines } from './reports.ts';

export type * from './data.ts';
export { withReprintMark } from './purchase.ts';

/**
 * The lines of a slip, each at most `columns` half-width columns. What does not fit goes on in the next line; amounts
 * and numbers are never cut.
 */
export function slipLines(slip: SlipData, options: SlipOptions): string[] {
  switch (slip.kind) {
    case 'sale':
    case 'void':
    case 'refund':
      return purchaseLines(slip, options);
    case 'settlement':
      return settlementLines(slip, options);
    case 'detail':
      return detailLines(slip, options);
    case 'totals':
      return totalsLines(slip, options);
    case 'day':
      return dayLines(slip, options);
    case 'batchLeft':
      return batchLeftLines(slip, options);
    case 'flash':
      return flashLines(slip, options);
    case 'fault':
      return faultLines(slip, options);
    case 'tracking':
      return trackingLines(slip, options);
    case 'held':
      return heldLines(slip, options);
    case 'unknown':
      return unknownLines(slip, options);
    case 'status':
      return statusLines(slip, options);
    case 'case':
      return caseLines(slip, options);
    default:
      return unreachable(slip);
  }
}
