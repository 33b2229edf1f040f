package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/spf13/pflag"
	_ "modernc.org/sqlite" // the driver sqlite

	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/tokens"
)

const storeVariable = "JACINTH_STORE"

// tokenStore is where tokens are kept, as the flags of a command say it.
type tokenStore struct{ address string }

// flags adds the flag that sets s to those of a command.
func (s *tokenStore) flags(set *pflag.FlagSet) {
	set.StringVar(&s.address, "store", "", "`URL` of the store: file:tokens.json, sqlite:tokens.db or postgres://…; without it, "+
		storeVariable+" has the URL, which is the place for one with a password")
}

// open returns the store, and a function that closes it. What is not there yet is made if create says so.
func (s *tokenStore) open(ctx context.Context, create bool) (tokens.Keeper, func(), error) {
	address := s.address
	if address == "" {
		address = os.Getenv(storeVariable)
	}
	if address == "" {
		return nil, nil, failure.Usagef("where are the tokens? Say --store file:tokens.json, or put it into %s", storeVariable)
	}
	kind, rest, found := strings.Cut(address, ":")
	if !found {
		kind, rest = "file", address // a path
	}
	if kind == "file" || kind == "sqlite" {
		rest = strings.TrimPrefix(rest, "//") // as some write it
	}
	if _, err := os.Stat(rest); err != nil && failure.LooksSecret(rest) { //nolint:gosec // G703: whoever runs the command names the file, and a secret would become its name
		return nil, nil, failure.Usagef("a token is no store: --store names where tokens are kept, such as file:tokens.json")
	}
	switch {
	case rest == "":
		return nil, nil, failure.Usagef("the store %s: has no name", kind)
	case kind == "file":
		return openFile(rest, create)
	case kind == "sqlite":
		return openSQLite(ctx, rest, create)
	case kind == "postgres" || kind == "postgresql":
		return openSQL(ctx, "pgx", address, create)
	}
	// Not the address: it may be one with a password, misspelt.
	return nil, nil, failure.Usagef("the store is none that is known here: it begins with file:, sqlite: or postgres:")
}

func openFile(path string, create bool) (tokens.Keeper, func(), error) {
	open := tokens.OpenFile
	if create {
		open = tokens.CreateFile
	}
	file, err := open(path)
	if err != nil {
		return nil, nil, &failure.Error{Exit: failure.Usage, Err: err}
	}
	return file, func() {}, nil
}

func openSQLite(ctx context.Context, path string, create bool) (tokens.Keeper, func(), error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	file, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the user named it; SQLite would let others read a new one
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return nil, nil, failure.Usagef("the database of tokens cannot be opened: %w", err)
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}
	return openSQL(ctx, "sqlite", name.String(), create)
}

func openSQL(ctx context.Context, driver, name string, create bool) (tokens.Keeper, func(), error) {
	db, err := sql.Open(driver, name)
	if err != nil {
		return nil, nil, failure.Usagef("the address of the database cannot be meant: %w", err)
	}
	closeIt := func() { _ = db.Close() }
	if err := db.PingContext(ctx); err != nil {
		closeIt()
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
			// Not the error: it has parts of a password that was not written as URLs want it.
			return nil, nil, failure.Usagef("the address of the database cannot be meant: it is " +
				"postgres://user:password@host:port/name, with %%40 for an @ and %%23 for a # in the password")
		}
		return nil, nil, &failure.Error{Exit: failure.Transport, Err: err}
	}
	keeper := tokens.NewSQL(db)
	if create {
		if err := keeper.CreateTable(ctx); err != nil {
			closeIt()
			return nil, nil, err
		}
	}
	return keeper, closeIt, nil
}
