/** The tables of docs/scale.md: what a step takes on so many workers, what binds, and what would come next. */
import { Result } from "effect";
import type { COUNTED_FORMS } from "../tests/support/dispatch_counts.ts";
import type { ShapeName } from "./random_model.ts";
import {
  cardCosts,
  drawSteps,
  groupBytes,
  readTokens,
  sampledTokens,
  type Search,
  trainedTokens,
  type TrainingCard,
} from "./scale_costs.ts";
import { simulate, type Simulated, STATES, type World } from "./simulate.ts";

/** What a run is, and what it runs on. */
export interface Setting {
  readonly model: ShapeName;
  readonly weights: typeof COUNTED_FORMS[number];
  readonly card: TrainingCard;
  readonly workers: number;
  /** Groups of a step. */
  readonly groups: number;
  /** Gigabits a second of the trainer's link, each way. */
  readonly gigabits: number;
  readonly search: Search;
  /** Deaths of a worker in an hour. */
  readonly failures: number;
}

/** The paper's step of 32 questions on one H200 a worker, with a search engine of middling speed. */
export const SETTING: Setting = {
  model: "qwen2.5-1.5b",
  weights: "LoRA",
  card: "H200",
  workers: 10,
  groups: 32,
  gigabits: 1,
  search: { medianSeconds: 0.8, tailSeconds: 2.2 },
  failures: 0,
};

const LATENCY_SECONDS = 0.02;

/**
 * What `./igpo bench:jobs` printed for PostgreSQL 15 over TLS (2 cores of an AMD EPYC that other programs used too,
 * 2026-11-30): 75 ms an offer of 50 jobs, 9 to 12 ms a job taken and answered, 0.2 ms a look. A blob was hashed at
 * 1.3 GB/s and written at 1.1 GB/s.
 */
export const MEASURED: Pick<World, "queue" | "blobBytesPerSecond"> = {
  queue: { operationSeconds: 0.005, offerSeconds: 0.0015, lookSeconds: 0.0002 },
  blobBytesPerSecond: 600e6,
};

const STEPS = 5;
const SEED = 1;

const known = new Map<string, ReturnType<typeof cardCosts>>();

/** What a card takes, listed once, since listing the ops of a model takes seconds. */
function costsOf({ model, weights, card }: Setting): ReturnType<typeof cardCosts> {
  const name = [model, weights, card].join();
  const costs = known.get(name) ?? cardCosts(model, weights, card);
  known.set(name, costs);
  return costs;
}

/** The world of a setting. Fails with a sentence where the card is too small. */
export function worldOf(setting: Setting): Result.Result<World, string> {
  const { workers, groups, gigabits, search, failures } = setting;
  return Result.map(costsOf(setting), (costs) => ({
    workers,
    steps: drawSteps({ steps: STEPS, groups, search, seed: SEED }, costs),
    updateSeconds: trainedTokens(groups) * costs.trainSeconds,
    weightsBytes: costs.weightsBytes,
    groupBytes: groupBytes(),
    link: { bytesPerSecond: gigabits * 1e9 / 8, latencySeconds: LATENCY_SECONDS },
    ...MEASURED,
    failuresPerHour: failures,
  }));
}

/** The world in which a part of every group takes no time. */
const without = (world: World, what: "busySeconds" | "waitSeconds"): World => ({
  ...world,
  steps: world.steps.map((groups) => groups.map((group) => ({ ...group, [what]: 0 }))),
});

const FREE_LINK = { bytesPerSecond: 1e18, latencySeconds: 0 };

/** Worlds in which one thing takes no time. */
const RELIEFS: Readonly<Record<string, (world: World) => World>> = {
  update: (world) => ({ ...world, updateSeconds: 0 }),
  card: (world) => without(world, "busySeconds"),
  search: (world) => without(world, "waitSeconds"),
  link: (world) => ({ ...world, link: FREE_LINK }),
  queue: (world) => ({ ...world, queue: { operationSeconds: 0, offerSeconds: 0, lookSeconds: 0 } }),
  hashes: (world) => ({ ...world, blobBytesPerSecond: 1e18 }),
};

/** What binds first: the thing without which a step would be shortest, and the share of the step that it saves. */
export function bindingOf(world: World): { readonly what: string; readonly share: number } {
  const { seconds } = simulate(world, SEED);
  const shares = Object.entries(RELIEFS).map(([what, relieve]) => {
    return { what, share: 1 - simulate(relieve(world), SEED).seconds / seconds };
  });
  return shares.reduce((most, one) => one.share > most.share ? one : most);
}

/** Mean seconds of a part of the steps. */
function mean({ steps }: Simulated, part: keyof Simulated["steps"][number]): number {
  return steps.reduce((sum, step) => sum + step[part], 0) / steps.length;
}

const whole = (seconds: number) => seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0);
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Sizes of the first table. */
const WORKERS = [1, 10, 100, 1000];

/** Models of the first table, in the forms that fit an H200. */
const MODELS = [
  ["qwen2.5-1.5b", "LoRA"],
  ["qwen2.5-1.5b", "full"],
  ["qwen2.5-7b", "LoRA"],
] as const;

/** The columns of {@link costRows}. */
export const COST_HEAD = [
  ...["model", "weights", "weights, MB", "over the link, s", "answers, MB"],
  ...["rollouts, 10^15", "update, 10^15", "group computes, s", "group waits, s"],
];

/** What a step of each model takes: bytes, multiply-adds, and the mean group on an H200. */
export function costRows(): ReadonlyArray<ReadonlyArray<string>> {
  return MODELS.map(([model, weights]) => {
    const setting = { ...SETTING, model, weights };
    const { groups } = setting;
    const world = Result.getOrThrow(worldOf(setting));
    const { sampled, read, trained } = Result.getOrThrow(costsOf(setting)).multiplyAdds;
    const all = world.steps.flat();
    const meanOf = (part: "busySeconds" | "waitSeconds") =>
      all.reduce((sum, group) => sum + group[part], 0) / all.length;
    return [
      model,
      weights,
      (world.weightsBytes / 1e6).toFixed(1),
      (world.weightsBytes / world.link.bytesPerSecond).toFixed(1),
      (groups * world.groupBytes / 1e6).toFixed(1),
      ((sampledTokens(groups) * sampled + readTokens(groups) * read) / 1e15).toFixed(1),
      (trainedTokens(groups) * trained / 1e15).toFixed(1),
      meanOf("busySeconds").toFixed(1),
      meanOf("waitSeconds").toFixed(1),
    ];
  });
}

/** The columns of {@link stepRows}. */
export const STEP_HEAD = [
  ...["model", "weights", "workers", "step, s", "publish, s", "groups, s", "update, s"],
  ...["weights", "card", "search", "idle", "tokens/s", "speed-up", "binds first"],
];

/** A step at each size, for each model. Shares are of the workers' time; speed-up is over the trainer alone. */
export function stepRows(): ReadonlyArray<ReadonlyArray<string>> {
  return MODELS.flatMap(([model, weights]) => {
    const world = Result.getOrThrow(worldOf({ ...SETTING, model, weights }));
    return WORKERS.map((workers) => [model, weights, ...stepCells({ ...world, workers })]);
  });
}

/** The cells of a row from the number of workers on. */
export function stepCells(world: World): ReadonlyArray<string> {
  const found = simulate(world, SEED);
  const alone = simulate({ ...world, workers: 0 }, SEED);
  const all = STATES.reduce((sum, state) => sum + found.workers[state], 0);
  const share = (...states: ReadonlyArray<typeof STATES[number]>) =>
    percent(states.reduce((sum, state) => sum + found.workers[state], 0) / Math.max(1, all));
  const { what, share: saved } = bindingOf(world);
  const groups = world.steps.reduce((sum, { length }) => sum + length, 0);
  return [
    String(world.workers),
    whole(found.seconds / found.steps.length),
    ...(["publishSeconds", "groupsSeconds", "updateSeconds"] as const).map((part) =>
      whole(mean(found, part))
    ),
    ...[share("weights"), share("busy"), share("search")],
    share("idle", "queue", "answer", "dead"),
    (sampledTokens(groups) / found.seconds).toFixed(0),
    (alone.seconds / found.seconds).toFixed(1),
    `${what} ${percent(saved)}`,
  ];
}

/** Settings that differ from {@link SETTING} in one thing. */
const OTHERS: ReadonlyArray<readonly [string, Partial<Setting>]> = [
  ["as above", {}],
  ["link of 100 Mb/s", { gigabits: 0.1 }],
  ["link of 10 Gb/s", { gigabits: 10 }],
  ["full weights", { weights: "full" }],
  ["full weights, link of 10 Gb/s", { weights: "full", gigabits: 10 }],
  ["RTX 4090", { card: "RTX 4090" }],
  ["searches four times as slow", { search: { medianSeconds: 3.2, tailSeconds: 8.8 } }],
  ["a worker dies once an hour", { failures: 1 }],
  ["a worker dies ten times an hour", { failures: 10 }],
  ["1,024 groups a step", { groups: 1024 }],
];

/** Workers of the second and third table. */
const MANY = [10, 100, 1000];

/** The columns of {@link otherRows}. */
export const OTHER_HEAD = ["world", ...MANY.map((n) => `${n} workers, s`), "binds 100 first"];

/** A step of Qwen2.5-1.5B in other worlds. */
export function otherRows(): ReadonlyArray<ReadonlyArray<string>> {
  return OTHERS.map(([name, change]) => {
    const world = Result.getOrThrow(worldOf({ ...SETTING, ...change }));
    const steps = MANY.map((workers) => whole(stepSeconds({ ...world, workers })));
    const { what, share } = bindingOf({ ...world, workers: 100 });
    return [name, ...steps, `${what} ${percent(share)}`];
  });
}

/** The columns of {@link stageRows}. */
export const STAGE_HEAD = [
  ...["model", "workers", "as it is, s", "one step stale, s", "gradient shards, s", "both, s"],
  "both and a free link, s",
];

/**
 * A step by stages. Stale: the next step's groups are played during the update. Shards: the
 * update's passes are jobs too, their gradients come back through the link and are summed; as many shards as are fastest.
 * Free link: what relays would give at best.
 */
export function stageRows(): ReadonlyArray<ReadonlyArray<string>> {
  return MODELS.filter(([, weights]) => weights === "LoRA").flatMap(([model, weights]) => {
    const world = Result.getOrThrow(worldOf({ ...SETTING, model, weights }));
    return MANY.map((workers) => {
      const asIs = { ...world, workers };
      const shards = sharded(asIs);
      const free = sharded({ ...asIs, link: FREE_LINK });
      const seconds = [
        ...[stepSeconds(asIs), overlapped(asIs), stepSeconds(shards)],
        ...[overlapped(shards), overlapped(free)],
      ];
      return [model, String(workers), ...seconds.map(whole)];
    });
  });
}

/** Mean seconds of a step. */
function stepSeconds(world: World): number {
  return simulate(world, SEED).seconds / STEPS;
}

/** A step whose groups are played during the update of the step before, by the trainer too. */
function overlapped(world: World): number {
  const found = simulate(world, SEED);
  const playing = mean(found, "publishSeconds") + mean(found, "groupsSeconds");
  return Math.max(playing, mean(found, "updateSeconds"));
}

/** The world with an update in shards, as many as are fastest. */
export function sharded(world: World): World {
  const each = world.weightsBytes * (1 / world.link.bytesPerSecond + 1 / world.blobBytesPerSecond);
  const secondsOf = (shards: number) => world.updateSeconds / shards + (shards - 1) * each;
  const seconds = Array.from({ length: world.workers + 1 }, (_, i) => secondsOf(i + 1));
  return { ...world, updateSeconds: Math.min(...seconds) };
}
