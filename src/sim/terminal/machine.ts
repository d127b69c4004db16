import type { Entropy } from '../../hal/hal.ts';
import type { Answer, Command } from './command.ts';
import type { TestCard } from './deck.ts';
import type { KeyStore } from './keys.ts';
import type { MediaStore } from './media.ts';
import type { Printer } from './printer.ts';
import type { Reader } from './reader.ts';
import type { Screen } from './screen.ts';
import type { Slots } from './slots.ts';
import type { Tables } from './tables.ts';

/** Keys of the terminal with their event codes of the panel extension. */
export const KEY_CODES = {
  '0': '00',
  '1': '01',
  '2': '02',
  '3': '03',
  '4': '04',
  '5': '05',
  '6': '06',
  '7': '07',
  '8': '08',
  '9': '09',
  '00': '0A',
  ENTER: '10',
  CANCEL: '11',
  CLEAR: '12',
  FN: '14',
  MENU: '15',
  UP: '16',
  DOWN: '17',
  ALPHA: '18',
  F1: '21',
  F2: '22',
  F3: '23',
  F4: '24',
} as const;
export type KeyName = keyof typeof KEY_CODES;

/** True when `text` is the name of a key. */
export function isKeyName(text: string): text is KeyName {
  return Object.hasOwn(KEY_CODES, text);
}

/** What a blocking command waits for. A source without a handler is not listened to. */
export interface Waiting {
  readonly keys?: ((key: KeyName) => void) | undefined;
  /** Keys that this command does not take stay for the next one (only XEV without keypad). */
  readonly queueKeys?: boolean;
  readonly magnetic?: ((card: TestCard) => void) | undefined;
  readonly chip?: ((event: 'in' | 'out') => void) | undefined;
  readonly contactless?: ((card: TestCard) => void) | undefined;
  readonly scanner?: ((text: string) => void) | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** Each key starts the time again. */
  readonly idle?: boolean;
  /** Time is over; default: STAT 012. */
  readonly expired?: (() => void) | undefined;
  /** The wait ended without an answer (CAN, a new command) or with one: clean up. */
  readonly ended?: () => void;
}

/** The parts of the terminal as the commands see them. */
export interface Machine {
  readonly panel: boolean;
  readonly strict: boolean;
  readonly serialNumber: string;
  readonly model: string;
  readonly firmware: string;
  readonly screen: Screen;
  readonly printer: Printer;
  readonly slots: Slots;
  readonly keys: KeyStore;
  readonly reader: Reader;
  readonly tables: Tables;
  readonly media: MediaStore;
  readonly entropy: Entropy;
  /** An empty answer. There is one, for the command in progress. */
  answer(): Answer;
  /** Answers the command in progress and ends its wait. */
  reply(stat: number, answer?: Answer): void;
  /** Lets the command in progress wait. The answer comes later by `reply`. */
  wait(waiting: Waiting): void;
  /** NTM: 32 characters for the operator before the answer. */
  notice(text: string): void;
  beep(pattern: string): void;
  /** Restarts after the answer in progress, 500 ms later. */
  restartSoon(): void;
}

/** Carries out a command: answers at once, waits, or throws a refusal. */
export type Handler = (command: Command, machine: Machine) => void;
