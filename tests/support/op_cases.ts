import { Effect } from "effect";
import type { Engine, HostArray } from "../../src/model/engine.ts";
import type { Format } from "../../src/model/formats.ts";
import type { OpKind } from "../../src/model/ops/registry.ts";
import type { Op, Program, Role, Tensor } from "../../src/model/plan.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose, type Tolerance } from "./comparison.ts";
import { eachForm } from "./engines.ts";

/** A tensor of a one-op program with its numbers. */
export interface Operand {
  readonly cols: number;
  readonly format: Format;
  readonly data: Float32Array | Uint32Array;
}

/** f32 numbers in rows of `cols`. */
export function floats(cols: number, data: Float32Array, format: Format = "f32"): Operand {
  return { cols, format, data };
}

/** u32 numbers in rows of `cols`. */
export function words(cols: number, data: ArrayLike<number>): Operand {
  return { cols, format: "u32", data: Uint32Array.from(data) };
}

/** The value of an output before an op overwrites it, and afterwards where the op must not write. */
export const UNTOUCHED = 777;
const GUARD_ROWS = 3;

/** An output of `rows` rows that is to be overwritten, with guard rows after it that are not. */
export function overwritten(rows: number, cols: number): Operand {
  return floats(cols, new Float32Array((rows + GUARD_ROWS) * cols).fill(UNTOUCHED));
}

/** An output that is added to, with guard rows after it that are not. */
export function accumulated(cols: number, start: Float32Array): Operand {
  const data = new Float32Array(start.length + GUARD_ROWS * cols).fill(UNTOUCHED);
  data.set(start);
  return floats(cols, data);
}

/** One op with its operands. An operand that occurs twice is one tensor. */
export interface OpCase {
  readonly label: string;
  readonly kind: OpKind;
  readonly dims: Readonly<Record<string, number>>;
  readonly inputs: ReadonlyArray<Operand>;
  readonly outputs: ReadonlyArray<Operand>;
  /** Whether the case is left out with loops on an adapter that runs on a CPU, where it takes seconds to compile. */
  readonly heavy?: boolean;
}

/** A one-op program whose outputs the host can write and read. */
export function programOf(opCase: OpCase) {
  const tensors = new Map<Operand, Tensor>();
  const tensorOf = (role: Role) => (operand: Operand): Tensor => {
    const known = tensors.get(operand);
    if (known !== undefined) return known;
    const { cols, format, data } = operand;
    const made = { name: `t${tensors.size}`, rows: data.length / cols, cols, format, role };
    tensors.set(operand, made);
    return made;
  };
  const op: Op = {
    kind: opCase.kind,
    inputs: opCase.inputs.map(tensorOf("input")),
    outputs: opCase.outputs.map(tensorOf("output")),
    dims: opCase.dims,
  };
  const inputs = op.inputs.map(({ name }) => name);
  const program: Program<"whole"> = { name: opCase.kind, phases: { whole: [op] }, inputs };
  return { program, tensors };
}

/** The outputs of an op, one array each, guard rows included. */
export const runOp = Effect.fnUntraced(function* (engine: Engine, opCase: OpCase) {
  const [first] = yield* runOpOn(engine, [opCase]);
  return first!;
});

/** The outputs of cases of the same shapes, run one after the other by one executable. */
export const runOpOn = Effect.fnUntraced(function* (
  engine: Engine,
  cases: ReadonlyArray<OpCase>,
) {
  const { program } = programOf(cases[0]!);
  const executable = yield* engine.load(program, {});
  const results: Array<ReadonlyArray<HostArray>> = [];
  for (const opCase of cases) {
    for (const [{ data }, { name }] of programOf(opCase).tensors) executable.write(name, data);
    executable.run("whole", {});
    const names = program.phases.whole[0]!.outputs.map(({ name }) => name);
    const read = yield* executable.read(names);
    results.push(names.map((name) => read[name]!));
  }
  return results;
});

/** The same shapes with the rows of all f32 inputs in reverse order: other numbers of the same kind. */
function reversed(opCase: OpCase): OpCase {
  const swapped = new Map<Operand, Operand>();
  const inputs = opCase.inputs.map((operand) => {
    const other = swapped.get(operand) ?? { ...operand, data: rowsReversed(operand) };
    swapped.set(operand, other);
    return other;
  });
  return { ...opCase, inputs };
}

function rowsReversed({ data, cols }: Operand): Operand["data"] {
  if (data instanceof Uint32Array) return data;
  const rows = data.length / cols;
  return data.map((_, i) => data[(rows - 1 - Math.floor(i / cols)) * cols + i % cols]!);
}

/** Tolerance of each output, which depends on the numbers of the case. */
export type OpTolerance = (opCase: OpCase, output: number) => Tolerance;

/**
 * Declares a test that the kernel of each case gives the plain loop's numbers, guard rows included, and the same bits
 * for the same numbers, also when the same executable computes other numbers in between.
 */
export function kernelMatches(
  claim: string,
  cases: ReadonlyArray<OpCase>,
  tolerance: OpTolerance,
): void {
  eachForm(claim, cases[0]!.kind, (engine) =>
    Effect.gen(function* () {
      const light = cases.filter(({ heavy }) => heavy !== true);
      for (const opCase of engine.name === "wgsl" ? cases : light) {
        const rounds = [opCase, reversed(opCase), opCase];
        const got = yield* runOpOn(engine.fresh(), rounds);
        const want = yield* runOpOn(createInterpreter(), rounds);
        want.forEach((outputs, round) =>
          outputs.forEach((values, output) => {
            const label = `${opCase.kind} ${opCase.label}, round ${round}, output ${output}`;
            assertClose(got[round]![output]!, values, tolerance(opCase, output), label);
          })
        );
        assertSameBits(got[2]!, got[0]!, `${opCase.kind} ${opCase.label} again`);
      }
    }));
}

/** Throws unless all numbers have the same bits; -0 and NaN payloads count. */
export function assertSameBits(
  got: ReadonlyArray<HostArray>,
  want: ReadonlyArray<HostArray>,
  label: string,
): void {
  want.forEach((values, output) => {
    const bits = (array: HostArray) => new Uint32Array(array.slice().buffer);
    const [left, right] = [bits(got[output]!), bits(values)];
    const at = right.findIndex((word, i) => word !== left[i]);
    if (at >= 0 || left.length !== right.length) {
      throw new Error(
        `${label}: bits of output ${output} differ at ${at}: ${got[output]![at]}, not ${
          values[at]
        }`,
      );
    }
  });
}

/** Relative rounding error of one f32 operation. */
export const F32_EPSILON = 2 ** -24;

/** Worst case of f32 rounding in sums of `terms` products, for a tensor whose largest magnitude is `size`. */
export function roundingOf(terms: number, size: number): Tolerance {
  return { atol: F32_EPSILON * (terms + 4) * size, rtol: 4 * F32_EPSILON };
}

export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}
