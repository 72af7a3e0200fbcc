import { LIMITS } from "./limits.ts";

/** Characters that JSON leaves as they are although they move the cursor of a terminal or hide what stands there. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** A value of a user or a file as a message shows it: as JSON, on one line, and not more than its beginning. */
export function quote(value: unknown): string {
  return shorten(jsonOf(value));
}

/** Foreign words in a message: one line, not many, and nothing that a terminal would obey. */
export function shorten(text: string): string {
  const most = LIMITS.shownCharacters;
  // A long text is cut first: its end is not looked at.
  const line = text.slice(0, 4 * most).replaceAll(/\s+/g, " ").replaceAll(UNSEEN, "�").trim();
  return line.length > most || text.length > 4 * most ? `${line.slice(0, most)}…` : line;
}

function jsonOf(value: unknown): string {
  // The end of a long string is not even encoded.
  if (typeof value === "string") return JSON.stringify(value.slice(0, 4 * LIMITS.shownCharacters));
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  try {
    // Parquet's whole numbers are bigints, which JSON lacks.
    const json = JSON.stringify(value, (_, part) => typeof part === "bigint" ? Number(part) : part);
    return json ?? "none";
  } catch {
    return "too large to be shown";
  }
}
