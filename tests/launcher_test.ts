/** What ./igpo lets a program do, by its flags and its configuration. */
import { deepStrictEqual, match } from "node:assert/strict";
import { resolve } from "node:path";
import { command } from "../driver/command.ts";
import { inFolder } from "./support/tiny_run.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** `HUB_MIRROR|OUTSIDE|MAY_RUN ANYWHERE` of a command line. */
async function launch(words: ReadonlyArray<string>, endpoint = ""): Promise<string> {
  const { stdout, stderr } = await command("sh", {
    args: [`${ROOT}igpo`, ...words],
    env: {
      DENO: `${ROOT}tests/support/print_launch.sh`,
      REAL_DENO: Deno.execPath(),
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
  [["train", "--mcp", "./server.py x"], `||--allow-run=${Deno.cwd()}/server.py`],
  [["check-reward", "--command", "python3 reward.py"], "||--allow-run=python3"],
  [["check-reward", "reward.ts", "--mcp", "npx -y server"], "||"],
  [["train", "--command", "python3 reward.py"], "||"],
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
  [
    ["train", "--queue", "postgres://me:pw@db.example/x", "--serve-blobs", "10.0.0.1:8010"],
    "|,db.example:5432,10.0.0.1:8010|",
  ],
  [
    ["worker", "--queue", "postgres://me@db.example:99/x", "--blobs", "http://10.0.0.1:8010"],
    "|,db.example:99,10.0.0.1:8010|",
  ],
  [["train", "--serve-blobs", "x --allow-run"], "||"],
  [["worker", "--otlp", "http://127.0.0.1:4318"], "|,127.0.0.1:4318|"],
  [["train", "--otlp", "127.0.0.1:4318"], "||"],
  [["worker", "--blobs", "http://u:p@host:1"], "||"],
  [["worker", "--blobs", "/mnt/blobs"], "||"],
  [["train", "--policy", "llama.cpp:http://127.0.0.1:8080"], "|,127.0.0.1:8080|"],
  [["train", "--policy=vllm:https://h.example"], "|,h.example|"],
  [["train", "--policy", "a b:http://h.example"], "||"],
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
    // A key and its value may stand on two lines, and a slash may be written as \\/.
    const config = String.raw`{"search":
      "http:\/\/127.0.0.1:8123", "mcp": "npx -y server", "journal": null}`;
    await Deno.writeTextFile(`${folder}/config.json`, config);
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

const PROJECT = ROOT.slice(0, -1);

/** What a command line may read, write and see, called in a folder; paths of the machine are left out. */
async function paths(folder: string, ...words: ReadonlyArray<string>) {
  const { stdout } = await command("sh", {
    args: [`${ROOT}igpo`, ...words],
    cwd: folder,
    env: {
      ...{ DENO: `${ROOT}tests/support/print_launch.sh`, REAL_DENO: Deno.execPath() },
      ...{ SHOW: "paths", HOME: "/home/me", XDG_CACHE_HOME: "", HF_HOME: "", HF_HUB_CACHE: "" },
      MESA_SHADER_CACHE_DIR: "",
    },
  }).output();
  const [read, write, see] = new TextDecoder().decode(stdout).split("\n");
  const own = (list: string) =>
    list.slice(1).split(",").filter((path) =>
      !/^\/(home|etc|usr)\//.test(path) && path !== PROJECT
    );
  return { read: own(read!), write: own(write!), see: see! };
}

Deno.test("./igpo lets a program read and write what its flags name, else only below runs/", () =>
  inFolder(async (folder) => {
    const at = (...names: ReadonlyArray<string>) => names.map((name) => `${folder}/${name}`);
    const plain = await paths(folder, "train");
    deepStrictEqual([plain.read, plain.write], [at("runs"), at("runs")]);
    const named = await paths(
      folder,
      ...["train", "--out", "a b", "--questions", "q.jsonl*2,r,s.parquet", "--model=../m"],
      ...["--journal", "record:j.sqlite", "--corpus", "/x/c.jsonl", "--recipe", "./r.json"],
    );
    const journal = at("j.sqlite", "j.sqlite-journal", "j.sqlite-wal", "j.sqlite-shm");
    deepStrictEqual(named.write, [...at("a b"), ...journal]);
    const given = [...at("a b", "q.jsonl", "s.parquet", "r.json"), resolve(folder, "../m")];
    for (const path of [...given, "/x/c.jsonl"]) {
      deepStrictEqual([path, named.read.includes(path)], [path, true]);
    }
    const queue = ["worker", "--queue", "sqlite:q"];
    const files = at("q", "q-journal", "q-wal", "q-shm");
    deepStrictEqual((await paths(folder, ...queue)).write, [...files, ...at("q.blobs")]);
    deepStrictEqual((await paths(folder, ...queue, "--blobs", "http://h:1")).write, files);
    // A list of permissions can hold no comma: the folder stands for such a path.
    deepStrictEqual((await paths(folder, "train", "--out", "a,b/c")).write, [folder]);
    deepStrictEqual((await paths(folder, "data", "q.jsonl")).write, []);
    deepStrictEqual((await paths(folder, "rollout", "--out", "b")).write, at("b"));
    deepStrictEqual((await paths(folder, "export", "--out", "x/")).write, at("x", ".x.tmp"));
  }));

Deno.test("./igpo shows a program the variables that it reads, and all only if it starts a server", () =>
  inFolder(async (folder) => {
    match((await paths(folder, "train")).see, /^=.*,HF_\*,.*,LP_\*/);
    deepStrictEqual((await paths(folder, "train", "--mcp", "npx server")).see, "");
  }));
