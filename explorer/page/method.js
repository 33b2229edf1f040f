// What the page says about a service and about one of its methods.

import { bytes, el, icon, prose, time } from './dom.js';
import { jsonBlock } from './answer.js';
import { write } from './json.js';
import { asText, isObject, limits, propertiesOf, required, shapeOf, typeName } from './schema.js';

// overview shows the service as a whole.
export function overview(service, endpoint) {
	const { methods } = service;
	const secret = methods.filter((method) => method.private).length;
	const limit = service.limits;
	const facts = [
		['Endpoint', el('code', {}, `POST ${endpoint.pathname}`)],
		['Methods', secret ? `${methods.length}, ${secret} of them private` : String(methods.length)],
		limit.body > 0 && ['Request', `${bytes(limit.body)} at most`],
		limit.response > 0 && ['Answer', `${bytes(limit.response)} at most`],
		limit.batchItems > 0 && ['Batch', `${limit.batchItems} items at most`],
		limit.depth > 0 && ['Nesting', `${limit.depth} levels at most`],
		limit.callTimeoutMs > 0 && ['Time', `${time(limit.callTimeoutMs)} for a call`],
		service.openrpc && ['Description', `OpenRPC ${service.openrpc}`],
	].filter(Boolean);
	return [
		el('h1', {}, service.title || 'A JSON-RPC service', service.version && el('span.version', {}, service.version)),
		el('div.lead', {}, prose(service.description)),
		el('dl.facts', {}, facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))),
		el('p.muted', {}, 'Choose a method to see and call it. Press ', el('kbd', {}, '/'), ' to search and ', el('kbd', {}, '?'), ' for the other keys.'),
	];
}

// head shows what a method is.
export function head(method) {
	const badges = [
		method.private
			? el('span.tag.private', { 'data-visibility': 'private', title: 'Needs a token' }, icon('lock'), 'private')
			: el('span.tag', { 'data-visibility': 'public' }, 'public'),
		method.scope && el('span.tag', { title: 'Scope that the token must have' }, `scope ${method.scope}`),
		method.deprecated && el('span.tag.warn', { 'data-deprecated': true }, 'deprecated'),
		method.readOnly && el('span.tag', { title: 'Changes nothing' }, 'read-only'),
		method.idempotent && !method.readOnly && el('span.tag', { title: 'Calling it twice does what calling it once does' }, 'idempotent'),
		method.timeout > 0 && el('span.tag', { title: 'Time a call may take' }, `timeout ${time(method.timeout)}`),
		!method.result && el('span.tag', { title: 'Describes no result: meant for notifications' }, 'notification'),
	].filter(Boolean);
	const dot = method.name.lastIndexOf('.') + 1;
	return [
		el('h1.method-name', {}, dot > 0 && el('span.dim', {}, method.name.slice(0, dot)), method.name.slice(dot)),
		el('p.tags', {}, badges),
		el('p.lead', {}, method.summary),
		el('div.doc', {}, prose(method.description?.startsWith(method.summary) ? method.description.slice(method.summary.length) : method.description)),
	];
}

// reference shows what a method answers.
export function reference(method) {
	return [
		method.result && el('h2', {}, 'Result'),
		method.result && el('div.outline', { 'data-result-schema': true },
			outline(method.result.schema, method.result.scope, method.result.description || method.result.summary)),
		method.errors.length > 0 && el('h2', {}, 'Errors'),
		method.errors.length > 0 && el('ul.errors', {}, method.errors.map((error) => el('li', {},
			el('code.error-code', {}, error.code), el('span', {}, error.message),
			error.data && el('details', {}, el('summary', {}, 'Data'), jsonBlock(error.data))))),
	].filter(Boolean);
}

// outline tells a schema in lines. What it holds below the first level is listed when it is opened.
function outline(schema, scope, description, name, always) {
	const shape = shapeOf(schema, scope);
	const found = shape.schema;
	const parts = partsOf(shape, scope);
	const list = () => el('ul', {}, parts.map(([part, inner, there]) => el('li', {}, outline(inner, scope, '', part, there))));
	const details = name !== undefined && parts.length > 0 && el('details', { ontoggle: () => {
		if (details.open && details.childElementCount === 1) details.append(list());
	} }, el('summary', {}, parts.map(([part]) => part).join(', ')));
	return [
		el('p.outline-type', {}, name !== undefined && el('strong', {}, name),
			el('span.type', {}, typeName(shape, scope), limits(found).map((limit) => el('span.limit', {}, limit))),
			shape.kind === 'choice' && !shape.boolean && choices(shape), always && el('span.required', {}, 'always')),
		el('div.hint', {}, prose(description || asText(found.description))),
		parts.length > 0 && (details || list()),
	].filter(Boolean);
}

const choices = (shape) => shape.options.slice(0, 50).map((option) => el('code', {}, option.text ?? write(option)));

// partsOf lists [name, schema, whether it is always there] of what a value, or each item of a list, holds.
function partsOf({ kind, schema, variants }, scope, depth = 0) {
	switch (kind) {
	case 'object': {
		const parts = propertiesOf(schema).map(([name, property]) => [name, property, required(schema, name)]);
		if (isObject(schema.additionalProperties)) parts.push([parts.length ? 'any other' : 'any name', schema.additionalProperties]);
		return parts;
	}
	case 'array':
		return depth < 5 ? partsOf(shapeOf(schema.items, scope), scope, depth + 1) : [];
	}
	return (variants ?? []).map((variant, i) => [`variant ${i + 1}`, variant]);
}
