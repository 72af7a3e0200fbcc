/** What the page shows, as its address says: every view can be linked to. */

/** What cells of a matrix show. */
export const MEASURES = ["gain", "normalised", "advantage"] as const;

/** One of {@link MEASURES}. */
export type Measure = typeof MEASURES[number];

/** What the page shows. */
export interface Route {
  readonly view: "curves" | "episodes";
  readonly run: number;
  /** Null for the last step that is kept. */
  readonly step: number | null;
  /** The episode whose transcript is open, and its turn that is explained. */
  readonly episode: string | null;
  readonly turn: number;
  readonly by: Measure;
  /** Name of the preset that advantages are computed under; null for the run's own. */
  readonly preset: string | null;
  /** The run and step beside it; null for none, and for its last step. */
  readonly besideRun: number | null;
  readonly besideStep: number | null;
}

/** Reads the part of an address after `#`; what makes no sense is left out. */
export function readRoute(hash: string): Route {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const count = (name: string) => {
    const text = fields.get(name) ?? "";
    return /^\d{1,9}$/.test(text) ? Number(text) : null;
  };
  return {
    view: fields.get("view") === "episodes" ? "episodes" : "curves",
    run: count("run") ?? 0,
    step: count("step"),
    episode: fields.get("episode"),
    turn: count("turn") ?? 0,
    by: MEASURES.find((name) => name === fields.get("by")) ?? "gain",
    preset: fields.get("preset"),
    besideRun: count("besideRun"),
    besideStep: count("besideStep"),
  };
}

/** The part of an address after `#`. */
export function writeRoute(route: Route): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(route)) {
    if (value !== null && value !== "") fields.set(name, String(value));
  }
  return `#${fields}`;
}
