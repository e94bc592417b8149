/* A connection that carries many requests at once and can be cut at any moment. Every byte sent and every answer read
 * gets its place on one clock, which counts events: what was answered before something else was sent has the smaller
 * number. */

import tls from "node:tls";
import { decode, encode } from "../foreign/messagepack.mjs";

export const clock = { now: 0 };

/* Bytes of a value after its first byte, or null when that byte is followed by a count. */
const sizes = new Map(
	Object.entries({ 0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8 }).map(
		([first, size]) => [Number(first), size],
	),
);
/* First byte to [bytes of the count, what one of it is: "byte", or so many values]. */
const counted = new Map([
	[0xc4, [1, "byte"]],
	[0xc5, [2, "byte"]],
	[0xc6, [4, "byte"]],
	[0xd9, [1, "byte"]],
	[0xda, [2, "byte"]],
	[0xdb, [4, "byte"]],
	[0xdc, [2, 1]],
	[0xdd, [4, 1]],
	[0xde, [2, 2]],
	[0xdf, [4, 2]],
]);

/* Where the message that begins at `at` ends; -1 when it is not whole yet. */
export function messageEnd(bytes, at) {
	for (let left = 1; left > 0; left--) {
		if (at >= bytes.length) {
			return -1;
		}
		const first = bytes[at++];

		if (first <= 0x7f || first >= 0xe0) {
			continue;
		}
		if (first <= 0x8f) {
			left += 2 * (first & 15);
		} else if (first <= 0x9f) {
			left += first & 15;
		} else if (first <= 0xbf) {
			at += first & 31;
		} else if (sizes.has(first)) {
			at += sizes.get(first);
		} else {
			const [width, each] = counted.get(first);

			if (at + width > bytes.length) {
				return -1;
			}
			const count = bytes.readUIntBE(at, width);
			at += width;
			if (each === "byte") {
				at += count;
			} else {
				left += each * count;
			}
		}
	}
	return at <= bytes.length ? at : -1;
}

export class Line {
	#socket;
	#rest = Buffer.alloc(0);
	#over = false;

	/* hooks: answer(id, error, result), notice(params, method), bytes(chunk) and ended(); those that are there. */
	constructor(socket, hooks) {
		this.#socket = socket;
		this.hooks = hooks;
		socket.setNoDelay(true);
		socket.on("data", (chunk) => this.#take(chunk));
		socket.on("error", () => {});
		socket.on("close", () => this.#end());
		if (socket.destroyed) {
			setImmediate(() => this.#end());
		}
	}

	/* Tries until the server is there. alive() false: gives up, and gives null. */
	static async open(device, hooks, alive = () => true) {
		device.context ??= tls.createSecureContext({
			ca: device.authority.toString(),
			key: device.key.privateKey.export({ type: "pkcs8", format: "pem" }),
			cert: device.certificate.toString(),
			minVersion: "TLSv1.3",
		});
		const { host, port, context: secureContext } = device;

		while (alive()) {
			const socket = await new Promise((resolve) => {
				const made = tls.connect({ host, port, secureContext, localAddress: hooks.from, ALPNProtocols: ["safer/1"] });

				made.once("secureConnect", () => resolve(made));
				made.once("error", () => resolve(null));
				made.once("close", () => resolve(null));
			});

			if (socket) {
				return new Line(socket, hooks);
			}
			await new Promise((resolve) => setTimeout(resolve, 30));
		}
		return null;
	}

	send(id, method, params) {
		this.#socket.write(encode([0, id, method, [params]]));
		return ++clock.now;
	}

	/* Without a word, as a network does. */
	cut() {
		this.#socket.destroy();
		this.#end();
	}

	#end() {
		if (!this.#over) {
			this.#over = true;
			this.hooks.ended?.();
		}
	}

	#take(chunk) {
		const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
		let at = 0;

		this.hooks.bytes?.(chunk);
		for (let end = messageEnd(bytes, at); end >= 0 && !this.#over; end = at < bytes.length ? messageEnd(bytes, at) : -1) {
			const [type, ...rest] = decode(bytes.subarray(at, end));

			at = end;
			if (type === 1) {
				this.hooks.answer?.(rest[0], rest[1], rest[2], ++clock.now);
			} else {
				this.hooks.notice?.(rest[1][0], rest[0]);
			}
		}
		this.#rest = at > 0 ? Buffer.from(bytes.subarray(at)) : bytes;
	}
}
