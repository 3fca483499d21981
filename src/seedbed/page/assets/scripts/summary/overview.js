// @ts-check
// Summary: which configuration is best, by how much, and whether that is luck; then what was run.

import { element, fill } from "../elements.js";
import { jobMetricsTable } from "../jobs/metrics_table.js";
import { failureList } from "./failures.js";
import { mountRanking } from "./ranking.js";
import { sourceCards } from "./sources.js";
import { testRowsSaid } from "./test_rows.js";
import { verdictOf } from "./verdict.js";
import { bordersSaid, differentData, lastEpochSaid, verdictSaid, withoutResult } from "./words.js";

/**
 * @param {HTMLElement} panel
 * @param {import("../shell/page.js").Page} page
 */
export function mountOverview(panel, page) {
  const answers = element("div", { class: "answers" });
  const notes = element("div", { class: "notes" });
  const picture = element("div", {});
  const failures = element("div", {});
  const go = (view, text) =>
    element("button", { type: "button", onclick: () => page.state.update({ view }) }, text);
  const isSingle = page.document.jobCount === 1;
  const isVaried = page.document.columnsOf("axis").length > 0;
  fill(
    panel,
    answers,
    notes,
    picture,
    element(
      "p",
      { class: "links" },
      isSingle ? go("job", "The job") : go("table", "All configurations"),
      go("curves", "Learning curves"),
      isVaried && go("keys", "Effect of each parameter"),
    ),
    failures,
    element("h2", {}, "What was run"),
    element("div", { class: "cards" }, sourceCards(page.document)),
  );
  /** The numbers of a single run are a table, not lines. */
  const singleCard = (/** @type {import("./words.js").Said} */ said) =>
    element(
      "div",
      {},
      answerCard({ ...said, details: page.document.isMeasured(0) ? said.details.slice(-1) : [] }),
      element(
        "div",
        { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Metrics" },
        jobMetricsTable(page.document, 0),
      ),
    );
  const draw = mountRanking(picture, page);
  page.follow(panel, ["filter", "metric", "epoch"], () => {
    const ranked = page.ranked();
    const verdict = verdictOf(ranked, page.mode());
    const looked = { metric: page.metric(), epoch: page.epoch() };
    fill(
      answers,
      verdictSaid(page.document, verdict, looked).map(isSingle ? singleCard : answerCard),
    );
    fill(notes, ...noteLines(page, ranked));
    draw(ranked, verdict);
    fill(failures, failureList(page));
  });
}

/** @param {import("./words.js").Said} said */
function answerCard({ question, answer, figure, details, tone }) {
  return element(
    "div",
    { class: `card answer ${tone}` },
    element("h2", {}, question),
    answer && element("p", { class: "said" }, answer),
    figure && element("p", { class: "figure" }, figure),
    details.map((detail) => element("p", { class: "faint" }, detail)),
  );
}

/** What a reader should know before trusting the answers. */
function noteLines(page, ranked) {
  const { document: content, state } = page;
  const notes = [];
  const without = withoutResult(content, page.filtered().jobs, page.column());
  if (without) notes.push(without);
  const different = differentData(content, page.filtered().jobs);
  if (different) notes.push(different);
  const cut = ranked.filter(
    ({ configuration, jobs }) => jobs.length < content.jobsOf[configuration].length,
  );
  if (state.values.filter && cut.length)
    notes.push(
      `The filter leaves out some jobs of ${cut.length} of ${ranked.length} configurations: what is said here is of the others alone. mean(...) filters whole configurations.`,
    );
  const last = lastEpochSaid(content, page.jobsOf, ranked, page.metric(), page.epoch());
  if (last) notes.push(last);
  const test = testRowsSaid(page);
  if (test) notes.push(test);
  notes.push(...bordersSaid(content, ranked));
  const unfit = ranked.filter((each) => each.unfit.length && each.summary.count);
  if (unfit.length)
    notes.push(
      `${unfit.length} of ${ranked.length} configurations cannot be the best, as the first of them: ${unfit[0].unfit.join(", ")}.`,
    );
  if (content.content.objectives.length > 1)
    notes.push(
      `There are ${content.content.objectives.length} objectives; this is of ${page.metric()} alone. The front of all is under Search.`,
    );
  return notes.map((text) => element("p", { class: "note" }, text));
}
