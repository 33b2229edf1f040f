package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
)

const fileFormat = 1

// fileContent is what a File looks like inside.
type fileContent struct {
	Format int      `json:"format"`
	Tokens []Record `json:"tokens"`
}

// decodeFile is strict: a "revokd" that is passed over would let a token live.
func decodeFile(data []byte) (book, error) {
	var content fileContent
	if err := atomicfile.Decode(data, &content); err != nil {
		return nil, err
	}
	if content.Format != fileFormat {
		return nil, fmt.Errorf("its format is %d, and only %d is known here: was it written by a newer version?",
			content.Format, fileFormat)
	}
	return newBook(content.Tokens)
}

// purpose is what a file is changed for, and says how full it may become.
type purpose int

const (
	addition   purpose = iota // leaves some room to rotations
	rotation                  // may have all room but what the records in the file still need
	alteration                // may have that too
)

// rotations is the part of a file that new tokens leave to the successors of those that are there.
const rotations = 16

// The bytes that a record may still grow by, with the indents before them.
const (
	growRevoked   = len("\n\t\t\t" + `"revoked": "2006-01-02T15:04:05Z",`)
	growLastUsed  = len("\n\t\t\t" + `"last_used": "2006-01-02T15:04:05Z",`)
	growSuccessor = len("\n\t\t\t"+`"successor": "",`) + maxID
)

// growth is how many bytes r may still grow by when it is revoked, used and rotated.
func (r *Record) growth() int {
	bytes := 0
	if r.Revoked.IsZero() {
		bytes += growRevoked
	}
	if r.LastUsed.IsZero() {
		bytes += growLastUsed
	}
	if r.Successor == "" {
		bytes += growSuccessor
	}
	return bytes
}

// growth is that of all records.
func (b book) growth() int {
	bytes := 0
	for i := range b {
		bytes += b[i].record.growth()
	}
	return bytes
}

// room is how many bytes a file may have that is changed for a purpose, when each record is as large as it can become.
// One that was fuller before, because a person wrote it, may stay as full.
func (f *File) room(purpose purpose, before *snapshot) int {
	switch purpose {
	case addition:
		return f.disk.Limit - f.disk.Limit/rotations
	case rotation:
		return f.disk.Limit
	}
	return max(f.disk.Limit, int(before.info.Size())+before.records.growth())
}

// write replaces the file, and has f know what is in it. The lock is held.
func (f *File) write(records book, room int) error {
	data, err := f.encode(records, room)
	if err != nil {
		return err
	}
	var written book
	info, err := f.disk.Replace(data, func(data []byte) (err error) {
		written, err = decodeFile(data)
		return err
	})
	if err != nil {
		return err
	}
	f.current.Store(&snapshot{checked: time.Now(), info: info, records: written})
	return nil
}

// encode writes records as a file has them: with indents if there is room for that, and without those that ended if
// there is not even room without.
func (f *File) encode(records book, room int) ([]byte, error) {
	data, over, err := f.fit(records, room, atomicfile.Encode)
	if over > 0 {
		data, over, err = f.fit(records, room, atomicfile.EncodeCompact)
	}
	if over > 0 {
		records = records.withoutEnded(over, time.Now())
		data, over, err = f.fit(records, room, atomicfile.EncodeCompact)
	}
	if over > 0 {
		return nil, fmt.Errorf("the file of tokens %s is full and stays as it was: it may have %d bytes, and none of the "+
			"%d tokens in it has ended: revoke some that nobody needs, or keep tokens in a database, such as sqlite:tokens.db",
			f.disk.Path, f.disk.Limit, len(records))
	}
	return data, err
}

// fit encodes records, or says how many bytes they are over.
func (f *File) fit(records book, room int, encode func(document any, limit int) ([]byte, error)) (data []byte, over int, err error) {
	const beyond = 4 // times what may be written, so that it is known how much is too much
	data, err = encode(&fileContent{Format: fileFormat, Tokens: records.list()}, beyond*f.disk.Limit)
	if errors.Is(err, atomicfile.ErrTooLarge) {
		return nil, beyond * f.disk.Limit, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("the records cannot be written: %w", err)
	}
	return data, max(0, len(data)-f.disk.Limit, len(data)+records.growth()-room), nil
}

// withoutEnded leaves out records of tokens that ended, those first that ended first, until that saves some bytes.
func (b book) withoutEnded(bytes int, now time.Time) book {
	var ended []*Record
	for i := range b {
		if state := b[i].record.State(now); state == Revoked || state == Expired {
			ended = append(ended, b[i].record)
		}
	}
	slices.SortFunc(ended, func(x, y *Record) int { return cmp.Or(x.ended().Compare(y.ended()), cmp.Compare(x.ID, y.ID)) })
	gone := map[*Record]bool{}
	for _, record := range ended {
		if bytes <= 0 {
			break
		}
		gone[record] = true
		bytes -= record.size()
	}
	return slices.DeleteFunc(slices.Clone(b), func(e bookEntry) bool { return gone[e.record] })
}

// ended is when a token that lives no more ended.
func (r *Record) ended() time.Time {
	if !r.Revoked.IsZero() && r.Revoked.Before(r.Expires) {
		return r.Revoked
	}
	return r.Expires
}

// size is how many bytes r has in a file, or some less.
func (r *Record) size() int {
	data, err := atomicfile.EncodeCompact(r, maxFile)
	if err != nil {
		return 0
	}
	return len(data)
}
