// deno-lint-ignore-file no-console
/** A process that does the training step of the bench and prints when the weights were updated and what memory it took. */
import { openBenchDevice } from "./ours.ts";
import { step } from "./our_stages.ts";

const shape = Deno.args.map(Number);
const device = await openBenchDevice();
const prepared = await step(device, shape);
await prepared.run(1);
const firstMilliseconds = performance.now();
await prepared.run(1);
// The largest resident size so far, in kB, as Linux counts it.
const status = await Deno.readTextFile("/proc/self/status");
const peak = 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN);
console.log(JSON.stringify({ firstMilliseconds, peak }));
Deno.exit(0);
