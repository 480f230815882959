import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { commands } from "./commands.ts";
import * as store from "./store.ts";

/** Whether the letters of some words come one after the other in a name. */
function fits(name: string, words: string): boolean {
  const [of, wanted] = [name.toLowerCase(), words.toLowerCase().replaceAll(/\s+/g, "")];
  let from = 0;
  for (const letter of wanted) {
    from = of.indexOf(letter, from) + 1;
    if (from === 0) return false;
  }
  return true;
}

/** What fits, with those before others that have the words as they were typed. */
function ranked(words: string) {
  const all = commands.filter(({ id, name }) => id !== "palette" && fits(name, words));
  const has = (name: string): number => (name.toLowerCase().includes(words.toLowerCase()) ? 0 : 1);
  return all.toSorted((a, b) => has(a.name) - has(b.name));
}

/** All commands by their names. */
export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const words = useSignal("");
  const chosen = useSignal(0);
  const list = useComputed(() => ranked(words.value));
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => dialog.current?.close();
  const run = (index: number): void => {
    const command = list.peek()[index];
    close();
    if (command !== undefined) queueMicrotask(() => void command.run());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const count = list.peek().length;
    if (event.key === "ArrowDown") chosen.value = (chosen.peek() + 1) % Math.max(1, count);
    else if (event.key === "ArrowUp") chosen.value = (chosen.peek() + count - 1) % count;
    else if (event.key === "Enter") run(chosen.peek());
    else return;
    event.preventDefault();
  };
  const active = list.value[chosen.value];
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Commands"
      onClose={() => (store.isPaletteOpen.value = false)}
      onClick={({ target }) => target === dialog.current && close()}
    >
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={active === undefined ? undefined : `palette-${active.id}`}
        aria-label="Command"
        placeholder="What do you want to do?"
        onInput={({ currentTarget }) => {
          words.value = currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label="Commands">
        {list.value.map(({ id, name, keys }, index) => (
          <li
            key={id}
            id={`palette-${id}`}
            role="option"
            aria-selected={index === chosen.value}
            onClick={() => run(index)}
            onPointerMove={() => (chosen.value = index)}
          >
            <span>{name}</span>
            <kbd>{keys}</kbd>
          </li>
        ))}
      </ul>
    </dialog>
  );
}

/** Which key does what. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="help"
      aria-label="Keys"
      onClose={() => (store.isHelpOpen.value = false)}
      onClick={({ target }) => target === dialog.current && dialog.current?.close()}
    >
      <h2>Keys</h2>
      <p>
        Everything can be done by keyboard. Wheel zooms the timeline, Shift and wheel moves it,
        dragging does too; a click goes to the nearest event of a lane.
      </p>
      <dl>
        {commands.map(({ id, name, keys }) => (
          <div key={id}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{name}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
