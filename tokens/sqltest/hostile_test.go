package sqltest_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// meanwhile is a Keeper in which somebody else does something between the look-up and the change of an operation.
type meanwhile struct {
	tokens.Keeper
	once sync.Once
	do   func()
}

func (m *meanwhile) Change(ctx context.Context, id string, change func(*tokens.Record) error) (tokens.Record, error) {
	m.once.Do(m.do)
	return m.Keeper.Change(ctx, id, change)
}

// TestHostile_revokeEndsASuccessorThatIsMadeMeanwhile: whoever revokes a token has not seen the successor.
func TestHostile_revokeEndsASuccessorThatIsMadeMeanwhile(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		var first, second tokens.Secret
		racing := &meanwhile{Keeper: store, do: func() {
			var next tokens.Record
			var err error
			if first, next, err = tokens.Rotate(t.Context(), store, record.ID, time.Hour); err != nil {
				t.Fatal(err)
			}
			if second, _, err = tokens.Rotate(t.Context(), store, next.ID, time.Hour); err != nil { // and its successor
				t.Fatal(err)
			}
		}}
		if _, err := tokens.Revoke(t.Context(), racing, record.ID); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []tokens.Secret{first, second} {
			if found, err := tokens.Verify(t.Context(), store, secret.Reveal()); err == nil {
				t.Errorf("a successor that was made while its token was revoked lives: %+v", found)
			}
		}
	})
}

// TestHostile_revokeLeavesASuccessorThatWasThere: rotation and then revocation of the old token is how one gets rid of it.
func TestHostile_revokeLeavesASuccessorThatWasThere(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		secret, next, err := tokens.Rotate(t.Context(), store, record.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if revoked, err := tokens.Revoke(t.Context(), store, record.ID); err != nil || revoked.Successor != next.ID {
			t.Errorf("Revoke = %+v, %v, want it to name the successor %s", revoked, err, next.ID)
		}
		if _, err := tokens.Verify(t.Context(), store, secret.Reveal()); err != nil {
			t.Errorf("Verify(the successor) = %v, want none", err)
		}
	})
}

// TestHostile_noSuccessorOfATokenThatIsRevokedMeanwhile tries the way of Keepers that change one record at a time.
func TestHostile_noSuccessorOfATokenThatIsRevokedMeanwhile(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		racing := &meanwhile{Keeper: store, do: func() {
			if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
				t.Fatal(err)
			}
		}}
		secret, _, err := tokens.Rotate(t.Context(), racing, record.ID, time.Hour)
		if err == nil || secret.Reveal() != "" || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("Rotate of a token that is revoked meanwhile = %v, want an error and no token", err)
		}
		for _, left := range living(t, store) {
			t.Errorf("after that a token lives: %+v", left)
		}
	})
}

func living(t *testing.T, store keeper) (list []tokens.Record) {
	t.Helper()
	all, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range all {
		if record.State(time.Now()) == tokens.Active {
			list = append(list, record)
		}
	}
	return list
}

// TestHostile_rotateAgainstRevoke has operators rotate and revoke a token at the same moment, and looks at what each was
// told and what is left. When all are done, a token that lives is a successor which was there when the token was revoked:
// whoever revoked it was told its name.
func TestHostile_rotateAgainstRevoke(t *testing.T) {
	forEach(t, func(t *testing.T, store keeper) {
		rotated, refused := 0, 0
		for round := range 40 {
			_, record := issue(t, store, tokens.Draft{Name: fmt.Sprintf("round %d", round)})
			var secrets [2]tokens.Secret
			var revoked [2]tokens.Record
			var operators sync.WaitGroup
			start := make(chan struct{})
			for i := range 2 {
				operators.Go(func() {
					<-start
					secrets[i], _, _ = tokens.Rotate(t.Context(), store, record.ID, time.Hour)
				})
				operators.Go(func() {
					<-start
					time.Sleep(time.Duration(round%8) * 50 * time.Microsecond) // no bound, only another moment each time
					var err error
					if revoked[i], err = tokens.Revoke(t.Context(), store, record.ID); err != nil {
						t.Errorf("Revoke = %v, want none", err)
					}
				})
			}
			close(start)
			operators.Wait()
			left := living(t, store)
			for _, secret := range secrets {
				if secret.Reveal() == "" {
					refused++
					continue
				}
				rotated++
				if _, err := tokens.Verify(t.Context(), store, secret.Reveal()); err == nil && len(left) == 0 {
					t.Errorf("round %d: a successor works that is not in the list", round)
				}
			}
			if len(left) > 1 {
				t.Fatalf("round %d: %d successors live, want 1 at most: %+v", round, len(left), left)
			}
			for _, successor := range left {
				for _, told := range revoked {
					if told.Successor != successor.ID {
						t.Fatalf("round %d: %s lives, and whoever revoked its token was told of %q", round, successor.ID, told.Successor)
					}
				}
				if _, err := tokens.Revoke(t.Context(), store, successor.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Logf("%d of %d rotations came first", rotated, rotated+refused)
	})
}

// TestHostile_rotationIsAllOrNothing has a database refuse one of the two changes that a rotation is.
func TestHostile_rotationIsAllOrNothing(t *testing.T) {
	for what, statement := range map[string]string{
		"the end of the old token": `ALTER TABLE jacinth_tokens ADD CONSTRAINT none CHECK (successor = '')`,
		"the new token":            `CREATE UNIQUE INDEX one ON jacinth_tokens (name)`,
	} {
		t.Run(what, func(t *testing.T) {
			forEachSQL(t, func(t *testing.T, store *tokens.SQL, db *sql.DB) {
				_, record := issue(t, store, tokens.Draft{Name: "n"})
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
				if secret, _, err := tokens.Rotate(t.Context(), store, record.ID, 0); err == nil || secret.Reveal() != "" {
					t.Errorf("Rotate where the database refuses %s = %v, want an error and no token", what, err)
				}
				if list, err := store.List(t.Context()); err != nil || len(list) != 1 || !same(list[0], record) {
					t.Errorf("after that there is %+v, %v, want the token as it was", list, err)
				}
			})
		})
	}
}
