// @ts-check
// Best so far over the trials of searches: each trial a point, the best until then a line of steps.

import { rankedConfigurations } from "../configurations.js";
import { countText, shownText } from "../formats.js";
import { axisEnds, plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import { CROSS, lookOf } from "./drawing/colours.js";
import {
  configurationLines,
  configurationMeans,
  configurationName,
  leftOutText,
  meanText,
  selectJobs,
  titleOf,
} from "./entries.js";
import { mountPlot } from "./drawing/plot.js";
import { bestSoFar, prefersLog } from "./plot_data.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */
/**
 * Trial: its configuration, its jobs and the number of the first, their mean and of how many it is;
 * `unfit`: why it cannot be the best.
 * @typedef {{configuration: number, jobs: number[], number: number, mean: number, count: number,
 *   unfit: string[]}} Trial
 */

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountProgress(place, page) {
  const searches = page.document.content.sources.filter(
    (/** @type {any} */ source) => source.search,
  );
  place.hidden = searches.length === 0;
  if (place.hidden) return;
  mountPlot(place, page, {
    name: "progress",
    title: "Best so far",
    keys: ["progress", "selected"],
    draw: drawProgress,
    choose: (_, key, value) =>
      page.state.update({ progress: { ...page.state.values.progress, [key]: value } }),
    click(_, event) {
      if (event.data?.trial) selectJobs(page, event.data.trial.jobs);
    },
  });
}

/**
 * Why configurations cannot be the best, though they have a number.
 *
 * @param {any} data
 * @param {number[]} jobs
 * @param {string} column
 * @returns {Map<number, string[]>}
 */
function unfitOf(data, jobs, column) {
  const shown = new Set(jobs);
  const jobsOf = (/** @type {number} */ configuration) =>
    data.jobsOf[configuration].filter((/** @type {number} */ job) => shown.has(job));
  const ranked = rankedConfigurations(data, jobsOf, column, data.modeOf(column));
  return new Map(ranked.map(({ configuration, unfit }) => [configuration, unfit]));
}

/**
 * Trials of each source in their order: jobs of one configuration are one trial.
 *
 * @param {any} data
 * @param {number[]} jobs
 * @param {string} column
 * @returns {Trial[][]}
 */
function trialsBySource(data, jobs, column) {
  const unfit = unfitOf(data, jobs, column);
  const { source, number } = data.content.jobs;
  return data.content.sources.map((/** @type {any} */ _, /** @type {number} */ place) => {
    const own = jobs.filter((job) => source[job] === place);
    const { mean, count } = configurationMeans(data, column, own);
    /** @type {Map<number, number[]>} */
    const groups = new Map();
    for (const job of own) {
      const group = groups.get(data.configuration(job));
      if (group) group.push(job);
      else groups.set(data.configuration(job), [job]);
    }
    return Array.from(groups, ([configuration, members]) => ({
      configuration,
      jobs: members,
      number: members.reduce((least, job) => Math.min(least, number[job]), Infinity),
      mean: mean[configuration],
      count: count[configuration],
      unfit: unfit.get(configuration) ?? [],
    })).sort((a, b) => a.number - b.number);
  });
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawProgress(page, theme, width) {
  const data = page.document;
  const column = page.column();
  const mode = data.modeOf(column);
  const jobs = page.filtered().jobs;
  const trials = trialsBySource(data, jobs, column);
  const all = trials.flat();
  const means = all.map(({ mean }) => mean).filter(Number.isFinite);
  const asked = page.state.values.progress.logY;
  const log = typeof asked === "boolean" ? asked : prefersLog(means, mode);
  const choices = [
    { kind: /** @type {const} */ ("switch"), key: "logY", label: "log values", value: log },
  ];
  if (means.length === 0) return { choices, empty: "No trial that is shown has a number." };
  const low = means.reduce((a, b) => Math.min(a, b));
  const high = means.reduce((a, b) => Math.max(a, b));
  const selected = new Set(page.state.values.selected);
  const sources = data.content.sources;
  const several = trials.filter((list) => list.length).length > 1;
  const ends = axisEnds(low, high, log);
  const lost = all.filter(({ mean }) => Number.isNaN(mean));
  const out = all.filter(({ mean, unfit }) => !Number.isNaN(mean) && unfit.length);
  const edge = mode === "max" ? ends.least : ends.most;
  return {
    choices,
    height: 340,
    option: {
      aria: {
        enabled: true,
        label: {
          description: `Best ${shownText(column)} so far over ${all.length} trials. The button Numbers shows them.`,
        },
      },
      legend: plotLegend(theme, { show: several }),
      grid: { left: width < 480 ? 58 : 72, right: 20, top: several ? 36 : 14, bottom: 54 },
      tooltip: plotTooltip(theme, (event) => trialText(data, event, column)),
      xAxis: plotAxis(theme, {
        name: all.length < jobs.length ? "first job of the trial" : "job",
        across: true,
        extra: { min: 0, minInterval: 1 },
      }),
      yAxis: plotAxis(theme, { name: titleOf(data, column), log, ...ends }),
      series: [
        ...trials.flatMap((list, place) => {
          const name = several ? shownText(sources[place].name) : "best so far";
          return list.length
            ? sourceSeries(list, name, lookOf(place, theme), theme, mode, selected)
            : [];
        }),
        {
          type: "scatter",
          symbol: CROSS,
          symbolSize: 9,
          itemStyle: { color: theme.worse },
          data: trials.flatMap((list) =>
            list
              .map((trial) => ({ value: [trial.number, edge], trial }))
              .filter(({ trial }) => Number.isNaN(trial.mean)),
          ),
        },
      ],
    },
    notes: [
      all.length < jobs.length ? "A trial is the mean of its jobs." : null,
      lost.length
        ? `Crosses at the edge: ${countText(lost.length, "trial")} without a number.`
        : null,
      leftOutText(
        data,
        lost.flatMap((trial) => trial.jobs),
      ),
      out.length
        ? `Crosses: ${countText(out.length, "trial")} that cannot be the best, as each says (constraints, folds or jobs are missed).`
        : null,
    ],
    numbers: () => ({
      columns: ["first job", "configuration", `mean of ${column}`, "jobs", "best so far"],
      rows: trials.flatMap((list) => {
        const best = bestOf(list, mode);
        return list.map((trial, i) => [
          trial.number,
          configurationName(data, trial.configuration),
          trial.mean,
          trial.count,
          best[i],
        ]);
      }),
    }),
  };
}

/**
 * Best mean up to each trial, of those that can be the best.
 *
 * @param {Trial[]} trials
 * @param {"min" | "max" | null} mode
 */
function bestOf(trials, mode) {
  return bestSoFar(
    trials.map(({ mean, unfit }) => (unfit.length ? NaN : mean)),
    mode,
  );
}

/**
 * @param {Trial[]} trials
 * @param {string} name
 * @param {import("./drawing/colours.js").Look} look
 * @param {Theme} theme
 * @param {"min" | "max" | null} mode
 * @param {Set<number>} selected
 */
function sourceSeries(trials, name, look, theme, mode, selected) {
  const best = bestOf(trials, mode);
  const steps = [];
  best.forEach((value, i) => {
    const isStep = !Number.isNaN(value) && value !== best[i - 1];
    if (isStep || i === best.length - 1) {
      steps.push({
        value: [trials[i].number, value],
        trial: isStep ? trials[i] : null,
        symbolSize: isStep ? 9 : 0,
      });
    }
  });
  return [
    {
      type: "scatter",
      name,
      symbol: look.symbol,
      symbolSize: 6,
      itemStyle: { color: look.colour, opacity: 0.5 },
      z: 2,
      data: trials
        .map((trial) => ({
          value: [trial.number, trial.mean],
          trial,
          ...(trial.unfit.length ? { symbol: CROSS, itemStyle: { color: theme.worse } } : {}),
          ...(trial.jobs.some((job) => selected.has(job))
            ? { symbolSize: 13, itemStyle: { opacity: 1, borderColor: theme.text, borderWidth: 2 } }
            : {}),
        }))
        .filter(({ trial }) => !Number.isNaN(trial.mean)),
    },
    {
      type: "line",
      name,
      step: "end",
      symbol: look.symbol,
      itemStyle: { color: look.colour },
      lineStyle: { color: look.colour, width: 2, type: look.dash },
      emphasis: { disabled: true },
      z: 3,
      data: steps,
    },
  ];
}

/** @param {any} data @param {any} event @param {string} column */
function trialText(data, event, column) {
  const trial = event.data?.trial;
  if (!trial) return "";
  const lines = configurationLines(data, trial.configuration);
  const mean = Number.isNaN(trial.mean)
    ? data.status(trial.jobs[0]).replaceAll("_", " ")
    : meanText(trial.mean, trial.count);
  const reasons = trial.unfit.length ? `: cannot be the best, ${trial.unfit.join(", ")}` : "";
  return tooltipHtml(
    `job ${trial.number}${reasons}`,
    [[column, mean], ...lines],
    "Click: select to compare",
  );
}
