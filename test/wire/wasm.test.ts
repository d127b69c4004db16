import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromEbcdic, toEbcdic } from '../../src/wire/ebcdic.ts';
import { Code, Memory, Op, ValueType, moduleOf, wasmFunction, wasmMemory, wasmTable } from '../../src/wire/wasm.ts';

const memory = wasmMemory(1);
const table = wasmTable(1);
const bytes = new Uint8Array(memory.buffer);

function run(result: ValueType, code: Code, ...parameters: number[]): number {
  const types = parameters.map(() => ValueType.i32);
  return wasmFunction(moduleOf(types, result, code), memory, table)(...parameters);
}

describe('what is written is what the engine runs', () => {
  test('32-bit constants', () => {
    fc.assert(fc.property(fc.integer(), value => run(ValueType.i32, new Code(0).i32(value)) === value));
    for (const value of [0, 63, 64, 127, 128, -64, -65, 0x7fffffff, -0x80000000, 0xffffffff]) {
      expect(run(ValueType.i32, new Code(0).i32(value))).toBe(value | 0);
    }
  });

  test('64-bit and floating constants', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 53n }), value => {
        const code = new Code(0).i64(value).op(Op.f64ConvertI64U);
        return run(ValueType.f64, code) === Number(value);
      }),
    );
    fc.assert(fc.property(fc.double(), value => Object.is(run(ValueType.f64, new Code(0).f64(value)), value)));
  });

  test('memory at any offset, and many locals', () => {
    fc.assert(
      fc.property(fc.nat(65_000), fc.nat(255), (offset, byte) => {
        bytes.fill(0);
        bytes[offset] = byte;
        const code = new Code(1);
        // More than 127 locals: their numbers take two bytes.
        const locals = Array.from({ length: 200 }, () => code.local(ValueType.i32));
        const last = locals[locals.length - 1];
        code.get(0).memory(Memory.i32Load8U, offset).set(last).get(last);
        return run(ValueType.i32, code, 0) === byte;
      }),
    );
  });

  test('vectors: constants, shuffles and stores', () => {
    const mixed = Array.from({ length: 16 }, (_, i) => 200 + i);
    const lanes = Array.from({ length: 16 }, (_, i) => 15 - i);
    const code = new Code(1).get(0).vectorConstant(mixed).vectorOf(7).shuffle(lanes).vectorStore(32).i32(1);
    expect(run(ValueType.i32, code, 64)).toBe(1);
    expect([...bytes.subarray(96, 112)]).toEqual([...mixed].reverse());
  });
});

describe('EBCDIC', () => {
  test('each byte has one partner', () => {
    for (let byte = 0; byte < 256; byte++) expect(toEbcdic(fromEbcdic(byte))).toBe(byte);
  });

  test('digits, letters and signs of code page 037', () => {
    const hex = [...'09AIJRSZaz =.[]'].map(c => toEbcdic(c.charCodeAt(0)).toString(16));
    expect(hex).toEqual(['f0', 'f9', 'c1', 'c9', 'd1', 'd9', 'e2', 'e9', '81', 'a9', '40', '7e', '4b', 'ba', 'bb']);
  });
});
