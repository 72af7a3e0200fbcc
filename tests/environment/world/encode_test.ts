import assert from "node:assert/strict";
import { Result } from "effect";
import { RECIPES } from "../../../src/domain/recipe.ts";
import { copySample, demonstrationsOf } from "../../../src/environment/world/cold_start.ts";
import {
  encodeCopySample,
  encodeDemonstration,
  makeWorldText,
} from "../../../src/environment/world/encode.ts";
import { WORLD_RECIPE } from "../../../src/environment/world/recipe.ts";
import { trainWorldTokenizer } from "../../../src/environment/world/tokenizer.ts";
import { demonstrationText } from "../../../src/environment/world/tokenizer_sample.ts";

const files = trainWorldTokenizer(1);
const { tokenizer, protocol } = Result.getOrThrow(
  makeWorldText(files.tokenizerJson, files.tokenizerConfig),
);
const demonstrations = [null, WORLD_RECIPE.habits].flatMap((habits) =>
  demonstrationsOf({ seed: 5, index: 0, habits })
);

Deno.test("encodeDemonstration() gives the tokens of the demonstration's text", () => {
  for (const demonstration of demonstrations) {
    const { tokens } = encodeDemonstration(protocol, demonstration);
    assert.deepEqual(tokens, tokenizer.encode(demonstrationText(demonstration)));
  }
});

Deno.test("encodeDemonstration() trains on whole messages that parse back to their actions", () => {
  for (const demonstration of demonstrations) {
    const { tokens, trained } = encodeDemonstration(protocol, demonstration);
    assert.equal(trained.length, demonstration.turns.length);
    trained.forEach(({ start, end }, turn) => {
      const { action } = demonstration.turns[turn]!;
      const parsed = protocol.parseTurn(tokens.subarray(start, end));
      if (action._tag === "ToolCalls") assert.deepEqual(parsed, action);
      else assert.equal(parsed._tag === "Answer" && parsed.text.trim(), action.text.trim());
      assert.ok(end - start <= RECIPES.get("embedded")!.maxNewTokens);
      assert.equal(tokens[end - 1], protocol.endOfTurnId);
    });
    assert.equal(trained.at(-1)!.end, tokens.length);
  }
});

Deno.test("encodeDemonstration() ends as the belief probe of its answer does", () => {
  for (const demonstration of demonstrationsOf({ seed: 5, index: 1, habits: null })) {
    const { tokens, trained } = encodeDemonstration(protocol, demonstration);
    const probe = protocol.probe(demonstration.question.golds[0]!);
    assert.deepEqual(tokens.subarray(trained.at(-1)!.start), probe.ids);
  }
});

Deno.test("encodeDemonstration() begins with 20 to 35 tokens of prompt", () => {
  for (const { question } of demonstrations) {
    const { length } = protocol.prompt(question.text).ids;
    assert.ok(length >= 20 && length <= 35, `${length}: ${question.text}`);
  }
});

Deno.test("encodeCopySample() writes the same list twice and trains on the second", () => {
  const { tokens, trained } = encodeCopySample(tokenizer, copySample(1, 0));
  const half = tokens.length / 2;
  assert.deepEqual(tokens.subarray(0, half), tokens.subarray(half));
  assert.deepEqual(trained, [{ start: half, end: tokens.length }]);
});
