import { scryptSync, timingSafeEqual } from 'node:crypto';
import { assert } from '../assert.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { ROLE_RULES, roleOf } from './money.ts';
import type { Queries } from './queries.ts';
import type { Row, Store } from './store.ts';
import { isTrue } from './vault.ts';
import type { Operator, Session, SignOn, TrainingResult } from './types.ts';

/** Sign-on at the acquirer, and the people at the keypad. */

/** scrypt with N = 2^14, r = 8, p = 1: about 16 MB and some ten milliseconds for each try. */
const SCRYPT = { N: 16_384, r: 8, p: 1 };
const HASH_LENGTH = 32;
const SALT_LENGTH = 16;

export function session(store: Store, queries: Queries) {
  /** The session and its text: it is asked for at each key and changes once a day. */
  let known: { readonly text?: string; readonly session?: Session } = {};

  function operatorOf(row: Row): Operator {
    const no = row.no as string;
    return {
      no,
      role: roleOf(no),
      mustChange: row.must_change === 1,
      failures: row.failures as number,
      blockedUntilMs: row.block_ms === 0 ? 0 : (row.blocked_from_ms as number) + (row.block_ms as number),
    };
  }

  function secretOf(password: string): { salt: Uint8Array; hash: Uint8Array } {
    assert(store.entropy, 'a journal to write has entropy');
    const salt = new Uint8Array(SALT_LENGTH);
    store.entropy.fill(salt);
    return { salt, hash: scryptSync(password, salt, HASH_LENGTH, SCRYPT) };
  }

  function isRight(row: Row, password: string): boolean {
    return isTrue(store.watch.vault, 'password', () => fits(row, password));
  }

  function fits(row: Row, password: string): boolean {
    // A first operator who never changed the published password has no hash.
    if (row.hash === null) return password === ROLE_RULES[roleOf(row.no as string)].defaultPassword;
    return timingSafeEqual(scryptSync(password, row.salt as Uint8Array, HASH_LENGTH, SCRYPT), row.hash as Uint8Array);
  }

  function rowOf(no: string): Row | undefined {
    return store.one('SELECT * FROM operator WHERE no = ?', no);
  }

  function badPassword(no: string, password: string): Fault | undefined {
    const rule = ROLE_RULES[roleOf(no)];
    if (!new RegExp(`^[0-9]{${rule.length}}$`).test(password))
      return fault(
        'E_ILLEGAL',
        'password-form',
        `the password of ${no} has ${rule.length} digits`,
        `Enter ${rule.length} digits`,
      );
    if (isTrue(store.watch.vault, 'first password', () => password === rule.defaultPassword))
      return fault(
        'E_ILLEGAL',
        'password-default',
        'the published first password is not allowed',
        'Choose another one',
      );
    return undefined;
  }

  return {
    /** The last sign-on and whether it still holds. */
    session(): Session | undefined {
      const text = store.setting('session');
      if (text === undefined) return undefined;
      const signedOn = store.setting('signedOn') === '1';
      if (known.session?.signedOn !== signedOn || known.text !== text) {
        const { period: _, ...rest } = JSON.parse(text) as Session & { period: number };
        known = { text, session: { ...ungroupKeys(rest), signedOn } };
      }
      return known.session;
    },

    /**
     * Writes a sign-on answer: keys under the master key, batch number, acquirer. A new batch number begins a new batch
     * (the acquirer has closed the old one); the same number goes on with it.
     */
    appendSignOn(nowMs: number, signOn: SignOn): void {
      const period = queries.period() + (signOn.batch === queries.batch() ? 0 : 1);
      store.commit(() => store.append(nowMs, 'signed-on', { ...signOn, period }));
    },

    /** The terminal is signed off, or the acquirer asked for a new sign-on (`why`, e.g. answer A0). */
    appendSignOff(nowMs: number, why?: string): void {
      store.commit(() => store.append(nowMs, 'signed-off', { why }));
    },

    /** All operators by number. */
    operators: (): Operator[] => store.all('SELECT * FROM operator ORDER BY no').map(operatorOf),

    operator(no: string): Operator | undefined {
      const row = rowOf(no);
      return row && operatorOf(row);
    },

    /**
     * Checks a password; wrong ones are counted on disk and block for minutes (3 in a row, cashiers 5); `newBlockMs` is how
     * long a cashier or the supervisor is blocked then, as the shop's policy says. Faults:
     * `operator-unknown`, `operator-blocked` (E_BUSY), `password-wrong`.
     */
    verifyPassword(nowMs: number, no: string, password: string, newBlockMs?: number): Result<Operator> {
      const row = rowOf(no);
      if (!row)
        return failed(
          fault(
            'E_NOEXIST',
            'operator-unknown',
            `there is no operator ${no}`,
            'Enter another number; the supervisor can add operators',
          ),
        );
      const role = roleOf(no);
      const rule = ROLE_RULES[role];
      const nextBlockMs = role === 'administrator' ? rule.blockMs : (newBlockMs ?? rule.blockMs);
      const blockMs = row.block_ms as number;
      // A clock that went back does not say how long it has been: a block may not last hours because of it, so it is over. Who can
      // set the clock of the host back could as well set it on.
      const passedMs = nowMs - (row.blocked_from_ms as number);
      if (passedMs >= 0 && passedMs < blockMs) {
        const minutes = Math.ceil((blockMs - passedMs) / 60_000);
        return failed(
          fault(
            'E_BUSY',
            'operator-blocked',
            `operator ${no} is blocked for ${minutes} min after too many wrong passwords`,
            `Wait ${minutes} min`,
          ),
        );
      }
      if (isRight(row, password)) {
        if ((row.failures as number) > 0 || blockMs > 0)
          store.commit(() => store.append(nowMs, 'operator-failures', { no, failures: 0, blockMs: 0 }));
        return ok(operatorOf({ ...row, failures: 0, blocked_from_ms: 0, block_ms: 0 }));
      }
      const failures = (row.failures as number) + 1;
      const blocked = failures >= rule.failuresMax;
      store.commit(() =>
        store.append(nowMs, 'operator-failures', {
          no,
          failures: blocked ? 0 : failures,
          blockMs: blocked ? nextBlockMs : 0,
        }),
      );
      const left = rule.failuresMax - failures;
      return failed(
        blocked
          ? fault(
              'E_BUSY',
              'operator-blocked',
              `operator ${no} entered ${failures} wrong passwords`,
              `Wait ${Math.ceil(nextBlockMs / 60_000)} min`,
            )
          : fault(
              'E_ILLEGAL',
              'password-wrong',
              `wrong password for operator ${no}, ${left} tries left`,
              'Enter it again',
            ),
      );
    },

    /** Sets a password; `by` another person (the supervisor) makes the operator change it at the next sign-on. */
    setPassword(nowMs: number, no: string, password: string, by: string): Result<Operator> {
      const bad = badPassword(no, password);
      if (bad) return failed(bad);
      if (!rowOf(no))
        return failed(fault('E_NOEXIST', 'operator-unknown', `there is no operator ${no}`, 'Add the operator first'));
      const secret = secretOf(password);
      store.commit(() => store.append(nowMs, 'operator-password', { no, ...secret, mustChange: by !== no, by }));
      return ok(operatorOf(rowOf(no) as Row));
    },

    /** Adds a cashier (01–98) with a first password that must be changed. Faults `operator-number`, `operator-exists`, `password-…`. */
    addOperator(nowMs: number, no: string, password: string, by: string): Result<Operator> {
      if (!/^[0-9]{2}$/.test(no) || roleOf(no) !== 'cashier')
        return failed(
          fault('E_ILLEGAL', 'operator-number', 'cashiers have the numbers 01 to 98', 'Enter a number from 01 to 98'),
        );
      if (rowOf(no))
        return failed(fault('E_EXISTS', 'operator-exists', `operator ${no} is there already`, 'Choose another number'));
      if (!/^[0-9]{4}$/.test(password))
        return failed(fault('E_ILLEGAL', 'password-form', `the password of ${no} has 4 digits`, 'Enter 4 digits'));
      const secret = secretOf(password);
      store.commit(() => store.append(nowMs, 'operator-added', { no, ...secret, by }));
      return ok(operatorOf(rowOf(no) as Row));
    },

    /** What a person reached in training; `score` of `of`. Who passed once may refund where the policy asks for it. */
    appendTraining(nowMs: number, result: TrainingResult): void {
      store.commit(() => store.append(nowMs, 'training', result));
    },

    /** Has this operator passed a training? A number that was removed and given again has not. */
    trained: (no: string): boolean => store.setting(`trained.${no}`) !== undefined,

    /** Removes a cashier. Faults `operator-number`, `operator-unknown`. */
    removeOperator(nowMs: number, no: string, by: string): Result<void> {
      if (roleOf(no) !== 'cashier')
        return failed(
          fault(
            'E_ILLEGAL',
            'operator-number',
            `operator ${no} cannot be removed`,
            'Only cashiers 01 to 98 can be removed',
          ),
        );
      if (!rowOf(no))
        return failed(fault('E_NOEXIST', 'operator-unknown', `there is no operator ${no}`, 'List the operators again'));
      store.commit(() => store.append(nowMs, 'operator-removed', { no, by }));
      return ok(undefined);
    },
  };
}

export type SessionPart = ReturnType<typeof session>;

/** Keys are stored in groups of eight hex digits. */
function ungroupKeys(stored: Omit<Session, 'signedOn'>): Omit<Session, 'signedOn'> {
  const plain = (key: { wrapped: string; kcv: string }): { wrapped: string; kcv: string } => ({
    wrapped: key.wrapped.replaceAll('-', ''),
    kcv: key.kcv.replaceAll('-', ''),
  });
  const { pin, mac, track } = stored.keys;
  return { ...stored, keys: { pin: plain(pin), mac: plain(mac), ...(track ? { track: plain(track) } : {}) } };
}
