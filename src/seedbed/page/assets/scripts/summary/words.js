// @ts-check
// The verdict in words that need no statistics to be read, and are honest about what is not known.

import {
  configurationWords,
  rankedConfigurations,
  rankedOfAll,
  summaryOf,
} from "../configurations.js";
import {
  cellText,
  countText,
  listText,
  percentText,
  shortText,
  shownText,
  spreadText,
} from "../formats.js";
import { LEVEL, verdictOf } from "./verdict.js";

/** @typedef {import("../document.js").PageDocument} PageDocument */
/** @typedef {import("./verdict.js").Verdict} Verdict */
/**
 * What is said of one of the three questions.
 * @typedef {{ question: string, answer: string, figure?: string, details: string[],
 *   tone: "good" | "open" | "plain" }} Said
 */

// Signs of settings beyond which they are not said in the middle of a sentence.
const LONG = 60;

/**
 * The settings of a configuration as one text, its numbers in few digits.
 *
 * @param {PageDocument} document
 * @param {number} configuration
 */
export function configurationText(document, configuration) {
  const words = configurationWords(document, configuration, settingText);
  return words.length ? words.join(" ") : "the only configuration";
}

/** @param {any} value */
function settingText(value) {
  return typeof value === "number" ? shortText(value, 3) : cellText(value);
}

/** A number within a sentence, with a minus sign that is no hyphen. @param {number} value */
function minusText(value) {
  return shortText(value, 3).replace("-", "−");
}

/** The settings within a sentence, where they are short; else words that point to the picture. */
export function named(document, configuration, otherwise) {
  const text = configurationText(document, configuration);
  return text.length > LONG ? otherwise : text;
}

/**
 * What is said of all jobs: which configuration is best, by how much, and whether it can be luck.
 *
 * @param {PageDocument} document
 * @param {string} metric
 * @returns {Said[]}
 */
export function allSaid(document, metric) {
  const epoch = document.content.rank;
  const mode = document.modeOf(metric);
  const ranked = rankedOfAll(document, document.columnOf(metric, epoch), mode);
  return verdictSaid(document, verdictOf(ranked, mode), { metric, epoch });
}

/**
 * A verdict in words.
 *
 * @param {PageDocument} document
 * @param {Verdict | null} verdict
 * @param {{ metric: string, epoch: string }} looked
 * @returns {Said[]}
 */
export function verdictSaid(document, verdict, looked) {
  const question = "Which is best?";
  const open = (answer) => [{ question, answer, details: [], tone: /** @type {const} */ ("open") }];
  if (document.jobCount === 1) return [resultSaid(document, looked)];
  if (!verdict)
    return open(`No configuration has a result in ${looked.metric} that can be compared.`);
  if (document.modeOf(looked.metric) === null)
    return open(`Nobody said whether less or more of ${looked.metric} is better.`);
  return [
    bestSaid(document, verdict, looked),
    marginSaid(document, verdict),
    luckSaid(document, verdict),
  ];
}

/**
 * What came out of a single job.
 *
 * @param {PageDocument} document
 * @param {{ metric: string, epoch: string }} looked
 * @returns {Said}
 */
function resultSaid(document, { metric, epoch }) {
  const column = document.columnOf(metric, epoch);
  const value = document.result(column, 0);
  const others = document
    .columnsOf("metric")
    .filter(
      ({ name, type }) =>
        type === "number" && name !== column && !Number.isNaN(document.result(name, 0)),
    )
    .map(({ name }) => `${shownText(name)} ${shortText(document.result(name, 0))}`);
  const isMeasured = document.isMeasured(0);
  return {
    question: "What came out?",
    answer: isMeasured ? "" : statusSaid(document.status(0)),
    figure: Number.isNaN(value) ? "" : `${shownText(column)} ${shortText(value)}`,
    details: [
      ...others,
      ...(isMeasured ? ["One job: nothing to compare, and luck cannot be told from gain."] : []),
    ],
    tone: isMeasured ? "plain" : "open",
  };
}

/**
 * What became of a single job, as a sentence.
 *
 * @param {string} status
 * @returns {string}
 */
export function statusSaid(status) {
  if (status === "running") return "The job is still running.";
  if (status === "interrupted") return "The job was interrupted.";
  return `The job ${status.replace("_", " ")}.`;
}

/**
 * Which configuration is best.
 *
 * @param {PageDocument} document
 * @param {Verdict} verdict
 * @param {{ metric: string, epoch: string }} looked
 * @returns {Said}
 */
function bestSaid(document, verdict, { metric, epoch }) {
  const { best, others } = verdict;
  const { mean, deviation, count, completed, jobs, unit } = best.summary;
  const hasBest = document.columnOf(metric, "best") !== document.columnOf(metric, "last");
  const at = hasBest ? `, ${epoch} epoch` : "";
  const details = [
    Number.isNaN(deviation)
      ? `${metric}${at}, of ${countText(count, unit)}`
      : `mean ± standard deviation of ${metric}${at}, over ${countText(count, unit)}`,
  ];
  if (verdict.all > 1) details.push(amongText(others.length + 1, verdict));
  if (completed < jobs)
    details.push(
      `${jobs - completed} of its ${countText(jobs, "job")} ${jobs - completed === 1 ? "has" : "have"} no result: the mean is over the others alone, so it may look better than it is`,
    );
  return {
    question: "Which is best?",
    answer: configurationText(document, best.configuration),
    figure: spreadText(mean, deviation),
    details,
    tone: completed < jobs ? "open" : "plain",
  };
}

/** Among how many the best is: not all of them need to have a result, or may be the best. */
function amongText(count, { measured, all }) {
  const total = countText(all, "configuration");
  if (count === all) return `of ${total}`;
  const isMeasured = count === measured;
  if (count === 1)
    return `the only one that ${isMeasured ? "has a result" : "can be the best"}, of ${total}`;
  return `of the ${count.toLocaleString("en")} that ${isMeasured ? "have results" : "can be the best"}, of ${total}`;
}

/**
 * By how much the best is ahead of the next.
 *
 * @param {PageDocument} document
 * @param {Verdict} verdict
 * @returns {Said}
 */
function marginSaid(document, verdict) {
  const question = "By how much?";
  const [next] = verdict.others;
  if (!next) return { question, answer: nothingText(document), details: [], tone: "plain" };
  const { mean, low, high, kind, count } = next.difference;
  const relative = mean / Math.abs(next.ranked.summary.mean);
  const share = Number.isFinite(relative) ? ` (${percentText(relative)})` : "";
  const { unit } = verdict.best.summary;
  const details = [
    `ahead of ${named(document, next.ranked.configuration, "the second best below")}`,
  ];
  if (kind === "single") details.push("one value each: there is no interval");
  else {
    const over =
      kind === "paired"
        ? `the same ${countText(count, unit)} of both, one by one`
        : `${unit}s that the two do not share`;
    details.push(`95 % interval from ${minusText(low)} to ${minusText(high)}, over ${over}`);
  }
  return { question, answer: "", figure: `${shortText(mean, 3)}${share}`, details, tone: "plain" };
}

/** Why there is nothing to compare the best with. @param {PageDocument} document */
function nothingText(document) {
  return document.configurationCount > 1
    ? "No other configuration has a result."
    : "There is one configuration.";
}

/**
 * Whether it can be luck.
 *
 * @param {PageDocument} document
 * @param {Verdict} verdict
 * @returns {Said}
 */
function luckSaid(document, verdict) {
  const question = "Is it luck?";
  const { others, alike, answer } = verdict;
  const { unit } = verdict.best.summary;
  const count = countText(others.length, "other");
  if (answer === "alone")
    return { question, answer: "Nothing to compare it with.", details: [], tone: "plain" };
  if (answer === "unknown") return unknownSaid(verdict, question, unit);
  const corrected =
    others.length > 1
      ? `corrected for having picked the best of ${(others.length + 1).toLocaleString("en")}`
      : "by Student's t";
  const split = splitSaid(document, verdict);
  if (answer === "clear")
    return {
      question,
      answer: "Hardly.",
      details: [
        `It is better than ${others.length > 1 ? `each of the ${count}` : "the other"}: chance of an error at most ${percentText(LEVEL)}, ${corrected}.`,
        ...split,
      ],
      tone: "good",
    };
  const names = alike.map((configuration) => configurationText(document, configuration));
  const isShort = names.every((name) => name.length <= LONG);
  const cannot = `${countText(alike.length, "other configuration")} cannot be told from it`;
  const rest = others.length - alike.length;
  const few =
    verdict.best.summary.count < 5
      ? [`More ${unit}s would tell more: it has ${verdict.best.summary.count}.`]
      : [];
  return {
    question,
    answer: `It may be: ${cannot}.`,
    details: [
      isShort ? `Not told from it: ${listText(names, 3)}.` : "They are marked ≈ below.",
      rest > 0
        ? `It is better than the ${countText(rest, "remaining one")}: chance of an error at most ${percentText(LEVEL)}, ${corrected}.`
        : `(Chance of an error at most ${percentText(LEVEL)}, ${corrected}.)`,
      ...few,
      ...split,
    ],
    tone: "open",
  };
}

/** What the chance leaves out, where all jobs compared have their rows split in the same way. */
function splitSaid({ content }, { best, others }) {
  const compared = [best, ...others.map(({ ranked }) => ranked)];
  if (best.summary.count < 2 || compared.some(({ summary }) => summary.unit === "fold")) return [];
  const { common, differing } = content.configs;
  const cell = (key, job) => differing[`data.${key}`]?.[job] ?? common.data?.[key] ?? null;
  const jobs = compared.flatMap((each) => each.jobs);
  // Rows that files, a column or their time split have no other split by chance.
  const isGiven = jobs.some(
    (job) => ["time", "column"].includes(cell("split", job)) || cell("val_file", job) !== null,
  );
  const seeds = new Set(jobs.map((job) => cell("split_seed", job)));
  const [seed] = seeds;
  if (isGiven || seeds.size !== 1 || typeof seed !== "number") return [];
  return [
    "Seeds share one split of the rows: luck of the split is not in it; sweep.folds=5 tells.",
  ];
}

/** @returns {Said} */
function unknownSaid({ best, others }, question, unit) {
  const isEach = others.every(({ ranked }) => ranked.summary.count < 2);
  const one = unit === "job" ? "value" : unit;
  return {
    question,
    answer: `${isEach && unit === "seed" ? "One seed" : `One ${one}${isEach ? " each" : ""}`}: cannot tell luck from gain.`,
    details: [
      isEach
        ? "Each configuration has one result. Train all of them with more seeds, as in seed=range(0,5): then this says more."
        : `The best has ${countText(best.summary.count, "result")}. Train it with more seeds, as in seed=range(0,5): then this says more.`,
    ],
    tone: "open",
  };
}

/**
 * How many of these jobs have no result, and why; null where all have one.
 *
 * @param {PageDocument} document
 * @param {number[]} jobs
 * @param {string} column
 */
export function withoutResult(document, jobs, column) {
  const without = jobs.filter((job) => Number.isNaN(document.result(column, job)));
  if (!without.length) return null;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const job of without) {
    const status = document.isMeasured(job)
      ? "no finite value"
      : document.status(job).replace("_", " ");
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const configurations = new Set(without.map((job) => document.configuration(job)));
  const [first] = configurations;
  const where =
    configurations.size === 1 && document.configurationCount > 1
      ? `, all of ${named(document, first, "one configuration")}`
      : document.configurationCount > 1
        ? `, in ${countText(configurations.size, "configuration")}`
        : "";
  const reasons = [...counts].map(([status, count]) => `${count.toLocaleString("en")} ${status}`);
  const verbs = without.length === 1 ? ["has", "is"] : ["have", "are"];
  return `${without.length.toLocaleString("en")} of ${countText(jobs.length, "job")} ${verbs[0]} no result and ${verbs[1]} in no mean: ${listText(reasons)}${where}.`;
}

/**
 * What the last epoch says where the best one counts and another configuration is ahead at the end:
 * the best of many epochs of a restless run is in part luck. Null where both agree.
 *
 * @param {PageDocument} document
 * @param {(configuration: number) => number[]} jobsOf
 * @param {import("../configurations.js").Ranked[]} ranked
 * @param {string} metric
 * @param {string} epoch
 */
export function lastEpochSaid(document, jobsOf, ranked, metric, epoch) {
  const [best] = ranked;
  if (
    epoch !== "best" ||
    document.columnOf(metric, "best") === metric ||
    !best ||
    best.unfit.length
  )
    return null;
  const [first] = rankedConfigurations(document, jobsOf, metric, document.modeOf(metric));
  if (first.unfit.length || first.configuration === best.configuration) return null;
  const own = summaryOf(document, best.jobs, metric);
  const text = ({ mean, deviation }) => spreadText(mean, deviation);
  return `At the last epoch ${named(document, first.configuration, "another configuration")} is ahead with ${text(first.summary)}; the best by its best epochs has ${text(own)} there.`;
}

/**
 * That results are of different data, where they are: then a smaller loss is no better one.
 *
 * @param {PageDocument} document
 * @param {number[]} jobs
 * @returns {string | null}
 */
export function differentData({ content }, jobs) {
  const sources = new Set(jobs.map((job) => content.jobs.source[job]));
  const data = [...sources].map((source) => content.sources[source].data).filter(Boolean);
  const names = [...new Set(data.map(({ name }) => cellText(name)))];
  const prints = new Set(data.map(({ fingerprint }) => fingerprint));
  if (prints.size < 2) return null;
  const which = names.length > 1 ? ` (${listText(names)})` : "";
  return `The runs are of ${prints.size} different sets of data${which}: their results cannot be compared with each other. A filter leaves those of one.`;
}

// Values of a setting beyond which its ends are no borders that somebody drew.
const BORDERED = 50;

/**
 * Numbers of the best that are the smallest or the largest that were tried: others may be better.
 *
 * @param {PageDocument} document
 * @param {import("../configurations.js").Ranked[]} ranked
 * @returns {string[]}
 */
export function bordersSaid(document, ranked) {
  const [best] = ranked;
  // A search draws its values: its ends are chance.
  const isSearch = document.content.sources.some(({ search }) => search);
  if (!best || best.unfit.length || isSearch) return [];
  return document
    .columnsOf("axis")
    .filter(({ type }) => type === "number")
    .flatMap(({ name }) => {
      const numbers = ranked.map(({ configuration }) => document.setting(name, configuration));
      const values = new Set(numbers.filter((value) => typeof value === "number"));
      const own = document.setting(name, best.configuration);
      if (values.size < 3 || values.size > BORDERED || !values.has(own)) return [];
      const [least, most] = [Math.min(...values), Math.max(...values)];
      if (own !== least && own !== most) return [];
      const [end, beyond] = own === most ? ["largest", "larger"] : ["smallest", "smaller"];
      return [
        `The best has the ${end} ${shownText(name)} that was tried, ${settingText(own)}: a ${beyond} one may be better.`,
      ];
    });
}
