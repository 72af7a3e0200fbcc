/** Attributes of an element; numbers are rounded to a hundredth of a pixel. */
export type Attributes = Readonly<Record<string, string | number>>;

/** One SVG element; `content` is markup. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? round(value) : escapeText(value)}"`
  ).join("");
  return content === "" ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** One text element. */
export function label(words: string, attributes: Attributes): string {
  return element("text", attributes, escapeText(words));
}

/** Width and height of a picture, and what it shows. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Screen readers read it out in place of the picture. */
  readonly title: string;
}

/** A whole picture on white that needs no other files. */
export function picture({ width, height, title }: Frame, parts: ReadonlyArray<string>): string {
  const content = [
    element("title", {}, escapeText(title)),
    element("rect", { width, height, rx: 6, fill: "#ffffff" }),
    ...parts,
  ].join("\n");
  return `${
    element("svg", {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "font-family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
      "font-size": 12,
      fill: INK,
    }, content)
  }\n`;
}

/** Colour of words. */
export const INK = "#1f2933";
/** Colour of axis labels. */
export const FAINT_INK = "#6b7785";
/** Colour of grid lines. */
export const GRID = "#e4e8ec";
/** Colours of series, which most colour-blind readers can tell apart. */
export const SERIES_COLORS = [
  "#0b6bcb",
  "#d9622b",
  "#2a9d68",
  "#8b5fbf",
  "#b58900",
  "#5c6773",
  "#c2327f",
  "#1798ae",
];

/** At most `count` round numbers (1, 2 or 5 times a power of ten) that lie in `[low, high]`. */
export function ticks(low: number, high: number, count: number): Array<number> {
  const rough = Math.max(high - low, Number.EPSILON) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const tick = (first + index) * step;
    return Number(tick.toPrecision(12));
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
