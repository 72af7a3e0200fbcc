/** A tool as the system prompt describes it; `parameters` is the JSON Schema of its arguments. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What the system prompt is written from. */
export interface SystemPromptOptions {
  /** Today's date as the agent should read it. */
  readonly date: string;
  readonly tools: ReadonlyArray<ToolDescription>;
}

/**
 * The system prompt of a search agent: the structure of the paper's prompt (specification section 2) in our
 * own words. It lists the tools as text; the chat template's own `tools` argument is not used.
 */
export function searchSystemPrompt(options: SystemPromptOptions): string {
  const { date, tools } = options;
  const signatures = tools.map(({ name, description, parameters }) =>
    JSON.stringify({ type: "function", function: { name, description, parameters } })
  );
  return [
    `Today is ${date}.`,
    "You are a research assistant who answers questions by searching. The question below cannot be " +
    "answered reliably from memory; it needs several steps of research with these tools:",
    ...tools.map(({ name, description }) => `- ${name}: ${description}`),
    "",
    RULES,
    "",
    "# Tools",
    "The functions you may call, one JSON signature a line, are:",
    "<tools>",
    ...signatures,
    "</tools>",
    "To call one, write its name and its arguments as one JSON object between the tags:",
    "<tool_call>",
    '{"name": <name of the function>, "arguments": <object of its arguments>}',
    "</tool_call>",
  ].join("\n");
}

const RULES = [
  "In each message, first think: make a plan, judge what you have found, or decide what to search for " +
  "next. Do not answer at once. Then write exactly one of the following.",
  "If you still miss something:",
  "<think>your thoughts</think>",
  "<tool_call>your call</tool_call>",
  "If you know enough:",
  "<think>your thoughts</think>",
  "<answer>your answer</answer>",
  "Put only words, numbers or a short phrase into <answer>, without explanation. Answer a question that " +
  "asks for yes or no with yes or no.",
].join("\n");
