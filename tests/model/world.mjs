/* The model: what a partnership's records are after each journal entry, and what the server has to answer to a
 * change-set at any of these points. Written from PROTOCOL.md, with the conflict groups of the schema that the server
 * sends and the rights that people wrote down for the matrix; it knows nothing of how the server does it. */

import { rules, partOf } from "./rules.mjs";

export function same(a, b) {
	if (a === b) {
		return true;
	}
	if (a === undefined || b === undefined || a === null || b === null) {
		return (a ?? null) === (b ?? null);
	}
	if (typeof a !== "object" || typeof b !== "object") {
		return false;
	}
	if (Array.isArray(a) || a instanceof Uint8Array) {
		return a.length === b.length && a.every((each, i) => same(each, b[i]));
	}
	const keys = Object.keys(a);

	return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

const words = (text) => (text || "").split(" ").filter(Boolean);
const refused = (name, rule, more) => ({ error: { name, rule, ...more } });
const ranks = ["open", "restricted", "exempt"];
const rank = (fields) => Math.max(0, ranks.indexOf(fields.marking));

export class World {
	records = new Map(); /* id to {id, kind, versions: [{entry, revision, verb, person, by, at, fields, groups, settled, removed}]} */
	#fieldsSeen = new Map(); /* of a standing, to a set of names */

	/* people: {id, name, posts}, as the oracle takes them. */
	constructor(schema, oracle) {
		this.oracle = oracle;
		this.kinds = new Map(schema.kinds.map((kind) => [kind.name, this.#learn(kind)]));
		this.kindOfPrefix = new Map(schema.kinds.map((kind) => [kind.prefix, kind.name]));
	}

	#learn(kind) {
		const names = kind.fields.map(({ name }) => name);

		return {
			name: kind.name,
			title: kind.title,
			names,
			fields: new Map(kind.fields.map((field) => [field.name, field])),
			group: new Map(kind.fields.map(({ name, group }) => [name, group || name])),
			references: kind.fields.filter(({ type }) => type === "reference" || type === "references"),
			required: kind.fields.filter(({ required }) => required).map(({ name }) => name),
			first: words(kind.states)[0],
			verbs: new Map(kind.transitions.map((step) => [step.verb, step])),
			unique: kind.unique_title,
			parent: this.oracle.parentField(kind.name),
		};
	}

	/* ---- what happened ---- */

	/* An entry of the journal. The first thing about it that cannot be, or null. */
	apply(entry) {
		let wrong = null;

		for (const change of entry.changes) {
			const { id, kind, revision, verb, fields, settled } = change;
			const record = this.records.get(id) ?? { id, kind, versions: [] };
			const last = record.versions.at(-1);

			if (revision !== (last?.revision ?? 0) + 1 || last?.removed) {
				wrong ??= `${id} goes from revision ${last?.revision ?? 0} to ${revision} with entry ${entry.entry}`;
			}
			if ((verb === "create") !== (last === undefined)) {
				wrong ??= `entry ${entry.entry} says ${verb} of ${id}, which is ${last ? "there already" : "not there"}`;
			}
			if (!last) {
				this.records.set(id, record);
				this.pool?.push(record);
			}
			record.versions.push({ ...this.#version(entry, change, last, kind, revision, verb, fields), settled });
		}
		return wrong;
	}

	#version(entry, change, last, kind, revision, verb, changed) {
		const removed = verb === "remove";
		const fields = removed ? {} : { ...last?.fields };
		const groups = { ...last?.groups };

		for (const [name, value] of Object.entries(changed)) {
			groups[this.kinds.get(kind).group.get(name)] = revision;
			if (value === null) {
				delete fields[name];
			} else {
				fields[name] = value;
			}
		}
		const { entry: number, person, by, at, reason } = entry;

		return { entry: number, revision, verb, person, by, at, reason, fields, groups, removed };
	}

	/* ---- what is there ---- */

	/* The version of a record after entry `point`; undefined: not there yet. */
	version(id, point) {
		const versions = this.records.get(id)?.versions ?? [];
		let low = 0;
		let high = versions.length;

		if (high > 0 && versions[high - 1].entry <= point) {
			return versions[high - 1];
		}
		while (low < high) {
			const middle = (low + high) >> 1;

			if (versions[middle].entry <= point) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		return versions[low - 1];
	}

	/* A record as the oracle takes it. */
	standing(kind, fields, point) {
		const above = fields[this.kinds.get(kind).parent];
		const parent = above && this.lastOf(above, point);

		return {
			kind,
			owner: fields.owner,
			state: fields.state,
			marking: fields.marking,
			parent: parent ? this.standing(this.records.get(above).kind, parent.fields, point) : undefined,
		};
	}

	/* The same of what was removed since: as it last was. */
	lastOf(id, point) {
		const version = this.version(id, point);

		return version?.removed ? this.#versionOf(id, version.revision - 1) : version;
	}

	/* The version that a person sees, or undefined. */
	seen(person, id, point) {
		const version = this.version(id, point);

		return version && !version.removed && this.sees(person, id, version, point) ? version : undefined;
	}

	sees(person, id, version, point) {
		return this.oracle.sees(person, this.standing(this.records.get(id).kind, version.fields, point));
	}

	/* Names of the fields that somebody sees in a record that they see. */
	fieldsSeen(person, kind, fields) {
		const { owner, state, marking } = fields;
		const key = `${person.id} ${kind} ${owner} ${state} ${marking}`;

		if (!this.#fieldsSeen.has(key)) {
			const record = { kind, owner, state, marking };

			this.#fieldsSeen.set(
				key,
				new Set(this.kinds.get(kind).names.filter((name) => this.oracle.seesField(person, record, name))),
			);
		}
		return this.#fieldsSeen.get(key);
	}

	shown(person, kind, fields) {
		const seen = this.fieldsSeen(person, kind, fields);

		return Object.fromEntries(Object.entries(fields).filter(([name]) => seen.has(name)));
	}

	/* ---- what has to be answered ---- */

	/* A change-set after entry `point`: {error: {name, rule, details}} or {items}. made: ids of its new records. */
	judge(person, params, point, made = []) {
		const set = { person, point, reason: params.reason, items: [], world: this };
		const several = params.changes.length > 1;
		const at = (verdict, i) => (several && verdict ? refused(verdict.error.name, verdict.error.rule, { details: { item: i } }) : verdict);
		const each = (look, of = () => true) => {
			for (const [i, item] of set.items.entries()) {
				const verdict = of(item) ? look.call(this, set, item) : null;

				if (verdict) {
					return at(verdict, i);
				}
			}
			return null;
		};

		for (const [i, asked] of params.changes.entries()) {
			const verdict = this.#read(set, asked, made[i] ?? `new${i}`);

			if (verdict) {
				return at(verdict, i);
			}
		}
		const refusal =
			each(this.#resolve) ??
			each(this.#rights) ??
			this.#conflicts(set) ??
			each(this.#obey, ({ removes }) => removes) ??
			each(this.#obey, ({ removes }) => !removes);
		return refusal ?? { items: set.items.map((item) => this.#outcome(set, item)) };
	}

	#read(set, asked, newId) {
		const creates = asked.do === "create";
		const id = creates ? newId : asked.id;
		const before = creates ? undefined : this.seen(set.person, id, set.point);
		const kind = this.kinds.get(creates ? asked.kind : this.records.get(id)?.kind);

		if (!creates && !before) {
			return refused("not-found");
		}
		if (!creates && (!(asked.base >= 1) || asked.base > before.revision)) {
			return refused("invalid");
		}
		if (set.items.some((item) => item.id === id)) {
			return refused("invalid");
		}
		const values = { ...before?.fields };
		for (const [name, value] of Object.entries(asked.fields ?? {})) {
			if (value === null && kind.fields.get(name).required) {
				return refused("invalid");
			}
			values[name] = value ?? undefined;
		}
		for (const [name, sides] of Object.entries(asked.settled ?? {})) {
			if (kind.fields.get(name).required && Object.values(sides).includes(null)) {
				return refused("invalid");
			}
		}
		if (creates && kind.first) {
			values.state = kind.first;
		}
		set.items.push({
			id,
			kind,
			creates,
			removes: asked.do === "remove",
			step: kind.verbs.get(asked.do),
			verb: asked.do,
			ref: asked.ref ?? null,
			base: asked.base,
			before,
			was: before?.fields ?? {},
			values,
			asked: new Set(Object.keys(asked.fields ?? {})),
			settled: asked.settled ?? {},
		});
		return null;
	}

	#resolve(set, item) {
		for (const { name } of item.kind.references.filter((field) => item.asked.has(field.name))) {
			const value = item.values[name];
			const resolved = [value ?? []].flat().map((id) => (id[0] === "@" ? set.items.find(({ ref }) => ref === id)?.id : id));

			for (const id of resolved) {
				const own = set.items.find((other) => other.id === id);
				const there = own?.creates || (own ? !own.removes && this.#seesItem(set, own) : this.seen(set.person, id, set.point));

				if (!there) {
					return refused("invalid");
				}
			}
			if (value !== undefined) {
				item.values[name] = Array.isArray(value) ? resolved : resolved[0];
			}
		}
		return null;
	}

	#seesItem(set, item) {
		return this.oracle.sees(set.person, this.standing(item.kind.name, item.values, set.point));
	}

	#rights(set, item) {
		const { oracle } = this;
		const { person, point } = set;
		const { kind, creates, verb } = item;
		const after = this.standing(kind.name, item.values, point);
		const before = creates ? after : this.standing(kind.name, item.was, point);
		const no = refused("not-permitted");

		item.changed = new Set(kind.names.filter((name) => !same(item.values[name], item.was[name])));
		const touched = [...new Set([...[...item.asked].filter((name) => item.changed.has(name)), ...Object.keys(item.settled)])];
		const editsToo = item.step && touched.length > 0;
		const open = (name) => (creates ? oracle.fillsField(person, before, name) : oracle.editsField(person, before, name));

		if (!oracle.may(person, verb, before) || (editsToo && !oracle.may(person, "edit", before)) || !touched.every(open)) {
			return no;
		}
		if (before.owner !== after.owner) {
			const given = { ...after, state: before.state };

			return oracle.may(person, verb, given) && (!editsToo || oracle.may(person, "edit", given)) ? null : no;
		}
		return null;
	}

	/* Fields of which somebody else changed the conflict group since the base, and which this item would set to another
	 * value; for a verb and for a removal, every visible field that is not what it was. */
	#conflicts(set) {
		const details = [];

		for (const item of set.items.filter(({ creates }) => !creates)) {
			const base = this.#versionOf(item.id, item.base);
			const seen = this.fieldsSeen(set.person, item.kind.name, item.was);

			for (const name of item.kind.names.filter((each) => seen.has(each))) {
				const revision = item.before.groups[item.kind.group.get(name)] ?? 1;
				const touched = item.asked.has(name) && item.changed.has(name);
				const whole = (item.removes || item.step) && !same(base.fields[name], item.was[name]);

				if (revision > item.base && (touched || whole)) {
					const { by, at, entry } = this.#versionOf(item.id, revision);
					const shown = this.sees(set.person, item.id, base, set.point) && this.fieldsSeen(set.person, item.kind.name, base.fields).has(name);
					const first = shown ? (base.fields[name] ?? null) : null;
					const theirs = item.was[name] ?? null;
					const mine = item.asked.has(name) ? (item.values[name] ?? null) : null;

					details.push({ id: item.id, field: name, base: first, theirs, mine, by, at, revision, entry });
				}
			}
		}
		return details.length > 0 ? refused("conflict", undefined, { details }) : null;
	}

	#versionOf(id, revision) {
		return this.records.get(id).versions[revision - 1];
	}

	/* States, second persons, the kind's rules, what is required, markings, titles: in this order. */
	#obey(set, item) {
		if (!this.#stood(item)) {
			return refused("invalid");
		}
		const rule = item.removes ? (partOf(set, item) ?? this.#referenced(set, item)) : (this.#moved(set, item) ?? rules[item.kind.name]?.(set, item));

		if (rule || item.removes) {
			return rule ? (rule.error ? rule : refused("refused", rule)) : null;
		}
		if (item.kind.required.some((name) => item.values[name] === undefined)) {
			return refused("refused", "required");
		}
		return this.#marked(set, item) ?? this.#titled(set, item);
	}

	/* What somebody says that they gave up of another's is what stood there. */
	#stood(item) {
		return Object.entries(item.settled).every(([name, sides]) => !("theirs" in sides) || same(sides.theirs, this.#versionOf(item.id, item.base).fields[name]));
	}

	/* The same as it is noted: with the revision that theirs stood in, and who made it. */
	#given(item) {
		const { groups } = item.creates ? { groups: {} } : this.#versionOf(item.id, item.base);
		const note = (name, { mine, theirs }) => {
			const revision = groups[item.kind.group.get(name)] ?? 1;

			return { ...(mine !== undefined && { mine }), ...(theirs !== undefined && { theirs, revision, by: this.#versionOf(item.id, revision).by }) };
		};
		const notes = Object.entries(item.settled).map(([name, sides]) => [name, note(name, sides)]);

		return notes.length > 0 ? Object.fromEntries(notes) : undefined;
	}

	/* What somebody is told of what was given up for a version: of fields that it shows, as does the version before. */
	givenUp(person, id, version, seen, point) {
		const before = version.settled ? this.#versionOf(id, version.revision - 1) : undefined;
		const shown = before && this.sees(person, id, before, point) ? this.fieldsSeen(person, this.records.get(id).kind, before.fields) : new Set();
		const names = Object.keys(version.settled ?? {}).filter((name) => seen.has(name) && shown.has(name));
		const hand = ({ by, ...sides }) => ("revision" in sides ? { ...sides, by: this.sees(person, id, this.#versionOf(id, sides.revision), point) ? by : null } : sides);

		return Object.fromEntries(names.map((name) => [name, hand(version.settled[name])]));
	}

	#moved(set, item) {
		const { step, values, was } = item;

		if (!step) {
			return null;
		}
		if (step.from && !words(step.from).includes(was.state)) {
			return "state";
		}
		if (step.second_person && this.#ownWork(set, item)) {
			return refused("not-permitted", "second-person");
		}
		values.state = step.to;
		item.changed = new Set(item.kind.names.filter((name) => !same(values[name], was[name])));
		return null;
	}

	/* What is approved beside the state: how an action stands. */
	#ownWork(set, item) {
		const hand = (group) => this.#versionOf(item.id, item.before.groups[group] ?? 1).person;
		const work = item.kind.name === "action" ? "status" : null;
		const inOneBreath = work && [...item.changed].some((name) => item.kind.group.get(name) === work);
		const hands = [this.#versionOf(item.id, 1).person, hand("state"), work && hand(work)];

		return inOneBreath || hands.includes(set.person.id);
	}

	#referenced(set, item) {
		const left = this.living(set.point).filter(({ id }) => !set.items.some((other) => other.id === id));
		const others = set.items.filter((other) => !other.removes).map(({ kind, values }) => ({ kind: kind.name, fields: values }));
		const refers = ({ kind, fields }) => this.kinds.get(kind).references.some(({ name }) => [fields[name] ?? []].flat().includes(item.id));

		return [...left, ...others].some(refers) ? "referenced" : null;
	}

	/* {id, kind, fields, version} of all that is there. */
	living(point, only) {
		const out = [];

		for (const { id, kind } of this.pool ?? this.records.values()) {
			const version = only === undefined || only === kind ? this.version(id, point) : undefined;

			if (version && !version.removed) {
				out.push({ id, kind, fields: version.fields, version });
			}
		}
		return out;
	}

	/* From now on nobody asks of a point before this one. */
	forget(point) {
		this.pool = [...this.records.values()].filter(({ id }) => !this.version(id, point)?.removed);
	}

	#marked(set, item) {
		const now = rank(item.values);
		const was = rank(item.was);
		const raisers = [];

		if (now === 2 && (!item.values.marking_reason || !item.values.marking_review)) {
			return refused("refused", "marking.ground");
		}
		if (now >= was) {
			return null;
		}
		let last = 0;
		for (const { fields, person } of this.records.get(item.id).versions.filter(({ entry }) => entry <= set.point)) {
			for (let each = last + 1; each <= rank(fields); each++) {
				raisers[each] = person;
			}
			last = rank(fields);
		}
		return raisers.slice(now + 1, was + 1).includes(set.person.id) ? refused("not-permitted", "second-person") : null;
	}

	#titled(set, item) {
		const { unique, title, name } = item.kind;
		const fold = (text) => text?.toLowerCase().replace(/\s+/g, " ");
		const mine = fold(item.values[title]);

		if (!unique || !item.changed.has(title)) {
			return null;
		}
		const left = this.living(set.point, name).filter(({ id }) => !set.items.some((other) => other.id === id));
		const others = set.items.filter((other) => other !== item && other.kind.name === name && !other.removes);
		const taken = [...left.map(({ fields }) => fields), ...others.map(({ values }) => values)].some((fields) => fold(fields[title]) === mine);

		return taken ? refused("refused", "unique") : null;
	}

	/* What becomes of one item: its place in the answer, and in the journal; fields null when nothing had to change. */
	#outcome(set, item) {
		const idle = !item.creates && !item.removes && item.changed.size === 0 && Object.keys(item.settled).length === 0;
		const also = {};
		const changed = {};

		if (!item.creates) {
			const seen = this.fieldsSeen(set.person, item.kind.name, item.was);
			const base = this.#versionOf(item.id, item.base).fields;

			for (const name of item.kind.names.filter((each) => seen.has(each) && !item.asked.has(each))) {
				if (!same(base[name], item.was[name])) {
					also[name] = item.was[name] ?? null;
				}
			}
		}
		for (const name of item.removes ? [] : item.changed) {
			changed[name] = item.values[name] ?? null;
		}
		const revision = (item.before?.revision ?? 0) + (idle ? 0 : 1);

		return { id: item.id, kind: item.kind.name, verb: item.verb, revision, ref: item.ref, also, fields: idle ? null : changed, settled: this.#given(item) };
	}
}
