import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./source.ts";

/** SHA-256 of each recording. */
const sums = {
  "linux-first-stage-nvme.ndjson.gz":
    "dc124ee91cf722bc1df4937d4cb502ca8c0fd182b58496bf4d47fa2c493b50a5",
  "linux-legacy-nvme-load.jsonl.gz":
    "30585f55ad5e326868e352d45d385da488a42c43a2f929f82e10ca5db503b48e",
  "linux-legacy-nvme.jsonl.gz": "93591ac95556929156b46744a5ffd4c8785f5e8c8bf60ccf1a55b0533806de0a",
  "linux-scalable-nvme.jsonl.gz":
    "42ec370efb79122832d4122ab540d2ab8a3945fbd301bfc36a8061d20e65c362",
  "linux-vfio-edu.jsonl.gz": "e84eedc123398f2dad5f59c6c1e9bd506e4b84d107ad9bb05306fa76faf70aec",
};

describe("recordings", () => {
  it("[ST18] the recordings are the ones that were made", () => {
    const folder = join(root, "recordings");
    const files = readdirSync(folder).filter((name) => name.endsWith(".gz"));
    const sumOf = (name: string) =>
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex");
    expect(Object.fromEntries(files.map((name) => [name, sumOf(name)]))).toEqual(sums);
  });
});

describe("tests", () => {
  it("[ST19] a test reaches no other machine", async () => {
    const refusal: unknown = expect.objectContaining({
      message: expect.stringContaining("stay offline") as unknown,
    });
    await expect(fetch("http://192.0.2.1/")).rejects.toMatchObject({ cause: refusal });
  });
});
