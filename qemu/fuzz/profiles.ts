/** Options of QEMU's unit, by the name of a profile. Each begins with a comma. */
export const unitProfiles: Readonly<Record<string, string>> = {
  legacy: ",caching-mode=on,intremap=on,aw-bits=48",
  narrow: ",caching-mode=on,intremap=on,aw-bits=39",
  uncached: ",caching-mode=off,intremap=on,aw-bits=48",
  scalable: ",caching-mode=on,intremap=on,aw-bits=48,x-scalable-mode=on",
  "first-stage": ",caching-mode=on,intremap=on,aw-bits=48,x-scalable-mode=on,x-flts=on",
};
