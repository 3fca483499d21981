// @ts-check
// Configurations: what their jobs reached, averaged over seeds and folds as the command line does.

import { BEST, FOLD } from "./document.js";
import { shownText } from "./formats.js";
import { deviationOf, meanOf } from "./statistics.js";

/** @typedef {import("./document.js").PageDocument} PageDocument */

/**
 * @typedef {object} Summary
 * @property {number} mean NaN without a value
 * @property {number} deviation over n - 1; NaN of fewer than two values
 * @property {number} count values that these are of: jobs, or folds
 * @property {number} completed jobs that have a value
 * @property {number} jobs all of them
 * @property {"seed" | "fold" | "job"} unit what the values are of
 * @property {Map<string, number>} units the values by what they have in common with those of other
 *   configurations: the seed, or the fold
 */

/** Whether a job is one of a fold that is averaged over. @param {PageDocument} document @param {number} job */
function isOfFold(document, job) {
  return document.columns.get(FOLD)?.kind === "averaged" && document.cell(FOLD, job) !== null;
}

/**
 * The units of the averages of some jobs: of several sources only some may have folds.
 *
 * @param {PageDocument} document
 * @param {number[]} jobs
 * @returns {"seed" | "fold" | "job"}
 */
function unitOf(document, jobs) {
  if (jobs.some((job) => isOfFold(document, job))) return "fold";
  return document.columnsOf("averaged").some(({ name }) => name === "seed") ? "seed" : "job";
}

/**
 * What jobs of a configuration have in a column of results: of those that completed, with a finite
 * number. With folds, values are the means of each fold over its seeds.
 *
 * @param {PageDocument} document
 * @param {number[]} jobs
 * @param {string} column
 * @returns {Summary}
 */
export function summaryOf(document, jobs, column) {
  /** @type {Map<string, number[]>} */
  const grouped = new Map();
  const keys = unitKeys(document);
  let completed = 0;
  for (const job of jobs) {
    const value = document.result(column, job);
    if (Number.isNaN(value)) continue;
    completed++;
    const key = keys[job];
    const values = grouped.get(key);
    if (values) values.push(value);
    else grouped.set(key, [value]);
  }
  const units = new Map([...grouped].map(([key, values]) => [key, meanOf(values)]));
  const values = [...units.values()];
  const mean = meanOf(values);
  return {
    mean,
    deviation: deviationOf(values),
    count: units.size,
    completed,
    jobs: jobs.length,
    unit: unitOf(document, jobs),
    units,
  };
}

/** @type {WeakMap<PageDocument, string[]>} */
const KEYS = new WeakMap();

/** What each job shares with a job of each other configuration. @param {PageDocument} document */
function unitKeys(document) {
  let keys = KEYS.get(document);
  if (!keys) {
    keys = seedKeys(document).map((key, job) =>
      isOfFold(document, job) ? String(document.cell(FOLD, job)) : key,
    );
    KEYS.set(document, keys);
  }
  return keys;
}

/**
 * The seed of each job, or whatever else is averaged over; jobs of a configuration that have the
 * same, as in two sweeps, are numbered.
 *
 * @param {PageDocument} document
 */
function seedKeys(document) {
  const averaged = document.columnsOf("averaged").map(({ name }) => name);
  /** @type {string[]} */
  const keys = new Array(document.jobCount);
  for (const jobs of document.jobsOf) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const job of jobs) {
      const key = JSON.stringify(averaged.map((name) => document.cell(name, job)));
      counts.set(key, (counts.get(key) ?? 0) + 1);
      keys[job] = `${key} ${counts.get(key)}`;
    }
  }
  return keys;
}

/**
 * @typedef {object} Ranked
 * @property {number} configuration
 * @property {number[]} jobs
 * @property {Summary} summary
 * @property {string[]} unfit why it cannot be the best; empty where it can
 */

/**
 * Configurations that have jobs, the best first; then those that cannot be the best.
 *
 * Equal ones are by the mean of their last epoch, then in the jobs' order. Constraints hold for the
 * means; with folds a configuration must have all; in a search all of its jobs must have completed.
 *
 * @param {PageDocument} document
 * @param {(configuration: number) => number[]} jobsOf the jobs that count
 * @param {string} column
 * @param {string | null} mode
 * @returns {Ranked[]}
 */
export function rankedConfigurations(document, jobsOf, column, mode) {
  const constraints = document.content.constraints.map(constraintOf).filter(Boolean);
  const folds = foldsOf(document);
  const last = column.startsWith(BEST) ? column.slice(BEST.length) : column;
  const sign = mode === "max" ? -1 : 1;
  const ranked = [];
  for (let configuration = 0; configuration < document.configurationCount; configuration++) {
    const jobs = jobsOf(configuration);
    if (!jobs.length) continue;
    const summary = summaryOf(document, jobs, column);
    const tie = last === column ? NaN : summaryOf(document, jobs, last).mean;
    const unfit = unfitness(jobs, summary);
    ranked.push({ configuration, jobs, summary, unfit, tie });
  }
  return ranked.sort(
    (a, b) =>
      Number(a.unfit.length > 0) - Number(b.unfit.length > 0) ||
      byNumber(sign * a.summary.mean, sign * b.summary.mean) ||
      byNumber(sign * a.tie, sign * b.tie) ||
      a.jobs[0] - b.jobs[0],
  );

  function unfitness(jobs, summary) {
    if (!summary.count) return ["no job has a result"];
    const missed = constraints
      .filter((each) => !each.keeps(summaryOf(document, jobs, each.column).mean))
      .map((each) => `misses ${each.text}`);
    const most = Math.max(...jobs.map(folds));
    if (summary.count < most) missed.push(`has ${summary.count} of ${most} folds`);
    const source = document.content.sources[document.content.jobs.source[jobs[0]]];
    if (source.search && summary.completed < jobs.length)
      missed.push(`${summary.completed} of ${jobs.length} jobs completed`);
    return missed;
  }

  function constraintOf(text) {
    const parts = /^(\S+?)\s*(<=|>=)\s*(\S+)$/.exec(text);
    if (!parts) return null;
    const [, metric, sign, bound] = parts;
    const keeps = (value) => (sign === "<=" ? value <= Number(bound) : value >= Number(bound));
    return { text, column: document.columnOf(metric, document.content.rank), keeps };
  }
}

/**
 * The same of all jobs.
 *
 * @param {PageDocument} document
 * @param {string} column
 * @param {string | null} mode
 */
export function rankedOfAll(document, column, mode) {
  return rankedConfigurations(
    document,
    (configuration) => document.jobsOf[configuration],
    column,
    mode,
  );
}

/**
 * A function that gives how many folds the jobs have that were run with a job: those of its sweep,
 * or of all runs; 0 of a job without a fold.
 *
 * @param {PageDocument} document
 * @returns {(job: number) => number}
 */
function foldsOf(document) {
  const { sources, jobs } = document.content;
  const together = (job) => (sources[jobs.source[job]].kind === "run" ? -1 : jobs.source[job]);
  /** @type {Map<number, Set<any>>} */
  const folds = new Map();
  for (let job = 0; job < document.jobCount; job++) {
    if (!isOfFold(document, job)) continue;
    const known = folds.get(together(job));
    if (known) known.add(document.cell(FOLD, job));
    else folds.set(together(job), new Set([document.cell(FOLD, job)]));
  }
  return (job) => (isOfFold(document, job) ? (folds.get(together(job))?.size ?? 0) : 0);
}

/** Order of two numbers; what is none comes last, and two of these are equal. */
function byNumber(a, b) {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The settings of a configuration as words: `optimizer.lr=0.01 model.width=64`, without unseen signs.
 *
 * @param {PageDocument} document
 * @param {number} configuration
 * @param {(value: any) => string} text
 */
export function configurationWords(document, configuration, text) {
  return document
    .columnsOf("axis")
    .filter(({ name }) => document.setting(name, configuration) !== null)
    .map(({ name }) => `${shownText(name)}=${text(document.setting(name, configuration))}`);
}
