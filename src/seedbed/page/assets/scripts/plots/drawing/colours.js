// @ts-check
// Colours, symbols and dashes: the same for a configuration in all plots, and apart from each other
// for people who do not tell all colours apart: another symbol with each colour.

import { colours, isDark } from "../../shell/theme.js";

/**
 * Look of plots, as the page's style has it.
 * @typedef {{dark: boolean, text: string, muted: string, line: string, background: string,
 *   accent: string, worse: string, series: string[]}} Theme
 */

/** @typedef {{colour: string, symbol: string, dash: "solid" | "dashed" | "dotted"}} Look */

const SYMBOLS = [
  "circle",
  "triangle",
  "rect",
  "diamond",
  "path://M0,1L10,1L5,10Z",
  "path://M3.5,0H6.5V3.5H10V6.5H6.5V10H3.5V6.5H0V3.5H3.5Z",
  "path://M5,0L6.4,3.4L10,3.8L7.3,6.2L8.1,9.9L5,8L1.9,9.9L2.7,6.2L0,3.8L3.6,3.4Z",
  "path://M2.5,0H7.5L10,5L7.5,10H2.5L0,5Z",
];
/** @type {Look["dash"][]} */
const DASHES = ["solid", "dashed", "dotted"];

// Cividis: even to the eye, and the same for people who do not tell red from green.
export const COLOUR_SCALE = [
  "#00224e",
  "#123570",
  "#3b496c",
  "#575d6d",
  "#707173",
  "#8a8678",
  "#a59c74",
  "#c3b369",
  "#e1cc55",
  "#fee838",
];

/**
 * Look of the `place`-th thing of a plot: eight colours, each with a symbol; then the same colours
 * with other symbols and dashes.
 *
 * @param {number} place
 * @param {Theme} theme
 * @returns {Look}
 */
export function lookOf(place, theme) {
  const { series } = theme;
  return {
    colour: series[place % series.length],
    symbol: SYMBOLS[(place + Math.floor(place / series.length)) % SYMBOLS.length],
    dash: DASHES[Math.floor(place / series.length) % DASHES.length],
  };
}

/**
 * Look of plots on this page now.
 *
 * @returns {Theme}
 */
export function themeNow() {
  const { ground, text, faint, line, accent, worse, series } = colours();
  return { dark: isDark(), text, muted: faint, line, accent, worse, background: ground, series };
}

// A cross, for jobs without a number.
export const CROSS = "path://M2,0L5,3L8,0L10,2L7,5L10,8L8,10L5,7L2,10L0,8L3,5L0,2Z";
