import { Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { ggufBytes } from "../files/gguf.ts";
import { loraParametersOf, scalingOf } from "../model/lora.ts";
import type { Publication } from "./server.ts";

/** Names of projections in llama.cpp. */
export const GGUF_PROJECTIONS: Readonly<Record<string, string>> = {
  q_proj: "attn_q",
  k_proj: "attn_k",
  v_proj: "attn_v",
  o_proj: "attn_output",
  gate_proj: "ffn_gate",
  up_proj: "ffn_up",
  down_proj: "ffn_down",
};

const FACTOR = /^model\.layers\.(\d+)\.\w+\.(\w+)\.lora_([AB])\.weight$/;

/** Adapters as llama.cpp reads them: the factors in f32, and the alpha that divided by their rank is their scaling. */
export function adapterGguf(
  { architecture, lora, weights }: Publication,
): Result.Result<Uint8Array, BadInput> {
  const { family } = architecture;
  if (family === "llama") {
    return Result.fail(
      new BadInput({
        message: `Cannot publish adapters to llama.cpp as the model must be of the family qwen2 ` +
          `or qwen3, whose queries and keys it keeps in order: it is of ${family}`,
      }),
    );
  }
  const tensors = loraParametersOf(architecture, lora).map(({ name, shape }) => {
    const [, layer, projection, factor] = FACTOR.exec(name)!;
    const matrix = `blk.${layer}.${GGUF_PROJECTIONS[projection!]}.weight`;
    const values = weights.get(name)!;
    return { name: `${matrix}.lora_${factor!.toLowerCase()}`, shape, values };
  });
  return Result.succeed(ggufBytes({
    "general.type": "adapter",
    "general.architecture": family,
    "adapter.type": "lora",
    "adapter.lora.alpha": { f32: scalingOf(lora) * lora.rank },
  }, tensors));
}
