package develop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	quiet    = 100 * time.Millisecond // without a change, until several are taken for one
	patience = 2 * time.Second        // until changes that do not end are taken for one
)

// watcher tells of changes of the source of a program: of all folders of its module, new ones too, and of its packages
// elsewhere.
type watcher struct {
	notify *fsnotify.Watcher
	done   sync.WaitGroup

	changes chan []string // names of files, of one or several changes; sent when they are read

	mu      sync.Mutex
	program *program
}

// watch begins to watch. The watcher must be closed.
func watch(p *program) (*watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, explainWatch(err)
	}
	w := &watcher{notify: notify, changes: make(chan []string)}
	if err := w.update(p); err != nil {
		_ = notify.Close()
		return nil, err
	}
	w.done.Go(w.run)
	return w, nil
}

func (w *watcher) close() {
	_ = w.notify.Close()
	w.done.Wait()
}

// update watches what the program is made of now.
func (w *watcher) update(p *program) error {
	w.mu.Lock()
	w.program = p
	w.mu.Unlock()
	if err := w.tree(p.root, nil); err != nil {
		return err
	}
	for _, dir := range slices.Concat(p.dirs, p.others) {
		if err := w.notify.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return explainWatch(err)
		}
	}
	return nil
}

// current is the program as it was last known.
func (w *watcher) current() *program {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.program
}

// tree watches a folder and those below it, and passes the files in them to found, which may be nil.
func (w *watcher) tree(root string, found func(name string)) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return nil // gone already, or nothing that the go command could read
		case err != nil:
			return err
		case !entry.IsDir():
			if found != nil {
				found(name)
			}
			return nil
		case name != root && isForeign(name):
			return fs.SkipDir
		}
		if err := w.notify.Add(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return explainWatch(err)
		}
		return nil
	})
}

// isForeign reports whether a folder holds nothing that the go command builds the module from. What is embedded from it
// is watched all the same.
func isForeign(dir string) bool {
	base := filepath.Base(dir)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "node_modules" || base == "testdata" || base == "vendor" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil // another module
}

// run gathers events until the watcher is closed.
func (w *watcher) run() {
	var changed []string
	settled, overdue := stopped(), stopped()
	defer settled.Stop()
	defer overdue.Stop()
	var out chan []string // nil until the changes are ready to be sent
	for {
		select {
		case event, open := <-w.notify.Events:
			if !open {
				return
			}
			names := w.read(event)
			if len(names) == 0 {
				continue
			}
			if len(changed) == 0 {
				overdue.Reset(patience)
			}
			changed = append(changed, names...)
			settled.Reset(quiet)
		case err, open := <-w.notify.Errors:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) { // something has changed, and nobody knows what
				changed = append(changed, w.current().root)
				settled.Reset(quiet)
			}
		case <-settled.C:
			out = w.changes
		case <-overdue.C:
			out = w.changes
		case out <- unique(changed):
			changed, out = nil, nil
			settled.Stop()
			overdue.Stop()
		}
	}
}

// stopped is a timer that does not run yet.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// unique returns the names without repetitions.
func unique(names []string) []string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// read returns the files that an event is about, as far as they matter.
func (w *watcher) read(event fsnotify.Event) []string {
	if event.Op == fsnotify.Chmod {
		return nil
	}
	p := w.current()
	var names []string
	take := func(name string) {
		if p.matters(name) {
			names = append(names, name)
		}
	}
	take(event.Name)
	if event.Has(fsnotify.Create) {
		// What was put into a new folder before it was watched made no event.
		if info, err := os.Lstat(event.Name); err == nil && info.IsDir() && !isForeign(event.Name) {
			_ = w.tree(event.Name, take)
		}
	}
	if len(names) == 0 && event.Has(fsnotify.Remove|fsnotify.Rename) && w.isPackage(event.Name) {
		names = append(names, event.Name)
	}
	return names
}

// isPackage reports whether a folder, which may be gone, has a package of the program.
func (w *watcher) isPackage(dir string) bool { return slices.Contains(w.current().dirs, dir) }

// explainWatch says what to do about the limits of the system.
func explainWatch(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return errors.New("there are more folders than this system watches: raise fs.inotify.max_user_watches")
	case errors.Is(err, syscall.EMFILE):
		return errors.New("too many programs watch files on this system: raise fs.inotify.max_user_instances")
	}
	return fmt.Errorf("the source cannot be watched: %w", err)
}
