/** Begins the page in the browser. */
/// <reference lib="dom" />
import { h, render } from "preact";
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import pageStyle from "../page/page.css" with { type: "text" };
import { App } from "./app.ts";
import style from "./site.css" with { type: "text" };

const sheet = new CSSStyleSheet();
sheet.replaceSync(uPlotStyle + pageStyle + style);
document.adoptedStyleSheets = [sheet];
render(h(App, null), document.body);
