import { Effect, type Scope } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Search } from "../domain/search.ts";
import { CORPUS_LIMITS, searchInMemory, searchNothing } from "../environment/corpus_environment.ts";
import type { Tool } from "../environment/tool.ts";
import { makePassageSearch } from "../environment/web_search.ts";
import { readCorpus } from "../files/corpus.ts";
import { type Journal, JOURNAL_MODES, type JournalMode, openJournal } from "../search/journal.ts";
import { journaledSearch } from "../search/journaled.ts";
import { makeMeter, type Meter, meteredSearch, type Most } from "../search/meter.ts";
import { openSearch } from "../search/open.ts";

/** What `search` is where tools find nothing: the control that shows what searching is worth. */
export const SEARCH_OFF = "off";

/** What the agent looks for answers with. */
export interface Sources {
  readonly tools: ReadonlyArray<Tool>;
  /** What was asked outside; null where nothing can be. */
  readonly meter: Meter | null;
}

/** Questions of a file are answered from one source; those of the embedded world from its own documents. */
export function checkSources(config: RunConfig): Effect.Effect<void, BadInput> {
  const { questions, corpus, search } = config;
  const cannot = (why: string) => Effect.fail(new BadInput({ message: `Cannot ${why}` }));
  const outside = outsideOf(config);
  if (questions === null && (corpus !== null || outside.length > 0)) {
    return cannot(
      `search for answers without questions as --${corpus === null ? outside[0] : "corpus"} ` +
        `belongs to --questions: it is not given`,
    );
  }
  const about = (["journal", "searchBudget", "searchPrice"] as const).find((name) =>
    config[name] !== null
  );
  if (about !== undefined && outside.length === 0) {
    const flag = `--${about.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
    return cannot(`use ${flag} as it is for what is asked outside: no flag names a search engine`);
  }
  if (config.searchPrice === null && config.searchBudget?.endsWith("usd")) {
    return cannot(
      `keep to a budget of ${config.searchBudget} as --search-price must say what a query costs: ` +
        `it is not given`,
    );
  }
  if (corpus !== null && outside.includes("search")) {
    return cannot(`search in two places as --corpus and --search "${search}" are one or the other`);
  }
  if (questions !== null && corpus === null && search === null && outside.length === 0) {
    return cannot(
      "ask questions without their documents as --questions needs --corpus or --search: neither " +
        "is given",
    );
  }
  return Effect.void;
}

/** The flags that name something outside. */
function outsideOf({ search }: RunConfig): ReadonlyArray<"search"> {
  return search !== null && search !== SEARCH_OFF ? ["search"] : [];
}

/** Opens what answers questions of a file, until the scope closes. */
export const openSources = Effect.fn("openSources")(
  function* (config: RunConfig): Effect.fn.Return<Sources, BadInput, Scope.Scope> {
    const { recipe, corpus, search: named, searchPrice, searchBudget } = config;
    const limits = { ...CORPUS_LIMITS, limit: recipe.searchTopK };
    const tool = (search: Search) => makePassageSearch(search, limits);
    if (corpus !== null) {
      return { tools: [tool(searchInMemory(yield* readCorpus(corpus)))], meter: null };
    }
    if (named === null || named === SEARCH_OFF) {
      return { tools: [tool(searchNothing)], meter: null };
    }
    const meter = makeMeter({ price: searchPrice, most: mostOf(searchBudget) });
    const journal = yield* journalOf(config, meter);
    // A replay needs neither the engine nor its key.
    const engine = journal?.mode === "replay" ? searchNothing : yield* openSearch(named, {
      deadline: recipe.toolDeadlineSeconds,
      atATime: recipe.toolConcurrency,
    });
    const search = meteredSearch(engine, meter);
    const kept = journal === null ? search : yield* journaledSearch(named, search, journal);
    return { tools: [tool(kept)], meter };
  },
);

/** `[MODE:]FILE`. */
const JOURNAL = new RegExp(`^(?:(${JOURNAL_MODES.join("|")}):)?(.*)$`, "s");

function journalOf(
  { journal }: RunConfig,
  { counts }: Meter,
): Effect.Effect<Journal | null, BadInput, Scope.Scope> {
  if (journal === null) return Effect.succeed(null);
  const [, mode, file] = JOURNAL.exec(journal)!;
  // The expression allows modes only.
  return openJournal(file!, (mode ?? "auto") as JournalMode, counts);
}

/** `500` or `5usd`. */
function mostOf(budget: string | null): Most | null {
  if (budget === null) return null;
  return { amount: parseFloat(budget), unit: budget.endsWith("usd") ? "usd" : "queries" };
}
