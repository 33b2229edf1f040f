// Package sqltest tries every Keeper of package tokens on the same promises: memory and file, and the table of SQL on
// SQLite and on a PostgreSQL that the tests start. It is a module of its own so that nobody else gets the drivers.
package sqltest
