/** From a bundle and customers to the rows of scores.csv. */

import { columnsOf, encode, featureNamesOf, isInDomain } from "./encoding.js";
import { requireAgreement } from "./examples.js";
import { Model, REASONS_GIVEN } from "./model.js";

export const SCORE_COLUMNS = [
  "customerID",
  "churn_probability",
  "churn_flag",
  "decile",
  "risk_band",
  "reason_1",
  "reason_2",
  "reason_3",
  "in_domain",
  "model_version",
];

const PROBABILITY_DECIMALS = 6;

export class Scorer {
  #bundle;
  #columns;
  #model;

  /** @private Use `Scorer.load`. */
  constructor(bundle, columns, model) {
    this.#bundle = bundle;
    this.#columns = columns;
    this.#model = model;
  }

  /**
   * Load a bundle's model and prove this reader on the bundle's own examples.
   *
   * @param {object} bundle What `openBundle` gives.
   * @throws {Error} An example is encoded, scored or explained differently from when the bundle was made.
   */
  static async load(bundle) {
    const { onnx, spec, examples } = bundle;
    const [featureNames, columns] = [featureNamesOf(spec), columnsOf(spec)];
    const model = await Model.load(onnx, featureNames.length, columns.length);
    const scorer = new Scorer(bundle, columns, model);
    const matrix = encode(examples.examples.map(({ row }) => row), spec);
    const { probability, contributions, topReasons } = await model.run(matrix);
    const reasons = examples.examples.map((_, i) => scorer.#reasons(topReasons, i));
    requireAgreement(examples, { featureNames, columns, matrix, probability, contributions, reasons });
    return scorer;
  }

  /**
   * Score N customers that keep the data contract.
   *
   * @param {object[]} customers Cells by column, as text.
   * @returns {Promise<string[][]>} N rows of cells, in the order of `SCORE_COLUMNS`.
   * @throws {Error} A column is missing, a number is not valid, or a probability does not lie within 0 and 1.
   */
  async score(customers) {
    const { spec, cutPoints, id } = this.#bundle;
    const { probability, topReasons } = await this.#model.run(encode(customers, spec));
    return customers.map((customer, i) => {
      const published = publish(probability[i]);
      return [
        customer.customerID,
        published.toFixed(PROBABILITY_DECIMALS),
        ...cut(published, cutPoints),
        ...this.#reasons(topReasons, i),
        isInDomain(customer, spec) ? "1" : "0",
        id,
      ];
    });
  }

  /** Names of customer i's three reasons, the first one most telling; "" for none. */
  #reasons(topReasons, i) {
    const places = topReasons.subarray(i * REASONS_GIVEN, (i + 1) * REASONS_GIVEN);
    return Array.from(places, (place) => this.#columns[place] ?? "");
  }
}

/** Round a probability to the decimals that are published, halves to even as IEEE 754 does. */
function publish(probability) {
  if (!(probability >= 0 && probability <= 1)) {
    throw new Error("model.onnx gave a customer no probability within 0 and 1");
  }
  const unit = 10 ** PROBABILITY_DECIMALS;
  const below = Math.floor(probability * unit);
  const rest = probability * unit - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return (up ? below + 1 : below) / unit;
}

/** Cut a published probability into the cells of flag, decile (1 is the highest risk) and band. */
function cut(probability, { threshold, deciles, high, medium }) {
  const flag = probability >= threshold ? "1" : "0";
  const decile = deciles.length + 1 - deciles.filter((start) => probability >= start).length;
  const band = probability >= high ? "high" : probability >= medium ? "medium" : "low";
  return [flag, String(decile), band];
}
