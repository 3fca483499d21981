// @ts-check
// Series of learning curves as ECharts takes them: means, bands, single runs.

import { prefersLog } from "../plot_data.js";
import { lastOfAll, meanCurve, measuredPoints, smoothed } from "./curve_data.js";

/** @typedef {import("./curve_groups.js").CurveGroup} CurveGroup */
/** @typedef {import("./curve_data.js").MeanCurve} MeanCurve */
/**
 * Mean of a metric over a group; `place` of the metric in its panel, `line`: the mean, smoothed.
 * @typedef {{id: string, metric: string, place: number, group: CurveGroup, mean: MeanCurve,
 *   line: number[]}} Line
 */

const DASH_OF_METRIC = ["solid", "dashed", "dotted"];
/** Single runs that are drawn at most. */
const MOST_SINGLES = 300;
/** Lines that have a band each; more could not be told apart. */
const MOST_BANDS = 24;

/** @param {number} place of a metric in its panel @returns {"solid" | "dashed" | "dotted"} */
export function dashOf(place) {
  return /** @type {any} */ (DASH_OF_METRIC[Math.min(place, DASH_OF_METRIC.length - 1)]);
}

/**
 * Whether single runs are drawn, and of how many jobs there would be.
 *
 * @param {CurveGroup[]} groups
 * @param {any} chosen
 */
export function singlesOf(groups, chosen) {
  const many = groups.filter((group) => group.jobs.length > 1);
  const count = many.reduce((sum, group) => sum + group.jobs.length, 0);
  const wanted = chosen.singles ?? (count <= MOST_SINGLES && chosen.smoothing === 0);
  return { wanted, count, share: Math.min(1, MOST_SINGLES / Math.max(1, count)) };
}

/**
 * Series of one panel, and the ends of their values.
 *
 * @param {any} data
 * @param {CurveGroup[]} groups
 * @param {string[]} panel metrics
 * @param {any} chosen
 * @param {number} axis
 */
export function panelSeries(data, groups, panel, chosen, axis) {
  const lines = panelLines(data, groups, panel, chosen);
  const log =
    chosen.logY ??
    prefersLog(
      lines.flatMap(({ mean }) => mean.mean),
      data.modeOf(panel[0]),
      0.8,
    );
  const singles = singlesOf(groups, chosen);
  const series = lines.flatMap((line) => {
    const many = line.group.jobs.length > 1;
    const hasBand =
      many && chosen.band !== "none" && groups.length <= MOST_BANDS && line.place === 0;
    return [
      ...(hasBand ? [bandSeries(line, axis, log)] : []),
      ...(many && singles.wanted ? singlesSeries(data, line, axis, singles.share) : []),
      ...meanSeries(line, axis, chosen),
    ];
  });
  return { series, lines, log, ...valueEnds(lines, log) };
}

/**
 * Jobs of a group whose curves are in its mean: those with a result; where there is none those that
 * have not ended, as far as they are; one that is alone in any case.
 *
 * @param {any} data
 * @param {number[]} jobs
 * @returns {number[]}
 */
export function jobsOfMean(data, jobs) {
  if (jobs.length === 1) return jobs;
  const measured = jobs.filter((job) => data.isMeasured(job));
  return measured.length
    ? measured
    : jobs.filter((job) => ["running", "interrupted"].includes(data.status(job)));
}

/**
 * Means of each metric over each group; jobs that diverged or failed count only where they are alone.
 *
 * @param {any} data
 * @param {CurveGroup[]} groups
 * @param {string[]} panel
 * @param {any} chosen
 * @returns {Line[]}
 */
function panelLines(data, groups, panel, chosen) {
  return panel
    .flatMap((metric, place) =>
      groups.map((group, i) => {
        const curves = jobsOfMean(data, group.jobs)
          .map((job) => curveOf(data, metric, job))
          .filter((curve) => curve !== null);
        const mean = meanCurve(curves, chosen.band);
        const line = smoothed(mean.mean, chosen.smoothing);
        return { id: `${i} ${metric}`, metric, place, group, mean, line };
      }),
    )
    .filter(({ mean }) => mean.x.length > 0);
}

/**
 * Measured points of a job's curve; null where there are none.
 *
 * @param {any} data
 * @param {string} metric
 * @param {number} job
 */
export function curveOf(data, metric, job) {
  const curve = data.curve(metric, job);
  if (!curve) return null;
  const measured = measuredPoints({ x: curve.epochs, y: curve.values });
  return measured.x.length ? measured : null;
}

/**
 * Smallest and largest value of means and their bands; above zero on a logarithmic axis.
 *
 * @param {Line[]} lines
 * @param {boolean} log
 */
function valueEnds(lines, log) {
  let low = Infinity;
  let high = -Infinity;
  for (const { mean } of lines) {
    for (let i = 0; i < mean.x.length; i++) {
      for (const value of [mean.mean[i], lowest(mean, i, log), mean.high[i]]) {
        if (log && value <= 0) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return { low, high };
}

/**
 * Lower end of a band; on a logarithmic axis at least the smallest run: there a mean less a deviation
 * may be near zero or below.
 *
 * @param {MeanCurve} mean
 * @param {number} place
 * @param {boolean} log
 */
function lowest(mean, place, log) {
  return log ? Math.max(mean.low[place], mean.least[place]) : mean.low[place];
}

/**
 * Series of a mean; from where some jobs have stopped it is dotted and paler.
 *
 * @param {Line} line
 * @param {number} axis
 * @param {any} chosen
 */
function meanSeries(line, axis, chosen) {
  const { group, mean, id, place } = line;
  const last = lastOfAll(mean);
  const dash = place > 0 ? dashOf(place) : group.look.dash;
  const common = {
    type: "line",
    name: group.name,
    xAxisIndex: axis,
    yAxisIndex: axis,
    symbol: "none",
    triggerLineEvent: true,
    itemStyle: { color: group.look.colour },
    emphasis: { disabled: true },
    z: 4,
  };
  const style = { color: group.look.colour, width: group.named ? 2.2 : 1.2, type: dash };
  const whole = last === null ? mean.x.length : last + 1;
  const series = [
    {
      ...common,
      id: `mean ${id}`,
      lineStyle: style,
      data: marked(mean.x, line.line, 0, whole, group),
    },
  ];
  if (last !== null && last + 1 < mean.x.length) {
    series.push({
      ...common,
      id: `mean ${id} some`,
      lineStyle: { ...style, type: "dotted", opacity: 0.75 },
      data: marked(mean.x, line.line, last, mean.x.length, null),
    });
  }
  if (chosen.smoothing > 0) {
    series.push({
      ...common,
      id: `raw ${id}`,
      lineStyle: { ...style, width: 1, opacity: 0.35 },
      data: marked(mean.x, mean.mean, 0, mean.x.length, null),
      z: 3,
    });
  }
  return series;
}

/**
 * Points of a line; a few of them bear the symbol of its group.
 *
 * @param {number[]} x
 * @param {number[]} y
 * @param {number} start
 * @param {number} end
 * @param {CurveGroup | null} group
 * @returns {any[]}
 */
function marked(x, y, start, end, group) {
  const points = [];
  const step = Math.max(1, Math.round((end - start) / 6));
  const first = group?.named ? Math.floor((group.place % 5) * (step / 5)) : -1;
  for (let i = start; i < end; i++) {
    const value = [x[i], y[i]];
    const bears = first >= 0 && (i - start) % step === first % step;
    if (bears || end - start === 1) {
      points.push({ value, symbol: group?.look.symbol ?? "circle", symbolSize: 8 });
    } else points.push(value);
  }
  return points;
}

/**
 * Single runs of a line's jobs, faint; those that diverged or failed are dotted.
 *
 * @param {any} data
 * @param {Line} line
 * @param {number} axis
 * @param {number} share of the jobs that are drawn
 */
function singlesSeries(data, { group, metric, place }, axis, share) {
  const most = Math.max(1, Math.floor(group.jobs.length * share));
  return group.jobs.slice(0, most).flatMap((job) => {
    const curve = curveOf(data, metric, job);
    if (!curve) return [];
    const lost = !data.isMeasured(job);
    return {
      type: "line",
      id: `single ${job} ${metric}`,
      name: group.name,
      xAxisIndex: axis,
      yAxisIndex: axis,
      symbol: "none",
      sampling: "lttb",
      triggerLineEvent: true,
      emphasis: { disabled: true },
      lineStyle: {
        color: group.look.colour,
        width: 0.8,
        opacity: lost ? 0.5 : 0.22,
        type: lost ? "dotted" : dashOf(place),
      },
      itemStyle: { color: group.look.colour },
      data: Array.from({ length: curve.x.length }, (_, i) => [curve.x[i], curve.y[i]]),
      z: 2,
    };
  });
}

/**
 * Band around a mean, one polygon.
 *
 * @param {Line} line
 * @param {number} axis
 * @param {boolean} log
 */
function bandSeries({ group, mean, id }, axis, log) {
  return {
    type: "custom",
    id: `band ${id}`,
    name: group.name,
    xAxisIndex: axis,
    yAxisIndex: axis,
    clip: true,
    silent: true,
    tooltip: { show: false },
    itemStyle: { color: group.look.colour },
    data: [[mean.x[0], mean.mean[0]]],
    z: 1,
    renderItem(/** @type {any} */ _, /** @type {any} */ api) {
      const upper = mean.x.map((x, i) => api.coord([x, mean.high[i]]));
      const lower = mean.x.map((x, i) => api.coord([x, lowest(mean, i, log)]));
      return {
        type: "polygon",
        shape: { points: [...upper, ...lower.reverse()] },
        style: { fill: group.look.colour, opacity: 0.16 },
      };
    },
  };
}
