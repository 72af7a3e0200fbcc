import { deepStrictEqual } from "node:assert/strict";
import project from "../deno.json" with { type: "json" };

const RUNS_APT = "run=apt-get,apt-cache,dpkg-deb,dpkg-query";
const HUB = "net=*.huggingface.co,*.hf.co$HUB_MIRROR";
/** Hosts and a program that flags name, by ./igpo. */
const OUTSIDE = "$OUTSIDE";
const MAY_RUN = "$MAY_RUN";

/** Permissions of tasks that start a program; others call one of these. ./igpo takes HUB_MIRROR from HF_ENDPOINT. */
const ALLOWED: Readonly<Record<string, ReadonlyArray<string>>> = {
  program: [
    "read",
    "write",
    "env",
    "sys=systemMemoryInfo",
    HUB + OUTSIDE,
    "ffi=.cache/driver",
    MAY_RUN,
  ],
  data: ["read", "write", "env", HUB],
  // Only for --browse any.
  "program:anywhere": [
    "read",
    "write",
    "env",
    "sys=systemMemoryInfo",
    "net",
    "ffi=.cache/driver",
    MAY_RUN,
  ],
  export: ["read", "write", "env", HUB],
  index: ["read", "write", "env"],
  retriever: ["read", "write", "env", "net=127.0.0.1,0.0.0.0"],
  view: ["read", "write", "env", "net=127.0.0.1"],
  tune: ["read", "write", "env", "ffi=.cache/driver"],
  checks: ["read", "write=.cache", "env", "run=deno"],
  bench: ["read", "write", "env", "ffi=.cache/driver", "run"],
  "bench:formats": ["read", "env", "sys=systemMemoryInfo", "ffi=.cache/driver"],
  "bench:credit": ["read", "write", "env", "sys=systemMemoryInfo", "ffi=.cache/driver"],
  "bench:plans": ["read"],
  "bench:large": ["read", "write", "env", "sys=systemMemoryInfo", "ffi=.cache/driver"],
  "bench:search": ["read", "write"],
  "bench:long": ["read", "env", "sys=systemMemoryInfo", "ffi=.cache/driver"],
  // The library that drives the browser asks for all.
  "bench:view": ["all"],
  driver: ["read", "env", "write=.cache", "ffi=.cache", RUNS_APT],
};

Deno.test("a task may do what is listed here, and nothing else", () => {
  const commands = Object.entries(project.tasks)
    .filter(([, { command }]) =>
      /\bdeno (?!bundle\b|task --quiet (program|checks)\b)/.test(command)
    );
  const found = commands.map(([name, { command }]) => {
    const flags = command.split(" ").slice(
      2,
      command.split(" ").findIndex((word) => /\.ts$/.test(word)),
    );
    const others = ["--no-prompt", "--no-config", "--quiet"];
    return [name, flags.filter((flag) => !others.includes(flag))];
  });
  const allowed = Object.entries(ALLOWED).map(([name, flags]) => [
    name,
    flags.map((flag) => flag === MAY_RUN ? flag : `--allow-${flag}`),
  ]);
  deepStrictEqual(Object.fromEntries(found), Object.fromEntries(allowed));
});
