// Answers each question, the parts of a conversation's form, with null or with why the template shows no such form.
import { parentPort } from "node:worker_threads";
import { Result } from "effect";
import { findChatGlue } from "../text/chat_glue.ts";
import { makeChatTemplate } from "../text/chat_template.ts";
import type { TemplateTrial } from "./template_trial.ts";

parentPort!.on("message", ({ tokenizerConfig, options }: TemplateTrial) => {
  const glue = Result.flatMap(
    makeChatTemplate(tokenizerConfig),
    (template) => findChatGlue(template, options),
  );
  parentPort!.postMessage(Result.isSuccess(glue) ? null : glue.failure.message);
});
parentPort!.postMessage("ready");
