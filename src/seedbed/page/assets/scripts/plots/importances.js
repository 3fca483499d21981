// @ts-check
// Importances: how much of the differences in each objective a key explains, as the search found.

import { numberText, shownText } from "../formats.js";
import { plotAxis, plotLegend, plotTooltip, tooltipHtml } from "./drawing/axes.js";
import { lookOf } from "./drawing/colours.js";
import { mountPlot } from "./drawing/plot.js";

/** @typedef {import("./drawing/colours.js").Theme} Theme */

/** @param {HTMLElement} place @param {import("../shell/page.js").Page} page */
export function mountImportances(place, page) {
  const known = page.document.content.importances.filter(
    (/** @type {any} */ each) => Object.keys(each.importances).length > 1,
  );
  place.hidden = known.length === 0;
  if (place.hidden) return;
  mountPlot(place, page, {
    name: "importances",
    title: "Importances of the keys",
    keys: [],
    draw: (_, theme, width) => drawImportances(known, theme, width),
    choose: () => undefined,
    click(_, event) {
      const key = event.data?.key;
      const { keyPlot } = page.state.values;
      if (key) page.state.update({ view: "keys", keyPlot: { ...keyPlot, key } });
    },
  });
}

/**
 * @param {{objective: string, importances: Record<string, number>}[]} known
 * @param {Theme} theme
 * @param {number} width
 * @returns {import("./drawing/plot.js").Drawing}
 */
function drawImportances(known, theme, width) {
  const shares = (/** @type {string} */ key) =>
    known.reduce((sum, { importances }) => sum + (importances[key] ?? 0), 0);
  const keys = Array.from(new Set(known.flatMap(({ importances }) => Object.keys(importances))));
  keys.sort((a, b) => shares(a) - shares(b));
  const several = known.length > 1;
  const longest = Math.max(...keys.map((key) => shownText(key).length));
  const left = Math.min(width * 0.42, 24 + longest * 7);
  const label = {
    show: true,
    position: "right",
    color: theme.text,
    formatter: (/** @type {any} */ event) => `${Math.round(event.value * 100)} %`,
  };
  return {
    choices: [],
    height: 96 + keys.length * (several ? 16 * known.length + 12 : 30),
    option: {
      aria: { enabled: true, label: { enabled: true } },
      legend: plotLegend(theme, { show: several }),
      grid: { left, right: 56, top: several ? 36 : 10, bottom: 50 },
      tooltip: plotTooltip(theme, (event) =>
        tooltipHtml(
          event.data.key,
          [[event.seriesName, numberText(event.value)]],
          "Click: the metric over it",
        ),
      ),
      xAxis: plotAxis(theme, {
        name: "share of the differences",
        across: true,
        least: 0,
        format: (share) => `${Math.round(share * 100)} %`,
        extra: { max: undefined },
      }),
      yAxis: {
        ...plotAxis(theme, { name: "", categories: keys.map((name) => shownText(name)) }),
        axisTick: { show: false },
        axisLabel: { color: theme.text, width: left - 14, overflow: "truncate", interval: 0 },
      },
      series: known.map(({ objective, importances }, i) => ({
        type: "bar",
        name: shownText(objective),
        barMaxWidth: 22,
        itemStyle: {
          color: lookOf(i, theme).colour,
          borderRadius: [0, 3, 3, 0],
          decal:
            i === 0
              ? undefined
              : {
                  symbol: "rect",
                  dashArrayX: [1, 0],
                  dashArrayY: [2, 4],
                  rotation: 0.8,
                  color: theme.background,
                },
        },
        label,
        data: keys.map((key) => ({ value: importances[key] ?? 0, key })),
      })),
    },
    notes: [
      "What a key explains of the differences between the trials, as the search measured it; it says nothing of keys that were not varied.",
    ],
    numbers: () => ({
      columns: ["key", ...known.map(({ objective }) => objective)],
      rows: keys
        .slice()
        .reverse()
        .map((key) => [key, ...known.map(({ importances }) => importances[key] ?? null)]),
    }),
  };
}
