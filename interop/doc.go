// Package interop is nothing but tests: of our client against servers, and of our service against clients, that other
// people wrote. Where one of them has ways of its own, a test says what comes of it.
//
// It is a module of its own, so that nobody who imports jacinth gets what it requires; go-ethereum, for one, is under
// the LGPL. The tests with Node.js and Python skip where these are missing, except in continuous integration; make deps
// installs both, and what package-lock.json pins.
package interop
