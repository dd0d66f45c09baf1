/** CSV as RFC 4180 has it: UTF-8, commas, quotes around fields that need them; LF or CRLF, with or without a BOM. */

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/**
 * Read a table.
 *
 * @param {string} text A header and a line a row.
 * @returns {Record<string, string>[]} Cells by the header's names.
 * @throws {Error} A line is no row of the table; the message names it.
 */
export function readCsv(text) {
  const [header, ...rows] = records(text.replace(/^\uFEFF/, ""));
  return rows.map((cells, i) => {
    if (cells.length !== header.length) {
      throw new Error(`record ${i + 2}: expected ${header.length} fields; got ${cells.length}`);
    }
    return Object.fromEntries(header.map((name, column) => [name, cells[column]]));
  });
}

/** Write records with LF line ends; quotes stand only where a field needs them. */
export function writeCsv(records) {
  return records.map((cells) => `${cells.map(quoted).join(",")}\n`).join("");
}

function records(text) {
  const found = [];
  let cells = [];
  let at = 0;
  while (at < text.length || cells.length > 0) {
    FIELD.lastIndex = at;
    const match = FIELD.exec(text);
    if (match === null) {
      throw new Error(`record ${found.length + 1}: a quote stands where none may`);
    }
    const [whole, inQuotes, plain, end] = match;
    cells.push(inQuotes === undefined ? plain : inQuotes.replaceAll('""', '"'));
    at += whole.length;
    if (end !== ",") {
      found.push(cells);
      cells = [];
    }
  }
  return found;
}

function quoted(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
