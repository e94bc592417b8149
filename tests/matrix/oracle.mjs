/* What must be so: reads expectations/, which people wrote, and answers for a person and a record. Nothing here knows how
 * the server decides. A line that is missing, that names a role twice or not at all, or a kind, state, verb or field that
 * the files do not know, fails when the files are read. */

import fs from "node:fs";
import path from "node:path";

const words = (text) => text.split(/\s+/).filter(Boolean);

class Gap extends Error {}

function must(condition, where, what) {
	if (!condition) {
		throw new Gap(`${where}: ${what}`);
	}
}

/* Lines as [what stands before the colon, what stands after it]. */
function readLines(file) {
	return fs
		.readFileSync(file, "utf8")
		.split("\n")
		.map((line) => line.replace(/#.*/, "").trim())
		.filter(Boolean)
		.map((line) => {
			const colon = line.indexOf(":");

			must(colon > 0, file, `"${line}" has no colon`);
			return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
		});
}

function readRoles(file) {
	const out = { roles: [], markings: new Map() };

	for (const [head, rest] of readLines(file)) {
		const [first, marking, relation] = words(head);

		if (first === "roles") {
			out.roles = words(rest);
		} else {
			must(first === "marking", file, `what is "${head}"?`);
			for (const each of relation ? [relation] : ["own", "foreign"]) {
				out.markings.set(`${marking} ${each}`, new Set(words(rest)));
			}
		}
	}
	return out;
}

/* "officer may see edit; none may nothing" as a map of role to verbs. */
function readCase(where, text, roles) {
	const out = new Map();

	for (const part of text.split(";")) {
		const [who, may] = part.split(/\bmay\b/);

		must(who && may, where, `"${part}" does not say who may what`);
		for (const role of words(who)) {
			must(roles.includes(role), where, `there is no role ${role}`);
			must(!out.has(role), where, `${role} is named twice`);
			out.set(role, new Set(words(may).filter((verb) => verb !== "nothing")));
		}
	}
	for (const role of roles) {
		must(out.has(role), where, `${role} is not named`);
	}
	return out;
}

function readFields(where, text, all) {
	const [first, but, ...rest] = words(text);
	const named = first === "all" ? rest : first === "none" ? [] : words(text);

	must(first !== "all" || but === undefined || but === "but", where, `what is "${text}"?`);
	for (const name of named) {
		must(all.includes(name), where, `there is no field ${name}`);
	}
	return new Set(first === "all" ? all.filter((name) => !named.includes(name)) : named);
}

function readKind(file, roles) {
	const out = { cases: new Map(), fields: [], seen: new Map(), edited: new Map(), filled: new Map(), second: [] };

	for (const [head, rest] of readLines(file)) {
		const where = `${path.basename(file)}, "${head}"`;
		const [first, second, third] = words(head);
		const by = head.indexOf(" by ");
		const keep = (map, relations, who) => {
			for (const role of words(who)) {
				must(roles.includes(role), where, `there is no role ${role}`);
				for (const relation of relations) {
					must(!map.has(`${role} ${relation}`), where, `${role} is named twice`);
					map.set(`${role} ${relation}`, readFields(where, rest, out.fields));
				}
			}
		};

		if (head === "kind") {
			out.kind = rest;
		} else if (head === "fields") {
			out.fields = words(rest);
		} else if (head === "hidden with") {
			out.parent = rest;
		} else if (head === "second person") {
			out.second = words(rest);
		} else if (first === "seen") {
			keep(out.seen, ["own", "foreign"], head.slice(by + 4));
		} else if (first === "edited") {
			keep(out.edited, [second], head.slice(by + 4));
		} else if (first === "filled") {
			keep(out.filled, [third], head.slice(by + 4));
		} else {
			must(second === "own" || second === "foreign", where, "neither own nor foreign");
			must(!out.cases.has(head), where, "there twice");
			out.cases.set(head, readCase(where, rest, roles));
		}
	}
	return out;
}

/* Everything that the schema has must be in the files, and nothing else. */
function checkKind(file, rows, schema, roles) {
	const names = schema.fields.map(({ name }) => name);
	const states = schema.states ? words(schema.states) : ["any"];
	const verbs = new Set(["see", "create", "edit", "remove", ...schema.transitions.map(({ verb }) => verb)]);
	const expected = ["new", ...states].flatMap((state) => [`${state} own`, `${state} foreign`]);

	must([...names].sort().join() === [...rows.fields].sort().join(), file, `its fields are ${names.join(" ")}`);
	for (const head of expected) {
		must(rows.cases.has(head), file, `there is no line "${head}"`);
	}
	for (const [head, who] of rows.cases) {
		must(expected.includes(head), file, `there is no state for "${head}"`);
		for (const verb of [...who.values()].flatMap((set) => [...set])) {
			must(verbs.has(verb), file, `there is no verb ${verb}`);
		}
	}
	for (const role of roles) {
		for (const relation of ["own", "foreign"]) {
			must(rows.seen.has(`${role} ${relation}`), file, `what ${role} sees of it is not said`);
			must(rows.edited.has(`${role} ${relation}`), file, `what ${role} edits of it (${relation}) is not said`);
		}
	}
}

/* A person is {posts: [{role, own}]}, own being a set of bodies; a record {kind, owner, state, marking, parent}. */
export class Oracle {
	#kinds = new Map();

	constructor(folder, schema) {
		const { roles, markings } = readRoles(path.join(folder, "roles.txt"));

		this.roles = roles;
		this.markings = markings;
		for (const kind of schema.kinds) {
			const file = path.join(folder, `${kind.name}.txt`);

			must(fs.existsSync(file), file, "there is no such file");
			const rows = readKind(file, roles);
			must(rows.kind === kind.name, file, `it is about ${rows.kind}`);
			checkKind(file, rows, kind, roles);
			this.#kinds.set(kind.name, rows);
		}
		must(fs.readdirSync(folder).length === schema.kinds.length + 1, folder, "a file is about no kind");
	}

	parentField(kind) {
		return this.#kinds.get(kind).parent;
	}

	secondPerson(kind) {
		return this.#kinds.get(kind).second;
	}

	#allows(post, verb, record) {
		const relation = post.own.has(record.owner) ? "own" : "foreign";
		const { cases } = this.#kinds.get(record.kind);

		return (
			cases.get(`${verb === "create" ? "new" : record.state || "any"} ${relation}`).get(post.role).has(verb) &&
			this.markings.get(`${record.marking || "open"} ${relation}`).has(post.role)
		);
	}

	sees(person, record) {
		return (
			person.posts.some((post) => this.#allows(post, "see", record)) &&
			(!record.parent || this.sees(person, record.parent))
		);
	}

	may(person, verb, record) {
		return (
			(verb === "create" || this.sees(person, record)) &&
			person.posts.some((post) => this.#allows(post, verb, record))
		);
	}

	/* Through which posts a verb is open, in turn asked about a field. */
	#field(person, verb, record, field, maps) {
		return person.posts.some((post) => {
			const key = `${post.role} ${post.own.has(record.owner) ? "own" : "foreign"}`;
			const map = maps.find((one) => one.has(key));

			return this.#allows(post, verb, record) && map.get(key).has(field);
		});
	}

	seesField(person, record, field) {
		return this.sees(person, record) && this.#field(person, "see", record, field, [this.#kinds.get(record.kind).seen]);
	}

	/* Giving a record to another body must be allowed on both sides: `given` is the record as it would be. */
	editsField(person, record, field, given = record) {
		const { edited } = this.#kinds.get(record.kind);

		return (
			this.seesField(person, record, field) &&
			this.#field(person, "edit", record, field, [edited]) &&
			this.may(person, "edit", given)
		);
	}

	fillsField(person, record, field) {
		const { edited, filled } = this.#kinds.get(record.kind);

		return this.#field(person, "create", record, field, [filled, edited]);
	}
}
