import { Effect } from "effect";
import { type Search, SearchFailed } from "../domain/search.ts";

/** A search that answers at most so many queries while the program runs, since services charge for each. */
export function withBudget(search: Search, most: number): Search {
  let asked = 0;
  return (queries, limit) =>
    Effect.suspend(() => {
      if (asked + queries.length <= most) {
        asked += queries.length;
        return search(queries, limit);
      }
      const message = `The search budget of ${most} queries is spent`;
      return Effect.fail(new SearchFailed({ kind: "spent", message }));
    });
}
