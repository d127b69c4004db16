import { assert } from '../assert.ts';
import { TerminalDevice } from '../device/terminal.ts';
import { fault, type Fault, ok, type Result } from '../fault.ts';
import type { Hal, SerialClose } from '../hal/hal.ts';
import { AcquirerLine } from '../host/line.ts';
import { compileFieldPlan, type FieldPlan } from '../iso8583/plan.ts';
import type { DialectOptions } from '../iso8583/source.ts';
import { isTrue, type Journal, type Vault } from '../journal/journal.ts';
import type { ProfileImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import { Keypad } from '../terminal/machine.ts';
import { type PanelProfile, panelProfile } from '../terminal/profile.ts';
import { weak } from '../terminal/flows/common.ts';
import type { MessageRecord, TraceRecord } from '../trace/record.ts';
import type { Lang } from '../terminal/types.ts';
import { type ControlCall, controlOf } from './control.ts';
import { redraw, serve } from './desk.ts';
import { type EquipmentOptions, equipmentState, meetTerminal } from './equipment.ts';
import { dropHeldCards } from './hold.ts';
import { Inbox, hostThroughInbox, throughInbox } from './inbox.ts';
import { type Shop, forgetCard, openShop } from './shop.ts';
import type { SlipDesk } from './slip-code.ts';
import type { Recording } from './recording.ts';
import { run, wait } from './task.ts';
import { TerminalLine } from './terminal-line.ts';
import { type TrainingRoom, trainer } from './training.ts';

export interface BootOptions {
  readonly lang: Lang;
  /** Version of this software. */
  readonly version: string;
  /** Is told what a person saw and did: screens, keys, cards, slips. */
  readonly trace?: (record: TraceRecord) => void;
  /** Is told what was said with the acquirer. Nobody else wants messages taken apart and masked: a recording has the bytes. */
  readonly messages?: (record: MessageRecord) => void;
  /** Writes down everything that crosses the rim, so that it can be run again. */
  readonly recording?: Recording;
  /** Keys of the signed slip codes; without them slips carry none and none can be scanned. */
  readonly slips?: SlipDesk;
  /** The image that is run, and where images for the terminal lie; without it the profile comes from a source. */
  readonly equipment?: EquipmentOptions;
  /** Where training happens; without it there is none. */
  readonly training?: TrainingRoom;
}

/** Why a runtime ended. */
export type End =
  | { readonly kind: 'stopped' }
  /** A new image was flashed: the counter goes on with it. */
  | { readonly kind: 'flashed'; readonly image: ProfileImage }
  /** The terminal line could not be opened at the start. */
  | { readonly kind: 'serial'; readonly reason: SerialClose }
  /** The terminal cannot carry this profile. */
  | { readonly kind: 'terminal'; readonly fault: Fault };

export interface Runtime {
  /** Ends after what is in flight: an exchange is finished or reversed, a waiting step is given up, the line is left clean. */
  stop(): void;
  /** An entry that came over the control socket, in its turn. */
  control(call: ControlCall): void;
}

/**
 * Wires the parts of one counter together and starts them. The rim comes in as `hal`, the memory as `journal`; `ended`
 * is called once. A broken journal throws `JournalFailure` out of the callback of the rim that was being handled.
 */
export function boot(
  outside: Hal,
  profile: Profile,
  journal: Journal,
  options: BootOptions,
  ended: (end: End) => void,
): Result<Runtime> {
  const plan = planOf(profile);
  if (!plan.ok) return plan;
  const inbox = new Inbox();
  const { recording, slips } = options;
  recording?.begin(outside, {
    profile,
    plan: plan.value,
    lang: options.lang,
    version: options.version,
    journal,
    shelf: options.equipment?.shelf !== undefined,
    training: options.training !== undefined,
    ...(options.equipment?.image ? { image: options.equipment.image } : {}),
    ...(slips ? { slips: { signer: slips.key.signer, cardKeyName: slips.cardKeyName } } : {}),
  });
  const handled = throughInbox(outside, inbox);
  const hal = recording ? recording.around(handled) : handled;
  const device = new TerminalDevice({
    write: bytes => hal.serial.write(bytes),
    timers: hal.timers,
    notice: text => hal.log.info({ event: 'notice' }, text),
  });
  recording?.follow(() => device.insidePacket);
  const panel = panelProfile(profile);
  const keypad = new Keypad(recording ? { ...panel, passwords: passwordsOf(recording.vault) } : panel);
  const shop: Shop = openShop({
    hal,
    profile,
    lang: options.lang,
    plan: plan.value,
    journal,
    device,
    terminal: new TerminalLine(hal, device),
    host: new AcquirerLine(hal.host, hal.timers),
    keypad,
    equipment: equipmentState(options.equipment ?? {}),
    trace: told(options),
    messages: options.messages,
    ...(recording ? { recording } : {}),
    ...(slips ? { slips } : {}),
    train: options.training && trainer(throughDoor(options.training, inbox)),
    version: options.version,
    jobEnded: () =>
      inbox.post(() => {
        control.jobEnded();
        recording?.handled();
      }),
    progress: (news, always) => redraw(shop, news, always),
  });
  const control = controlOf(shop);
  let over = false;
  const finish = (end: End): void => {
    if (over) return;
    over = true;
    shop.stopping = true;
    forgetCard(shop);
    dropHeldCards(shop);
    shop.terminal.stop();
    recording?.ended(end.kind);
    ended(end);
  };

  let greeted = false;
  const onChange = (up: boolean): void => {
    // XID tells an inserted card anew; a lost line tells nothing.
    shop.chipIn = false;
    shop.trace?.({
      kind: 'terminal',
      atMs: hal.clock.nowMs(),
      event: up ? 'ready' : 'lost',
      detail: shop.terminal.info?.model ?? '',
    });
    if (!up) {
      const { trouble } = shop.terminal;
      if (!greeted && trouble && 'kind' in trouble && trouble.kind !== 'hangup')
        finish({ kind: 'serial', reason: trouble });
      return;
    }
    const unfit = misfit(shop);
    if (unfit) return finish({ kind: 'terminal', fault: unfit });
    meetTerminal(shop);
    if (greeted) return;
    greeted = true;
    run(serve(shop), () => leave());
  };
  // Not assigned as it is written: the engine would put it among its old objects, and with it a program that has ended.
  shop.terminal.onChange = onChange;

  const leave = (): void => {
    run(
      (function* () {
        if (!shop.terminal.isReady) return;
        yield* wait(resume => device.close(undefined, resume));
      })(),
      () => {
        const { goesOn, flashed } = shop.equipment;
        finish(goesOn && flashed ? { kind: 'flashed', image: flashed } : { kind: 'stopped' });
      },
    );
  };

  const stop = (): void => {
    if (shop.stopping) return;
    shop.stopping = true;
    if (!greeted) return finish({ kind: 'stopped' });
    if (shop.equipment.cancel) return shop.equipment.cancel();
    if (device.waiting) device.cancelWait(() => {});
    else if (!shop.terminal.isReady && !shop.working) finish({ kind: 'stopped' });
  };

  shop.terminal.open();
  recording?.handled();
  return ok({
    control(call) {
      inbox.post(() => {
        control.take(recording ? recording.control(call) : call);
        recording?.handled();
      });
    },
    stop() {
      recording?.stop();
      stop();
      recording?.handled();
    },
  });
}

const plans = new WeakMap<Profile['dialect'], WeakMap<DialectOptions, Result<FieldPlan>>>();

/** The fields of the profile's messages, compiled once for each dialect with its options: profiles share them. */
function planOf({ dialect, acquirer: { dialectOptions } }: Profile): Result<FieldPlan> {
  let ofDialect = plans.get(dialect);
  if (!ofDialect) plans.set(dialect, (ofDialect = new WeakMap()));
  let plan = ofDialect.get(dialectOptions);
  if (!plan) ofDialect.set(dialectOptions, (plan = compileFieldPlan(dialect, dialectOptions)));
  return plan;
}

/** Whoever wants to hear what a person saw and did. */
function told({ trace, recording }: BootOptions): Shop['trace'] {
  if (!recording) return trace;
  return record => {
    recording.told(record);
    trace?.(record);
  };
}

/** What the flows ask about typed passwords, through the vault: a replay has no digits. */
function passwordsOf(vault: Vault): NonNullable<PanelProfile['passwords']> {
  return {
    weak: typed => isTrue(vault, 'weak password', () => weak(typed)),
    same: (one, other) => isTrue(vault, 'same password', () => one === other),
  };
}

/** The acquirer of training speaks through the one inbox, too. */
function throughDoor(room: TrainingRoom, inbox: Inbox): TrainingRoom {
  return {
    open(opened) {
      room.open(desk =>
        inbox.post(() =>
          opened(desk.ok ? ok({ ...desk.value, host: hostThroughInbox(desk.value.host, inbox) }) : desk),
        ),
      );
    },
  };
}

/** Can this terminal carry the profile? Its panel must be there and large enough, in the charset of the texts. */
function misfit(shop: Shop): Fault | undefined {
  const { info } = shop.terminal;
  assert(info, 'a terminal that was greeted said what it is');
  const { rows, columns, charset } = shop.profile.terminal;
  const { panel } = info;
  if (!panel)
    return fault(
      'E_NOHARDWARE',
      'no-panel',
      `${info.model || 'the terminal'} is a plain PIN pad: it answers ERR010 to XID and has no keypad, screen and printer of its own for this program`,
      'Connect a terminal with the operator-panel extension',
    );
  if (panel.rows < rows || panel.columns < columns)
    return fault(
      'E_ILLEGAL',
      'panel-size',
      `the screen has ${panel.rows} x ${panel.columns}, the profile needs ${rows} x ${columns}`,
      'Choose another profile',
    );
  if (charset === 'GBK' && panel.charset !== 'GBK' && shop.lang === 'zh')
    return fault(
      'E_ILLEGAL',
      'panel-charset',
      `the terminal shows ${panel.charset} only, the Chinese texts need GBK`,
      'Start with --lang en or choose another profile',
    );
  return undefined;
}
