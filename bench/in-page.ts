// What the bench has done in the page: each function is sent there as text, and knows nothing else.

/** As much of the DOM as is used: the project is not checked with all of it. */
interface Found {
  readonly textContent: string | null;
  readonly addEventListener: (type: string, listener: () => void) => void;
  readonly dispatchEvent: (event: object) => void;
  readonly click: () => void;
  readonly getBoundingClientRect: () => { readonly left: number; readonly top: number };
  value: string;
}
declare const document: {
  readonly body: Found;
  readonly querySelector: (selector: string) => Found | null;
};
declare const MutationObserver: new (
  look: () => void,
) => { readonly observe: (of: Found, options: object) => void; readonly disconnect: () => void };
declare const Event: new (type: string, options: object) => object;
declare const WheelEvent: typeof Event;
declare const requestAnimationFrame: (frame: () => void) => void;

/** What was seen while a log was opened. */
interface Seen {
  /** Milliseconds until lanes were there. */
  first: number;
  /** What the bar said, in percent, when so many events were folded. */
  readonly bar: [number, number][];
}

/** Watches, in the page, when lanes are drawn, and what the bar says of how many events. */
export const watch = (): void => {
  const seen: Seen = { first: 0, bar: [] };
  Object.assign(globalThis, { seen });
  const numberIn = (selector: string): number =>
    Number((document.querySelector(selector)?.textContent ?? "").replace(/[^0-9]/g, ""));
  document.querySelector("input[type=file]")?.addEventListener("change", () => {
    const start = performance.now();
    setInterval(() => {
      if (seen.first === 0 && document.querySelector(".lane-names li") !== null) {
        seen.first = performance.now() - start;
      }
      if (document.querySelector(".opening") === null) return;
      seen.bar.push([numberIn(".opening"), numberIn(".goto .faint")]);
    }, 20);
  });
};

/** What `watch` has seen, and how many events there are. */
export function seenSoFar(): Seen & { readonly events: number } {
  const { seen } = globalThis as unknown as { seen: Seen };
  const text = document.querySelector(".goto .faint")?.textContent ?? "";
  return { ...seen, events: Number(text.replace(/[^0-9]/g, "")) };
}

/** Goes to an event, or a step back from where one is, and waits until its row is shown. */
export const goThere = (seq: number | undefined): Promise<void> =>
  new Promise((resolve) => {
    const input = document.querySelector("#goto");
    const wanted = (seq ?? Number(input?.value) - 1).toString();
    const look = (): void => {
      if (document.querySelector(".row.is-at .seq")?.textContent !== wanted) return;
      observer.disconnect();
      resolve();
    };
    const observer = new MutationObserver(look);
    const options = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document.body, options);
    if (seq === undefined) {
      document.querySelector('[aria-label="Step back"]')?.click();
    } else if (input !== null) {
      input.value = wanted;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    look();
  });

/** Turns the wheel over the picture at each frame for some seconds. @returns how many frames. */
export const turnWheel = (isZoom: boolean): Promise<number> =>
  new Promise((resolve) => {
    const surface = document.querySelector(".surface");
    const box = surface?.getBoundingClientRect();
    const start = performance.now();
    let count = 0;
    const frame = (): void => {
      count += 1;
      const by = Math.floor(count / 90) % 2 === 0 ? -40 : 40;
      const place = { clientX: (box?.left ?? 0) + 300, clientY: (box?.top ?? 0) + 60 };
      const turn = isZoom ? { deltaY: by } : { deltaX: by, deltaY: 0 };
      const event = { bubbles: true, cancelable: true, ...place, ...turn };
      surface?.dispatchEvent(new WheelEvent("wheel", event));
      if (performance.now() - start < 4000) requestAnimationFrame(frame);
      else resolve(count);
    };
    requestAnimationFrame(frame);
  });
