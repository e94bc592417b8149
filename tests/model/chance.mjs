/* What somebody asks for next: drawn from a seed, over a small hot set of records, so that people meet. */

import crypto from "node:crypto";

/* A generator of numbers from 0 to 1 (mulberry32). */
export function dice(seed) {
	let state = seed >>> 0;

	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

/* How often what is asked, of each hundred; people who only look do not change much. */
const weights = {
	worker: { edit: 31, settle: 6, several: 9, move: 9, create: 5, remove: 3, undo: 3, dry: 7, read: 14, list: 4, history: 2, past: 3, again: 3, misuse: 1 },
	looker: { edit: 3, settle: 1, several: 1, move: 3, create: 1, remove: 1, undo: 0, dry: 3, read: 54, list: 18, history: 5, past: 8, again: 1, misuse: 1 },
};
const wanted = { priority: 8, action: 24, milestone: 14, plan: 5 }; /* records of each kind that are there at once */
const texts = ["Patrols", "Lighting", "Locks", "Youth work", "Licensing", "Outreach", "Mediation", "Cameras"];
const days = ["2014-03-01", "2014-04-15", "2014-05-20", "2014-06-01", "2014-07-01", "2014-09-30"];
const years = ["2012/13", "2013/14", "2014/15"];
const kept = 8; /* versions of a record that are remembered, to change from an old one */

export class Chance {
	#known = new Map(); /* id to {id, kind, versions: [{revision, fields}]} that anybody was told of lately */
	#ids = [];

	constructor(seed, cast, oracle) {
		this.oracle = oracle;
		this.first = new Map(cast.schema.kinds.map(({ name, states }) => [name, (states || "").split(" ")[0]]));
		this.roll = dice(seed);
		this.cast = cast;
		this.owners = cast.owners();
		this.organisations = ["@police", "@probation"].map((name) => cast.places.get(name));
		this.officers = cast.people.map(({ id }) => id);
	}

	below(n) {
		return Math.floor(this.roll() * n);
	}

	pick(list) {
		return list[this.below(list.length)];
	}

	#weighed(table) {
		let at = this.roll() * Object.values(table).reduce((sum, each) => sum + each, 0);

		return Object.keys(table).find((name) => (at -= table[name]) < 0);
	}

	/* ---- what is known ---- */

	learn(id, kind, revision, fields) {
		if (!this.#known.has(id)) {
			this.#known.set(id, { id, kind, versions: [] });
			this.#ids.push(id);
		}
		const { versions } = this.#known.get(id);
		if (!(versions.at(-1)?.revision >= revision)) {
			versions.push({ revision, fields: { ...versions.at(-1)?.fields, ...fields } });
			versions.splice(0, versions.length - kept);
		}
	}

	forget(id) {
		if (this.#known.delete(id)) {
			this.#ids.splice(this.#ids.indexOf(id), 1);
		}
	}

	#any(kind) {
		const ids = kind ? this.#ids.filter((id) => this.#known.get(id).kind === kind) : this.#ids;

		return this.#known.get(this.pick(ids));
	}

	/* A record that somebody may do this to, as far as is known, or undefined; now and then any. */
	#mine({ person }, verb, kind) {
		for (let tries = 0; tries < 12; tries++) {
			const record = this.#any(kind);
			const { owner, marking, state = this.first.get(record?.kind) } = record?.versions.at(-1).fields ?? {};

			if (!record || this.roll() < 0.02 || this.oracle.may(person, verb, { kind: record.kind, owner, state, marking })) {
				return record;
			}
		}
		return undefined;
	}

	#few(kind) {
		return this.#ids.filter((id) => this.#known.get(id).kind === kind).length < wanted[kind];
	}

	/* ---- what is asked ---- */

	/* {method, params, sort}; sort "again" and "misuse" come with `like`, an operation that was answered. */
	next(client) {
		const sort = this.#weighed(weights[client.works ? "worker" : "looker"]);
		const like = sort === "again" || sort === "misuse" ? client.answeredOne() : undefined;

		if (like) {
			const params = sort === "again" ? like.params : { ...like.params, reason: `${like.params.reason ?? ""} and more` };

			return { method: "change", params, sort, like };
		}
		return { sort: this[sort] ? sort : "read", ...(this[sort]?.(client) ?? this.read()) };
	}

	read() {
		return { method: "read", params: { id: this.#any()?.id ?? "A1" } };
	}

	past(client) {
		return { method: "read", params: { ...this.read().params, as_of: String(Math.max(0, client.game.newest - this.below(60))) } };
	}

	/* Rarely of a record that has been changed often: its history is long, and would be all that a long game is about. */
	history() {
		const record = this.#any();
		const long = record?.versions.at(-1).revision > 100;

		return long && this.roll() < 0.98 ? this.read() : { method: "history", params: { id: record?.id ?? "A1" } };
	}

	list() {
		const kind = this.pick(Object.keys(wanted));
		const conditions = [
			{ field: "owner", is: "is", value: this.pick(this.owners) },
			...(kind === "action" ? [{ field: "progress", is: "at-least", value: 50 }, { field: "status", is: "is", value: "on-track" }] : []),
		];

		return { method: "list", params: { kind, limit: 1000, ...(this.roll() < 0.5 && { where: [this.pick(conditions)] }) } };
	}

	#change(changes, more) {
		const reason = this.roll() < 0.6 ? this.pick(texts) : undefined;

		return { method: "change", params: { request: crypto.randomBytes(16), changes, ...(reason && { reason }), ...more } };
	}

	edit(client) {
		const record = this.#mine(client, "edit");

		return record ? this.#change([this.#edit(record)]) : this.move(client);
	}

	/* As a client settles a conflict: theirs, as far as is known, is given up, or one's own, or both for a third value; now and
	 * then something is said to have been theirs that never was. */
	settle(client) {
		const record = this.#mine(client, "edit");

		if (!record) {
			return this.move(client);
		}
		const { revision, fields: theirs } = record.versions.at(-1);
		const item = { do: "edit", id: record.id, base: this.roll() < 0.8 ? revision : this.#base(record), fields: {}, settled: {} };
		for (const [name, value] of Object.entries(this.#values(record.kind, 1 + this.below(2)))) {
			const way = this.pick(["mine", "theirs", "third"]);
			const was = this.roll() < 0.05 ? value : (theirs[name] ?? null);

			item.settled[name] = { ...(way !== "mine" && { mine: value }), ...(way !== "theirs" && { theirs: was }) };
			if (way !== "theirs") {
				item.fields[name] = way === "mine" ? value : (this.#values(record.kind, 6)[name] ?? value);
			}
		}
		return this.#change([Object.keys(item.fields).length > 0 ? item : { do: "edit", id: item.id, base: item.base, settled: item.settled }]);
	}

	dry(client) {
		const { method, params } = this[this.pick(["edit", "settle", "several", "move", "create", "remove"])](client);

		return { method, params: method === "change" ? { ...params, dry_run: true } : params };
	}

	move(client) {
		const kind = this.pick(["priority", "action", "action", "plan"]);
		const steps = this.cast.schema.kinds.find(({ name }) => name === kind).transitions;
		let { verb } = this.pick(steps);
		const record = this.#mine(client, verb, kind);

		if (!record) {
			return this.create(client);
		}
		const { state } = record.versions.at(-1).fields;
		verb = this.roll() < 0.9 ? (steps.find(({ from }) => from === state)?.verb ?? verb) : verb;
		const fields = this.roll() < 0.1 ? this.#values(record.kind, 1) : undefined;
		return this.#change([{ do: verb, id: record.id, base: this.#base(record), ...(fields && { fields }) }]);
	}

	create(client) {
		const may = (kind) => this.roll() < 0.02 || this.oracle.may(client.person, "create", { kind, owner: this.owners[0], state: this.first.get(kind) });
		const missing = Object.keys(wanted).filter((kind) => may(kind) && this.#few(kind));
		const kind = missing.length > 0 ? this.pick(missing) : undefined;

		return kind === undefined ? this.read() : this.#change([this.#new(kind)]);
	}

	remove(client) {
		const record = this.#mine(client, "remove");
		const young = record && record.versions.at(-1).revision < 60 && this.#few(record.kind) && this.roll() < 0.8;

		return record && !young ? this.#change([{ do: "remove", id: record.id, base: this.#base(record) }]) : this.read();
	}

	/* As a client undoes: what stood in the last version but some stands again. */
	undo(client) {
		const record = this.#mine(client, "edit");

		if (!record || record.versions.length < 2) {
			return this.edit(client);
		}
		const { fields } = this.pick(record.versions.slice(0, -1));
		const now = record.versions.at(-1);
		const names = Object.keys(fields).filter((name) => name !== "state" && JSON.stringify(fields[name]) !== JSON.stringify(now.fields[name]));

		return names.length > 0 ? this.#change([{ do: "edit", id: record.id, base: now.revision, fields: Object.fromEntries(names.map((name) => [name, fields[name]])) }]) : this.edit(client);
	}

	several(client) {
		const items = [];

		for (let left = 2 + this.below(3); left > 0; left--) {
			const record = this.#mine(client, "edit");

			if (record && !items.some(({ id }) => id === record.id)) {
				items.push(this.roll() < 0.06 ? { do: "remove", id: record.id, base: this.#base(record) } : this.#edit(record));
			}
		}
		if (this.roll() < 0.12 && this.#few("action")) {
			const action = { ...this.#new("action"), ref: "@a" };

			items.push(action, { ...this.#new("milestone"), ref: "@m" });
			items.at(-1).fields.action = "@a";
		}
		return items.length > 0 ? this.#change(items) : this.create(client);
	}

	/* ---- values ---- */

	/* Mostly the newest that is known, which another may have changed meanwhile; often an older one. */
	#base({ versions }) {
		const newest = versions.at(-1).revision;

		return this.roll() < 0.7 ? newest : Math.max(1, newest - this.below(5));
	}

	#edit(record) {
		const now = record.versions.at(-1).fields;
		const fields = this.#values(record.kind, 1 + this.below(3));

		/* the same again */
		for (const name of Object.keys(fields).filter((each) => now[each] !== undefined && this.roll() < 0.15)) {
			fields[name] = now[name];
		}
		return { do: "edit", id: record.id, base: this.#base(record), fields };
	}

	#text() {
		return `${this.pick(texts)} ${this.below(20)}`;
	}

	/* Some fields of a kind; a pair where the conflict group is one. */
	#values(kind, count) {
		const makers = this.#makers[kind];
		const out = {};

		for (let i = 0; i < count; i++) {
			Object.assign(out, this.pick(makers)());
		}
		return out;
	}

	#marking() {
		const marking = this.pick(["open", "open", "open", "restricted", "exempt"]);

		return marking === "exempt" && this.roll() < 0.8 ? { marking, marking_reason: "crime", marking_review: "2015-01-01" } : { marking };
	}

	#common = [
		() => ({ source: this.#text() }),
		() => (this.roll() < 0.3 ? this.#marking() : { source: null }),
		() => (this.roll() < 0.3 ? { owner: this.pick(this.owners) } : { source: this.#text() }),
		() => ({ title: this.roll() < 0.05 ? null : this.#text() }),
	];

	#makers = {
		action: [
			...this.#common,
			() => ({ progress: 10 * this.below(11) }),
			() => ({ progress: 10 * this.below(11) }),
			() => ({ status: this.pick(["not-started", "on-track", "complete"]) }),
			() => ({ status: this.pick(["at-risk", "off-track"]), ...(this.roll() < 0.8 && { status_reason: this.#text() }) }),
			() => ({ status_reason: this.roll() < 0.2 ? null : this.#text() }),
			() => ({ start: this.pick(days) }),
			() => ({ due: this.pick(days) }),
			() => ({ description: this.#text() }),
			() => ({ risks: this.#text(), resources: this.#text() }),
			() => ({ evaluation: this.roll() < 0.3 ? null : this.#text() }),
			() => ({ partners: this.organisations.slice(this.below(2)) }),
			() => ({ lead_officer: this.pick(this.officers) }),
			() => (this.roll() < 0.3 ? this.#above("priority") : { description: this.#text() }),
		],
		milestone: [
			...this.#common,
			() => ({ due: this.pick(days) }),
			() => ({ reached: this.roll() < 0.3 ? null : this.pick(days) }),
			() => this.#above("action"),
		],
		priority: [
			...this.#common,
			() => ({ focus: this.#text() }),
			() => ({ target: this.#text() }),
			() => ({ baseline_year: this.pick(years) }),
			() => ({ year: this.pick(years) }),
			() => ({ lead: this.roll() < 0.3 ? null : this.organisations.slice(this.below(2)) }),
			() => ({ standing: this.pick(["priority", "key-theme", "emerging-issue"]) }),
		],
		plan: [
			...this.#common.slice(0, 3),
			() => ({ title: this.pick(texts) }),
			() => ({ strategy: this.#text() }),
			() => ({ resources: this.#text() }),
			() => ({ first_year: this.pick(years) }),
			() => ({ last_year: this.pick(years) }),
		],
	};

	#above(kind) {
		const id = this.#any(kind)?.id;

		return id ? { [kind]: id } : {};
	}

	#new(kind) {
		const owner = this.roll() < 0.6 ? this.owners[0] : this.pick(this.owners);
		const base = { title: kind === "plan" ? this.pick(texts) : this.#text(), owner };
		const own = {
			action: () => ({ ...this.#above("priority"), status: "on-track" }),
			milestone: () => ({ ...this.#above("action"), due: this.pick(days) }),
			priority: () => ({ standing: "priority", year: "2014/15", lead: [this.organisations[0]] }),
			plan: () => ({ year: "2014/15", level: "partnership" }),
		};

		return { do: "create", kind, fields: { ...base, ...own[kind]() } };
	}
}
