/** The self-test: a reader that makes of examples.json what the product made of it reads bundles right. */

/** Another processor or runtime may differ in the last float32 digits. */
const PROBABILITY_TOLERANCE = 1e-6;

/** In logits. A unit that hardly moves has a slope that is a quotient of two roundings. */
const CONTRIBUTION_TOLERANCE = 1e-2;

/**
 * Compare what a reader found with the E worked examples.
 *
 * @param {object} examples The content of examples.json.
 * @param {object} found
 * @param {string[]} found.featureNames F names of inputs.
 * @param {string[]} found.columns C names of columns.
 * @param {Float32Array} found.matrix E x F inputs, compared exactly.
 * @param {Float32Array} found.probability E probabilities.
 * @param {Float32Array} found.contributions E x C contributions.
 * @param {string[][]} found.reasons E x 3 columns, "" for none.
 * @throws {Error} Something differs; the message says what.
 */
export function requireAgreement(examples, found) {
  const { columns } = found;
  requireSame(found.featureNames, examples.feature_names, "the inputs' names");
  requireSame(columns, examples.columns, "the columns");
  requireSame([...found.matrix], examples.examples.flatMap(({ encoded }) => encoded), "the inputs");
  examples.examples.forEach((example, i) => {
    requireClose(found.probability[i], example.probability, PROBABILITY_TOLERANCE, `probability of example ${i}`);
    const contributions = found.contributions.subarray(i * columns.length, (i + 1) * columns.length);
    const worth = { "": 0 };
    columns.forEach((column, c) => {
      worth[column] = example.contributions[c];
      requireClose(contributions[c], worth[column], CONTRIBUTION_TOLERANCE, `${column}'s contribution to ${i}`);
    });
    found.reasons[i].forEach((reason, rank) => {
      const expected = worth[example.reasons[rank] ?? ""]; // two columns of the same worth may change places
      requireClose(worth[reason], expected, CONTRIBUTION_TOLERANCE, `worth of reason ${rank + 1} of example ${i}`);
    });
  });
}

function requireSame(found, expected, what) {
  const same = found.length === expected.length && found.every((value, i) => value === expected[i]);
  if (!same) {
    throw new Error(`examples.json: ${what} differ`);
  }
}

function requireClose(found, expected, tolerance, what) {
  if (!(Math.abs(found - expected) <= tolerance)) {
    throw new Error(`examples.json: ${what}: expected ${expected} within ${tolerance}; got ${found}`);
  }
}
