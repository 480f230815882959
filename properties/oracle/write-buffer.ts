/**
 * Facts before which the write buffer is flushed, or that say that it was: an invalidation of what
 * the unit itself caches flushes first. That of a device's TLB is the device's affair.
 *
 * Reading: one that the unit does by itself, for a page request, flushes too; a pointer that is set
 * does not, also where that forgets what was cached (CAP.ESRTPS, CAP.ESIRTPS).
 */
export const flushing: ReadonlySet<string> = new Set([
  ...["WriteBufferFlushed", "ContextInvalidated", "IotlbInvalidated", "PasidCacheInvalidated"],
  ...["PasidIotlbInvalidated", "InterruptEntriesInvalidated"],
]);
