/**
 * Writes WebAssembly modules (core specification 2.0: fixed-width SIMD) from numbers: the code of a function as a list of
 * bytes, and around it the sections of a module that imports one memory. Only what the codec needs.
 */

/** Types of parameters, results and locals. */
export const ValueType = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/** One-byte instructions. */
export const Op = {
  if: 0x04,
  loop: 0x03,
  end: 0x0b,
  brIf: 0x0d,
  return: 0x0f,
  callIndirect: 0x11,
  select: 0x1b,
  i32Eqz: 0x45,
  i32Ne: 0x47,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Ge: 0x66,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivU: 0x6e,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64ShrU: 0x88,
  f64Sub: 0xa1,
  f64Mul: 0xa2,
  f64Div: 0xa3,
  f64Trunc: 0x9d,
  f64ConvertI32U: 0xb8,
  f64ConvertI64U: 0xba,
} as const;

/** Memory instructions; each takes an address and a constant offset. */
export const Memory = {
  i32Load: 0x28,
  i64Load: 0x29,
  f64Load: 0x2b,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i32Store: 0x36,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i32Store16: 0x3b,
} as const;

/** Vector instructions: numbers behind the prefix FDh. */
export const Vector = {
  load: 0,
  store: 11,
  constant: 12,
  shuffle: 13,
  i8x16Eq: 35,
  i8x16Ne: 36,
  i8x16LtS: 37,
  i8x16GtS: 39,
  i8x16GtU: 40,
  and: 78,
  andnot: 79,
  or: 80,
  anyTrue: 83,
  i8x16NarrowI16x8U: 102,
  i8x16Add: 110,
  i8x16Sub: 113,
  i16x8Shl: 139,
  i16x8ShrU: 141,
} as const;

function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

function signed(value: bigint): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

/** The code of one function. Calls append instructions; the order is that of a stack machine. */
export class Code {
  private readonly bytes: number[] = [];
  private readonly locals: ValueType[] = [];
  private readonly parameters: number;

  /** `parameters`: how many the function has; locals are numbered after them. */
  constructor(parameters: number) {
    this.parameters = parameters;
  }

  /** A new local; returns its number. */
  local(type: ValueType): number {
    this.locals.push(type);
    return this.parameters + this.locals.length - 1;
  }

  op(...ops: number[]): this {
    this.bytes.push(...ops);
    return this;
  }

  get(local: number): this {
    this.bytes.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: number): this {
    this.bytes.push(0x21, ...unsigned(local));
    return this;
  }

  /** Stores and keeps the value on the stack. */
  tee(local: number): this {
    this.bytes.push(0x22, ...unsigned(local));
    return this;
  }

  i32(value: number): this {
    this.bytes.push(0x41, ...signed(BigInt(value | 0)));
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(0x42, ...signed(BigInt.asIntN(64, value)));
    return this;
  }

  f64(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  /** A {@link Memory} instruction at a constant offset from the address; nothing is assumed about alignment. */
  memory(instruction: number, offset = 0): this {
    this.bytes.push(instruction, 0, ...unsigned(offset));
    return this;
  }

  /** `i32.trunc_sat_f64_u`: never traps. */
  truncate(): this {
    this.bytes.push(0xfc, 3);
    return this;
  }

  vector(instruction: number): this {
    this.bytes.push(0xfd, ...unsigned(instruction));
    return this;
  }

  vectorLoad(offset = 0): this {
    this.bytes.push(0xfd, ...unsigned(Vector.load), 0, ...unsigned(offset));
    return this;
  }

  vectorStore(offset = 0): this {
    this.bytes.push(0xfd, ...unsigned(Vector.store), 0, ...unsigned(offset));
    return this;
  }

  /** Sixteen bytes as they lie in memory. */
  vectorConstant(bytes: ArrayLike<number>): this {
    this.bytes.push(0xfd, ...unsigned(Vector.constant), ...Array.from(bytes));
    return this;
  }

  /** Sixteen times the same byte. */
  vectorOf(byte: number): this {
    return this.vectorConstant(new Uint8Array(16).fill(byte));
  }

  /** Takes sixteen of the thirty-two bytes of two vectors. */
  shuffle(lanes: readonly number[]): this {
    this.bytes.push(0xfd, ...unsigned(Vector.shuffle), ...lanes);
    return this;
  }

  /** `if` without a result; ends with `op(Op.end)`. */
  if(): this {
    this.bytes.push(Op.if, 0x40);
    return this;
  }

  /** `loop` without a result; `again` goes back to its start when the value on the stack is not zero. */
  loop(): this {
    this.bytes.push(Op.loop, 0x40);
    return this;
  }

  again(): this {
    this.bytes.push(Op.brIf, 0);
    return this;
  }

  /** Calls the function of the table whose number is on the stack, above its arguments, with type 0 of the module. */
  callIndirect(): this {
    this.bytes.push(Op.callIndirect, 0, 0);
    return this;
  }

  /** The function as the code section has it. */
  body(): number[] {
    const locals = this.locals.flatMap(type => [1, type]);
    const content = [...unsigned(this.locals.length), ...locals, ...this.bytes, Op.end];
    return [...unsigned(content.length), ...content];
  }
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
}

const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

/**
 * A module with one exported function `run` of the given types. It imports `codec.memory` and, with `table`, `codec.table` of
 * functions of the same type.
 */
export function moduleOf(
  parameters: readonly ValueType[],
  result: ValueType,
  code: Code,
  table = false,
): Uint8Array<ArrayBuffer> {
  const type = [0x60, ...unsigned(parameters.length), ...parameters, 1, result];
  const imports = [[...name('codec'), ...name('memory'), 2, 0, 1]];
  if (table) imports.push([...name('codec'), ...name('table'), 1, 0x70, 0, 1]);
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type]),
    ...section(2, imports),
    ...section(3, [[0]]),
    ...section(7, [[...name('run'), 0, 0]]),
    ...section(10, [code.body()]),
  );
}

/** The part of the engine's own interface that is used here; the compiler's libraries have it only for browsers. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => WasmMemory;
  Table: new (size: { initial: number; element: 'anyfunc' }) => WasmTable;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { readonly exports: { readonly run: WasmFunction } };
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WasmTable {
  set(index: number, value: WasmFunction): void;
}

export type WasmFunction = (...parameters: number[]) => number;

const PAGE_BYTES = 65_536;

/** Memory of at least `bytes` that does not grow. */
export function wasmMemory(bytes: number): WasmMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

export function wasmTable(length: number): WasmTable {
  return new WebAssembly.Table({ initial: length, element: 'anyfunc' });
}

/** The function of a module that {@link moduleOf} made. */
export function wasmFunction(module: Uint8Array<ArrayBuffer>, memory: WasmMemory, table: WasmTable): WasmFunction {
  return new WebAssembly.Instance(new WebAssembly.Module(module), { codec: { memory, table } }).exports.run;
}
