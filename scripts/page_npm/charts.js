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
