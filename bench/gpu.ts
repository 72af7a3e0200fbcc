// deno-lint-ignore-file no-console
/**
 * What each op of a model takes of four cards at least, and what it takes here: `gpu.ts qwen2.5-0.5b full`. Prints tables
 * in Markdown and writes them to bench/results. Without a GPU, dispatches and threads are those of a large card.
 * `--chromium` measures in Chromium, on its adapter that computes by software; `built-in` is a model for such adapters.
 * Without arguments it prints what the cards take for each model, the table of docs/kernels.md.
 */
import { parseArgs } from "node:util";
import { Effect } from "effect";
import { inPage } from "../tests/page/page.ts";
import {
  BUILT_IN,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
} from "../tests/support/dispatch_counts.ts";
import { markdown, tablesOf } from "./gpu_tables.ts";
import type { Measured } from "./op_times.ts";
import { CARD_NAMES, predictionsOf } from "./roofline.ts";

const { values, positionals: [shape, held = "full"] } = parseArgs({
  allowPositionals: true,
  options: {
    chromium: { type: "boolean", default: false },
  },
});
if (shape === undefined) {
  console.log(predictions());
  Deno.exit(0);
}

/** What four cards take for each model at least. */
function predictions(): string {
  const rows = COUNTED_SHAPES.flatMap((shape) =>
    COUNTED_FORMS.map((held) => [shape, held, ...predictionsOf(formOf(shape, held))])
  );
  return markdown(["model", "weights", ...CARD_NAMES], rows);
}

const SHAPES = [...COUNTED_SHAPES, BUILT_IN] as const;

function askedOf(): Measured {
  const known = SHAPES.find((name) => name === shape);
  const form = COUNTED_FORMS.find((name) => name === held);
  if (known !== undefined && form !== undefined) return { shape: known, held: form };
  console.error(
    `Cannot measure as the model must be ${SHAPES.join(", ")} and its form ${
      COUNTED_FORMS.join(", ")
    }: current values are ${shape}, ${held}`,
  );
  Deno.exit(2);
}

const asked = askedOf();
const { name, tables }: Effect.Success<ReturnType<typeof tablesOf>> = values.chromium
  ? await inPage(
    ["bench/gpu_page.ts"],
    (page) => page.evaluate(`tablesOf(${JSON.stringify(asked)})`),
  )
  : await Effect.runPromise(tablesOf(asked));
console.log(tables);
const date = new Date().toISOString().slice(0, 10);
const title = `# ${asked.shape}, ${asked.held}: ${name}, ${date}`;
const file = `bench/results/gpu-${asked.shape}-${asked.held}-${name}.md`.replaceAll(
  /[^\w./-]+/g,
  "-",
);
await Deno.writeTextFile(file, `${title}\n\n${tables}`);
console.log(`Written to ${file}`);
