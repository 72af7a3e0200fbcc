import { fileURLToPath } from "node:url";
import {
  Cause,
  Console,
  Effect,
  Exit,
  FileSystem,
  Layer,
  Path,
  Runtime,
  Stdio,
  Terminal,
} from "effect";
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli";
import { ChildProcessSpawner } from "effect/process";
import project from "../../deno.json" with { type: "json" };
import { COLD_START } from "../programs/cold_start.ts";
import { presenter } from "./presenter.ts";
import { compare as compareProgram } from "../programs/compare.ts";
import {
  adapter,
  against,
  asked,
  config,
  data,
  describe,
  exportOut,
  host,
  index,
  indexed,
  indexOut,
  merge,
  model,
  out,
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
  world,
  worlds,
} from "./flags.ts";
import { configure, type RunPlan } from "../run/configure.ts";
import { configureCompare } from "../run/configure_compare.ts";
import { BadInput, BadRows, KernelFailed, NoAdapter, TrainingDiverged } from "../domain/errors.ts";
import type {
  CompareFlags,
  EvaluateFlags,
  Flags,
  PretrainFlags,
  TrainFlags,
} from "../domain/flags.ts";
import { data as dataProgram } from "../programs/data.ts";
import { begunOn, evaluate as evaluateProgram } from "../programs/evaluate.ts";
import { exportModel } from "../programs/export.ts";
import { indexCorpus } from "../programs/index_corpus.ts";
import { retriever as retrieverProgram } from "../programs/retriever.ts";
import { checkWritable } from "../files/run_folder.ts";
import { inert, openScreen } from "../files/screen.ts";
import { openDevice } from "../gpu/device.ts";
import { locateModel } from "../run/model_source.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { prepare, type Prepared, today } from "../run/prepare.ts";
import { freshModel, pretrain as pretrainProgram } from "../programs/pretrain.ts";
import { profileTable } from "../report/profile_table.ts";
import { EMBEDDED_MODEL } from "../run/run.ts";
import { layerLearner, layerPolicy, planPolicy } from "../run/layers.ts";
import { machineLines, openMachine } from "../run/machine.ts";
import { loadTask } from "../run/task.ts";
import { teach as teachProgram } from "../programs/teach.ts";
import { train as trainProgram } from "../programs/train.ts";
import { tune as tuneProgram } from "../programs/tune.ts";

/** Folder of the checkpoint that training starts from by default. */
const embeddedModel = fileURLToPath(new URL("../../checkpoints/spoiled", import.meta.url));

/** When this program started, milliseconds. */
const startedMillis = performance.timeOrigin;

const runTrain = Effect.fnUntraced(
  function* ({ profile, ...flags }: TrainFlags & { readonly profile: boolean }) {
    const plan = yield* configure("train", flags);
    const prepared = yield* prepare(plan, { embeddedModel, purpose: "train", profile });
    const { wallSeconds } = yield* trainProgram({ ...prepared, startedMillis }).pipe(
      Effect.provide(layerLearner(prepared, [plan.preset])),
    );
    if (profile) yield* printProfile(prepared, wallSeconds);
  },
  Effect.scoped,
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
  function* ({ against, ...flags }: EvaluateFlags & { readonly against: string | null }) {
    const plan = yield* configure("evaluate", flags);
    const date = plan.isResumed ? yield* begunOn(plan.folder) : null;
    const prepared = yield* prepare(plan, {
      embeddedModel,
      purpose: "evaluate",
      isOneRun: false,
      date,
    });
    yield* evaluateProgram({ ...prepared, against }).pipe(Effect.provide(layerPolicy(prepared)));
  },
  Effect.scoped,
);

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
  const { config: { revision, questionsDigest }, date } = prepared;
  const worlds = yield* Effect.forEach(plan.worlds, ({ name, config: own }, i) => {
    const config = { ...own, revision, questionsDigest };
    // `prepare` has loaded the first world's task already.
    const task = i === 0
      ? Effect.succeed(prepared.task)
      : loadTask({ ...prepared, config, purpose: "train" });
    return Effect.map(task, (task) => ({ name, config, task }));
  });
  const written = { ...plan.written, revision, questionsDigest, date };
  yield* compareProgram({ ...prepared, plan: { ...plan, written }, worlds }).pipe(
    Effect.provide(layerLearner(prepared, presets)),
  );
}, Effect.scoped);

const train = Command.make(
  "train",
  { out, seed, steps, preset, world, ...sources, ...data, ...room, resume, profile },
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
  { out, seed, samples, against, preset, ...sources, ...data, ...room, resume },
  runEvaluate,
).pipe(describe("Measure a checkpoint on held-out questions"));

const compare = Command.make(
  "compare",
  { out, seed, steps, presets, worlds, seeds, ...sources, ...data, ...room, resume },
  runCompare,
).pipe(
  describe("Train with several presets and the same seeds, and compare"),
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
    const { folder } = yield* locateModel(config, { embeddedModel, screen });
    const model = yield* readModelFolder(folder);
    const base = config.model ?? EMBEDDED_MODEL;
    yield* exportModel(yield* withAdapters(model, config), { base, merge, out, screen });
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
  const { folder } = yield* locateModel(config, { embeddedModel, screen });
  const model = yield* readModelFolder(folder);
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
    yield* tuneProgram(yield* openDevice(), yield* openScreen);
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription("Time the families of kernels on this adapter and keep the fastest"),
  );

const indexing = Command.make(
  "index",
  { corpus: indexed, out: indexOut },
  (asked) =>
    Effect.gen(function* () {
      yield* indexCorpus({ ...asked, screen: yield* openScreen });
    }),
).pipe(
  Command.withDescription("Index documents on disk, for --search and for the retriever"),
);

const retrieving = Command.make(
  "retriever",
  { index, hostname: host, port },
  (asked) =>
    Effect.gen(function* () {
      yield* retrieverProgram({ ...asked, screen: yield* openScreen });
    }),
).pipe(
  Command.withDescription("Serve an index by Search-R1's protocol"),
);

const igpo = Command.make("igpo").pipe(
  Command.withDescription("Information gain-based policy optimization of search agents"),
  Command.withSubcommands([
    train,
    pretrain,
    evaluate,
    compare,
    looking,
    exporting,
    tune,
    indexing,
    retrieving,
  ]),
);

const unused = Effect.die("not a part of this program");

/** The services that effect/cli needs; only flags and help are used. */
const cliPlatform = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Stdio.layerTest({ args: Effect.sync(() => Deno.args) }),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      size: unused,
      readInput: unused,
      readLine: unused,
      display: () => Effect.void,
    }),
  ),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => unused),
  ),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
  CliOutput.layerPresenter(presenter),
);

/** Characters of a sentence that quotes what the user gave, which may be a whole file. */
const LONGEST_SENTENCE = 1000;

/** The sentence for stderr when the user did something wrong, or null for any other cause. */
function badInputOf(cause: Cause.Cause<unknown>): string | null {
  const error = Cause.squash(cause);
  const isBadInput = error instanceof BadInput || error instanceof NoAdapter;
  if (!isBadInput) return null;
  const sentence = error.message.replaceAll(/\s*\n\s*/g, " ");
  return sentence.length <= LONGEST_SENTENCE ? sentence : `${sentence.slice(0, LONGEST_SENTENCE)}…`;
}

const reportFailure = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause);
  if (CliError.isCliError(error) || Cause.hasInterruptsOnly(cause)) return Effect.void;
  const isExpected = error instanceof KernelFailed || error instanceof TrainingDiverged ||
    error instanceof BadRows;
  return Console.error(
    inert(isExpected ? error.message : badInputOf(cause) ?? Cause.pretty(cause)),
  );
};

/** 0 done, 1 failed, 2 bad input, 130 stopped by a signal. */
function exitCodeOf(exit: Exit.Exit<unknown, unknown>): number {
  if (Exit.isSuccess(exit)) return 0;
  if (Cause.hasInterruptsOnly(exit.cause)) return 130;
  const isBadInput = badInputOf(exit.cause) !== null ||
    CliError.isCliError(Cause.squash(exit.cause));
  return isBadInput ? 2 : 1;
}

const encoder = new TextEncoder();

/** Runs the main fiber; a first SIGINT or SIGTERM interrupts it and lets it save, a second one exits at once. */
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  let isStopping = false;
  const stop = () => {
    if (isStopping) Deno.exit(130);
    isStopping = true;
    try {
      Deno.stderr.writeSync(encoder.encode("\nStopping and saving; once more to exit at once\n"));
    } catch {
      // The terminal may be gone.
    }
    fiber.interruptUnsafe(fiber.id);
  };
  const signals: ReadonlyArray<Deno.Signal> = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  fiber.addObserver((exit) => teardown(exit, (code) => Deno.exit(code)));
});

/** A task runs in the project's folder; paths on its command line are of the folder that it was called in. */
function goToCaller(): void {
  const folder = Deno.env.get("INIT_CWD");
  if (folder !== undefined) Deno.chdir(folder);
}

if (import.meta.main) {
  goToCaller();
  const program = Command.runWith(igpo, { version: project.version })(Deno.args).pipe(
    Effect.tapCause(reportFailure),
    Effect.provide(cliPlatform),
  );
  runMain(program, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(exitCodeOf(exit)),
  });
}
