/** The panel that opens an advantage into its formula. */
import { h, type JSX } from "preact";
import type { StepCredit } from "./credit.ts";
import { explain, placeOf } from "./explain.ts";
import { print } from "./numbers.ts";

/** What is explained. */
export interface WhyProps {
  /** The step under a preset, or one sentence on why it can have no advantages under it. */
  readonly credit: StepCredit | string;
  readonly episode: string;
  readonly turn: number;
  /** Whether the preset is the run's own, so that the run's numbers must be the same. */
  readonly isOwn: boolean;
}

/** The formulas from beliefs to the loss weight of a turn, with their values. */
export function Why({ credit, episode, turn, isOwn }: WhyProps): JSX.Element {
  if (typeof credit === "string") return h("p", { class: "empty" }, credit);
  const place = placeOf(credit, episode);
  if (place === null) return h("p", { class: "empty" }, "This episode was not trained on");
  const reasons = explain(credit, { ...place, t: turn });
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "reasons" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["number", "formula", "value", isOwn ? "the run's own" : "under the run's preset"]
            .map((title) => h("th", { scope: "col" }, title)),
        ),
      ),
      h(
        "tbody",
        null,
        reasons.map(({ name, formula, value, recorded }) =>
          h(
            "tr",
            { class: name === "advantage" ? "result" : "" },
            h("th", { scope: "row" }, name),
            h("td", { class: "formula" }, formula),
            h("td", null, print(value)),
            h(
              "td",
              { class: "faint" },
              recorded === null ? "" : verdict(value, recorded, { isOwn }),
            ),
          )
        ),
      ),
    ),
  );
}

function verdict(value: number, recorded: number, { isOwn }: { readonly isOwn: boolean }): string {
  const shown = print(recorded);
  if (!isOwn) return shown;
  return shown === print(value) ? `${shown}, the same` : `${shown}, another number`;
}
