/** Runs of the built-in agent whose groups spend most of their time waiting for a search, so that many fit on two cores. */
import { command } from "../../driver/command.ts";
import type { Group } from "../../bench/simulate.ts";
import type { Recipe } from "../../src/domain/recipe.ts";
import { makeWorldTask } from "../../src/environment/world/questions.ts";
import { createRandom } from "../../src/math/random.ts";
import { hashString } from "../../src/math/threefry.ts";
import { serve } from "../search/services.ts";

/** The built-in agent. */
export const MODEL = "checkpoints/skilled";

/** A search takes 3 s in the median; one in twenty takes more than 5 s. */
const SEARCH = { medianSeconds: 3, sigma: 0.35 };

/** The same search takes the same time in every run. */
function searchSeconds(query: string): number {
  const { next } = createRandom([hashString(query), 0]);
  const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return SEARCH.medianSeconds * Math.exp(SEARCH.sigma * normal);
}

/** A search engine of Search-R1's protocol that finds nothing, slowly. */
export const slowSearch = (hostname = "127.0.0.1", secondsOf = searchSeconds) =>
  serve(async (request) => {
    const { queries }: { readonly queries: ReadonlyArray<string> } = await request.json();
    const seconds = Math.max(...queries.map(secondsOf));
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    const document = { id: "1", contents: '"Nothing"\nNothing is known' };
    return Response.json({ result: queries.map(() => [{ document, score: 1 }]) });
  }, hostname);

/** What all of these runs have. */
const RECIPE: Partial<Recipe> = {
  groupSize: 2,
  maxTurns: 4,
  toolConcurrency: 16,
  toolDeadlineSeconds: 60,
  searchTopK: 1,
  evaluateEvery: 0,
  checkpointEvery: 0,
  validationQuestions: 0,
  testQuestions: 1,
};

/** Writes a recipe and its questions to a folder; the answer starts programs with them, in a network of their own if asked. */
export async function openRuns(
  folder: string,
  search: string,
  recipe: Partial<Recipe> & Pick<Recipe, "promptsPerStep">,
  stdout: "null" | "piped" = "null",
) {
  const count = Math.max(100, 2 * recipe.promptsPerStep);
  const { questions } = makeWorldTask({ seed: 0, use: "train" }, count);
  const rows = questions.map(({ text, golds }) => ({ question: text, answers: golds }));
  await Deno.writeTextFile(
    `${folder}/questions.jsonl`,
    rows.map((row) => JSON.stringify(row)).join("\n"),
  );
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify({ ...RECIPE, ...recipe }));
  const start = (network: string | null, ...args: ReadonlyArray<string>) => {
    const words = [
      ...["run", "--no-prompt", "--quiet", "--no-check", "--allow-read", "--allow-write"],
      ...["--allow-env", "--allow-net", "src/cli/cli.ts", ...args],
      ...["--model", MODEL, "--search", search],
    ];
    const options = { stdin: "null", stdout, stderr: "inherit" } as const;
    return network === null ? command("deno", { args: words, ...options }).spawn() : command("ip", {
      args: ["netns", "exec", network, Deno.execPath(), ...words],
      ...options,
    }).spawn();
  };
  return {
    worker: (network: string | null, ...args: ReadonlyArray<string>) =>
      start(network, "worker", ...args),
    trainer: (out: string, ...args: ReadonlyArray<string>) =>
      start(
        null,
        ...["train", "--device", "cpu", "--out", out, ...args],
        ...["--recipe", `${folder}/recipe.json`, "--questions", `${folder}/questions.jsonl`],
      ),
  };
}

/** Programs of {@link openRuns}. */
export type Runs = Awaited<ReturnType<typeof openRuns>>;

/** A step in `metrics.jsonl`. */
export interface Timings {
  readonly type: string;
  readonly step: number;
  readonly rolloutSeconds: number;
  readonly scoreSeconds: number;
  readonly updateSeconds: number;
  readonly seconds: number;
}

interface EpisodeTimings {
  readonly group: number;
  readonly seconds: { readonly generate: number; readonly tools: number };
}

/** The lines of a file, of a shape that this program wrote. */
export async function linesOf<A>(file: string): Promise<ReadonlyArray<A>> {
  const text = await Deno.readTextFile(file);
  return text.trimEnd().split("\n").map((line): A => JSON.parse(line));
}

/** The steps of a run after the first, in which workers come up. */
export async function stepsOf(out: string): Promise<ReadonlyArray<Timings>> {
  const lines = await linesOf<Timings>(`${out}/metrics.jsonl`);
  return lines.filter(({ type, step }) => type === "step" && step > 1);
}

/** What each group of a step took: until its last episode was over, and its share of the scoring. */
export async function groupsOf(
  out: string,
  { step, scoreSeconds }: Timings,
): Promise<ReadonlyArray<Group>> {
  const episodes = await linesOf<EpisodeTimings>(`${out}/episodes/step-${step}.jsonl`);
  const groups = [...Map.groupBy(episodes, ({ group }) => group).values()];
  return groups.map((group) => {
    const last = group.map(({ seconds }) => seconds).reduce((most, one) =>
      one.generate + one.tools > most.generate + most.tools ? one : most
    );
    return {
      busySeconds: last.generate + scoreSeconds / groups.length,
      waitSeconds: last.tools,
    };
  });
}
