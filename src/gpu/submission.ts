/** How the steps of a run are divided into submissions. */
import { type Copy, type Part, recordCopy } from "./copies.ts";
import type { Host } from "./host.ts";
import type { Family } from "./launches.ts";

/**
 * Maximum steps of one command buffer. A long one delays errors, and a CPU computes all of it inside the call that
 * submits it.
 */
const SUBMIT_EVERY: Readonly<Record<Family, number>> = { tiles: 2048, lines: 32, loops: 32 };

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
  };

/**
 * Divides steps into submissions. A pipeline's first dispatch gets one of its own: drivers compile it then, for
 * seconds.
 */
export function partsOf(
  steps: ReadonlyArray<Step>,
  { pipelines, traits }: Host,
): ReadonlyArray<ReadonlyArray<Step>> {
  const parts: Step[][] = [[]];
  for (const step of steps) {
    const isFirst = step._tag === "Dispatch" && !pipelines.dispatched.has(step.pipeline);
    if (isFirst || parts.at(-1)!.length >= SUBMIT_EVERY[traits.family]) parts.push([]);
    parts.at(-1)!.push(step);
    if (!isFirst) continue;
    pipelines.dispatched.add(step.pipeline);
    parts.push([]);
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
