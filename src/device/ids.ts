/**
 * Identifiers of the values (TLV) inside command and answer blocks, both sides of the line. Two bytes, big endian.
 * Formats: A ASCII, N digits, S display text in the terminal's character set, B bytes, Xn unsigned binary of n bytes.
 */

/** Host to terminal (ABECS 2.20). */
export const Spe = {
  /** X2 × n: ids that GIX shall answer. */
  idList: 0x0001,
  /** N1: PIN encryption method (GOX). */
  pinMethod: 0x0002,
  /** N2: data encryption method (EBX, GTK). */
  dataMethod: 0x0003,
  /** B..128: EMV tags wanted, one after the other. */
  tagList: 0x0004,
  /** B..512: EMV data of the issuer (91, 71, 72). */
  emvData: 0x0005,
  /** A6: keypad, magnetic, chip, contactless, 0, 0. */
  eventOptions: 0x0006,
  /** N4: tracks 1, 2, 3 and a spare. */
  tracks: 0x0007,
  /** N1 */
  openDigits: 0x0008,
  /** N2 */
  keyIndex: 0x0009,
  /** B16: working key, TDES-ECB under the master key. */
  wrappedKey: 0x000a,
  /** X2: number of a built-in prompt (GCD). */
  promptIndex: 0x000b,
  /** X1: seconds without activity. */
  timeout: 0x000c,
  /** X1 */
  digitsMin: 0x000d,
  /** X1 */
  digitsMax: 0x000e,
  /** B..995 */
  dataIn: 0x000f,
  /** N2 */
  acquirer: 0x0010,
  /** N..20: two digits an application type. */
  applicationTypes: 0x0011,
  /** A..512 */
  aidList: 0x0012,
  /** N12 minor units */
  amount: 0x0013,
  /** N12 minor units */
  cashback: 0x0014,
  /** YYMMDD */
  date: 0x0015,
  /** HHMMSS */
  time: 0x0016,
  /** N5, first digit 1 = contactless on. */
  chipOptions: 0x0017,
  /** N5 */
  goOptions: 0x0018,
  /** N4, first digit: 0 approved, 1 declined, 2 no host. */
  finishOptions: 0x0019,
  /** B10: floor limit X4, target % X1, threshold X4, maximum % X1. */
  riskParameters: 0x001a,
  /** S..128 */
  message: 0x001b,
  /** A2: authorisation response code. */
  responseCode: 0x001c,
  /** B8 */
  iv: 0x001d,
  /** A8 */
  mediaName: 0x001e,
  /** B10: size X4, CRC B2, type X1, three zeros. */
  mediaInfo: 0x001f,
  /** S..24, once a menu line. */
  menuOption: 0x0020,
  /** B1: 00 sale, 01 cash, 09 cashback, 20 refund, 30 balance. */
  transactionType: 0x0021,
  /** N3 */
  currency: 0x0022,
  /** N4: clear digits at the start and the end. */
  panMask: 0x0023,
  /** B256 */
  rsaModulus: 0x0024,
  /** B..3 */
  rsaExponent: 0x0025,
  /** N4 */
  dataOptions: 0x0026,
} as const;

/** Terminal to host (ABECS 2.20). */
export const Pp = {
  serialNumber: 0x8001,
  partNumber: 0x8002,
  model: 0x8003,
  manufacturer: 0x8004,
  /** A10 */
  capabilities: 0x8005,
  softwareVersion: 0x8006,
  specVersion: 0x8007,
  basicVersion: 0x8008,
  contactlessCapabilities: 0x800b,
  /** RRCC */
  textDisplay: 0x8020,
  /** RRRRCCCC */
  graphicDisplay: 0x8021,
  mediaSupport: 0x8022,
  /** 100 characters, one a slot: 0 absent, 1 present, 2 not supported. */
  masterKeysPin: 0x8032,
  masterKeysData: 0x8033,
  dukptKeysPin: 0x8035,
  dukptKeysData: 0x8036,
  /** A2 */
  event: 0x8040,
  /** Masked account number, expiry, service code of tracks 1–3. */
  track1Masked: 0x8041,
  track2Masked: 0x8042,
  track3Masked: 0x8043,
  track1: 0x8044,
  /** Nibbles, separator D, padded with F. */
  track2: 0x8045,
  track3: 0x8046,
  track1Ksn: 0x8047,
  track2Ksn: 0x8048,
  track3Ksn: 0x8049,
  encryptedPan: 0x804a,
  encryptedPanKsn: 0x804b,
  ksn: 0x804c,
  value: 0x804d,
  dataOut: 0x804e,
  /** N2: 00 magnetic, 03 chip, 05 contactless stripe, 06 contactless EMV. */
  cardType: 0x804f,
  /** N1: 0 right, 1 the last chip read failed. */
  iccStatus: 0x8050,
  /** A6 × n: acquirer, record, application type. */
  aidTableInfo: 0x8051,
  pan: 0x8052,
  panSequence: 0x8053,
  emvData: 0x8054,
  cardholder: 0x8055,
  /** N6: decision, signature, PIN … */
  goResult: 0x8056,
  pinBlock: 0x8057,
  /** N3 */
  finishResult: 0x8058,
  /** Issuer script results (UnionPay tag DF31). */
  issuerResults: 0x8059,
  label: 0x805b,
  issuerCountry: 0x805c,
  /** YYMMDD */
  expiry: 0x805d,
  mediaName: 0x805e,
  deviceType: 0x8060,
  /** X4 */
  tableMemory: 0x8062,
  encryptedRandom: 0x8063,
  battery: 0x8064,
  communication: 0x8065,
  /** 9300 + acquirer: version of its tables. */
  tableVersion: 0x9300,
} as const;

/** Operator-panel extension: 60xx host to terminal, E0xx terminal to host. */
export const Panel = {
  /** B..512: screen lines separated by 0D. */
  lines: 0x6001,
  /** X1: bit i = line i in reverse video. */
  reverse: 0x6002,
  /** X2 seconds; 0 = answer at once; absent = wait for ever. */
  timeout: 0x6003,
  /** X1: bit 0 keypad, 1 magnetic, 2 chip, 3 contactless, 4 scanner. */
  sources: 0x6004,
  /** X1: 1 = drop keys typed before. */
  flush: 0x6005,
  /** B..980 */
  print: 0x6006,
  /** A..16: S short, L long, - pause. */
  beep: 0x6007,
  /** X4 */
  size: 0x6009,
  /** B32 */
  sha256: 0x600a,
  /** B..980 */
  data: 0x600b,
  /** X4 */
  offset: 0x600c,
  /** X2 */
  partNumber: 0x600d,
  /** X2 */
  lastSequence: 0x600e,
  /** X1 */
  rows: 0xe001,
  /** X1, half-width columns */
  columns: 0xe002,
  /** A..12: GBK, ISO8859-1, ASCII */
  charset: 0xe003,
  /** A..96, comma-separated key names */
  keys: 0xe004,
  /** X1, 0 = no printer */
  printColumns: 0xe005,
  /** X1: bit 0 scanner, 1 beeper, 2 slots, 3 part numbers, 4 last sequence. */
  features: 0xe006,
  serialNumber: 0xe008,
  firmware: 0xe009,
  /** A2 */
  event: 0xe010,
  /** A..256 */
  scan: 0xe011,
  /** X2, 1–65535 */
  sequence: 0xe012,
  /** X1: bit 0 paper out, 1 paper low, 2 cover open, 3 other error. */
  printStatus: 0xe013,
  /** X1 */
  dropped: 0xe014,
  /** A1: A or B */
  slotActive: 0xe020,
  /** A1: C confirmed, T trial */
  slotState: 0xe021,
  /** B32 */
  digestA: 0xe022,
  digestB: 0xe023,
  /** X4 */
  received: 0xe024,
} as const;
