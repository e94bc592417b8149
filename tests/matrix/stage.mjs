/* The stage: a partnership on a real saferd, somebody for every role and for pairs of roles, and a record of every kind in
 * every state, with every marking, of their own body and of others', all its texts filled with secrets. Made over the wire
 * by two people who hold every post between them, and who are asked nothing themselves. */

import { decode } from "../foreign/messagepack.mjs";
import { enrol } from "../foreign/enrol.mjs";
import { Asker, isRefusal, makeSecret } from "./asker.mjs";

const day = "2014-05-01";

/* Short names of the bodies: their rows, in the order in which they get their ids. */
const bodies = {
	board: { name: "Board", type: "board" },
	group: { name: "Operational Group", type: "operational-group" },
	police: { name: "Police authority", type: "authority", organisation: "@police" },
	probation: { name: "Probation authority", type: "authority", organisation: "@probation" },
	unit: { name: "Analysis Unit", type: "analysis-unit" },
	committee: { name: "Scrutiny Committee", type: "scrutiny-committee" },
	audit: { name: "Audit", type: "audit" },
	cabinet: { name: "Cabinet", type: "cabinet" },
	administration: null /* there already: B1 */,
};

const of = {
	member: ["board", "member"],
	chair: ["board", "chair"],
	viceChair: ["board", "vice-chair"],
	secretary: ["board", "secretary"],
	officer: ["group", "member"],
	representative: ["police", "representative"],
	probation: ["probation", "representative"],
	analyst: ["unit", "analyst"],
	scrutiny: ["committee", "member"],
	auditor: ["audit", "auditor"],
	administrator: ["administration", "administrator"],
};

/* [body, post, the role of the oracle, organisation]: nearly everybody is there for the police. */
const post = (name, role = name, organisation = "police") => [...of[name], role, organisation];

/* Who asks. Posts without a role, and posts that do not hold today, give the rights of nobody. */
const askers = [
	{ name: "Nobody at all", posts: [] },
	{ name: "An invitee", posts: [["board", "invitee", "none", "police"]] },
	{ name: "A cabinet member", posts: [["cabinet", "member", "none", "police"]] },
	{ name: "A chair to be", posts: [post("chair", "none")], leave: "proposed" },
	{ name: "A chair that was", posts: [post("chair", "none")], leave: "ended" },
	{ name: "A member", posts: [post("member")] },
	{ name: "A chair", posts: [post("chair")] },
	{ name: "A secretary", posts: [post("secretary")] },
	{ name: "An officer", posts: [post("officer")] },
	{ name: "A representative", posts: [post("representative")] },
	{ name: "An analyst", posts: [post("analyst")] },
	{ name: "A scrutineer", posts: [post("scrutiny")] },
	{ name: "An auditor", posts: [post("auditor")] },
	{ name: "An administrator", posts: [post("administrator")] },
	{ name: "Officer here, representative there", posts: [post("officer"), post("probation", "representative", "probation")] },
	{ name: "Secretary and representative", posts: [post("secretary", "secretary", null), post("representative")] },
	{ name: "Scrutineer and representative", posts: [post("scrutiny", "scrutiny", null), post("representative")] },
	{ name: "Chair and officer", posts: [post("chair", "chair", null), post("officer")] },
	{ name: "Analyst and representative", posts: [post("analyst", "analyst", null), post("representative")] },
];

/* Every post for either authority: an exempt record is made by who speaks for the body that owns it. */
const everything = ["police", "probation"].flatMap((organisation) => [
	...["chair", "secretary", "officer", "analyst"].map((name) => post(name, name, organisation)),
	post(organisation === "police" ? "representative" : "probation", "representative", organisation),
]);
const makers = [
	{ name: "Mary Maker", posts: everything },
	{ name: "Sam Second", posts: everything },
];

/* What else than the rule for its type a field is filled with. */
const special = {
	"organisation.type": "other",
	"body.type": "sub-group",
	"appointment.post": "invitee",
	"appointment.to": "2016-05-01",
	"grant.recipient": "@probation",
	"indicator.frequency": "year",
	"body.quorum": 3,
	"action.progress": 40,
};

/* How a record gets into a state: verbs, with who does them. */
const roads = {
	appointment: { confirmed: "2confirm", ended: "2confirm 2end" },
	meeting: { held: "1hold", cancelled: "1cancel" },
	assessment: { submitted: "1submit", agreed: "1submit 2agree" },
	plan: { submitted: "1submit", adopted: "1submit 2adopt", superseded: "1submit 2adopt 2supersede" },
	priority: { submitted: "1submit", adopted: "1submit 2adopt", closed: "1submit 2adopt 2close" },
	action: { closed: "2close" },
	decision: { submitted: "1submit", made: "1submit 2make" },
	referral: {
		submitted: "1submit 2fill",
		answered: "1submit 2fill 2answer",
		withdrawn: "1submit 2fill 1withdraw",
	},
};

/* Kinds in an order in which they can refer to each other, and the state that all who hold a role see. */
const order = {
	organisation: "",
	body: "",
	person: "",
	appointment: "confirmed",
	meeting: "held",
	assessment: "agreed",
	finding: "",
	plan: "adopted",
	priority: "adopted",
	indicator: "",
	action: "open",
	milestone: "",
	note: "",
	observation: "",
	grant: "",
	decision: "made",
	referral: "submitted",
	comment: "",
};

const address = (i) => `person${i}@matrix.example`;

/* Under which records children are put, to see that they are hidden with them. */
const families = {
	finding: ["assessment", "assessment"],
	action: ["priority", "priority"],
	milestone: ["action", "action"],
	note: ["action", "action"],
	observation: ["indicator", "indicator"],
	referral: ["about", "priority"],
	comment: ["about", "plan"],
};

export class Stage {
	secrets = new Map(); /* secret to {id, field} */
	subjects = []; /* ids of the records whose every field is asked about */
	askers = [];
	givenUp = []; /* {id, entry, values}: what was given up for a change, a secret for each field */
	#bases = new Map(); /* kind to two ids that references may point to */
	#places = new Map(); /* "@police" to an id, and bodies by their short names */
	#serial = 0;

	static async build(invitation) {
		const stage = new Stage();
		const first = await Asker.open({ name: "Ann Admin", posts: [] }, await enrol(invitation, "matrix"));

		await stage.#learn(first);
		await stage.#people(first);
		await stage.#records();
		stage.administrator = first;
		return stage;
	}

	body(short) {
		return this.#places.get(short);
	}

	owners() {
		return ["police", "probation", "group"].map((short) => this.body(short));
	}

	async #learn(first) {
		const { schema } = await first.ask("schema");

		this.schema = decode(schema);
		this.kinds = new Map(this.schema.kinds.map((kind) => [kind.name, kind]));
	}

	/* ---- people ---- */

	/* A post as the oracle takes it: its role, and the bodies that it speaks for. */
	#speaks([short, , role, organisation]) {
		const own = organisation ? [short, organisation] : [short];

		return { role, own: new Set(own.map((name) => this.body(name))) };
	}

	async #people(first) {
		const owner = "B1";
		const everybody = [...makers, ...askers];
		const create = (kind, ref, fields) => ({ do: "create", kind, ref, fields: { ...fields, owner } });
		const rows = [
			create("organisation", "@police", { name: "The Police", type: "police", status: "responsible-authority" }),
			create("organisation", "@probation", { name: "Probation", type: "probation", status: "responsible-authority" }),
			...Object.entries(bodies)
				.filter(([, row]) => row)
				.map(([short, row]) => create("body", `@${short}-body`, row)),
			...everybody.map(({ name }, i) => create("person", `@person${i}`, { name, email: address(i) })),
		];
		const made = await first.must(rows);
		const appointments = everybody.flatMap(({ posts, leave }, i) =>
			posts.map(([short, title, , organisation]) => ({
				leave,
				item: create("appointment", undefined, {
					person: made[rows.length - everybody.length + i].id,
					body: short === "administration" ? "B1" : this.#place(rows, made, `@${short}-body`),
					post: title,
					from: day,
					...(organisation && { organisation: this.#place(rows, made, `@${organisation}`) }),
				}),
			})),
		);
		for (const short of Object.keys(bodies)) {
			this.#places.set(short, short === "administration" ? "B1" : this.#place(rows, made, `@${short}-body`));
		}
		for (const organisation of ["@police", "@probation"]) {
			this.#places.set(organisation, this.#place(rows, made, organisation));
		}
		for (const { item } of appointments) {
			delete item.ref;
		}
		const posts = await first.must(appointments.map(({ item }) => item));
		const confirmed = posts.filter((_, i) => appointments[i].leave !== "proposed");
		await first.must(confirmed.map(({ id }) => ({ do: "confirm", id, base: 1 })));
		const ended = posts.filter((_, i) => appointments[i].leave === "ended");
		await first.must(ended.map(({ id }) => ({ do: "end", id, base: 2 })));
		for (const [i, person] of everybody.entries()) {
			const { invitation } = await first.ask("invite", { person: person.name });
			const speaks = person.posts.map((row) => this.#speaks(row)).filter(({ role }) => role !== "none");
			const none = [{ role: "none", own: new Set() }];
			const asker = await Asker.open(
				{ name: person.name, posts: speaks.length > 0 ? speaks : none, email: address(i) },
				await enrol(invitation, "matrix"),
			);

			(makers.includes(person) ? (this.makers ??= []) : this.askers).push(asker);
		}
	}

	#place(rows, made, ref) {
		return made[rows.findIndex((row) => row.ref === ref)].id;
	}

	/* ---- values ---- */

	/* No two figures of an indicator are for one period. */
	#ownYear() {
		const year = 1950 + (this.#serial++ % 200);

		return `${year}/${String((year + 1) % 100).padStart(2, "0")}`;
	}

	#reference(field, which) {
		const kind = field.kind ?? "action";

		return this.#bases.get(kind)?.[which];
	}

	/* A value that fits; another one for which = 1. Undefined: nothing to refer to. */
	value(kind, field, which = 0) {
		const choices = field.choices?.split(" ");
		const reference = this.#reference(field, which);
		const fixed = special[`${kind}.${field.name}`] ?? special[field.name];

		if (which === 0 && fixed !== undefined) {
			return this.#places.get(fixed) ?? fixed;
		}
		switch (field.type) {
			case "text":
			case "long-text":
				return which === 0 ? makeSecret() : "edited";
			case "integer":
			case "decimal":
				return Math.max(field.min ?? 0, 2 + which);
			case "date":
				return which === 0 ? day : "2014-05-02";
			case "period":
				return kind === "observation" ? this.#ownYear() : which === 0 ? "2014/15" : "2015/16";
			case "choice":
				return choices[which === 0 ? 0 : choices.length - 1];
			case "flag":
				return which === 0;
			case "reference":
				return reference;
			default:
				return reference && [reference];
		}
	}

	/* Everything that a maker may fill in. */
	#fields(kind, given, all) {
		const fields = {};

		for (const field of this.kinds.get(kind).fields) {
			const server = field.edit === "nobody" || (kind === "referral" && ["answer", "decision"].includes(field.name));
			const value = given[field.name] ?? (server || !(all || field.required) ? undefined : this.value(kind, field));

			if (value !== undefined) {
				fields[field.name] = value;
			}
		}
		return fields;
	}

	/* An item that makes a record which may be moved on; not one that is searched for. */
	newRecord(kind, owner) {
		return { do: "create", kind, fields: this.#fields(kind, { owner, marking: "open" }, true) };
	}

	/* ---- records ---- */

	/* Makes records of a kind; rows are {fields, all}. Their ids, in order. */
	async #create(kind, rows) {
		const items = rows.map(({ fields, all }) => ({ do: "create", kind, fields: this.#fields(kind, fields, all) }));
		const made = await this.makers[0].must(items);

		made.forEach(({ id }, i) => this.#sow(id, items[i].fields));
		return made.map(({ id }) => id);
	}

	#sow(id, fields) {
		for (const [field, value] of Object.entries(fields)) {
			if (typeof value === "string" && value.startsWith("Zq7")) {
				this.secrets.set(value, { id, field });
			}
		}
	}

	/* Moves records of a kind to their states, a step of all of them at a time. */
	async #move(kind, wishes) {
		const road = (state) => (roads[kind]?.[state] ?? "").split(" ").filter(Boolean);
		const revisions = new Map(wishes.map(({ id }) => [id, 1]));

		for (let step = 0; step < 4; step++) {
			const due = wishes.filter(({ state }) => road(state).length > step);
			const verbs = new Set(due.map(({ state }) => road(state)[step]));

			for (const verb of verbs) {
				const maker = this.makers[Number(verb[0]) - 1];
				const items = due
					.filter(({ state }) => road(state)[step] === verb)
					.map(({ id }) => ({ do: verb.slice(1), id, base: revisions.get(id) }))
					.map((item) => (item.do === "fill" ? { ...item, do: "edit", fields: this.#answer() } : item));

				for (const { id, revision } of await maker.must(items, { reason: "the stage is set" })) {
					revisions.set(id, revision);
				}
				items.filter(({ fields }) => fields).forEach(({ id, fields }) => this.#sow(id, fields));
			}
		}
	}

	#answer() {
		return { decision: this.#bases.get("decision")[0], answer: makeSecret() };
	}

	/* Every state, marking and owner of a kind. */
	#cases(kind) {
		const states = (this.kinds.get(kind).states || "").split(" ");
		const [police, probation, group] = this.owners();
		const rows = [];

		for (const state of states) {
			for (const marking of ["open", "restricted", "exempt"]) {
				rows.push({ state, fields: { marking, owner: police } }, { state, fields: { marking, owner: probation } });
			}
			rows.push({ state, fields: { marking: "open", owner: group } });
		}
		return rows;
	}

	async #records() {
		const wishes = new Map(); /* kind to [{id, state}] */
		const wish = (kind, ids, state) => ids.forEach((id, i) => wishes.get(kind).push({ id, state: state(i) }));

		this.#bases.set("body", ["board", "group"].map((short) => this.body(short)));
		this.#bases.set("organisation", ["@police", "@probation"].map((name) => this.#places.get(name)));
		for (const [kind, seenByAll] of Object.entries(order)) {
			const owner = this.body("police");

			wishes.set(kind, []);
			if (!this.#bases.has(kind)) {
				const bases = await this.#create(kind, [{ fields: { owner }, all: true }, { fields: { owner }, all: true }]);

				this.#bases.set(kind, bases);
				wish(kind, bases, () => seenByAll);
			}
			const rows = this.#cases(kind);
			const ids = await this.#create(kind, rows.map(({ fields }) => ({ fields, all: true })));
			this.subjects.push(...ids);
			wish(kind, ids, (i) => rows[i].state);
			if (kind === "decision") {
				await this.#move(kind, wishes.get(kind)); /* an answer rests on one that was made */
				wishes.delete(kind);
			}
		}
		for (const [kind, [field, parents]] of Object.entries(families)) {
			const above = wishes.get(parents) ?? [];
			const under = above.map(({ id }) => ({ fields: { [field]: id, owner: this.body("police") }, all: true }));
			const ids = await this.#create(kind, under);

			wish(kind, ids, () => order[kind]);
		}
		for (const [kind, rows] of wishes) {
			await this.#move(kind, rows);
		}
		await this.#settle();
		await this.#whisper();
	}

	/* Every text that can still be changed collides with another: what stood there is given up, and what was typed first. A
	 * third stands, so that all three are somewhere. */
	async #settle() {
		const [maker] = this.makers;
		const subjects = new Set(this.subjects);
		const due = (await this.records(maker)).filter(({ id }) => subjects.has(id));

		await maker.go(
			due.map(({ id, revision, fields }) => async () => {
				const names = Object.keys(fields).filter((name) => this.secrets.has(fields[name]));
				const values = Object.fromEntries(names.map((name) => [name, makeSecret()]));
				const settled = Object.fromEntries(names.map((name) => [name, { mine: values[name], theirs: fields[name] }]));
				const stands = Object.fromEntries(names.map((name) => [name, makeSecret()]));
				const answer = await maker.change([{ do: "edit", id, base: revision, fields: stands, settled }]);

				if (!isRefusal(answer)) {
					this.#sow(id, values);
					this.#sow(id, stands);
					this.givenUp.push({ id, entry: answer.entry, values });
				}
			}),
		);
	}

	/* A reason that only those may read who see the record that it was given for. */
	async #whisper() {
		const all = await this.records(this.makers[0]);
		const hidden = all.find(({ kind, marking, owner }) => kind === "meeting" && marking === "exempt" && owner === this.body("probation"));
		const reason = makeSecret();

		await this.makers[0].must([{ do: "edit", id: hidden.id, base: hidden.revision, fields: { place: "elsewhere" } }], { reason });
		this.secrets.set(reason, { id: hidden.id, field: "title" });
		/* The last word: everybody with a role is told of it, and whoever follows the feed knows that it is over. */
		const body = all.find(({ id }) => id === this.body("group"));
		const last = { do: "edit", id: body.id, base: body.revision, fields: { meets: "on Fridays" } };
		this.newest = (await this.makers[0].change([last])).entry;
	}

	close() {
		for (const { connection } of [...this.askers, ...(this.makers ?? []), this.administrator].filter(Boolean)) {
			connection.close();
		}
	}

	/* Every record as somebody sees it: {id, kind, revision, owner, state, marking, parent, fields}. */
	async records(asker, parentField = () => undefined) {
		const out = new Map();

		for (const { name } of this.schema.kinds) {
			const { records } = await asker.ask("list", { kind: name, limit: 1000 });

			for (const { id, kind, revision, entry, fields } of records) {
				const { owner, state, marking } = fields;

				out.set(id, { id, kind, revision, entry, owner, state, marking, fields, above: fields[parentField(kind)] });
			}
		}
		for (const record of out.values()) {
			record.parent = out.get(record.above);
		}
		return [...out.values()];
	}
}
