import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { StepReport } from "../../src/domain/report.ts";
import { type AgentState, openRemoteAgent } from "../../src/site/remote_agent.ts";
import type { Ask, OpenOptions, Ready, Tell } from "../../src/tab/messages.ts";

/** A worker that does nothing by itself. */
class FakeWorker extends EventTarget {
  static readonly made: Array<FakeWorker> = [];
  readonly heard: Array<OpenOptions | Ask> = [];
  isTerminated = false;
  constructor(_program: URL) {
    super();
    FakeWorker.made.push(this);
  }
  postMessage(message: OpenOptions | Ask) {
    this.heard.push(message);
  }
  terminate() {
    this.isTerminated = true;
  }
  tell(told: Tell) {
    this.dispatchEvent(new MessageEvent("message", { data: told }));
  }
}

const OPTIONS: OpenOptions = {
  kind: "open",
  preset: "grpo",
  seed: 3,
  device: "auto",
  isFresh: true,
};
const READY: Ready = { kind: "ready", adapter: null, questions: [], steps: 40, reports: [] };
// Only its step is looked at.
const report = (step: number) => ({ step }) as StepReport;

/** An agent on fake workers, the newest of them, and the last state of the agent. */
function opened() {
  const real = globalThis.Worker;
  Object.assign(globalThis, { Worker: FakeWorker });
  const seen: Array<AgentState> = [];
  const agent = openRemoteAgent(OPTIONS, (state) => seen.push(state));
  return {
    agent,
    worker: () => FakeWorker.made.at(-1)!,
    state: () => seen.at(-1)!,
    [Symbol.dispose]: () => void Object.assign(globalThis, { Worker: real }),
  };
}

Deno.test("openRemoteAgent() goes on after its device was lost, with the steps that were saved", () => {
  using page = opened();
  const first = page.worker();
  first.tell(READY);
  page.agent.ask({ kind: "train" });
  first.tell({ kind: "step", report: report(1), isSaved: true });
  first.tell({ kind: "failed", message: "the device was lost" });
  ok(first.isTerminated);
  ok(page.state().isTraining);
  match(page.state().words, /opening again: the device was lost/);
  const second = page.worker();
  deepStrictEqual(second.heard, [{ ...OPTIONS, isFresh: false }]);
  second.tell({ ...READY, reports: [report(1)] });
  deepStrictEqual(second.heard.at(-1), { kind: "train" });
  second.tell({ kind: "step", report: report(2), isSaved: true });
  deepStrictEqual(page.state().reports.map(({ step }) => step), [1, 2]);
});

Deno.test("openRemoteAgent() takes plain loops at its last try, and then says why it stops", () => {
  using page = opened();
  const devices: Array<unknown> = [];
  for (let tries = 0; tries < 4; tries++) {
    const [options] = page.worker().heard;
    devices.push((options as OpenOptions).device);
    page.worker().tell({ kind: "failed", message: "no memory" });
  }
  deepStrictEqual(devices, ["auto", "auto", "auto", "cpu"]);
  ok(page.worker().isTerminated);
  strictEqual(page.state().words, "no memory");
});

Deno.test("openRemoteAgent() knows an episode before its edit, and when it waits", () => {
  using page = opened();
  const worker = page.worker();
  const question = { text: "Who?", kind: "1-hop", gold: "Ada" };
  const episode = { question, beliefs: [0.1], turns: [], f1: null };
  worker.tell(READY);
  page.agent.ask({ kind: "answer", question: 0 });
  worker.tell({ kind: "episode", episode });
  ok(page.state().isAsked);
  const over = { ...episode, f1: 1 };
  worker.tell({ kind: "episode", episode: over });
  ok(!page.state().isAsked);
  page.agent.ask({ kind: "edit", turn: 0, results: ["other"] });
  deepStrictEqual(page.state().unedited, over);
});
