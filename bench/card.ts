// deno-lint-ignore-file no-console
/**
 * All that a card is asked, in one command: `card.ts [MODEL...]`, which takes Qwen2.5-0.5B and 1.5B unless told otherwise.
 * Is it right (the tests that compute on it)? Which sizes of kernels suit it (`tune`)? How fast is it beside PyTorch, and
 * each op beside what cards can do? Prints the answers and writes them to bench/results/card-NAME.md. Adapters that
 * compute by software can take the model `built-in`.
 */
import { command } from "../driver/command.ts";
import { CARD_MODELS, CARD_WORKS, type CardWork, type WorkResult } from "./card_works.ts";
import { markdown } from "./gpu_tables.ts";

/** Parts of the test suite that compute on the adapter. */
const PARTS = ["golden", "kernels", "unit", "learning"];

const models = Deno.args.length === 0 ? ["qwen2.5-0.5b", "qwen2.5-1.5b"] : Deno.args;
const unknown = models.find((model) => !CARD_MODELS.some((name) => name === model));
if (unknown !== undefined) {
  console.error(
    `Cannot time a card as models must be of ${
      CARD_MODELS.join(", ")
    }: current value is ${unknown}`,
  );
  Deno.exit(2);
}

/** Runs a program, shows what it prints, and answers with its last line; null if it fails. */
async function lastLine(program: string, args: ReadonlyArray<string>): Promise<string | null> {
  const child = command(program, { args: [...args], stdout: "piped" }).spawn();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    Deno.stdout.writeSync(new TextEncoder().encode(part));
    text += part;
  }
  const { success } = await child.status;
  return success ? text.trimEnd().split("\n").at(-1)! : null;
}

/** A work in a process of its own, which frees the card's memory when it ends; null if it fails, as without memory. */
async function timed(model: string, { name }: CardWork): Promise<WorkResult | null> {
  const args = ["run", "--quiet", "--frozen", "--no-prompt", "--allow-all"];
  const line = await lastLine("deno", [...args, "bench/card_work.ts", model, name]);
  return line === null ? null : JSON.parse(line);
}

const megabytes = (bytes: number | null | undefined) =>
  typeof bytes === "number" ? (bytes / 1e6).toFixed(0) : "";
const rate = (tokens: number | null, millis: number) =>
  tokens === null ? "" : (1000 * tokens / millis).toFixed(0);

function rowOf(model: string, { name, goal }: CardWork, result: WorkResult | null) {
  if (result === null) return [model, name, "FAILED", "", "", "", "", "", goal];
  const { ours, tokens, bytes, theirs, note } = result;
  return [
    ...[model, name, ours.toFixed(2), rate(tokens, ours), megabytes(bytes)],
    ...(theirs === null
      ? [note, "", ""]
      : [theirs.millis.toFixed(2), megabytes(theirs.bytes), theirs.ratio.toFixed(2)]),
    goal,
  ];
}

const tests = await lastLine("./igpo", ["test", ...PARTS]);
if (tests === null) {
  console.error("Tests failed on this adapter: times of wrong results say nothing");
  Deno.exit(1);
}
const tuned = await lastLine("./igpo", ["tune"]) ?? "could not be tuned";

const rows: Array<ReturnType<typeof rowOf>> = [];
let adapter = "unknown";
for (const model of models) {
  for (const work of CARD_WORKS) {
    const result = await timed(model, work);
    adapter = result?.adapter ?? adapter;
    rows.push(rowOf(model, work, result));
  }
}
const files: string[] = [];
for (const model of models) {
  for (const held of ["full", "LoRA"]) {
    files.push(await lastLine("./igpo", ["bench:gpu", model, held]) ?? `${model} ${held}: FAILED`);
  }
}

const head = [
  ...["model", "work", "ours, ms", "tokens/s", "planned, MB"],
  ...["PyTorch, ms", "PyTorch, MB", "theirs / ours", "goal"],
];
const date = new Date().toISOString().slice(0, 10);
const page = [
  `# ${adapter}, ${date}`,
  `Deno ${Deno.version.deno}, ${Deno.build.os}. Tests ${
    PARTS.join(", ")
  }: ${tests}. Tune: ${tuned}`,
  "Times are of one run in float32: the median of five pairs in turn, or of three runs without PyTorch, whose products do not use TF32.",
  markdown(head, rows),
  `Each op: ${files.map((line) => line.replace("Written to bench/results/", "")).join(", ")}`,
].join("\n\n");
const file = `bench/results/card-${adapter.replaceAll(/[^\w.-]+/g, "-")}.md`;
await Deno.writeTextFile(file, `${page}\n`);
console.log(`\n${page}\n\nWritten to ${file}`);
