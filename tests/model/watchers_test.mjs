/* Many watchers of every role, and one writer. What each is told is compared with what the expectations of the matrix and a
 * model of the records say: nothing missed, nothing more, and no secret in any byte. How long it takes from sending a change
 * to its last notice, and what the server holds in memory, is told and not judged.
 *
 *     SAFER_WATCHERS=2000 SAFER_CHANGES=400 node tests/model/watchers_test.mjs */

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { binaries, source } from "../foreign/places.mjs";
import { startServer } from "../foreign/server.mjs";
import { Ear, makeSecret } from "../matrix/asker.mjs";
import { Oracle } from "../matrix/oracle.mjs";
import { Cast } from "./cast.mjs";
import { dice } from "./chance.mjs";
import { Line } from "./line.mjs";
import { today } from "./rules.mjs";
import { World, same } from "./world.mjs";

const watcherCount = Number(process.env.SAFER_WATCHERS ?? 200);
const changeCount = Number(process.env.SAFER_CHANGES ?? 90);
const seed = Number(process.env.SAFER_SEED ?? 20140602);
const atOnce = 40; /* handshakes */
const addresses = 60; /* of loopback, that watchers come from */
const patience = 30000; /* milliseconds in which everybody must have been told */
const patient = {
	limit_requests_per_second: 1000000,
	limit_requests_burst: 1000000,
	limit_connections: watcherCount + 100,
	limit_connections_per_credential: watcherCount + 100,
	log_level: "error",
};

const post = (role, organisation = "police") => [role, organisation];
const people = [
	{ name: "Max Member", posts: [post("member")] },
	{ name: "Clara Chair", posts: [post("chair")] },
	{ name: "Sam Secretary", posts: [post("secretary")] },
	{ name: "Olga Officer", posts: [post("officer")] },
	{ name: "Otto Probation", posts: [post("officer", "probation")] },
	{ name: "Rita Representative", posts: [post("representative")] },
	{ name: "Rolf Representative", posts: [post("representative", "probation")] },
	{ name: "Anna Analyst", posts: [post("analyst")] },
	{ name: "Stan Scrutiny", posts: [post("scrutiny")] },
	{ name: "Sven Scrutiny", posts: [post("scrutiny")] },
	{ name: "Ada Auditor", posts: [post("auditor")] },
	{ name: "Abe Administrator", posts: [post("administrator")] },
	{ name: "Scrutineer and representative", posts: [post("scrutiny"), post("representative", "probation")] },
	{ name: "Nobody", posts: [] },
];
const nothing = [{ role: "none", own: new Set() }];

function memory(pid) {
	return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

/* What a person has to be told of an entry that the world has just taken in. Lists of params; a resync has no id. */
function expected(world, person, { entry, at, by, changes }) {
	const out = [];
	let again = false;

	for (const { id, kind, revision, verb, fields } of changes) {
		const now = world.version(id, entry);
		const before = world.version(id, entry - 1);
		const saw = before !== undefined && world.sees(person, id, before, entry);
		const sees = !now.removed && world.sees(person, id, now, entry);
		const common = { entry, at, by, verb, id, kind, revision };
		const children = () => world.living(entry).some((child) => child.fields[world.kinds.get(child.kind).parent] === id);

		again ||= kind === "appointment" && [now.fields.person, before?.fields.person].includes(person.id);
		again ||= before !== undefined && !now.removed && saw !== sees && children();
		if (now.removed ? saw : sees) {
			const shown = world.shown(person, kind, now.fields);
			const told = saw ? Object.keys(fields).filter((name) => world.fieldsSeen(person, kind, now.fields).has(name)) : Object.keys(shown);
			const { title } = world.kinds.get(kind);

			out.push(now.removed ? { ...common, removed: true } : { ...common, title: shown[title] ?? null, whole: !saw, fields: Object.fromEntries(told.map((name) => [name, shown[name] ?? null])) });
		} else if (saw && !sees) {
			out.push({ ...common, by: "", verb: "", lost: true });
		}
	}
	out.sort((a, b) => (a.id < b.id ? -1 : 1));
	return again ? [...out, { entry }] : out;
}

/* ---- the writer: holds every post ---- */

class Writer {
	records = new Map(); /* id to {kind, revision, fields} */

	constructor(cast, roll) {
		Object.assign(this, { cast, roll });
	}

	pick(list) {
		return list[Math.floor(this.roll() * list.length)];
	}

	async open() {
		this.answers = new Map();
		this.line = await Line.open(this.cast.seer.device, { answer: (id, error, result) => this.answers.get(id)(error ? Promise.reject(new Error(`${error.message} ${error.hint}`)) : result) });
		this.serial = 0;
	}

	ask(method, params) {
		const id = ++this.serial;
		const answer = new Promise((resolve) => this.answers.set(id, resolve));

		this.line.send(id, method, params);
		return answer;
	}

	change(changes) {
		return this.ask("change", { request: crypto.randomBytes(16), changes, reason: makeSecret() });
	}

	/* One item, and the record as it will be. */
	next() {
		const owners = this.cast.owners();
		const known = [...this.records].filter(([, { kind }]) => kind !== "priority");
		const roll = this.roll();

		if (known.length < 12 || roll < 0.12) {
			const kind = this.pick(["action", "action", "milestone", "note", "priority"]);
			const above = { milestone: "action", note: "action", action: "priority" }[kind];
			const parent = above && this.pick([...this.records].filter(([, record]) => record.kind === above && record.fields.state !== "closed"))?.[0];

			if (!above || parent) {
				const marking = this.roll() < 0.25 ? { marking: "restricted" } : {};

				return { do: "create", kind, fields: { title: makeSecret(), owner: this.pick(owners), ...(above && { [above]: parent }), ...this.#first(kind), ...marking } };
			}
			return { do: "create", kind: "priority", fields: { title: makeSecret(), owner: owners[0], ...this.#first("priority") } };
		}
		const [id, record] = this.pick([...this.records].filter(([, { kind, fields }]) => kind !== "note" && (kind !== "priority" || fields.state === "draft")));
		const base = record.revision;
		if (record.kind === "milestone" && this.roll() < 0.4) {
			return { do: "remove", id, base };
		}
		if (roll < 0.3 && record.kind === "priority" && record.fields.state === "draft") {
			return { do: "submit", id, base };
		}
		return { do: "edit", id, base, fields: this.#another(record, roll) };
	}

	#first(kind) {
		return {
			action: { status: "on-track", risks: makeSecret(), resources: makeSecret() },
			milestone: { due: "2014-09-01" },
			note: { date: "2014-05-20", text: makeSecret() },
			priority: { standing: "priority", year: "2014/15", lead: [this.cast.places.get("@police")] },
		}[kind];
	}

	/* Into sight and out of it, or what only some may see. */
	#another({ kind, fields }, roll) {
		if (roll < 0.5) {
			const marking = this.pick(fields.marking === "open" || !fields.marking ? ["restricted", "exempt"] : fields.marking === "restricted" ? ["exempt"] : ["exempt"]);

			return { marking, marking_reason: "crime", marking_review: "2015-01-01", source: makeSecret() };
		}
		if (roll < 0.6) {
			return { owner: this.pick(this.cast.owners()), source: makeSecret() };
		}
		return kind === "action" ? this.pick([{ risks: makeSecret() }, { resources: makeSecret(), title: makeSecret() }, { description: makeSecret() }, { risks: null }]) : { title: makeSecret() };
	}
}

/* ---- the watchers ---- */

class Watcher {
	told = [];
	ear = new Ear();

	constructor(person, crowd) {
		Object.assign(this, { person, crowd });
	}

	async open(number) {
		const ready = new Promise((resolve) => {
			this.hooks = {
				from: `127.0.0.${2 + (number % addresses)}`,
				bytes: (chunk) => this.ear.take(chunk),
				answer: resolve,
				notice: ({ watch, ...params }) => {
					this.told.push(params);
					this.crowd.told();
				},
			};
		});

		this.line = await Line.open(this.person.device, this.hooks);
		this.line.send(1, "watch", {});
		await ready;
	}
}

class Crowd {
	watchers = [];
	due = 0; /* notices that have to come */
	came = 0;

	async open(persons) {
		let next = 0;
		const work = async () => {
			while (next < watcherCount) {
				const number = next++;
				const watcher = new Watcher(persons[number % persons.length], this);

				this.watchers.push(watcher);
				await watcher.open(number);
			}
		};

		await Promise.all(Array.from({ length: atOnce }, work));
	}

	told() {
		this.came++;
		this.last = performance.now();
		if (this.came >= this.due) {
			this.resolve?.();
		}
	}

	/* Until everything due has come, or the patience is over; a little more, so that what should not come comes too. */
	async hear(more = 0) {
		if (this.came < this.due) {
			await new Promise((resolve) => {
				const late = setTimeout(resolve, patience);

				this.resolve = () => {
					clearTimeout(late);
					resolve();
				};
			});
			this.resolve = undefined;
		}
		await new Promise((resolve) => setTimeout(resolve, more));
	}
}

const part = (sorted, of) => sorted[Math.min(sorted.length - 1, Math.floor(of * sorted.length))];

class Show {
	wanted = new Map(); /* person to what they have to be told, in order */
	latencies = [];
	secrets = new Set();

	constructor(server, cast) {
		const oracle = new Oracle(path.join(source, "tests/matrix/expectations"), cast.schema);

		Object.assign(this, { server, cast, oracle, world: new World(cast.schema, oracle), crowd: new Crowd() });
		this.writer = new Writer(cast, dice(seed));
		for (const person of cast.people) {
			person.posts = person.posts.length > 0 ? person.posts : nothing;
			this.wanted.set(person, []);
		}
	}

	async #entries(from) {
		const { entries } = await this.writer.ask("journal.list", { limit: 1000 });

		return entries.filter(({ entry }) => entry >= from).reverse();
	}

	async open() {
		await this.writer.open();
		const before = await this.#entries(0);

		before.forEach((entry) => this.world.apply(entry));
		this.next = before.at(-1).entry + 1;
		this.empty = memory(this.server.pid);
		await this.crowd.open(this.cast.people);
		this.full = memory(this.server.pid);
	}

	/* What was done becomes what has to be told; whoever's posts changed has others from now on. */
	async #take(posts) {
		for (const entry of await this.#entries(this.next)) {
			this.next = entry.entry + 1;
			this.world.apply(entry);
			for (const { id, kind, revision, verb } of entry.changes) {
				this.writer.records.set(id, { kind, revision, fields: this.world.version(id, entry.entry).fields });
				if (verb === "remove" || !["priority", "action", "milestone", "note"].includes(kind)) {
					this.writer.records.delete(id);
				}
			}
			posts?.(entry);
			for (const [person, wanted] of this.wanted) {
				const told = expected(this.world, person, entry);

				wanted.push(...told);
				this.crowd.due += told.length * this.crowd.watchers.filter((watcher) => watcher.person === person).length;
			}
		}
	}

	/* One change by the writer, or several of what changes nobody's sight at once. */
	async step() {
		const item = this.writer.next();
		const begun = performance.now();

		await this.writer.change([item]);
		await this.#take();
		await this.crowd.hear();
		this.latencies.push(this.crowd.last - begun);
	}

	/* So many edits on the way at once: watchers that fall behind miss nothing. */
	async burst(count) {
		const [id, { revision }] = [...this.writer.records].find(([, { kind, fields }]) => kind === "action" && fields.state === "open");

		await Promise.all(Array.from({ length: count }, (_, i) => this.writer.change([{ do: "edit", id, base: revision + i, fields: { progress: i % 100, risks: makeSecret() } }]).catch(() => {})));
		await this.#take();
		await this.crowd.hear();
	}

	/* A post that ends, and another one that begins. */
	async turn(name, role, organisation) {
		const person = this.cast.people.find((each) => each.name === name);
		const ask = (changes) => this.cast.first.must(changes);
		const [body, title] = { member: ["board", "member"], officer: ["group", "member"] }[role];
		const fields = { owner: "B1", person: person.id, post: title, from: "2014-05-01", body: this.cast.places.get(body), organisation: this.cast.places.get(`@${organisation}`) };

		await ask([{ do: "end", id: person.appointments[0], base: 2 }]);
		await this.#take(() => {
			person.posts = nothing;
		});
		await this.crowd.hear();
		await this.step();
		const [made] = await ask([{ do: "create", kind: "appointment", fields }]);
		await this.#take();
		await this.crowd.hear();
		await this.writer.change([{ do: "confirm", id: made.id, base: 1 }]);
		await this.#take(() => {
			person.posts = [{ role, own: new Set([fields.body, this.cast.places.get(organisation)]) }];
		});
		await this.crowd.hear();
	}

	/* ---- judging ---- */

	/* In one entry, by id; the resync last, as it comes. */
	#inOrder(told) {
		return [...told].sort((a, b) => a.entry - b.entry || ((a.id ?? "~") < (b.id ?? "~") ? -1 : 1));
	}

	differences() {
		const out = [];

		for (const { person, told } of this.crowd.watchers) {
			const wanted = this.#inOrder(this.wanted.get(person));
			const got = this.#inOrder(told);
			const at = wanted.findIndex((each, i) => !same(each, got[i]));

			if (at >= 0 || got.length !== wanted.length) {
				const place = at >= 0 ? at : wanted.length;

				out.push(`${person.name}: told ${JSON.stringify(got[place])}, it should be ${JSON.stringify(wanted[place])} (${got.length} of ${wanted.length})`);
			}
			for (let i = 1; i < told.length; i++) {
				if (told[i].entry < told[i - 1].entry) {
					out.push(`${person.name}: entry ${told[i].entry} comes after ${told[i - 1].entry}`);
				}
			}
		}
		return out;
	}

	/* Secrets that somebody heard and should not have, or should have heard and did not. */
	leaks() {
		const out = [];

		for (const { person, ear } of this.crowd.watchers) {
			const may = new Set(JSON.stringify(this.wanted.get(person)).match(/Zq7[0-9a-f]{14}/g) ?? []);

			may.forEach((secret) => this.secrets.add(secret));
			out.push(...[...ear.heard].filter((secret) => !may.has(secret)).map((secret) => `${person.name} heard ${secret}`));
			out.push(...[...may].filter((secret) => !ear.heard.has(secret)).map((secret) => `${person.name} never heard ${secret}`));
		}
		return out;
	}

	/* That the judge sees what it is there for: each fault, made and taken back, must be found. Those that are not. */
	blind() {
		const { told, ear } = this.crowd.watchers[0];
		const secret = makeSecret();
		const at = told.findLastIndex(({ fields }) => fields);
		const last = told[at];
		const faults = {
			"a notice is missed": [() => told.splice(at, 1), () => told.splice(at, 0, last)],
			"a notice comes twice": [() => told.splice(at, 0, last), () => told.splice(at, 1)],
			"a field too many is shown": [() => told.splice(at, 1, { ...last, fields: { ...last.fields, risks: secret } }), () => told.splice(at, 1, last)],
			"a secret is heard that nobody may know": [() => ear.heard.add(secret), () => ear.heard.delete(secret)],
		};

		return Object.keys(faults).filter((name) => {
			const [make, mend] = faults[name];

			make();
			const found = this.differences().length + this.leaks().length > 0;
			mend();
			return !found;
		});
	}

	report() {
		const sorted = [...this.latencies].sort((a, b) => a - b);
		const bytes = this.crowd.watchers.reduce((sum, { ear }) => sum + ear.bytes, 0);
		const all = this.crowd.watchers.flatMap(({ told }) => told);
		const count = (holds) => all.filter(holds).length;
		const ms = (value) => `${value.toFixed(1)} ms`;

		return [
			`${this.crowd.watchers.length} watchers of ${this.cast.people.length} people over TLS, seed ${seed}; ${this.world.kinds.size} kinds, ${this.next} entries`,
			`notices ${this.crowd.came} of ${this.crowd.due}: removed ${count(({ removed }) => removed)}, lost ${count(({ lost }) => lost)}, resync ${count(({ id }) => id === undefined)}`,
			`bytes searched ${bytes}, secrets told to somebody ${this.secrets.size}`,
			`from sending a change to its last notice: p50 ${ms(part(sorted, 0.5))}, p99 ${ms(part(sorted, 0.99))}, most ${ms(sorted.at(-1))} (${sorted.length} changes, writer and watchers in one process)`,
			`the server's memory: ${this.empty.toFixed(1)} MiB before, ${this.full.toFixed(1)} MiB with all watchers (${((1024 * (this.full - this.empty)) / this.crowd.watchers.length).toFixed(1)} KiB each), ${memory(this.server.pid).toFixed(1)} MiB in the end`,
		];
	}
}

const server = await startServer(path.join(binaries, "bin"), "Ann Admin", ["--training", today], patient);
let well = false;
try {
	const show = new Show(server, await Cast.build(server.invitation, people));

	await show.open();
	for (let i = 0; i < changeCount; i++) {
		await show.step();
		if (i % 25 === 24) {
			await show.burst(12);
		}
		if (i === Math.floor(changeCount / 3)) {
			await show.turn("Sven Scrutiny", "member", "police");
		}
		if (i === Math.floor((2 * changeCount) / 3)) {
			await show.turn("Rita Representative", "officer", "police");
		}
	}
	await show.crowd.hear(1000);
	const differences = show.differences();
	const leaks = show.leaks();

	show.report().forEach((line) => console.log(line));
	differences.slice(0, 10).forEach((line) => console.log(`differs: ${line}`));
	leaks.slice(0, 10).forEach((line) => console.log(`leak: ${line}`));
	console.log(`differences ${differences.length}, leaks ${leaks.length}`);
	const blind = differences.length + leaks.length === 0 ? show.blind() : [];

	blind.forEach((name) => console.log(`not found: ${name}`));
	well = differences.length + leaks.length + blind.length === 0 && show.crowd.came > 0;
	show.crowd.watchers.forEach(({ line }) => line.cut());
	show.writer.line.cut();
	show.cast.first.connection.close();
} catch (error) {
	console.log(error);
} finally {
	well = (await server.stop()) === 0 && well;
}
process.exit(well ? 0 : 1);
