import type { Transaction } from '../profile/schema.ts';
import type { CodeMeaning } from '../transaction/answers.ts';
import type { MessageContext, TransactionCodes } from '../transaction/requests.ts';
import type { Remark } from '../terminal/types.ts';
import type { Shop } from './shop.ts';

/** Row `id` of the profile's code table. A row without 60.3 (sign-on) takes the acquirer's key mode. */
export function codesOf(shop: Shop, id: string): TransactionCodes {
  const row = shop.profile.transactions[id];
  return isWhole(row) ? row : { ...row, info60: shop.profile.acquirer.keyMode };
}

const isWhole = (row: Transaction): row is Transaction & TransactionCodes => row.info60 !== undefined;

/** Identity of this terminal, batch and key mode of the last sign-on. */
export function contextOf(shop: Shop, batch: number): MessageContext {
  const { profile } = shop;
  return {
    identity: {
      terminalNo: profile.merchant.terminalNo,
      merchantNo: profile.merchant.merchantNo,
      capability: profile.terminal.readCapability,
      currency: profile.acquirer.currency,
      partialApproval: profile.acquirer.partialApproval,
    },
    batch,
    keyMode: shop.journal.session()?.mode ?? '003',
  };
}

/** An answer of the acquirer for the screen. */
export function remarkOf(code: string, meaning: CodeMeaning): Remark {
  return { code, zh: meaning.zh, en: meaning.en, actionZh: meaning.actionZh, actionEn: meaning.actionEn };
}
