// The form for the params of one method: a field for each, by name or by position, or one field for a list or a map.

import { el, unknownNote } from './dom.js';
import { array, literal, member, object } from './json.js';
import { literalOf, unescapeToken } from './schema.js';
import { Field, pathTo } from './field.js';

export class ParamsForm {
	constructor({ params, whole }) {
		this.others = [];
		this.faulty = new Set();
		this.whole = whole && new Field({ ...whole, name: undefined, label: el('span.hidden', {}, 'Params'), required: true, path: '' });
		this.whole?.input.control?.setAttribute('aria-label', 'Params');
		this.fields = params.map((param) => new Field({
			...param, path: pathTo('', param.name), description: param.description || param.summary,
		}));
		this.note = el('p.note', { hidden: true });
		this.el = el('div', {}, this.whole?.el, this.fields.map((field) => field.el), this.note);
		if (!whole && params.length === 0) this.el.prepend(el('p.empty', {}, 'This method takes no params.'));
		// In texts of one line Enter does nothing; with Shift it is a new line.
		this.el.addEventListener('keydown', (event) => {
			if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && event.target.matches('textarea.line')) event.preventDefault();
		});
	}

	// get returns the params, or undefined for none. What cannot be sent is added to problems as [field, text].
	get(byPosition, problems) {
		if (this.whole) return this.whole.get(problems);
		const values = this.fields.map((field) => field.get(problems));
		if (this.fields.length + this.others.length === 0) return undefined;
		if (!byPosition) {
			return object([...this.fields.map((field, i) => [field.name, values[i]]), ...this.others].filter(([, value]) => value));
		}
		// Trailing params that are left out are not sent; one before others has to be something.
		const last = values.findLastIndex((value) => value);
		return array(values.slice(0, last + 1).map((value, i) =>
			value ?? literalOf(this.fields[i].shape.schema, 'default') ?? literal('null')));
	}

	// set shows the params, by name or by position. It returns false for what it cannot hold.
	set(value) {
		if (this.whole) {
			this.whole.set(value);
			return true;
		}
		if (value?.type === 'array' && value.items.length > this.fields.length) return false;
		this.fields.forEach((field, i) => field.set(value?.type === 'array' ? value.items[i] : member(value, field.name)));
		this.others = (value?.members ?? []).filter(([name]) => !this.fields.some((field) => field.name === name));
		unknownNote(this.note, this.others);
		return true;
	}

	// at returns the field that a JSON pointer into the params leads to and what is left of the pointer, or undefined.
	at(pointer) {
		const tokens = pointer.split('/').slice(1).map(unescapeToken);
		if (this.whole) return this.whole.at(tokens);
		const [first, ...rest] = tokens;
		return (this.fields.find((field) => field.name === first) ?? this.fields[/^\d+$/.test(first) ? first : -1])?.at(rest);
	}

	showFault(pointer, text) {
		const [field, left] = this.at(pointer) ?? [];
		if (field) this.mark(field, [...left, text].join(': '));
	}

	mark(field, text) {
		field.showFault(text);
		this.faulty.add(field);
	}

	clearFaults() {
		for (const field of this.faulty) field.clearFault();
		this.faulty.clear();
	}
}

// reshape turns params by name into params by position and back, as far as the names are known.
export function reshape(value, { params }, byPosition) {
	if (byPosition && value.type === 'object' && value.members.every(([name]) => params.some((param) => param.name === name))) {
		const values = params.map((param) => member(value, param.name));
		return array(values.slice(0, values.findLastIndex((each) => each) + 1).map((each) => each ?? literal('null')));
	}
	if (!byPosition && value.type === 'array' && value.items.length <= params.length) {
		return object(value.items.map((each, i) => [params[i].name, each]));
	}
	return value;
}
