package sqltest_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestSQL_rowThatIsNotWellIsNoAnswer(t *testing.T) {
	forEachSQL(t, func(t *testing.T, store *tokens.SQL, db *sql.DB) {
		for name, change := range map[string]string{
			"no hash":         `hash = ''`,
			"a short hash":    `hash = 'abcd'`,
			"a hash of words": `hash = '` + strings.Repeat("x", 64) + `'`,
			"no name":         `name = ''`,
			"no end":          `expires = 0`,
			"a wild scope":    `scopes = 'a.b *'`,
			"a bad network":   `networks = '10.0.0.0/8 everywhere'`,
			"network bits":    `networks = '10.1.2.3/8'`,
		} {
			_, record := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"m"}})
			if _, err := db.ExecContext(t.Context(), `UPDATE jacinth_tokens SET `+change+` WHERE id = '`+record.ID+`'`); err != nil {
				t.Fatal(err)
			}
			if found, err := store.Lookup(t.Context(), record.ID); err == nil || errors.Is(err, tokens.ErrNotFound) {
				t.Errorf("Lookup of a row with %s = %+v, %v, want an error that is no answer", name, found, err)
			}
			if _, err := store.List(t.Context()); err == nil {
				t.Errorf("List of a row with %s = no error, want one", name)
			}
			if _, err := db.ExecContext(t.Context(), `DELETE FROM jacinth_tokens`); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSQL_withoutATable(t *testing.T) {
	forEachSQL(t, func(t *testing.T, store *tokens.SQL, db *sql.DB) {
		if _, err := db.ExecContext(t.Context(), `DROP TABLE jacinth_tokens`); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Lookup(t.Context(), "jcn_00000000"); err == nil || errors.Is(err, tokens.ErrNotFound) {
			t.Errorf("Lookup = %v, want an error that is no answer", err)
		}
		if _, err := store.List(t.Context()); err == nil {
			t.Error("List = no error, want one")
		}
		if _, _, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: "n"}); err == nil || errors.Is(err, tokens.ErrExists) {
			t.Errorf("Issue = %v, want an error that names no other token", err)
		}
		if err := store.Touch(t.Context(), map[string]time.Time{"jcn_00000000": time.Now()}); err == nil {
			t.Error("Touch = no error, want one")
		}
	})
}

func TestSQL_holdsNoSecret(t *testing.T) {
	forEachSQL(t, func(t *testing.T, store *tokens.SQL, db *sql.DB) {
		secret, record := issue(t, store, fullDraft)
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM jacinth_tokens`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		count := 0
		for rows.Next() {
			count++
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, value := range values {
				if strings.Contains(value.String, secret.Reveal()[len(record.ID)+1:]) {
					t.Errorf("the column %s holds the secret: %q", columns[i], value.String)
				}
			}
		}
		if err := rows.Err(); err != nil || count != 1 {
			t.Errorf("the table has %d rows, %v, want 1", count, err)
		}
	})
}

func TestSQL_ofAClosedDatabaseIsDown(t *testing.T) {
	forEachSQL(t, func(t *testing.T, store *tokens.SQL, db *sql.DB) {
		known, _ := issue(t, store, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
		unknown, _ := issue(t, store, tokens.Draft{Name: "unknown", Scopes: tokens.Scopes{"m"}})
		authorizer := tokens.New(store)
		if err := authorize(t.Context(), authorizer, known); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := authorize(t.Context(), authorizer, known); err != nil {
			t.Errorf("a token that is known = %v, want it let through", err)
		}
		if err := authorize(t.Context(), authorizer, unknown); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("a token that is not = %v, want %v", err, jacinth.Unavailable)
		}
	})
}

func authorize(ctx context.Context, authorizer *tokens.Authorizer, secret tokens.Secret) error {
	return authorizer.Authorize(ctx, &jacinth.Request{
		Method: &jacinth.Method{Name: "m", Private: true}, Peer: jacinth.Peer{Token: jacinth.Token(secret.Reveal()), Address: "192.0.2.1:1"},
	})
}

func TestSQL_servesOnThroughARestartOfPostgreSQL(t *testing.T) {
	p := startedPostgres(t)
	store := tokens.NewSQL(p.database(t, "pgx"))
	if err := store.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	known, _ := issue(t, store, tokens.Draft{Name: "known", Scopes: tokens.Scopes{"m"}})
	unknown, _ := issue(t, store, tokens.Draft{Name: "unknown", Scopes: tokens.Scopes{"m"}})
	authorizer := tokens.New(store)
	if err := authorize(t.Context(), authorizer, known); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := authorize(t.Context(), authorizer, known); err != nil {
			t.Errorf("a token that is known, while the server is gone = %v, want it let through", err)
		}
		if err := authorize(t.Context(), authorizer, unknown); !errors.Is(err, jacinth.Unavailable) {
			t.Errorf("a token that is not known, while the server is gone = %v, want %v", err, jacinth.Unavailable)
		}
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 500 { // the store is asked again a second after it failed
		if err = authorize(t.Context(), authorizer, unknown); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("a token that was not known, after the restart = %v, want it let through", err)
	}
}
