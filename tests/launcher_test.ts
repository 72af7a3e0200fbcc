/** What ./igpo lets a program do, by its flags and its configuration. */
import { deepStrictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import { inFolder } from "./support/tiny_run.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** `HUB_MIRROR|OUTSIDE|MAY_RUN ANYWHERE` of a command line. */
async function launch(words: ReadonlyArray<string>, endpoint = ""): Promise<string> {
  const { stdout, stderr } = await command("sh", {
    args: [`${ROOT}igpo`, ...words],
    env: {
      DENO: `${ROOT}tests/support/print_launch.sh`,
      HF_ENDPOINT: endpoint,
      MAY_RUN: "--allow-all",
    },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout).trim() + decoder.decode(stderr);
}

const ALLOWED: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
  [
    ["evaluate", "--judge", "https://j.example:8443/v1?a=b", "--search", "tavily"],
    "|,api.tavily.com,j.example:8443|",
  ],
  [["train"], "||"],
  [["train", "--search", "http://127.0.0.1:8000"], "|,127.0.0.1:8000|"],
  [["train", "--search=https://h.example/"], "|,h.example|"],
  [["train", "--search", "http://[::1]:80/x"], "|,[::1]:80|"],
  [["train", "--search", "serper"], "|,google.serper.dev|"],
  [["train", "--mcp", "https://m.example/mcp"], "|,m.example|"],
  [
    ["train", "--mcp", "npx -y server", "--search", "brave"],
    "|,api.search.brave.com|--allow-run=npx",
  ],
  [
    ["train", "--browse", "example.org,*.wikipedia.org", "--search", "serper"],
    "|,google.serper.dev,example.org,*.wikipedia.org|",
  ],
  [["train", "--browse", "any"], "||:anywhere"],
  [["train", "--browse", "*,a b,--allow-all,a.*,*.,..,x*.org,$(sh),any"], "|,any|"],
  [["train", "--browse", "example.org, example.com "], "|,example.org,example.com|"],
  [["train", "--mcp", " node x"], "||--allow-run=node"],
  [["check-reward", "--command", "python3 reward.py"], "||--allow-run=python3"],
  [["check-reward", "reward.ts", "--mcp", "npx -y server"], "||"],
  [["train", "--command", "python3 reward.py"], "||"],
  [["train", "--mcp", "./server.py x"], `||--allow-run=${Deno.cwd()}/./server.py`],
  // Nothing but a host and a port, or a program, is allowed for.
  ...[
    "https://x --allow-run",
    "http://a:b:c",
    "http://1.2.3.4:99999",
    "http://[::1",
    "http://[zz]:1",
    "http://a..b",
    "http://a]b",
    "https://u:p@host",
    "*",
    "some.index",
  ].map((search) => [["train", "--search", search], "||"] as const),
  [["train", "--mcp", "a,b c"], "||"],
  [["train", "--mcp", "$(sh) x"], "||"],
  [["train", "--mcp", "--allow-all"], "||"],
];

Deno.test("./igpo allows the hosts and the program that flags name, and nothing else", async () => {
  const found = await Promise.all(ALLOWED.map(async ([words]) => [words, await launch(words)]));
  deepStrictEqual(found, ALLOWED);
});

Deno.test("./igpo allows a mirror of the Hub, if it is an address", async () => {
  const endpoints = ["https://mirror.example", "https://x --allow-run", "x,*"];
  const found = await Promise.all(endpoints.map((endpoint) => launch(["train"], endpoint)));
  deepStrictEqual(found, [",mirror.example||", "||", "||"]);
});

Deno.test("./igpo allows what the configuration of a run names, unless a flag names something else", () =>
  inFolder(async (folder) => {
    const config = { search: "http://127.0.0.1:8123", mcp: "npx -y server", journal: null };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config, null, 2));
    const both = "|,127.0.0.1:8123|--allow-run=npx";
    deepStrictEqual(
      await Promise.all([
        launch(["train", "--resume", folder]),
        launch(["evaluate", `--resume=${folder}`]),
        launch(["train", "--config", `${folder}/config.json`]),
        launch(["train", `--config=${folder}/config.json`, "--search", "tavily"]),
      ]),
      [both, both, both, "|,api.tavily.com|--allow-run=npx"],
    );
  }));
