/**
 * The preprocessing spec: customers in, the model's inputs out.
 *
 * A customer is an object of cells by column, as the CRM writes them: text, or a number in examples.json.
 * All is computed in float64, which is what a JavaScript number is, and becomes float32 in one place:
 * where it is written into the Float32Array.
 */

const PLAIN_NUMBER = /^-?[0-9]+(\.[0-9]+)?$/;
const BLANK = /^(?:[ \t]*|NA)$/; // NA is how Windows tools write a missing number
const NOT_SEEN = -1;

/** Names of the C columns, in the order of the matrix; `top_reasons` of the model counts in them. */
export function columnsOf(spec) {
  return [...spec.numbers, ...spec.categories].map(({ column }) => column);
}

/** Names of the F inputs, in the order of the matrix. */
export function featureNamesOf(spec) {
  return [
    ...spec.numbers.flatMap(({ column, edges }) => [
      `${column}:standardised`,
      ...edges.slice(1).map((_, bin) => `${column}:bin_${String(bin + 1).padStart(2, "0")}`),
    ]),
    ...spec.categories.flatMap((category) => encodedValues(category).map((value) => `${category.column}=${value}`)),
  ];
}

/**
 * Encode customers.
 *
 * @param {object[]} customers N customers.
 * @param {object} spec The content of preprocessing.json.
 * @returns {Float32Array} N x F inputs, one customer after another.
 */
export function encode(customers, spec) {
  const width = featureNamesOf(spec).length;
  const matrix = new Float32Array(customers.length * width);
  customers.forEach((customer, row) => matrix.set(inputsOf(customer, spec), row * width));
  return matrix;
}

/** Tell whether training covered a customer: every number within its range, every category seen in it. */
export function isInDomain(customer, spec) {
  return (
    spec.numbers.every((number) => {
      const x = numberIn(customer, number);
      return number.low <= x && x <= number.high;
    }) && spec.categories.every((category) => positionIn(customer, category) !== NOT_SEEN)
  );
}

function inputsOf(customer, spec) {
  return [
    ...spec.numbers.flatMap((number) => numberInputs(numberIn(customer, number), number)),
    ...spec.categories.flatMap((category) => categoryInputs(positionIn(customer, category), category)),
  ];
}

function numberInputs(x, { mean, scale, edges }) {
  const bins = edges.slice(1).map((right, i) => {
    const left = edges[i];
    return Math.min(Math.max((x - left) / (right - left), 0), 1);
  });
  return [(x - mean) / scale, ...bins];
}

/** A value not seen in training leaves all inputs of its column 0: the spec's `unknown_category`, "zeros". */
function categoryInputs(position, category) {
  const skipped = category.values.length - encodedValues(category).length;
  return encodedValues(category).map((_, i) => (position === skipped + i ? 1 : 0));
}

/** Of two values the second is a 0/1 input; more are one input each. */
function encodedValues({ values }) {
  return values.length > 2 ? values : values.slice(1);
}

function numberIn(customer, { column, blank }) {
  const cell = String(cellIn(customer, column));
  if (BLANK.test(cell) && blank !== null) {
    return blank;
  }
  if (!PLAIN_NUMBER.test(cell)) {
    throw new Error(`column '${column}' holds something else than plain numbers`); // never a customer's value
  }
  return Number(cell);
}

function positionIn(customer, { column, merged, values }) {
  const value = cellIn(customer, column);
  return values.indexOf(Object.hasOwn(merged, value) ? merged[value] : value);
}

function cellIn(customer, column) {
  if (!Object.hasOwn(customer, column)) {
    throw new Error(`column '${column}' is missing`);
  }
  return customer[column];
}
