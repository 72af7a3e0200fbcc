import type { Layer } from "effect";
import { buildBm25 } from "../bm25.ts";
import { Environment } from "../environment.ts";
import {
  lineSearch,
  makeDocumentSearch,
  retrieveBm25,
  retrieveNothing,
  type WebSearchOptions,
} from "../web_search.ts";
import { WORLD_RECIPE } from "./recipe.ts";
import type { World } from "./world.ts";

/** How a world is searched: BM25 over its documents, two lines a query. */
export function worldSearch(world: World): WebSearchOptions {
  const { documentsPerQuery, k1, b } = WORLD_RECIPE.search;
  const retrieve = retrieveBm25(buildBm25(world.documents, { k1, b }));
  return lineSearch(world.documents, retrieve, documentsPerQuery);
}

/** Serves a world through web_search. */
export function layerWorld(world: World): Layer.Layer<Environment> {
  return layerSearch(worldSearch(world));
}

/** A control experiment: the same tool finds nothing, so the score that remains does not come from searching. */
export function layerWorldSearchOff(world: World): Layer.Layer<Environment> {
  return layerSearch({ ...worldSearch(world), retrieve: retrieveNothing });
}

function layerSearch(search: WebSearchOptions): Layer.Layer<Environment> {
  const { deadline, concurrency } = WORLD_RECIPE;
  return Environment.layerTools({ tools: [makeDocumentSearch(search)], deadline, concurrency });
}
