'use strict';
// Runs before the page is drawn, so that a chosen theme does not flash in the other one first.
try {
	const theme = localStorage.getItem('jacinth.theme');
	if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
	// Without storage the theme is the system's.
}
