import { Panel, Pp, Spe } from '../../src/device/ids.ts';
import { chipOf, track1, track2, track3, type Card } from '../trace/redact-world.ts';
import { answer, ascii, unhex, value } from './bench.ts';

/** Every command and every answer of the line, with a card in each place that can hold something of one. */
const packed = (digits: string): Uint8Array => unhex(digits.length % 2 === 0 ? digits : `${digits}F`);

function command(name: string, ...values: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([ascii(name), answer('', ...values)]));
}

/** One block of fixed layout. */
function block(head: string, content: string): Uint8Array {
  return ascii(head + String(content.length).padStart(3, '0') + content);
}

export function commandsOf(card: Card): readonly Uint8Array[] {
  const key = unhex(card.key);
  const hidden = unhex(`${card.key}${card.pinBlock}`);
  return [
    ascii('XID'),
    ascii('OPN'),
    command('GIX', value(Spe.idList, [0x80, 0x01])),
    block('DSP', 'CARD 622500******0014'.padEnd(32)),
    command('CEX', value(Spe.eventOptions, '111100'), value(Spe.timeout, [60])),
    command('GTK', value(Spe.tracks, '1110'), value(Spe.wrappedKey, key)),
    command('GCX', value(Spe.date, '261122'), value(Spe.amount, '000000001234'), value(0x7777, card.secret)),
    command('GOX', value(Spe.keyIndex, '01'), value(Spe.wrappedKey, key), value(Spe.message, 'PIN')),
    command('FCX', value(Spe.emvData, unhex(`910401020304DF7F10${card.key}`)), value(Spe.responseCode, '00')),
    block(
      'GPN',
      `101${card.key}${String(card.pan.length).padStart(2, '0')}${card.pan.padEnd(19)}10012${' '.repeat(32)}`,
    ),
    command('EBX', value(Spe.dataMethod, '10'), value(Spe.wrappedKey, key), value(Spe.dataIn, hidden)),
    command('EBX', value(Spe.dataIn, packed(track2(card))), value(Spe.iv, unhex(card.pinBlock))),
    command('XDS', value(Panel.lines, `CARD\r${track2(card).replace('D', '=')}`)),
    command('XPR', value(Panel.print, `CARD ${card.pan}\n`), value(Panel.partNumber, [0, 1])),
    command('XEV', value(Panel.sources, [7]), value(Panel.lastSequence, [0, 1])),
    command('YYY', value(Spe.amount, card.secret)),
  ];
}

export function answersOf(card: Card): readonly Uint8Array[] {
  return [
    answer('XID000', value(Panel.rows, [8]), value(Panel.serialNumber, 'SN123')),
    block('OPN000', `256${card.key.repeat(16)}`),
    answer('GIX000', value(Pp.model, 'T1'), value(Pp.ksn, card.pinBlock)),
    answer('CEX000', value(Pp.event, '90'), value(Pp.track1Masked, track1(card)), value(Pp.track2Masked, track2(card))),
    answer('MNU000', value(Pp.value, '02')),
    answer('GCD000', value(Pp.value, card.secret)),
    answer(
      'GTK000',
      value(Pp.track1, track1(card)),
      value(Pp.track2, packed(track2(card))),
      value(Pp.track3, packed(track3(card))),
    ),
    answer(
      'GCX000',
      value(Pp.cardType, '03'),
      value(Pp.pan, card.pan),
      value(Pp.encryptedPan, unhex(card.key)),
      value(Pp.cardholder, card.name),
      value(Pp.expiry, `${card.expiry}31`),
      value(Pp.emvData, unhex(chipOf(card))),
    ),
    answer(
      'GOX000',
      value(Pp.goResult, '202000'),
      value(Pp.pinBlock, unhex(card.pinBlock)),
      value(Pp.ksn, unhex(card.key)),
    ),
    answer('FCX000', value(Pp.finishResult, '000'), value(Pp.emvData, unhex(chipOf(card)))),
    block('GPN000', `${card.pinBlock}${card.key.slice(0, 20)}`),
    answer('EBX000', value(Pp.dataOut, unhex(`${card.key}0123456789ABCDEF`))),
    answer('XEV000', value(Panel.event, '95'), value(Panel.scan, `${card.pan}${card.secret.slice(0, 4)}X`)),
    block('NTM000', 'PROCESSING'.padEnd(32)),
    answer('YYY000', value(Pp.model, card.secret)),
    ascii('GCX041'),
  ];
}
