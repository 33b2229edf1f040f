package tokens_test

import (
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/tokens"
)

// TestHostile_revokeKnowsOfASuccessorThatAnotherProcessMade has one process rotate a token and another revoke it at once,
// before it has looked at the file again: the successor was there before, and stays.
func TestHostile_revokeKnowsOfASuccessorThatAnotherProcessMade(t *testing.T) {
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	other, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret, next, err := tokens.Rotate(t.Context(), other, record.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if revoked, err := tokens.Revoke(t.Context(), store, record.ID); err != nil || revoked.Successor != next.ID {
		t.Errorf("Revoke = %+v, %v, want it to name %s", revoked, err, next.ID)
	}
	if _, err := tokens.Verify(t.Context(), store, secret.Reveal()); err != nil {
		t.Errorf("Verify(the successor) = %v, want none", err)
	}
}

// TestHostile_rotateLooksAtTheTokenAsItIs has one process revoke a token and another rotate it at once.
func TestHostile_rotateLooksAtTheTokenAsItIs(t *testing.T) {
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	other, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Revoke(t.Context(), other, record.ID); err != nil {
		t.Fatal(err)
	}
	if secret, _, err := tokens.Rotate(t.Context(), store, record.ID, time.Hour); err == nil || secret.Reveal() != "" {
		t.Errorf("Rotate of a token that another process revoked = %v, want an error and no token", err)
	}
}
