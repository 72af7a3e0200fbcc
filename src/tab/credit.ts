/// <reference lib="dom" />
/** Traces of the page's reader, credited as `./igpo credit` does. */
import { Effect, Result, Stream } from "effect";
import { inBytes } from "../domain/bytes.ts";
import { BadInput } from "../domain/errors.ts";
import { RECIPES } from "../domain/recipe.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { resolvePreset } from "../igpo/presets.ts";
import { creditTraces } from "../pipeline/credit_traces.ts";
import { type ModelFiles, modelInMemory } from "../pipeline/model_in_memory.ts";
import { readModel } from "../pipeline/read_model.ts";
import { OTHER_CREDITS } from "../pipeline/trace_credit.ts";
import { importTable, traceTable } from "../report/credit_table.ts";
import { type Machine, openDeviceMachine } from "../run/device_machine.ts";
import { modelText } from "../run/model_text.ts";
import { LONGEST_CONTEXT, planCredit, type PlannedCredit, withGains } from "../run/plan_credit.ts";
import { today } from "../run/today.ts";
import { importFile, refused } from "../traces/import_file.ts";
import type { CreditOptions, CreditTell } from "./credit_messages.ts";
import { type GivenFile, givenFile, givenFolder } from "./given_files.ts";

/** Reads the model, reads the traces once, and plans how they are scored. Whatever cannot work fails here. */
export const planScoring = Effect.fn("planScoring")(function* <E>(
  { preset: name, device, traces, model: given }: CreditOptions,
  builtIn: Effect.Effect<ModelFiles, E>,
) {
  const preset = yield* Effect.fromResult(withGains(yield* resolvePreset(name)));
  const machine = withinBrowser(yield* openDeviceMachine(device));
  if (given !== null) yield* Effect.fromResult(checkSize(given, machine));
  const model = given === null
    ? yield* Effect.fromResult(modelInMemory(yield* builtIn))
    : yield* readModel(givenFolder(given));
  // The page can end this worker, and so a chat template that takes too long.
  const tryTemplate = () => Effect.void;
  const text = yield* modelText(model, { date: yield* today, tools: [WEB_SEARCH], tryTemplate });
  return yield* planCredit({
    ...{ model, text, preset, credits: OTHER_CREDITS, context: LONGEST_CONTEXT },
    traces: importGiven(traces),
    config: { recipe: RECIPES.get("embedded")!, memory: null },
    machine: Effect.succeed(machine),
  });
});

/** Scores traces one by one, and tells what came of each. */
export const scoreTraces = Effect.fn("scoreTraces")(function* (
  plan: PlannedCredit,
  traces: CreditOptions["traces"],
  tell: (told: CreditTell) => void,
) {
  const { counts, refused, total } = plan.survey;
  tell({ kind: "imported", table: importTable(counts, refused) });
  let done = 0;
  let scored = 0;
  yield* importGiven(traces).pipe(
    Stream.filterMap((one) => Result.mapError(one, () => undefined)),
    Stream.tap(({ source }) =>
      Effect.sync(() =>
        tell({ kind: "progress", words: `Scoring trace ${++done} of ${total}: ${source}` })
      )
    ),
    creditTraces(plan),
    Stream.runForEach((record) =>
      Effect.sync(() => {
        scored += Number(record.goldLogProb.length > 0);
        tell({ kind: "credited", trace: traceTable(record, plan.gain.measure) });
      })
    ),
  );
  tell({ kind: "done", words: `${scored} of ${total} traces have numbers` });
});

function importGiven(files: ReadonlyArray<GivenFile>) {
  return Stream.fromIterable(files).pipe(
    Stream.flatMap((one) =>
      READ.test(one.path)
        ? importFile(givenFile(one), one.path)
        : Stream.succeed(refused(one.path, NOT_READ))
    ),
  );
}

const READ = /\.(json|jsonl|ndjson)$/;
const NOT_READ = "a page reads .json, .jsonl and .ndjson alone: ./igpo credit reads other files";

/** GB that are taken for the machine's where its browser does not say. */
const USUAL_GIGABYTES = 4;

/** The machine with what a page may take of its memory: half of it, where models do not lie on a GPU of their own. */
function withinBrowser(machine: Machine): Machine {
  if (machine.adapter.kind === "gpu") return machine;
  // Chromium alone says it, so that TypeScript does not know it.
  const { deviceMemory = USUAL_GIGABYTES } = navigator as { readonly deviceMemory?: number };
  return { ...machine, limits: { ...machine.limits, budget: deviceMemory * 1e9 / 2 } };
}

/** Fails for weights that do not fit, before a file is read. */
function checkSize(
  files: ReadonlyArray<GivenFile>,
  { limits: { budget } }: Machine,
): Result.Result<void, BadInput> {
  const bytes = files.filter(({ path }) => path.endsWith(".safetensors"))
    .reduce((sum, { file }) => sum + file.size, 0);
  if (budget === null || bytes <= budget) return Result.void;
  return Result.fail(
    new BadInput({
      message: `Cannot score with "${givenFolder(files).path}" as its weights must have at most ` +
        `${inBytes(budget)} here, half of what the browser says that there is: they have ${
          inBytes(bytes)
        }`,
    }),
  );
}
