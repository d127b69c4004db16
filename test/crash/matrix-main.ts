/**
 * One process of the crash matrix. Prints one line of JSON at the end; what fails is printed as it is found.
 *   --part 1/2          its share of the scenarios
 *   --asked             its shares are told by the parent process, each is answered by its figures
 *   --every 5.2         of the byte groups of the terminal line, one in so many is a crash point (1: all of them)
 *   --seconds S         stops after S seconds, whatever is left
 *   --only "NAME:POINT" one point (`NAME: 12`, `NAME:12-lost`), or all of one scenario, told as a story
 *   --like TEXT         scenarios whose names hold the text
 *   --sabotage NAME     with a planted fault; stops at the first violation
 *   --blind             nobody looks at what leaves the counter: only the books can tell
 */
import { parseArgs } from 'node:util';
import { teller } from '../simulation/story.ts';
import type { Asked, Figures } from './matrix-fleet.ts';
import type { Cut, Point } from './matrix-points.ts';
import { installMatrixRim } from './matrix-rim.ts';
import { SABOTAGES } from './matrix-sabotage.ts';
import { OPTIONS, type Scenario, SCENARIOS } from './matrix-scenarios.ts';
import type { Shop } from './matrix-shop.ts';

const text = { type: 'string' } as const;
const { values: flags } = parseArgs({
  options: {
    part: text,
    asked: { type: 'boolean', default: false },
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

const every = Number(flags.every ?? 3);
const { blind } = flags;

/** The shops that were prepared so far, for all shares of this process. */
const shops = new Map<string, Shop>();

const shopKey = ({ before, shop }: Scenario): string => JSON.stringify([before, shop]);

function shopOf(scenario: Scenario): Shop {
  const key = shopKey(scenario);
  let shop = shops.get(key);
  if (!shop) shops.set(key, (shop = prepared({ ...OPTIONS, ...scenario.shop }, scenario.before)));
  return shop;
}

/** Some scenarios with their crash points, and what was found. */
class Share {
  private readonly began = performance.now();
  private readonly cpu = process.cpuUsage();
  private readonly untilMs: number;
  private readonly figures = { scenarios: 0, points: 0, possible: 0, settled: 0, events: 0, cutShort: false };
  private readonly bad: { id: string; what: string; violations: readonly string[] }[] = [];

  constructor(seconds = Infinity) {
    this.untilMs = this.began + seconds * 1000;
  }

  /** The scenarios of `part`, as 1/2. */
  run(part: string): Figures {
    const [turn, parts] = part.split('/').map(Number);
    const mine = SCENARIOS.filter((one, index) => index % parts === turn - 1 && one.name.includes(flags.like ?? ''));
    for (const scenario of mine)
      if (!this.enough) this.matrixOf(shopOf(scenario), scenario, SCENARIOS.indexOf(scenario));
    this.figures.cutShort = this.figures.scenarios < mine.length || performance.now() >= this.untilMs;
    return this.found();
  }

  /** One point as a story, or a scenario with all its points. */
  repeat(name: string): Figures {
    const [, whole, point, lost] = /^(.*?)(?::(\d+)(-lost)?)?$/.exec(name) ?? [];
    const scenario = SCENARIOS.find(one => one.name === whole);
    if (!scenario) throw new Error(`there is no scenario "${whole}"`);
    const shop = shopOf(scenario);
    if (point === undefined) this.matrixOf(shop, scenario, 0);
    else {
      const what = runScenario(shop, scenario).points[Number(point) - 1]?.what;
      const cut: Cut = { point: Number(point), inFlight: lost ? 'lost' : 'arrives' };
      const { violations } = runScenario(shop, scenario, { cut, tell: teller(line => console.log(line)) });
      console.log(
        `\n${name}, ${what ?? 'no such point'}: ${violations.length === 0 ? 'all is well' : violations.join('; ')}`,
      );
      this.figures.points++;
      this.note(name, what ?? '', violations);
    }
    return this.found();
  }

  private found(): Figures {
    const cpu = process.cpuUsage(this.cpu);
    const ms = Math.round(performance.now() - this.began);
    return { ...this.figures, ms, cpuMs: Math.round((cpu.user + cpu.system) / 1000), bad: this.bad };
  }

  private get enough(): boolean {
    return this.bad.length >= BAD_MAX || performance.now() >= this.untilMs;
  }

  private note(id: string, what: string, violations: readonly string[]): void {
    if (violations.length > 0) this.bad.push({ id, what, violations });
  }

  /** All crash points of one scenario. */
  private matrixOf(shop: Shop, scenario: Scenario, turn: number): void {
    const { figures } = this;
    const settled = new Set<string>();
    const whole = runScenario(shop, scenario, { settled, blind });
    figures.scenarios++;
    figures.events += whole.events;
    this.note(scenario.name, 'without a crash', whole.violations);
    for (const { cut, what } of this.cutsOf(whole.points, turn)) {
      if (this.enough) return;
      const { violations, events } = runScenario(shop, scenario, { cut, settled, blind });
      figures.points++;
      figures.events += events;
      this.note(`${scenario.name}:${cut.point}${cut.inFlight === 'lost' ? '-lost' : ''}`, what, violations);
    }
    figures.settled += settled.size;
  }

  /** Crash points of a run: all but some of the byte groups of the terminal line, another share in each scenario. */
  private cutsOf(points: readonly Point[], turn: number): { cut: Cut; what: string }[] {
    const cuts: { cut: Cut; what: string }[] = [];
    let bytes = turn;
    for (const [index, { what, inFlight }] of points.entries())
      for (const way of inFlight ? (['arrives', 'lost'] as const) : (['arrives'] as const)) {
        this.figures.possible++;
        if (/bytes (of|to) the terminal$/.test(what) && bytes++ % every >= 1) continue;
        cuts.push({
          cut: { point: index + 1, inFlight: way },
          what: inFlight ? `${what}, what is on its way ${way}` : what,
        });
      }
    return cuts;
  }
}

if (flags.asked) process.on('message', ({ part, seconds }: Asked) => void process.send?.(new Share(seconds).run(part)));
else {
  const share = new Share(flags.seconds === undefined ? undefined : Number(flags.seconds));
  const figures = flags.only === undefined ? share.run(flags.part ?? '1/1') : share.repeat(flags.only);
  console.log(JSON.stringify(figures));
}
