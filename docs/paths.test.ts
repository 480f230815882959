import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root, textFiles, textOf } from "../properties/style/source.ts";

/** Folders of the checkout; a guest has a `bin/` of its own. */
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^\w/.test(entry.name) && entry.name !== "bin")
  .map(({ name }) => name);

const named = new RegExp(`(?<![\\w./-])(?:${folders.join("|")})/[\\w./-]*\\w`, "g");

const texts = textFiles().filter((path) => /\.(md|ts|mjs)$/.test(path));

test("[DOC6] a file or folder that a page or the code names exists", () => {
  const missing = texts.flatMap((path) =>
    (textOf(path).match(named) ?? [])
      .filter((name) => !existsSync(join(root, name)) && !/^(dist|docs\/api)\b/.test(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test("[DOC6] a link between pages leads to a file", () => {
  const broken = texts
    .filter((path) => path.endsWith(".md"))
    .flatMap((path) => {
      const links = [...textOf(path).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)];
      return links
        .map(([, link = ""]) => join(dirname(path), link))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${path}: ${target}`);
    });
  expect(broken).toEqual([]);
});
