import type { KeyName, PanelEvent } from '../device/terminal.ts';
import { faultText, type Result } from '../fault.ts';
import type { ShownId } from '../terminal/screens.ts';
import { clockText, renderScreen, reverseMask } from '../terminal/screens.ts';
import { columnsOf, fit } from '../terminal/layout.ts';
import { TRAINING_MARK } from '../terminal/quiz.ts';
import type { Values } from '../profile/template.ts';
import type { View } from '../terminal/machine.ts';
import { isDigits } from '../terminal/step.ts';
import type { Badge, Await, CardSource, Done, Lang, Progress, ScreenSpec, TerminalEvent } from '../terminal/types.ts';
import { lookAgain, stopsTrade } from './equipment.ts';
import { DeskWatch } from './desk-status.ts';
import { startFailedCases } from './failed-cases.ts';
import { nextDue } from './hold.ts';
import { perform } from './jobs.ts';
import { isLineFault } from './keys.ts';
import { KeyPatterns } from './key-pattern.ts';
import { startNotices } from './notices.ts';
import { type Shop, wipeAnswer } from './shop.ts';
import { type Task, pause, wait } from './task.ts';

const MINUTE_MS = 60_000;
/** Columns of the line with the badges. */
const LINE_COLUMNS = 16;
/** Old records are checked so many at a time, some 50 ms of work, with such a pause between. */
const OLD_RECORDS_AT_ONCE = 5_000;
const OLD_RECORDS_PAUSE_MS = 50;
/** Pause after a terminal fault that is no line fault, so that a stubborn terminal does not make a busy loop. */
const FAULT_PAUSE_MS = 1000;

/** What the panel shows for a screen of the flows. */
export interface Drawn {
  readonly lines: readonly string[];
  readonly reverse: number;
}

/** Turns what a flow wants to show into lines of the profile's language. */
export function draw(shop: Shop, spec: ScreenSpec): Drawn {
  const { id, values } = shown(shop, spec);
  const rendered = renderScreen(shop.profile.texts, shop.lang, id, values, spec.notice);
  const lines = shop.training ? marked(shop.lang, rendered) : rendered;
  return { lines, reverse: reverseMask(shop.profile.texts, id, lines, values) };
}

/** The first line of every screen of training says what it is; what has no room beside it is cut. */
function marked(lang: Lang, lines: readonly string[]): readonly string[] {
  const [title = '', ...rest] = lines;
  const mark = TRAINING_MARK[lang];
  const apart = `${mark} ${title.trimStart()}`.trimEnd();
  return [columnsOf(apart) <= LINE_COLUMNS ? apart : fit(mark + title.trimStart(), LINE_COLUMNS), ...rest];
}

function shown(shop: Shop, spec: ScreenSpec): { id: ShownId; values: Values } {
  switch (spec.kind) {
    case 'screen':
      return { id: spec.id, values: spec.values };
    case 'menu':
      return { id: spec.id, values: { page: spec.page } };
    case 'idle':
      return {
        id: spec.id,
        values: {
          merchant: shop.profile.merchant.name[shop.lang],
          operator: spec.operator,
          ...spec.values,
          ...(spec.badges ? { badges: badgeLine(shop, spec.badges) } : {}),
          clock: clockText(shop.hal.clock.local(shop.hal.clock.nowMs())),
        },
      };
    case 'prompt': {
      const { title, prompt, figures, ask } = spec;
      if (!figures && !ask) return { id: prompt, values: { title } };
      const text = shop.profile.texts.prompts[prompt];
      const { zh, en } = figures ?? { zh: text.actionZh, en: text.actionEn };
      return { id: ask ? 'RULE.ask' : 'RULE', values: { title, ...text, figuresZh: zh, figuresEn: en } };
    }
    case 'response': {
      const { code, zh, en, actionZh, actionEn } = spec.remark;
      return { id: 'CODE', values: { title: spec.title, code: code ?? '', zh, en, actionZh, actionEn } };
    }
    case 'busy':
      return { id: 'WAIT', values: { title: spec.title } };
  }
}

/** Shows news of a running job; unless the terminal is at something, or `always`: in its turn. */
export function redraw(shop: Shop, news: Progress, always = false): void {
  shop.keypad.send({ type: 'PROGRESS', progress: news });
  if (!shop.terminal.isReady || (shop.device.busy && !always)) return;
  const view = shop.keypad.view();
  const { lines, reverse } = draw(shop, view.screen);
  traceScreen(shop, view.step, lines);
  shop.device.showScreen(lines, reverse, done => {
    if (!done.ok) shop.hal.log.warn({ event: 'screen', fault: done.fault.name }, done.fault.cause);
  });
}

/** As many badges as one line holds, the most pressing first; `+` says that there are more. */
function badgeLine(shop: Shop, badges: readonly Badge[]): string {
  const { words } = shop.profile.texts;
  let line = '';
  for (const [index, { word, count }] of badges.entries()) {
    const badge = `${line === '' ? '' : ' '}${words[word][shop.lang]}${count ?? ''}`;
    const more = index + 1 < badges.length ? 1 : 0;
    if (columnsOf(line) + columnsOf(badge) + more > LINE_COLUMNS) return `${line}+`;
    line += badge;
  }
  return line;
}

/**
 * The opening checked the newest records of the chain; the others are looked at while the counter comes up. A damaged
 * one throws a `JournalFailure`, which ends the trade as a failed write does.
 */
function checkOldRecords(shop: Shop): void {
  if (shop.stopping || shop.journal.checkOlder(OLD_RECORDS_AT_ONCE) === 0) return;
  shop.hal.timers.set(OLD_RECORDS_PAUSE_MS, () => checkOldRecords(shop));
}

/** Shows each step of the flows and feeds it what happens, until the runtime is stopped. */
export function* serve(shop: Shop): Task<void> {
  // Damage in the old books of an exercise must not stop the trade.
  if (!shop.training) checkOldRecords(shop);
  const tell = startNotices(shop);
  const followUp = startFailedCases(shop);
  const habits = new KeyPatterns();
  const watch = new DeskWatch();
  let drawnTurn = 0;
  let flush = true;
  for (;;) {
    if (!shop.terminal.isReady && !shop.stopping) {
      yield* wait<boolean>(resume => shop.terminal.whenReady(resume));
      flush = true;
    }
    // Another terminal may have come to the line.
    if (!shop.training && shop.keypad.context.desk.equipment !== shop.equipment.view)
      shop.keypad.send({ type: 'STATUS', desk: watch.look(shop) });
    const view = shop.keypad.view();
    if (shop.stopping && !(shop.terminal.isReady && endsWell(view))) return;
    const picture = draw(shop, view.screen);
    traceScreen(shop, view.step, picture.lines);
    const drawn = yield* wait<Result<void>>(resume => shop.device.showScreen(picture.lines, picture.reverse, resume));
    if (!drawn.ok && !(yield* survive(shop, drawn, view))) continue;
    if (view.beep !== undefined && view.turn !== drawnTurn) yield* beep(shop, view.beep);
    drawnTurn = view.turn;
    // A stop that came while the screen was drawn found nobody waiting whom it could have ended.
    if (shop.stopping && !endsWell(view)) return;
    const event = yield* happening(shop, view, flush);
    habits.see(shop, view, event);
    // A key that was pressed while no key counted must never confirm the next screen.
    if (event !== undefined) flush = view.await.kind !== 'event';
    followUp();
    const desk = watch.look(shop);
    if (desk !== shop.keypad.context.desk) shop.keypad.send({ type: 'STATUS', desk });
    if (event !== undefined) shop.keypad.send(event);
    tell();
  }
}

/** What is still done after a stop: the slip of what was just approved. Nothing that waits for a person, nothing new. */
function endsWell(view: View): boolean {
  return view.await.kind === 'job' && view.await.job.kind === 'printSlip';
}

/** After a failed screen: a job goes on without it, a step that needs a person waits for the terminal. */
function* survive(shop: Shop, drawn: Result<void>, view: View): Task<boolean> {
  if (drawn.ok) return true;
  if (!isLineFault(drawn.fault)) {
    shop.hal.log.error({ event: 'screen', step: view.step, fault: drawn.fault.name }, faultText(drawn.fault));
    yield* pause(shop.hal.timers, FAULT_PAUSE_MS);
  } else if (shop.terminal.isReady) shop.terminal.restart(drawn.fault);
  return view.await.kind === 'job';
}

function* beep(shop: Shop, pattern: string): Task<void> {
  if (shop.terminal.info?.panel?.features.beeper !== true) return;
  const done = yield* wait<Result<void>>(resume => shop.device.beep(pattern, resume));
  if (!done.ok && !isLineFault(done.fault))
    shop.hal.log.warn({ event: 'beep', fault: done.fault.name }, faultText(done.fault));
}

/** What the step waits for: a person, a job, or some time. */
function happening(shop: Shop, view: View, flush: boolean): Task<TerminalEvent | undefined> {
  switch (view.await.kind) {
    case 'pause':
      return shortMessage(shop, view.await.ms);
    case 'job':
      return job(shop, view.await.job);
    case 'event':
      return person(shop, view, view.await, flush);
  }
}

function* shortMessage(shop: Shop, ms: number): Task<TerminalEvent> {
  if (ms > 0) yield* pause(shop.hal.timers, ms);
  return { type: 'TIMEOUT' };
}

function* job(shop: Shop, work: Extract<Await, { kind: 'job' }>['job']): Task<Done> {
  shop.working = true;
  const done = yield* perform(shop, work);
  shop.working = false;
  wipeAnswer(shop);
  shop.jobEnded();
  if (done.fault) shop.hal.log.warn({ event: 'job', job: work.kind, fault: done.fault.name }, faultText(done.fault));
  shop.hal.log.info(
    { event: 'job', job: work.kind, outcome: done.outcome, prompt: done.prompt, code: done.remark?.code },
    `${work.kind}: ${done.outcome}`,
  );
  return done;
}

/** Was something entered from outside since idle was drawn? */
function takeNews(shop: Shop): boolean {
  const { news } = shop;
  shop.news = false;
  return news;
}

/** A key, a card, or time. Undefined: nothing that this step can use, wait again. */
function* person(
  shop: Shop,
  view: View,
  want: Extract<Await, { kind: 'event' }>,
  flush: boolean,
): Task<TerminalEvent | undefined> {
  // A chip card that is in already is not announced again by the terminal.
  if (want.cards.includes('chip') && shop.chipIn && view.step !== 'idle') return { type: 'CARD', source: 'chip' };
  const idle = view.screen.kind === 'idle';
  // A held refund goes out when nobody is at the keypad.
  const due = idle && !stopsTrade(shop) ? nextDue(shop) : undefined;
  if (due?.inMs === 0) return { type: 'DUE', id: due.id };
  if (idle && takeNews(shop)) return undefined;
  const toMinute = MINUTE_MS - (shop.hal.clock.nowMs() % MINUTE_MS);
  // A pad that has restarted forgets the wait and says nothing of it: so none is without end, and the screen is drawn again.
  const timeoutMs = idle ? Math.min(toMinute, due?.inMs ?? toMinute) : (want.timeoutMs ?? MINUTE_MS);
  shop.recording?.secret(isSecret(view.step));
  const asked = yield* wait<Result<PanelEvent>>(resume =>
    shop.device.waitEvent(
      {
        keypad: true,
        magnetic: want.cards.includes('swipe'),
        chip: want.cards.includes('chip') || want.removal,
        contactless: want.cards.includes('tap'),
        scanner: want.scanner && shop.terminal.info?.panel?.features.scanner === true,
      },
      { timeoutSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)), flush },
      resume,
    ),
  );
  if (!asked.ok) {
    if (shop.stopping || (idle && takeNews(shop))) return undefined;
    if (isLineFault(asked.fault)) {
      if (shop.terminal.isReady) shop.terminal.restart(asked.fault);
    } else {
      shop.hal.log.warn({ event: 'terminal', fault: asked.fault.name }, faultText(asked.fault));
      yield* pause(shop.hal.timers, FAULT_PAUSE_MS);
    }
    return undefined;
  }
  if (asked.value.kind === 'timeout') {
    if (idle) yield* lookAgain(shop);
    else if (want.timeoutMs === undefined) return undefined;
  }
  traceEvent(shop, view.step, asked.value);
  return panelEvent(shop, view.step, asked.value, want);
}

export function traceScreen(shop: Shop, step: string, lines: readonly string[]): void {
  shop.trace?.({ kind: 'screen', atMs: shop.hal.clock.nowMs(), step, lines });
}

/** Steps in which a password is typed: their digits are nobody's business. */
const isSecret = (step: string): boolean => step.includes('assword');

function traceEvent(shop: Shop, step: string, event: PanelEvent): void {
  if (!shop.trace || event.kind === 'timeout') return;
  const atMs = shop.hal.clock.nowMs();
  if (event.kind === 'key')
    shop.trace({ kind: 'key', atMs, step, key: isSecret(step) && isDigits(event.key) ? '*' : event.key });
  else shop.trace({ kind: 'card', atMs, event: event.kind });
}

/** A replay knows of a secret digit only that it was typed; one key has two of them. */
function typedKey(shop: Shop, step: string, key: KeyName): KeyName {
  if (!isSecret(step) || !isDigits(key)) return key;
  const count = Number(shop.vault.ask('digits', () => String(key.length)));
  return count === key.length ? key : '00';
}

function panelEvent(
  shop: Shop,
  step: string,
  event: PanelEvent,
  want: Extract<Await, { kind: 'event' }>,
): TerminalEvent | undefined {
  const card = (source: CardSource): TerminalEvent | undefined =>
    want.cards.includes(source) ? { type: 'CARD', source } : undefined;
  switch (event.kind) {
    case 'key':
      return { type: 'KEY', key: shop.profile.terminal.keymap[event.key] ?? typedKey(shop, step, event.key) };
    case 'timeout':
      return { type: 'TIMEOUT' };
    case 'swiped':
      return card('swipe');
    case 'contactless':
      return card('tap');
    case 'chipInserted':
      shop.chipIn = true;
      return card('chip');
    case 'chipRemoved':
      shop.chipIn = false;
      return want.removal ? { type: 'REMOVED' } : undefined;
    case 'scanned':
      return { type: 'SCAN', text: event.text };
  }
}
