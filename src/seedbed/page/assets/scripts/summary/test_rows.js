// @ts-check
// Test rows: whether they put another configuration ahead than the one that is best by those of validation.

import { summaryOf } from "../configurations.js";
import { shownText, spreadText } from "../formats.js";
import { differenceOf, LEVEL } from "./verdict.js";
import { differentData, named } from "./words.js";

const VALIDATION = "val/";
const TEST = "test/";

/**
 * What the same metric of the test rows says where it puts another configuration ahead of the best,
 * by more than luck: over the same seeds or folds, corrected for as many comparisons as there are
 * others. Null where it does not. It is a warning and no other ranking: who chooses by the test rows
 * has none left to measure the choice.
 *
 * @param {import("../shell/page.js").Page} page
 * @returns {string | null}
 */
export function testRowsSaid(page) {
  const { document } = page;
  const metric = page.metric();
  const column = metric.replace(VALIDATION, TEST);
  if (!metric.startsWith(VALIDATION) || !document.columns.has(column)) return null;
  const fit = page.ranked().filter(({ unfit }) => !unfit.length);
  const [best, ...others] = fit;
  const jobs = fit.flatMap((each) => each.jobs);
  if (!best || differentData(document, jobs)) return null;
  const mode = page.mode();
  const own = summaryOf(document, best.jobs, column);
  const ahead = others
    .map(({ configuration, jobs: members }) => {
      const summary = summaryOf(document, members, column);
      return { configuration, summary, difference: differenceOf(summary, own, mode) };
    })
    .filter(
      ({ difference }) =>
        difference.kind === "paired" &&
        difference.low > 0 &&
        difference.chance * others.length <= LEVEL,
    )
    .sort((a, b) => b.difference.mean - a.difference.mean);
  if (!ahead.length) return null;
  const [{ configuration, summary }] = ahead;
  const text = ({ mean, deviation }) => spreadText(mean, deviation);
  return `On the test rows ${named(document, configuration, "another configuration")} is ahead: ${shownText(column)} ${text(summary)}, the best by ${shownText(metric)} has ${text(own)}. The ranking stays that of ${shownText(metric)}.`;
}
