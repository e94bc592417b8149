/* Asks as one person for every cell, in every way there is: reading, listing, filtering, sorting, history, the past, the
 * journal, the feed, can, why, and the deed itself as a dry run. */

import { isRefusal } from "./asker.mjs";

const shown = ["read", "list", "history", "past"];

/* Whether a deed was allowed. What a rule of the record refuses was allowed all the same; a state that the verb does not
 * go from was not, and neither was what refers to something unseen. Any other answer is given as it is. */
function allowed(answer) {
	if (!isRefusal(answer)) {
		return true;
	}
	if (answer.name === "refused") {
		return answer.rule !== "state";
	}
	const unseen = answer.name === "invalid" && / there is no \S+ that you may see\.$/.test(answer.message);

	return unseen || ["not-permitted", "not-found"].includes(answer.name) ? false : `${answer.name}: ${answer.message}`;
}

export class Cells {
	byRule = 0; /* allowed, and refused by a rule of the record */

	/* records: all there are, as whoever sees everything sees them. */
	constructor({ stage, oracle, tally, asker, records }) {
		Object.assign(this, { stage, oracle, tally, asker, records });
		this.person = asker.person;
		this.byId = new Map(records.map((record) => [record.id, record]));
		this.seen = new Set(records.filter((record) => oracle.sees(this.person, record)).map(({ id }) => id));
		this.subjects = new Set(stage.subjects);
	}

	#cell(record, what) {
		const { id, kind, state, marking, owner } = record;

		return `${this.person.name}, ${kind} ${id} (${state ?? "any"}, ${marking ?? "open"}, ${owner}): ${what}`;
	}

	#heard(record, what, way, got) {
		this.tally.heard(this.#cell(record, what), way, got);
	}

	#verbs(kind) {
		return this.stage.kinds.get(kind).transitions.map(({ verb }) => verb);
	}

	#fields(kind) {
		return this.stage.kinds.get(kind).fields;
	}

	/* The fields that the person should be shown: those of value that they may see. */
	#shown(record) {
		return Object.keys(record.fields)
			.filter((field) => this.oracle.seesField(this.person, record, field))
			.sort();
	}

	/* ---- what there is to be asked ---- */

	expect() {
		for (const record of this.records) {
			this.tally.expect(this.#cell(record, "see"), this.seen.has(record.id), [...shown, "can", "why", "presence"]);
			for (const verb of ["edit", "remove", ...this.#verbs(record.kind)]) {
				const want = this.oracle.may(this.person, verb, record);

				this.tally.expect(this.#cell(record, verb), want, verb === "edit" ? ["can", "why", "editing"] : ["can", "why", "deed"]);
			}
			for (const field of this.subjects.has(record.id) ? this.#fields(record.kind) : []) {
				const there = record.fields[field.name] !== undefined;

				this.tally.expect(
					this.#cell(record, `see ${field.name}`),
					this.oracle.seesField(this.person, record, field.name),
					there ? [...shown, "why"] : ["why"],
				);
				this.tally.expect(
					this.#cell(record, `edit ${field.name}`),
					this.oracle.editsField(this.person, record, field.name),
					field.name === "owner" ? ["why"] : ["why", "deed"],
				);
				if (field.name === "owner") {
					const given = { ...record, owner: this.#other(record.owner) };
					const want = this.oracle.editsField(this.person, record, "owner", given);

					this.tally.expect(this.#cell(record, "give away"), want, ["deed"]);
				}
			}
		}
		for (const kind of this.stage.kinds.keys()) {
			for (const owner of this.stage.owners()) {
				const record = this.#new(kind, owner);

				this.tally.expect(this.#cell(record, "create"), this.oracle.may(this.person, "create", record), ["deed"]);
				for (const { name } of this.#fields(kind)) {
					const want = this.oracle.fillsField(this.person, record, name);

					this.tally.expect(this.#cell(record, `fill in ${name}`), want, ["deed"]);
				}
			}
		}
	}

	#other(owner) {
		const [police, probation] = this.stage.owners();

		return owner === probation ? police : probation;
	}

	#new(kind, owner) {
		const [state] = (this.stage.kinds.get(kind).states || "").split(" ");

		return { id: "new", kind, owner, state: state || undefined };
	}

	/* ---- asking ---- */

	async ask() {
		await this.#watch();
		await this.asker.go(this.#questions());
		await this.#journal();
		await this.#status();
		await this.#hearTheRest();
	}

	*#questions() {
		for (const kind of this.stage.kinds.values()) {
			yield* this.#lists(kind);
			yield* this.#creations(kind);
		}
		for (const record of this.records) {
			yield* this.#sights(record);
			yield* this.#deeds(record);
			yield* this.#words(record);
			yield* this.#presence(record);
		}
	}

	/* A record as it was shown, or undefined. */
	#compare(record, way, fields) {
		this.#heard(record, "see", way, fields !== undefined);
		for (const { name } of this.subjects.has(record.id) ? this.#fields(record.kind) : []) {
			if (record.fields[name] !== undefined) {
				this.#heard(record, `see ${name}`, way, fields?.includes(name) ?? false);
			}
		}
		for (const name of fields ?? []) {
			if (record.fields[name] === undefined) {
				this.tally.differ(this.#cell(record, `see ${name}`), `${way} shows what is not there`);
			}
		}
	}

	#notFound(record, way, answer) {
		const nothing = record.id.replace(/\d+/, "99999");

		if (answer.name !== "not-found") {
			this.tally.differ(this.#cell(record, way), `${answer.name}: ${answer.message}`);
		} else if (way === "read" && answer.message.replace(record.id, nothing) !== this.nothing(nothing)) {
			this.tally.differ(this.#cell(record, way), `"${answer.message}" is not what is said of nothing`);
		}
	}

	nothing(id) {
		return `There is no ${id} that you may see.`;
	}

	*#sights(record) {
		const { id } = record;
		const look = (way, params) => async () => {
			const answer = await this.asker.ask("read", params);

			this.#compare(record, way, isRefusal(answer) ? undefined : Object.keys(answer.record.fields));
			if (isRefusal(answer)) {
				this.#notFound(record, way, answer);
			}
		};

		yield look("read", { id });
		yield look("past", { id, as_of: String(this.stage.newest) });
		yield async () => {
			const answer = await this.asker.ask("history", { id });
			const told = isRefusal(answer) ? [] : answer.changes;
			const fields = new Set(told.flatMap((change) => Object.keys(change.fields)));

			this.#compare(record, "history", told.length > 0 ? [...fields].filter((name) => record.fields[name] !== undefined) : undefined);
			for (const name of fields) {
				if (!this.oracle.seesField(this.person, record, name)) {
					this.tally.differ(this.#cell(record, `see ${name}`), "history tells it");
				}
			}
		};
	}

	/* Who may say that they are editing it, and who may ask who is. Somebody is at every record by the time that many
	 * have asked: a name that is told of a record that may not be seen is a leak like any other. */
	*#presence(record) {
		const { id } = record;
		const look = (way, what, method, params) => async () => {
			const answer = await this.asker.ask(method, params);

			this.#heard(record, what, way, allowed(answer));
			if (isRefusal(answer) && !this.seen.has(id)) {
				this.#notFound(record, way, answer);
			}
			if (!isRefusal(answer)) {
				this.#mayBeThere(answer);
			}
		};

		yield look("editing", "edit", "editing", { ids: [id] });
		yield look("presence", "see", "presence", { id });
		yield async () => this.#mayBeThere(await this.asker.ask("presence", {}));
	}

	#mayBeThere({ presences, titles }) {
		for (const id of [...presences.map((told) => told.id), ...Object.keys(titles)]) {
			this.#mayBeTold("presence", id, []);
		}
	}

	*#lists(kind) {
		const all = this.records.filter((record) => record.kind === kind.name);
		const visible = all.filter(({ id }) => this.seen.has(id));
		const numbers = (records) => records.map(({ id }) => id).join();

		yield async () => {
			const { records, total } = await this.asker.ask("list", { kind: kind.name, limit: 1000 });
			const told = new Map(records.map(({ id, fields }) => [id, Object.keys(fields)]));

			for (const record of all) {
				this.#compare(record, "list", told.get(record.id));
			}
			if (total !== visible.length || told.size !== visible.length) {
				this.tally.differ(`${this.person.name}, ${kind.name}`, `lists ${total}, it should be ${visible.length}`);
			}
		};
		/* A field that is hidden cannot be asked for by way of a condition or an order. */
		for (const { name } of kind.fields) {
			const known = visible.filter((record) => this.#shown(record).includes(name));
			const where = (is) => [{ field: name, is, ...(is === "contains" && { value: "Zq7" }) }];
			const text = known.filter(({ fields }) => typeof fields[name] === "string" && fields[name].includes("Zq7"));

			for (const [is, wanted] of [["known", known], ["contains", text]]) {
				yield async () => {
					const answer = await this.asker.ask("list", { kind: kind.name, where: where(is), limit: 1000 });

					if (isRefusal(answer) ? is === "known" : numbers(answer.records) !== numbers(wanted)) {
						this.tally.differ(`${this.person.name}, ${kind.name}`, `where ${name} ${is} finds ${answer.message ?? numbers(answer.records)} and not ${numbers(wanted)}`);
					}
				};
			}
			yield async () => {
				const answer = await this.asker.ask("list", { kind: kind.name, sort: `-${name}`, limit: 1000 });

				if (known.length === 0 && numbers(answer.records) !== numbers(visible)) {
					this.tally.differ(`${this.person.name}, ${kind.name}`, `sorted by ${name}, which is hidden, they stand otherwise`);
				}
			};
		}
	}

	*#words(record) {
		const target = record.id;
		const hear = (what, way, answer, got) => {
			this.#heard(record, what, way, isRefusal(answer) ? false : got);
			if (isRefusal(answer) && this.seen.has(record.id)) {
				this.tally.differ(this.#cell(record, what), `${way}: ${answer.message}`);
			}
		};
		const question = (rules, verb) => rules?.find((rule) => rule.question === verb)?.allowed;
		const verbs = ["see", "edit", "remove", ...this.#verbs(record.kind)];

		yield async () => {
			const answer = await this.asker.ask("why", { target });

			for (const verb of verbs) {
				hear(verb, "why", answer, question(answer.rules, verb));
			}
		};
		for (const verb of verbs) {
			yield async () => {
				const answer = await this.asker.ask("can", { target, verb });

				hear(verb, "can", answer, answer.allowed);
				if (!isRefusal(answer) && (answer.why === "" || answer.rule === "" || (answer.who === "") !== answer.allowed)) {
					this.tally.differ(this.#cell(record, verb), "can gives no rule, no reason, or nobody who could");
				}
			};
		}
		for (const { name: field } of this.subjects.has(record.id) ? this.#fields(record.kind) : []) {
			yield async () => {
				const answer = await this.asker.ask("why", { target, field });

				hear(`see ${field}`, "why", answer, question(answer.rules, "see"));
				hear(`edit ${field}`, "why", answer, question(answer.rules, "edit"));
			};
		}
	}

	#deed(record, what, item) {
		return async () => {
			const answer = await this.asker.change([item], { dry_run: true, reason: "a try" });

			this.#heard(record, what, "deed", allowed(answer));
			this.byRule += answer.name === "refused" && answer.rule !== "state" ? 1 : 0;
			if (record.id !== "new" && !this.seen.has(record.id)) {
				this.#notFound(record, what, answer);
			}
		};
	}

	*#deeds(record) {
		const { id, kind, revision } = record;
		const base = revision;

		for (const verb of ["remove", ...this.#verbs(kind)]) {
			yield this.#deed(record, verb, { do: verb, id, base });
		}
		for (const field of this.subjects.has(id) ? this.#fields(kind) : []) {
			const value = this.#another(record, field);
			const what = field.name === "owner" ? "give away" : `edit ${field.name}`;

			yield this.#deed(record, what, { do: "edit", id, base, fields: { [field.name]: value } });
		}
	}

	#another(record, field) {
		if (field.name === "owner") {
			return this.#other(record.owner);
		}
		if (field.name === "marking") {
			return record.marking === "restricted" ? "open" : "restricted";
		}
		return this.stage.value(record.kind, field, 1) ?? null;
	}

	*#creations(kind) {
		for (const owner of this.stage.owners()) {
			const record = this.#new(kind.name, owner);
			const create = (fields) => ({ do: "create", kind: kind.name, fields: { owner, ...fields } });

			yield this.#deed(record, "create", create({}));
			for (const field of kind.fields) {
				const value = field.name === "owner" ? owner : field.name === "marking" ? "open" : this.stage.value(kind.name, field, 1);

				yield this.#deed(record, `fill in ${field.name}`, create({ [field.name]: value ?? null }));
			}
		}
	}

	/* ---- what is told by itself ---- */

	/* Everything that a journal entry or a notice names must be the person's to see. */
	#mayBeTold(way, id, fields) {
		const record = this.byId.get(id);

		if (!record || !this.seen.has(id)) {
			this.tally.differ(`${this.person.name}, ${id}`, `${way} names it`);
			return;
		}
		for (const name of fields) {
			if (!this.oracle.seesField(this.person, record, name)) {
				this.tally.differ(this.#cell(record, `see ${name}`), `${way} tells it`);
			}
		}
	}

	async #journal() {
		const told = new Set();
		const entries = [];
		let before;

		do {
			const page = await this.asker.ask("journal.list", { limit: 1000, ...(before !== undefined && { before }) });

			entries.push(...page.entries);
			before = page.entries.at(-1)?.entry;
		} while (before !== undefined);
		await this.asker.go(
			entries.map(({ entry, changes }) => async () => {
				const answer = await this.asker.ask("journal.show", { entry });

				for (const { id, fields } of [...changes, ...answer.entry.changes]) {
					told.add(id);
					this.#mayBeTold("the journal", id, Object.keys(fields ?? {}));
				}
				for (const { id, field } of answer.openings) {
					if (this.byId.has(id)) {
						this.#mayBeTold("an opening", id, [field]);
					}
				}
			}),
		);
		this.#allTold("the journal", told);
		/* What is not in the list is not shown either. */
		const listed = new Set(entries.map(({ entry }) => entry));
		const others = Array.from({ length: this.stage.newest }, (_, entry) => entry).filter((entry) => !listed.has(entry));
		await this.asker.go(
			others.map((entry) => async () => {
				const answer = await this.asker.ask("journal.show", { entry });

				if (!isRefusal(answer) && (answer.leaf || answer.openings.length > 0 || answer.entry.changes.length > 0)) {
					this.tally.differ(this.person.name, `shows entry ${entry}, which it does not list`);
				}
			}),
		);
	}

	/* since: the entry after which the telling began. */
	#allTold(way, told, since = -1) {
		const missing = [...this.seen].filter((id) => !told.has(id) && this.byId.get(id).entry > since);

		if (missing.length > 0) {
			this.tally.differ(this.person.name, `${way} does not tell of ${missing.join(" ")}`);
		}
	}

	async #status() {
		const { counts } = await this.asker.ask("status");
		const inbox = await this.asker.ask("inbox");

		for (const { id } of inbox.needs.filter((need) => need.id !== "")) {
			this.#mayBeTold("the inbox", id, []);
		}
		const body = this.stage.owners()[0];
		const members = await this.asker.ask("members", { body });

		for (const kind of this.stage.kinds.keys()) {
			const wanted = this.records.filter((record) => record.kind === kind && this.seen.has(record.id)).length;

			if ((counts[kind] ?? 0) !== wanted) {
				this.tally.differ(`${this.person.name}, ${kind}`, `status counts ${counts[kind]}, it should be ${wanted}`);
			}
		}
		if (isRefusal(members) === this.seen.has(body)) {
			this.tally.differ(`${this.person.name}, ${body}`, "members tells otherwise");
		}
	}

	async #watch() {
		await this.asker.ask("watch", { since: 0 });
	}

	/* Until the notice of the newest entry that the person may see. */
	async #hearTheRest() {
		const told = new Set();
		let newest = this.seen.size > 0 ? -1 : Infinity;

		while (newest < this.stage.newest) {
			const { method, params } = await this.asker.connection.notice();

			newest = params.entry;
			if (method === "changed") {
				told.add(params.id);
				this.#mayBeTold(params.lost ? "a loss" : "a notice", params.id, Object.keys(params.fields ?? {}));
			}
		}
		this.#allTold("the feed", told, 0);
	}
}
