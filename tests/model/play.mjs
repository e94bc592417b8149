/* A game from its beginning to its end: the server, the people, the rounds with their restarts, and the judge. */

import path from "node:path";
import { fileURLToPath } from "node:url";
import { binaries } from "../foreign/places.mjs";
import { startServer } from "../foreign/server.mjs";
import { Oracle } from "../matrix/oracle.mjs";
import { Cast } from "./cast.mjs";
import { dice } from "./chance.mjs";
import { Checker } from "./checker.mjs";
import { Game } from "./game.mjs";
import { today } from "./rules.mjs";
import { World } from "./world.mjs";

const expectations = path.join(path.dirname(fileURLToPath(import.meta.url)), "../matrix/expectations");
const patient = { limit_requests_per_second: 1000000, limit_requests_burst: 1000000, limit_requests_in_flight: 64, log_level: "error" };

const post = (role, organisation = "police") => [role, organisation];
const people = [
	{ name: "Olga Officer", works: true, posts: [post("officer")] },
	{ name: "Oscar Officer", works: true, posts: [post("officer")] },
	{ name: "Otto Probation", works: true, posts: [post("officer", "probation")] },
	{ name: "Rita Representative", works: true, posts: [post("representative")] },
	{ name: "Rolf Representative", works: true, posts: [post("representative", "probation")] },
	{ name: "Clara Chair", works: true, posts: [post("chair")] },
	{ name: "Sam Secretary", works: true, posts: [post("secretary")] },
	{ name: "Anna Analyst", works: true, posts: [post("analyst")] },
	{ name: "Bea Both", works: true, posts: [post("chair"), post("officer", "probation")] },
	{ name: "Max Member", posts: [post("member")] },
	{ name: "Stan Scrutiny", posts: [post("scrutiny")] },
	{ name: "Ada Auditor", posts: [post("auditor")] },
];

/* options: {seed, operations, clients, round: operations between two looks, cutting: how often a request is the last of its
 * connection, told(text), look(part)}; look is given each part of the history before it is judged, and {histories} in the
 * end. Gives {game, checker, newChecker(), seer, people, seconds}. */
export async function play({ seed, operations, clients = 18, round, cutting = 1 / 2500, told = () => {}, look = () => {} }) {
	const begun = Date.now();
	const server = await startServer(path.join(binaries, "bin"), "Ann Admin", ["--training", today], patient);
	let game;
	let code = 0;

	try {
		const cast = await Cast.build(server.invitation, people);
		const everybody = cast.people.map((person, number) => Object.assign(person, { number, works: people[number].works }));
		const oracle = new Oracle(expectations, cast.schema);
		const roll = dice(seed ^ 0x5afe);
		game = new Game(server, cast, { seed, clients, operations, cutting, oracle });
		await game.open();
		const before = await game.entries(0);
		const newChecker = () => {
			const checker = new Checker(new World(cast.schema, oracle), everybody, game.from);

			checker.prepare(before.filter(({ entry }) => entry < game.from));
			return checker;
		};
		const checker = newChecker();
		for (let done = 0, turn = 0; done < operations; done += round, turn++) {
			const signal = turn % 2 === 0 ? "SIGKILL" : roll() < 0.3 ? "SIGTERM" : undefined;

			await game.play(Math.min(round, operations - done), signal);
			const part = await game.look();
			look(part);
			checker.check(part);
			told(`${game.tally.asked} operations, ${game.tally.entries} entries, ${checker.violations.length} violations, ${Math.round((Date.now() - begun) / 1000)} s`);
			if (checker.violations.length > 0) {
				break;
			}
		}
		const living = checker.world.living(Infinity).map(({ id }) => id);
		const histories = await game.histories(living);
		look({ histories });
		checker.checkHistories(cast.seer, histories);
		return { game, checker, newChecker, seer: cast.seer, people: everybody, seconds: (Date.now() - begun) / 1000 };
	} finally {
		game?.close();
		code = await server.stop();
		if (code !== 0) {
			throw new Error(`the server ended with ${code}`);
		}
	}
}

/* What was played, in lines. */
export function report({ game, checker, seconds }) {
	const { tally } = game;
	const list = (counts) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ");

	return [
		`${tally.asked} operations by ${game.clients.length} clients in ${(seconds / 60).toFixed(1)} minutes: ${list(tally.sorts)}`,
		`answers: ${list(tally.outcomes)}; journal entries ${tally.entries}`,
		`kill -9 ${tally.killed}, clean restarts ${tally.stopped} (away for ${tally.away} ms at most), connections cut ${tally.cut}, requests without an answer ${tally.unanswered}, asked again ${tally.retried}, twice at once ${tally.twice}, told to come again ${tally.busy}, never told ${game.unknowns()}`,
		`violations ${checker.violations.length}`,
	];
}
