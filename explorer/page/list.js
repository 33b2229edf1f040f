// The list of methods by group, with search.

import { el, icon } from './dom.js';

export const linkTo = (name) => `#/${encodeURIComponent(name)}`;

export class MethodList {
	constructor(container, count) {
		Object.assign(this, { container, count, items: [], query: '' });
	}

	show({ groups }) {
		this.items = [];
		this.empty = el('p.empty');
		this.sections = groups.map(([group, methods]) => el('section', {},
			group && el('h2', {}, group), el('ul', {}, methods.map((method) => this.row(method, group)))));
		this.container.replaceChildren(...this.sections, this.empty);
		this.filter(this.query);
		this.select(this.selected);
	}

	// say shows a sentence in place of the list.
	say(text) {
		this.items = [];
		this.container.replaceChildren(el('p.empty', {}, text));
		this.count.textContent = '';
	}

	row(method, group) {
		const dim = group && method.name.startsWith(`${group}.`) ? group.length + 1 : 0;
		const link = el(method.deprecated ? 'a.deprecated' : 'a',
			{ href: linkTo(method.name), 'data-method': method.name, title: method.summary || undefined },
			el('span.name', {}, el('span.dim', {}, method.name.slice(0, dim)), method.name.slice(dim)),
			method.private && el('span.lock', { title: 'Private: needs a token' }, icon('lock'), el('span.hidden', {}, 'private')));
		const row = el('li', {}, link);
		this.items.push({ method, link, row, haystack: [method.name, method.summary, ...method.tags].join('\n').toLowerCase() });
		return row;
	}

	// filter shows the methods that have every word of the query in name, summary or tags.
	filter(query) {
		this.query = query;
		const { items } = this;
		if (!items.length && !this.empty?.isConnected) return;
		const words = query.toLowerCase().split(/\s+/).filter(Boolean);
		for (const { row, haystack } of items) row.hidden = !words.every((word) => haystack.includes(word));
		for (const section of this.sections) section.hidden = !section.querySelector('li:not([hidden])');
		this.empty.hidden = this.shown.length > 0;
		this.empty.textContent = items.length
			? `No method has “${query.trim()}” in its name or summary.`
			: 'There is no public method. With a token the private ones show.';
		const secret = items.filter(({ method }) => method.private).length;
		this.count.textContent = [words.length ? `${this.shown.length} of ` : '', items.length,
			items.length === 1 ? ' method' : ' methods', secret ? `, ${secret} private` : ''].join('');
	}

	select(name) {
		this.selected = name;
		for (const { method, link } of this.items) {
			if (method.name !== name) link.removeAttribute('aria-current');
			else {
				link.setAttribute('aria-current', 'page');
				link.scrollIntoView({ block: 'nearest' });
			}
		}
	}

	// shown are the links of the methods that the search leaves.
	get shown() {
		return this.items.filter(({ row }) => !row.hidden).map(({ link }) => link);
	}

	// near returns the link that many places from the focused one, or undefined.
	near(step) {
		return this.shown[this.shown.indexOf(document.activeElement) + step];
	}
}
