// @ts-check
// What went wrong: the messages of jobs that failed or diverged, each once with how often it came.

import { element } from "../elements.js";
import { countText, shownText } from "../formats.js";

// Most messages.
const MESSAGES = 8;

/** @typedef {{ status: string, message: string, jobs: number[] }} Failures */

/**
 * Jobs by how they ended and with which message, the most frequent first; completed ones are left
 * out, as are those that still run.
 *
 * @param {import("../document.js").PageDocument} document
 * @param {number[]} jobs
 * @returns {Failures[]}
 */
export function groupedFailures(document, jobs) {
  /** @type {Map<string, Failures>} */
  const groups = new Map();
  for (const job of jobs) {
    const status = document.status(job);
    if (document.isMeasured(job) || status === "running") continue;
    const [message] = String(document.content.errors[job]?.message ?? "").split("\n");
    const key = JSON.stringify([status, message]);
    const group = groups.get(key) ?? { status, message, jobs: [] };
    group.jobs.push(job);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.jobs.length - a.jobs.length);
}

/**
 * A list of them, each with its first job; nothing where all went well.
 *
 * @param {import("../shell/page.js").Page} page
 */
export function failureList(page) {
  const groups = groupedFailures(page.document, page.filtered().jobs);
  if (!groups.length) return [];
  const left = groups.length - MESSAGES;
  return [
    element("h2", {}, "What went wrong"),
    element(
      "ul",
      { class: "failures" },
      groups.slice(0, MESSAGES).map((group) => element("li", {}, failureLine(page, group))),
      left > 0 && element("li", { class: "faint" }, `${countText(left, "more message")}`),
    ),
  ];
}

/** @param {import("../shell/page.js").Page} page @param {Failures} failures */
function failureLine({ document, state }, { status, message, jobs }) {
  const [job] = jobs;
  const look = () => state.update({ job, view: "job" });
  return [
    `${countText(jobs.length, "job")} ${status.replace("_", " ")}`,
    message ? [": ", element("code", {}, shownText(message))] : "",
    ", as ",
    element(
      "button",
      { type: "button", class: "plain link", onclick: look },
      shownText(document.jobName(job)),
    ),
  ];
}
