import { failed, fault, ok, type Result } from '../../fault.ts';
import { MAC_LENGTH, type MacKind, type MacRule, macSteps, sameMac } from '../../security/mac.ts';
import { runWithSoftwareKeys, softwareCipher } from '../../sim/keys.ts';
import type { MacCheck } from '../../trace/replay-messages.ts';
import { fromHex } from '../../wire/hex.ts';

/** Algorithms that a capture may be checked with. */
export const MAC_KINDS: readonly MacKind[] = ['unionpay-ecb', 'x9.9', 'x9.19', 'evi', 'sm4-ecb', 'sm4-cbc'];

/** The rule that a profile's algorithm stands for. UnionPay's own takes the left half of the key, X9.19 both. */
export function macRuleOf(kind: MacKind): MacRule {
  const whole = kind === 'x9.19' || kind === 'sm4-ecb' || kind === 'sm4-cbc';
  return { kind, tail: 'hex', part: whole ? 'whole' : 'left' };
}

/**
 * Keys of a text file: 16 or 32 hex digits on a line; empty lines and what follows `#` do not count. A capture with several
 * sign-ons has a key for each. Fault `bad-key-file` names the line and no key.
 */
export function parseKeys(path: string, text: string, flag: string): Result<readonly Uint8Array[]> {
  const keys: Uint8Array[] = [];
  const wrong = (cause: string): Result<never> =>
    failed(
      fault(
        'E_ILLEGAL',
        'bad-key-file',
        `${path}${cause}`,
        `Write one key of ${flag} as hex on a line, 16 or 32 digits`,
      ),
    );
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const digits = line.replace(/#.*$/, '').replace(/\s/g, '');
    if (digits === '') continue;
    const key = fromHex(digits);
    if (!key.ok || (key.value.length !== 8 && key.value.length !== 16))
      return wrong(`, line ${i + 1}: ${digits.length} characters are no key`);
    keys.push(key.value);
  }
  return keys.length === 0 ? wrong(' holds no key') : ok(keys);
}

/** Checks MACs with each of the keys. Fault `bad-key-file` where the algorithm needs longer ones. */
export function macCheckOf(rule: MacRule, keys: readonly Uint8Array[]): Result<MacCheck> {
  if (rule.part === 'whole' && keys.some(key => key.length !== 16))
    return failed(
      fault('E_ILLEGAL', 'bad-key-file', `${rule.kind} needs keys of 16 bytes`, 'Write 32 hex digits for each key'),
    );
  const ciphers = keys.map(MAK => softwareCipher({ MAK }));
  const mac = new Uint8Array(MAC_LENGTH);
  return ok({
    matches(bytes, start, end, at) {
      return ciphers.some(cipher => {
        runWithSoftwareKeys(macSteps(rule, bytes, start, end, mac), cipher);
        return sameMac(mac, 0, bytes, at);
      });
    },
  });
}
