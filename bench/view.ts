// deno-lint-ignore-file no-console
/**
 * Pictures of the page of `./igpo view`, and how long 10,000 turns take to open, in Chromium (CHROMIUM names it).
 *
 * Usage: `deno task bench:view RUN [RUN]` times it; with `--pictures` it writes pictures to docs/images instead.
 *
 * @module
 */

import { Effect } from "effect";
import { type Browser, chromium, type Page } from "playwright-core";
import { episodesPath, listEpisodes } from "../src/files/run_episodes.ts";
import { findRuns } from "../src/view/read_run.ts";
import { writePage } from "../src/view/write_page.ts";
import { findChromium } from "../tests/support/chromium.ts";

const TURNS = 10_000;
const IMAGES = "docs/images";
const WIDE = { width: 1400, height: 880 };
const PHONE = { width: 390, height: 844 };

/** A picture of the page; `part` is the element that it shows, or all that is in the window. */
interface Picture {
  readonly name: string;
  readonly hash: string;
  readonly part?: string;
  readonly viewport?: typeof WIDE;
  readonly scheme?: "light" | "dark";
}

/** The page of some runs in a folder of its own. */
async function pageOf(runs: ReadonlyArray<string>, folder: string): Promise<string> {
  const file = `${folder}/page.html`;
  console.log(
    await Effect.runPromise(Effect.flatMap(findRuns(runs), (found) => writePage(found, file))),
  );
  return `file://${file}`;
}

async function open(
  browser: Browser,
  url: string,
  { viewport = WIDE, scheme = "light" }: Partial<Picture>,
) {
  const page = await browser.newPage({ viewport, colorScheme: scheme });
  page.on("pageerror", ({ message }) => console.error(`The page failed: ${message}`));
  page.on("console", (message) => console.error(`The page says: ${message.text()}`));
  await page.goto(url);
  return page;
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const page = await open(browser, url + picture.hash, picture);
  await page.waitForSelector(picture.hash.includes("episodes") ? ".cell" : ".plot canvas");
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  const path = `${IMAGES}/view-${picture.name}.png`;
  if (picture.part === undefined) await page.screenshot({ path });
  else await page.locator(picture.part).first().screenshot({ path });
  await page.close();
}

/** Copies a step of a run until it has so many turns; answers with the folder of the copy. */
async function enlarged(run: string, folder: string): Promise<string> {
  const { step } = (await Effect.runPromise(listEpisodes(run))).at(-1)!;
  const text = await Deno.readTextFile(episodesPath(run, step));
  const records = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const path = `${folder}/large`;
  await Deno.mkdir(`${path}/episodes`, { recursive: true });
  for (const name of ["config.json", "metrics.jsonl"]) {
    await Deno.copyFile(`${run}/${name}`, `${path}/${name}`);
  }
  const lines: Array<string> = [];
  let turns = 0;
  for (let copy = 0; turns < TURNS; copy++) {
    for (const record of records) {
      turns += record.turns.length;
      const group = record.group + 1000 * copy;
      lines.push(JSON.stringify({ ...record, id: `${copy}/${record.id}`, group }));
    }
  }
  await Deno.writeTextFile(episodesPath(path, step), lines.join("\n"));
  return path;
}

/**
 * Milliseconds until a page is drawn, until the text and the formulas of a turn are there too, and until a click is
 * answered; and those of its thread's own work.
 */
async function timed(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage({ viewport: WIDE });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const begun = performance.now();
  await page.goto(`${url}#view=episodes`, { waitUntil: "commit" });
  await page.waitForSelector(".cell");
  const opened = performance.now() - begun;
  const work = await threadMillis(session);
  await page.waitForSelector(".reasons");
  await page.waitForSelector(".turns");
  const whole = performance.now() - begun;
  const clicked = performance.now();
  await page.locator(".cell").nth(20).click();
  await page.waitForSelector(".matrix .open .cell[aria-current]");
  const answered = performance.now() - clicked;
  console.log(
    `${TURNS} turns: open in ${opened.toFixed(0)} ms (${work.toFixed(0)} ms of work), ` +
      `text and formulas after ${whole.toFixed(0)} ms, a click answered in ${
        answered.toFixed(0)
      } ms`,
  );
  await page.close();
}

async function threadMillis(
  session: Awaited<ReturnType<ReturnType<Page["context"]>["newCDPSession"]>>,
): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return 1000 * (metrics.find(({ name }) => name === "ThreadTime")?.value ?? NaN);
}

const PICTURES: ReadonlyArray<Picture> = [
  { name: "curves", hash: "#view=curves" },
  { name: "episodes", hash: "#view=episodes&by=advantage" },
  { name: "dark", hash: "#view=episodes&by=normalised&preset=paper-v2", scheme: "dark" },
  { name: "phone", hash: "#view=episodes", viewport: PHONE },
  { name: "beside", hash: "#view=episodes&step=6&besideRun=1&besideStep=6" },
];

const ROUNDS = 5;
const [flags, paths] = [true, false].map((flag) =>
  Deno.args.filter((arg) => arg.startsWith("--") === flag)
);
const runs = paths!.map((path) => path.replace(/\/+$/, ""));
if (runs.length === 0) {
  console.error("Cannot open a page without a run: name its folder");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
const executablePath = await findChromium() ?? "";
// Containers give no sandbox of their own to a browser.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  if (flags!.includes("--pictures")) {
    const url = await pageOf(runs, folder);
    for (const picture of PICTURES) await take(browser, url, picture);
  } else {
    const url = await pageOf([await enlarged(runs[0]!, folder)], folder);
    for (let round = 0; round < ROUNDS; round++) await timed(browser, url);
  }
} finally {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
}
