/** One piece of a message, in the words of no particular format. */
export type Part =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Think"; readonly text: string }
  | {
    readonly _tag: "Call";
    readonly id: string | null;
    readonly name: string;
    readonly arguments: unknown;
  }
  | ResultPart
  /** The model was asked anew: what follows is another turn. */
  | { readonly _tag: "Step" };

/** What a tool gave; `id` and `name` are those of its call, where the log has them. */
export interface ResultPart {
  readonly _tag: "Result";
  readonly id: string | null;
  readonly name: string | null;
  readonly text: string;
  readonly isError: boolean;
}

/** Who wrote a message. */
export type Role = "system" | "user" | "assistant" | "tool";

/** A message of a logged conversation. */
export interface Message {
  readonly role: Role;
  readonly parts: ReadonlyArray<Part>;
  /** Where it stands in its document. */
  readonly source: string;
  /** What writing it took, where the log tells. */
  readonly seconds?: number | null;
}

/** Counts what is left out, by sort; an importer reports it with the trace. */
export class Losses {
  readonly #counts = new Map<string, number>();

  /** Notes that one more of this sort is left out. */
  add(sort: string): void {
    this.#counts.set(sort, (this.#counts.get(sort) ?? 0) + 1);
  }

  /** `2 × part of type image`, one line a sort. */
  get lines(): ReadonlyArray<string> {
    return [...this.#counts].map(([sort, count]) => count === 1 ? sort : `${count} × ${sort}`);
  }
}
