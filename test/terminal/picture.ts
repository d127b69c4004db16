import { SCREENS } from '../../src/profile/screens.ts';
import { type Language, LANGUAGES } from '../../src/profile/words.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { draw } from '../../src/runtime/desk.ts';
import type { Shop } from '../../src/runtime/shop.ts';
import { columnsOf } from '../../src/terminal/layout.ts';
import { isShownId, missingValues, type ShownId } from '../../src/terminal/screens.ts';
import type { Step } from '../../src/terminal/step.ts';
import type { ScreenSpec } from '../../src/terminal/types.ts';
import { contextOf, idOf, type Node, type Report, stepOf } from './place.ts';
import { PROGRESS } from './world.ts';

/** What needs no second look. */
export interface Memo {
  /** Nodes from which CANCEL leads home. */
  readonly home: Set<string>;
  /** Steps whose news were looked at. */
  readonly told: Set<string>;
  /** Screens by step. */
  readonly looked: Set<string>;
}

/** The screen of a node, and of its news, in both languages: no value forgotten, no line too wide, nothing cut. */
export function look(step: Step, node: Node, profile: Profile, screens: Set<string>, memo: Memo, report: Report): void {
  const specs = [step.screen(contextOf(node))];
  const news = !memo.told.has(stepOf(node));
  memo.told.add(stepOf(node));
  if (news && step.await(contextOf(node)).kind === 'job')
    for (const progress of PROGRESS) specs.push(step.screen({ ...contextOf(node), progress }));
  for (const spec of specs) {
    const key = stepOf(node) + JSON.stringify(spec);
    if (memo.looked.has(key)) continue;
    memo.looked.add(key);
    screens.add(idOf(spec));
    if (spec.kind === 'screen') {
      if (!isShownId(spec.id)) report(stepOf(node), `screen ${String(spec.id)} does not exist`);
      else
        for (const name of missingValues(spec.id as ShownId, spec.values))
          report(stepOf(node), `${spec.id} without its ${name}`);
      for (const name of Object.keys(spec.values))
        if (!(SCREENS[spec.id] as readonly string[]).includes(name)) report(stepOf(node), `${spec.id} has no ${name}`);
    }
    for (const lang of LANGUAGES) {
      const lines = linesOf(profile, lang, spec);
      const own = lines.filter(
        line => !line.startsWith(profile.merchant.name[lang].slice(0, 2)) && !line.startsWith(profile.id.slice(0, 3)),
      );
      if (lines.length !== 4 || lines.some(line => columnsOf(line) > 16))
        report(stepOf(node), `${idOf(spec)} is too wide`);
      if (own.some(line => line.includes('~')))
        report(stepOf(node), `${idOf(spec)} cuts a value: ${lines.join(' / ')}`);
      if (lines.every(line => line === '')) report(stepOf(node), `${idOf(spec)} is blank`);
    }
  }
}

const drawn = new Map<string, readonly string[]>();
const shops = new Map<string, Shop>();

/** As the runtime draws it, at a fixed minute. */
export function linesOf(profile: Profile, lang: Language, spec: ScreenSpec): readonly string[] {
  const key = `${profile.id}${lang}${JSON.stringify(spec)}`;
  let lines = drawn.get(key);
  if (!lines) {
    const name = profile.id + lang;
    const shop = shops.get(name) ?? shopOf(profile, lang);
    shops.set(name, shop);
    lines = draw(shop, spec).lines;
    drawn.set(key, lines);
  }
  return lines;
}

function shopOf(profile: Profile, lang: Language): Shop {
  const at = { year: 2026, month: 12, day: 31, hour: 23, minute: 59, second: 59 };
  return { profile, lang, hal: { clock: { nowMs: () => 0, local: () => at } } } as unknown as Shop;
}
