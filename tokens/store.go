package tokens

import (
	"context"
	"errors"
	"time"
)

// Store is all that authorization needs of where tokens are kept.
type Store interface {
	// Lookup returns the record with an id, or an error that is ErrNotFound if there is none. Any other error means
	// that the store cannot say, and is not taken for a no. It is safe for concurrent use.
	Lookup(ctx context.Context, id string) (Record, error)
}

// Keeper is a Store whose records can be seen and changed: a [Memory], a [File] or a [SQL].
// [Issue], [Rotate] and [Revoke] work on it.
type Keeper interface {
	Store

	// List returns all records, by the time they were created and by id.
	List(ctx context.Context) ([]Record, error)

	// Add keeps a new record, or fails with ErrExists.
	Add(ctx context.Context, record Record) error

	// Change lets change alter the record with an id, keeps what becomes of it and returns that. Nobody else changes
	// the record in between; change may run more than once, and its error ends all without a change.
	// The id and the hash stay what they are.
	Change(ctx context.Context, id string, change func(*Record) error) (Record, error)
}

// Toucher is a Store that keeps when tokens were last used. An [Authorizer] tells it, at most once a minute for each
// token.
type Toucher interface {
	// Touch notes that tokens, named by their ids, were used at a time. An earlier time than is known, and an id that
	// is not, are passed over.
	Touch(ctx context.Context, used map[string]time.Time) error
}

// Func is a Store of yours: a function that finds the record with an id, or returns ErrNotFound. It is asked once for
// calls that come together with the same token, and not again for some seconds after it knew none. It never sees the
// secret of a token.
type Func func(ctx context.Context, id string) (Record, error)

// Lookup calls f.
func (f Func) Lookup(ctx context.Context, id string) (Record, error) { return f(ctx, id) }

// What stores answer.
var (
	ErrNotFound = errors.New("there is no token with this id")
	ErrExists   = errors.New("there is a token with this id already")
)
