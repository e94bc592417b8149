/* The cells of the matrix. A cell is a question with one right answer, of the oracle; it is tried when every way of asking
 * that it names has been heard. Whatever was heard otherwise is a difference. */

export class Tally {
	#cells = new Map(); /* question to {want, ways} */
	answers = 0;
	differences = [];

	/* ways: names of the ways of asking that have to be heard. */
	expect(cell, want, ways) {
		if (this.#cells.has(cell)) {
			throw new Error(`the cell "${cell}" is there twice`);
		}
		this.#cells.set(cell, { want, ways: new Set(ways) });
	}

	heard(cell, way, got) {
		const { want, ways } = this.#cells.get(cell);

		this.answers++;
		ways.delete(way);
		if (got !== want) {
			this.differ(cell, `${way} says ${got}, it should be ${want}`);
		}
	}

	/* What no cell holds: something was told, or hidden, that should not be. */
	differ(where, what) {
		this.differences.push(`${where}: ${what}`);
	}

	get cells() {
		return this.#cells.size;
	}

	/* Cells that were not asked in every way. */
	untried() {
		return [...this.#cells].filter(([, { ways }]) => ways.size > 0).map(([cell, { ways }]) => `${cell}: ${[...ways].join()}`);
	}
}
