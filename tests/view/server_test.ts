import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { pageScript, servedPage } from "../../src/view/document.ts";
import { findRuns } from "../../src/view/read_run.ts";
import { serveRuns } from "../../src/view/server.ts";
import { inFolder, trainTiny } from "../support/tiny_run.ts";

/** Serves a tiny run of one step while a test asks for things; `path` is the run's folder. */
function served(
  isLive: boolean,
  use: (address: string, path: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (path) => {
    await Effect.runPromise(trainTiny({ folder: path, recipe: { steps: 1, evaluateEvery: 0 } }));
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const runs = yield* findRuns([path]);
      const address = yield* serveRuns({ runs, isLive }, 0);
      yield* Effect.promise(() => use(address, path));
    })));
  });
}

const LIVE = true;
const STILL = false;

/** Status and text of an answer to a request as it is written here; `fetch` would mend its path and its host. */
async function ask(
  address: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const { hostname, port, host } = new URL(address);
  const lines = Object.entries({ host, connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const text = await new Response(connection.readable).text();
  return { status: Number(text.split(" ")[1]), text };
}

Deno.test("the server answers with a page that may run its own program and nothing else", () =>
  served(STILL, async (address) => {
    const response = await fetch(`${address}/`);
    strictEqual(response.status, 200);
    const policy = response.headers.get("content-security-policy")!;
    match(policy, /^default-src 'none'; script-src 'self'; connect-src 'self'; /);
    match(policy, /frame-ancestors 'none'/);
    ok(!policy.includes("unsafe"));
    const page = await response.text();
    strictEqual(page.match(/<script/g)?.length, 1);
    ok(!/https?:/.test(page));
    strictEqual((await (await fetch(`${address}/page.js`)).text()).length, pageScript.length);
  }));

Deno.test("the server answers to its own address alone", () =>
  served(STILL, async (address) => {
    const { port } = new URL(address);
    strictEqual((await ask(address, "/data/runs.json")).status, 200);
    strictEqual((await ask(address, "/", { host: `localhost:${port}` })).status, 200);
    for (
      const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port}.evil`]
    ) {
      const { status, text } = await ask(address, "/data/runs.json", { host });
      deepStrictEqual([host, status], [host, 403]);
      ok(!text.includes("metrics"));
    }
  }));

Deno.test("the server answers no other page", () =>
  served(STILL, async (address) => {
    const { host } = new URL(address);
    strictEqual((await ask(address, "/data/runs.json", { origin: `http://${host}` })).status, 200);
    const foreign = [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: `https://${host}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const headers of foreign) {
      strictEqual((await ask(address, "/data/runs.json", headers)).status, 403);
    }
    strictEqual((await fetch(`${address}/data/runs.json`, { method: "POST" })).status, 405);
  }));

Deno.test("no path leads out of the runs", () =>
  served(STILL, async (address) => {
    const targets = [
      "/../../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "//etc/passwd",
      "/config.json",
      "/data/step.json?run=0&step=../../etc/passwd",
      "/data/step.json?run=0&step=-1",
      "/data/step.json?run=1&step=1",
      "/data/step.json?run=__proto__&step=1",
      "/data/events",
    ];
    for (const target of targets) {
      deepStrictEqual([target, (await ask(address, target)).status], [target, 404]);
    }
  }));

Deno.test("the server hands out runs and the episodes of a step", () =>
  served(STILL, async (address) => {
    const { runs, presets, isLive } = await (await fetch(`${address}/data/runs.json`)).json();
    strictEqual(runs.length, 1);
    deepStrictEqual([runs[0].steps, runs[0].metrics.length, isLive], [1, 1, false]);
    deepStrictEqual(runs[0].kept.map((kept: { readonly step: number }) => kept.step), [1]);
    ok(presets.length > 10);
    const step = await (await fetch(`${address}/data/step.json?run=0&step=1`)).json();
    deepStrictEqual([step.records.length, step.notes], [6, []]);
    const texts = await (await fetch(`${address}/data/texts.json?run=0&step=1`)).json();
    deepStrictEqual(
      texts.map((text: string) => JSON.parse(text)[0].kind),
      Array(6).fill("prompt"),
    );
  }));

Deno.test("a step that is written anew is read anew", () =>
  served(STILL, async (address, path) => {
    const count = async () =>
      (await (await fetch(`${address}/data/step.json?run=0&step=1`)).json()).records.length;
    strictEqual(await count(), 6);
    const file = `${path}/episodes/step-1.jsonl`;
    const [first] = (await Deno.readTextFile(file)).split("\n");
    await Deno.writeTextFile(file, `${first}\n`);
    strictEqual(await count(), 1);
  }));

Deno.test("a live server says when a run has written something", () =>
  served(LIVE, async (address, path) => {
    const response = await fetch(`${address}/data/events`);
    strictEqual(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    strictEqual((await reader.read()).value, ": open\n\n");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const line = `${JSON.stringify({ type: "step", step: 2, f1: 0.5 })}\n`;
    await Deno.writeTextFile(`${path}/metrics.jsonl`, line, { append: true });
    strictEqual((await reader.read()).value, "event: changed\ndata:\n\n");
    await reader.cancel();
    const { runs } = await (await fetch(`${address}/data/runs.json`)).json();
    strictEqual(runs[0].metrics.length, 2);
  }));

Deno.test("the page has at most 200 kB", () => {
  const bytes = new TextEncoder().encode(servedPage + pageScript).length;
  ok(bytes <= 200_000, `it has ${bytes} bytes`);
});
