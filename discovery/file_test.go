package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/discovery"
)

func newFile(t *testing.T) jacinth.Registry {
	return openFile(t, filepath.Join(t.TempDir(), "services.json"))
}

func openFile(t *testing.T, path string) *discovery.File {
	t.Helper()
	file, err := discovery.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	// As an editor or a person with any sense does it, and so that two files of one size and time are told apart.
	next := path + ".test"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func TestFile_isSharedByProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		one, two := openFile(t, path), openFile(t, path) // each knows of the other what is in the file
		watch := follow(t, two, "*")
		a := register(t, one, instance("billing", "a"))
		b := register(t, two, instance("billing", "b"))
		pass(seen)
		watch.wants(t, "after both registered", "billing/a billing/b")
		closeLease(t, a)
		pass(seen)
		watch.wants(t, "after a left", "billing/b")
		closeLease(t, b)
	})
}

func TestFile_forgetsWhoDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		file := openFile(t, path)
		lease := register(t, file, instance("billing", "a"))
		pass(time.Minute)
		alive, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		closeLease(t, lease)
		writeFile(t, path, string(alive)) // as a process leaves it that is killed now

		early := follow(t, file, "billing")
		pass(8 * time.Second)
		early.wants(t, "8 to 14 s after its last beat", "billing/a")
		pass(6 * time.Second)
		late := follow(t, openFile(t, path), "billing") // who can only believe the time in the file
		pass(seen + time.Second)
		early.wants(t, "17 to 23 s after its last beat", "")
		late.wants(t, "to somebody who came late", "")

		other := register(t, file, instance("orders", "o"))
		content, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(content), "billing") {
			t.Errorf("whoever writes next keeps the dead: %s, %v", content, err)
		}
		closeLease(t, other)
	})
}

func TestFile_believesNoClockButItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		watch := follow(t, openFile(t, path), "billing")
		write := func(beat time.Time) {
			writeFile(t, path, fmt.Sprintf(`{"format":1,"instances":[
				{"id":"a","service":"billing","url":"http://a.test/api","epoch":1,"beat":%q}]}`, beat.Format(time.RFC3339Nano)))
			pass(5 * time.Second)
		}
		write(time.Now())
		for i := range 10 { // the clock of the writer is an hour slow, then an hour fast
			write(time.Now().Add(-time.Hour))
			watch.wants(t, fmt.Sprint("slow, beat ", i), "billing/a")
		}
		for i := range 10 {
			write(time.Now().Add(time.Hour))
			watch.wants(t, fmt.Sprint("fast, beat ", i), "billing/a")
		}
		pass(12 * time.Second)
		watch.wants(t, "after its last beat, which says that it is to come in an hour", "")

		// To somebody who comes now, it can only be as it says, and that is not for ever.
		late := follow(t, openFile(t, path), "billing")
		pass(seen)
		late.wants(t, "at first", "billing/a")
		pass(15 * time.Second)
		late.wants(t, "after a TTL", "")
	})
}

// TestFile_keepsWhomItsWriterHasNotMissed holds that whoever comes after a jump of the clock leaves in the file those that
// others know to be alive.
func TestFile_keepsWhomItsWriterHasNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		beat := time.Now().Add(-time.Hour) // by a clock that was an hour slow, just now
		writeFile(t, path, fmt.Sprintf(`{"format":1,"instances":[
			{"id":"a","service":"billing","url":"http://a.test/api","epoch":1,"beat":%q}]}`, beat.Format(time.RFC3339Nano)))
		kept := func() bool {
			content, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(content), "http://a.test/api")
		}
		lease := register(t, openFile(t, path), instance("orders", "o"))
		if !kept() {
			t.Error("whoever came after the clock had jumped took out an instance that may be alive")
		}
		pass(25 * time.Second)
		if kept() {
			t.Error("whoever saw no beat for a TTL keeps the dead")
		}
		closeLease(t, lease)
	})
}

func TestFile_isWrittenByPeopleToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		writeFile(t, path, `{"format":1,"instances":[{"service":"billing","url":"http://10.0.0.7:8000/api"}]}`)
		file := openFile(t, path)
		watch := follow(t, file, "billing")
		pass(time.Hour)
		watch.wants(t, "an hour later", "billing/http://10.0.0.7:8000/api")
		lease := register(t, file, instance("billing", "a"))
		pass(seen)
		watch.wants(t, "after somebody registered", "billing/a billing/http://10.0.0.7:8000/api")
		closeLease(t, lease)
		pass(seen)
		watch.wants(t, "after it left", "billing/http://10.0.0.7:8000/api")

		writeFile(t, path, `{"format":1,"instances":[{"service":"billing","url":"http://10.0.0.8:8000/api","ready":false},`)
		pass(seen)
		watch.wants(t, "while the file is broken", "billing/http://10.0.0.7:8000/api")
		if len(watch.errors()) != 1 {
			t.Errorf("%d errors were seen, want one", len(watch.errors()))
		}
		if _, err := file.Register(t.Context(), instance("billing", "a")); err == nil {
			t.Error("Register made a new file of one that is broken")
		}
		count := watch.count()
		writeFile(t, path, `{"format":1,"instances":[{"service":"billing","url":"http://10.0.0.7:8000/api"}]}`)
		pass(seen)
		if watch.count() != count+1 {
			t.Error("no set was seen after the file was mended, so that nobody knows that the error is over")
		}
		writeFile(t, path, "")
		pass(seen)
		watch.wants(t, "when the file is empty", "")
	})
}

func TestFile_beatsAgainWhenItCouldNot(t *testing.T) {
	log := record(t)
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		file := openFile(t, path)
		lease := register(t, file, instance("billing", "a"))
		writeFile(t, path, "broken")
		pass(time.Minute)
		log.wants(t, "while the file is broken", "does not hear")
		writeFile(t, path, `{"format":1,"instances":[]}`)
		pass(7 * time.Second)
		watch := follow(t, file, "billing")
		pass(seen)
		watch.wants(t, "after the file was mended", "billing/a")
		log.wants(t, "after the file was mended", "hears of the instance again")
		closeLease(t, lease)
	})
}

func TestOpenFile_saysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "services.json")
	for content, word := range map[string]string{
		`[]`:                        "cannot be read as JSON",
		`{"format":2}`:              "its format is 2",
		`{}`:                        "its format is 0",
		`{"format":1}{}`:            "something follows its end",
		`{"format":1,"instence":1}`: "instence",
		`{"format":1,"instances":[{"service":"a","url":"a"}]}`:                                                   "instance 1",
		`{"format":1,"instances":[{"service":"a","url":"http://a.test"},{"service":"a","url":"http://a.test"}]}`: "twice",
		`{"format":1,"instances":[{"service":"a","url":"http://a.test/` + strings.Repeat("a", 200) + `"}]}`:      "needs an id",
		strings.Repeat(" ", 9<<20): "larger than",
	} {
		writeFile(t, path, content)
		_, err := discovery.OpenFile(path)
		mentions(t, "OpenFile of "+content[:min(len(content), 80)], err, path, word)
	}
	writeFile(t, path, `{"format":1}`)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := discovery.OpenFile(path)
	mentions(t, "OpenFile of what everybody may write", err, "chmod o-w")
	_, err = discovery.OpenFile(folder)
	mentions(t, "OpenFile of a folder", err, "not a regular file")
	_, err = discovery.OpenFile(filepath.Join(folder, "none", "services.json"))
	mentions(t, "OpenFile in no folder", err, "its folder is not there")
}

func TestOpen_file(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for _, url := range []string{"file:" + folder + "/a.json", "file://" + folder + "/a.json", "file:a.json"} {
		registry, err := discovery.Open(t.Context(), url)
		if err != nil {
			t.Fatalf("Open(%q) = %v", url, err)
		}
		lease := register(t, registry, instance("billing", "a"))
		if _, err := os.Stat(filepath.Join(folder, "a.json")); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		closeLease(t, lease)
	}
}

// TestFile_processes has real processes register, be killed and write at the same time.
func TestFile_processes(t *testing.T) {
	if path := os.Getenv("DISCOVERY_CHILD"); path != "" {
		child(t, path)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "services.json")
	const count = 4
	var all sync.WaitGroup
	children := make([]*exec.Cmd, count)
	for i := range count {
		children[i] = exec.CommandContext(t.Context(), program, "-test.run=^TestFile_processes$")
		children[i].Env = append(os.Environ(), "DISCOVERY_CHILD="+path, fmt.Sprint("DISCOVERY_ID=", i))
		if err := children[i].Start(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() { _ = children[i].Wait() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	want := "billing/0 billing/1 billing/2 billing/3"
	for set, err := range openFile(t, path).Watch(ctx, "billing") {
		if err != nil {
			t.Fatalf("a writer left the file broken: %v", err)
		}
		if show(set) == want {
			break
		}
	}
	if ctx.Err() != nil {
		t.Errorf("not all of the processes were seen")
	}
	for _, process := range children {
		_ = process.Process.Kill()
	}
	all.Wait()
	if _, err := discovery.OpenFile(path); err != nil {
		t.Errorf("after all writers were killed: %v", err)
	}
}

// child registers and writes as often as it can until it is killed.
func child(t *testing.T, path string) {
	lease := register(t, openFile(t, path), instance("billing", os.Getenv("DISCOVERY_ID")))
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if err := lease.Ready(t.Context(), true); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

// TestFile_isNotFilledByTheDead holds that processes which all die before they could miss anybody do not fill the file.
func TestFile_isNotFilledByTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		var dead []string
		for i := range 1001 {
			dead = append(dead, fmt.Sprintf(`{"id":"%d","service":"billing","url":"http://a.test/api","epoch":1,"beat":%q}`,
				i, time.Now().Add(-time.Minute).Format(time.RFC3339)))
		}
		writeFile(t, path, `{"format":1,"instances":[`+strings.Join(dead, ",")+`]}`)
		lease := register(t, openFile(t, path), instance("orders", "o"))
		content, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(content), "billing") {
			t.Errorf("the file keeps a thousand dead: %d bytes, %v", len(content), err)
		}
		closeLease(t, lease)
	})
}
