// Student's t distribution, for intervals and tests: stdlib's, without its checks of arguments.
import tCdf from "@stdlib/stats-base-dists-t-cdf/lib/main.js";
import tQuantile from "@stdlib/stats-base-dists-t-quantile/lib/main.js";

globalThis.seedbedLibraries = { ...globalThis.seedbedLibraries, tCdf, tQuantile };
