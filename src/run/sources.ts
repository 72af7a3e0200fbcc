import { Effect, type Scope } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Search } from "../domain/search.ts";
import { CORPUS_LIMITS, searchInMemory, searchNothing } from "../environment/corpus_environment.ts";
import type { Tool } from "../environment/tool.ts";
import { makePassageSearch } from "../environment/web_search.ts";
import { readCorpus } from "../files/corpus.ts";
import { type Journal, JOURNAL_MODES, type JournalMode, openJournal } from "../search/journal.ts";
import { journaledSearch, journaledTool, journaledTools } from "../search/journaled.ts";
import { makeMeter, type Meter, meteredSearch, meteredTool, type Most } from "../search/meter.ts";
import { openSearch, SEARCH_OFF } from "../search/open.ts";
import { openBrowseTool, openMcpTools } from "../search/tools.ts";

/** What the agent looks for answers with. */
export interface Sources {
  readonly tools: ReadonlyArray<Tool>;
  /** What was asked outside; null where nothing can be. */
  readonly meter: Meter | null;
}

/** Questions of a file are answered from one source; those of the embedded world from its own documents. */
export function checkSources(config: RunConfig): Effect.Effect<void, BadInput> {
  const mistake = mistakeOfPlaces(config) ?? mistakeOfCalls(config);
  return mistake === null
    ? Effect.void
    : Effect.fail(new BadInput({ message: `Cannot ${mistake}` }));
}

/** What is wrong with where answers are looked for, or null. */
function mistakeOfPlaces(config: RunConfig): string | null {
  const { questions, corpus, search } = config;
  const outside = outsideOf(config);
  if (questions === null && (corpus !== null || outside.length > 0)) {
    return `search for answers without questions as --${corpus === null ? outside[0] : "corpus"} ` +
      `belongs to --questions: it is not given`;
  }
  const secret = (["search", "mcp"] as const).find((flag) => holdsPassword(config[flag]));
  if (secret !== undefined) {
    return `use --${secret} as its address must hold no user and no password: it holds one`;
  }
  if (corpus !== null && outside.includes("search")) {
    return `search in two places as --corpus and --search "${search}" are one or the other`;
  }
  if (questions !== null && corpus === null && search === null && outside.length === 0) {
    return "ask questions without their documents as --questions needs --corpus, --search or " +
      "--mcp: none is given";
  }
  return null;
}

/** What is wrong with how calls outside are kept and paid, or null. */
function mistakeOfCalls(config: RunConfig): string | null {
  const { journal, searchBudget, searchPrice } = config;
  const about = (["journal", "searchBudget", "searchPrice"] as const).find((name) =>
    config[name] !== null
  );
  if (about !== undefined && outsideOf(config).length === 0) {
    const flag = `--${about.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
    return `use ${flag} as it is for what is asked outside: no flag names a search engine`;
  }
  if (journal !== null && !/\.\w+$|\//.test(journalFile(journal))) {
    return `keep calls in "${journalFile(journal)}" as --journal takes a file like calls.sqlite, ` +
      `with ${JOURNAL_MODES.join(", ")} and a colon before it if one is wanted`;
  }
  if (searchPrice === null && searchBudget?.endsWith("usd")) {
    return "keep to a budget in usd as --search-price must say what a query costs: it is not given";
  }
  return null;
}

/** Whether an address holds a user or a password, which the configuration and messages would repeat. */
function holdsPassword(name: string | null): boolean {
  const url = URL.parse(name ?? "");
  return url !== null && url.username + url.password !== "";
}

/** The flags that name something outside. */
function outsideOf(
  { search, browse, mcp }: RunConfig,
): ReadonlyArray<"search" | "browse" | "mcp"> {
  return [
    ...(search !== null && search !== SEARCH_OFF ? ["search" as const] : []),
    ...(browse !== null ? ["browse" as const] : []),
    ...(mcp !== null ? ["mcp" as const] : []),
  ];
}

/** Opens what answers questions of a file, until the scope closes. */
export const openSources = Effect.fn("openSources")(
  function* (config: RunConfig): Effect.fn.Return<Sources, BadInput, Scope.Scope> {
    const { searchPrice, searchBudget } = config;
    const meter = makeMeter({ price: searchPrice, most: mostOf(searchBudget) });
    const outside: Outside = { config, meter, journal: yield* journalOf(config, meter) };
    const search = yield* searchOf(outside);
    const limits = { ...CORPUS_LIMITS, limit: config.recipe.searchTopK };
    const tools = [
      ...(search === null ? [] : [makePassageSearch(search, limits)]),
      ...(yield* browseTools(outside)),
      ...(yield* mcpTools(outside)),
    ];
    const names = tools.map(({ spec }) => spec.name);
    const twice = names.find((name, place) => names.indexOf(name) < place);
    if (twice === undefined) return { tools, meter: outsideOf(config).length === 0 ? null : meter };
    return yield* new BadInput({
      message: `Cannot tell tools apart as each must have a name of its own: two are "${twice}"`,
    });
  },
);

/** What calls outside go through. */
interface Outside {
  readonly config: RunConfig;
  readonly meter: Meter;
  readonly journal: Journal | null;
}

/** What web_search asks; null where the agent has other tools instead. */
const searchOf = Effect.fnUntraced(function* (
  { config: { recipe, corpus, search: named, browse, mcp }, meter, journal }: Outside,
): Effect.fn.Return<Search | null, BadInput, Scope.Scope> {
  if (named === SEARCH_OFF) return searchNothing;
  if (corpus !== null) return searchInMemory(yield* readCorpus(corpus));
  if (named === null) return (browse ?? mcp) === null ? searchNothing : null;
  // A replay needs neither the engine nor its key.
  const engine = journal?.mode === "replay" ? searchNothing : yield* openSearch(named, {
    deadline: recipe.toolDeadlineSeconds,
    atATime: recipe.toolConcurrency,
  });
  const search = meteredSearch(engine, meter);
  return journal === null ? search : yield* journaledSearch(named, search, journal);
});

/** The tool that reads pages, if hosts are named. */
const browseTools = Effect.fnUntraced(function* (
  { config: { browse, recipe }, meter, journal }: Outside,
): Effect.fn.Return<ReadonlyArray<Tool>, BadInput> {
  if (browse === null) return [];
  const tool = meteredTool(yield* openBrowseTool(browse, recipe.toolDeadlineSeconds), meter);
  return [journal === null ? tool : yield* journaledTool("browse", tool, journal)];
});

/** The tools of the MCP server, if there is one. */
const mcpTools = Effect.fnUntraced(function* (
  { config: { mcp, recipe }, meter, journal }: Outside,
): Effect.fn.Return<ReadonlyArray<Tool>, BadInput, Scope.Scope> {
  if (mcp === null) return [];
  const open = openMcpTools(mcp, { deadline: recipe.toolDeadlineSeconds }).pipe(
    Effect.map((tools) => tools.map((tool) => meteredTool(tool, meter))),
  );
  return journal === null ? yield* open : yield* journaledTools(mcp, open, journal);
});

/** `[MODE:]FILE`. */
const JOURNAL = new RegExp(`^(?:(${JOURNAL_MODES.join("|")}):)?(.*)$`, "s");

function journalOf(
  { journal }: RunConfig,
  { counts }: Meter,
): Effect.Effect<Journal | null, BadInput, Scope.Scope> {
  if (journal === null) return Effect.succeed(null);
  const mode = JOURNAL.exec(journal)![1] ?? "auto";
  // The expression allows modes only.
  return openJournal(journalFile(journal), mode as JournalMode, counts);
}

/** The file of `[MODE:]FILE`. */
export function journalFile(journal: string): string {
  return JOURNAL.exec(journal)![2]!;
}

/** `500` or `5usd`. */
function mostOf(budget: string | null): Most | null {
  if (budget === null) return null;
  return { amount: parseFloat(budget), unit: budget.endsWith("usd") ? "usd" : "queries" };
}
