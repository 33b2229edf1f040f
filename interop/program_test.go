package interop_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
)

// program is a running program in another language.
type program struct {
	input  *json.Encoder
	output *bufio.Reader
}

// run starts a program, which ends with its input, at the end of the test at the latest.
func run(t *testing.T, name string, arguments ...string) program {
	t.Helper()
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_, _ = io.Copy(io.Discard, output)
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return program{input: json.NewEncoder(input), output: bufio.NewReader(output)}
}

// need skips the test if a program is not there. Continuous integration has it.
func need(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is missing: the tests of continuous integration are complete", name)
	}
	t.Skipf("%s is missing: install it with make deps", name)
}

// order is what a program is to send: a batch, or a single request.
type order struct {
	Requests []request `json:"requests"`
	Batch    bool      `json:"batch"`
}

// carryOut has a program send an order, and returns one outcome for each request.
func (p program) carryOut(o order) []outcome {
	var report struct {
		Outcomes []outcome `json:"outcomes"`
		Broken   string    `json:"broken"`
	}
	err := p.input.Encode(o)
	if err == nil {
		var line []byte
		if line, err = p.output.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &report)
		}
	}
	if err == nil && report.Broken != "" {
		err = errors.New(report.Broken)
	}
	if err == nil && len(report.Outcomes) != len(o.Requests) {
		err = errors.New("the program does not say what came of each request")
	}
	if err != nil {
		report.Outcomes = make([]outcome, len(o.Requests))
		for i := range report.Outcomes {
			report.Outcomes[i].broken = err
		}
	}
	return report.Outcomes
}

// caller makes a caller of a program.
func (p program) caller() caller {
	return caller{
		call: func(method string, params any) outcome {
			return p.carryOut(order{Requests: []request{{Method: method, Params: params}}})[0]
		},
		notify: func(method string, params any) error {
			return p.carryOut(order{Requests: []request{{Method: method, Params: params, Notification: true}}})[0].broken
		},
		batch: func(requests []request) []outcome { return p.carryOut(order{Requests: requests, Batch: true}) },
	}
}
