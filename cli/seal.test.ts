// Length: sealing a log is the set-up of every test here.
import { appendFileSync, cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePrivateKey, encodePublicKey, makeKey } from "../seal/key.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { cosign, lyingSeal } from "./test/lying-seal.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("seal", afterAll);
const at = (name: string): string => join(folder, name);

const seed = (byte: number): Buffer => Buffer.alloc(32, byte);
const key = makeKey("example.com/host7", "ed25519", seed(1));
const other = makeKey("example.com/host7", "ed25519", seed(2));
const pq = makeKey("example.com/host7", "mlDsa44Cosignature", seed(3));
const witness = makeKey("example.com/w1", "ed25519Cosignature", seed(4));

const keyFile = fileOf("host7.key", `${encodePrivateKey(key)}\n`);
const pub = fileOf("host7.key.pub", `${encodePublicKey(key.publicKey)}\n`);
const otherPub = encodePublicKey(other.publicKey);
const log = at("run.ndjson");
const sealed = at("run.seal");
let lines: readonly string[] = [];

const logFile = (name: string, those: readonly string[]): string =>
  fileOf(name, those.map((line) => `${line}\n`).join(""));

beforeAll(async () => {
  await run("convert", "--facts", "decided", "docs/nesting/nest-off.ndjson", log);
  lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const made = await run("seal", log, "--key", keyFile, "-o", sealed, "--every", "20");
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toMatch(/run\.seal: \d+ entries of example\.com\/host7, signed by /);
});

/** What `check` says: the exit code and the words after the name of the file. */
async function checked(...words: readonly string[]): Promise<readonly [number, string]> {
  const { code, out, err } = await run("check", ...words);
  const said = (out + err).trim().split("\n");
  expect(said.length).toBeLessThan(3);
  return [code, (said[0] ?? "").replace(`${words[0] ?? ""}: `, "")];
}

const withSeal = (file: string, seal = sealed) => checked(file, "--seal", seal, "--key", pub);

describe("sealing", () => {
  test("[TE20] makes entries of lines and states, in tiles, with a signed checkpoint", async () => {
    const [code, said] = await withSeal(log);
    expect([code, said]).toEqual([
      0,
      `holds: all ${lines.length.toString()} lines are as sealed, its 47 facts follow, ` +
        "its 5 sealed states follow",
    ]);
    const [, size] = readFileSync(at("run.seal/checkpoint"), "utf8").split("\n");
    expect(Number(size)).toBe(1 + lines.length + 5);
    const bundle = readFileSync(at(`run.seal/tile/entries/000.p/${size ?? ""}`), "utf8");
    expect(bundle.slice(2, 39)).toBe('{"seal":1,"model":"0.1.0","every":20}');
    expect(statSync(at(`run.seal/tile/0/000.p/${size ?? ""}`)).size).toBe(Number(size) * 32);
  });

  test("[TE20] is the same of the same log, gzipped or not, and of standard bytes", async () => {
    const gz = at("run.ndjson.gz");
    await run("convert", log, gz);
    const words = ["--key", keyFile, "-o", at("gz.seal"), "--every", "20"];
    expect((await run("seal", gz, ...words)).code).toBe(0);
    const both = [sealed, at("gz.seal")].map((path) =>
      readFileSync(join(path, "checkpoint"), "utf8"),
    );
    expect(both[0]).toBe(both[1]);
  });

  test("[TE21] a log that has grown is sealed on; another one in its place is a fork", async () => {
    const [start, all] = [logFile("start.ndjson", lines.slice(0, 60)), at("grow.seal")];
    const into = (file: string, ...more: readonly string[]) =>
      run("seal", file, "--key", keyFile, "-o", all, "--every", "20", ...more);
    expect((await into(start)).code).toBe(0);
    cpSync(all, at("early.seal"), { recursive: true });
    expect((await into(log)).code).toBe(0);
    expect(readFileSync(at("grow.seal/checkpoint"))).toEqual(
      readFileSync(at("run.seal/checkpoint")),
    );
    const back = await into(start, "--force");
    expect([back.code, back.out]).toEqual([1, expect.stringContaining("refused, roll-back: ")]);
    const edited = logFile(
      "fork.ndjson",
      [...lines, ""].slice(0, -1).with(0, `${lines[0] ?? ""} `),
    );
    const fork = await into(edited, "--force");
    expect([fork.code, fork.out]).toEqual([1, expect.stringContaining("refused, fork: ")]);
    expect((await checked(all, "--known", at("early.seal"), "--key", pub))[0]).toBe(0);
    const old = await checked(at("early.seal"), "--known", all, "--key", pub);
    expect(old).toEqual([1, expect.stringMatching(/^refused, roll-back: /)]);
  });

  test("[TE22] what cannot be sealed is told in one line, and nothing is left", async () => {
    const wrong = logFile(
      "wrong.ndjson",
      lines.toSpliced(
        lines.findIndex((line) => line.includes('"fact"')),
        1,
      ),
    );
    const own = fileOf("notes.txt", "mine");
    const cases: readonly (readonly [number, RegExp, readonly string[]])[] = [
      [1, /refused, facts do not follow: line \d+/, [wrong, "--key", keyFile, "-o", at("x.seal")]],
      [2, /private key: not of the form/, [log, "--key", pub, "-o", at("x.seal")]],
      [2, /--key FILE is missing/, [log, "-o", at("x.seal")]],
      [2, /-o is missing/, [log, "--key", keyFile]],
      [2, /which log/, ["--key", keyFile, "-o", at("x.seal")]],
      [2, /no such file/, [at("none"), "--key", keyFile, "-o", at("x.seal")]],
      [
        2,
        /is a recording/,
        ["recordings/linux-vfio-edu.jsonl.gz", "--key", keyFile, "-o", at("x.seal")],
      ],
      [2, /is no seal, it has /, [log, "--key", keyFile, "-o", folder, "--force"]],
      [2, /is no folder/, [log, "--key", keyFile, "-o", own, "--force"]],
      [2, /is there already/, [log, "--key", keyFile, "-o", own, "--checkpoint-only"]],
    ];
    for (const [code, said, words] of cases) {
      const made = await run("seal", ...words);
      expect([made.code, made.out + made.err]).toEqual([code, expect.stringMatching(said)]);
      expect((made.out + made.err).trim().split("\n")).toHaveLength(1);
    }
    expect(statSync(at("x.seal"), { throwIfNoEntry: false })).toBeUndefined();
    expect(readFileSync(own, "utf8")).toBe("mine");
  });

  test("[TE23] a new key is for nobody else's eyes, and never replaces one", async () => {
    for (const type of ["ed25519", "ml-dsa-44"]) {
      const words = ["seal", "--generate-key", "example.com/new", "--type", type, "-o", at(type)];
      const made = await run(...words);
      expect([made.code, made.out]).toEqual([0, readFileSync(at(`${type}.pub`), "utf8")]);
      expect(statSync(at(type)).mode & 0o777).toBe(0o600);
      const again = await run(...words, "--force");
      expect([again.code, again.err]).toEqual([2, `${at(type)}: exists already\n`]);
    }
    const bad = await run("seal", "--generate-key", "two words", "-o", at("bad.key"));
    expect([bad.code, statSync(at("bad.key"), { throwIfNoEntry: false })]).toEqual([2, undefined]);
  });

  test("[TE23] several keys sign one checkpoint, and each is believed", async () => {
    const second = fileOf("pq.key", encodePrivateKey(pq));
    const pqPub = fileOf("pq.pub", encodePublicKey(pq.publicKey));
    const words = ["--key", keyFile, "--key", second, "-o", at("alone"), "--checkpoint-only"];
    expect((await run("seal", log, ...words, "--every", "20")).code).toBe(0);
    for (const one of [pub, pqPub]) {
      const found = await checked(log, "--seal", at("alone"), "--key", one, "--every", "20");
      expect(found[0]).toBe(0);
    }
  });
});

describe("refusals", () => {
  const state = /^\{"state":[45]\d,/;
  const bent = (entry: string): string =>
    state.test(entry) ? entry.replace(/[0-9a-f]{64}/, "0".repeat(64)) : entry;

  test("[TE24] each way in which a log is not the sealed one has its name", async () => {
    const wrongFact = lines.findIndex((line) => line.includes('"fact":"DmaLanded"'));
    const lie = logFile(
      "lie.ndjson",
      lines.with(wrongFact, (lines[wrongFact] ?? "").replace(/"hpa":"0x/, '"hpa":"0x1')),
    );
    await lyingSeal(lie, at("lie.seal"), key);
    await lyingSeal(log, at("state.seal"), key, bent);
    const edited = lines.with(7, (lines[7] ?? "").replace("{", "{ "));
    const cases: readonly (readonly [string, string, string])[] = [
      ["log differs: line 8 is not", logFile("edit.ndjson", edited), sealed],
      [
        "log differs: line 1 is not",
        logFile("head.ndjson", lines.with(0, `${lines[0] ?? ""} `)),
        sealed,
      ],
      ["log cut: it ends before", logFile("cut.ndjson", lines.slice(0, -1)), sealed],
      ["not sealed: line 61 is after", log, at("early.seal")],
      ["facts do not follow: line ", lie, at("lie.seal")],
      ["state root does not follow: the state after event ", log, at("state.seal")],
    ];
    for (const [said, file, seal] of cases) {
      const found = await withSeal(file, seal);
      expect(found).toEqual([1, expect.stringContaining(`refused, ${said}`)]);
    }
  });

  test("[TE24] a checkpoint alone tells that a log differs, and not where", async () => {
    const note = at("run.seal/checkpoint");
    const with20 = (file: string) => checked(file, "--seal", note, "--key", pub, "--every", "20");
    expect((await with20(log))[0]).toBe(0);
    const cut = logFile("cut.ndjson", lines.slice(0, -1));
    expect((await with20(cut))[1]).toMatch(/^refused, log cut: /);
    const edited = logFile("edit.ndjson", lines.with(7, (lines[7] ?? "").replace("{", "{ ")));
    expect((await with20(edited))[1]).toMatch(/^refused, log differs: /);
    const early = await checked(
      log,
      "--seal",
      at("early.seal/checkpoint"),
      "--key",
      pub,
      "--every",
      "20",
    );
    expect(early[1]).toMatch(/^refused, not sealed: line 61 /);
  });

  test("[TE25] another key, origin, log or witness has its name", async () => {
    const proof = at("p.tlog-proof");
    expect((await run("prove", "inclusion", sealed, "--line", "9", "-o", proof)).code).toBe(0);
    expect(await checked(proof, "--key", pub)).toEqual([
      0,
      expect.stringContaining(`is sealed: ${lines[8] ?? ""}`),
    ]);
    const named = (...words: readonly string[]) =>
      checked(proof, ...words).then(([, said]) => said);
    expect(await named("--key", otherPub)).toMatch(/^refused, wrong key: /);
    expect(await named("--key", pub, "--origin", "example.com/host8")).toMatch(
      /^refused, wrong origin: it is of example\.com\/host7, not of example\.com\/host8$/,
    );
    const cosigned = at("cosigned");
    cosign(cosigned, readFileSync(at("run.seal/checkpoint"), "utf8"), witness, 1_700_000_000n);
    const policy = fileOf(
      "policy",
      `log ${encodePublicKey(key.publicKey)}\n` +
        `witness W ${encodePublicKey(witness.publicKey)}\nquorum W\n`,
    );
    expect(await checked(cosigned, "--policy", policy)).toEqual([0, expect.any(String)]);
    expect(await named("--policy", policy)).toMatch(/^refused, too few witnesses: /);
    const forged = readFileSync(proof, "utf8").replace(/^index \d+$/m, "index 3");
    expect((await checked(fileOf("forged", forged), "--key", pub))[1]).toMatch(
      /^refused, wrong proof/,
    );
    const beyond = readFileSync(proof, "utf8").replace(/^index \d+$/m, "index 9999");
    expect((await checked(fileOf("beyond", beyond), "--key", pub))[1]).toMatch(
      /^refused, degenerate/,
    );
  });

  test("[TE26] a consistency proof leads from one seal to the next, and to no other", async () => {
    const proof = at("c.proof");
    const early = at("early.seal");
    expect((await run("prove", "consistency", sealed, "--from", early, "-o", proof)).code).toBe(0);
    expect((await checked(proof, "--known", early, "--key", pub))[0]).toBe(0);
    expect(readFileSync(proof, "utf8")).toMatch(/^old \d+\n/);
    expect(await checked(proof, "--key", pub)).toEqual([2, expect.stringContaining("--known")]);
    expect((await checked(proof, "--known", sealed, "--key", pub))[0]).toBe(2);
    const start = logFile("other.ndjson", lines.slice(0, 60).with(0, `${lines[0] ?? ""} `));
    await lyingSeal(start, at("other.seal"), key);
    const fork = await checked(proof, "--known", at("other.seal"), "--key", pub);
    expect(fork[1]).toMatch(/^refused, fork: /);
    const direct = await checked(sealed, "--known", at("other.seal"), "--key", pub);
    expect(direct[1]).toMatch(/^refused, fork: /);
    const made = await run("prove", "consistency", sealed, "--from", at("other.seal"));
    expect([made.code, made.out]).toEqual([1, expect.stringContaining("fork")]);
    const back = await run("prove", "consistency", early, "--from", sealed);
    expect([back.code, back.out]).toEqual([1, expect.stringContaining("roll-back")]);
  });

  test("[TE27] a state that is proved is the one that state says", async () => {
    const proof = at("s.tlog-proof");
    expect((await run("prove", "state", sealed, "--event", "45", "-o", proof)).code).toBe(0);
    const { code, out } = await run("check", proof, "--key", pub, "--json");
    const { entry } = JSON.parse(out);
    expect([code, entry.kind]).toEqual([0, "state"]);
    expect(entry.seq).toBeGreaterThanOrEqual(40);
    expect(entry.seq).toBeLessThanOrEqual(45);
    const shown = await run("state", log, "--at", String(entry.seq), "--json");
    expect(JSON.parse(shown.out).stateHash).toBe(entry.stateHash);
    expect(statSync(proof).size).toBeLessThan(4096);
    const none = await run("prove", "state", sealed, "--event", "3");
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("no state at or before")]);
    for (const words of [
      ["--line", "999"],
      ["--event", "999"],
      [],
      ["--line", "1", "--index", "1"],
    ]) {
      expect((await run("prove", "inclusion", sealed, ...words)).code).toBe(2);
    }
    const event = await run("prove", "inclusion", sealed, "--event", "45");
    expect(event.out).toContain(Buffer.from('{"seq":45,').toString("base64").slice(0, 12));
  });
});

describe("damage", () => {
  test("[TE28] a seal that is cut or flipped anywhere is never believed", async () => {
    const [, size = ""] = readFileSync(at("run.seal/checkpoint"), "utf8").split("\n");
    const names = ["checkpoint", `tile/0/000.p/${size}`, `tile/entries/000.p/${size}`];
    cpSync(sealed, at("hurt.seal"), { recursive: true });
    const law = fc.asyncProperty(
      fc.constantFrom(...names),
      fc.nat(),
      fc.constantFrom("flip", "cut", "insert"),
      async (name, place, how) => {
        const path = at(`hurt.seal/${name}`);
        const bytes = readFileSync(path);
        const where = place % bytes.length;
        const hurt = Buffer.concat([
          bytes.subarray(0, where),
          how === "insert" ? Buffer.of(bytes[where] ?? 0, 1) : Buffer.of(),
          bytes.subarray(how === "cut" ? bytes.length : where),
        ]);
        if (how === "flip") hurt[where] = (hurt[where] ?? 0) ^ (1 << (place % 8));
        writeFileSync(path, hurt);
        const [code, said] = await checked(at("hurt.seal"), "--key", pub);
        writeFileSync(path, bytes);
        expect([1, 2]).toContain(code);
        expect(said).not.toMatch(/internal/);
      },
    );
    await fc.assert(law, { numRuns: 200 });
    expect((await checked(at("hurt.seal"), "--key", pub))[0]).toBe(0);
    appendFileSync(at(`hurt.seal/tile/0/000.p/${size}`), "x");
    const [code, said] = await checked(at("hurt.seal"), "--key", pub);
    expect([code, said]).toEqual([1, expect.stringContaining("damaged seal: tile/0/000.p/")]);
  });

  test("[TE28] what is no key, seal or proof is one line and exit code 2", async () => {
    const proof = fileOf("odd", "c2sp.org/tlog-proof@v1\nhello\n\nx\n");
    for (const words of [
      [proof, "--key", pub],
      [sealed, "--key", keyFile],
      [sealed, "--key", at("none")],
      [sealed],
      [log, "--key", pub],
      [log, "--seal", at("none"), "--key", pub],
      [sealed, "--policy", log],
      [fileOf("words", "hello\n"), "--key", pub],
    ]) {
      const [code, said] = await checked(...words);
      expect([code, said]).toEqual([2, expect.stringMatching(/./)]);
    }
  });
});
