// Sending requests to the one endpoint that the page was served for.

import { parse, string, write } from './json.js';

const page = document.documentElement.dataset;

export const endpoint = new URL(page.endpoint, document.baseURI);
if (endpoint.origin !== location.origin) throw new Error('The explorer calls the service it came from and no other.');

// The token lives in this tab and goes nowhere but into the header of requests to the endpoint.
const tokenKey = 'jacinth.token';
export const token = {
	header: page.tokenHeader,
	value: stored(() => sessionStorage.getItem(tokenKey)) ?? '',
	use(value) {
		this.value = value;
		stored(() => (value ? sessionStorage.setItem(tokenKey, value) : sessionStorage.removeItem(tokenKey)));
	},
};

// Without storage the token lasts until the page is left.
function stored(action) {
	try {
		return action();
	} catch {
		return undefined;
	}
}

let lastID = 0;
export const nextID = () => ++lastID;

// request writes one call, or a notification if id is undefined. params is JSON text, or empty for none.
export function request(id, method, params) {
	const head = id === undefined ? '' : `"id":${id},`;
	const tail = params ? `,"params":${params}` : '';
	return `{"jsonrpc":"2.0",${head}"method":${write(string(method))}${tail}}`;
}

// post sends a body and returns what came back: {status, text, bytes, ms, json}, json being undefined where the answer
// is empty or not JSON. It throws an Error with a sentence if nothing came back.
export async function post(body, { signal, bare = false } = {}) {
	const headers = { 'Content-Type': 'application/json' };
	if (token.value && !bare) headers[token.header] = token.value;
	const started = performance.now();
	let response, data;
	try {
		response = await fetch(endpoint, {
			method: 'POST', headers, body, signal, mode: 'same-origin', redirect: 'error', cache: 'no-store', referrerPolicy: 'no-referrer',
		});
		data = await response.arrayBuffer();
	} catch (failure) {
		if (signal?.aborted) throw new Error('Stopped before an answer came. The service may have run the call all the same.');
		if (failure instanceof TypeError && /header|ISO-8859|ByteString/i.test(failure.message)) {
			throw new Error('The token has characters that cannot stand in a header.');
		}
		throw new Error('The service did not answer. Is it running?');
	}
	const ms = performance.now() - started;
	const text = new TextDecoder().decode(data);
	let json;
	try {
		json = text.trim() === '' ? undefined : parse(text);
	} catch {
		json = undefined;
	}
	return { status: response.status, text, bytes: data.byteLength, ms, json };
}
