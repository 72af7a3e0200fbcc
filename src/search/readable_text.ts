/** What a person would read of a page of HTML. */
import { Parser } from "htmlparser2";
import { LIMITS } from "../domain/limits.ts";

/** Title and text of a page; the title is empty where the page has none. */
export interface ReadableText {
  readonly title: string;
  /** A paragraph, a heading or a row of a table on each line. */
  readonly text: string;
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(" "));

const BLOCKS = names(
  "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure form " +
    "h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody tfoot thead tr ul",
);
const CELLS = names("td th");
const UNREAD = names(
  "audio button canvas footer iframe math nav noscript object script select style svg template textarea video",
);

/**
 * Title and text of HTML, without menus, scripts and what is hidden. That is the text of `main` and `article` where they
 * hold a good part of the page, else that of all. Takes time in proportion to the page. Null where the page nests more
 * than 512 elements.
 */
export function readableText(html: string): ReadableText | null {
  const title: string[] = [];
  const all: string[] = [];
  const article: string[] = [];
  let depth = 0;
  /** Depth of the outermost element of its kind that is open. */
  const open = { unread: Infinity, article: Infinity, title: Infinity };
  const write = (text: string) => {
    if (open.unread !== Infinity) return;
    all.push(text);
    if (open.article !== Infinity) article.push(text);
  };
  const parser = new Parser({
    onopentag: (name, { hidden, role }) => {
      depth++;
      if (UNREAD.has(name) || hidden !== undefined) open.unread = Math.min(open.unread, depth);
      if (name === "article" || name === "main" || role === "main") {
        open.article = Math.min(open.article, depth);
      }
      if (name === "title" && title.length === 0) open.title = depth;
      if (BLOCKS.has(name)) write("\n");
      if (CELLS.has(name)) write("\t");
      if (depth > LIMITS.pageDepth) parser.pause();
    },
    ontext: (text) => {
      const words = text.replaceAll(/\s+/g, " ");
      if (open.title === Infinity) write(words);
      else if (open.unread === Infinity) title.push(words);
    },
    onclosetag: (name) => {
      if (BLOCKS.has(name)) write("\n");
      if (open.unread === depth) open.unread = Infinity;
      if (open.article === depth) open.article = Infinity;
      if (open.title === depth) open.title = Infinity;
      depth--;
    },
  });
  parser.end(html);
  if (depth > LIMITS.pageDepth) return null;
  const [whole, part] = [layOut(all), layOut(article)];
  return { title: layOut(title), text: 4 * part.length >= whole.length ? part : whole };
}

/** Single spaces, no empty lines, ` | ` between the cells of a row. */
function layOut(parts: ReadonlyArray<string>): string {
  return parts.join("")
    .replaceAll(/ +/g, " ")
    .replaceAll(/ ?\n\s*/g, "\n")
    .replaceAll(/ ?\t[ \t]*/g, " | ")
    .trim();
}
