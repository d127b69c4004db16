import { Panel, Pp, Spe } from './ids.ts';

/** What the redactor does with a value of a command or an answer. Everything that no table names is {@link LineAction.mark}. */
export const LineAction = {
  /** `0` in place of every byte. */
  mark: 0,
  /** Public: as it is. */
  stay: 1,
  /** Text for a screen or for paper: what looks like a card number in it is marked. */
  text: 2,
  /** BER-TLV, by its tags. */
  tlv: 3,
  key: 4,
  pin: 5,
  pan: 6,
  track1: 7,
  /** Nibbles, as a terminal gives tracks 2 and 3. */
  track2: 8,
  track3: 9,
  maskedTrack: 10,
  name: 11,
  /** YYMMDD */
  expiry: 12,
  /** Scanned text. */
  scan: 13,
  /** Event of the panel: a digit while secrets are typed. */
  event: 14,
  /** Input of the cipher: eight zero bytes, which give a check value, stay. */
  cipherIn: 15,
  /** Output of the cipher: its last eight bytes are a check value or a MAC. */
  cipherOut: 16,
} as const;
export type LineAction = (typeof LineAction)[keyof typeof LineAction];

type Table = ReadonlyMap<number, LineAction>;

const table = (...groups: readonly (readonly [LineAction, readonly number[]])[]): Table =>
  new Map(groups.flatMap(([action, ids]) => ids.map(id => [id, action] as const)));

/** Values from the host, whatever the command; ABECS and the panel extension. */
// prettier-ignore
const FROM_HOST = table(
  [LineAction.stay, [
    Spe.idList, Spe.pinMethod, Spe.dataMethod, Spe.tagList, Spe.eventOptions, Spe.tracks, Spe.openDigits, Spe.keyIndex,
    Spe.promptIndex, Spe.timeout, Spe.digitsMin, Spe.digitsMax, Spe.acquirer, Spe.applicationTypes, Spe.aidList, Spe.amount,
    Spe.cashback, Spe.date, Spe.time, Spe.chipOptions, Spe.goOptions, Spe.finishOptions, Spe.riskParameters,
    Spe.responseCode, Spe.mediaName, Spe.mediaInfo, Spe.transactionType, Spe.currency, Spe.panMask, Spe.dataOptions,
    Panel.reverse, Panel.timeout, Panel.sources, Panel.flush, Panel.beep, Panel.size, Panel.sha256, Panel.offset,
    Panel.partNumber, Panel.lastSequence,
  ]],
  [LineAction.text, [Spe.message, Spe.menuOption, Panel.lines, Panel.print]],
  [LineAction.tlv, [Spe.emvData]],
  [LineAction.key, [Spe.wrappedKey]],
  [LineAction.cipherIn, [Spe.dataIn, Spe.iv]],
);

/** Values from the terminal. */
// prettier-ignore
const FROM_TERMINAL = table(
  [LineAction.stay, [
    Pp.serialNumber, Pp.partNumber, Pp.model, Pp.manufacturer, Pp.capabilities, Pp.softwareVersion, Pp.specVersion,
    Pp.basicVersion, Pp.contactlessCapabilities, Pp.textDisplay, Pp.graphicDisplay, Pp.mediaSupport, Pp.masterKeysPin,
    Pp.masterKeysData, Pp.dukptKeysPin, Pp.dukptKeysData, Pp.event, Pp.cardType, Pp.iccStatus, Pp.aidTableInfo,
    Pp.panSequence, Pp.goResult, Pp.finishResult, Pp.issuerResults, Pp.label, Pp.issuerCountry, Pp.mediaName, Pp.deviceType,
    Pp.tableMemory, Pp.battery, Pp.communication,
    Panel.rows, Panel.columns, Panel.charset, Panel.keys, Panel.printColumns, Panel.features, Panel.serialNumber,
    Panel.firmware, Panel.sequence, Panel.printStatus, Panel.dropped, Panel.slotActive, Panel.slotState, Panel.digestA,
    Panel.digestB, Panel.received,
  ]],
  [LineAction.pan, [Pp.pan]],
  [LineAction.track1, [Pp.track1]],
  [LineAction.track2, [Pp.track2]],
  [LineAction.track3, [Pp.track3]],
  [LineAction.maskedTrack, [Pp.track1Masked, Pp.track2Masked, Pp.track3Masked]],
  [LineAction.name, [Pp.cardholder]],
  [LineAction.expiry, [Pp.expiry]],
  [LineAction.tlv, [Pp.emvData]],
  [LineAction.pin, [Pp.pinBlock]],
  [LineAction.cipherOut, [Pp.dataOut]],
  [LineAction.event, [Panel.event]],
  [LineAction.scan, [Panel.scan]],
);

/** Version of the EMV tables of an acquirer: 9300 to 9363. */
const TABLE_VERSIONS = Pp.tableVersion >> 8;

/** How the blocks of a command or an answer are laid out. */
export const Form = {
  /** Nothing of it is known: blocks are marked whole. */
  unknown: 0,
  /** Chains of values. */
  values: 1,
  /** Blocks of text for the screen. */
  text: 2,
  /** Blocks that are public: EMV tables, public keys. */
  open: 3,
  /** GPN. */
  pinEntry: 4,
} as const;

interface Command {
  readonly toTerminal: number;
  readonly fromTerminal: number;
  /** Values that mean something else in this command than elsewhere. */
  readonly other?: Table;
}

const VALUES: Command = { toTerminal: Form.values, fromTerminal: Form.values };
const PICTURE = table([LineAction.stay, [Spe.dataIn]]);
const IMAGE = table([LineAction.stay, [Panel.data]]);
/** The number of the line that was chosen; of a prompt it would be what somebody typed. */
const CHOICE = table([LineAction.stay, [Pp.value]]);

/** Commands that are known; their names. */
const COMMANDS: Readonly<Record<string, Command>> = {
  OPN: { toTerminal: Form.open, fromTerminal: Form.unknown },
  GIX: VALUES,
  CLX: VALUES,
  CLO: { toTerminal: Form.text, fromTerminal: Form.unknown },
  DSP: { toTerminal: Form.text, fromTerminal: Form.unknown },
  DEX: { toTerminal: Form.text, fromTerminal: Form.unknown },
  RMC: { toTerminal: Form.text, fromTerminal: Form.unknown },
  NTM: { toTerminal: Form.unknown, fromTerminal: Form.text },
  CEX: VALUES,
  MNU: { ...VALUES, other: CHOICE },
  GTK: VALUES,
  GCX: VALUES,
  GOX: VALUES,
  FCX: VALUES,
  EBX: VALUES,
  GPN: { toTerminal: Form.pinEntry, fromTerminal: Form.pinEntry },
  TLI: { toTerminal: Form.open, fromTerminal: Form.unknown },
  TLR: { toTerminal: Form.open, fromTerminal: Form.unknown },
  TLE: { toTerminal: Form.unknown, fromTerminal: Form.unknown },
  MLI: VALUES,
  MLR: { ...VALUES, other: PICTURE },
  MLE: VALUES,
  LMF: VALUES,
  DMF: VALUES,
  DSI: VALUES,
  XID: VALUES,
  XDS: VALUES,
  XEV: VALUES,
  XPR: VALUES,
  XPS: VALUES,
  XBP: VALUES,
  XLI: VALUES,
  XLR: { ...VALUES, other: IMAGE },
  XLE: VALUES,
  XLA: VALUES,
  XLC: VALUES,
  XLQ: VALUES,
};

const BY_NAME = new Map<number, Command>(
  Object.entries(COMMANDS).map(([name, command]) => [
    nameNumber(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)),
    command,
  ]),
);

/** Three characters as one number. */
export function nameNumber(a: number, b: number, c: number): number {
  return (a << 16) | (b << 8) | c;
}

/** {@link Form} of a command (`toTerminal`) or of its answer. */
export function formOf(name: number, toTerminal: boolean): number {
  const command = BY_NAME.get(name);
  if (command === undefined) return Form.unknown;
  return toTerminal ? command.toTerminal : command.fromTerminal;
}

/** What is done with value `id` of a command or of its answer. */
export function actionOf(name: number, id: number, toTerminal: boolean): number {
  const other = BY_NAME.get(name)?.other?.get(id);
  if (other !== undefined) return other;
  if (!toTerminal && id >> 8 === TABLE_VERSIONS) return LineAction.stay;
  return (toTerminal ? FROM_HOST : FROM_TERMINAL).get(id) ?? LineAction.mark;
}
