// @ts-check
// Jobs and configurations as plots need them: names, ranks, means over what is shown.

import { rankedConfigurations, summaryOf } from "../configurations.js";
import { announce } from "../elements.js";
import { countText, numberText, shownText } from "../formats.js";
import { axisNumber } from "./drawing/axes.js";
import { axisText, isBetter } from "./plot_data.js";

/** @typedef {import("../document.js").PageDocument} PageDocument */
/** @typedef {import("./plot_data.js").Cell} Cell */
/** @typedef {import("./plot_data.js").Mode} Mode */

/** @type {WeakMap<object, Map<string, any>>} */
const remembered = new WeakMap();

/**
 * What a function gives for a document, computed once.
 *
 * @template T
 * @param {object} data
 * @param {string} name
 * @param {() => T} compute
 * @returns {T}
 */
export function onceFor(data, name, compute) {
  let values = remembered.get(data);
  if (!values) remembered.set(data, (values = new Map()));
  if (!values.has(name)) values.set(name, compute());
  return values.get(name);
}

/**
 * Cells of a column, one a job.
 *
 * @param {PageDocument} data
 * @param {string} column
 * @returns {Cell[]}
 */
export function cellsOf(data, column) {
  return onceFor(data, `cells ${column}`, () =>
    Array.from({ length: data.jobCount }, (_, job) => data.cell(column, job) ?? null),
  );
}

/**
 * What counts of each job in a column of results; NaN of jobs that diverged, failed or have none.
 *
 * @param {PageDocument} data
 * @param {string} column
 * @returns {Float64Array}
 */
export function resultsOf(data, column) {
  return onceFor(data, `results ${column}`, () =>
    Float64Array.from({ length: data.jobCount }, (_, job) => data.result(column, job)),
  );
}

/**
 * The column by which an objective is judged.
 *
 * @param {PageDocument} data
 * @param {{metric: string}} objective
 */
export function objectiveColumn(data, objective) {
  return data.columnOf(objective.metric, data.content.rank);
}

/**
 * Keys that jobs differ in and are not averaged over.
 *
 * @param {PageDocument} data
 * @returns {string[]}
 */
export function keyNames(data) {
  return data.columnsOf("axis").map((column) => column.name);
}

/**
 * Columns that jobs can be grouped by: keys (the sweep is one where there are several) and what is
 * averaged over.
 *
 * @param {PageDocument} data
 * @returns {string[]}
 */
export function groupingNames(data) {
  return [...keyNames(data), ...data.columnsOf("averaged").map((column) => column.name)];
}

/**
 * Title of an axis: the name, and for a metric which direction is better.
 *
 * @param {PageDocument} data
 * @param {string} name
 * @returns {string}
 */
export function titleOf(data, name) {
  const mode = data.columns.get(name)?.kind === "axis" ? null : data.modeOf(name);
  const words = mode === "min" ? " (lower is better)" : mode === "max" ? " (higher is better)" : "";
  return shownText(name) + words;
}

/**
 * Mean of a column over the jobs given of each configuration; NaN where none of them counts.
 *
 * @param {PageDocument} data
 * @param {string} column
 * @param {Iterable<number>} jobs
 * @returns {{mean: Float64Array, count: Int32Array, without: number[]}} an entry a configuration;
 *   `without`: the jobs given that have no number
 */
export function configurationMeans(data, column, jobs) {
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  const numbers = resultsOf(data, column);
  const without = [];
  for (const job of jobs) {
    if (Number.isNaN(numbers[job])) without.push(job);
    const group = groups.get(data.configuration(job));
    if (group) group.push(job);
    else groups.set(data.configuration(job), [job]);
  }
  const mean = new Float64Array(data.configurationCount).fill(NaN);
  const count = new Int32Array(data.configurationCount);
  for (const [configuration, members] of groups) {
    const summary = summaryOf(data, members, column);
    mean[configuration] = summary.mean;
    count[configuration] = summary.completed;
  }
  return { mean, count, without };
}

/**
 * Rank of each configuration by the first objective over all its jobs: the best is 0. It depends on
 * no filter, so that looks stay.
 *
 * @param {PageDocument} data
 * @returns {number[]}
 */
export function configurationRanks(data) {
  return onceFor(data, "ranks", () => {
    /** @type {number[]} */
    const ranks = Array.from(
      { length: data.configurationCount },
      (_, configuration) => configuration,
    );
    const objective = data.content.objectives[0];
    if (!objective) return ranks;
    const column = objectiveColumn(data, objective);
    const jobsOf = (/** @type {number} */ configuration) => data.jobsOf[configuration];
    rankedConfigurations(data, jobsOf, column, data.modeOf(column)).forEach(
      ({ configuration }, rank) => (ranks[configuration] = rank),
    );
    return ranks;
  });
}

/**
 * Order of values: the best first, what is no number last.
 *
 * @param {number} a
 * @param {number} b
 * @param {Mode} mode
 * @returns {number}
 */
export function byValue(a, b, mode) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === b) return 0;
  return isBetter(a, b, mode) ? -1 : 1;
}

/**
 * Short names of columns: their last parts where these are unlike each other.
 *
 * @param {PageDocument} data
 * @returns {Map<string, string>}
 */
export function shortNames(data) {
  return onceFor(data, "short names", () => {
    const names = [...data.columnsOf("axis"), ...data.columnsOf("averaged")].map((c) => c.name);
    const end = (/** @type {string} */ name) => name.slice(name.lastIndexOf(".") + 1);
    const counts = new Map();
    for (const name of names) counts.set(end(name), (counts.get(end(name)) ?? 0) + 1);
    return new Map(names.map((name) => [name, counts.get(end(name)) > 1 ? name : end(name)]));
  });
}

/**
 * Name of a configuration: its values of the keys that differ; with a number where it is cut.
 *
 * @param {PageDocument} data
 * @param {number} configuration
 * @param {number} most signs
 * @returns {string}
 */
export function configurationName(data, configuration, most = 44) {
  const short = shortNames(data);
  const parts = keyNames(data).map(
    (name) => `${short.get(name)}=${shortCell(data.setting(name, configuration))}`,
  );
  if (parts.length === 0) return data.configurationCount === 1 ? "all jobs" : `#${configuration}`;
  const text = shownText(parts.join(", "));
  if (text.length <= most) return text;
  const number = `#${data.content.jobs.number[data.jobsOf[configuration][0]]} `;
  return `${number}${text.slice(0, most - number.length - 1)}…`;
}

/** @param {Cell} cell @returns {string} of four significant digits where it is a number */
function shortCell(cell) {
  return typeof cell === "number" ? axisNumber(cell) : axisText(cell);
}

/**
 * Keys of a configuration with their values.
 *
 * @param {PageDocument} data
 * @param {number} configuration
 * @returns {[string, string][]}
 */
export function configurationLines(data, configuration) {
  return keyNames(data).map((name) => [name, axisText(data.setting(name, configuration))]);
}

/**
 * Keys of a job with their values, those averaged over last.
 *
 * @param {PageDocument} data
 * @param {number} job
 * @returns {[string, string][]}
 */
export function jobLines(data, job) {
  const columns = [...data.columnsOf("axis"), ...data.columnsOf("averaged")];
  return columns.map(({ name }) => [name, axisText(data.cell(name, job) ?? null)]);
}

/**
 * A mean as text, with the number of jobs that it is of.
 *
 * @param {number} mean
 * @param {number} count
 */
export function meanText(mean, count) {
  return count === 1 ? numberText(mean) : `${numberText(mean)} (mean of ${count})`;
}

/**
 * What is left out of a plot, in words; null where nothing is.
 *
 * @param {PageDocument} data
 * @param {number[]} jobs that have no number in it
 * @returns {string | null}
 */
export function leftOutText(data, jobs) {
  if (jobs.length === 0) return null;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const job of jobs) {
    const word = data.isMeasured(job) ? "without a number" : data.status(job).replaceAll("_", " ");
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = Array.from(counts, ([word, count]) => `${count.toLocaleString("en")} ${word}`);
  return `${countText(jobs.length, "job")} without a place in the plot: ${parts.join(", ")}.`;
}

/**
 * Select jobs to compare, or no longer if they all are selected. Of many jobs of a configuration
 * the middle one by the metric stands for them.
 *
 * @param {any} page
 * @param {number[]} jobs
 */
export function selectJobs(page, jobs) {
  const data = page.document;
  const chosen = jobs.length > 8 ? [middleJob(page, jobs)] : jobs;
  const before = page.state.values.selected;
  const all = chosen.every((job) => before.includes(job));
  const selected = all
    ? before.filter((/** @type {number} */ job) => !chosen.includes(job))
    : [...before, ...chosen.filter((job) => !before.includes(job))];
  page.state.update({ selected });
  const what = chosen.length === 1 ? data.jobName(chosen[0]) : countText(chosen.length, "job");
  const why = chosen.length < jobs.length ? `, the middle one of ${jobs.length}` : "";
  announce(`${all ? "No longer selected" : "Selected"}: ${shownText(what)}${why}`);
}

/**
 * @param {any} page
 * @param {number[]} jobs
 * @returns {number}
 */
function middleJob(page, jobs) {
  const numbers = resultsOf(page.document, page.column());
  const order = jobs.slice().sort((a, b) => byValue(numbers[a], numbers[b], "min") || a - b);
  const measured = order.filter((job) => !Number.isNaN(numbers[job]));
  const counted = measured.length ? measured : order;
  return counted[Math.floor((counted.length - 1) / 2)];
}
