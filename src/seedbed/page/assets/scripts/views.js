// @ts-check
// Views of the page, in the order of their tabs.

import { mountComparison } from "./jobs/comparison.js";
import { mountJob } from "./jobs/job.js";
import { mountCurves } from "./plots/curves.js";
import { mountFront } from "./plots/front.js";
import { mountHeatMap } from "./plots/heat_map.js";
import { mountImportances } from "./plots/importances.js";
import { mountKeyPlot } from "./plots/key_plot.js";
import { mountParallel } from "./plots/parallel.js";
import { mountProgress } from "./plots/progress.js";
import { mountOverview } from "./summary/overview.js";
import { mountTable } from "./table/table.js";

/** @typedef {import("./shell/page.js").Page} Page */

/**
 * Each view has a key for the fragment, a title for its tab, and panels: functions that fill an
 * element, once, when the view is shown for the first time. A panel that has nothing to show hides
 * its element. `fits` tells whether a document has anything for the view; all have without it.
 *
 * @typedef {{ key: string, title: string, panels: ((element: HTMLElement, page: Page) => void)[],
 *   fits?: (document: import("./document.js").PageDocument) => boolean }} View
 */
/** @type {View[]} */
export const VIEWS = [
  { key: "summary", title: "Summary", panels: [mountOverview] },
  { key: "table", title: "Table", panels: [mountTable] },
  { key: "curves", title: "Curves", panels: [mountCurves] },
  { key: "keys", title: "Parameters", panels: [mountKeyPlot, mountHeatMap], fits: hasSettings },
  { key: "parallel", title: "Parallel", panels: [mountParallel], fits: hasSettings },
  {
    key: "search",
    title: "Search",
    panels: [mountProgress, mountImportances, mountFront],
    fits: hasSearch,
  },
  { key: "compare", title: "Compare", panels: [mountComparison], fits: hasSeveralJobs },
  { key: "job", title: "Job", panels: [mountJob] },
];

/** @param {import("./document.js").PageDocument} document */
function hasSettings(document) {
  return document.columnsOf("axis").length > 0;
}

/** Whether there was a search, or something that searches have. */
function hasSearch({ content }) {
  const { sources, importances, objectives } = content;
  const hasImportances = importances.some((each) => Object.keys(each.importances).length > 1);
  return sources.some(({ search }) => search) || hasImportances || objectives.length > 1;
}

/** @param {import("./document.js").PageDocument} document */
function hasSeveralJobs(document) {
  return document.jobCount > 1;
}
