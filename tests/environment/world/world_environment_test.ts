import assert from "node:assert/strict";
import { Effect, type Layer } from "effect";
import { Environment } from "../../../src/environment/environment.ts";
import { makeWorldTask } from "../../../src/environment/world/questions.ts";
import {
  layerWorld,
  layerWorldSearchOff,
} from "../../../src/environment/world/world_environment.ts";

const { world, questions } = makeWorldTask({ seed: 1, use: "test" }, 20);

function searchIn(layer: Layer.Layer<Environment>, query: unknown): Promise<string> {
  const program = Effect.gen(function* () {
    const session = yield* (yield* Environment).open(questions[0]!);
    const call = { name: "web_search", arguments: { query } };
    const step = yield* session.step({ _tag: "ToolCalls", calls: [call] });
    return step._tag === "Observation" ? step.results[0]!.content : "";
  });
  return Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(layer)));
}

Deno.test("layerWorld() answers name and relation word with the fact and one more line", async () => {
  for (const { facts: [fact] } of questions) {
    const query = [` ${fact!.subject} ${fact!.relation.word}`];
    const lines = (await searchIn(layerWorld(world), query)).split("\n");
    assert.equal(lines.length, 2);
    assert.ok(lines.includes(world.documents[world.facts.indexOf(fact!)]!));
    assert.ok(lines.every((line) => line.startsWith(" ")));
  }
});

Deno.test("layerWorldSearchOff() offers the same tool but finds nothing", async () => {
  const { subject, relation } = questions[0]!.facts[0]!;
  const query = [` ${subject} ${relation.word}`];
  assert.equal(await searchIn(layerWorldSearchOff(world), query), " no results");
});
