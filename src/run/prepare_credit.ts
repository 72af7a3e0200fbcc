import { Effect, Result } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Flags } from "../domain/flags.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Trace } from "../domain/trace.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { openScreen, type Screen } from "../files/screen.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { type RenderOptions, renderTrace } from "../pipeline/render_trace.ts";
import type { OtherCredit } from "../pipeline/trace_credit.ts";
import type { Protocol } from "../text/protocol.ts";
import { configure } from "./configure.ts";
import { planPolicy } from "./layers.ts";
import { machineLines, openMachine } from "./machine.ts";
import { locateModel } from "./model_source.ts";
import { today } from "./prepare.ts";
import { readModelText } from "./text.ts";
import { openTraces, surveyTraces } from "./trace_survey.ts";

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

/** Tokens of a pass that fills the cache. */
const PASS_TOKENS = 4096;

/** A cache of three rows: for a transcript, for it without a turn, and for it with other results. */
function scoringRecipe(recipe: Recipe, contextTokens: number): Recipe {
  const sizes = { promptsPerStep: 1, groupSize: 3, maxNewTokens: 1 };
  return { ...recipe, ...sizes, contextTokens, microBatchTokens: PASS_TOKENS };
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
  const { config, preset } = yield* configure("credit", flags);
  const { measure } = preset.gain;
  if (measure === "none") {
    return yield* new BadInput({
      message: `Cannot credit turns as the preset must have gains: "${preset.name}" has none`,
    });
  }
  const screen = yield* openScreen;
  const { model, text } = yield* readScorer(config, { embeddedModel, screen });
  const source = yield* openTraces(traces, config.questions);
  const most = Math.min(context, model.architecture.maxPositions);
  const options = { ...text, most };
  const survey = yield* surveyTraces(source, (trace) => tokensOf(trace, options));
  const recipe = scoringRecipe(config.recipe, Math.max(1, survey.longest));
  const machine = yield* openMachine(config.device);
  const asked = { machine, model, config: { ...config, recipe } };
  const setup = yield* Effect.fromResult(planPolicy(asked, "evaluate"));
  yield* screen.print(machineLines(machine).join("\n"));
  return {
    ...{ setup, screen, preset, source, survey, credits, out },
    gain: { ...preset.gain, measure },
    render: (trace: Trace) => renderTrace(trace, renderOptions(trace, options)),
    protocol: text.protocol,
  };
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

type TextOptions = Pick<RenderOptions, "protocol" | "tokenizer"> & { readonly most: number };

function renderOptions({ golds }: Trace, { most, ...text }: TextOptions): RenderOptions {
  return { ...text, room: most - longestProbe(golds ?? [], text.protocol) };
}

function longestProbe(golds: ReadonlyArray<string>, { probe }: Protocol): number {
  return golds.reduce((longest, gold) => Math.max(longest, probe(gold).ids.length), 0);
}

/** Tokens of a transcript, cut where it must be, with its longest probe; 0 for one that cannot be cut enough. */
function tokensOf(trace: Trace, options: TextOptions): number {
  const rendered = renderTrace(trace, renderOptions(trace, options));
  if (Result.isFailure(rendered)) return 0;
  const { prompt, turns } = rendered.success;
  return turns.reduce(
    (sum, { message, observation }) => sum + message.length + observation.length,
    prompt.length + longestProbe(trace.golds!, options.protocol),
  );
}
