import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { type Search, SearchFailed } from "../../src/domain/search.ts";
import { withBudget } from "../../src/search/budget.ts";
import { journalLine, type JournalMode, openJournal } from "../../src/search/journal.ts";
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
) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { search, counts } = yield* openJournal(path, mode, over);
    const answers = yield* Effect.forEach(calls, (queries) =>
      Effect.match(search(queries, 2), {
        onFailure: ({ kind, message }) => `${kind}: ${message}`,
        onSuccess: (found) => found.flat().map(({ text }) => text).join(),
      }));
    return { answers, counts: { ...counts, millis: 0 } };
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
    strictEqual(other, 'refused: The journal does not hold the query "c"');
  }));

Deno.test("auto keeps answers alone, so that a failure is asked again", () =>
  inFolder(async (folder) => {
    const path = `${folder}/calls.sqlite`;
    const live = engine();
    const { answers, counts } = await through(path, "auto", live, [["bad"], ["bad"], ["bad"]]);
    deepStrictEqual(answers, ["busy: it answered 429", "1 of 2", "1 of 2"]);
    deepStrictEqual(counts, { asked: 2, failed: 1, kept: 1, millis: 0 });
    strictEqual(
      journalLine({ ...counts, millis: 70 }),
      "Search: 2 queries asked (1 failed), 35 ms each; 1 from the journal",
    );
  }));

Deno.test("equal calls at the same time are one", () =>
  inFolder(async (folder) => {
    const live = engine();
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { search } = yield* openJournal(`${folder}/calls.sqlite`, "auto", live);
      const calls = Array.from({ length: 8 }, () => search(["a"], 2));
      yield* Effect.all(calls, { concurrency: "unbounded" });
    })));
    deepStrictEqual(live.asked, ["a"]);
  }));

Deno.test("openJournal() leaves a file alone that is no journal, and replays none that is not there", () =>
  inFolder(async (folder) => {
    const refusal = (path: string, mode: JournalMode) =>
      Effect.runPromise(Effect.flip(Effect.scoped(openJournal(path, mode, engine()))))
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
    const over = engine();
    const limited = { ...over, search: withBudget(over.search, 2) };
    const calls = [["a"], ["a"], ["b"], ["c"], ["a"]];
    const whole = { ...over, search: withBudget(over.search, 2) };
    const three = Effect.runPromise(Effect.flip(whole.search(["x", "y", "z"], 1)));
    strictEqual((await three).kind, "spent");
    strictEqual((await Effect.runPromise(whole.search(["x"], 1))).length, 1);
    const { answers } = await through(`${folder}/calls.sqlite`, "auto", limited, calls);
    const spent = "spent: The search budget of 2 queries is spent";
    deepStrictEqual(answers, ["0 of 2", "0 of 2", "0 of 2", spent, "0 of 2"]);
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
