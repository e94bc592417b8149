/* A client that is not ours: Node's TLS, somebody else's MessagePack, and nothing of our code. It was written from
 * docs/PROTOCOL.md alone, and shows that this page is enough.
 *
 *     node tests/foreign/foreign_test.mjs      with what cmake --preset dev built */

import "./examples_test.mjs";
import "./server_test.mjs";
