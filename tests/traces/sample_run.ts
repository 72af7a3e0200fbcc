/** The run that every sample holds: the agent searches once, reads that Ada founded Tarn, and answers. */
export const QUESTION = "Who founded Tarn?";
export const SYSTEM = "Search first.";
export const THOUGHT = "I look it up";
export const ARGUMENTS = { query: "Tarn founder" };
export const RESULT = "Ada founded Tarn.";
export const ANSWER = "Ada";
export const json = JSON.stringify;

export const chatCall = { id: "c1", function: { name: "search", arguments: json(ARGUMENTS) } };
export const chat = [
  { role: "system", content: SYSTEM },
  { role: "user", content: QUESTION },
  { role: "assistant", content: null, reasoning_content: THOUGHT, tool_calls: [chatCall] },
  { role: "tool", tool_call_id: "c1", content: RESULT },
  { role: "assistant", content: ANSWER },
];

/** A sample: the importer that should take it, what it holds, and what of the run it does not tell. */
export interface Sample {
  readonly format: string;
  readonly title: string;
  readonly document: unknown;
  /** What it lacks or has otherwise. */
  readonly differs?: Partial<{
    golds: null;
    system: null;
    think: null;
    question: null;
    result: null;
    /** What the search took, in seconds. */
    seconds: number;
    replies: ReadonlyArray<{ role: string; text: string }>;
  }>;
}
