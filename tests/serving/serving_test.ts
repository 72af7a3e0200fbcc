import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, Result, type Scope } from "effect";
import fc from "fast-check";
import { hashString } from "../../src/math/threefry.ts";
import { initialLora, type Lora, loraParametersOf } from "../../src/model/lora.ts";
import { withWeights } from "../../src/model/weight_source.ts";
import type { ModelFolder } from "../../src/pipeline/model_folder.ts";
import { adapterGguf } from "../../src/serving/adapter_gguf.ts";
import { checkServed, openServer } from "../../src/serving/open_server.ts";
import { makeServedPolicy } from "../../src/serving/served_policy.ts";
import { randomValues } from "../support/random_values.ts";
import { PLAIN } from "../support/tiny_policy.ts";
import { inFolder, TINY, tinyModel, tinyTask } from "../support/tiny_run.ts";
import { checkConformance, checkDraws } from "./conformance.ts";
import {
  asLlamaCpp,
  asSglang,
  asVllm,
  type Exchange,
  openModel,
  serveForeign,
} from "./foreign_servers.ts";

const LORA: Lora = {
  rank: 4,
  alpha: 8,
  rankStabilized: false,
  targets: new Set(["q_proj", "up_proj"]),
};
const END = tinyTask.protocol.endOfTurnId;

/** Adapters that change what the model says. */
const strongAdapters = new Map(
  loraParametersOf(TINY, LORA).map(({ name, rows, cols }) => [
    name,
    randomValues(hashString(name), rows * cols, 1),
  ]),
);
const fresh: ModelFolder = {
  ...tinyModel,
  lora: LORA,
  weights: withWeights(tinyModel.weights, initialLora(TINY, LORA, [1, 1])),
};
const PATIENCE = { seconds: 20, retries: 1, waitMillis: 1, bytes: 1_000_000, total: 30 };
const PUBLICATION = { architecture: TINY, base: "base", lora: LORA };

const PROTOCOLS = {
  sglang: () => asSglang,
  vllm: () => asVllm,
  "llama.cpp": (folder: string) => asLlamaCpp(`[policy]\nlora = ${folder}/adapter.gguf\n`, END),
};

/** A served policy beside the local one it is compared with. */
const served = (
  kind: keyof typeof PROTOCOLS,
  folder: string,
  spoil?: Parameters<typeof serveForeign>[2],
) =>
  Effect.gen(function* () {
    const foreign = yield* serveForeign(PROTOCOLS[kind](folder), fresh, spoil);
    const server = yield* openServer(`${kind}:${foreign.origin}`, { folder, patience: PATIENCE });
    const { policy: local, learner } = yield* openModel(fresh);
    const policy = makeServedPolicy({ server, local, vocabulary: TINY.vocabulary });
    return { ...foreign, server, policy, local, learner };
  });

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect));

const request = {
  sequence: "a",
  tokens: Uint32Array.of(5, 6, 7),
  key: [3, 4] as const,
  maxTokens: 9,
};
const OPTIONS = { sampling: PLAIN, stopIds: [END] };

for (const kind of ["sglang", "vllm", "llama.cpp"] as const) {
  Deno.test(`a policy behind ${kind}'s protocol keeps the law of a policy`, () =>
    inFolder((folder) =>
      run(Effect.gen(function* () {
        const { policy, local } = yield* served(kind, folder);
        yield* Effect.promise(() =>
          checkConformance({
            policy,
            local,
            vocabulary: TINY.vocabulary,
            stopIds: [END],
            tolerance: 1e-5,
            runs: 15,
          })
        );
        yield* Effect.promise(() => checkDraws({ policy, local, vocabulary: TINY.vocabulary }));
      }))
    ));
}

Deno.test("no penalty of a server's defaults changes what is drawn", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      for (const kind of ["sglang", "vllm"] as const) {
        const { policy, exchanges } = yield* served(kind, folder);
        yield* policy.generate([request], OPTIONS);
        const { sampling_params } = exchanges.at(-1)!.body as { sampling_params: object };
        const off = { repetition_penalty: 1, frequency_penalty: 0, presence_penalty: 0, top_p: 1 };
        deepStrictEqual({ ...sampling_params, ...off }, sampling_params);
      }
    }))
  ));

Deno.test("the local policy keeps the law of a policy", () =>
  run(Effect.gen(function* () {
    const { policy } = yield* openModel(fresh);
    const law = { vocabulary: TINY.vocabulary, stopIds: [END], tolerance: 1e-5, runs: 15 };
    yield* Effect.promise(() => checkConformance({ policy, local: policy, ...law }));
  })));

for (const kind of ["sglang", "vllm"] as const) {
  Deno.test(`${kind} samples with the adapters that were published last, and forgets those before`, () =>
    inFolder((folder) =>
      run(Effect.gen(function* () {
        const { server, policy, local, learner, exchanges } = yield* served(kind, folder);
        const gap = Effect.gen(function* () {
          const [message] = yield* policy.generate([request], OPTIONS);
          const whole = Uint32Array.of(...request.tokens, ...message!.tokens);
          const position = Uint32Array.from(message!.tokens, (_, i) => 3 + i);
          const [own] = yield* local.logProbs([{ tokens: whole, position }], 1);
          return Math.max(...own!.logProb.map((x, i) => Math.abs(x - message!.logProbs[i]!)));
        });
        const old = yield* learner.weights();
        yield* server.publish({ ...PUBLICATION, version: 0, weights: old });
        ok((yield* gap) < 1e-5);
        yield* learner.adopt({ updates: 1, weights: strongAdapters });
        // The server still has the adapters of before.
        ok((yield* gap) > 1e-2);
        yield* server.publish({ ...PUBLICATION, version: 1, weights: strongAdapters });
        ok((yield* gap) < 1e-5);
        const names = new Set(exchanges.flatMap(({ body }) => body["lora_name"] ?? []));
        strictEqual(names.size, 2);
        deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [[...names][1]]);
      }))
    ));
}

/** What a message is refused for when its answer is spoilt. */
const refusal = (
  kind: keyof typeof PROTOCOLS,
  spoil: (answer: never, exchange: Exchange) => unknown,
) =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      const { policy } = yield* served(kind, folder, spoil as Parameters<typeof serveForeign>[2]);
      const { message } = yield* Effect.flip(
        policy.generate([request], { ...OPTIONS, stopIds: [] }),
      );
      return message;
    }))
  );

interface LlamaAnswer {
  readonly tokens?: ReadonlyArray<number>;
  readonly completion_probabilities: ReadonlyArray<
    { readonly id: number; readonly logprob: number }
  >;
}

Deno.test("a message with strange ids, too many or too few of them, or bad log-probs is refused", async () => {
  const spoilt = (change: (answer: Required<LlamaAnswer>) => unknown) =>
    refusal(
      "llama.cpp",
      (answer: LlamaAnswer, { path }) =>
        path === "/completion" ? change(answer as Required<LlamaAnswer>) : answer,
    );
  match(
    await spoilt((answer) => ({ ...answer, tokens: answer.tokens.map(() => 640) })),
    /^Cannot use a message of llama.cpp at http:\S+ as its ids must be below 640: one is 640$/,
  );
  match(
    await spoilt((answer) => ({
      ...answer,
      tokens: [...answer.tokens, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    })),
    /must have 1 to 9 tokens: it has 1\d$/,
  );
  match(
    await spoilt((answer) => ({
      ...answer,
      tokens: answer.tokens.slice(0, 4),
      stop_type: "limit",
    })),
    /must have 9 tokens or an end: it has 4 without one$/,
  );
  match(
    await spoilt(({ completion_probabilities: rows, ...answer }) => ({
      ...answer,
      completion_probabilities: rows.map((row) => ({ ...row, logprob: 0.5 })),
    })),
    /log-probs must be 0 or below: one is 0.5$/,
  );
  match(
    await refusal(
      "sglang",
      (answer: { meta_info?: { output_token_logprobs: Array<Array<number>> } }) => {
        for (const row of answer.meta_info?.output_token_logprobs ?? []) row[1] = row[1]! + 1;
        return answer;
      },
    ),
    /log-probs must be 0 or below: one is NaN$/,
  );
  match(
    await refusal(
      "vllm",
      (answer: { choices?: Array<{ logprobs: { content: Array<unknown> } }> }) => {
        answer.choices?.at(0)?.logprobs.content.pop();
        return answer;
      },
    ),
    /each of its 9 tokens must have a log-prob: it has 8$/,
  );
});

Deno.test("whatever a server answers is a message that keeps the rules or a sentence", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      let answer: unknown = null;
      for (const kind of ["sglang", "vllm", "llama.cpp"] as const) {
        const { policy } = yield* served(kind, folder, (own, { path }) =>
          path === "/generate" || path === "/completion" || path === "/inference/v1/generate"
            ? answer
            : own);
        const ids = fc.array(fc.oneof(fc.integer({ min: -2, max: 700 }), fc.anything()));
        const answers = fc.oneof(
          fc.jsonValue(),
          fc.record({
            tokens: ids,
            stop_type: fc.constantFrom("eos", "limit"),
            completion_probabilities: fc.array(
              fc.record({ id: fc.nat(700), logprob: fc.double() }),
            ),
          }),
          fc.record({
            choices: fc.array(fc.record({ token_ids: ids, finish_reason: fc.string() })),
          }),
        );
        const law = fc.asyncProperty(answers, async (value) => {
          answer = JSON.parse(JSON.stringify(value) ?? "null");
          const generated = policy.generate([request], OPTIONS);
          const outcome = await Effect.runPromise(Effect.result(generated));
          if (Result.isFailure(outcome)) {
            match(outcome.failure.message, /^Cannot (go on as|use a message of) \S+ at http:\S+ /);
            return;
          }
          const { tokens, logProbs } = outcome.success[0]!;
          ok(
            tokens.length >= 1 && tokens.length <= 9 && tokens.every((id) =>
              id < 640
            ),
          );
          ok(
            logProbs.length === tokens.length && logProbs.every((x) =>
              x <= 1e-3
            ),
          );
        });
        yield* Effect.promise(() => fc.assert(law, { numRuns: 60 }));
      }
    }))
  ));

Deno.test("a llama.cpp that is no router over a model with the run's adapters is refused", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      const presets = ["[policy]\nlora = /elsewhere/adapter.gguf\n", undefined];
      for (const preset of presets) {
        const foreign = yield* serveForeign(asLlamaCpp("", END), fresh, () => ({
          data: [{ id: "policy", ...(preset && { status: { value: "loaded", preset } }) }],
        }));
        const opened = openServer(`llama.cpp:${foreign.origin}`, { folder, patience: PATIENCE });
        const { message } = yield* Effect.flip(opened);
        match(
          message,
          /it must be a router, .* have the line lora = .*adapter.gguf: none of 1 has$/,
        );
        ok(message.includes(`${folder}/adapter.gguf`));
      }
    }))
  ));

Deno.test("a llama.cpp whose model has other ids or cannot be loaded is refused", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      let status: string | null = null;
      const { server } = yield* served("llama.cpp", folder, (answer, { path }) => {
        const [model] = (answer["data"] ?? []) as ReadonlyArray<{ readonly status: object }>;
        if (path !== "/models" || status === null) return answer;
        const changed = { value: status, failed: true };
        const meta = { n_vocab: 32_000, n_ctx: 4096 };
        return { data: [{ ...model, status: { ...model!.status, ...changed }, meta }] };
      });
      status = "unloaded";
      const other = yield* Effect.flip(checkServed(server, fresh, { contextTokens: 128 }));
      match(other.message, /^Cannot sample at llama.cpp at \S+ as its model must have 640 ids/);
      const weights = strongAdapters;
      const lost = yield* Effect.flip(server.publish({ ...PUBLICATION, version: 0, weights }));
      match(
        lost.message,
        /^Cannot go on as model "policy" of \S+ at \S+ must be loaded: it is "unl/,
      );
    }))
  ));

Deno.test("adapters of the family llama are refused for llama.cpp", () => {
  const architecture = { ...TINY, family: "llama" as const };
  const publication = { ...PUBLICATION, architecture, version: 0, weights: strongAdapters };
  const refused = Result.getOrThrow(Result.flip(adapterGguf(publication)));
  match(refused.message, /must be of the family qwen2 or qwen3, .*: it is of llama$/);
});

Deno.test("tokens without a log-prob, as llama.cpp leaves them out, get the trainer's", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      const spoil = (answer: Readonly<Record<string, unknown>>) => {
        const rows = (answer as Partial<LlamaAnswer>).completion_probabilities;
        if (rows === undefined) return answer;
        const { completion_probabilities: _, ...rest } = answer;
        const kept = rows.filter((_, i) => i % 3 === 1);
        // llama.cpp leaves the list out where it would be empty.
        return kept.length === 0 ? rest : { ...rest, completion_probabilities: kept };
      };
      const { policy, local } = yield* served("llama.cpp", folder, spoil);
      const law = { vocabulary: TINY.vocabulary, stopIds: [END], tolerance: 1e-5, runs: 5 };
      yield* Effect.promise(() => checkConformance({ policy, local, ...law }));
    }))
  ));

Deno.test("a server gets the key of POLICY_API_KEY, and no message shows it", () =>
  inFolder((folder) =>
    run(Effect.gen(function* () {
      Deno.env.set("POLICY_API_KEY", "sesame");
      yield* Effect.addFinalizer(() => Effect.sync(() => Deno.env.delete("POLICY_API_KEY")));
      const { policy, exchanges } = yield* served("vllm", folder);
      yield* policy.generate([request], OPTIONS);
      deepStrictEqual(new Set(exchanges.map(({ key }) => key)), new Set(["Bearer sesame"]));
      Deno.env.set("POLICY_API_KEY", "open sesame");
      const { message } = yield* Effect.flip(openServer("vllm:http://127.0.0.1:1", { folder }));
      match(message, /POLICY_API_KEY must hold a key/);
      ok(!message.includes("sesame"));
    }))
  ));

Deno.test("a policy that is no kind and address is refused without showing it", async () => {
  const names = [
    "http://127.0.0.1:1",
    "tgi:http://127.0.0.1:1",
    "vllm:http://a:secret@127.0.0.1:1",
  ];
  for (const name of [...names, "vllm:http://127.0.0.1:1/v1", "vllm:", "sglang:file:///x"]) {
    const { message } = await run(Effect.flip(openServer(name, { folder: "." })));
    match(
      message,
      /^Cannot sample elsewhere as --policy must be one of llama.cpp, sglang, vllm and/,
    );
    ok(!message.includes("secret"));
  }
});
