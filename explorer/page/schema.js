// What a JSON Schema means for a person: which kind of value, which limits, which words say so.

import { isNull, literal, member, merge, sourceOf, write } from './json.js';

const maxReferences = 16;

// A Scope finds what $ref names: in the schema it stands in (root), or else in the whole document.
export class Scope {
	constructor(doc, root) {
		this.doc = doc;
		this.root = root;
	}

	// resolve returns the schema that is meant, with what stands beside a $ref laid over what it names. Where that has no
	// title, its name is one.
	resolve(schema) {
		let found = isObject(schema) ? schema : {};
		for (let hops = 0; typeof found.$ref === 'string' && hops < maxReferences; hops++) {
			const target = this.lookUp(found.$ref);
			if (!target) break;
			const name = found.$ref.split('/').at(-1);
			found = merge(target, found, ['$ref']);
			found.title ??= unescapeToken(name);
		}
		return found;
	}

	lookUp(reference) {
		const path = /^#(\/|$)/.test(reference) ? reference.split('/').slice(1).map(unescapeToken) : undefined;
		return path && [this.root, this.doc]
			.map((start) => path.reduce((at, token) => (Object.hasOwn(at ?? {}, token) ? at[token] : undefined), start))
			.find(isObject);
	}
}

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const asText = (value) => (typeof value === 'string' ? value : '');
export const unescapeToken = (token) => token.replaceAll('~1', '/').replaceAll('~0', '~');
export const escapeToken = (token) => token.replaceAll('~', '~0').replaceAll('/', '~1');

// literalOf returns a member of a schema as the JSON it came as, or undefined.
export const literalOf = (schema, name) => (isObject(schema) ? member(sourceOf(schema), name) : undefined);

// propertiesOf lists [name, schema] in the order of the document.
export const propertiesOf = (schema) => (isObject(schema.properties)
	? (sourceOf(schema.properties)?.members ?? []).map(([name]) => [name, schema.properties[name]])
	: []);

// A shape says how to ask for a value:
//   kind      string, number, integer, choice, object, array, or json for anything else
//   schema    the schema, resolved
//   nullable  whether null will do as well
//   options   of a choice: the values
//   variants  the schemas of which the value must have one, if there are several
export function shapeOf(schema, scope, depth = 0) {
	const found = scope.resolve(schema);
	const shape = (kind, nullable, more) => ({ kind, schema: found, nullable, ...more });

	const variants = found.anyOf ?? found.oneOf;
	if (Array.isArray(variants) && !found.properties && !found.allOf && depth < maxReferences) {
		const rest = variants.filter((variant) => scope.resolve(variant).type !== 'null');
		if (rest.length !== 1) return shape('json', rest.length < variants.length, { variants: rest });
		const inner = shapeOf(merge(scope.resolve(rest[0]), found, ['anyOf', 'oneOf', 'type']), scope, depth + 1);
		return { ...inner, nullable: inner.nullable || variants.length > 1 };
	}
	const values = literalOf(found, 'enum')?.items ?? [literalOf(found, 'const')];
	if (values[0]) {
		const options = values.filter((value) => !isNull(value));
		return shape('choice', options.length < values.length, { options });
	}
	if (['allOf', 'not', 'if', 'patternProperties', 'prefixItems'].some((name) => found[name])) return shape('json', false);

	let types = [found.type].flat();
	if (found.type === undefined && (found.properties || found.additionalProperties)) types = ['object'];
	else if (found.type === undefined && found.items) types = ['array'];
	const [type, ...others] = types.filter((each) => each !== 'null');
	const nullable = types.includes('null');
	if (others.length === 0 && type === 'boolean') {
		return shape('choice', nullable, { options: [literal('true'), literal('false')], boolean: true });
	}
	const simple = others.length === 0 && ['string', 'number', 'integer', 'object', 'array'].includes(type);
	return shape(simple ? type : 'json', nullable);
}

// typeName says in a word or two what kind of value is wanted.
export function typeName(shape, scope, depth = 0) {
	const name = shape.kind === 'object' || shape.kind === 'json' ? asText(shape.schema.title) : '';
	return `${name || plainName(shape, scope, depth)}${shape.nullable ? ' or null' : ''}`;
}

function plainName({ kind, schema, boolean, variants }, scope, depth) {
	const inner = (part) => typeName(shapeOf(part, scope), scope, depth + 1);
	switch (kind) {
	case 'choice':
		return boolean ? 'boolean' : 'choice';
	case 'string':
		return asText(schema.format) || asText(schema.contentEncoding) || 'string';
	case 'object':
		return !schema.properties && isObject(schema.additionalProperties) && depth < 3 ? `map of ${inner(schema.additionalProperties)}` : 'object';
	case 'array':
		return isObject(schema.items) && depth < 3 ? `list of ${inner(schema.items)}` : 'list';
	case 'json':
		if (variants) return 'one of several';
		return [schema.type].flat().filter((type) => asText(type) && type !== 'null').join(' or ') || 'any JSON';
	}
	return kind;
}

// limits says in a few words what else must be true of the value.
export function limits(schema) {
	const digits = (name) => literalOf(schema, name)?.digits;
	// What only says that a number has 64 bits is nothing to a person.
	const bound = (name) => (/^-?\d{19,}$|e\+/.test(digits(name)) ? undefined : digits(name));
	const range = (low, high, unit) => {
		if (low !== undefined && high !== undefined) return low === high ? `${low}${unit}` : `${low} to ${high}${unit}`;
		if (low !== undefined) return `${low}${unit} or more`;
		return high === undefined ? undefined : `${high}${unit} at most`;
	};
	return [
		range(bound('minimum'), bound('maximum'), ''),
		digits('exclusiveMinimum') && `more than ${digits('exclusiveMinimum')}`,
		digits('exclusiveMaximum') && `less than ${digits('exclusiveMaximum')}`,
		digits('multipleOf') && `multiple of ${digits('multipleOf')}`,
		range(digits('minLength'), digits('maxLength'), ' characters'),
		range(digits('minItems'), digits('maxItems'), ' items'),
		range(digits('minProperties'), digits('maxProperties'), ' members'),
		schema.uniqueItems === true && 'no two alike',
		asText(schema.pattern) && !schema.format && !schema.contentEncoding && `matches ${schema.pattern}`,
		literalOf(schema, 'default') && `default ${write(literalOf(schema, 'default'))}`,
	].filter(Boolean).map((text) => text.replace(/\b1 (character|item|member)s\b/, '1 $1'));
}

export const required = (schema, name) => Array.isArray(schema.required) && schema.required.includes(name);
