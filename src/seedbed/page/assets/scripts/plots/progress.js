// @ts-check
// Best so far over the trials of searches: each trial a point, the best until then a line of steps.

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
/** @typedef {{configuration: number, jobs: number[], number: number, mean: number, count: number}} Trial */

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
 * Trials of each source in their order: jobs of one configuration are one trial.
 *
 * @param {any} data
 * @param {number[]} jobs
 * @param {string} column
 * @returns {Trial[][]}
 */
function trialsBySource(data, jobs, column) {
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
        name: "trial, in their order",
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
              .map((trial, i) => ({ value: [i + 1, edge], trial }))
              .filter(({ trial }) => Number.isNaN(trial.mean)),
          ),
        },
      ],
    },
    notes: [
      all.length < jobs.length ? "A trial is the mean of its jobs." : null,
      lost.length
        ? `Crosses at the edge: ${countText(lost.length, "trial")} without a number. ${
            leftOutText(
              data,
              lost.flatMap((trial) => trial.jobs),
            ) ?? ""
          }`
        : null,
    ],
    numbers: () => ({
      columns: ["trial", "configuration", `mean of ${column}`, "jobs", "best so far"],
      rows: trials.flatMap((list) => {
        const best = bestSoFar(
          list.map(({ mean }) => mean),
          mode,
        );
        return list.map((trial, i) => [
          i + 1,
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
 * @param {Trial[]} trials
 * @param {string} name
 * @param {import("./drawing/colours.js").Look} look
 * @param {Theme} theme
 * @param {"min" | "max" | null} mode
 * @param {Set<number>} selected
 */
function sourceSeries(trials, name, look, theme, mode, selected) {
  const best = bestSoFar(
    trials.map(({ mean }) => mean),
    mode,
  );
  const steps = [];
  best.forEach((value, i) => {
    const isStep = !Number.isNaN(value) && value !== best[i - 1];
    if (isStep || i === best.length - 1) {
      steps.push({
        value: [i + 1, value],
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
        .map((trial, i) => ({
          value: [i + 1, trial.mean],
          trial,
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
  return tooltipHtml(
    `trial ${event.value[0]}, job ${trial.number}`,
    [[column, mean], ...lines],
    "Click: select to compare",
  );
}
