// deno-lint-ignore-file no-console
/**
 * What each preset pays for, before anything is learnt: the mean advantage of turns of each sort over the rollouts of
 * the starting agent. Where a search that finds the next fact is paid no more than answering at once, training is
 * led away from searching (docs/collapse.md).
 *
 * deno task bench:credit [mixed|chains|sparse] [STEPS]
 */
import { Effect, Stream } from "effect";
import type { ScoredEpisode } from "../src/domain/batch.ts";
import { resolveConfig } from "../src/domain/config.ts";
import type { Turn } from "../src/domain/episode.ts";
import { NO_FLAGS } from "../src/domain/flags.ts";
import { type WorldName, WORLDS } from "../src/domain/question.ts";
import { Environment } from "../src/environment/environment.ts";
import type { WorldQuestion } from "../src/environment/world/questions.ts";
import { batchAdvantages, type EpisodeRewards } from "../src/igpo/advantages.ts";
import { beliefOf } from "../src/igpo/belief.ts";
import type { Preset } from "../src/igpo/preset.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { mean } from "../src/math/statistics.ts";
import { readModelFolder } from "../src/pipeline/model_folder.ts";
import { questionSteps } from "../src/pipeline/questions.ts";
import { rewardEpisode } from "../src/pipeline/reward.ts";
import { rollout } from "../src/pipeline/rollout.ts";
import { score } from "../src/pipeline/score.ts";
import { layerLearner, planPolicy } from "../src/run/layers.ts";
import { openMachine } from "../src/run/machine.ts";
import { loadTask } from "../src/run/task.ts";

const [world = "sparse", steps = "20"] = Deno.args;

/** What a turn was, by what its searches found of the facts that answer the question. */
const SORTS = [
  "finds the next fact",
  "finds no new fact",
  "answers right",
  "answers wrong, facts found",
  "answers wrong, at once",
  "answers wrong, in between",
  "malformed",
] as const;
type Sort = typeof SORTS[number];

/** The sort of each turn of an episode. The facts of a chain count in their order. */
function sortsOf({ turns, question, answer }: ScoredEpisode): ReadonlyArray<Sort> {
  const { facts, golds } = question as WorldQuestion; // the world's own, handed through as they are
  let found = 0;
  return turns.map(({ action, results }: Turn): Sort => {
    if (action._tag === "Malformed") return "malformed";
    if (action._tag === "Answer") {
      if (golds.includes(answer?.trim() ?? "")) return "answers right";
      if (found === facts.length) return "answers wrong, facts found";
      return found === 0 ? "answers wrong, at once" : "answers wrong, in between";
    }
    const read = results.map(({ content }) => content).join("\n").split("\n");
    const before = found;
    while (found < facts.length && read.some((line) => states(line, facts[found]!))) found += 1;
    return found > before ? "finds the next fact" : "finds no new fact";
  });
}

function states(line: string, { subject, object, relation }: WorldQuestion["facts"][number]) {
  const sentence = relation.sentence.replace("S", subject).replace("O", object);
  return line.trim() === sentence;
}

/** An episode as a preset rewards it; all beliefs are those of the starting agent. */
function rewardsOf(episode: ScoredEpisode, preset: Preset): EpisodeRewards {
  const belief = Float64Array.from(
    episode.goldLogProb,
    (row) => beliefOf(row, preset.gain.logProbFloor),
  );
  const { gain, outcome, turns } = rewardEpisode({ ...episode, belief }, preset);
  const ones = turns.map(() => 1);
  return {
    gain,
    outcome,
    turnTokens: ones,
    sampledTokens: ones,
    malformed: turns.map(({ action }) => action._tag === "Malformed"),
  };
}

const program = Effect.gen(function* () {
  const model = yield* readModelFolder("checkpoints/spoiled");
  const base = yield* resolveConfig(NO_FLAGS);
  const recipe = { ...base.recipe, trainKinds: WORLDS[world as WorldName] };
  const config = { ...base, recipe };
  const task = yield* loadTask({ config, model, date: "2026-11-29", purpose: "train" });
  const machine = yield* openMachine("auto");
  const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, "train"));
  const { protocol, train: { questions, environment } } = task;
  // Beliefs are asked for in full; presets take what they need of them.
  const gain = { ...PRESETS["paper-v2"]!.gain, against: "without" as const };
  const groups = yield* questionSteps({ ...recipe, questions, seed: 0, from: 1, to: Number(steps) })
    .pipe(
      rollout({ seed: 0, protocol, recipe, wave: setup.room.capacity.rows }),
      score({ protocol, gain }),
      Stream.runCollect,
      Effect.provideService(Environment, environment),
      Effect.provide(layerLearner(setup, [])),
    );
  print(groups.map((step) => step.groups));
}).pipe(Effect.scoped);

function print(batches: ReadonlyArray<ReadonlyArray<ReadonlyArray<ScoredEpisode>>>): void {
  const sorts = batches.flat(2).map(sortsOf);
  const count = (sort: Sort) => sorts.flat().filter((one) => one === sort).length;
  const shown = SORTS.filter((sort) => count(sort) > 0);
  console.log(`| preset | ${shown.map((sort) => `${sort} (${count(sort)})`).join(" | ")} |`);
  console.log(`| --- |${shown.map(() => " --- |").join("")}`);
  for (const preset of Object.values(PRESETS)) {
    const advantages = batches.flatMap((groups) =>
      batchAdvantages(groups.map((group) => group.map((one) => rewardsOf(one, preset))), preset)
    ).flat();
    const cells = shown.map((sort) => {
      const values = advantages.flatMap(({ turn }, i) =>
        [...turn].filter((_, t) => sorts[i]![t] === sort)
      );
      return mean(Float64Array.from(values)).toFixed(2);
    });
    console.log(`| ${[preset.name, ...cells].join(" | ")} |`);
  }
}

await Effect.runPromise(program);
Deno.exit(0);
