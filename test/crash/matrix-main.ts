/**
 * One process of the crash matrix. Prints one line of JSON at the end; what fails is printed as it is found.
 *   --part 1/2          its share of the scenarios
 *   --every 3           of the byte groups of the terminal line, one in so many is a crash point (1: all of them)
 *   --seconds S         stops after S seconds, whatever is left
 *   --only "NAME:POINT" one point (`NAME: 12`, `NAME:12-lost`), or all of one scenario, told as a story
 *   --like TEXT         scenarios whose names hold the text
 *   --sabotage NAME     with a planted fault; stops at the first violation
 *   --blind             nobody looks at what leaves the counter: only the books can tell
 */
import { parseArgs } from 'node:util';
import { teller } from '../simulation/story.ts';
import type { Cut, Point } from './matrix-points.ts';
import { installMatrixRim } from './matrix-rim.ts';
import { SABOTAGES } from './matrix-sabotage.ts';
import { OPTIONS, type Scenario, SCENARIOS } from './matrix-scenarios.ts';
import type { Shop } from './matrix-shop.ts';

const text = { type: 'string' } as const;
const { values: flags } = parseArgs({
  options: {
    part: text,
    every: text,
    seconds: text,
    only: text,
    like: text,
    sabotage: text,
    blind: { type: 'boolean', default: false },
  },
});
const sabotage = SABOTAGES.find(one => one.name === flags.sabotage);
if (flags.sabotage !== undefined && !sabotage) throw new Error(`there is no sabotage "${flags.sabotage}"`);
installMatrixRim(sabotage?.patches);
// Loaded after the rim, so that the program sees the disk of the matrix.
const { prepared, runScenario } = await import('./matrix-world.ts');

/** Found failures after which a process stops: more tell nothing new. */
const BAD_MAX = sabotage ? 1 : 10;

const began = performance.now();
const untilMs = flags.seconds === undefined ? Infinity : began + Number(flags.seconds) * 1000;
const every = Number(flags.every ?? 3);
const { blind } = flags;
const [part, parts] = (flags.part ?? '1/1').split('/').map(Number);
const figures = { scenarios: 0, points: 0, possible: 0, settled: 0, events: 0, cutShort: false };
const bad: { id: string; what: string; violations: readonly string[] }[] = [];

/** Crash points of a run: all but some of the byte groups of the terminal line, another share in each scenario. */
function cutsOf(points: readonly Point[], turn: number): { cut: Cut; what: string }[] {
  const cuts: { cut: Cut; what: string }[] = [];
  let bytes = turn;
  for (const [index, { what, inFlight }] of points.entries())
    for (const way of inFlight ? (['arrives', 'lost'] as const) : (['arrives'] as const)) {
      figures.possible++;
      if (/bytes (of|to) the terminal$/.test(what) && bytes++ % every !== 0) continue;
      cuts.push({
        cut: { point: index + 1, inFlight: way },
        what: inFlight ? `${what}, what is on its way ${way}` : what,
      });
    }
  return cuts;
}

const enough = (): boolean => bad.length >= BAD_MAX || performance.now() >= untilMs;

function note(id: string, what: string, violations: readonly string[]): void {
  if (violations.length === 0) return;
  bad.push({ id, what, violations });
}

/** All crash points of one scenario. */
function matrixOf(shop: Shop, scenario: Scenario, turn: number): void {
  const settled = new Set<string>();
  const whole = runScenario(shop, scenario, { settled, blind });
  figures.scenarios++;
  figures.events += whole.events;
  note(scenario.name, 'without a crash', whole.violations);
  for (const { cut, what } of cutsOf(whole.points, turn)) {
    if (enough()) return;
    const { violations, events } = runScenario(shop, scenario, { cut, settled, blind });
    figures.points++;
    figures.events += events;
    note(`${scenario.name}:${cut.point}${cut.inFlight === 'lost' ? '-lost' : ''}`, what, violations);
  }
  figures.settled += settled.size;
}

function shopOf(scenario: Scenario): Shop {
  return prepared({ ...OPTIONS, ...scenario.shop }, scenario.before);
}

/** One point as a story. */
function repeat(name: string): void {
  const [, whole, point, lost] = /^(.*?)(?::(\d+)(-lost)?)?$/.exec(name) ?? [];
  const scenario = SCENARIOS.find(one => one.name === whole);
  if (!scenario) throw new Error(`there is no scenario "${whole}"`);
  const shop = shopOf(scenario);
  if (point === undefined) return matrixOf(shop, scenario, 0);
  const what = runScenario(shop, scenario).points[Number(point) - 1]?.what;
  const cut: Cut = { point: Number(point), inFlight: lost ? 'lost' : 'arrives' };
  const { violations } = runScenario(shop, scenario, { cut, tell: teller(line => console.log(line)) });
  console.log(
    `\n${name}, ${what ?? 'no such point'}: ${violations.length === 0 ? 'all is well' : violations.join('; ')}`,
  );
  figures.points++;
  return note(name, what ?? '', violations);
}

if (flags.only !== undefined) repeat(flags.only);
else {
  const mine = SCENARIOS.filter((one, index) => index % parts === part - 1 && one.name.includes(flags.like ?? ''));
  // Scenarios of one shop one after the other: it is prepared once.
  const groups = new Map<string, Scenario[]>();
  for (const one of mine) {
    const key = JSON.stringify([one.before, one.shop]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  for (const group of groups.values()) {
    if (enough()) break;
    const shop = shopOf(group[0]);
    for (const scenario of group) if (!enough()) matrixOf(shop, scenario, SCENARIOS.indexOf(scenario));
    shop.end();
  }
  figures.cutShort = figures.scenarios < mine.length || performance.now() >= untilMs;
}
const cpu = process.cpuUsage();
const ms = Math.round(performance.now() - began);
console.log(JSON.stringify({ ...figures, ms, cpuMs: Math.round((cpu.user + cpu.system) / 1000), bad }));
