import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Codec, type DialectSource, type FieldSource } from '../../src/iso8583/index.ts';
import { bytesOf } from '../iso8583/samples.ts';
import { shippedDialect } from './dialects.ts';

/** A message that somebody published with its field values. `change` is what its dialect has otherwise than a shipped one. */
interface Published {
  readonly name: string;
  readonly format: string;
  readonly dialect: string;
  readonly change?: Partial<Omit<DialectSource, 'fields'>> & {
    readonly fields?: Readonly<Record<string, Partial<FieldSource>>>;
  };
  readonly text?: string;
  readonly hex?: string;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
}

const published = JSON.parse(
  readFileSync(new URL('../vectors/iso8583-public.json', import.meta.url), 'utf8'),
) as readonly Published[];

function dialectOf({ dialect, change = {} }: Published): DialectSource {
  const shipped = shippedDialect(dialect);
  const fields: Record<string, FieldSource> = { ...shipped.fields };
  for (const [field, members] of Object.entries(change.fields ?? {})) fields[field] = { ...fields[field], ...members };
  return { ...shipped, ...change, fields };
}

describe('messages that others published', () => {
  test('there are some of each kind', () => {
    const dialects = published.map(each => each.dialect);
    expect(new Set(dialects).size).toBeGreaterThanOrEqual(6);
    expect(published.every(each => each.format.length > 20)).toBe(true);
  });

  test.each(published)('$name: the documented values, and the same bytes again', sample => {
    const bytes = sample.text === undefined ? bytesOf(sample.hex ?? '') : new TextEncoder().encode(sample.text);
    const codec = Codec.of(dialectOf(sample));
    const message = codec.decode(bytes).orThrow();
    expect(message.mti).toBe(sample.mti);
    expect(message.toJSON({ clear: true }).fields).toEqual(sample.fields);
    expect(codec.encode({ mti: sample.mti, fields: sample.fields })).toEqual(bytes);
  });
});
