import type { Architecture } from "./architecture.ts";
import type { HostArray } from "./engine.ts";

/** One parameter under its Hugging Face name. Vectors have one row. */
export interface Parameter {
  readonly name: string;
  /** Shape as stored on disk: one or two dimensions. */
  readonly shape: ReadonlyArray<number>;
  readonly rows: number;
  readonly cols: number;
  readonly kind: "embedding" | "matrix" | "residual" | "bias" | "norm";
}

/** All parameters of a model in order of use; a tied head is the embedding and is listed once. */
export function parametersOf(architecture: Architecture): ReadonlyArray<Parameter> {
  const a = architecture;
  const layers = Array.from({ length: a.layers }, (_, layer) => layerParameters(a, layer)).flat();
  return [
    matrix("model.embed_tokens.weight", a.vocabulary, a.hidden, "embedding"),
    ...layers,
    vector("model.norm.weight", a.hidden, "norm"),
    ...(a.tied ? [] : [matrix("lm_head.weight", a.vocabulary, a.hidden, "embedding")]),
  ];
}

/**
 * A matrix or vector as engines hold it. Projections that read the same input are stacked, row on row, so that one
 * product serves all of them: `qkv_proj` of queries, keys and values, `gate_up_proj` of gate and up.
 */
export interface StoredParameter extends Parameter {
  /** The parameters it holds, first to last. */
  readonly parts: ReadonlyArray<Parameter>;
}

const STACKS: Readonly<Record<string, string>> = {
  q_proj: "qkv_proj",
  k_proj: "qkv_proj",
  v_proj: "qkv_proj",
  gate_proj: "gate_up_proj",
  up_proj: "gate_up_proj",
};

/** All parameters of a model as engines hold them, in order of use. */
export function storedParametersOf(architecture: Architecture): ReadonlyArray<StoredParameter> {
  return stackParameters(parametersOf(architecture));
}

/** Stacks the parameters of a list whose projections read the same input. */
export function stackParameters(
  parameters: ReadonlyArray<Parameter>,
): ReadonlyArray<StoredParameter> {
  const stored = new Map<string, StoredParameter>();
  for (const parameter of parameters) {
    // Second factors of adapters are not stacked: each reads the output of its own first factor.
    const name = parameter.name.includes(".lora_B.") ? parameter.name : parameter.name.replace(
      /(?<=\.)\w+_proj(?=\.)/,
      (part) => STACKS[part] ?? part,
    );
    const known = stored.get(name);
    stored.set(
      name,
      known === undefined ? { ...parameter, name, parts: [parameter] } : {
        ...known,
        ...extended(known, parameter),
        parts: [...known.parts, parameter],
      },
    );
  }
  return [...stored.values()];
}

/** Sizes of a matrix with the rows of another below it, or of a vector with the values of another after it. */
function extended(top: Parameter, below: Parameter): Pick<Parameter, "shape" | "rows" | "cols"> {
  const isMatrix = top.shape.length === 2;
  const rows = isMatrix ? top.rows + below.rows : 1;
  const cols = isMatrix ? top.cols : top.cols + below.cols;
  return { shape: isMatrix ? [rows, cols] : [cols], rows, cols };
}

/** Joins the values of the parts of a stored parameter. */
export function stackValues<A extends Float32Array | Float64Array>(
  { rows, cols, parts }: StoredParameter,
  valuesOf: (part: string) => A,
): A {
  const [first, ...others] = parts.map(({ name }) => valuesOf(name));
  if (others.length === 0) return first!;
  const size = rows * cols;
  const isSingle = first instanceof Float32Array;
  const values = (isSingle ? new Float32Array(size) : new Float64Array(size)) as A;
  let at = 0;
  for (const part of [first!, ...others]) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

/** Splits the values of a stored parameter into those of its parts, without a copy. */
export function unstackValues<A extends HostArray>(
  { parts }: StoredParameter,
  values: A,
): ReadonlyArray<readonly [name: string, values: A]> {
  let at = 0;
  return parts.map(({ name, rows, cols }) => {
    const from = at;
    at += rows * cols;
    return [name, values.subarray(from, at) as A];
  });
}

function layerParameters(a: Architecture, layer: number): ReadonlyArray<Parameter> {
  const at = `model.layers.${layer}`;
  const query = a.heads * a.headDim;
  const keyValue = a.keyValueHeads * a.headDim;
  const linear = (
    name: string,
    rows: number,
    cols: number,
    bias: boolean,
    kind: Parameter["kind"] = "matrix",
  ) => [
    matrix(`${at}.${name}.weight`, rows, cols, kind),
    ...(bias ? [vector(`${at}.${name}.bias`, rows, "bias")] : []),
  ];
  return [
    vector(`${at}.input_layernorm.weight`, a.hidden, "norm"),
    ...linear("self_attn.q_proj", query, a.hidden, a.queryKeyValueBias),
    ...linear("self_attn.k_proj", keyValue, a.hidden, a.queryKeyValueBias),
    ...linear("self_attn.v_proj", keyValue, a.hidden, a.queryKeyValueBias),
    ...(a.queryKeyNorm
      ? ["q_norm", "k_norm"].map((n) => vector(`${at}.self_attn.${n}.weight`, a.headDim, "norm"))
      : []),
    ...linear("self_attn.o_proj", a.hidden, query, a.outputBias, "residual"),
    vector(`${at}.post_attention_layernorm.weight`, a.hidden, "norm"),
    ...linear("mlp.gate_proj", a.feedForward, a.hidden, a.feedForwardBias),
    ...linear("mlp.up_proj", a.feedForward, a.hidden, a.feedForwardBias),
    ...linear("mlp.down_proj", a.hidden, a.feedForward, a.feedForwardBias, "residual"),
  ];
}

function matrix(name: string, rows: number, cols: number, kind: Parameter["kind"]): Parameter {
  return { name, shape: [rows, cols], rows, cols, kind };
}

function vector(name: string, cols: number, kind: Parameter["kind"]): Parameter {
  return { name, shape: [cols], rows: 1, cols, kind };
}
