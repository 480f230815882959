import { useSignal } from "@preact/signals";
import type { RegisterView, StateRow, StateTable } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import { Fields } from "./fields.tsx";
import * as store from "./store.ts";

const words = (name: string): string =>
  name
    .replaceAll(/([A-Z])/g, " $1")
    .toLowerCase()
    .replace("iotlb", "IOTLB")
    .replace("p2m", "P2M");

function Values({ rows }: { rows: readonly StateRow[] }) {
  return (
    <dl class="values">
      {rows.map(({ key, cells, before }) => (
        <div key={key} class={before === undefined ? "" : "changed"}>
          <dt>{words(key)}</dt>
          <dd>
            {before !== undefined && <s>{before ?? "nothing"}</s>} {cells[0]}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Register({ register }: { register: RegisterView }) {
  const isOpen = useSignal(false);
  const { name, doc, offset, value, before, fields } = register;
  const isChanged = before !== undefined;
  const shown = isChanged || isOpen.value;
  return (
    <li class={isChanged ? "register changed" : "register"}>
      <button
        type="button"
        aria-expanded={shown}
        title={doc}
        onClick={() => (isOpen.value = !isOpen.peek())}
      >
        <span class="offset">{offset}</span>
        <span class="name">{name}</span>
        <span class="value">
          {isChanged && <s>{before}</s>} {value}
        </span>
      </button>
      {shown && <Fields fields={fields} />}
    </li>
  );
}

function Cells({ row, columns }: { row: StateRow; columns: readonly string[] }) {
  const isChanged = row.before !== undefined;
  return (
    <tr class={row.gone ? "changed gone" : isChanged ? "changed" : ""}>
      <th scope="row">{row.key}</th>
      {row.gone ? (
        <td colSpan={columns.length}>
          gone; it was: <s>{row.before}</s>
        </td>
      ) : (
        row.cells.map((cell, index) => (
          <td key={columns[index]} title={isChanged ? (row.before ?? "new") : undefined}>
            {cell}
          </td>
        ))
      )}
    </tr>
  );
}

function Table({ table }: { table: StateTable }) {
  const isOpen = useSignal(table.changed > 0);
  if (table.count === 0 && table.rows.length === 0) return null;
  const more = table.count - table.rows.length;
  return (
    <details
      open={isOpen.value || table.changed > 0}
      onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}
    >
      <summary>
        {words(table.name)} <span class="faint">{table.count}</span>
        {table.changed > 0 && <span class="flag">{table.changed} changed</span>}
      </summary>
      <div class="wide" tabIndex={0} role="group" aria-label={words(table.name)}>
        <table>
          <thead>
            <tr>
              <th scope="col">of</th>
              {table.columns.map((name) => (
                <th key={name} scope="col">
                  {words(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row) => (
              <Cells key={row.key} row={row} columns={table.columns} />
            ))}
          </tbody>
        </table>
        {more > 0 && <p class="faint">and {more} more</p>}
      </div>
    </details>
  );
}

/** Those that the step has changed before the others, each in its order. */
const litFirst = <T,>(items: readonly T[], isLit: (item: T) => boolean): readonly T[] => [
  ...items.filter(isLit),
  ...items.filter((item) => !isLit(item)),
];

/** What is the case after the event that one is at; what its step changed is lit. */
export function StatePanel() {
  const { value, error } = store.state.value;
  const row = store.current.value.value?.[0];
  if (error !== undefined) return <p class="bad">{error}</p>;
  if (value === undefined) return <p class="faint panel-body">Looking…</p>;
  return (
    <div class="panel-body state">
      <h3>
        After event {value.at} <span class="faint">what this input changed is lit</span>
      </h3>
      {row !== undefined && row.seq === value.at && (
        <p class="whole-event">
          <strong>{row.type}</strong> <bdi class="mono">{row.text}</bdi>
        </p>
      )}
      <Values rows={value.values} />
      {value.waiting.length > 0 && (
        <>
          <h3>Changed, and not announced</h3>
          <ul class="waiting-list">
            {value.waiting.map(({ text, since }, index) => (
              <li key={index}>
                {text}: since <EventLink seq={since} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>Registers</h3>
      <ul class="registers">
        {litFirst(value.registers, ({ before }) => before !== undefined).map((register) => (
          <Register key={register.name} register={register} />
        ))}
      </ul>
      <h3>What is kept</h3>
      {litFirst(value.tables, ({ changed }) => changed > 0).map((table) => (
        <Table key={table.name} table={table} />
      ))}
    </div>
  );
}
