import assert from "node:assert/strict";
import fc from "fast-check";
import { planScratch } from "../../src/model/memory.ts";
import {
  bytesOf,
  type Op,
  opsOf,
  type Program,
  symbol,
  type Tensor,
  tensorsOf,
} from "../../src/model/plan.ts";
import { gradientProgram, logProbProgram } from "../../src/model/programs.ts";
import { inFloat32 } from "../support/plans.ts";
import { roomFor, TINY } from "../support/tiny_models.ts";

const CAPACITY = { N: 7, R: 3 };

/** Lists of ops over scratch tensors of random sizes, each written before it is read. */
const program: fc.Arbitrary<Program> = fc.array(
  fc.record({
    rows: fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(symbol("N"), symbol("R", 3)),
    ),
    cols: fc.integer({ min: 1, max: 9 }),
    reads: fc.array(fc.nat(), { maxLength: 3 }),
    isScratch: fc.boolean(),
    phase: fc.boolean(),
  }),
  { minLength: 1, maxLength: 24 },
).map((picks) => {
  const tensors: Tensor[] = [];
  const phases = { first: [] as Op[], second: [] as Op[] };
  picks.forEach(({ rows, cols, reads, isScratch }, i) => {
    const inputs = tensors.length === 0 ? [] : reads.map((pick) => tensors[pick % tensors.length]!);
    const role = isScratch ? "scratch" : "output";
    const made: Tensor = { name: `t${i}`, rows, cols, format: "f32", role };
    tensors.push(made);
    const op: Op = { kind: "linear_forward", inputs, outputs: [made], dims: {} };
    phases[i < picks.length / 2 ? "first" : "second"].push(op);
  });
  return { name: "random", phases, inputs: [] };
});

/** First and last op that uses each scratch tensor or a window of it, over all phases. */
function lifetimes(program: Program): ReadonlyMap<Tensor, readonly [number, number]> {
  const ops = opsOf(program);
  const mentions = (name: string) => ({ inputs, outputs }: Op) =>
    [...inputs, ...outputs].some((tensor) => tensor.name === name);
  return new Map(
    tensorsOf(program).filter(({ role }) => role === "scratch").map((tensor) => [
      tensor,
      [ops.findIndex(mentions(tensor.name)), ops.findLastIndex(mentions(tensor.name))],
    ]),
  );
}

function assertPlanned(planned: Program, capacity: Record<string, number>): void {
  const { slotOf, slotBytes } = planScratch(planned, capacity);
  const lives = [...lifetimes(planned)];
  lives.forEach(([tensor, [from, to]], i) => {
    const slot = slotOf.get(tensor.name)!;
    assert.ok(slotBytes[slot]! >= bytesOf(tensor, capacity), `${tensor.name} fits its slot`);
    for (const [other, [otherFrom, otherTo]] of lives.slice(i + 1)) {
      const overlap = from <= otherTo && otherFrom <= to;
      const same = slotOf.get(other.name) === slot;
      assert.ok(!(overlap && same), `${tensor.name} and ${other.name} live at the same time`);
    }
  });
  assert.equal(slotOf.size, lives.length, "only scratch tensors have slots");
}

Deno.test("planScratch() gives no slot to two tensors that live at the same time", () => {
  fc.assert(fc.property(program, (planned) => assertPlanned(planned, CAPACITY)));
});

Deno.test("planScratch() holds for the programs of every family", () => {
  for (const architecture of Object.values(TINY)) {
    const room = roomFor(20, architecture);
    assertPlanned(gradientProgram(inFloat32(architecture)), room);
    assertPlanned(logProbProgram(inFloat32(architecture)), room);
  }
});

Deno.test("planScratch() uses memory again: a forward pass needs less than half of its tensors", () => {
  const architecture = TINY.llama;
  const planned = logProbProgram(inFloat32({ ...architecture, layers: 8 }));
  const room = roomFor(20, architecture);
  const held = planScratch(planned, room).slotBytes.reduce((sum, bytes) => sum + bytes, 0);
  const all = [...lifetimes(planned).keys()].reduce((sum, t) => sum + bytesOf(t, room), 0);
  assert.ok(held < all / 2, `${held} of ${all} bytes`);
});
