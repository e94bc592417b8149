/* Every path on which data could come out, as a table: each is walked by everybody, on records and fields that are hidden from
 * them, with the secrets themselves as bait. Every byte is searched besides (asker.mjs). A method that is on no path fails the
 * test, and so does a path on which a method that it names was not asked.
 *
 * What is hidden is answered as what is not there: likeNothing() asks twice, and compares. */

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { source } from "../foreign/places.mjs";
import { connectTls, Connection } from "../foreign/connection.mjs";
import { isRefusal, makeSecret } from "./asker.mjs";
import { Desk, Laptop, PostOffice } from "./programs.mjs";

const nowhere = 98765; /* number of a record that no kind has */

/* Text is compared without regard to case, and a question that is told again by an error is not mistaken for a secret. */
const bait = (secret) => secret.toUpperCase();

/* {path, methods, ask(walk)}: ask() gives functions that each ask and look at the answer. */
export const paths = [
	{
		path: "a record, now and in the past",
		methods: ["read"],
		*ask(walk) {
			for (const { id } of walk.records) {
				for (const as_of of [undefined, String(walk.stage.newest), "2014-06-02", "2200-01-01", "2014-06-02T23:59:00Z"]) {
					yield () => walk.likeNothing("read", id, (each) => ({ id: each, as_of }));
				}
			}
		},
	},
	{
		path: "conditions on what is hidden",
		methods: ["list"],
		*ask(walk) {
			for (const { secret, record, field } of walk.hidden) {
				const list = (is, value) => ({ kind: record.kind, where: [{ field, is, value }], limit: 1000 });

				for (const is of ["is", "not", "contains"]) {
					yield () => walk.same("list", list(is, bait(secret)), list(is, bait(makeSecret())));
				}
				for (const is of ["less", "more", "at-most", "at-least", "known", "unknown"]) {
					yield async () => {
						const answer = await walk.ask("list", list(is, ["known", "unknown"].includes(is) ? undefined : secret.slice(0, 9)));

						for (const { id, fields } of isRefusal(answer) ? [] : answer.records) {
							walk.must(walk.seen.has(id) && fields[field] !== undefined, `${id} is found by ${field}, which is hidden in it`);
						}
					};
				}
			}
		},
	},
	{
		path: "order by what is hidden, and pages of it",
		methods: ["list"],
		*ask(walk) {
			for (const { record, field } of walk.places) {
				for (const sort of [field, `-${field}`]) {
					yield async () => {
						const all = await walk.ask("list", { kind: record.kind, sort, limit: 1000 });
						const second = await walk.ask("list", { kind: record.kind, sort, limit: 3, offset: 2 });
						const number = ({ id }) => Number(id.replace(/\D+/, ""));
						const without = all.records.filter(({ fields }) => fields[field] === undefined).map(number);

						walk.must(without.every((each, i) => i === 0 || without[i - 1] < each), `${record.kind} by ${sort}: what is hidden is in an order`);
						walk.must(all.total === walk.count(record.kind) && second.total === all.total, `${record.kind} by ${sort}: ${all.total} in all, it should be ${walk.count(record.kind)}`);
					};
				}
			}
		},
	},
	{
		path: "totals",
		methods: ["list", "status"],
		*ask(walk) {
			for (const { secret, record, field } of walk.places) {
				yield async () => {
					const where = [{ field, is: "contains", value: bait(secret).slice(0, 12) }];
					const { total } = await walk.ask("list", { kind: record.kind, where, limit: 1 });

					walk.must((total ?? 0) === 0, `${record.kind} where ${field} counts ${total}`);
				};
			}
			yield async () => {
				const { counts, needs } = await walk.ask("status");

				for (const [kind, count] of Object.entries(counts)) {
					walk.must(count === walk.count(kind), `status counts ${count} of ${kind}, it should be ${walk.count(kind)}`);
				}
				walk.mayName(needs);
			};
		},
	},
	{
		path: "a history",
		methods: ["history"],
		*ask(walk) {
			for (const { id } of walk.records) {
				yield () => walk.likeNothing("history", id, (each) => ({ id: each }));
			}
		},
	},
	{
		path: "the journal",
		methods: ["journal.list", "journal.show", "journal.head"],
		*ask(walk) {
			for (const { id, entry } of walk.records) {
				yield async () => {
					const shown = await walk.ask("journal.show", { entry });
					const { entries } = await walk.ask("journal.list", { before: entry + 1, limit: 1 });
					const named = [shown.entry, ...entries].filter(Boolean).flatMap(({ changes }) => changes);

					walk.must(!named.some((change) => change.id === id), `the journal names ${id}`);
					walk.must(isRefusal(shown) || !shown.openings.some((opening) => opening.id === id), `an opening is of ${id}`);
				};
			}
			yield () => walk.ask("journal.head", { from: 1 });
		},
	},
	{
		path: "what was given up in a conflict",
		methods: ["history", "journal.show"],
		*ask(walk) {
			for (const given of walk.stage.givenUp) {
				yield async () => {
					const history = await walk.ask("history", { id: given.id });
					const { entry, settled } = await walk.ask("journal.show", { entry: given.entry });
					const changes = [...(history.changes ?? []).filter((change) => change.entry === given.entry), ...(entry?.changes ?? []).filter(({ id }) => id === given.id)];
					const openings = (settled ?? []).filter(({ id }) => id === given.id).map(({ field, value }) => [field, value]);

					for (const told of [changes[0]?.settled, changes[1]?.settled, Object.fromEntries(openings)]) {
						walk.mayHaveGivenUp(given, told ?? {});
					}
				};
			}
		},
	},
	{
		path: "what is told by itself",
		methods: ["watch", "unwatch"],
		*ask(walk) {
			const wishes = (id) => [{ id }, { under: id }, { id, presence: true }, { under: id, since: 0 }];

			yield async () => {
				for (const { id } of walk.few) {
					for (const [i] of wishes(id).entries()) {
						const [hidden, nothing] = [await walk.ask("watch", wishes(id)[i]), await walk.ask("watch", wishes(walk.nothing(id))[i])];

						walk.must(isRefusal(hidden) === isRefusal(nothing), `a watch for ${id} is answered otherwise than for nothing`);
						for (const { watch } of [hidden, nothing].filter((each) => !isRefusal(each))) {
							await walk.ask("unwatch", { watch });
						}
					}
				}
				for (const owner of walk.stage.owners()) {
					const { watch } = await walk.ask("watch", { owner, since: 0, presence: true });

					await walk.ask("status");
					await walk.ask("unwatch", { watch: watch ?? 1 });
				}
			};
		},
	},
	{
		path: "who is editing what",
		methods: ["editing", "presence"],
		*ask(walk) {
			for (const { id } of walk.records) {
				yield () => walk.likeNothing("editing", id, (each) => ({ ids: [each] }));
				yield () => walk.likeNothing("presence", id, (each) => ({ id: each }));
			}
			yield async () => walk.mayName((await walk.ask("presence", {})).presences);
		},
	},
	{
		path: "the inbox",
		methods: ["inbox"],
		*ask(walk) {
			for (const limit of [undefined, 1, 1000]) {
				yield async () => walk.mayName((await walk.ask("inbox", { limit })).needs);
			}
		},
	},
	{
		path: "can and why",
		methods: ["can", "why"],
		*ask(walk) {
			for (const { id, kind } of walk.records) {
				for (const verb of ["see", "edit", "remove", ...walk.verbs(kind)]) {
					yield () => walk.likeNothing("can", id, (target) => ({ target, verb }));
				}
				for (const field of [undefined, "title", "owner", "no-such-field"]) {
					yield () => walk.likeNothing("why", id, (target) => ({ target, field }));
				}
			}
		},
	},
	{
		path: "dry runs, and changes that are refused",
		methods: ["change"],
		*ask(walk) {
			for (const { id, kind } of walk.records) {
				const items = [
					...["edit", "remove", "no-such-verb", ...walk.verbs(kind)].map((verb) => ({ do: verb, base: 1 })),
					{ do: "edit", base: 999 },
					{ do: "edit", base: 1, fields: { source: "elsewhere" } },
					{ do: "edit", base: 1, fields: { no_such_field: 1 } },
					{ do: "edit", base: 1, fields: { owner: 7 } },
				];

				for (const item of items) {
					for (const dry_run of [true, false]) {
						yield () => walk.likeNothing("change", id, (each) => ({ request: crypto.randomBytes(16), changes: [{ ...item, id: each }], dry_run }));
					}
				}
			}
		},
	},
	{
		path: "references to what is hidden",
		methods: ["change"],
		*ask(walk) {
			for (const { secret, record } of walk.titles) {
				for (const { kind, field, many } of walk.references(record.kind)) {
					const create = (value) => ({
						request: crypto.randomBytes(16),
						changes: [{ do: "create", kind, fields: { owner: walk.stage.owners()[0], [field]: many ? [value] : value } }],
						dry_run: true,
					});

					yield () => walk.likeNothing("change", record.id, create);
					yield () => walk.same("change", create(bait(secret)), create(bait(walk.noTitle)), [bait(secret), bait(walk.noTitle)]);
				}
			}
		},
	},
	{
		path: "an answer that another was given",
		methods: ["change"],
		*ask(walk) {
			yield async () => {
				for (const params of walk.whispered) {
					const answer = await walk.ask("change", { ...params, changes: params.changes.filter(({ fields }) => !walk.seen.has(fields.about)) });

					walk.must(isRefusal(answer), "the answer to another's request is given");
				}
			};
		},
	},
	{
		path: "files that the client writes",
		methods: [],
		*ask(walk) {
			for (const as_of of [[], ["--as-of", String(walk.stage.newest)], ["--as-of", "2014-06-02"]]) {
				yield async () => {
					const folder = ["export", ...as_of].join("");
					const { code, text } = await walk.laptop.run("export", folder, ...as_of);
					const files = walk.laptop.read(folder);

					walk.must(code === 0, `safer export ends with ${code}: ${text}`);
					walk.mayName(files.flatMap(([, lines]) => [...lines.matchAll(/^([A-Z]+\d+),/gm)].map(([, id]) => ({ id }))));
					walk.mustHaveHeard(files.map(([, lines]) => lines).join());
				};
			}
		},
	},
	{
		path: "files that the client reads, and tries",
		methods: [],
		*ask(walk) {
			const files = (name, rows) => (value) => ({ [name]: rows(value) });
			const owner = walk.stage.owners()[0];

			yield async () => {
				const names = walk.laptop.read("export").map(([name]) => `export/${name}`);
				const { code, text } = names.length > 0 ? await walk.laptop.run("import", ...names, "--dry-run") : { code: 0 };

				walk.must(code === 0, `what was exported is not taken back: ${text}`);
			};
			for (const { id, kind } of walk.few) {
				const title = walk.stage.kinds.get(kind).title;

				for (const rows of [(each) => `id,${title}\n${each},x\n`, (each) => `id,revision,${title}\n${each},1,x\n`]) {
					yield () => walk.triesAlike(files(`${kind}.csv`, rows), id, walk.nothing(id));
				}
			}
			for (const { secret, record } of walk.titles) {
				for (const { kind, field } of walk.references(record.kind).slice(0, 2)) {
					const rows = (value) => `id,owner,${field}\n,${owner},${value}\n`;

					yield () => walk.triesAlike(files(`${kind}.csv`, rows), record.id, walk.nothing(record.id));
					yield () => walk.triesAlike(files(`${kind}.csv`, rows), bait(secret), bait(walk.noTitle));
				}
			}
			/* A field that is hidden in a record that is not: the row says what stands there, or something else. */
			for (const { secret, record, field } of walk.hidden.filter((each) => walk.seen.has(each.record.id)).slice(0, 4)) {
				for (const revision of [1, record.revision]) {
					const rows = (value) => `id,revision,${field}\n${record.id},${revision},${value}\n`;

					yield () => walk.triesAlike(files(`${record.kind}.csv`, rows), bait(secret), bait(makeSecret()));
				}
			}
		},
	},
	{
		path: "the daily digest",
		methods: [],
		*ask(walk) {
			const { letter } = walk;

			yield () => {
				walk.must(letter !== undefined || !walk.hasRole, "no digest came");
				walk.must(letter === undefined || walk.hasRole, "a digest came to somebody without a role");
				walk.mayName([...(letter ?? "").matchAll(walk.anId)].map(([id]) => ({ id })));
				for (const { record, field } of walk.hear(letter ?? "")) {
					walk.must(!walk.isMarked(record), `${field} of ${record.id}, which is marked, goes out by mail`);
				}
			};
		},
	},
	{
		path: "who one is, and who others are",
		methods: ["hello", "whoami", "schema", "members"],
		*ask(walk) {
			yield () => walk.ask("hello", { protocol: 1, head: 1 });
			yield () => walk.ask("whoami");
			yield () => walk.ask("schema");
			for (const body of walk.stage.owners()) {
				yield () => walk.ask("members", { body });
				yield () => walk.ask("members", { body, as_of: "2014-06-01" });
			}
			for (const { id } of walk.records) {
				yield () => walk.likeNothing("members", id, (each) => ({ body: each }));
			}
		},
	},
	{
		path: "accounts, devices and the server itself",
		methods: ["account.list", "admin.status", "invite", "invitation.withdraw", "credential.renew", "credential.revoke"],
		*ask(walk) {
			yield () => walk.ask("account.list");
			yield () => walk.ask("admin.status");
			yield () => walk.ask("invite", { person: "Nobody by that name" });
			yield () => walk.ask("invitation.withdraw", { invitation: "00000000" });
			yield () => walk.ask("credential.renew", { request: crypto.randomBytes(64) });
			yield () => walk.ask("credential.revoke", { credential: nowhere });
			for (const { id } of walk.few) {
				yield () => walk.likeNothing("invite", id, (person) => ({ person }));
			}
		},
	},
	{
		path: "the door for new devices",
		methods: ["enrol"],
		*ask(walk) {
			yield async () => {
				const { host, port } = walk.asker.device;
				const socket = await connectTls({ host, port, ALPNProtocols: ["safer-enrol/1"], rejectUnauthorized: false });
				const connection = new Connection(socket, (chunk) => walk.asker.ear.take(chunk));
				const [invitation, secret, request] = [5, 16, 64].map((length) => crypto.randomBytes(length));

				walk.asked.add("enrol");
				await connection.call("enrol", { protocol: 1, invitation, secret, request, device: "a stranger" }).catch(() => {});
				connection.close();
			};
		},
	},
];

/* One person on all paths. */
class Walk {
	asked = new Set(); /* methods, on the path at hand */
	questions = 0;
	tries = 0;

	constructor({ stage, oracle, tally, asker, records, whispered, laptop, letter }) {
		Object.assign(this, { stage, oracle, tally, asker, all: records, whispered, laptop, letter, person: asker.person });
		const byId = (this.byId = new Map(records.map((record) => [record.id, record])));
		const once = (list, key) => [...new Map(list.map((each) => [key(each), each])).values()];

		this.seen = new Set(records.filter((record) => oracle.sees(this.person, record)).map(({ id }) => id));
		/* a secret of each kind and field, in a record that is hidden and in one that is not */
		const hidden = [...stage.secrets]
			.map(([secret, { id, field }]) => ({ secret, field, record: byId.get(id) }))
			.filter(({ secret, record, field }) => record?.fields[field] === secret && !oracle.seesField(this.person, record, field));
		this.hidden = once(hidden, ({ record, field }) => `${record.kind} ${field} ${this.seen.has(record.id)}`);
		this.places = once(this.hidden, ({ record, field }) => `${record.kind} ${field}`);
		this.records = once(hidden.map(({ record }) => record).filter(({ id }) => !this.seen.has(id)), ({ kind }) => kind);
		this.titles = once(hidden.filter(({ record, field }) => !this.seen.has(record.id) && field === stage.kinds.get(record.kind).title), ({ record }) => record.kind);
		this.few = this.records.slice(0, 4);
		this.noTitle = makeSecret();
		this.hasRole = this.person.posts.some(({ role }) => role !== "none");
		this.anId = new RegExp(`\\b(${[...stage.kinds.values()].map(({ prefix }) => prefix).join("|")})\\d+\\b`, "g");
	}

	/* Another kind's reference field that may point to a kind. */
	references(kind) {
		return [...this.stage.kinds.values()]
			.flatMap(({ name, fields }) => fields.map((field) => ({ kind: name, to: field.kind, field: field.name, many: field.type === "references" })))
			.filter(({ to }) => to === kind);
	}

	verbs(kind) {
		return this.stage.kinds.get(kind).transitions.map(({ verb }) => verb);
	}

	count(kind) {
		return this.all.filter((record) => record.kind === kind && this.seen.has(record.id)).length;
	}

	/* An id of the same kind that nothing has. */
	nothing(id) {
		return id.replace(/\d+/, nowhere);
	}

	ask(method, params) {
		this.asked.add(method);
		this.questions++;
		return this.asker.ask(method, Object.fromEntries(Object.entries(params ?? {}).filter(([, value]) => value !== undefined)));
	}

	must(condition, what) {
		if (!condition) {
			this.tally.differ(`${this.person.name}, ${this.path}`, what);
		}
	}

	mayName(list) {
		for (const { id } of (list ?? []).filter((each) => each.id !== "")) {
			this.must(this.seen.has(id), `it names ${id}`);
		}
	}

	/* The places of the secrets in a text, which the person has heard with it. */
	hear(text) {
		this.asker.ear.take(Buffer.from(`${text}\n`));
		return [...this.stage.secrets].filter(([secret]) => text.includes(secret)).map(([, { id, field }]) => ({ record: this.byId.get(id), field }));
	}

	/* A text that should hold all that the person may see. */
	mustHaveHeard(text) {
		const missing = [...this.stage.secrets].filter(([secret, { id, field }]) => {
			const record = this.byId.get(id);

			return record.fields[field] === secret && this.oracle.seesField(this.person, record, field) && !text.includes(secret);
		});

		this.must(missing.length === 0, `it lacks ${missing.map(([, { id, field }]) => `${field} of ${id}`).slice(0, 5)}`);
	}

	/* Marked, or under what is. */
	isMarked(record) {
		return record !== undefined && ((record.marking ?? "open") !== "open" || this.isMarked(record.parent));
	}

	/* Of what was given up, the fields that the person may see are told, and no others. */
	mayHaveGivenUp({ id, values }, told) {
		for (const [field, mine] of Object.entries(values)) {
			const may = this.oracle.seesField(this.person, this.byId.get(id), field);

			this.must((told[field] !== undefined) === may, `what was given up of ${field} in ${id} is ${may ? "not " : ""}told`);
			this.must(!may || told[field]?.mine === mine, `what was given up of ${field} in ${id} is told otherwise`);
		}
	}

	/* Two sets of files of which one knows a secret; what is said of them must be alike. */
	async triesAlike(files, first, second) {
		const say = async (value) => {
			const names = Object.entries(files(value)).map(([name, text]) => this.laptop.write(`try${this.tries++}/${name}`, text));
			const { code, text } = await this.laptop.run("import", ...names, "--dry-run");

			return `${code} ${text}`.replaceAll(value, "*").replaceAll(/try\d+\//g, "");
		};
		const [a, b] = [await say(first), await say(second)];

		this.questions += 2;
		this.must(a === b, `safer import --dry-run says ${a} and not ${b}`);
	}

	/* An answer in one line, with names that are of no account left out. */
	#line(answer, names) {
		const { name, message, hint, rule, details, records, total } = answer;
		const told = isRefusal(answer) ? { name, message, hint, rule, details } : { ids: records?.map(({ id }) => id), total };

		return names.reduce((text, each) => text.replaceAll(each, "*"), JSON.stringify(told));
	}

	/* Two questions of which one knows a secret; the answers must be alike. */
	async same(method, first, second, names = []) {
		const [a, b] = [await this.ask(method, first), await this.ask(method, second)].map((answer) => this.#line(answer, names));

		this.must(a === b, `${method} says ${a} and not ${b}`);
	}

	/* What is hidden is answered as what is not there, and not at all. */
	async likeNothing(method, id, params) {
		const [hidden, nothing] = [await this.ask(method, params(id)), await this.ask(method, params(this.nothing(id)))];
		const [a, b] = [this.#line(hidden, [id]), this.#line(nothing, [this.nothing(id)])];

		this.must(a === b, `${method} of ${id} says ${a} and not ${b}`);
	}

	async go() {
		for (const { path: name, methods, ask } of paths) {
			this.path = name;
			this.asked.clear();
			try {
				await this.asker.go(ask(this));
			} catch (error) {
				throw new Error(`${this.person.name}, ${name}: ${error.message}`, { cause: error });
			}
			/* who sees everything has nothing hidden to ask about */
			for (const method of methods.filter((each) => !this.asked.has(each) && this.records.length > 0)) {
				this.must(false, `${method} was not asked`);
			}
		}
	}
}

function uncovered() {
	const table = fs.readFileSync(path.join(source, "protocol/methods.def"), "utf8");
	const methods = [...table.matchAll(/^METHOD\(\w+, "([^"]+)"/gm)].map(([, name]) => name);
	const named = new Set(paths.flatMap((row) => row.methods));

	return methods.filter((method) => !named.has(method));
}

/* Somebody calls upon everybody beside records that most may not see, and is at work on them. */
async function whisper(stage, records) {
	const [maker] = stage.makers;
	const hidden = records.filter(({ marking, owner, kind }) => marking === "exempt" && owner === stage.body("probation") && ["action", "meeting", "plan", "finding"].includes(kind));
	const items = hidden.slice(0, 12).map(({ id, owner }) => ({
		do: "create",
		kind: "comment",
		fields: { about: id, owner, text: `@police @"member of the Board" ${makeSecret()}` },
	}));
	const params = { request: crypto.randomBytes(16), changes: items };
	const answer = await maker.ask("change", params);

	if (isRefusal(answer)) {
		throw new Error(`nobody could be called upon: ${answer.message}`);
	}
	answer.changes.forEach(({ id }, i) => stage.secrets.set(items[i].fields.text.slice(-17), { id, field: "text" }));
	await maker.ask("editing", { ids: hidden.slice(0, 16).map(({ id }) => id) });
	return [params];
}

/* Everybody on every path. {paths, questions, bait, letters}: secrets that somebody was tempted to find, digests that came. */
export async function walkPaths({ stage, oracle, tally, records, server }) {
	const desk = new Desk();
	const whispered = await whisper(stage, records);
	const now = await stage.records(stage.makers[0], (kind) => oracle.parentField(kind));
	let questions = 0;
	const bait = new Set();

	for (const method of uncovered()) {
		tally.differ("paths", `the method ${method} is on none of them`);
	}
	const letters = await new PostOffice(desk).deliver(server);
	const walks = [];
	for (const asker of stage.askers) {
		const { invitation } = await stage.administrator.ask("invite", { person: asker.person.name });
		const take = (bytes) => asker.ear.take(bytes);
		const laptop = await Laptop.enrol(desk.folder(asker.person.email), invitation, take);

		walks.push(new Walk({ stage, oracle, tally, asker, records: now, whispered, laptop, letter: letters.get(asker.person.email) }));
	}
	const work = async () => {
		for (let walk = walks.shift(); walk; walk = walks.shift()) {
			await walk.go();
			questions += walk.questions;
			walk.hidden.forEach(({ secret }) => bait.add(secret));
		}
	};
	await Promise.all(Array.from({ length: 3 }, work));
	return { records: now, paths: paths.length, questions, bait: bait.size, letters: letters.size };
}
