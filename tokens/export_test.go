package tokens

import (
	"context"
	"os"
	"syscall"
)

// BeforeRename has do run when a new file is written and has not yet replaced the old one; its error is as one of the
// renaming.
func BeforeRename(f *File, do func() error) {
	f.rename = func(from, to string) error {
		if err := do(); err != nil {
			return err
		}
		return os.Rename(from, to)
	}
}

// BreakWrite makes the disk full after some bytes.
func BreakWrite(f *File, after int) {
	f.write = func(file *os.File, data []byte) error {
		if _, err := file.Write(data[:after]); err != nil {
			return err
		}
		return syscall.ENOSPC
	}
}

// WriteFile makes a file of many records at once.
func WriteFile(path string, records []Record) error {
	f, err := CreateFile(path)
	if err != nil {
		return err
	}
	return f.update(context.Background(), func(all *book) error {
		for _, record := range records {
			if err := all.add(record); err != nil {
				return err
			}
		}
		return nil
	})
}
