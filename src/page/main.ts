/** Begins the page in the browser. */
/// <reference lib="dom" />
import { h, render } from "preact";
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { App } from "./app.ts";
import style from "./page.css" with { type: "text" };
import { openSource } from "./source.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(uPlotStyle + style);
document.adoptedStyleSheets = [sheet];
render(h(App, { source: openSource() }), document.body);
