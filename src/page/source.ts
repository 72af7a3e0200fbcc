/** Where the page gets its data from: its own file, files beside it, or the server. */
/// <reference lib="dom" />
import { DATA_ID, type PageData, type PageStep, type PageTexts, stepId, textsId } from "./data.ts";

/** Where data comes from. */
export interface Source {
  readonly load: () => Promise<PageData>;
  readonly step: (run: number, step: number) => Promise<PageStep>;
  readonly texts: (run: number, step: number) => Promise<PageTexts>;
  /** Calls back whenever a run has written something; does nothing for data in files. */
  readonly follow: (changed: () => void) => void;
}

/** The source of this page. */
export function openSource(): Source {
  const own = document.getElementById(DATA_ID);
  return own === null ? served : inFile(own);
}

function inFile(own: HTMLElement): Source {
  const part = async <A>(id: string): Promise<A> => {
    const text = document.getElementById(id)?.textContent ??
      await shard(`${own.dataset["folder"]}/${id}.js`);
    return await unpacked<A>(text.trim());
  };
  return {
    load: () => Promise.resolve(JSON.parse(own.textContent ?? "")),
    step: (run, step) => part(stepId(run, step)),
    texts: (run, step) => part(textsId(run, step)),
    follow: () => {},
  };
}

/** What JSON said before it was packed with gzip and written as base64. */
async function unpacked<A>(text: string): Promise<A> {
  const units = atob(text);
  const bytes = new Uint8Array(units.length);
  for (let i = 0; i < units.length; i++) bytes[i] = units.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).json();
}

/** Text of a file beside the page. Such a file is a script, as pages that are opened from disk may read no other. */
function shard(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = () => resolve(script.dataset["text"] ?? "");
    script.onerror = () => reject(new Error(`Cannot read ${path} beside this page`));
    document.head.append(script);
  });
}

const served: Source = {
  load: () => fetchJson("data/runs.json"),
  step: (run, step) => fetchJson(`data/step.json?run=${run}&step=${step}`),
  texts: (run, step) => fetchJson(`data/texts.json?run=${run}&step=${step}`),
  follow: (changed) => {
    new EventSource("data/events").addEventListener("changed", changed);
  },
};

async function fetchJson<A>(path: string): Promise<A> {
  const response = await fetch(path);
  if (response.ok) return await response.json();
  throw new Error(await response.text());
}
