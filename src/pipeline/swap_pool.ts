import type { Trace } from "../domain/trace.ts";
import { scoredTurns } from "./render_trace.ts";

/** Most texts that are kept to be swapped in, and of one trace, and characters of each. */
const MOST = { texts: 256, ofTrace: 8, characters: 1 << 14 } as const;

/** Results of all traces, some of each, from which a turn gets others than its own. */
export interface SwapPool {
  readonly add: (trace: Trace) => void;
  /**
   * As many texts as a turn read, those of users as they were: results of runs of other questions, or of other turns
   * where there are none. Null where the turn read no result or there are no others.
   */
  readonly textsFor: (trace: Trace, turn: number) => ReadonlyArray<string> | null;
  /** Whether no other question is there, so that results come from other turns of the same run. */
  readonly isOwn: (trace: Trace) => boolean;
}

/** An empty pool. The same traces in the same order give the same texts. */
export function makeSwapPool(): SwapPool {
  const kept: Array<{ readonly question: string | null; readonly text: string }> = [];
  const others = (trace: Trace) => kept.filter(({ question }) => question !== trace.question);
  return {
    add: (trace) => {
      for (const text of resultsOf(trace).slice(0, MOST.ofTrace)) {
        if (kept.length >= MOST.texts) return;
        kept.push({ question: trace.question, text: text.slice(0, MOST.characters) });
      }
    },
    textsFor: (trace, turn) => {
      const { calls, replies } = scoredTurns(trace)[turn]!;
      const found = others(trace).map(({ text }) => text);
      const texts = found.length > 0 ? found : resultsOf(trace, turn);
      const isRead = calls.some(({ result }) => result !== null) ||
        replies.some(({ role }) => role === "tool");
      if (!isRead || texts.length === 0) return null;
      let next = turn;
      const other = () => texts[next++ % texts.length]!;
      return [
        ...calls.map(({ result }) => result === null ? "" : other()),
        ...replies.map(({ role, text }) => role === "tool" ? other() : text),
      ];
    },
    isOwn: (trace) => others(trace).length === 0,
  };
}

/** Results of a trace, but for those of a turn. */
function resultsOf(trace: Trace, but = -1): ReadonlyArray<string> {
  return scoredTurns(trace).filter((_, turn) => turn !== but).flatMap(({ calls, replies }) => [
    ...calls.flatMap(({ result }) => result ?? []),
    ...replies.flatMap(({ role, text }) => role === "tool" ? [text] : []),
  ]).filter((text) => text.trim() !== "");
}
