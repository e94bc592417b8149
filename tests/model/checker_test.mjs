/* That the judge of the model test sees what it is there for: a short game is recorded, found good, and then corrupted in one
 * place at a time. Each fault must be found, and be found to break the promise that it breaks. */

import { promises } from "./checker.mjs";
import { play } from "./play.mjs";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

/* A fault needs an operation of a kind that the game happened not to have. */
class NoPlace extends Error {}

/* A recorded game: parts, each with ops, entries, records and repeated; and the histories of the end. `skip` places are passed
 * over: what is corrupted in one place may, by chance, be what another point of the journal makes true. */
class Recording {
	constructor(parts, histories, skip = 0) {
		Object.assign(this, { parts, histories, skip });
	}

	copy(skip) {
		return new Recording(structuredClone(this.parts), structuredClone(this.histories), skip);
	}

	/* The first {part, op, entry} for which it holds; entry is that of an answered change. */
	find(holds) {
		for (const part of this.parts) {
			const byNumber = new Map(part.entries.map((entry) => [entry.entry, entry]));

			for (const op of part.ops.filter(({ answers }) => answers.length > 0)) {
				const entry = op.method === "change" ? byNumber.get(op.answers[0].result?.entry) : undefined;
				const found = { part, op, entry, error: op.answers[0].error, result: op.answers[0].result };

				if (holds(found) && this.skip-- <= 0) {
					return found;
				}
			}
		}
		throw new NoPlace("the recording has no place for it");
	}

	changed(holds = () => true) {
		return this.find((found) => found.entry && holds(found));
	}

	refused(name, holds = () => true) {
		return this.find((found) => found.error?.name === name && found.op.method === "change" && !found.op.params.dry_run && found.op.sort !== "misuse" && holds(found));
	}

	shown(method, holds = () => true) {
		return this.find((found) => found.op.method === method && found.result && found.op.params.as_of === undefined && holds(found));
	}

	/* Another entry after the last one of a part. */
	add(part, entry) {
		const last = part.entries.at(-1);
		const changes = entry.changes.map((change) => ({ ...change, revision: change.revision + 1 }));

		part.entries.push({ ...entry, changes, entry: last.entry + 1 });
	}

	/* An answered change that another one, of the same part, came after. */
	earlier({ part, entry }) {
		return part.ops.find(({ method, answers }) => method === "change" && answers[0]?.result?.entry > entry.entry);
	}
}

const one = ({ op }) => op.params.changes.length === 1;
const asked = ({ op }) => op.params.changes[0];

/* What is corrupted, the promise that is broken by it, and how. */
const faults = [
	["an answered change is lost", "once", (game) => {
		const { part, entry } = game.changed();

		part.entries.splice(part.entries.indexOf(entry), 1);
	}],
	["an answered change happens again", "once", (game) => {
		const { part, op, entry } = game.changed();

		game.add(part, { ...entry, request: hex(op.params.request) });
	}],
	["two answers name one entry", "once", (game) => {
		const { part, op, result } = game.changed();
		const other = part.ops.find((each) => each !== op && each.answers[0]?.result?.changes && each.answers[0].result.entry > result.entry);

		other.answers[0].result.entry = result.entry;
	}],
	["an entry that nobody asked for", "once", (game) => {
		const { part, entry } = game.changed();

		game.add(part, { ...entry, request: "00".repeat(16) });
	}],
	["an entry under another person's name", "once", (game) => {
		game.changed().entry.person = "PE999";
	}],
	["a change that nobody was told of happens twice", "unknown", (game) => {
		const { part, op, entry } = game.changed();

		entry.request = hex(op.params.request);
		op.answers = [];
		part.repeated = [];
		game.add(part, entry);
	}],
	["a revision is left out", "revisions", (game) => {
		game.changed().entry.changes[0].revision++;
	}],
	["a change comes before one that was answered before it was asked for", "real time", (game) => {
		const found = game.changed((each) => game.earlier(each));
		const later = game.earlier(found);

		found.op.sent = later.answers[0].at + 0.3;
		found.op.answers[0].at = later.answers[0].at + 0.6;
	}],
	["a read shows what somebody was told is over", "fresh", (game) => {
		const next = (found) =>
			found.part.ops.find(({ method, params, answers }) => method === "change" && answers[0]?.result?.entry > found.result.record.entry && params.changes.some(({ id }) => id === found.op.params.id));
		const found = game.shown("read", next);

		found.op.sent = next(found).answers[0].at + 0.3;
		found.op.answers[0].at = found.op.sent + 0.3;
	}],
	["a read shows what nobody has asked for yet", "fresh", (game) => {
		const made = ({ part, result }) => part.ops.find(({ method, answers }) => method === "change" && answers[0]?.result?.entry === result.record.entry);
		const found = game.shown("read", made);

		found.op.sent = made(found).sent - 0.6;
		found.op.answers[0].at = made(found).sent - 0.3;
	}],
	["a read shows another value", "fresh", (game) => {
		game.shown("read").result.record.fields.title = "Another title";
	}],
	["a read finds nothing where something is", "fresh", (game) => {
		const { op } = game.shown("read");

		op.answers[0] = { at: op.answers[0].at, error: { name: "not-found", rule: "", details: null }, result: null };
	}],
	["the past is shown otherwise than it was", "fresh", (game) => {
		const { result } = game.find(({ op, result: given }) => op.params.as_of !== undefined && given);

		result.record.revision++;
	}],
	["a list lacks a record", "fresh", (game) => {
		game.shown("list", ({ result }) => result.records.length > 1).result.records.pop();
	}],
	["a list counts one too many", "fresh", (game) => {
		game.shown("list").result.total++;
	}],
	["a list is of an entry that is yet to come", "fresh", (game) => {
		const { part, result } = game.shown("list");

		result.entry = part.entries.at(-1).entry + 50;
	}],
	["a history lacks a change", "fresh", (game) => {
		game.shown("history", ({ result }) => result.changes.length > 1).result.changes.shift();
	}],
	["a change goes over another of the same conflict group", "lost update", (game) => {
		const before = ({ part, op, entry }) => {
			const { id, fields } = op.params.changes[0];
			const other = part.entries.findLast((each) => each.entry < entry.entry && each.changes.some((change) => change.id === id));
			const change = other?.changes.find((each) => each.id === id);
			const same = change && change.verb !== "create" && Object.keys(entry.changes[0].fields).some((name) => name in change.fields && name in (fields ?? {}));

			return same ? change : undefined;
		};
		const found = game.changed((each) => one(each) && asked(each).do === "edit" && before(each));

		asked(found).base = before(found).revision - 1;
	}],
	["a conflict is told where there is none", "false conflict", (game) => {
		const { op, error } = game.refused("conflict", (each) => one(each) && asked(each).do === "edit");

		op.params.changes[0].base = Math.max(...error.details.map(({ revision }) => revision));
	}],
	...["base", "theirs", "mine", "by", "at", "revision"].map((key) => [`a conflict is told with another ${key}`, "false conflict", (game) => {
		game.refused("conflict").error.details[0][key] = "another";
	}]),
	["a conflict leaves out a field", "false conflict", (game) => {
		game.refused("conflict", ({ error }) => error.details.length > 1).error.details.pop();
	}],
	["a conflict is called something else", "rules of records", (game) => {
		Object.assign(game.refused("conflict").error, { name: "refused", rule: "state", details: null });
	}],
	["the value that is there makes a revision", "same value", (game) => {
		game.find(({ op, result }) => op.method === "change" && !op.params.dry_run && result && result.entry === undefined).result.changes[0].revision++;
	}],
	["another value changes nothing", "same value", (game) => {
		const idle = (found) => found.op.method === "change" && !found.op.params.dry_run && found.result && found.result.entry === undefined && one(found) && asked(found).do === "edit" && asked(found).fields.source !== undefined;

		asked(game.find(idle)).fields.source = "a value that nobody ever set";
	}],
	["an answer does not tell what others changed", "also", (game) => {
		const { result } = game.changed((found) => Object.keys(found.result.changes[0].also).length > 0);
		const [name] = Object.keys(result.changes[0].also);

		delete result.changes[0].also[name];
	}],
	["an answer tells what nobody changed", "also", (game) => {
		game.changed((found) => asked(found).do === "edit").result.changes[0].also.marking_review = "2020-01-01";
	}],
	["what was given up is not noted", "given up", (game) => {
		delete game.changed(({ entry }) => entry.changes[0].settled).entry.changes[0].settled;
	}],
	["what was given up is noted with another value", "given up", (game) => {
		const { entry } = game.changed((found) => one(found) && Object.values(found.entry.changes[0].settled ?? {}).some(({ mine }) => mine !== undefined));

		Object.values(entry.changes[0].settled).find(({ mine }) => mine !== undefined).mine = "another value";
	}],
	["what was given up is noted as another's", "given up", (game) => {
		const { entry } = game.changed((found) => one(found) && Object.values(found.entry.changes[0].settled ?? {}).some(({ by }) => by));

		Object.values(entry.changes[0].settled).find(({ by }) => by).by = "Somebody Else";
	}],
	["somebody is said to have written what they did not", "given up", (game) => {
		const { op } = game.changed((found) => one(found) && Object.values(asked(found).settled ?? {}).some(({ theirs }) => theirs !== undefined));

		Object.values(op.params.changes[0].settled).find(({ theirs }) => theirs !== undefined).theirs = "what never stood there";
	}],
	["something is noted as given up by a change that gave nothing up", "given up", (game) => {
		game.changed((found) => one(found) && asked(found).do === "edit" && !asked(found).settled).entry.changes[0].settled = { source: { mine: "nothing of the kind" } };
	}],
	["a history tells otherwise what was given up", "fresh", (game) => {
		const notes = ({ changes }) => changes.flatMap(({ settled }) => Object.values(settled ?? {}));
		const { result } = game.shown("history", ({ result: told }) => notes(told).length > 0);

		notes(result)[0].mine = "another value";
	}],
	["a part of a change-set is left out", "atomic", (game) => {
		game.changed(({ entry }) => entry.changes.length > 1).entry.changes.pop();
	}],
	["another value is written than was asked for", "atomic", (game) => {
		const { entry, op } = game.changed((found) => one(found) && asked(found).fields?.source);

		entry.changes.find(({ id, verb }) => id === op.params.changes[0].id || verb === "create").fields.source = "another value";
	}],
	["an answer names another revision", "atomic", (game) => {
		game.changed().result.changes[0].revision += 3;
	}],
	["a repeat gets another answer", "repeats", (game) => {
		const part = game.parts.find(({ repeated }) => repeated.length > 0);
		const { answers } = part.repeated[0];

		answers.at(-1)[answers[0].error ? "error" : "result"] = { another: "answer" };
	}],
	["a request's id is taken for another change", "repeats", (game) => {
		const { op } = game.find((found) => found.op.sort === "misuse");

		op.answers[0] = { at: op.answers[0].at, error: null, result: { at: "", changes: [] } };
	}],
	["a dry run changes something", "dry run", (game) => {
		const { part, op } = game.find((found) => found.op.params.dry_run && found.result);
		const { entry } = game.changed((found) => found.part === part);

		game.add(part, { ...entry, request: hex(op.params.request) });
	}],
	["a dry run says something else than what would happen", "dry run", (game) => {
		const { op } = game.find((found) => found.op.params.dry_run && found.result);

		op.answers[0] = { at: op.answers[0].at, error: { name: "refused", rule: "required", details: null }, result: null };
	}],
	["somebody changes what is not theirs", "rights", (game, people) => {
		const { op, entry } = game.changed((found) => asked(found).do === "edit");
		const scrutineer = people.find(({ name }) => name === "Stan Scrutiny");

		op.person = scrutineer.number;
		entry.person = scrutineer.id;
	}],
	["somebody is refused what is theirs", "rights", (game) => {
		Object.assign(game.refused("conflict", one).error, { name: "not-permitted", rule: "action.edit", details: null });
	}],
	["a rule does not refuse", "rules of records", (game) => {
		const found = game.changed((each) => one(each) && asked(each).do === "edit" && each.entry.changes[0].kind === "milestone");

		asked(found).fields.reached = "2014-12-31";
		found.entry.changes[0].fields.reached = "2014-12-31";
	}],
	["another rule refuses", "rules of records", (game) => {
		game.refused("refused").error.rule = "another";
	}],
	["a record is not what it became", "final state", (game) => {
		game.parts.at(-1).records.find(({ kind }) => kind === "action").fields.title = "Another title";
	}],
	["a record is gone", "final state", (game) => {
		game.parts.at(-1).records.pop();
	}],
	["a record is there that was removed", "final state", (game) => {
		const { records } = game.parts.at(-1);

		records.push({ ...records.at(-1), id: "A99999" });
	}],
	["a history tells another value in the end", "final state", (game) => {
		game.histories.find(({ id }) => id.startsWith("A")).changes[0].fields.title.to = "Another title";
	}],
];

/* A game of so many operations, with what was recorded of it. */
async function record(operations) {
	const parts = [];
	let histories;
	const played = await play({
		seed: Number(process.env.SAFER_SEED ?? 20140602),
		operations,
		round: 500,
		cutting: 1 / 300,
		look: (part) => {
			if (part.histories) {
				({ histories } = structuredClone(part));
			} else {
				parts.push(structuredClone(part));
			}
		},
	});

	return { played, recording: new Recording(parts, histories) };
}

/* What the judge finds in a recording: names of promises. */
function judge(played, game) {
	const checker = played.newChecker();

	game.parts.forEach((part) => checker.check(part));
	checker.checkHistories(played.seer, game.histories);
	return new Set(checker.violations.map(({ rule }) => rule));
}

let missed = 0;
const say = (well, text) => {
	missed += well ? 0 : 1;
	console.log(`${well ? "ok" : "NOT FOUND"} - ${text}`);
};

/* Tries a fault in up to three places, as some do no harm where they are. A longer game is played for one that has no place at all. */
async function tryFault(games, promise, corrupt) {
	let rules = new Set();

	for (let skip = 0; skip < 3 && !rules.has(promise); skip++) {
		const { played, recording } = games.at(-1);
		const game = recording.copy(skip);

		try {
			corrupt(game, played.people);
		} catch (error) {
			if (!(error instanceof NoPlace) || (skip === 0 && games.length === lengths.length)) {
				throw error;
			}
			if (skip > 0) {
				break;
			}
			games.push(await record(lengths[games.length]));
			return tryFault(games, promise, corrupt);
		}
		rules = judge(played, game);
	}
	return rules;
}

const lengths = [1500, 5000, 20000]; /* operations */
const games = [await record(lengths[0])];
const found = judge(games[0].played, games[0].recording.copy());

say(found.size === 0, `nothing is wrong with the game itself${found.size > 0 ? `: ${[...found].join()}` : ""}`);
for (const [fault, promise, corrupt] of faults) {
	const rules = await tryFault(games, promise, corrupt);

	say(rules.has(promise), `${fault} (${promise})${rules.has(promise) ? "" : `: ${[...rules].join() || "nothing"}`}`);
}
for (const promise of Object.keys(promises)) {
	if (!faults.some(([, of]) => of === promise)) {
		say(false, `no fault tries the promise "${promise}"`);
	}
}
console.log(`${faults.length} faults, ${faults.length - missed} found`);
process.exitCode = missed === 0 ? 0 : 1;
