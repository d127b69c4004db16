import { Pp } from '../../device/ids.ts';
import type { ClearKey } from '../keys.ts';
import { Refusal, decimal, fromHex, fromLatin1, hex, latin1, type Answer } from './command.ts';
import { pinBlock, tdesEncrypt } from './keys.ts';
import { isKeyName, type Handler, type KeyName, type Machine } from './machine.ts';
import { ROWS } from './screen.ts';
import { Stat } from './status.ts';

const PIN_MIN = 4;
const PIN_MAX = 12;
/** Seconds without a key after which GPN gives up. */
const PIN_IDLE_SECONDS = 60;
const GPN_LENGTH = 93;

export interface PinEntry {
  readonly min: number;
  readonly max: number;
  /** ENTER without a digit ends the entry without a PIN. */
  readonly mayskip: boolean;
  readonly timeoutSeconds: number;
  /** The digits, or undefined when the holder skipped the PIN. */
  readonly done: (pin: string | undefined) => void;
  /** The chip card left the slot. */
  readonly removed?: () => void;
}

/** Collects a PIN from the keypad; the last line of the screen shows one `*` a digit. CANCEL answers 013. */
export function enterPin(machine: Machine, entry: PinEntry): void {
  let pin = '';
  const stars = (): void => machine.screen.setLine(ROWS - 1, fromLatin1('*'.repeat(pin.length)));
  machine.wait({
    timeoutSeconds: entry.timeoutSeconds,
    idle: true,
    keys: (key: KeyName) => {
      if (key === 'CANCEL') machine.reply(Stat.cancel);
      else if (key === 'CLEAR') pin = '';
      else if (key === 'ENTER' && pin === '' && entry.mayskip) return entry.done(undefined);
      else if (key === 'ENTER' && pin.length >= Math.max(entry.min, PIN_MIN)) return entry.done(pin);
      else if (key.length === 1 && pin.length < entry.max) pin += key;
      else return undefined;
      if (key !== 'CANCEL') stars();
      return undefined;
    },
    ...(entry.removed ? { chip: (event: 'in' | 'out') => (event === 'out' ? entry.removed?.() : undefined) } : {}),
    ended: () => {
      pin = '';
      stars();
    },
  });
}

/**
 * The working key for PIN blocks, or a refusal: 042 for an empty slot or a method that is not offered, 047 when the key
 * was used for data before.
 */
export function pinKey(machine: Machine, method: string, slot: string, wrapped: Uint8Array): ClearKey {
  if (!'0123'.includes(method)) throw new Refusal(Stat.invalidParameter, `PIN method ${method}`);
  if (method !== '1') throw new Refusal(Stat.keyError, 'only master key / working key with TDES is offered');
  if (wrapped.length !== 16) throw new Refusal(Stat.invalidParameter, 'working key is not 16 bytes');
  const key = machine.keys.unwrap(Number(slot), wrapped);
  if (!key) throw new Refusal(Stat.keyError, `no master key in slot ${slot}`);
  if (!machine.keys.claim(key, 'pin')) throw new Refusal(Stat.security, 'the key encrypted other data before');
  return key;
}

export const pinHandlers: Readonly<Record<string, Handler>> = {
  /** `method(1) slot(2) key(32 hex) length(2) account(19) 1 min(2) max(2) message(32)` */
  GPN: (command, machine) => {
    const block = command.fixed(GPN_LENGTH);
    const text = latin1(block);
    const slot = decimal(block, 1, 2);
    const wrapped = fromHex(text.slice(3, 35));
    const accountLength = decimal(block, 35, 2);
    const min = decimal(block, 57, 2);
    const max = decimal(block, 59, 2);
    const account = accountLength === 0 ? machine.reader.memory?.card.pan : text.slice(37, 37 + accountLength);
    if (slot < 0 || !wrapped || accountLength < 0 || accountLength > 19 || text[56] !== '1')
      throw new Refusal(Stat.invalidParameter, 'GPN: wrong layout');
    if (account === undefined) throw new Refusal(Stat.noCard, 'GPN: no card was read');
    if (!/^\d{8,19}$/.test(account)) throw new Refusal(Stat.invalidParameter, 'GPN: account number');
    if ((min !== 0 && min < PIN_MIN) || max > PIN_MAX || max < Math.max(min, PIN_MIN))
      throw new Refusal(Stat.invalidParameter, `GPN: PIN of ${min} to ${max} digits`);
    const key = pinKey(machine, text[0], text.slice(1, 3), wrapped);
    machine.screen.message(block.subarray(61));
    enterPin(machine, {
      min,
      max,
      mayskip: min === 0,
      timeoutSeconds: PIN_IDLE_SECONDS,
      done: pin => {
        if (pin === undefined) return machine.reply(Stat.pinSkipped);
        return machine.reply(
          Stat.ok,
          machine.answer().fixed(hex(tdesEncrypt(key, pinBlock(pin, account))) + '0'.repeat(20)),
        );
      },
    });
  },

  GKY: (_, machine) => {
    machine.wait({
      keys: key => {
        if (key === 'ENTER') machine.reply(Stat.ok);
        else if (key === 'CLEAR') machine.reply(Stat.clear);
        else if (key === 'CANCEL') machine.reply(Stat.cancel);
        else if (/^F[1-4]$/.test(key)) machine.reply(Stat.f1 + Number(key[1]) - 1);
      },
    });
  },
};

/** Value of a prompt's answer (PP_VALUE). */
export function valueAnswer(machine: Machine, text: string): Answer {
  return machine.answer().text(Pp.value, text);
}

/** The digit keys of a choice, `1`–`9`. */
export function digitOf(key: string): number {
  return isKeyName(key) && key.length === 1 ? Number(key) : -1;
}
