/** What of a run is handed to the device at a time. */
import { type Copy, type Part, recordCopy } from "./copies.ts";
import type { Host } from "./host.ts";
import type { Family } from "./launches.ts";

/**
 * Dispatches recorded into one command buffer. Long ones keep the host from seeing errors; a CPU computes them inside of
 * the call that submits them.
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
 * Steps of one submission each. Drivers compile a kernel when it is first dispatched, for seconds: it stands alone.
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
