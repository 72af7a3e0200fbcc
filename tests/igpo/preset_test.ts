import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { decodePreset } from "../../src/igpo/preset.ts";
import { outcomeOf } from "../../src/igpo/answer_score.ts";
import { PRESETS, resolvePreset } from "../../src/igpo/presets.ts";
import { penalisesDistance } from "../../src/pipeline/reference_policy.ts";

/** What a preset resolves to: its name, or the sentence of its failure. */
function outcomeOfResolving(input: unknown): string {
  return Effect.runSync(Effect.match(resolvePreset(input), {
    onFailure: ({ message }) => message,
    onSuccess: ({ name }) => name,
  }));
}

Deno.test("every preset decodes from its own JSON", () => {
  for (const preset of Object.values(PRESETS)) {
    const decoded = Effect.runSync(decodePreset(JSON.parse(JSON.stringify(preset))));
    strictEqual(JSON.stringify(decoded), JSON.stringify(preset));
  }
});

Deno.test("dr-venus grades against all golds, and the official code against the first", () => {
  const graded = (name: string) =>
    outcomeOf("Lutetia", ["Paris", "Lutetia"], PRESETS[name]!.outcome);
  strictEqual(graded("dr-venus"), 1);
  strictEqual(graded("official-2026-02"), 0);
  strictEqual(PRESETS["dr-venus"]!.gain.golds, "first");
});

Deno.test("a2tgpo has its source's penalty for a malformed answer, and no KL term", () => {
  const preset = PRESETS.a2tgpo!;
  strictEqual(outcomeOf(null, ["Paris"], preset.outcome), -1);
  strictEqual(outcomeOf("Paris France", ["Paris"], preset.outcome), 0);
  ok(!penalisesDistance(preset));
});

Deno.test("resolvePreset() takes a name, or a base with changes", () => {
  strictEqual(outcomeOfResolving("grpo"), "grpo");
  const changed = Effect.runSync(
    resolvePreset({ base: "paper-v2", name: "floored", gain: { logProbFloor: -4 } }),
  );
  strictEqual(changed.gain.logProbFloor, -4);
  strictEqual(changed.gain.measure, PRESETS["paper-v2"]!.gain.measure);
});

Deno.test("decodePreset() reads a preset from before there was staleness as one without it", async () => {
  const { staleness: _, ...before } = PRESETS["paper-v2"]!;
  deepStrictEqual(await Effect.runPromise(decodePreset(before)), PRESETS["paper-v2"]);
});

Deno.test("decodePreset() refuses a bound below the weight of a token that is not stale, and two steps", () => {
  match(
    outcomeOfResolving({ base: "paper-v2", staleness: { weightBound: 0.5 } }),
    /"staleness.weightBound" .*between 1 and 1000000: current value is 0.5$/,
  );
  match(
    outcomeOfResolving({ base: "paper-v2", staleness: { steps: 2 } }),
    /"staleness.steps" must be .*: current value is 2$/,
  );
});

Deno.test("resolvePreset() lists the names when one is unknown", () => {
  match(outcomeOfResolving("papr"), /must be one of paper-v2, .*: current value is "papr"$/);
  match(outcomeOfResolving("toString"), /must be one of/);
});

Deno.test("decodePreset() names the field and the value that is wrong", () => {
  match(
    outcomeOfResolving({ base: "paper-v2", credit: { gamma: 2 } }),
    /"credit.gamma" .*between 0 and 1.*: current value is 2$/,
  );
  match(
    outcomeOfResolving({ base: "paper-v2", kl: { beta: 1 } }),
    /no field "kl.beta": allowed are coefficient, estimator, limit, ratioCorrected$/,
  );
  match(outcomeOfResolving({ name: "half" }), /missing/);
});

Deno.test("decodePreset() refuses a name that is no folder's", async () => {
  for (const name of ["../escape", "", ".", "a/b", "x".repeat(65), "a\nb"]) {
    const error = await Effect.runPromise(Effect.flip(decodePreset({ ...PRESETS.grpo, name })));
    match(error.message, /field "name" must be 1 to 64 characters/);
  }
});

Deno.test("decodePreset() refuses log-prob gains in a joint pool", () => {
  match(outcomeOfResolving({ base: "paper-v2", pool: { members: "joint" } }), /scales differ/);
  strictEqual(outcomeOfResolving({ base: "paper-v1", name: "joint" }), "joint");
});

Deno.test("decodePreset() refuses a ratio-corrected KL term on averaged ratios", () => {
  match(
    outcomeOfResolving({ base: "gspo", kl: { ratioCorrected: true } }),
    /ratio must be per token: clip.ratio is "sequence"/,
  );
});
