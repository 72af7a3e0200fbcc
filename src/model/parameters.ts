import type { Architecture } from "./architecture.ts";

/** One parameter under its Hugging Face name. Vectors have one row. */
export interface Parameter {
  readonly name: string;
  /** Shape as stored on disk: one or two dimensions. */
  readonly shape: ReadonlyArray<number>;
  readonly rows: number;
  readonly cols: number;
  readonly kind: "embedding" | "matrix" | "residual" | "bias" | "norm";
}

/** All parameters of a model in order of use; a tied head is the embedding and stands once. */
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

/** Number of values in all parameters. */
export function countParameters(architecture: Architecture): number {
  return parametersOf(architecture).reduce((sum, p) => sum + p.rows * p.cols, 0);
}
