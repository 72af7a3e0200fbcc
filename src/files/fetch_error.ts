import { reason } from "./disk.ts";

/** Why a request got no answer. What `fetch` throws holds the whole address, and the reason in its cause. */
export function fetchReason(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return reason(cause).replace(/^error sending request for url \([^)]*\): /, "");
}

/** Foreign text in an error: one line, and not much. */
export function line(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 200);
}
