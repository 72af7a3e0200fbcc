import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import type { EpisodeRecord } from "../../src/domain/episode_record.ts";
import { RECIPES } from "../../src/domain/recipe.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { creditStep, type StepCredit } from "../../src/page/credit.ts";
import { explain, type Place, placeOf } from "../../src/page/explain.ts";
import { print } from "../../src/page/numbers.ts";
import { readRun, readStep, type Viewed } from "../../src/view/read_run.ts";
import { inFolder, trainTiny } from "../support/tiny_run.ts";

/** Two steps of two updates each, so that weights, ratios and pools differ between updates. */
const RECIPE = { steps: 2, miniBatches: 2, ppoEpochs: 2, evaluateEvery: 0, groupSize: 5 };

interface Kept {
  readonly preset: Preset;
  readonly steps: ReadonlyArray<ReadonlyArray<EpisodeRecord>>;
}

async function runOf(preset: Preset): Promise<Kept> {
  return await inFolder(async (path) => {
    const viewed: Viewed = { path, name: "tiny", kind: "run" };
    await Effect.runPromise(trainTiny({ folder: path, preset, recipe: RECIPE }));
    const run = await Effect.runPromise(readRun(viewed));
    strictEqual(JSON.stringify(run.preset), JSON.stringify(preset));
    const steps = await Promise.all(run.kept.map(async ({ step }) => {
      const { records, notes } = await Effect.runPromise(readStep(viewed, step));
      strictEqual(notes.length, 0);
      return records;
    }));
    strictEqual(steps.length, RECIPE.steps);
    return { preset, steps };
  });
}

const CONTEXT_TOKENS = 128;

function creditOf(records: ReadonlyArray<EpisodeRecord>, preset: Preset, own: Preset): StepCredit {
  const credit = creditStep(records, preset, { preset: own, contextTokens: CONTEXT_TOKENS });
  if (typeof credit === "string") throw new Error(credit);
  return credit;
}

/** Every turn of a step with its place. */
function placesOf(credit: StepCredit): ReadonlyArray<Place> {
  return credit.groups.flatMap((group, g) =>
    group.flatMap(({ record }, i) => record.turns.map((_, t) => ({ g, i, t })))
  );
}

const runs = new Map<string, Kept>();
const STALE: Preset = {
  ...PRESETS["paper-v2"]!,
  name: "stale",
  staleness: { steps: 1, weightBound: 1.02 },
};
for (const preset of [...Object.values(PRESETS), STALE]) {
  Deno.test(`${preset.name}: every number of "Why this number" is the run's own`, async () => {
    const run = await runOf(preset);
    runs.set(preset.name, run);
    for (const records of run.steps) {
      const credit = creditOf(records, preset, preset);
      const places = placesOf(credit);
      ok(places.length > records.length);
      for (const place of places) {
        const record = credit.groups[place.g]![place.i]!.record;
        const reasons = explain(credit, place);
        const found = new Map(reasons.map((reason) => [reason.name, reason]));
        for (const { name, value, recorded } of reasons) {
          if (recorded === null) continue;
          strictEqual(value, recorded, `${name} of ${record.id}`);
          strictEqual(print(value), print(recorded));
        }
        const turn = record.turns[place.t]!;
        strictEqual(found.get("advantage")!.recorded, turn.advantage);
        strictEqual(found.get("loss weight")!.recorded, record.lossWeight);
        if (turn.gain !== null) strictEqual(found.get("gain")!.recorded, turn.gain);
        if (turn.belief !== null) strictEqual(found.get("belief before")!.recorded, turn.belief);
      }
    }
  });
}

Deno.test("a turn of a stale episode says its tokens' mean importance weight, and no other turn does", () => {
  const { steps: [first, second] } = runs.get("stale")!;
  const weightsOf = (records: ReadonlyArray<EpisodeRecord>) => {
    const credit = creditOf(records, STALE, STALE);
    return placesOf(credit).flatMap((place) => {
      const { id } = credit.groups[place.g]![place.i]!.record;
      const { transcript } = records.find((record) => record.id === id)!;
      const tokens = transcript!.filter(({ turn }) => turn === place.t)
        .flatMap(({ trained }) => trained?.importanceWeight ?? []);
      const reason = explain(credit, place).find(({ name }) => name === "importance weight");
      return reason === undefined && tokens.length === 0 ? [] : [{ reason: reason!, tokens }];
    });
  };
  deepStrictEqual(weightsOf(first!), []);
  const found = weightsOf(second!);
  strictEqual(found.length, second!.reduce((sum, { turns }) => sum + turns.length, 0));
  for (const { reason: { value, formula }, tokens } of found) {
    const mean = tokens.reduce((sum: number, weight) => sum + weight!, 0) / tokens.length;
    ok(Math.abs(value - mean) < 1e-6);
    match(formula, new RegExp(`^min\\(1\\.02, .* mean of its ${tokens.length} tokens; `));
  }
  const all = found.flatMap(({ tokens }) => tokens);
  ok(all.includes(1.02) && all.some((weight) => weight! < 1), "some weights are truncated");
});

Deno.test("the first step under another preset is what a run of that preset recorded", () => {
  // Runs of one seed play the same episodes in their first step. Log-prob gains are measured with every token.
  const { preset: own, steps: [records] } = runs.get("paper-v2")!;
  let compared = 0;
  for (const { preset, steps: [want] } of runs.values()) {
    const credit = creditStep(records!, preset, { preset: own, contextTokens: CONTEXT_TOKENS });
    if (typeof credit === "string") continue;
    compared += 1;
    for (const record of want!) {
      const place = placeOf(credit, record.id)!;
      record.turns.forEach((turn, t) => {
        const reasons = explain(credit, { ...place, t });
        const value = reasons.find(({ name }) => name === "advantage")!.value;
        strictEqual(value, turn.advantage, `${preset.name}, ${record.id}, turn ${t}`);
      });
    }
  }
  ok(compared >= 15, `only ${compared} presets`);
});

/** The value of a printed formula of plain arithmetic. */
function evaluate(formula: string): number | null {
  const plain = formula.replaceAll("−", "-").replaceAll("×", "*");
  // deno-lint-ignore no-eval
  return /^[-\d.e+*/() ]+$/.test(plain) ? Number(eval(plain)) : null;
}

Deno.test("the formulas, worked out by hand, give their values", () => {
  let worked = 0;
  for (const { preset, steps } of runs.values()) {
    for (const records of steps) {
      const credit = creditOf(records, preset, preset);
      for (const place of placesOf(credit)) {
        for (const { name, formula, value } of explain(credit, place)) {
          const result = evaluate(formula.replace(/^.* = /, ""));
          if (result === null) continue;
          worked += 1;
          // Terms are printed with six digits, and a normalised reward divides by a spread that may be small.
          const near = 1e-4 * Math.max(1, Math.abs(value));
          ok(
            name === "normalised" || Math.abs(result - value) <= near,
            `${formula} is not ${value}`,
          );
        }
      }
    }
  }
  ok(worked > 500);
});

Deno.test("creditStep() says in one sentence what a preset needs that was not measured", () => {
  const { steps: [records] } = runs.get("grpo")!;
  const origin = {
    preset: PRESETS["grpo"]!,
    contextTokens: RECIPES.get("embedded")!.contextTokens,
  };
  const sentence = creditStep(records!, PRESETS["paper-v2"]!, origin);
  ok(typeof sentence === "string");
  ok(/^Preset paper-v2 needs the belief before each turn, .*[^.]$/.test(sentence));
});

Deno.test("a trace without tokens, beliefs or several rollouts has advantages under a preset of outcomes", () => {
  const traces = runs.get("paper-v2")!.steps[0]!.map((record) => ({
    ...record,
    miniBatch: null,
    turns: record.turns.map((turn) => ({
      ...turn,
      belief: null,
      gain: null,
      tokens: null,
      sampled: null,
    })),
  }));
  const origin = { preset: null, contextTokens: 0 };
  const credit = creditStep(traces, PRESETS["grpo"]!, origin);
  if (typeof credit === "string") throw new Error(credit);
  const names = explain(credit, { g: 0, i: 0, t: 0 }).map(({ name }) => name);
  deepStrictEqual(names.slice(-2), ["return", "advantage"]);
  const needsTokens = creditStep(traces, PRESETS["official-2025-11"]!, origin);
  ok(typeof needsTokens === "string" && needsTokens.includes("numbers of tokens"));
});
