import assert from "node:assert/strict";
import { Effect } from "effect";
import { scheduleOf } from "../../src/gpu/schedule.ts";
import { kernelNamed } from "../../src/gpu/kernels.ts";
import { setConstants } from "../../src/gpu/straight_line.ts";
import { MOST_SECONDS_OF_DISPATCH, SLOWEST } from "../../src/gpu/work.ts";
import { createBuilder } from "../../src/model/builder.ts";
import { headBackward, headForwardKept } from "../../src/model/ops/head.ts";
import { symbol, type Tensor } from "../../src/model/plan.ts";
import {
  BINDING_BYTES,
  byKernel,
  CARD,
  countDispatches,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
  narrowOf,
  summaryOf,
  WORK,
  workloadsOf,
} from "../support/dispatch_counts.ts";
import { cellsBelow } from "../support/tables.ts";

Deno.test("dispatches of published models on a GPU are those that docs/kernels.md states", async () => {
  const page = await Deno.readTextFile("docs/kernels.md");
  const [head, , ...stated] = cellsBelow(page, "## Dispatches on GPUs");
  assert.deepEqual(head, ["model", "weights", ...WORK]);
  const counted: string[][] = [];
  for (const shape of COUNTED_SHAPES) {
    for (const form of COUNTED_FORMS) {
      const found = await Effect.runPromise(countDispatches(formOf(shape, form)));
      counted.push([shape, form, ...WORK.map((work) => summaryOf(found[work]))]);
    }
  }
  assert.deepEqual(
    stated.slice(0, counted.length),
    counted,
    "Counts have changed: ./igpo bench:counts prints the table, docs/kernels.md must hold no larger number",
  );
});

Deno.test("a counting device counts each dispatch once, with all its threads", async () => {
  const work = await Effect.runPromise(countDispatches(formOf("qwen2.5-0.5b", "full")));
  const embedding = byKernel(work["token, 16 rows"]).find(({ kernel }) =>
    kernel === "embedding_forward"
  );
  // Four of 896 features a thread, in workgroups of 64.
  const threads = 16 * 896 / 4;
  assert.deepEqual(embedding, {
    kernel: "embedding_forward",
    dispatches: 1,
    fewest: threads,
    most: threads,
  });
});

Deno.test("no dispatch of a published model has fewer than 4,096 threads if it can use more", async () => {
  for (const shape of COUNTED_SHAPES) {
    for (const held of COUNTED_FORMS) {
      const found = await Effect.runPromise(countDispatches(formOf(shape, held)));
      for (const work of WORK) assert.deepEqual(narrowOf(found[work]), [], `${shape} ${held}`);
    }
  }
});

/** Most dispatches of a layer in each pass of a gradient. */
const MOST_OF_LAYER = { forward: 15, backward: 30 } as const;

Deno.test("a layer of a published model takes at most 15 dispatches forward and 30 backward", async () => {
  for (const shape of COUNTED_SHAPES) {
    for (const held of COUNTED_FORMS) {
      const form = formOf(shape, held);
      const withLayers = (layers: number) => ({
        ...form,
        architecture: { ...form.architecture, layers },
      });
      const [two, three] = await Promise.all(
        [2, 3].map((layers) => Effect.runPromise(countDispatches(withLayers(layers)))),
      );
      for (const pass of ["forward", "backward"] as const) {
        const count = three![pass].length - two![pass].length;
        const isWithin = count >= 9 && count <= MOST_OF_LAYER[pass];
        assert.ok(isWithin, `${shape} ${held}: ${count} dispatches ${pass}`);
      }
    }
  }
});

Deno.test("no dispatch takes more of the slowest GPU than its bound, in a pass of 2,048 tokens and of 32,768", () => {
  const most = MOST_SECONDS_OF_DISPATCH + SLOWEST.dispatch;
  const limits = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
  for (const shape of COUNTED_SHAPES) {
    for (const held of COUNTED_FORMS) {
      const workloads = workloadsOf(formOf(shape, held));
      for (const work of WORK) {
        const { program, phase, dims } = workloads[work];
        const isPass = !work.startsWith("token");
        const long = { ...dims, N: 32_768, R: 32_768, S: 32_768 };
        for (const sizes of isPass ? [dims, long] : [dims]) {
          const over = scheduleOf(program.phases[phase]!, sizes, limits)
            .filter(({ seconds }) => seconds > most);
          const kinds = new Set(over.map(({ piece }) => piece.op.kind));
          assert.deepEqual([...kinds], [], `${shape} ${held} ${work}`);
        }
      }
    }
  }
});

/** Most dispatches of the head, both passes, with 2,048 rows and the vocabulary of the published models. */
const MOST_OF_HEAD = 40;

Deno.test("the head of 2,048 rows and 151,936 words takes at most 40 dispatches in both passes", () => {
  const b = createBuilder();
  const head = {
    x: b.tensor("x", symbol("R"), 896),
    weight: b.tensor("w", 151_936, 896, { role: "weight", format: "bf16" }),
    targets: b.tensor("targets", symbol("R"), 1, { role: "input", format: "u32" }),
    inverseTemperature: 1,
    fewDispatches: true,
  };
  const gradient = (t: Tensor) => b.tensor(`d ${t.name}`, t.rows, t.cols, { role: "gradient" });
  headBackward(b, head, headForwardKept(b, head), {
    dHead: b.tensor("d_head", symbol("R"), 2, { role: "input" }),
    dx: gradient(head.x),
    dWeight: gradient(head.weight),
  });
  // What every adapter binds at once, which cuts ops whose tensors are larger.
  const limits = { traits: CARD, bindingBytes: 2 ** 27, textureBytes: 0 };
  const steps = scheduleOf(b.ops, { R: 2048 }, limits);
  const count = steps.reduce((sum, { launches }) => sum + launches.length, 0);
  assert.ok(count > 20 && count <= MOST_OF_HEAD, `${count} dispatches`);
});

/** Workgroups of a product of one row, at least. */
const LEAST_WORKGROUPS = 256;

Deno.test("products of one row have 256 workgroups or more", async () => {
  for (const shape of COUNTED_SHAPES) {
    const { "token, 1 row": token } = await Effect.runPromise(
      countDispatches(formOf(shape, "full")),
    );
    const products = token.filter(({ kernel }) => kernel.startsWith("linear_"));
    assert.ok(products.length > 0);
    for (const { kernel, workgroups } of products) {
      assert.ok(workgroups >= LEAST_WORKGROUPS, `${shape} ${kernel}: ${workgroups}`);
    }
  }
});

/** Most numbers of a private array: more do not stay in the registers of a GPU. */
const MOST_PRIVATE = 64;
const LANES_OF = { f32: 1, u32: 1, vec2f: 2, vec3f: 3, vec4f: 4 } as const;

/** The numbers of the largest private array of a kernel's text: of a variable of a function, or in a struct. */
function largestPrivate(code: string): number {
  const constants = new Map(
    [...code.matchAll(/^const (\w+) = (\d+)u;/gm)].map(([, name, value]) => [name!, Number(value)]),
  );
  const sizes = [...code.matchAll(/^ +(?:var )?\w+(?::| =) array<(\w+), ([^>]+)>/gm)];
  return sizes.reduce((most, [, of, count]) => {
    const factors = count!.split(" * ").map((one) => constants.get(one) ?? Number.parseInt(one));
    const number = factors.reduce((product, factor) => product * factor, 1);
    assert.ok(Number.isInteger(number), count);
    return Math.max(most, LANES_OF[of as keyof typeof LANES_OF] * number);
  }, 0);
}

Deno.test("no kernel of a published model has a private array above 64 numbers", () => {
  const limits = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
  assert.equal(largestPrivate("const D4 = 16u;\n  var sum = array<vec4f, 2u * D4>();"), 128);
  const seen = new Set<number>();
  for (const shape of COUNTED_SHAPES) {
    for (const held of COUNTED_FORMS) {
      for (const { program, phase, dims } of Object.values(workloadsOf(formOf(shape, held)))) {
        for (const { form, launches } of scheduleOf(program.phases[phase]!, dims, limits)) {
          for (const { constants = {} } of launches) {
            const most = largestPrivate(setConstants(kernelNamed(form.kernel).code, constants));
            assert.ok(most <= MOST_PRIVATE, `${shape} ${held}, ${form.kernel}: ${most}`);
            seen.add(most);
          }
        }
      }
    }
  }
  assert.ok(seen.size > 2);
});
