/**
 * What the thread runs: it makes the target, and answers a list of requests by a list of answers.
 * It is text, since a bundle has no file of its own for it.
 */
export const host = `
const { parentPort, workerData } = require("node:worker_threads");
const { url, name, version } = workerData;
const index = new Int32Array(workerData.index);
const text = (error) => String(error?.message ?? error);
const say = (message) => {
  try {
    parentPort.postMessage(message);
  } catch (error) {
    parentPort.postMessage({ failed: "answers what cannot be passed on: " + text(error) });
  }
};
async function answer(target, request) {
  if (request.op === "hello") {
    const { name, ver, cap, ecap, can = [] } = target;
    return { name, version, ver, cap, ecap, can };
  }
  if (typeof target[request.op] !== "function") {
    return { error: "there is no method " + request.op };
  }
  try {
    return await target[request.op](request);
  } catch (error) {
    return { error: text(error) };
  }
}
(async () => {
  const module = await import(url);
  const make = name === "" ? (module.default ?? Object.values(module)[0]) : module[name];
  const target = typeof make === "function" ? await make() : make;
  if (typeof target !== "object" || target === null) {
    throw new Error("exports nothing that makes a target");
  }
  parentPort.on("message", async (requests) => {
    const answers = [];
    for (const [at, request] of requests.entries()) {
      Atomics.store(index, 0, at);
      answers.push(await answer(target, request));
    }
    say({ answers });
  });
  say({ ready: true });
})().catch((error) => say({ failed: text(error) }));
`;
