import { useSignal, useSignalEffect } from "@preact/signals";
import * as moves from "./moves.ts";
import * as store from "./store.ts";

/** Edits of the input behind the event that one is at. */
export function EditHere() {
  const text = useSignal("");
  const row = store.current.value.value?.[0];
  useSignalEffect(() => {
    text.value = store.line.value.value ?? "";
  });
  if (row === undefined) return null;
  const at = row.cause;
  const page = store.asked.value;
  return (
    <section class="edit" aria-label="Do this input differently">
      <h3>Do input {at} differently</h3>
      <label>
        The input, as a line of a log
        <textarea
          rows={3}
          spellcheck={false}
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
      </label>
      <div class="row-of-buttons">
        <button
          type="button"
          onClick={() =>
            void moves.askWhatIf(`input ${at.toString()} had been another`, [
              { kind: "change", at, line: text.peek() },
            ])
          }
        >
          Change it to this
        </button>
        <button
          type="button"
          onClick={() =>
            void moves.askWhatIf(`this had come before input ${at.toString()}`, [
              { kind: "insert", before: at, line: text.peek() },
            ])
          }
        >
          Insert this before it
        </button>
        <button
          type="button"
          onClick={() =>
            void moves.askWhatIf(`input ${at.toString()} had not happened`, [
              { kind: "remove", at },
            ])
          }
        >
          Leave it out
        </button>
        {page !== undefined && (
          <button
            type="button"
            onClick={() =>
              void moves.askWhatIf(
                `the guest had invalidated all of ${page.device} after input ${at.toString()}`,
                [{ kind: "invalidated", after: at, asked: page }],
              )
            }
          >
            Invalidate here
          </button>
        )}
      </div>
    </section>
  );
}
