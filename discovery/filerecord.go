package discovery

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/atomicfile"
)

const (
	fileFormat  = 1
	maxFile     = 8 << 20 // bytes
	maxFileList = 5000    // instances
)

// fileRecord is an instance in a file. People may leave out all but service and url.
type fileRecord struct {
	ID      string    `json:"id,omitempty"` // the url, if it is empty
	Service string    `json:"service"`
	URL     string    `json:"url"`
	Version string    `json:"version,omitempty"`
	Ready   *bool     `json:"ready,omitempty"` // true, if it is left out
	Since   time.Time `json:"since,omitzero"`
	Epoch   int64     `json:"epoch,omitzero"`
	Beat    time.Time `json:"beat,omitzero"` // zero is of an instance that nobody renews
}

type fileContent struct {
	Format    int          `json:"format"`
	Instances []fileRecord `json:"instances"`
}

func (r *fileRecord) instance() jacinth.Instance {
	return jacinth.Instance{
		ID: r.ID, Service: r.Service, URL: r.URL, Version: r.Version, Ready: r.Ready == nil || *r.Ready, Since: r.Since,
	}
}

func (r *fileRecord) key() string { return r.Service + "/" + r.ID }

// find returns the record of an instance, nil if there is none.
func find(records []fileRecord, instance *jacinth.Instance) *fileRecord {
	for i := range records {
		if records[i].Service == instance.Service && records[i].ID == instance.ID {
			return &records[i]
		}
	}
	return nil
}

// decodeFile reads what a file holds. One that is empty, as a crash of the machine may leave it, holds nothing.
func decodeFile(data []byte) ([]fileRecord, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	var content fileContent
	if err := atomicfile.Decode(data, &content); err != nil {
		return nil, err
	}
	if content.Format != fileFormat {
		return nil, fmt.Errorf("its format is %d, and only %d is known here: was it written by a newer version?", content.Format, fileFormat)
	}
	if len(content.Instances) > maxFileList {
		return nil, fmt.Errorf("it has more than %d instances", maxFileList)
	}
	seen := make(map[string]bool, len(content.Instances))
	for i := range content.Instances {
		r := &content.Instances[i]
		if r.ID == "" {
			if len(r.URL) > maxID {
				return nil, fmt.Errorf("its instance %d needs an id, because its url is longer than %d bytes", i+1, maxID)
			}
			r.ID = r.URL
		}
		instance := r.instance()
		if err := checkInstance(&instance); err != nil {
			return nil, fmt.Errorf("its instance %d: %w", i+1, err)
		}
		if seen[r.key()] {
			return nil, fmt.Errorf("it has the instance %s of %s twice", r.ID, r.Service)
		}
		seen[r.key()] = true
	}
	return content.Instances, nil
}

// growth is how many bytes a record may still grow by while its instance is renewed.
func (r *fileRecord) growth() int {
	if r.Beat.IsZero() { // nobody renews it
		return 0
	}
	bytes := len("2006-01-02T15:04:05.999999999+00:00") - len(r.Beat.Format(time.RFC3339Nano))
	if r.Ready == nil || *r.Ready {
		bytes += len("false") - len("true")
	}
	return bytes
}

// growth is that of all records.
func growth(records []fileRecord) int {
	bytes := 0
	for i := range records {
		bytes += records[i].growth()
	}
	return bytes
}

// encodeFile writes a file of so many bytes at most.
func encodeFile(records []fileRecord, limit int) ([]byte, error) {
	if len(records) > maxFileList {
		return nil, fmt.Errorf("the registry is full: it has %d instances", maxFileList)
	}
	if records == nil {
		records = []fileRecord{}
	}
	content := &fileContent{Format: fileFormat, Instances: records}
	data, err := atomicfile.Encode(content, limit)
	if errors.Is(err, atomicfile.ErrTooLarge) {
		data, err = atomicfile.EncodeCompact(content, limit)
	}
	if errors.Is(err, atomicfile.ErrTooLarge) {
		return nil, fmt.Errorf("the registry is full: it would have more than %d bytes, and no more are read: "+
			"use shorter names, ids and versions, or a registry that is a service (jacinth registry)", limit)
	}
	return data, err
}
