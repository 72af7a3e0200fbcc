// deno-lint-ignore-file no-console
/**
 * Opens the page of `deno task site` in Chromium (CHROMIUM names it), which draws and computes by software, does what
 * the first argument says, and prints what it saw as JSON: `drive_page.ts numbers|open|train|answer|lose|credit|live URL`.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { BY_SOFTWARE, findChromium } from "./chromium.ts";
import { curvesOf, openPage, stepsDone } from "./site_page.ts";

/** Steps after which the training is looked at. */
const STEPS = 10;

/** What a page computes with the model's files by WebGPU. */
async function numbers(browser: Browser, url: string) {
  const { page } = await openPage(browser, `${url}/numbers.html`);
  await page.waitForFunction("typeof numbersOf === 'function'");
  return await page.evaluate(`(async () => {
    const file = async (name) => await fetch("model/" + name);
    const text = async (name) => await (await file(name)).text();
    return await numbersOf({
      "config.json": await text("config.json"),
      "tokenizer.json": await text("tokenizer.json"),
      "tokenizer_config.json": await text("tokenizer_config.json"),
      "model.safetensors": await (await file("model.safetensors")).bytes(),
    }, "gpu");
  })()`);
}

/** The browser's processes. */
async function processesOf(browser: Browser) {
  const session = await browser.newBrowserCDPSession();
  return (await session.send("SystemInfo.getProcessInfo")).processInfo;
}

/** Opens the page and trains until both agents have done a step. */
async function trainOnce(browser: Browser, url: string) {
  const begun = performance.now();
  const watched = await openPage(browser, `${url}/#seed=1`);
  await watched.page.getByRole("button", { name: "Train" }).click();
  await stepsDone(watched.page, 1);
  const firstStepSeconds = (performance.now() - begun) / 1000;
  const processes = await processesOf(browser);
  const coreSeconds = processes.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  return { ...watched, firstStepSeconds, coreSeconds };
}

/** What the page has shown by then. */
async function first(browser: Browser, url: string) {
  const { page, ...seen } = await trainOnce(browser, url);
  return { ...seen, curves: await curvesOf(page) };
}

/** Trains for some steps, and once more after the page was opened again. */
async function train(browser: Browser, url: string) {
  const { page, foreign, errors, firstStepSeconds } = await trainOnce(browser, url);
  await stepsDone(page, STEPS);
  const curves = await curvesOf(page);
  await page.reload();
  await stepsDone(page, STEPS);
  const kept = await curvesOf(page);
  const adapter = await page.locator(".adapter").textContent();
  return { firstStepSeconds, curves, kept, adapter, foreign, errors, url: page.url() };
}

/** Asks both agents, then edits what the first search found. */
async function answer(browser: Browser, url: string) {
  const { page, foreign, errors } = await openPage(browser, `${url}/#seed=1&preset=paper-v2`);
  const article = page.locator("article").first();
  const ended = article.locator(".right, .wrong");
  await page.getByRole("button", { name: "Ask both" }).click();
  await ended.waitFor();
  const before = await article.locator(".believed").allTextContents();
  await article.locator("textarea").first().fill(" nothing");
  await article.getByRole("button", { name: "Go on with this result" }).click();
  await ended.waitFor({ state: "detached" });
  await ended.waitFor();
  const after = await article.locator(".believed").allTextContents();
  return { before, after, foreign, errors };
}

/** Trains by WebGPU and kills the GPU process: what the first agent says it does, each time that it changes. */
async function lose(browser: Browser, url: string) {
  const { page, errors } = await openPage(browser, `${url}/#device=gpu`);
  const words = page.locator(".sides li").first();
  const says = async (pattern: RegExp) => {
    await words.filter({ hasText: pattern }).waitFor();
    return await words.textContent();
  };
  await page.getByRole("button", { name: "Train" }).click();
  const seen = [await says(/step 1: rollout/)];
  const processes = await processesOf(browser);
  Deno.kill(processes.find(({ type }) => type === "GPU")!.id, "SIGKILL");
  seen.push(await says(/opening again/), await says(/step 1: rollout/));
  return { seen, errors, adapter: await page.locator(".adapter").textContent() };
}

/** Gives the page traces, then a model's folder, and drops a folder of the model and no trace: what each of them shows. */
async function credit(
  browser: Browser,
  url: string,
  [traces, model, both]: ReadonlyArray<string>,
) {
  const { page, foreign, errors } = await openPage(browser, `${url}/#device=cpu`);
  const words = page.locator(".credit-words");
  const seen = async () => {
    await words.filter({ hasText: "traces have numbers" }).waitFor();
    const rows = await page.locator(".credited tbody tr").evaluateAll((found) =>
      found.map((row) =>
        [...row.querySelectorAll("td.number data")].map((cell) =>
          Number(cell.getAttribute("value"))
        )
      )
    );
    return {
      words: await words.textContent(),
      rows,
      table: await page.locator(".imported").textContent(),
    };
  };
  await page.getByLabel("traces").setInputFiles(traces!);
  const builtIn = await seen();
  await page.getByLabel("model folder").setInputFiles(model!);
  await words.filter({ hasNotText: "traces have numbers" }).waitFor();
  const given = await seen();
  await drop(page, both!);
  await words.filter({ hasText: "Cannot" }).waitFor();
  return { builtIn, given, refusal: await words.textContent(), foreign, errors };
}

/** Drops a file or folder on the page as its reader would. */
async function drop(page: Page, path: string) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 200, y: 200, data });
  }
}

/** Opens the live view of a run under another preset and lets the run write: how much of the page is taken away then. */
async function live(browser: Browser, url: string, [metrics]: ReadonlyArray<string>) {
  const { page, errors } = await openPage(browser, `${url}/#view=episodes&step=1&preset=rloo`);
  await page.locator(".reasons-of .reasons").waitFor();
  await page.evaluate(`(() => {
    globalThis.taken = [];
    new MutationObserver((changes) => {
      for (const { removedNodes } of changes) {
        taken.push(...Array.from(removedNodes, ({ textContent }) => textContent.slice(0, 40)));
      }
    }).observe(document.querySelector("main > section"), { childList: true, subtree: true });
  })()`);
  const lines = (await Deno.readTextFile(metrics!)).split("\n");
  const step = lines.find((line) => line.includes('"type":"step"'))!;
  const next = JSON.stringify({ ...JSON.parse(step), step: 2 });
  await Deno.writeTextFile(metrics!, `${next}\n`, { append: true });
  await page.locator(".legend").filter({ hasText: " 2 of " }).waitFor();
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  return { taken: await page.evaluate("taken"), errors };
}

const WORKS = { numbers, open: first, train, answer, lose, credit, live };

const [what, url, ...paths] = Deno.args;
const executablePath = await findChromium() ?? "";
const browser = await chromium.launch({ executablePath, args: BY_SOFTWARE });
try {
  // The test names one of them.
  const seen = await WORKS[what as keyof typeof WORKS](browser, url!, paths);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
