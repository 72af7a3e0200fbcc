import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { openWorker } from "../files/bounded_worker.ts";
import type { GlueOptions } from "../text/chat_glue.ts";

/** A chat template and what it is to render. */
export interface TemplateTrial {
  /** The parsed `tokenizer_config.json`, with the template. */
  readonly tokenizerConfig: unknown;
  readonly options: GlueOptions;
}

const WORKER = new URL("./template_worker.ts", import.meta.url);

/**
 * Reads and renders a chat template in a worker of its own. Fails with `BadInput` where the template takes more time or
 * memory than its bounds. Rendering the same again takes the same, so that it may then be done in this thread.
 */
export const tryChatTemplate = Effect.fn("tryChatTemplate")(
  function* (trial: TemplateTrial) {
    const { templateSeconds: seconds, templateMegabytes: megabytes } = LIMITS;
    const worker = yield* openWorker(WORKER, { seconds, megabytes });
    const refusal = yield* worker.ask(trial);
    if (typeof refusal === "string") return yield* new BadInput({ message: refusal });
  },
  Effect.catchTag("WorkerStopped", ({ why }) => new BadInput({ message: tooMuch(why) })),
  Effect.scoped,
);

function tooMuch(why: "late" | "large" | "broken"): string {
  const { templateSeconds, templateMegabytes } = LIMITS;
  const taken = { late: "it takes longer", large: "it takes more", broken: "it breaks" }[why];
  return `Cannot use this chat template as it must be rendered within ${templateSeconds} s and ` +
    `${templateMegabytes} MiB: ${taken}`;
}
