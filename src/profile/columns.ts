import { columnsOf } from '../wire/gbk.ts';

export { columnsOf };

/** Stands at the cut end of a text that was too wide, so that nobody takes the rest for the whole. */
export const CUT_MARK = '~';

/** `text` in at most `columns` half-width columns; a longer one loses its end and gets {@link CUT_MARK} there. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used + width > columns - 1) break;
    kept += character;
    used += width;
  }
  return kept + CUT_MARK;
}

/** As {@link fit}, but the beginning is lost: for numbers, which people tell apart by their end. */
export function fitEnd(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns < 1) return '';
  let kept = '';
  let used = 0;
  for (const character of [...text].reverse()) {
    const width = columnsOf(character);
    if (used + width > columns - 1) break;
    kept = character + kept;
    used += width;
  }
  return CUT_MARK + kept;
}

/** Fills with `filler` (one column) on the right up to `columns`. A wider text stays as it is. */
export function padEnd(text: string, columns: number, filler = ' '): string {
  return text + filler.repeat(Math.max(0, columns - columnsOf(text)));
}

/** Fills with `filler` (one column) on the left up to `columns`. A wider text stays as it is. */
export function padStart(text: string, columns: number, filler = ' '): string {
  return filler.repeat(Math.max(0, columns - columnsOf(text))) + text;
}
