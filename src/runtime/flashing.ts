import { fault, failed, faultText, ok, type Result } from '../fault.ts';
import { flash, type FlashHal, type FlashOutcome, type FlashProgress } from '../flash/flasher.ts';
import type { FlashEntry, FlashTest } from '../journal/journal.ts';
import { fit } from '../profile/columns.ts';
import { type Change, profileDiff } from '../profile/diff.ts';
import { imageDigest, type ProfileImage } from '../profile/image.ts';
import type { EquipmentJob, FlashMoment } from '../terminal/equipment.ts';
import type { Done } from '../terminal/types.ts';
import { acknowledgeTerminal, activeDigest, shortDigest } from './equipment.ts';
import {
  candidates,
  changesTo,
  installedImage,
  look,
  NAME_COLUMNS,
  nameOf,
  obstacle,
  refused,
  valueText,
} from './flash-choice.ts';
import { panelCode, teller, testsOf, trialShop } from './flash-trial.ts';
import { printNew, shopOf } from './printing.ts';
import type { Shop } from './shop.ts';
import { type Task, wait } from './task.ts';

/** F23: a signed image from the shelf into the terminal at the line, tested on trial, written down and on paper. */

/** How long a terminal that restarts is waited for in one try, milliseconds. */
const RECONNECT_MS = 12_000;

export function* performEquipment(shop: Shop, job: EquipmentJob): Task<Done> {
  switch (job.kind) {
    case 'flashLook':
      return look(shop, job.index);
    case 'flash':
      return yield* flashImage(shop, job.digest);
    case 'flashSlip':
      return yield* printSlip(shop);
    case 'flashGoOn':
      if (shop.equipment.flashed) {
        shop.equipment.goesOn = true;
        shop.stopping = true;
      }
      return { type: 'DONE', outcome: 'ok' };
    case 'acknowledgeTerminal':
      acknowledgeTerminal(shop, job.id);
      return { type: 'DONE', outcome: 'ok' };
  }
}

function* flashImage(shop: Shop, digest: string): Task<Done> {
  const { equipment, hal, journal } = shop;
  // Between the look and the key a reversal may have come up, or another file to the shelf.
  const stands = obstacle(shop);
  if (stands) return refused(stands);
  const images = candidates(shop);
  if ('type' in images) return images;
  const image = images.find(one => one.digest === digest);
  const { info } = shop.terminal;
  if (!image || !info) return refused('F23.none');
  const entry = entryOf(shop, image, digest);
  const serial = info.serialNumber;
  const passed: FlashTest[] = [];
  const trial = trialShop(shop, image.profile);
  if (!trial.ok) return refused('F23.model', trial.fault);
  hal.log.info({ event: 'flash', digest: shortDigest(digest) }, `flashing ${nameOf(image.profile, NAME_COLUMNS)}`);
  equipment.flashing = true;
  const told = teller(shop);
  const ended = yield* wait<Result<FlashOutcome>>(resume => {
    const tests = testsOf(trial.value, told, passed, panelCode(digest));
    const started = flash(
      shop.device.slots,
      image.bytes,
      imageDigest(image.bytes),
      tests,
      flashHal(shop, serial),
      told.progress,
      resume,
    );
    equipment.cancel = () => started.cancel();
    if (shop.stopping) started.cancel();
  });
  equipment.cancel = undefined;
  equipment.flashing = false;
  const now = hal.clock.nowMs();
  const tests = passed;
  if (!ended.ok) {
    journal.appendFlash(now, { ...entry, outcome: 'unseen', tests, why: faultText(ended.fault) });
    yield* greetAgain(shop);
    return refused('F23.failed', ended.fault);
  }
  const end = ended.value;
  if (end.kind === 'same') return refused('F23.same');
  if (end.kind === 'fellBack') {
    journal.appendFlash(now, { ...entry, outcome: 'fellBack', tests, why: faultText(end.fault) });
    yield* greetAgain(shop);
    return { type: 'DONE', outcome: 'fellBack', moment: momentOf(end.at, told.last), fault: end.fault };
  }
  journal.appendFlash(now, { ...entry, outcome: 'flashed', tests });
  equipment.flashed = image;
  hal.log.info(
    { event: 'flashed', digest: shortDigest(digest), bytes: end.bytes, durationMs: Math.round(end.ms) },
    `the terminal runs ${nameOf(image.profile, NAME_COLUMNS)}`,
  );
  return { type: 'DONE', outcome: 'flashed' };
}

/** The terminal has restarted: it is greeted anew, which tells what runs in it and counts its keys from the beginning. */
function* greetAgain(shop: Shop): Task<void> {
  if (shop.terminal.isReady) shop.terminal.restart(RESTARTS);
  yield* wait<boolean>(resume => shop.terminal.whenReady(resume, RECONNECT_MS));
}

/** The record of this flash without its end. */
function entryOf(shop: Shop, image: ProfileImage, digest: string): Omit<FlashEntry, 'outcome' | 'tests'> {
  const { info } = shop.terminal;
  const active = info && activeDigest(info);
  const before = (installedImage(shop) ?? shop).profile;
  return {
    serialNumber: info?.serialNumber ?? '',
    model: info?.model ?? '',
    digest,
    profile: image.manifest.id,
    version: image.manifest.version,
    from: { profile: before.id, version: before.version, ...(active === undefined ? {} : { digest: active }) },
    changes: changesTo(shop, image).map(changeLine),
    by: TECHNICIAN,
  };
}

/** Operator number of the administrator, who alone reaches this menu. */
const TECHNICIAN = '99';

/** A difference in one line, for the journal: `! refundMaxMinor: 10000.00 -> 5000.00`. */
const changeLine = (change: Change): string =>
  `${change.mark === '' ? '' : `${change.mark} `}${change.pointer}: ${change.old ?? '-'} -> ${change.new ?? '-'}`;

const momentOf = (step: FlashProgress['step'], last: FlashMoment): FlashMoment =>
  step === 'test' || step === 'done' || step === 'fellBack' ? last : step;

const TERMINAL_AWAY = fault(
  'E_TIMEOUT',
  'terminal-unreachable',
  'the terminal does not come back',
  'Check its power and cable',
);
const RESTARTS = fault('E_BUSY', 'terminal-restarts', 'the terminal restarts', 'Wait for it');

/** The line of this counter for the flash room. `serial`: the terminal that is flashed. */
function flashHal(shop: Shop, serial: string): FlashHal {
  return {
    nowMs: () => shop.hal.clock.monotonicMs(),
    timers: shop.hal.timers,
    reconnect(done) {
      if (shop.terminal.isReady) shop.terminal.restart(RESTARTS);
      shop.terminal.whenReady(up => {
        const { info } = shop.terminal;
        if (!up || !info) return done(failed(TERMINAL_AWAY));
        if (info.serialNumber === serial) return done(ok(undefined));
        done(
          failed(
            fault(
              'E_ILLEGAL',
              'terminal-changed',
              `another terminal came back: ${info.serialNumber}, not ${serial}`,
              'Connect the terminal that was flashed',
            ),
          ),
        );
      }, RECONNECT_MS);
    },
  };
}

function* printSlip(shop: Shop): Task<Done> {
  const [entry] = shop.journal.flashes(1);
  const image = shop.equipment.flashed;
  if (!image || !entry) return { type: 'DONE', outcome: 'ok' };
  const { from } = entry;
  const before = (from?.digest === undefined ? undefined : shop.equipment.shelf?.find(from.digest)) ?? shop;
  const side = (text: string | undefined): string => fit(valueText(shop, text), NAME_COLUMNS);
  return yield* printNew(
    shop,
    {
      kind: 'flash',
      shop: shopOf(shop),
      serialNumber: entry.serialNumber,
      model: entry.model,
      was: from ? `${from.profile} v${from.version}` : '-',
      is: `${entry.profile} v${entry.version}`,
      digest: entry.digest,
      by: entry.by,
      at: shop.hal.clock.local(entry.atMs),
      tests: entry.tests,
      changes: profileDiff(before.profile, image.profile).map(({ label, mark, ...change }) => ({
        label: label[shop.lang],
        mark,
        was: side(change.old),
        is: side(change.new),
      })),
      anchor: shop.journal.anchor(),
    },
    'flash',
    'merchant',
    undefined,
  );
}
