// @ts-check
// Keys as axes: which of them tell most, and how their values stand on an axis.

import { shownText } from "../formats.js";
import { cellsOf, keyNames, onceFor, resultsOf } from "./entries.js";
import { axisText, binsOf, distinctCells, explainedShare, spansDecades } from "./plot_data.js";

/** @typedef {import("../document.js").PageDocument} PageDocument */
/** @typedef {import("./plot_data.js").Cell} Cell */

/**
 * Keys by how much of the differences in a column they explain, the most telling first.
 *
 * @param {PageDocument} data
 * @param {string} column
 * @returns {string[]}
 */
export function tellingKeys(data, column) {
  return onceFor(data, `telling keys of ${column}`, () => {
    const values = resultsOf(data, column);
    const shares = new Map(
      keyNames(data).map((key) => {
        const cells = cellsOf(data, key);
        const { binOf } = binsOf(cells, 8);
        return [key, explainedShare(cells.map(binOf), values) || 0];
      }),
    );
    return keyNames(data).sort((a, b) => Number(shares.get(b)) - Number(shares.get(a)));
  });
}

/**
 * How the cells of a key stand on an axis: as numbers, perhaps logarithmic, or as categories.
 *
 * @param {PageDocument} data
 * @param {string} key
 * @returns {{categories: string[] | null, cells: Cell[] | null, log: boolean,
 *   placeOf: (cell: Cell) => number}}
 */
export function placesOf(data, key) {
  return onceFor(data, `places of ${key}`, () => computedPlaces(data, key));
}

/**
 * @param {PageDocument} data
 * @param {string} key
 * @returns {ReturnType<typeof placesOf>}
 */
function computedPlaces(data, key) {
  const distinct = distinctCells(cellsOf(data, key));
  const numbers = distinct.filter((cell) => typeof cell === "number");
  if (numbers.length === distinct.length && numbers.length > 1) {
    const column = data.columns.get(key);
    const log = spansDecades(numbers, column?.log ? 0.5 : 1.5);
    return { categories: null, cells: null, log, placeOf: (cell) => Number(cell) };
  }
  const place = new Map(distinct.map((cell, i) => [cell, i]));
  return {
    categories: distinct.map((cell) => shownText(axisText(cell))),
    cells: distinct,
    log: false,
    placeOf: (cell) => place.get(cell) ?? -1,
  };
}

/**
 * A choice of one key.
 *
 * @param {string} key under which it is kept
 * @param {string} label
 * @param {string[]} names
 * @param {string} value
 * @returns {import("./drawing/controls.js").Choice}
 */
export function keyChoice(key, label, names, value) {
  return { kind: "one", key, label, options: names.map((name) => [name, name]), value };
}
