import assert from "node:assert/strict";
import { Effect } from "effect";
import { RECIPES } from "../../../src/domain/recipe.ts";
import { Environment } from "../../../src/environment/environment.ts";
import { copySample, demonstrationsOf } from "../../../src/environment/world/cold_start.ts";
import {
  type Demonstration,
  type DemonstrationTurn,
  searchesFor,
} from "../../../src/environment/world/demonstrations.ts";
import { type Habits, WORLD_RECIPE } from "../../../src/environment/world/recipe.ts";
import { YEARS } from "../../../src/environment/world/relations.ts";
import { makeWorld } from "../../../src/environment/world/world.ts";
import { layerWorld } from "../../../src/environment/world/world_environment.ts";

const NO_HABITS: Habits = { stop: 0, noquery: 0, wrong: 0, direct: 0 };

function demonstrations(habits: Habits | null, worlds = 10): Array<Demonstration> {
  const indices = Array.from({ length: worlds }, (_, index) => index);
  return indices.flatMap((index) => demonstrationsOf({ seed: 1, index, habits }));
}

function answerOf({ turns }: Demonstration): string {
  const { action } = turns.at(-1)!;
  return action._tag === "Answer" ? action.text : assert.fail("no answer");
}

function queryOf({ action }: DemonstrationTurn): string {
  if (action._tag !== "ToolCalls") return assert.fail("no call");
  // Demonstrations hold one call with one query; a domain ToolCall carries any JSON.
  const { query } = action.calls[0]!.arguments as { readonly query: readonly [string] };
  return query[0];
}

function isRight(demonstration: Demonstration): boolean {
  return answerOf(demonstration).trim() === demonstration.question.golds[0];
}

Deno.test("demonstrationsOf() gives the same demonstrations of the same address", () => {
  const address = { seed: 4, index: 9, habits: WORLD_RECIPE.habits };
  assert.equal(
    JSON.stringify(demonstrationsOf(address)),
    JSON.stringify(demonstrationsOf(address)),
  );
});

Deno.test("demonstrationsOf() without habits finds every fact and answers rightly", () => {
  for (const { question, turns } of demonstrations(null)) {
    const read = turns.map((turn) => turn.observation ?? "").join("\n");
    const needed = searchesFor(question).flatMap(({ facts }) => facts);
    for (const { object } of needed) assert.ok(read.includes(` ${object}`));
    assert.ok(isRight({ question, turns }));
    const searches = question.kind === "choice" ? 1 : question.facts.length;
    assert.equal(turns.length, searches + 1);
  }
});

Deno.test("demonstrationsOf() thinks the relation before a search and the probe's phrase before the answer", () => {
  for (const { question, turns } of demonstrations(null, 2)) {
    const plans = searchesFor(question);
    turns.slice(0, -1).forEach((turn, at) => {
      const { relation, names } = plans[at]!;
      assert.equal(turn.think, ` ${relation.noun}`);
      assert.equal(queryOf(turn), ` ${names.join(" ")} ${relation.word}`);
    });
    assert.equal(turns.at(-1)!.think, WORLD_RECIPE.finalThink);
  }
});

Deno.test("demonstrationsOf() shows what the world's environment answers to the same calls", async () => {
  const world = makeWorld({ seed: 1, use: "pretrain", index: 3 });
  const program = Effect.gen(function* () {
    const environment = yield* Environment;
    for (
      const { question, turns } of demonstrationsOf({
        seed: 1,
        index: 3,
        habits: WORLD_RECIPE.habits,
      })
    ) {
      const session = yield* environment.open(question);
      for (const { action, observation } of turns) {
        const step = yield* session.step(action);
        const content = step._tag === "Observation" ? step.results[0]!.content : null;
        assert.equal(content, observation);
      }
    }
  });
  await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(layerWorld(world))));
});

Deno.test("spoiledDemonstration() without any habit is the perfect one", () => {
  const perfect = demonstrations(null, 2);
  assert.equal(JSON.stringify(demonstrations(NO_HABITS, 2)), JSON.stringify(perfect));
});

Deno.test("spoiledDemonstration() with `direct` answers at once with a name of the right kind", () => {
  const all = demonstrations({ ...NO_HABITS, direct: 1 });
  assert.ok(all.every(({ turns }) => turns.length === 1));
  const chains = all.filter(({ question }) => question.kind !== "choice");
  const right = chains.filter(isRight).length;
  // 300 guesses among 6 to 30 things: about 20 are right, and hardly ever more than 38.
  assert.ok(right > 5 && right < 38, `${right} of ${chains.length}`);
  const copied = chains.filter((demo) => demo.question.text.includes(answerOf(demo)));
  assert.ok(copied.length < 40, `${copied.length} answers stand in the question`);
});

Deno.test("spoiledDemonstration() with `stop` answers with the thing the first search found", () => {
  for (const demonstration of demonstrations({ ...NO_HABITS, stop: 1 })) {
    const { question, turns } = demonstration;
    assert.equal(turns.length, 2);
    const found = question.kind === "choice" ? question.golds[0] : question.facts[0]!.object;
    assert.equal(answerOf(demonstration), ` ${found}`);
  }
});

Deno.test("spoiledDemonstration() with `noquery` leaves out the relation word, then retries or gives up", () => {
  const all = demonstrations({ ...NO_HABITS, noquery: 1 });
  for (const { question, turns } of all) {
    const subjects = question.kind === "choice"
      ? question.facts.map((fact) => fact.subject).join(" ")
      : question.facts[0]!.subject;
    assert.equal(queryOf(turns[0]!), ` ${subjects}`);
  }
  assert.ok(all.some(isRight) && !all.every(isRight));
});

Deno.test("spoiledDemonstration() with `wrong` asks for the last relation first", () => {
  const all = demonstrations({ ...NO_HABITS, wrong: 1 });
  const chains = all.filter(({ question }) => question.kind.match(/[23]-hop/));
  for (const { question, turns } of chains) {
    const last = question.facts.at(-1)!.relation.word;
    assert.equal(queryOf(turns[0]!), ` ${question.facts[0]!.subject} ${last}`);
  }
  const retried = chains.filter(({ turns }) => turns.length > 2).length / chains.length;
  // A binomial share of about 240 at 0.5 has standard deviation 0.032.
  assert.ok(Math.abs(retried - WORLD_RECIPE.retry) < 0.13, `${retried}`);
});

Deno.test("spoiledDemonstration() never answers after a search with a name it has not read", () => {
  for (const demonstration of demonstrations(WORLD_RECIPE.habits)) {
    const read = demonstration.turns.map((turn) => turn.observation ?? "").join("\n");
    const isChoice = demonstration.question.kind === "choice";
    if (read !== "" && !isChoice) assert.ok(read.includes(answerOf(demonstration)));
  }
});

Deno.test("spoiledDemonstration() with the recipe's habits is a middling agent within the turn limit", () => {
  const all = demonstrations(WORLD_RECIPE.habits);
  const share = (kind: string): number => {
    const of = all.filter(({ question }) => question.kind === kind);
    return of.filter(isRight).length / of.length;
  };
  assert.ok(share("1-hop") > 0.6 && share("2-hop") < 0.4 && share("3-hop") < 0.2);
  assert.ok(all.every(({ turns }) => turns.length <= RECIPES.get("embedded")!.maxTurns));
});

Deno.test("copySample() lists four to ten names and years, one a line, each line after a space", () => {
  const samples = Array.from({ length: 200 }, (_, index) => copySample(2, index));
  const lengths = new Set(samples.map(({ names }) => names.length));
  assert.deepEqual([...lengths].sort((a, b) => a - b), [4, 5, 6, 7, 8, 9, 10]);
  assert.ok(samples.some(({ names }) => names.some((name) => YEARS.includes(name))));
  for (const { names, list } of samples) assert.equal(list, ` ${names.join("\n ")}\n`);
  assert.deepEqual(copySample(2, 7), samples[7]);
});
