import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Flags } from "../domain/flags.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { openScreen, type Screen } from "../files/screen.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import type { OtherCredit } from "../pipeline/trace_credit.ts";
import { configure } from "./configure.ts";
import { machineLines, openMachine } from "./machine.ts";
import { locateModel } from "./model_source.ts";
import { openTraces } from "./open_traces.ts";
import { planCredit, withGains } from "./plan_credit.ts";
import { readModelText } from "./text.ts";
import { today } from "./today.ts";

/** What `./igpo credit` is told. */
export interface CreditFlags extends
  Pick<
    Flags,
    | ("out" | "model" | "revision" | "adapter" | "questions" | "preset")
    | ("config" | "device" | "weights" | "memory")
  > {
  /** File or folder of logs. */
  readonly traces: string;
  /** Most tokens of a transcript. */
  readonly context: number;
  readonly credits: ReadonlyArray<OtherCredit>;
}

/**
 * Reads model and traces once, and plans a policy whose context holds the longest transcript. Whatever cannot work
 * fails here, before a number is computed.
 */
export const prepareCredit = Effect.fn("prepareCredit")(function* (
  { traces, context, credits, out, ...flags }: CreditFlags,
  { embeddedModel }: { readonly embeddedModel: string },
) {
  if (out === null) {
    return yield* new BadInput({
      message: "Cannot credit turns without --out: it names the file of the records",
    });
  }
  const configured = yield* configure("credit", flags);
  const { config } = configured;
  const preset = yield* Effect.fromResult(withGains(configured.preset));
  const screen = yield* openScreen;
  const { model, text } = yield* readScorer(config, { embeddedModel, screen });
  const stream = yield* openTraces(traces, config.questions);
  const machine = openMachine(config.device);
  const source = { model, text, traces: stream, preset, credits, context, config, machine };
  const plan = yield* planCredit(source);
  yield* screen.print(machineLines(plan.setup.machine).join("\n"));
  return { ...plan, screen, traces: stream, out };
});

/** The model that scores, with its tokenizer and protocol. */
const readScorer = Effect.fnUntraced(function* (
  config: RunConfig,
  options: { readonly embeddedModel: string; readonly screen: Screen },
) {
  const { folder } = yield* locateModel(config, options);
  const model = yield* withAdapters(yield* readModelFolder(folder), config);
  const text = yield* readModelText(model, { date: yield* today, tools: [WEB_SEARCH] });
  return { model, text };
});

/** The result of {@link prepareCredit}. */
export type CreditJob = Effect.Success<ReturnType<typeof prepareCredit>>;
