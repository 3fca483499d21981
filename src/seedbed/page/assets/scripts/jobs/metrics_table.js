// @ts-check
// Metrics as tables: of one job, and of several entries side by side.

import { summaryOf } from "../configurations.js";
import { element } from "../elements.js";
import { cellText, countText, secondsText, shownText, spreadText } from "../formats.js";
import { comparedSummaries } from "../table/differences.js";
import { metricRows, testsOfBest } from "./metric_rows.js";

/** @typedef {import("../document.js").PageDocument} PageDocument */
/** @typedef {import("./compared.js").Entry} Entry */

/**
 * The metrics of a job: best and last epoch beside each other.
 *
 * @param {PageDocument} content
 * @param {number} job
 * @returns {HTMLElement}
 */
export function jobMetricsTable(content, job) {
  const rows = rowsOf(content).filter(({ name }) => name !== "epoch");
  const epochs = { best: content.cell("best/epoch", job), last: content.cell("epoch", job) };
  const hasBest = rows.some((row) => row.best);
  const heading = (kind) =>
    `${kind} epoch${epochs[kind] === null ? "" : ` (${cellText(epochs[kind])})`}`;
  const number = (column) =>
    element("td", { class: "number" }, column && cellText(content.cell(column, job)));
  return element(
    "table",
    { class: "metrics" },
    headOf(["metric", ...(hasBest ? [heading("best")] : []), heading("last"), "better"]),
    element(
      "tbody",
      {},
      rows.map((row) =>
        element(
          "tr",
          {},
          nameCell(row.name, row.meaning),
          hasBest && number(row.best),
          number(row.last),
          element("td", {}, directionText(row.mode)),
        ),
      ),
    ),
  );
}

/**
 * The results of a job that are no metrics, such as its seconds.
 *
 * @param {PageDocument} content
 * @param {number} job
 * @returns {[string, string][]} names and values
 */
export function jobResults(content, job) {
  return content.columnsOf("result").flatMap(({ name }) => {
    const value = content.cell(name, job);
    if (value === null || name === "status") return [];
    const isSeconds = name === "seconds" && typeof value === "number";
    return [[shownText(name), isSeconds ? secondsText(value) : cellText(value)]];
  });
}

/**
 * The metrics of entries side by side, with their differences to the baseline.
 *
 * @param {PageDocument} content
 * @param {Entry[]} entries
 * @param {number} baseline place of the entry that the others are compared with
 * @param {(string | Node)[]} headings
 * @param {string} first metric that comes first
 * @returns {HTMLElement}
 */
export function comparedMetricsTable(content, entries, baseline, headings, first) {
  const rows = rowsOf(content)
    .filter(({ name }) => name !== "epoch")
    .sort((a, b) => Number(b.name === first) - Number(a.name === first))
    .flatMap((row) =>
      [
        { ...row, column: row.best, epoch: "best" },
        { ...row, column: row.last, epoch: row.best ? "last" : "" },
      ].filter(({ column }) => column),
    );
  return element(
    "table",
    { class: "metrics compared" },
    headOf(["metric", ...headings]),
    element(
      "tbody",
      {},
      statusRow(content, entries),
      rows.map(({ name, column, epoch, meaning }) => {
        const results = entries.map(({ jobs }) => summaryOf(content, jobs, String(column)));
        return element(
          "tr",
          {},
          nameCell(`${epoch} ${name}`.trim(), meaning),
          results.map((result, place) =>
            element(
              "td",
              { class: "number" },
              entryText(content, String(column), entries[place].jobs, result),
              place !== baseline &&
                differenceLine(content, result, results[baseline], String(column)),
            ),
          ),
        );
      }),
    ),
  );
}

/** @param {PageDocument} content @param {Entry[]} entries */
function statusRow(content, entries) {
  return element(
    "tr",
    {},
    nameCell("status", null),
    entries.map(({ jobs }) => {
      /** @type {Map<string, number>} */
      const counts = new Map();
      for (const job of jobs)
        counts.set(content.status(job), (counts.get(content.status(job)) ?? 0) + 1);
      const texts = [...counts].map(([status, count]) => {
        const word = shownText(status.replaceAll("_", " "));
        return jobs.length > 1 ? `${count.toLocaleString("en")} ${word}` : word;
      });
      return element("td", {}, texts.join(", "));
    }),
  );
}

/** What an entry has in a column: of one job what stands there, of several the mean that counts. */
function entryText(content, column, jobs, { mean, deviation, count, completed, unit }) {
  if (jobs.length === 1) return cellText(content.cell(column, jobs[0])) || "–";
  if (!count) return `– (of ${countText(jobs.length, "job")} none counts)`;
  const units = unit === "fold" ? `${countText(count, "fold")}, ` : "";
  const part = completed === jobs.length ? "" : `${completed} of `;
  return `${spreadText(mean, deviation)} (${units}${part}${jobs.length.toLocaleString("en")})`;
}

const WORD_OF_VERDICT = { better: "better", worse: "worse", alike: "≈ not told apart", plain: "" };

/** The difference to the baseline, in words too: colour alone does not say which is better. */
function differenceLine(content, own, base, column) {
  const compared = comparedSummaries(content, own, base, column);
  if (!compared) return null;
  const { difference, text, title, verdict, look } = compared;
  return element(
    "span",
    { class: `difference ${look}`, title },
    difference === 0 ? "equal" : `${text} ${WORD_OF_VERDICT[verdict]}`.trim(),
  );
}

/** @param {PageDocument} content */
function rowsOf({ content }) {
  return metricRows(content.columns, testsOfBest(content));
}

/** @param {(string | Node)[]} headings */
function headOf(headings) {
  const cells = headings.map((heading) => element("th", { scope: "col" }, heading));
  return element("thead", {}, element("tr", {}, cells));
}

function nameCell(name, meaning) {
  return element("th", { scope: "row", title: meaning && shownText(meaning) }, shownText(name));
}

/** @param {"min" | "max" | null} mode */
function directionText(mode) {
  return mode === "min" ? "lower" : mode === "max" ? "higher" : "";
}
