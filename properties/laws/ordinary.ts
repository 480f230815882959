/** The random worlds that an ordinary run of the tests holds to the laws. */
export const ordinary = { seed: 6, worlds: 200 } as const;
