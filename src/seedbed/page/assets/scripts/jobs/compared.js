// @ts-check
// What is compared: the selected jobs, or their configurations, with the pinned baseline.

import { configurationWords } from "../configurations.js";
import { cellText } from "../formats.js";

/** Jobs and configurations that are compared at most. */
export const MOST_COMPARED = 8;

/**
 * @typedef {Object} Entry
 * @property {string} name short: `job 3`
 * @property {string} settings the keys of its configuration with their values
 * @property {number[]} jobs one, or those of the configuration that the filter leaves
 * @property {number} configuration
 * @property {boolean} pinned whether it stands here for the pinned baseline, not by selection
 */

/**
 * The entries of the comparison, and the place of the one that the others are compared with.
 *
 * @param {import("../shell/page.js").Page} page
 * @returns {{ entries: Entry[], baseline: number, left: number }} `left`: how many are too many
 */
export function comparedEntries(page) {
  const { document: content } = page;
  const { selected, compareBy, baseline } = page.state.values;
  const all = !selected.length
    ? bestConfigurations(page).map((place) => configurationEntry(page, place))
    : compareBy === "configuration"
      ? [...new Set(selected.map(content.configuration))].map((place) =>
          configurationEntry(page, place),
        )
      : selected.map((job) => jobEntry(content, job));
  const entries = all.slice(0, MOST_COMPARED);
  const left = all.length - entries.length;
  if (baseline === null) return { entries, baseline: 0, left };
  const place = entries.findIndex((entry) => entry.configuration === baseline);
  if (place >= 0) return { entries, baseline: place, left };
  const pinned = { ...configurationEntry(page, baseline), pinned: true };
  return { entries: entries.length ? [pinned, ...entries] : [], baseline: 0, left };
}

/** The best configuration and the second: what is compared until something is selected. */
function bestConfigurations(page) {
  const ranked = page.ranked().filter(({ unfit }) => !unfit.length);
  return ranked.length > 1 ? ranked.slice(0, 2).map(({ configuration }) => configuration) : [];
}

/** @param {import("../document.js").PageDocument} content @returns {Entry} */
function jobEntry(content, job) {
  const configuration = content.configuration(job);
  const settings = settingsText(content, configuration);
  return { name: content.jobName(job), settings, jobs: [job], configuration, pinned: false };
}

/** @param {import("../shell/page.js").Page} page @returns {Entry} */
function configurationEntry(page, configuration) {
  const shown = page.jobsOf(configuration);
  const jobs = shown.length ? shown : page.document.jobsOf[configuration];
  const settings = settingsText(page.document, configuration);
  // Without settings there is one configuration.
  const name = jobs.length === 1 ? page.document.jobName(jobs[0]) : settings || "all jobs";
  return { name, settings: name === settings ? "" : settings, jobs, configuration, pinned: false };
}

/**
 * The settings of a configuration, cut where they are many; empty where nothing was varied.
 *
 * @param {import("../document.js").PageDocument} content
 * @param {number} configuration
 * @param {number} most signs
 */
export function settingsText(content, configuration, most = 100) {
  const text = configurationWords(content, configuration, cellText).join(" ");
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
