import { ClearCard } from '../../card/card.ts';
import {
  type ChipInfo,
  type DeviceInfo,
  type EventSources,
  keySlot,
  type PanelEvent,
  type PrinterStatus,
} from '../../device/terminal.ts';
import type { Fault, Result } from '../../fault.ts';
import type { Clock } from '../../hal/hal.ts';
import type { Profile } from '../../profile/schema.ts';
import { slipBytes } from '../../terminal/slips/bytes.ts';
import { digits } from '../../units.ts';
import { columnsOf } from '../../wire/gbk.ts';
import { ask, type Bench } from './bench.ts';
import { failedStep, type Lang, passed, type StepId, type StepResult } from './checklist.ts';

/** Short questions to the terminal whose answers are timed. */
const ROUND_TRIPS = 20;
/** No plain pad waits longer for a person, seconds. */
const PAD_SECONDS_MAX = 255;

export interface TerminalCheck {
  readonly bench: Bench;
  readonly info: DeviceInfo;
  readonly profile: Profile;
  readonly clock: Clock;
  readonly lang: Lang;
  /** How long a person may do nothing at the terminal. */
  readonly patienceSeconds: number;
  /** Tells the person at the console what the terminal waits for. */
  tell(text: string): void;
}

function patienceOf({ info, patienceSeconds }: TerminalCheck): number {
  return info.panel ? patienceSeconds : Math.min(patienceSeconds, PAD_SECONDS_MAX);
}

type Check = (on: TerminalCheck) => Promise<StepResult>;

/** The checks that need nothing but the terminal and a person in front of it. */
export const TERMINAL_CHECKS: readonly (readonly [StepId, Check])[] = [
  ['line', line],
  ['identity', identity],
  ['screen', screen],
  ['keypad', keypad],
  ['reader', reader],
  ['printer', printer],
  ['masterKey', masterKey],
];

const because = (id: StepId, f: Fault): StepResult => failedStep(id, f.cause, f.remedy);

/** Twenty round trips, and what the link counted meanwhile: a bad cable shows here before it shows at a customer. */
async function line({ bench, info, clock }: TerminalCheck): Promise<StepResult> {
  const { counters } = bench.device;
  const before = { ...counters };
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const start = clock.monotonicMs();
    const answer: Result<unknown> =
      info.panel && info.panel.printColumns > 0
        ? await ask(done => bench.device.printerStatus(done))
        : await bench.event({ keypad: true }, 0, true);
    if (!answer.ok) return because('line', answer.fault);
    times.push(clock.monotonicMs() - start);
  }
  times.sort((a, b) => a - b);
  const bad =
    counters.crcErrors +
    counters.badPackets +
    counters.naksReceived +
    counters.timeouts +
    counters.noiseBytes -
    (before.crcErrors + before.badPackets + before.naksReceived + before.timeouts + before.noiseBytes);
  const detail = `${ROUND_TRIPS} round trips, median ${times[ROUND_TRIPS >> 1].toFixed(1)} ms, ${bad} disturbances`;
  if (bad === 0) return passed('line', detail);
  return failedStep(
    'line',
    detail,
    'Change the cable, keep it away from mains, or choose a lower line speed on both sides',
  );
}

/** Is it a terminal that this profile is made for? */
async function identity({ info, profile }: TerminalCheck): Promise<StepResult> {
  const { terminal } = profile;
  const { panel } = info;
  const named =
    `${info.manufacturer} ${info.model} ${info.serialNumber}, firmware ${info.firmware}, ABECS ${info.specVersion}`.trim();
  if (!panel)
    return failedStep(
      'identity',
      `${named}: a plain PIN pad without panel`,
      'Connect a terminal with the operator-panel extension',
    );
  if (panel.rows < terminal.rows || panel.columns < terminal.columns)
    return failedStep(
      'identity',
      `${named}: screen ${panel.rows} x ${panel.columns}, the profile needs ${terminal.rows} x ${terminal.columns}`,
      'Choose a profile for this screen: pos8583 profile list',
    );
  if (terminal.charset === 'GBK' && panel.charset !== 'GBK')
    return failedStep(
      'identity',
      `${named}: shows ${panel.charset}, the profile's texts need GBK`,
      'Choose another profile, or run it with --lang en',
    );
  if (panel.printColumns < terminal.printColumns)
    return failedStep(
      'identity',
      `${named}: prints ${panel.printColumns} columns, the profile needs ${terminal.printColumns}`,
      'Choose a profile for this printer: pos8583 profile list',
    );
  return passed('identity', named);
}

/** Every column of every row, both halves of a Chinese character, one row in reverse; a person judges. */
async function screen(on: TerminalCheck): Promise<StepResult> {
  const { columns } = on.profile.terminal;
  const zh = on.lang === 'zh';
  const fill = (text: string): string => {
    let out = '';
    for (let i = 0; columnsOf(out + text[i % text.length]) <= columns; i++) out += text[i % text.length];
    return out;
  };
  const lines = [
    fill('8'),
    zh ? fill('退货撤销') : fill('#.'),
    fill('0123456789'),
    zh ? '确认=好 取消=坏' : 'ENTER=OK CAN=BAD',
  ];
  on.tell('screen: every column filled, line 3 in reverse? ENTER when it is right, CANCEL when not');
  const verdict = await judge(on, 'screen', lines, 0b0100);
  if (verdict !== true) return verdict;
  return passed('screen', `${on.profile.terminal.rows} x ${columns}, seen by a person`);
}

/** Each key of the profile once, in any order: the screen shows which are missing. */
async function keypad(on: TerminalCheck): Promise<StepResult> {
  const { keys, columns, rows } = on.profile.terminal;
  const missing = new Set<string>(keys.filter(key => on.info.panel?.keys.includes(key) !== false));
  const absent = keys.filter(key => on.info.panel?.keys.includes(key) === false);
  if (absent.length > 0)
    return failedStep(
      'keypad',
      `the terminal has no key ${absent.join(', ')}`,
      'Choose a profile for this keypad, or map other keys in terminal.keymap',
    );
  on.tell(`keypad: press each key once, in any order: ${[...missing].join(' ')}`);
  let first = true;
  while (missing.size > 0) {
    const lines = wrapped([...missing], columns, rows - 1);
    const shown = await on.bench.show([on.lang === 'zh' ? '请按每个键' : 'PRESS EACH KEY', ...lines]);
    if (!shown.ok) return because('keypad', shown.fault);
    const event = await on.bench.event({ keypad: true }, patienceOf(on), first);
    first = false;
    if (!event.ok) return because('keypad', event.fault);
    if (event.value.kind === 'timeout')
      return failedStep(
        'keypad',
        `not pressed in ${patienceOf(on)} s: ${[...missing].join(', ')}`,
        'Run the check again; a key that stays silent is broken: exchange the keypad',
      );
    if (event.value.kind === 'key') missing.delete(event.value.key);
  }
  return passed('keypad', `${keys.length} keys`);
}

/** As many rows of words as fit; what does not fit comes when others are gone. */
function wrapped(words: readonly string[], columns: number, rows: number): string[] {
  const lines: string[] = [''];
  for (const word of words) {
    const last = lines[lines.length - 1];
    const next = last === '' ? word : `${last} ${word}`;
    if (next.length <= columns) lines[lines.length - 1] = next;
    else if (lines.length < rows) lines.push(word);
    else break;
  }
  return lines;
}

/** One card by any of its ways; the number is shown as 6+4 and forgotten. */
async function reader(on: TerminalCheck): Promise<StepResult> {
  on.tell('card reader: swipe, insert or tap a test card');
  const zh = on.lang === 'zh';
  const shown = await on.bench.show(
    zh ? ['读卡测试', '请插卡/刷卡/挥卡', '', '取消-放弃'] : ['CARD TEST', 'INSERT/SWIPE/TAP', '', 'CANCEL-GIVE UP'],
  );
  if (!shown.ok) return because('reader', shown.fault);
  const sources: EventSources = { keypad: true, magnetic: true, chip: true, contactless: true };
  for (let flush = true; ; flush = false) {
    const event = await on.bench.event(sources, patienceOf(on), flush);
    if (!event.ok) return because('reader', event.fault);
    const { value } = event;
    if (value.kind === 'timeout' || (value.kind === 'key' && value.key === 'CANCEL'))
      return failedStep('reader', 'no card was read', 'Clean the reader, try another card, then exchange the reader');
    if (value.kind === 'key' || value.kind === 'scanned' || value.kind === 'chipRemoved') continue;
    return await readOne(on, value);
  }
}

async function readOne(on: TerminalCheck, event: PanelEvent): Promise<StepResult> {
  const way = event.kind === 'swiped' ? 'stripe' : event.kind === 'chipInserted' ? 'chip' : 'contactless';
  if (way !== 'stripe') {
    const at = on.clock.local(on.clock.nowMs());
    const info = await ask<ChipInfo>(done =>
      on.bench.device.readChip(
        {
          amountMinor: 0,
          date: digits(at.year % 100, 2) + digits(at.month, 2) + digits(at.day, 2),
          time: digits(at.hour, 2) + digits(at.minute, 2) + digits(at.second, 2),
          contactless: way === 'contactless',
          timeoutSeconds: Math.min(patienceOf(on), PAD_SECONDS_MAX),
        },
        done,
      ),
    );
    if (!info.ok) return because('reader', info.fault);
    const { pan, cardholder, maskedTrack2, emvData, label } = info.value;
    const card = pan && ClearCard.fromPan(pan, new Uint8Array(0));
    const masked = card?.ok ? card.value.masked() : 'number not given';
    if (card?.ok) card.value.wipe();
    for (const bytes of [pan, cardholder, maskedTrack2, emvData]) bytes?.fill(0);
    if (way === 'chip') {
      await on.bench.show([on.lang === 'zh' ? '请取走卡片' : 'REMOVE CARD']);
      await ask<void>(done => on.bench.device.removeCard(undefined, done));
    }
    return passed('reader', `${way}, ${label ?? 'no label'}, ${masked}`);
  }
  const tracks = await on.bench.tracks();
  if (!tracks.ok) return because('reader', tracks.fault);
  const { track1, track2, track3 } = tracks.value;
  const card = track2 && ClearCard.fromTrack2(track2);
  const masked = card?.ok ? card.value.masked() : undefined;
  if (card?.ok) card.value.wipe();
  for (const bytes of [track1, track2, track3]) bytes?.fill(0);
  if (masked === undefined)
    return failedStep('reader', 'the stripe could not be read', 'Clean the stripe reader, try another card');
  return passed('reader', `stripe, ${masked}`);
}

/** A test page whose edges and characters a person looks at. */
async function printer(on: TerminalCheck): Promise<StepResult> {
  const columns = on.profile.terminal.printColumns;
  if (columns === 0 || on.info.panel?.printColumns === 0)
    return failedStep('printer', 'the terminal has no printer', 'Choose a terminal with a printer');
  const status = await ask<PrinterStatus>(done => on.bench.device.printerStatus(done));
  if (!status.ok) return because('printer', status.fault);
  const { paperOut, coverOpen, error, paperLow } = status.value;
  if (paperOut || coverOpen || error)
    return failedStep(
      'printer',
      [paperOut && 'paper out', coverOpen && 'cover open', error && 'error'].filter(Boolean).join(', '),
      'Put paper in, close the cover, and run the check again',
    );
  let ruler = '';
  while (ruler.length < columns) ruler += `${(ruler.length + 1) % 10}`;
  const page = slipBytes([
    on.lang === 'zh' ? '打印测试' : 'PRINTER TEST',
    ruler,
    '退货 撤销 消费 冲正 ￥100.00',
    '-'.repeat(columns),
    ruler,
  ]);
  const printed = await on.bench.print(page);
  if (!printed.ok) return because('printer', printed.fault);
  on.tell(
    `printer: both rulers end in ${columns % 10} at the right edge, the text is clean? ENTER when it is, CANCEL when not`,
  );
  const verdict = await judge(
    on,
    'printer',
    on.lang === 'zh'
      ? ['打印测试', '字迹清楚 不缺列?', '', '确认=好 取消=坏']
      : ['PRINTER TEST', 'CLEAN TO EDGES?', '', 'ENTER=OK CAN=BAD'],
    0,
  );
  if (verdict !== true) return verdict;
  return passed('printer', `${columns} columns, seen by a person${paperLow ? '; paper is low' : ''}`);
}

/** The slot of the master key: without it no sign-on works, and only the acquirer's key loading can fill it. */
async function masterKey({ info, profile }: TerminalCheck): Promise<StepResult> {
  const index = profile.acquirer.masterKeyIndex;
  const pin = keySlot(info.masterKeysPin, index);
  const data = keySlot(info.masterKeysData, index);
  const detail = `slot ${digits(index, 2)}: PIN ${pin}, data ${data}`;
  if (pin === 'present' && data === 'present') return passed('masterKey', detail);
  if (pin === 'unknown' && data === 'unknown')
    return passed('masterKey', `${detail}; the terminal does not tell, the sign-on will`);
  return failedStep(
    'masterKey',
    detail,
    "Let the acquirer's key loading put the master key into this slot, for PIN and data",
  );
}

/** Shows something that a person judges: true, or the failed step. */
async function judge(
  on: TerminalCheck,
  id: StepId,
  lines: readonly string[],
  reverse: number,
): Promise<true | StepResult> {
  const shown = await on.bench.show(lines, reverse);
  if (!shown.ok) return because(id, shown.fault);
  for (let flush = true; ; flush = false) {
    const event = await on.bench.event({ keypad: true }, patienceOf(on), flush);
    if (!event.ok) return because(id, event.fault);
    if (event.value.kind === 'timeout')
      return failedStep(id, `nobody judged it in ${patienceOf(on)} s`, 'Run the check again and press ENTER or CANCEL');
    if (event.value.kind !== 'key') continue;
    if (event.value.key === 'ENTER') return true;
    if (event.value.key === 'CANCEL')
      return failedStep(id, 'a person found it wrong', `Have the ${id} repaired or exchange the terminal`);
  }
}
