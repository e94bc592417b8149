/* The game: clients on real connections, each with several requests under way, while the server is killed and started
 * again and connections are cut. What was sent and answered when is the history, which the checker judges.
 *
 * An operation is {person, method, params, sort, sent, answers: [{at, error, result}], like}: `sent` and `at` are of the
 * clock (line.mjs). One that has no answer is one whose outcome nobody was told. */

import { decode } from "../foreign/messagepack.mjs";
import { Chance } from "./chance.mjs";
import { Line } from "./line.mjs";

const depth = 6; /* requests under way of a client */
const patience = 300000; /* milliseconds in which a round comes to its end */
const page = 1000; /* entries of the journal */
const remembered = 60; /* answered changes of a client that may be asked for again */

class Client {
	#line = null;
	#next = 1;
	#calls = new Map(); /* number of a request to its operation */
	#waiting = []; /* changes whose answer went with a connection, to be sent again */
	#answered = [];

	constructor(game, person, number) {
		Object.assign(this, { game, person, number, works: person.works });
	}

	answeredOne() {
		return this.#answered.length > 0 ? this.game.chance.pick(this.#answered) : undefined;
	}

	get idle() {
		return this.#line !== null && this.#calls.size === 0 && this.#waiting.length === 0;
	}

	get standing() {
		const calls = [...this.#calls].map(([id, op]) => `${id} ${op.method} ${op.answers.length}`);

		return `${this.number} ${this.#line ? "connected" : "away"}, under way ${calls.join()}, waiting ${this.#waiting.length}`;
	}

	async connect() {
		const line = await Line.open(
			this.person.device,
			{ answer: (id, error, result, at) => this.#take(id, error, result, at), ended: () => this.#lose() },
			() => !this.game.over,
		);

		this.#line = line;
		this.go();
	}

	go() {
		while (this.#line && this.#calls.size < depth) {
			const again = this.#waiting.shift();

			if (!again && (this.game.paused || this.game.left <= 0)) {
				break;
			}
			if (again) {
				this.game.tally.retried++;
				this.#send(again);
			} else {
				this.#begin();
			}
		}
		this.game.rested();
	}

	#begin() {
		const { game } = this;
		const { method, params, sort, like } = game.chance.next(this);

		game.left--;
		game.tally.asked++;
		game.tally.sorts[sort] = (game.tally.sorts[sort] ?? 0) + 1;
		if (sort === "again") {
			this.#send(like);
			return;
		}
		const op = { person: this.person.number, method, params, sort, sent: 0, answers: [], ...(like && { like: like.params.request }) };
		game.ops.push(op);
		this.#send(op);
		/* twice at once, the second time by another connection of the same person */
		if (method === "change" && !params.dry_run && sort !== "misuse" && game.chance.roll() < 0.02) {
			const other = game.pick(this.person);

			if (other.#line) {
				game.tally.twice++;
				other.#send(op);
			}
		}
	}

	#send(op) {
		const id = this.#next++;
		const at = this.#line.send(id, op.method, op.params);

		op.sent ||= at;
		this.#calls.set(id, op);
		if (this.game.chance.roll() < this.game.cutting) {
			this.game.tally.cut++;
			this.#line.cut();
		}
	}

	/* The connection is gone; what was under way is sent again, or its outcome stays unknown. */
	#lose() {
		const line = this.#line;

		this.#line = null;
		for (const op of this.#calls.values()) {
			const change = op.method === "change" && !op.params.dry_run && op.sort !== "misuse";

			this.game.tally.unanswered++;
			if (change && op.answers.length === 0 && this.game.chance.roll() < 0.75) {
				this.#waiting.push(op);
			}
		}
		this.#calls.clear();
		if (line && !this.game.over) {
			this.connect();
		}
	}

	leave() {
		this.#line?.cut();
	}

	#take(id, error, result, at) {
		const op = this.#calls.get(id);

		this.#calls.delete(id);
		if (error?.retry) {
			this.game.tally.busy++;
		} else {
			op.answers.push({ at, error, result });
			if (op.answers.length > 1) {
				this.game.repeated.add(op);
			}
			this.#learn(op, error, result);
		}
		this.go();
	}

	#learn(op, error, result) {
		const { chance } = this.game;
		const change = op.method === "change" && !op.params.dry_run && op.sort !== "misuse";

		if (op.answers.length > 1) {
			return;
		}
		if (change) {
			this.#answered.push(op);
			this.#answered.splice(0, this.#answered.length - remembered);
		}
		if (error) {
			if (error.name === "not-found" && op.method === "read" && this.works) {
				chance.forget(op.params.id);
			}
			return;
		}
		if (op.method === "read" && !op.params.as_of) {
			chance.learn(result.record.id, result.record.kind, result.record.revision, result.record.fields);
		}
		if (change && result.entry !== undefined) {
			this.game.newest = Math.max(this.game.newest, result.entry);
			result.changes.forEach(({ id, kind, revision, also }, i) => {
				const { do: verb, fields } = op.params.changes[i];

				if (verb === "remove") {
					chance.forget(id);
				} else {
					const to = this.game.steps.get(`${kind} ${verb}`);

					chance.learn(id, kind, revision, { ...also, ...fields, ...(to && { state: to }) });
				}
			});
		}
	}
}

export class Game {
	ops = []; /* since the last look */
	repeated = new Set(); /* operations that got another answer since then */
	paused = true;
	over = false;
	left = 0; /* operations that may still be begun */
	newest = 0; /* entry that anybody was told of */
	#resting = null;
	#unknown = []; /* operations of former looks whose outcome nobody was told */

	/* options: {seed, clients, operations, cutting: how often a request is the last of its connection, oracle}. */
	constructor(server, cast, { seed, clients, operations, cutting, oracle }) {
		this.server = server;
		this.cast = cast;
		this.operations = operations;
		this.steps = new Map(); /* "action close" to the state that it leads to */
		for (const { name, states, transitions } of cast.schema.kinds) {
			this.steps.set(`${name} create`, (states || "").split(" ")[0]);
			transitions.forEach(({ verb, to }) => this.steps.set(`${name} ${verb}`, to));
		}
		this.cutting = cutting;
		this.chance = new Chance(seed, cast, oracle);
		this.tally = { asked: 0, sorts: {}, outcomes: {}, retried: 0, twice: 0, cut: 0, unanswered: 0, busy: 0, killed: 0, stopped: 0, away: 0, entries: 0 };
		this.clients = Array.from({ length: clients }, (_, i) => new Client(this, cast.people[i % cast.people.length], i));
	}

	async open() {
		this.from = await this.#head();
		this.newest = this.from - 1;
		this.next = this.from;
		await this.#connectSeer();
		await Promise.all(this.clients.map((client) => client.connect()));
	}

	pick(person) {
		return this.chance.pick(this.clients.filter((client) => client.person === person));
	}

	/* ---- playing ---- */

	/* So many operations; `signal`, if any, is what the server gets in the middle of them. */
	async play(operations, signal) {
		const before = this.tally.asked;

		this.left = operations;
		this.paused = false;
		this.clients.forEach((client) => client.go());
		if (signal) {
			while (this.tally.asked - before < operations / 2) {
				await new Promise((resolve) => setTimeout(resolve, 5));
			}
			const begun = Date.now();
			const code = await this.server.restart(signal);

			this.tally.away = Math.max(this.tally.away, Date.now() - begun);

			this.tally[signal === "SIGKILL" ? "killed" : "stopped"]++;
			if (signal === "SIGTERM" && code !== 0) {
				throw new Error(`the server ended with ${code}`);
			}
			await this.#connectSeer();
		}
		await new Promise((resolve, reject) => {
			const late = setTimeout(() => reject(new Error(`no answers: ${this.clients.map((client) => client.standing).join("; ")}`)), patience);

			this.#resting = () => {
				clearTimeout(late);
				resolve();
			};
			this.rested();
		});
		this.paused = true;
	}

	rested() {
		if (this.#resting && this.left <= 0 && this.clients.every(({ idle }) => idle)) {
			this.#resting();
			this.#resting = null;
		}
	}

	close() {
		this.over = true;
		this.clients.forEach((client) => client.leave());
		this.seer?.cut();
	}

	/* ---- what whoever sees everything is told ---- */

	/* Says hello at once: the server has no patience with a connection that asks nothing. */
	async #connectSeer() {
		const asked = new Map();
		const settle = (id, error, result) => {
			const { resolve, reject } = asked.get(id);

			asked.delete(id);
			(error ? reject : resolve)(error ? new Error(error.message) : result);
		};

		this.seer?.cut();
		this.asked = asked;
		this.seer = await Line.open(this.cast.seer.device, {
			answer: settle,
			ended: () => [...asked.keys()].forEach((id) => settle(id, { message: "the connection of who sees everything is gone" })),
		});
		await this.ask("hello", { protocol: 1 });
	}

	ask(method, params = {}) {
		return new Promise((resolve, reject) => {
			const id = (this.serial = (this.serial ?? 0) + 1);

			this.asked.set(id, { resolve, reject });
			this.seer.send(id, method, params);
		});
	}

	async #head() {
		if (!this.seer) {
			await this.#connectSeer();
		}
		return Number((await this.ask("journal.head")).head.split("\n")[1]);
	}

	/* Entries from a number on to the newest, oldest first. */
	async entries(from) {
		const out = [];
		let before = await this.#head();

		while (before > from) {
			const { entries } = await this.ask("journal.list", { before, limit: Math.min(page, before - from) });

			out.push(...entries);
			before = entries.at(-1).entry;
		}
		return out.filter(({ entry }) => entry >= from).reverse();
	}

	/* The history since the last look: {ops, entries, records, repeated}. With entries that no answer told of comes the request that
	 * their leaf names; records are all that there are now. */
	async look() {
		const ops = [...this.#unknown, ...this.ops];
		const entries = await this.entries(this.next);
		const told = new Set(ops.filter(({ method }) => method === "change").flatMap(({ answers }) => answers.map(({ result }) => result?.entry)));
		const records = [];

		await Promise.all(
			entries
				.filter(({ entry, what }) => what === "change" && !told.has(entry))
				.map(async (entry) => {
					const { leaf } = await this.ask("journal.show", { entry: entry.entry });

					entry.request = Buffer.from(decode(leaf).request).toString("hex");
				}),
		);
		for (const { name } of this.cast.schema.kinds) {
			for (let offset = 0, total = 1; offset < total; offset += page) {
				const answer = await this.ask("list", { kind: name, limit: page, offset });

				records.push(...answer.records);
				total = answer.total;
			}
		}
		this.next = entries.length > 0 ? entries.at(-1).entry + 1 : this.next;
		this.#unknown = ops.filter(({ method, params, answers }) => method === "change" && answers.length === 0 && !params.dry_run);
		const repeated = [...this.repeated];
		this.ops = [];
		this.repeated = new Set();
		this.#count(ops, entries);
		return { ops, entries, records, repeated };
	}

	#count(ops, entries) {
		this.tally.entries += entries.length;
		for (const { answers, params } of ops.filter((op) => op.answers.length > 0)) {
			const [{ error, result }] = answers;
			const outcome = error ? error.name : params.changes ? (result.entry !== undefined ? "changed" : params.dry_run ? "would change" : "nothing to change") : "shown";

			this.tally.outcomes[outcome] = (this.tally.outcomes[outcome] ?? 0) + 1;
		}
	}

	/* Everything that the seer is told of the history of each record. */
	async histories(ids) {
		const out = [];

		for (const id of ids) {
			out.push({ id, changes: (await this.ask("history", { id })).changes });
		}
		return out;
	}

	unknowns() {
		return this.#unknown.length;
	}
}
