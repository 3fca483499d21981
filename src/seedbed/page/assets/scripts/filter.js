// @ts-check
// Filter of the jobs: an expression as `val/loss < 0.1 and optimizer.lr >= 1e-3 and not status == "failed"`.
// jsep makes a tree of it; here the tree becomes functions of a job. Nothing of it is run as code.

import { jsep } from "./libraries.js";

/** What is wrong with an expression, in words for whoever typed it. */
export class FilterMistake extends Error {}

/**
 * The function that tells whether a job is kept; of a wrong expression it keeps all.
 *
 * @param {import("./document.js").PageDocument} document
 * @param {string} text empty: all jobs
 * @returns {{ keeps: (job: number) => boolean, mistake: string | null }}
 */
export function compiledFilter(document, text) {
  void document;
  void jsep;
  return { keeps: () => true, mistake: text ? "filters come soon" : null };
}

/**
 * What is wrong with an expression; null if nothing is.
 *
 * @param {import("./document.js").PageDocument} document
 * @param {string} text
 */
export function mistakeIn(document, text) {
  return compiledFilter(document, text).mistake;
}
