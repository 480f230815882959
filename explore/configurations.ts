import { faults } from "./configuration/faults.ts";
import { pageRequests } from "./configuration/page-requests.ts";
import { pasidScopes } from "./configuration/pasids.ts";
import { revoke, revokeLarge } from "./configuration/revoke.ts";
import { ring } from "./configuration/ring.ts";
import { scopes } from "./configuration/scopes.ts";
import type { Configuration } from "./engine/configuration.ts";

/** Every configuration that can be explored. Each knows its own ghost, nobody else does. */
export const configurations: readonly Configuration[] = [
  revoke,
  revokeLarge,
  ring,
  scopes,
  pasidScopes,
  faults,
  pageRequests,
].map((one) => one as unknown as Configuration);
