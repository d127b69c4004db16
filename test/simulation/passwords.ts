import type { Journal } from '../../src/journal/journal.ts';

/** A cashier who agrees to what another one gives back. */
export const SECOND = '02';
const NEW: Readonly<Record<string, string>> = { '00': '258025', '01': '2580', [SECOND]: '2580' };
const FIRST: Readonly<Record<string, string>> = { '00': '123456', '01': '0000' };

/** The password that an operator chooses when the first one must be changed. */
export const newPassword = (operator: string): string => NEW[operator] ?? '2580';

/** What people think their passwords are: the first ones, until they have chosen their own or found out by trying. */
export class Passwords {
  private readonly turn = new Map<string, number>();

  /** `wrong`: the one typed before was not the right one. A person who was sure and was wrong tries the other. */
  of(operator: string, wrong: boolean): string {
    const turn = (this.turn.get(operator) ?? 0) + (wrong ? 1 : 0);
    this.turn.set(operator, turn);
    return (turn % 2 === 0 ? FIRST : NEW)[operator] ?? '0000';
  }

  /** The operator chooses a new one. */
  choose(operator: string): string {
    this.turn.set(operator, 1);
    return newPassword(operator);
  }

  /** Everybody remembers which of the two it is. */
  remember(journal: Journal | undefined): void {
    for (const { no, mustChange } of journal?.operators() ?? []) this.turn.set(no, mustChange ? 0 : 1);
  }
}
