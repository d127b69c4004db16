import type { DatabaseSync } from 'node:sqlite';
import type { Row } from './store.ts';

/** First row in which a folded table differs from the same table folded again. */
export function firstDifference(
  db: DatabaseSync,
  copy: DatabaseSync,
  table: { readonly name: string; readonly order: string },
): { readonly seq: number; readonly why: string } | undefined {
  const sql = `SELECT * FROM ${table.name} ORDER BY ${table.order}`;
  const right = copy.prepare(sql).iterate();
  const describe = (row: Row): { seq: number; why: string } => ({
    seq: typeof row[table.order] === 'number' ? (row[table.order] as number) : 0,
    why: `table ${table.name} does not say what the records say (row ${table.order} = ${row[table.order]}); \`rebuild\` would make it again`,
  });
  for (const row of db.prepare(sql).iterate()) {
    const other = right.next();
    if (other.done || rowText(row as Row) !== rowText(other.value as Row)) return describe(row as Row);
  }
  const rest = right.next();
  return rest.done ? undefined : describe(rest.value as Row);
}

function rowText(row: Row): string {
  return JSON.stringify(row, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
