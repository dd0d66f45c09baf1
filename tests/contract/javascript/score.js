/**
 * Score an extract that keeps the data contract, in another language than the product's.
 *
 * Usage: node score.js BUNDLE EXTRACT SCORES
 * BUNDLE is a folder, EXTRACT a CSV file; SCORES is written, and must not exist.
 */

import { readFile, writeFile } from "node:fs/promises";

import { openBundle } from "./bundle.js";
import { readCsv, writeCsv } from "./csv.js";
import { SCORE_COLUMNS, Scorer } from "./scorer.js";

const [bundlePath, extractPath, scoresPath] = process.argv.slice(2);
if (scoresPath === undefined) {
  throw new Error("usage: node score.js BUNDLE EXTRACT SCORES");
}
const scorer = await Scorer.load(await openBundle(bundlePath));
const rows = await scorer.score(readCsv(await readFile(extractPath, "utf8")));
await writeFile(scoresPath, writeCsv([SCORE_COLUMNS, ...rows]), { flag: "wx" });
console.log(`${rows.length} customers scored`);
