// @ts-check
// Columns of the table: which there are, which are shown, and what a row has in each.

import { BEST } from "../document.js";
import { settingCellText } from "../formats.js";

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
// Settings that stand before the results, and signs beyond which a text is no such one.
const LEADING = 4;
const LONG_SETTING = 24;
const ONE_SETTING_BELOW = 640;

/**
 * Whether a column holds results that are averaged, with better and worse ones.
 *
 * @param {Column} column
 */
export function isAveraged(column) {
  return column.type === "number" && (column.kind === "metric" || column.name === "seconds");
}

/** Whether rows of single jobs are shown. @param {Page} page */
function showsJobs({ state }) {
  return state.values.rows === "jobs" || state.values.open.length > 0;
}

/** Settings of a document that are no long texts, by how many values they have. @type {WeakMap<object, string[]>} */
const VARYING = new WeakMap();

/** The settings that vary most, without long texts: they stand before the results. */
function leadingSettings({ document }) {
  let names = VARYING.get(document);
  if (!names) VARYING.set(document, (names = varyingSettings(document)));
  return names.slice(0, globalThis.innerWidth <= ONE_SETTING_BELOW ? 1 : LEADING);
}

/** @param {import("../document.js").PageDocument} document @returns {string[]} */
function varyingSettings(document) {
  const told = document.columnsOf("axis").map(({ name }) => {
    const values = new Set(document.content.configurations.values[name] ?? []);
    const isLong = [...values].some((value) => settingCellText(value).length > LONG_SETTING);
    return { name, count: isLong ? 0 : values.size };
  });
  return told
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ name }) => name);
}

/**
 * All columns that can be shown, in their order: what jobs differ in where these are shown, the
 * settings that vary most, how jobs ended, the metric that ranks and the other objectives, other
 * settings, other results, and what is said of each job.
 *
 * @param {Page} page
 * @returns {Column[]}
 */
export function possibleColumns(page) {
  const { document } = page;
  const ranking = [page.column(), BEST + page.metric(), page.metric()];
  const objectives = objectivesOf(page);
  const leading = leadingSettings(page);
  const orderOf = ({ name, kind }) => {
    if (kind === "averaged") return showsJobs(page) ? 0 : 3;
    // What became of a job is seen without scrolling.
    if (name === "status")
      return globalThis.innerWidth <= ONE_SETTING_BELOW ? 7 : showsJobs(page) ? 1 : 3;
    if (kind === "axis") return leading.includes(name) ? 2 : 8;
    if (kind === "metric")
      return ranking.includes(name)
        ? 4 + ranking.indexOf(name)
        : objectives.has(withoutBest(name))
          ? 7
          : 9;
    return 10;
  };
  return [...document.columns.values()]
    .filter(({ name }) => name !== "number")
    .sort((a, b) => orderOf(a) - orderOf(b));
}

/** The metrics that are objectives, and the one that is looked at. @param {Page} page */
function objectivesOf(page) {
  const { objectives } = page.document.content;
  return new Set(objectives.map(({ metric }) => metric).concat(page.metric()));
}

/** @param {string} name */
function withoutBest(name) {
  return name.startsWith(BEST) ? name.slice(BEST.length) : name;
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
  const isOfJobs = showsJobs(page);
  const chosen = state.values.columns;
  const possible = possibleColumns(page);
  if (chosen) return possible.filter(({ name }) => chosen.includes(name)).slice(0, MOST_COLUMNS);
  const objectives = objectivesOf(page);
  let others = 0;
  let settings = 0;
  const isShown = ({ name, kind }) => {
    if (name === "seconds" || name === "status") return true;
    if (kind === "averaged") return isOfJobs;
    if (kind === "axis") return settings++ < SETTINGS_SHOWN;
    if (kind !== "metric") return false;
    if (objectives.has(withoutBest(name))) return true;
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
