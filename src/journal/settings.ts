/**
 * Settings as they are now: they are asked for at each key, and few records change one. `turn` says when they may have
 * changed; a turn of -1 is never right, so it forgets them.
 */
export class Settings {
  private readonly known = new Map<string, string | undefined>();
  private turn = -1;

  /** The value of a setting; from `ask` when it is not known as of `turn`. */
  value(name: string, turn: number, ask: (name: string) => string | undefined): string | undefined {
    if (turn !== this.turn) {
      this.known.clear();
      this.turn = turn;
    }
    let value = this.known.get(name);
    if (value === undefined && !this.known.has(name)) {
      value = ask(name);
      this.known.set(name, value);
    }
    return value;
  }

  forget(): void {
    this.turn = -1;
  }
}
