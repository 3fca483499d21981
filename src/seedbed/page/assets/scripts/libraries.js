// @ts-check
// Libraries of the page, from npm: the scripts in libraries/ run first and leave them here.

/** @type {{ echarts: any, Tabulator: any, jsep: any, tCdf: Function, tQuantile: Function }} */
const loaded = /** @type {any} */ (globalThis).seedbedLibraries ?? {};

// ECharts: `init(element)` gives a chart.
export const echarts = loaded.echarts;
// The table.
export const Tabulator = loaded.Tabulator;
// Parser of expressions: a text gives a tree.
export const jsep = loaded.jsep;
// Student's t: `tCdf(x, degrees)` and its inverse `tQuantile(share, degrees)`.
export const tCdf = loaded.tCdf;
export const tQuantile = loaded.tQuantile;
