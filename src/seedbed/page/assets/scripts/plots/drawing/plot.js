// @ts-check
// Frame around every plot: title, choices, the chart of ECharts, what to know about it in words, its
// numbers as a table, and a picture of it to keep.

import { announce, element, fill } from "../../elements.js";
import { cellText, shownText } from "../../formats.js";
import { echarts } from "../../libraries.js";
import { themeNow } from "./colours.js";
import { showChoices } from "./controls.js";

/** @typedef {import("./colours.js").Theme} Theme */
/** @typedef {import("./controls.js").Choice} Choice */

/**
 * Numbers of a plot.
 * @typedef {{columns: string[], rows: (number | string | boolean | null)[][]}} Numbers
 */

/**
 * What a plot shows: the option of ECharts; `empty`: why there is nothing to show.
 * @typedef {{
 *   choices: Choice[],
 *   option?: any,
 *   empty?: string,
 *   height?: number,
 *   notes?: (string | null)[],
 *   numbers?: () => Numbers,
 * }} Drawing
 */

/**
 * Kind of plot; `keys`: those of the state that it depends on, besides the filter and the metric.
 * @typedef {{
 *   name: string,
 *   title: string,
 *   keys: string[],
 *   draw: (page: any, theme: Theme, width: number) => Drawing,
 *   choose: (page: any, key: string, value: any) => void,
 *   click?: (page: any, event: any) => void,
 *   drawn?: (page: any, chart: any) => void,
 *   created?: (page: any, chart: any) => void,
 * }} Plot
 */

/** Rows of a table of numbers that are written at most; the others are in the table's CSV. */
const MOST_NUMBERS = 2000;

/**
 * Show a plot; it draws itself anew when the state changes, while it can be seen.
 * @param {HTMLElement} place
 * @param {any} page
 * @param {Plot} plot
 */
export function mountPlot(place, page, plot) {
  const frame = frameOf(plot);
  fill(place, frame.whole);
  let stale = true;
  let seen = false;
  let waiting = false;
  /** @type {any} */
  let chart = null;
  /** @type {Drawing | null} */
  let drawing = null;

  function redraw(always = false) {
    waiting = false;
    if (!stale || !(seen || always)) return;
    stale = false;
    const width = frame.canvas.clientWidth || place.clientWidth || 600;
    const theme = themeNow();
    const drawn = plot.draw(page, theme, width);
    drawing = drawn;
    showChoices(frame.choices, drawn.choices, (key, value) => plot.choose(page, key, value));
    fill(
      frame.notes,
      (drawn.notes ?? []).filter(Boolean).map((note) => element("p", {}, note)),
    );
    frame.empty.textContent = drawn.empty ?? "";
    frame.empty.hidden = !drawn.empty;
    frame.canvas.hidden = Boolean(drawn.empty);
    frame.actions.hidden = Boolean(drawn.empty);
    if (drawn.empty) return;
    frame.canvas.style.height = `${drawn.height ?? 360}px`;
    if (!chart) {
      chart = echarts.init(frame.canvas, null, { renderer: "canvas" });
      chart.on("click", (/** @type {any} */ event) => plot.click?.(page, event));
      plot.created?.(page, chart);
    }
    if (
      chart.getWidth() !== frame.canvas.clientWidth ||
      chart.getHeight() !== frame.canvas.clientHeight
    ) {
      // Empty first: what it shows would else be drawn once more before it goes.
      chart.clear();
      chart.resize();
    }
    chart.setOption({ ...frameOption(theme), ...drawn.option }, { notMerge: true });
    plot.drawn?.(page, chart);
    if (frame.numbers.open) showNumbers();
  }

  function showNumbers() {
    fill(frame.table, drawing?.numbers ? numbersTable(drawing.numbers()) : null);
  }

  function renew() {
    stale = true;
    if (waiting || !seen) return;
    waiting = true;
    requestAnimationFrame(() => redraw());
  }

  frame.numbers.addEventListener("toggle", () => {
    if (frame.numbers.open) showNumbers();
  });
  frame.keep.addEventListener("click", () => keepPicture(chart, plot));
  new IntersectionObserver(
    (entries) => {
      seen = entries[entries.length - 1].isIntersecting;
      if (seen && stale) redraw();
    },
    { rootMargin: "800px" },
  ).observe(place);
  new ResizeObserver(() => {
    if (chart && frame.canvas.clientWidth && frame.canvas.clientWidth !== chart.getWidth()) renew();
  }).observe(frame.canvas);
  page.follow(place, ["filter", "metric", "epoch", ...plot.keys], renew);
  // The theme is that of paper, and back, before this is called.
  const renewNow = () => {
    stale = true;
    redraw(place.offsetParent !== null);
  };
  window.addEventListener("beforeprint", renewNow);
  window.addEventListener("afterprint", renewNow);
}

/**
 * @param {Plot} plot
 * @returns {{whole: HTMLElement, canvas: HTMLElement, choices: HTMLElement, notes: HTMLElement,
 *   empty: HTMLElement, actions: HTMLElement, keep: HTMLElement, numbers: any, table: HTMLElement}}
 */
function frameOf(plot) {
  const canvas = element("div", { class: "plot-canvas", role: "img", "aria-label": plot.title });
  const choices = element("div", {
    class: "plot-choices",
    role: "group",
    "aria-label": `Choices: ${plot.title}`,
  });
  const notes = element("div", { class: "plot-notes" });
  const empty = element("p", { class: "plot-empty", hidden: true });
  const keep = element("button", { type: "button", class: "quiet" }, "Save as PNG");
  const table = element("div", { class: "plot-table", tabindex: "0" });
  const numbers = element(
    "details",
    { class: "plot-numbers" },
    element("summary", {}, "Numbers"),
    table,
  );
  const actions = element("div", { class: "plot-actions" }, numbers, keep);
  const heading = element("h3", {}, plot.title);
  const whole = element(
    "section",
    { class: "plot", "data-plot": plot.name },
    element("header", {}, heading, choices),
    empty,
    canvas,
    notes,
    actions,
  );
  return { whole, canvas, choices, notes, empty, actions, keep, numbers, table };
}

/**
 * Option that all plots share.
 * @param {Theme} theme
 */
function frameOption(theme) {
  return {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { color: theme.text, fontFamily: "system-ui, sans-serif", fontSize: 12 },
    aria: { enabled: true, label: { enabled: true } },
    stateAnimation: { duration: 0 },
  };
}

/**
 * @param {Numbers} numbers
 * @returns {HTMLElement[]}
 */
function numbersTable(numbers) {
  const head = element(
    "tr",
    {},
    numbers.columns.map((column) => element("th", { scope: "col" }, shownText(column))),
  );
  const rows = numbers.rows.slice(0, MOST_NUMBERS).map((row) =>
    element(
      "tr",
      {},
      row.map((cell) =>
        element("td", { class: typeof cell === "number" ? "number" : null }, cellText(cell)),
      ),
    ),
  );
  const left = numbers.rows.length - rows.length;
  return [
    element("table", {}, element("thead", {}, head), element("tbody", {}, rows)),
    left > 0 ? element("p", {}, `${left.toLocaleString("en")} more rows`) : null,
  ].filter((part) => part !== null);
}

/**
 * Save what a chart shows as a file.
 * @param {any} chart
 * @param {Plot} plot
 */
function keepPicture(chart, plot) {
  if (!chart) return;
  const url = chart.getDataURL({ type: "png", pixelRatio: 2 });
  element("a", { href: url, download: `${plot.name}.png` }).click();
  announce(`Saved ${plot.name}.png`);
}
