import { type Fault, type Result, failed, fault, ok } from '../fault.ts';
import type { Session } from '../journal/journal.ts';
import type { CipherRequest, CipherSteps, KeyName } from '../security/cipher.ts';
import { fromHex } from '../wire/hex.ts';
import type { Shop } from './shop.ts';
import { type Task, wait } from './task.ts';

/**
 * Cipher steps over the terminal: every block goes through `EBX` with the working key as the acquirer sent it, still
 * under the terminal's master key. The host never holds a clear key.
 */
export function* overTerminal<T>(
  shop: Shop,
  steps: CipherSteps<T>,
  session: Session | undefined = shop.journal.session(),
): Task<Result<T>> {
  let step = steps.next();
  while (!step.done) {
    const wrapped = wrappedKey(session, step.value);
    if (!wrapped.ok) {
      steps.return(undefined as T);
      return wrapped;
    }
    const answer = yield* encrypt(shop, step.value, wrapped.value);
    if (!answer.ok) {
      steps.return(undefined as T);
      return answer;
    }
    step = steps.next(answer.value);
  }
  return ok(step.value);
}

/** EBX; a line that breaks meanwhile is waited for, because an answer that is here must not be lost for a loose cable. */
function* encrypt(shop: Shop, request: CipherRequest, wrapped: Uint8Array): Task<Result<Uint8Array>> {
  if (request.algorithm === 'sm4')
    return failed(
      fault(
        'E_ILLEGAL',
        'sm4-key',
        'SM4 keys do not fit the terminal line',
        'Choose key mode 001, 003 or 004 in the profile',
      ),
    );
  // The keys of training are under a master key that no terminal has.
  if (shop.training) return ok(shop.training.encrypt(request, wrapped));
  for (let attempt = 0; ; attempt++) {
    const answer = yield* wait<Result<Uint8Array>>(resume =>
      shop.device.encrypt(
        {
          method: request.method,
          keyIndex: shop.profile.acquirer.masterKeyIndex,
          wrappedKey: wrapped,
          data: request.data,
          ...(request.iv ? { iv: request.iv } : {}),
        },
        resume,
      ),
    );
    if (answer.ok || !isLineFault(answer.fault) || attempt === 2) return answer;
    const back = yield* wait<boolean>(resume => shop.terminal.whenReady(resume, RECONNECT_MS));
    if (!back) return answer;
  }
}

/** How long an exchange waits for a terminal that was unplugged while an answer must be checked. */
export const RECONNECT_MS = 30_000;

/** Faults of the line to the terminal and of nothing else: a person who takes long or a card that fails is none. */
const LINE_FAULTS: ReadonlySet<string> = new Set([
  'line-down',
  'not-connected',
  'no-acknowledge',
  'no-reply-to-cancel',
  'refused-three-times',
  'answer-damaged',
  'answer-timeout',
  'answer-lost',
  'restarted',
]);

/** Faults after which the terminal may come back by itself: the command may be repeated when it does no harm twice. */
export function isLineFault(f: Fault): boolean {
  return LINE_FAULTS.has(f.name);
}

/** Working key as it goes into SPE_WKENC: 16 bytes under the master key. `left` passes the first half twice. */
export function wrappedKey(
  session: Session | undefined,
  request: { readonly key: KeyName; readonly part: 'left' | 'whole' },
): Result<Uint8Array> {
  const entry = session && { PIK: session.keys.pin, MAK: session.keys.mac, TDK: session.keys.track }[request.key];
  if (!entry)
    return failed(
      fault(
        'E_ILLEGAL',
        'no-working-key',
        `there is no ${request.key} from a sign-on`,
        'Sign on the terminal (menu 7, 1, 2)',
      ),
    );
  const bytes = fromHex(entry.wrapped);
  if (!bytes.ok) return bytes;
  if (request.part === 'left') bytes.value.copyWithin(8, 0, 8);
  return bytes;
}

/** What tells one PIN key from the next: the key as the acquirer sent it, under the terminal's master key. */
export function pinKeyOf(shop: Shop): string {
  return shop.journal.session()?.keys.pin.wrapped ?? '';
}
