import { match, ok } from "node:assert/strict";
import { Effect, Fiber } from "effect";
import { tryChatTemplate } from "../src/run/template_trial.ts";
import { CHATML } from "./text/fixtures.ts";

const trial = (chat_template: string) =>
  tryChatTemplate({
    tokenizerConfig: { chat_template },
    options: {
      system: "You search.",
      toolResponse: { role: "user", open: "<tool_response>", close: "</tool_response>" },
    },
  });
const refusal = async (template: string) =>
  (await Effect.runPromise(Effect.flip(trial(template)))).message;

Deno.test("tryChatTemplate() lets a usual template pass", async () => {
  await Effect.runPromise(trial(CHATML));
});

Deno.test("tryChatTemplate() says what the template says", async () => {
  match(await refusal("{{ raise_exception('no roles') }}"), /refuses the messages: no roles$/);
  match(await refusal("{% for"), /^Cannot read the chat template as it must be Jinja: /);
});

const nested = (depth: number) =>
  "{% for a in range(100000000) %}".repeat(depth) + "x" + "{% endfor %}".repeat(depth);
for (
  const [name, template] of [
    ["ranges in ranges", nested(3)],
    [
      "text that doubles",
      "{% set ns = namespace(x='ab') %}{% for i in range(60) %}" +
      "{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x | upper }}",
    ],
    ["macros that call themselves", "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}"],
    ["a deep expression", "{{ " + "(".repeat(50_000) + "1" + ")".repeat(50_000) + " }}"],
  ] as const
) {
  Deno.test(`tryChatTemplate() refuses ${name}`, async () => {
    const started = performance.now();
    const said = await refusal(template);
    match(said, /^Cannot (use|read|render) (this|the) chat template as [^\n]{1,200}$/);
    // A busy machine starts a worker late.
    ok(performance.now() - started < 10_000, said);
  });
}

Deno.test("tryChatTemplate() ends when it is interrupted", async () => {
  const fiber = Effect.runFork(trial(nested(3)));
  await Effect.runPromise(Effect.sleep("100 millis"));
  await Effect.runPromise(Fiber.interrupt(fiber));
});
