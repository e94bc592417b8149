/* One person with one connection: questions go out many at a time, and every byte that comes back is searched for the
 * secrets that were sown. */

import crypto from "node:crypto";
import { connect } from "../foreign/enrol.mjs";
import { Refusal } from "../foreign/connection.mjs";

const secretMark = "Zq7";
const secretLength = secretMark.length + 14;
const window = 250; /* questions under way at once */

export function makeSecret() {
	return secretMark + crypto.randomBytes(7).toString("hex");
}

/* Remembers which secrets went by. */
export class Ear {
	heard = new Set();
	bytes = 0;
	#rest = Buffer.alloc(0);

	take(chunk) {
		const text = Buffer.concat([this.#rest, chunk]);
		let at = text.indexOf(secretMark);

		this.bytes += chunk.length;
		while (at >= 0 && at + secretLength <= text.length) {
			this.heard.add(text.latin1Slice(at, at + secretLength));
			at = text.indexOf(secretMark, at + 1);
		}
		this.#rest = text.subarray(at >= 0 ? at : Math.max(0, text.length - secretMark.length + 1));
	}
}

export class Asker {
	ear = new Ear();
	asked = 0;

	/* person: {name, posts}, as the oracle takes it. */
	static async open(person, device) {
		const asker = new Asker();

		asker.person = person;
		asker.device = device;
		asker.connection = await connect(device, (chunk) => asker.ear.take(chunk));
		await asker.ask("hello", { protocol: 1 });
		return asker;
	}

	/* The result, or the Refusal as a value. */
	async ask(method, params) {
		this.asked++;
		try {
			return await this.connection.call(method, params);
		} catch (error) {
			if (error instanceof Refusal) {
				return error;
			}
			throw error;
		}
	}

	/* Goes through an iterable of functions that each ask and look at the answer. */
	async go(questions) {
		const each = questions[Symbol.iterator]();
		const work = async () => {
			for (let next = each.next(); !next.done; next = each.next()) {
				await next.value();
			}
		};

		await Promise.all(Array.from({ length: window }, work));
	}

	change(changes, options = {}) {
		return this.ask("change", { request: crypto.randomBytes(16), changes, ...options });
	}

	/* A change-set that has to succeed; the changes that it made. */
	async must(changes, options) {
		const answer = await this.change(changes, options);

		if (answer instanceof Refusal) {
			throw new Error(`${this.person.name}: ${answer.message} (${answer.rule})`);
		}
		return answer.changes;
	}
}

export function isRefusal(answer) {
	return answer instanceof Refusal;
}
