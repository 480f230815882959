import { readFileSync } from "node:fs";
import { parseJson } from "../events/json.ts";
import type { Finding } from "../explore/story/finding.ts";

/** What a run of `explore --json` said, as far as the page shows it. */
export interface ExploreRun {
  readonly configuration: string;
  readonly complete: boolean;
  readonly states: number;
  readonly orbits: number;
  readonly levels: readonly number[];
  readonly transitions: number;
  readonly collisions: number;
  readonly finding?: Finding;
  readonly charts: readonly {
    readonly chart: string;
    readonly states: readonly { readonly state: string; readonly isReached: boolean }[];
    readonly transitions: readonly { readonly times: number }[];
  }[];
}

/** The runs whose figures the page shows, from the file that they were saved in. */
export const shownRuns = (): readonly ExploreRun[] =>
  parseJson(
    readFileSync(new URL("../docs/revoke-runs.json", import.meta.url), "utf8"),
  ) as readonly ExploreRun[];
