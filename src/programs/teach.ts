import { Effect, Stream } from "effect";
import type { RunPlan } from "../run/configure.ts";
import { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import { Environment } from "../environment/environment.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { createRandom } from "../math/random.ts";
import { keyFromSeed, splitKey } from "../math/threefry.ts";
import type { Screen } from "../files/screen.ts";
import { evaluateQuestions } from "../pipeline/evaluate.ts";
import {
  imitate,
  type Imitation,
  type ImitationBatch,
  tellImitation,
} from "../pipeline/imitate.ts";
import { type ModelFolder, saveModelFolder } from "../pipeline/model_folder.ts";
import { evaluationLine } from "../report/terminal.ts";
import type { Task } from "../run/task.ts";
import type { Protocol } from "../text/protocol.ts";
import { answerBody, toolCallsBody } from "../text/protocol_style.ts";
import { concatIds } from "../text/slot.ts";

/** Updates over which the learning rate rises. Over all updates a linear factor takes it to a tenth of the recipe's. */
const WARM_UP_UPDATES = 10;

/** The thought before a search; the thought before an answer is that of the probe. */
const SEARCH_THOUGHT = "\nI should look this up.\n";

/**
 * The demonstration of a question, as token ids of a rollout: one search for the question itself, then the gold
 * answer. The loss is on the agent's messages.
 */
export const demonstrate = Effect.fn("demonstrate")(
  function* (protocol: Protocol, question: Question) {
    const environment = yield* Environment;
    const session = yield* environment.open(question);
    const call = { name: WEB_SEARCH.name, arguments: { query: [question.text] } };
    const step = yield* session.step({ _tag: "ToolCalls", calls: [call] });
    const results = step._tag === "Observation" ? step.results : [];
    const { style } = protocol;
    const search = protocol.assistantMessage(SEARCH_THOUGHT, toolCallsBody(style, [call]));
    const answer = protocol.assistantMessage(
      style.probeThink,
      answerBody(style, question.golds[0]!),
    );
    const before = concatIds(protocol.prompt(question.text).ids, search);
    const tokens = concatIds(before, protocol.observation(results).ids, answer);
    const range = (end: number, length: number) =>
      Array.from({ length }, (_, i) => end - length + i);
    return {
      tokens,
      position: Uint32Array.from([
        ...range(before.length, search.length),
        ...range(tokens.length, answer.length),
      ]),
    } satisfies Imitation;
  },
  Effect.scoped,
);

/**
 * One batch of `promptsPerStep` demonstrations for each of the recipe's steps, in a new order each epoch. Fails when no
 * demonstration fits the context.
 */
export const teachingBatches = Effect.fn("teachingBatches")(function* (
  protocol: Protocol,
  questions: ReadonlyArray<Question>,
  { recipe, seed }: { readonly recipe: Recipe; readonly seed: number },
) {
  const { promptsPerStep, steps: updates, lr } = recipe;
  const all = yield* Effect.forEach(questions, (question) => demonstrate(protocol, question));
  const texts = all.filter(({ tokens }) => tokens.length <= recipe.contextTokens);
  if (texts.length === 0) {
    const shortest = Math.min(...all.map(({ tokens }) => tokens.length));
    return yield* new BadInput({
      message:
        `Cannot teach the protocol as a demonstration must fit contextTokens, ${recipe.contextTokens}: the shortest has ${shortest} tokens`,
    });
  }
  function* batches(): Generator<ImitationBatch> {
    let queue: ReadonlyArray<Imitation> = [];
    for (let update = 1; update <= updates; update++) {
      while (queue.length < promptsPerStep) {
        const key = splitKey(keyFromSeed(seed), update, queue.length);
        queue = [...queue, ...createRandom(key).shuffle(texts)];
      }
      const warmUp = Math.min(1, update / WARM_UP_UPDATES);
      const decay = 1 - 0.9 * update / updates;
      yield {
        texts: queue.slice(0, promptsPerStep),
        learningRate: lr * warmUp * decay,
      };
      queue = queue.slice(promptsPerStep);
    }
  }
  return {
    batches: Stream.fromIterable({ [Symbol.iterator]: batches }, { chunkSize: 1 }),
    left: all.length - texts.length,
  };
});

/** What teaching needs besides policy and learner. */
export interface TeachOptions {
  readonly plan: RunPlan;
  readonly task: Task;
  readonly model: ModelFolder;
  readonly wave: number;
  readonly screen: Screen;
}

/** Teaches a foreign checkpoint the protocol on the training questions and writes it to `model` in the run's folder. */
export const teach = Effect.fn("teach")(function* (options: TeachOptions) {
  const { plan: { config, preset, folder }, task, model, wave, screen } = options;
  const { recipe, seed } = config;
  const { batches, left } = yield* teachingBatches(task.protocol, task.train.questions, {
    recipe,
    seed,
  }).pipe(Effect.provideService(Environment, task.train.environment));
  if (left > 0) yield* screen.print(`Left out ${left} demonstrations longer than the context`);
  yield* batches.pipe(
    imitate(recipe.clipNorm),
    tellImitation(screen.print),
    Stream.runDrain,
  );
  yield* saveModelFolder(`${folder}/model`, model);
  const { report } = yield* evaluateQuestions(task.validation.questions, {
    ...config,
    preset,
    protocol: task.protocol,
    wave,
    step: 0,
  }).pipe(Effect.provideService(Environment, task.validation.environment));
  const formed = (100 * (1 - report.invalidRate)).toFixed(0);
  yield* screen.print(
    `validation  ${evaluationLine(report)}\n${formed} % of episodes are well-formed\n` +
      `Train it with: ./igpo train --model ${folder}/model and the same data`,
  );
  return report;
});
