import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { decodeEpisode, type EpisodeRecord } from "../src/domain/episode_record.ts";
import { EPISODES_FOLDER, listEpisodes, openEpisodes } from "../src/files/run_episodes.ts";
import { mean } from "../src/math/statistics.ts";
import { inFolder, metricsOf, type TinyRun, trainTiny } from "./support/tiny_run.ts";

const run = (options: TinyRun) => Effect.runPromise(trainTiny(options));

async function recordsOf(folder: string, step: number): Promise<ReadonlyArray<EpisodeRecord>> {
  const text = await Deno.readTextFile(`${folder}/${EPISODES_FOLDER}/step-${step}.jsonl`);
  return await Promise.all(
    text.trimEnd().split("\n").map((line, i) =>
      Effect.runPromise(decodeEpisode(JSON.parse(line), `row ${i + 1}`))
    ),
  );
}

/** Records without what the clock says. */
function untimed(records: ReadonlyArray<EpisodeRecord>) {
  return records.map(({ seconds: _seconds, transcript, ...rest }) => ({
    ...rest,
    transcript: transcript?.map((segment) => ({ ...segment, seconds: null })),
  }));
}

Deno.test("a run keeps every episode of every step, and their numbers are those of its metrics", () =>
  inFolder(async (folder) => {
    await run({ folder });
    const steps = (await metricsOf(folder)).map((line) => JSON.parse(line))
      .filter(({ type }) => type === "step");
    strictEqual(steps.length, 4);
    for (const { step, episodes, gain, outcome, f1, trainedTokens, searchAdvantage } of steps) {
      const records = await recordsOf(folder, step);
      strictEqual(records.length, episodes);
      const turns = records.flatMap((record) => record.turns);
      const gains = turns.flatMap((turn) => turn.gain === null ? [] : [turn.gain]);
      strictEqual(mean(Float64Array.from(gains)), gain);
      strictEqual(mean(Float64Array.from(records, (record) => record.outcome!)), outcome);
      strictEqual(mean(Float64Array.from(records, (record) => record.f1!)), f1);
      strictEqual(turns.reduce((sum, turn) => sum + turn.sampled!, 0), trainedTokens);
      const searches = turns.filter(({ action }) => action === "call");
      strictEqual(mean(Float64Array.from(searches, (turn) => turn.advantage!)), searchAdvantage);
    }
  }));

Deno.test("a transcript holds each sampled token once, with its log-prob and ratio", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { ppoEpochs: 2, steps: 1 } });
    const records = await recordsOf(folder, 1);
    const moved: Array<number> = [];
    for (const { transcript, turns } of records) {
      turns.forEach(({ sampled, action }, t) => {
        const parts = transcript!.filter((part) => part.turn === t && part.trained !== null);
        const tokens = parts.flatMap((part) => part.trained!.units);
        strictEqual(tokens.length, sampled);
        ok(parts.some(({ kind }) => kind === (action === "malformed" ? "other" : action)));
        for (const { text, trained } of parts) {
          strictEqual(trained!.units.reduce((sum, length) => sum + length, 0), text.length);
          strictEqual(trained!.logProb.length, trained!.units.length);
          ok(trained!.logProb.every((logProb) => logProb! < 0));
          moved.push(...trained!.ratio.map((ratio) => Math.abs(ratio! - 1)));
        }
      });
    }
    // The second pass saw a policy that the first had moved.
    ok(Math.max(...moved) > 1e-3);
  }));

Deno.test("keeping episodes changes no number of a run", () =>
  inFolder(async (folder) => {
    await run({ folder });
    const bare = `${folder}/bare`;
    await Deno.mkdir(bare);
    await run({ folder: bare, recipe: { episodeMegabytes: 0 } });
    deepStrictEqual(await metricsOf(bare), await metricsOf(folder));
    deepStrictEqual(await Effect.runPromise(listEpisodes(bare)), []);
  }));

Deno.test("a resumed run keeps the episodes that it would have kept without a stop", () =>
  inFolder(async (folder) => {
    const whole = `${folder}/whole`;
    const stopped = `${folder}/stopped`;
    for (const path of [whole, stopped]) await Deno.mkdir(path);
    await run({ folder: whole });
    await run({ folder: stopped, recipe: { steps: 3, checkpointEvery: 2 } });
    await Deno.remove(`${stopped}/checkpoints/step-3`, { recursive: true });
    await run({ folder: stopped, isResumed: true });
    for (const step of [1, 2, 3, 4]) {
      deepStrictEqual(
        untimed(await recordsOf(stopped, step)),
        untimed(await recordsOf(whole, step)),
      );
    }
  }));

Deno.test("kept steps fill their room at most and are spread evenly", () =>
  inFolder(async (folder) => {
    const [record] = await inFolder(async (other) => {
      await run({ folder: other, recipe: { steps: 1 } });
      return await recordsOf(other, 1);
    });
    const bytes = 10 * JSON.stringify(record).length;
    await Effect.runPromise(Effect.gen(function* () {
      const { keep } = yield* openEpisodes(folder, { step: -1, bytes });
      for (let step = 1; step <= 41; step++) yield* keep(step, [record!]);
    }));
    const kept = await Effect.runPromise(listEpisodes(folder));
    ok(kept.reduce((sum, one) => sum + one.bytes, 0) <= bytes);
    deepStrictEqual(kept.map(({ step }) => step), [8, 16, 24, 32, 40, 41]);
  }));

Deno.test("decodeEpisode() says in one sentence what is wrong", async () => {
  const message = await Effect.runPromise(
    Effect.flip(decodeEpisode({ id: 3 }, "row 2 of step-1.jsonl")),
  ).then((error) => error.message);
  match(message, /^Cannot read row 2 of step-1\.jsonl as field "\w+" [^\n]*[^.]$/);
});
