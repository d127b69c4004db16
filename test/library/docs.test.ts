import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Codec } from '../../src/iso8583/index.ts';
import { bytesOf } from '../iso8583/samples.ts';

/** What the examples of the page leave out. */
const BARE = { framing: { length: false, tpdu: false, header: false }, options: {}, subfields: {}, tags: {} };
const page = readFileSync(new URL('../../docs/building-a-dialect.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^(#+) (.*)$|^```json\n([^]*?)^```\n\n```text\n([^]*?)^```$/gm)];

interface Example {
  readonly title: string;
  readonly dialect: object;
  readonly lines: readonly string[];
}
const examples: Example[] = [];
let title = '';
for (const [, , heading, json, text] of blocks) {
  if (heading !== undefined) title = heading;
  else examples.push({ title, dialect: { ...BARE, ...(JSON.parse(json) as object) }, lines: text.trim().split('\n') });
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(' ').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

describe('the examples of "Building a dialect"', () => {
  test('are all found', () => {
    expect(examples).toHaveLength((page.match(/^```json$/gm) ?? []).length);
    expect(examples.length).toBeGreaterThanOrEqual(7);
  });

  test.each(examples)('$title', ({ dialect, lines: [values, wire, parts] }) => {
    const codec = Codec.of(dialect);
    const mti = values.slice(0, 4);
    const fields = pairs(values.slice(5));
    // Bytes in hex, or characters between quotes.
    const bytes = wire.startsWith('"')
      ? new TextEncoder().encode(wire.replaceAll(/[" ]/g, ''))
      : bytesOf(wire.replaceAll(' ', ''));
    expect(Buffer.from(codec.encode({ mti, fields })).toString('latin1')).toBe(Buffer.from(bytes).toString('latin1'));
    const message = codec.decode(bytes).orThrow();
    expect(message.fields().map(String)).toEqual(Object.keys(fields));
    for (const [field, value] of Object.entries(fields)) expect(message.text(Number(field))).toContain(value);
    expect(codec.encode(message)).toEqual(bytes);
    for (const [path, value] of Object.entries(parts === undefined ? {} : pairs(parts))) {
      expect([path, message.get(path as `${number}.${string}`)]).toEqual([path, value]);
    }
  });
});
