/** The cells of the first table in a page that follows this heading, head and rule included. */
export function cellsBelow(page: string, heading: string): ReadonlyArray<ReadonlyArray<string>> {
  const lines = page.slice(page.indexOf(`${heading}\n`)).split("\n");
  const first = lines.findIndex((line) => line[0] === "|");
  const rest = lines.slice(first);
  const end = rest.findIndex((line) => line[0] !== "|");
  return rest.slice(0, end < 0 ? rest.length : end)
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}
