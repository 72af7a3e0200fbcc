// deno-lint-ignore-file no-console
/**
 * Counts what a GPU is asked to dispatch, without a GPU: the table of docs/kernels.md, or by kernel for one model,
 * `counts.ts qwen2.5-0.5b LoRA`.
 */
import { Effect } from "effect";
import {
  byKernel,
  countDispatches,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
  histogramOf,
  summaryOf,
  WORK,
} from "../tests/support/dispatch_counts.ts";

const [wantedShape, wantedForm] = Deno.args;
const shapes = COUNTED_SHAPES.filter((shape) => shape === (wantedShape ?? shape));
const forms = COUNTED_FORMS.filter((form) => form === (wantedForm ?? form));
if (shapes.length === 0 || forms.length === 0) {
  console.error(
    `Cannot count as the model must be ${COUNTED_SHAPES.join(", ")} and its form ${
      COUNTED_FORMS.join(", ")
    }: current values are ${Deno.args.join(", ")}`,
  );
  Deno.exit(2);
}
if (wantedShape === undefined) {
  console.log(`| model | weights | ${WORK.join(" | ")} |`);
  console.log(`| --- | --- |${" --- |".repeat(WORK.length)}`);
}
for (const shape of shapes) {
  for (const form of forms) {
    const counted = await Effect.runPromise(countDispatches(formOf(shape, form)));
    if (wantedShape === undefined) {
      const cells = WORK.map((work) => summaryOf(counted[work]));
      console.log(`| ${[shape, form, ...cells].join(" | ")} |`);
      continue;
    }
    for (const work of WORK) {
      console.log(`\n${shape} ${form}, ${work}: ${summaryOf(counted[work])}`);
      console.table(byKernel(counted[work]));
      console.table(histogramOf(counted[work]));
    }
  }
}
