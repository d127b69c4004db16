import { HEADER_LENGTH, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import type { DialectSource, FieldSource } from '../../iso8583/source.ts';
import type { Json } from '../../profile/source.ts';
import { countable, defaultsOf, sameReading } from '../../trace/dialect/forms.ts';
import { lengthBytesOf } from '../../trace/dialect/head.ts';
import type { Reading } from '../../trace/dialect/search.ts';
import { toHex } from '../../wire/hex.ts';

type Members = Record<string, Json>;

/** The shipped sources that a draft may extend. */
export interface Shelf {
  /** Complete profiles, and what each extends. */
  readonly complete: readonly { readonly id: string; readonly bases: readonly string[] }[];
  /** The dialect of a profile that extends these. */
  dialectOf(sources: readonly string[]): DialectSource;
}

/**
 * The source of a profile that speaks as the messages do: it extends the nearest shipped profile and says what is different in
 * the fields that the messages have. Numbers of shop and terminal, and what the messages do not show, are those of the shipped
 * one.
 */
export function draftOf(id: string, reading: Reading, messages: readonly Uint8Array[], shelf: Shelf): Members {
  const { base, head, source } = reading;
  const { complete } = shelf;
  const like =
    complete.find(({ bases }) => bases.includes(`base/${base.name}`)) ??
    complete.find(({ id: known }) => known.startsWith('iso8583-1987-ascii')) ??
    complete[0];
  const bases = [like.id];
  const before = shelf.dialectOf(bases);
  // Messages without a length are those of a log that left it out: on a line something has to cut them.
  const length = source.framing.length || before.framing.length || 'binary';
  const dialect: Members = { framing: { ...source.framing, length } };
  if (source.mti !== before.mti) dialect.mti = source.mti;
  if (source.bitmap !== before.bitmap) dialect.bitmap = source.bitmap;
  const { least, most } = source.bitmaps ?? { least: 1, most: 1 };
  // Fields behind the first bitmap stay, whether these messages have them or not.
  const mostKept = Math.max(most, before.bitmaps?.most ?? 1);
  if (least !== (before.bitmaps?.least ?? 1) || mostKept !== (before.bitmaps?.most ?? 1))
    dialect.bitmaps = { least, most: mostKept };
  const now = defaultsOf(source);
  const defaults = changedMembers({ ...defaultsOf(before) }, { ...now });
  if (defaults !== undefined) dialect.defaults = defaults;

  const seen = fieldsOf(reading, messages);
  const chosen = new Map(reading.changes.flatMap(({ field, option }) => (option ? [[field, option] as const] : [])));
  const fields: Members = {};
  const changed = new Set<string>();
  for (const number of new Set([...Object.keys(before.fields), ...seen])) {
    const old = before.fields[number] as FieldSource | undefined;
    const wanted = seen.has(number) && !chosen.has(Number(number)) ? source.fields[number] : undefined;
    const after = countable(wanted ?? old ?? source.fields[number], now);
    const members = changedMembers({ ...old }, { ...after });
    if (members === undefined || (old && sameReading(old, after) && old.pad === after.pad)) continue;
    fields[number] = members;
    if (wanted) changed.add(number);
  }
  if (changed.size > 0) Object.assign(dialect, { fields }, withoutSigns(before, source, changed));
  else if (Object.keys(fields).length > 0) dialect.fields = fields;

  const acquirer: Members = {};
  const [first] = messages;
  const at = lengthBytesOf(head.length);
  if (head.tpdu) acquirer.tpdu = toHex(first, at, at + TPDU_LENGTH);
  if (source.framing.header) acquirer.header = toHex(first, head.body - HEADER_LENGTH, head.body);
  if (chosen.size > 0) acquirer.dialectOptions = Object.fromEntries(chosen.values());
  return {
    id,
    name: { zh: '抓包草稿,须核对', en: 'DRAFT FROM A CAPTURE' },
    version: 1,
    extends: bases,
    dialect,
    ...(Object.keys(acquirer).length > 0 ? { acquirer } : {}),
  };
}

/** Numbers of the fields that the messages have. */
function fieldsOf({ plan, head, source }: Reading, messages: readonly Uint8Array[]): ReadonlySet<string> {
  const view = new MessageView(plan);
  const seen = new Set<string>();
  for (const message of messages) {
    view.decode(message, Math.min(head.body, message.length), message.length);
    for (const number of Object.keys(source.fields)) if (view.has(Number(number))) seen.add(number);
  }
  return seen;
}

/** Options that would set a changed field back, and layouts of fields that are of another kind now: null takes them away. */
function withoutSigns(before: DialectSource, after: DialectSource, changed: ReadonlySet<string>): Members {
  const options = Object.entries(before.options)
    .filter(([, { choices }]) =>
      Object.values(choices).some(choice => Object.keys(choice).some(field => changed.has(field))),
    )
    .map(([name]) => name);
  const layouts = Object.keys(before.subfields).filter(
    field => changed.has(field) && before.fields[field].type !== after.fields[field].type,
  );
  const none = (names: readonly string[]): Members => Object.fromEntries(names.map(name => [name, null]));
  return {
    ...(options.length > 0 ? { options: none(options) } : {}),
    ...(layouts.length > 0 ? { subfields: none(layouts) } : {}),
  };
}

/** Members that differ; null for one that is gone. Undefined when none does. */
function changedMembers(before: object, after: object): Members | undefined {
  const old = before as Readonly<Record<string, Json | undefined>>;
  const now = after as Readonly<Record<string, Json | undefined>>;
  const changed: Members = {};
  for (const key of Object.keys(now)) {
    const value = now[key];
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(old[key])) changed[key] = value;
  }
  for (const key of Object.keys(old)) if (old[key] !== undefined && now[key] === undefined) changed[key] = null;
  return Object.keys(changed).length > 0 ? changed : undefined;
}
