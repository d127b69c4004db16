import type { ClearCard } from '../card/card.ts';
import type { MessageBuilder } from '../iso8583/message-builder.ts';
import { type Fault, fault } from '../fault.ts';

/**
 * The data elements of one request. Public ones are text; what must never become a string (PAN, tracks, PIN block)
 * stays in the caller's bytes and is copied into the message by {@link encodeElements}.
 */
export interface Elements {
  /** 0x0200 for 0200. */
  readonly mti: number;
  /** Data element number → text as `MessageView.text` gives it. Never 2, 35, 36, 52. */
  readonly text: ReadonlyMap<number, string>;
  /** Source of 2 (when `withPan`), 35 and 36 (when `withTracks`). */
  readonly card?: ClearCard;
  readonly withPan?: boolean;
  readonly withTracks?: boolean;
  /** Track 2 with its encrypted block (sign-on 004), ASCII; goes out instead of the card's own. */
  readonly encryptedTrack2?: Uint8Array;
  /** 8 bytes for data element 52. */
  readonly pinBlock?: Uint8Array;
  /** BER-TLV for data element 55. */
  readonly chip?: Uint8Array;
  /** ASCII digits of data element 48 when they hold PANs (detail upload): owned by the caller, who wipes them. */
  readonly digits48?: Uint8Array;
  /** True when data element 64 closes the message. */
  readonly mac: boolean;
}

/** Where the finished body lies in the buffer. */
export interface EncodedBody {
  readonly start: number;
  readonly end: number;
  /** Offset of the 8 bytes of data element 64, or -1. */
  readonly macOffset: number;
}

const LAST_FIELD = 64;

/**
 * Writes `elements` as one message body from `at`. When a MAC closes the message its 8 bytes are zero and their offset
 * is returned: the MAC covers MTI up to the byte before them. A missing or over-long value is prompt E31 打包错误:
 * nothing has been sent then.
 */
export function encodeElements(
  builder: MessageBuilder,
  elements: Elements,
  out: Uint8Array,
  at: number,
): EncodedBody | Fault {
  const { text, card, pinBlock, digits48, mac } = elements;
  const pan = elements.withPan ? card?.pan : undefined;
  const tracks = elements.withTracks ? card : undefined;
  const track2 = elements.encryptedTrack2 ?? nonEmpty(tracks?.track2);
  const track3 = nonEmpty(tracks?.track3);
  const chip = nonEmpty(elements.chip);
  let macOffset = -1;
  builder.begin(out, at, elements.mti);
  for (let field = 2; field <= LAST_FIELD; field++) {
    if (field === 2 && pan) builder.digitsFrom(2, pan, 0, pan.length);
    else if (field === 35 && track2) builder.digitsFrom(35, track2, 0, track2.length);
    else if (field === 36 && track3) builder.digitsFrom(36, track3, 0, track3.length);
    else if (field === 52 && pinBlock) builder.bytes(52, pinBlock);
    else if (field === 55 && chip) builder.bytes(55, chip);
    else if (field === 48 && digits48) builder.digitsFrom(48, digits48, 0, digits48.length);
    else if (field === 64 && mac) macOffset = builder.reserveMac();
    else {
      const value = text.get(field);
      if (value !== undefined) builder.value(field, value);
    }
  }
  const end = builder.finish();
  if (end < 0)
    return fault(
      'E_ILLEGAL',
      'pack-error',
      `data element ${builder.errorField} could not be written (status ${builder.status})`,
      'Nothing was sent. Check the profile with the technician and send a support bundle',
    );
  return { start: at, end, macOffset };
}

function nonEmpty(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && bytes.length > 0 ? bytes : undefined;
}
