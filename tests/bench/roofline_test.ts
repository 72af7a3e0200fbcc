import { deepStrictEqual, ok } from "node:assert/strict";
import {
  CARD_NAMES,
  cardSeconds,
  phaseSeconds,
  predictionsOf,
  reachedSpeed,
  sizedOps,
} from "../../bench/roofline.ts";
import {
  BINDING_BYTES,
  CARD,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
  workloadsOf,
} from "../support/dispatch_counts.ts";
import { cellsBelow } from "../support/tables.ts";

const LIMITS = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
const SPEED = { multiplyAdds: 1e12, bytes: 1e12, dispatch: 1e-3 };

Deno.test("sizedOps() has every op of a phase in one row, and the work of a token is its weights", () => {
  const form = formOf("qwen2.5-0.5b", "full");
  const { program, phase, dims } = workloadsOf(form)["token, 1 row"];
  const rows = sizedOps(program.phases[phase]!, dims, LIMITS);
  deepStrictEqual(rows.flatMap(({ ops }) => ops).length, program.phases[phase]!.length);
  deepStrictEqual(rows.reduce((sum, { ops, dispatches }) => sum + ops.length * dispatches, 0), 174);
  const products = rows.filter(({ name }) => name.startsWith("linear_forward"));
  const sum = (of: "multiplyAdds" | "bytes") =>
    products.reduce((sum, { ops, work }) => sum + ops.length * work[of], 0);
  // All matrices of Qwen2.5-0.5B: the embedding is the head.
  const weights = 24 * (896 * (896 + 256 + 896) + 3 * 896 * 4864) + 151_936 * 896;
  deepStrictEqual(sum("multiplyAdds"), weights);
  ok(sum("bytes") >= 4 * weights && sum("bytes") < 4.02 * weights);
});

Deno.test("an op takes its work and its dispatches, and a phase takes all of its ops", () => {
  const op = {
    name: "",
    ops: [],
    work: { multiplyAdds: 2e12, bytes: 5e12 },
    threads: 1,
    dispatches: 3,
  };
  deepStrictEqual(cardSeconds(op, SPEED), 5.003);
  deepStrictEqual(phaseSeconds([op], SPEED), 0);
});

Deno.test("reachedSpeed() is the best of all ops, and of their work where they take long enough", () => {
  const op = (multiplyAdds: number, bytes: number, dispatches: number) => ({
    ...{ name: "", ops: [], threads: 1, dispatches },
    work: { multiplyAdds, bytes },
  });
  const timed = [
    { op: op(6e9, 1e9, 1), millis: 1000 },
    { op: op(1e9, 3e9, 1), millis: 1000 },
    { op: op(1e12, 1e12, 2), millis: 0.1 },
  ];
  deepStrictEqual(reachedSpeed(timed), { multiplyAdds: 6e9, bytes: 3e9, dispatch: 5e-5 });
});

Deno.test("what four cards take for published models is what docs/kernels.md states", async () => {
  const page = await Deno.readTextFile("docs/kernels.md");
  const [head, , ...stated] = cellsBelow(page, "## What cards take at least");
  deepStrictEqual(head, ["model", "weights", ...CARD_NAMES]);
  const found = COUNTED_SHAPES.flatMap((shape) =>
    COUNTED_FORMS.map((held) => [shape, held, ...predictionsOf(formOf(shape, held))])
  );
  deepStrictEqual(stated.slice(0, found.length), found, "./igpo bench:gpu prints the table");
});
