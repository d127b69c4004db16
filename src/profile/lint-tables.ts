import type { Profile } from './schema.ts';
import { pointerStep } from './source.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** Rows of the code table that the flows and jobs take by their id. */
const USED_ROWS: ReadonlySet<string> = new Set([
  ...['sale', 'void', 'refund', 'signOn', 'signOff', 'echo'],
  ...['settle', 'batchDetail', 'batchTc', 'batchNotice', 'batchEnd'],
]);
const SCAN_ROWS: ReadonlySet<string> = new Set(['qrSale', 'qrVoid', 'qrRefund', 'qrInquiry']);
/** Keys that the terminal itself takes while a PIN is typed: they must mean there what they mean in the flows. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  'ENTER',
  'CANCEL',
  'CLEAR',
]);

/** Tables are closed: what is named exists, and what is there is used. */
export function lintTables(profile: Profile, report: Report): void {
  lintRows(profile, report);
  lintCodes(profile, report);
  lintChipTags(profile, report);
  lintKeys(profile, report);
  lintModels(profile, report);
}

function lintRows({ transactions, acquirer }: Profile, report: Report): void {
  const reversals = new Set(Object.values(transactions).map(row => row.reversal));
  for (const [id, row] of Object.entries(transactions)) {
    const at = `/transactions${pointerStep(id)}`;
    if (row.mti === '0400') {
      if (!reversals.has(id))
        report(
          at,
          'transaction-unused',
          'is a reversal that no transaction names',
          'Name it in "reversal", or take it out',
        );
      continue;
    }
    if (!row.enabled || USED_ROWS.has(id)) continue;
    if (!SCAN_ROWS.has(id))
      report(
        `${at}/enabled`,
        'transaction-unused',
        `is true, but no flow offers "${id}"`,
        'Write false, or correct the id',
      );
    else if (!acquirer.scanPayment)
      report(
        `${at}/enabled`,
        'transaction-unused',
        'is true, but the acquirer has no scanPayment',
        'Write false, or add acquirer.scanPayment',
      );
  }
  for (const [id, row] of Object.entries(transactions))
    if (row.reversal !== undefined && row.unknownOutcome !== 'reverse')
      report(
        `/transactions${pointerStep(id)}/reversal`,
        'reversal-unused',
        `names ${row.reversal}, but unknownOutcome is "${row.unknownOutcome}"`,
        'Say "reverse" there, or take "reversal" out',
      );
}

/** Codes that rules name must have an entry, or the slip and the screen could not say what came. */
function lintCodes({ responses, acquirer }: Profile, report: Report): void {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['/acquirer/reversal/finalCodes', acquirer.reversal.finalCodes],
    ['/acquirer/settlement/acceptedCodes', acquirer.settlement.acceptedCodes],
    ['/acquirer/scanPayment/waitCodes', acquirer.scanPayment?.waitCodes ?? []],
  ];
  for (const [at, codes] of lists)
    for (const [index, code] of codes.entries()) {
      if (!Object.hasOwn(responses, code))
        report(
          `${at}/${index}`,
          'code-unknown',
          `names ${code}, which /responses does not have`,
          'Correct the code or add it to responses',
        );
      if (codes.indexOf(code) < index)
        report(`${at}/${index}`, 'code-twice', `names ${code} a second time`, 'Take it out');
    }
  for (const [code, line] of Object.entries(responses))
    if (line.group === 'E' && line.kind !== 'unknown')
      report(
        `/responses${pointerStep(code)}/kind`,
        'response-kind',
        `is "${line.kind}" in group E: a time-out behind the host says nothing about the money`,
        'Write "unknown", or another group',
      );
}

function lintChipTags({ acquirer, dialect }: Profile, report: Report): void {
  for (const [list, tags] of Object.entries(acquirer.chipTags))
    for (const [index, tag] of tags.entries()) {
      const at = `/acquirer/chipTags/${list}/${index}`;
      if (!Object.hasOwn(dialect.tags ?? {}, tag))
        report(
          at,
          'tag-unknown',
          `names ${tag}, which /dialect/tags does not have`,
          'Correct the tag or add it to the dialect',
        );
      if (tags.indexOf(tag) < index) report(at, 'tag-twice', `names ${tag} a second time`, 'Take it out');
    }
}

function lintKeys({ terminal }: Profile, report: Report): void {
  for (const [device, key] of Object.entries(terminal.keymap)) {
    const at = `/terminal/keymap${pointerStep(device)}`;
    if (!(terminal.keys as readonly string[]).includes(device))
      report(
        at,
        'key-missing',
        `maps ${device}, a key that /terminal/keys does not have`,
        'Take it out, or add the key',
      );
    if (OWN_KEYS.has(device) && key !== device)
      report(
        at,
        'keymap-fixed',
        `makes ${device} another key; while a PIN is typed the terminal takes it as ${device} all the same`,
        'Map another key of the device',
      );
  }
  for (const [index, key] of terminal.keys.entries())
    if (terminal.keys.indexOf(key) < index)
      report(`/terminal/keys/${index}`, 'key-twice', `names ${key} a second time`, 'Take it out');
}

function lintModels({ terminal }: Profile, report: Report): void {
  for (const [index, { name, firmwareMin, firmwareMax }] of terminal.models.entries()) {
    const at = `/terminal/models/${index}`;
    if (terminal.models.findIndex(model => model.name === name) < index)
      report(`${at}/name`, 'model-twice', `${name} stands here a second time`, 'Write one range for each model');
    if (firmwareMin !== undefined && firmwareMax !== undefined && versionOrder(firmwareMin, firmwareMax) > 0)
      report(
        `${at}/firmwareMax`,
        'model-range',
        `is older than firmwareMin (${firmwareMin})`,
        'Write the older one into firmwareMin',
      );
  }
}

/** Compares number by number at the dots; a part that is missing is 0. */
function versionOrder(a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(Number));
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = (left[at] ?? 0) - (right[at] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
