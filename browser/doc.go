// Package browser holds the tests that need a real browser: of the explorer, of a page beside a service, and of what
// pages of other sites cannot do. It is a module of its own, so that nobody who uses jacinth gets what drives the browser.
package browser
