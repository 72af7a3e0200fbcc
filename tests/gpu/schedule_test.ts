import assert from "node:assert/strict";
import { FAMILIES, type Family } from "../../src/gpu/launches.ts";
import { type Limits, scheduleOf } from "../../src/gpu/schedule.ts";
import { logProbProgram } from "../../src/model/programs.ts";
import { inFloat32 } from "../support/plans.ts";
import { roomFor, TINY } from "../support/tiny_models.ts";

const TOKENS = 512;
const DIMS = { ...roomFor(TOKENS, TINY.qwen3), inverseTemperature: 1, tileRows: 32 };
const OPS = logProbProgram(inFloat32(TINY.qwen3)).phases.forward;

function limitsOf(family: Family, changes: Partial<Limits> = {}): Limits {
  const sizes = { workgroupBytes: 32768, maxInvocations: 256, cores: 4, subgroup: 16 };
  const traits = { ...sizes, family };
  return { traits, bindingBytes: 2 ** 27, textureBytes: 2 ** 24, ...changes };
}

Deno.test("scheduleOf() has every op once, in order, where an adapter reaches whole tensors", () => {
  for (const family of FAMILIES) {
    const schedule = scheduleOf(OPS, DIMS, limitsOf(family));
    assert.deepEqual([...new Set(schedule.map(({ piece }) => piece.op))], OPS, family);
    assert.ok(schedule.every(({ piece }) => piece.stretch === null), family);
  }
});

Deno.test("scheduleOf() cuts ops that go by row where bindings are small, and every row is in one stretch", () => {
  const schedule = scheduleOf(OPS, DIMS, limitsOf("tiles", { bindingBytes: 16_384 }));
  const swiglu = schedule.filter(({ piece }) => piece.op.kind === "swiglu_forward");
  assert.ok(swiglu.length > OPS.filter(({ kind }) => kind === "swiglu_forward").length);
  const first = swiglu.filter(({ piece }) => piece.op === swiglu[0]!.piece.op);
  let next = 0;
  for (const { piece: { stretch }, sizes } of first) {
    assert.equal(stretch!.first, next);
    assert.equal(sizes["rows"], stretch!.count);
    assert.equal(sizes["wholeRows"], TOKENS);
    next += stretch!.count;
  }
  assert.equal(next, TOKENS);
});

Deno.test("scheduleOf() reads through textures on CPU adapters alone, what fits one, and no state", () => {
  const textures = (family: Family, textureBytes: number) =>
    scheduleOf(OPS, DIMS, limitsOf(family, { textureBytes })).flatMap(({ form, piece }) =>
      form.textures.map((input) => piece.op.inputs[input]!.role)
    );
  assert.deepEqual(textures("tiles", 2 ** 24), []);
  assert.deepEqual(textures("loops", 2 ** 24), []);
  assert.deepEqual(textures("lines", 16), []);
  const roles = textures("lines", 2 ** 24);
  assert.ok(roles.includes("weight") && roles.includes("scratch") && !roles.includes("state"));
});

Deno.test("scheduleOf() takes the forms by subgroups where an adapter has them", () => {
  const kernels = (subgroup: number) => {
    const limits = limitsOf("lines");
    const traits = { ...limits.traits, subgroup };
    return scheduleOf(OPS, DIMS, { ...limits, traits }).map(({ form }) => form.kernel);
  };
  assert.ok(kernels(16).includes("attention_subgroup_forward"));
  assert.ok(!kernels(0).some((kernel) => kernel.includes("subgroup")));
});

Deno.test("scheduleOf() refuses loops that a CPU adapter would cut off", () => {
  const dims = { ...DIMS, P: 300_000 };
  assert.throws(
    () => scheduleOf(OPS, dims, limitsOf("lines")),
    /Cannot run attention_subgroup_forward as this adapter allows 60000 loop iterations/,
  );
  assert.doesNotThrow(() => scheduleOf(OPS, dims, limitsOf("tiles")));
});
