// @ts-check
// Axes and tooltips of plots, as ECharts takes them.

import { escapedHtml, numberText } from "../../formats.js";

/** @typedef {import("./colours.js").Theme} Theme */

/**
 * A number beside an axis, short.
 *
 * @param {number} value
 * @param {number} digits that are significant
 * @returns {string}
 */
export function axisNumber(value, digits = 4) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}e${exponent.replace("+", "")}`;
  }
  return numberText(Number(value.toPrecision(digits)));
}

/**
 * Axis of numbers, or of categories where these are given.
 * @param {Theme} theme
 * @param {{name: string, log?: boolean, categories?: string[], least?: number, most?: number,
 *   edges?: boolean, marks?: number[], format?: (value: number) => string, across?: boolean, extra?: any}} wanted `edges`: its ends are numbers to show;
 *   `marks`: where its ticks are; `format`: how its numbers are written;
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
  const ticks = wanted.marks ?? (wanted.log ? logTicks(wanted.least, wanted.most) : null);
  return {
    ...axis,
    ...(ticks
      ? {
          axisTick: { ...axis.axisTick, customValues: ticks },
          splitLine: { ...axis.splitLine, customValues: ticks },
        }
      : {}),
    scale: true,
    min: wanted.least,
    max: wanted.most,
    axisLabel: {
      ...axis.axisLabel,
      formatter: wanted.format ?? ((/** @type {number} */ value) => axisNumber(value)),
      ...(ticks ? { customValues: ticks } : {}),
      ...(ticks || wanted.least === undefined || wanted.edges
        ? {}
        : { showMinLabel: false, showMaxLabel: false }),
    },
  };
}

/**
 * Numbers to write on a logarithmic axis of few decades, where their powers alone are too few.
 *
 * @param {number | undefined} least
 * @param {number | undefined} most
 * @returns {number[] | null} null: the powers of ten are enough
 */
export function logTicks(least, most) {
  if (least === undefined || most === undefined || !(least > 0)) return null;
  const decades = Math.log10(most / least);
  if (decades > 3) return null;
  const steps =
    decades > 1.7 ? [1, 3] : decades > 0.5 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
  const ticks = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    for (const step of steps) {
      const tick = Number(`${step}e${power}`);
      if (tick >= least && tick <= most) ticks.push(tick);
    }
  }
  return ticks;
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
 * @param {[string, string, string?][]} lines names, values, and the colour that a name has in the plot
 * @param {string} [last]
 * @returns {string}
 */
export function tooltipHtml(title, lines, last = "") {
  const rows = lines.map(
    ([name, value, colour]) =>
      `<tr><td style="padding-right: 1em">${colour ? dotHtml(colour) : ""}${escapedHtml(name)}</td>` +
      `<td style="text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums">${escapedHtml(value)}</td></tr>`,
  );
  return (
    `<strong>${escapedHtml(title)}</strong><table>${rows.join("")}</table>` +
    (last ? `<em>${escapedHtml(last)}</em>` : "")
  );
}

/** @param {string} colour */
function dotHtml(colour) {
  const style = `display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; background: ${colour}`;
  return `<span style="${escapedHtml(style)}"></span> `;
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
