import type { ScanPayment } from '../profile/profile.ts';
import { type Place, privateElements, valueAt, type Wallet } from '../transaction/qr.ts';
import { digits } from '../units.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import type { Shop } from './shop.ts';

/** Numbers of one request that its private elements may carry. */
export interface Numbers {
  readonly batch: number;
  readonly trace: number;
  readonly payCode: string | undefined;
  readonly order: string | undefined;
}

/** Private elements of a request, in the form that the dialect writes them in. */
export function privateTexts(
  shop: Shop,
  scanPayment: ScanPayment,
  message: keyof ScanPayment['pieces'],
  wallet: Wallet,
  { batch, trace, payCode, order }: Numbers,
): ReadonlyMap<number, string> {
  const texts = privateElements(scanPayment.pieces[message], {
    wallet,
    walletWord: scanPayment.walletWords[wallet],
    requestNumber: shop.profile.merchant.terminalNo + digits(batch, 6) + digits(trace, 6),
    ...(payCode === undefined ? {} : { payCode }),
    ...(order === undefined ? {} : { order }),
  });
  for (const [element, text] of texts)
    if (isBinary(shop, element)) texts.set(element, toHex(Uint8Array.from(text, one => one.charCodeAt(0))));
  return texts;
}

const isBinary = (shop: Shop, element: number): boolean => shop.plan.source.fields[String(element)]?.type === 'b';

/** A value of the last answer; undefined when it is not there. A trace hides private elements and keeps what is read from them. */
export function answered(shop: Shop, place: Place | undefined): string | undefined {
  if (!place || !shop.answer.has(place.element)) return undefined;
  return shop.vault.ask('private element', () => read(shop, place) ?? '') || undefined;
}

function read(shop: Shop, place: Place): string | undefined {
  const text = shop.answer.text(place.element);
  if (!isBinary(shop, place.element)) return valueAt(place, text);
  const bytes = fromHex(text);
  return bytes.ok ? valueAt(place, String.fromCharCode(...bytes.value)) : undefined;
}
