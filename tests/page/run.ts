// deno-lint-ignore-file no-console
/**
 * Runs test files in Chromium and prints as JSON how each test went, from the root of the repository:
 * `run.ts tests/shaders/head_test.ts …`.
 */
import { inPage } from "./page.ts";

/** How a test went. */
export interface TestOutcome {
  readonly name: string;
  readonly ignore: boolean;
  readonly error: string | null;
  readonly millis: number;
}

await inPage(Deno.args, async (page) => {
  await page.exposeFunction("report", (found: TestOutcome) => console.log(JSON.stringify(found)));
  await page.evaluate("runTests(report)");
});
