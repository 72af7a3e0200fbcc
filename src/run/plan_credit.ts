import { Effect, Result, type Scope, type Stream } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Trace } from "../domain/trace.ts";
import type { Preset } from "../igpo/preset.ts";
import type { CreditPlan } from "../pipeline/credit_traces.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { type RenderOptions, renderTrace } from "../pipeline/render_trace.ts";
import type { OtherCredit } from "../pipeline/trace_credit.ts";
import type { Protocol } from "../text/protocol.ts";
import type { Imported } from "../traces/import_document.ts";
import type { Machine } from "./device_machine.ts";
import { planPolicy, type PolicySetup } from "./layers.ts";
import { type Survey, surveyTraces } from "./trace_survey.ts";

/** Tokens of the longest transcript, unless another number is asked for or the model knows fewer positions. */
export const LONGEST_CONTEXT = 32768;

/** What credits are computed from. */
export interface CreditSource<E> {
  readonly model: ModelFolder;
  readonly text: Pick<RenderOptions, "protocol" | "tokenizer">;
  readonly traces: Stream.Stream<Imported, BadInput>;
  readonly preset: GainPreset;
  readonly credits: ReadonlyArray<OtherCredit>;
  /** Most tokens of a transcript. */
  readonly context: number;
  readonly config: Pick<RunConfig, "recipe" | "memory">;
  /** Opened once the traces are known to be some. */
  readonly machine: Effect.Effect<Machine, E, Scope.Scope>;
}

/** A preset with gains. */
export type GainPreset = Preset & { readonly gain: CreditPlan["gain"] };

/** The same preset, or why no turn can be credited with it. */
export function withGains(preset: Preset): Result.Result<GainPreset, BadInput> {
  const { name, gain } = preset;
  if (gain.measure === "none") {
    return Result.fail(
      new BadInput({
        message: `Cannot credit turns as the preset must have gains: "${name}" has none`,
      }),
    );
  }
  return Result.succeed({ ...preset, gain: { ...gain, measure: gain.measure } });
}

/** Credits that can be computed, and what computes them. */
export interface PlannedCredit extends CreditPlan {
  readonly setup: PolicySetup;
  readonly survey: Survey;
}

/**
 * Reads the traces once, and plans a policy whose context holds the longest transcript. Whatever cannot work fails here,
 * before a number is computed.
 */
export const planCredit = Effect.fn("planCredit")(function* <E>(source: CreditSource<E>) {
  const { model, text, traces, preset, credits, config } = source;
  const most = Math.min(source.context, model.architecture.maxPositions);
  const options = { ...text, most };
  const survey = yield* surveyTraces(traces, (trace) => tokensOf(trace, options));
  const recipe = scoringRecipe(config.recipe, Math.max(1, survey.longest));
  const asked = { machine: yield* source.machine, model, config: { ...config, recipe } };
  const setup = yield* Effect.fromResult(planPolicy(asked, "evaluate"));
  return {
    ...{ setup, survey, preset, credits },
    gain: preset.gain,
    pool: survey.pool,
    render: (trace: Trace) => renderTrace(trace, renderOptions(trace, options)),
    protocol: text.protocol,
  } satisfies PlannedCredit;
});

/** Tokens of a pass that fills the cache. */
const PASS_TOKENS = 4096;

/** A cache of three rows: for a transcript, for it without a turn, and for it with other results. */
function scoringRecipe(recipe: Recipe, contextTokens: number): Recipe {
  const sizes = { promptsPerStep: 1, groupSize: 3, maxNewTokens: 1 };
  return { ...recipe, ...sizes, contextTokens, microBatchTokens: PASS_TOKENS };
}

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
