import type { LocalTime } from '../hal/hal.ts';
import { SCREEN_COLUMNS, SCREEN_ROWS } from '../profile/lint.ts';
import type { Texts } from '../profile/profile.ts';
import { MENUS, SCREENS, type MenuId, type ScreenId } from '../profile/screens.ts';
import { PROMPT_IDS, type Language, type PromptId } from '../profile/words.ts';
import { renderLines, type Values, type WordOf } from '../profile/template.ts';
import { digits } from '../units.ts';
import { fit } from './layout.ts';

/** What may be shown: a screen, a menu (with `page` from 0 among its values), or a local prompt. */
export type ShownId = ScreenId | MenuId | PromptId;

const PROMPT_FORM: readonly ScreenId[] = ['REMARK'];

/** The screens behind ids that are none themselves: the form of the prompts, the pages of a menu. */
const FORMS: ReadonlyMap<string, readonly ScreenId[]> = new Map<string, readonly ScreenId[]>([
  ...PROMPT_IDS.map(id => [id, PROMPT_FORM] as const),
  ...Object.entries(MENUS).map(
    ([id, pages]) => [id, Array.from({ length: pages }, (_, page) => `${id}.${page + 1}` as ScreenId)] as const,
  ),
]);

const isPrompt = (id: string): id is PromptId => FORMS.get(id) === PROMPT_FORM;

/** True for an id that {@link renderScreen} knows. */
export function isShownId(id: string): id is ShownId {
  return Object.hasOwn(SCREENS, id) || FORMS.has(id);
}

/** The screen behind an id: a page of a menu, the form of an answer without a code, the form of a prompt. */
function screenOf(id: ShownId, values: Values): ScreenId {
  const pages = FORMS.get(id);
  if (!pages) return id === 'CODE' && (values.code ?? '') === '' ? 'REMARK' : (id as ScreenId);
  return pages[Math.min(Math.max(Number(values.page ?? 0), 0), pages.length - 1)];
}

/** Names of values that a screen needs and `values` does not have: an empty list in every right call. */
export function missingValues(id: ShownId, values: Values): readonly string[] {
  const needed: readonly string[] = isPrompt(id) ? ['title'] : SCREENS[screenOf(id, values)];
  const foreign = ['zh', 'actionZh', 'en', 'actionEn'];
  return needed.filter(name => !(name in values) && !(id === 'CODE' && foreign.includes(name)));
}

/**
 * The four lines of a screen, at most 16 half-width columns each, no blanks at their end. `values`: amounts in minor
 * units or as text, words by id (`title: 'sale'` reads 消费), everything else as it shall read. `notice` is a local
 * prompt that stands on the first blank line below the title, or on the title line when there is none. A value that is
 * missing leaves its place blank.
 */
export function renderScreen(
  texts: Texts,
  language: Language,
  id: ShownId,
  values: Values,
  notice?: PromptId,
): readonly string[] {
  const screen = screenOf(id, values);
  const templates = texts.screens[screen][language];
  const { words } = texts;
  const wordOf: WordOf = word =>
    Object.hasOwn(words, word) ? words[word as keyof Texts['words']][language] : undefined;
  const filled: Values =
    screen === 'REMARK' && isPrompt(id) ? { title: 'terminal', ...values, ...texts.prompts[id] } : values;
  const lines = renderLines(templates, filled, SCREEN_COLUMNS, wordOf).lines;
  if (notice !== undefined) {
    const free = templates.findIndex((template, index) => index > 0 && template === '' && lines[index] === '');
    lines[Math.max(0, free)] = fit(texts.prompts[notice][language], SCREEN_COLUMNS);
  }
  return lines;
}

/** Lines in reverse video as a mask: bit i = line i. Blank lines are never reversed. */
export function reverseMask(texts: Texts, id: ShownId, lines: readonly string[], values: Values = {}): number {
  const reversed = texts.screens[screenOf(id, values)].reverse ?? [0];
  let mask = 0;
  for (const index of reversed) if (index < SCREEN_ROWS && lines[index] !== '') mask |= 1 << index;
  return mask;
}

/** `2026/11/21 22:58`, the last line of the idle screen. */
export function clockText(at: LocalTime): string {
  return `${digits(at.year, 4)}/${digits(at.month, 2)}/${digits(at.day, 2)} ${digits(at.hour, 2)}:${digits(at.minute, 2)}`;
}
