/**
 * Preloaded into a program, lets the change of the disk that DISK_FAULT names end it: `torn:17`, with a true SIGKILL, or
 * `SIGTERM:17`. At its end it writes to stderr how many changes there were.
 */
import { breakDisk, type DiskFault } from "./faulty_disk.ts";

const [how, at] = Deno.env.get("DISK_FAULT")!.split(":");
const isSignal = /^SIG/.test(how!);
const fault = { at: Number(at), how: isSignal ? "signal" : how as DiskFault["how"] } as const;
const { changes } = breakDisk(
  fault,
  () => Deno.kill(Deno.pid, isSignal ? how as Deno.Signal : "SIGKILL"),
);
globalThis.addEventListener("unload", () => {
  Deno.stderr.writeSync(new TextEncoder().encode(`${changes.length} changes\n`));
});
