/** Counts what is asked of engines and tools outside, and ends it where the budget is spent. */
import { Clock, Effect } from "effect";
import { type Search, SearchFailed } from "../domain/search.ts";
import { type Tool, ToolCrashed } from "../environment/tool.ts";

/** What was asked, and from where it was answered. A call of a tool is one query. */
export interface CallCounts {
  /** Queries that were asked outside, and those of them that failed, by kind. */
  asked: number;
  readonly failed: Map<string, number>;
  /** Queries that were not asked since the budget was spent. */
  spent: number;
  /** Queries that the journal answered. */
  kept: number;
  /** Milliseconds of the calls that were asked, in all. */
  millis: number;
}

/** What asking may cost while the program runs; null where nothing is said. */
export interface Budget {
  /** US dollars a query. */
  readonly price: number | null;
  readonly most: Most | null;
}

/** Most queries, or most US dollars. */
export interface Most {
  readonly amount: number;
  readonly unit: "queries" | "usd";
}

/** Lets calls through, counts them and knows what is left. */
export interface Meter {
  readonly counts: CallCounts;
  readonly budget: Budget;
}

/** A meter that has counted nothing yet. */
export function makeMeter(budget: Budget): Meter {
  return { counts: { asked: 0, failed: new Map(), spent: 0, kept: 0, millis: 0 }, budget };
}

/** A search whose queries are counted. */
export function meteredSearch(search: Search, meter: Meter): Search {
  return (queries, limit) =>
    measured(search(queries, limit), meter, {
      queries: queries.length,
      spent: (message) => new SearchFailed({ kind: "spent", message }),
    });
}

/** A tool whose calls are counted. */
export function meteredTool(tool: Tool, meter: Meter): Tool {
  return {
    ...tool,
    run: (callArguments) =>
      measured(tool.run(callArguments), meter, {
        queries: 1,
        spent: (message) => new ToolCrashed({ kind: "spent", message }),
      }),
  };
}

/** What is asked, and how to say that it was not. */
interface Asking<E> {
  readonly queries: number;
  readonly spent: (message: string) => E;
}

function measured<A, E extends { readonly _tag: string; readonly kind?: string | undefined }>(
  call: Effect.Effect<A, E>,
  { counts, budget }: Meter,
  { queries, spent }: Asking<E>,
): Effect.Effect<A, E> {
  return Effect.suspend(() => {
    if (isSpent(budget, counts.asked + queries)) {
      counts.spent += queries;
      return Effect.fail(spent(`The search budget of ${budgetText(budget.most!)} is spent`));
    }
    counts.asked += queries;
    const failed = (kind: string) =>
      Effect.sync(() => counts.failed.set(kind, (counts.failed.get(kind) ?? 0) + queries));
    return timed(call, counts).pipe(
      Effect.tapError(({ kind = "refused" }) => failed(kind)),
      // The tool's deadline came first.
      Effect.onInterrupt(() => failed("late")),
    );
  });
}

function timed<A, E>(call: Effect.Effect<A, E>, counts: CallCounts): Effect.Effect<A, E> {
  return Effect.flatMap(Clock.currentTimeMillis, (started) =>
    Effect.ensuring(
      call,
      Effect.map(Clock.currentTimeMillis, (ended) => {
        counts.millis += ended - started;
      }),
    ));
}

/** Prices are no binary fractions: three times 0.1 is 0.3. */
const ROUNDING = 1e-9;

function isSpent({ price, most }: Budget, asked: number): boolean {
  if (most === null) return false;
  return most.unit === "queries"
    ? asked > most.amount
    : asked * (price ?? 0) > most.amount * (1 + ROUNDING);
}

function budgetText({ amount, unit }: Most): string {
  return unit === "queries" ? `${amount} queries` : `$${amount}`;
}

/** `Search: 120 queries asked (2 busy), 35 ms each, $0.12; 30 from the journal`. */
export function callsLine({ counts, budget: { price, most } }: Meter): string {
  const { asked, failed, spent, kept, millis } = counts;
  const bad = [...failed].map(([kind, count]) => `${count} ${kind.replaceAll("_", " ")}`);
  return [
    `Search: ${asked} queries asked`,
    bad.length === 0 ? "" : ` (${bad.join(", ")})`,
    asked === 0 ? "" : `, ${Math.round(millis / asked)} ms each`,
    price === null ? "" : `, $${dollars(price * asked)}`,
    spent === 0 ? "" : `; ${spent} not asked, as the budget of ${budgetText(most!)} was spent`,
    kept === 0 ? "" : `; ${kept} from the journal`,
  ].join("");
}

/** Cents, and more digits where there are only a few of them. */
function dollars(amount: number): string {
  return amount === 0 || amount >= 0.1 ? amount.toFixed(2) : amount.toPrecision(2);
}
