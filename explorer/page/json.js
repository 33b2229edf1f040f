// JSON whose numbers keep their digits and whose members keep their order. JavaScript's own would turn 9007199254740993
// into 9007199254740992. A value is one of
//   {type: 'object', members: [[name, value], …]}   {type: 'array', items: [value, …]}
//   {type: 'string', text}   {type: 'number', digits}   {type: 'literal', word: 'true' | 'false' | 'null'}

const maxDepth = 512;
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wholeNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export const string = (text) => ({ type: 'string', text });
export const number = (digits) => ({ type: 'number', digits });
export const literal = (word) => ({ type: 'literal', word });
export const object = (members) => ({ type: 'object', members });
export const array = (items) => ({ type: 'array', items });

export const isNull = (value) => value?.type === 'literal' && value.word === 'null';
export const isNumber = (text) => wholeNumber.test(text);

// member returns the value of a member, the last of that name, or undefined.
export function member(value, name) {
	return value?.type === 'object' ? value.members.findLast(([key]) => key === name)?.[1] : undefined;
}

// parse throws an Error whose message says what is wrong and where.
export function parse(text) {
	let at = 0;
	const fail = (what) => {
		const before = text.slice(0, at).split('\n');
		throw new Error(`Not JSON: ${what} at line ${before.length}, column ${before.at(-1).length + 1}.`);
	};
	const space = () => {
		while (at < text.length && ' \t\n\r'.includes(text[at])) at++;
	};
	const expect = (sign) => {
		space();
		if (text[at] !== sign) fail(at < text.length ? `“${sign}” expected` : `the text ends before “${sign}”`);
		at++;
	};
	const quoted = () => {
		const start = at;
		if (text[at] !== '"') fail('a name in double quotes expected');
		for (at++; text[at] !== '"'; at++) {
			if (!(text.charCodeAt(at) >= 32)) fail('a string does not end');
			if (text[at] === '\\') at++;
		}
		at++;
		try {
			return JSON.parse(text.slice(start, at));
		} catch {
			at = start;
			return fail('a string with a wrong escape');
		}
	};
	const list = (end, item) => {
		const found = [];
		at++;
		space();
		if (text[at] === end) {
			at++;
			return found;
		}
		for (;;) {
			space();
			found.push(item());
			space();
			if (text[at] !== ',') break;
			at++;
		}
		expect(end);
		return found;
	};
	const value = (depth) => {
		if (depth > maxDepth) fail('too many values in each other');
		space();
		switch (text[at]) {
		case '{':
			return object(list('}', () => {
				const name = quoted();
				expect(':');
				return [name, value(depth + 1)];
			}));
		case '[':
			return array(list(']', () => value(depth + 1)));
		case '"':
			return string(quoted());
		}
		for (const word of ['true', 'false', 'null']) {
			if (text.startsWith(word, at)) {
				at += word.length;
				return literal(word);
			}
		}
		numberPattern.lastIndex = at;
		const digits = numberPattern.exec(text)?.[0];
		if (!digits) fail(at < text.length ? 'a value expected' : 'the text ends before a value');
		at += digits.length;
		return number(digits);
	};
	const whole = value(0);
	space();
	if (at < text.length) fail('more text after the value');
	return whole;
}

// pieces calls put(text, kind) for the parts of the value's JSON, in order. An indent of '' makes it one line.
function pieces(value, indent, put, margin = '\n') {
	const deeper = margin + indent;
	const block = (open, close, parts, part) => {
		put(open, 'sign');
		parts.forEach((each, i) => {
			if (i > 0) put(',', 'sign');
			if (indent) put(deeper, 'sign');
			part(each);
		});
		if (indent && parts.length) put(margin, 'sign');
		put(close, 'sign');
	};
	switch (value.type) {
	case 'object':
		block('{', '}', value.members, ([name, each]) => {
			put(JSON.stringify(name), 'name');
			put(indent ? ': ' : ':', 'sign');
			pieces(each, indent, put, deeper);
		});
		break;
	case 'array':
		block('[', ']', value.items, (each) => pieces(each, indent, put, deeper));
		break;
	case 'string':
		put(JSON.stringify(value.text), 'string');
		break;
	case 'number':
		put(value.digits, 'number');
		break;
	default:
		put(value.word, 'literal');
	}
}

// write returns the value's JSON.
export function write(value, indent = '') {
	const parts = [];
	pieces(value, indent, (text) => parts.push(text));
	return parts.join('');
}

// paint returns the value's JSON as nodes to look at.
export function paint(value, indent = '  ') {
	const shown = document.createDocumentFragment();
	let plain = '';
	pieces(value, indent, (text, kind) => {
		if (kind === 'sign') {
			plain += text;
			return;
		}
		const span = document.createElement('span');
		span.className = `json-${kind}`;
		span.textContent = text;
		shown.append(plain, span);
		plain = '';
	});
	shown.append(plain);
	return shown;
}

// tree turns the value into JavaScript's own. Objects have no prototype, so that a member named constructor or __proto__
// is like any other. sourceOf finds the value again.
const sources = new WeakMap();
export function tree(value) {
	switch (value.type) {
	case 'object': {
		const made = Object.create(null);
		for (const [name, each] of value.members) made[name] = tree(each);
		sources.set(made, value);
		return made;
	}
	case 'array':
		return value.items.map(tree);
	case 'string':
		return value.text;
	case 'number':
		return Number(value.digits);
	default:
		return JSON.parse(value.word);
	}
}

export const sourceOf = (made) => sources.get(made);

// merge makes an object of the members of two that tree made: those of top over those of base, without top's named ones.
export function merge(base, top, without) {
	const members = new Map([
		...sourceOf(base)?.members ?? [],
		...(sourceOf(top)?.members ?? []).filter(([name]) => !without.includes(name)),
	]);
	const made = Object.assign(Object.create(null), base, top);
	for (const name of without) {
		if (Object.hasOwn(base, name)) made[name] = base[name];
		else delete made[name];
	}
	sources.set(made, object([...members]));
	return made;
}
