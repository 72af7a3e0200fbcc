/** The flags of the command line. */
import { Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { DEFAULT_PRESET, DEFAULT_RECIPE } from "../domain/config.ts";
import { DEVICES } from "../domain/flags.ts";
import { type WorldName, WORLDS } from "../domain/question.ts";
import { RECIPES, RECOMPUTES, WEIGHT_FORMATS } from "../domain/recipe.ts";
import { PRESETS } from "../igpo/presets.ts";
import { wrap } from "../report/style.ts";

const orNull = <A>(flag: Flag.Flag<A>): Flag.Flag<A | null> =>
  Flag.optional(flag).pipe(Flag.map(Option.getOrNull));

/** A flag of text, null where it is not given. */
export const text = (name: string, kind: string, description: string): Flag.Flag<string | null> =>
  orNull(
    Flag.String(name).pipe(
      Flag.filter((value) => value !== "", () => kind),
      Flag.withMetavar(kind),
      Flag.withDescription(description),
    ),
  );

const count = (name: string, description: string) =>
  orNull(
    Flag.Int(name).pipe(
      Flag.filter((value) => value >= 0, (value) => `Expected 0 or more, got ${value}`),
      Flag.withMetavar("N"),
      Flag.withDescription(description),
    ),
  );

/** Whether a flag without a value is given. */
export const given = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.optional(Flag.Boolean(name)).pipe(
    Flag.withDescription(description),
    Flag.map(Option.getOrElse(() => false)),
  );

const presetNames = `Presets: ${Object.keys(PRESETS).join(", ")}`;
const recipeNames = [...RECIPES.keys()].join(", ");

/** Describes a program. Its own help page also lists the presets. */
export const describe = (does: string) =>
<Name extends string, Input, Context, E, R>(
  command: Command.Command<Name, Input, Context, E, R>,
) =>
  command.pipe(
    Command.withShortDescription(does),
    Command.withDescription([does, "", ...wrap(presetNames, 76)].join("\n  ")),
  );

/** Folder of the run. */
export const out = text("out", "DIR", "Folder of the run (default runs/PROGRAM-TIME)");
/** Seed of every draw. */
export const seed = count("seed", "Seed of every random draw (default 0)");
/** Number of steps of rollout and update, or of updates in programs that imitate. */
export const steps = count("steps", "Steps of rollout and update (default: the recipe's)");
/** Answers to each test question. */
export const samples = count(
  "samples",
  "Answers to each question: one is greedy (default), several are drawn",
);
/** Address of an LLM judge, and its name there. */
export const judge = text(
  "judge",
  "URL",
  "LLM that judges the answers: base address of OpenAI's protocol; JUDGE_API_KEY holds its key, if any",
);
/** The name of the judge at its address. */
export const judgeModel = text("judge-model", "NAME", "Name of the model that judges");
/** Whether beliefs of answers are measured. */
export const beliefs = orNull(
  Flag.Boolean("beliefs").pipe(
    Flag.withDescription("Measure the belief in the right answer and the gain of each turn too"),
  ),
);
/** Folder of another evaluation. */
export const against = text("against", "DIR", "Folder of another evaluation, to compare with");
/** The preset, which is the algorithm. */
export const preset = text(
  "preset",
  "NAME|FILE",
  `Algorithm: a preset or a JSON file (default ${DEFAULT_PRESET})`,
);
/** Sizes and the optimiser. */
export const recipe = text(
  "recipe",
  "NAME|FILE",
  `Sizes: ${recipeNames} or a JSON file (default ${DEFAULT_RECIPE})`,
);
/** File of a configuration. */
export const config = text("config", "FILE", "JSON file with any part of the configuration");
/** Where a program computes. */
export const device = orNull(
  Flag.Literals("device", DEVICES).pipe(
    Flag.withDescription("Default auto, the best there is"),
  ),
);
const worldNames = Object.keys(WORLDS) as ReadonlyArray<WorldName>; // keys of a constant
/** Which questions of the embedded world are trained on. */
export const world = orNull(
  Flag.Literals("world", worldNames).pipe(
    Flag.withDescription(
      "Training questions of the embedded world: all kinds, chains of two and three " +
        "relations, or of three only (default: the recipe's)",
    ),
  ),
);
/** The server that samples. */
export const policy = text(
  "policy",
  "KIND:URL",
  "Server that samples: llama.cpp, sglang or vllm, a colon and its address; POLICY_API_KEY holds its key, if any",
);
/** Folder of a stopped run. */
export const resume = text("resume", "DIR", "Folder of a stopped run to go on with");
/** A model. */
export const model = text(
  "model",
  "DIR|ORG/NAME",
  "Folder of a model or checkpoint, or one of the Hugging Face Hub (default: the embedded one)",
);
/** Branch, tag or commit of a model of the Hub. */
export const revision = text("revision", "REV", "Branch, tag or commit of ORG/NAME (default main)");
/** Folder of adapters. */
export const adapter = text("init-adapter", "DIR", "Adapter to start from, as PEFT writes them");
/** Files of questions. */
export const questions = text(
  "questions",
  "FILE[*N],FILE[*N]",
  "Questions; those of FILE*2 are trained on twice as often (default: the embedded world's)",
);
const corpus = text("corpus", "FILE", "Documents to search (default: the embedded world's)");

/** Whether kernels are timed. */
export const profile = given(
  "profile",
  "Time every kernel and show where the time went; makes the run slower",
);

const search = text(
  "search",
  "URL|NAME|FILE",
  "Search engine: an address of Search-R1's protocol, serper, tavily, brave, or an index; off: tools find nothing",
);

const journal = text(
  "journal",
  "[MODE:]FILE",
  "Keep each call outside and its answer; record: also failures, replay: call nothing (default auto)",
);

const browse = text(
  "browse",
  "HOST,…|any",
  "Let the agent read pages of these hosts, such as *.wikipedia.org",
);

const mcp = text(
  "mcp",
  "URL|COMMAND",
  "Give the agent the tools of an MCP server, such as 'npx -y NAME'",
);

const searchBudget = text(
  "search-budget",
  "N|Nusd",
  "Queries, or US dollars, until the program ends; what the journal answers costs nothing",
);

const searchPrice = orNull(
  Flag.String("search-price").pipe(
    Flag.filter((value) => Number(value) > 0, () => "a number above 0, such as 0.001"),
    Flag.map(Number),
    Flag.withMetavar("USD"),
    Flag.withDescription("What a query costs, for the report and the budget"),
  ),
);

/** Model, adapter and data of a program. */
export const data = {
  model,
  revision,
  adapter,
  questions,
  corpus,
  search,
  browse,
  mcp,
  journal,
  searchBudget,
  searchPrice,
};
const QUEUE = "sqlite:FILE|postgres://…";
const queue = text("queue", QUEUE, "Let workers help, by a queue in this database");
const blobs = text(
  "blobs",
  "DIR",
  "Folder that trainer and workers share, or that the trainer serves (default FILE.blobs)",
);
const serveBlobs = text(
  "serve-blobs",
  "HOST:PORT",
  "Let workers that share no folder get and put blobs here; BLOBS_SECRET holds their secret",
);
const otlp = text(
  "otlp",
  "URL",
  "Export spans of steps and jobs to an OpenTelemetry collector, such as http://127.0.0.1:4318",
);
const mixed = given(
  "mixed",
  "Let workers of other adapters help too; the run is then not that of one process to the byte",
);
/** Who plays episodes for a run: a server that samples, or workers of a queue with the blobs that they share. */
export const players = { policy, queue, blobs, serveBlobs, mixed, otlp };
/** The queue that is looked at. */
export const queueFlags = {
  queue: Flag.String("queue").pipe(
    Flag.withMetavar(QUEUE),
    Flag.withDescription("Queue that ./igpo train was given"),
  ),
};
/** The queue that a worker serves. */
export const workerFlags = {
  ...queueFlags,
  blobs: text(
    "blobs",
    "DIR|URL",
    "The trainer's folder, or http://HOST:PORT of its --serve-blobs (default FILE.blobs)",
  ),
  otlp,
};
/** The questions that are looked at. */
export const asked = Argument.String("questions").pipe(
  Argument.withDescription("FILE[*N],FILE[*N]: .jsonl, .jsonl.gz or .parquet, with weights"),
);
/** The corpus that is indexed. */
export const indexed = Argument.String("corpus").pipe(
  Argument.withDescription("Documents: .jsonl, .jsonl.gz or .parquet"),
);
/** File of a new index. */
export const indexOut = text("out", "FILE", "File of the index");
/** An index that is served. */
export const index = Flag.String("index").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Index that ./igpo index made"),
);
/** Where an index is served. */
export const host = Flag.Literals("host", ["127.0.0.1", "0.0.0.0"]).pipe(
  Flag.withDescription("127.0.0.1 for this machine alone (default), 0.0.0.0 for its network"),
  Flag.withDefault("127.0.0.1" as const),
);
/** The port of it. */
export const port = Flag.Int("port").pipe(
  Flag.filter((value) => value >= 0 && value < 65536, (value) => `Expected a port, got ${value}`),
  Flag.withDescription("Port to listen on (default 8001)"),
  Flag.withDefault(8001),
);
/** What a page shows. */
export const viewed = Argument.String("runs").pipe(
  Argument.withDescription("Folders of runs or of comparisons, or .jsonl files of scored traces"),
  Argument.variadic({ min: 1 }),
);
/** File of a page that opens from disk. */
export const html = text("html", "FILE", "Write one page that opens from disk, and serve nothing");
/** Whether a page follows its runs. */
export const live = Flag.optional(Flag.Boolean("live")).pipe(
  Flag.withDescription("Follow runs that are under way"),
  Flag.map(Option.getOrElse(() => false)),
);
/** Recipe, configuration file and device of a program. */
export const sources = { recipe, config, device };

/** How a base is stored. */
export const weights = orNull(
  Flag.Literals("weights", ["auto", ...WEIGHT_FORMATS]).pipe(
    Flag.withDescription("How a base that is not trained is stored (default auto, as its files)"),
  ),
);
const recompute = orNull(
  Flag.Literals("recompute", ["auto", ...RECOMPUTES]).pipe(
    Flag.withDescription("What is computed twice to save memory (default auto, what fits)"),
  ),
);
/** Device memory of a program. */
export const memory = orNull(
  Flag.Finite("memory").pipe(
    Flag.filter((value) => value > 0, (value) => `Expected more than 0, got ${value}`),
    Flag.withMetavar("GB"),
    Flag.withDescription("Device memory that the run may take (default: all, where it is known)"),
  ),
);
/** How a run fits into memory. */
export const room = { weights, recompute, memory };

/** What a worker decides, whatever the run was given. */
export const ownFlags = {
  device,
  memory,
  model,
  revision,
  adapter,
  corpus,
  search,
  browse,
  mcp,
  journal,
};

/** The parts between commas. */
export function listed(list: string): ReadonlyArray<string> {
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** The worlds of these names; none where a name is unknown or repeated, or where there is no name. */
function asWorlds(names: ReadonlyArray<string>): Option.Option<ReadonlyArray<WorldName>> {
  const worlds = worldNames.filter((name) => names.includes(name));
  return worlds.length > 0 && worlds.length === names.length ? Option.some(worlds) : Option.none();
}

/** The presets to compare. */
export const presets = Flag.String("presets").pipe(
  Flag.map(listed),
  Flag.map((names) => names.join() === "all" ? Object.keys(PRESETS) : names),
  Flag.withMetavar("NAME,NAME"),
  Flag.withDescription("Two or more presets or JSON files, the first to compare with, or all"),
  Flag.withDefault([]),
);
/** The worlds to compare them on. */
export const worlds = Flag.String("world").pipe(
  Flag.map(listed),
  Flag.filterMap(
    asWorlds,
    (names) => `Expected different names out of ${worldNames.join(", ")}, got ${names}`,
  ),
  Flag.withMetavar("NAME,NAME"),
  Flag.withDescription(
    `Training questions of the embedded world: ${worldNames.join(", ")} (default: the recipe's)`,
  ),
  Flag.withDefault([]),
);
/** The number of seeds to compare. */
export const seeds = Flag.Int("seeds").pipe(
  Flag.filter((value) => value >= 1, (value) => `Expected 1 or more, got ${value}`),
  Flag.withMetavar("N"),
  Flag.withDescription("Number of seeds, counted up from --seed (default 3)"),
  orNull,
);

/** Whether an export merges the adapters into their model. */
export const merge = given("merge", "Write the whole model with its adapters added in");

/** Folder that an export makes. Unlike `out` it has no default, so it is a flag of its own. */
export const exportOut = text("out", "DIR", "New folder to write to");
