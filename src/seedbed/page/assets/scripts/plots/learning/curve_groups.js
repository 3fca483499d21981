// @ts-check
// Which jobs a learning curve is of: configurations, values of a key, or single jobs.

import { rankedConfigurations } from "../../configurations.js";
import { countText, shownText } from "../../formats.js";
import { COLOUR_SCALE, lookOf } from "../drawing/colours.js";
import {
  cellsOf,
  configurationName,
  configurationRanks,
  groupingNames,
  keyNames,
} from "../entries.js";
import { axisText, binsOf, distinctCells } from "../plot_data.js";

/** @typedef {import("../drawing/colours.js").Look} Look */

/**
 * Jobs whose mean is one line; `named`: it has a look of its own and stands in the legend.
 * @typedef {{name: string, jobs: number[], look: Look, place: number, named: boolean}} CurveGroup
 */

/** Configurations that are shown at first. */
const USUAL_COUNT = 6;
/** Lines that can be told apart by their looks. */
const MOST_NAMED = 16;
const MOST_LINES = 400;

/**
 * Groups of jobs by what the state asks for.
 *
 * @param {any} page
 * @param {import("../drawing/colours.js").Theme} theme
 * @param {{jobs?: () => number[], groups?: () => {name: string, jobs: number[]}[]}} given jobs that
 *   are shown whatever is chosen, each for itself, or groups of them
 * @returns {{groups: CurveGroup[], choices: any[], notes: (string | null)[], empty: string}}
 */
export function curveGroups(page, theme, given) {
  const data = page.document;
  if (given.jobs || given.groups) {
    const fixed = given.groups
      ? given
          .groups()
          .map((group, place) => ({ ...group, place, look: lookOf(place, theme), named: true }))
      : jobGroups(data, given.jobs?.() ?? [], theme);
    return {
      groups: withOwnNames(fixed, theme),
      choices: [],
      notes: [],
      empty: "No job is selected.",
    };
  }
  const shown = page.filtered().jobs;
  const { selected, groupBy, curves } = page.state.values;
  const keys = groupingNames(data);
  const by = groupBy === "job" || keys.includes(groupBy) ? groupBy : "";
  const of = curves.of ?? (selected.length ? "selected" : by && by !== "job" ? "all" : "best");
  const jobs = of === "selected" && selected.length ? selected : shown;
  const choices = choicesOfGroups(data, selected, by, of, keys);
  const empty = shown.length ? "None of these jobs has a curve." : "No job passes the filter.";
  const grouped =
    by === "job" || (of === "selected" && by === "")
      ? jobGroups(data, jobs, theme)
      : by
        ? keyGroups(data, by, jobs, theme)
        : configurationGroups(page, jobs, theme);
  const most = of === "best" ? USUAL_COUNT : MOST_LINES;
  const groups = grouped.slice(0, most);
  const what = by === "job" ? "jobs" : by ? `values of ${shownText(by)}` : "configurations";
  const left = grouped.length - groups.length;
  const notes = [
    left > 0
      ? `The best ${groups.length.toLocaleString("en")} of ${grouped.length.toLocaleString("en")} ${what} by ${shownText(page.column())}.`
      : null,
    groups.length > MOST_NAMED
      ? `More than ${MOST_NAMED} lines: coloured by their place, the best ${theme.dark ? "light" : "dark"}.`
      : null,
  ];
  return { groups: withOwnNames(groups, theme), choices, notes, empty };
}

/**
 * @param {any} data
 * @param {number[]} selected
 * @param {string} by
 * @param {string} of
 * @param {string[]} keys
 */
function choicesOfGroups(data, selected, by, of, keys) {
  if (data.jobCount === 1) return [];
  const options = [
    ["best", `the best ${USUAL_COUNT}`],
    ["all", "all that are shown"],
  ];
  if (selected.length)
    options.unshift(["selected", `${countText(selected.length, "selected job")}`]);
  const ways = [["", "configuration"], ...keys.map((key) => [key, key])];
  if (data.jobCount > data.configurationCount) ways.push(["job", "job"]);
  return [
    { kind: "one", key: "of", label: "Curves of", options, value: of },
    ...(ways.length > 1
      ? [{ kind: "one", key: "groupBy", label: "Line for each", options: ways, value: by }]
      : []),
  ];
}

/**
 * Configurations that have jobs among those given, the best first.
 *
 * @param {any} page
 * @param {number[]} jobs
 * @param {import("../drawing/colours.js").Theme} theme
 * @returns {CurveGroup[]}
 */
function configurationGroups(page, jobs, theme) {
  const data = page.document;
  /** @type {Map<number, number[]>} */
  const groups = new Map();
  for (const job of jobs) {
    const configuration = data.configuration(job);
    const group = groups.get(configuration);
    if (group) group.push(job);
    else groups.set(configuration, [job]);
  }
  const ranks = configurationRanks(data);
  const membersOf = (/** @type {number} */ configuration) => groups.get(configuration) ?? [];
  return rankedConfigurations(data, membersOf, page.column(), page.mode()).map(
    ({ configuration, jobs: members }) => ({
      name: configurationName(data, configuration),
      jobs: members,
      look: lookOf(ranks[configuration], theme),
      place: ranks[configuration],
      named: true,
    }),
  );
}

/**
 * Groups by the values of a key, or by intervals of them where there are many.
 *
 * @param {any} data
 * @param {string} key
 * @param {number[]} jobs
 * @param {import("../drawing/colours.js").Theme} theme
 * @returns {CurveGroup[]}
 */
function keyGroups(data, key, jobs, theme) {
  const cells = cellsOf(data, key);
  const bins = binsOf(distinctCells(cells), 12);
  const isSmall = bins.ends !== null;
  const { labels, binOf } = isSmall ? binsOf(distinctCells(cells), 6) : bins;
  const groups = labels.map((label, place) => ({
    name: shownText(`${key}=${label}`),
    jobs: /** @type {number[]} */ ([]),
    look: lookOf(place, theme),
    place,
    named: true,
  }));
  for (const job of jobs) groups[binOf(cells[job])]?.jobs.push(job);
  return groups.filter((group) => group.jobs.length);
}

/**
 * Every job for itself, looking as its configuration does if it is its only one here.
 *
 * @param {any} data
 * @param {number[]} jobs
 * @param {import("../drawing/colours.js").Theme} theme
 * @returns {CurveGroup[]}
 */
function jobGroups(data, jobs, theme) {
  const ranks = configurationRanks(data);
  const configurations = jobs.map((job) => data.configuration(job));
  const isAlone = new Set(configurations).size === configurations.length;
  const keys = data.columnsOf("averaged").map((/** @type {any} */ column) => column.name);
  return jobs.map((job, place) => {
    const configuration = data.configuration(job);
    const repeated = keys
      .map((/** @type {string} */ key) => `${key}=${axisText(data.cell(key, job) ?? null)}`)
      .join(", ");
    const settings = keyNames(data).length ? configurationName(data, configuration) : "";
    const text = [data.jobName(job), [settings, repeated].filter(Boolean).join(", ")];
    const look = isAlone ? ranks[configuration] : place;
    return {
      name: shownText(text.filter(Boolean).join(": ")),
      jobs: [job],
      look: lookOf(look, theme),
      place: look,
      named: true,
    };
  });
}

/**
 * Groups with names unlike each other; where they are too many to tell apart, on a scale of colours.
 *
 * @param {CurveGroup[]} groups the best first
 * @param {import("../drawing/colours.js").Theme} theme
 * @returns {CurveGroup[]}
 */
function withOwnNames(groups, theme) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  for (const group of groups) {
    const count = (seen.get(group.name) ?? 0) + 1;
    seen.set(group.name, count);
    if (count > 1) group.name = `${group.name} (${count})`;
  }
  if (groups.length <= MOST_NAMED) return groups;
  const scale = theme.dark ? COLOUR_SCALE.slice(3).reverse() : COLOUR_SCALE.slice(0, 9);
  groups.forEach((group, i) => {
    const place = Math.floor((i / groups.length) * scale.length);
    group.look = { colour: scale[place], symbol: "circle", dash: "solid" };
    group.named = false;
  });
  return groups;
}
