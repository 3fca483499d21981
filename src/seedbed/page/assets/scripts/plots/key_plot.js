// @ts-check
// The metric over one key: a point a job, medians and quartiles of each value.

import { countText, numberText, shownText } from "../formats.js";
import { axisEnds, plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import { COLOUR_SCALE, CROSS, lookOf } from "./drawing/colours.js";
import {
  cellsOf,
  groupingNames,
  jobLines,
  keyNames,
  resultsOf,
  selectJobs,
  titleOf,
} from "./entries.js";
import { keyChoice, placesOf, tellingKeys } from "./keys.js";
import { mountPlot } from "./drawing/plot.js";
import {
  axisText,
  binsOf,
  distinctCells,
  everyNth,
  prefersLog,
  quartilesByCell,
  spansDecades,
  spreadOut,
} from "./plot_data.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */

const HEIGHT = 400;
const LINE_OF_LOST = 20;
/** Values of a second key that get a look each. */
const MOST_LOOKS = 8;
/** Values of a second key that shows its colours without being asked for. */
const USUAL_LOOKS = 6;
/** Points that are drawn at most. */
const MOST_POINTS = 3000;
/** Values of the key that get a median each; more are put in intervals. */
const MOST_VALUES = 24;
const BINS = 10;
/** Whole numbers that each get a tick. */
const MOST_MARKS = 12;

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountKeyPlot(place, page) {
  const keys = keyNames(page.document);
  place.hidden = keys.length === 0;
  if (place.hidden) return;
  mountPlot(place, page, {
    name: "keyPlot",
    title: "Metric over a key",
    keys: ["keyPlot", "selected"],
    draw: drawKeyPlot,
    choose: (_, key, value) =>
      page.state.update({ keyPlot: { ...page.state.values.keyPlot, [key]: value } }),
    click(_, event) {
      const jobs = jobsOfPoint(event);
      if (jobs) selectJobs(page, jobs);
    },
  });
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawKeyPlot(page, theme, width) {
  const data = page.document;
  const asked = page.state.values.keyPlot;
  const names = groupingNames(data);
  const column = page.column();
  const telling = tellingKeys(data, column);
  const key = names.includes(asked.key) ? asked.key : telling[0];
  const others = names.filter((name) => name !== key);
  const usual = telling.find(
    (name) => name !== key && new Set(cellsOf(data, name)).size <= USUAL_LOOKS,
  );
  const colour =
    others.includes(asked.colour) || asked.colour === "" ? asked.colour : (usual ?? "");
  const places = placesOf(data, key);
  const log = places.log && asked.logX !== false;
  const jobs = page.filtered().jobs;
  const results = resultsOf(data, column);
  const measured = jobs.filter((/** @type {number} */ job) => !Number.isNaN(results[job]));
  const lost = jobs.filter((/** @type {number} */ job) => Number.isNaN(results[job]));
  const values = measured.map((/** @type {number} */ job) => results[job]);
  const logY = typeof asked.logY === "boolean" ? asked.logY : prefersLog(values, page.mode());
  /** @type {import("./drawing/controls.js").Choice[]} */
  const choices = [
    keyChoice("key", "Over", names, key),
    ...(others.length
      ? [
          /** @type {any} */ ({
            kind: "one",
            key: "colour",
            label: "Colour by",
            options: [["", "nothing"], ...others.map((name) => [name, name])],
            value: colour,
          }),
        ]
      : []),
    { kind: "switch", key: "logY", label: "log values", value: logY },
    ...(places.log
      ? [/** @type {any} */ ({ kind: "switch", key: "logX", label: "log key", value: log })]
      : []),
  ];
  if (jobs.length === 0) return { choices, empty: "No job passes the filter." };
  const cells = cellsOf(data, key);
  const { quartiles, inBins } = quartilesOver(cells, measured, values, places);
  const strip = lostStrip(data, lost, cells, places, theme);
  const points = everyNth(measured, MOST_POINTS, new Set(page.state.values.selected));
  const across = points.map((job) => places.placeOf(cells[job]));
  const spread = places.categories ? across : spreadOut(across, log);
  const coloured = pointSeries(page, theme, { measured: points, results, spread, colour });
  const top = (coloured.legend ? 36 : 14) + strip.rows.length * LINE_OF_LOST;
  const xAxis = plotAxis(theme, {
    name: shownText(key),
    across: true,
    log,
    ...(places.categories ? { categories: places.categories } : keyEnds(cells, log)),
    marks: wholeMarks(places.categories ? [] : cells),
    extra: categoryExtra(places.categories, measured.length, width),
  });
  const ends = axisEnds(Math.min(...ended(values)), Math.max(...ended(values, -1)), logY);
  const left = width < 480 ? 58 : 72;
  const right = coloured.visualMap ? 78 : 20;
  return {
    choices,
    height: HEIGHT,
    option: {
      aria: {
        enabled: true,
        label: {
          description: `${shownText(column)} over ${shownText(key)}: ${measured.length} jobs as points, with medians. The button Numbers shows them.`,
        },
      },
      legend: coloured.legend,
      visualMap: coloured.visualMap,
      tooltip: plotTooltip(theme, (event) => pointText(data, event, key, column)),
      grid: [
        { left, right, top, bottom: xAxis.nameGap + 26 },
        {
          left,
          right,
          top: coloured.legend ? 34 : 10,
          height: Math.max(1, strip.rows.length * LINE_OF_LOST),
        },
      ],
      xAxis: [
        { ...xAxis, gridIndex: 0 },
        { ...xAxis, gridIndex: 1, show: false, name: "", jitter: 0 },
      ],
      yAxis: [
        plotAxis(theme, {
          name: titleOf(data, column),
          log: logY,
          ...ends,
          extra: { gridIndex: 0 },
        }),
        {
          type: "category",
          gridIndex: 1,
          data: strip.rows,
          axisLine: { show: false },
          axisTick: { show: false },
          axisLabel: { color: theme.worse, fontSize: 11 },
        },
      ],
      series: [
        ...coloured.series,
        selectedSeries(page, theme, points, spread, results),
        ...medianSeries(quartiles, places, theme),
        strip.series,
      ],
    },
    notes: [
      lost.length
        ? `${countText(lost.length, "job")} of ${jobs.length.toLocaleString("en")} without ${shownText(column)}: crosses above.`
        : null,
      spread !== across || (places.categories && measured.length > places.categories.length)
        ? "Points of one value stand side by side."
        : null,
      points.length < measured.length
        ? `${points.length.toLocaleString("en")} of ${measured.length.toLocaleString("en")} points are drawn; medians are of all.`
        : null,
      measured.length > quartiles.length
        ? `${places.categories ? "Diamonds" : "Line"}: medians${inBins ? ` of ${quartiles.length} intervals` : ""}; bars: from the first to the third quartile.`
        : null,
    ],
    numbers: () => ({
      columns: [key, "jobs", "first quartile", `median of ${column}`, "third quartile"],
      rows: quartiles.map((each) => [each.name, each.count, each.low, each.median, each.high]),
    }),
  };
}

/**
 * Medians and quartiles by the values of a key; of intervals where most values have few jobs.
 *
 * @param {any[]} cells
 * @param {number[]} jobs
 * @param {number[]} values of these jobs
 * @param {ReturnType<typeof placesOf>} places
 */
function quartilesOver(cells, jobs, values, places) {
  const own = jobs.map((job) => cells[job]);
  const distinct = new Set(own).size;
  const bins = places.categories || distinct <= MOST_VALUES ? null : binsOf(own, BINS);
  const keyed = bins?.ends ? own.map((cell) => bins.binOf(cell)) : own;
  const ends = bins?.ends ?? null;
  const quartiles = quartilesByCell(keyed, values).map((each) => {
    const place = Number(each.cell);
    const middle = ends
      ? places.log
        ? Math.sqrt(ends[place] * ends[place + 1])
        : (ends[place] + ends[place + 1]) / 2
      : places.placeOf(each.cell);
    return {
      ...each,
      place: middle,
      name: ends ? String(bins?.labels[place]) : axisText(each.cell),
    };
  });
  return { quartiles, inBins: ends !== null };
}

/**
 * Values to take ends of, without spreading long lists over arguments.
 *
 * @param {number[]} values
 * @param {number} sign
 */
function ended(values, sign = 1) {
  let end = Infinity;
  for (const value of values) if (sign * value < end) end = sign * value;
  return Number.isFinite(end) ? [sign * end] : [sign > 0 ? Infinity : -Infinity];
}

/**
 * What an axis of categories needs: points side by side where they are many, all names.
 *
 * @param {string[] | null} categories
 * @param {number} jobs
 * @param {number} width
 */
function categoryExtra(categories, jobs, width) {
  if (!categories) return {};
  const room = (width - 90) / categories.length;
  const longest = categories.reduce((most, name) => Math.max(most, Math.min(name.length, 16)), 0);
  const isTight = longest * 7 > room;
  return {
    jitter: Math.min(room * 0.6, (jobs / categories.length) * 2, 60),
    nameGap: isTight ? 76 : 30,
    axisTick: { show: false },
    axisLabel: { interval: categories.length > 30 ? "auto" : 0, rotate: isTight ? 35 : 0 },
  };
}

/** The values of a key of few whole numbers, for ticks; else undefined. @param {any[]} cells */
export function wholeMarks(cells) {
  const values = distinctCells(cells);
  const areWhole = values.every((value) => Number.isInteger(value));
  return values.length && values.length <= MOST_MARKS && areWhole ? values.map(Number) : undefined;
}

/** @param {any[]} cells @param {boolean} log */
function keyEnds(cells, log) {
  const numbers = cells.filter((cell) => typeof cell === "number" && (!log || cell > 0));
  return axisEnds(ended(numbers)[0], ended(numbers, -1)[0], log);
}

/**
 * Points of the jobs, in the colours of a second key.
 *
 * @param {any} page
 * @param {Theme} theme
 * @param {{measured: number[], results: Float64Array, spread: number[], colour: string}} given
 */
function pointSeries(page, theme, { measured, results, spread, colour }) {
  const data = page.document;
  const opacity = measured.length > 1500 ? 0.35 : measured.length > 200 ? 0.55 : 0.8;
  const size = measured.length > 1500 ? 5 : 7;
  // Plain lists: of ten thousand points as objects drawing takes seconds.
  const placeOf = new Map(measured.map((job, i) => [job, spread[i]]));
  const point = (/** @type {number} */ job, color = 0) => [
    placeOf.get(job),
    results[job],
    color,
    job,
  ];
  const common = {
    type: "scatter",
    symbolSize: size,
    itemStyle: { opacity },
    z: 2,
  };
  if (!colour) {
    const itemStyle = { color: theme.series[0], opacity };
    return { series: [{ ...common, itemStyle, data: measured.map((job) => point(job)) }] };
  }
  const colours = cellsOf(data, colour);
  const distinct = distinctCells(measured.map((job) => colours[job]));
  const numeric = distinct.every((cell) => typeof cell === "number");
  if (distinct.length > MOST_LOOKS && numeric) {
    const numbers = /** @type {number[]} */ (distinct);
    const log = spansDecades(numbers);
    const scale = (/** @type {any} */ cell) => (log ? Math.log10(cell) : Number(cell));
    return {
      series: [{ ...common, data: measured.map((job) => point(job, scale(colours[job]))) }],
      visualMap: scaleOf(theme, colour, scale(numbers[0]), scale(numbers[numbers.length - 1]), log),
    };
  }
  const series = distinct.slice(0, 16).map((cell, i) => {
    const look = lookOf(i, theme);
    return {
      ...common,
      name: `${shownText(colour)}=${shownText(axisText(cell))}`,
      symbol: look.symbol,
      itemStyle: { color: look.colour, opacity },
      data: measured.filter((job) => colours[job] === cell).map((job) => point(job)),
    };
  });
  const rest = new Set(distinct.slice(16));
  if (rest.size) {
    const others = measured.filter((job) => rest.has(colours[job]));
    const itemStyle = { color: theme.muted, opacity };
    series.push({
      ...common,
      name: `${rest.size} other values`,
      symbol: "circle",
      itemStyle,
      data: others.map((job) => point(job)),
    });
  }
  return {
    series,
    legend: plotLegend(theme, { data: series.map(({ name }) => name) }),
  };
}

/**
 * Rings around the points of selected jobs.
 *
 * @param {any} page
 * @param {Theme} theme
 * @param {number[]} jobs
 * @param {number[]} spread places of these jobs
 * @param {Float64Array} results
 */
function selectedSeries(page, theme, jobs, spread, results) {
  const selected = new Set(page.state.values.selected);
  return {
    type: "scatter",
    silent: true,
    symbol: "circle",
    symbolSize: 14,
    itemStyle: { color: "transparent", borderColor: theme.text, borderWidth: 2 },
    z: 5,
    data: jobs.flatMap((job, i) => (selected.has(job) ? [[spread[i], results[job]]] : [])),
  };
}

/**
 * Jobs that a point stands for.
 *
 * @param {any} event
 * @returns {number[] | null}
 */
function jobsOfPoint(event) {
  if (event.data?.jobs) return event.data.jobs;
  return event.seriesType === "scatter" && Array.isArray(event.data) ? [event.data[3]] : null;
}

/**
 * @param {Theme} theme
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {boolean} log
 */
function scaleOf(theme, name, low, high, log) {
  return {
    type: "continuous",
    dimension: 2,
    seriesIndex: 0,
    min: low,
    max: high,
    right: 4,
    top: "middle",
    itemHeight: 150,
    itemWidth: 12,
    text: [shownText(name), ""],
    textStyle: { color: theme.muted, fontSize: 11, width: 70, overflow: "truncate" },
    formatter: (/** @type {number} */ value) =>
      numberText(Number((log ? 10 ** value : value).toPrecision(3))),
    calculable: true,
    inRange: { color: theme.dark ? COLOUR_SCALE.slice(3) : COLOUR_SCALE.slice(0, 9) },
  };
}

/**
 * Medians as a line, quartiles as bars.
 *
 * @param {ReturnType<typeof quartilesOver>["quartiles"]} quartiles
 * @param {any} places
 * @param {Theme} theme
 */
function medianSeries(quartiles, places, theme) {
  const points = quartiles.map((each) => ({
    value: [each.place, each.median],
    quartiles: each,
  }));
  return [
    {
      type: "custom",
      silent: true,
      z: 3,
      data: quartiles.map((each) => [each.place, each.low, each.high]),
      encode: { x: 0, y: [1, 2] },
      renderItem(/** @type {any} */ _, /** @type {any} */ api) {
        const [x, top] = api.coord([api.value(0), api.value(2)]);
        const [, bottom] = api.coord([api.value(0), api.value(1)]);
        const style = { stroke: theme.text, lineWidth: 2.5, opacity: 0.75 };
        return { type: "line", shape: { x1: x, y1: top, x2: x, y2: bottom }, style };
      },
    },
    {
      type: "line",
      data: points,
      // Where each value has one job, its point is the median.
      symbol: quartiles.some(({ count }) => count > 1) ? "diamond" : "none",
      symbolSize: 10,
      itemStyle: { color: theme.background, borderColor: theme.text, borderWidth: 2 },
      lineStyle: { color: theme.text, width: places.categories ? 0 : 1.5 },
      z: 4,
    },
  ];
}

/**
 * Jobs without a number, above the plot where they belong: a cross for those of a value of the key.
 *
 * @param {any} data
 * @param {number[]} lost
 * @param {any[]} cells
 * @param {any} places
 * @param {Theme} theme
 */
function lostStrip(data, lost, cells, places, theme) {
  /** @type {Map<string, {status: string, cell: any, jobs: number[]}>} */
  const groups = new Map();
  for (const job of lost) {
    const status = data.isMeasured(job) ? "no number" : data.status(job).replaceAll("_", " ");
    const key = JSON.stringify([status, cells[job]]);
    const group = groups.get(key);
    if (group) group.jobs.push(job);
    else groups.set(key, { status, cell: cells[job], jobs: [job] });
  }
  const rows = Array.from(new Set(Array.from(groups.values(), (group) => group.status))).sort();
  return {
    rows,
    series: {
      type: "scatter",
      xAxisIndex: 1,
      yAxisIndex: 1,
      symbol: CROSS,
      symbolSize: 9,
      itemStyle: { color: theme.worse },
      labelLayout: { hideOverlap: true },
      data: Array.from(groups.values(), ({ status, cell, jobs }) => ({
        value: [places.placeOf(cell), rows.indexOf(status)],
        jobs,
        status,
        label: {
          show: jobs.length > 1,
          formatter: String(jobs.length),
          position: "right",
          color: theme.worse,
          fontSize: 11,
        },
      })),
    },
  };
}

/**
 * @param {any} data
 * @param {any} event
 * @param {string} key
 * @param {string} column
 */
function pointText(data, event, key, column) {
  const { status, quartiles } = event.data ?? {};
  const jobs = jobsOfPoint(event);
  if (quartiles) {
    return tooltipHtml(`${key} = ${quartiles.name}`, [
      [`median of ${column}`, numberText(quartiles.median)],
      ["quartiles", `${numberText(quartiles.low)} to ${numberText(quartiles.high)}`],
      ["jobs", String(quartiles.count)],
    ]);
  }
  if (!jobs) return "";
  if (status) {
    const cell = axisText(cellsOf(data, key)[jobs[0]] ?? null);
    return tooltipHtml(`${jobs.length} ${status}`, [[key, cell]]);
  }
  const lines = jobLines(data, jobs[0]);
  const result = numberText(data.result(column, jobs[0]));
  return tooltipHtml(
    data.jobName(jobs[0]),
    [[column, result], ...lines],
    "Click: select to compare",
  );
}
