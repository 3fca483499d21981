// @ts-check
// What is brushed on axes, as an expression of the filter.

import { columnWord, literalOf } from "../filter.js";

/**
 * Axis that can be brushed: of numbers, or of categories, with the cell of each.
 * @typedef {{name: string, cells: import("./plot_data.js").Cell[] | null}} BrushedAxis
 */

/**
 * Expression of all that is brushed; empty where nothing is.
 *
 * @param {BrushedAxis[]} axes
 * @param {Record<string, [number, number][]>} brushes intervals by the name of an axis; places of
 *   its cells where it has categories
 * @returns {string}
 */
export function brushedText(axes, brushes) {
  return axes
    .filter(({ name }) => brushes[name]?.length)
    .map((axis) => alternatives(termsOf(axis, brushes[axis.name])))
    .join(" and ");
}

/**
 * The filter without the expression that was brushed before.
 *
 * @param {string} filter
 * @param {string} brushed
 * @returns {string}
 */
export function withoutBrush(filter, brushed) {
  if (brushed === "") return filter;
  for (const part of [` and ${brushed}`, `${brushed} and `, brushed]) {
    const place = filter.lastIndexOf(part);
    if (place >= 0) return filter.slice(0, place) + filter.slice(place + part.length);
  }
  return filter;
}

/**
 * @param {BrushedAxis} axis
 * @param {[number, number][]} intervals
 * @returns {string[]}
 */
function termsOf({ name, cells }, intervals) {
  const column = columnWord(name);
  if (cells === null) {
    return intervals.map(
      ([low, high]) => `${column} >= ${roundedDown(low)} and ${column} <= ${-roundedDown(-high)}`,
    );
  }
  const chosen = cells.filter((_, place) =>
    intervals.some(([low, high]) => place >= Math.round(low) && place <= Math.round(high)),
  );
  return chosen.map((cell) => `${column} == ${literalOf(cell)}`);
}

/** @param {string[]} terms @returns {string} */
function alternatives(terms) {
  if (terms.length === 0) return "false";
  if (terms.length === 1) return terms[0];
  return `(${terms.map((term) => (term.includes(" and ") ? `(${term})` : term)).join(" or ")})`;
}

/**
 * A number of four digits that is no larger: short to read, and the interval holds what it did.
 *
 * @param {number} value
 * @returns {number}
 */
export function roundedDown(value) {
  if (value === 0 || !Number.isFinite(value)) return value;
  const digits = 3 - Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toPrecision(4));
  return rounded <= value ? rounded : Number((rounded - Number(`1e${-digits}`)).toPrecision(4));
}
