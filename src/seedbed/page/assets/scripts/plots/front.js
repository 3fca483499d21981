// @ts-check
// Pareto front of searches with several objectives: what no other configuration beats in all of them.

import { rankedConfigurations } from "../configurations.js";
import { countText, shownText } from "../formats.js";
import { axisEnds, plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import {
  configurationLines,
  configurationMeans,
  configurationName,
  leftOutText,
  meanText,
  objectiveColumn,
  selectJobs,
  titleOf,
} from "./entries.js";
import { CROSS } from "./drawing/colours.js";
import { keyChoice } from "./keys.js";
import { mountPlot } from "./drawing/plot.js";
import { frontOf, prefersLog } from "./plot_data.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountFront(place, page) {
  place.hidden = page.document.content.objectives.length < 2;
  if (place.hidden) return;
  mountPlot(place, page, {
    name: "front",
    title: "Pareto front",
    keys: ["front", "selected"],
    draw: drawFront,
    choose: (_, key, value) =>
      page.state.update({ front: { ...page.state.values.front, [key]: value } }),
    click(_, event) {
      if (event.data?.jobs) selectJobs(page, event.data.jobs);
    },
  });
}

/**
 * Means of the objectives by configuration, and which configurations are on fronts.
 *
 * @typedef {object} Fronts
 * @property {string[]} columns of the objectives
 * @property {Map<string, Float64Array>} means NaN without a number
 * @property {Map<string, Int32Array>} counts jobs that a mean is of
 * @property {number[]} lost jobs without one of the numbers
 * @property {Map<number, string[]>} unfit why configurations cannot be the best: constraints that
 *   they miss, folds that they lack
 * @property {Set<number>} whole on the front of all objectives
 * @property {(columns: string[]) => number[]} of front of these columns
 */

/**
 * @param {any} page
 * @returns {Fronts}
 */
function frontsOf(page) {
  const data = page.document;
  const columns = data.content.objectives.map((/** @type {any} */ each) =>
    objectiveColumn(data, each),
  );
  const { jobs } = page.filtered();
  const summaries = columns.map((/** @type {string} */ name) =>
    configurationMeans(data, name, jobs),
  );
  const byColumn = (/** @type {"mean" | "count"} */ part) =>
    new Map(
      columns.map((/** @type {string} */ name, /** @type {number} */ i) => [
        name,
        summaries[i][part],
      ]),
    );
  const means = byColumn("mean");
  const ranked = rankedConfigurations(data, page.jobsOf, columns[0], data.modeOf(columns[0]));
  const unfit = new Map(
    ranked.filter((each) => each.unfit.length).map((each) => [each.configuration, each.unfit]),
  );
  const counted = (/** @type {string} */ name) =>
    means
      .get(name)
      .map((/** @type {number} */ value, /** @type {number} */ i) => (unfit.has(i) ? NaN : value));
  const of = (/** @type {string[]} */ names) =>
    frontOf(
      names.map(counted),
      names.map((name) => data.modeOf(name)),
    );
  const lost = new Set(summaries.flatMap((/** @type {any} */ each) => each.without));
  return {
    columns,
    means,
    counts: byColumn("count"),
    lost: Array.from(lost),
    unfit,
    whole: new Set(of(columns)),
    of,
  };
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawFront(page, theme, width) {
  const data = page.document;
  const asked = page.state.values.front;
  const fronts = frontsOf(page);
  const { columns, means, whole, unfit } = fronts;
  const x = columns.includes(asked.x) ? asked.x : columns[0] === asked.y ? columns[1] : columns[0];
  const rest = columns.filter((name) => name !== x);
  const y = rest.includes(asked.y) ? asked.y : rest[0];
  const choices =
    columns.length > 2 || asked.x
      ? [keyChoice("x", "Across", columns, x), keyChoice("y", "Up", rest, y)]
      : [];
  const [xs, ys] = [x, y].map((name) => /** @type {Float64Array} */ (means.get(name)));
  const placed = Array.from(xs.keys()).filter(
    (i) => Number.isFinite(xs[i]) && Number.isFinite(ys[i]),
  );
  if (placed.length === 0)
    return { choices, empty: "No configuration that is shown has both numbers." };
  const out = placed.filter((i) => unfit.has(i));
  return {
    choices,
    height: 420,
    option: {
      aria: {
        enabled: true,
        label: {
          description: `Pareto front of ${columns.map((name) => shownText(name)).join(", ")}: ${whole.size} of ${placed.length} configurations. The button Numbers shows them.`,
        },
      },
      legend: plotLegend(theme, {
        data: ["on the front", "dominated", ...(out.length ? ["cannot be the best"] : [])],
      }),
      grid: { left: width < 480 ? 62 : 76, right: 24, top: 36, bottom: 56 },
      tooltip: plotTooltip(theme, (event) => frontText(data, event, fronts)),
      xAxis: axisOf(theme, data, x, xs, true),
      yAxis: axisOf(theme, data, y, ys, false),
      series: [
        stepSeries(fronts.of([x, y]), xs, ys, data.modeOf(x), theme),
        ...pointsOfFront(page, theme, fronts, placed, xs, ys),
      ],
    },
    notes: [
      `${whole.size} of ${placed.length} configurations are on the front${columns.length > 2 ? ` of all ${columns.length} objectives; the line is that of the two shown` : ""}.`,
      page.filtered().jobs.length > placed.length
        ? "Each point is the mean of a configuration's jobs."
        : null,
      out.length
        ? `${countText(out.length, "configuration")} cannot be on it: constraints, folds or jobs are missed, as each point says.`
        : null,
      leftOutText(data, fronts.lost),
    ],
    numbers: () => ({
      columns: ["configuration", ...columns, "jobs"],
      rows: Array.from(whole)
        .sort((a, b) => xs[a] - xs[b])
        .map((i) => [
          configurationName(data, i, 120),
          ...columns.map((name) => means.get(name)?.[i] ?? null),
          fronts.counts.get(x)?.[i] ?? 0,
        ]),
    }),
  };
}

/**
 * Points: what is dominated, what cannot be the best, and the front, each with the look that the
 * legend has.
 *
 * @param {any} page
 * @param {Theme} theme
 * @param {Fronts} fronts
 * @param {number[]} placed
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 */
function pointsOfFront(page, theme, { whole, unfit }, placed, xs, ys) {
  const selected = new Set(page.state.values.selected);
  const isSelected = (/** @type {number} */ job) => selected.has(job);
  const ring = { opacity: 1, borderColor: theme.text, borderWidth: 2 };
  const point = (/** @type {number} */ i, /** @type {any} */ itemStyle = {}) => {
    const jobs = page.jobsOf(i);
    const chosen = jobs.some(isSelected);
    return {
      value: [xs[i], ys[i]],
      configuration: i,
      jobs,
      itemStyle: chosen ? { ...itemStyle, ...ring } : itemStyle,
      ...(chosen ? { symbolSize: 15 } : {}),
    };
  };
  const common = { type: "scatter", z: 2 };
  return [
    {
      ...common,
      name: "dominated",
      symbol: "circle",
      symbolSize: 7,
      itemStyle: { color: theme.muted, opacity: 0.4 },
      data: placed.filter((i) => !whole.has(i) && !unfit.has(i)).map((i) => point(i)),
    },
    {
      ...common,
      name: "on the front",
      symbol: "diamond",
      symbolSize: 12,
      itemStyle: { color: theme.series[0], opacity: 1 },
      data: placed.filter((i) => whole.has(i)).map((i) => point(i)),
      z: 3,
    },
    {
      ...common,
      name: "cannot be the best",
      symbol: CROSS,
      symbolSize: 8,
      itemStyle: { color: theme.worse, opacity: 0.5 },
      data: placed.filter((i) => unfit.has(i)).map((i) => point(i)),
    },
  ];
}

/**
 * @param {Theme} theme
 * @param {any} data
 * @param {string} name
 * @param {Float64Array} values
 * @param {boolean} across
 */
function axisOf(theme, data, name, values, across) {
  const finite = Array.from(values).filter(Number.isFinite);
  const log = prefersLog(finite, data.modeOf(name), 1.3);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  return plotAxis(theme, { name: titleOf(data, name), log, across, ...axisEnds(low, high, log) });
}

/**
 * Steps of the front of two objectives: what is reached for each value of the first.
 *
 * @param {number[]} front
 * @param {Float64Array} xs
 * @param {Float64Array} ys
 * @param {"min" | "max" | null} mode of the first
 * @param {Theme} theme
 */
function stepSeries(front, xs, ys, mode, theme) {
  const order = front.slice().sort((a, b) => xs[a] - xs[b] || ys[a] - ys[b]);
  return {
    type: "line",
    step: mode === "max" ? "start" : "end",
    symbol: "none",
    silent: true,
    lineStyle: { color: theme.series[0], width: 1.5, opacity: 0.8 },
    data: order.map((i) => [xs[i], ys[i]]),
    z: 1,
  };
}

/**
 * @param {any} data
 * @param {any} event
 * @param {Fronts} fronts
 */
function frontText(data, event, { columns, means, counts, whole, unfit }) {
  const i = event.data?.configuration;
  if (i === undefined) return "";
  /** @type {[string, string][]} */
  const lines = columns.map((name) => {
    const mean = means.get(name)?.[i] ?? NaN;
    return [name, Number.isNaN(mean) ? "none" : meanText(mean, counts.get(name)?.[i] ?? 1)];
  });
  const reasons = unfit.get(i);
  const title = reasons
    ? `Cannot be the best: ${reasons.join(", ")}`
    : whole.has(i)
      ? "On the front"
      : "Dominated";
  return tooltipHtml(title, [...lines, ...configurationLines(data, i)], "Click: select to compare");
}
