import { Effect, Stream } from "effect";
import { checkWritable } from "../files/run_folder.ts";
import { keyFromSeed } from "../math/threefry.ts";
import { playAhead } from "../pipeline/play_ahead.ts";
import { rollout } from "../pipeline/rollout.ts";
import { score } from "../pipeline/score.ts";
import type { PlaySteps } from "../pipeline/steps.ts";
import { Learner, Policy } from "../policy/policy.ts";
import { EMBEDDED_MODEL, type TrainOptions } from "../run/run.ts";
import { checkServable, checkServed, openServer, parseServer } from "../serving/open_server.ts";
import { makeServedPolicy } from "../serving/served_policy.ts";
import type { ServerOptions } from "../serving/server.ts";
import { type Trial, trySampling } from "../serving/try_sampling.ts";
import { train } from "./train.ts";

/**
 * Trains as {@link train} does. Where the configuration names a server, that samples the messages and is sent the
 * adapters after each update. Beliefs, log-probs and evaluations stay with this process.
 */
export const trainServed = Effect.fn("trainServed")(function* (
  options: TrainOptions,
  patience?: ServerOptions["patience"],
) {
  const { plan: { config, preset }, task: { protocol }, model, screen } = options;
  const { seed, recipe, policy: named } = config;
  if (named === null) return yield* train(options);
  // What is no name at all is told before what the run lacks.
  yield* parseServer(named);
  const lora = yield* checkServable(model, recipe);
  const folder = `${options.plan.folder}/served`;
  yield* checkWritable(folder);
  const server = yield* openServer(named, { folder, ...(patience && { patience }) });
  yield* checkServed(server, model, recipe);
  yield* screen.print(`Messages are sampled by ${server.name}`);
  const { architecture } = model;
  const local = yield* Policy;
  const policy = makeServedPolicy({ server, local, vocabulary: architecture.vocabulary });
  const learner = yield* Learner;
  const publication = { architecture, lora, base: config.model ?? EMBEDDED_MODEL };
  let published = -1;
  const publishNewest = Effect.gen(function* () {
    const version = learner.version();
    if (version === published) return;
    yield* server.publish({ ...publication, version, weights: yield* learner.weights() });
    if (published < 0) {
      // A router of llama.cpp knows its model only now.
      yield* checkServed(server, model, recipe);
      yield* trySampling({ ...trialOf(options), name: server.name, served: policy, local });
    }
    published = version;
  });
  // The server, unlike the cache of this process, takes all episodes at once.
  const wave = recipe.promptsPerStep * recipe.groupSize;
  const play: PlaySteps = (steps) =>
    steps.pipe(
      Stream.tap(() => publishNewest),
      rollout({ seed, protocol, recipe, wave }),
      Stream.provideService(Policy, policy),
      score({ protocol, gain: preset.gain }),
      playAhead(preset.staleness),
    );
  return yield* train({ ...options, play, sampler: "other" });
});

/** A first message to the first question, which is part of no episode. */
export function trialOf(
  { plan: { config: { seed, recipe } }, task: { protocol, train } }: Pick<
    TrainOptions,
    "plan" | "task"
  >,
): Pick<Trial, "request" | "stopIds"> {
  const tokens = protocol.prompt(train.questions[0]?.text ?? "").ids;
  const maxTokens = Math.min(recipe.maxNewTokens, recipe.contextTokens - tokens.length);
  return {
    request: { sequence: "trial", tokens, key: keyFromSeed(seed), maxTokens },
    stopIds: protocol.stopIds,
  };
}
