// @ts-check
// CSV of what the table shows, by RFC 4180, numbers in full.

import { isAveraged, shownColumns } from "./columns.js";
import { baselineRow, tableRows } from "./rows.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("../document.js").Column} Column */
/** @typedef {import("../shell/page.js").Page} Page */

// First signs by which a spreadsheet takes a text for a formula.
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Lines of cells as CSV: ends of lines CR LF, cells quoted where they need it. A text that a
 * spreadsheet would take for a formula gets an apostrophe before it.
 *
 * @param {any[][]} lines
 */
export function csvText(lines) {
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/** @param {any} value */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  // As in results.csv: what is no finite number is left out.
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  let text = typeof value === "object" ? JSON.stringify(value) : String(value);
  if (FORMULA.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The rows and columns that are shown: configurations, the pinned one first, or jobs.
 *
 * @param {Page} page
 */
export function shownCsv(page) {
  const rows = tableRows(page);
  const columns = shownColumns(page);
  if (page.state.values.rows === "jobs")
    return csvText(
      csvOfJobs(
        page,
        rows.map(({ job }) => Number(job)),
        columns,
      ),
    );
  const base = baselineRow(page);
  const closed = (base ? [base, ...rows] : rows).filter(({ job }) => job === null);
  return csvText(
    csvOfConfigurations(
      page,
      closed.map(({ configuration }) => configuration),
      columns,
    ),
  );
}

/**
 * The lines of configurations: settings, how many jobs, and mean, deviation and count of results.
 *
 * @param {Page} page
 * @param {number[]} configurations
 * @param {Column[]} columns
 */
function csvOfConfigurations(page, configurations, columns) {
  const settings = columns.filter(({ kind }) => kind === "axis");
  const results = columns.filter(isAveraged);
  const header = [
    ...settings.map(({ name }) => name),
    "jobs",
    "completed",
    ...results.flatMap(({ name }) => [name, `${name} deviation`, `${name} count`]),
  ];
  const lines = configurations.map((configuration) => {
    const { completed, jobs } = page.summary(configuration, page.column());
    return [
      ...settings.map(({ name }) => page.document.setting(name, configuration)),
      jobs,
      completed,
      ...results.flatMap(({ name }) => {
        const { mean, deviation, count } = page.summary(configuration, name);
        return [mean, deviation, count];
      }),
    ];
  });
  return [header, ...lines];
}

/**
 * The lines of jobs: their number, what they were averaged over, and the columns.
 *
 * @param {Page} page
 * @param {number[]} jobs
 * @param {Column[]} columns
 */
function csvOfJobs({ document }, jobs, columns) {
  const averaged = document.columnsOf("averaged").map(({ name }) => name);
  const names = [
    ...new Set([
      "source",
      "number",
      ...averaged,
      ...columns.map(({ name }) => name),
      "status",
      "folder",
    ]),
  ];
  const valueOf = (name, job) =>
    document.columns.get(name)?.type === "number"
      ? document.numbers(name)[job]
      : document.cell(name, job);
  return [names, ...jobs.map((job) => names.map((name) => valueOf(name, job)))];
}

/** The name of a file of the page's own, by what it holds. @param {Page} page @param {string} what */
export function csvName({ document }, what) {
  const title = document.content.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${title.slice(0, 60) || "seedbed"}-${what}.csv`;
}

/**
 * Save a text as a file.
 *
 * @param {string} name
 * @param {string} text
 */
export function saveText(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
