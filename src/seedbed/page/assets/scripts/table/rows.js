// @ts-check
// Rows of the table in their order, opened configurations with their jobs.

import { possibleColumns, sortValue } from "./columns.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("../shell/page.js").Page} Page */

/**
 * The rows that the table has, the baseline apart.
 *
 * @param {Page} page
 * @returns {Row[]}
 */
export function tableRows(page) {
  const { state } = page;
  const { rows, sort, baseline } = state.values;
  const column = sort && possibleColumns(page).find(({ name }) => name === sort[0]);
  if (rows === "jobs") {
    const jobs = page.filtered().jobs.map((job) => jobRow(page, job));
    if (column) return sorted(page, jobs, column, sort[1]);
    const metric = page.document.columns.get(page.column());
    return metric ? sorted(page, jobs, metric, page.mode() === "max" ? "desc" : "asc") : jobs;
  }
  const ranked = page.ranked().map(({ configuration }) => configurationRow(configuration));
  const ordered = (column ? sorted(page, ranked, column, sort[1]) : ranked).filter(
    ({ configuration }) => configuration !== baseline,
  );
  const open = new Set(state.values.open);
  if (!open.size) return ordered;
  return ordered.flatMap((row) =>
    open.has(row.configuration) ? [row, ...openedJobs(page, row.configuration)] : [row],
  );
}

/**
 * The row that is pinned on top; null without a baseline.
 *
 * @param {Page} page
 * @returns {Row | null}
 */
export function baselineRow(page) {
  const { baseline } = page.state.values;
  if (baseline === null || !(baseline in page.document.jobsOf)) return null;
  return { ...configurationRow(baseline), id: "baseline", isBaseline: true };
}

/** The jobs of a configuration, by what varies in it. */
function openedJobs(page, configuration) {
  return page.jobsOf(configuration).map((job) => jobRow(page, job));
}

/** @returns {Row} */
function configurationRow(configuration) {
  return { id: `c${configuration}`, configuration, job: null };
}

/** @returns {Row} */
function jobRow({ document }, job) {
  return { id: `j${job}`, configuration: document.configuration(job), job };
}

/** Rows by a column; those without a value come last in both directions. */
function sorted(page, rows, column, direction) {
  const sign = direction === "desc" ? -1 : 1;
  const keyed = rows.map((row, place) => ({ row, place, value: sortValue(page, row, column) }));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null)
      return Number(a.value === null) - Number(b.value === null) || a.place - b.place;
    return sign * compared(a.value, b.value) || a.place - b.place;
  });
  return keyed.map(({ row }) => row);
}

const WORDS = new Intl.Collator("en", { numeric: true });

function compared(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return WORDS.compare(String(a), String(b));
}
