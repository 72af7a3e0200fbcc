/** An LLM that says whether answers are right, behind any endpoint of OpenAI's protocol; each verdict is asked for once. */
import { Effect, Result, Schema, type Scope } from "effect";
import { decodeRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { type JudgeItem, NoVerdict, type Verdict } from "../domain/judge.ts";
import { LIMITS } from "../domain/limits.ts";
import { openJsonlWriter, readJsonl } from "../files/jsonl.ts";
import { ask, type Patience } from "./ask.ts";
import { JUDGE_SYSTEM, judgePrompt, PROMPT_VERSION, readVerdict } from "./judge_prompt.ts";
import { checkAllowed, isBareAddress, keyHeader } from "./open.ts";
import { sha256 } from "../math/sha256.ts";

/** A judge, and where its verdicts are kept. */
export interface JudgeOptions {
  /** Base address, as clients of OpenAI's protocol take it: `http://127.0.0.1:8000/v1`. */
  readonly url: string;
  readonly model: string;
  /** JSON Lines file of the verdicts. */
  readonly path: string;
}

/** Called with the number of different answers that are done, and how many there are. */
export type TellJudged = (done: number, total: number) => Effect.Effect<void>;

/** Says for each answer whether it is right. Equal answers are asked about once, answers of nothing never: wrong. */
export type Judge = (
  items: ReadonlyArray<JudgeItem>,
  tell: TellJudged,
) => Effect.Effect<ReadonlyArray<Verdict>, BadInput>;

/** A verdict as a line of the file. */
const Judgement = Schema.Struct({
  /** SHA-256 of endpoint, model, version of the prompt, question, accepted answers and answer. */
  key: Schema.String,
  question: Schema.String,
  answer: Schema.String,
  isCorrect: Schema.Boolean,
});

const Completion = Schema.Struct({
  choices: Schema.Array(
    Schema.Struct({ message: Schema.Struct({ content: Schema.NullOr(Schema.String) }) }),
  ),
});

/** A model may reason for a minute. */
const JUDGE_PATIENCE: Patience = {
  seconds: 60,
  retries: 3,
  waitMillis: 1000,
  bytes: LIMITS.judgeAnswerBytes,
  total: 180,
};

/** Answers that are judged at the same time. */
const AT_A_TIME = 4;

/** Variable of the environment that holds the key; what it holds is written and printed nowhere. */
const KEY = "JUDGE_API_KEY";

/** The judge of these options; its file is open until the scope closes. Asks nothing yet. */
export const openJudge = Effect.fn("openJudge")(function* (
  { url, model, path }: JudgeOptions,
  patience: Patience = JUDGE_PATIENCE,
): Effect.fn.Return<Judge, BadInput, Scope.Scope> {
  const address = yield* addressOf(url);
  const headers = yield* keyHeader("judge", KEY);
  yield* checkAllowed(`judge with "${model}"`, address.host);
  const { append } = yield* openJsonlWriter(path);
  const kept = new Map<string, boolean>();
  for (const { value, row } of yield* readJsonl(path)) {
    const { key, isCorrect } = yield* decodeRecord(Judgement, value, `row ${row} of "${path}"`);
    kept.set(key, isCorrect);
  }
  const askModel = (item: JudgeItem) =>
    ask({
      url: address.href,
      method: "POST",
      headers,
      body: {
        model,
        temperature: 0,
        messages: [
          { role: "system", content: JUDGE_SYSTEM },
          { role: "user", content: judgePrompt(item) },
        ],
      },
      answer: Completion,
    }, patience).pipe(Effect.flatMap(({ choices }) => {
      const verdict = readVerdict(choices[0]?.message.content ?? "");
      if (verdict !== null) return Effect.succeed(verdict);
      return Effect.fail(new NoVerdict({ message: `"${model}" answered without a verdict` }));
    }));
  const judgeOne = Effect.fnUntraced(function* (key: string, item: JudgeItem) {
    const { question } = item;
    const answer = item.answer?.trim() ?? "";
    const known = answer === "" ? false : kept.get(key);
    if (known !== undefined) return Result.succeed(known);
    const verdict = yield* Effect.result(askModel(item));
    if (Result.isFailure(verdict)) return verdict;
    const isCorrect = verdict.success;
    kept.set(key, isCorrect);
    yield* append({ key, question, answer, isCorrect } satisfies typeof Judgement.Type);
    return verdict;
  });
  return Effect.fn("judge")(function* (items, tell) {
    const keys = yield* Effect.forEach(
      items,
      ({ question, golds, answer }) =>
        sha256(JSON.stringify([address.href, model, PROMPT_VERSION, question, golds, answer])),
    );
    const different = new Map(items.map((item, i) => [keys[i]!, item]));
    const verdicts = new Map<string, Verdict>();
    yield* Effect.forEach(
      different,
      ([key, item]) =>
        judgeOne(key, item).pipe(Effect.flatMap((verdict) => {
          verdicts.set(key, verdict);
          return tell(verdicts.size, different.size);
        })),
      { concurrency: AT_A_TIME, discard: true },
    );
    return keys.map((key) => verdicts.get(key)!);
  });
});

function addressOf(url: string): Effect.Effect<URL, BadInput> {
  const address = URL.parse(url);
  if (address === null || !isBareAddress(address)) {
    return Effect.fail(
      new BadInput({
        message: "Cannot judge at this address as it must be one like http://127.0.0.1:8000/v1, " +
          "without a user or a password",
      }),
    );
  }
  const base = address.pathname.replace(/\/+$/, "") || "/v1";
  address.pathname = base.endsWith("/chat/completions") ? base : `${base}/chat/completions`;
  return Effect.succeed(address);
}
