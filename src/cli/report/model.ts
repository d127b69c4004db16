import type { Words } from './words.ts';

/** A report is tables of values; the writers (text, CSV, JSON, page) decide how values look. */

/**
 * What a column holds. `amount`: minor units. `percent`: one decimal at most. `duration` and `time`: milliseconds (since
 * 1970). `code`: our own words and numbers, such as a batch number. `text`: what people or the acquirer wrote.
 */
export type CellKind = 'code' | 'text' | 'count' | 'amount' | 'percent' | 'duration' | 'time';

export interface Column {
  /** Name in CSV and JSON. */
  readonly id: string;
  readonly head: Words;
  readonly kind: CellKind;
}

/** A word that has a form in each language; JSON gives its id. */
export interface Word extends Words {
  readonly id: string;
}

/** Absent = nothing is known or nothing applies. */
export type Cell = string | number | Word | undefined;

/** How a table is drawn on the page. */
export interface Chart {
  /** `pareto` adds the line of the running share. */
  readonly kind: 'bar' | 'stack' | 'pareto';
  /** Column of the labels. */
  readonly label: string;
  /** Columns of the values, all of one kind. */
  readonly values: readonly string[];
}

export interface Table {
  readonly id: string;
  readonly title: Words;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly chart?: Chart;
  /** What a reader must know about the numbers. */
  readonly note?: Words;
}

/** First and last moment (`fromMs` ≤ time < `toMs`), or one batch. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Periods of the journal, when a batch was asked for. */
  readonly periods?: readonly number[];
  /** How the person named it: `2026-11-21`, `2026-11-01 – 2026-11-30`, `000012`. */
  readonly name: string;
}

export interface Report {
  readonly id: string;
  readonly title: Words;
  readonly span: Span;
  readonly tables: readonly Table[];
}

export type { Words };
