/** Runs of the built-in agent whose groups spend nearly all of their time waiting for a search. */
import { command } from "../../driver/command.ts";
import { makeWorldTask } from "../../src/environment/world/questions.ts";
import type { Recipe } from "../../src/domain/recipe.ts";
import { serve } from "../search/services.ts";

/** The model that such a run trains. */
export const SKILLED = "checkpoints/skilled";

/** A search engine of Search-R1's protocol that finds nothing, after so many seconds. */
export const slowSearch = (secondsOf: (query: string) => number) =>
  serve(async (request) => {
    const { queries }: { readonly queries: ReadonlyArray<string> } = await request.json();
    const seconds = Math.max(...queries.map(secondsOf));
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    const document = { id: "1", contents: '"Nothing"\nNothing is known' };
    return Response.json({ result: queries.map(() => [{ document, score: 1 }]) });
  });

/** Writes a recipe and questions for a step and more to a folder; answers with the flags of a trainer that has them. */
export async function writeSlowTask(
  folder: string,
  recipe: Partial<Recipe> & Pick<Recipe, "promptsPerStep">,
) {
  const { questions } = makeWorldTask(
    { seed: 0, use: "train" },
    Math.max(100, 2 * recipe.promptsPerStep),
  );
  const rows = questions.map(({ text, golds }) => ({ question: text, answers: golds }));
  await Deno.writeTextFile(
    `${folder}/questions.jsonl`,
    rows.map((row) => JSON.stringify(row)).join("\n"),
  );
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
  const files = ["--recipe", `${folder}/recipe.json`, "--questions", `${folder}/questions.jsonl`];
  return [...files, "--device", "cpu"];
}

/** Starts a trainer or a worker of such a run. */
export function startSlow(
  search: string,
  args: ReadonlyArray<string>,
  { stdout, stderr }: Pick<Deno.CommandOptions, "stdout" | "stderr">,
): Deno.ChildProcess {
  return command("deno", {
    args: [
      ...["run", "--no-prompt", "--quiet", "--no-check", "--allow-read", "--allow-write"],
      ...["--allow-env", "--allow-net=127.0.0.1", "src/cli/cli.ts", ...args],
      ...["--model", SKILLED, "--search", search],
    ],
    stdin: "null",
    stdout: stdout ?? "null",
    stderr: stderr ?? "null",
  }).spawn();
}
