import { formatAmount } from '../../units.ts';
import type { PanelProfile } from '../profile.ts';
import { type Context, type Steps, busy, doneOf, entryStep, goWhen, jobStep, outcome, show } from '../step.ts';
import { commonEnds, noticeOf, typedAmount } from './common.ts';
import { validMmdd } from './original.ts';

const LAST_FOUR = 4;

/**
 * F12-5, manage 3-5: a transaction by what the customer still knows. The day (ENTER alone: today), the amount and the last
 * four digits of the card (ENTER alone: any); the hits are shown as those of the query, newest first.
 */
export function searchSteps(profile: PanelProfile): Steps {
  const searching = (c: Context): { date: string; amountMinor?: number } => c.search ?? { date: '' };
  return {
    querySearchDate: entryStep(profile, {
      screen: c => show('F12.4', { entry: c.entry }),
      lengthMax: 4,
      check: entry => (entry === '' || validMmdd(entry) ? undefined : 'E11'),
      accept: entry => ({ search: { date: entry } }),
      next: 'querySearchAmount',
      cancel: 'menuQuery',
    }),
    querySearchAmount: entryStep(profile, {
      screen: c => show('F12.5', { entry: c.entry === '' ? '' : formatAmount(typedAmount(c)) }),
      lengthMax: 9,
      amount: true,
      check: () => undefined,
      accept: (entry, c) => ({
        search: { date: searching(c).date, ...(entry === '' ? {} : { amountMinor: Number(entry) }) },
      }),
      next: 'querySearchCard',
      cancel: 'querySearchDate',
    }),
    querySearchCard: entryStep(profile, {
      screen: c => show('F12.6', { entry: c.entry }),
      lengthMax: LAST_FOUR,
      check: entry => (entry === '' || entry.length === LAST_FOUR ? undefined : 'E12'),
      accept: entry => ({ entry }),
      next: 'querySearch',
      cancel: 'querySearchAmount',
    }),
    querySearch: jobStep(
      () => busy('query'),
      c => ({ kind: 'searchRecords', ...searching(c), ...(c.entry === '' ? {} : { lastFour: c.entry }) }),
      [
        goWhen(outcome('ok'), 'queryShow', (_, e) => ({ records: doneOf(e).records ?? [] })),
        goWhen(outcome('notFound'), 'querySearchDate', noticeOf('F12.none')),
        ...commonEnds(),
      ],
    ),
  };
}
