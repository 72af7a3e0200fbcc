/** What the page must do in every browser, in about a minute. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Numbers } from "../support/browser_numbers.ts";
import { bundled, numbersOfDeno, sameNumbers, seenBy } from "../support/page_in_chromium.ts";

/** Seconds until both agents have done a step, on two cores that do nothing else. */
const FIRST_STEP_SECONDS = 20;
const CORES = 2;

Deno.test("the page opens, both agents do a step soon, and nothing is asked elsewhere", async () => {
  const seen = await seenBy("open");
  deepStrictEqual([seen.foreign, seen.errors], [[], []]);
  ok(seen.curves.length > 0);
  // What else runs on the machine takes time, but none of the browser's.
  ok(seen.coreSeconds <= CORES * FIRST_STEP_SECONDS, `${seen.coreSeconds} s of a core`);
});

Deno.test("a page computes the log-probs that Deno computes, before and after an update", async () => {
  const found: Numbers = await seenBy("numbers", {
    program: await Deno.readTextFile(await bundled()),
  });
  ok(/swiftshader/i.test(found.adapter), found.adapter);
  sameNumbers(found, await numbersOfDeno());
});

Deno.test("the page goes on after the GPU process was killed", async () => {
  const { seen, adapter, errors } = await seenBy("lose");
  deepStrictEqual(errors, []);
  strictEqual(seen.length, 3);
  ok(/opening again: Cannot go on as the device must stay/.test(seen[1]), seen[1]);
  ok(/swiftshader/i.test(adapter), adapter);
});
