// @ts-check
// Heat map over two keys: the mean of a metric over all jobs of a cell.

import { countText, numberText, shownText } from "../formats.js";
import { plotAxis, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import { COLOUR_SCALE } from "./drawing/colours.js";
import { cellsOf, keyNames, resultsOf, selectJobs } from "./entries.js";
import { keyChoice, tellingKeys } from "./keys.js";
import { mountPlot } from "./drawing/plot.js";
import { binsOf, isBetter, meansByTwo, prefersLog } from "./plot_data.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */

/** Values of a key that have a column or row each. */
const MOST_VALUES_OF_MAP = 14;

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountHeatMap(place, page) {
  place.hidden = keyNames(page.document).length < 2;
  if (place.hidden) return;
  mountPlot(place, page, {
    name: "heatMap",
    title: "Metric over two keys",
    keys: ["heatMap"],
    draw: drawHeatMap,
    choose: (_, key, value) =>
      page.state.update({ heatMap: { ...page.state.values.heatMap, [key]: value } }),
    click(_, event) {
      if (event.data?.jobs?.length) selectJobs(page, event.data.jobs);
    },
  });
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawHeatMap(page, theme, width) {
  const data = page.document;
  const asked = page.state.values.heatMap;
  const keys = keyNames(data);
  const column = page.column();
  const telling = tellingKeys(data, column);
  const across = keys.includes(asked.x)
    ? asked.x
    : telling[0] === asked.y
      ? telling[1]
      : telling[0];
  const rest = keys.filter((key) => key !== across);
  const up = rest.includes(asked.y) ? asked.y : telling.find((key) => key !== across);
  const choices = [keyChoice("x", "Across", keys, across), keyChoice("y", "Up", rest, String(up))];
  const jobs = page.filtered().jobs;
  if (jobs.length === 0) return { choices, empty: "No job passes the filter." };
  const axes = [across, String(up)].map((key) => {
    const cells = cellsOf(data, key);
    // Of a search as many intervals as fill most cells.
    const many = new Set(cells).size > MOST_VALUES_OF_MAP;
    const count = Math.round(Math.sqrt(data.configurationCount) * 0.9);
    const bins = binsOf(cells, many ? Math.max(4, Math.min(10, count)) : MOST_VALUES_OF_MAP);
    return {
      key,
      ...bins,
      places: jobs.map((/** @type {number} */ job) => bins.binOf(cells[job])),
    };
  });
  const results = resultsOf(data, column);
  const values = jobs.map((/** @type {number} */ job) => results[job]);
  const cells = meansByTwo(axes[0].places, axes[1].places, values);
  const drawn = cellSeries(data, column, theme, {
    cells,
    axes,
    jobs,
    cellWidth: (width - 200) / axes[0].labels.length,
  });
  const narrow = width < 480;
  const longest = Math.max(...axes[1].labels.map((label) => shownText(label).length));
  const left = Math.min(narrow ? 118 : 170, 34 + longest * 6.6);
  const tilt = axes[0].labels.join("").length * 7.5 > width - left - 60 ? 40 : 0;
  return {
    choices,
    height: Math.min(760, 150 + axes[1].labels.length * 40 + (tilt ? 50 : 0)),
    option: {
      aria: {
        enabled: true,
        label: {
          description: `Means of ${shownText(column)} over ${axes.map(({ key }) => shownText(key)).join(" and ")}. The button Numbers shows them.`,
        },
      },
      tooltip: plotTooltip(theme, (event) => cellTextOf(event, axes, column)),
      grid: { left, right: 20, top: 14, bottom: 108 + (tilt ? 50 : 0) },
      xAxis: heatAxis(theme, axes[0], true, tilt),
      yAxis: heatAxis(theme, axes[1], false, 0, left - 18),
      visualMap: drawn.visualMap,
      series: drawn.series,
    },
    notes: [
      `Each cell is the mean of ${shownText(column)} over its jobs${data.modeOf(column) ? "; the best has a frame" : ""}.`,
      drawn.empty
        ? `${drawn.empty} of ${axes[0].labels.length * axes[1].labels.length} cells have no job.`
        : null,
      drawn.lost
        ? `${countText(drawn.lost, "job")} without a number in no mean: crosses with their count.`
        : null,
      axes.some(({ ends }) => ends)
        ? `Keys with more than ${MOST_VALUES_OF_MAP} values are in intervals.`
        : null,
    ],
    numbers: () => ({
      columns: [across, String(up), `mean of ${column}`, "jobs", "without a number"],
      rows: cells
        .sort((a, b) => a.column - b.column || a.row - b.row)
        .map((cell) => [
          axes[0].labels[cell.column],
          axes[1].labels[cell.row],
          cell.mean,
          cell.count,
          cell.without,
        ]),
    }),
  };
}

/**
 * @param {Theme} theme
 * @param {any} axis
 * @param {boolean} across
 * @param {number} tilt
 * @param {number} gap
 */
function heatAxis(theme, axis, across, tilt, gap = 30) {
  const wanted = {
    name: shownText(axis.key),
    categories: axis.labels.map((/** @type {string} */ name) => shownText(name)),
    across,
  };
  const whole = plotAxis(theme, wanted);
  return {
    ...whole,
    nameGap: across ? (tilt ? 76 : 30) : gap,
    splitArea: { show: false },
    axisTick: { show: false },
    axisLabel: { ...whole.axisLabel, rotate: tilt, interval: 0, width: across ? 110 : gap },
  };
}

/**
 * @param {any} data
 * @param {string} column
 * @param {Theme} theme
 * @param {{cells: any[], axes: any[], jobs: number[], cellWidth: number}} given
 */
function cellSeries(data, column, theme, { cells, axes, jobs, cellWidth }) {
  const mode = data.modeOf(column);
  const full = cells.filter((cell) => cell.count > 0);
  const means = full.map((cell) => cell.mean);
  const log = prefersLog(means, mode);
  const scale = (/** @type {number} */ value) => (log ? Math.log10(value) : value);
  const low = Math.min(...means.map(scale));
  const high = Math.max(...means.map(scale));
  const best = full.reduce((a, b) => (isBetter(b.mean, a.mean, mode) ? b : a), full[0]);
  const counts = new Set(cells.map((cell) => cell.count));
  const colours = scaleColours(theme, mode);
  /** @type {Map<string, number[]>} */
  const members = new Map();
  jobs.forEach((job, i) => {
    const key = `${axes[0].places[i]},${axes[1].places[i]}`;
    const list = members.get(key);
    if (list) list.push(job);
    else members.set(key, [job]);
  });
  const items = cells.map((cell) => {
    const share = (scale(cell.mean) - low) / (high - low || 1);
    const isBest = cell === best && mode !== null && full.length > 1;
    const label = cellLabel(cell, cellWidth, counts.size > 1);
    return {
      value: [cell.column, cell.row, cell.count ? scale(cell.mean) : "-"],
      cell,
      jobs: members.get(`${cell.column},${cell.row}`),
      label: {
        show: label !== "",
        formatter: label,
        lineHeight: 14,
        fontSize: 11,
        color: cell.count ? inkOn(colours, share) : theme.worse,
      },
      itemStyle: {
        borderColor: isBest ? theme.series[1] : theme.background,
        borderWidth: isBest ? 3 : 1,
      },
    };
  });
  const taken = new Set(cells.map((cell) => `${cell.column},${cell.row}`));
  const none = [];
  for (let x = 0; x < axes[0].labels.length; x++) {
    for (let y = 0; y < axes[1].labels.length; y++) if (!taken.has(`${x},${y}`)) none.push([x, y]);
  }
  const lostCells = items.filter(({ cell }) => cell.count === 0);
  return {
    empty: none.length,
    lost: cells.reduce((sum, cell) => sum + cell.without, 0),
    visualMap: {
      type: "continuous",
      seriesIndex: 0,
      min: low,
      max: high > low ? high : low + 1,
      orient: "horizontal",
      left: "center",
      bottom: 4,
      itemWidth: 12,
      itemHeight: 180,
      calculable: true,
      precision: 6,
      text: [
        mode === "max" ? "better" : mode === "min" ? "worse" : "",
        mode === "max" ? "worse" : mode === "min" ? "better" : "",
      ],
      formatter: (/** @type {number} */ value) =>
        numberText(Number((log ? 10 ** value : value).toPrecision(3))),
      textStyle: { color: theme.muted },
      inRange: { color: colours },
      show: full.length > 1,
    },
    series: [
      {
        type: "heatmap",
        // The best last, so that its frame lies on top.
        data: items
          .filter(({ cell }) => cell.count > 0)
          .sort((a, b) => Number(a.cell === best) - Number(b.cell === best)),
        emphasis: { itemStyle: { borderColor: theme.text, borderWidth: 2 } },
      },
      blankSeries(lostCells, theme, theme.worse),
      blankSeries(
        none.map((value) => ({ value, label: { show: true, formatter: "·", color: theme.muted } })),
        theme,
        theme.line,
      ),
    ],
  };
}

/**
 * Cells without a mean: a frame, no colour.
 *
 * @param {any[]} items
 * @param {Theme} theme
 * @param {string} frame
 */
function blankSeries(items, theme, frame) {
  return {
    type: "custom",
    data: items.map((item) => ({ ...item, value: item.value.slice(0, 2) })),
    renderItem(/** @type {any} */ params, /** @type {any} */ api) {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [width, height] = api.size([1, 1]);
      const item = items[params.dataIndex];
      return {
        type: "group",
        children: [
          {
            type: "rect",
            shape: {
              x: x - width / 2 + 2,
              y: y - height / 2 + 2,
              width: width - 4,
              height: height - 4,
            },
            style: { fill: theme.background, stroke: frame, lineDash: [3, 3] },
          },
          {
            type: "text",
            style: {
              text: item.label.formatter,
              x,
              y,
              fill: item.label.color,
              align: "center",
              verticalAlign: "middle",
              fontSize: 11,
            },
          },
        ],
      };
    },
  };
}

/**
 * Colours from the lowest to the highest value: the best stands out from the background most.
 *
 * @param {Theme} theme
 * @param {"min" | "max" | null} mode
 */
function scaleColours(theme, mode) {
  const colours = theme.dark ? COLOUR_SCALE.slice(1) : COLOUR_SCALE.slice();
  const bestIsFirst = theme.dark ? mode === "max" : mode !== "max";
  return bestIsFirst ? colours : colours.reverse();
}

/**
 * Colour of a text on a cell that can be read.
 *
 * @param {string[]} colours
 * @param {number} share
 */
function inkOn(colours, share) {
  const colour =
    colours[Math.min(colours.length - 1, Math.max(0, Math.round(share * (colours.length - 1))))];
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  return 0.3 * red + 0.59 * green + 0.11 * blue > 120 ? "#101418" : "#ffffff";
}

/**
 * @param {any} cell
 * @param {number} width
 * @param {boolean} counted whether cells are of different numbers of jobs
 */
function cellLabel(cell, width, counted) {
  if (width < 34) return "";
  const lost = cell.without ? `× ${cell.without}` : "";
  if (cell.count === 0) return lost;
  const mean = numberText(Number(cell.mean.toPrecision(3)));
  const more = [counted ? `n ${cell.count}` : "", lost].filter(Boolean).join("  ");
  return more && width >= 50 ? `${mean}\n${more}` : mean;
}

/**
 * @param {any} event
 * @param {any[]} axes
 * @param {string} column
 */
function cellTextOf(event, axes, column) {
  const [x, y] = event.value ?? [];
  const cell = event.data?.cell;
  /** @type {[string, string][]} */
  const lines = [
    [axes[0].key, axes[0].labels[x]],
    [axes[1].key, axes[1].labels[y]],
  ];
  if (!cell) return tooltipHtml("No job here", lines);
  lines.push(
    [`mean of ${column}`, cell.count ? numberText(cell.mean) : "none"],
    ["jobs", String(cell.count)],
  );
  if (cell.without) lines.push(["without a number", String(cell.without)]);
  return tooltipHtml(`${axes[0].key} and ${axes[1].key}`, lines, "Click: select to compare");
}
