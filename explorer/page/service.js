// The service as its description tells it: the methods, their groups, their params.

import { array, object, tree } from './json.js';
import { asText, isObject, literalOf, Scope } from './schema.js';

// describe reads an OpenRPC document. It throws an Error with a sentence if it is none.
export function describe(value) {
	const doc = tree(value);
	if (!isObject(doc) || !Array.isArray(doc.methods)) {
		throw new Error('What rpc.discover answers is no OpenRPC document: it has no list of methods.');
	}
	const info = orEmpty(doc.info);
	const own = orEmpty(doc['x-jacinth']);
	const names = new Set();
	const methods = doc.methods
		.map((method) => describeMethod(method, doc))
		.filter((method) => method.name && !names.has(method.name) && names.add(method.name));
	return {
		title: asText(info.title), version: asText(info.version), description: asText(info.description),
		openrpc: asText(doc.openrpc), tokenHeader: headerName(own.tokenHeader),
		limits: numbersOf(orEmpty(own.limits)), methods, groups: groupsOf(methods),
	};
}

const numbersOf = (limits) => Object.fromEntries(Object.entries(limits).filter(([, limit]) => typeof limit === 'number'));
const orEmpty = (value) => (isObject(value) ? value : {});

function describeMethod(described, doc) {
	const whole = new Scope(doc, doc);
	const method = whole.resolve(described);
	const own = orEmpty(method['x-jacinth']);
	const all = (value) => (Array.isArray(value) ? value : []).map((each) => whole.resolve(each));
	const content = (descriptor) => ({
		name: asText(descriptor.name), summary: asText(descriptor.summary), description: asText(descriptor.description),
		required: descriptor.required === true, deprecated: descriptor.deprecated === true,
		schema: descriptor.schema, scope: new Scope(doc, isObject(descriptor.schema) ? descriptor.schema : doc),
	});
	const name = asText(method.name);
	const tags = all(method.tags).map((tag) => asText(tag.name)).filter(Boolean);
	return {
		name, tags,
		group: tags[0] ?? name.slice(0, Math.max(0, name.lastIndexOf('.'))),
		summary: asText(method.summary), description: asText(method.description),
		params: all(method.params).map(content).filter((param) => param.name),
		whole: isObject(own.params) ? content({ schema: own.params }) : undefined, // of params that are a list or a map
		result: isObject(method.result) ? content(whole.resolve(method.result)) : undefined,
		errors: all(method.errors).map((error) => ({
			code: literalOf(error, 'code')?.digits, message: asText(error.message), data: literalOf(error, 'data'),
		})),
		examples: all(method.examples).map((example) => ({
			name: asText(example.name), description: asText(example.description),
			params: all(example.params).map((param) => ({ name: asText(param.name), value: literalOf(param, 'value') })),
		})),
		structure: ['by-name', 'by-position'].includes(method.paramStructure) ? method.paramStructure : 'either',
		deprecated: method.deprecated === true,
		private: own.private === true, readOnly: own.readOnly === true, idempotent: own.idempotent === true,
		scope: asText(own.scope), timeout: typeof own.timeoutMs === 'number' ? own.timeoutMs : 0,
	};
}

// groupsOf lists [group, methods] in the order of the document, but for the methods of no group, which come first.
const groupsOf = (methods) => [...Map.groupBy(methods, ({ group }) => group)].sort(([a], [b]) => (a !== '') - (b !== ''));

// headerName is the name if it can be that of a header.
const headerName = (name) => (/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(asText(name)) ? name : '');

// exampleParams turns an example into params: by name if it names params of the method, else by position.
export function exampleParams(example, method) {
	const given = example.params.filter(({ value }) => value);
	const named = method.whole ? method.structure === 'by-name'
		: given.every(({ name }) => method.params.some((param) => param.name === name));
	return named ? object(given.map(({ name, value }) => [name, value])) : array(given.map(({ value }) => value));
}
