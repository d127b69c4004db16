import type { Change } from '../../profile/diff.ts';
import { columnsOf } from '../../wire/gbk.ts';

/** Longest value in a line; the whole value is in the JSON. */
const VALUE_MAX = 60;
const MARK_WORDS = { $: 'money', '!': 'security', '': '' } as const;

/** Differences as lines for a person, both languages of each label. */
export function diffLines(changes: readonly Change[]): string[] {
  const label = ({ label: { zh, en } }: Change): string => (zh === en ? en : `${zh} ${en}`);
  const width = Math.max(0, ...changes.map(change => columnsOf(label(change))));
  return changes.map(change => {
    const name = label(change);
    const { mark, old, new: now, pointer } = change;
    const what =
      old === undefined
        ? `added: ${cut(now ?? '')}`
        : now === undefined
          ? `taken away: ${cut(old)}`
          : `${cut(old)} → ${cut(now)}`;
    return `${mark || ' '} ${name}${' '.repeat(width - columnsOf(name))}  ${what}  ${pointer}${mark === '' ? '' : ` (${MARK_WORDS[mark]})`}`;
  });
}

function cut(text: string): string {
  return text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX - 1)}…`;
}
