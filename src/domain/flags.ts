import type { WorldName } from "./question.ts";

/** Where a run computes: `auto`, on an adapter if one is faster than plain loops; `gpu`, on any; `cpu`, on none. */
export const DEVICES = ["auto", "gpu", "cpu"] as const;

/** One of {@link DEVICES}. */
export type Device = typeof DEVICES[number];

/** The flags of all programs; null for a flag that was not given. */
export interface Flags {
  /** Folder of the run. */
  readonly out: string | null;
  readonly seed: number | null;
  /** Steps, in place of the recipe's. */
  readonly steps: number | null;
  /** Answers to each test question, in place of the recipe's `testSamples`. */
  readonly samples: number | null;
  /** Measure beliefs and gains of the answers, in place of the recipe's `testBeliefs`. */
  readonly beliefs: boolean | null;
  /** Name of a preset, or a JSON file with one. */
  readonly preset: string | null;
  /** Which questions of the embedded world are trained on, in place of the recipe's `trainKinds`. */
  readonly world: WorldName | null;
  /** Name of a recipe, or a JSON file with some of its fields. */
  readonly recipe: string | null;
  /** JSON file with some fields of a {@link RunConfig}. */
  readonly config: string | null;
  readonly device: Device | null;
  /** How untrained weights are stored, in place of the recipe's `weightFormat`. */
  readonly weights: string | null;
  /** In place of the recipe's `recompute`. */
  readonly recompute: string | null;
  /** GB of device memory that the run may take. */
  readonly memory: number | null;
  /** Folder of a run to resume. */
  readonly resume: string | null;
  /** Folder of a model or checkpoint, or `ORG/NAME` of the Hugging Face Hub, in place of the embedded one. */
  readonly model: string | null;
  /** Branch, tag or commit of a model of the Hub. */
  readonly revision: string | null;
  /** Folder of adapters to start from. */
  readonly adapter: string | null;
  /** Files of questions, as `A.parquet,B.jsonl*2`, in place of the embedded world's. */
  readonly questions: string | null;
  /** File of documents to search, in place of the embedded world's. */
  readonly corpus: string | null;
  /** Address, service or index to search, in place of documents in memory; `off` for tools that find nothing. */
  readonly search: string | null;
  /** Hosts whose pages the agent may read, or `any`. */
  readonly browse: string | null;
  /** Address or command line of an MCP server. */
  readonly mcp: string | null;
  /** `[MODE:]FILE` in which the calls of engines and tools outside are kept. */
  readonly journal: string | null;
  /** Most queries, or US dollars such as `5usd`. */
  readonly searchBudget: string | null;
  /** US dollars a query. */
  readonly searchPrice: number | null;
  /** Kind and address of the server that samples. */
  readonly policy: string | null;
}

/** Flags of `train`. */
export type TrainFlags = Omit<Flags, "samples" | "beliefs">;

/** Flags of `pretrain`. */
export type PretrainFlags = Omit<
  Flags,
  "samples" | "beliefs" | "preset" | "world" | "resume" | "policy"
>;

/** Flags of `evaluate`. */
export type EvaluateFlags = Omit<Flags, "steps" | "world" | "policy">;

/** Flags of `compare`: every preset is trained in every world with the same seeds. */
export interface CompareFlags
  extends Omit<Flags, "samples" | "beliefs" | "preset" | "world" | "policy"> {
  /** Names or files, at least two unless a comparison is resumed. */
  readonly presets: ReadonlyArray<string>;
  /** Empty for the recipe's training questions. */
  readonly worlds: ReadonlyArray<WorldName>;
  /** Number of seeds, counted up from `seed`. */
  readonly seeds: number | null;
}

/** No flag at all. */
export const NO_FLAGS: Flags = {
  out: null,
  seed: null,
  steps: null,
  samples: null,
  beliefs: null,
  preset: null,
  world: null,
  recipe: null,
  config: null,
  device: null,
  weights: null,
  recompute: null,
  memory: null,
  resume: null,
  model: null,
  revision: null,
  adapter: null,
  questions: null,
  corpus: null,
  search: null,
  browse: null,
  mcp: null,
  journal: null,
  searchBudget: null,
  searchPrice: null,
  policy: null,
};
