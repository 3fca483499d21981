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
 * its element.
 *
 * @type {{ key: string, title: string, panels: ((element: HTMLElement, page: Page) => void)[] }[]}
 */
export const VIEWS = [
  { key: "summary", title: "Summary", panels: [mountOverview] },
  { key: "table", title: "Table", panels: [mountTable] },
  { key: "curves", title: "Curves", panels: [mountCurves] },
  { key: "keys", title: "Parameters", panels: [mountKeyPlot, mountHeatMap] },
  { key: "parallel", title: "Parallel", panels: [mountParallel] },
  { key: "search", title: "Search", panels: [mountProgress, mountImportances, mountFront] },
  { key: "compare", title: "Compare", panels: [mountComparison] },
  { key: "job", title: "Job", panels: [mountJob] },
];
