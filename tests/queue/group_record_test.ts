import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Result } from "effect";
import type { ScoredEpisode } from "../../src/domain/batch.ts";
import { decodeGroup, encodeGroup, type PlayedGroup } from "../../src/queue/group_record.ts";
import { type Job, jobId } from "../../src/queue/job.ts";

const NO_BLOB = { sha256: "0".repeat(64), bytes: 0 };
const question = { id: "q/1", text: "Who?", golds: ["Ann", "Anne"], kind: "1-hop" };
const job: Job = { run: NO_BLOB, weights: NO_BLOB, updates: 6, step: 7, question };
const bounds = { groupSize: 3, contextTokens: 8, vocabulary: 10 };

/** Arguments as deep as JSON may be. */
let deep: unknown = 1;
for (let i = 0; i < 99; i++) deep = [deep];

const call = { name: "web_search", arguments: { query: ["\ud800 half a character", deep] } };

function episode(sample: number): ScoredEpisode {
  return {
    id: `7/q/1/${sample}`,
    question,
    step: 7,
    sample,
    policyVersion: 6,
    tokens: Uint32Array.of(1, 9, 0, 4),
    spans: [
      { kind: "prompt", turn: -1, start: 0, end: 1 },
      { kind: "action", turn: 0, start: 1, end: 2 },
      { kind: "observation", turn: 0, start: 2, end: 3 },
      { kind: "action", turn: 1, start: 3, end: 4 },
    ],
    // Numbers that text would lose.
    behaviourLogProb: Float64Array.of(-0, -0.1 - 2 ** -55, -Infinity, NaN),
    promptBoundary: 1,
    turns: [
      {
        action: { _tag: "ToolCalls", calls: [call] },
        results: [{ call, content: "é\n", failure: "late", seconds: 0.25 }],
        boundary: 3,
      },
      { action: { _tag: "Answer", text: " Ann" }, results: [], boundary: 4 },
    ],
    ending: "answered",
    answer: "Ann",
    environmentOutcome: null,
    seconds: { generate: 0.5, tools: 0.25 },
    belief: Float64Array.of(-1.5, -0.5),
    without: new Float64Array(0),
    goldLogProb: [Float64Array.of(-1, -2), Float64Array.of(-0.5)],
  };
}

const group: PlayedGroup = {
  groups: [[episode(0), episode(2)]],
  dropped: { episodes: 1, groups: 0 },
  lost: [{ id: "7/q/1/1", question, sample: 1, reason: "it broke" }],
  uncaught: { count: 2, last: "too late" },
  scoredTokens: 12,
  rolloutSeconds: 1.5,
  scoreSeconds: 0.5,
};

const decode = (bytes: Uint8Array) =>
  Effect.runSync(Effect.result(decodeGroup(bytes, job, bounds)));

Deno.test("a played group comes back bit by bit", () => {
  const bytes = Effect.runSync(encodeGroup(group));
  const back = Result.getOrThrow(decode(bytes));
  deepStrictEqual(back, group);
  ok(Object.is(back.groups[0]![0]!.behaviourLogProb[0], -0));
});

Deno.test("a group that was dropped comes back with the reasons", () => {
  const lost = [0, 1, 2].map((sample) => ({ id: `7/q/1/${sample}`, question, sample, reason: "" }));
  const none = { ...group, groups: [], lost, dropped: { episodes: 2, groups: 1 } };
  deepStrictEqual(Result.getOrThrow(decode(Effect.runSync(encodeGroup(none)))), none);
});

const forged: ReadonlyArray<readonly [string, (one: ScoredEpisode) => ScoredEpisode, RegExp]> = [
  ["of another step", (one) => ({ ...one, id: "8/q/1/0" }), /those of its samples in order/],
  ["of a sample too many", (one) => ({ ...one, sample: 3 }), /those of its samples in order/],
  [
    "with a token out of the vocabulary",
    (one) => ({ ...one, tokens: Uint32Array.of(1, 10, 0, 4) }),
    /must have tokens below 10: one is 10$/,
  ],
  [
    "with more tokens than log-probs",
    (one) => ({ ...one, tokens: Uint32Array.of(1, 9, 0, 4, 5) }),
    /must have 1 to 8 tokens, each with a log-prob: it has 5$/,
  ],
  [
    "with a gap",
    (one) => ({ ...one, spans: one.spans.slice(1) }),
    /spans .* must cover its tokens/,
  ],
  [
    "with a boundary beyond its end",
    (one) => ({ ...one, promptBoundary: 5 }),
    /boundaries .* must rise to its end/,
  ],
];

for (const [what, change, sentence] of forged) {
  Deno.test(`an episode ${what} is refused`, () => {
    const other = { ...group, groups: [[change(episode(0)), episode(2)]] };
    const found = decode(Effect.runSync(encodeGroup(other)));
    match(Result.isFailure(found) ? found.failure.message : "", sentence);
  });
}

Deno.test("an answer that is no group is refused in one sentence", () => {
  const sentenceOf = (text: string) => {
    const found = decode(new TextEncoder().encode(text));
    return Result.isFailure(found) ? found.failure.message : "";
  };
  match(sentenceOf("{"), /^Cannot read a played group as it must be JSON$/);
  match(sentenceOf("{}"), /^Cannot read a played group as field "episodes" is missing$/);
  const short = { ...group, lost: [] };
  const bytes = Effect.runSync(encodeGroup(short));
  match(sentenceOf(new TextDecoder().decode(bytes)), /for each of 3 samples: it has 2$/);
});

Deno.test("a job's name depends on each of its fields", () => {
  const other = { sha256: "1".repeat(64), bytes: 0 };
  const jobs: ReadonlyArray<Job> = [
    job,
    { ...job, run: other },
    { ...job, weights: other },
    { ...job, updates: 7 },
    { ...job, step: 8 },
    ...(["id", "text", "kind"] as const).map((field) => ({
      ...job,
      question: { ...question, [field]: "other" },
    })),
    { ...job, question: { ...question, golds: ["Ann"] } },
    { ...job, question: { ...question, weight: 2 } },
  ];
  strictEqual(new Set(jobs.map(jobId)).size, jobs.length);
  strictEqual(jobId({ ...job }), jobId(job));
});
