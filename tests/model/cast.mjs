/* Who plays: people of different roles and agencies with a device each, and one who holds every post and sees all. Made
 * over the wire by the administrator. */

import { decode } from "../foreign/messagepack.mjs";
import { enrol } from "../foreign/enrol.mjs";
import { Asker } from "../matrix/asker.mjs";

const day = "2014-05-01";

const bodies = {
	board: { name: "Board", type: "board" },
	group: { name: "Operational Group", type: "operational-group" },
	police: { name: "Police authority", type: "authority", organisation: "@police" },
	probation: { name: "Probation authority", type: "authority", organisation: "@probation" },
	unit: { name: "Analysis Unit", type: "analysis-unit" },
	committee: { name: "Scrutiny Committee", type: "scrutiny-committee" },
	audit: { name: "Audit", type: "audit" },
};

/* Roles: [body, post]; a representative's body is the authority of the organisation. */
const posts = {
	member: ["board", "member"],
	chair: ["board", "chair"],
	secretary: ["board", "secretary"],
	officer: ["group", "member"],
	representative: [null, "representative"],
	analyst: ["unit", "analyst"],
	scrutiny: ["committee", "member"],
	auditor: ["audit", "auditor"],
	administrator: ["administration", "administrator"],
};

export const seer = "Sue Seesall";
const everything = ["police", "probation"].flatMap((organisation) => ["chair", "secretary", "officer", "representative", "analyst"].map((role) => [role, organisation]));

export class Cast {
	/* wishes: {name, posts: [[role, "police" or "probation"], ...]}. */
	static async build(invitation, wishes) {
		const cast = new Cast();

		cast.places = new Map([["administration", "B1"]]);
		cast.first = await Asker.open({ name: "Ann Admin", posts: [] }, await enrol(invitation, "first"));
		cast.schema = decode((await cast.first.ask("schema")).schema);
		await cast.#people([...wishes, { name: seer, posts: [...everything, ["auditor", "police"]] }]);
		cast.seer = cast.people.pop();
		return cast;
	}

	owners() {
		return ["group", "police", "probation"].map((short) => this.places.get(short));
	}

	#post([role, organisation]) {
		const [body, post] = posts[role];

		return { role, post, body: body ?? organisation, organisation };
	}

	async #people(wishes) {
		const create = (kind, ref, fields) => ({ do: "create", kind, ref, fields: { ...fields, owner: "B1" } });
		const organisation = (name, title) => create("organisation", name, { name: title, type: name.slice(1), status: "responsible-authority" });
		const rows = [
			organisation("@police", "The Police"),
			organisation("@probation", "Probation"),
			...Object.entries(bodies).map(([short, row]) => create("body", `@${short}-body`, row)),
			...wishes.map(({ name }, i) => create("person", `@person${i}`, { name })),
		];
		const made = await this.first.must(rows);

		made.forEach(({ id }, i) => this.places.set(rows[i].ref.replace("-body", ""), id));
		for (const short of Object.keys(bodies)) {
			this.places.set(short, this.places.get(`@${short}`));
		}
		for (const name of ["police", "probation"]) {
			this.places.set(`@${name}`, made[rows.findIndex(({ ref }) => ref === `@${name}`)].id);
		}
		const items = wishes.flatMap(({ posts: wanted }, i) =>
			wanted.map((each) => {
				const { role, post, body, organisation } = this.#post(each);
				const where = { body: this.places.get(body), organisation: this.places.get(`@${organisation}`) };
				const fields = { owner: "B1", person: this.places.get(`@person${i}`), post, from: day, ...where };

				return { who: i, role, own: new Set([where.body, this.places.get(organisation)]), item: { do: "create", kind: "appointment", fields } };
			}),
		);
		/* at once: whoever is alone may confirm what they proposed themselves, and then is alone no longer */
		const appointed = await this.first.must(items.map(({ item }) => item));
		await this.first.must(appointed.map(({ id }) => ({ do: "confirm", id, base: 1 })));
		this.people = [];
		for (const [i, { name }] of wishes.entries()) {
			const { invitation } = await this.first.ask("invite", { person: name });
			const own = items.filter(({ who }) => who === i);

			this.people.push({
				id: this.places.get(`@person${i}`),
				name,
				posts: own.map((each) => ({ role: each.role, own: each.own })),
				appointments: own.map((each) => appointed[items.indexOf(each)].id),
				device: await enrol(invitation, "device"),
			});
		}
	}
}
