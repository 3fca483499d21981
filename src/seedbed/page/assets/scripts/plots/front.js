// @ts-check
// Pareto front of searches with several objectives: what no other configuration beats in all of them.

import { numberText, shownText } from "../formats.js";
import { axisEnds, plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import {
  configurationLines,
  configurationMeans,
  configurationName,
  configurationRanks,
  leftOutText,
  meanText,
  objectiveColumn,
  selectJobs,
  titleOf,
} from "./entries.js";
import { lookOf } from "./drawing/colours.js";
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
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawFront(page, theme, width) {
  const data = page.document;
  const asked = page.state.values.front;
  const columns = data.content.objectives.map((/** @type {any} */ each) =>
    objectiveColumn(data, each),
  );
  const x = columns.includes(asked.x) ? asked.x : columns[0] === asked.y ? columns[1] : columns[0];
  const rest = columns.filter((/** @type {string} */ name) => name !== x);
  const y = rest.includes(asked.y) ? asked.y : rest[0];
  const choices =
    columns.length > 2 || asked.x
      ? [keyChoice("x", "Across", columns, x), keyChoice("y", "Up", rest, y)]
      : [];
  const jobs = page.filtered().jobs;
  const means = new Map(
    columns.map((/** @type {string} */ name) => [name, configurationMeans(data, name, jobs)]),
  );
  const modes = columns.map((/** @type {string} */ name) => data.modeOf(name));
  const meanOfColumn = (/** @type {string} */ name) => /** @type {any} */ (means.get(name)).mean;
  const whole = frontOf(columns.map(meanOfColumn), modes);
  const plain = frontOf([x, y].map(meanOfColumn), [data.modeOf(x), data.modeOf(y)]);
  const xs = meanOfColumn(x);
  const ys = meanOfColumn(y);
  const placed = Array.from(xs.keys()).filter(
    (i) => Number.isFinite(xs[i]) && Number.isFinite(ys[i]),
  );
  if (placed.length === 0)
    return { choices, empty: "No configuration that is shown has both numbers." };
  const onFront = new Set(whole);
  const ranks = configurationRanks(data);
  const selected = new Set(page.state.values.selected);
  const point = (/** @type {number} */ i) => ({
    value: [xs[i], ys[i]],
    configuration: i,
    jobs: page.jobsOf(i),
    ...(page.jobsOf(i).some((/** @type {number} */ job) => selected.has(job))
      ? { symbolSize: 15, itemStyle: { opacity: 1, borderColor: theme.text, borderWidth: 2 } }
      : {}),
  });
  const looks = (/** @type {number} */ i) =>
    whole.length <= 8 ? lookOf(ranks[i], theme) : { colour: theme.series[0], symbol: "diamond" };
  const axes = [x, y].map((name) => axisOf(theme, data, name, meanOfColumn(name), name === x));
  const counts = means.get(x);
  const lost = new Set(
    columns.flatMap((/** @type {string} */ name) => means.get(name)?.without ?? []),
  );
  return {
    choices,
    height: 420,
    option: {
      aria: {
        enabled: true,
        label: {
          description: `Pareto front of ${columns.map((/** @type {string} */ name) => shownText(name)).join(", ")}: ${whole.length} of ${placed.length} configurations. The button Numbers shows them.`,
        },
      },
      legend: plotLegend(theme, { data: ["on the front", "dominated"] }),
      grid: { left: width < 480 ? 62 : 76, right: 24, top: 36, bottom: 56 },
      tooltip: plotTooltip(theme, (event) => frontText(data, event, columns, means, onFront)),
      xAxis: axes[0],
      yAxis: axes[1],
      series: [
        stepSeries(plain, xs, ys, data.modeOf(x), theme),
        {
          type: "scatter",
          name: "dominated",
          symbol: "circle",
          symbolSize: 7,
          itemStyle: { color: theme.muted, opacity: 0.4 },
          data: placed.filter((i) => !onFront.has(i)).map(point),
          z: 2,
        },
        {
          type: "scatter",
          name: "on the front",
          symbol: "diamond",
          symbolSize: 12,
          itemStyle: { color: theme.series[0], opacity: 1 },
          data: placed
            .filter((i) => onFront.has(i))
            .map((i) => {
              const { itemStyle, ...rest } = { itemStyle: {}, ...point(i) };
              const look = looks(i);
              return {
                symbol: look.symbol,
                itemStyle: { color: look.colour, ...itemStyle },
                ...rest,
              };
            }),
          z: 3,
        },
      ],
    },
    notes: [
      `${whole.length} of ${placed.length} configurations are on the front${columns.length > 2 ? ` of all ${columns.length} objectives; the line is that of the two shown` : ""}.`,
      jobs.length > placed.length ? "Each point is the mean of a configuration's jobs." : null,
      data.content.constraints.length
        ? `Constraints: ${data.content.constraints.map((/** @type {string} */ name) => shownText(name)).join(", ")}; the front here does not look at them.`
        : null,
      leftOutText(data, Array.from(lost)),
    ],
    numbers: () => ({
      columns: ["configuration", ...columns, "jobs"],
      rows: whole
        .slice()
        .sort((a, b) => xs[a] - xs[b])
        .map((i) => [
          configurationName(data, i, 120),
          ...columns.map((/** @type {string} */ name) => meanOfColumn(name)[i]),
          counts?.count[i] ?? 0,
        ]),
    }),
  };
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
 * @param {string[]} columns
 * @param {Map<string, any>} means
 * @param {Set<number>} onFront
 */
function frontText(data, event, columns, means, onFront) {
  const i = event.data?.configuration;
  if (i === undefined) return "";
  /** @type {[string, string][]} */
  const lines = columns.map((name) => {
    const { mean, count } = means.get(name);
    return [
      name,
      Number.isNaN(mean[i])
        ? "none"
        : count[i] > 1
          ? meanText(mean[i], count[i])
          : numberText(mean[i]),
    ];
  });
  const title = onFront.has(i) ? "On the front" : "Dominated";
  return tooltipHtml(title, [...lines, ...configurationLines(data, i)], "Click: select to compare");
}
