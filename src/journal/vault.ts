/**
 * What only this counter can answer, because its secrets are in it: the token of a card number, whether a password fits, the
 * signature of a slip. A recording keeps the answers, and a replay, which has none of the secrets, gives them again in their order.
 */
export interface Vault {
  /**
   * The answer to `question`. `truth` finds it here; a replay does not call it. An answer is no secret itself: a keyed name of a
   * card, yes or no, a hash, a signature.
   */
  ask(question: string, truth: () => string): string;
}

/** A vault that nobody listens at. */
export const QUIET_VAULT: Vault = { ask: (_, truth) => truth() };

/** A question with yes or no. */
export function isTrue(vault: Vault, question: string, truth: () => boolean): boolean {
  return vault.ask(question, () => (truth() ? 'yes' : 'no')) === 'yes';
}

/** Is told of what a journal writes, and hears what its secrets answer. */
export interface JournalWatcher {
  readonly vault: Vault;
  /** A record is on the disk. Called in order, after the commit; `body` is its canonical JSON. */
  appended(seq: number, kind: string, body: string): void;
}

/** The watcher of one journal, when there is one. */
export class Watch {
  private watcher: JournalWatcher | undefined;
  /** Records of the commit at hand. */
  private readonly fresh: { readonly seq: number; readonly kind: string; readonly body: string }[] = [];

  begin(watcher: JournalWatcher): void {
    this.watcher = watcher;
  }

  get vault(): Vault {
    return this.watcher?.vault ?? QUIET_VAULT;
  }

  /** The hash of a record: it stands on slips and screens, and what no trace has (sealed numbers, chance) went into it. */
  hash(truth: () => Uint8Array): Uint8Array {
    if (!this.watcher) return truth();
    return Buffer.from(
      this.watcher.vault.ask('hash', () => Buffer.from(truth()).toString('hex')),
      'hex',
    );
  }

  /** A record was written inside of a commit. */
  append(seq: number, kind: string, body: string): void {
    if (this.watcher) this.fresh.push({ seq, kind, body });
  }

  /** The commit is over: what was written is on the disk, or was taken back. */
  report(committed: boolean): void {
    if (this.fresh.length === 0) return;
    if (committed) for (const { seq, kind, body } of this.fresh) this.watcher?.appended(seq, kind, body);
    this.fresh.length = 0;
  }
}
