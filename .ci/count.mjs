/**
 * Prints `N passed, M failed` and fails unless M is 0. Arguments: vitest's JSON report, the exit
 * status so far, and the steps that failed. A test file that could not be loaded, a step that
 * failed and a run that broke off count as one failure each.
 */
import { readFileSync } from "node:fs";

const [report, status, ...steps] = process.argv.slice(2);

function counts() {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    const unloaded = testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.length === 0,
    );
    return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
  } catch {
    return undefined;
  }
}

const tests = counts() ?? { passed: 0, failed: 0 };
// Failing tests fail their step too: that is not one failure more.
const others = steps.filter((step) => step !== "tests" || tests.failed === 0);
const failed = tests.failed + others.length + (status === "0" ? 0 : 1);
if (steps.length > 0) console.log(`Failed: ${steps.join(", ")}`);
console.log(`${tests.passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
