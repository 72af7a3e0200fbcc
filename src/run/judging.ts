import { Effect, Result } from "effect";
import type { AnswerRow } from "../domain/answer_row.ts";
import type { JudgeReport } from "../domain/judge.ts";
import type { Screen } from "../files/screen.ts";
import { certifyJudge } from "../search/certify.ts";
import { openJudge, type TellJudged } from "../search/judge.ts";
import { PROMPT_VERSION } from "../search/judge_prompt.ts";

/** The judge that flags name. */
export interface JudgeFlags {
  readonly url: string;
  readonly model: string;
}

/** File of verdicts in the folder of an evaluation. */
export const JUDGEMENTS_FILE = "judgements.jsonl";

/** What a judge says of answers: those with a verdict, and who said so. */
export interface Judged {
  readonly verdicts: ReadonlyMap<AnswerRow, boolean>;
  readonly report: JudgeReport;
}

/** Opens a judge and certifies it, and answers with a function that judges the answers of an evaluation. */
export const openJudging = Effect.fn("openJudging")(function* (
  { url, model }: JudgeFlags,
  { folder, screen }: { readonly folder: string; readonly screen: Screen },
) {
  const judge = yield* openJudge({ url, model, path: `${folder}/${JUDGEMENTS_FILE}` });
  const tell: TellJudged = (done, total) => screen.showProgress(`judging ${done}/${total} answers`);
  const certificate = yield* certifyJudge(judge, tell);
  return Effect.fn("judgeAnswers")(function* (rows: ReadonlyArray<AnswerRow>) {
    const found = yield* judge(rows, tell);
    const verdicts = new Map<AnswerRow, boolean>();
    const failures: Record<string, number> = {};
    found.forEach((verdict, i) => {
      if (Result.isSuccess(verdict)) return void verdicts.set(rows[i]!, verdict.success);
      const { failure } = verdict;
      const kind = failure._tag === "NoVerdict" ? "no_verdict" : failure.kind;
      failures[kind] = (failures[kind] ?? 0) + 1;
    });
    const { host } = new URL(url);
    const report = { host, model, promptVersion: PROMPT_VERSION, ...certificate, failures };
    return { verdicts, report } satisfies Judged;
  });
});
