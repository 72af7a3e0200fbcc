// Runs a user's module apart from the program, so that it can be ended. The first message names the module; each
// further one is a request.
import { parentPort } from "node:worker_threads";
import { Effect } from "effect";
import type { RewardReads, RewardRequest } from "../domain/reward_check.ts";
import { messageOf } from "../environment/tool.ts";
import { type Reply, replyOf } from "./reward.ts";

/** The first reply: what the module's function reads, or why there is none. */
export type Loaded = { readonly reads: RewardReads } | Exclude<Reply, { readonly value: number }>;

type Ask = (request: RewardRequest) => unknown;

const post = (reply: Loaded | Reply) => parentPort!.postMessage(reply);

// A module that exits would close this worker without a word.
Deno.exit = (code) => {
  post({ over: `it exited with code ${code ?? 0}` });
  throw new Error("The reward exited");
};
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  post({ over: `it threw outside of its answer: ${event.message}` });
});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  post({ over: `it threw outside of its answer: ${firstLine(event.reason)}` });
});

/** Deno advises flags of its own, which this program has not. */
function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0]!
    .replace(/, run again with the --allow-read flag$/, ", which --reads FOLDER allows")
    .replace(/, run again with the --allow-\w+ flag$/, ", which a module is not allowed");
}

async function load(module: string): Promise<{ readonly ask: Ask; readonly loaded: Loaded }> {
  const { grade, reward }: Readonly<Record<string, unknown>> = await import(module);
  if (typeof reward === "function") {
    return {
      ask: ({ question, answer, transcript }) => reward(question, answer, transcript),
      loaded: { reads: "transcript" },
    };
  }
  if (typeof grade !== "function") {
    throw new Error("it exports neither a function grade nor a function reward");
  }
  return { ask: ({ question, answer }) => grade(question, answer), loaded: { reads: "answer" } };
}

async function replyTo(ask: Ask, request: RewardRequest): Promise<Reply> {
  try {
    const given = ask(request);
    // An effect that needs no services: what a user wrote cannot be known better.
    const isEffect = Effect.isEffect(given);
    return replyOf(
      isEffect ? await Effect.runPromise(given as Effect.Effect<unknown>) : await given,
    );
  } catch (error) {
    return { failed: `it threw: ${firstLine(error) || typeof error}` };
  }
}

parentPort!.once("message", async (module: string) => {
  try {
    const { ask, loaded } = await load(module);
    parentPort!.on("message", async (request: RewardRequest) => post(await replyTo(ask, request)));
    post(loaded);
  } catch (error) {
    post({ failed: firstLine(error) });
  }
});
