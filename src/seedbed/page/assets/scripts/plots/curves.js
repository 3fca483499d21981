// @ts-check
// Learning curves: means with bands of configurations or of values of a key, single runs faint.

import { countText, numberText, shownText } from "../formats.js";
import { axisEnds, axisNumber, plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./axes.js";
import { curveGroups } from "./curve_groups.js";
import { lastOfAll, meanCurve, measuredPoints, smoothed } from "./curve_data.js";
import { selectJobs, titleOf } from "./entries.js";
import { mountPlot } from "./plot.js";
import { spansDecades } from "./plot_data.js";

/** @typedef {import("./colours.js").Theme} Theme */
/** @typedef {import("./curve_groups.js").CurveGroup} CurveGroup */
/** @typedef {import("./curve_data.js").MeanCurve} MeanCurve */
/** @typedef {{metric: string, group: CurveGroup, mean: MeanCurve, line: number[]}} Line */

const BANDS = [
  ["deviation", "standard deviation"],
  ["range", "smallest to largest"],
  ["interval", "95 % interval of the mean"],
  ["none", "none"],
];
const DASH_OF_METRIC = ["solid", "dashed", "dotted"];
/** Single runs that are drawn at most. */
const MOST_SINGLES = 300;
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
 * @param {boolean} single whether one job alone is shown
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
  const usual = single ? [first, ...family.filter((/** @type {string} */ n) => n !== first)] : [first];
  return {
    metrics: listed.length ? listed : usual.slice(0, 3),
    band: BANDS.some(([name]) => name === asked.band) ? asked.band : "deviation",
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
 * @returns {import("./plot.js").Drawing & {groups?: CurveGroup[]}}
 */
function drawCurves(page, theme, width, given) {
  const data = page.document;
  if (data.curveMetrics.length === 0) {
    return { choices: [], empty: "No curves were kept of these jobs." };
  }
  const grouped = curveGroups(page, theme, given);
  const { groups } = grouped;
  const chosen = chosenOf(page, groups.length === 1 && groups[0].jobs.length === 1);
  const choices = choicesOf(page, chosen, grouped);
  if (groups.length === 0) return { choices, empty: grouped.empty, groups };
  const panels = panelsOf(chosen.metrics);
  const layout = layoutOf(panels.length, groups.length, width);
  /** @type {any[]} */
  const series = [];
  /** @type {Line[]} */
  const lines = [];
  const axes = panels.map((panel, i) => {
    const drawn = panelSeries(data, groups, panel, chosen, i);
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
    legend: legendOf(theme, groups, chosen),
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
        extra: { gridIndex: i, splitLine: { show: false } },
      }),
    ),
    yAxis: axes,
    dataZoom: [{ type: "inside", xAxisIndex: panels.map((_, i) => i), filterMode: "none", zoomOnMouseWheel: "ctrl" }],
    series,
  };
  return {
    choices,
    option,
    groups,
    height: layout.height,
    notes: [...grouped.notes, ...notesOf(data, grouped, chosen, lines, singles)],
    numbers: () => numbersOfLines(data, lines, chosen),
  };
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

/** @param {number} place of a metric in its panel @returns {"solid" | "dashed" | "dotted"} */
function dashOf(place) {
  return /** @type {any} */ (DASH_OF_METRIC[Math.min(place, DASH_OF_METRIC.length - 1)]);
}

/**
 * @param {number} panels
 * @param {number} groups
 * @param {number} width
 */
function layoutOf(panels, groups, width) {
  const top = groups > 1 ? 40 : 16;
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
 */
function legendOf(theme, groups, chosen) {
  return plotLegend(theme, {
    show: groups.length > 1 && groups.every((group) => group.named),
    selected: Object.fromEntries(chosen.hidden.map((/** @type {string} */ name) => [name, false])),
    data: groups.map((group) => ({
      name: group.name,
      icon: group.look.symbol,
      itemStyle: { color: group.look.colour },
    })),
  });
}

/**
 * Whether single runs are drawn, and of how many jobs there would be.
 *
 * @param {CurveGroup[]} groups
 * @param {any} chosen
 */
function singlesOf(groups, chosen) {
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
 * @param {string[]} panel
 * @param {any} chosen
 * @param {number} axis
 */
function panelSeries(data, groups, panel, chosen, axis) {
  const singles = singlesOf(groups, chosen);
  /** @type {Line[]} */
  const lines = [];
  /** @type {any[]} */
  const series = [];
  panel.forEach((metric, place) => {
    groups.forEach((group, i) => {
      const curves = group.jobs.map((job) => ({ job, curve: curveOf(data, metric, job) }));
      const counted = curves.filter(({ job, curve }) => curve && (data.isMeasured(job) || group.jobs.length === 1));
      const mean = meanCurve(counted.map(({ curve }) => /** @type {any} */ (curve)), chosen.band);
      if (mean.x.length === 0) return;
      const line = { metric, group, mean, line: smoothed(mean.mean, chosen.smoothing) };
      lines.push(line);
      const id = `${i} ${metric}`;
      if (group.jobs.length > 1 && chosen.band !== "none" && groups.length <= 24 && place === 0) {
        series.push(bandSeries(line, id, axis));
      }
      if (group.jobs.length > 1 && singles.wanted) {
        const most = Math.max(1, Math.floor(group.jobs.length * singles.share));
        for (const { job, curve } of curves.slice(0, most)) {
          if (curve) series.push(singleSeries(data, group, job, metric, curve, axis, place));
        }
      }
      series.push(...meanSeries(line, id, axis, place, chosen));
    });
  });
  const values = lines.flatMap(({ mean }) => mean.mean);
  const log = chosen.logY ?? spansDecades(values);
  return { series, lines, log, ...valueEnds(lines, log) };
}

/**
 * @param {any} data
 * @param {string} metric
 * @param {number} job
 */
function curveOf(data, metric, job) {
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
      for (const value of [mean.mean[i], mean.low[i], mean.high[i]]) {
        // A band that reaches below zero does not ask for more decades than the means.
        if (log && (value <= 0 || value < mean.mean[i] / 10)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return { low, high };
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
 * Series of a mean; from where some jobs have stopped it is dotted and paler.
 *
 * @param {Line} line
 * @param {string} id
 * @param {number} axis
 * @param {number} place of the metric in its panel
 * @param {any} chosen
 */
function meanSeries(line, id, axis, place, chosen) {
  const { group, mean } = line;
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
 * @param {any} data
 * @param {CurveGroup} group
 * @param {number} job
 * @param {string} metric
 * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} curve
 * @param {number} axis
 * @param {number} place
 */
function singleSeries(data, group, job, metric, curve, axis, place) {
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
}

/**
 * Band around a mean, one polygon.
 *
 * @param {Line} line
 * @param {string} id
 * @param {number} axis
 */
function bandSeries({ group, mean }, id, axis) {
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
      const floor = api.coord([mean.x[0], mean.mean[0]])[1] + 1e5;
      const point = (/** @type {number} */ x, /** @type {number} */ y) => {
        const [left, top] = api.coord([x, y]);
        return [left, Number.isFinite(top) ? top : floor];
      };
      const upper = mean.x.map((x, i) => point(x, mean.high[i]));
      const lower = mean.x.map((x, i) => point(x, mean.low[i]));
      return {
        type: "polygon",
        shape: { points: [...upper, ...lower.reverse()] },
        style: { fill: group.look.colour, opacity: 0.16 },
      };
    },
  };
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
  /** @type {{order: number, name: string, text: string}[]} */
  const rows = [];
  for (const line of lines) {
    if (chosen.hidden.includes(line.group.name)) continue;
    const place = nearestPlace(line.mean.x, epoch);
    if (place < 0) continue;
    const value = line.line[place];
    const half = chosen.band === "deviation" || chosen.band === "interval";
    const spread = half
      ? ` ± ${numberText(Number((line.mean.high[place] - line.mean.mean[place]).toPrecision(3)))}`
      : chosen.band === "range"
        ? ` (${numberText(line.mean.low[place])} to ${numberText(line.mean.high[place])})`
        : "";
    const count = line.mean.count[place];
    const text = numberText(Number(value.toPrecision(5))) + (count > 1 ? `${spread}, n = ${count}` : "");
    const name = metrics.size > 1 ? `${line.metric}  ${line.group.name}` : line.group.name;
    rows.push({ order: value, name, text });
  }
  const mode = data.modeOf(lines[0]?.metric ?? "");
  if (metrics.size === 1) rows.sort((a, b) => (mode === "max" ? b.order - a.order : a.order - b.order));
  const most = 14;
  const left = rows.length - most;
  return tooltipHtml(
    `${data.content.curves.unit} ${axisNumber(Math.round(epoch))}`,
    rows.slice(0, most).map(({ name, text }) => [name, text]),
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
 * @returns {import("./controls.js").Choice[]}
 */
function choicesOf(page, chosen, grouped) {
  const names = page.document.curveMetrics.map((/** @type {string} */ name) => [name, name]);
  const hasMany = grouped.groups.some((/** @type {CurveGroup} */ group) => group.jobs.length > 1);
  const values = chosen.logY;
  return [
    { kind: "some", key: "metrics", label: "Metrics", options: names, value: chosen.metrics },
    ...grouped.choices,
    ...(hasMany
      ? [
          { kind: "one", key: "band", label: "Band", options: BANDS, value: chosen.band },
          {
            kind: "switch",
            key: "singles",
            label: "single runs",
            value: singlesOf(grouped.groups, chosen).wanted,
          },
        ]
      : []),
    { kind: "switch", key: "logY", label: "log values", value: values ?? logByData(page, chosen, grouped) },
    { kind: "switch", key: "logX", label: `log ${page.document.content.curves.unit}s`, value: chosen.logX },
    { kind: "range", key: "smoothing", label: "Smoothing", least: 0, most: 0.98, step: 0.02, value: chosen.smoothing },
  ];
}

/**
 * Whether the first panel is logarithmic as long as nobody chose.
 *
 * @param {any} page
 * @param {any} chosen
 * @param {any} grouped
 */
function logByData(page, chosen, grouped) {
  const panel = panelsOf(chosen.metrics)[0];
  return panelSeries(page.document, grouped.groups, panel, { ...chosen, logY: null, band: "none", singles: false }, 0).log;
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
  const has = (/** @type {number} */ job) => chosen.metrics.some((/** @type {string} */ metric) => data.curve(metric, job));
  const without = jobs.filter((/** @type {number} */ job) => !has(job)).length;
  const lost = jobs.filter((/** @type {number} */ job) => has(job) && !data.isMeasured(job));
  const stopped = lines.filter(({ mean }) => lastOfAll(mean) !== null);
  const several = grouped.groups.some((/** @type {CurveGroup} */ group) => group.jobs.length > 1);
  return [
    without ? `Curves were kept of ${(jobs.length - without).toLocaleString("en")} of these ${countText(jobs.length, "job")}.` : null,
    data.content.curves.thinned ? `Thinned: ${shownText(data.content.curves.thinned)}.` : null,
    several && lost.length
      ? `${countText(lost.length, "job")} that diverged, failed or did not end ${lost.length === 1 ? "is" : "are"} in no mean${singles.wanted ? ": drawn dotted" : ""}.`
      : null,
    stopped.length ? "Dotted ends: means of fewer jobs, as the others had stopped." : null,
    singles.wanted && singles.share < 1
      ? `Single runs: ${Math.round(singles.count * singles.share).toLocaleString("en")} of ${singles.count.toLocaleString("en")} are drawn; means are of all.`
      : null,
    chosen.smoothing > 0 ? "Smoothed by an exponential moving average; the means themselves are faint." : null,
  ];
}

/**
 * @param {any} data
 * @param {any} chosen
 * @param {CurveGroup[]} groups
 */
function curvesDescription(data, chosen, groups) {
  const names = groups.slice(0, 10).map((group) => group.name).join("; ");
  return `Learning curves of ${chosen.metrics.map((/** @type {string} */ name) => shownText(name)).join(", ")} over ${data.content.curves.unit}s. ${countText(groups.length, "line")}: ${names}. The button Numbers shows their values.`;
}

/**
 * @param {any} data
 * @param {Line[]} lines
 * @param {any} chosen
 * @returns {import("./plot.js").Numbers}
 */
function numbersOfLines(data, lines, chosen) {
  const columns = ["curve", "metric", data.content.curves.unit, "mean", "low", "high", "jobs"];
  const rows = lines.flatMap(({ group, metric, mean }) => {
    const step = Math.max(1, Math.ceil(mean.x.length / 20));
    return mean.x
      .map((x, i) => [group.name, metric, x, mean.mean[i], mean.low[i], mean.high[i], mean.count[i]])
      .filter((_, i) => i % step === 0 || i === mean.x.length - 1);
  });
  return { columns: chosen.band === "none" ? columns.filter((c) => c !== "low" && c !== "high") : columns, rows: chosen.band === "none" ? rows.map((row) => [...row.slice(0, 4), row[6]]) : rows };
}
