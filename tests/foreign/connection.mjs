/* MessagePack-RPC over TLS 1.3. PROTOCOL.md, "Connecting", "Messages" and "Errors". */

import tls from "node:tls";
import { decodeMultiStream, encode } from "@msgpack/msgpack";

const patience = 20000; /* milliseconds without an answer, after which a test has failed */

/* What the server refused, with everything that it said about it. */
export class Refusal extends Error {
	constructor(error) {
		super(error.message);
		Object.assign(this, error); /* code, name, hint, rule, retry, details */
	}
}

function within(promise, what) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), patience);
	});

	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* A TLS connection whose handshake is over on this side; options are those of tls.connect. */
export function connectTls(options) {
	return within(
		new Promise((resolve, reject) => {
			const socket = tls.connect({ minVersion: "TLSv1.3", ...options });

			socket.once("secureConnect", () => resolve(socket));
			socket.once("error", reject);
		}),
		"the handshake",
	);
}

export class Connection {
	#socket;
	#next = 1;
	#waiting = new Map(); /* id of a request to who waits for its reply */
	#notices = [];
	#watchers = []; /* who waits for a notice */
	#ended = null;

	/* tap, if any, is given every chunk that the server sends. */
	constructor(socket, tap) {
		this.ended = new Promise((resolve) => socket.once("close", resolve));
		this.#socket = socket;
		socket.on("error", (error) => this.#end(error));
		this.#read(tap);
	}

	/* The result of a method; throws a Refusal. */
	call(method, params) {
		const id = this.#next++;
		const reply = new Promise((resolve, reject) => {
			if (this.#ended) {
				reject(this.#ended);
				return;
			}
			this.#waiting.set(id, { resolve, reject });
		});

		this.#socket.write(encode([0, id, method, params === undefined ? [] : [params]]));
		return within(reply, `the reply to ${method}`);
	}

	/* The next notice, {method, params}. */
	notice() {
		const next = new Promise((resolve, reject) => {
			if (this.#notices.length > 0) {
				resolve(this.#notices.shift());
			} else if (this.#ended) {
				reject(this.#ended);
			} else {
				this.#watchers.push({ resolve, reject });
			}
		});

		return within(next, "a notice");
	}

	close() {
		this.#socket.end(); /* sends close_notify */
	}

	async *#chunks(tap) {
		for await (const chunk of this.#socket) {
			tap?.(chunk);
			yield chunk;
		}
	}

	async #read(tap) {
		try {
			for await (const message of decodeMultiStream(this.#chunks(tap))) {
				this.#take(message);
			}
			this.#end(new Error("the server closed the connection"));
		} catch (error) {
			this.#end(error);
		}
	}

	#take([type, ...rest]) {
		if (type === 2) {
			const [method, [params]] = rest;
			const watcher = this.#watchers.shift();

			if (watcher) {
				watcher.resolve({ method, params });
			} else {
				this.#notices.push({ method, params });
			}
			return;
		}
		const [id, error, result] = rest;
		const waiting = this.#waiting.get(id);

		if (type !== 1 || !waiting) {
			throw new Error(`the server answered what was not asked: ${JSON.stringify([type, id, error])}`);
		}
		this.#waiting.delete(id);
		if (error === null) {
			waiting.resolve(result);
		} else {
			waiting.reject(new Refusal(error));
		}
	}

	#end(error) {
		this.#ended ??= error;
		for (const { reject } of [...this.#waiting.values(), ...this.#watchers]) {
			reject(error);
		}
		this.#waiting.clear();
		this.#watchers = [];
	}
}
