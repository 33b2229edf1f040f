// Finding and making elements. Whatever comes from the service becomes a text node or the value of a plain attribute
// here: nothing of it is ever read as HTML.

export const find = (id) => document.getElementById(id);
export const on = (id, event, action) => find(id).addEventListener(event, action);

// What is taken for granted of some elements.
const standard = {
	button: { type: 'button' },
	input: { type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' },
	textarea: { autocapitalize: 'off', spellcheck: 'false' },
};

// el makes an element: el('p.hint.small', {title: 'x', onclick: f}, 'text', child). What is undefined or false is left out.
export function el(tag, attributes = {}, ...children) {
	const [name, ...classes] = tag.split('.');
	const node = document.createElement(name);
	node.className = classes.join(' ');
	for (const [key, value] of Object.entries({ ...standard[name], ...attributes })) {
		if (value === undefined || value === false) continue;
		if (typeof value === 'function') node.addEventListener(key.slice(2), value);
		else node.setAttribute(key, value === true ? '' : value);
	}
	node.append(...children.flat().filter((child) => child !== undefined && child !== false));
	return node;
}

const icons = {
	lock: 'M3 7h10v7H3zM5 7V5a3 3 0 0 1 6 0v2',
	copy: 'M5.5 5.5h8v8h-8zM10.5 3v-.5h-8v8H3',
	remove: 'M4 4l8 8M12 4l-8 8',
	add: 'M8 3v10M3 8h10',
	light: 'M5 8a3 3 0 1 0 6 0 3 3 0 1 0-6 0M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
	dark: 'M13.5 9.5a6 6 0 0 1-7-7 6 6 0 1 0 7 7z',
	auto: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2v12m1.2-11.5v11m1.2-10.6v10.2m1.2-9.2v8.2m1.2-6.8v5.4',
};

export function icon(name) {
	const made = find('icon').content.cloneNode(true);
	made.querySelector('path').setAttribute('d', icons[name]);
	return made;
}

export const iconButton = (name, label, onclick) =>
	el('button.quiet.icon-button', { 'aria-label': label, title: label, onclick }, icon(name));

// prose shows a description: paragraphs as they are, and what stands between backticks as code.
export function prose(text) {
	return text.split(/\n{2,}/).filter((paragraph) => paragraph.trim()).map((paragraph) => el('p', {},
		paragraph.trim().split(/(`[^`\n]+`)/).map((part) =>
			(part.length > 2 && part.startsWith('`') ? el('code', {}, part.slice(1, -1)) : part))));
}

// announce tells those who do not see the page what has happened.
export function announce(text) {
	find('announce').textContent = text;
}

// copyButton copies what text() returns at that time.
export function copyButton(label, text, attributes = {}) {
	const caption = el('span', {}, label);
	return el('button.quiet', { ...attributes, onclick: async () => {
		caption.textContent = await copy(text()) ? 'Copied' : 'Not copied';
		announce(caption.textContent);
		setTimeout(() => { caption.textContent = label; }, 1500);
	} }, icon('copy'), caption);
}

async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		// Pages that are neither https nor localhost have no clipboard object.
		const area = el('textarea.hidden', { 'aria-hidden': 'true' });
		area.value = text;
		document.body.append(area);
		area.select();
		const copied = document.execCommand('copy');
		area.remove();
		return copied;
	}
}

// unknownNote says in note which members, [[name, value], …], are sent though no field is theirs; they can be dropped.
export function unknownNote(note, members) {
	note.hidden = members.length === 0;
	note.replaceChildren('Sent as well, though the description does not know it: ',
		el('code', {}, members.map(([name]) => name).join(', ')), ' ',
		el('button.toggle', {
			onclick: () => {
				members.length = 0;
				note.hidden = true;
				note.dispatchEvent(new Event('input', { bubbles: true }));
			},
		}, 'drop'));
}

export function bytes(count) {
	if (count < 1024) return `${count} B`;
	const [size, unit] = count < 1 << 20 ? [count / 1024, 'KiB'] : [count / (1 << 20), 'MiB'];
	return `${size < 100 ? Number(size.toFixed(1)) : Math.round(size)} ${unit}`;
}

export const time = (ms) => (ms < 2000 ? `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`);
