/* Where the tree and what was built of it are. */

import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

export const source = process.env.SAFER_SOURCE_DIR ?? path.join(here, "../..");
export const binaries = process.env.SAFER_BINARY_DIR ?? path.join(source, "build/dev");
