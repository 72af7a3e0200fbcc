import type { EpisodeView } from "../domain/report.ts";
import { fit, signed } from "./style.ts";
import { element, FAINT_INK, INK, label, picture } from "./svg.ts";

/** One panel of bars; a turn without a value says `none`. */
interface Panel {
  readonly title: string;
  readonly note: string;
  readonly bars: ReadonlyArray<Bar>;
}

/** A bar from zero, with the name of its turn. */
interface Bar {
  readonly name: string;
  readonly value: number | null;
}

const WIDTH = 680;
const TOP = 74;
const PANEL = { height: 116, gap: 20, left: 150, right: 656 };
const GOOD = "#2a9d68";
const BAD = "#c8453b";
const NEUTRAL = "#5b8fc7";

/** Belief, gain and advantage of an episode, turn by turn, as a self-contained SVG picture. */
export function episodeSvg(episode: EpisodeView): string {
  const panels = panelsOf(episode);
  const height = TOP + panels.length * (PANEL.height + PANEL.gap) + 40;
  const title = fit(episode.question, 84);
  return picture({ width: WIDTH, height, title: episode.question }, [
    label(title, { x: 24, y: 28, "font-size": 15, "font-weight": 600 }),
    label(
      `gold: ${episode.gold} · outcome ${signed(episode.outcome)} · F1 ${episode.f1.toFixed(2)}`,
      { x: 24, y: 48, fill: FAINT_INK },
    ),
    ...panels.flatMap((panel, index) =>
      panelParts(panel, { top: TOP + index * (PANEL.height + PANEL.gap), isLast: index === 2 })
    ),
    ...saidBelow(episode, height),
  ]);
}

function panelsOf(episode: EpisodeView): ReadonlyArray<Panel> {
  const turnNames = episode.turns.map((_, index) => `turn ${index + 1}`);
  const bars = (values: ReadonlyArray<number | null>): ReadonlyArray<Bar> =>
    values.map((value, index) => ({ name: turnNames[index] ?? "", value }));
  return [
    {
      title: "Belief",
      note: "before, nats a token",
      // Each turn shows the belief before it, so that its gain leads to the next turn's belief.
      bars: bars([
        episode.firstBelief,
        ...episode.turns.slice(0, -1).map((turn) => turn.belief),
      ]),
    },
    {
      title: "Gain",
      note: "of the turn",
      bars: bars(episode.turns.map((turn) => turn.gain)),
    },
    {
      title: "Advantage",
      note: "of its tokens",
      bars: bars(episode.turns.map((turn) => turn.advantage)),
    },
  ];
}

function panelParts(panel: Panel, place: { top: number; isLast: boolean }): Array<string> {
  const { bars, title, note } = panel;
  const values = bars.flatMap(({ value }) => (value === null ? [] : [value]));
  const high = Math.max(0, ...values);
  const low = Math.min(0, ...values);
  const scale = (PANEL.height - 2 * VALUE_ROOM) / Math.max(high - low, 1e-9);
  const y = (value: number) => place.top + VALUE_ROOM + (high - value) * scale;
  const slot = (PANEL.right - PANEL.left) / Math.max(1, bars.length);
  const centre = (index: number) => PANEL.left + slot * (index + 0.5);
  const line = { x1: PANEL.left, x2: PANEL.right, y1: y(0), y2: y(0), stroke: "#9aa5b1" };
  return [
    label(title, { x: 24, y: place.top + PANEL.height / 2, "font-weight": 600 }),
    label(note, { x: 24, y: place.top + PANEL.height / 2 + 17, "font-size": 11, fill: FAINT_INK }),
    ...bars.map((bar, index) =>
      barParts(bar, { centre: centre(index), width: Math.min(64, slot * 0.5), y, title })
    ),
    element("line", line),
  ];
}

const VALUE_ROOM = 18;

interface BarPlace {
  readonly centre: number;
  readonly width: number;
  readonly y: (value: number) => number;
  readonly title: string;
}

function barParts({ value }: Bar, { centre, width, y, title }: BarPlace): string {
  if (value === null) {
    return label("none", { x: centre, y: y(0) - 6, "text-anchor": "middle", fill: FAINT_INK });
  }
  const fill = title === "Belief" ? NEUTRAL : value < 0 ? BAD : GOOD;
  const [top, bottom] = value < 0 ? [y(0), y(value)] : [y(value), y(0)];
  const words = title === "Belief" ? value.toFixed(2) : signed(value);
  return [
    element("rect", { x: centre - width / 2, y: top, width, height: bottom - top, rx: 2, fill }),
    label(words, {
      x: centre,
      y: value < 0 ? bottom + 14 : top - 5,
      "text-anchor": "middle",
      fill: INK,
    }),
  ].join("");
}

/** The turns' names and words under the last panel. */
function saidBelow({ turns }: EpisodeView, height: number): Array<string> {
  const slot = (PANEL.right - PANEL.left) / Math.max(1, turns.length);
  return turns.flatMap((turn, index) => {
    const x = PANEL.left + slot * (index + 0.5);
    const at = { x, "text-anchor": "middle" };
    return [
      label(`turn ${index + 1}`, { ...at, y: height - 34, "font-weight": 600 }),
      label(fit(turn.said, Math.floor(slot / 6.6)), {
        ...at,
        y: height - 16,
        "font-size": 11,
        fill: FAINT_INK,
      }),
    ];
  });
}
