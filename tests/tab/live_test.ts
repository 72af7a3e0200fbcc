import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { scoreGroups } from "../../src/pipeline/score.ts";
import { Policy } from "../../src/policy/policy.ts";
import { answerLive, editLive } from "../../src/tab/live.ts";
import type { LiveEpisode } from "../../src/tab/messages.ts";
import { withAgent } from "./fixtures.ts";

const nothing = () => {};

Deno.test("answerLive() shows an episode turn by turn, with the beliefs that training measures", () =>
  withAgent((agent) =>
    Effect.gen(function* () {
      const shown: Array<LiveEpisode> = [];
      const played = yield* answerLive(agent, agent.splits.test.questions[0]!, (episode) => {
        shown.push(episode);
      });
      const { episode, beliefs } = played!;
      ok(episode.turns.length > 1, "the agent searched");
      deepStrictEqual(shown.map(({ turns }) => turns.length), [
        ...episode.turns.keys(),
        episode.turns.length,
      ]);
      deepStrictEqual(shown.map(({ f1 }) => f1 === null), [
        ...episode.turns.map(() => true),
        false,
      ]);
      strictEqual(shown.at(-1)!.turns.at(-1)!.said, episode.answer);
      const { groups } = yield* scoreGroups(
        { step: 1, groups: [[episode]] },
        yield* Policy,
        { protocol: agent.protocol, gain: { ...agent.preset.gain, logProbFloor: null } },
      );
      const wanted = [...groups[0]![0]!.belief].map(Math.exp);
      strictEqual(beliefs.length, wanted.length);
      beliefs.forEach((belief, t) => ok(Math.abs(belief - wanted[t]!) < 1e-6, `turn ${t}`));
    })
  ));

Deno.test("editLive() plays on from a turn's other results: the same ones change nothing", () =>
  withAgent((agent) =>
    Effect.gen(function* () {
      const question = agent.splits.test.questions[0]!;
      const played = (yield* answerLive(agent, question, nothing))!;
      const found = played.episode.turns[0]!.results.map(({ content }) => content);
      const same = (yield* editLive(agent, played, { turn: 0, results: found, show: nothing }))!;
      deepStrictEqual(same.beliefs, played.beliefs);
      deepStrictEqual(same.episode.tokens, played.episode.tokens);
      const results = found.map(() => " nothing");
      const other = (yield* editLive(agent, played, { turn: 0, results, show: nothing }))!;
      strictEqual(other.beliefs[0], played.beliefs[0]);
      notDeepStrictEqual(other.beliefs[1], played.beliefs[1]);
      strictEqual(other.episode.turns[0]!.results[0]!.content, " nothing");
    })
  ));
