import { readFileSync } from 'node:fs';
import { compileFieldPlan, type DialectOptions, type DialectSource, type FieldPlan } from '../../src/iso8583/plan.ts';
import type { Framing } from '../../src/iso8583/source.ts';
import { fromHex } from '../../src/wire/hex.ts';

export interface Sample {
  readonly kind: string;
  readonly mti: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly framing: Framing;
  readonly tpdu: string | null;
  readonly header: string | null;
  readonly bodyStart: number;
  readonly keys?: { readonly TMK: string; readonly PIK: string; readonly MAK: string };
}

interface Stored {
  readonly kind: string;
  readonly mti: string;
  readonly hex: string;
  readonly layout?: string;
  readonly tpdu?: string | null;
  readonly header?: string | null;
  readonly fields: Record<string, string>;
  readonly keys?: Sample['keys'];
}

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

export const dialect: DialectSource = (
  JSON.parse(file('firmware-profiles/base/unionpay-pos.json')) as { dialect: DialectSource }
).dialect;

export function planWith(options: DialectOptions = {}): FieldPlan {
  const plan = compileFieldPlan(dialect, options);
  if (!plan.ok) throw new Error(plan.fault.cause);
  return plan.value;
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (!bytes.ok) throw new Error(bytes.fault.cause);
  return bytes.value;
}

function load(name: string): readonly Sample[] {
  return (JSON.parse(file(`test/vectors/${name}.json`)) as Stored[]).map(stored => {
    const layout = stored.layout ?? 'len2+tpdu5+header6+body';
    const framing = {
      length: layout.includes('len2') ? ('binary' as const) : (false as const),
      tpdu: layout.includes('tpdu'),
      header: layout.includes('header'),
    };
    const bodyStart = (framing.length ? 2 : 0) + (framing.tpdu ? 5 : 0) + (framing.header ? 6 : 0);
    const at = framing.length ? 4 : 0;
    return {
      kind: stored.kind,
      mti: stored.mti,
      fields: stored.fields,
      bytes: bytesOf(stored.hex),
      framing,
      tpdu: stored.tpdu === undefined ? stored.hex.slice(at, at + 10) : stored.tpdu,
      header: stored.header === undefined ? stored.hex.slice(at + 10, at + 22) : stored.header,
      bodyStart,
      ...(stored.keys === undefined ? {} : { keys: stored.keys }),
    };
  });
}

export const captured = load('unionpay-captured');
export const constructed = load('unionpay-constructed');
export const samples = [...captured, ...constructed];
