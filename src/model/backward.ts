import type { Builder } from "./builder.ts";
import { linear, linearWeightBackward, transpose } from "./ops.ts";
import {
  columnsOf,
  type Op,
  type OpKind,
  scaled,
  symbol,
  type Tensor,
  wholeOf,
  windowOf,
} from "./plan.ts";

/**
 * Gradients of the tensors of a forward list. A contribution to an activation overwrites the first time and adds
 * afterwards; a contribution to a parameter always adds, to the engine's tensor `d <name>`. A window of columns has
 * the same window of the gradient of its matrix; the windows of a matrix do not overlap and leave no
 * column out.
 */
export interface Gradients {
  readonly needs: (tensor: Tensor) => boolean;
  readonly of: (tensor: Tensor) => Tensor | undefined;
  /** Calls `emit` with the gradient tensor to write, and whether to add, if anything asks for it. */
  readonly contribute: (
    tensor: Tensor,
    emit: (target: Tensor, options: { readonly accumulate: boolean }) => void,
  ) => void;
  /** Lets `tensor` have the very gradient `d`; it must have none yet. */
  readonly share: (tensor: Tensor, d: Tensor) => void;
}

/** The name of the gradient of a parameter. */
export function gradientName(parameter: string): string {
  return `d ${parameter}`;
}

/** Names of the tensors of a list that depend on a trainable parameter. */
export function dependents(ops: ReadonlyArray<Op>, trainable: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const op of ops) {
    for (const input of op.inputs) {
      if (input.role === "weight" && trainable.has(input.name)) found.add(input.name);
    }
    if (op.inputs.some((input) => found.has(input.name))) {
      for (const output of op.outputs) found.add(output.name);
    }
  }
  return found;
}

/** Gradient bookkeeping for one forward list. */
export function createGradients(b: Builder, needed: ReadonlySet<string>): Gradients {
  /** Gradients of whole matrices, and the columns of them that hold something. */
  const gradients = new Map<string, Tensor>();
  const written = new Set<string>();
  const needs = (tensor: Tensor) => needed.has(tensor.name);
  const columns = (tensor: Tensor) => `${tensor.name} ${windowOf(tensor).column}`;
  const of = (tensor: Tensor) => {
    const whole = gradients.get(tensor.name);
    if (whole === undefined || tensor.window === undefined) return whole;
    return columnsOf(whole, tensor.window.column, tensor.cols);
  };
  return {
    needs,
    of,
    contribute: (tensor, emit) => {
      if (!needs(tensor)) return;
      if (tensor.role === "weight") {
        const name = gradientName(tensor.name);
        const target = b.tensor(name, tensor.rows, tensor.cols, { role: "gradient" });
        return emit(target, { accumulate: true });
      }
      if (!gradients.has(tensor.name)) {
        const made = b.scratch(`d_${tensor.name}`, tensor.rows, windowOf(tensor).stride);
        gradients.set(tensor.name, made);
      }
      const accumulate = written.has(columns(tensor));
      written.add(columns(tensor));
      emit(of(tensor)!, { accumulate });
    },
    share: (tensor, d) => {
      if (!needs(tensor)) return;
      const known = gradients.get(tensor.name);
      if (known !== undefined && known.name !== d.name) {
        throw new Error(`${tensor.name} is used after the op that hands its gradient on`);
      }
      gradients.set(tensor.name, d);
      written.add(columns(tensor));
    },
  };
}

/** Appends the ops that carry gradients from the outputs of `forward` to its trainable parameters. */
export function deriveBackward(
  b: Builder,
  forward: ReadonlyArray<Op>,
  gradients: Gradients,
): void {
  for (const op of forward.toReversed()) {
    const rule = RULES[op.kind];
    const wanted = op.inputs.some((input) => gradients.needs(input));
    if (!wanted) continue;
    if (rule === undefined) throw new Error(`Op ${op.kind} has no gradient`);
    const d = gradients.of(op.outputs[0]!);
    if (d === undefined) continue;
    const before = b.ops.length;
    rule(b, op, d, gradients);
    const clash = b.ops.slice(before).find((made) =>
      made.outputs.some(({ name }) => name === d.name)
    );
    if (clash !== undefined) throw new Error(`${clash.kind} would change the gradient it reads`);
  }
}

type Rule = (b: Builder, op: Op, d: Tensor, gradients: Gradients) => void;

/** The gradient of each differentiable op, as further ops. */
const RULES: Partial<Record<OpKind, Rule>> = {
  embedding_forward: (b, op, d, gradients) => {
    gradients.contribute(op.inputs[1]!, (target) =>
      b.push({
        kind: "embedding_backward",
        inputs: [d, occurrences(b), tokenOrder(b)],
        outputs: [target],
        dims: { unique: occurrences(b).rows, cols: target.cols },
      }));
  },
  rmsnorm_forward: (b, op, d, gradients) => {
    const [x, weight] = op.inputs as [Tensor, Tensor];
    const scale = op.outputs[1]!;
    // The gradient of x lies in memory as x does, so one window serves both.
    const { eps: _, ...dims } = op.dims;
    gradients.contribute(weight, (target) =>
      b.push({
        kind: "rmsnorm_weight_backward",
        inputs: [x, scale, d],
        outputs: [target],
        dims,
      }));
    gradients.contribute(x, (target, { accumulate }) =>
      b.push({
        kind: "rmsnorm_backward",
        inputs: [x, weight, scale, d],
        outputs: [target],
        dims: { ...dims, accumulate: accumulate ? 1 : 0 },
      }));
  },
  linear_forward: (b, op, d, gradients) => {
    const [x, weight, bias, residual] = op.inputs as [Tensor, Tensor, Tensor, Tensor];
    const { features, scale, weightRow } = op.dims as Record<
      "features" | "scale" | "weightRow",
      number
    >;
    if (op.dims["from"] !== 0) throw new Error("A product of a norm or of gates has no gradient");
    gradients.contribute(
      weight,
      (target) => linearWeightBackward(b, x, d, target, { weightRow, features, scale }),
    );
    if (op.dims["hasBias"] === 1) {
      gradients.contribute(bias, (target) =>
        b.push({
          kind: "column_sum_backward",
          inputs: [d],
          outputs: [target],
          dims: { rows: d.rows, cols: features },
        }));
    }
    gradients.contribute(
      x,
      (target, { accumulate }) =>
        linear(b, d, transposed(b, weight), { target, accumulate, scale }),
    );
    // The residual takes over the gradient of the sum without a copy. What adds to it later comes from ops that
    // stand before this one in the forward list, hence after it here.
    if (op.dims["hasResidual"] === 1) {
      gradients.share(residual, gradients.of(wholeOf(op.outputs[0]!))!);
    }
  },
  rope_forward: (b, op, dQuery, gradients) => {
    const [query, key, value] = op.inputs as [Tensor, Tensor, Tensor];
    const dKeyValue = gradients.of(op.outputs[1]!);
    if (dKeyValue === undefined) return;
    turnBack(b, op, dQuery, gradients, query);
    turnBack(b, op, columnsOf(dKeyValue, 0, key.cols), gradients, key);
    turnBack(b, op, columnsOf(dKeyValue, key.cols, value.cols), gradients, value);
  },
  attention_forward: attentionBackward,
  swiglu_forward: (b, op, d, gradients) => {
    const x = op.inputs[0]!;
    gradients.contribute(x, (target) =>
      b.push({
        kind: "swiglu_backward",
        inputs: [x, d],
        outputs: [target],
        dims: op.dims,
      }));
  },
  gather_rows_forward: (b, op, d, gradients) => {
    const [x, , inverse] = op.inputs as [Tensor, Tensor, Tensor];
    gradients.contribute(x, (target) =>
      b.push({
        kind: "gather_rows_backward",
        inputs: [d, inverse],
        outputs: [target],
        dims: { rows: x.rows, cols: x.cols },
      }));
  },
};

/** Hands the gradient of what `rope_forward` wrote on to one of its inputs: turned back, except for the values. */
function turnBack(b: Builder, op: Op, d: Tensor, gradients: Gradients, input: Tensor): void {
  const [, , value, positions, angles] = op.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const { headDim } = op.dims as { headDim: number };
  gradients.contribute(input, (target) => {
    const [from, to] = [windowOf(d), windowOf(target)];
    b.push({
      kind: "rope_backward",
      inputs: [d, positions, angles],
      outputs: [target],
      dims: {
        ...{ rows: d.rows, cols: d.cols, headDim, turns: input === value ? 0 : 1 },
        ...{ column: from.column, stride: from.stride },
        ...{ outColumn: to.column, outStride: to.stride },
      },
    });
  });
}

function attentionBackward(b: Builder, op: Op, d: Tensor, gradients: Gradients): void {
  const [query, keyValue, queries, tiles, keys, keyParts, keyTiles] = op.inputs as [
    ...[Tensor, Tensor, Tensor, Tensor],
    ...[Tensor, Tensor, Tensor],
  ];
  const [out, softmax] = op.outputs as [Tensor, Tensor];
  const shape = op.dims;
  const statistics = b.scratch("attention_statistics", query.rows, 2 * (shape["heads"] as number));
  b.push({
    kind: "attention_delta",
    inputs: [out, d, softmax],
    outputs: [statistics],
    dims: shape,
  });
  gradients.contribute(query, (dQuery) =>
    b.push({
      kind: "attention_query_backward",
      inputs: [query, keyValue, statistics, d, queries, tiles],
      outputs: [dQuery],
      dims: shape,
    }));
  gradients.contribute(keyValue, (dKeyValue) => {
    const parts = b.scratch("key_parts", scaled(keyValue.rows, 2), keyValue.cols);
    b.push({
      kind: "attention_key_backward",
      inputs: [query, keyValue, statistics, d, keys, keyParts, keyTiles],
      outputs: [parts],
      dims: { ...shape, seeing: symbol("S") },
    });
    b.push({
      kind: "attention_key_sum",
      inputs: [parts, keyParts],
      outputs: [dKeyValue],
      dims: { rows: keyValue.rows, cols: keyValue.cols },
    });
  });
}

/** Wᵀ of the rows that an op reads, (K, F), made once for a list. */
function transposed(b: Builder, weight: Tensor): Tensor {
  const span = weight.span ?? { first: 0, count: weight.rows as number };
  const name = `${weight.name} from ${span.first} transposed`;
  return b.find(name) ?? transpose(b, weight, span, b.tensor(name, weight.cols, span.count));
}

/** (U,4) each token id that occurs: [id, first, count, 0] into `token_order`. */
export function occurrences(b: Builder): Tensor {
  return b.tensor("occurrences", { symbol: "U", times: 1 }, 4, { role: "input", format: "u32" });
}

/** (N,1) packed rows sorted by token id, then by row. */
export function tokenOrder(b: Builder): Tensor {
  return b.tensor("token_order", { symbol: "N", times: 1 }, 1, { role: "input", format: "u32" });
}
