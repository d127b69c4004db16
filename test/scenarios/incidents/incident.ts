import { gunzipSync } from 'node:zlib';
import { type Line, type Story, storyOf } from '../../../src/cli/trace/to-test-story.ts';
import { compileFieldPlan } from '../../../src/iso8583/plan.ts';
import type { FaultRule } from '../../../src/sim/acquirer/rules.ts';
import { RecordedFile, replaySession, sessionOf, sourceOf } from '../../replay/recorded.ts';
import { card, Counter, value } from '../../runtime/counter.ts';

export type { Story };

/** Where an incident happened. */
export interface Shop {
  readonly profile: string;
  readonly lang: 'zh' | 'en';
  /** Local time of the shop. */
  readonly start: string;
  /** Cashier 01 is on duty already. */
  readonly onDuty: boolean;
}

/** Published passwords of the first day, and what people in tests make of them, by number of digits. */
const PUBLISHED: Readonly<Record<number, string>> = { 4: '0000', 6: '123456' };
const CHOSEN: Readonly<Record<number, string>> = { 4: '2580', 6: '246810' };
const PIN = '123456';
const NEW_PASSWORD = /改密|新密码|再输一次|NEW P|AGAIN/i;
const DECK = [
  'swipe',
  'chip',
  'tap',
  'second',
  'bad-chip',
  'expired',
  'refuses',
  'refuses-first',
  'signature',
  'track3',
  'foreign',
  'foreign-chip',
];
const USUAL: Readonly<Record<string, string>> = { swiped: 'swipe', inserted: 'chip', tapped: 'tap' };
/** An answer that comes later than this was late in the incident, too. */
const STEP_MS = 1000;

/**
 * Plays what people did in a story at a counter of this program: its runtime, a virtual terminal, and a virtual acquirer that
 * answers with the codes of the story. Returns the story that this makes; what keeps it from going on stands in its last line.
 */
export function play(shop: Shop, story: Story): Story {
  const file = new RecordedFile();
  const counter = new Counter({
    profile: shop.profile,
    lang: shop.lang,
    startMs: Date.parse(shop.start),
    onDuty: shop.onDuty,
    rules: rulesOf(story),
    recording: () => file.recorder(),
  });
  const person = new Person(counter);
  let trouble: string | undefined;
  try {
    for (const [i, line] of story.entries()) person.does(line, story.slice(i + 1));
  } catch (error) {
    [trouble] = (error as Error).message.split('\n');
  }
  counter.stop();
  counter.pause(STEP_MS / 1000);
  const plan = value(compileFieldPlan(counter.profile.dialect, counter.profile.acquirer.dialectOptions));
  const told = storyOf(sourceOf(file.bytes()), plan);
  if (!told) throw new Error('the played session was not recorded');
  const played = story.some(([what]) => what === 'ends') ? told.story : told.story.filter(([what]) => what !== 'ends');
  return trouble === undefined ? played : [...played, ['ends', trouble]];
}

/** What the acquirer is to answer: the code of the story, or nothing. */
function rulesOf(story: Story): FaultRule[] {
  const rules: FaultRule[] = [];
  const nth: Record<string, number> = {};
  for (const [i, line] of story.entries()) {
    if (line[0] !== 'sends') continue;
    const [, mti, fields] = line;
    const key = `${mti} ${fields[60]?.slice(0, 2) ?? ''}`;
    nth[key] = (nth[key] ?? 0) + 1;
    const answer = story.slice(i + 1).find(later => later[0] === 'hears' || later[0] === 'sends');
    const code = answer?.[0] === 'hears' ? answer[2][39] : undefined;
    if (code === '00') continue;
    const match = { mti, ...(fields[60] ? { '60.1': fields[60].slice(0, 2) } : {}), nth: nth[key] };
    rules.push({ match, do: code === undefined ? { silent: true } : { code } });
  }
  return rules;
}

class Person {
  private readonly counter: Counter;
  private lines: readonly string[] = [];
  private changed: Record<number, boolean> = {};

  constructor(counter: Counter) {
    this.counter = counter;
  }

  does(line: Line, later: Story): void {
    const { counter } = this;
    switch (line[0]) {
      case 'shows':
        this.lines = line.slice(1);
        return;
      case 'presses':
        this.sees();
        counter.keys(this.known(line[1], later));
        return;
      case 'card':
        return this.card(line[1], line[2]);
      case 'PIN':
        if (line[1] === 'typed') counter.type(PIN);
        else if (line[1] === 'none') counter.keys('ENTER');
        else if (line[1] === 'cancelled') counter.keys('CANCEL');
        else counter.pause(120);
        return;
      case 'ends':
        this.sees();
        return;
    }
  }

  /** Waits for the screen that the person saw. */
  private sees(): void {
    const wanted = bare(this.lines);
    this.counter.wait(
      () => bare(this.counter.screen.split('\n')) === wanted,
      `the screen never showed "${this.lines.join(' / ')}"`,
    );
  }

  private card(event: string, number: string): void {
    const { counter } = this;
    this.sees();
    if (event === 'removed') {
      if (counter.terminal.insertedCard) counter.remove();
      return;
    }
    const [first, last] = number.split('*');
    const id =
      number === ''
        ? USUAL[event]
        : DECK.find(name => card(name).pan.startsWith(first) && card(name).pan.endsWith(last));
    if (id === undefined) throw new Error(`the deck has no card ${number}`);
    if (event === 'swiped') counter.swipe(id);
    else if (event === 'inserted') counter.insert(id);
    else counter.tap(id);
  }

  /** Digits that a trace hides: the passwords of a new shop. */
  private known(keys: string, later: Story): string {
    const hidden = keys.split(' ').filter(key => key === '*').length;
    if (hidden === 0) return keys;
    const asked = this.lines.join(' ');
    const next =
      later
        .find(([what]) => what === 'shows')
        ?.slice(1)
        .join(' ') ?? '';
    const makesNew = NEW_PASSWORD.test(asked);
    if (makesNew) this.changed[hidden] = true;
    const digits = makesNew || (this.changed[hidden] && !NEW_PASSWORD.test(next)) ? CHOSEN[hidden] : PUBLISHED[hidden];
    if (digits === undefined) throw new Error(`nobody knows a secret of ${hidden} digits`);
    let at = 0;
    return keys.replaceAll('*', () => digits[at++]);
  }
}

/** A screen without what runs: clocks, countdowns, numbers that the acquirer gave. */
function bare(lines: readonly string[]): string {
  return lines.join('').replaceAll(/[\s\d:#]/g, '');
}

/** Runs the session of a trace again, byte by byte: its story, and the first difference in words (empty: none). */
export function runAgain(packed: string): { readonly story: Story; readonly difference: string } {
  const bytes = new Uint8Array(gunzipSync(Buffer.from(packed, 'base64')));
  const outcome = replaySession(bytes);
  const told = storyOf(sourceOf(bytes), sessionOf(bytes).plan);
  const { kind } = outcome;
  const difference =
    kind === 'same'
      ? ''
      : kind === 'stopped'
        ? `stopped: ${outcome.why}`
        : `record ${outcome.difference.index}, ${outcome.difference.device}: recorded ${outcome.difference.recorded}, now ${outcome.difference.replayed}`;
  return { story: told?.story ?? [], difference };
}
