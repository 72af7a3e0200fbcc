import { Effect } from "effect";
import { onWgsl } from "../support/engines.ts";
import { assertSameBits, kernelMatches, largest, type OpCase, runOp } from "../support/op_cases.ts";
import { ATTENTION_OPS, casesOf } from "./attention_cases.ts";

// A score of D products |q k| <= 4 sqrt(D), here at most 80 in size, is off by 2^-18 or less, its exp by as much
// relatively; sums are means of values up to 4.
const FORWARD = { atol: 4e-5, rtol: 2e-5 };

kernelMatches(
  "attention_forward sees exactly the slots of its table",
  casesOf(ATTENTION_OPS.attention_forward),
  () => FORWARD,
);

// Adapters without tiles take the other kernel here.
kernelMatches(
  "attention_tile_forward sees exactly the slots of its table",
  casesOf(ATTENTION_OPS.attention_tile_forward),
  () => FORWARD,
);

onWgsl(
  "attention_forward has the same bits in tiles and row by row",
  (engine) =>
    Effect.gen(function* () {
      const pair = [ATTENTION_OPS.attention_forward, ATTENTION_OPS.attention_tile_forward];
      const [rows, tiles] = pair.map((make) => casesOf(make));
      for (const [i, opCase] of rows!.entries()) {
        const want = yield* runOp(engine.fresh(), opCase);
        assertSameBits(yield* runOp(engine.fresh(), tiles![i]!), want, opCase.label);
      }
    }),
);

kernelMatches(
  "attention_delta packs log sums and products",
  casesOf(ATTENTION_OPS.attention_delta),
  () => ({ atol: 2e-5 }),
);

// As forward, times |d_out . v - delta| |k| summed over up to 31 slots. Where rows are reversed the log sums are of
// other rows, so that p can exceed 1: hence relative to the largest output.
const backward = (opCase: OpCase) => {
  const size = opCase.inputs.slice(0, 2).reduce(
    (most, { data }) => Math.max(most, largest(data)),
    1,
  );
  return { atol: 1e-4 * size * size, rtol: 1e-4 };
};

kernelMatches(
  "attention_query_backward sums over the slots a query sees",
  casesOf(ATTENTION_OPS.attention_query_backward),
  backward,
);

kernelMatches(
  "attention_key_backward sums over the queries that see a key",
  casesOf(ATTENTION_OPS.attention_key_backward),
  backward,
);

kernelMatches(
  "attention_tile_query_backward sums over the slots a query sees",
  casesOf(ATTENTION_OPS.attention_tile_query_backward),
  backward,
);

kernelMatches(
  "attention_tile_key_backward sums over the queries that see a key",
  casesOf(ATTENTION_OPS.attention_tile_key_backward),
  backward,
);
