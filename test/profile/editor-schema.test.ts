import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceJsonSchema } from '../../src/profile/editor-schema.ts';
import { readShipped, shippedIds } from './shipped.ts';

const FOLDER = new URL('../../firmware-profiles/', import.meta.url);
const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));

test('the schema beside the shipped profiles is the one that the program makes', () => {
  const shipped = readFileSync(new URL('schema/profile.schema.json', FOLDER), 'utf8');
  // Else: pos8583 profile schema -o firmware-profiles/schema/profile.schema.json
  expect(JSON.parse(shipped)).toEqual(plain(sourceJsonSchema()));
});

test('every shipped source names it', () => {
  const parts = ['base', 'acquirers', 'terminals'].flatMap(folder =>
    readdirSync(new URL(folder, FOLDER)).map(file => `${folder}/${file.replace('.json', '')}`),
  );
  for (const name of [...shippedIds, ...parts]) {
    const text = readShipped(name);
    const source = JSON.parse(text.ok ? text.value : '{}') as { $schema?: string };
    expect(source.$schema, name).toBe(`${name.includes('/') ? '../' : ''}schema/profile.schema.json`);
  }
});

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly type?: unknown;
  readonly description?: string;
  readonly items?: Node;
}

test('a source may hold any part; the entries of lists are whole', () => {
  const schema = plain(sourceJsonSchema()) as Node;
  expect(schema.required).toBeUndefined();
  expect(schema.properties?.extends.type).toBe('array');
  expect(schema.properties?.policy).toMatchObject({ type: ['object', 'null'] });
  expect(schema.properties?.policy.required).toBeUndefined();
  expect(schema.properties?.terminal.properties?.models.items?.required).toEqual(['name']);
  expect(schema.properties?.terminal.properties?.keymap.description).toContain('stands for');
});
