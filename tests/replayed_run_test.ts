/** A run whose searches go to a service outside, recorded, and replayed when the service is gone. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { makeToolEnvironment } from "../src/environment/environment.ts";
import { makePassageSearch } from "../src/environment/web_search.ts";
import { serper } from "../src/search/engines.ts";
import { type JournalMode, openJournal } from "../src/search/journal.ts";
import { journaledSearch } from "../src/search/journaled.ts";
import { makeMeter, meteredSearch } from "../src/search/meter.ts";
import { serve } from "./search/services.ts";
import { inFolder, metricsOf, tinyTask, trainTiny } from "./support/tiny_run.ts";

const KEY = "a-secret-key";

/** A training run whose searches go through a journal to the service at `url`; what was asked, and what it left. */
const trainThrough = (url: string, mode: JournalMode, folder: string) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const meter = makeMeter({ price: null, most: null });
    const journal = yield* openJournal(`${folder}/calls.sqlite`, mode, meter.counts);
    const engine = meteredSearch(serper({ key: KEY, url }), meter);
    const search = yield* journaledSearch("serper", engine, journal);
    const environment = makeToolEnvironment({
      tools: [makePassageSearch(search, { limit: 2, maxWords: 4 })],
      deadline: "5 seconds",
      concurrency: 2,
    });
    const { train, validation, test } = tinyTask;
    const over = (split: typeof train) => ({ ...split, environment });
    const task = {
      ...tinyTask,
      train: over(train),
      validation: over(validation),
      test: over(test),
      meter,
    };
    yield* Effect.promise(() => Deno.mkdir(`${folder}/${mode}`));
    yield* trainTiny({ folder: `${folder}/${mode}`, task });
    return meter.counts;
  })));

Deno.test("a run recorded against a service of Serper's shapes is replayed to the byte when it is gone", () =>
  inFolder(async (folder) => {
    let place = 0;
    const service = serve(async (request) => {
      strictEqual(request.headers.get("x-api-key"), KEY);
      const { q, num }: { q: string; num: number } = await request.json();
      // Every third call fails, and no answer comes twice.
      if (++place % 3 === 0) return new Response("busy", { status: 400 });
      const organic = Array.from({ length: num }, (_, i) => ({
        title: `${q.slice(0, 9)} ${place}`,
        link: `https://pages.example/${place}/${i}`,
        snippet: i === 0 ? "Dildek" : null,
      }));
      return Response.json({ organic });
    });
    const recorded = await trainThrough(service.url, "record", folder);
    ok(recorded.asked >= 15 && recorded.failed.get("refused")! >= 5, `${recorded.asked} asked`);
    await service[Symbol.asyncDispose]();

    const replayed = await trainThrough(service.url, "replay", folder);
    strictEqual(replayed.asked, 0);
    deepStrictEqual(await metricsOf(`${folder}/replay`), await metricsOf(`${folder}/record`));
    const weights = "checkpoints/step-4/model.safetensors";
    const [a, b] = await Promise.all(
      ["record", "replay"].map((mode) => Deno.readFile(`${folder}/${mode}/${weights}`)),
    );
    deepStrictEqual(a, b);
    for (const path of ["calls.sqlite", "record/metrics.jsonl", "record/config.json"]) {
      ok(!new TextDecoder().decode(await Deno.readFile(`${folder}/${path}`)).includes(KEY), path);
    }
  }));
