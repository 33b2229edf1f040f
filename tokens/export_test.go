package tokens

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
)

// BeforeRename has do run when a new file is written and has not yet replaced the old one; its error is as one of the
// renaming.
func BeforeRename(f *File, do func() error) {
	f.disk.Rename = func(from, to string) error {
		if err := do(); err != nil {
			return err
		}
		return os.Rename(from, to)
	}
}

// BreakWrite makes the disk full after some bytes.
func BreakWrite(f *File, after int) {
	f.disk.Write = func(file *os.File, data []byte) error {
		if _, err := file.Write(data[:after]); err != nil {
			return err
		}
		return syscall.ENOSPC
	}
}

// LingerOnce has the next reading of a file do something when it has the bytes and not yet the records.
func LingerOnce(f *File, do func()) {
	var lingered atomic.Bool
	f.disk.Linger = func() {
		if !lingered.Swap(true) {
			do()
		}
	}
}

// WriteFile makes a file of many records at once.
func WriteFile(path string, records []Record) error {
	f, err := CreateFile(path)
	if err != nil {
		return err
	}
	return f.update(context.Background(), addition, func(all *book) error {
		for _, record := range records {
			if err := all.add(record); err != nil {
				return err
			}
		}
		return nil
	})
}

// OpenSmallFile opens a file that may have so many bytes.
func OpenSmallFile(path string, limit int) (*File, error) {
	f := newFile(path)
	f.disk.Limit = limit
	return f.open()
}
