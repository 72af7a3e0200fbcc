/** What ops of a model take of published cards at least: their multiply-adds and bytes over what the data sheets say. */
import { kernelNamed } from "../src/gpu/kernels.ts";
import { type Limits, type Scheduled, scheduleOf } from "../src/gpu/schedule.ts";
import { setConstants } from "../src/gpu/straight_line.ts";
import { secondsOf, type Speed, type Work, workOf } from "../src/gpu/work.ts";
import type { ModelForm } from "../src/model/decoder.ts";
import type { Dims, Op } from "../src/model/plan.ts";
import { workgroupWidth } from "../tests/support/counting_device.ts";
import { BINDING_BYTES, CARD, type WORK, workloadsOf } from "../tests/support/dispatch_counts.ts";

/** Seconds of a dispatch through WebGPU, the least that was measured (arXiv 2604.02344). */
const DISPATCH = 24e-6;

/** Cards with the f32 speed and the memory of their data sheets; a FLOP is half a multiply-add. */
export const CARDS = {
  // Intel ARK, Core Ultra 7 155H: 8 Xe cores of 128 lanes at 2.25 GHz, LPDDR5X-7467 of 128 bits.
  "integrated (Arc of a 155H)": { multiplyAdds: 2.3e12, bytes: 119e9, dispatch: DISPATCH },
  // Apple, 18 October 2021: 10.4 TFLOPS, 400 GB/s.
  "M1 Max": { multiplyAdds: 5.2e12, bytes: 400e9, dispatch: DISPATCH },
  // NVIDIA, Ada GPU architecture 2.02, appendix A: 82.6 TFLOPS, 1008 GB/s.
  "RTX 4090": { multiplyAdds: 41.3e12, bytes: 1008e9, dispatch: DISPATCH },
  // NVIDIA, H200 data sheet, SXM: 67 TFLOPS, 4.8 TB/s.
  H200: { multiplyAdds: 33.5e12, bytes: 4.8e12, dispatch: DISPATCH },
} as const satisfies Readonly<Record<string, Speed>>;

/** The name of a card. */
export type Card = keyof typeof CARDS;

/** The names of all cards. */
export const CARD_NAMES = Object.keys(CARDS) as ReadonlyArray<Card>; // the keys of an object literal

/** Ops of one kind and size: how many there are, what one does, and how it is dispatched. */
export interface SizedOp {
  /** The kind and what sets its size, such as `linear_forward 2048x896x1152`. */
  readonly name: string;
  readonly ops: ReadonlyArray<Op>;
  readonly work: Work;
  readonly dispatches: number;
  /** The fewest invocations of a dispatch. */
  readonly threads: number;
}

/** The sizes that tell ops of a kind apart. */
const SIZES = ["rows", "inner", "features", "cols", "tokens", "heads", "elements"];

function nameOf({ piece: { op }, sizes }: Scheduled): string {
  const found = SIZES.flatMap((name) => name in op.dims ? [sizes[name]] : []);
  return `${op.kind} ${found.join("x")}`;
}

/** Invocations of the dispatches of a kernel. */
function threadsOf({ form, launches }: Scheduled): ReadonlyArray<number> {
  return launches.map(({ constants = {}, overrides = {}, grid: [x, y] }) => {
    const code = setConstants(kernelNamed(form.kernel).code, constants);
    return x * y * workgroupWidth(code, overrides);
  });
}

/** The ops of a phase by kind and size, in their order. */
export function sizedOps(
  ops: ReadonlyArray<Op>,
  dims: Dims,
  limits: Limits,
): ReadonlyArray<SizedOp> {
  // The kernels of an op, and its stretches, follow each other.
  const byOp = Map.groupBy(scheduleOf(ops, dims, limits), ({ piece }) => piece.op);
  const rows = Array.from(byOp, ([op, scheduled]) => {
    const pieces = Map.groupBy(scheduled, ({ piece }) => piece);
    const works = Array.from(pieces, ([piece, [first]]) => workOf(piece, first!.sizes));
    const threads = scheduled.flatMap(threadsOf);
    return { op, name: nameOf(scheduled[0]!), works, threads };
  });
  return Array.from(Map.groupBy(rows, ({ name }) => name), ([name, same]) => {
    const { works, threads } = same[0]!;
    return {
      name,
      ops: same.map(({ op }) => op),
      work: {
        multiplyAdds: works.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
        bytes: works.reduce((sum, { bytes }) => sum + bytes, 0),
      },
      dispatches: threads.length,
      threads: Math.min(...threads),
    };
  });
}

/** Seconds that a card takes for one op at least. */
export function cardSeconds({ work, dispatches }: SizedOp, speed: Speed): number {
  return secondsOf(work, speed) + dispatches * speed.dispatch;
}

/** Milliseconds from which on the time of an op is not mostly that of the timer. */
const TIMED_MILLIS = 0.5;

/** The best that ops reached on an adapter: its speed, as far as they show it. */
export function reachedSpeed(
  timed: Iterable<{ readonly op: SizedOp; readonly millis: number }>,
): Speed {
  let [multiplyAdds, bytes, dispatch] = [0, 0, Infinity];
  for (const { op: { work, dispatches }, millis } of timed) {
    dispatch = Math.min(dispatch, millis / 1000 / dispatches);
    if (millis < TIMED_MILLIS) continue;
    multiplyAdds = Math.max(multiplyAdds, 1000 * work.multiplyAdds / millis);
    bytes = Math.max(bytes, 1000 * work.bytes / millis);
  }
  return { multiplyAdds, bytes, dispatch };
}

/** Seconds that a card takes for all ops of a phase at least. */
export function phaseSeconds(ops: ReadonlyArray<SizedOp>, speed: Speed): number {
  return ops.reduce((sum, op) => sum + op.ops.length * cardSeconds(op, speed), 0);
}

/** For each card, milliseconds of a pass of 2,048 tokens forward and backward, and tokens a second of 1 and of 16 rows. */
export function predictionsOf(form: ModelForm): ReadonlyArray<string> {
  const limits = { traits: CARD, bindingBytes: BINDING_BYTES, textureBytes: 0 };
  const workloads = workloadsOf(form);
  const opsOf = (work: typeof WORK[number]) => {
    const { program, phase, dims } = workloads[work];
    return sizedOps(program.phases[phase]!, dims, limits);
  };
  const pass = [...opsOf("forward"), ...opsOf("backward")];
  const [one, many] = [opsOf("token, 1 row"), opsOf("token, 16 rows")];
  return CARD_NAMES.map((card) => {
    const seconds = (ops: ReadonlyArray<SizedOp>) => phaseSeconds(ops, CARDS[card]);
    return [1000 * seconds(pass), 1 / seconds(one), 16 / seconds(many)].map(Math.round).join(" / ");
  });
}
