/** What the page shows of a run, read from its folder while it may still be written. */
import { Effect, Result } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { inBytes } from "../domain/bytes.ts";
import { decodeEpisode, type EpisodeRecord } from "../domain/episode_record.ts";
import { parseJson } from "../domain/json.ts";
import { fileReason, pathExists } from "../files/disk.ts";
import { readJsonFile } from "../files/json_file.ts";
import { episodesPath, listEpisodes } from "../files/run_episodes.ts";
import { CONFIG_FILE } from "../files/run_folder.ts";
import type { Preset } from "../igpo/preset.ts";
import { resolvePreset } from "../igpo/presets.ts";
import type { PageEvaluation, PageRun } from "../page/data.ts";
import { METRICS_FILE } from "../report/metrics.ts";

/** Most bytes of a file that are read. */
const MOST_BYTES = 512_000_000;

/** A folder of a run, or a file of scored traces. */
export interface Viewed {
  readonly path: string;
  readonly name: string;
  readonly kind: "run" | "traces";
}

/** What paths of the command line name; a folder that holds several runs, as a comparison does, names them all. */
export const findRuns = Effect.fn("findRuns")(function* (paths: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(paths, findBelow);
  return nameApart(found.flat());
});

const findBelow = Effect.fnUntraced(function* (
  path: string,
): Effect.fn.Return<ReadonlyArray<Omit<Viewed, "name">>, BadInput> {
  if (path.endsWith(".jsonl")) {
    if (yield* pathExists(path)) return [{ path, kind: "traces" }];
    return yield* new BadInput({ message: `Cannot view "${path}": there is no such file` });
  }
  const runs = yield* runsBelow(path.replace(/(?<=.)\/+$/, ""), 0);
  if (runs.length > 0) return runs.map((run) => ({ path: run, kind: "run" }));
  return yield* new BadInput({
    message:
      `Cannot view "${path}" as it must be the folder of a run, or a .jsonl file of scored ` +
      `traces: there is no ${METRICS_FILE} in it`,
  });
});

/** A comparison's folder holds folders of worlds, which hold those of runs. */
const DEEPEST = 2;

const runsBelow = Effect.fnUntraced(function* (
  folder: string,
  depth: number,
): Effect.fn.Return<ReadonlyArray<string>> {
  if (yield* pathExists(`${folder}/${METRICS_FILE}`)) return [folder];
  if (depth === DEEPEST) return [];
  const names = yield* Effect.promise(() =>
    Array.fromAsync(Deno.readDir(folder)).then(
      (entries) => entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort(),
      () => [],
    )
  );
  const below = yield* Effect.forEach(
    names,
    (name): Effect.Effect<ReadonlyArray<string>> => runsBelow(`${folder}/${name}`, depth + 1),
  );
  return below.flat();
});

/** Names runs by the last parts of their paths, as many as tell them apart. */
function nameApart(found: ReadonlyArray<Omit<Viewed, "name">>): ReadonlyArray<Viewed> {
  const nameOf = (path: string, parts: number) => path.split("/").slice(-parts).join("/");
  const apart = [1, 2, 3].find((parts) =>
    new Set(found.map(({ path }) => nameOf(path, parts))).size === found.length
  );
  return found.map((one) => ({ ...one, name: nameOf(one.path, apart ?? 99) }));
}

/** What the page shows of a run, but for its episodes. Whatever cannot be read becomes a note. */
export const readRun = Effect.fn("readRun")(function* ({ path, name, kind }: Viewed) {
  if (kind === "traces") {
    const { size } = yield* Effect.promise(() => Deno.stat(path).catch(() => ({ size: 0 })));
    return {
      ...NOTHING,
      name,
      series: name,
      kept: [{ step: 0, bytes: size }],
    } satisfies PageRun;
  }
  const configured = yield* Effect.result(readConfig(path));
  const { lines, notes } = yield* readLines(`${path}/${METRICS_FILE}`);
  const kept = yield* Effect.result(listEpisodes(path));
  const rows = lines.map(({ value }) => value).filter(isRecord);
  const isStep = (row: Readonly<Record<string, unknown>>): row is PageRun["metrics"][number] =>
    row["type"] === "step" && typeof row["step"] === "number";
  return {
    ...NOTHING,
    name,
    series: name,
    ...Result.getOrElse(configured, () => ({})),
    metrics: rows.filter(isStep),
    evaluations: rows.filter((row) => row["type"] === "evaluation").flatMap(evaluationOf),
    kept: Result.getOrElse(kept, () => []),
    notes: [
      ...failureOf(configured),
      ...failureOf(kept),
      ...notes,
    ],
  } satisfies PageRun;
});

function failureOf(result: Result.Result<unknown, BadInput>): ReadonlyArray<string> {
  return Result.isFailure(result) ? [result.failure.message] : [];
}

const NOTHING = {
  seed: null,
  preset: null,
  steps: null,
  contextTokens: 0,
  metrics: [],
  evaluations: [],
  notes: [],
};

const readConfig = Effect.fnUntraced(function* (path: string) {
  const config = yield* readJsonFile(`${path}/${CONFIG_FILE}`, "the configuration of a run");
  const fields = isRecord(config) ? config : {};
  const recipe = isRecord(fields["recipe"]) ? fields["recipe"] : {};
  const preset: Preset = yield* resolvePreset(fields["preset"]);
  const count = (value: unknown) => typeof value === "number" ? value : null;
  return {
    series: [preset.name, ...kindsOf(recipe["trainKinds"])].join(", "),
    seed: count(fields["seed"]),
    preset,
    steps: count(recipe["steps"]),
    contextTokens: count(recipe["contextTokens"]) ?? 0,
  };
});

function kindsOf(kinds: unknown): ReadonlyArray<string> {
  return Array.isArray(kinds) ? [kinds.join("+")] : [];
}

function evaluationOf(row: Readonly<Record<string, unknown>>): ReadonlyArray<PageEvaluation> {
  const { step, split, f1, em, meanTurns, invalidRate } = row;
  const isWhole = typeof step === "number" && typeof split === "string" && typeof f1 === "number" &&
    typeof em === "number" && typeof meanTurns === "number" && typeof invalidRate === "number";
  return isWhole ? [{ step, split, f1, em, meanTurns, invalidRate }] : [];
}

/** The episodes of a step, and what could not be read, in one sentence each. */
export interface ReadStep {
  readonly records: ReadonlyArray<EpisodeRecord>;
  readonly notes: ReadonlyArray<string>;
}

/** The file that holds the episodes of a step. */
export function stepFile({ path, kind }: Viewed, step: number): string {
  return kind === "traces" ? path : episodesPath(path, step);
}

/** The episodes of a step as far as its file can be read. */
export const readStep = Effect.fn("readStep")(function* (viewed: Viewed, step: number) {
  const file = stepFile(viewed, step);
  const { lines, notes } = yield* readLines(file);
  const records: Array<EpisodeRecord> = [];
  for (const { row, value } of lines) {
    const decoded = yield* Effect.result(decodeEpisode(value, `row ${row} of "${file}"`));
    if (Result.isFailure(decoded)) {
      return { records, notes: [...notes, decoded.failure.message] } satisfies ReadStep;
    }
    records.push(decoded.success);
  }
  return { records, notes } satisfies ReadStep;
});

interface Lines {
  readonly lines: ReadonlyArray<{ readonly row: number; readonly value: unknown }>;
  readonly notes: ReadonlyArray<string>;
}

/** The lines of a file up to the first that is no JSON. A last line without an end is one that is being written. */
const readLines = (path: string): Effect.Effect<Lines> =>
  Effect.promise(async () => {
    const file = await Deno.open(path).catch((error: unknown) => fileReason(error));
    if (typeof file === "string") return { lines: [], notes: [`Cannot read "${path}": ${file}`] };
    try {
      const { size } = await file.stat();
      if (size > MOST_BYTES) {
        const rule = `it must have at most ${inBytes(MOST_BYTES)}: current value is ${
          inBytes(size)
        }`;
        return { lines: [], notes: [`Cannot read "${path}" as ${rule}`] };
      }
      return parse(await new Response(file.readable).text(), path);
    } catch (error) {
      return { lines: [], notes: [`Cannot read "${path}": ${fileReason(error)}`] };
    }
  });

function parse(text: string, path: string): Lines {
  const lines: Array<Lines["lines"][number]> = [];
  const rows = text.split("\n");
  for (const [i, line] of rows.entries()) {
    if (line.trim() === "") continue;
    const value = Result.try(() => parseJson(line));
    if (Result.isSuccess(value)) {
      lines.push({ row: i + 1, value: value.success });
      continue;
    }
    const isCut = i === rows.length - 1;
    const what = isCut ? "it ends in the middle of it" : "it is no JSON";
    return { lines, notes: [`Cannot read "${path}" from row ${i + 1} on, as ${what}`] };
  }
  return { lines, notes: [] };
}
