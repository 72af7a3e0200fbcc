import { Context, Duration, Effect, Layer, type Scope } from "effect";
import type { Action, StepResult } from "../domain/episode.ts";
import { EnvironmentCrashed } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import {
  type OpenTools,
  type RunTool,
  runToolCall,
  type SessionTool,
  type Tool,
  type ToolSpec,
} from "./tool.ts";

/** One episode's view of an environment; it closes with the scope it was opened in. */
export interface Session {
  /** Carries out what the agent asked for: something to read, or the end of the episode. */
  readonly step: (action: Action) => Effect.Effect<StepResult, EnvironmentCrashed>;
}

/** Where an agent acts: it offers tools and opens one session an episode. */
export class Environment extends Context.Service<Environment, {
  readonly tools: ReadonlyArray<ToolSpec>;
  readonly open: (
    question: Question,
  ) => Effect.Effect<Session, EnvironmentCrashed, Scope.Scope>;
}>()("igpo/environment/Environment") {
  /** An environment that consists only of tools. */
  static readonly layerTools = (options: ToolEnvironmentOptions): Layer.Layer<Environment> =>
    Layer.succeed(Environment, makeToolEnvironment(options));
}

/** What an environment made of tools needs. */
export interface ToolEnvironmentOptions {
  readonly tools: ReadonlyArray<Tool | SessionTool>;
  /** How long one call may take before it is interrupted. */
  readonly deadline: Duration.Input;
  /** How many calls of one message run at the same time. */
  readonly concurrency: number;
  /** Grades a final answer; without it the preset's F1 is the outcome. */
  readonly grade?: (
    question: Question,
    answer: string,
  ) => Effect.Effect<number, EnvironmentCrashed>;
}

/**
 * An environment made of tools. Calls of one message run in parallel and their results keep the order of
 * the calls. An answer or a malformed message ends the episode.
 */
export function makeToolEnvironment(options: ToolEnvironmentOptions): Environment["Service"] {
  const open = Effect.fn("Environment.open")(
    function* (question: Question) {
      const tools = new Map<string, RunTool>();
      for (const tool of options.tools) {
        tools.set(tool.spec.name, "open" in tool ? yield* tool.open(question) : tool.run);
      }
      return { step: makeStep(options, question, tools) } satisfies Session;
    },
    crashedAt("open"),
  );
  return Environment.of({ tools: options.tools.map((tool) => tool.spec), open });
}

function makeStep(
  options: ToolEnvironmentOptions,
  question: Question,
  tools: OpenTools,
): Session["step"] {
  const deadline = Duration.fromInputUnsafe(options.deadline);
  return Effect.fn("Environment.step")(
    function* (action: Action): Effect.fn.Return<StepResult, EnvironmentCrashed> {
      switch (action._tag) {
        case "ToolCalls": {
          const results = yield* Effect.forEach(
            action.calls,
            (call) => runToolCall(tools, call, deadline),
            { concurrency: options.concurrency },
          );
          return { _tag: "Observation", results };
        }
        case "Answer": {
          const outcome = options.grade && (yield* options.grade(question, action.text.trim()));
          return { _tag: "End", outcome: outcome ?? null };
        }
        case "Malformed":
          return { _tag: "End", outcome: null };
      }
    },
    crashedAt("step"),
  );
}

/** Turns a defect of the environment into an error that drops one episode, not the run. */
function crashedAt(boundary: string) {
  return <A, R>(effect: Effect.Effect<A, EnvironmentCrashed, R>) =>
    Effect.catchDefect(effect, (defect) =>
      Effect.fail(
        new EnvironmentCrashed({
          boundary: `environment.${boundary}`,
          message: defect instanceof Error ? defect.message : String(defect),
        }),
      ));
}
