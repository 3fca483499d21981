// @ts-check
// Columns of the table: which there are, which are shown, and what a row has in each.

import { BEST } from "../document.js";

/** @typedef {import("../document.js").Column} Column */
/** @typedef {import("../shell/page.js").Page} Page */
/**
 * Row of the table: a configuration, or a job.
 * @typedef {{ id: string, configuration: number, job: number | null, isBaseline?: boolean }} Row
 */

// Metrics beside the objectives that are shown without being asked for.
const OTHERS = 3;
// Settings that are shown without being asked for, and columns that are shown at most: a table of a
// thousand would take minutes to lay out.
const SETTINGS_SHOWN = 20;
export const MOST_COLUMNS = 60;

/**
 * Whether a column holds results that are averaged, with better and worse ones.
 *
 * @param {Column} column
 */
export function isAveraged(column) {
  return column.type === "number" && (column.kind === "metric" || column.name === "seconds");
}

/**
 * All columns that can be shown, in their order: settings, how jobs ended, results, of these the one
 * that ranks and the same metric's first, and what is said of each job.
 *
 * @param {Page} page
 * @returns {Column[]}
 */
export function possibleColumns(page) {
  const { document } = page;
  const ranking = [page.column(), BEST + page.metric(), page.metric()];
  const orderOf = ({ name, kind }) => {
    if (kind === "axis") return 0;
    if (kind === "averaged") return 1;
    if (name === "status") return 2;
    if (kind === "metric") return ranking.includes(name) ? 3 + ranking.indexOf(name) : 6;
    return 7;
  };
  return [...document.columns.values()]
    .filter(({ name }) => name !== "number")
    .sort((a, b) => orderOf(a) - orderOf(b));
}

/**
 * The columns that are shown: those that were chosen, else settings, the objectives in the best and
 * last epoch, a few other metrics of validation and test, and the seconds.
 *
 * @param {Page} page
 * @returns {Column[]}
 */
export function shownColumns(page) {
  const { document, state } = page;
  const chosen = state.values.columns;
  const possible = possibleColumns(page);
  if (chosen) return possible.filter(({ name }) => chosen.includes(name)).slice(0, MOST_COLUMNS);
  const objectives = new Set(
    document.content.objectives.map(({ metric }) => metric).concat(page.metric()),
  );
  const ofBest = (name) => (name.startsWith(BEST) ? name.slice(BEST.length) : name);
  let others = 0;
  let settings = 0;
  const isShown = ({ name, kind }) => {
    if (name === "seconds" || name === "status") return true;
    if (kind === "axis") return settings++ < SETTINGS_SHOWN;
    if (kind !== "metric") return false;
    if (objectives.has(ofBest(name))) return true;
    const isTold =
      name.startsWith("test/") ||
      (name.startsWith("val/") && !document.columns.has(BEST + name)) ||
      name.startsWith(`${BEST}val/`);
    return isTold && others++ < OTHERS;
  };
  return possible.filter(isShown);
}

/**
 * What is said where there are more settings than are shown; empty where all are.
 *
 * @param {Page} page
 */
export function settingsLeftOut(page) {
  const count = page.document.columnsOf("axis").length;
  const shown = shownColumns(page).filter(({ kind }) => kind === "axis").length;
  return shown < count
    ? ` ${shown} of ${count.toLocaleString("en")} settings are shown; at most ${MOST_COLUMNS} columns can be chosen.`
    : "";
}

/**
 * The number by which a row is sorted in a column, or its text; null where it has none.
 *
 * @param {Page} page
 * @param {Row} row
 * @param {Column} column
 */
export function sortValue(page, { configuration, job }, column) {
  const { document } = page;
  if (job !== null) {
    const value =
      column.type === "number"
        ? document.numbers(column.name)[job]
        : document.cell(column.name, job);
    return Number.isNaN(value) ? null : value;
  }
  if (isAveraged(column)) {
    const { mean } = page.summary(configuration, column.name);
    return Number.isNaN(mean) ? null : mean;
  }
  if (column.name === "status") return page.summary(configuration, page.column()).completed;
  if (column.kind === "axis") return document.setting(column.name, configuration);
  const [first] = page.jobsOf(configuration);
  return first === undefined ? null : document.cell(column.name, first);
}
