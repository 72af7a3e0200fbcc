/** What tasks may do, and what a bad dependency could reach with it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import project from "../deno.json" with { type: "json" };
import { command } from "../driver/command.ts";
import { copyProject } from "./support/project_copy.ts";
import { inFolder } from "./support/tiny_run.ts";

const RUNS_APT = "run=apt-get,apt-cache,dpkg-deb,dpkg-query";
const HUB = "net=*.huggingface.co,*.hf.co$HUB_MIRROR";
/** What every program may do; ./igpo takes the rest of these from flags (driver/allow.ts). */
const PROGRAM = ["read$MAY_READ", "write$MAY_WRITE", "env$MAY_SEE"];
/** Libraries come from there, and programs do not write there. */
const FFI = "ffi=$HERE/.cache/driver";
const MEMORY = "sys=systemMemoryInfo";
const BENCH = ["read", "write", "env"];
const BENCH_FFI = "ffi=.cache/driver";

/** Permissions of tasks that start a program; others call one of these. */
const ALLOWED: Readonly<Record<string, ReadonlyArray<string>>> = {
  program: [...PROGRAM, MEMORY, `${HUB}$OUTSIDE`, FFI, "$MAY_RUN"],
  // Only for --browse any.
  "program:anywhere": [...PROGRAM, MEMORY, "net", FFI, "$MAY_RUN"],
  data: [...PROGRAM, HUB],
  export: [...PROGRAM, HUB],
  index: PROGRAM,
  queue: [...PROGRAM, "net=127.0.0.1$OUTSIDE"],
  retriever: [...PROGRAM, "net=127.0.0.1,0.0.0.0"],
  view: [...PROGRAM, "net=127.0.0.1"],
  "check-reward": [...PROGRAM, MEMORY, FFI, "$MAY_RUN"],
  tune: [...PROGRAM, FFI],
  checks: ["read", "write=.cache", "env", "run=deno"],
  bench: [...BENCH, BENCH_FFI, "run"],
  "bench:formats": ["read", "env", MEMORY, BENCH_FFI],
  "bench:truth": [...BENCH, MEMORY, BENCH_FFI],
  "bench:plans": ["read"],
  "bench:counts": ["read"],
  "bench:gpu": ["all"],
  "bench:card": ["all"],
  "bench:scale": ["read"],
  "bench:jobs": [...BENCH, "net"],
  "bench:large": [...BENCH, MEMORY, BENCH_FFI],
  "bench:search": ["read", "write"],
  "bench:long": ["read", "env", MEMORY, BENCH_FFI],
  "bench:queue": [...BENCH, "net=127.0.0.1", "run=deno"],
  "bench:shards": BENCH,
  // The library that drives the browser asks for all.
  "bench:view": ["all"],
  "bench:live": ["all"],
  "bench:site": ["all"],
  driver: ["read", "env", "write=.cache", "ffi=.cache", RUNS_APT],
};

/** The words of the Deno command in each task that starts one of its own. */
const commands = Object.entries(project.tasks).flatMap(([name, { command }]) => {
  const words = command.replaceAll('"', "").split(" ");
  const start = words.findIndex((word, i) => word === "deno" && words[i + 1] === "run");
  return start < 0 ? [] : [{ name, words: words.slice(start + 2) }];
});

function flagsOf({ words }: (typeof commands)[number]): ReadonlyArray<string> {
  return words.slice(0, words.findIndex((word) => word.endsWith(".ts")));
}

Deno.test("a task may do what is listed here, and nothing else", () => {
  const found = commands.map((task) => {
    const rights = flagsOf(task).filter((flag) => /^(--allow-|\$MAY_)/.test(flag));
    return [task.name, rights.map((flag) => flag.replace("--allow-", ""))];
  });
  deepStrictEqual(Object.fromEntries(found), ALLOWED);
});

Deno.test("a task that loads packages takes those of the lock file, and never asks", () => {
  for (const task of commands) {
    const flags = flagsOf(task);
    const isLocked = flags.includes("--frozen") || flags.includes("--no-config");
    deepStrictEqual([task.name, isLocked, flags.includes("--no-prompt")], [task.name, true, true]);
  }
});

Deno.test("no task but the one that fetches it may write where it loads the driver from", () => {
  const both = commands.filter((task) => {
    const flags = flagsOf(task);
    const has = (start: string) => flags.some((flag) => flag.startsWith(start));
    const folder = flags.find((flag) => flag.startsWith("--allow-ffi="))?.split("=")[1];
    return folder !== undefined && has("--allow-write") &&
      !flags.includes(`--deny-write=${folder}`);
  });
  deepStrictEqual(both.map(({ name }) => name), ["driver"]);
});

const LIBRARY = "/usr/lib/libnothing.so";

/** A machine of a user who calls ./igpo in the home folder, and a server on it. */
function inHome(test: (place: { home: string; copy: string; port: string }) => Promise<void>) {
  return inFolder(async (folder) => {
    const [home, copy] = [`${folder}/home`, `${folder}/project`];
    await Deno.mkdir(`${home}/.ssh`, { recursive: true });
    await Deno.writeTextFile(`${home}/.ssh/id_ed25519`, "a key");
    await copyProject(copy);
    await Deno.mkdir(`${copy}/.cache/driver`, { recursive: true });
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await test({ home, copy, port: String(server.addr.port) });
    } finally {
      server.close();
    }
  });
}

/** What a bad program got that has the rights of a task, started in the home folder. */
async function got(
  { home, copy, port }: { home: string; copy: string; port: string },
  flags: ReadonlyArray<string>,
): Promise<Readonly<Record<string, string>>> {
  const { stdout, stderr } = await command("deno", {
    args: [
      ...["run", ...flags, new URL("support/hostile.ts", import.meta.url).pathname],
      ...[copy, port, LIBRARY],
    ],
    cwd: home,
    env: { HOME: home, AWS_SECRET_ACCESS_KEY: "secret" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  ok(stdout.length > 0, decode(stderr));
  return JSON.parse(decode(stdout));
}

/** The endings of permission flags that ./igpo gives a program without flags. */
async function endings(program: string, home: string, copy: string) {
  const { stdout } = await command("deno", {
    args: [
      ...["run", "--no-config", "--no-prompt", "--allow-read", "--allow-env"],
      ...[`${copy}/driver/allow.ts`, program],
    ],
    cwd: home,
    env: { HOME: home },
  }).output();
  const [mirror, outside, mayRun, , see, read, write] = new TextDecoder().decode(stdout).split(
    "\n",
  );
  return {
    ...{ HERE: copy, HUB_MIRROR: mirror!, OUTSIDE: outside!, MAY_RUN: mayRun! },
    ...{ MAY_SEE: see!, MAY_READ: read!, MAY_WRITE: write! },
  } as Readonly<Record<string, string>>;
}

/** Rights by which a program does its work: the retriever and the page serve this machine, --browse any reads all pages. */
const MEANT: Readonly<Record<string, ReadonlyArray<string>>> = {
  retriever: ["connect to a server"],
  view: ["connect to a server"],
  queue: ["connect to a server"],
  "program:anywhere": ["connect to a server"],
};

Deno.test("a bad dependency of a program gets no key, no variable, no library, no program and no server", () =>
  inHome(async (place) => {
    const programs = commands.filter(({ words }) => words.some((word) => word.endsWith("/cli.ts")));
    strictEqual(programs.length, 10);
    for (const task of programs) {
      const name = task.name.startsWith("program") ? "train" : task.name;
      const values = await endings(name, place.home, place.copy);
      const flags = flagsOf(task)
        .map((flag) => flag.replaceAll(/\$(\w+)/g, (_, variable) => values[variable] ?? ""))
        .filter((flag) => flag !== "");
      const reached = Object.entries(await got(place, flags))
        .filter(([, outcome]) => outcome !== "NotCapable").map(([attempt]) => attempt);
      deepStrictEqual([task.name, reached], [task.name, MEANT[task.name] ?? []]);
    }
  }));

Deno.test("a program with all rights is not refused any of that", () =>
  inHome(async (place) => {
    const refused = Object.entries(await got(place, ["--allow-all"]))
      .filter(([, outcome]) => outcome === "NotCapable");
    deepStrictEqual(refused, []);
  }));
