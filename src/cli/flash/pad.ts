import type { DeviceInfo, TerminalDevice } from '../../device/terminal.ts';
import { failed, fault, faultText, ok, type Fault, type Result } from '../../fault.ts';
import { loadPictures, planPictures, type PicturePlan } from '../../flash/media.ts';
import { emvTables } from '../../flash/tables.ts';
import type { Console } from '../../node/console.ts';
import { picturesOf } from '../../profile/emv-media.ts';
import type { Profile } from '../../profile/schema.ts';

/** What is being sent. Tables count as one step each way: they are a few kilobytes. */
export interface PadProgress {
  readonly what: 'tables' | 'picture';
  /** Version of the tables, or name of the picture. */
  readonly name: string;
  readonly sentBytes: number;
  readonly totalBytes: number;
}

export interface PadRequest {
  /** Connected: its `info` is there. */
  readonly device: TerminalDevice;
  /** Checked, with the bytes of its pictures in it (`withPictures`). */
  readonly profile: Profile;
  /** Only say what would change. */
  readonly dryRun?: boolean;
  /** Load even what the pad says that it has. */
  readonly again?: boolean;
  readonly progress?: (progress: PadProgress) => void;
}

/** `none`: the profile has none; `same`: the pad has them; `would-load`: a dry run; `loaded`: loaded and read back. */
export type PadChange = 'none' | 'same' | 'would-load' | 'loaded';

export interface PadReport {
  readonly model: string;
  readonly serialNumber: string;
  readonly tables: {
    readonly change: PadChange;
    /** Version that the pad said before, '' for none. */
    readonly before: string;
    /** Version of the profile's tables, '' for none. */
    readonly version: string;
    readonly publicKeys: number;
    readonly revoked: number;
    readonly applications: number;
  };
  readonly pictures: readonly {
    readonly picture: string;
    readonly change: PadChange;
    /** Name in the pad, with its suffix. */
    readonly name: string;
    readonly bytes: number;
    readonly deleted?: string;
  }[];
}

/**
 * Loads the EMV tables and the pictures of a profile into a connected terminal and reads back what it has then. Pictures
 * go first and the tables last, because their version says that all of it is there: a load that was cut off anywhere is
 * done again from the beginning. The old tables and pictures stay in force until the new ones are whole.
 *
 * Faults: those of the line; `pad-nothing` when the profile has neither; `pad-version` when the terminal keeps another
 * version than it was given; after a fault its cause says which tables are in force, where the terminal still tells.
 */
export async function flashPad(request: PadRequest): Promise<Result<PadReport>> {
  const { device, profile, dryRun = false, again = false } = request;
  const { info } = device;
  if (info === undefined)
    return failed(fault('E_CLOSED', 'not-connected', 'the terminal is not connected', 'Connect first'));
  const load = emvTables(profile);
  const pictures = picturesOf(profile);
  if (!pictures.ok) return pictures;
  if (load === undefined && pictures.value.length === 0)
    return failed(
      fault(
        'E_ILLEGAL',
        'pad-nothing',
        `profile ${profile.id} has neither EMV tables nor pictures, and this terminal takes nothing else`,
        'Let the profile extend base/emv-tables, or use a terminal with profile slots',
      ),
    );
  const before = info.tableVersion;
  const current = load !== undefined && load.version === before && !again;
  let plan: readonly PicturePlan[] = [];
  if (pictures.value.length > 0) {
    const held = await ask<readonly string[]>(done => device.media.list(done));
    if (!held.ok) return held;
    plan = planPictures(pictures.value, held.value);
  }
  // The version covers the pictures: they are loaded before it.
  const due = current ? plan.filter(({ settled }) => !settled) : plan;
  const report = (change: PadChange): PadReport => ({
    model: info.model,
    serialNumber: info.serialNumber,
    tables: {
      change: load === undefined ? 'none' : current ? 'same' : change,
      before,
      version: load?.version ?? '',
      publicKeys: profile.emv?.publicKeys.length ?? 0,
      revoked: profile.emv?.revoked?.length ?? 0,
      applications: profile.emv?.applications.length ?? 0,
    },
    pictures: plan.map(item => {
      const loads = due.includes(item);
      return {
        picture: item.picture.name,
        change: loads ? change : 'same',
        name: loads ? item.name : (item.old ?? item.name),
        bytes: item.picture.bytes.length,
        ...(loads && item.old !== undefined ? { deleted: item.old } : {}),
      };
    }),
  });
  if (dryRun) return ok(report('would-load'));
  const done = await change(request, due, current ? undefined : load);
  if (!done.ok) return failed(await told(device, done.fault, before));
  const idle = await leave(request, plan, due);
  return idle.ok ? ok(report('loaded')) : idle;
}

/**
 * The version that the pad holds, for `imageFits`, when its tables have the name of the profile's and a higher version:
 * to go back needs the permission in the image. Nothing else on a pad is an installed image.
 */
export function newerTables(
  info: Pick<DeviceInfo, 'tableVersion'>,
  profile: Profile,
): { readonly installed?: { readonly id: string; readonly version: number } } {
  const { emv, id, version } = profile;
  const held = /^(.{6})(\d{4})$/.exec(info.tableVersion);
  if (emv === undefined || held?.[1] !== emv.name || Number(held[2]) <= version) return {};
  return { installed: { id, version: Number(held[2]) } };
}

async function change(
  { device, progress }: PadRequest,
  due: readonly PicturePlan[],
  load: ReturnType<typeof emvTables>,
): Promise<Result<void>> {
  if (due.length > 0) {
    const sizes = new Map(due.map(({ picture }) => [picture.name, picture.bytes.length]));
    const loaded = await ask(finish =>
      loadPictures(
        device.media,
        due,
        (name, sentBytes) => progress?.({ what: 'picture', name, sentBytes, totalBytes: sizes.get(name) ?? 0 }),
        finish,
      ),
    );
    if (!loaded.ok) return loaded;
  }
  if (load === undefined) return ok(undefined);
  const totalBytes = load.records.reduce((sum, record) => sum + record.length, 0);
  progress?.({ what: 'tables', name: load.version, sentBytes: 0, totalBytes });
  const loaded = await ask<void>(finish => device.loadTables(load.version, load.records, finish));
  if (!loaded.ok) return loaded;
  progress?.({ what: 'tables', name: load.version, sentBytes: totalBytes, totalBytes });
  const seen = await ask<DeviceInfo>(finish => device.connect(finish));
  if (!seen.ok) return seen;
  const { tableVersion } = seen.value;
  if (tableVersion === load.version) return ok(undefined);
  return failed(
    fault(
      'E_FAILURE',
      'pad-version',
      `the terminal took tables ${load.version} and says that it has ${tableVersion || 'none'}`,
      'Flash again; if it stays so, ask the maker of the terminal',
    ),
  );
}

/** Leaves the pad with the idle picture, if the profile has one. */
async function leave(
  { device, profile }: PadRequest,
  plan: readonly PicturePlan[],
  due: readonly PicturePlan[],
): Promise<Result<void>> {
  const idle = plan.find(({ picture }) => picture.name === profile.media?.idle);
  if (idle === undefined) return ok(undefined);
  const name = due.includes(idle) ? idle.name : (idle.old ?? idle.name);
  return ask(done => device.close(undefined, done, name));
}

/** The fault, with what the terminal has in force now. */
async function told(device: TerminalDevice, cause: Fault, before: string): Promise<Fault> {
  const seen = await ask<DeviceInfo>(done => device.connect(done));
  const now = seen.ok
    ? `the terminal has tables ${seen.value.tableVersion || 'of no version'}${seen.value.tableVersion === before ? ', as before' : ''}`
    : 'the terminal does not tell which tables it has';
  return { ...cause, cause: `${cause.cause}; ${now}` };
}

const ask = <T>(call: (done: (result: Result<T>) => void) => void): Promise<Result<T>> => new Promise(call);

const CHANGE_WORDS: Readonly<Record<PadChange, string>> = {
  none: 'none in the profile',
  same: 'there already',
  'would-load': 'would be loaded',
  loaded: 'loaded and read back',
};

/** The report for a person, one line each. */
export function padLines(report: PadReport): string[] {
  const { tables } = report;
  const lines = [`terminal ${report.model || '(no model)'} ${report.serialNumber}`.trimEnd()];
  lines.push(
    tables.change === 'none'
      ? `EMV tables: ${CHANGE_WORDS.none}${tables.before === '' ? '' : `; the terminal keeps ${tables.before}`}`
      : `EMV tables ${tables.version}: ${CHANGE_WORDS[tables.change]} (${tables.applications} applications, ` +
          `${tables.publicKeys} keys, ${tables.revoked} revoked certificates); before: ${tables.before || 'none'}`,
  );
  if (report.pictures.length === 0) lines.push(`pictures: ${CHANGE_WORDS.none}`);
  for (const { picture, change, name, bytes, deleted } of report.pictures)
    lines.push(
      `picture ${picture}: ${CHANGE_WORDS[change]} as ${name} (${bytes} bytes)` +
        (deleted === undefined ? '' : change === 'loaded' ? `, ${deleted} deleted` : `, ${deleted} would be deleted`),
    );
  return lines;
}

/**
 * The whole command: loads with a line of progress for each step, prints the report or the fault (or one JSON object).
 * Answers true when the terminal has, or with a dry run would get, everything.
 */
export async function showFlashPad(
  request: Omit<PadRequest, 'progress'>,
  console: Console,
  json: boolean,
): Promise<boolean> {
  let told = '';
  const result = await flashPad({
    ...request,
    progress({ what, name, sentBytes, totalBytes }) {
      if (json) return;
      const line = `${what === 'tables' ? 'EMV tables' : 'picture'} ${name}: ${sentBytes} of ${totalBytes} bytes`;
      if (line !== told) console.print(line);
      told = line;
    },
  });
  if (json)
    console.print(
      JSON.stringify(result.ok ? { outcome: 'ok', pad: result.value } : { outcome: 'failed', fault: result.fault }),
    );
  else if (result.ok) for (const line of padLines(result.value)) console.print(line);
  else console.printError(`pos8583: ${faultText(result.fault)}`);
  return result.ok;
}
