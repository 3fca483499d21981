// @ts-check
// Axes and tooltips of plots, as ECharts takes them.

import { escapedHtml, numberText } from "../formats.js";

/** @typedef {import("./colours.js").Theme} Theme */

/**
 * A number beside an axis, short: three significant digits where many would be needed.
 * @param {number} value
 * @returns {string}
 */
export function axisNumber(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [digits, exponent] = value.toExponential(2).split("e");
    return `${Number(digits)}e${exponent.replace("+", "")}`;
  }
  return numberText(Number(value.toPrecision(4)));
}

/**
 * Axis of numbers, or of categories where these are given.
 * @param {Theme} theme
 * @param {{name: string, log?: boolean, categories?: string[], least?: number, most?: number,
 *   edges?: boolean, across?: boolean, extra?: any}} wanted `edges`: its ends are numbers to show;
 *   `across`: it stands below the plot
 * @returns {any}
 */
export function plotAxis(theme, wanted) {
  const axis = {
    type: wanted.categories ? "category" : wanted.log ? "log" : "value",
    name: wanted.name,
    nameLocation: "middle",
    nameGap: wanted.across ? 30 : 48,
    nameTextStyle: { color: theme.text },
    nameTruncate: { maxWidth: 260, ellipsis: "…" },
    axisLine: { show: true, lineStyle: { color: theme.line } },
    axisTick: { show: true, lineStyle: { color: theme.line } },
    axisLabel: { color: theme.muted, hideOverlap: true },
    splitLine: { show: !wanted.categories, lineStyle: { color: theme.line, opacity: 0.6 } },
    ...wanted.extra,
  };
  if (wanted.categories) {
    return {
      ...axis,
      data: wanted.categories,
      axisLabel: { color: theme.muted, width: 120, overflow: "truncate", ...axis.axisLabel },
    };
  }
  return {
    ...axis,
    scale: true,
    min: wanted.least,
    max: wanted.most,
    axisLabel: {
      ...axis.axisLabel,
      formatter: axisNumber,
      ...(wanted.least === undefined || wanted.edges ? {} : { showMinLabel: false, showMaxLabel: false }),
    },
  };
}

/**
 * Ends of an axis for numbers: a little beyond them; round powers where it is logarithmic.
 * @param {number} low
 * @param {number} high
 * @param {boolean} log
 * @returns {{least: number, most: number} | {least: undefined, most: undefined}}
 */
export function axisEnds(low, high, log) {
  if (!(low <= high)) return { least: undefined, most: undefined };
  if (log) {
    const margin = (high / low) ** 0.03;
    return { least: low / margin, most: high * margin };
  }
  const margin = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  return { least: low - margin, most: high + margin };
}

/**
 * Tooltip of a plot.
 * @param {Theme} theme
 * @param {(event: any) => string} formatter gives HTML, made by `tooltipHtml`
 * @param {"item" | "axis"} trigger
 */
export function plotTooltip(theme, formatter, trigger = "item") {
  return {
    trigger,
    confine: true,
    backgroundColor: theme.background,
    borderColor: theme.line,
    textStyle: { color: theme.text, fontSize: 12 },
    extraCssText: "max-width: min(46em, 92vw); white-space: normal; overflow-wrap: anywhere;",
    transitionDuration: 0,
    formatter,
  };
}

/**
 * Text of a tooltip as HTML that shows all names as they are.
 * @param {string} title
 * @param {[string, string][]} lines names and values
 * @param {string} [last]
 * @returns {string}
 */
export function tooltipHtml(title, lines, last = "") {
  const rows = lines.map(
    ([name, value]) =>
      `<tr><td style="padding-right: 1em">${escapedHtml(name)}</td>` +
      `<td style="text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums">${escapedHtml(value)}</td></tr>`,
  );
  return (
    `<strong>${escapedHtml(title)}</strong><table>${rows.join("")}</table>` +
    (last ? `<em>${escapedHtml(last)}</em>` : "")
  );
}

/**
 * Legend above a plot.
 *
 * @param {Theme} theme
 * @param {any} wanted
 */
export function plotLegend(theme, wanted = {}) {
  return {
    type: "scroll",
    top: 4,
    left: 8,
    right: 8,
    itemWidth: 12,
    itemHeight: 12,
    itemGap: 14,
    textStyle: { color: theme.text },
    pageTextStyle: { color: theme.muted },
    pageIconColor: theme.text,
    pageIconInactiveColor: theme.line,
    inactiveColor: theme.line,
    ...wanted,
  };
}
