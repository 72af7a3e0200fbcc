import { match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { layerPolicy } from "../../src/run/layers.ts";
import { planScoring, scoreTraces } from "../../src/tab/credit.ts";
import type { CreditOptions, CreditTell } from "../../src/tab/credit_messages.ts";
import { builtInFiles } from "../support/model_files.ts";

const builtIn = Effect.promise(builtInFiles);
const OPTIONS = { kind: "credit", preset: "igpo-uplift", device: "cpu", model: null } as const;
const log = (path: string, text: string) => ({ path, file: new File([text], path) });
const run = {
  question: "Who founded Tarn?",
  golds: ["Ada"],
  turns: [
    { calls: [{ name: "web_search", arguments: { query: ["Tarn"] }, result: "Ada did." }] },
    { text: "Ada" },
  ],
};

async function credited(options: CreditOptions): Promise<ReadonlyArray<CreditTell>> {
  const told: Array<CreditTell> = [];
  const program = Effect.gen(function* () {
    const plan = yield* planScoring(options, builtIn);
    const scored = scoreTraces(plan, options.traces, (one) => void told.push(one));
    yield* Effect.provide(scored, layerPolicy(plan.setup));
  });
  await Effect.runPromise(Effect.scoped(program));
  return told;
}

const refusal = (options: CreditOptions) =>
  Effect.runPromise(
    Effect.map(Effect.flip(Effect.scoped(planScoring(options, builtIn))), ({ message }) => message),
  );

Deno.test("scoreTraces() tells what was recovered and refused, then the credits of each trace", async () => {
  const unanswered = { ...run, golds: null };
  const traces = [
    log("runs.jsonl", `${JSON.stringify(run)}\n${JSON.stringify(unanswered)}\n{`),
    log("inspect.eval", ""),
  ];
  const told = await credited({ ...OPTIONS, traces });
  const [imported] = told;
  ok(imported?.kind === "imported");
  match(imported.table, /^plain +2 +4 +2 +2 +1 +0 +0$/m);
  match(imported.table, /^Refused runs\.jsonl: .* in row 3 it must be JSON/m);
  match(imported.table, /^Refused inspect\.eval: a page reads \.json/m);
  const [first, second] = told.flatMap((one) => one.kind === "credited" ? [one.trace] : []);
  strictEqual(first!.rows.length, 3);
  const [before, turn] = first!.rows;
  ok(Math.abs(turn!.belief! - before!.belief! - turn!.gain!) < 1e-12);
  strictEqual(second!.rows.length, 0);
  match(second!.notes.join(), /no gold answer, so that nothing is measured/);
  match(JSON.stringify(told.at(-1)), /1 of 2 traces have numbers/);
});

Deno.test("planScoring() refuses a preset without gains, and files that hold no trace", async () => {
  const traces = [log("a.json", "{}")];
  match(await refusal({ ...OPTIONS, traces, preset: "rloo" }), /must have gains: "rloo" has none$/);
  match(await refusal({ ...OPTIONS, traces }), /^Cannot import "a\.json" as it must have a known/);
});

Deno.test("planScoring() refuses weights that do not fit before it reads a file", async () => {
  const file = new File([], "model.safetensors");
  Object.defineProperty(file, "size", { value: 15e9 });
  const model = [{ path: "qwen/model.safetensors", file }];
  match(
    await refusal({ ...OPTIONS, traces: [log("a.json", JSON.stringify(run))], model }),
    /^Cannot score with "qwen" as its weights must have at most 2\.0 GB .*: they have 15\.0 GB$/,
  );
});
