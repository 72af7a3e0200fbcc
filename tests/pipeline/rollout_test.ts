import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import type { Episode } from "../../src/domain/episode.ts";
import { EnvironmentCrashed } from "../../src/domain/errors.ts";
import { type Environment, makeToolEnvironment } from "../../src/environment/environment.ts";
import { WEB_SEARCH } from "../../src/environment/web_search.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { episodeRecords } from "../../src/pipeline/episode_records.ts";
import { answer, protocol, search, tokenizer } from "./fake_policy.ts";
import { environment, finishedSteps, QUESTIONS, type RunOptions } from "./stage_fixtures.ts";

async function episodesOf(options: RunOptions = {}) {
  const { steps, calls } = await finishedSteps({
    ...options,
    recipe: { steps: 1, ...options.recipe },
  });
  const step = steps[0]!;
  const episodes: ReadonlyArray<Episode> = step.groups.flatMap((group) => group.episodes);
  const at = (id: string) => episodes.find((episode) => episode.id === id)!;
  return { step, episodes, calls, at };
}

Deno.test("rollout() cuts every episode into spans without gap or overlap", async () => {
  const { episodes } = await episodesOf();
  strictEqual(episodes.length, 6);
  for (const { spans, tokens } of episodes) {
    deepStrictEqual(spans.map(({ start }) => start), [0, ...spans.slice(0, -1).map((s) => s.end)]);
    strictEqual(spans.at(-1)!.end, tokens.length);
    ok(spans.every(({ start, end }) => end > start));
  }
});

Deno.test("rollout() keeps sampled ids as they are and forces <think> before each message", async () => {
  const { at } = await episodesOf();
  const { spans, tokens } = at("1/q/0/1");
  deepStrictEqual(
    spans.map(({ kind, turn }) => `${kind} ${turn}`),
    ["prompt -1", "forced 0", "action 0", "observation 0", "forced 1", "action 1"],
  );
  const actions = spans.filter(({ kind }) => kind === "action")
    .map(({ start, end }) => tokens.slice(start, end));
  deepStrictEqual(actions, [
    protocol.assistantMessage(" so", search("Dildek birthplace")),
    protocol.assistantMessage(" so", answer(" Kendek")),
  ]);
});

Deno.test("a turn's boundary is the context that its next message was sampled from", async () => {
  const { at, calls } = await episodesOf();
  const episode = at("1/q/1/2");
  const contexts = calls.generated.filter(({ sequence }) => sequence === episode.id);
  deepStrictEqual(
    contexts.map(({ tokens }) => tokens.length),
    [episode.promptBoundary, ...episode.turns.slice(0, -1).map(({ boundary }) => boundary)],
  );
  for (const { tokens } of contexts) {
    deepStrictEqual(tokens, episode.tokens.slice(0, tokens.length));
  }
  strictEqual(episode.turns.at(-1)!.boundary, episode.tokens.length);
});

Deno.test("behaviourLogProb is the sampler's on sampled tokens and 0 elsewhere", async () => {
  const { episodes } = await episodesOf();
  for (const { spans, behaviourLogProb } of episodes) {
    for (const { kind, start, end } of spans) {
      const want = kind === "action" ? -1 : 0;
      ok(behaviourLogProb.subarray(start, end).every((logProb) => logProb === want));
    }
  }
});

Deno.test("no two messages of a step are sampled with the same key", async () => {
  const { calls } = await episodesOf();
  strictEqual(new Set(calls.generated.map(({ key }) => key.join())).size, calls.generated.length);
});

Deno.test("an episode of searches only ends at the turn limit with the format penalty", async () => {
  const { step } = await episodesOf({ script: () => search("Dildek"), recipe: { maxTurns: 3 } });
  const episode = step.groups[0]!.episodes[0]!;
  strictEqual(episode.ending, "turn_limit");
  strictEqual(episode.turns.length, 3);
  deepStrictEqual([episode.outcome, episode.answer, episode.gain.length], [-2, null, 2]);
  strictEqual(episode.spans.at(-1)!.kind, "action");
});

Deno.test("a message that is cut off ends its episode, malformed", async () => {
  const { episodes } = await episodesOf({ script: () => null });
  strictEqual(episodes[0]!.ending, "length");
  strictEqual(episodes[0]!.turns[0]!.action._tag, "Malformed");
});

Deno.test("an observation that leaves no room ends the episode after its turn", async () => {
  const contextTokens = 60;
  const { episodes } = await episodesOf({
    script: () => search("Dildek birthplace"),
    recipe: { contextTokens, maxTurns: 6 },
  });
  for (const { ending, tokens } of episodes) {
    strictEqual(ending, "length");
    ok(tokens.length <= contextTokens);
  }
});

/** The usual environment, broken for episodes that search with certain samples. */
function crashing(calls: (count: number) => boolean): Environment["Service"] {
  let opened = 0;
  return {
    ...environment,
    open: (question) => {
      const isBroken = calls(opened++);
      return Effect.map(environment.open(question), (session) => ({
        step: (action) =>
          isBroken
            ? Effect.fail(new EnvironmentCrashed({ boundary: "test", message: "broken" }))
            : session.step(action),
      }));
    },
  };
}

Deno.test("a crash of the environment drops its episode and not the run", async () => {
  const { step, episodes } = await episodesOf({
    environment: crashing((count) => count === 1),
    recipe: { toolConcurrency: 1 },
  });
  strictEqual(episodes.length, 5);
  deepStrictEqual(step.dropped, { episodes: 1, groups: 0 });
  deepStrictEqual(step.lost.map(({ sample, reason }) => [sample, reason]), [[1, "broken"]]);
});

Deno.test("errors that a tool leaves behind are counted and end neither the run nor the process", async () => {
  const careless = makeToolEnvironment({
    tools: [{
      spec: WEB_SEARCH,
      run: () =>
        Effect.promise(async () => {
          void Promise.reject(new Error("nobody awaits me"));
          setTimeout(() => {
            throw new Error("nor me");
          });
          await new Promise((resolve) => setTimeout(resolve, 10));
          return "found";
        }),
    }],
    deadline: "10 seconds",
    concurrency: 1,
  });
  const { step, episodes } = await episodesOf({ environment: careless });
  strictEqual(episodes.length, 6);
  const calls = episodes.flatMap(({ turns }) => turns.flatMap(({ results }) => results)).length;
  ok(calls > 0);
  deepStrictEqual(step.uncaught, { count: 2 * calls, last: "nor me" });
});

Deno.test("a promise that is rejected after its call's deadline ends neither the run nor the process", async () => {
  const late = makeToolEnvironment({
    tools: [{
      spec: WEB_SEARCH,
      run: () =>
        Effect.promise(() =>
          new Promise<string>((_, reject) => setTimeout(() => reject(new Error("late")), 200))
        ),
    }],
    // On a busy machine a deadline comes much later than asked for, and must come first.
    deadline: "5 millis",
    concurrency: 1,
  });
  const { episodes } = await episodesOf({ environment: late });
  const results = episodes.flatMap(({ turns }) => turns.flatMap((turn) => turn.results));
  ok(results.length > 0 && results.every(({ failure }) => failure === "deadline"));
  await new Promise((resolve) => setTimeout(resolve, 300));
});

Deno.test("a group left with one episode is dropped and counted", async () => {
  const { step } = await episodesOf({
    environment: crashing((count) => count < 2),
    recipe: { toolConcurrency: 1 },
  });
  deepStrictEqual(step.dropped, { episodes: 2, groups: 1 });
  strictEqual(step.groups.length, 1);
  strictEqual(step.batch.sequences.length, 3);
  const alone = "no other episode of its group was left to compare it with";
  const reasons = step.lost.map(({ sample, reason }) => [sample, reason]);
  deepStrictEqual(reasons, [[0, "broken"], [1, "broken"], [2, alone]]);
});

Deno.test("episodeRecords() holds lost episodes in their places, and transcripts while there is room", async () => {
  const { step } = await episodesOf({
    environment: crashing((count) => count === 1),
    recipe: { toolConcurrency: 1 },
  });
  const options = { preset: PRESETS["paper-v2"]!, tokenizer };
  const records = episodeRecords(step, { ...options, transcriptRoom: 1 });
  deepStrictEqual(
    records.map(({ group, sample, dropped, transcript }) => [
      group,
      sample,
      dropped,
      transcript !== null,
    ]),
    [
      [0, 0, null, true],
      [0, 1, "broken", false],
      [0, 2, null, true],
      [1, 0, null, false],
      [1, 1, null, false],
      [1, 2, null, false],
    ],
  );
  ok(records.every(({ turns, dropped }) => (turns.length > 0) === (dropped === null)));
});

Deno.test("a run whose environment always crashes updates nothing", async () => {
  const { step } = await episodesOf({ environment: crashing(() => true) });
  deepStrictEqual([step.updates, step.skipped], [0, "a batch without episodes"]);
});

Deno.test("sessions are closed when their episodes are over", async () => {
  let open = 0;
  const counting: Environment["Service"] = {
    ...environment,
    open: (question) =>
      Effect.andThen(
        Effect.acquireRelease(Effect.sync(() => open++), () => Effect.sync(() => open--)),
        environment.open(question),
      ),
  };
  await episodesOf({ environment: counting });
  strictEqual(open, 0);
});

Deno.test("episodes do not depend on concurrency or on who is in play with them", async () => {
  const plain = ({ episodes }: { readonly episodes: ReadonlyArray<Episode> }) =>
    episodes.map((episode) => ({ ...episode, seconds: null, turns: episode.turns.length }));
  const one = await episodesOf({ wave: 1, recipe: { toolConcurrency: 1 } });
  const eight = await episodesOf({ wave: 64, recipe: { toolConcurrency: 8 } });
  deepStrictEqual(plain(one), plain(eight));
  deepStrictEqual(one.step.batch, eight.step.batch);
});

Deno.test("a prompt without room for a message is refused by name", async () => {
  let message = "";
  try {
    await episodesOf({ recipe: { contextTokens: 20 } });
  } catch (cause) {
    message = String(cause);
  }
  ok(QUESTIONS.some(({ id }) => message.includes(`Cannot ask question "${id}"`)), message);
});
