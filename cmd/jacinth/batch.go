package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/failure"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/remote"
	"github.com/jacinth-rpc/jacinth/cmd/jacinth/internal/terminal"
)

const (
	batchItems = 100     // calls in a request, to a service that tells of no limit
	batchBytes = 1 << 20 // of a request, likewise
	itemBytes  = 64      // of a call around its method and params
)

// line is one of a batch file.
type line struct {
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	ID      json.RawMessage `json:"id"`
	Version string          `json:"jsonrpc"` // so that whole requests are taken too

	number int // in the file
}

// answer is what is printed for a line.
type answer struct {
	ID      json.RawMessage `json:"id,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *answerError    `json:"error,omitempty"`
	Failure string          `json:"failure,omitempty"` // why there is no answer
}

type answerError struct {
	Code    jacinth.Code `json:"code"`
	Message string       `json:"message"`
	Data    any          `json:"data,omitempty"`
}

// sendBatch sends the calls of a file.
func (c *call) sendBatch(cmd *cobra.Command, service *remote.Service) error {
	lines, err := c.readBatch(cmd.InOrStdin())
	if err != nil || len(lines) == 0 {
		return err
	}
	items, bytes, err := batchLimits(cmd.Context(), service)
	if err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.OutOrStdout())
	out := bufio.NewWriter(screen)
	run := batchRun{
		service: service, notify: c.notify, screen: screen, out: out, bar: terminal.NewScreen(cmd.ErrOrStderr()).NewBar(len(lines)),
	}
	defer run.bar.Clear()
	for rest := lines; len(rest) > 0; {
		part := fitting(rest, items, bytes)
		if err := run.send(cmd.Context(), part); err != nil {
			_ = out.Flush()
			run.bar.Clear()
			return failure.WithHint(service.Explain(err), whereItEnded(part, err))
		}
		rest = rest[len(part):]
	}
	run.bar.Clear()
	if err := out.Flush(); err != nil {
		return err
	}
	return run.verdict(len(lines))
}

// readBatch reads the file that --batch names and checks every line of it.
func (c *call) readBatch(standardInput io.Reader) ([]line, error) {
	var content []byte
	var err error
	if c.batch == "-" {
		content, err = io.ReadAll(standardInput)
	} else {
		content, err = os.ReadFile(c.batch)
	}
	if err != nil {
		return nil, failure.Usagef("the batch cannot be read: %w", err)
	}
	var lines []line
	number := 0
	for text := range bytes.Lines(content) {
		number++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		l := line{number: number}
		if err := l.read(text); err != nil {
			return nil, failure.WithHint(failure.Usagef("line %d of the batch: %w; nothing was sent", number, err),
				`A line is one call: {"method":"math.sub","params":[42,23]}`)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// read reads the text of a line.
func (l *line) read(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(l); err != nil {
		return fmt.Errorf("it is no call in JSON: %w", err)
	}
	params := bytes.TrimSpace(l.Params)
	switch {
	case decoder.InputOffset() < int64(len(bytes.TrimRight(text, " \t\r\n"))):
		return errors.New("something follows the call")
	case l.Method == "":
		return errors.New("it has no method")
	case len(params) > 0 && params[0] != '{' && params[0] != '[' && string(params) != "null":
		return errors.New("its params are neither an object nor an array")
	}
	return nil
}

// batchLimits asks the service how much it takes in one request.
func batchLimits(ctx context.Context, service *remote.Service) (items, bytes int, err error) {
	items, bytes = batchItems, batchBytes
	description, err := service.Describe(ctx)
	if errors.Is(err, remote.ErrUndescribed) {
		return items, bytes, nil // a batch that is too large is refused with the limit, and then sent in smaller ones
	}
	if err != nil {
		return 0, 0, err
	}
	if extension := description.XJacinth; extension != nil {
		if limit := extension.Limits.BatchItems; limit > 0 {
			items = limit
		}
		if limit := extension.Limits.Body; limit > 0 {
			bytes = limit
		}
	}
	return items, bytes, nil
}

// fitting returns as many lines from the front as go into one request, at least one.
func fitting(lines []line, items, bytes int) []line {
	size := 0
	for i := range lines {
		size += itemBytes + len(lines[i].Method) + len(lines[i].Params)
		if i > 0 && (i == items || size > bytes) {
			return lines[:i]
		}
	}
	return lines
}

// batchRun sends the parts of a batch, one after the other, and prints the answers.
type batchRun struct {
	service *remote.Service
	notify  bool
	screen  *terminal.Screen
	out     *bufio.Writer // to screen
	bar     *terminal.Bar

	failed  int // calls that the service answered with an error
	unheard int // calls that it did not answer
}

// send sends one part. Its error ends the whole batch.
func (r *batchRun) send(ctx context.Context, part []line) error {
	batch := r.service.Client().Batch()
	var calls []*jacinth.Pending[json.RawMessage]
	for i := range part {
		if r.notify {
			batch.Notify(part[i].Method, optional(part[i].Params))
		} else {
			calls = append(calls, batch.Call(part[i].Method, optional(part[i].Params)))
		}
	}
	if err := batch.Send(ctx); err != nil && !slices.ContainsFunc(calls, isAnswered) {
		return err
	}
	r.bar.Clear()
	for i, call := range calls {
		if err := r.print(&part[i], call); err != nil {
			return err
		}
	}
	if err := r.out.Flush(); err != nil {
		return err
	}
	r.bar.Add(len(part))
	return nil
}

// isAnswered reports whether the service said something to a call, if only an error.
func isAnswered(call *jacinth.Pending[json.RawMessage]) bool {
	_, err := call.Result()
	if err == nil {
		return true
	}
	_, ok := errors.AsType[*jacinth.Error](err)
	return ok
}

// whereItEnded says how far a batch came whose last part had no answer.
func whereItEnded(part []line, err error) string {
	first, last := part[0].number, part[len(part)-1].number
	if errors.Is(err, jacinth.ErrNotSent) {
		return fmt.Sprintf("Nothing was sent from line %d on.", first)
	}
	return fmt.Sprintf("The calls of lines %d to %d were sent and may have run; nothing after them was sent.", first, last)
}

// print prints the answer to a line.
func (r *batchRun) print(l *line, call *jacinth.Pending[json.RawMessage]) error {
	result, err := call.Result()
	a := answer{ID: l.ID, Result: result}
	if remote, ok := errors.AsType[*jacinth.Error](err); ok {
		r.failed++
		a.Error = &answerError{Code: remote.Code, Message: remote.Message, Data: remote.Data}
	} else if err != nil {
		r.unheard++
		a.Failure = err.Error()
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a); err != nil {
		return err
	}
	_, err = r.out.WriteString(r.screen.CompactJSON(text.Bytes()) + "\n")
	return err
}

// verdict says whether all calls went well.
func (r *batchRun) verdict(calls int) error {
	switch {
	case r.unheard > 0:
		return &failure.Error{Exit: failure.Transport, Err: fmt.Errorf("%d of %d calls were not answered", r.unheard, calls)}
	case r.failed > 0:
		return failure.Workf("%d of %d calls were answered with an error", r.failed, calls)
	}
	return nil
}
