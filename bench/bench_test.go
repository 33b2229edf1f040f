package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the children of a run, as the command is.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := obey(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestCompare_everyPeerAnswersRight runs everything for a moment: each peer serves and calls, and all replies are
// checked.
func TestCompare_everyPeerAnswersRight(t *testing.T) {
	var out bytes.Buffer
	err := compare(t.Context(), []string{"-rounds", "1", "-duration", "20ms", "-connections", "2"}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers() {
		if !strings.Contains(out.String(), "| "+p.name()+" |") {
			t.Errorf("%s is in no table", p.name())
		}
	}
}

func TestWorkload_refusesWrongReplies(t *testing.T) {
	for _, w := range workloads() {
		right := w.replies()
		if err := w.check(right, false); err != nil {
			t.Errorf("%s: check of the right reply = %v", w.name, err)
		}
		for _, wrong := range [][]byte{
			nil, []byte(`{}`), []byte(`[]`), right[1:],
			bytes.Replace(right, []byte(`"id":0`), []byte(`"id":1`), 1),
			bytes.Replace(right, []byte(`"result":`), []byte(`"error":`), 1),
		} {
			if err := w.check(wrong, false); err == nil {
				t.Errorf("%s: check(%.80q) = nil, want an error", w.name, wrong)
			}
		}
	}
}

func TestLatencies_quantile(t *testing.T) {
	var l latencies
	for i := range 1000 {
		l.add(time.Duration(i+1)*time.Microsecond, 1)
	}
	for _, test := range []struct {
		share float64
		want  time.Duration
	}{{0.5, 500 * time.Microsecond}, {0.99, 990 * time.Microsecond}} {
		got := l.quantile(test.share)
		if off := float64(got)/float64(test.want) - 1; off > 0.05 || off < -0.05 {
			t.Errorf("quantile(%v) = %v, want about %v", test.share, got, test.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median of three = %v, want 5", got)
	}
	if got := median([]float64{4, 1, 2, 100}); got != 3 {
		t.Errorf("median of four = %v, want 3", got)
	}
}
