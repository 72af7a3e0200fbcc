/** How text is marked up: with escape codes, or not at all. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const mark = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
const same = (text: string) => text;

const COLOR: Style = { bold: mark(1), dim: mark(2), good: mark(32), bad: mark(31) };
const PLAIN: Style = { bold: same, dim: same, good: same, bad: same };

/** Escape codes where colours are wanted. */
export function styleFor({ hasColor }: { readonly hasColor: boolean }): Style {
  return hasColor ? COLOR : PLAIN;
}

/** `+0.42`, `-0.42`; a zero has a plus. */
export function signed(value: number, digits = 2): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/**
 * Cuts text to a width, with an ellipsis where something is left out.
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(fit("a long line", 6), "a lon…");
 * ```
 */
export function fit(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** Breaks text between words into lines of at most `width` characters; a longer word is a line of its own. */
export function wrap(text: string, width: number): Array<string> {
  const lines: Array<string> = [];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** `3.1 s`, `12 s`, `4 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

const BAR_WIDTH = 24;

/** `███████░░░░░`: how much of a whole is done; a full bar where there is nothing to do. */
export function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * BAR_WIDTH);
  return "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
}
