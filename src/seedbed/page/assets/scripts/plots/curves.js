// @ts-check
// Learning curves: means with bands of configurations or of values of a key, single runs faint.

import { countText, numberText, shownText } from "../formats.js";
import {
  axisEnds,
  axisNumber,
  plotAxis,
  plotLegend,
  plotTooltip,
  tooltipHtml,
} from "./drawing/axes.js";
import { curveGroups } from "./learning/curve_groups.js";
import { lastOfAll } from "./learning/curve_data.js";
import { curveOf, dashOf, jobsOfMean, panelSeries, singlesOf } from "./learning/curve_series.js";
import { selectJobs, titleOf } from "./entries.js";
import { mountPlot } from "./drawing/plot.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */
/** @typedef {import("./learning/curve_groups.js").CurveGroup} CurveGroup */
/** @typedef {import("./learning/curve_series.js").Line} Line */

const BANDS = [
  ["deviation", "standard deviation"],
  ["range", "smallest to largest"],
  ["interval", "95 % interval of the mean"],
  ["none", "none"],
];
const PANEL_HEIGHT = 330;

/**
 * Show learning curves: of the jobs selected, of the best configurations, or of the jobs given.
 *
 * @param {HTMLElement} place
 * @param {import("../shell/page.js").Page} page
 * @param {{jobs?: () => number[], groups?: () => {name: string, jobs: number[]}[], keys?: string[]}}
 *   given jobs, each a curve, or groups of them, each a mean, in place of a choice; and keys of the
 *   state that these depend on
 */
export function mountCurves(place, page, given = {}) {
  /** @type {any[]} */
  let shownGroups = [];
  mountPlot(place, page, {
    name: given.jobs || given.groups ? "curves-compared" : "curves",
    title: "Learning curves",
    keys: ["curves", "groupBy", "logX", "logY", "selected", ...(given.keys ?? [])],
    choose,
    draw(_, theme, width) {
      const drawing = drawCurves(page, theme, width, given);
      shownGroups = drawing.groups ?? [];
      return drawing;
    },
    click(_, event) {
      const [kind, place_] = String(event.seriesId ?? "").split(" ");
      if (kind === "single") selectJobs(page, [Number(place_)]);
      if (kind === "mean") selectJobs(page, shownGroups[Number(place_)].jobs);
    },
    created(_, chart) {
      chart.on("legendselectchanged", (/** @type {any} */ event) => {
        const hidden = Object.keys(event.selected).filter((name) => !event.selected[name]);
        choose(page, "hidden", hidden);
      });
    },
  });
}

/**
 * @param {any} page
 * @param {string} key
 * @param {any} value
 */
function choose(page, key, value) {
  if (key === "groupBy") page.state.update({ groupBy: value || null });
  else if (key === "logX" || key === "logY") page.state.update({ [key]: value });
  else page.state.update({ curves: { ...page.state.values.curves, [key]: value } });
}

/**
 * Choices that the state has, checked: a fragment may hold anything.
 *
 * @param {any} page
 * @param {boolean} single whether one line alone would be shown
 */
function chosenOf(page, single) {
  const { curves: asked, logX, logY } = page.state.values;
  const known = page.document.curveMetrics;
  const listed = Array.isArray(asked.metrics)
    ? asked.metrics.filter((/** @type {any} */ name) => known.includes(name))
    : [];
  const objective = page.document.content.objectives[0]?.metric;
  const first = [page.metric(), objective, ...known].find((name) => known.includes(name));
  const family = known.filter((/** @type {string} */ name) => baseOf(name) === baseOf(first));
  const usual = single
    ? [first, ...family.filter((/** @type {string} */ n) => n !== first)]
    : [first];
  return {
    metrics: listed.length ? listed : usual.slice(0, 3),
    band: BANDS.some(([name]) => name === asked.band) ? asked.band : null,
    singles: typeof asked.singles === "boolean" ? asked.singles : null,
    smoothing:
      typeof asked.smoothing === "number" ? Math.min(0.99, Math.max(0, asked.smoothing)) : 0,
    hidden: Array.isArray(asked.hidden) ? asked.hidden.map(String) : [],
    logX: logX === true,
    logY: typeof logY === "boolean" ? logY : null,
  };
}

/** @param {string | undefined} metric @returns {string} */
function baseOf(metric) {
  return String(metric).slice(String(metric).lastIndexOf("/") + 1);
}

/**
 * @param {any} page
 * @param {Theme} theme
 * @param {number} width
 * @param {{jobs?: () => number[], groups?: () => {name: string, jobs: number[]}[]}} given
 * @returns {import("./drawing/plot.js").Drawing & {groups?: CurveGroup[]}}
 */
function drawCurves(page, theme, width, given) {
  const data = page.document;
  if (data.curveMetrics.length === 0) {
    return { choices: [], empty: "No curves were kept of these jobs." };
  }
  const grouped = curveGroups(page, theme, given);
  const { groups } = grouped;
  const chosen = chosenOf(page, groups.length === 1);
  if (groups.length === 0) {
    return { choices: choicesOf(page, chosen, grouped, false), empty: grouped.empty, groups };
  }
  const panels = panelsOf(chosen.metrics);
  const hasLegend = groups.length > 1 && groups.every((group) => group.named);
  const layout = layoutOf(panels.length, hasLegend, width);
  /** @type {any[]} */
  const series = [];
  /** @type {Line[]} */
  const lines = [];
  const { band, drawings } = drawnWithBand(data, groups, panels, chosen);
  chosen.band = band;
  const choices = choicesOf(page, chosen, grouped, drawings[0].log);
  const axes = panels.map((panel, i) => {
    const drawn = drawings[i];
    series.push(...drawn.series);
    lines.push(...drawn.lines);
    const title = panel.length === 1 ? titleOf(data, panel[0]) : panelTitle(data, panel);
    return plotAxis(theme, {
      name: title,
      log: drawn.log,
      ...axisEnds(drawn.low, drawn.high, drawn.log),
      extra: { gridIndex: i },
    });
  });
  const singles = singlesOf(groups, chosen);
  const option = {
    aria: { enabled: true, label: { description: curvesDescription(data, chosen, groups) } },
    grid: layout.grids,
    legend: legendOf(theme, groups, chosen, hasLegend),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      ...plotTooltip(theme, (events) => tooltipOf(data, lines, events, chosen), "axis"),
      axisPointer: { type: "line", lineStyle: { color: theme.muted } },
    },
    xAxis: panels.map((_, i) =>
      plotAxis(theme, {
        name: i === panels.length - 1 ? data.content.curves.unit : "",
        log: chosen.logX,
        across: true,
        edges: true,
        ...epochEnds(lines, chosen.logX),
        extra: { gridIndex: i, splitLine: { show: false }, minInterval: 1 },
      }),
    ),
    yAxis: axes,
    dataZoom: [
      {
        type: "inside",
        xAxisIndex: panels.map((_, i) => i),
        filterMode: "none",
        zoomOnMouseWheel: "ctrl",
      },
    ],
    series,
  };
  return {
    choices,
    option,
    groups,
    height: layout.height,
    notes: [
      data.curveMetrics.includes(page.metric()) || Array.isArray(page.state.values.curves.metrics)
        ? null
        : `${shownText(page.metric())} has no curve: ${chosen.metrics.map((/** @type {string} */ name) => shownText(name)).join(", ")} instead.`,
      ...grouped.notes,
      ...notesOf(data, grouped, chosen, lines, singles),
    ],
    numbers: () => numbersOfLines(data, lines, chosen),
  };
}

/**
 * Panels with the band that is chosen. As long as nobody chose, it is the standard deviation, but on a
 * logarithmic axis where that would reach to zero, the interval of the mean.
 *
 * @param {any} data
 * @param {CurveGroup[]} groups
 * @param {string[][]} panels
 * @param {any} chosen
 */
function drawnWithBand(data, groups, panels, chosen) {
  const drawn = (/** @type {string} */ band) =>
    panels.map((panel, i) => panelSeries(data, groups, panel, { ...chosen, band }, i));
  if (chosen.band) return { band: chosen.band, drawings: drawn(chosen.band) };
  const drawings = drawn("deviation");
  const reachesZero = drawings.some(
    ({ log, lines }) => log && lines.some(({ mean }) => mean.low.some((value) => value <= 0)),
  );
  return reachesZero
    ? { band: "interval", drawings: drawn("interval") }
    : { band: "deviation", drawings };
}

/**
 * Metrics by panels: those with the same name after the split share one, as train and val loss.
 *
 * @param {string[]} metrics
 * @returns {string[][]}
 */
function panelsOf(metrics) {
  /** @type {Map<string, string[]>} */
  const panels = new Map();
  for (const metric of metrics) {
    panels.set(baseOf(metric), [...(panels.get(baseOf(metric)) ?? []), metric]);
  }
  return Array.from(panels.values());
}

/** @param {any} data @param {string[]} panel */
function panelTitle(data, panel) {
  const strokes = { solid: "—", dashed: "- -", dotted: "···" };
  const names = panel.map((metric, i) => `${shownText(metric)} ${strokes[dashOf(i)]}`);
  const words = titleOf(data, panel[0]).slice(shownText(panel[0]).length);
  return names.join(", ") + words;
}

/**
 * @param {number} panels
 * @param {boolean} hasLegend
 * @param {number} width
 */
function layoutOf(panels, hasLegend, width) {
  const top = hasLegend ? 40 : 16;
  const grids = Array.from({ length: panels }, (_, i) => ({
    left: width < 480 ? 58 : 70,
    right: 18,
    top: top + i * PANEL_HEIGHT,
    height: PANEL_HEIGHT - 60,
  }));
  return { grids, height: top + panels * PANEL_HEIGHT - 2 };
}

/**
 * @param {Theme} theme
 * @param {CurveGroup[]} groups
 * @param {any} chosen
 * @param {boolean} hasLegend
 */
function legendOf(theme, groups, chosen, hasLegend) {
  return plotLegend(theme, {
    show: hasLegend,
    selected: Object.fromEntries(chosen.hidden.map((/** @type {string} */ name) => [name, false])),
    data: groups.map((group) => ({
      name: group.name,
      icon: group.look.symbol,
      itemStyle: { color: group.look.colour },
    })),
  });
}

/** @param {Line[]} lines @param {boolean} log */
function epochEnds(lines, log) {
  let least = Infinity;
  let most = -Infinity;
  for (const { mean } of lines) {
    const first = mean.x.find((epoch) => !log || epoch > 0) ?? Infinity;
    least = Math.min(least, first);
    most = Math.max(most, mean.x[mean.x.length - 1]);
  }
  return least < most ? { least, most } : { least: undefined, most: undefined };
}

/**
 * @param {any} data
 * @param {Line[]} lines
 * @param {any} events
 * @param {any} chosen
 */
function tooltipOf(data, lines, events, chosen) {
  const first = Array.isArray(events) ? events[0] : events;
  const epoch = Number(first?.axisValue);
  if (!Number.isFinite(epoch)) return "";
  const metrics = new Set(lines.map((line) => line.metric));
  /** @type {{order: number, name: string, text: string, colour: string}[]} */
  const rows = [];
  for (const line of lines) {
    if (chosen.hidden.includes(line.group.name)) continue;
    const place = nearestPlace(line.mean.x, epoch);
    if (place < 0) continue;
    const value = line.line[place];
    const half = chosen.band === "deviation" || chosen.band === "interval";
    const spread = half
      ? ` ± ${halfText(line.mean.mean[place], line.mean.high[place])}`
      : chosen.band === "range"
        ? ` (${numberText(line.mean.low[place])} to ${numberText(line.mean.high[place])})`
        : "";
    const count = line.mean.count[place];
    const text =
      numberText(Number(value.toPrecision(5))) + (count > 1 ? `${spread}, n = ${count}` : "");
    const name = metrics.size > 1 ? `${line.metric}  ${line.group.name}` : line.group.name;
    rows.push({ order: value, name, text, colour: line.group.look.colour });
  }
  const mode = data.modeOf(lines[0]?.metric ?? "");
  if (metrics.size === 1)
    rows.sort((a, b) => (mode === "max" ? b.order - a.order : a.order - b.order));
  const most = 14;
  const left = rows.length - most;
  return tooltipHtml(
    `${data.content.curves.unit} ${axisNumber(Math.round(epoch))}`,
    rows.slice(0, most).map(({ name, text, colour }) => [name, text, colour]),
    left > 0 ? `and ${left} more` : "",
  );
}

/**
 * Place of the epoch nearest to one; -1 beyond the curve's ends.
 *
 * @param {number[]} x rising
 * @param {number} epoch
 */
function nearestPlace(x, epoch) {
  if (x.length === 0 || epoch > x[x.length - 1] + 0.5 || epoch < x[0] - 0.5) return -1;
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < epoch) low = middle + 1;
    else high = middle;
  }
  return low > 0 && epoch - x[low - 1] < x[low] - epoch ? low - 1 : low;
}

/**
 * @param {any} page
 * @param {any} chosen
 * @param {any} grouped
 * @param {boolean} log whether the first panel is logarithmic
 * @returns {import("./drawing/controls.js").Choice[]}
 */
function choicesOf(page, chosen, grouped, log) {
  const names = page.document.curveMetrics.map((/** @type {string} */ name) => [name, name]);
  const hasMany = grouped.groups.some((/** @type {CurveGroup} */ group) => group.jobs.length > 1);
  return [
    { kind: "some", key: "metrics", label: "Metrics", options: names, value: chosen.metrics },
    ...grouped.choices,
    ...(hasMany
      ? [
          {
            kind: "one",
            key: "band",
            label: "Band",
            options: BANDS,
            value: chosen.band ?? "deviation",
          },
          {
            kind: "switch",
            key: "singles",
            label: "single runs",
            value: singlesOf(grouped.groups, chosen).wanted,
          },
        ]
      : []),
    { kind: "switch", key: "logY", label: "log values", value: log },
    {
      kind: "switch",
      key: "logX",
      label: `log ${page.document.content.curves.unit}s`,
      value: chosen.logX,
    },
    {
      kind: "range",
      key: "smoothing",
      label: "Smoothing",
      least: 0,
      most: 0.98,
      step: 0.02,
      value: chosen.smoothing,
    },
  ];
}

/**
 * What to know about the curves, in words.
 *
 * @param {any} data
 * @param {any} grouped
 * @param {any} chosen
 * @param {Line[]} lines
 * @param {{wanted: boolean, count: number, share: number}} singles
 */
function notesOf(data, grouped, chosen, lines, singles) {
  const jobs = grouped.groups.flatMap((/** @type {CurveGroup} */ group) => group.jobs);
  const has = (/** @type {number} */ job) =>
    chosen.metrics.some((/** @type {string} */ metric) => curveOf(data, metric, job));
  const without = jobs.filter((/** @type {number} */ job) => !has(job)).length;
  const counted = new Set(
    grouped.groups.flatMap((/** @type {CurveGroup} */ group) => jobsOfMean(data, group.jobs)),
  );
  const lost = jobs.filter((/** @type {number} */ job) => has(job) && !counted.has(job));
  const going = jobs.filter(
    (/** @type {number} */ job) => has(job) && counted.has(job) && !data.isMeasured(job),
  );
  const stopped = lines.filter(({ mean }) => lastOfAll(mean) !== null);
  const several = grouped.groups.some((/** @type {CurveGroup} */ group) => group.jobs.length > 1);
  return [
    without
      ? `${without.toLocaleString("en")} of these ${countText(jobs.length, "job")} without a curve of ${chosen.metrics.map((/** @type {string} */ name) => shownText(name)).join(", ")}.`
      : null,
    data.content.curves.thinned ? `Thinned: ${shownText(data.content.curves.thinned)}.` : null,
    several && lost.length
      ? `${countText(lost.length, "job")} that diverged, failed or did not end ${lost.length === 1 ? "is" : "are"} in no mean${singles.wanted ? ": drawn dotted" : ""}.`
      : null,
    several && going.length
      ? `${countText(going.length, "job")} not ended: ${going.length === 1 ? "its curve is" : "their curves and means are"} no results yet.`
      : null,
    stopped.length ? "Dotted ends: means of fewer jobs, as the others had stopped." : null,
    singles.wanted && singles.share < 1
      ? `Single runs: ${Math.round(singles.count * singles.share).toLocaleString("en")} of ${singles.count.toLocaleString("en")} are drawn; means are of all.`
      : null,
    chosen.smoothing > 0
      ? "Smoothed by an exponential moving average; the means themselves are faint."
      : null,
  ];
}

/**
 * @param {any} data
 * @param {any} chosen
 * @param {CurveGroup[]} groups
 */
function curvesDescription(data, chosen, groups) {
  const names = groups
    .slice(0, 10)
    .map((group) => group.name)
    .join("; ");
  return `Learning curves of ${chosen.metrics.map((/** @type {string} */ name) => shownText(name)).join(", ")} over ${data.content.curves.unit}s. ${countText(groups.length, "line")}: ${names}. The button Numbers shows their values.`;
}

/**
 * @param {any} data
 * @param {Line[]} lines
 * @param {any} chosen
 * @returns {import("./drawing/plot.js").Numbers}
 */
function numbersOfLines(data, lines, chosen) {
  const columns = ["curve", "metric", data.content.curves.unit, "mean", "low", "high", "jobs"];
  const rows = lines.flatMap(({ group, metric, mean }) => {
    const step = Math.max(1, Math.ceil(mean.x.length / 20));
    return mean.x
      .map((x, i) => [
        group.name,
        metric,
        x,
        mean.mean[i],
        mean.low[i],
        mean.high[i],
        mean.count[i],
      ])
      .filter((_, i) => i % step === 0 || i === mean.x.length - 1);
  });
  return {
    columns: chosen.band === "none" ? columns.filter((c) => c !== "low" && c !== "high") : columns,
    rows: chosen.band === "none" ? rows.map((row) => [...row.slice(0, 4), row[6]]) : rows,
  };
}

/** Half of a band as a text. @param {number} mean @param {number} high */
export function halfText(mean, high) {
  const half = high - mean;
  // Less is what adding up has rounded.
  return numberText(half < 1e-12 * Math.abs(mean) ? 0 : Number(half.toPrecision(3)));
}
