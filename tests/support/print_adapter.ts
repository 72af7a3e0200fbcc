// deno-lint-ignore-file no-console
// Prints the adapter that a program of the project in the folder `Deno.args[0]` uses.
import { Effect } from "effect";
import { adapterInfo } from "../../src/domain/adapter.ts";

const { chooseDriver } = await import(`${Deno.args[0]}/src/files/driver.ts`);
const choice = await Effect.runPromise(chooseDriver());
const adapter = choice === "none" ? null : await navigator.gpu.requestAdapter();
const found = adapter === null ? null : adapterInfo(adapter);
console.log(found === null ? "none" : `${found.name} ${found.kind}`);
