// The last calls, to load again. They are kept until the page is left; tokens are no part of them.

import { el, time } from './dom.js';

const keep = 50;

export class History {
	// onload is called with the entry that is chosen.
	constructor(container, onload) {
		Object.assign(this, { container, onload });
		this.forget();
	}

	forget() {
		this.entries = [];
		this.container.replaceChildren(el('p.empty', {}, 'The calls of this tab are listed here, to be loaded again.'));
	}

	// add takes {calls: [{method, params, notify}], kind, label, ms}.
	add(entry) {
		this.entries = [{ ...entry, at: new Date() }, ...this.entries].slice(0, keep);
		this.container.replaceChildren(
			el('ol', { id: 'history-list' }, this.entries.map((each, i) => el('li', {}, this.row(each, i)))),
			el('div.row-actions', {}, el('button.quiet', { id: 'history-clear', onclick: () => this.forget() }, 'Forget all')));
	}

	row(entry, i) {
		const { calls, kind, label, at, ms } = entry;
		return el('button.entry', { 'data-entry': i, 'data-kind': kind, onclick: () => this.onload(entry) },
			el('span.badge', {}, label),
			el('code', {}, calls.length === 1 ? calls[0].method : `${calls.length} calls`),
			el('span.when', {}, at.toLocaleTimeString(), ms === undefined ? '' : ` · ${time(ms)}`),
			el('span.preview', {}, calls.map(({ params }) => params).join(' ').slice(0, 160)));
	}
}
