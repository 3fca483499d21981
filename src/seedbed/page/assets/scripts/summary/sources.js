// @ts-check
// What was run: each sweep or run with its command, code, data, and what became of its jobs.

import { commandBlock } from "../copying.js";
import { element } from "../elements.js";
import { cellText, countText, listText, secondsText, shownText, timeText } from "../formats.js";

// Most sources that are shown in full.
const SHOWN = 6;
// Signs of a commit and of a fingerprint.
const SIGNS = 10;

/**
 * A card a source; of many the others by name.
 *
 * @param {import("../document.js").PageDocument} document
 */
export function sourceCards({ content }) {
  const cards = content.sources.slice(0, SHOWN).map(sourceCard);
  const others = content.sources.slice(SHOWN);
  if (others.length)
    cards.push(
      element(
        "details",
        { class: "card" },
        element(
          "summary",
          {},
          `${countText(others.length, "more run or sweep", "more runs and sweeps")}`,
        ),
        element(
          "ul",
          {},
          others.map((source) => element("li", {}, shownText(source.name))),
        ),
      ),
    );
  return cards;
}

function sourceCard(source) {
  const facts = [
    ["jobs", countsText(source.counts)],
    ["when", whenText(source)],
    ["code", codeOf(source.git)],
    [
      "versions",
      Object.entries(source.versions ?? {})
        .map(([name, version]) => `${cellText(name)} ${cellText(version)}`)
        .join(", "),
    ],
    ["data", dataOf(source.data)],
    ["search", searchText(source.search)],
    ["name", cellText(source.labels?.name)],
    ["tags", (source.labels?.tags ?? []).map(cellText).join(", ")],
    ["notes", cellText(source.labels?.notes)],
    ["", (source.notes ?? []).map((note) => element("p", {}, shownText(note)))],
  ].filter(([, value]) => value && !(Array.isArray(value) && !value.length));
  return element(
    "article",
    { class: "card source" },
    element("h3", { class: "mono" }, shownText(source.name)),
    source.command && commandBlock(source.command, "command that was run"),
    element(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
    ),
    source.go_on && [
      element("p", { class: "faint" }, "To go on:"),
      commandBlock(source.go_on, "command that goes on"),
    ],
  );
}

/** How many jobs ended how, those that are missing, too. */
function countsText(counts) {
  const { missing = 0, ...ended } = counts ?? {};
  const all = Object.values(ended).reduce((sum, count) => sum + count, 0) + missing;
  const shown = Object.entries({ ...ended, missing })
    .filter(([, count]) => count)
    .map(
      ([status, count]) => `${count.toLocaleString("en")} ${cellText(status).replace("_", " ")}`,
    );
  return all ? `${countText(all, "job")}: ${listText(shown, 9)}` : "";
}

function whenText({ started, finished, seconds, running }) {
  const parts = [timeText(started)];
  if (running) parts.push("still running when this page was written");
  else if (finished) parts.push(`to ${timeText(finished)}`);
  if (typeof seconds === "number" && seconds > 0) parts.push(`(${secondsText(seconds)})`);
  return parts.filter(Boolean).join(" ");
}

function codeOf(git) {
  if (!git) return "in no git repository";
  const commit = cellText(git.commit);
  const short = element("code", { title: commit }, commit.slice(0, SIGNS));
  const branch = git.branch ? ` on ${cellText(git.branch)}` : "";
  const dirty = git.dirty
    ? element("strong", { class: "worse" }, ", with changes that are in no commit")
    : ", without changes";
  return [short, branch, dirty];
}

function dataOf(data) {
  if (!data) return "";
  const { name, fingerprint, "fingerprint of": printed, ...others } = data;
  const print = cellText(fingerprint);
  const more = Object.entries(others)
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([key, value]) => `${cellText(key)} ${cellText(value)}`);
  return [
    cellText(name),
    more.length ? `, ${more.join(", ")}` : "",
    print && [
      ", fingerprint ",
      element("code", { title: print }, print.slice(0, SIGNS)),
      printed && ` of ${cellText(printed)}`,
    ],
  ];
}

function searchText(search) {
  if (!search) return "";
  const trials = typeof search.trials === "number" ? `, ${countText(search.trials, "trial")}` : "";
  return `${cellText(search.sampler)}${trials}${search.rule ? `, bad trials stopped by ${cellText(search.rule)}` : ""}`;
}
