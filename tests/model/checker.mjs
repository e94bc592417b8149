/* Judges a history. Every change must be in the journal once, where it was said to be, and be what the model makes of it
 * at that point; every other answer must be the model's at some point between the question and the answer. A point is an
 * entry of the journal: what is there once that entry is.
 *
 * What is found is {rule, what}; the rules are those of `promises`. */

import { same } from "./world.mjs";

export const promises = {
	once: "an answered change is in the journal once, where the answer says, and nothing is there that nobody asked for",
	revisions: "each change of a record makes the next revision",
	"real time": "what was answered before another change was asked for comes before it",
	fresh: "a read, a list and a history show what was there between question and answer",
	"lost update": "no change goes over what somebody else changed in the same conflict group",
	"false conflict": "a conflict is told only where there is one, with its values and its people",
	"same value": "the value that is there already never collides, and changes nothing",
	also: "an answer tells exactly what others changed besides",
	"given up": "what was given up in a conflict is noted with the change as it was said, stood there, and is noted nowhere else",
	atomic: "a change-set happens whole and as it was asked, or not at all",
	repeats: "a repeat gets the first answer",
	"dry run": "a dry run says what would happen and changes nothing",
	unknown: "a change whose outcome nobody was told happens once at most",
	rights: "nobody does, or is refused, what the expectations say otherwise",
	"rules of records": "what a rule forbids is refused, and nothing else",
	"final state": "in the end the records and their histories are those of the model",
};

const hex = (bytes) => Buffer.from(bytes).toString("hex");
/* For which organisation the other acted: the journal does not say it apart. */
const withoutAgency = (details) => (Array.isArray(details) ? details.map(({ agency, ...rest }) => rest) : details);
const isChange = ({ method }) => method === "change";
const isDry = ({ params }) => Boolean(params.dry_run);
const short = (value) => JSON.stringify(value)?.slice(0, 600);

export class Checker {
	violations = [];
	#seen = -1; /* newest entry that anybody was told of so far, in the order of the clock */
	#spent = new Set(); /* requests that the journal has */

	/* from: the first entry of the game; what is before it is taken as it is. */
	constructor(world, people, from) {
		Object.assign(this, { world, people, from });
		this.head = from - 1;
	}

	#wrong(rule, what, op) {
		if (this.violations.length < 200) {
			this.violations.push({ rule, what: op ? `${what}: ${this.people[op.person].name} ${op.method} ${short(op.params)} got ${short(op.answers[0])}` : what });
		}
	}

	prepare(entries) {
		for (const entry of entries) {
			this.world.apply(entry);
		}
	}

	/* {ops, entries, records, repeated}, as Game.look() gives it. */
	check({ ops, entries, records, repeated }) {
		const first = this.head;

		this.world.forget(first);
		this.#claim(ops, entries);
		this.#bounds(ops, entries);
		for (const entry of entries) {
			this.#try(() => this.#enter(entry));
		}
		for (const op of ops.filter(({ answers }) => answers.length > 0)) {
			this.#try(() => this.#judge(op));
		}
		repeated.forEach((op) => this.#repeats(op));
		this.head = entries.at(-1)?.entry ?? this.head;
		this.#final(records);
	}

	/* Where records became what no server makes of them, the model knows no further. */
	#try(look) {
		try {
			look();
		} catch (error) {
			this.#wrong("revisions", `the model cannot go on: ${error.stack}`);
		}
	}

	/* ---- which operation made which entry ---- */

	#claim(ops, entries) {
		const byRequest = new Map(ops.filter((op) => isChange(op) && op.sort !== "misuse").map((op) => [hex(op.params.request), op]));
		const there = new Map(entries.filter(({ what }) => what === "change").map((entry) => [entry.entry, entry]));

		this.claims = new Map();
		for (const op of ops.filter((each) => isChange(each) && each.answers.length > 0)) {
			const { entry } = op.answers[0].result ?? {};

			if (entry === undefined) {
				continue;
			}
			if (isDry(op)) {
				this.#wrong("dry run", `it says that it is entry ${entry}`, op);
			} else if (!there.has(entry)) {
				this.#wrong("once", `entry ${entry} is not there`, op);
			} else if (this.claims.has(entry)) {
				this.#wrong("once", `entry ${entry} was said to be of two changes`, op);
			} else {
				this.claims.set(entry, op);
				this.#spend(hex(op.params.request), "once", entry);
			}
		}
		for (const [number, { request }] of there) {
			const op = byRequest.get(request);

			if (this.claims.has(number)) {
				continue;
			}
			if (!op) {
				this.#wrong("once", `entry ${number} was made by no change that anybody asked for`);
			} else if (isDry(op)) {
				this.#wrong("dry run", `entry ${number} was made by it`, op);
			} else if (op.answers.length > 0) {
				this.#wrong("once", `entry ${number} was made by it too`, op);
			} else {
				this.claims.set(number, op);
				this.#spend(request, "unknown", number);
			}
		}
	}

	#spend(request, rule, entry) {
		if (this.#spent.has(request)) {
			this.#wrong(rule, `request ${request} is in the journal again, as entry ${entry}`);
		}
		this.#spent.add(request);
	}

	/* ---- what was before what ---- */

	/* For each operation: floor, the newest entry that somebody had been told of when it was sent; ceiling, the newest
	 * point that can have been there when it was answered. */
	#bounds(ops, entries) {
		const events = [];
		let sent = 0;

		this.points = entries.map(({ entry }) => {
			sent = Math.max(sent, this.claims.get(entry)?.sent ?? 0);
			return { entry, sent };
		});
		for (const op of ops) {
			events.push([op.sent, op, false], ...(op.answers.length > 0 ? [[op.answers[0].at, op, true]] : []));
		}
		events.sort(([a], [b]) => a - b);
		for (const [at, op, answered] of events) {
			if (!answered) {
				op.floor ??= Math.max(this.#seen, this.from - 1);
			} else {
				op.ceiling = this.#newestSentBefore(at);
				this.#seen = Math.max(this.#seen, this.#told(op));
			}
		}
	}

	/* The newest entry that an answer shows. */
	#told({ method, params, answers: [{ result }] }) {
		if (!result || params.as_of) {
			return -1;
		}
		return { change: result.entry ?? -1, list: result.entry, read: result.record?.entry, history: result.changes?.at?.(-1)?.entry }[method] ?? -1;
	}

	#newestSentBefore(at) {
		let low = 0;
		let high = this.points.length;

		while (low < high) {
			const middle = (low + high) >> 1;

			if (this.points[middle].sent < at) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		return low > 0 ? this.points[low - 1].entry : this.head;
	}

	/* ---- an entry ---- */

	#enter(entry) {
		const op = this.claims.get(entry.entry);

		if (op) {
			this.#compare(op, entry);
		}
		const wrong = this.world.apply(entry);
		if (wrong) {
			this.#wrong("revisions", wrong, op);
		}
	}

	/* A change as it was made, with what the model makes of it just before. */
	#compare(op, entry) {
		const person = this.people[op.person];
		const made = entry.changes.filter(({ verb }) => verb === "create").map(({ id }) => id);
		let next = 0;
		const ids = op.params.changes.map((item) => (item.do === "create" ? made[next++] : undefined));
		const { error, items } = this.world.judge(person, op.params, entry.entry - 1, ids);

		if (op.floor >= entry.entry) {
			this.#wrong("real time", `it is entry ${entry.entry}, and ${op.floor} had been told of before`, op);
		}
		if (entry.person !== person.id) {
			this.#wrong("once", `entry ${entry.entry} is by ${entry.person}`, op);
		}
		if (error) {
			const rule = { conflict: "lost update", "not-permitted": "rights", "not-found": "rights", refused: "rules of records", ...(op.params.changes.some(({ settled }) => settled) && { invalid: "given up" }) }[error.name] ?? "atomic";

			this.#wrong(rule, `entry ${entry.entry} should have been ${error.name} ${error.rule ?? ""} ${short(error.details) ?? ""}`, op);
			return;
		}
		const wanted = items.filter(({ fields }) => fields !== null);
		const got = entry.changes;
		const parts = (list) => list.map(({ id, kind, revision, verb, fields }) => ({ id, kind, revision, verb, fields }));
		const byId = (list) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
		if (!same(byId(parts(wanted)), byId(parts(got)))) {
			this.#wrong("atomic", `entry ${entry.entry} is ${short(parts(got))}, it should be ${short(parts(wanted))}`, op);
		} else if (!same(this.#notes(wanted), this.#notes(got))) {
			this.#wrong("given up", `entry ${entry.entry} has ${short(this.#notes(got))}, it should have ${short(this.#notes(wanted))}`, op);
		} else if (op.answers.length > 0) {
			const difference = this.#differs(op.answers[0].result.changes, items);

			if (difference) {
				this.#wrong(difference, `it should be ${short(items)}`, op);
			}
		}
	}

	#notes(changes) {
		return Object.fromEntries(changes.filter(({ settled }) => settled).map(({ id, settled }) => [id, settled]));
	}

	/* Which rule an answer to a change-set breaks, or null. New records of a dry run have ids that nobody keeps. */
	#differs(changes, items) {
		const dry = items.some(({ id }) => id.startsWith("new"));
		const parts = (list, names) => list.map((each) => names.map((name) => (dry && name === "id" ? null : each[name] ?? null)));

		if (!same(parts(changes, ["id", "kind", "revision", "ref"]), parts(items, ["id", "kind", "revision", "ref"]))) {
			return "atomic";
		}
		return same(parts(changes, ["also"]), parts(items, ["also"])) ? null : "also";
	}

	/* ---- an answer that made no entry ---- */

	#judge(op) {
		const { method, params, answers } = op;
		const [{ error, result }] = answers;

		if (error && ["failed", "unreachable", "signed-out"].includes(error.name)) {
			this.#wrong("once", "such an answer cannot be", op);
		} else if (op.sort === "misuse") {
			if (error?.name !== "invalid") {
				this.#wrong("repeats", "the request's id was used before", op);
			}
		} else if (method === "list") {
			this.#list(op, result);
		} else if (method === "history") {
			this.#somewhere(op, "fresh", (point) => this.#history(op, point));
		} else if (method === "read") {
			this.#somewhere(op, "fresh", (point) => this.#read(op, point));
		} else if (method === "change" && result?.entry === undefined) {
			const rule = isDry(op) ? "dry run" : { conflict: "false conflict", "not-permitted": "rights", "not-found": "rights", refused: "rules of records" }[error?.name] ?? "same value";
			const tried = [];

			this.#somewhere(
				op,
				rule,
				(point) => {
					const verdict = this.world.judge(this.people[op.person], params, point);
					const fits = this.#fits(op, verdict);

					tried.push(fits ? null : verdict);
					return fits;
				},
				tried,
			);
		}
	}

	#fits(op, verdict) {
		const [{ error, result }] = op.answers;

		if (error || verdict.error) {
			const wanted = verdict.error;
			const rule = ["refused", "conflict"].includes(wanted?.name) || wanted?.rule === "second-person";

			return Boolean(error && wanted) && error.name === wanted.name && (!rule || (error.rule || null) === (wanted.rule ?? null)) && same(withoutAgency(error.details), wanted.details);
		}
		return (isDry(op) || verdict.items.every(({ fields }) => fields === null)) && this.#differs(result.changes, verdict.items) === null;
	}

	/* That a question has its answer at one of the points between floor and ceiling. */
	#somewhere(op, rule, fits, tried = []) {
		const from = this.#indexAfter(op.floor);

		if (fits(Math.max(op.floor, this.from - 1))) {
			return;
		}
		for (let i = from; i < this.points.length && this.points[i].entry <= op.ceiling; i++) {
			if (fits(this.points[i].entry)) {
				return;
			}
		}
		const why = tried.length > 0 ? `; it should be ${short(tried.at(-1).error ?? tried.at(-1).items)}` : "";
		this.#wrong(rule, `no point from ${op.floor} to ${op.ceiling} has this answer${why}`, op);
	}

	/* The first point after an entry. */
	#indexAfter(entry) {
		let low = 0;
		let high = this.points.length;

		while (low < high) {
			const middle = (low + high) >> 1;

			if (this.points[middle].entry <= entry) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		return low;
	}

	#shows(person, record, { id, kind }, version) {
		const { created, changed } = record;
		const first = this.world.version(id, Infinity) && this.world.records.get(id).versions[0];

		return (
			record.id === id &&
			record.kind === kind &&
			record.revision === version.revision &&
			record.entry === version.entry &&
			created.by === first.by &&
			created.entry === first.entry &&
			changed.by === version.by &&
			changed.at === version.at &&
			same(record.fields, this.world.shown(person, kind, version.fields))
		);
	}

	#read({ person, params, answers: [{ error, result }] }, point) {
		const who = this.people[person];
		const now = this.world.seen(who, params.id, point);
		const past = params.as_of !== undefined ? this.world.version(params.id, Number(params.as_of)) : now;
		const there = params.as_of === undefined ? now : this.#wasSeen(who, params.id, past, point) ? past : undefined;

		return there ? Boolean(result) && this.#shows(who, result.record, this.world.records.get(params.id), there) : error?.name === "not-found";
	}

	/* The past is shown of what could have been seen then, and may be seen as it is today, or was when it was removed. */
	#wasSeen(who, id, past, point) {
		const today = this.world.lastOf(id, point);

		return past && !past.removed && today && [past, today].every((version) => this.world.sees(who, id, version, point));
	}

	#list(op, result) {
		const who = this.people[op.person];
		const { kind, where = [] } = op.params;
		const holds = (fields) => where.every(({ field, is, value }) => (is === "is" ? fields[field] === value : fields[field] >= value));

		if (!result || result.entry < op.floor || result.entry > Math.max(op.ceiling, op.floor)) {
			this.#wrong("fresh", `it should be of an entry from ${op.floor} to ${op.ceiling}`, op);
			return;
		}
		const wanted = this.world
			.living(result.entry, kind)
			.filter(({ id, version }) => this.world.sees(who, id, version, result.entry))
			.filter(({ fields }) => holds(this.world.shown(who, kind, fields)))
			.sort((a, b) => Number(a.id.replace(/\D+/, "")) - Number(b.id.replace(/\D+/, "")));
		const whole = result.total === wanted.length && result.records.length === wanted.length;
		if (!whole || !wanted.every((record, i) => this.#shows(who, result.records[i], record, record.version))) {
			this.#wrong("fresh", `at entry ${result.entry} the list is another: ${wanted.map(({ id, version }) => `${id}.${version.revision}`)} and not ${result.records.map(({ id, revision }) => `${id}.${revision}`)}`, op);
		}
	}

	/* What somebody is told of a record's history at a point. */
	#tale(who, id, point) {
		const { kind, versions } = this.world.records.get(id);
		const now = this.world.seen(who, id, point);
		const out = [];
		let last = {};

		for (const version of now ? versions.filter(({ entry }) => entry <= point) : []) {
			if (this.world.sees(who, id, version, point)) {
				const seen = new Set([...this.world.fieldsSeen(who, kind, version.fields)].filter((name) => this.world.fieldsSeen(who, kind, now.fields).has(name)));
				const names = [...seen].filter((name) => !same(last[name], version.fields[name]));
				const { entry, revision, at, by, verb, reason } = version;

				out.push({ entry, revision, at, by, verb, reason, fields: Object.fromEntries(names.map((name) => [name, { from: last[name] ?? null, to: version.fields[name] ?? null }])), settled: this.world.givenUp(who, id, version, seen, point) });
				last = version.fields;
			}
		}
		return now ? out : undefined;
	}

	#history({ person, params, answers: [{ error, result }] }, point) {
		const wanted = this.world.records.has(params.id) ? this.#tale(this.people[person], params.id, point) : undefined;

		return wanted ? Boolean(result) && this.#sameTale(result.changes, wanted) : error?.name === "not-found";
	}

	#sameTale(got, wanted) {
		const parts = (list) => list.map(({ entry, revision, at, by, verb, reason, fields, settled }) => [entry, revision, at, by, verb, reason || null, fields, settled ?? {}]);

		return same(parts(got), parts(wanted));
	}

	#repeats(op) {
		const [first, ...rest] = op.answers;

		if (rest.some(({ error, result }) => !same(error, first.error) || !same(result, first.result))) {
			this.#wrong("repeats", `a repeat got ${short(rest.find(({ error, result }) => !same(error ?? result, first.error ?? first.result)))}`, op);
		}
	}

	/* ---- in the end ---- */

	#final(records) {
		const there = this.world.living(Infinity);
		const told = new Map(records.map((record) => [record.id, record]));

		for (const { id, version, fields } of there) {
			const record = told.get(id);

			if (!record || record.revision !== version.revision || !same(record.fields, fields)) {
				this.#wrong("final state", `${id} is ${short(record)}, it should be ${short({ revision: version.revision, fields })}`);
			}
			told.delete(id);
		}
		for (const id of told.keys()) {
			this.#wrong("final state", `${id} is there, and should not be`);
		}
	}

	/* histories: {id, changes}, as who sees everything is told them. */
	checkHistories(seer, histories) {
		for (const { id, changes } of histories) {
			this.#try(() => {
				if (!this.#sameTale(changes, this.#tale(seer, id, Infinity))) {
					this.#wrong("final state", `the history of ${id} is another`);
				}
			});
		}
	}
}
