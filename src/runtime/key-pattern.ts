import { HABIT_COUNT, HABIT_MS, habitCounts, type KeyHabit } from '../transaction/failure-patterns.ts';
import type { View } from '../terminal/machine.ts';
import type { TerminalEvent } from '../terminal/types.ts';
import type { Shop } from './shop.ts';

/** So many places of operator, screen and key are remembered at once; the oldest are forgotten. */
const PLACES_MAX = 32;

/**
 * Looks at what is pressed, and leaves one record when the same thing is done again and again at one screen. Single presses
 * are nobody's business and are kept nowhere.
 */
export class KeyPatterns {
  private readonly times = new Map<string, number[]>();

  see(shop: Shop, view: View, event: TerminalEvent | undefined): void {
    const screen = screenOf(view);
    const habit = event && habitOf(view, event);
    if (habit === undefined || screen === undefined || shop.operator === undefined || !habitCounts(screen)) return;
    const nowMs = shop.hal.clock.nowMs();
    const place = [shop.operator, screen, habit].join();
    const times = (this.times.get(place) ?? []).filter(ms => ms > nowMs - HABIT_MS && ms <= nowMs);
    times.push(nowMs);
    this.times.delete(place);
    if (times.length < HABIT_COUNT[habit]) {
      this.times.set(place, times);
      if (this.times.size > PLACES_MAX) this.times.delete(this.times.keys().next().value as string);
      return;
    }
    const { operator } = shop;
    shop.journal.appendEvent(nowMs, 'key-pattern', { operator, screen, code: habit, count: times.length });
  }
}

function screenOf({ screen, await: waiting }: View): string | undefined {
  if (waiting.kind === 'job') return waiting.job.kind === 'pin' ? 'PIN' : undefined;
  return screen.kind === 'screen' ? screen.id : undefined;
}

function habitOf({ await: waiting }: View, event: TerminalEvent): KeyHabit | undefined {
  if (event.type === 'DONE') return event.outcome === 'cancelled' ? 'CANCEL' : undefined;
  if (waiting.kind !== 'event') return undefined;
  if (event.type === 'TIMEOUT') return 'TIMEOUT';
  return event.type === 'KEY' && (event.key === 'CANCEL' || event.key === 'CLEAR') ? event.key : undefined;
}
