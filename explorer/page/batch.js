// Calls that are collected and sent together.

import { announce, el, iconButton } from './dom.js';
import { notJSON, outcome, sentBlock, showResponse, statusLine } from './answer.js';
import { member } from './json.js';
import { linkTo } from './list.js';
import { nextID, post, request } from './transport.js';

export class Batch {
	// onchange is called with the number of items, onsent with {calls, kind, label, ms} for each batch sent.
	constructor(container, { onchange, onsent }) {
		Object.assign(this, { container, onchange, onsent });
		this.replace([]);
	}

	// add takes {method, params (JSON text), notify}.
	add(call) {
		this.replace([...this.items.map(({ answer, ...rest }) => rest), call]);
	}

	replace(calls) {
		this.items = calls.map((call) => ({ ...call }));
		this.show('idle');
		this.onchange(this.items.length);
	}

	// show shows the items, and what there is to say of all of them.
	show(state, summary = []) {
		this.container.dataset.state = state;
		this.container.replaceChildren(...(this.items.length === 0
			? [el('p.empty', {}, 'A batch is several calls in one request. Fill in a method and choose “Add to batch”.')]
			: [
				el('div.row-actions', {},
					state === 'busy'
						? el('button.primary', { id: 'batch-stop', onclick: () => this.running.abort() }, 'Stop')
						: el('button.primary', { id: 'batch-send', onclick: () => this.send() }, `Send ${this.items.length} as one request`),
					el('button.quiet', { id: 'batch-clear', onclick: () => this.replace([]) }, 'Clear')),
				...summary,
				el('ol', { id: 'batch-list' }, this.items.map((item, i) => this.row(item, i))),
			]));
	}

	row({ method, params, notify, answer }, i) {
		return el('li', { 'data-item': i, 'data-kind': answer?.kind },
			el('div.batch-head', {},
				answer && el('span.badge', {}, answer.label),
				el('a', { href: linkTo(method) }, el('code', {}, method)),
				el('button.toggle', {
					'aria-pressed': String(Boolean(notify)), title: 'Send as a notification, which is not answered',
					onclick: () => this.replace(this.items.with(i, { method, params, notify: !notify })),
				}, 'notify'),
				iconButton('remove', 'Remove from the batch', () => this.replace(this.items.toSpliced(i, 1)))),
			params && el('pre.preview', {}, params.length > 300 ? `${params.slice(0, 300)}…` : params),
			answer?.shown);
	}

	async send() {
		if (this.running || this.items.length === 0) return;
		const { items } = this;
		const ids = items.map(({ notify }) => (notify ? undefined : nextID()));
		const body = `[${items.map(({ method, params }, i) => request(ids[i], method, params)).join(',')}]`;
		this.running = new AbortController();
		for (const item of items) delete item.answer;
		this.show('busy');
		let answer, failure;
		try {
			answer = await post(body, { signal: this.running.signal });
		} catch (reason) {
			failure = reason;
		}
		this.running = undefined;
		// What was changed while the batch was under way is another batch.
		const summary = failure
			? [statusLine('error', 'No answer'), el('p', {}, failure.message)]
			: [...take(items, ids, answer), sentBlock(body)];
		if (items === this.items) this.show(failure ? 'failed' : 'done', summary);
		announce(failure ? failure.message : `The batch of ${items.length} was answered.`);
		this.onsent({
			calls: items.map(({ method, params, notify }) => ({ method, params, notify })),
			kind: failure ? 'error' : 'ok', label: failure ? 'No answer' : 'Batch', ms: answer?.ms,
		});
	}
}

// take gives each item its answer and returns what there is to say of the whole.
function take(items, ids, answer) {
	const { json } = answer;
	if (json?.type === 'object') return [statusLine('error', outcome(json).label, answer), ...showResponse(json)];
	if (json ? json.type !== 'array' : answer.text.trim()) return [statusLine('error', 'No JSON-RPC answer', answer), ...notJSON(answer)];
	const rest = new Set(json?.items);
	items.forEach((item, i) => {
		const response = json?.items.find((each) => !item.notify && member(each, 'id')?.digits === String(ids[i]));
		rest.delete(response);
		if (response) item.answer = { ...outcome(response), shown: showResponse(response) };
		else if (item.notify) item.answer = { kind: 'sent', label: 'Sent' };
		else item.answer = { kind: 'error', label: 'No answer', shown: el('p.empty', {}, 'The batch has no answer with the id of this call.') };
	});
	return [
		statusLine('ok', 'Answered', answer),
		...[...rest].flatMap((response) => [el('p.empty', {}, 'An answer to no call of this batch:'), ...showResponse(response)]),
	];
}
