// Inputs ask for a value of one kind. Each has el to show, control to focus, get(problems, field) and set(value), which
// returns false for a value it cannot hold. Those with parts have child(token) and setPath(path).

import { el } from './dom.js';
import { isNull, isNumber, number, parse, string, write } from './json.js';
import { ArrayInput, ObjectInput } from './containers.js';

export function inputFor(field) {
	switch (field.shape.kind) {
	case 'string':
		return new TextInput(field);
	case 'number':
	case 'integer':
		return new NumberInput(field);
	case 'choice':
		return new ChoiceInput(field);
	case 'object':
		return new ObjectInput(field);
	case 'array':
		return new ArrayInput(field);
	}
	return new JSONInput(field);
}

class TextInput {
	constructor(field) {
		this.el = this.control = el('textarea.line', {
			...field.described(), rows: 1, placeholder: field.placeholder(),
			oninput: () => this.mark(false),
		});
		this.optional = !field.required;
		// An optional text that is empty is left out; this sends it all the same.
		this.empty = this.optional && el('button.toggle', {
			'aria-pressed': 'false', title: 'Send an empty text', 'data-empty': true,
			onclick: () => {
				const on = !this.isEmpty;
				this.control.value = '';
				this.mark(on);
				field.changed();
			},
		}, '""');
		this.tools = this.empty ? [this.empty] : [];
	}

	mark(on) {
		this.isEmpty = on;
		if (this.empty) this.empty.setAttribute('aria-pressed', String(on));
	}

	get() {
		const text = this.control.value;
		return text === '' && this.optional && !this.isEmpty ? undefined : string(text);
	}

	set(value) {
		if (value && value.type !== 'string') return false;
		this.control.value = value?.text ?? '';
		this.mark(value?.text === '');
		return true;
	}
}

class NumberInput {
	constructor(field) {
		this.el = this.control = el('input', {
			...field.described(), placeholder: field.placeholder(),
			inputmode: field.shape.kind === 'integer' ? 'numeric' : 'decimal',
		});
	}

	get(problems, field) {
		const text = this.control.value.trim();
		if (text === '') return undefined;
		if (isNumber(text)) return number(text);
		problems.push([field, `“${text.slice(0, 40)}” is not a number.`]);
		return string(text);
	}

	set(value) {
		if (value && value.type !== 'number') return false;
		this.control.value = value?.digits ?? '';
		return true;
	}
}

class ChoiceInput {
	constructor(field) {
		this.options = field.shape.options;
		const standard = field.placeholder();
		const blank = field.required ? 'Choose…' : standard ? `left out (${standard})` : 'left out';
		this.el = this.control = el('select', field.described(), el('option', { value: '' }, blank),
			this.options.map((option, i) => el('option', { value: i }, label(option))));
	}

	get() {
		return this.control.value === '' ? undefined : this.options[Number(this.control.value)];
	}

	set(value) {
		if (value === undefined) {
			this.control.value = '';
			return true;
		}
		const i = this.options.findIndex((option) => write(option) === write(value));
		if (i >= 0) this.control.value = String(i);
		return i >= 0;
	}
}

const label = (option) => (option.type === 'string' && option.text.trim() !== '' ? option.text : write(option));

// JSONInput takes any JSON.
export class JSONInput {
	constructor(field) {
		this.el = this.control = el('textarea.code', {
			...field.described(), rows: 3, placeholder: field.placeholder() || 'JSON',
		});
	}

	get(problems, field) {
		const text = this.control.value;
		if (text.trim() === '') return undefined;
		try {
			return parse(text);
		} catch (failure) {
			problems.push([field, failure.message]);
			return undefined;
		}
	}

	set(value) {
		this.control.value = value === undefined ? '' : write(value, '  ');
		return value === undefined || !isNull(value) || this.control.value === 'null';
	}
}
