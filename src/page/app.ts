/** The page: what it shows is what its address says. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { CurvesView } from "./curves.ts";
import type { PageData, PageRun } from "./data.ts";
import { noteList } from "./elements.ts";
import { EpisodesView } from "./episodes.ts";
import { readRoute, type Route, writeRoute } from "./route.ts";
import type { Source } from "./source.ts";

/** The page of a source. */
export function App({ source }: { readonly source: Source }): JSX.Element {
  const [data, setData] = useState<PageData | string | null>(null);
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const load = () => source.load().then(setData, (error) => setData(String(error.message)));
    load();
    addEventListener("hashchange", () => setRoute(readRoute(location.hash)));
  }, [source]);
  const isLive = typeof data === "object" && data?.isLive === true;
  useEffect(() => {
    if (isLive) source.follow(() => source.load().then(setData, () => {}));
  }, [source, isLive]);
  const go = useCallback((change: Partial<Route>) => {
    const next = { ...readRoute(location.hash), ...change };
    history.replaceState(null, "", writeRoute(next));
    setRoute(next);
  }, []);
  const runs = typeof data === "object" ? data?.runs ?? NO_RUNS : NO_RUNS;
  const colours = useMemo(() => coloursOf(runs), [runs]);
  if (data === null) return h("p", { class: "empty" }, "Reading");
  if (typeof data === "string") return h("p", { class: "empty" }, data);
  const onStep = (step: number) =>
    go({ view: "episodes", step: nearest(data.runs[route.run], step) });
  return h(
    "main",
    null,
    head({ data, route, colours, go }),
    noteList(data.runs.flatMap(({ notes }) => notes)),
    route.view === "curves"
      ? h(CurvesView, { runs, colours, onStep })
      : h(EpisodesView, { data, source, route, go }),
  );
}

const NO_RUNS: ReadonlyArray<PageRun> = [];

/** Colours of series, in the order in which they first come. */
function coloursOf(runs: ReadonlyArray<PageRun>): ReadonlyMap<string, number> {
  const names = [...new Set(runs.map(({ series }) => series))];
  return new Map(names.map((name, i) => [name, i % COLOURS]));
}

/** Colours that the style sheet has for series. */
const COLOURS = 8;

/** The step with episodes that is nearest to one; null for the last. */
function nearest(run: PageRun | undefined, step: number): number | null {
  const distances = (run?.kept ?? []).map((one) => ({ ...one, far: Math.abs(one.step - step) }));
  return distances.sort((a, b) => a.far - b.far)[0]?.step ?? null;
}

interface HeadProps {
  readonly data: PageData;
  readonly route: Route;
  readonly colours: ReadonlyMap<string, number>;
  readonly go: (change: Partial<Route>) => void;
}

function head({ data, route, colours, go }: HeadProps): JSX.Element {
  const tab = (view: Route["view"], text: string) =>
    h("button", {
      type: "button",
      "aria-current": route.view === view ? "page" : undefined,
      onClick: () => go({ view }),
    }, text);
  return h(
    "header",
    null,
    h("h1", null, "igpo", data.isLive ? h("span", { class: "live" }, "live") : null),
    h("nav", { "aria-label": "Views" }, tab("curves", "Curves"), tab("episodes", "Episodes")),
    h(
      "ul",
      { class: "legend", "aria-label": "Series" },
      [...colours].map(([series, colour]) =>
        h(
          "li",
          null,
          h("span", { class: `key series-${colour}`, "aria-hidden": "true" }),
          series,
          h("span", { class: "faint" }, seeds(data.runs.filter((run) => run.series === series))),
        )
      ),
    ),
  );
}

/** ` 10 seeds, 40 of 40 steps`. */
function seeds(runs: ReadonlyArray<PageRun>): string {
  const done = Math.min(...runs.map(({ metrics }) => metrics.at(-1)?.step ?? 0));
  const planned = runs[0]?.steps ?? null;
  const seed = runs.length === 1 ? runs[0]!.seed : null;
  const who = runs.length > 1 ? `${runs.length} seeds` : seed === null ? "" : `seed ${seed}`;
  return [who, planned === null ? "" : `${done} of ${planned} steps`].filter((text) => text !== "")
    .map((text, i) => i === 0 ? ` ${text}` : `, ${text}`).join("");
}
