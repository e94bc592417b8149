/* The client against a real saferd, whose partnership it makes from nothing: an administrator enrols, makes the
 * directory and invites, and everybody else is a device of their own. The tests run in order, each on what those before
 * it left. */

import assert from "node:assert/strict";
import crypto from "node:crypto";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { Refusal } from "./connection.mjs";
import { connect, enrol, makeKey, makeRequest } from "./enrol.mjs";
import { forge } from "./forge.mjs";
import { readInvitation } from "./invitation.mjs";
import { Unverified, checkEntry, checkGrowth, ofLeaf, openHead } from "./journal.mjs";
import { binaries } from "./places.mjs";
import { startServer } from "./server.mjs";

const officers = [
	{ name: "Paul Police", body: "Police authority", post: "representative" },
	{ name: "Pat Police", body: "Police authority", post: "substitute" },
	{ name: "Olga Officer", body: "Operational Group", post: "member" },
	{ name: "Sue Scrutiny", body: "Scrutiny Committee", post: "member" },
	{ name: "Clara Chair", body: "Board", post: "chair" },
];

describe("a real saferd", () => {
	let server;
	const devices = {}; /* by first name */
	const people = {}; /* their connections */
	let head; /* the last one that Paul verified */
	let action;

	const itself = (error) => error;
	const newRequest = () => crypto.randomBytes(16);
	const change = (connection, ...changes) => connection.call("change", { request: newRequest(), changes });
	const refused = (promise, name) =>
		assert.rejects(promise, (error) => {
			assert.ok(error instanceof Refusal, String(error));
			assert.equal(error.name, name);
			return true;
		});

	async function join(text, name) {
		const short = name.split(" ")[0].toLowerCase();

		devices[short] = await enrol(text, "a device in Node");
		assert.equal(devices[short].name, name);
		people[short] = await connect(devices[short]);
	}

	before(async () => {
		server = await startServer(path.join(binaries, "bin"), "Ann Admin");
	});

	after(async () => {
		for (const connection of Object.values(people)) {
			connection.close();
		}
		assert.equal(await server.stop(), 0);
	});

	test("is not told the secret when it is another than the invitation says", async () => {
		const invitation = readInvitation(server.invitation);
		const another = forge({ ...invitation, fingerprint: Buffer.alloc(16, 1) });
		const elsewhere = forge({ ...invitation, host: "127.1" }); /* leads to the same machine */

		assert.equal(forge(invitation), server.invitation);
		await assert.rejects(enrol(another, "a device"), /not the server/);
		await assert.rejects(enrol(elsewhere, "a device"), /another name/);
	});

	test("enrols its first administrator from the invitation", async () => {
		await join(server.invitation, "Ann Admin");
		const me = await people.ann.call("whoami");
		assert.equal(me.person, devices.ann.person);
		assert.deepEqual(me.roles, ["administrator"]);
	});

	test("an invitation works once", async () => {
		await refused(enrol(server.invitation, "a second device"), "signed-out");
	});

	test("takes a partnership in change-sets that refer to themselves", async () => {
		const owner = "B1";
		const made = await change(
			people.ann,
			{
				do: "create",
				kind: "organisation",
				ref: "@police",
				fields: {
					name: "Warwickshire Police",
					type: "police",
					status: "responsible-authority",
					owner,
				},
			},
			{ do: "create", kind: "body", fields: { name: "Board", type: "board", owner } },
			{
				do: "create",
				kind: "body",
				fields: { name: "Operational Group", type: "operational-group", owner },
			},
			{
				do: "create",
				kind: "body",
				fields: { name: "Police authority", type: "authority", organisation: "@police", owner },
			},
			{
				do: "create",
				kind: "body",
				fields: { name: "Scrutiny Committee", type: "scrutiny-committee", owner },
			},
			...officers.map(({ name }) => ({
				do: "create",
				kind: "person",
				ref: `@${name}`,
				fields: { name, owner },
			})),
			...officers.map(({ name, body, post }) => ({
				do: "create",
				kind: "appointment",
				fields: { person: `@${name}`, body, post, from: "2014-04-01", owner },
			})),
		);
		const appointments = made.changes.filter(({ kind }) => kind === "appointment");
		assert.equal(appointments.length, officers.length);
		await change(
			people.ann,
			...appointments.map(({ id, revision }) => ({ do: "confirm", id, base: revision })),
		);
	});

	test("enrols whom the administrator invites", async () => {
		for (const { name } of officers) {
			const { invitation } = await people.ann.call("invite", { person: name });

			await join(invitation, name);
		}
	});

	test("says hello with a head that the key has signed", async () => {
		const hello = await people.paul.call("hello", { protocol: 1, client: "foreign 1" });

		assert.equal(hello.protocol, 1);
		assert.deepEqual(hello.proof, []);
		head = openHead(hello.head, devices.paul.verifier);
		assert.ok(head.size > 0);
	});

	test("says in one sentence that it speaks another version", async () => {
		const other = await connect(devices.paul);

		await assert.rejects(other.call("hello", { protocol: 99 }), Refusal);
		other.close();
	});

	test("gives the schema that its digest names", async () => {
		const { digest, schema } = await people.paul.call("schema");
		const hello = await people.paul.call("hello", { protocol: 1 });

		assert.equal(crypto.createHash("sha256").update(schema).digest("hex"), digest);
		assert.equal(hello.schema, digest);
		const { kinds, modes } = decode(schema);
		const kind = kinds.find(({ name }) => name === "action");
		assert.equal(kind.prefix, "A");
		assert.deepEqual(kind.states.split(" "), ["open", "closed"]);
		assert.equal(kind.fields.find(({ name }) => name === "progress").max, 100);
		for (const { see, edit } of kinds.flatMap(({ fields }) => fields)) {
			assert.ok(modes.some(({ name }) => name === see) && modes.some(({ name }) => name === edit));
		}
	});

	test("creates records, and reads them back with their titles", async () => {
		const made = await change(people.olga, {
			do: "create",
			kind: "priority",
			fields: {
				title: "Fewer burglaries",
				standing: "priority",
				year: "2014/15",
				lead: ["Warwickshire Police"],
				owner: "Operational Group",
			},
		});
		const [{ id: priority }] = made.changes;
		const fields = {
			title: "Patrols",
			priority: "Fewer burglaries",
			status: "on-track",
			progress: 10,
			owner: "Police authority",
		};
		const { entry, at, changes } = await change(people.paul, { do: "create", kind: "action", fields });
		action = changes[0].id;
		const { record, titles } = await people.paul.call("read", { id: action });
		assert.equal(record.revision, 1);
		assert.equal(record.entry, entry);
		assert.equal(record.created.at, at);
		assert.equal(record.fields.progress, 10);
		assert.equal(record.fields.priority, priority);
		assert.equal(record.fields.state, "open");
		assert.equal(titles[priority], "Fewer burglaries");
	});

	test("lists what a condition asks for", async () => {
		const { paul } = people;
		const few = await paul.call("list", {
			kind: "action",
			where: [{ field: "progress", is: "at-least", value: 10 }],
			sort: "-progress",
		});
		const none = await paul.call("list", {
			kind: "action",
			where: [{ field: "progress", is: "more", value: 10 }],
		});

		assert.deepEqual(
			few.records.map(({ id }) => id),
			[action],
		);
		assert.equal(few.total, 1);
		assert.equal(none.total, 0);
	});

	test("shows nobody that a hidden record is there", async () => {
		const { sue } = people;
		const answers = await Promise.all(
			[action, "A99"].map((id) => sue.call("read", { id }).then(assert.fail, itself)),
		);

		assert.deepEqual(
			answers.map(({ name, message }) => [name, message.replace(action, "A99")]),
			Array(2).fill([answers[1].name, answers[1].message]),
		);
		assert.equal(answers[0].name, "not-found");
	});

	test("edits, and tells what others changed meanwhile", async () => {
		await change(people.paul, { do: "edit", id: action, base: 1, fields: { progress: 20 } });
		const { changes } = await change(people.pat, {
			do: "edit",
			id: action,
			base: 1,
			fields: { description: "On foot." },
		});

		assert.equal(changes[0].revision, 3);
		assert.deepEqual(changes[0].also, { progress: 20 });
	});

	test("refuses a conflict with base, theirs and mine", async () => {
		const item = { do: "edit", id: action, base: 1, fields: { progress: 30 } };
		const request = newRequest();
		const first = await people.pat.call("change", { request, changes: [item] }).then(assert.fail, itself);

		assert.equal(first.name, "conflict");
		assert.equal(first.details.length, 1);
		const [{ id, field, base, theirs, mine, by, revision }] = first.details;
		assert.deepEqual([id, field, base, theirs, mine, revision], [action, "progress", 10, 20, 30, 2]);
		assert.match(by, /Paul Police/);
		/* A refusal is an answer too: the repeat gets it, and the person's choice needs a new id. */
		const again = await people.pat.call("change", { request, changes: [item] }).then(assert.fail, itself);
		assert.deepEqual(again.details, first.details);
		const { changes } = await change(people.pat, { ...item, base: 3 });
		assert.equal(changes[0].revision, 4);
	});

	test("answers a repeated request as it did, on another connection too", async () => {
		const request = newRequest();
		const changes = [{ do: "edit", id: action, base: 4, fields: { progress: 40 } }];
		const first = await people.paul.call("change", { request, changes });
		const other = await connect(devices.paul);

		assert.deepEqual(await other.call("change", { request, changes }), first);
		await refused(
			other.call("change", { request, changes: [{ ...changes[0], fields: { progress: 41 } }] }),
			"invalid",
		);
		assert.equal((await other.call("read", { id: action })).record.revision, 5);
		other.close();
	});

	test("judges a dry run and changes nothing", async () => {
		const request = newRequest();
		const changes = [{ do: "edit", id: action, base: 5, fields: { progress: 50 } }];
		const { paul } = people;

		assert.equal((await paul.call("change", { request, changes, dry_run: true })).entry, undefined);
		assert.equal((await paul.call("read", { id: action })).record.revision, 5);
		await paul.call("change", { request, changes });
		await refused(
			people.sue.call("change", { request: newRequest(), changes, dry_run: true }),
			"not-found",
		);
		await refused(
			people.olga.call("change", {
				request: newRequest(),
				changes: [{ do: "adopt", id: "P1", base: 1 }],
				dry_run: true,
			}),
			"not-permitted",
		);
	});

	test("says whether, why and who", async () => {
		const no = await people.olga.call("can", { verb: "edit", target: action });

		assert.equal(no.allowed, false);
		assert.ok(no.rule && no.why && no.who);
		const { rules } = await people.paul.call("why", { target: action });
		assert.ok(rules.some(({ question, allowed }) => question.includes("edit") && allowed));
	});

	test("keeps the history with values before and after", async () => {
		const { changes } = await people.paul.call("history", { id: action });

		assert.deepEqual(
			changes.filter(({ fields }) => fields.progress).map(({ fields }) => fields.progress),
			[
				[null, 10],
				[10, 20],
				[20, 30],
				[30, 40],
				[40, 50],
			].map(([from, to]) => ({ from, to })),
		);
	});

	test("tells a watcher of a change, and starts again where it ended", async () => {
		const watcher = await connect(devices.pat);
		const { watch, entry } = await watcher.call("watch", { id: action });
		const made = await change(people.paul, {
			do: "edit",
			id: action,
			base: 6,
			fields: { progress: 60, description: null },
		});
		const { method, params } = await watcher.notice();

		assert.equal(method, "changed");
		assert.equal(params.watch, watch);
		assert.equal(params.entry, made.entry);
		assert.ok(params.entry > entry);
		assert.deepEqual(params.fields, { progress: 60, description: null });
		watcher.close();
		const later = await connect(devices.pat);
		await later.call("watch", { kind: "action", since: entry });
		assert.equal((await later.notice()).params.entry, made.entry);
		later.close();
	});

	test("proves that its journal grew from the head that was kept", async () => {
		const verifier = devices.paul.verifier;
		const hello = await people.paul.call("hello", { protocol: 1, head: head.size });
		const grown = openHead(hello.head, verifier);

		assert.ok(grown.size > head.size);
		checkGrowth(head, grown, hello.proof);
		/* From each of nine heads, so that trees of many shapes are met. */
		const kept = [];
		for (let day = 1; day <= 9; day++) {
			const fields = {
				title: `Day ${day}`,
				action,
				date: `2014-06-0${day}`,
				owner: "Police authority",
			};

			await change(people.paul, { do: "create", kind: "note", fields });
			kept.push(openHead((await people.paul.call("journal.head", {})).head, verifier));
		}
		for (const older of kept) {
			const { head: note, proof, key } = await people.paul.call("journal.head", { from: older.size });

			assert.equal(key, verifier);
			checkGrowth(older, openHead(note, verifier), proof);
		}
		assert.throws(() => checkGrowth({ ...head, root: Buffer.alloc(32) }, grown, hello.proof), Unverified);
		assert.throws(() => checkGrowth({ ...grown, size: grown.size + 1 }, grown, hello.proof), /cut off/);
		head = grown;
	});

	test("proves every entry and opens what a member may see of it", async () => {
		const verifier = devices.paul.verifier;
		let opened = 0;
		let hidden = 0;

		const { entries } = await people.paul.call("journal.list", {});
		for (const { entry } of entries) {
			const answer = await people.paul.call("journal.show", { entry });
			const checked = checkEntry(answer, entry, verifier);

			opened += checked.opened;
			hidden += checked.leaf ? 0 : 1;
			assert.throws(
				() => checkEntry({ ...answer, leaf: null, hash: Buffer.alloc(32) }, entry, verifier),
				Unverified,
			);
			if (checked.opened > 0) {
				const [one, ...rest] = answer.openings;

				assert.throws(
					() =>
						checkEntry(
							{ ...answer, openings: [{ ...one, value: "forged" }, ...rest] },
							entry,
							verifier,
						),
					/not recorded so/,
				);
			}
		}
		assert.ok(entries.length >= 10);
		assert.ok(opened > 30, `${opened} openings`);
		assert.equal(hidden, 0);
	});

	test("proves to scrutiny also what it keeps back", async () => {
		const { verifier } = devices.sue;
		const risks = "Nobody may want the night shift.";
		const { entry } = await change(people.paul, {
			do: "edit",
			id: action,
			base: 7,
			fields: { risks, progress: 70 },
		});

		await change(people.olga, { do: "submit", id: "P1", base: 1 });
		await change(people.clara, { do: "adopt", id: "P1", base: 2 });
		assert.equal((await people.sue.call("read", { id: action })).record.fields.risks, undefined);
		const answer = await people.sue.call("journal.show", { entry });
		assert.equal(answer.leaf, null);
		assert.ok(answer.entry.hidden > 0);
		checkEntry(answer, entry, verifier);
		assert.ok(!JSON.stringify(answer).includes(risks));
		/* Paul gets the leaf that this hash is of. */
		const whole = await people.paul.call("journal.show", { entry });
		assert.deepEqual(ofLeaf(whole.leaf), Buffer.from(answer.hash));
		assert.ok(whole.openings.some(({ value }) => value === risks));
	});

	test("catches a head with a forged size or signature", async () => {
		const { head: note } = await people.paul.call("journal.head", {});
		const verifier = devices.paul.verifier;

		openHead(note, verifier);
		assert.throws(
			() =>
				openHead(
					note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`),
					verifier,
				),
			Unverified,
		);
		assert.throws(() => openHead(note, devices.paul.verifier.replace(/^[^+]+/, "another")), Unverified);
	});

	test("renews a certificate, and ends the old one at the first hello with the new", async () => {
		const oldDevice = devices.pat;
		const old = await connect(oldDevice);
		const key = makeKey();
		const { certificate } = await old.call("credential.renew", { request: makeRequest(key) });

		await old.call("whoami");
		devices.pat = { ...oldDevice, key, certificate: new crypto.X509Certificate(certificate) };
		const renewed = await connect(devices.pat);
		await renewed.call("hello", { protocol: 1 });
		await old.ended; /* the server closes it */
		await assert.rejects(connect(oldDevice).then((connection) => connection.call("whoami")));
		renewed.close();
	});
});
