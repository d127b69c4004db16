import { Pp, Spe } from '../../device/ids.ts';
import { ENCRYPT_LENGTH_MAX } from '../../limits.ts';
import type { ClearKey } from '../keys.ts';
import { Refusal, type Command } from './command.ts';
import { isCheckValueInput, tdesEncrypt, type CipherMode } from './keys.ts';
import type { Handler, Machine } from './machine.ts';
import { Stat } from './status.ts';

/**
 * The working key that a data command names (MTHDDAT, KEYIDX, WKENC). 011 for an unknown method, 042 for one that is not
 * offered (DUKPT) or an empty slot, 047 when the key made PIN blocks; the key check value alone is always allowed.
 */
export function dataKey(
  command: Command,
  machine: Machine,
  checkValueOnly: boolean,
): { key: ClearKey; mode: CipherMode } {
  const method = command.requiredDigits(Spe.dataMethod, 2);
  const slot = Number(command.requiredDigits(Spe.keyIndex, 2));
  if (method === '50' || method === '51') throw new Refusal(Stat.keyError, 'DUKPT is not offered');
  if (method !== '10' && method !== '11') throw new Refusal(Stat.invalidParameter, `data method ${method}`);
  const wrapped = command.required(Spe.wrappedKey);
  if (wrapped.length !== 16) throw new Refusal(Stat.invalidParameter, 'working key is not 16 bytes');
  const key = machine.keys.unwrap(slot, wrapped);
  if (!key) throw new Refusal(Stat.keyError, `no master key in slot ${slot}`);
  if (!checkValueOnly && !machine.keys.claim(key, 'data')) throw new Refusal(Stat.security, 'the key makes PIN blocks');
  return { key, mode: method === '10' ? 'ecb' : 'cbc' };
}

export const dataHandlers: Readonly<Record<string, Handler>> = {
  EBX: (command, machine) => {
    const data = command.required(Spe.dataIn);
    const iv = command.optional(Spe.iv) ?? new Uint8Array(8);
    if (data.length === 0 || data.length % 8 !== 0 || data.length > ENCRYPT_LENGTH_MAX || iv.length !== 8)
      throw new Refusal(Stat.invalidParameter, `EBX: ${data.length} bytes`);
    // A start vector other than zero would turn the eight zero bytes into a guess of the host's choice.
    const checkValue = isCheckValueInput(data) && iv.every(byte => byte === 0);
    const { key, mode } = dataKey(command, machine, checkValue);
    machine.reply(Stat.ok, machine.answer().value(Pp.dataOut, tdesEncrypt(key, data, mode, iv)));
  },
};
