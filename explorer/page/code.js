// The call as text to take away: for a shell and for a Go program. A token is never part of it.

import { copyButton, el } from './dom.js';
import { isNull, parse, string, write } from './json.js';
import { shapeOf } from './schema.js';
import { endpoint, request, token } from './transport.js';

// codeBlocks shows the call as curl and as Go. call is {method, params (JSON text), notify, result, needsToken}.
export function codeBlocks(call) {
	return [['curl', 'curl', curl(call)], ['go', 'Go', go(call)]].map(([id, title, text]) => el('section.copyable', {},
		el('h3', {}, title), copyButton('Copy', () => text, { id: `copy-${id}` }),
		el('pre.json', { id: `code-${id}`, tabindex: '0' }, text)));
}

const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl({ method, params, notify, needsToken }) {
	return [
		`curl -sS ${inShell(endpoint.href)}`,
		`-H 'Content-Type: application/json'`,
		...(needsToken ? [`-H ${/^[\w-]+$/.test(token.header) ? `"${token.header}: $TOKEN"` : `${inShell(`${token.header}: `)}"$TOKEN"`}`] : []),
		`-d ${inShell(request(notify ? undefined : 1, method, params))}`,
	].join(' \\\n  ');
}

function go({ method, params, notify, needsToken, result }) {
	const fields = [`URL: ${goString(endpoint.href)}`];
	if (needsToken) {
		fields.push('Token: os.Getenv("TOKEN")');
		if (token.header.toLowerCase() !== 'x-api-token') fields.push(`TokenHeader: ${goString(token.header)}`);
	}
	const target = result && !notify;
	const args = [`ctx, ${goString(method)}, ${params ? goValue(parse(params), '', true) : 'nil'}`, !notify && (target ? '&result' : 'nil')];
	return [
		`client := &jacinth.Client{${fields.join(', ')}}`,
		target && `var result ${goType(result.schema, result.scope)}`,
		`err := client.${notify ? 'Notify' : 'Call'}(${args.filter(Boolean).join(', ')})`,
	].filter(Boolean).join('\n');
}

// goString quotes as JSON does, which Go reads the same way, but for lone surrogates and byte order marks.
const goString = (text) => write(string(text.toWellFormed())).replaceAll('\ufeff', '\\ufeff');

function goValue(value, indent, outermost) {
	const deeper = `${indent}\t`;
	const block = (open, parts) => (parts.length ? `${open}{\n${parts.map((part) => `${deeper}${part},\n`).join('')}${indent}}` : `${open}{}`);
	switch (value.type) {
	case 'object':
		return block('map[string]any', value.members.map(([name, each]) => `${goString(name)}: ${goValue(each, deeper)}`));
	case 'array':
		return block(outermost ? 'jacinth.Positional' : '[]any', value.items.map((each) => goValue(each, deeper)));
	case 'string':
		return goString(value.text);
	case 'number':
		// What an int64 or a float64 may not hold exactly is passed on as it is.
		return /^-?(\d{1,18}|[\d.]{1,15})$/.test(value.digits) ? value.digits : `json.RawMessage("${value.digits}")`;
	}
	return isNull(value) ? 'nil' : value.word;
}

const goTypes = { string: 'string', number: 'float64', integer: 'int64', object: 'map[string]any' };

function goType(schema, scope, depth = 0) {
	const shape = shapeOf(schema, scope);
	if (shape.nullable || depth > 4) return 'any';
	if (shape.kind === 'array') return `[]${goType(shape.schema.items, scope, depth + 1)}`;
	return shape.boolean ? 'bool' : goTypes[shape.kind] ?? 'any';
}
