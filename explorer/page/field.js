// A Field asks for one value: its name, what is expected, an input, and the fault the service found with it.

import { el, prose } from './dom.js';
import { isNull, literal, write } from './json.js';
import { asText, escapeToken, limits, literalOf, shapeOf, typeName } from './schema.js';
import { JSONInput, inputFor } from './inputs.js';

let serial = 0;

export class Field {
	// label is an element in the name's place, path a JSON pointer into params by name, tools are more buttons.
	constructor({ name, label, schema, scope, required, path, depth = 0, description, deprecated, tools = [] }) {
		Object.assign(this, { name, scope, required, depth });
		this.id = `field-${++serial}`;
		this.shape = shapeOf(schema, scope);
		const found = this.shape.schema;
		const text = asText(description) || asText(found.description);

		this.nullButton = this.shape.nullable && el('button.toggle', {
			'aria-pressed': 'false', title: 'Send null', 'data-null': true,
			onclick: () => {
				this.isNull = !this.isNull;
				this.showNull();
				this.changed();
			},
		}, 'null');
		this.back = el('button.toggle', {
			hidden: true, title: 'Drop the JSON and show the input again',
			onclick: () => { this.set(undefined); this.changed(); },
		}, 'back to the input');
		this.own = el('span.own');
		const title = label ?? el('label', { for: this.id }, name);
		title.id = `${this.id}-label`;
		this.head = el('div.field-head', {},
			title,
			this.required && name !== undefined && el('span.required', {}, 'required'),
			(deprecated || found.deprecated === true) && el('span.tag.warn', {}, 'deprecated'),
			el('span.type', {}, typeName(this.shape, scope), limits(found).map((limit) => el('span.limit', {}, limit))),
			el('span.tools', {}, this.own, this.nullButton, this.back, tools));
		this.body = el('div.field-body');
		this.faultLine = el('p.fault', { id: `${this.id}-fault`, hidden: true });
		this.el = el('div.field', {}, this.head,
			text && el('div.hint', { id: `${this.id}-hint` }, prose(text)), this.body, this.faultLine);
		this.use(inputFor(this));
		this.setPath(path);
	}

	use(input) {
		this.input = input;
		this.isNull = false;
		this.back.hidden = !(input instanceof JSONInput) || this.shape.kind === 'json';
		this.own.replaceChildren(...(input.tools ?? []));
		this.body.replaceChildren(input.el);
		input.setPath?.(this.path);
		this.showNull();
	}

	setPath(path) {
		this.path = path;
		this.el.dataset.path = path;
		this.input.setPath?.(path);
	}

	// placeholder is what an empty input shows: what the service would take, or an example.
	placeholder() {
		const { schema } = this.shape;
		const example = literalOf(schema, 'default') ?? literalOf(schema, 'examples')?.items?.[0];
		if (example) return example.type === 'string' ? example.text : write(example);
		return { 'date-time': '2026-01-31T12:00:00Z', date: '2026-01-31' }[asText(schema.format)] ?? '';
	}

	showNull() {
		if (this.nullButton) this.nullButton.setAttribute('aria-pressed', String(this.isNull));
		this.el.classList.toggle('is-null', this.isNull);
		this.body.inert = this.isNull;
	}

	changed() {
		this.el.dispatchEvent(new Event('input', { bubbles: true }));
	}

	// get returns the value, or undefined to leave it out. What cannot be sent is added to problems.
	get(problems) {
		return this.isNull ? literal('null') : this.input.get(problems, this);
	}

	// set shows the value; undefined empties the field. A value that the input cannot hold is shown as JSON.
	set(value) {
		if (!this.back.hidden) this.use(inputFor(this));
		this.isNull = isNull(value) && this.shape.nullable;
		this.showNull();
		if (this.isNull || this.input.set(value)) return;
		this.use(new JSONInput(this));
		this.input.set(value);
	}

	// at returns the field that the tokens of a JSON pointer lead to, or the last one on the way, with what is left.
	at(tokens) {
		const child = tokens.length && !this.isNull ? this.input.child?.(tokens[0]) : undefined;
		return child ? child.at(tokens.slice(1)) : [this, tokens];
	}

	showFault(text) {
		this.faultLine.append(el('span', {}, text));
		this.faultLine.hidden = false;
		this.input.control?.setAttribute('aria-invalid', 'true');
	}

	clearFault() {
		this.faultLine.replaceChildren();
		this.faultLine.hidden = true;
		this.input.control?.removeAttribute('aria-invalid');
	}

	focus() {
		(this.input.control ?? this.el.querySelector('input, textarea, select, button'))?.focus();
	}

	// described are the attributes that tie an input to its name, description and fault.
	described() {
		return { id: this.id, 'aria-describedby': `${this.id}-hint ${this.id}-fault`, 'data-input': true };
	}
}

export const pathTo = (path, token) => `${path}/${escapeToken(String(token))}`;
