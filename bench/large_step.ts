// deno-lint-ignore-file no-console
/**
 * One whole step of IGPO at the size of a published model: episodes of three turns on real questions, beliefs, and an
 * update of adapters. Weights are random, so what is sampled at full cost is then replaced by a script that searches
 * and answers. Prints the plan of memory beside what was measured.
 *
 * deno task bench:large FOLDER GOLDEN_DIR REAL_DIR [SHAPE]
 */
import { Context, Effect, Layer, Stream } from "effect";
import { inBytes } from "../src/domain/bytes.ts";
import { resolveConfig } from "../src/domain/config.ts";
import { NO_FLAGS } from "../src/domain/flags.ts";
import { PROJECTIONS } from "../src/domain/recipe.ts";
import { Environment } from "../src/environment/environment.ts";
import { WEB_SEARCH } from "../src/environment/web_search.ts";
import { pathExists } from "../src/files/disk.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { withAdapters } from "../src/pipeline/adapter_folder.ts";
import { advantage } from "../src/pipeline/advantage.ts";
import { readModelFolder } from "../src/pipeline/model_folder.ts";
import { questionSteps } from "../src/pipeline/questions.ts";
import { reward } from "../src/pipeline/reward.ts";
import { rollout } from "../src/pipeline/rollout.ts";
import { score } from "../src/pipeline/score.ts";
import { summarizeStep } from "../src/pipeline/step_report.ts";
import { update } from "../src/pipeline/update.ts";
import { totalBytes } from "../src/policy/memory_plan.ts";
import { Policy } from "../src/policy/policy.ts";
import { layerLearner, planPolicy } from "../src/run/layers.ts";
import { machineLines, openMachine } from "../src/run/machine.ts";
import { loadTask } from "../src/run/task.ts";
import type { Protocol } from "../src/text/protocol.ts";
import { answerBody, toolCallsBody } from "../src/text/protocol_style.ts";
import { SHAPE_NAMES, type ShapeName, writeRandomModel } from "./random_model.ts";

const [folder, golden, real, shape = "qwen2.5-0.5b"] = Deno.args;
if (folder === undefined || golden === undefined || real === undefined) {
  console.error("Usage: deno task bench:large FOLDER GOLDEN_DIR REAL_DIR [SHAPE]");
  Deno.exit(2);
}
if (!SHAPE_NAMES.includes(shape as ShapeName)) {
  console.error(`Cannot make a model of shape "${shape}": known are ${SHAPE_NAMES.join(", ")}`);
  Deno.exit(2);
}

Deno.mkdirSync(folder, { recursive: true });

const RECIPE = {
  promptsPerStep: 1,
  groupSize: 4,
  maxTurns: 3,
  maxNewTokens: 64,
  contextTokens: 1536,
  microBatchTokens: 2048,
  searchTopK: 2,
  steps: 1,
  lr: 1e-5,
  lora: { rank: 16, alpha: 32, rankStabilized: false, targets: [...PROJECTIONS] },
};

/** Two searches, then an answer: what each turn of an episode says in place of what was sampled. */
function scriptOf(protocol: Protocol, turn: number, question: string, sequence: string) {
  const { style } = protocol;
  const query = turn === 0 ? question : question.split(" ").slice(2 + turn).join(" ");
  const call = { name: WEB_SEARCH.name, arguments: { query: [query] } };
  // Episodes of a group differ by what they think, so that their answers are worth comparing.
  const think = `\nI look at this as ${sequence.split("/").at(-1)} would\n`;
  return turn < 2
    ? protocol.assistantMessage(think, toolCallsBody(style, [call]))
    : protocol.assistantMessage(think, answerBody(style, question.split(" ").at(-1)!));
}

/** The policy with its words replaced. Log-probs of words that were not sampled are those of the trainer. */
function scripted(policy: Policy["Service"], protocol: Protocol, question: string) {
  const turns = new Map<string, number>();
  let sampled = 0;
  const generate: Policy["Service"]["generate"] = (requests, options) =>
    Effect.map(policy.generate(requests, options), (generations) => {
      sampled += generations.reduce((sum, { tokens }) => sum + tokens.length, 0);
      return requests.map(({ sequence }) => {
        const turn = turns.get(sequence) ?? 0;
        turns.set(sequence, turn + 1);
        const tokens = scriptOf(protocol, turn, question, sequence);
        return { tokens, logProbs: new Float64Array(tokens.length), stopped: true };
      });
    });
  return { policy: Policy.of({ ...policy, generate }), sampled: () => sampled };
}

const say = (text: string) => Effect.sync(() => console.log(text));
const seconds = () => performance.now() / 1000;

/** Resident size of this process, what of it JavaScript holds, and the most of each that was seen so far. */
const peak = { resident: 0, javascript: 0 };
function look() {
  const { rss, heapTotal, external } = Deno.memoryUsage();
  const now = { resident: rss, javascript: heapTotal + external };
  peak.resident = Math.max(peak.resident, now.resident);
  peak.javascript = Math.max(peak.javascript, now.javascript);
  return now;
}
setInterval(look, 20);
const memory = Effect.sync(look);

const program = Effect.gen(function* () {
  const model = `${folder}/${shape}`;
  if (!(yield* pathExists(model))) {
    const start = seconds();
    yield* writeRandomModel(model, shape as ShapeName, `${golden}/tokenizers/qwen2.5`);
    const { size } = yield* Effect.promise(() => Deno.stat(`${model}/model.safetensors`));
    yield* say(
      `Wrote ${inBytes(size)} in ${(seconds() - start).toFixed(0)} s, ` +
        `JavaScript held ${inBytes(peak.javascript)} at most`,
    );
    peak.javascript = 0;
  }
  const config = yield* resolveConfig({
    ...NO_FLAGS,
    questions: `${real}/qa/2wiki/questions.jsonl`,
    corpus: `${real}/qa/2wiki/corpus.jsonl`,
    model,
  }, { recipe: RECIPE, config: undefined });
  const { recipe } = config;
  const preset = PRESETS["paper-v2"]!;
  const withLora = yield* withAdapters(yield* readModelFolder(model), config);
  const date = "2026-11-25";
  const task = yield* loadTask({ config, model: withLora, date, purpose: "train" });
  const machine = yield* openMachine("gpu");
  const source = { machine, model: withLora, config };
  const setup = yield* Effect.fromResult(planPolicy(source, "train"));
  const plan = setup.room;
  yield* say(machineLines(machine).join("\n"));
  const again = plan.recompute === "layer" ? ", layers computed twice" : "";
  yield* say(`${plan.capacity.passTokens} tokens a pass${again}, weights in ${plan.format}`);
  const before = yield* memory;
  peak.javascript = 0;
  const start = seconds();
  const services = yield* Layer.build(layerLearner(setup, [preset]));
  const loaded = yield* memory;
  yield* say(
    `Loaded in ${(seconds() - start).toFixed(0)} s, JavaScript held ` +
      `${inBytes(before.javascript)} before and ${inBytes(peak.javascript)} at most`,
  );
  const question = task.train.questions[0]!;
  const { policy, sampled } = scripted(Context.get(services, Policy), task.protocol, question.text);
  const steps = questionSteps({ ...recipe, questions: [question], seed: 0, from: 1, to: 1 }).pipe(
    rollout({ seed: 0, protocol: task.protocol, recipe, wave: plan.capacity.rows }),
    Stream.tap(({ groups, rolloutSeconds }) => {
      const lengths = groups.flat().map(({ tokens }) => tokens.length);
      const each = `${lengths.length} episodes of ${lengths.join(", ")} tokens`;
      return say(`Rollout ${rolloutSeconds.toFixed(0)} s: ${each}, ${sampled()} sampled`);
    }),
    score({ protocol: task.protocol, gain: preset.gain }),
    Stream.tap(({ scoredTokens, scoreSeconds }) =>
      say(`Scoring ${scoreSeconds.toFixed(0)} s: ${scoredTokens} tokens of probes`)
    ),
    reward(preset),
    advantage({ preset, recipe }),
    update({ preset, recipe, record: () => Effect.void }),
    Stream.map((step) => summarizeStep(step, preset)),
    Stream.runCollect,
  );
  const began = seconds();
  const reports = yield* steps.pipe(
    Effect.provideContext(Context.add(services, Policy, policy)),
    Effect.provideService(Environment, task.train.environment),
  );
  const done = yield* memory;
  yield* say(JSON.stringify(reports[0], null, 1));
  yield* say(`The step took ${(seconds() - began).toFixed(0)} s`);
  yield* say("\n| memory | planned |\n| --- | --- |");
  for (const { what, bytes } of plan.parts) yield* say(`| ${what} | ${inBytes(bytes)} |`);
  yield* say(`| all | ${inBytes(totalBytes(plan.parts))} |`);
  yield* say(
    `\nMeasured: resident ${inBytes(before.resident)} before loading, ` +
      `${inBytes(loaded.resident)} after, ${inBytes(done.resident)} at the end, ` +
      `${inBytes(peak.resident)} at most`,
  );
});

await Effect.runPromise(Effect.scoped(program));
Deno.exit(0);
