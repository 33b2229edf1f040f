// Inputs that hold fields: objects, maps and lists. What they hold is built when they are opened, so that a schema that
// holds itself can be followed as far as somebody wants.

import { el, icon, iconButton, unknownNote } from './dom.js';
import { array, member, object } from './json.js';
import { isObject, propertiesOf, required, typeName } from './schema.js';
import { Field, pathTo } from './field.js';

const openTo = 3; // required containers are open from the start down to this depth

// A Container is left out until it is opened. Those of this module have build(), fields() and fill(value or undefined).
class Container {
	constructor(field, type) {
		this.field = field;
		this.type = type;
		this.always = field.required && field.depth < openTo;
		this.content = el('div.group', { role: 'group', 'aria-labelledby': `${field.id}-label` });
		this.opener = el('button.add', {
			id: field.id, 'data-open': true, onclick: () => {
				this.open();
				field.changed();
				(this.fields()[0] ?? this.content.querySelector('button'))?.focus();
			},
		}, icon('add'), `Add ${typeName({ ...field.shape, nullable: false }, field.scope)}`);
		this.closer = el('button.toggle', {
			title: 'Leave this value out', hidden: true, 'data-close': true, onclick: () => {
				this.close();
				field.changed();
			},
		}, 'leave out');
		this.tools = [this.closer];
		this.el = el('div', {}, this.opener);
	}

	get isOpen() {
		return this.content.parentNode === this.el;
	}

	open() {
		if (!this.built) this.build();
		this.built = true;
		this.el.replaceChildren(this.content);
		this.closer.hidden = this.always;
		this.setPath(this.path);
	}

	close() {
		this.el.replaceChildren(this.opener);
		this.closer.hidden = true;
	}

	set(value) {
		if (value && value.type !== this.type) return false;
		if (value || this.always) this.open();
		else this.close();
		if (this.built) this.fill(value);
		return true;
	}

	// more makes the button that adds an entry or item.
	more(label, add) {
		return el('button.add', {
			'data-add': true, onclick: () => {
				add().focus();
				this.field.changed();
			},
		}, icon('add'), label);
	}

	// part makes a field that can be removed from a list, which is an array of what has that field as its field.
	part(label, schema, list) {
		const made = new Field({
			label, schema, scope: this.field.scope, required: true, depth: this.field.depth + 1,
			tools: iconButton('remove', 'Remove', () => {
				list.splice(list.findIndex(({ field }) => field === made), 1);
				made.el.remove();
				this.setPath(this.path);
				this.field.changed();
			}),
		});
		this.list.append(made.el);
		return made;
	}
}

export class ObjectInput extends Container {
	constructor(field) {
		super(field, 'object');
		this.properties = new Map();
		this.rows = [];
		this.others = [];
		if (this.always) this.open();
	}

	build() {
		const { scope, depth, shape: { schema } } = this.field;
		for (const [name, property] of propertiesOf(schema)) {
			this.properties.set(name, new Field({
				name, schema: property, scope, required: required(schema, name), depth: depth + 1,
			}));
		}
		this.note = el('p.note', { hidden: true });
		this.content.append(...this.fields().map((field) => field.el), this.note);
		// Members without a property are asked for where the schema speaks of them, or of no property.
		const more = schema.additionalProperties;
		if (isObject(more) || more === true || (more === undefined && this.properties.size === 0)) {
			this.rest = more;
			this.list = el('div.rows');
			this.note.before(this.list, this.more(this.properties.size ? 'Add another member' : 'Add entry', () => this.addRow('').key));
		}
	}

	fields() {
		return [...this.properties.values()];
	}

	addRow(name) {
		const key = el('input.key', { placeholder: 'key', 'aria-label': 'Key', 'data-key': true, oninput: () => this.setPath(this.path) });
		key.value = name;
		const row = { key, field: this.part(key, this.rest, this.rows) };
		this.rows.push(row);
		this.setPath(this.path);
		return row;
	}

	get(problems) {
		if (!this.isOpen) return undefined;
		const members = [...this.properties].map(([name, field]) => [name, field.get(problems)]);
		for (const { key, field } of this.rows) {
			if (members.some(([name]) => name === key.value)) problems.push([field, `The key “${key.value}” is there twice.`]);
			members.push([key.value, field.get(problems)]);
		}
		return object([...members.filter(([, value]) => value), ...this.others]);
	}

	fill(value) {
		for (const [name, field] of this.properties) field.set(member(value, name));
		for (const { field } of this.rows.splice(0)) field.el.remove();
		this.others = [];
		for (const [name, each] of value?.members ?? []) {
			if (this.properties.has(name)) continue;
			if (this.list) this.addRow(name).field.set(each);
			else this.others.push([name, each]);
		}
		unknownNote(this.note, this.others);
	}

	child(token) {
		return this.isOpen ? this.properties.get(token) ?? this.rows.find(({ key }) => key.value === token)?.field : undefined;
	}

	setPath(path) {
		this.path = path;
		for (const [name, field] of this.properties) field.setPath(pathTo(path, name));
		for (const { key, field } of this.rows) {
			field.input.control?.setAttribute('aria-label', `Value of ${key.value}`);
			field.setPath(pathTo(path, key.value));
		}
	}
}

export class ArrayInput extends Container {
	constructor(field) {
		super(field, 'array');
		this.items = [];
		if (this.always) this.open();
	}

	build() {
		this.list = el('div.rows');
		this.content.append(this.list, this.more('Add item', () => this.addItem()));
	}

	fields() {
		return this.items.map(({ field }) => field);
	}

	addItem() {
		const index = el('span.index');
		const field = this.part(index, this.field.shape.schema.items, this.items);
		this.items.push({ index, field });
		this.setPath(this.path);
		return field;
	}

	get(problems) {
		if (!this.isOpen) return undefined;
		const items = this.fields().map((field) => {
			const before = problems.length;
			const value = field.get(problems);
			if (!value && problems.length === before) problems.push([field, 'An item of a list cannot be left out.']);
			return value;
		});
		return array(items.filter((value) => value));
	}

	fill(value) {
		for (const { field } of this.items.splice(0)) field.el.remove();
		for (const each of value?.items ?? []) this.addItem().set(each);
	}

	child(token) {
		return this.isOpen && /^\d+$/.test(token) ? this.items[token]?.field : undefined;
	}

	setPath(path) {
		this.path = path;
		this.items.forEach(({ index, field }, i) => {
			index.textContent = String(i);
			field.input.control?.setAttribute('aria-label', `${this.field.name ?? ''} item ${i}`);
			field.setPath(pathTo(path, i));
		});
	}
}
