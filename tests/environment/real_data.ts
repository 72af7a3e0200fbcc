/**
 * Real corpora lie outside the repository, in the folder that REAL_DIR names. Without it, a test that needs a corpus
 * says so in one line and passes.
 */
export function realFolder(path: string): string | null {
  const folder = folderFromEnvironment();
  if (folder !== null) return `${folder}/${path}`;
  // deno-lint-ignore no-console
  console.log(`skipped: set REAL_DIR and allow reading it to measure on ${path}`);
  return null;
}

function folderFromEnvironment(): string | null {
  const permission = Deno.permissions.querySync({ name: "env", variable: "REAL_DIR" });
  return permission.state === "granted" ? Deno.env.get("REAL_DIR") ?? null : null;
}

/** The records of a JSON Lines file whose shape the caller knows. */
export async function readJsonLines<A>(path: string): Promise<Array<A>> {
  const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  return lines.map((line): A => JSON.parse(line));
}

/** Relevant documents of each query. */
async function readJudgements(path: string): Promise<Map<string, Set<string>>> {
  const rows = (await Deno.readTextFile(path)).trim().split("\n").slice(1);
  const relevant = new Map<string, Set<string>>();
  for (const [query, document, grade] of rows.map((row) => row.split("\t"))) {
    if (Number(grade) > 0) {
      relevant.set(query!, (relevant.get(query!) ?? new Set()).add(document!));
    }
  }
  return relevant;
}

/** Binary gain, discount log2(rank + 1), ideal cut at ten. */
function ndcgAt10(ranked: ReadonlyArray<string>, relevant: ReadonlySet<string>): number {
  const gain = (rank: number): number => 1 / Math.log2(rank + 2);
  const got = ranked.slice(0, 10).reduce(
    (sum, id, rank) => sum + (relevant.has(id) ? gain(rank) : 0),
    0,
  );
  const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => gain(rank));
  return got / ideal.reduce((sum, value) => sum + value, 0);
}

/** Share of the relevant documents that are there. */
export function recall(ranked: ReadonlyArray<string>, relevant: ReadonlySet<string>): number {
  return ranked.filter((id) => relevant.has(id)).length / relevant.size;
}

/** Mean of some numbers. */
export const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** nDCG@10 and recall at 100 of a search for the claims of SciFact, which answers with ids, best first. */
export async function measureSciFact(
  folder: string,
  search: (query: string) => ReadonlyArray<string> | Promise<ReadonlyArray<string>>,
) {
  const rows = await readJsonLines<{ _id: string; text: string }>(`${folder}/queries.jsonl`);
  const queries = new Map(rows.map(({ _id, text }) => [_id, text]));
  const judgements = [...await readJudgements(`${folder}/qrels/test.tsv`)];
  const ranked: Array<ReadonlyArray<string>> = [];
  for (const [query] of judgements) ranked.push(await search(queries.get(query)!));
  return {
    ndcg: mean(judgements.map(([, relevant], row) => ndcgAt10(ranked[row]!, relevant))),
    recall: mean(judgements.map(([, relevant], row) => recall(ranked[row]!, relevant))),
  };
}
