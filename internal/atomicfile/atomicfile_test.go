package atomicfile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
	"github.com/jacinth-rpc/jacinth/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

// document is what the tests keep in a file.
type document struct {
	Format int      `json:"format"`
	Words  []string `json:"words,omitempty"`
}

const limit = 1000

func newFile(t *testing.T, private bool) *atomicfile.File {
	t.Helper()
	return atomicfile.New(atomicfile.File{
		Path: filepath.Join(t.TempDir(), "document.json"), Noun: "the file of words", Limit: limit, Patience: time.Second, Private: private,
	})
}

func decode(data []byte) error { return atomicfile.Decode(data, new(document)) }

// replace writes a document as users of the package do.
func replace(f *atomicfile.File, words ...string) error {
	data, err := atomicfile.Encode(&document{Format: 1, Words: words}, 10*limit)
	if err != nil {
		return err
	}
	_, err = f.Replace(data, decode)
	return err
}

func content(t *testing.T, f *atomicfile.File) string {
	t.Helper()
	data, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReplace_isWhatReadGivesBack(t *testing.T) {
	f := newFile(t, true)
	if _, _, err := f.Read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing = %v, want %v", err, fs.ErrNotExist)
	}
	for _, words := range [][]string{{"a & b", "<c>"}, nil, {strings.Repeat("x", limit-60)}} {
		data, err := atomicfile.Encode(&document{Format: 1, Words: words}, limit)
		if err != nil {
			t.Fatal(err)
		}
		written, err := f.Replace(data, decode)
		if err != nil {
			t.Fatal(err)
		}
		back, info, err := f.Read()
		if err != nil || string(back) != string(data) || !atomicfile.Same(info, written) {
			t.Errorf("Read = %q, %v, want %q of the file that was written", back, err, data)
		}
	}
}

func TestReplace_refusesWhatWouldNotBeRead(t *testing.T) {
	f := newFile(t, true)
	if err := replace(f, "before"); err != nil {
		t.Fatal(err)
	}
	before := content(t, f)
	if err := replace(f, strings.Repeat("x", limit)); !errors.Is(err, atomicfile.ErrTooLarge) || !strings.Contains(err.Error(), "stays as it was") {
		t.Errorf("Replace by too much = %v, want %v and that the file stays", err, atomicfile.ErrTooLarge)
	}
	for _, bad := range []string{`{"format":1}{}`, `{"format":1,"wrds":[]}`, `{"format":1`, ``} {
		if _, err := f.Replace([]byte(bad), decode); err == nil || !strings.Contains(err.Error(), "stays as it was") {
			t.Errorf("Replace by %q = %v, want that the file stays", bad, err)
		}
	}
	if after := content(t, f); after != before {
		t.Errorf("the file is %q, want it as it was: %q", after, before)
	}
	if _, err := os.Stat(f.Path + ".new"); !os.IsNotExist(err) {
		t.Errorf("a new file was begun: %v", err)
	}
}

func TestReplace_thatFailsLeavesTheOldFile(t *testing.T) {
	for name, spoil := range map[string]func(*atomicfile.File){
		"a full disk": func(f *atomicfile.File) {
			f.Write = func(file *os.File, data []byte) error {
				_, err := file.Write(data[:len(data)/2])
				return errors.Join(syscall.ENOSPC, err)
			}
		},
		"a renaming that fails": func(f *atomicfile.File) { f.Rename = func(string, string) error { return syscall.EIO } },
	} {
		f := newFile(t, false)
		if err := replace(f, "before"); err != nil {
			t.Fatal(err)
		}
		before := content(t, f)
		spoil(f)
		if err := replace(f, "after"); err == nil || !strings.Contains(err.Error(), "the file of words "+f.Path) {
			t.Errorf("Replace with %s = %v, want an error that names the file", name, err)
		}
		if after := content(t, f); after != before {
			t.Errorf("with %s the file is %q, want %q", name, after, before)
		}
		if _, err := os.Stat(f.Path + ".new"); !os.IsNotExist(err) {
			t.Errorf("%s leaves a new file behind: %v", name, err)
		}
	}
}

func TestReplace_keepsTheMode(t *testing.T) {
	for _, test := range []struct {
		private   bool
		old, want fs.FileMode
	}{
		{true, 0o600, 0o600}, {true, 0o400, 0o600}, {false, 0o644, 0o644}, {false, 0o664, 0o664}, {false, 0o600, 0o600},
	} {
		f := newFile(t, test.private)
		if err := replace(f); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(f.Path, test.old); err != nil {
			t.Fatal(err)
		}
		if err := replace(f, "after"); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != test.want {
			t.Errorf("private %v: the mode %04o became %04o, %v, want %04o", test.private, test.old, info.Mode().Perm(), err, test.want)
		}
	}
}

func TestReplace_passesOverWhatAKilledWriterLeft(t *testing.T) {
	f := newFile(t, true)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, f.Path+".new"); err != nil {
		t.Skip(err)
	}
	if err := replace(f, "after"); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(victim); err != nil || string(data) != "precious" {
		t.Errorf("a link in the place of the new file was followed: %q, %v", data, err)
	}
}

func TestRead_refusesFilesThatAreOpenToOthers(t *testing.T) {
	for _, private := range []bool{true, false} {
		f := newFile(t, private)
		if err := replace(f); err != nil {
			t.Fatal(err)
		}
		for mode, word := range map[fs.FileMode]string{0o600: "", 0o400: "", 0o640: "chmod 0600", 0o604: "chmod 0600", 0o666: "chmod"} {
			if err := os.Chmod(f.Path, mode); err != nil {
				t.Fatal(err)
			}
			isOpen := private && word != "" || mode == 0o666
			if _, _, err := f.Read(); isOpen != (err != nil) || isOpen && !strings.Contains(err.Error(), "chmod") {
				t.Errorf("private %v: Read of a file with mode %04o = %v, want an error: %v", private, mode, err, isOpen)
			}
		}
	}
}

func TestRead_isBounded(t *testing.T) {
	f := newFile(t, false)
	for size, want := range map[int64]string{limit: "", limit + 1: "larger than 1000 bytes", 1 << 40: "larger than 1000 bytes"} {
		if err := os.WriteFile(f.Path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(f.Path, size); err != nil {
			t.Skipf("a file of %d bytes cannot be made: %v", size, err)
		}
		_, _, err := f.Read()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Read of %d bytes = %v, want %q", size, err, want)
		}
	}
	if err := os.Remove(f.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(f.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Read(); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Read of a folder = %v, want that it is no file", err)
	}
}

func TestLock_isOfOneAtATime(t *testing.T) {
	f := newFile(t, true)
	again := atomicfile.New(*f) // as another process has it
	unlock, err := f.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []*atomicfile.File{f, again} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := other.Lock(ctx); err == nil || !strings.Contains(err.Error(), "cannot be changed now") {
			t.Errorf("Lock of what is locked = %v, want that it cannot be changed now", err)
		}
	}
	unlock()
	for _, other := range []*atomicfile.File{f, again} {
		unlock, err := other.Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	}
}

// TestDecode_readsToTheEnd: whatever follows a document, and however far behind it, is a fault.
func TestDecode_readsToTheEnd(t *testing.T) {
	well := `{"format":1,"words":["a"]}`
	for _, space := range []string{"", " ", "\n\t\r ", strings.Repeat(" ", 1000), strings.Repeat("\n", 100_000)} {
		if err := decode([]byte(space + well + space)); err != nil {
			t.Errorf("Decode with %d spaces around = %v, want none", len(space), err)
		}
		for _, garbage := range []string{"x", "{}", "null", "0", ",", "}", "\x00", "\ufeff", "//"} {
			if err := decode([]byte(well + space + garbage)); err == nil || !strings.Contains(err.Error(), "follows its end") {
				t.Errorf("Decode with %q behind %d spaces = %v, want that something follows", garbage, len(space), err)
			}
		}
	}
}

func TestDecode_isStrict(t *testing.T) {
	for _, bad := range []string{
		`{"format":1,"Words":[]}`, `{"FORMAT":1}`, `{"format":1,"format":2}`, `{"format":1,"word":[]}`,
		`{"format":1,"words":["` + "\xff" + `"]}`, `{"format":"1"}`, `[]`, `{"format":1,}`, `{"format":1`, ``,
	} {
		if err := decode([]byte(bad)); err == nil || strings.Contains(err.Error(), "follows") {
			t.Errorf("Decode(%q) = %v, want that it cannot be read", bad, err)
		}
	}
	if err := decode([]byte(`{"format":1,"words":["a",2]}`)); err == nil || !strings.Contains(err.Error(), "/words/1") {
		t.Errorf("Decode = %v, want it to name the place", err)
	}
}

func TestEncode_isBounded(t *testing.T) {
	long := &document{Words: []string{strings.Repeat("x", 100)}}
	for name, encode := range map[string]func(any, int) ([]byte, error){"with indents": atomicfile.Encode, "compact": atomicfile.EncodeCompact} {
		whole, err := encode(long, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := encode(long, len(whole)); err != nil || string(data) != string(whole) {
			t.Errorf("%s: Encode of what just fits = %q, %v, want it", name, data, err)
		}
		if _, err := encode(long, len(whole)-1); !errors.Is(err, atomicfile.ErrTooLarge) {
			t.Errorf("%s: Encode of one byte too much = %v, want %v", name, err, atomicfile.ErrTooLarge)
		}
	}
}
