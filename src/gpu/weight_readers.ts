/** How kernels read weights of each storage format: the text of their `load_weight`. */
import type { WeightFormat } from "../domain/recipe.ts";
import bf16 from "../../shaders/lib/weight/bf16.wgsl" with { type: "text" };
import codes4 from "../../shaders/lib/weight/codes4.wgsl" with { type: "text" };
import f16 from "../../shaders/lib/weight/f16.wgsl" with { type: "text" };
import f32 from "../../shaders/lib/weight/f32.wgsl" with { type: "text" };
import int4 from "../../shaders/lib/weight/int4.wgsl" with { type: "text" };
import int8 from "../../shaders/lib/weight/int8.wgsl" with { type: "text" };
import nf4 from "../../shaders/lib/weight/nf4.wgsl" with { type: "text" };

/**
 * `load_weight` by format, appended to kernels that call it. One text for all formats would be inlined at each call,
 * and drivers would keep much of its unreachable code.
 */
export const WEIGHT_READERS: Readonly<Record<WeightFormat, string>> = {
  f32,
  bf16,
  f16,
  int8,
  int4: `${int4}\n${codes4}`,
  nf4: `${nf4}\n${codes4}`,
};
