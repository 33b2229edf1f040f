package tokens

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Schema makes the table of a [SQL] where there is none. It is here for those who keep the schema of their database
// elsewhere; [SQL.CreateTable] runs it. Times are seconds since 1970, 0 for none; scopes and networks are separated by
// spaces.
const Schema = `CREATE TABLE IF NOT EXISTS jacinth_tokens (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL,
	name       TEXT NOT NULL,
	owner      TEXT NOT NULL,
	scopes     TEXT NOT NULL,
	networks   TEXT NOT NULL,
	created    BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	expires    BIGINT NOT NULL,
	revoked    BIGINT NOT NULL,
	last_used  BIGINT NOT NULL,
	per_second DOUBLE PRECISION NOT NULL,
	burst      BIGINT NOT NULL,
	in_flight  BIGINT NOT NULL,
	successor  TEXT NOT NULL,
	revision   BIGINT NOT NULL
)`

const (
	sqlColumns = `id, hash, name, owner, scopes, networks, created, not_before, expires, revoked, last_used, per_second,
	burst, in_flight, successor`

	sqlLookup = `SELECT ` + sqlColumns + `, revision FROM jacinth_tokens WHERE id = $1`
	sqlList   = `SELECT ` + sqlColumns + `, revision FROM jacinth_tokens ORDER BY created, id`
	sqlExists = `SELECT COUNT(*) FROM jacinth_tokens WHERE id = $1`
	sqlAdd    = `INSERT INTO jacinth_tokens (` + sqlColumns + `, revision)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)`
	sqlChange = `UPDATE jacinth_tokens SET name = $3, owner = $4, scopes = $5, networks = $6, created = $7,
	not_before = $8, expires = $9, revoked = $10, last_used = $11, per_second = $12, burst = $13, in_flight = $14,
	successor = $15, revision = revision + 1 WHERE id = $1 AND hash = $2 AND revision = $16`
	sqlTouch = `UPDATE jacinth_tokens SET last_used = $2 WHERE id = $1 AND last_used < $2`
)

// changeAttempts is how often Change begins anew because somebody else was faster.
const changeAttempts = 20

// SQL is a Keeper in one table of a database. Its statements are plain SQL with parameters written $1, which
// PostgreSQL and SQLite understand by any of their drivers. It is safe for concurrent use, by any number of processes.
type SQL struct {
	db *sql.DB
}

// NewSQL returns a Keeper in the table jacinth_tokens of db. The driver is for the program to choose and to import.
func NewSQL(db *sql.DB) *SQL { return &SQL{db: db} }

// CreateTable makes the table if there is none.
func (s *SQL) CreateTable(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, Schema); err != nil {
		return fmt.Errorf("the table of tokens cannot be made: %w", err)
	}
	return nil
}

// Lookup returns the record with an id.
func (s *SQL) Lookup(ctx context.Context, id string) (Record, error) {
	record, _, err := s.lookup(ctx, id)
	return record, err
}

func (s *SQL) lookup(ctx context.Context, id string) (Record, int64, error) {
	record, revision, err := scan(s.db.QueryRowContext(ctx, sqlLookup, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, 0, ErrNotFound
	}
	return record, revision, err
}

// List returns all records.
func (s *SQL) List(ctx context.Context) (list []Record, err error) {
	rows, err := s.db.QueryContext(ctx, sqlList)
	if err != nil {
		return nil, fmt.Errorf("the table of tokens cannot be read: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		record, _, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, record)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("the table of tokens cannot be read: %w", err)
	}
	slices.SortFunc(list, byAge) // databases differ in how they order text
	return list, nil
}

// Add keeps a new record.
func (s *SQL) Add(ctx context.Context, record Record) error {
	record.tidy()
	if err := record.Check(); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, sqlAdd, values(&record)...)
	if err == nil {
		return nil
	}
	return s.notAdded(ctx, record.ID, err)
}

// notAdded says why a row could not be added. Every driver has an error of its own for a key that is taken.
func (s *SQL) notAdded(ctx context.Context, id string, err error) error {
	var count int
	if s.db.QueryRowContext(ctx, sqlExists, id).Scan(&count) == nil && count > 0 {
		return ErrExists
	}
	return fmt.Errorf("the token cannot be added to the table: %w", err)
}

// Change alters a record. Should another process change it at the same moment, change runs again on what that left.
func (s *SQL) Change(ctx context.Context, id string, change func(*Record) error) (Record, error) {
	for range changeAttempts {
		record, revision, err := s.lookup(ctx, id)
		if err != nil {
			return Record{}, err
		}
		next, err := record.changed(change)
		if err != nil {
			return Record{}, err
		}
		changed, err := replaceRow(ctx, s.db, &next, revision)
		if err != nil || changed {
			return next, err
		}
	}
	return Record{}, errOvertaken
}

var errOvertaken = fmt.Errorf("others changed the token %d times in a row: try again", changeAttempts)

// executor is a database or a transaction in it.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// replaceRow writes a record unless somebody changed it since its revision was read.
func replaceRow(ctx context.Context, db executor, record *Record, revision int64) (changed bool, err error) {
	result, err := db.ExecContext(ctx, sqlChange, append(values(record), revision)...)
	if err != nil {
		return false, fmt.Errorf("the token cannot be changed in the table: %w", err)
	}
	count, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("the database does not say whether the token was changed: %w", err)
	}
	return count == 1, nil
}

// rotate gives a record its successor: both are changed, or none. Should another process change the record at the same
// moment, succeed runs again on what that left.
func (s *SQL) rotate(ctx context.Context, id string, succeed succession) (Record, error) {
	for range changeAttempts {
		record, revision, err := s.lookup(ctx, id)
		if err != nil {
			return Record{}, err
		}
		var next Record
		old, err := record.changed(func(r *Record) (err error) {
			next, err = succeed(r)
			return err
		})
		if err != nil {
			return Record{}, err
		}
		next.tidy()
		if err := next.Check(); err != nil {
			return Record{}, err
		}
		changed, err := s.replaceAndAdd(ctx, &old, revision, &next)
		if err != nil || changed {
			return next, err
		}
	}
	return Record{}, errOvertaken
}

// replaceAndAdd writes a record and adds its successor, unless somebody changed the record since its revision was read.
func (s *SQL) replaceAndAdd(ctx context.Context, old *Record, revision int64, next *Record) (changed bool, err error) {
	transaction, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("the token cannot be changed in the table: %w", err)
	}
	defer func() { _ = transaction.Rollback() }() // which does nothing after a commit
	changed, err = replaceRow(ctx, transaction, old, revision)
	if err != nil || !changed {
		return false, err
	}
	if _, err := transaction.ExecContext(ctx, sqlAdd, values(next)...); err != nil {
		_ = transaction.Rollback()
		return false, s.notAdded(ctx, next.ID, err)
	}
	if err := transaction.Commit(); err != nil {
		return false, fmt.Errorf("the database does not say whether the token was rotated: look at it, and revoke its "+
			"successor if it has one, which nobody has: %w", err)
	}
	return true, nil
}

// Touch notes when tokens were used.
func (s *SQL) Touch(ctx context.Context, used map[string]time.Time) error {
	for id, when := range used {
		if _, err := s.db.ExecContext(ctx, sqlTouch, id, when.Unix()); err != nil {
			return fmt.Errorf("the use of tokens cannot be noted in the table: %w", err)
		}
	}
	return nil
}

// values lists what the columns of a record hold, in the order of sqlColumns.
func values(r *Record) []any {
	networks := make([]string, len(r.Networks))
	for i, network := range r.Networks {
		networks[i] = network.String()
	}
	return []any{
		r.ID, r.Hash.String(), r.Name, r.Owner, strings.Join(r.Scopes, " "), strings.Join(networks, " "),
		seconds(r.Created), seconds(r.NotBefore), seconds(r.Expires), seconds(r.Revoked), seconds(r.LastUsed),
		r.Limits.PerSecond, int64(r.Limits.Burst), int64(r.Limits.InFlight), r.Successor,
	}
}

// scan reads a row of sqlColumns and the revision.
func scan(row interface{ Scan(into ...any) error }) (Record, int64, error) {
	var (
		r                                              Record
		hash, scopes, networks                         string
		created, notBefore, expires, revoked, lastUsed int64
		revision                                       int64
	)
	err := row.Scan(&r.ID, &hash, &r.Name, &r.Owner, &scopes, &networks, &created, &notBefore, &expires, &revoked,
		&lastUsed, &r.Limits.PerSecond, &r.Limits.Burst, &r.Limits.InFlight, &r.Successor, &revision)
	if err != nil {
		return Record{}, 0, fmt.Errorf("the table of tokens cannot be read: %w", err)
	}
	if err := r.Hash.UnmarshalText([]byte(hash)); err != nil {
		return Record{}, 0, fmt.Errorf("the record of %s: %w", r.ID, err)
	}
	r.Scopes = strings.Fields(scopes)
	for text := range strings.FieldsSeq(networks) {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return Record{}, 0, fmt.Errorf("the record of %s: the network %q is not one", r.ID, text)
		}
		r.Networks = append(r.Networks, network)
	}
	r.Created, r.NotBefore, r.Expires = moment(created), moment(notBefore), moment(expires)
	r.Revoked, r.LastUsed = moment(revoked), moment(lastUsed)
	return r, revision, r.Check()
}

// seconds is how a time is kept, 0 for none.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
