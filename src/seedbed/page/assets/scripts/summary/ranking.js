// @ts-check
// Ranking: the best configurations as rows, each with its seeds or folds, mean and 95 % interval.

import { element, fill } from "../elements.js";
import { escapedHtml, numberText, shortText, spreadText } from "../formats.js";
import { echarts } from "../libraries.js";
import { colours } from "../shell/theme.js";
import { halfWidth } from "../statistics.js";
import { configurationName } from "../plots/entries.js";
import { configurationText } from "./words.js";

/** @typedef {import("../configurations.js").Ranked} Ranked */

// Most rows, and the height of one and of what stands around them, in pixels.
const RANKED = 12;
const ROW = 34;
// On a narrow screen a label has three lines.
const HIGH_ROWS_BELOW = 640;
const HIGH_ROW = 52;
const AROUND = 64;
// Values of a configuration beyond which not all points are drawn.
const POINTS = 300;
// How far beyond the values intervals are shown: so many times their range, or, of a logarithmic
// axis, so many times the largest and the smallest.
const BEYOND = 1.5;
// Values whose largest is so many times the smallest have a logarithmic axis.
const WIDE = 30;

/**
 * A picture in an element; it gives the function that draws it.
 *
 * @param {HTMLElement} panel
 * @param {import("../shell/page.js").Page} page
 * @returns {(ranked: Ranked[], verdict: import("./verdict.js").Verdict | null) => void}
 */
export function mountRanking(panel, page) {
  const caption = element("p", { class: "faint" });
  const place = element("div", { class: "chart", role: "img" });
  fill(panel, element("h2", {}, "The best configurations"), caption, place);
  /** @type {any} */
  let chart = null;
  /** @type {Ranked[]} */
  let shown = [];
  /** The configuration that is clicked is shown in the table, opened to its jobs. */
  const look = ({ value }) => {
    const ranked = shown[Array.isArray(value) ? value[1] : -1];
    if (ranked) page.state.update({ view: "table", open: [ranked.configuration] });
  };
  new ResizeObserver(() => chart?.resize()).observe(place);
  return (ranked, verdict) => {
    shown = ranked.filter(({ unfit }) => !unfit.length).slice(0, RANKED);
    panel.hidden = shown.length < 2;
    if (panel.hidden || !verdict) return;
    place.style.height = `${AROUND + (innerWidth < HIGH_ROWS_BELOW ? HIGH_ROW : ROW) * shown.length}px`;
    if (!chart) {
      chart = echarts.init(place);
      chart.on("click", look);
    }
    chart.resize();
    chart.setOption(optionOf(page, shown, verdict), true);
    caption.textContent = rankingCaption(page, shown, ranked, verdict);
    place.setAttribute("aria-label", descriptionOf(page, shown));
  };
}

function rankingCaption(page, shown, ranked, verdict) {
  const several = shown.some(({ summary }) => summary.count > 1);
  const of =
    shown.length < ranked.length
      ? `${shown.length} of ${ranked.length.toLocaleString("en")}; `
      : "";
  const parts = several
    ? "points: single values; bars: mean and its 95 % interval, an arrow where it goes on"
    : "one value each";
  const alike = verdict.alike.length ? "; ≈ cannot be told from the best" : "";
  return `${of}${page.column()}, ${page.mode() === "max" ? "more" : "less"} is better; ${parts}${alike}.`;
}

function descriptionOf(page, shown) {
  return shown
    .map(
      ({ configuration, summary }) =>
        `${configurationText(page.document, configuration)}: ${spreadText(summary.mean, summary.deviation)}`,
    )
    .join("; ");
}

function optionOf(page, shown, verdict) {
  const paint = colours();
  const alike = new Set(verdict.alike);
  const rows = shown.map((each, row) => {
    const { mean, deviation, count, units } = each.summary;
    const isAlike = alike.has(each.configuration);
    const colour = row === 0 ? paint.accent : isAlike ? paint.series[4] : paint.faint;
    const name = `${row ? (isAlike ? "≈ " : "") : "★ "}${configurationName(page.document, each.configuration)}`;
    return {
      row,
      name,
      mean,
      deviation,
      count,
      half: halfWidth(deviation, count) || 0,
      units,
      colour,
    };
  });
  const values = rows.flatMap(({ units }) => [...units.values()]);
  const isLog = Math.min(...values) > 0 && Math.max(...values) > WIDE * Math.min(...values);
  const [least, most] = reachOf(values, rows, isLog);
  const narrow = innerWidth < HIGH_ROWS_BELOW;
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { color: paint.text, fontFamily: "inherit" },
    grid: { left: 8, right: 24, top: 8, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "item",
      backgroundColor: paint.surface,
      borderColor: paint.line,
      textStyle: { color: paint.text },
    },
    xAxis: {
      type: isLog ? "log" : "value",
      scale: true,
      // A logarithmic axis would else begin and end at powers of ten.
      ...(isLog && { min: least / 1.2, max: most * 1.2 }),
      axisLabel: {
        color: paint.faint,
        formatter: (value) => shortText(value),
        hideOverlap: true,
        showMinLabel: !isLog,
        showMaxLabel: !isLog,
      },
      splitLine: { lineStyle: { color: paint.line } },
      name: page.column(),
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: { color: paint.faint },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map(({ name }) => name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: paint.line } },
      axisLabel: {
        color: paint.text,
        width: narrow ? 130 : 340,
        overflow: narrow ? "break" : "truncate",
        ...(narrow && { fontSize: 11, lineHeight: 14, interval: 0 }),
        fontFamily: "monospace",
      },
    },
    series: [pointsSeries(rows), intervalSeries(rows, paint, least, most)],
  };
}

/** The ends of what is shown: all values, and the intervals as far as they leave the values apart. */
export function reachOf(values, rows, isLog) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [below, above] = isLog
    ? [low / BEYOND, high * BEYOND]
    : [low - BEYOND * (high - low), high + BEYOND * (high - low)];
  return [
    Math.max(Math.min(low, ...rows.map(({ mean, half }) => mean - half)), below),
    Math.min(Math.max(high, ...rows.map(({ mean, half }) => mean + half)), above),
  ];
}

function pointsSeries(rows) {
  return {
    type: "scatter",
    symbolSize: 6,
    data: rows.flatMap(({ row, units, colour }) =>
      evenly(units.size > 1 ? [...units.values()] : [], POINTS).map((value, place) => ({
        value: [value, row],
        symbolOffset: [0, ROW * 0.3 * spreadOf(place)],
        itemStyle: { color: colour, opacity: 0.7 },
      })),
    ),
    tooltip: { formatter: ({ value }) => numberText(value[0]) },
  };
}

/** So many of the values, of the whole range. */
function evenly(values, most) {
  if (values.length <= most) return values;
  const sorted = values.sort((a, b) => a - b);
  return Array.from(
    { length: most },
    (_, place) => sorted[Math.round((place * (sorted.length - 1)) / (most - 1))],
  );
}

/** From -1 to 1, evenly for whatever many: multiples of the golden ratio. */
function spreadOf(place) {
  return 2 * ((place * 0.6180339887498949) % 1) - 1;
}

/** @param {number} least what the axis shows @param {number} most */
function intervalSeries(rows, paint, least, most) {
  return {
    type: "custom",
    z: 5,
    data: rows.map(({ row, mean, half }) => [
      mean,
      row,
      Math.max(mean - half, least),
      Math.min(mean + half, most),
    ]),
    encode: { x: [0, 2, 3], y: 1 },
    renderItem: (_, api) => {
      const row = api.value(1);
      const { mean, half } = rows[row];
      const [x, at] = api.coord([api.value(0), row]);
      const ends = [2, 3].map((place) => api.coord([api.value(place), row])[0]);
      const [low, high] = ends;
      const isCut = [mean - half < least, mean + half > most];
      const style = { stroke: paint.text, lineWidth: 2, fill: rows[row].colour };
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style });
      // A cap ends an interval; an arrow says that it goes on: those of few values are wide.
      const capOf = (end, side) =>
        isCut[side]
          ? [-5, 5].map((up) => line(end, at, end + (side ? -6 : 6), at + up))
          : [line(end, at - 5, end, at + 5)];
      return {
        type: "group",
        children: [
          line(low, at, high, at),
          ...(half ? ends.flatMap(capOf) : []),
          { type: "circle", shape: { cx: x, cy: at, r: 5 }, style },
        ],
      };
    },
    tooltip: {
      formatter: ({ dataIndex }) => {
        const { name, mean, deviation, count, half } = rows[dataIndex];
        const interval = half
          ? `<br>95 % interval ${numberText(mean - half)} to ${numberText(mean + half)}`
          : "";
        return `${escapedHtml(name)}<br>${spreadText(mean, deviation)} (${count})${interval}`;
      },
    },
  };
}
