import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import type { SlipDesk } from '../runtime/slip-code.ts';
import { openSigningKey, signerOf } from '../security/signature.ts';
import { readUsedList, type UsedList } from '../transaction/used-slips.ts';
import { openKeyFile, readText, writeAtomic } from './files.ts';

/**
 * The files of the signed slip codes, beside the journal:
 *
 *   <journal>.slip-key     seed of this terminal's signing key; private, never copied
 *   <journal>.slip-cards   secret of the card tokens; private, the same file at all terminals that shall compare cards
 *   <journal>.slip-trust   public keys of the other terminals, one a line: key and, after a blank, whose it is
 *   <journal>.slip-used/   lists of used slips that were imported, one file for each signer
 */

/** A public key that is trusted here, as its line says. */
export interface TrustedKey {
  /** 32 bytes */
  readonly publicKey: Uint8Array;
  readonly signer: string;
  /** Whose it is, in the words of the person who added it. */
  readonly name: string;
}

const KEY_LINE = /^([0-9a-fA-F]{64})(?:\s+(\S.*))?$/;
const CARD_KEY_NAME_DIGITS = 4;

/** The key desk of a journal with what only its commands need. */
export interface SlipFiles extends SlipDesk {
  trusted(): Result<readonly TrustedKey[]>;
  /** Adds a line of {@link keyLine}. Fault `public-key-form`; a key that is there already only gets its new name. */
  trust(line: string): Result<TrustedKey>;
  /** Takes a signer's key away: its slips and lists count no more. Fault `signer-unknown`. */
  distrust(signer: string): Result<TrustedKey>;
  /**
   * Keeps a list of another terminal. False when the list that is here is as new. Faults of `readUsedList`, and
   * `used-list-own` for the list of this very terminal, whose journal knows better.
   */
  importUsed(text: string): Result<{ readonly list: UsedList; readonly isNew: boolean }>;
}

/**
 * Opens the slip keys of a journal; both secrets are made at the first call. Trusted keys and lists are read when they are asked
 * for, so that what was added counts at once. Faults as `openKeyFile`.
 */
export function openSlipDesk(journalPath: string): Result<SlipFiles> {
  const seed = openKeyFile(`${journalPath}.slip-key`);
  if (!seed.ok) return seed;
  const key = openSigningKey(seed.value);
  seed.value.fill(0);
  const cardKey = openKeyFile(`${journalPath}.slip-cards`);
  if (!cardKey.ok) return cardKey;
  const trustPath = `${journalPath}.slip-trust`;
  const usedFolder = `${journalPath}.slip-used`;

  const trusted = (): Result<readonly TrustedKey[]> => {
    if (!existsSync(trustPath)) return ok([]);
    const text = readText(trustPath);
    return text.ok ? trustedKeys(text.value, trustPath) : text;
  };
  const publicKey = (signer: string): Result<Uint8Array> => {
    if (signer === key.signer) return ok(key.publicKey);
    const keys = trusted();
    if (!keys.ok) return keys;
    const found = keys.value.find(one => one.signer === signer);
    return found
      ? ok(found.publicKey)
      : failed(
          fault(
            'E_NOEXIST',
            'signer-unknown',
            `the key of signer ${signer} is not trusted here`,
            'If the terminal is one of the merchant: pos8583 slips trust with the line that pos8583 slips key prints there',
          ),
        );
  };
  /** Lists as they were read, by file, while the file is the same one: a list of a year takes long to check. */
  const seen = new Map<string, { readonly mark: string; readonly list: UsedList }>();
  const listIn = (path: string): Result<UsedList> => {
    const stat = statSync(path, { throwIfNoEntry: false });
    const mark = stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : '';
    const before = seen.get(path);
    if (before?.mark === mark) {
      const trustedStill = publicKey(before.list.signer);
      return trustedStill.ok ? ok(before.list) : trustedStill;
    }
    const text = readText(path);
    if (!text.ok) return text;
    const list = readUsedList(text.value, publicKey);
    if (list.ok) seen.set(path, { mark, list: list.value });
    return list;
  };
  const usedLists = (): Result<readonly UsedList[]> => {
    if (!existsSync(usedFolder)) return ok([]);
    const names = inFolder(usedFolder, () => readdirSync(usedFolder));
    if (!names.ok) return names;
    const lists: UsedList[] = [];
    for (const file of names.value.filter(name => name.endsWith('.json'))) {
      const list = listIn(join(usedFolder, file));
      // The list of a terminal that is trusted no more says nothing; any other trouble is told.
      if (list.ok) lists.push(list.value);
      else if (list.fault.name !== 'signer-unknown') return failed(at(list.fault, join(usedFolder, file)));
    }
    return ok(lists);
  };
  const writeTrust = (keys: readonly TrustedKey[]): Result<void> =>
    writeAtomic(trustPath, keys.map(one => `${keyLine(one.publicKey, one.name)}\n`).join(''), 0o600);

  return ok({
    key,
    cardKey: cardKey.value,
    cardKeyName: createHash('sha256').update(cardKey.value).digest('hex').slice(0, CARD_KEY_NAME_DIGITS),
    publicKey,
    usedLists,
    trusted,
    trust(line) {
      const added = trustedKey(line.trim());
      if (!added)
        return failed(
          fault(
            'E_ILLEGAL',
            'public-key-form',
            'this is no public key: 64 hex digits, then a blank and a name',
            'Give the line that pos8583 slips key prints at the other terminal',
          ),
        );
      const keys = trusted();
      if (!keys.ok) return keys;
      const written = writeTrust([...keys.value.filter(one => one.signer !== added.signer), added]);
      return written.ok ? ok(added) : written;
    },
    distrust(signer) {
      const keys = trusted();
      if (!keys.ok) return keys;
      const gone = keys.value.find(one => one.signer === signer);
      if (!gone)
        return failed(
          fault('E_NOEXIST', 'signer-unknown', `no key of ${signer} is trusted`, 'pos8583 slips trust lists the keys'),
        );
      const written = writeTrust(keys.value.filter(one => one !== gone));
      return written.ok ? ok(gone) : written;
    },
    importUsed(text) {
      const list = readUsedList(text, publicKey);
      if (!list.ok) return list;
      if (list.value.signer === key.signer)
        return failed(
          fault('E_ILLEGAL', 'used-list-own', 'this list is of this very terminal', 'Import it at the other terminals'),
        );
      const path = join(usedFolder, `${list.value.signer}.json`);
      if (existsSync(path)) {
        const there = readText(path);
        if (!there.ok) return there;
        const before = readUsedList(there.value, publicKey);
        if (before.ok && before.value.upTo >= list.value.upTo) return ok({ list: before.value, isNew: false });
      }
      const made = inFolder(usedFolder, () => mkdirSync(usedFolder, { recursive: true, mode: 0o700 }));
      if (!made.ok) return made;
      const written = writeAtomic(path, text, 0o600);
      return written.ok ? ok({ list: list.value, isNew: true }) : written;
    },
  });
}

/** The line by which other terminals trust a key: 64 hex digits and whose it is. */
export function keyLine(publicKey: Uint8Array, name: string): string {
  return `${Buffer.from(publicKey).toString('hex')} ${name}`.trimEnd();
}

/** Lines of a trust file; blank lines and lines with `#` in front are left out. Fault `trust-file-line`. */
function trustedKeys(text: string, path: string): Result<readonly TrustedKey[]> {
  const keys: TrustedKey[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const read = trustedKey(line);
    if (!read)
      return failed(
        fault(
          'E_ILLEGAL',
          'trust-file-line',
          `line ${index + 1} of ${path} is no public key`,
          'Correct or remove it; pos8583 slips trust adds keys',
        ),
      );
    keys.push(read);
  }
  return ok(keys);
}

function trustedKey(line: string): TrustedKey | undefined {
  const match = KEY_LINE.exec(line);
  if (!match) return undefined;
  const publicKey = new Uint8Array(Buffer.from(match[1], 'hex'));
  return { publicKey, signer: signerOf(publicKey), name: match[2] ?? '' };
}

/** What the system says about a folder as a fault; anything else is a bug and goes on as it is. */
function inFolder<T>(path: string, work: () => T): Result<T> {
  try {
    return ok(work());
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    return failed(
      fault('E_FAILURE', 'file-error', `cannot use the folder ${path}: ${code}`, 'Check its owner and mode'),
    );
  }
}

const at = (f: Fault, path: string): Fault => ({ ...f, cause: `${path}: ${f.cause}` });
