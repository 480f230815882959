import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageWithLog } from "./debugger-page.ts";
import type { PageServer } from "./debugger-server.ts";
import { servePage } from "./debugger-server.ts";
import { lastingToken } from "./debugger-token.ts";
import { buildPage } from "./test/built-page.ts";
import { captureRun, recordingPath } from "./test/captured-run.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-debug-"));
const file = join(folder, "a.log");
const page =
  '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'" /><!-- log -->';

let server: PageServer;
beforeAll(async () => {
  buildPage();
  writeFileSync(file, "bytes");
  server = await servePage({ page, file, name: "a<b>.log", host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly code: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What the server answers; `headers` are taken as they are. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server.address), { method, headers }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString();
      });
      response.on("end", () => {
        resolve({ code: response.statusCode ?? 0, text, headers: response.headers });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the debugger's server", () => {
  it("[DB20] listens on loopback and answers who has the token, with a strict policy", async () => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    const got = await get("");
    expect([got.code, got.text]).toEqual([200, page]);
    expect(got.headers["content-security-policy"]).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(got.headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect((await get("log")).text).toBe("bytes");
    expect((await get("name")).text).toBe("a<b>.log");
    expect((await get("/")).code).toBe(404);
    expect((await get("/log")).code).toBe(404);
    expect((await get("constructor")).code).toBe(404);
    expect((await get("", {}, "POST")).code).toBe(405);
  });

  it("[DB21] refuses what another page or another name asks for", async () => {
    const { host, origin } = new URL(server.address);
    for (const path of ["", "log", "alive"]) {
      const codes = await Promise.all([
        get(path, { Host: "evil.example" }),
        get(path, { Origin: "http://evil.example" }),
        get(path, { Host: host, Origin: "null" }),
        get(path, { "Sec-Fetch-Site": "cross-site" }),
        get(path, { "Sec-Fetch-Site": "same-site" }),
      ]);
      expect(codes.map(({ code }) => code)).toEqual([403, 403, 403, 403, 403]);
    }
    expect((await get("log", { Host: host, Origin: origin })).code).toBe(200);
    expect((await get("log", { "Sec-Fetch-Site": "same-origin" })).code).toBe(200);
  });
});

describe("a server that comes back", () => {
  const { XDG_STATE_HOME } = process.env;
  const state = join(folder, "state");
  const key = join(state, "shadowfold", "debug.key");
  beforeAll(() => {
    process.env["XDG_STATE_HOME"] = state;
  });
  afterAll(() => {
    if (XDG_STATE_HOME === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = XDG_STATE_HOME;
  });

  it("[DB27] has one token for a file and a port, from a key that only its user may read", () => {
    const token = lastingToken(file, "127.0.0.1", 4711);
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(lastingToken(file, "127.0.0.1", 4711)).toBe(token);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, "b.log"), "");
    const others = [
      lastingToken(join(folder, "b.log"), "127.0.0.1", 4711),
      lastingToken(file, "127.0.0.1", 4712),
      lastingToken(file, "::1", 4711),
    ];
    expect(new Set([token, ...others]).size).toBe(4);
    chmodSync(key, 0o640);
    expect(lastingToken(file, "127.0.0.1", 4711)).toBeUndefined();
    rmSync(key);
    const next = lastingToken(file, "127.0.0.1", 4711);
    expect(next).toMatch(/^[0-9a-f]{32}$/);
    expect(next).not.toBe(token);
  });
});

describe("the commands", () => {
  it("[DB22] debug and export html refuse what is no log in one line", async () => {
    const trace = recordingPath("traces/qemu72-linux612.vtd.log").replace(".jsonl", "");
    for (const words of [["debug"], ["export", "html", "-o", join(folder, "run.html")]]) {
      for (const bad of [file, join(folder, "missing"), "-", trace]) {
        const { code, out, err } = await captureRun(...words, bad);
        expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
      }
    }
    const debugEdu = (...words: readonly string[]): ReturnType<typeof captureRun> =>
      captureRun("debug", recordingPath("linux-vfio-edu"), ...words);
    const json = await debugEdu("--json");
    expect([json.code, json.out, json.err]).toEqual([2, "", "--json: goes with --terminal\n"]);
    const busy = await debugEdu("--host", "192.0.2.1");
    expect([busy.code, busy.err]).toEqual([2, "192.0.2.1:0: is no address of this machine\n"]);
    const taken = new URL(server.address).port;
    const twice = await debugEdu("--port", taken);
    expect([twice.code, twice.err]).toEqual([2, `127.0.0.1:${taken}: is in use already\n`]);
    expect((await debugEdu("--port", "70000")).err).toMatch(/Expected a port from 0 to 65535/);
  });

  it("[DB22] debug --at gives the address of a moment", async () => {
    const known = process.listeners("SIGTERM");
    const running = captureRun("debug", recordingPath("linux-vfio-edu"), "--at", "5643");
    const own = () => process.listeners("SIGTERM").find((one) => !known.includes(one));
    await expect.poll(own, { timeout: 10_000 }).toBeDefined();
    own()?.("SIGTERM");
    expect((await running).out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\w{32}\/#event=5643\n$/);
  });

  it("[DB23] export html of a log cut short has what is before, and says so", async () => {
    const cut = join(folder, "cut.jsonl");
    const log = gunzipSync(readFileSync(recordingPath("linux-vfio-edu"))).toString();
    writeFileSync(cut, log.slice(0, 100_000));
    const out = join(folder, "cut.html");
    const { code, err } = await captureRun("export", "html", cut, "-o", out);
    expect(code).toBe(2);
    expect(err).toMatch(/cut\.jsonl:\d+: not JSON: .*; \S+cut\.html has what is before\n$/);
    expect(readFileSync(out, "utf8")).toContain('data-name="cut.jsonl"');
  });

  it("[DB23] export html writes one page, within 2 MiB, and replaces none unasked", async () => {
    const out = join(folder, "run.html");
    const words = ["export", "html", recordingPath("linux-vfio-edu"), "-o", out] as const;
    expect(await captureRun(...words)).toEqual({ code: 0, out: "", err: "" });
    const text = readFileSync(out, "utf8");
    expect(text.length).toBeLessThan(2 * 2 ** 20);
    expect(text).not.toMatch(/<(script|link|img|iframe)[^>]* (src|href)="(?!data:)/);
    expect((await captureRun(...words)).code).toBe(2);
    expect(readFileSync(out, "utf8")).toBe(text);
    expect((await captureRun(...words, "--force")).code).toBe(0);
    const named = pageWithLog(page, '"><script>', new Uint8Array([31, 139]));
    expect(named).toContain('data-name="&quot;&gt;&lt;script&gt;"');
  });
});
