import { fault, type Fault, faultText } from '../fault.ts';
import { keyCheckMatches } from '../security/cipher.ts';
import { isKeyMode, parseKeyBlock, type WrappedKey } from '../security/key-block.ts';
import type { PromptId } from '../profile/words.ts';
import type { Session, SignOn } from '../journal/journal.ts';
import { managementElements } from '../transaction/requests.ts';
import type { Done } from '../terminal/types.ts';
import { toHex } from '../wire/hex.ts';
import { printBatchLeft } from './day-report.ts';
import { prepare, send } from './exchange.ts';
import { overTerminal } from './keys.ts';
import { codesOf, contextOf, remarkOf } from './context.ts';
import type { Shop } from './shop.ts';
import type { Task } from './task.ts';

/**
 * F03: sign-on 0800. The working keys of the answer go into the terminal as they are, still under its master key, and
 * their check values are compared by the terminal's own cipher before anything is kept. A settlement that was cut off
 * comes first, unless it is the settlement itself that needs the sign-on (`settling`).
 */
export function* signOn(shop: Shop, settling = false): Task<Done> {
  const { journal, profile, hal } = shop;
  if (journal.openSettlement() && !settling) return { type: 'DONE', outcome: 'settleFirst' };
  const mode = profile.acquirer.keyMode;
  if (!isKeyMode(mode) || (mode !== '001' && mode !== '003' && mode !== '004'))
    return failed(
      fault(
        'E_ILLEGAL',
        'key-mode',
        `key mode ${mode} does not fit the terminal line`,
        'Choose 001, 003 or 004 in the profile',
      ),
      'E31',
    );
  const trace = journal.takeTrace(hal.clock.nowMs());
  const operator = shop.operator ?? '01';
  const form = profile.acquirer.signOnOperatorForm === '001' ? operator.padStart(3, '0') : operator.padEnd(3, ' ');
  const elements = managementElements(codesOf(shop, 'signOn'), contextOf(shop, journal.batch()), trace, form);
  const ready = yield* prepare(shop, elements);
  if ('cause' in ready) return failed(ready, 'E31');
  const answer = yield* send(shop, ready, { progress: secondsLeft => ({ stage: 'signOn', secondsLeft }) });
  if (answer.kind === 'notSent') return failed(answer.fault, 'E24');
  if (answer.kind === 'unknown') return failed(answer.fault, 'E26');
  if (answer.meaning.kind !== 'approved')
    return { type: 'DONE', outcome: 'declined', remark: remarkOf(answer.code, answer.meaning) };

  shop.progress({ stage: 'keys' });
  const { answer: message } = shop;
  if (!message.has(62))
    return keyTrouble(
      shop,
      fault('E_EXTENDED', 'no-keys', 'the sign-on answer carries no keys (62)', 'Call the acquirer'),
    );
  const at = message.offset(62);
  const keys = parseKeyBlock(message.message, at, at + message.length(62), mode, 'terminal');
  if (!keys.ok) return keyTrouble(shop, keys.fault);
  const { pik, mak, tdk } = keys.value;
  const signedOn: SignOn = {
    mode,
    batch: batchOf(message.has(60) ? message.text(60) : '', journal.batch()),
    keys: { pin: stored(pik), mac: stored(mak), ...(tdk ? { track: stored(tdk) } : {}) },
    ...(message.has(32) ? { acquirerId: message.text(32) } : {}),
    ...(message.has(12) && message.has(13) ? { hostTime: message.text(13) + message.text(12) } : {}),
    tid: profile.merchant.terminalNo,
    mid: profile.merchant.merchantNo,
  };
  const trial: Session = { ...signedOn, signedOn: true, atMs: hal.clock.nowMs() };
  for (const [name, key] of [
    ['PIK', pik],
    ['MAK', mak],
    ['TDK', tdk],
  ] as const) {
    if (!key) continue;
    const right = yield* overTerminal(
      shop,
      keyCheckMatches(name, key.single ? 'left' : 'whole', key.checkValue),
      trial,
    );
    if (!right.ok) return failed(right.fault, 'E23');
    if (!right.value)
      return keyTrouble(
        shop,
        fault(
          'E_EXTENDED',
          'key-check',
          `the check value of the ${name} is wrong`,
          "Compare the master key of the terminal's slot with the acquirer",
        ),
      );
  }
  const { batch: left } = journal.counts();
  if (signedOn.batch !== journal.batch() && left > 0 && !journal.openSettlement()) {
    hal.log.warn(
      { event: 'batch-left', batch: journal.batch(), count: left },
      `the acquirer has closed batch ${journal.batch()} by itself: its ${left} transactions were compared by no settlement. Compare them with its statement: pos8583 reconcile`,
    );
    yield* printBatchLeft(shop, signedOn.batch);
  }
  journal.appendSignOn(hal.clock.nowMs(), signedOn);
  shop.signOnAgain = false;
  hal.log.info({ event: 'sign-on', batch: signedOn.batch, mode }, 'signed on');
  return { type: 'DONE', outcome: 'ok', batch: signedOn.batch };
}

/** Signs on when the terminal is not, or when the acquirer asked for it; gives what went wrong, or undefined. */
export function* signOnIfDue(shop: Shop): Task<Done | undefined> {
  if (!shop.signOnAgain && shop.journal.session()?.signedOn) return undefined;
  const again = yield* signOn(shop);
  return again.outcome === 'ok' ? undefined : again;
}

/** Sign-off 0820/002: refused while the batch holds records or a reversal is owed. Signed off whatever the host answers. */
export function* signOff(shop: Shop): Task<Done> {
  const { journal, hal } = shop;
  const counts = journal.counts();
  if (counts.batch > 0 || counts.owed > 0 || counts.held > 0 || journal.openSettlement())
    return { type: 'DONE', outcome: 'settleFirst' };
  const trace = journal.takeTrace(hal.clock.nowMs());
  const elements = managementElements(codesOf(shop, 'signOff'), contextOf(shop, journal.batch()), trace);
  const ready = yield* prepare(shop, elements);
  if ('cause' in ready) return failed(ready, 'E31');
  const answer = yield* send(shop, ready, { progress: secondsLeft => ({ stage: 'waiting', secondsLeft }) });
  if (answer.kind === 'notSent') return failed(answer.fault, 'E24');
  const now = hal.clock.nowMs();
  journal.appendSignOff(now);
  journal.appendEvent(now, 'operator-off', shop.operator === undefined ? {} : { operator: shop.operator });
  shop.operator = undefined;
  // Signed off whatever the acquirer answers; its refusal is shown.
  const accepted = answer.kind === 'answered' && answer.meaning.kind === 'approved';
  return accepted ? { type: 'DONE', outcome: 'ok' } : { type: 'DONE', outcome: 'failed', prompt: 'E61' };
}

/** Echo test 0820/301: no trace, no MAC. */
export function* echo(shop: Shop): Task<Done> {
  const began = shop.hal.clock.monotonicMs();
  const elements = managementElements(codesOf(shop, 'echo'), contextOf(shop, shop.journal.batch()), undefined);
  const ready = yield* prepare(shop, elements);
  if ('cause' in ready) return failed(ready, 'E31');
  const answer = yield* send(shop, ready, { progress: secondsLeft => ({ stage: 'waiting', secondsLeft }) });
  if (answer.kind === 'notSent') return failed(answer.fault, 'E24');
  if (answer.kind === 'unknown') return failed(answer.fault, 'E26');
  if (answer.meaning.kind !== 'approved')
    return { type: 'DONE', outcome: 'declined', remark: remarkOf(answer.code, answer.meaning) };
  return { type: 'DONE', outcome: 'ok', millis: Math.round(shop.hal.clock.monotonicMs() - began) };
}

function keyTrouble(shop: Shop, f: Fault): Done {
  shop.hal.log.error({ event: 'sign-on', fault: f.name }, faultText(f));
  return { type: 'DONE', outcome: 'failed', prompt: 'E59', fault: f };
}

function failed(f: Fault, prompt: PromptId): Done {
  return { type: 'DONE', outcome: 'failed', prompt, fault: f };
}

function stored(key: WrappedKey): { wrapped: string; kcv: string } {
  return { wrapped: toHex(key.wrapped), kcv: toHex(key.checkValue) };
}

/** 60.2 of the answer; the present batch when the answer does not say. */
function batchOf(field60: string, present: number): number {
  const batch = Number(field60.slice(2, 8));
  return field60.length >= 8 && batch > 0 ? batch : present;
}
