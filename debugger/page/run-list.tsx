import { compareBranches, compareWithFile, remove, rename, saveRun } from "./branching.ts";
import type { KeptRun } from "./kept-runs.ts";
import * as store from "./store.ts";

/** The runs beside this one, one of which is shown. */
function Names({ runs }: { runs: readonly KeptRun[] }) {
  const shown = store.shownRun.value;
  return (
    <ul class="run-names">
      {runs.map(({ key, name }) => (
        <li key={key}>
          <button
            type="button"
            aria-pressed={key === shown}
            title={name}
            onClick={() => (store.shownRun.value = key)}
          >
            <bdi>{name}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** What may be done with a run. */
function Chosen({ run, others }: { run: KeptRun; others: readonly KeptRun[] }) {
  return (
    <div class="row-of-buttons run-chosen">
      <label>
        Name{" "}
        <input
          type="text"
          size={26}
          maxLength={120}
          value={run.name}
          onChange={({ currentTarget }) => {
            rename(run.key, currentTarget.value);
            currentTarget.value = store.run.peek()?.name ?? "";
          }}
        />
      </label>
      {run.view.branch !== undefined && (
        <button type="button" onClick={() => void saveRun(run)}>
          Save as a log
        </button>
      )}
      <button type="button" onClick={() => remove(run)}>
        Remove
      </button>
      {run.view.branch !== undefined && others.length > 0 && (
        <label>
          Beside{" "}
          <select
            value=""
            onChange={({ currentTarget }) => {
              const other = others.find(({ key }) => key.toString() === currentTarget.value);
              currentTarget.value = "";
              if (other !== undefined) void compareBranches(other, run);
            }}
          >
            <option value="">another branch…</option>
            {others.map(({ key, name }) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {run.edits !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            checked={store.isOnTop.value}
            onChange={({ currentTarget }) => (store.isOnTop.value = currentTarget.checked)}
          />{" "}
          go on from this branch
        </label>
      )}
    </div>
  );
}

/** Another log that this run is compared with: chosen, or dropped here. */
function Beside() {
  return (
    <section class="beside" aria-label="Compare with another log">
      <p>
        Compare this run with another log: drop it here, or{" "}
        <label class="choose small">
          choose it
          <input
            type="file"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              currentTarget.value = "";
              if (file !== undefined) void compareWithFile(file);
            }}
          />
        </label>
      </p>
    </section>
  );
}

/** Branches of this run and logs beside it: named, saved, compared. */
export function RunList() {
  const runs = store.runs.value;
  const run = store.run.value;
  const others = runs.filter(({ key, view }) => key !== run?.key && view.branch !== undefined);
  return (
    <section class="runs" aria-label="Runs beside this one">
      {runs.length > 0 && <Names runs={runs} />}
      {run !== undefined && <Chosen key={run.key} run={run} others={others} />}
      <Beside />
    </section>
  );
}
