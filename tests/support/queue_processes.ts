/** Trainers and workers as processes of the command line, on the tiny model. */
import { Effect } from "effect";
import { command } from "../../driver/command.ts";
import { contentsOf } from "./kill_matrix.ts";
import { writeTinyModel } from "./tiny_run.ts";
import type { Recipe } from "../../src/domain/recipe.ts";

const CLI = new URL("../../src/cli/cli.ts", import.meta.url).pathname;

/** Enough to start, and hardly more. */
const STARVED = "--v8-flags=--max-old-space-size=28";

/** A place for runs of one recipe. */
export interface Workshop {
  readonly folder: string;
  readonly queue: string;
  /** Starts a program; its output is piped. */
  readonly start: (...args: ReadonlyArray<string>) => Deno.ChildProcess;
  /** The same, with too little memory. */
  readonly starved: (...args: ReadonlyArray<string>) => Deno.ChildProcess;
  /** The same in a network of its own. */
  readonly startIn: (network: string, ...args: ReadonlyArray<string>) => Deno.ChildProcess;
  readonly train: (out: string, ...more: ReadonlyArray<string>) => Deno.ChildProcess;
  readonly worker: (...more: ReadonlyArray<string>) => Deno.ChildProcess;
}

/** Writes model, recipe and preset to a folder. A queue of none is a file there. */
export async function openWorkshop(
  folder: string,
  recipe: Partial<Recipe>,
  { device = "cpu", queue = `sqlite:${folder}/queue.sqlite` } = {},
): Promise<Workshop> {
  await Effect.runPromise(writeTinyModel(`${folder}/model`));
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
  // The entropy bonus moves the weights although an untrained model gets no rewards.
  const preset = { base: "paper-v2", name: "restless", entropy: { coefficient: 0.1 } };
  await Deno.writeTextFile(`${folder}/preset.json`, JSON.stringify(preset));
  const words = (args: ReadonlyArray<string>) => [
    ...["run", "--no-prompt", "--quiet", "--no-check"],
    ...["--allow-read", "--allow-write", "--allow-env", "--allow-net", "--allow-sys"],
    ...[CLI, ...args],
  ];
  const options = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const start = (...args: ReadonlyArray<string>) =>
    command("deno", { args: words(args), ...options }).spawn();
  const model = ["--model", `${folder}/model`];
  return {
    folder,
    queue,
    start,
    starved: (...args) => {
      const [run, ...others] = words(args);
      return command("deno", { args: [run!, STARVED, ...others], ...options }).spawn();
    },
    startIn: (network, ...args) =>
      command("ip", {
        args: ["netns", "exec", network, Deno.execPath(), ...words(args)],
        ...options,
      }).spawn(),
    train: (out, ...more) =>
      start(
        ...["train", ...model, "--device", device, "--out", out, ...more],
        ...["--recipe", `${folder}/recipe.json`, "--preset", `${folder}/preset.json`],
      ),
    worker: (...more) => start("worker", "--queue", queue, ...model, ...more),
  };
}

/** Waits for a program to end; fails unless it succeeds, and answers with what it printed. */
export async function succeeded(child: Deno.ChildProcess): Promise<string> {
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code !== 0) throw new Error(`It ended with ${code}: ${decode(stderr)}${decode(stdout)}`);
  return decode(stdout);
}

/** What a run leaves that never stopped and had no queue. */
export async function aloneIn({ folder, train }: Workshop) {
  await succeeded(train(`${folder}/alone`));
  return await contentsOf(`${folder}/alone`);
}

/** Reads what a program prints. */
export function reading(child: Deno.ChildProcess) {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    /** Waits for a line that matches, and answers with the lines so far; fails where the program ends first. */
    async until(pattern: RegExp): Promise<string> {
      const lines = () => text.slice(0, text.lastIndexOf("\n") + 1);
      while (!pattern.test(lines())) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`It ended, and no line matched ${pattern}: ${text}`);
        text += value;
      }
      return lines();
    },
    /** Waits for the program to end; fails unless it succeeds. */
    async success(): Promise<void> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
      }
      const { code } = await child.status;
      if (code !== 0) throw new Error(`It ended with ${code}: ${text}`);
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/**
 * Lets a program run a tenth of the time until something has happened, and fails where it ends first: a trainer works on
 * its own jobs too, and would be done before a worker has come up. A stop takes less time than any claim lasts.
 */
export async function holdBack<A>(child: Deno.ChildProcess, until: Promise<A>): Promise<A> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  const ended = child.status.then(() => {
    throw new Error("It ended before that happened");
  });
  const happened = Promise.race([until, ended]);
  happened.then(over, over);
  while (!isOver) {
    child.kill("SIGSTOP");
    await pause(90);
    child.kill("SIGCONT");
    await pause(10);
  }
  return await happened;
}
