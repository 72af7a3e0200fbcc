import { reason } from "../domain/reason.ts";

/** Why a request got no answer. What `fetch` throws holds the whole address, and the reason in its cause. */
export function fetchReason(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return reason(cause).replace(/^error sending request for url \([^)]*\): /, "");
}

/** Foreign text in an error: one line, not much, and nothing that moves the cursor of a terminal. */
export function line(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim().slice(0, 200);
}
