/* What records of the kinds that the model test plays with must obey, in words of its own (docs/SCHEMA.md, and the help of
 * each kind). A rule gives the name that a refusal carries, or null. */

export const today = "2014-06-02"; /* of the partnership that is played with */

const opens = (period) => (/^\d{4}\/\d\d$/.test(period) ? `${period.slice(0, 4)}-04-01` : period);
const after = (a, b) => a !== undefined && b !== undefined && opens(a) > opens(b);

/* The fields of another record as the change-set will leave it. */
function left({ items, world, point }, id) {
	return items.find((item) => item.id === id && !item.removes)?.values ?? world.version(id, point)?.fields;
}

/* A milestone is a step of an open action: of the one that it leaves, and of the one that it joins. */
export function partOf(set, item) {
	const { kind, was, values, removes, changed } = item;

	if (kind.name !== "milestone") {
		return null;
	}
	const leaves = was.action !== undefined && (removes || changed.has("action")) && set.world.version(was.action, set.point).fields.state !== "open";
	const joins = !removes && values.action !== undefined && left(set, values.action)?.state !== "open";

	return leaves || joins ? "milestone.action-open" : null;
}

export const rules = {
	action({ reason }, { values, was, changed, creates }) {
		const behind = ["at-risk", "off-track"].includes(values.status);

		if (after(values.start, values.due)) {
			return "action.dates";
		}
		if (behind && values.status_reason === undefined) {
			return "action.status-reason";
		}
		if (values.status === "complete" && values.progress !== undefined && values.progress !== 100) {
			return "action.complete";
		}
		return !creates && changed.has("due") && was.due !== undefined && !reason ? "action.new-date" : null;
	},

	milestone(set, item) {
		return partOf(set, item) ?? (item.values.reached > today ? "milestone.reached" : null);
	},

	priority(set, { values, verb }) {
		if (verb === "submit" && values.standing === "priority" && values.lead === undefined) {
			return "priority.lead";
		}
		return after(values.baseline_year, values.year) ? "priority.baseline" : null;
	},

	plan(set, { values }) {
		return after(values.first_year, values.year) || after(values.year, values.last_year) ? "plan.years" : null;
	},
};
