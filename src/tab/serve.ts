import { Effect, Option, Queue, Ref } from "effect";
import type { StepReport } from "../domain/report.ts";
import { parametersOf } from "../model/parameters.ts";
import { Watch } from "../pipeline/watch.ts";
import { Learner } from "../policy/policy.ts";
import { type Agent, trainAgent } from "./agent.ts";
import { answerLive, editLive, inWords, type Played } from "./live.ts";
import type { Ask, LiveEpisode, OpenOptions, Tell } from "./messages.ts";
import { loadRun, saveRun } from "./saved_run.ts";

/** The line between a page and its agent. */
export interface Line {
  readonly asks: Queue.Queue<Ask>;
  readonly tell: (told: Tell) => void;
}

/** What an agent remembers between messages. */
interface Memory {
  readonly reports: ReadonlyArray<StepReport>;
  readonly isTraining: boolean;
  /** The last episode that was over. */
  readonly played: Played | null;
}

/** An agent at work. */
interface Served extends Line {
  readonly agent: Agent;
  readonly memory: Ref.Ref<Memory>;
}

/** Does what the page asks, one thing after the other, without end. */
export const serveAgent = Effect.fn("serveAgent")(function* (agent: Agent, line: Line) {
  const reports = yield* restore(agent);
  const memory = yield* Ref.make<Memory>({ reports, isTraining: false, played: null });
  const served: Served = { ...line, agent, memory };
  const { setup: { machine: { adapter } }, splits, recipe } = agent;
  line.tell({
    kind: "ready",
    adapter: adapter.kind === "interpreter" ? null : adapter.name,
    questions: splits.test.questions.map(inWords),
    steps: recipe.steps,
    reports,
  });
  while (true) {
    yield* respond(served, yield* Queue.take(line.asks));
    if ((yield* Ref.get(memory)).isTraining) yield* train(served);
  }
});

/** Name under which the browser keeps the training of a preset from a seed. */
export function savedName({ preset, seed }: Pick<OpenOptions, "preset" | "seed">): string {
  return `${preset}-${seed}`;
}

/** Goes on from a saved training; answers with the reports of its steps. */
const restore = Effect.fnUntraced(function* ({ preset, seed, setup: { model } }: Agent) {
  const learner = yield* Learner;
  const parameters = parametersOf(model.architecture);
  const name = savedName({ preset: preset.name, seed });
  const saved = yield* Effect.promise(() => loadRun(name, parameters));
  if (saved !== null) yield* learner.load(saved.learner);
  return saved?.reports ?? [];
});

const change = (memory: Served["memory"], part: Partial<Memory>) =>
  Ref.update(memory, (old) => ({ ...old, ...part }));

/** Does what is asked, but for the training itself. */
const respond = Effect.fnUntraced(
  function* ({ agent, tell, memory }: Served, ask: Ask) {
    const show = (episode: LiveEpisode) => tell({ kind: "episode", episode });
    switch (ask.kind) {
      case "train":
      case "pause":
        return yield* change(memory, { isTraining: ask.kind === "train" });
      case "answer": {
        const question = agent.splits.test.questions[ask.question]!;
        return yield* change(memory, { played: yield* answerLive(agent, question, show) });
      }
      case "edit": {
        const { played } = yield* Ref.get(memory);
        if (played === null) return;
        return yield* change(memory, { played: yield* editLive(agent, played, { ...ask, show }) });
      }
    }
  },
  (effect, { tell }) =>
    Effect.catchTag(
      effect,
      "BadInput",
      ({ message }) => Effect.sync(() => tell({ kind: "refused", message })),
    ),
);

/** Trains until the end, or until the page says otherwise between two steps. */
const train = Effect.fnUntraced(function* (served: Served) {
  const { agent, memory, tell } = served;
  const { reports } = yield* Ref.get(memory);
  yield* trainAgent(agent, reports.length + 1, {
    goesOn: respondWaiting(served),
    record: (report) => recordStep(served, report),
  }).pipe(
    Effect.provideService(
      Watch,
      ({ step, phase, done, total, unit }) =>
        Effect.sync(() =>
          tell({ kind: "progress", words: `step ${step}: ${phase}, ${done} of ${total} ${unit}` })
        ),
    ),
  );
  yield* change(memory, { isTraining: false });
  tell({ kind: "paused" });
});

/** Does what was asked during a step; whether training goes on. */
const respondWaiting = Effect.fnUntraced(function* (served: Served) {
  while (true) {
    const ask = yield* Queue.poll(served.asks);
    if (Option.isNone(ask)) return (yield* Ref.get(served.memory)).isTraining;
    yield* respond(served, ask.value);
  }
});

const recordStep = Effect.fnUntraced(
  function* ({ agent: { preset, seed }, memory, tell }: Served, report: StepReport) {
    const learner = yield* Learner;
    const { reports } = yield* Ref.updateAndGet(memory, (old) => ({
      ...old,
      reports: [...old.reports, report],
    }));
    const saved = { reports, learner: yield* learner.save() };
    const name = savedName({ preset: preset.name, seed });
    const isSaved = yield* Effect.promise(() => saveRun(name, saved));
    tell({ kind: "step", report, isSaved });
  },
);
