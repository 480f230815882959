import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { compareWithFile } from "./branching.ts";
import * as store from "./store.ts";

/** Lets a log be dropped anywhere on the page. */
export function useDropping() {
  const isOver = useSignal(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      isOver.value = true;
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      isOver.value = false;
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      const isBeside = event.target instanceof Element && event.target.closest(".beside") !== null;
      if (isBeside) void compareWithFile(file);
      else store.openFile(file.name, file);
    };
    globalThis.addEventListener("dragover", over);
    globalThis.addEventListener("dragleave", leave);
    globalThis.addEventListener("drop", drop);
    return () => {
      globalThis.removeEventListener("dragover", over);
      globalThis.removeEventListener("dragleave", leave);
      globalThis.removeEventListener("drop", drop);
    };
  }, [isOver]);
  return isOver;
}

/** What there is before a log is open. */
export function StartScreen() {
  const why = store.refused.value;
  const isOpening = store.opening.value !== undefined;
  return (
    <main class="start">
      <h1>shadowfold</h1>
      {isOpening ? (
        <p role="status">Opening…</p>
      ) : (
        <>
          {why !== undefined && (
            <p class="bad" role="alert">
              {why}
            </p>
          )}
          <p>
            Drop a log or a recording here, gzipped or not. It stays in this browser: nothing is
            sent anywhere.
          </p>
          <label class="choose">
            Choose a file
            <input
              type="file"
              onChange={({ currentTarget }) => {
                const file = currentTarget.files?.[0];
                if (file !== undefined) store.openFile(file.name, file);
              }}
            />
          </label>
        </>
      )}
    </main>
  );
}
