// deno-lint-ignore-file no-console
/**
 * Pictures of the page of `deno task site`, in Chromium (CHROMIUM names it), into docs/images: traces with their
 * credits, and both agents after some steps of training with their answers to a question.
 *
 * @module
 */

import { chromium, type Page } from "playwright-core";
import { findChromium } from "../tests/support/chromium.ts";
import { deno, SITE } from "../tests/support/page_in_chromium.ts";
import { openPage, stepsDone } from "../tests/support/site_page.ts";
import { serveSite } from "../tests/support/site_server.ts";

const IMAGES = "docs/images";
const TRACES = "docs/examples/traces.jsonl";
const VIEWPORT = { width: 1200, height: 1240 };
/** Steps of training until the second picture is taken. */
const STEPS = 10;

/** The part of the page under a heading. */
const part = (page: Page, title: string) =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title }) });

async function takeTraces(page: Page): Promise<void> {
  await page.getByLabel("traces").setInputFiles(TRACES);
  await page.locator(".credit-words").filter({ hasText: "traces have numbers" }).waitFor();
  await part(page, "Your traces").screenshot({ path: `${IMAGES}/site-traces.png` });
}

async function takeTraining(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Train" }).click();
  await stepsDone(page, STEPS);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Train" }).waitFor();
  await page.getByRole("button", { name: "Ask both" }).click();
  for (const i of [0, 1]) {
    await page.locator("article").nth(i).locator(".right, .wrong").waitFor();
  }
  await page.screenshot({ path: `${IMAGES}/site.png` });
}

await deno("task", "--quiet", SITE);
await using server = serveSite(SITE, "");
const browser = await chromium.launch({
  executablePath: await findChromium() ?? "",
  // Containers give no sandbox of their own to a browser.
  args: ["--no-sandbox"],
});
try {
  const url = `http://127.0.0.1:${server.addr.port}/#seed=1&device=cpu`;
  const { page, errors } = await openPage(browser, url, { viewport: VIEWPORT });
  await takeTraces(page);
  await takeTraining(page);
  for (const error of errors) console.error(`The page says: ${error}`);
} finally {
  await browser.close();
}
