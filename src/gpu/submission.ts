/** How the steps of a run are divided into submissions. */
import { type Copy, type Part, recordCopy } from "./copies.ts";
import type { Host } from "./host.ts";

/** Maximum steps of a command buffer on a CPU, which computes all of it inside the call that submits it. */
const MOST_STEPS = 32;

/**
 * Maximum seconds of a command buffer on the slowest GPU: systems reset one that takes seconds, and draw nothing in the
 * meantime. A longer dispatch is alone in its command buffer.
 */
const MOST_SECONDS = 0.05;

/** A copy of a buffer to its texture, or a dispatch. */
export type Step =
  | {
    readonly _tag: "Copy";
    readonly copy: Copy;
    readonly part: Part;
  }
  | {
    readonly _tag: "Dispatch";
    readonly op: string;
    readonly pipeline: GPUComputePipeline;
    readonly group: GPUBindGroup;
    readonly grid: readonly [number, number];
    readonly offset: number;
    /** What it takes on the slowest GPU. */
    readonly seconds: number;
  };

/**
 * Divides steps into submissions. A pipeline's first dispatch gets one of its own: drivers compile it then, for
 * seconds.
 */
export function partsOf(
  steps: ReadonlyArray<Step>,
  { pipelines: { dispatched }, traits: { family } }: {
    readonly pipelines: Pick<Host["pipelines"], "dispatched">;
    readonly traits: Pick<Host["traits"], "family">;
  },
): ReadonlyArray<ReadonlyArray<Step>> {
  const parts: Step[][] = [[]];
  let taken = 0;
  const begin = () => {
    parts.push([]);
    taken = 0;
  };
  for (const step of steps) {
    const isFirst = step._tag === "Dispatch" && !dispatched.has(step.pipeline);
    const seconds = step._tag === "Dispatch" ? step.seconds : 0;
    const isFull = family === "tiles"
      ? taken + seconds > MOST_SECONDS
      : parts.at(-1)!.length >= MOST_STEPS;
    if (isFirst || isFull) begin();
    parts.at(-1)!.push(step);
    taken += seconds;
    if (!isFirst) continue;
    dispatched.add(step.pipeline);
    begin();
  }
  return parts.filter((part) => part.length > 0);
}

/** Records steps into one command buffer and hands it to the device. */
export function submitPart(host: Host, label: string, steps: ReadonlyArray<Step>): void {
  const encoder = host.device.createCommandEncoder({ label });
  let pass: GPUComputePassEncoder | null = null;
  for (const step of steps) {
    if (step._tag === "Copy") {
      pass?.end();
      pass = null;
      recordCopy(encoder, step.copy, step.part);
      continue;
    }
    const { op, pipeline, group, grid, offset } = step;
    if (grid[0] === 0 || grid[1] === 0) continue;
    if (host.profiler !== null) {
      pass?.end();
      const timestampWrites = host.profiler.begin(label, op);
      pass = encoder.beginComputePass(
        timestampWrites === null ? { label } : { label, timestampWrites },
      );
    }
    pass ??= encoder.beginComputePass({ label });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(grid[0], grid[1]);
  }
  pass?.end();
  host.profiler?.resolve(encoder);
  host.device.queue.submit([encoder.finish()]);
}
