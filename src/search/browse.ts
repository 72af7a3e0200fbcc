/** The browse tool: reads web pages, a part at a time. */
import { Cache, Duration, Effect, Exit, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { SearchFailed } from "../domain/search.ts";
import { line } from "../files/fetch_error.ts";
import { makeTool, type Tool, ToolCallRejected, ToolCrashed } from "../environment/tool.ts";
import { fetchPage, type FetchPageOptions, PAGE_PATIENCE, readPageUrl } from "./fetch_page.ts";
import { checkAllowed } from "./open.ts";
import { cutPages } from "./page_text.ts";

/** Which pages the agent may read, and how much at once. */
export interface BrowseOptions extends FetchPageOptions {
  /** Most characters of a page's text that one call answers with, its title apart. @default {4000} */
  readonly pageCharacters?: number;
}

const Input = Schema.Struct({
  url: Schema.String.annotate({ description: "Address of a web page" }),
  page: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)).annotate({
      description: "Which part of a long page, from 1",
    }),
  ),
});

/** The observation for a page without title and text. */
const NO_TEXT = "The page has no text";

/** Web pages whose text is kept, so that their next part is not fetched again. */
const KEPT = 64;

/**
 * The browse tool: title and readable text of a web page, a part of `pageCharacters` at a time. Private addresses are
 * refused, whatever name or redirect leads there.
 */
export const makeBrowse = Effect.fn("makeBrowse")(function* (
  options: BrowseOptions,
): Effect.fn.Return<Tool> {
  const kept = yield* Cache.makeWith((href: string) => readPage(new URL(href), options), {
    capacity: KEPT,
    timeToLive: (exit) => Exit.isSuccess(exit) ? Duration.infinity : Duration.zero,
  });
  return makeTool({
    name: "browse",
    description: "Read a web page.",
    input: Input,
    run: Effect.fnUntraced(function* ({ url, page = 1 }) {
      const address = readPageUrl(url, options.hosts);
      if (Result.isFailure(address)) {
        return yield* new ToolCallRejected({ message: address.failure });
      }
      address.success.hash = "";
      const { title, parts } = yield* Cache.get(kept, address.success.href).pipe(
        Effect.mapError(({ kind, message }) => new ToolCrashed({ kind, message })),
      );
      const part = parts[page - 1];
      if (part === undefined) {
        return yield* new ToolCallRejected({
          message:
            `page must be a whole number from 1 to ${parts.length}: current value is ${page}`,
        });
      }
      const place = parts.length === 1 ? "" : `(page ${page} of ${parts.length})`;
      return [title, part, place].filter((lines) => lines !== "").join("\n") || NO_TEXT;
    }),
  });
});

/** A host, or `*.` and a host for it and all below it. */
const HOST = /^(?:\*\.)?([A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)$/;

/**
 * The browse tool for `any`, or for a list like `example.org,*.example.org`. A call gives up before `deadline` seconds,
 * so that it can say why. Fails where Deno would refuse its calls.
 */
export const openBrowse = Effect.fn("openBrowse")(function* (
  names: string,
  deadline: number,
): Effect.fn.Return<Tool, BadInput> {
  const hosts = names === "any" ? "any" : names.split(",").map((name) => name.trim());
  for (const name of hosts === "any" ? [] : hosts) {
    const host = HOST.exec(name)?.[1];
    if (host === undefined) {
      return yield* new BadInput({
        message: `Cannot read pages of "${name}" as --browse takes any, or hosts like ` +
          `example.org and *.example.org`,
      });
    }
    yield* checkAllowed(`read pages of "${name}"`, host);
  }
  if (hosts === "any") yield* checkAllowed("read pages of any host", null);
  return yield* makeBrowse({ hosts, patience: { ...PAGE_PATIENCE, total: 0.9 * deadline } });
});

/** Title and parts of a page. */
const readPage = Effect.fnUntraced(function* (url: URL, options: BrowseOptions) {
  const { isHtml, text } = yield* fetchPage(url, options);
  const read = isHtml ? yield* readHtml(text) : { title: "", text };
  // A title may be as long as the page, and each part repeats it.
  return {
    title: line(read.title),
    parts: cutPages(read.text, Math.max(1, Math.floor(options.pageCharacters ?? 4000))),
  };
});

const readHtml = Effect.fnUntraced(function* (html: string) {
  // The parser takes a while to load, and few programs need it.
  const { readableText } = yield* Effect.promise(() => import("./readable_text.ts"));
  const read = readableText(html);
  if (read !== null) return read;
  return yield* new SearchFailed({
    kind: "malformed",
    message: "the page's HTML nests too deep",
  });
});
