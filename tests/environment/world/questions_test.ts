import assert from "node:assert/strict";
import { createRandom } from "../../../src/math/random.ts";
import { keyFromSeed } from "../../../src/math/threefry.ts";
import { guessesOf, withWrongGolds } from "../../../src/environment/world/guesses.ts";
import { guessBaseline, retrievalRate } from "./measures.ts";
import {
  allQuestions,
  drawQuestions,
  makeWorldTask,
  type WorldQuestion,
} from "../../../src/environment/world/questions.ts";
import { searchesFor } from "../../../src/environment/world/demonstrations.ts";
import type { QuestionKind } from "../../../src/domain/question.ts";
import { makeWorld } from "../../../src/environment/world/world.ts";
import { worldSearch } from "../../../src/environment/world/world_environment.ts";

const test = makeWorldTask({ seed: 1, use: "test" }, 200);

function count(questions: ReadonlyArray<WorldQuestion>, kind: QuestionKind): number {
  return questions.filter((question) => question.kind === kind).length;
}

Deno.test("makeWorldTask() draws the same questions of the same address", () => {
  const again = makeWorldTask({ seed: 1, use: "test" }, 200);
  assert.equal(JSON.stringify(test), JSON.stringify(again));
});

Deno.test("makeWorldTask() repeats no question, and no id", () => {
  const train = makeWorldTask({ seed: 1, use: "train" }, 600);
  const all = [...test.questions, ...train.questions];
  assert.equal(all.length, 800);
  assert.equal(new Set(all.map((question) => question.id)).size, 800);
  assert.equal(new Set(all.map((question) => question.text)).size, 800);
});

Deno.test("makeWorldTask() draws kinds near 3:3:3:1", () => {
  // Binomial with n = 600: five standard deviations are 56 for a share of 0.3 and 37 for 0.1.
  const { questions } = makeWorldTask({ seed: 2, use: "train" }, 600);
  for (const kind of ["1-hop", "2-hop", "3-hop"] as const) {
    assert.ok(Math.abs(count(questions, kind) - 180) <= 56, kind);
  }
  assert.ok(Math.abs(count(questions, "choice") - 60) <= 37);
});

Deno.test("drawQuestions() goes on with the other kinds when one is used up, and stops when all are", () => {
  const world = makeWorld({ seed: 3, use: "train" });
  const all = Object.values(allQuestions(world)).flat();
  const drawn = drawQuestions(world, all.length + 10, createRandom(keyFromSeed(1)));
  assert.equal(drawn.length, all.length);
  assert.deepEqual(drawn.map(({ id }) => id).sort(), all.map(({ id }) => id).sort());
});

Deno.test("allQuestions() chains facts so that each object is the next subject and none comes back", () => {
  const { "1-hop": one, "2-hop": two, "3-hop": three } = allQuestions(test.world);
  assert.equal(one.length, test.world.facts.length);
  for (const [questions, length] of [[one, 1], [two, 2], [three, 3]] as const) {
    for (const { facts, golds } of questions) {
      assert.equal(facts.length, length);
      const visited = [facts[0]!.subject, ...facts.map((fact) => fact.object)];
      assert.equal(new Set(visited).size, length + 1);
      facts.slice(1).forEach((fact, at) => assert.equal(fact.subject, facts[at]!.object));
      assert.deepEqual(golds, [visited.at(-1)]);
    }
  }
});

Deno.test("allQuestions() words a chain from its last relation back to its first", () => {
  const question = allQuestions(test.world)["2-hop"][0]!;
  const [first, second] = question.facts;
  const nouns = `${second!.relation.noun} of the ${first!.relation.noun}`;
  assert.equal(question.text, `What is the ${nouns} of ${first!.subject}?`);
});

Deno.test("allQuestions() lets choose between two of which one has what is asked for, each as often", () => {
  const { choice } = allQuestions(test.world);
  for (const { facts: [left, right], golds, text } of choice) {
    assert.equal(left!.relation.noun, right!.relation.noun);
    assert.notEqual(left!.object, right!.object);
    const gold = golds[0] === left!.subject ? left! : right!;
    assert.equal(golds[0], gold.subject);
    assert.equal(
      text,
      `Which has the ${gold.relation.noun} ${gold.object}, ${left!.subject} or ${right!.subject}?`,
    );
  }
  const first = choice.filter(({ facts, golds }) => facts[0]!.subject === golds[0]).length;
  assert.ok(Math.abs(first / choice.length - 0.5) < 0.02);
});

Deno.test("allQuestions() asks choices that a search for all three names answers in its first line", () => {
  for (const seed of [1, 2, 3]) {
    const world = makeWorld({ seed, use: "test" });
    const { retrieve, limit } = worldSearch(world);
    for (const question of allQuestions(world).choice) {
      const [plan] = searchesFor(question);
      const found = retrieve(`${plan!.names.join(" ")} ${plan!.relation.word}`, limit);
      assert.equal(world.facts[found[0]!], plan!.facts[0], question.text);
    }
  }
});

Deno.test("drawQuestions() draws nothing of a kind without a share", () => {
  const mix = { "1-hop": 0, "2-hop": 1, "3-hop": 1, choice: 0 };
  const kinds = makeWorldTask({ seed: 1, use: "train" }, 600, mix).questions.map(({ kind }) =>
    kind
  );
  assert.deepEqual([...new Set(kinds)].sort(), ["2-hop", "3-hop"]);
});

Deno.test("retrievalRate() is 1 for name and relation in every world of scale 1 and 4", () => {
  for (const [seed, scale] of [[1, 1], [2, 1], [3, 1], [1, 4]] as const) {
    const task = makeWorldTask({ seed, use: "test", scale }, 300);
    assert.equal(retrievalRate(task, worldSearch(task.world), "name and relation"), 1);
  }
});

Deno.test("retrievalRate() is low for the bare name and for the question, 0 for questions of two hops", () => {
  const search = worldSearch(test.world);
  assert.ok(retrievalRate(test, search, "name") < 0.3);
  assert.ok(retrievalRate(test, search, "question") < 0.4);
  const chains = test.questions.filter(({ kind }) => kind === "2-hop" || kind === "3-hop");
  assert.equal(retrievalRate({ ...test, questions: chains }, search, "question"), 0);
});

Deno.test("guessBaseline() is one over the number of things of the right kind, a half for choices", () => {
  const { world } = test;
  const { "1-hop": one, choice } = allQuestions(world);
  const mayors = one.filter(({ facts }) => facts[0]!.relation.noun === "mayor");
  assert.ok(Math.abs(guessBaseline({ world, questions: mayors }) - 1 / 30) <= 1e-12);
  assert.equal(guessBaseline({ world, questions: choice }), 0.5);
  assert.ok(guessBaseline(test) < 0.15);
});

Deno.test("withWrongGolds() gives a share of the questions a wrong answer of the right kind, the same each time", () => {
  const task = makeWorldTask({ seed: 1, use: "train" }, 200);
  const wrong = () => withWrongGolds(task, 0.1, createRandom(keyFromSeed(3)));
  const changed = wrong().filter((question, i) =>
    question.golds[0] !== task.questions[i]!.golds[0]
  );
  assert.equal(changed.length, 20);
  for (const question of changed) {
    assert.ok(guessesOf(question, task.world).includes(question.golds[0]!));
  }
  assert.deepEqual(wrong(), wrong());
  assert.deepEqual(withWrongGolds(task, 0, createRandom(keyFromSeed(3))), task.questions);
});
