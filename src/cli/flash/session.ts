import type { DeviceInfo } from '../../device/terminal.ts';
import { failed, fault, faultText, ok, type Fault, type Result } from '../../fault.ts';
import {
  activeDigest,
  flash,
  otherDigest,
  rollback,
  type FlashOutcome,
  type FlashTest,
  type FlashTests,
  type SlotState,
} from '../../flash/flasher.ts';
import { terminalTests } from '../../flash/tests.ts';
import type { Clock, Entropy, Hal, Timers } from '../../hal/hal.ts';
import type { FlashEntry, Journal } from '../../journal/journal.ts';
import type { Console } from '../../node/console.ts';
import type { ImageFolder } from '../../node/image-folder.ts';
import { askLine } from '../../node/question.ts';
import { profileDiff } from '../../profile/diff.ts';
import { imageDigest, imageFits, readImage, type ProfileImage } from '../../profile/image.ts';
import type { Profile } from '../../profile/schema.ts';
import { usableImage } from '../profile/image-file.ts';
import { echoTest } from './echo.ts';
import { FlashExit, type FlashFlags } from './flags.ts';
import type { OpenTerminal } from '../open-terminal.ts';
import { newerTables, showFlashPad } from './pad.ts';
import { ProgressView } from './progress.ts';
import { flashEntry, flashSlip, type Plan, testSlip, whoOf } from './record.ts';
import { changesText, changeText, nameOf, WORDS } from './words.ts';

export interface SessionSetup {
  readonly console: Console;
  readonly version: string;
  readonly flags: FlashFlags;
  /** Signed, with a profile that this program can run; absent in a rollback. */
  readonly image: ProfileImage | undefined;
  /** Of the echo test: that of the image, else the one that was named. */
  readonly profile: Profile | undefined;
  readonly journal: Journal | undefined;
  readonly folder: ImageFolder | undefined;
  readonly line: OpenTerminal;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly entropy: Entropy;
  halFor(profile: Profile): Result<Hal>;
}

interface Trouble {
  readonly status: number;
  readonly fault: Fault;
}

/** One flash from the first look at the terminal to the slip. */
export class FlashSession {
  private readonly setup: SessionSetup;
  private readonly passed: FlashTest[] = [];
  private flasher: { cancel(): void } | undefined;
  private giveUp: (() => void) | undefined;

  constructor(setup: SessionSetup) {
    this.setup = setup;
  }

  /** The terminal may hold or run something new. */
  get isUnderWay(): boolean {
    return this.flasher !== undefined;
  }

  /** Stops at the next safe place; false when nothing is under way that has to be stopped. */
  stop(): boolean {
    this.giveUp?.();
    if (!this.flasher) return false;
    this.flasher.cancel();
    return true;
  }

  /** Gives the exit status. */
  async run(): Promise<number> {
    const planned = await this.look();
    if (!planned.ok) return planned.trouble === 'pad' ? await this.pad() : this.refuse(planned.trouble);
    const { plan } = planned;
    const { flags, journal } = this.setup;
    if (flags.verifyOnly) return this.verify(plan);
    this.tell(plan);
    if (flags.dryRun) return this.finish(plan, 'dryRun', FlashExit.flashed);
    if (!flags.yes) {
      const words = WORDS[flags.lang];
      const answer = await this.question(flags.rollback ? words.rollQuestion : words.question);
      if (!/^(y|yes|是)$/i.test(answer ?? '')) return this.refuse({ status: FlashExit.usage, fault: NOT_WANTED });
    }
    const started = this.clockMs();
    const outcome = await this.flash(plan);
    if (!outcome.ok) {
      this.write(plan, 'unseen', outcome.fault);
      return this.finish(plan, 'unseen', FlashExit.unseen, { fault: outcome.fault });
    }
    const end = outcome.value;
    switch (end.kind) {
      case 'same':
        return this.finish(plan, 'same', FlashExit.flashed);
      case 'fellBack': {
        this.write(plan, end.at === 'load' || end.at === 'compare' ? 'refused' : 'fellBack', end.fault);
        return this.finish(plan, 'fellBack', FlashExit.refused, { at: end.at, fault: end.fault, active: end.active });
      }
      case 'flashed': {
        const kept = plan.image && this.setup.folder?.keep(plan.digest, plan.image.bytes);
        if (kept && !kept.ok) this.setup.console.printError(`pos8583: ${faultText(kept.fault)}`);
        this.write(plan, 'flashed');
        if (journal) await this.printSlip(plan, journal);
        const { bytes, ms } = end;
        return this.finish(plan, 'flashed', FlashExit.flashed, {
          bytes,
          ms,
          bytesPerSecond: ms > 0 ? Math.round((bytes * 1000) / ms) : 0,
          seconds: Math.round((this.clockMs() - started) / 100) / 10,
        });
      }
    }
  }

  /** A plain pad has no slots: it gets the EMV tables and pictures of the profile, in its own commands. */
  private async pad(): Promise<number> {
    const { line, image, flags, console } = this.setup;
    const { info } = line;
    const misfit = image && info && imageFits(image, { ...info, ...newerTables(info, image.profile) });
    if (!image || misfit) return this.refuse({ status: FlashExit.refused, fault: misfit ?? UNKNOWN_PROFILE });
    const words = WORDS[flags.lang];
    if (!flags.json) {
      console.print(`${words.terminal}: ${info?.model} ${info?.serialNumber}, ${info?.firmware}`);
      console.print(`${words.image}: ${nameOf(image)}`);
      console.print(words.isPad);
    }
    if (!flags.yes && !flags.dryRun && !/^(y|yes|是)$/i.test((await this.question(words.question)) ?? ''))
      return this.refuse({ status: FlashExit.usage, fault: NOT_WANTED });
    const request = { device: line.device, profile: image.profile, dryRun: flags.dryRun === true };
    return (await showFlashPad(request, console, flags.json === true)) ? FlashExit.flashed : FlashExit.refused;
  }

  private clockMs(): number {
    return this.setup.clock.monotonicMs();
  }

  /** The terminal and what it holds, against what is wanted. */
  private async look(): Promise<{ ok: true; plan: Plan } | { ok: false; trouble: Trouble | 'pad' }> {
    const { line, image, flags } = this.setup;
    const no = (status: number, cause: Fault) => ({ ok: false as const, trouble: { status, fault: cause } });
    const connected = await new Promise<Result<DeviceInfo>>(resolve => line.connect(resolve));
    if (!connected.ok) return no(FlashExit.serial, connected.fault);
    const info = connected.value;
    if (!info.panel && image && !flags.verifyOnly) return { ok: false, trouble: 'pad' };
    if (!info.panel?.features.slots) return no(FlashExit.terminal, noSlots(info));
    const asked = await new Promise<Result<SlotState>>(resolve => line.device.slots.query(resolve));
    if (!asked.ok) return no(FlashExit.serial, asked.fault);
    const slots = asked.value;
    // On trial the image from before is the one to compare with: the terminal goes back to it.
    const before = slots.state === 'trial' ? otherDigest(slots) : activeDigest(slots);
    const digest = image?.digest ?? otherDigest(slots);
    const installed = this.known(before);
    const wanted = image ?? (await this.usable(digest));
    if (flags.rollback && digest === '') return no(FlashExit.refused, NO_OTHER);
    if (image && !flags.verifyOnly) {
      const { manifest } = installed ?? {};
      const misfit =
        digest === activeDigest(slots)
          ? undefined
          : imageFits(image, { ...info, ...(manifest ? { installed: manifest } : {}) });
      if (misfit) return no(FlashExit.refused, misfit);
      const { rows, columns } = manifest?.terminal ?? image.manifest.terminal;
      if (rows > info.panel.rows || columns > info.panel.columns) return no(FlashExit.refused, SMALL_SCREEN);
    }
    const profile = wanted?.profile ?? this.setup.profile;
    if (!profile && !flags.verifyOnly) return no(FlashExit.image, UNKNOWN_PROFILE);
    const changes = wanted && installed ? profileDiff(installed.profile, wanted.profile) : undefined;
    return { ok: true, plan: { info, image: wanted, digest, profile, installed, activeBefore: before, changes } };
  }

  /** An image that this host keeps. It may be of another version of this program: enough to be compared with. */
  private known(digest: string): ProfileImage | undefined {
    const bytes = digest === '' ? undefined : this.setup.folder?.find(digest);
    const read = bytes && readImage(bytes);
    return read?.ok && read.value.digest === digest ? read.value : undefined;
  }

  /** One whose profile this program can run. */
  private async usable(digest: string): Promise<ProfileImage | undefined> {
    const known = this.known(digest);
    const usable = known && (await usableImage(known));
    return usable?.ok ? usable.value : undefined;
  }

  private verify(plan: Plan): Promise<number> {
    return new Promise(resolve => {
      this.setup.line.device.slots.query(asked => {
        if (!asked.ok) return resolve(this.refuse({ status: FlashExit.serial, fault: asked.fault }));
        const runs = activeDigest(asked.value) === plan.digest && asked.value.state === 'confirmed';
        this.tell(plan);
        resolve(
          this.finish(plan, runs ? 'verified' : 'differs', runs ? FlashExit.flashed : FlashExit.refused, {
            state: asked.value.state,
            active: activeDigest(asked.value),
          }),
        );
      });
    });
  }

  private flash(plan: Plan): Promise<Result<FlashOutcome>> {
    const { line, timers, console, flags, clock } = this.setup;
    const view = new ProgressView(console, flags.lang);
    const tests = this.tests(plan);
    if (!tests.ok) return Promise.resolve(tests);
    const hal = {
      nowMs: () => clock.monotonicMs(),
      timers,
      reconnect: (done: (result: Result<void>) => void) =>
        line.connect(answer => done(answer.ok ? ok(undefined) : answer)),
    };
    return new Promise(resolve => {
      const done = (result: Result<FlashOutcome>): void => {
        view.end();
        this.flasher = undefined;
        resolve(result);
      };
      const show: Parameters<typeof flash>[5] = flags.json ? () => {} : news => view.show(news);
      const { image } = plan;
      const { slots } = line.device;
      this.flasher =
        flags.rollback || !image
          ? rollback(slots, tests.value, hal, show, done)
          : flash(slots, image.bytes, imageDigest(image.bytes), tests.value, hal, show, done);
    });
  }

  private tests(plan: Plan): Result<FlashTests> {
    const { journal, line, timers, flags, entropy, console, version, halFor } = this.setup;
    const { profile, info } = plan;
    if (!profile || !journal) return failed(UNKNOWN_PROFILE);
    const hal = halFor(profile);
    if (!hal.ok) return hal;
    const random = new Uint8Array(2);
    entropy.fill(random);
    const onTerminal = terminalTests(line.device, {
      lang: info.panel?.charset === 'GBK' ? flags.lang : 'en',
      timers,
      slip: testSlip(plan, flags.lang),
      hasPrinter: (info.panel?.printColumns ?? 0) > 0,
      code: ((random[0] << 8) | random[1]) % 10_000,
      say: (zh, en) => {
        if (!flags.json) console.print(`  ${flags.lang === 'zh' ? zh : en}`);
      },
    });
    const noted =
      (test: FlashTest, start: FlashTests[FlashTest]): FlashTests[FlashTest] =>
      done =>
        start(result => {
          if (result.ok) this.passed.push(test);
          done(result);
        });
    return ok({
      echo: noted('echo', echoTest(profile, hal.value, journal, line.device, version)),
      printer: noted('printer', onTerminal.printer),
      panel: noted('panel', onTerminal.panel),
    });
  }

  private write(plan: Plan, outcome: FlashEntry['outcome'], cause?: Fault): void {
    const { journal, clock, flags, console } = this.setup;
    journal?.appendFlash(clock.nowMs(), flashEntry(plan, outcome, this.passed, whoOf(flags, console), cause));
  }

  /** The slip that stays with the terminal. One that cannot be printed is told; the journal has it all. */
  private printSlip(plan: Plan, journal: Journal): Promise<void> {
    const { clock, flags, line, console } = this.setup;
    if (!plan.info.panel?.printColumns) return Promise.resolve();
    const entry = flashEntry(plan, 'flashed', this.passed, whoOf(flags, console));
    const slip = flashSlip(plan, entry, clock.local(clock.nowMs()), journal.anchor(), flags.lang);
    return new Promise(resolve =>
      line.device.print(slip, printed => {
        if (!printed.ok) console.printError(`pos8583: the flash slip was not printed: ${faultText(printed.fault)}`);
        resolve();
      }),
    );
  }

  private tell(plan: Plan): void {
    const { flags, console } = this.setup;
    if (flags.json) return;
    const words = WORDS[flags.lang];
    const { info, installed, activeBefore, image } = plan;
    const runs = installed
      ? nameOf(installed)
      : activeBefore === ''
        ? words.empty
        : `${words.unknown} (${activeBefore.slice(0, 8)}…)`;
    console.print(`${words.terminal}: ${info.model} ${info.serialNumber}, ${info.firmware}`);
    console.print(`${words.runs}: ${runs}`);
    console.print(`${words.image}: ${image ? nameOf(image) : `${words.unknown} (${plan.digest.slice(0, 8)}…)`}`);
    if (!flags.verifyOnly) for (const text of changesText(plan.changes, flags.lang)) console.print(text);
  }

  private question(text: string): Promise<string | undefined> {
    return new Promise(resolve => {
      const withdraw = askLine(text, answer => {
        this.giveUp = undefined;
        resolve(answer);
      });
      this.giveUp = withdraw;
    });
  }

  private refuse({ status, fault: cause }: Trouble): number {
    const { console, flags } = this.setup;
    if (flags.json) console.print(JSON.stringify({ outcome: 'refused', fault: cause }));
    else console.printError(`pos8583: ${faultText(cause)}`);
    return status;
  }

  private finish(
    plan: Plan,
    outcome: 'same' | 'flashed' | 'fellBack' | 'unseen' | 'dryRun' | 'verified' | 'differs',
    status: number,
    more: Readonly<Record<string, unknown>> & { readonly fault?: Fault } = {},
  ): number {
    const { console, flags } = this.setup;
    const { info, image, digest, installed, activeBefore, changes } = plan;
    if (flags.json) {
      console.print(
        JSON.stringify({
          outcome,
          terminal: { model: info.model, serialNumber: info.serialNumber, firmware: info.firmware },
          ...(image ? { profile: image.manifest.id, version: image.manifest.version } : {}),
          digest,
          from: {
            digest: activeBefore,
            ...(installed ? { profile: installed.manifest.id, version: installed.manifest.version } : {}),
          },
          changes: changes?.map(change => changeText(change, flags.lang).trim()),
          tests: this.passed,
          ...more,
        }),
      );
      return status;
    }
    const words = WORDS[flags.lang];
    if (more.fault) console.printError(`pos8583: ${faultText(more.fault)}`);
    if (outcome === 'unseen') return status;
    if (outcome === 'fellBack') console.printError(words.fellBack);
    else console.print(words[outcome]);
    const { bytes, ms, bytesPerSecond } = more as { bytes?: number; ms?: number; bytesPerSecond?: number };
    if (bytes && ms) console.print(`${words.rate}: ${bytes} B, ${(ms / 1000).toFixed(1)} s, ${bytesPerSecond} B/s`);
    return status;
  }
}

const NOT_WANTED = fault('E_EXTENDED', 'not-wanted', 'nobody said yes', 'Nothing was sent. Answer y, or give --yes');
const NO_OTHER = fault(
  'E_NOEXIST',
  'no-other-image',
  'the other slot of the terminal holds no usable image',
  'Flash the image that you want',
);
const SMALL_SCREEN = fault(
  'E_ILLEGAL',
  'image-screen',
  'the screen of the terminal is too small for the image',
  'Take the image that was built for this model',
);
const UNKNOWN_PROFILE = fault(
  'E_ILLEGAL',
  'profile-unknown',
  'this host does not hold the image of the other slot, so its echo test is not known',
  'Give --profile <id>, or flash that image from its file',
);

function noSlots(info: DeviceInfo): Fault {
  return fault(
    'E_NOHARDWARE',
    'no-slots',
    `${info.model || 'the terminal'} has no profile slots`,
    'Terminals with a monitor take an image by --ymodem; a plain PIN pad gets its tables by pos8583 flash too',
  );
}
