// deno-lint-ignore-file no-console
/** What training adapters of rank 16 on all projections takes of a card, by the planner: a row for each model and format. */
import { Result } from "effect";
import { inBytes } from "../src/domain/bytes.ts";
import { PROJECTIONS } from "../src/domain/recipe.ts";
import { readArchitecture } from "../src/model/architecture.ts";
import { fitMemory, totalBytes } from "../src/policy/memory_plan.ts";
import { cardPartialBytes } from "../tests/support/dispatch_counts.ts";
import { configOf } from "./random_model.ts";

/** Card sizes in GB, and a GPU's usual limit of a binding. */
const CASES = [
  ["qwen2.5-0.5b", "bf16", 8],
  ["qwen2.5-1.5b", "bf16", 8],
  ["qwen2.5-1.5b", "nf4", 8],
  ["qwen2.5-7b", "int8", 24],
  ["qwen2.5-7b", "nf4", 24],
] as const;
const LIMITS = {
  bindingBytes: 2 ** 31 - 1,
  bufferBytes: 2 ** 31 - 1,
  isMirrored: false,
  fewDispatches: true,
  partialBytes: cardPartialBytes,
};
const WANTED = { rows: 16, contextTokens: 4096, passTokens: 16384, messageTokens: 512 };
const USE = { trains: true, masked: false, recompute: "auto" } as const;
const LORA = {
  rank: 16,
  alpha: 32,
  rankStabilized: false,
  targets: new Set(PROJECTIONS),
};

console.log("| model | weights | card | plan | tokens a pass | layers | episodes at a time |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const [shape, format, card] of CASES) {
  const architecture = Result.getOrThrow(readArchitecture(configOf(shape)));
  const { bindingBytes, fewDispatches } = LIMITS;
  const form = { architecture, format, lora: LORA, bindingBytes, fewDispatches };
  const plan = fitMemory(form, WANTED, USE, { ...LIMITS, budget: card * 1e9 });
  const cells = Result.match(plan, {
    onFailure: ({ message }) => [message],
    onSuccess: ({ parts, capacity, recompute }) => [
      inBytes(totalBytes(parts)),
      capacity.passTokens,
      recompute === "layer" ? "twice" : "once",
      capacity.rows,
    ],
  });
  console.log(`| ${[shape, format, `${card} GB`, ...cells].join(" | ")} |`);
}
