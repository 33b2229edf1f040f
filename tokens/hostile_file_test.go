package tokens_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/tokens"
)

const smallFile = 64 << 10 // bytes; what a full file is like does not depend on how large it is

// fullFile returns a file into which no token goes any more, and those that went.
func fullFile(t *testing.T, draft tokens.Draft) (store *tokens.File, path string, records []tokens.Record) {
	t.Helper()
	_, path = newFile(t)
	store = reopen(t, path)
	for {
		_, record, err := tokens.Issue(t.Context(), store, draft)
		if err != nil {
			for _, word := range []string{"is full", "stays as it was", "revoke", "database"} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("Issue into a full file = %v, want it to say %q", err, word)
				}
			}
			return store, path, records
		}
		records = append(records, record)
		if len(records) > smallFile/100 {
			t.Fatalf("%d tokens went into %d bytes", len(records), smallFile)
		}
	}
}

// reopen reads a file anew, as a service does that starts: a file that was written can be read.
func reopen(t *testing.T, path string) *tokens.File {
	t.Helper()
	store, err := tokens.OpenSmallFile(path, smallFile)
	if err != nil {
		t.Fatalf("a file that was written cannot be read: %v", err)
	}
	return store
}

// TestHostile_noFileIsWrittenThatWouldNotBeRead fills a file and then does to it all that makes records longer.
func TestHostile_noFileIsWrittenThatWouldNotBeRead(t *testing.T) {
	store, path, records := fullFile(t, tokens.Draft{Name: `"caller" & <co>`, Scopes: tokens.Scopes{"invoice.*"}})
	t.Logf("%d tokens went into %d bytes", len(records), smallFile)
	used := map[string]time.Time{}
	for _, record := range records {
		used[record.ID] = time.Now()
	}
	if err := store.Touch(t.Context(), used); err != nil {
		t.Errorf("Touch of all tokens of a full file = %v, want none", err)
	}
	reopen(t, path)
	for i := range 5 {
		secret, next, err := tokens.Rotate(t.Context(), store, records[i].ID, time.Hour)
		if err != nil {
			t.Fatalf("Rotate in a full file = %v, want none", err)
		}
		if _, err := tokens.Verify(t.Context(), reopen(t, path), secret.Reveal()); err != nil {
			t.Errorf("Verify of the successor %s = %v, want none", next.ID, err)
		}
	}
	for _, record := range records {
		if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
			t.Fatalf("Revoke in a full file = %v, want none", err)
		}
	}
	again := reopen(t, path)
	for _, record := range records {
		if found, err := again.Lookup(t.Context(), record.ID); err != nil || found.State(time.Now()) != tokens.Revoked {
			t.Fatalf("Lookup of what was revoked = %+v, %v, want it revoked", found, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > smallFile {
		t.Errorf("the file has %d bytes, %v, want %d at most", info.Size(), err, smallFile)
	}
}

// TestHostile_endedTokensMakeRoom: a file is not full of tokens that nobody can use.
func TestHostile_endedTokensMakeRoom(t *testing.T) {
	store, path, records := fullFile(t, tokens.Draft{Name: "caller"})
	for i := 9; i >= 0; i-- {
		if _, err := tokens.Revoke(t.Context(), store, records[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	fresh := map[string]bool{}
	for range 5 {
		_, record, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: "fresh"})
		if err != nil {
			t.Fatalf("Issue into a full file of which ten tokens are revoked = %v, want none", err)
		}
		fresh[record.ID] = true
	}
	list, err := reopen(t, path).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	living := 0
	for _, record := range list {
		if record.Revoked.IsZero() {
			living++
		}
		delete(fresh, record.ID)
	}
	if living != len(records)-10+5 || len(fresh) > 0 {
		t.Errorf("%d tokens live, and %d of 5 new ones are missing; want %d and 0", living, len(fresh), len(records)-5)
	}
}

// TestHostile_anyTokenOfABrimmingFileCanBeRevoked: a person who fills a file to its last byte can still revoke.
func TestHostile_anyTokenOfABrimmingFileCanBeRevoked(t *testing.T) {
	_, path, records := fullFile(t, tokens.Draft{Name: "caller"})
	var content struct {
		Format int             `json:"format"`
		Tokens []tokens.Record `json:"tokens"`
	}
	content.Format, content.Tokens = 1, records
	for i := 0; ; i++ {
		more := records[0]
		more.ID = fmt.Sprintf("jcn_%08d", i)
		content.Tokens = append(content.Tokens, more)
		data, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > smallFile {
			break
		}
		data = append(data, strings.Repeat(" ", smallFile-len(data))...)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content.Tokens = content.Tokens[:len(content.Tokens)-1]
	store := reopen(t, path)
	for _, record := range content.Tokens[:20] {
		if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
			t.Fatalf("Revoke = %v, want none", err)
		}
		if found, err := reopen(t, path).Lookup(t.Context(), record.ID); err == nil && found.Revoked.IsZero() {
			t.Fatalf("Lookup of what was revoked = %+v, want it revoked or gone", found)
		}
	}
}

// TestHostile_garbageBehindAFileIsAFault wherever it lies.
func TestHostile_garbageBehindAFileIsAFault(t *testing.T) {
	store, path := newFile(t)
	issue(t, store, tokens.Draft{Name: "n"})
	well, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, spaces := range []int{0, 1, 511, 512, 1000, 4096, 1 << 20} {
		for _, garbage := range []string{"x", `{"format":1,"tokens":[]}`} {
			if err := os.WriteFile(path, []byte(string(well)+strings.Repeat(" ", spaces)+garbage), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := tokens.OpenFile(path); err == nil || !strings.Contains(err.Error(), "follows its end") {
				t.Errorf("OpenFile with %q behind %d spaces = %v, want that something follows", garbage, spaces, err)
			}
		}
	}
}
