import type { RandomStream } from "../../math/random.ts";
import type { WorldQuestion, WorldTask } from "./questions.ts";
import type { World } from "./world.ts";

/** The possible answers for someone who has read only the question. */
export function guessesOf(
  { kind, facts, answerType }: WorldQuestion,
  { names }: World,
): ReadonlyArray<string> {
  return kind === "choice" ? facts.map(({ subject }) => subject) : names[answerType];
}

/** The questions of a task, a share of them with a wrong gold answer of the right kind. */
export function withWrongGolds(
  { world, questions }: WorldTask,
  share: number,
  random: RandomStream,
): ReadonlyArray<WorldQuestion> {
  const count = Math.round(share * questions.length);
  const chosen = new Set(random.shuffle(questions).slice(0, count));
  return questions.map((question) => {
    if (!chosen.has(question)) return question;
    const wrong = guessesOf(question, world).filter((name) => name !== question.golds[0]);
    return { ...question, golds: [random.pick(wrong)] };
  });
}
