import { Pp, Spe } from '../../device/ids.ts';
import { Refusal, concat, fromHex, fromLatin1, latin1, type Answer, type Command } from './command.ts';
import { track1, track2, type TestCard } from './deck.ts';
import { EmvTransaction, scripts, type EmvRequest, type PinOutcome } from './emv.ts';
import { pinBlock, tdesEncrypt } from './keys.ts';
import type { Handler, KeyName, Machine } from './machine.ts';
import { enterPin, pinKey } from './pin.ts';
import { Stat } from './status.ts';
import { dataKey } from './data.ts';

/** Seconds after which CEX and GCX give up on a contactless card (ABECS: two minutes). */
const FIELD_SECONDS = 120;
const PIN_SECONDS = 60;
const DEFAULT_CURRENCY = '156';

/** Event codes of CEX. They are not those of XEV. */
const CEX_KEYS: Partial<Record<KeyName, string>> = {
  ENTER: '00',
  UP: '02',
  DOWN: '03',
  F1: '04',
  F2: '05',
  F3: '06',
  F4: '07',
  CLEAR: '08',
  CANCEL: '13',
};

export const cardHandlers: Readonly<Record<string, Handler>> = {
  CEX: (command, machine) => {
    const options = command.requiredDigits(Spe.eventOptions, 6);
    const timeoutSeconds = command.number(Spe.timeout, 1);
    const { reader } = machine;
    const [keys, magnetic, chip, contactless] = options;
    const give = (event: string): void => machine.reply(Stat.ok, machine.answer().text(Pp.event, event));
    const chipEvent = (event: 'in' | 'out'): void => {
      if ((chip === '1') !== (event === 'in')) return;
      reader.reportedIn = event === 'in';
      give(event === 'in' ? '92' : '91');
    };
    reader.forget();
    if (chip === '1' && reader.inserted) return chipEvent('in');
    if (chip === '2' && !reader.inserted) return chipEvent('out');
    if (contactless === '1' && reader.field) return give('94');
    return machine.wait({
      ...(keys === '1'
        ? { keys: (key: KeyName) => (CEX_KEYS[key] === undefined ? undefined : give(CEX_KEYS[key])) }
        : {}),
      ...(chip === '1' || chip === '2' ? { chip: chipEvent } : {}),
      ...(contactless === '1' ? { contactless: () => give('94') } : {}),
      ...(magnetic === '1'
        ? {
            magnetic: (card: TestCard) => {
              reader.remember(card, 'stripe');
              const answer = machine.answer().text(Pp.event, '90');
              if (card.stripe === true) putMaskedTracks(answer, card, command);
              machine.reply(Stat.ok, answer);
            },
          }
        : {}),
      ...(contactless === '1' && (timeoutSeconds ?? 255) > FIELD_SECONDS
        ? { timeoutSeconds: FIELD_SECONDS, expired: () => give('93') }
        : { timeoutSeconds }),
    });
  },

  GCX: (command, machine) => new CardSearch(command, machine).begin(),

  GTK: (command, machine) => {
    const wanted = command.requiredDigits(Spe.tracks, 4);
    const memory = machine.reader.memory;
    if (!memory || memory.tracksGiven) throw new Refusal(Stat.noCard, 'no tracks to give');
    const encrypt = trackCipher(command, machine);
    memory.tracksGiven = true;
    const { card, source } = memory;
    if (source === 'stripe' && card.stripe !== true) throw new Refusal(Stat.magneticError, 'bad swipe');
    const answer = machine.answer();
    const put = (id: number, track: Uint8Array): void => void answer.value(id, encrypt(track));
    if (wanted[0] === '1' && source === 'stripe') put(Pp.track1, fromLatin1(track1(card)));
    if (wanted[1] === '1') put(Pp.track2, packTrack(track2(card)));
    if (wanted[2] === '1' && source === 'stripe' && card.track3) put(Pp.track3, packTrack(card.track3));
    machine.reply(Stat.ok, answer);
  },

  GOX: (command, machine) => {
    command.requiredDigits(Spe.acquirer, 2);
    const transaction = machine.reader.transaction;
    if (transaction?.state !== 'read') throw new Refusal(Stat.invalidCall, 'GOX: no card was read by GCX');
    if (!machine.reader.present) throw new Refusal(Stat.dumbCard, 'GOX: the card is gone');
    const method = command.digits(Spe.pinMethod, 1);
    const asked = method !== undefined && transaction.card.chip?.cvm === 'online-pin';
    const slot = method === undefined ? '' : command.requiredDigits(Spe.keyIndex, 2);
    const key = method === undefined ? undefined : pinKey(machine, method, slot, command.required(Spe.wrappedKey));
    const amount = command.digits(Spe.amount, 12);
    if (amount !== undefined) transaction.setAmounts(Number(amount), Number(command.digits(Spe.cashback, 12) ?? 0));
    const tagList = command.optional(Spe.tagList) ?? new Uint8Array(0);
    const finish = (pin: PinOutcome, block?: Uint8Array): void => {
      const online = transaction.go(pin);
      const signature = transaction.card.chip?.cvm === 'signature' ? '1' : '0';
      const answer = machine
        .answer()
        .text(Pp.goResult, `${online ? '2' : '1'}${signature}${pin === 'entered' ? '2' : '0'}000`);
      answer.value(Pp.emvData, transaction.data(tagList));
      if (block) answer.value(Pp.pinBlock, block).value(Pp.ksn, new Uint8Array(10));
      machine.reply(Stat.ok, answer);
    };
    const message = command.optional(Spe.message);
    if (message) machine.screen.message(message);
    if (!asked || !key) return finish('not-asked');
    return enterPin(machine, {
      min: 4,
      max: 12,
      mayskip: true,
      timeoutSeconds: command.number(Spe.timeout, 1) ?? PIN_SECONDS,
      done: pin =>
        pin === undefined
          ? finish('skipped')
          : finish('entered', tdesEncrypt(key, pinBlock(pin, transaction.card.pan))),
      ...(machine.reader.contactless ? {} : { removed: () => machine.reply(Stat.dumbCard) }),
    });
  },

  FCX: (command, machine) => {
    const options = command.requiredDigits(Spe.finishOptions, 4);
    const outcome = options[0];
    if (!'012'.includes(outcome)) throw new Refusal(Stat.invalidParameter, 'FCX: outcome');
    if (outcome !== '2') command.required(Spe.responseCode);
    const transaction = machine.reader.transaction;
    if (transaction?.state !== 'online')
      throw new Refusal(Stat.invalidCall, 'FCX: no transaction waits for the issuer');
    if (!machine.reader.present) throw new Refusal(Stat.dumbCard, 'FCX: the card is gone');
    const issuerData = command.optional(Spe.emvData) ?? new Uint8Array(0);
    const approved = transaction.finish(outcome === '0', issuerData);
    const answer = machine.answer().text(Pp.finishResult, approved ? '000' : '100');
    answer.value(Pp.emvData, transaction.data(command.optional(Spe.tagList) ?? new Uint8Array(0)));
    // Five bytes a script; 20 in the first = carried out.
    const results = Array.from({ length: scripts(issuerData) }, () => Uint8Array.of(0x20, 0, 0, 0, 0));
    if (results.length > 0) answer.value(Pp.issuerResults, concat(results));
    machine.reply(Stat.ok, answer);
  },

  RMC: (command, machine) => {
    const message = command.fixed(32);
    const done = (): void => machine.reply(Stat.ok);
    machine.screen.message(message);
    if (!machine.reader.inserted) return done();
    return machine.wait({ chip: event => (event === 'out' ? done() : undefined) });
  },
};

/** GCX: takes the card that is there, else waits for one. */
class CardSearch {
  private readonly command: Command;
  private readonly machine: Machine;
  private readonly request: EmvRequest;
  private readonly contactless: boolean;
  private readonly currency: string;

  constructor(command: Command, machine: Machine) {
    this.command = command;
    this.machine = machine;
    this.contactless = (command.digits(Spe.chipOptions, 5) ?? '0')[0] === '1';
    this.currency = command.digits(Spe.currency, 3) ?? DEFAULT_CURRENCY;
    this.request = {
      date: command.requiredDigits(Spe.date, 6),
      time: command.requiredDigits(Spe.time, 6),
      transactionType: command.number(Spe.transactionType, 1) ?? 0,
      amountMinor: Number(command.digits(Spe.amount, 12) ?? 0),
      cashbackMinor: Number(command.digits(Spe.cashback, 12) ?? 0),
      currency: Number(this.currency),
    };
  }

  begin(): void {
    const { machine, command } = this;
    const { reader, screen } = machine;
    const timeoutSeconds = command.number(Spe.timeout, 1);
    reader.forget();
    const message = command.optional(Spe.message);
    if (message) screen.message(message);
    else if (!machine.panel) screen.message(fromLatin1('INSERT, SWIPE OR\rTAP YOUR CARD'));
    if (reader.inserted) return this.readChip(reader.inserted);
    if (this.contactless && reader.field) return this.readContactless(reader.field);
    return machine.wait({
      keys: key => (key === 'CANCEL' ? machine.reply(Stat.cancel) : undefined),
      magnetic: card => this.readStripe(card),
      chip: event => (event === 'in' && reader.inserted ? this.readChip(reader.inserted) : undefined),
      ...(this.contactless ? { contactless: (card: TestCard) => this.readContactless(card) } : {}),
      timeoutSeconds,
    });
  }

  private readStripe(card: TestCard): void {
    const { machine } = this;
    const { reader } = machine;
    if (card.stripe !== true) return machine.reply(Stat.magneticError);
    if (/^[26]/.test(card.serviceCode) && !reader.chipFailed) {
      machine.screen.message(machine.screen.encode(machine.panel ? '请插入芯片卡\rUSE THE CHIP' : 'USE THE CHIP'));
      machine.beep('SS');
      return undefined;
    }
    reader.remember(card, 'stripe');
    const answer = machine
      .answer()
      .text(Pp.cardType, '00')
      .text(Pp.iccStatus, reader.chipFailed ? '1' : '0');
    reader.chipFailed = false;
    answer.text(Pp.pan, card.pan);
    putMaskedTracks(answer, card, this.command);
    answer.text(Pp.cardholder, card.holder).text(Pp.expiry, expiryDate(card)).text(Pp.deviceType, '00');
    return machine.reply(Stat.ok, answer);
  }

  private readChip(card: TestCard): void {
    const { reader } = this.machine;
    if (!card.chip || card.chip.mute) {
      reader.chipFailed = true;
      return this.machine.reply(Stat.dumbCard);
    }
    reader.chipFailed = false;
    reader.contactless = false;
    return this.readApplication(card, '03');
  }

  private readContactless(card: TestCard): void {
    const { reader } = this.machine;
    // The holder takes the card away after the beep.
    reader.field = undefined;
    reader.contactless = true;
    this.readApplication(card, '06');
  }

  private readApplication(card: TestCard, cardType: string): void {
    const { machine, command } = this;
    const { reader } = machine;
    const chip = card.chip as NonNullable<TestCard['chip']>;
    const record = machine.tables.find(chip.aid);
    if (machine.strict && record === undefined) return machine.reply(Stat.applicationMissing);
    machine.notice('PROCESSING');
    const transaction = new EmvTransaction(
      card,
      this.request,
      reader.nextCounters(card),
      machine.serialNumber,
      machine.entropy,
    );
    reader.transaction = transaction;
    reader.remember(card, 'chip');
    const answer = machine.answer().text(Pp.cardType, cardType).text(Pp.iccStatus, '0');
    answer.text(Pp.aidTableInfo, record ?? `${command.digits(Spe.acquirer, 2) ?? '01'}0102`);
    answer.text(Pp.pan, card.pan).text(Pp.panSequence, String(chip.sequence).padStart(2, '0'));
    answer.text(Pp.track2Masked, `${mask(card.pan, command)}=${card.expiry}${card.serviceCode}`);
    answer.text(Pp.cardholder, card.holder).text(Pp.label, chip.label).text(Pp.expiry, expiryDate(card));
    answer.value(Pp.emvData, transaction.data(command.optional(Spe.tagList) ?? new Uint8Array(0)));
    answer.text(Pp.deviceType, '00');
    return machine.reply(Stat.ok, answer);
  }
}

/** Tracks in nibbles: digits, `=` as D, filled up with F. */
export function packTrack(track: string): Uint8Array {
  const nibbles = track.replaceAll('=', 'D');
  return fromHex(nibbles.length % 2 === 0 ? nibbles : `${nibbles}F`) as Uint8Array;
}

/** GTK with a data method encrypts the tracks, zero-padded to 8 bytes; without one they come clear. */
function trackCipher(command: Command, machine: Machine): (track: Uint8Array) => Uint8Array {
  if (command.optional(Spe.dataMethod) === undefined) return track => track;
  const { key, mode } = dataKey(command, machine, false);
  return track => {
    const padded = new Uint8Array(Math.ceil(track.length / 8) * 8);
    padded.set(track);
    return tdesEncrypt(key, padded, mode);
  };
}

function putMaskedTracks(answer: Answer, card: TestCard, command: Command): void {
  const pan = mask(card.pan, command);
  answer.text(Pp.track1Masked, `B${pan}^${card.holder}^${card.expiry}${card.serviceCode}`);
  answer.text(Pp.track2Masked, `${pan}=${card.expiry}${card.serviceCode}`);
}

/** First six and last four digits unless PANMASK (`eedd`) says otherwise. */
function mask(pan: string, command: Command): string {
  const wanted = command.optional(Spe.panMask);
  const text = wanted ? latin1(wanted) : '0604';
  if (!/^\d{4}$/.test(text)) throw new Refusal(Stat.invalidParameter, 'PANMASK is not four digits');
  const head = Math.min(Number(text.slice(0, 2)), pan.length);
  const tail = Math.min(Number(text.slice(2)), pan.length - head);
  return pan.slice(0, head) + '*'.repeat(pan.length - head - tail) + pan.slice(pan.length - tail);
}

/** Last day of the card's month, YYMMDD. */
export function expiryDate(card: Pick<TestCard, 'expiry'>): string {
  const month = Number(card.expiry.slice(2));
  const leap = Number(card.expiry.slice(0, 2)) % 4 === 0;
  const day = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return `${card.expiry}${day}`;
}
