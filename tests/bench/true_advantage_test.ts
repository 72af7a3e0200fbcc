/** A toy in which only the second of four turns matters, so that every true advantage is known. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { ceilingOf, type Outcomes, playOn, trueAdvantages } from "../../bench/true_advantage.ts";
import type { Episode } from "../../src/domain/episode.ts";
import { Environment, makeToolEnvironment } from "../../src/environment/environment.ts";
import { correlation } from "../../src/math/statistics.ts";
import { splitKey, uniform } from "../../src/math/threefry.ts";
import { playEpisodes, type PlayOptions, type Seat } from "../../src/pipeline/play.ts";
import { type GenerateRequest, Policy } from "../../src/policy/policy.ts";
import { WEB_SEARCH } from "../../src/environment/web_search.ts";
import { answer, protocol, search, tokenizer } from "../pipeline/fake_policy.ts";
import { QUESTIONS } from "../pipeline/stage_fixtures.ts";

const [question, guessed] = QUESTIONS;

/**
 * Searches for any number, for "good" or "bad", for any number; then answers right if it has searched for "good".
 * The second question it answers at once, right half of the time.
 */
function say({ tokens, key }: GenerateRequest): string {
  const draw = uniform(key, 0);
  const text = tokenizer.decode(tokens);
  if (text.includes(guessed!.text)) return answer(draw < 0.5 ? ` ${guessed!.golds[0]}` : " nobody");
  const turn = text.split("<tool_call>").length - 1;
  if (turn === 1) return search(draw < 0.5 ? "good" : "bad");
  if (turn < 3) return search(String(Math.floor(draw * 1000)));
  return answer(text.includes("good") ? ` ${question!.golds[0]}` : " nobody");
}

const policy = Policy.of({
  adapter: { name: "toy", kind: "interpreter" },
  generate: (requests) =>
    Effect.sync(() =>
      requests.map((request) => {
        const tokens = protocol.assistantMessage(" so", say(request));
        return { tokens, logProbs: new Float64Array(tokens.length), stopped: true };
      })
    ),
  beliefs: () => Effect.die("not asked for"),
  beliefsSequential: () => Effect.die("not asked for"),
  logProbs: () => Effect.die("not asked for"),
  retire: () => {},
  release: () => {},
});

const environment = makeToolEnvironment({
  tools: [{ spec: WEB_SEARCH, run: () => Effect.succeed(" nothing") }],
  deadline: "1 second",
  concurrency: 1,
});

const play: PlayOptions = {
  protocol,
  sampling: { temperature: 1, topK: 0, topP: 1, minP: 0 },
  maxTurns: 6,
  maxNewTokens: 100,
  contextTokens: 1000,
  cutResults: { tokens: 100, cut: "right" },
  concurrency: 4,
  wave: 64,
};

/** Two episodes of each of forty questions. */
const seats = Array.from({ length: 80 }, (_, i): Seat => ({
  question: { ...question!, id: `q${i >> 1}` },
  sample: i % 2,
  step: 1,
  policyVersion: 0,
  id: `1/q${i >> 1}/${i % 2}`,
  key: splitKey([5, 6], i),
}));

const inToy = <A, E>(effect: Effect.Effect<A, E, Policy | Environment>) =>
  Effect.runPromise(
    effect.pipe(
      Effect.provideService(Policy, policy),
      Effect.provideService(Environment, environment),
    ),
  );

const episodes = (await inToy(playEpisodes(seats, play))).filter((episode) => episode !== null);
const few = episodes.slice(0, 12);
const resampled = (of: ReadonlyArray<Episode>, resamples: number, seed = 0) =>
  inToy(playOn(of, { seed, resamples, play }));

/** What is known: the second turn wins or loses a half. */
const known = ({ answer }: Episode) => [0, answer === question!.golds[0] ? 0.5 : -0.5, 0, 0];

const valuesOf = (outcomes: Outcomes) =>
  Float64Array.from(
    episodes.flatMap((episode) => trueAdvantages(episode, outcomes)),
    ({ value }) => value,
  );

Deno.test("the toy plays four turns, wins about half of its episodes and varies elsewhere", () => {
  deepStrictEqual(new Set(episodes.map(({ turns }) => turns.length)), new Set([4]));
  const won = episodes.filter((episode) => known(episode)[1]! > 0).length;
  ok(won > 20 && won < 60, `${won}`);
  ok(new Set(episodes.map(({ tokens }) => tokens.join())).size > 60);
});

Deno.test("trueAdvantages() credits the turn that matters, and others within noise of 0", async () => {
  const { outcomes } = await resampled(few, 32);
  for (const episode of few) {
    const found = trueAdvantages(episode, outcomes);
    strictEqual(found.length, 4);
    found.forEach(({ value, error }, turn) => {
      const want = known(episode)[turn]!;
      ok(Math.abs(value - want) <= 4 * error, `turn ${turn}: ${value} ± ${error}, not ${want}`);
      ok(error < 0.15);
    });
    // Once the second search is over, nothing is left to chance.
    deepStrictEqual(found.slice(2), [{ value: 0, error: 0 }, { value: 0, error: 0 }]);
  }
});

Deno.test("trueAdvantages() of an episode sum to its outcome less the value of its question", async () => {
  const { outcomes } = await resampled(few, 8);
  for (const episode of few) {
    const [, start] = [...outcomes].find(([name]) => name.startsWith(`${episode.question.id} 0 `))!;
    const value = start.reduce((sum, outcome) => sum + outcome, 0) / start.length;
    const total = trueAdvantages(episode, outcomes).reduce((sum, one) => sum + one.value, 0);
    ok(Math.abs(total - (known(episode)[1]! + 0.5 - value)) < 1e-12);
  }
});

Deno.test("trueAdvantages() of an answer are its outcome less the chance of a right one", async () => {
  const asked = seats.slice(0, 10).map((seat) => ({ ...seat, question: guessed! }));
  const answered = (await inToy(playEpisodes(asked, play))).filter((episode) => episode !== null);
  const { outcomes } = await resampled(answered, 100);
  const found = answered.map((episode) => trueAdvantages(episode, outcomes));
  found.forEach(([only, ...others], i) => {
    strictEqual(others.length, 0);
    const right = answered[i]!.answer === guessed!.golds[0];
    ok(Math.abs(only!.value - (right ? 0.5 : -0.5)) < 4 * only!.error && only!.error < 0.06);
  });
  strictEqual(new Set(found.map(([only]) => only!.value > 0)).size, 2, "right and wrong ones");
});

Deno.test("playOn() plays on once from a state that episodes share, with the draws of its seed", async () => {
  const { outcomes, played } = await resampled(few, 4);
  // Two episodes of a question share the first state alone, as their first searches differ.
  deepStrictEqual([outcomes.size, played], [6 + 12 * 3, 4 * (6 + 12 * 3)]);
  deepStrictEqual(await resampled(few, 4), await resampled(few, 4));
  const other = await resampled(few, 4, 1);
  ok(String([...other.outcomes.values()]) !== String([...outcomes.values()]));
});

Deno.test("ceilingOf() is the correlation of few resamples with what is known", async () => {
  const truth = Float64Array.from(episodes.flatMap(known));
  const found: Array<readonly [ceiling: number, correlation: number]> = [];
  for (const seed of [0, 1, 2]) {
    const { outcomes } = await resampled(episodes, 8, seed);
    found.push([ceilingOf(episodes, outcomes), correlation(valuesOf(outcomes), truth)]);
  }
  const meanOf = (place: 0 | 1) => found.reduce((sum, one) => sum + one[place], 0) / found.length;
  // The noise of a mean of eight coins at two of four turns: 1 / sqrt(1 + 0.375).
  ok(Math.abs(meanOf(1) - 0.853) < 0.04, `${meanOf(1)}`);
  ok(Math.abs(meanOf(0) - meanOf(1)) < 0.04, `${meanOf(0)} ${meanOf(1)}`);
});
