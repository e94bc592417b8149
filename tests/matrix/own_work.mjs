/* Nobody approves their own work: everybody who may make a record and may also approve one of its kind makes one, puts it
 * forward, and is refused; another person is not. Comes last, since it changes the stage. */

import { isRefusal } from "./asker.mjs";

/* The state that a verb goes from, and the verbs that lead there from a new record. */
function roadTo(kind, verb) {
	const { from } = kind.transitions.find((step) => step.verb === verb);
	const [first] = kind.states.split(" ");
	const road = [];

	for (let state = from; state !== first; ) {
		const step = kind.transitions.find(({ to, from: before }) => to === state && before !== from);

		road.unshift(step.verb);
		state = step.from;
	}
	return { from, road, first };
}

async function tryOne({ stage, oracle, tally, asker, kind, verb, byMaker }) {
	const { road, first, from } = roadTo(kind, verb);
	const owner = stage.owners()[0];
	const record = (state) => ({ id: "new", kind: kind.name, owner, state });
	const [other] = stage.makers;
	const where = `${asker.person.name}, their own ${kind.name}`;
	const canMake = oracle.may(asker.person, "create", record(first));
	const canMove = road.every((step) => oracle.may(asker.person, step, record(first)));

	if (!oracle.may(asker.person, verb, record(from)) || (byMaker ? !canMake : !canMove || road.length === 0)) {
		return 0;
	}
	const [made] = await (byMaker ? asker : other).must([stage.newRecord(kind.name, owner)]);
	let { revision } = made;
	for (const step of road) {
		const mover = canMove && !byMaker ? asker : other;

		[{ revision }] = await mover.must([{ do: step, id: made.id, base: revision }]);
	}
	const item = { do: verb, id: made.id, base: revision };
	const cell = `${where}: ${verb} (${byMaker ? "made" : "put forward"} by them)`;
	const mine = await asker.change([item], { dry_run: true });
	const can = await asker.ask("can", { verb, target: made.id });
	const theirs = await stage.makers[1].change([item], { dry_run: true });

	tally.expect(cell, false, ["deed", "can"]);
	tally.heard(cell, "deed", !isRefusal(mine) || mine.rule !== "second-person");
	tally.heard(cell, "can", can.allowed);
	if (isRefusal(theirs) && theirs.name !== "refused") {
		tally.differ(cell, `another person is refused too: ${theirs.message}`);
	}
	return 1;
}

/* How many cells there were. */
export async function ownWork(stage, oracle, tally) {
	let count = 0;

	for (const kind of stage.kinds.values()) {
		for (const verb of oracle.secondPerson(kind.name)) {
			for (const asker of stage.askers) {
				for (const byMaker of [true, false]) {
					count += await tryOne({ stage, oracle, tally, asker, kind, verb, byMaker });
				}
			}
		}
	}
	return count;
}
