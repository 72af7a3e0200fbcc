/** The page as HTML: served, or as one file with its data. */
import script from "../../web/page.js" with { type: "text" };
import {
  DATA_ID,
  type PageData,
  type PageStep,
  type PageTexts,
  stepId,
  textsId,
} from "../page/data.ts";
import type { ReadStep } from "./read_run.ts";

/** The page's program. */
export const pageScript: string = script;

/** What a page may do: run its own program, ask its own server, and nothing else. */
export function policyOf(sources: { readonly script: string; readonly connect: string }): string {
  return [
    "default-src 'none'",
    `script-src ${sources.script}`,
    `connect-src ${sources.connect}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** The page that a server sends. Its policy is sent as a header. */
export const servedPage: string = pageOf({
  head: [],
  body: [`<script type="module" src="page.js"></script>`],
});

/** A step's episodes, or their texts, within a page, or beside it. */
export interface StepPart {
  readonly id: string;
  /** Its JSON, packed with gzip and written as base64: a sixth, and read much faster as a part of a page. */
  readonly packed: string;
}

/** The episodes of a step as the page gets them, without their texts. */
export function stepJson({ records, notes }: ReadStep): string {
  const step: PageStep = {
    records: records.map(({ transcript: _transcript, ...record }) => record),
    notes,
  };
  return JSON.stringify(step);
}

/** The texts of a step's episodes as the page gets them. */
export function textsJson({ records }: ReadStep): string {
  const texts: PageTexts = records.map(({ transcript }) =>
    transcript && JSON.stringify(transcript)
  );
  return JSON.stringify(texts);
}

/** The episodes of a step of a run as parts of a page. */
export async function packStep(
  content: ReadStep,
  { run, step }: { readonly run: number; readonly step: number },
): Promise<ReadonlyArray<StepPart>> {
  return [
    { id: stepId(run, step), packed: await pack(stepJson(content)) },
    { id: textsId(run, step), packed: await pack(textsJson(content)) },
  ];
}

async function pack(text: string): Promise<string> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).bytes()).toBase64();
}

/** A page that holds its data, so that it opens from disk. `folder` names the folder of steps beside it, if any. */
export async function wholePage(
  data: PageData,
  { parts, folder }: { readonly parts: ReadonlyArray<StepPart>; readonly folder: string | null },
): Promise<string> {
  const program = pageScript.replaceAll("</script", "<\\/script");
  const policy = policyOf({
    script: `'sha256-${await digestOf(program)}'${folder === null ? "" : " 'self' file:"}`,
    connect: "'none'",
  });
  const head = [`<meta http-equiv="Content-Security-Policy" content="${policy}">`];
  const body = [
    inertJson(data, folder),
    ...parts.map(({ id, packed }) =>
      `<script type="application/gzip" id="${id}">${packed}</script>`
    ),
    `<script type="module">${program}</script>`,
  ];
  return pageOf({ head, body });
}

/** Episodes of a step, or their texts, as a file beside a page. */
export function shardOf({ packed }: Pick<StepPart, "packed">): string {
  return `document.currentScript.dataset.text = "${packed}";\n`;
}

function pageOf(
  { head, body }: { readonly head: ReadonlyArray<string>; readonly body: ReadonlyArray<string> },
): string {
  return [
    "<!doctype html>",
    `<html lang="en">`,
    "<head>",
    `<meta charset="utf-8">`,
    ...head,
    `<meta name="viewport" content="width=device-width, initial-scale=1">`,
    "<title>igpo</title>",
    `<link rel="icon" href="data:,">`,
    "</head>",
    "<body>",
    ...body,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

/** JSON that a browser neither runs nor reads as HTML: no tag can begin in it. */
function inertJson(data: PageData, folder: string | null): string {
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const beside = folder === null ? "" : ` data-folder="${encodeURIComponent(folder)}"`;
  return `<script type="application/json" id="${DATA_ID}"${beside}>${json}</script>`;
}

async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toBase64();
}
