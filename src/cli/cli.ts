import "./no_async_context.ts";
import { fileURLToPath } from "node:url";
import { Effect } from "effect";
import { Command } from "effect/cli";
import { COLD_START } from "../programs/cold_start.ts";
import { checkReward } from "./check_reward.ts";
import { embeddedModel, readModel } from "./embedded_model.ts";
import { looksAtQueue, trainingOnQueue, withSpans, worker } from "./queue_commands.ts";
import { rollingOut } from "./rollout.ts";
import { indexing, retrieving } from "./index_commands.ts";
import { runCommand } from "./main.ts";
import { compare as compareProgram } from "../programs/compare.ts";
import {
  adapter,
  against,
  asked,
  beliefs,
  config,
  data,
  describe,
  exportOut,
  html,
  judge,
  judgeModel,
  live,
  merge,
  model,
  out,
  players,
  port,
  preset,
  presets,
  profile,
  recipe,
  resume,
  revision,
  room,
  samples,
  seed,
  seeds,
  sources,
  steps,
  viewed,
  world,
  worlds,
} from "./flags.ts";
import { withAbsolutePaths } from "../run/absolute_paths.ts";
import { configure, type RunPlan } from "../run/configure.ts";
import { configureCompare } from "../run/configure_compare.ts";
import { BadInput } from "../domain/errors.ts";
import type {
  CompareFlags,
  EvaluateFlags,
  Flags,
  PretrainFlags,
  TrainFlags,
} from "../domain/flags.ts";
import { creditFlags } from "./credit_flags.ts";
import { credit as creditProgram } from "../programs/credit.ts";
import { data as dataProgram } from "../programs/data.ts";
import { begunOn, evaluate as evaluateProgram } from "../programs/evaluate.ts";
import { exportModel } from "../programs/export.ts";
import { chooseDriver } from "../files/driver.ts";
import { checkWritable } from "../files/run_folder.ts";
import { openScreen } from "../files/screen.ts";
import { openDevice } from "../gpu/device.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { prepare, type Prepared } from "../run/prepare.ts";
import { type CreditFlags, prepareCredit } from "../run/prepare_credit.ts";
import { today } from "../run/today.ts";
import { freshModel, pretrain as pretrainProgram } from "../programs/pretrain.ts";
import { profileTable } from "../report/profile_table.ts";
import { EMBEDDED_MODEL } from "../run/run.ts";
import { layerLearner, layerPolicy, planPolicy } from "../run/layers.ts";
import { machineLines, openMachine } from "../run/machine.ts";
import { loadTask } from "../run/task.ts";
import { teach as teachProgram } from "../programs/teach.ts";
import type { TrainerFlags } from "../programs/train_on_queue.ts";
import { trainServed } from "../programs/train_served.ts";
import { tune as tuneProgram } from "../programs/tune.ts";
import { view as viewProgram } from "../programs/view.ts";

/** When this program started, milliseconds. */
const startedMillis = performance.timeOrigin;

const runTrain = Effect.fnUntraced(
  function* (
    { profile, queue, blobs, serveBlobs, mixed, otlp, ...flags }:
      & TrainFlags
      & { readonly profile: boolean; readonly queue: string | null; readonly otlp: string | null }
      & Omit<TrainerFlags, "queue">,
  ) {
    if (queue === null) {
      yield* refuseWithoutQueue({
        "--blobs": blobs,
        "--serve-blobs": serveBlobs,
        "--mixed": mixed || null,
      });
    }
    const plan = yield* configure("train", flags);
    const prepared = yield* prepare(plan, { embeddedModel, purpose: "train", profile });
    const options = { ...prepared, startedMillis };
    const program = queue !== null
      ? (yield* trainingOnQueue).trainOnQueue({ queue, blobs, serveBlobs, mixed }, options)
      : trainServed(options);
    const { wallSeconds } = yield* program.pipe(
      Effect.provide(layerLearner(prepared, [plan.preset])),
      withSpans(otlp, prepared.screen),
    );
    if (profile) yield* printProfile(prepared, wallSeconds);
  },
  Effect.scoped,
);

/** Refuses flags that would do nothing. */
const refuseWithoutQueue = Effect.fnUntraced(
  function* (flags: Readonly<Record<string, string | true | null>>) {
    for (const [flag, value] of Object.entries(flags)) {
      if (value !== null) {
        return yield* new BadInput({
          message: `Cannot use ${flag} as it needs --queue: there is none`,
        });
      }
    }
  },
);

const printProfile = Effect.fnUntraced(
  function* ({ machine: { profile }, screen }: Pick<Prepared, "machine" | "screen">, wall: number) {
    const text = profile === null
      ? "No profile, as this adapter has no clock for its kernels"
      : profileTable(yield* profile, wall);
    yield* screen.print(`\n${text}`);
  },
);

const embeddedFolder = fileURLToPath(new URL("../../checkpoints", import.meta.url));

const runPretrain = Effect.fnUntraced(function* (flags: PretrainFlags) {
  const plan = yield* configure("pretrain", flags);
  if (plan.config.adapter !== null || plan.config.recipe.lora !== null) {
    return yield* new BadInput({
      message:
        "Cannot pretrain adapters as pretrain teaches all of a model: leave --init-adapter " +
        "and the recipe's lora out",
    });
  }
  if (plan.config.model === null) return yield* pretrainEmbedded(flags, plan);
  const prepared = yield* prepare(plan, { embeddedModel, purpose: "train" });
  yield* teachProgram(prepared).pipe(Effect.provide(layerLearner(prepared, [])));
}, Effect.scoped);

const pretrainEmbedded = Effect.fnUntraced(function* (flags: PretrainFlags, plan: RunPlan) {
  const { seed, device, recipe } = plan.config;
  const screen = yield* openScreen;
  const fresh = yield* Effect.fromResult(freshModel(seed));
  const machine = yield* openMachine(device);
  yield* screen.print(machineLines(machine).join("\n"));
  const folder = flags.out ?? embeddedFolder;
  yield* checkWritable(folder);
  const { beta1, beta2, eps, weightDecay, decayed } = COLD_START.adamw;
  const config = { recipe: { ...recipe, beta1, beta2, adamEps: eps, weightDecay, decayed } };
  const source = { machine, model: fresh.model, config };
  const setup = yield* Effect.fromResult(planPolicy(source, "train"));
  yield* pretrainProgram({ ...fresh, folder, seed, steps: flags.steps, screen }).pipe(
    Effect.provide(layerLearner(setup, [])),
  );
}, Effect.scoped);

const runEvaluate = Effect.fnUntraced(
  function* (
    { against, judge: url, judgeModel, ...flags }:
      & EvaluateFlags
      & Readonly<Record<"against" | "judge" | "judgeModel", string | null>>,
  ) {
    const judge = yield* judgeOf(url, judgeModel);
    const plan = yield* configure("evaluate", flags);
    const date = plan.isResumed ? yield* begunOn(plan.folder) : null;
    const prepared = yield* prepare(plan, {
      embeddedModel,
      purpose: "evaluate",
      isOneRun: false,
      date,
    });
    yield* evaluateProgram({ ...prepared, against, judge }).pipe(
      Effect.provide(layerPolicy(prepared)),
    );
  },
  Effect.scoped,
);

const judgeOf = Effect.fnUntraced(function* (url: string | null, model: string | null) {
  if (url === null && model === null) return null;
  if (url !== null && model !== null) return { url, model };
  const missing = url === null ? "--judge" : "--judge-model";
  return yield* new BadInput({
    message: `Cannot judge answers as --judge and --judge-model must be given together: ` +
      `${missing} is missing`,
  });
});

const runCompare = Effect.fnUntraced(function* (flags: CompareFlags) {
  const plan = yield* configureCompare(flags);
  const { presets } = plan;
  const { config } = plan.worlds[0]!;
  const asked = { ...plan, config, preset: presets[0]! };
  const { date: begun } = plan.written;
  const prepared = yield* prepare(asked, {
    embeddedModel,
    purpose: "train",
    isOneRun: false,
    date: begun,
  });
  const { config: { questionsDigest }, date } = prepared;
  // The first world's configuration has them already, as its files were read.
  const paths = withAbsolutePaths(prepared.config);
  const worlds = yield* Effect.forEach(plan.worlds, ({ name, config: own }, i) => {
    const config = { ...own, ...paths, questionsDigest };
    // `prepare` has loaded the first world's task already.
    const task = i === 0
      ? Effect.succeed(prepared.task)
      : loadTask({ ...prepared, config, purpose: "train" });
    return Effect.map(task, (task) => ({ name, config, task }));
  });
  const written = { ...plan.written, ...paths, questionsDigest, date };
  yield* compareProgram({ ...prepared, plan: { ...plan, written }, worlds }).pipe(
    Effect.provide(layerLearner(prepared, presets)),
  );
}, Effect.scoped);

const train = Command.make(
  "train",
  { out, seed, steps, preset, world, ...sources, ...data, ...room, resume, profile, ...players },
  runTrain,
).pipe(describe("Train a search agent with IGPO or a relative"));

const pretrain = Command.make(
  "pretrain",
  { out, seed, steps, ...sources, ...data, ...room },
  runPretrain,
).pipe(
  Command.withDescription(
    "Make the embedded world's checkpoints, or teach --model the protocol on your questions",
  ),
);

const evaluate = Command.make(
  "evaluate",
  {
    out,
    seed,
    samples,
    beliefs,
    judge,
    judgeModel,
    against,
    preset,
    ...sources,
    ...data,
    ...room,
    resume,
  },
  runEvaluate,
).pipe(describe("Measure a checkpoint on held-out questions"));

const compare = Command.make(
  "compare",
  { out, seed, steps, presets, worlds, seeds, ...sources, ...data, ...room, resume },
  runCompare,
).pipe(
  describe("Train with several presets and the same seeds, and compare"),
);

const runCredit = Effect.fnUntraced(function* (flags: CreditFlags) {
  const job = yield* prepareCredit(flags, { embeddedModel });
  yield* creditProgram(job).pipe(Effect.provide(layerPolicy(job.setup)));
}, Effect.scoped);

const crediting = Command.make("credit", creditFlags, runCredit).pipe(
  describe("Give every turn of logged runs its belief, gain and two other credits"),
);

const runExport = Effect.fnUntraced(
  function* ({ merge, out, ...given }: Pick<Flags, "out" | "model" | "revision" | "adapter"> & {
    readonly merge: boolean;
  }) {
    if (out === null) {
      return yield* new BadInput({
        message: "Cannot export without --out: it names the new folder",
      });
    }
    const { config } = yield* configure("export", given);
    const screen = yield* openScreen;
    const model = yield* withAdapters(yield* readModel(config, screen), config);
    yield* exportModel(model, { base: config.model ?? EMBEDDED_MODEL, merge, out, screen });
  },
);

const exporting = Command.make(
  "export",
  { out: exportOut, model, revision, adapter, merge },
  runExport,
).pipe(
  Command.withDescription("Write an adapter in PEFT's layout, or merged into its model"),
);

const runData = Effect.fnUntraced(function* (
  flags: Pick<Flags, "model" | "revision" | "recipe" | "config"> & { readonly questions: string },
) {
  const { config } = yield* configure("data", flags);
  const screen = yield* openScreen;
  const model = yield* readModel(config, screen);
  yield* dataProgram({ config, model, date: yield* today, screen });
});

const looking = Command.make(
  "data",
  { questions: asked, model, revision, recipe, config },
  runData,
).pipe(
  Command.withDescription("Check questions and show what a run would make of them"),
);

const tune = Command.make("tune", {}, () =>
  Effect.gen(function* () {
    const opened = yield* openDevice({ choice: yield* chooseDriver() });
    yield* tuneProgram(opened, yield* openScreen);
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription("Time the families of kernels on this adapter and keep the fastest"),
  );

const viewing = Command.make(
  "view",
  { paths: viewed, html, isLive: live, port },
  (asked) =>
    Effect.gen(function* () {
      yield* viewProgram({ ...asked, screen: yield* openScreen });
    }),
).pipe(
  Command.withDescription("Show runs on a page: curves, groups, transcripts, and why each number"),
);

const igpo = Command.make("igpo").pipe(
  Command.withDescription("Information gain-based policy optimization of search agents"),
  Command.withSubcommands([
    train,
    pretrain,
    evaluate,
    compare,
    crediting,
    looking,
    exporting,
    rollingOut,
    tune,
    indexing,
    retrieving,
    viewing,
    checkReward,
    worker,
    looksAtQueue,
  ]),
);

if (import.meta.main) runCommand(igpo);
