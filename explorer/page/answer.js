// What came back: a result or an error, how long it took, how much it was.

import { bytes, copyButton, el, time } from './dom.js';
import { isNull, member, paint, parse, write } from './json.js';

const paintUpTo = 200_000; // characters of JSON that get colours
const showUpTo = 2_000_000; // characters that are shown at once

// jsonBlock shows JSON with a button to copy it.
export function jsonBlock(value, attributes = {}) {
	const text = write(value, '  ');
	const block = el('pre.json', { tabindex: '0', ...attributes });
	if (text.length <= paintUpTo) block.append(paint(value));
	else block.textContent = text.slice(0, showUpTo);
	const more = text.length > showUpTo && el('button', {
		onclick: (event) => {
			block.textContent = text;
			event.currentTarget.remove();
		},
	}, `Show all of ${bytes(text.length)}`);
	return el('div.copyable', {}, copyButton('Copy', () => text, { 'data-copy': true }), block, more);
}

// faultsOf lists the faults {path, rule, expected, got} that the service names in an error.
export function faultsOf(response) {
	const faults = member(member(member(response, 'error'), 'data'), 'faults');
	if (faults?.type !== 'array') return [];
	const text = (fault, name) => {
		const value = member(fault, name);
		return value === undefined ? '' : value.type === 'string' ? value.text : write(value);
	};
	return faults.items.map((fault) => ({
		path: text(fault, 'path'), rule: text(fault, 'rule'), expected: text(fault, 'expected'), got: text(fault, 'got'),
	}));
}

// faultText says a fault in a line.
export const faultText = ({ rule, expected, got }) =>
	[rule, expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(', ');

// outcome sums a response up: {kind: 'ok' | 'error', label}.
export function outcome(response) {
	const error = member(response, 'error');
	if (error === undefined || isNull(error)) return { kind: 'ok', label: 'Result' };
	return { kind: 'error', label: `Error ${member(error, 'code')?.digits ?? ''}` };
}

// showResponse shows one response: its result, or its error with each fault. onFault(path) is called when a fault is
// chosen.
export function showResponse(response, onFault) {
	if (outcome(response).kind === 'ok') {
		const result = member(response, 'result');
		if (result === undefined) return [el('p.empty', {}, 'The answer has neither a result nor an error:'), jsonBlock(response)];
		return [jsonBlock(result, { 'data-result': true, 'aria-label': 'Result' })];
	}
	const error = member(response, 'error');
	const data = member(error, 'data');
	const faults = faultsOf(response);
	return [
		el('strong', { 'data-error-code': member(error, 'code')?.digits }, member(error, 'message')?.text),
		...faults.map((fault) => el('p', { 'data-fault': fault.path },
			onFault
				? el('button.link', { onclick: () => onFault(fault.path) }, fault.path || 'params')
				: el('code', {}, fault.path || 'params'),
			el('span', {}, faultText(fault)))),
		data !== undefined && el('details', { open: faults.length === 0 },
			el('summary', {}, 'Data'), jsonBlock(data, { 'data-error-data': true })),
	].filter(Boolean);
}

// statusLine says how it went: a word, the time, the size, and the HTTP status where it is not 200.
export function statusLine(kind, label, answer) {
	return el('p.status', { 'data-kind': kind },
		el('span.badge', {}, label),
		answer && el('span', { 'data-ms': answer.ms }, time(answer.ms)),
		answer && el('span', { 'data-bytes': answer.bytes }, bytes(answer.bytes)),
		answer && answer.status !== 200 && el('span.warn', {}, `HTTP ${answer.status}`));
}

// sentBlock shows the request that was sent, without its token.
export const sentBlock = (body) =>
	el('details', {}, el('summary', {}, `Request sent, ${bytes(body.length)}`), jsonBlock(parse(body), { 'data-sent': true }));

// notJSON shows an answer that is no JSON-RPC.
export const notJSON = (answer) => [
	el('p.empty', {}, answer.text.trim() === '' ? 'The answer is empty.' : 'The answer cannot be read as JSON:'),
	el('pre.json', { tabindex: '0', hidden: answer.text.trim() === '' }, answer.text.slice(0, 20_000)),
];
