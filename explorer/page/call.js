// One method on the workbench: its params as a form or as JSON, sending them, and the tabs beside it.

import { faultsOf, faultText, notJSON, outcome, sentBlock, showResponse, statusLine } from './answer.js';
import { codeBlocks } from './code.js';
import { announce, el, find, on } from './dom.js';
import { ParamsForm, reshape } from './form.js';
import { parse, write } from './json.js';
import { head, reference } from './method.js';
import { exampleParams } from './service.js';
import { nextID, post, request, token } from './transport.js';

const anyMethod = { any: true, name: '', params: [], errors: [], examples: [], structure: 'either' };

let methods = [];
let current; // the draft that is shown, or undefined
const drafts = new Map(); // what was filled in for each method, by name

export const methodOf = (name) => (name === '' ? anyMethod : methods.find((method) => method.name === name));

// use takes the methods of a new description, and carries over what was filled in.
export function use(described) {
	methods = described;
	current = undefined;
	for (const [name, draft] of drafts) {
		const method = methodOf(name);
		if (!method || method.any) continue;
		const form = new ParamsForm(method);
		form.set(draft.form.get(false, []));
		Object.assign(draft, { method, form });
	}
}

// open shows a method, or nothing if name is undefined. It returns whether that is another than before.
export function open(name) {
	if (name === undefined) current = undefined;
	if (name === undefined || current === draftOf(name)) return false;
	current = draftOf(name);
	const { method } = current;
	find('method-head').replaceChildren(...(method.any ? anyHead(current) : head(method)));
	find('reference').replaceChildren(...reference(method));
	find('params-form').replaceChildren(current.form.el);
	find('json').value = current.json;
	find('examples').hidden = method.examples.length === 0;
	find('examples').replaceChildren('Examples', ...method.examples.map((example, i) => el('button.chip', {
		'data-example': i, title: example.description || undefined,
		onclick: () => setParams(write(exampleParams(example, method), '  ')),
	}, example.name || `${i + 1}`)));
	showJSONFault('');
	showMode();
	showAnswer(current);
	return true;
}

function draftOf(name) {
	if (!drafts.has(name)) {
		const method = methodOf(name);
		drafts.set(name, {
			method, form: new ParamsForm(method), asJSON: Boolean(method.any), json: '', anyName: '',
			byPosition: method.structure === 'by-position', answer: [], state: 'idle',
		});
	}
	return drafts.get(name);
}

function anyHead(draft) {
	const input = el('input.method-input', {
		id: 'any-name', placeholder: 'method', 'aria-label': 'Name of the method',
		oninput: () => {
			draft.anyName = input.value;
			refresh();
		},
	});
	input.value = draft.anyName;
	return [el('h1', {}, 'Any method'), el('p.lead', {}, 'A call by name, with the params as JSON.'), input];
}

// fill loads an earlier call into the method that is shown.
export function fill(name, params) {
	if (current.method.any) find('any-name').value = current.anyName = name;
	setParams(params);
}

function showMode() {
	const { method, asJSON, byPosition } = current;
	find('mode').hidden = Boolean(method.any);
	find('structure').hidden = method.params.length === 0;
	find(asJSON ? 'mode-json' : 'mode-form').checked = true;
	find(byPosition ? 'by-position' : 'by-name').checked = true;
	find('by-name').disabled = method.structure === 'by-position';
	find('by-position').disabled = method.structure === 'by-name';
	find('params-form').hidden = asJSON;
	find('params-json').hidden = !asJSON;
	refresh();
}

// setMode changes between form and JSON and takes the values along, or stays if they cannot be taken.
function setMode(asJSON) {
	clearFaults();
	if (asJSON) {
		const problems = [];
		const value = current.form.get(current.byPosition, problems);
		if (!showProblems(problems)) {
			find('json').value = current.json = value ? write(value, '  ') : '';
			current.asJSON = true;
		}
	} else if (takeJSON()) current.asJSON = false;
	showMode();
}

// takeJSON puts the JSON into the form and returns whether the form can hold it.
function takeJSON() {
	const { value, problem } = readJSON();
	const taken = problem === undefined && current.form.set(value);
	if (value && current.method.structure === 'either') current.byPosition = value.type === 'array';
	if (!taken) showJSONFault(problem ?? `The form has room for ${current.method.params.length} params.`);
	return taken;
}

function setStructure(byPosition) {
	current.byPosition = byPosition;
	const { value } = readJSON();
	if (current.asJSON && value) find('json').value = current.json = write(reshape(value, current.method, byPosition), '  ');
	refresh();
}

// setParams shows params given as JSON text: in the form if that can hold them.
function setParams(text) {
	clearFaults();
	find('json').value = current.json = text;
	current.asJSON = current.method.any || !takeJSON();
	showMode();
}

function readJSON() {
	const text = find('json').value;
	if (text.trim() === '') return {};
	try {
		const value = parse(text);
		return value.type === 'object' || value.type === 'array' ? { value } : { problem: 'Params are an object or a list.' };
	} catch (failure) {
		return { problem: failure.message };
	}
}

// take reads the call that is filled in: {method, params (JSON text), problems ([field or undefined, text])}.
function take() {
	const problems = [];
	let value;
	if (current.asJSON) {
		const read = readJSON();
		value = read.value;
		if (read.problem) problems.push([undefined, read.problem]);
	} else value = current.form.get(current.byPosition, problems);
	return { method: current.method.name || current.anyName.trim(), params: value ? write(value) : '', problems };
}

// taken is take for sending: it shows what is wrong, and returns undefined if anything is.
export function taken() {
	clearFaults();
	const { method, params, problems } = take();
	if (method) return showProblems(problems) ? undefined : { method, params };
	find('any-name').focus();
	announce('The method needs a name.');
	return undefined;
}

function showProblems(problems) {
	for (const [field, text] of problems) {
		if (field) current.form.mark(field, text);
		else showJSONFault(text);
	}
	if (problems.length === 0) return false;
	(problems[0][0] ?? find('json')).focus();
	announce(problems[0][1]);
	return true;
}

function showJSONFault(text) {
	find('json-fault').textContent = text;
	find('json-fault').hidden = !text;
	find('json').toggleAttribute('aria-invalid', Boolean(text));
}

function clearFaults() {
	current.form.clearFaults();
	showJSONFault('');
}

let running; // the AbortController of the call under way
let record = () => {};

// onsent takes the function that is called with each call that was sent: {calls, kind, label, ms}.
export function onsent(callback) {
	record = callback;
}

// stop ends the call under way, and returns whether there is one.
export function stop() {
	running?.abort();
	return Boolean(running);
}

export async function send(notify) {
	if (running || !current) return;
	const draft = current;
	const call = taken();
	if (!call) return;
	const body = request(notify ? undefined : nextID(), call.method, call.params);
	running = new AbortController();
	find('send').textContent = 'Stop';
	Object.assign(draft, { state: 'busy', answer: [el('p.empty', {}, 'Waiting for the answer…')] });
	showAnswer(draft);
	showTab('answer');
	let answer, failure;
	try {
		answer = await post(body, { signal: running.signal });
	} catch (reason) {
		failure = reason;
	}
	running = undefined;
	find('send').textContent = 'Call';
	const { kind, label, shown } = judge(answer, failure, notify);
	Object.assign(draft, { state: kind, answer: [statusLine(kind, label, answer), ...shown, sentBlock(body)] });
	const faults = faultsOf(answer?.json);
	for (const fault of faults) draft.form.showFault(fault.path, faultText(fault));
	if (draft === current && draft.asJSON) showJSONFault(faults.map((fault) => `${fault.path || 'params'}: ${faultText(fault)}`).join('\n'));
	showAnswer(draft);
	if (draft === current && innerWidth < 1180) find('panel').scrollIntoView({ block: 'start' });
	announce(failure ? failure.message : label);
	record({ calls: [{ ...call, notify }], kind, label, ms: answer?.ms });
}

// judge says how a call went: {kind, label, shown}.
function judge(answer, failure, notify) {
	if (failure) return { kind: 'error', label: 'No answer', shown: [el('p', {}, failure.message)] };
	if (answer.json?.type === 'object') return { ...outcome(answer.json), shown: showResponse(answer.json, focusFault) };
	if (notify && answer.text.trim() === '' && answer.status < 300) {
		return { kind: 'sent', label: 'Sent', shown: [el('p.empty', {}, 'Notifications are not answered.')] };
	}
	return { kind: 'error', label: 'No JSON-RPC answer', shown: notJSON(answer) };
}

function focusFault(path) {
	if (current.asJSON) find('json').focus();
	else current.form.at(path)?.[0].focus();
}

function showAnswer(draft) {
	if (draft !== current) return;
	find('answer').dataset.state = draft.state;
	find('answer').replaceChildren(...(draft.answer.length ? draft.answer
		: [el('p.empty', {}, 'The answer shows here. ', el('kbd', {}, 'Ctrl'), ' ', el('kbd', {}, 'Enter'), ' calls the method.')]));
}

const tabs = ['answer', 'code', 'batch', 'history'];
let tab;

export function showTab(chosen) {
	tab = chosen;
	for (const each of tabs) {
		find(`tab-${each}`).setAttribute('aria-selected', String(each === chosen));
		find(`tab-${each}`).tabIndex = each === chosen ? 0 : -1;
		find(each).hidden = each !== chosen;
	}
	refresh();
}

export function nextTab(step) {
	showTab(tabs.at((tabs.indexOf(tab) + step) % tabs.length));
	find(`tab-${tab}`).focus();
}

// refresh shows the code for what is filled in now.
function refresh() {
	if (tab !== 'code' || !current) return;
	const { method } = current;
	const { problems, ...call } = take();
	find('code').replaceChildren(...(problems.length ? [el('p.empty', {}, problems[0][1])] : codeBlocks({
		...call, notify: !method.result && !method.any, result: method.result, needsToken: method.private || token.value !== '',
	})));
}

on('send', 'click', () => stop() || send(false));
on('notify', 'click', () => send(true));
on('reset', 'click', () => setParams(''));
on('params-form', 'input', refresh);
on('params-form', 'change', refresh);
on('json', 'input', () => {
	current.json = find('json').value;
	showJSONFault('');
	refresh();
});
for (const id of ['mode-form', 'mode-json']) on(id, 'change', () => setMode(id === 'mode-json'));
for (const id of ['by-name', 'by-position']) on(id, 'change', () => setStructure(id === 'by-position'));
for (const each of tabs) on(`tab-${each}`, 'click', () => showTab(each));
showTab('answer');
