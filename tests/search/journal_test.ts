import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { type Search, SearchFailed } from "../../src/domain/search.ts";
import { type Tool, ToolCallRejected, ToolCrashed } from "../../src/environment/tool.ts";
import { type JournalMode, openJournal } from "../../src/search/journal.ts";
import { journaledSearch, journaledTool } from "../../src/search/journaled.ts";
import { type Budget, callsLine, makeMeter, meteredSearch } from "../../src/search/meter.ts";
import { inFolder } from "../support/tiny_run.ts";

/** An engine that counts what it is asked, and fails the first time for every query that begins with "bad". */
function engine() {
  const asked: string[] = [];
  const search: Search = (queries, limit) =>
    Effect.gen(function* () {
      const query = queries[0]!;
      const before = asked.filter((one) => one === query).length;
      asked.push(query);
      yield* Effect.sleep("5 millis");
      if (query.startsWith("bad") && before === 0) {
        return yield* new SearchFailed({ kind: "busy", message: "it answered 429" });
      }
      return [[{ id: query, title: "", text: `${before} of ${limit}`, score: null }]];
    });
  return { name: "tests", search, asked };
}

/** What a journal over an engine answers to some calls, and its counts. */
const through = (
  path: string,
  mode: JournalMode,
  over: ReturnType<typeof engine>,
  calls: ReadonlyArray<ReadonlyArray<string>>,
  budget: Budget = { price: null, most: null },
) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const meter = makeMeter(budget);
    const journal = yield* openJournal(path, mode, meter.counts);
    const search = yield* journaledSearch(over.name, meteredSearch(over.search, meter), journal);
    const answers = yield* Effect.forEach(calls, (queries) =>
      Effect.match(search(queries, 2), {
        onFailure: ({ kind, message }) => `${kind}: ${message}`,
        onSuccess: (found) => found.flat().map(({ text }) => text).join(),
      }));
    const { asked, failed, kept } = meter.counts;
    return { answers, meter, counts: { asked, failed: Object.fromEntries(failed), kept } };
  })));

const CALLS = [["a", "b"], ["bad"], ["a"], ["bad"], ["b", "a"]];

Deno.test("a run that was recorded is replayed without a call, failures too", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const [live, gone] = [engine(), engine()];
    const recorded = await through(path, "record", live, CALLS);
    deepStrictEqual(live.asked.toSorted(), ["a", "b", "bad"]);
    deepStrictEqual(recorded.answers, [
      "0 of 2,0 of 2",
      "busy: it answered 429",
      "0 of 2",
      "busy: it answered 429",
      "0 of 2,0 of 2",
    ]);
    const replayed = await through(path, "replay", gone, CALLS);
    deepStrictEqual(replayed.answers, recorded.answers);
    deepStrictEqual([gone.asked, replayed.counts.asked], [[], 0]);
    const [other] = (await through(path, "replay", gone, [["c"]])).answers;
    strictEqual(other, 'refused: The journal does not hold {"query":"c","limit":2}');
  }));

Deno.test("auto keeps answers alone, so that a failure is asked again", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const live = engine();
    const calls = [["bad"], ["bad"], ["bad"]];
    const paid = { price: 0.125, most: null };
    const { answers, counts, meter } = await through(path, "auto", live, calls, paid);
    deepStrictEqual(answers, ["busy: it answered 429", "1 of 2", "1 of 2"]);
    deepStrictEqual(counts, { asked: 2, failed: { busy: 1 }, kept: 1 });
    strictEqual(
      callsLine({ ...meter, counts: { ...meter.counts, millis: 70 } }),
      "Search: 2 queries asked (1 busy), 35 ms each, $0.25; 1 from the journal",
    );
  }));

Deno.test("equal calls at the same time are one", () =>
  inFolder(async (folder) => {
    const live = engine();
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const journal = yield* openJournal(`${folder}/calls.sqlite`, "auto", { kept: 0 });
      const search = yield* journaledSearch("tests", live.search, journal);
      const calls = Array.from({ length: 8 }, () => search(["a"], 2));
      yield* Effect.all(calls, { concurrency: "unbounded" });
    })));
    deepStrictEqual(live.asked, ["a"]);
  }));

Deno.test("openJournal() leaves a file alone that is no journal, and replays none that is not there", () =>
  inFolder(async (folder) => {
    const refusal = (path: string, mode: JournalMode) =>
      Effect.runPromise(Effect.flip(Effect.scoped(openJournal(path, mode, { kept: 0 }))))
        .then(({ message }) => message);
    await Deno.writeTextFile(`${folder}/notes.txt`, "some words that are no database at all");
    match(await refusal(`${folder}/notes.txt`, "auto"), /Cannot use the search journal/);
    strictEqual(
      await Deno.readTextFile(`${folder}/notes.txt`),
      "some words that are no database at all",
    );
    match(await refusal(`${folder}/none.sqlite`, "replay"), /Cannot use the search journal/);
    ok(!(await Deno.stat(`${folder}/none.sqlite`).then(() => true, () => false)));
  }));

Deno.test("a search budget counts queries that were asked, not those of the journal", () =>
  inFolder(async (folder) => {
    const two: Budget = { price: null, most: { amount: 2, unit: "queries" } };
    const cents: Budget = { price: 0.01, most: { amount: 0.02, unit: "usd" } };
    const whole = meteredSearch(engine().search, makeMeter(two));
    const three = Effect.runPromise(Effect.flip(whole(["x", "y", "z"], 1)));
    strictEqual((await three).kind, "spent");
    strictEqual((await Effect.runPromise(whole(["x"], 1))).length, 1);
    const calls = [["a"], ["a"], ["b"], ["c"], ["a"]];
    for (const [budget, said] of [[two, "2 queries"], [cents, "$0.02"]] as const) {
      const path = `${folder}/${said}.sqlite`;
      const { answers } = await through(path, "auto", engine(), calls, budget);
      const spent = `spent: The search budget of ${said} is spent`;
      deepStrictEqual(answers, ["0 of 2", "0 of 2", "0 of 2", spent, "0 of 2"]);
    }
  }));

Deno.test("a run that was spent is replayed as it was, and another run asks what it did not", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const calls = [["a"], ["b"]];
    const one: Budget = { price: 0.1, most: { amount: 0.1, unit: "usd" } };
    const first = await through(path, "record", engine(), calls, one);
    const spent = "spent: The search budget of $0.1 is spent";
    deepStrictEqual(first.answers, ["0 of 2", spent]);
    strictEqual(
      callsLine({ ...first.meter, counts: { ...first.meter.counts, millis: 5 } }),
      "Search: 1 queries asked, 5 ms each, $0.10; 1 not asked, as the budget of $0.1 was spent",
    );
    deepStrictEqual((await through(path, "replay", engine(), calls)).answers, first.answers);
    deepStrictEqual((await through(path, "record", engine(), calls)).answers, ["0 of 2", "0 of 2"]);
  }));

Deno.test("a budget is not spent early by rounding", async () => {
  const three: Budget = { price: 0.1, most: { amount: 0.3, unit: "usd" } };
  const search = meteredSearch(engine().search, makeMeter(three));
  for (const query of ["a", "b", "c"]) await Effect.runPromise(search([query], 1));
  strictEqual((await Effect.runPromise(Effect.flip(search(["d"], 1)))).kind, "spent");
});

Deno.test("a tool's calls are kept by server, name and arguments, refusals and crashes with them", () =>
  inFolder(async (folder) => {
    let asked = 0;
    const tool: Tool = {
      spec: { name: "page", description: "Reads.", parameters: {} },
      run: (given) => {
        asked += 1;
        if (given === "odd") return Effect.fail(new ToolCallRejected({ message: "no" }));
        if (given === "late") {
          return Effect.fail(new ToolCrashed({ kind: "late", message: "slow" }));
        }
        return Effect.succeed(`page of ${JSON.stringify(given)}`);
      },
    };
    const answers = (mode: JournalMode, server: string) =>
      Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const journal = yield* openJournal(`${folder}/calls.sqlite`, mode, { kept: 0 });
        const { run } = yield* journaledTool(server, tool, journal);
        return yield* Effect.forEach(
          [{ url: "a" }, "odd", "late", { url: "a" }],
          (given) => Effect.result(run(given)),
        );
      })));
    const recorded = await answers("record", "one");
    strictEqual(asked, 3);
    deepStrictEqual(await answers("replay", "one"), recorded);
    strictEqual(asked, 3);
    const [other] = await answers("replay", "two");
    ok(other!._tag === "Failure" && other!.failure.message.includes('{"url":"a"}'));
  }));

Deno.test("a call of which one query fails keeps the answers to the others, and is replayed as it was", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const calls = [["bad", "slow", "a"], ["slow"]];
    const recorded = await through(path, "record", engine(), calls);
    deepStrictEqual(recorded.answers, ["busy: it answered 429", "0 of 2"]);
    deepStrictEqual(recorded.counts.asked, 3);
    const gone = engine();
    deepStrictEqual((await through(path, "replay", gone, calls)).answers, recorded.answers);
    deepStrictEqual(gone.asked, []);
  }));

Deno.test("two runs may use one journal at the same time, and both read what came first", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const calls = Array.from({ length: 40 }, (_, i) => [`q${i}`]);
    const named = (text: string): ReturnType<typeof engine> => ({
      ...engine(),
      search: ([query]) =>
        Effect.as(Effect.sleep("1 millis"), [[{ id: query!, title: "", text, score: null }]]),
    });
    const [a, b] = await Promise.all(
      ["A", "B"].map((text) => through(path, "auto", named(text), calls)),
    );
    deepStrictEqual(a!.answers, b!.answers);
    const replayed = await through(path, "replay", engine(), calls);
    deepStrictEqual(replayed.answers, a!.answers);
  }));
