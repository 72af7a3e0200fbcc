/** Evaluations of a tiny model at the level of the program: what is asked, written, resumed and refused. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Effect, Fiber, Stream } from "effect";
import type { AnswerRow } from "../src/domain/answer_row.ts";
import { Environment } from "../src/environment/environment.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { answerQuestions } from "../src/pipeline/evaluate.ts";
import { reward } from "../src/pipeline/reward.ts";
import { score } from "../src/pipeline/score.ts";
import { evaluate, type EvaluateProgramOptions } from "../src/programs/evaluate.ts";
import { judgePrompt } from "../src/search/judge_prompt.ts";
import { serveJudge } from "./search/fake_judge.ts";
import { assertClose } from "./support/comparison.ts";
import { inFolder, prepareTiny, type TinyRun } from "./support/tiny_run.ts";

type TinyEvaluation =
  & Partial<TinyRun>
  & Partial<Pick<EvaluateProgramOptions, "against" | "judge">>;

/** An evaluation of the tiny task in a folder. */
const evaluation = (
  folder: string,
  { against = null, judge = null, ...run }: TinyEvaluation = {},
) =>
  Effect.scoped(Effect.gen(function* () {
    const { prepared, layers } = yield* prepareTiny({ folder, ...run });
    return yield* evaluate({ ...prepared, against, judge }).pipe(Effect.provide(layers));
  }));

/** The same, and the bytes that it left. */
async function evaluated(folder: string, options?: TinyEvaluation) {
  const table = await Effect.runPromise(evaluation(folder, options));
  const files = ["answers.jsonl", "evaluation.json", "evaluation.csv", "evaluation.md"];
  const texts = await Promise.all(files.map((name) => Deno.readTextFile(`${folder}/${name}`)));
  return { table, texts };
}

Deno.test("evaluate() measures the test questions and writes every answer", () =>
  inFolder(async (folder) => {
    const { table, texts: [answers, written] } = await evaluated(folder);
    strictEqual(table.all.questions, 3);
    strictEqual(answers!.trimEnd().split("\n").length, 3);
    strictEqual(JSON.parse(written!).all.f1, table.all.f1);
  }));

const RESUMED = { isResumed: true };

Deno.test("evaluate() asks only for answers that are missing or crashed, and ends with the same files", () =>
  inFolder(async (folder) => {
    const { texts } = await evaluated(folder);
    const path = `${folder}/answers.jsonl`;
    const [first, second] = texts[0]!.trimEnd().split("\n");
    const crashed = JSON.stringify({ ...JSON.parse(second!), ending: "crashed", answer: null });
    // Stopped in the middle of a line.
    await Deno.writeTextFile(path, `${first}\n${crashed}\n{"id": "1`);
    for (const name of ["json", "csv", "md"]) await Deno.remove(`${folder}/evaluation.${name}`);
    deepStrictEqual((await evaluated(folder, RESUMED)).texts, texts);
    // Nothing is missing: the answers that are there count, also one that no policy gave.
    const better = JSON.stringify({ ...JSON.parse(first!), f1: 1, em: true });
    await Deno.writeTextFile(path, texts[0]!.replace(first!, better));
    ok((await evaluated(folder, RESUMED)).table.all.f1 >= 1 / 3);
    // But not of a question that has other gold answers now, nor in an evaluation that begins.
    const edited = JSON.stringify({ ...JSON.parse(better), golds: ["other"] });
    await Deno.writeTextFile(path, texts[0]!.replace(first!, edited));
    deepStrictEqual((await evaluated(folder, RESUMED)).texts, texts);
    await Deno.writeTextFile(path, texts[0]!.replace(first!, better));
    deepStrictEqual((await evaluated(folder)).texts, texts);
  }));

Deno.test("evaluate() compares with another evaluation, and refuses one that there is not", () =>
  inFolder(async (folder) => {
    for (const name of ["a", "b", "c"]) await Deno.mkdir(`${folder}/${name}`);
    await evaluated(`${folder}/a`);
    const { texts } = await evaluated(`${folder}/b`, { against: `${folder}/a` });
    const { against } = JSON.parse(texts[1]!);
    deepStrictEqual([against.questions, against.better, against.p], [3, 0, 1]);
    await rejects(
      evaluated(`${folder}/c`, { against: `${folder}/none` }),
      /Cannot read .*none\/answers\.jsonl/,
    );
  }));

Deno.test("evaluate() says when it is stopped with which command it goes on", () =>
  inFolder(async (folder) => {
    for (const name of ["a", "b"]) await Deno.mkdir(`${folder}/${name}`);
    await evaluated(`${folder}/a`);
    const said: Array<string> = [];
    await Effect.runPromise(Effect.gen(function* () {
      const fiber: Fiber.Fiber<unknown, unknown> = yield* Effect.forkChild(
        evaluation(`${folder}/b`, {
          against: `${folder}/a`,
          print: (text) => Effect.sync(() => void said.push(text)),
          showProgress: () => Effect.sync(() => fiber.interruptUnsafe()),
        }),
      );
      yield* Fiber.await(fiber);
    }));
    strictEqual(
      said.at(-1),
      `Go on with: ./igpo evaluate --resume ${folder}/b --against ${folder}/a`,
    );
  }));

Deno.test("evaluate() says before the first answer how small a difference it could show", () =>
  inFolder(async (folder) => {
    const said: Array<string> = [];
    await evaluated(folder, {
      print: (text) => Effect.sync(() => void said.push(text)),
      showProgress: () => Effect.sync(() => void said.push("progress")),
    });
    // (1.96 + 0.84) 0.5 sqrt(2 / 3)
    match(
      said[0]!,
      /^3 questions: two agents that differ by 1\.144 in F1 or more can be told apart/,
    );
    ok(said.includes("progress"));
  }));

const BELIEFS = { recipe: { testBeliefs: true } };
const rowsOf = (answers: string): ReadonlyArray<AnswerRow> =>
  answers.trimEnd().split("\n").map((line) => JSON.parse(line));

/** Drawn answers to a question, whose episodes have more turns than the greedy ones. */
const SAMPLES = 3;

/** Beliefs and gains of drawn episodes by the stages of training, each belief by a whole forward pass. */
const trained = (folder: string, preset: NonNullable<TinyRun["preset"]>) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { prepared: { task: { protocol, test }, plan, wave }, layers } = yield* prepareTiny({
      folder,
      preset,
    });
    const wanted = test.questions.flatMap((question) =>
      Array.from({ length: SAMPLES }, (_, sample) => ({ question, sample }))
    );
    const how = { ...plan.config, preset, protocol, wave, step: 0, isGreedy: false };
    const played = answerQuestions(wanted, how);
    const attempts = yield* played.pipe(
      Effect.provideService(Environment, test.environment),
      Effect.provide(layers),
    );
    const step = {
      step: 1,
      questions: test.questions,
      policyVersion: 0,
      groups: attempts.map(({ episode }) => [episode!]),
      dropped: { episodes: 0, groups: 0 },
      uncaught: { count: 0, last: "" },
      lost: [],
      startedMillis: 0,
      rolloutSeconds: 0,
    };
    const steps = yield* Stream.make(step).pipe(
      score({ protocol, gain: preset.gain, passes: "sequential" }),
      reward(preset),
      Stream.runCollect,
      Effect.provide(layers),
    );
    return steps[0]!.groups.flatMap(({ episodes }) => episodes);
  })));

for (const name of ["paper-v2", "igpo-uplift", "igpo-without"]) {
  Deno.test(`evaluate() with beliefs has those that training has with ${name}`, () =>
    inFolder(async (folder) => {
      const preset = PRESETS[name]!;
      const { texts: [answers], table } = await evaluated(folder, {
        recipe: { testBeliefs: true, testSamples: SAMPLES },
        preset,
      });
      const rows = rowsOf(answers!);
      const want = await trained(folder, preset);
      const isProb = preset.gain.measure === "prob";
      rows.forEach(({ beliefs, gains, turns }, i) => {
        const { belief, gain } = want[i]!;
        strictEqual(beliefs!.length, turns);
        assertClose(beliefs!, isProb ? belief.map(Math.exp) : belief, { atol: 1e-6 });
        assertClose(gains!, gain, { atol: 1e-6 });
      });
      ok(rows.some(({ gains }) => gains!.length > 1 && gains!.some((one) => one !== 0)));
      const last = rows.map(({ beliefs }) => beliefs!.at(-1)!);
      const mean = last.reduce((a, b) => a + b) / last.length;
      assertClose([table.all.beliefs!.belief], [mean], { atol: 1e-12 });
    }));
}

Deno.test("evaluate() with beliefs that is stopped goes on, in batches, to the same files", () =>
  inFolder(async (folder) => {
    const { texts } = await evaluated(folder, BELIEFS);
    const path = `${folder}/answers.jsonl`;
    await Deno.writeTextFile(path, texts[0]!.split("\n")[1]! + "\n");
    deepStrictEqual((await evaluated(folder, { ...BELIEFS, ...RESUMED })).texts, texts);
    const drawn = { recipe: { testBeliefs: true, testSamples: SAMPLES } };
    const all = (await evaluated(folder, drawn)).texts;
    deepStrictEqual((await evaluated(folder, { ...drawn, wave: 1 })).texts, all);
    strictEqual(rowsOf(all[0]!).length, 9);
  }));

Deno.test("evaluate() refuses beliefs under a preset without gains", () =>
  inFolder(async (folder) => {
    const said = evaluated(folder, { ...BELIEFS, preset: PRESETS["grpo"]! });
    await rejects(said, /Cannot measure beliefs as the preset must have gains: "grpo" has none/);
  }));

Deno.test("evaluate() has its answers judged, once, and tells how well the judge judges", () =>
  inFolder(async (folder) => {
    // A tiny model seldom answers.
    const drawn = { testSamples: 24 };
    const unjudged = await evaluated(folder, { recipe: drawn });
    const answers = rowsOf(unjudged.texts[0]!);
    const judgable = answers.filter(({ answer }) => (answer ?? "").trim() !== "");
    const odd = judgable[0]!;
    const isOdd = ({ question, answer }: AnswerRow) =>
      question === odd.question && answer === odd.answer;
    // Goes by the length of the prompt, and says nothing on one answer.
    const isRight = (prompt: string) => prompt.length % 3 > 0;
    const { server, asked, url } = serveJudge(({ prompt }) =>
      prompt === judgePrompt(odd) ? "no idea" : `VERDICT: ${isRight(prompt) ? "" : "in"}correct`
    );
    await using _ = server;
    const said: Array<string> = [];
    const judge = { url, model: "m" };
    const how = { recipe: drawn, judge, ...RESUMED };
    const { table, texts } = await evaluated(folder, {
      ...how,
      print: (text) => Effect.sync(() => void said.push(text)),
    });
    const { judged } = table.all;
    const known = answers.filter((row) => !isOdd(row));
    strictEqual(judged!.unjudged, answers.length - known.length);
    ok(judged!.interval[0] < judged!.share && judged!.share < judged!.interval[1]);
    const shares = [...Map.groupBy(known, ({ id }) => id).values()].map((rows) =>
      rows.filter((row) => judgable.includes(row) && isRight(judgePrompt(row))).length / rows.length
    );
    assertClose([judged!.share], [shares.reduce((a, b) => a + b) / shares.length], { atol: 1e-12 });
    match(said.at(-1)!, /^judged +0\.\d+/m);
    const share = String.raw`\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\] of`;
    match(
      said.at(-1)!,
      new RegExp(
        `^Judge m at 127\\.0\\.0\\.1:\\d+: finds right answers right ${share} 20, ` +
          `wrong answers wrong ${share} 28; answers without a verdict: \\d+ no_verdict$`,
        "m",
      ),
    );
    const report = JSON.parse(texts[1]!);
    deepStrictEqual([report.judge.model, report.all.judged], ["m", judged]);
    match(texts[2]!, /,judged,judged_low,judged_high,unjudged\n/);
    strictEqual(texts[0], unjudged.texts[0]);
    // Only the answer without a verdict is asked about again.
    const before = asked.length;
    deepStrictEqual((await evaluated(folder, how)).texts, texts);
    deepStrictEqual(asked.slice(before).map(({ prompt }) => prompt), [judgePrompt(odd)]);
    const without = evaluated(folder, { recipe: drawn, ...RESUMED });
    await rejects(without, /as its answers are judged: name the judge again/);
  }));
