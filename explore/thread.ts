import { configurations } from "./configurations.ts";
import { serveSearch } from "./engine/serve.ts";

// A thread of a search, where nothing else is to be in it.
serveSearch(configurations);
