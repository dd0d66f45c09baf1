/** A bundle: verified against its manifest byte by byte, then read. */

import { createHash } from "node:crypto";
import { lstat, readFile, readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

const MANIFEST = "manifest.json";

/**
 * Open a sealed bundle.
 *
 * @param {string} folder The bundle's folder; its name is the bundle's id.
 * @returns {Promise<{id: string, onnx: Buffer, spec: object, cutPoints: object, examples: object}>}
 * @throws {Error} A file is missing, unlisted, no plain file, or not as it was sealed; or a format is unknown.
 */
export async function openBundle(folder) {
  const manifest = JSON.parse(await readFile(join(folder, MANIFEST), "utf8"));
  requireVersion(manifest, MANIFEST);
  const names = Object.keys(manifest.files).sort();
  const present = (await readdir(folder)).filter((name) => name !== MANIFEST).sort();
  if (JSON.stringify(present) !== JSON.stringify(names)) {
    throw new Error(`bundle: expected the files ${names}; got ${present}`);
  }
  const contents = {};
  for (const name of names) {
    contents[name] = await readSealed(join(folder, name), manifest.files[name].sha256);
  }
  const listing = names.map((name) => `${manifest.files[name].sha256}  ${name}\n`).join("");
  const id = sha256(listing).slice(0, 16);
  if (id !== manifest.bundle_id || id !== basename(resolve(folder))) {
    throw new Error(`bundle: the files are those of ${id}; the manifest or the folder says otherwise`);
  }
  const spec = JSON.parse(contents["preprocessing.json"]);
  requireVersion(spec, "preprocessing.json");
  const examples = JSON.parse(contents["examples.json"]);
  requireVersion(examples, "examples.json");
  const cutPoints = JSON.parse(contents["cut_points.json"]);
  return { id, onnx: contents["model.onnx"], spec, cutPoints, examples };
}

async function readSealed(path, expected) {
  const status = await lstat(path);
  const bytes = status.isFile() ? await readFile(path) : null;
  if (bytes === null || sha256(bytes) !== expected) {
    throw new Error(`bundle: ${basename(path)} is not as it was sealed`);
  }
  return bytes;
}

function requireVersion(content, name) {
  if (content.format_version !== 1) {
    throw new Error(`${name}: expected format_version 1; got ${content.format_version}`);
  }
}

function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}
