// @ts-check
// What every view is given: the document, the state, the jobs that the filter leaves, and a way to
// draw when something changes.

import { rankedConfigurations, summaryOf } from "../configurations.js";
import { keptJobs, mistakeIn } from "../filter.js";

/**
 * @typedef {{ jobs: number[], isShown: Uint8Array, mistake: string | null }} Filtered jobs in their
 *   order; whether each job of the document is among them; what is wrong with the expression, which
 *   then leaves all.
 */

/**
 * @param {import("../document.js").PageDocument} document
 * @param {import("./state.js").State} state
 */
export function createPage(document, state) {
  /** @type {{ text: string, filtered: Filtered } | null} */
  let last = null;
  /** What was computed of the jobs that the filter leaves, by a name. @type {Map<string, any>} */
  const computed = new Map();
  let computedFor = "";
  const page = {
    document,
    state,
    /** The jobs that the filter leaves. @returns {Filtered} */
    filtered() {
      const text = state.values.filter;
      if (last?.text !== text) last = { text, filtered: filteredJobs(document, text) };
      return last.filtered;
    },
    /** The jobs of a configuration that the filter leaves. @param {number} configuration */
    jobsOf(configuration) {
      const { isShown } = page.filtered();
      return document.jobsOf[configuration].filter((job) => isShown[job]);
    },
    /**
     * What these jobs of a configuration have in a column of results; where the filter leaves none,
     * as of a baseline that stays pinned, all of them.
     *
     * @param {number} configuration
     * @param {string} column
     * @returns {import("../configurations.js").Summary}
     */
    summary: (configuration, column) =>
      ofFiltered(`${configuration} ${column}`, () => {
        const jobs = page.jobsOf(configuration);
        return summaryOf(document, jobs.length ? jobs : document.jobsOf[configuration], column);
      }),
    /**
     * Configurations that have such jobs, by the metric that is looked at, the best first.
     *
     * @returns {import("../configurations.js").Ranked[]}
     */
    ranked: () =>
      ofFiltered(`ranked ${page.column()}`, () =>
        rankedConfigurations(document, page.jobsOf, page.column(), page.mode()),
      ),
    /** The metric that is looked at, without its epoch. @returns {string} */
    metric: () => known(state.values.metric) ?? document.metrics[0] ?? "",
    /** The epoch whose value counts: `best` or `last`. @returns {string} */
    epoch: () =>
      ["best", "last"].includes(state.values.epoch ?? "")
        ? /** @type {string} */ (state.values.epoch)
        : document.content.rank,
    /** The column of the metric that is looked at, in the epoch that counts. */
    column: () => document.columnOf(page.metric(), page.epoch()),
    /** What is better of that metric: `min`, `max`, or null where nobody said. */
    mode: () => document.modeOf(page.metric()),

    /**
     * Draw now, and whenever one of these keys of the state changes, or the colours do. While the
     * view is not shown it waits until it is.
     *
     * @param {HTMLElement} element something within the view
     * @param {string[]} keys
     * @param {() => void} draw
     */
    follow(element, keys, draw) {
      const watched = new Set([...keys, "theme", "print"]);
      let isDue = false;
      let isAsked = false;
      const redraw = () => {
        isAsked = false;
        if (isDue && isShown(element)) {
          isDue = false;
          draw();
        }
      };
      state.subscribe((changed) => {
        isDue ||= [...changed].some((key) => watched.has(key));
        // A print waits for no frame.
        if (changed.has("print")) redraw();
        else if (isDue && !isAsked && isShown(element)) {
          isAsked = true;
          requestAnimationFrame(redraw);
        }
      });
      draw();
    },
  };
  return page;

  /** What a function gives, once for each filter. */
  function ofFiltered(name, compute) {
    const { filter } = state.values;
    if (computedFor !== filter) computed.clear();
    computedFor = filter;
    if (!computed.has(name)) computed.set(name, compute());
    return computed.get(name);
  }

  function known(metric) {
    return metric !== null && document.metrics.includes(metric) ? metric : null;
  }
}

/** @typedef {ReturnType<typeof createPage>} Page */

/** @param {HTMLElement} element */
function isShown(element) {
  return !(/** @type {HTMLElement | null} */ (element.closest("[data-view]"))?.hidden);
}

/** @param {import("../document.js").PageDocument} document @param {string} text @returns {Filtered} */
function filteredJobs(document, text) {
  const jobs = keptJobs(document, text);
  const isKept = new Uint8Array(document.jobCount);
  for (const job of jobs) isKept[job] = 1;
  return { jobs, isShown: isKept, mistake: mistakeIn(document, text) };
}
