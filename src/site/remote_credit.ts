/** The worker that credits traces, as the page sees it. */
/// <reference lib="dom" />
import type { CreditOptions, CreditTell } from "../tab/credit_messages.ts";

/** A trace with its credits, in words and numbers. */
export type CreditedTrace = Extract<CreditTell, { readonly kind: "credited" }>["trace"];

/** What is known so far. */
export interface CreditState {
  /** What it does, what came of it, or why it failed. */
  readonly words: string;
  readonly isAtWork: boolean;
  /** What was recovered, lost and refused; null until that is known. */
  readonly imported: string | null;
  readonly traces: ReadonlyArray<CreditedTrace>;
}

const NEW: CreditState = {
  words: "Reading the traces and the model",
  isAtWork: true,
  imported: null,
  traces: [],
};

/** Credits traces in a worker of their own and tells each state; answers with what ends it. */
export function creditRemotely(
  options: CreditOptions,
  onState: (state: CreditState) => void,
): () => void {
  let state = NEW;
  const worker = new Worker(new URL("./agent_worker.js", import.meta.url), { type: "module" });
  const change = (part: Partial<CreditState>) => onState(state = { ...state, ...part });
  const end = (words: string) => {
    worker.terminate();
    change({ isAtWork: false, words });
  };
  worker.addEventListener("message", ({ data: told }: MessageEvent<CreditTell>) => {
    switch (told.kind) {
      case "progress":
        return change({ words: told.words });
      case "imported":
        return change({ imported: told.table });
      case "credited":
        return change({ traces: [...state.traces, told.trace] });
      case "done":
        return end(told.words);
      case "failed":
        return end(told.message);
    }
  });
  worker.addEventListener("error", ({ message }) => end(message || "Its program failed"));
  onState(state);
  worker.postMessage(options);
  return () => {
    if (state.isAtWork) end("Stopped");
  };
}
