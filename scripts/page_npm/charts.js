// What the page draws with: Apache ECharts, of it what the views use.
import {
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ParallelChart,
  ScatterChart,
} from "echarts/charts";
import {
  AriaComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  ParallelComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import { getInstanceByDom, init, registerTheme, use } from "echarts/core";
import { LabelLayout, ScatterJitter } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
import LRU from "zrender/lib/core/LRU.js";

// Its caches have texts as the keys of plain objects. A text may be `__proto__` or `constructor`:
// with a sign before it no text is a name that objects have.
const { get, put } = LRU.prototype;
LRU.prototype.get = function (key) {
  return get.call(this, `:${key}`);
};
LRU.prototype.put = function (key, value) {
  return put.call(this, `:${key}`, value);
};

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  CustomChart,
  DataZoomInsideComponent,
  GridComponent,
  HeatmapChart,
  LabelLayout,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  ParallelChart,
  ParallelComponent,
  ScatterChart,
  ScatterJitter,
  TooltipComponent,
  VisualMapComponent,
]);
const echarts = { getInstanceByDom, init, registerTheme };
globalThis.seedbedLibraries = { ...globalThis.seedbedLibraries, echarts };
