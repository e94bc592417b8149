/* Every right tried: a real server is asked for every kind, field, verb, role, state, marking and owner, in every way there
 * is to ask, and compared with the expectations that people wrote. Then every byte that it sent is searched for what was
 * not to be told.
 *
 *     node tests/matrix/matrix_test.mjs      with what cmake --preset dev built */

import path from "node:path";
import { fileURLToPath } from "node:url";
import { binaries } from "../foreign/places.mjs";
import { startServer } from "../foreign/server.mjs";
import { Cells } from "./cells.mjs";
import { Oracle } from "./oracle.mjs";
import { ownWork } from "./own_work.mjs";
import { Stage } from "./stage.mjs";
import { walkPaths } from "./paths.mjs";
import { Tally } from "./tally.mjs";

const expectations = path.join(path.dirname(fileURLToPath(import.meta.url)), "expectations");
const most = 6000; /* lines of a sort that are told */
const atOnce = 3; /* people who ask at the same time */
const patient = {
	limit_requests_in_flight: 1000,
	limit_requests_per_second: 1000000,
	limit_requests_burst: 1000000,
	log_level: "error",
};

/* Secrets that somebody heard and may not know. */
function leaks(stage, oracle, byId) {
	return stage.askers.flatMap(({ person, ear }) =>
		[...ear.heard]
			.map((secret) => stage.secrets.get(secret))
			.filter((place) => place && !oracle.seesField(person, byId.get(place.id), place.field))
			.map(({ id, field }) => `${person.name} was told ${field} of ${byId.get(id).kind} ${id}`),
	);
}

/* That the search finds what is there: everybody must have heard what they may know. */
function deaf(stage, oracle, byId) {
	return stage.askers.filter(({ person, ear }) =>
		[...stage.secrets].some(
			([secret, { id, field }]) =>
				byId.get(id).fields[field] === secret &&
				oracle.seesField(person, byId.get(id), field) &&
				!ear.heard.has(secret),
		),
	);
}

async function tryEverything(server, stage, oracle, tally) {
	const reader = stage.makers[0];
	const records = await stage.records(reader, (kind) => oracle.parentField(kind));
	const byId = new Map(records.map((record) => [record.id, record]));
	const everybody = stage.askers.map((asker) => new Cells({ stage, oracle, tally, asker, records }));

	everybody.forEach((cells) => cells.expect());
	const waiting = [...everybody];
	const work = async () => {
		for (let cells = waiting.shift(); cells; cells = waiting.shift()) {
			await cells.ask();
		}
	};
	await Promise.all(Array.from({ length: atOnce }, work));
	const walked = await walkPaths({ stage, oracle, tally, records, server });
	walked.records.forEach((record) => byId.set(record.id, record));
	const found = leaks(stage, oracle, byId);
	const own = await ownWork(stage, oracle, tally);
	return { found, own, walked, deaf: deaf(stage, oracle, byId), byRule: everybody.reduce((sum, { byRule }) => sum + byRule, 0) };
}

function tell(name, lines) {
	for (const line of lines.slice(0, most)) {
		console.log(`${name}: ${line}`);
	}
	if (lines.length > most) {
		console.log(`... and ${lines.length - most} more`);
	}
}

const started = Date.now();
const server = await startServer(path.join(binaries, "bin"), "Ann Admin", ["--training", "2014-06-02"], patient);
const tally = new Tally();
let well = false;
let stage;
try {
	stage = await Stage.build(server.invitation);
	const oracle = new Oracle(expectations, stage.schema);
	const { found, own, walked, deaf, byRule } = await tryEverything(server, stage, oracle, tally);
	const untried = tally.untried();
	const bytes = stage.askers.reduce((sum, { ear }) => sum + ear.bytes, 0);
	const asked = stage.askers.reduce((sum, asker) => sum + asker.asked, 0);

	tell("differs", tally.differences);
	tell("not tried", untried);
	tell("leak", found);
	tell("heard less than they may", deaf.map(({ person }) => person.name));
	console.log(`people ${stage.askers.length}, records ${stage.subjects.length}, requests ${asked}, answers ${tally.answers}`);
	console.log(`allowed and then refused by a rule of the record ${byRule}; own work tried ${own}`);
	console.log(`paths ${walked.paths}, questions about what is hidden ${walked.questions}, with ${walked.bait} secrets as bait`);
	console.log(`changes that gave something up ${stage.givenUp.length}, digests by mail ${walked.letters}`);
	console.log(`secrets ${stage.secrets.size}, bytes searched ${bytes}, leaks ${found.length}`);
	console.log(`cells ${tally.cells}, tried ${tally.cells - untried.length}, differences ${tally.differences.length}`);
	console.log(`${Math.round((Date.now() - started) / 1000)} s`);
	well = tally.differences.length + untried.length + found.length + deaf.length === 0;
} catch (error) {
	console.log(error);
} finally {
	stage?.close();
	well = (await server.stop()) === 0 && well;
}
process.exitCode = well ? 0 : 1;
