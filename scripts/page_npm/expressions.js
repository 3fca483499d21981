// The parser of the filter's expressions: jsep, which makes a tree and runs nothing.
import jsep from "jsep";

globalThis.seedbedLibraries = { ...globalThis.seedbedLibraries, jsep };
