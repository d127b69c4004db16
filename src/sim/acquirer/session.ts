import { assert } from '../../assert.ts';
import { digits } from '../../units.ts';
import { keyCheckValue } from '../keys.ts';
import { ACQUIRER_ID, type Desk, newReference } from './desk.ts';
import type { Decision } from './finance.ts';
import type { TerminalRow } from './ledger.ts';
import type { Request } from './request.ts';

/** Batch number of a terminal that was never seen before. */
export const FIRST_BATCH = 1;

/**
 * Sign-on 签到: makes fresh working keys, wraps them under the master key and sends them with their check values in field 62:
 * 24 bytes for 001, 40 for 003, 60 for 004. The MAK is single length; from 003 on eight zero bytes fill its place.
 */
export function signOn(desk: Desk, request: Request, terminal: TerminalRow): Decision {
  const mode = request.info60;
  const keyLength = mode === '001' ? 8 : 16;
  const pik = freshKey(desk, keyLength);
  const mak = freshKey(desk, 8);
  const pieces = [
    desk.keys.wrap(pik),
    keyCheckValue(pik),
    desk.keys.wrap(mak),
    new Uint8Array(keyLength - 8),
    keyCheckValue(mak),
  ];
  let tdk: Uint8Array = new Uint8Array(0);
  if (mode === '004') {
    const clear = freshKey(desk, 16);
    tdk = desk.keys.wrap(clear);
    pieces.push(tdk, keyCheckValue(clear));
    clear.fill(0);
  }
  desk.ledger.putTerminal({ ...terminal, signedOn: 1, mode, pik: pieces[0], mak: pieces[2], tdk });
  pik.fill(0);
  mak.fill(0);
  return {
    code: '00',
    fields: {
      '32': ACQUIRER_ID,
      '37': newReference(desk),
      '60': `00${digits(terminal.batch, 6)}${mode}`,
      '62': Buffer.concat(pieces).toString('hex').toUpperCase(),
    },
    note: `signed on with ${mode}, batch ${terminal.batch}`,
  };
}

export function signOff(desk: Desk, terminal: TerminalRow): Decision {
  desk.ledger.putTerminal({ ...terminal, signedOn: 0 });
  return { code: '00', fields: { '32': ACQUIRER_ID, '37': newReference(desk) }, note: 'signed off' };
}

/** Echo test, status upload, and the downloads, for which this acquirer has nothing: field 62 `0` where the dialect asks for an answer there. */
export function handleNetwork(desk: Desk, request: Request): Decision {
  switch (request.word) {
    case 'echo':
      return { code: '00', fields: {}, note: 'echo' };
    case 'status':
      return { code: '00', fields: { '62': hexOf('0') }, note: 'status taken' };
    case 'query':
      return { code: '00', fields: { '62': hexOf('0') }, note: 'nothing to download' };
    case 'download':
      // 370 and 380 answer "no data"; parameter lists (36x, 39x) are chains of tags and simply end.
      return {
        code: '00',
        fields: {
          '37': newReference(desk),
          ...(request.info60 === '370' || request.info60 === '380' ? { '62': hexOf('0') } : {}),
        },
        note: 'nothing to download',
      };
    default:
      assert(request.word === 'downloadEnd', `network message is known, not ${request.word}`);
      return { code: '00', fields: { '37': newReference(desk) }, note: 'download ended' };
  }
}

/** A random key with odd DES parity. */
function freshKey(desk: Desk, length: number): Uint8Array {
  const key = new Uint8Array(length);
  desk.entropy.fill(key);
  for (let i = 0; i < length; i++) {
    let ones = 0;
    for (let bit = 1; bit < 8; bit++) ones += (key[i] >> bit) & 1;
    key[i] = (key[i] & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  }
  return key;
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex').toUpperCase();
}
