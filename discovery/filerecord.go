package discovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"time"

	"github.com/jacinth-rpc/jacinth"
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
	Epoch   int64     `json:"epoch,omitempty"`
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
	if len(data) > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields() // what is misspelt would be passed over
	var content fileContent
	if err := decoder.Decode(&content); err != nil {
		return nil, fmt.Errorf("it cannot be read as JSON: %w", err)
	}
	if rest, err := io.ReadAll(io.MultiReader(decoder.Buffered())); err != nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("something follows its end")
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

func encodeFile(records []fileRecord) ([]byte, error) {
	if len(records) > maxFileList {
		return nil, fmt.Errorf("the registry is full: it has %d instances", maxFileList)
	}
	if records == nil {
		records = []fileRecord{}
	}
	data, err := json.MarshalIndent(fileContent{Format: fileFormat, Instances: records}, "", "\t")
	if err != nil {
		return nil, fmt.Errorf("the registry cannot be written: %w", err)
	}
	return append(data, '\n'), nil
}

// isOpenToAll reports whether every user of the machine may write a file.
func isOpenToAll(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0 // Windows has no such bits
}
