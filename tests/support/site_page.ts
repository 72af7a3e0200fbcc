/** The page of `deno task site` in a browser, as its tests and pictures use it. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const MINUTES = 60_000;
const POLL_MILLIS = 100;

/** What a page asked for elsewhere, and what went wrong in it. */
export interface Watched {
  readonly page: Page;
  readonly foreign: Array<string>;
  readonly errors: Array<string>;
}

/** Opens a page and watches it. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(10 * MINUTES);
  const foreign: Array<string> = [];
  const errors: Array<string> = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) foreign.push(request.url());
  });
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(url);
  return { page, foreign, errors };
}

/** F1 of both agents at each step that both have done, as the page's first table has it. */
export async function curvesOf(page: Page): Promise<ReadonlyArray<ReadonlyArray<number>>> {
  const rows: ReadonlyArray<ReadonlyArray<string>> = await page.evaluate(
    `[...document.querySelectorAll(".chart:first-child tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent))`,
  );
  return rows.map((cells) => cells.map(Number))
    .filter((cells) => cells.length === 2 && !cells.some(Number.isNaN));
}

/** Waits until both agents have done so many steps. The page's policy forbids Playwright's own way to wait. */
export async function stepsDone(page: Page, count: number): Promise<void> {
  while ((await curvesOf(page)).length < count) await page.waitForTimeout(POLL_MILLIS);
}
