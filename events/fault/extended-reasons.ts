const qualified = (code: number, text: string) => ({ code, text, qualified: true });
const unqualified = (code: number, text: string) => ({ code, text, qualified: false });

/**
 * The reasons that version 2.x has for requests with PASID.
 *
 * Reading: of their numbers a public text has only two, 19h and 1Ah, for execute and supervisor
 * requests (the history of VT-d 2.5 in 5.10), and 30h, which 2.5 added for page requests. The
 * others are not backed by any public source that was found: drivers of that time name reasons up
 * to Dh alone, and say that there are others up to 1Fh. This table is the one place that has them.
 */
export const extendedReasons = {
  extendedPasidAccess: unqualified(0x10, "The PASID table of 2.x could not be read."),
  extendedPasidNotPresent: qualified(0x11, "The PASID entry of 2.x is not present."),
  extendedPasidReserved: qualified(0x12, "A reserved bit of the PASID entry of 2.x is set."),
  extendedFirstRoot: qualified(0x13, "The first-stage root of a PASID of 2.x could not be read."),
  extendedNonCanonical: qualified(0x14, "The address with a PASID of 2.x is not canonical."),
  extendedFirstAccess: qualified(0x15, "A first-stage table of a PASID of 2.x could not be read."),
  extendedFirstReserved: qualified(0x16, "A reserved bit of a first-stage entry of 2.x is set."),
  extendedFirstNotPresent: qualified(0x17, "A first-stage entry of a PASID of 2.x is not present."),
  extendedPasidDisabled: qualified(0x18, "The context entry does not allow requests with PASID."),
  extendedExecuteDisabled: qualified(0x19, "The extended context entry allows no execute request."),
  extendedSupervisorDisabled: qualified(
    0x1a,
    "The PASID entry of 2.x allows no supervisor request.",
  ),
  extendedPasidBeyond: qualified(0x1b, "The PASID is beyond the PASID table."),
  extendedExecuteDenied: qualified(0x1d, "The first stage of a PASID of 2.x denies execution."),
  extendedUserDenied: qualified(0x1e, "A user request of 2.x met a supervisor page."),
  legacyPasidExtended: unqualified(0x1c, "A request with PASID of 2.x met a regular root table."),
} as const;
