import { serve } from "./services.ts";

/** What a judge was asked. */
export interface AskedJudge {
  readonly url: string;
  readonly authorization: string | null;
  readonly model: string;
  /** The text between the tags of the answer. */
  readonly answer: string;
  readonly prompt: string;
}

/** A server of OpenAI's protocol on this machine whose model answers as it is told. */
export function serveJudge(
  reply: (asked: AskedJudge, before: number) => string | Response | Promise<Response>,
) {
  const asked: Array<AskedJudge> = [];
  const server = serve(async (request, before) => {
    const { model, messages } = await request.json();
    const prompt: string = messages.at(-1).content;
    const one = {
      url: request.url,
      authorization: request.headers.get("authorization"),
      model,
      answer: prompt.slice(prompt.indexOf("<answer>\n") + 9, prompt.lastIndexOf("\n</answer>")),
      prompt,
    };
    asked.push(one);
    const said = reply(one, before);
    return typeof said === "string" ? completion(said) : said;
  });
  return { asked, server, url: `${server.url}v1` };
}

/** A completion with this text, as the protocol has it. */
export const completion = (content: string | null): Response =>
  Response.json({
    id: "1",
    object: "chat.completion",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
  });
