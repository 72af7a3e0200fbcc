import type { Builder } from "./builder.ts";
import { linearWeightBackward } from "./head.ts";
import { linear, rope } from "./ops.ts";
import { type Op, type OpKind, scaled, symbol, type Tensor } from "./plan.ts";

/**
 * Gradients of the tensors of a forward list. A contribution to an activation overwrites the first time and adds
 * afterwards; a contribution to a parameter always adds, to the engine's tensor `d <name>`.
 */
export interface Gradients {
  readonly needs: (tensor: Tensor) => boolean;
  readonly of: (tensor: Tensor) => Tensor | undefined;
  /** Calls `emit` with the gradient tensor to write, and whether to add, if anything asks for it. */
  readonly contribute: (
    tensor: Tensor,
    emit: (target: Tensor, options: { readonly accumulate: boolean }) => void,
  ) => void;
  /** Lets `tensor` have the very gradient `d`, when it has none yet; `emit` adds otherwise. */
  readonly share: (tensor: Tensor, d: Tensor, emit: (target: Tensor) => void) => void;
}

/** The name of the gradient of a parameter. */
export function gradientName(parameter: string): string {
  return `d ${parameter}`;
}

/** Which tensors of a list depend on a trainable parameter. */
export function dependents(ops: ReadonlyArray<Op>, trainable: ReadonlySet<string>): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const op of ops) {
    for (const input of op.inputs) {
      if (input.role === "weight" && trainable.has(input.name)) found.add(input);
    }
    if (op.inputs.some((input) => found.has(input))) {
      for (const output of op.outputs) found.add(output);
    }
  }
  return found;
}

/** Gradient bookkeeping for one forward list. */
export function createGradients(b: Builder, needed: ReadonlySet<Tensor>): Gradients {
  const gradients = new Map<Tensor, Tensor>();
  const contribute: Gradients["contribute"] = (tensor, emit) => {
    if (!needed.has(tensor)) return;
    if (tensor.role === "weight") {
      const target = b.tensor(gradientName(tensor.name), tensor.rows, tensor.cols, {
        role: "gradient",
      });
      return emit(target, { accumulate: true });
    }
    const known = gradients.get(tensor);
    const target = known ?? b.scratch(`d_${tensor.name}`, tensor.rows, tensor.cols);
    gradients.set(tensor, target);
    emit(target, { accumulate: known !== undefined });
  };
  return {
    needs: (tensor) => needed.has(tensor),
    of: (tensor) => gradients.get(tensor),
    contribute,
    share: (tensor, d, emit) => {
      if (!needed.has(tensor)) return;
      const known = gradients.get(tensor);
      if (known === undefined) gradients.set(tensor, d);
      else emit(known);
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
    const clash = b.ops.slice(before).find((made) => made.outputs.includes(d));
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
    const { rows, cols } = op.dims as { rows: Tensor["rows"]; cols: number };
    gradients.contribute(weight, (target) =>
      b.push({
        kind: "rmsnorm_weight_backward",
        inputs: [x, scale, d],
        outputs: [target],
        dims: { rows, cols },
      }));
    gradients.contribute(x, (target, { accumulate }) =>
      b.push({
        kind: "rmsnorm_backward",
        inputs: [x, weight, scale, d],
        outputs: [target],
        dims: { rows, cols, accumulate: accumulate ? 1 : 0 },
      }));
  },
  linear_forward: (b, op, d, gradients) => {
    const [x, weight, bias] = op.inputs as [Tensor, Tensor, Tensor];
    const features = op.dims["features"] as number;
    gradients.contribute(
      weight,
      (target) => linearWeightBackward(b, x, d, target, { weightRow: 0, features }),
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
      (target, { accumulate }) => linear(b, d, transposed(b, weight), { target, accumulate }),
    );
  },
  rope_forward: (b, op, d, gradients) => {
    const [x, positions, angles] = op.inputs as [Tensor, Tensor, Tensor];
    const turned = rope(b, d, { positions, angles }, -1);
    gradients.share(x, turned, () => {
      throw new Error("A rotated tensor is used once");
    });
  },
  attention_forward: attentionBackward,
  swiglu_forward: (b, op, d, gradients) => {
    const [gate, up] = op.inputs as [Tensor, Tensor];
    gradients.contribute(gate, (dGate) =>
      gradients.contribute(up, (dUp) =>
        b.push({
          kind: "swiglu_backward",
          inputs: [gate, up, d],
          outputs: [dGate, dUp],
          dims: { elements: scaled(gate.rows, gate.cols) },
        })));
  },
  add_forward: (_, op, d, gradients) => {
    // Both terms take over the gradient of the sum without a copy. Later additions to the left term's gradient
    // come from ops that stand before the right term's producer in the forward list, hence after it here.
    for (const term of op.inputs) {
      gradients.share(term, d, () => {
        throw new Error(`A term of a residual sum, ${term.name}, is used before the sum`);
      });
    }
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

function attentionBackward(b: Builder, op: Op, d: Tensor, gradients: Gradients): void {
  const [query, key, value, queries, keys] = op.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const [out, logSum] = op.outputs as [Tensor, Tensor];
  const shape = op.dims;
  const statistics = b.scratch("attention_statistics", query.rows, 2 * (shape["heads"] as number));
  b.push({
    kind: "attention_delta",
    inputs: [out, d, logSum],
    outputs: [statistics],
    dims: shape,
  });
  gradients.contribute(query, (dQuery) =>
    b.push({
      kind: "attention_query_backward",
      inputs: [query, key, value, statistics, d, queries],
      outputs: [dQuery],
      dims: shape,
    }));
  gradients.contribute(key, (dKey) =>
    gradients.contribute(value, (dValue) =>
      b.push({
        kind: "attention_key_backward",
        inputs: [query, key, value, statistics, d, keys],
        outputs: [dKey, dValue],
        dims: { ...shape, seeing: symbol("S") },
      })));
}

/** Wᵀ as (K, F), made once for a list. */
function transposed(b: Builder, weight: Tensor): Tensor {
  const rows = weight.rows as number; // weights have fixed rows
  const name = `${weight.name} transposed`;
  const known = b.find(name);
  if (known !== undefined) return known;
  const turned = b.tensor(name, weight.cols, rows);
  b.push({
    kind: "transpose_forward",
    inputs: [weight],
    outputs: [turned],
    dims: { rows, cols: weight.cols, weightRow: 0, outCols: rows },
  });
  return turned;
}

/** (U,4) each token id that occurs: [id, first, count, 0] into `token_order`. */
export function occurrences(b: Builder): Tensor {
  return b.tensor("occurrences", { symbol: "U", times: 1 }, 4, { role: "input", format: "u32" });
}

/** (N,1) packed rows sorted by token id, then by row. */
export function tokenOrder(b: Builder): Tensor {
  return b.tensor("token_order", { symbol: "N", times: 1 }, 1, { role: "input", format: "u32" });
}
