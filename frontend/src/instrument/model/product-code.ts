// The WebAssembly code of a matrix times a vector, four by four numbers at a time (SIMD), put together here.
//
// A step of size s is 90,000 multiplications: they take 17 µs by this code and 90 to 120 µs by JavaScript, for which
// a step has 50 µs (bench/page_model.py measures both).

/** Rows that are computed together: four registers of four numbers. */
export const TOGETHER = 16;

const REGISTERS = TOGETHER / 4;
const BYTES = 4 * TOGETHER;

// Types and sections of the binary format (WebAssembly 2.0, 5.3 to 5.5).
const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION = 0x60;
const TYPES = 1;
const IMPORTS = 2;
const FUNCTIONS = 3;
const EXPORTS = 7;
const CODE = 10;

// Parameters and variables: addresses in bytes; `input` … `inputEnd` is the vector, `output` … `outputEnd` the result.
const MATRIX = 0;
const INPUT = 1;
const OUTPUT = 2;
const INPUT_END = 3;
const OUTPUT_END = 4;
const AT = 5;
const NUMBER = 6;
const SUMS = Array.from({ length: REGISTERS }, (_, i) => 7 + i);

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const grown = (local: number, by: number): number[] => [...get(local), 0x41, ...signed(by), 0x6a];
const load = (offset: number): number[] => [0xfd, 0x00, 4, offset];
const splat = [0xfd, 0x09, 2, 0];
const store = (offset: number): number[] => [0xfd, 0x0b, 4, offset];
const times = [0xfd, 0xe6, 0x01];
const plus = [0xfd, 0xe4, 0x01];
/** do { … } while (the two numbers on the stack are in their order); */
const loop = (...body: number[][]): number[] => [0x03, 0x40, ...body.flat(), 0x49, 0x0d, 0, 0x0b];

/** An integer in the signed LEB128 form. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >> 7)];
}

function list(...items: number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(word: string): number[] {
  return [word.length, ...[...word].map((letter) => letter.charCodeAt(0))];
}

/**
 * A module that imports the memory `env.memory` and exports `product(matrix, input, output, inputEnd, outputEnd)`.
 * The matrix lies in blocks of 16 rows, column by column, and before each block lie what its 16 sums start from.
 */
export function productCode(): Uint8Array<ArrayBuffer> {
  const registers = SUMS.map((sum, i) => ({ sum, offset: 16 * i }));
  const body = [
    loop(
      ...registers.map(({ sum, offset }) => [...get(MATRIX), ...load(offset), ...set(sum)]),
      [...grown(MATRIX, BYTES), ...set(MATRIX), ...get(INPUT), ...set(AT)],
      loop(
        [...get(AT), ...splat, ...set(NUMBER)],
        ...registers.map(({ sum, offset }) => [
          ...[...get(sum), ...get(NUMBER), ...get(MATRIX), ...load(offset)],
          ...[...times, ...plus, ...set(sum)],
        ]),
        [...grown(MATRIX, BYTES), ...set(MATRIX)],
        [...grown(AT, 4), ...tee(AT), ...get(INPUT_END)],
      ),
      ...registers.map(({ sum, offset }) => [...get(OUTPUT), ...get(sum), ...store(offset)]),
      [...grown(OUTPUT, BYTES), ...tee(OUTPUT), ...get(OUTPUT_END)],
    ),
    [0x0b],
  ].flat();
  const code = [...list([1, I32], [1 + REGISTERS, V128]), ...body];
  return Uint8Array.from([
    ...[0, ...text("asm").slice(1), 1, 0, 0, 0],
    ...section(TYPES, list([FUNCTION, ...list(...Array.from({ length: 5 }, () => [I32])), ...list()])),
    ...section(IMPORTS, list([...text("env"), ...text("memory"), 2, 0, 1])),
    ...section(FUNCTIONS, list([0])),
    ...section(EXPORTS, list([...text("product"), 0, 0])),
    ...section(CODE, list([...unsigned(code.length), ...code])),
  ]);
}
