/** An agent in a worker, as the page sees it. */
/// <reference lib="dom" />
import type { StepReport } from "../domain/report.ts";
import type { Ask, LiveEpisode, OpenOptions, Ready, Tell } from "../tab/messages.ts";

/** What the page knows of an agent. */
export interface AgentState {
  /** Null until its worker has opened it. */
  readonly ready: Ready | null;
  readonly reports: ReadonlyArray<StepReport>;
  readonly isTraining: boolean;
  /** Whether a question or an edit waits or is played. */
  readonly isAsked: boolean;
  readonly episode: LiveEpisode | null;
  /** The episode before its last edit, to compare with; null without an edit. */
  readonly unedited: LiveEpisode | null;
  /** What it does now, or why it does nothing. */
  readonly words: string;
}

/** An agent that the page can ask. */
export interface RemoteAgent {
  readonly ask: (ask: Ask) => void;
  readonly close: () => void;
}

const NEW: AgentState = {
  ready: null,
  reports: [],
  isTraining: false,
  isAsked: false,
  episode: null,
  unedited: null,
  words: "opening",
};

const STOPPED = { ready: null, isTraining: false, isAsked: false };

/** Times that an agent is opened again without a step between them; the last time it computes by plain loops. */
const MOST_TRIES = 3;

/**
 * Opens an agent and tells each state that it comes to. When its device is lost, it is opened again and goes on from the
 * last step that was saved.
 */
export function openRemoteAgent(
  options: OpenOptions,
  onState: (state: AgentState) => void,
): RemoteAgent {
  let state = NEW;
  let tries = 0;
  let worker = start(options);
  const change = (part: Partial<AgentState>) => onState(state = { ...state, ...part });
  const ask = (message: Ask) => {
    if (message.kind === "train") change({ isTraining: true, words: "beginning a step" });
    if (message.kind === "pause") change({ words: "pausing after this step" });
    if (message.kind === "answer") change({ isAsked: true, unedited: null });
    if (message.kind === "edit") change({ isAsked: true, unedited: state.episode });
    worker.postMessage(message);
  };
  const hear = (told: Tell) => {
    if (told.kind === "step") tries = 0;
    if (told.kind === "failed") return recover(told.message);
    change(after(state, told));
    if (told.kind === "ready" && state.isTraining) ask({ kind: "train" });
  };
  const recover = (message: string) => {
    worker.terminate();
    if (tries === MOST_TRIES) return change({ ...STOPPED, words: message });
    tries += 1;
    // The new worker knows no episode that could be edited.
    change({ ready: null, isAsked: false, episode: null, words: `opening again: ${message}` });
    const device = tries === MOST_TRIES ? "cpu" : options.device;
    worker = start({ ...options, device, isFresh: false });
  };
  function start(opened: OpenOptions): Worker {
    const started = new Worker(new URL("./agent_worker.js", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }: MessageEvent<Tell>) => hear(data));
    started.addEventListener("error", ({ message }) => recover(message || "its program failed"));
    started.postMessage(opened);
    return started;
  }
  onState(state);
  return { ask, close: () => worker.terminate() };
}

/** What a message changes. */
function after(state: AgentState, told: Exclude<Tell, { kind: "failed" }>): Partial<AgentState> {
  switch (told.kind) {
    case "ready":
      return { ready: told, reports: told.reports, words: wordsOf(told.reports.length) };
    case "progress":
      return { words: told.words };
    case "step":
      return {
        reports: [...state.reports, told.report],
        words: wordsOf(told.report.step) + (told.isSaved ? "" : ", not saved"),
      };
    case "paused":
      return { isTraining: false, words: wordsOf(state.reports.length) };
    case "episode":
      return { episode: told.episode, isAsked: told.episode.f1 === null };
    case "refused":
      return { isAsked: false, words: told.message };
  }
}

function wordsOf(steps: number): string {
  return steps === 0 ? "not trained yet" : `trained for ${steps} ${steps === 1 ? "step" : "steps"}`;
}
