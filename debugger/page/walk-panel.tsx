import { useSignal } from "@preact/signals";
import type { EntryView, PageAsked, WalkView, WayView } from "../protocol.ts";
import { EventLink } from "./event-link.tsx";
import { Fields } from "./fields.tsx";
import { LifeStrip, Lives } from "./life-list.tsx";
import { SpaceMap } from "./space-map.tsx";
import * as store from "./store.ts";

const nobody: PageAsked = { guest: 0, device: "", iova: "", pasid: "", access: "read" };

function AskForm() {
  const page = store.asked.value ?? nobody;
  const change = (part: Partial<PageAsked>): void => {
    store.asked.value = { ...(store.asked.peek() ?? nobody), ...part };
  };
  const devices = store.log.value?.devices ?? [];
  return (
    <form class="ask" onSubmit={(event) => event.preventDefault()}>
      <label>
        Device
        <input
          type="text"
          list="devices"
          size={8}
          value={page.device}
          onChange={({ currentTarget }) => change({ device: currentTarget.value })}
        />
      </label>
      <datalist id="devices">
        {devices.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label>
        PASID
        <input
          type="text"
          size={6}
          placeholder="none"
          value={page.pasid}
          onChange={({ currentTarget }) => change({ pasid: currentTarget.value })}
        />
      </label>
      <label>
        Address
        <input
          type="text"
          size={18}
          placeholder="0x1806000"
          value={page.iova}
          onChange={({ currentTarget }) => change({ iova: currentTarget.value })}
        />
      </label>
      <label>
        Access
        <select
          value={page.access}
          onChange={({ currentTarget }) =>
            change({ access: currentTarget.value === "write" ? "write" : "read" })
          }
        >
          <option value="read">read</option>
          <option value="write">write</option>
        </select>
      </label>
    </form>
  );
}

function Entry({ entry }: { entry: EntryView }) {
  const isOpen = useSignal(entry.decides);
  const { name, address, word, meaning, hpa, fields, writer, decides, below } = entry;
  const classes = ["entry", decides ? "decides" : "", below ? "below" : ""];
  return (
    <li class={classes.join(" ")}>
      <div class="guest-side">
        <button
          type="button"
          class="entry-name"
          aria-expanded={isOpen.value}
          onClick={() => (isOpen.value = !isOpen.peek())}
        >
          {name}
        </button>
        <span class="mono">{address}</span>
        <span class="mono word">{word}</span>
        <span class="meaning">{meaning}</span>
        <span class="writer">
          {writer === undefined ? (
            <span class="faint">never written</span>
          ) : (
            <>
              written by {writer.by}: <EventLink seq={writer.seq} />
            </>
          )}
        </span>
        {isOpen.value && <Fields fields={fields} />}
      </div>
      <div class="host-side mono">{hpa ?? "—"}</div>
    </li>
  );
}

function Way({ name, way, note }: { name: string; way: WayView; note: string }) {
  return (
    <div class={`way ${way.good ? "good" : "bad"}`}>
      <h3>{name}</h3>
      <p class="mono">{way.address ?? "✕"}</p>
      <p>{way.text}</p>
      <p class="faint">{note}</p>
    </div>
  );
}

function Walk({ walk }: { walk: WalkView }) {
  return (
    <>
      <div class="ways">
        <Way name="Guest's tables" way={walk.guest} note="a walk of guest memory now" />
        <Way name="Behind the P2M" way={walk.composed} note="that, in the host's memory" />
        <Way name="Shadow" way={walk.shadow} note={walk.host} />
      </div>
      <p class={walk.agree ? "good" : "bad"}>
        {walk.agree ? "Tables and shadow agree." : "Tables and shadow differ."}
        {walk.pendingSince !== undefined && (
          <>
            {" "}
            A change is not announced since <EventLink seq={walk.pendingSince} />.
          </>
        )}
        {walk.deviceTlb !== undefined && <> The device’s own TLB: {walk.deviceTlb}.</>}
      </p>
      <div class="walk-head">
        <h3>Entry by entry</h3>
        <h3>In the host’s memory</h3>
      </div>
      <ol class="entries">
        {walk.entries.map((entry) => (
          <Entry key={`${entry.name}${entry.address}`} entry={entry} />
        ))}
      </ol>
      <h3 id="life">The life of this page</h3>
      <LifeStrip life={walk.life} at={walk.at} />
      <Lives life={walk.life} at={walk.at} />
      <SpaceMap />
    </>
  );
}

/** One address of one device: the guest's tables, the P2M, the shadow, side by side. */
export function WalkPanel() {
  const { value, error } = store.walk.value;
  return (
    <div class="panel-body walk">
      <AskForm />
      {error !== undefined && (
        <p class="bad" role="status">
          <bdi>{error}</bdi>
        </p>
      )}
      {error === undefined && value !== undefined && <Walk walk={value} />}
      {store.asked.value === undefined && (
        <p class="faint">Name a device and an address, or choose an event that is about one.</p>
      )}
    </div>
  );
}
