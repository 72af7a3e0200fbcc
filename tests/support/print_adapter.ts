// deno-lint-ignore-file no-console
// Prints which adapter a program comes to use, and how many invocations a workgroup of its device may have.
import { Effect } from "effect";
import { loadFetchedDriver } from "../../src/files/driver.ts";

const isFetched = await Effect.runPromise(loadFetchedDriver());
const adapter = await navigator.gpu.requestAdapter();
const device = await adapter?.requestDevice();
console.log(isFetched, adapter?.info.description, device?.limits.maxComputeInvocationsPerWorkgroup);
