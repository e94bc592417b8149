/* The one place that names the package, so that other folders find it too. */

export { decode, encode } from "@msgpack/msgpack";
