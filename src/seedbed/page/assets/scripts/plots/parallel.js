// @ts-check
// Parallel coordinates: a line a job through its keys and results. What is brushed on an axis becomes
// part of the filter, so that all views follow, and so that it can be read and sent.

import { countText, numberText, shownText } from "../formats.js";
import { axisEnds, axisNumber, logTicks, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import { brushedText, withoutBrush } from "./brushing.js";
import { COLOUR_SCALE } from "./drawing/colours.js";
import {
  byValue,
  cellsOf,
  jobLines,
  keyNames,
  objectiveColumn,
  onceFor,
  resultsOf,
  selectJobs,
  titleOf,
} from "./entries.js";
import { placesOf, tellingKeys } from "./keys.js";
import { mountPlot } from "./drawing/plot.js";
import { everyNth, prefersLog } from "./plot_data.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */
/** @typedef {{name: string, title: string, isResult: boolean, categories: string[] | null,
 *   cells: import("./plot_data.js").Cell[] | null, log: boolean, inverse: boolean, values: number[]}} Dimension */

/** Keys that are shown as long as nobody chose. */
const USUAL_KEYS = 7;
/** Lines that are drawn at most. */
const MOST_PARALLEL = 1200;

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountParallel(place, page) {
  place.hidden = keyNames(page.document).length === 0 || page.document.jobCount < 2;
  if (place.hidden) return;
  /** @type {Dimension[]} */
  let dimensions = [];
  mountPlot(place, page, {
    name: "parallel",
    title: "Parallel coordinates",
    keys: ["parallel", "selected"],
    draw(_, theme, width) {
      const drawing = drawParallel(page, theme, width);
      dimensions = drawing.dimensions;
      return drawing;
    },
    choose: (_, key, value) =>
      page.state.update({ parallel: { ...page.state.values.parallel, [key]: value } }),
    click(_, event) {
      if (event.data?.job !== undefined) selectJobs(page, [event.data.job]);
    },
    drawn(_, chart) {
      const brushes = Object.entries(brushesOf(page));
      for (const [axis, intervals] of brushes) {
        const parallelAxisIndex = dimensions.findIndex(({ name }) => name === axis);
        if (parallelAxisIndex < 0) continue;
        const placed = dimensions[parallelAxisIndex].inverse
          ? intervals.map(([low, high]) => [high, low])
          : intervals;
        chart.dispatchAction(
          { type: "axisAreaSelect", parallelAxisIndex, intervals: placed },
          { silent: true },
        );
      }
      // An axis that is told of its intervals shows them when it is drawn the next time.
      if (brushes.length) chart.resize({ silent: true });
    },
    created(_, chart) {
      chart.on("axisareaselected", (/** @type {any} */ event) => {
        if (event.silent) return;
        const axis = chart.getModel().getComponent("parallelAxis", axisPlace(chart, event));
        const name = dimensions[axis.componentIndex]?.name;
        const ordered = (event.intervals ?? []).map((/** @type {number[]} */ pair) =>
          pair.slice().sort((a, b) => a - b),
        );
        if (name) brush(page, dimensions, name, ordered);
      });
    },
  });
}

/** @param {any} chart @param {any} event @returns {number} */
function axisPlace(chart, event) {
  if (event.parallelAxisIndex !== undefined) return event.parallelAxisIndex;
  let place = 0;
  chart.getModel().eachComponent("parallelAxis", (/** @type {any} */ axis) => {
    if (axis.id === event.parallelAxisId) place = axis.componentIndex;
  });
  return place;
}

/**
 * Intervals that are brushed, by axis; a fragment may hold anything.
 *
 * @param {any} page
 * @returns {Record<string, [number, number][]>}
 */
function brushesOf(page) {
  const { brushes } = page.state.values.parallel;
  if (typeof brushes !== "object" || brushes === null) return {};
  const isInterval = (/** @type {any} */ pair) =>
    Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite);
  return Object.fromEntries(
    Object.entries(brushes).filter(([, pairs]) => Array.isArray(pairs) && pairs.every(isInterval)),
  );
}

/**
 * Keep what was brushed on an axis, and its expression in the filter.
 *
 * @param {any} page
 * @param {Dimension[]} dimensions
 * @param {string} axis
 * @param {[number, number][]} intervals
 */
function brush(page, dimensions, axis, intervals) {
  const before = brushesOf(page);
  const brushes = { ...before };
  if (intervals.length) brushes[axis] = intervals;
  else delete brushes[axis];
  if (JSON.stringify(brushes) === JSON.stringify(before)) return;
  const rest = withoutBrush(page.state.values.filter, brushedText(dimensions, before));
  const text = brushedText(dimensions, brushes);
  const filter = [rest, text].filter(Boolean).join(" and ");
  page.state.update({ parallel: { ...page.state.values.parallel, brushes }, filter });
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing & {dimensions: Dimension[]}}
 */
function drawParallel(page, theme, width) {
  const data = page.document;
  const asked = page.state.values.parallel;
  const keys = keyNames(data);
  const column = page.column();
  const possible = [...keys, ...data.columnsOf("averaged").map((/** @type {any} */ c) => c.name)];
  const results = resultColumns(data, column);
  const listed = Array.isArray(asked.axes)
    ? [...possible, ...results].filter((name) => asked.axes.includes(name))
    : [];
  const usual = new Set(tellingKeys(data, column).slice(0, USUAL_KEYS));
  const names = listed.length > 1 ? listed : [...keys.filter((key) => usual.has(key)), ...results];
  const dimensions = names.map((name) => dimensionOf(data, name, results.includes(name)));
  const options = [...possible, ...results].map(
    (name) => /** @type {[string, string]} */ ([name, name]),
  );
  /** @type {import("./drawing/controls.js").Choice[]} */
  const choices = [{ kind: "some", key: "axes", label: "Axes", options, value: names }];
  const { isShown, jobs } = page.filtered();
  const upright = width >= 640;
  const ranked = rankedJobs(data, column);
  const selected = new Set(page.state.values.selected);
  const drawn = everyNth(
    ranked.filter((job) => isShown[job]),
    MOST_PARALLEL,
    selected,
  );
  const shown = linesOf(dimensions, drawn, ranked, theme, selected);
  const hidden = ranked.filter((job) => !isShown[job]);
  return {
    dimensions,
    choices,
    height: upright ? 440 : 100 + 92 * dimensions.length,
    option: {
      aria: {
        enabled: true,
        label: {
          description: `Parallel coordinates of ${names.map((name) => shownText(name)).join(", ")}: ${jobs.length} jobs. The filter field does the same as brushing.`,
        },
      },
      tooltip: plotTooltip(theme, (event) => lineText(data, event, column)),
      parallel: upright
        ? { left: 50, right: 90, top: 54, bottom: 28 }
        : { layout: "vertical", left: 24, right: 34, top: 44, bottom: 44 },
      parallelAxis: dimensions.map((dimension, i) =>
        parallelAxis(theme, dimension, i, upright, width / dimensions.length),
      ),
      series: [
        {
          type: "parallel",
          id: "hidden",
          silent: true,
          inactiveOpacity: 0.12,
          activeOpacity: 0.12,
          lineStyle: { color: theme.muted, width: 0.7, opacity: 0.12 },
          data: everyNth(hidden, MOST_PARALLEL / 2, new Set()).map((job) =>
            dimensions.map(({ values }) => valueOr(values[job])),
          ),
          z: 1,
        },
        {
          type: "parallel",
          id: "shown",
          inactiveOpacity: 0.06,
          activeOpacity: opacityOf(drawn.length),
          smooth: 0,
          progressive: 0,
          emphasis: { lineStyle: { width: 3, opacity: 1 } },
          data: shown,
          z: 2,
        },
      ],
    },
    notes: [
      "Drag along an axis to filter; click beside the mark to undo. Colour: the rank by " +
        `${shownText(column)}, the best ${theme.dark ? "bright" : "dark"}.`,
      hidden.length ? `${countText(hidden.length, "job")} filtered out: grey.` : null,
      drawn.length < jobs.length
        ? `${drawn.length.toLocaleString("en")} of ${countText(jobs.length, "job")} are drawn, evenly over their ranks; the filter counts for all.`
        : null,
      lostText(data, dimensions, jobs),
    ],
    numbers: () => ({
      columns: ["job", ...names],
      rows: ranked
        .filter((job) => isShown[job])
        .map((job) => [data.jobName(job), ...names.map((name) => data.cell(name, job) ?? null)]),
    }),
  };
}

/** The metric that is looked at, the objectives. @param {any} data @param {string} column */
function resultColumns(data, column) {
  const objectives = data.content.objectives.map((/** @type {any} */ objective) =>
    objectiveColumn(data, objective),
  );
  return Array.from(new Set([...objectives, column])).filter((name) => data.columns.has(name));
}

/**
 * @param {any} data
 * @param {string} name
 * @param {boolean} isResult
 * @returns {Dimension}
 */
function dimensionOf(data, name, isResult) {
  if (isResult) {
    const values = Array.from(resultsOf(data, name));
    const log = prefersLog(values, data.modeOf(name), 1.5);
    const inverse = data.modeOf(name) === "min";
    return {
      name,
      title: titleOf(data, name),
      isResult,
      categories: null,
      cells: null,
      log,
      inverse,
      values,
    };
  }
  const { categories, cells, log, placeOf } = placesOf(data, name);
  const values = cellsOf(data, name).map(placeOf);
  return { name, title: shownText(name), isResult, categories, cells, log, inverse: false, values };
}

/** Jobs, the worst first, so that the best are drawn on top. @param {any} data @param {string} column */
function rankedJobs(data, column) {
  return onceFor(data, `jobs ranked by ${column}`, () => {
    const results = resultsOf(data, column);
    const mode = data.modeOf(column);
    const jobs = Array.from({ length: data.jobCount }, (_, job) => /** @type {number} */ (job));
    return jobs.sort((a, b) => byValue(results[b], results[a], mode) || a - b);
  });
}

/**
 * @param {Dimension[]} dimensions
 * @param {number[]} jobs
 * @param {number[]} ranked
 * @param {Theme} theme
 * @param {Set<number>} selected
 */
function linesOf(dimensions, jobs, ranked, theme, selected) {
  const scale = theme.dark ? COLOUR_SCALE.slice(4) : COLOUR_SCALE.slice(0, 9).reverse();
  const opacity = opacityOf(jobs.length);
  const place = new Map(ranked.map((job, i) => [job, i / ranked.length]));
  return jobs.map((job) => {
    const share = Number(place.get(job));
    const color = scale[Math.min(scale.length - 1, Math.floor(share * scale.length))];
    return {
      value: dimensions.map(({ values }) => valueOr(values[job])),
      job,
      lineStyle: selected.has(job)
        ? { color: theme.worse, width: 3, opacity: 1 }
        : { color, width: 1.2, opacity: Math.min(1, opacity * (0.25 + 1.25 * share ** 3)) },
    };
  });
}

/** @param {number} count */
function opacityOf(count) {
  return count <= 30 ? 0.9 : count <= 300 ? 0.6 : 0.4;
}

/** @param {number} value */
function valueOr(value) {
  return Number.isNaN(value) ? "-" : value;
}

/**
 * @param {Theme} theme
 * @param {Dimension} dimension
 * @param {number} place
 * @param {boolean} upright
 * @param {number} room in px, between axes
 */
function parallelAxis(theme, dimension, place, upright, room) {
  const finite = dimension.values.filter(Number.isFinite);
  const axis = {
    dim: place,
    name: upright ? dimension.title.replace(" (", "\n(") : dimension.title,
    nameLocation: upright ? (dimension.inverse ? "start" : "end") : "middle",
    nameGap: upright ? 16 : -13,
    nameTruncate: { maxWidth: upright ? room - 12 : 280, ellipsis: "…" },
    nameTextStyle: {
      color: theme.text,
      fontSize: 11,
      lineHeight: 13,
      backgroundColor: upright ? undefined : `${theme.background}dd`,
      padding: upright ? 0 : [1, 4],
    },
    type: dimension.categories ? "category" : dimension.log ? "log" : "value",
    inverse: dimension.inverse && upright,
    // The filter waits for the end of the drag: it draws all anew.
    realtime: false,
    axisLine: { lineStyle: { color: theme.muted, width: 1.5 } },
    axisTick: { lineStyle: { color: theme.muted } },
    axisLabel: {
      color: theme.muted,
      fontSize: 11,
      hideOverlap: true,
      backgroundColor: `${theme.background}cc`,
      padding: [1, 2],
    },
    areaSelectStyle: { width: 18, borderColor: theme.accent, color: theme.accent, opacity: 0.25 },
  };
  if (dimension.categories) {
    const short = (/** @type {string} */ text) =>
      text.length > 14 ? `${text.slice(0, 13)}…` : text;
    return {
      ...axis,
      data: dimension.categories,
      axisLabel: { ...axis.axisLabel, formatter: short },
    };
  }
  const axisLabel = {
    ...axis.axisLabel,
    formatter: (/** @type {number} */ value) => axisNumber(value),
  };
  if (!dimension.log) return { ...axis, scale: true, axisLabel };
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), 0);
  const { least, most } = axisEnds(low, high, true);
  const ticks = logTicks(least, most);
  return {
    ...axis,
    min: least,
    max: most,
    axisTick: ticks ? { ...axis.axisTick, customValues: ticks } : axis.axisTick,
    axisLabel: ticks
      ? { ...axisLabel, customValues: ticks }
      : { ...axisLabel, showMinLabel: false, showMaxLabel: false },
  };
}

/** @param {any} data @param {Dimension[]} dimensions @param {number[]} jobs */
function lostText(data, dimensions, jobs) {
  const results = dimensions.filter(({ isResult }) => isResult);
  const lost = jobs.filter((job) => results.some(({ values }) => Number.isNaN(values[job]))).length;
  return lost
    ? `${countText(lost, "job")} without a number on a result's axis (diverged, failed, or not measured): their lines end before it.`
    : null;
}

/** @param {any} data @param {any} event @param {string} column */
function lineText(data, event, column) {
  const job = event.data?.job;
  if (job === undefined) return "";
  const result = data.result(column, job);
  const value = Number.isNaN(result) ? data.status(job).replaceAll("_", " ") : numberText(result);
  return tooltipHtml(
    data.jobName(job),
    [[column, value], ...jobLines(data, job)],
    "Click: select to compare",
  );
}
