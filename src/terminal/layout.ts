import { columnsOf, fit, padStart } from '../profile/columns.ts';

export { columnsOf, fit, fitEnd, padEnd, padStart } from '../profile/columns.ts';

/** `text` in the middle of a line; an odd blank goes to the right. No blanks at the end. */
export function centred(text: string, columns: number): string {
  const short = fit(text, columns);
  return ' '.repeat(Math.floor((columns - columnsOf(short)) / 2)) + short;
}

/** Two texts at the two ends of a line, or of two lines when they do not fit beside each other. */
export function ends(left: string, right: string, columns: number): string[] {
  if (columnsOf(left) + 1 + columnsOf(right) <= columns) return [left + padStart(right, columns - columnsOf(left))];
  return [...wrapped(left, columns), ...wrapped(right, columns).map(line => padStart(line, columns))];
}

/** Breaks `text` into lines of at most `columns`; at a blank where one is near, else between characters. */
export function wrapped(text: string, columns: number): string[] {
  if (columnsOf(text) <= columns) return [text.trimEnd()];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used + width > columns) {
      const blank = line.lastIndexOf(' ');
      const rest = blank > 0 && character !== ' ' ? line.slice(blank + 1) : '';
      lines.push((rest === '' ? line : line.slice(0, blank)).trimEnd());
      line = rest;
      used = columnsOf(rest);
    }
    if (character === ' ' && line === '' && lines.length > 0) continue;
    line += character;
    used += width;
  }
  lines.push(line.trimEnd());
  return lines;
}

/** A label padded to `labelColumns` and its value; a value that is too wide goes on below itself. */
export function labelled(label: string, value: string, labelColumns: number, columns: number): string[] {
  const used = columnsOf(label);
  const indent = Math.max(used, labelColumns);
  const lines = wrapped(value, columns - indent);
  for (let at = 1; at < lines.length; at++) lines[at] = ' '.repeat(indent) + lines[at];
  lines[0] = lines[0] === '' ? label.trimEnd() : label + ' '.repeat(indent - used) + lines[0];
  return lines;
}
