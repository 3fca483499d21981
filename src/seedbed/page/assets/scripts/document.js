// @ts-check
// Document of the page, decoded: columns as typed lists, curves as floats, and who belongs to whom.

import { cellNumber } from "./formats.js";

/** @typedef {{ name: string, kind: "axis" | "averaged" | "metric" | "result", type: "number" | "text" |
 *   "boolean", meaning: string | null, mode: "min" | "max" | null, log: boolean,
 *   of_best: string | null }} Column */

// Statuses whose last epoch is a result as any other.
export const MEASURED = ["completed", "stopped_early"];
// Before the name of a metric: its value in the best epoch.
export const BEST = "best/";
export const FOLD = "data.fold";
// Columns that every job has besides those of the document.
const OF_JOBS = [
  { name: "status", type: "text", meaning: "how the job ended" },
  { name: "number", type: "number", meaning: "number of the job in its sweep" },
  { name: "folder", type: "text", meaning: "folder of the job" },
  { name: "source", type: "text", meaning: "sweep or run that the job is from" },
];

/**
 * The document of the page, with access to its parts.
 *
 * @param {any} content the JSON
 */
export function decoded(content) {
  /** @type {Map<string, Float64Array>} */
  const numbers = new Map();
  const jobs = content.jobs;
  /** @type {Column[]} */
  const own = OF_JOBS.filter(
    ({ name }) => !content.columns.some((column) => column.name === name),
  ).map(
    (column) =>
      /** @type {any} */ ({ kind: "result", mode: null, log: false, of_best: null, ...column }),
  );
  const columns = new Map([...content.columns, ...own].map((column) => [column.name, column]));
  const measured = jobs.status.map((status) => MEASURED.includes(content.statuses[status]));
  /** @type {number[][]} */
  const jobsOf = Array.from({ length: content.configurations.count }, () => []);
  jobs.configuration.forEach((configuration, job) => jobsOf[configuration].push(job));
  const curves = curvesOf(content);

  const page = {
    content,
    /** All columns by their names; those of every job come last. @type {Map<string, Column>} */
    columns,
    /** Jobs of each configuration. */
    jobsOf,
    jobCount: jobs.count,
    configurationCount: content.configurations.count,
    /** The metrics that were curves or results, without their epochs: `val/loss`. */
    metrics: metricNames(content),
    /** Names of the metrics that have curves. */
    curveMetrics: content.curves.metrics,

    /** @param {string} kind @returns {Column[]} */
    columnsOf: (kind) => content.columns.filter((column) => column.kind === kind),
    /** Whether a job's last epoch is a result. @param {number} job */
    isMeasured: (job) => measured[job],
    /** @param {number} job */
    status: (job) => content.statuses[jobs.status[job]],
    /** @param {number} job */
    configuration: (job) => jobs.configuration[job],
    /** Name of a job that is short and unlike that of others. @param {number} job */
    jobName(job) {
      const source = content.sources[jobs.source[job]];
      if (content.sources.length === 1) return `job ${jobs.number[job]}`;
      return source.kind === "run" ? source.name : `${source.name} job ${jobs.number[job]}`;
    },

    /** What a job has in a column, as it stands in the document. @param {string} name @param {number} job */
    cell(name, job) {
      if (Object.hasOwn(jobs.values, name)) return jobs.values[name][job];
      if (name === "status") return content.statuses[jobs.status[job]];
      if (name === "number") return jobs.number[job];
      if (name === "folder") return jobs.folder[job];
      if (name === "source") return content.sources[jobs.source[job]].name;
      return null;
    },
    /**
     * A column as numbers, a job each; NaN where there is none.
     *
     * @param {string} name
     * @returns {Float64Array}
     */
    numbers(name) {
      let list = numbers.get(name);
      if (!list) {
        const own = name === "number" ? jobs.number : [];
        const cells = Object.hasOwn(jobs.values, name) ? jobs.values[name] : own;
        list = Float64Array.from({ length: jobs.count }, (_, job) => cellNumber(cells[job]) ?? NaN);
        numbers.set(name, list);
      }
      return list;
    },
    /** The axis values of a configuration. @param {string} name @param {number} configuration */
    setting: (name, configuration) => content.configurations.values[name]?.[configuration] ?? null,

    /**
     * The column that holds a metric in an epoch: that of the best has another name where it is known.
     *
     * @param {string} metric @param {string} epoch `best` or `last`
     */
    columnOf: (metric, epoch) =>
      epoch === "best" && columns.has(BEST + metric) ? BEST + metric : metric,
    /** What is better of a metric or a column of one: `min`, `max` or null. @param {string} name */
    modeOf(name) {
      const metric = name.startsWith(BEST) ? name.slice(BEST.length) : name;
      const objective = content.objectives.find((each) => each.metric === metric);
      return objective?.mode ?? columns.get(name)?.mode ?? columns.get(metric)?.mode ?? null;
    },
    /**
     * What counts of a job in a column of results: a finite number of a job that was measured, or
     * NaN. A job without a best epoch has its last one's.
     *
     * @param {string} name @param {number} job
     */
    result(name, job) {
      if (!measured[job]) return NaN;
      let value = page.numbers(name)[job];
      if (Number.isNaN(value) && name.startsWith(BEST) && isUnknown(BEST + "epoch", job))
        value = page.numbers(name.slice(BEST.length))[job];
      return Number.isFinite(value) ? value : NaN;
    },

    /**
     * The curve of a job; null where it has none.
     *
     * @param {string} metric @param {number} job
     * @returns {{ epochs: number[], values: Float32Array } | null}
     */
    curve: (metric, job) => curves(metric, job),
  };
  return page;

  function isUnknown(name, job) {
    return !columns.has(name) || Number.isNaN(page.numbers(name)[job]);
  }
}

/** @typedef {ReturnType<typeof decoded>} PageDocument */

/** Metrics by their names without the epoch, objectives first. */
function metricNames(content) {
  const named = content.columns
    .filter((column) => column.kind === "metric" && column.type === "number")
    .map(({ name }) => (name.startsWith(BEST) ? name.slice(BEST.length) : name))
    .filter((name) => name !== "epoch");
  return [...new Set([...content.objectives.map(({ metric }) => metric), ...named])];
}

/** A function that gives the curve of a job, decoding a metric's the first time. */
function curvesOf({ curves }) {
  const offsets = [];
  let length = 0;
  for (const grid of curves.grid_of_job) {
    offsets.push(length);
    if (grid >= 0) length += curves.grids[grid].length;
  }
  /** @type {Map<string, Float32Array>} */
  const floats = new Map();
  return (metric, job) => {
    const grid = curves.grid_of_job[job] ?? -1;
    if (grid < 0 || !Object.hasOwn(curves.values, metric)) return null;
    let values = floats.get(metric);
    if (!values) floats.set(metric, (values = floatsOf(curves.values[metric])));
    const epochs = curves.grids[grid];
    return { epochs, values: values.subarray(offsets[job], offsets[job] + epochs.length) };
  };
}

/**
 * Floats of 32 bits, little endian, from base64.
 *
 * @param {string} text
 */
export function floatsOf(text) {
  const signs = atob(text);
  const bytes = new Uint8Array(signs.length);
  for (let place = 0; place < bytes.length; place++) bytes[place] = signs.charCodeAt(place);
  const view = new DataView(bytes.buffer);
  const floats = new Float32Array(bytes.length >> 2);
  for (let place = 0; place < floats.length; place++)
    floats[place] = view.getFloat32(4 * place, true);
  return floats;
}
