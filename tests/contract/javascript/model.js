/** The exported network: encoded customers in; probabilities, contributions and reasons out. */

import "./offline.js";
import * as ort from "onnxruntime-node";

export const REASONS_GIVEN = 3;

/**
 * Customers a run, the last run filled up with blank ones: the runtime takes other paths for few rows, which
 * round otherwise. It is the number the product runs, so that every probability is the product's own.
 */
const CHUNK_ROWS = 640;

export class Model {
  #session;
  #inputs;
  #columns;

  /** @private Use `Model.load`. */
  constructor(session, inputs, columns) {
    this.#session = session;
    this.#inputs = inputs;
    this.#columns = columns;
  }

  /**
   * Load a graph on one thread.
   *
   * @param {Buffer} onnx The content of model.onnx.
   * @param {number} inputs F, the number of inputs of the spec.
   * @param {number} columns C, the number of columns of the spec.
   */
  static async load(onnx, inputs, columns) {
    const options = { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 };
    return new Model(await ort.InferenceSession.create(onnx, options), inputs, columns);
  }

  /**
   * Score customers and tell why.
   *
   * @param {Float32Array} matrix N x F inputs.
   * @returns {Promise<{probability: Float32Array, contributions: Float32Array, topReasons: Int32Array}>}
   *   N calibrated probabilities, N x C contributions in logits, N x 3 places among the columns, -1 for none.
   */
  async run(matrix) {
    const customers = matrix.length / this.#inputs;
    const found = {
      probability: new Float32Array(customers),
      contributions: new Float32Array(customers * this.#columns),
      topReasons: new Int32Array(customers * REASONS_GIVEN),
    };
    const withReasons = new ort.Tensor("bool", [true], []); // false saves the work where nobody reads reasons
    for (let start = 0; start < customers; start += CHUNK_ROWS) {
      const rows = Math.min(CHUNK_ROWS, customers - start);
      const chunk = new Float32Array(CHUNK_ROWS * this.#inputs); // the rows after the last customer stay 0
      chunk.set(matrix.subarray(start * this.#inputs, (start + rows) * this.#inputs));
      const outputs = await this.#session.run({
        features: new ort.Tensor("float32", chunk, [CHUNK_ROWS, this.#inputs]),
        with_reasons: withReasons,
      });
      const places = Int32Array.from(outputs.top_reasons.data, Number); // they come as int64, that is BigInt
      copyRows(outputs.churn_probability.data, found.probability, start, rows, 1);
      copyRows(outputs.contributions.data, found.contributions, start, rows, this.#columns);
      copyRows(places, found.topReasons, start, rows, REASONS_GIVEN);
    }
    return found;
  }
}

function copyRows(from, to, start, rows, width) {
  to.set(from.subarray(0, rows * width), start * width);
}
