// The page as a whole: the description of the service, the address, the bar and the keys.

import { Batch } from './batch.js';
import * as call from './call.js';
import { announce, el, find, icon, on } from './dom.js';
import { History } from './history.js';
import { member } from './json.js';
import { linkTo, MethodList } from './list.js';
import { overview } from './method.js';
import { describe } from './service.js';
import { endpoint, nextID, post, request, token } from './transport.js';

let service; // undefined while the service has not described itself

const list = new MethodList(find('methods'), find('count'));
const history = new History(find('history'), ({ calls }) => {
	if (calls.length > 1) {
		batch.replace(calls);
		call.showTab('batch');
		return;
	}
	const [{ method, params }] = calls;
	const known = call.methodOf(method);
	open(known ? method : '');
	call.fill(method, params);
	location.hash = known ? linkTo(method) : '#any';
});
const batch = new Batch(find('batch'), {
	onchange: (count) => {
		find('batch-count').textContent = count;
		find('batch-count').hidden = count === 0;
	},
	onsent: (entry) => history.add(entry),
});
call.onsent((entry) => history.add(entry));

let loads = 0;

// load reads the description. A token that is refused does not hide what everybody may see.
async function load() {
	const mine = ++loads;
	find('methods').dataset.state = 'loading';
	if (!service) list.say('Reading the description…');
	let { found, problem } = await discover(false);
	let refused = '';
	if (!found && token.value) {
		refused = `The service does not accept this token: ${problem}`;
		({ found, problem } = await discover(true));
		if (!found) refused = '';
	} else if (token.value && !found.methods.some((method) => method.private)) {
		refused = 'No private method shows with this token: it may be wrong.';
	}
	if (mine !== loads) return;
	service = found;
	call.use(found?.methods ?? []);
	find('token-form').dataset.state = refused ? 'refused' : token.value ? 'used' : 'none';
	if (found?.tokenHeader) token.header = found.tokenHeader;
	if (found) list.show(found);
	else list.say(problem);
	find('overview').replaceChildren(...(found ? overview(found, endpoint) : [
		el('h1', {}, 'No description'),
		el('p.lead', { id: 'no-description' }, problem, ' Any method can still be called by its name.'),
		el('div.row-actions', {},
			el('a.button.primary', { href: '#any' }, 'Call a method by name'),
			el('button', { id: 'retry', onclick: load }, 'Try again')),
	]));
	find('title').textContent = found?.title || 'Explorer';
	find('version').textContent = found?.version ?? '';
	find('methods').dataset.state = found ? 'ready' : 'failed';
	route();
	if (refused) showNotice(refused);
}

// discover returns the description as found, or as problem a sentence that says why there is none.
async function discover(bare) {
	try {
		const answer = await post(request(nextID(), 'rpc.discover', ''), { bare });
		const result = member(answer.json, 'result');
		if (result) return { found: describe(result) };
		const error = member(answer.json, 'error');
		const code = member(error, 'code')?.digits;
		if (code === '-32601') return { problem: 'This service does not describe itself: it has no method rpc.discover.' };
		if (code) return { problem: `rpc.discover fails with ${code}: ${member(error, 'message')?.text ?? 'no message'}.` };
		return { problem: `${endpoint.pathname} does not answer as a JSON-RPC service does (HTTP ${answer.status}).` };
	} catch (failure) {
		return { problem: failure.message };
	}
}

// route shows what the address names. The name is looked up among the methods, and used for nothing else.
function route() {
	const { hash } = location;
	showNotice('');
	if (hash === '#any') return open('');
	let name = '';
	try {
		if (hash.startsWith('#/')) name = decodeURIComponent(hash.slice(2));
	} catch {
		// An address that is no text names no method.
	}
	if (name && call.methodOf(name)) return open(name);
	if (name && service) showNotice(`There is no method “${name.slice(0, 100)}”, or it needs a token.`);
	return open(undefined);
}

// open shows a method, any method for an empty name, or the overview for none.
function open(name) {
	const shown = name !== undefined;
	document.body.dataset.view = shown ? 'method' : 'list';
	document.title = [shown && (name || 'Any method'), service?.title || 'Explorer'].filter(Boolean).join(' · ');
	list.select(name);
	find('overview').hidden = shown;
	for (const id of ['call', 'panel', 'reference']) find(id).hidden = !shown;
	if (call.open(name)) {
		scrollTo(0, 0);
		find('main').scrollTo(0, 0);
	}
}

function showNotice(text) {
	find('notice').textContent = text;
	find('notice').hidden = !text;
}

function useToken(value) {
	token.use(value);
	showToken();
	load();
}

function showToken() {
	find('token').value = token.value;
	find('token-forget').hidden = !token.value;
}

const themes = ['auto', 'light', 'dark'];

function showTheme(theme) {
	const label = `Colours: ${theme === 'auto' ? 'as the system has them' : theme}`;
	if (theme === 'auto') delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = theme;
	find('theme').replaceChildren(icon(theme));
	find('theme').title = label;
	find('theme').setAttribute('aria-label', label);
}

function nextTheme() {
	const theme = themes[(themes.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % themes.length];
	showTheme(theme);
	try {
		localStorage.setItem('jacinth.theme', theme);
	} catch {
		// Without storage the choice lasts until the page is left.
	}
}

function onKey(event) {
	const { key, target } = event;
	const search = find('search');
	const typing = target.matches('input:not([type=radio]), textarea, select');
	if (event.defaultPrevented || find('help').open) return;
	if (key === 'Enter' && (event.ctrlKey || event.metaKey)) {
		if (find('batch').contains(target)) batch.send();
		else call.send(false);
	} else if (event.ctrlKey || event.metaKey || event.altKey) {
		return;
	} else if (key === 'Escape') {
		if (call.stop()) return;
		if (target === search && search.value) list.filter(search.value = '');
		else if (typing) target.blur();
	} else if (key === '/' && !typing) {
		document.body.dataset.view = 'list';
		search.focus();
		search.select();
	} else if (key === '?' && !typing) {
		find('help').showModal();
	} else if (target.role === 'tab' && key.startsWith('Arrow')) {
		call.nextTab(key === 'ArrowLeft' ? -1 : 1);
	} else if (target === search ? !searchKeys[key]?.() : !find('methods').contains(target) || !listKeys[key]?.()) {
		return;
	}
	event.preventDefault();
}

// What keys do in the search and in the list; they return whether they did anything.
const focus = (node) => {
	node?.focus();
	return Boolean(node);
};
const searchKeys = {
	ArrowDown: () => focus(list.shown[0]),
	Enter: () => {
		list.shown[0]?.click();
		return true;
	},
};
const listKeys = {
	ArrowDown: () => focus(list.near(1)),
	ArrowUp: () => focus(list.near(-1) ?? find('search')),
	Home: () => focus(list.shown[0]),
	End: () => focus(list.shown.at(-1)),
};

find('endpoint').textContent = `POST ${endpoint.pathname}`;
on('search', 'input', (event) => list.filter(event.target.value));
on('token-form', 'submit', (event) => {
	event.preventDefault();
	useToken(find('token').value.trim());
});
on('token-forget', 'click', () => useToken(''));
on('theme', 'click', nextTheme);
on('help-open', 'click', () => find('help').showModal());
on('queue', 'click', () => {
	const taken = call.taken();
	if (!taken) return;
	batch.add(taken);
	call.showTab('batch');
	announce(`Added to the batch, which has ${batch.items.length} now.`);
});
document.addEventListener('keydown', onKey);
addEventListener('hashchange', route);

showTheme(document.documentElement.dataset.theme ?? 'auto');
showToken();
load();
