package tokens_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/filelock"
	"github.com/jacinth-rpc/jacinth/tokens"
)

func newFile(tb testing.TB) (store *tokens.File, path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "tokens.json")
	store, err := tokens.CreateFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return store, path
}

func TestFile_isForItsOwnerAlone(t *testing.T) {
	store, path := newFile(t)
	issue(t, store, tokens.Draft{Name: "n"})
	for _, name := range []string{path, path + ".lock"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the mode of %s = %v, %v, want 0600", name, info.Mode(), err)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o602, 0o610, 0o666, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := tokens.OpenFile(path); err == nil || !strings.Contains(err.Error(), "chmod 0600") {
			t.Errorf("OpenFile of a file with mode %v = %v, want an error that names chmod 0600", mode, err)
		}
		if _, _, err := tokens.Issue(t.Context(), store, tokens.Draft{Name: "m"}); err == nil {
			t.Errorf("Issue into a file with mode %v = no error, want one", mode)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.OpenFile(path); err != nil {
		t.Errorf("OpenFile of a file with mode 0400 = %v, want none", err)
	}
}

func TestFile_openedToOthersIsNoFileAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newFile(t)
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := store.Lookup(t.Context(), record.ID); err == nil || errors.Is(err, tokens.ErrNotFound) {
			t.Errorf("Lookup = %v, want an error that is no answer", err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := store.Lookup(t.Context(), record.ID); err != nil {
			t.Errorf("Lookup once the mode is mended = %v, want none", err)
		}
	})
}

func TestFile_holdsNoSecret(t *testing.T) {
	store, path := newFile(t)
	secret, record := issue(t, store, tokens.Draft{Name: "n"})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), record.ID) || !strings.Contains(string(data), record.Hash.String()) {
		t.Errorf("the file lacks the id or the hash:\n%s", data)
	}
	if strings.Contains(string(data), secret.Reveal()[13:45]) {
		t.Errorf("the file holds the secret:\n%s", data)
	}
}

func TestFile_seesChangesOfOthersWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store, path := newFile(t)
		other, err := tokens.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, record := issue(t, other, tokens.Draft{Name: "n"})
		time.Sleep(time.Second)
		if _, err := store.Lookup(ctx, record.ID); err != nil {
			t.Errorf("Lookup of what another added = %v, want none", err)
		}
		if _, err := tokens.Revoke(ctx, other, record.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if found, err := store.Lookup(ctx, record.ID); err != nil || found.Revoked.IsZero() {
			t.Errorf("Lookup of what another revoked = %+v, %v, want it revoked", found, err)
		}
	})
}

func TestFile_editedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store, path := newFile(t)
		_, record := issue(t, store, tokens.Draft{Name: "before", Scopes: tokens.Scopes{"a.b"}})
		well, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		edit := func(data string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		text := string(well)
		edit(strings.Replace(text, `"before"`, `"after!"`, 1)) // of the same length
		if found, err := store.Lookup(ctx, record.ID); err != nil || found.Name != "after!" {
			t.Errorf("Lookup after an edit = %q, %v, want the new name", found.Name, err)
		}
		entry := text[strings.Index(text, "[")+1 : strings.LastIndex(text, "]")]
		for name, broken := range map[string]string{
			"empty":             "",
			"half written":      text[:len(text)/2],
			"an unknown member": strings.Replace(text, `"created"`, `"revokd": "2026-01-01T00:00:00Z", "created"`, 1),
			"no expiry":         strings.Replace(text, `"expires"`, `"not_before"`, 1),
			"no hash":           strings.Replace(text, record.Hash.String(), "", 1),
			"a short hash":      strings.Replace(text, record.Hash.String(), record.Hash.String()[:62], 1),
			"a hash of letters": strings.Replace(text, record.Hash.String(), strings.Repeat("x", 64), 1),
			"a wild scope":      strings.Replace(text, `"a.b"`, `"*"`, 1),
			"another format":    strings.Replace(text, `"format": 1`, `"format": 2`, 1),
			"no format":         strings.Replace(text, `"format": 1,`, ``, 1),
			"trailing data":     text + "{}",
			"data far behind":   text + strings.Repeat(" ", 4096) + "{}",
			"a record twice":    strings.Replace(text, entry, entry+","+entry, 1),
			"a bad id":          strings.Replace(text, record.ID, "root", 1),
			"a bad name":        strings.Replace(text, `"before"`, `"a\nb"`, 1),
			"a bad network":     strings.Replace(text, `"created"`, `"networks": ["10.1.2.3/8"], "created"`, 1),
			"a list":            `[]`,
			"null":              `null`,
		} {
			if broken == text {
				t.Fatalf("the case %q breaks nothing in\n%s", name, text)
			}
			edit(broken)
			if _, err := store.Lookup(ctx, record.ID); err == nil || errors.Is(err, tokens.ErrNotFound) {
				t.Errorf("Lookup in a file with %s = %v, want an error that is no answer", name, err)
			}
			if _, err := tokens.OpenFile(path); err == nil {
				t.Errorf("OpenFile of a file with %s = no error, want one", name)
			}
			if _, _, err := tokens.Issue(ctx, store, tokens.Draft{Name: "m"}); err == nil {
				t.Errorf("Issue into a file with %s = no error, want one", name)
			}
			if data, _ := os.ReadFile(path); string(data) != broken {
				t.Errorf("the file with %s was written over: it may have been all there was", name)
			}
		}
		edit(text)
		if _, err := store.Lookup(ctx, record.ID); err != nil {
			t.Errorf("Lookup once the file is mended = %v, want none", err)
		}
	})
}

func TestOpenFile_refusesHugeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 64<<20+1); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.OpenFile(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("OpenFile of a file of more than 64 MiB = %v, want an error that says so", err)
	}
}

func TestFile_gone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newFile(t)
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if _, err := store.Lookup(t.Context(), record.ID); err == nil || errors.Is(err, tokens.ErrNotFound) {
			t.Errorf("Lookup without a file = %v, want an error that is no answer", err)
		}
		if _, err := tokens.OpenFile(path); err == nil {
			t.Error("OpenFile without a file = no error, want one")
		}
		if _, err := tokens.OpenFile(filepath.Dir(path)); err == nil {
			t.Error("OpenFile of a directory = no error, want one")
		}
	})
}

func TestCreateFile_keepsWhatIsThere(t *testing.T) {
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	again, err := tokens.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Lookup(t.Context(), record.ID); err != nil {
		t.Errorf("Lookup after a second CreateFile = %v, want none", err)
	}
	if _, err := tokens.CreateFile(filepath.Join(t.TempDir(), "none", "tokens.json")); err == nil {
		t.Error("CreateFile in a directory that is not there = no error, want one")
	}
}

func TestFile_followsALink(t *testing.T) {
	store, path := newFile(t)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Skipf("this system has no links: %v", err)
	}
	linked, err := tokens.OpenFile(link)
	if err != nil {
		t.Fatal(err)
	}
	_, record := issue(t, linked, tokens.Draft{Name: "n"})
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v, want it to stay one", info.Mode(), err)
	}
	if _, err := tokens.Revoke(t.Context(), store, record.ID); err != nil {
		t.Errorf("Revoke by the path itself = %v, want none", err)
	}
}

func TestFile_writersTakeTurns(t *testing.T) {
	_, path := newFile(t)
	const writers, each = 4, 8
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			// Each with a File of its own, as separate processes have.
			store, err := tokens.OpenFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			for range each {
				_, record, err := tokens.Issue(context.Background(), store, tokens.Draft{Name: "n"})
				if err == nil {
					_, err = tokens.Revoke(context.Background(), store, record.ID)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	store, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	revoked := 0
	for _, record := range list {
		if !record.Revoked.IsZero() {
			revoked++
		}
	}
	if len(list) != writers*each || revoked != len(list) {
		t.Errorf("%d records, %d of them revoked, want %d of both: a writer undid what another wrote", len(list), revoked, writers*each)
	}
}

func TestFile_writerThatWaitsTooLong(t *testing.T) {
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n"})
	other, err := tokens.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, second := range []*tokens.File{store, other} {
		_, err := store.Change(t.Context(), record.ID, func(*tokens.Record) error {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := second.Change(ctx, record.ID, func(*tokens.Record) error { return nil }); err == nil {
				t.Error("a Change in the midst of another = no error, want one")
			}
			return nil
		})
		if err != nil {
			t.Errorf("Change = %v, want none", err)
		}
	}
}

func TestFile_writerWithoutADeadlineGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newFile(t)
		_, record := issue(t, store, tokens.Draft{Name: "n"})
		other, err := tokens.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		nothing := func(*tokens.Record) error { return nil }
		for _, second := range []*tokens.File{store, other} {
			_, err := store.Change(t.Context(), record.ID, func(*tokens.Record) error {
				_, err := second.Change(context.Background(), record.ID, nothing)
				return err
			})
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, filelock.ErrLocked) {
				t.Errorf("a Change in the midst of another = %v, want it to give up", err)
			}
		}
	})
}

func TestFile_contentIsPlainJSON(t *testing.T) {
	store, path := newFile(t)
	_, record := issue(t, store, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"a.*"}, Lifetime: tokens.Never})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		Format int              `json:"format"`
		Tokens []map[string]any `json:"tokens"`
	}
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	if content.Format != 1 || len(content.Tokens) != 1 {
		t.Fatalf("the file = %s, want format 1 and one token", data)
	}
	for member, want := range map[string]any{"id": record.ID, "name": "n", "expires": "9999-12-31T23:59:59Z", "hash": record.Hash.String()} {
		if got := content.Tokens[0][member]; got != want {
			t.Errorf("the member %s = %v, want %v", member, got, want)
		}
	}
	if len(content.Tokens[0]) != 6 {
		t.Errorf("the record = %v, want nothing but id, hash, name, scopes, created and expires", content.Tokens[0])
	}
}
