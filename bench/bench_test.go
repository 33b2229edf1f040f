package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
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

func TestCompare_namesTheDearestFunctions(t *testing.T) {
	var out bytes.Buffer
	arguments := []string{"-rounds", "1", "-duration", "200ms", "-peers", "jacinth", "-workloads", "sum", "-profile", t.TempDir(), "-top"}
	if err := compare(t.Context(), arguments, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "### jacinth-sum.server, by flat") || !strings.Contains(text, "cum%") {
		t.Errorf("the report is\n%s\nwant the profile of jacinth", text)
	}
	if strings.Contains(out.String(), "no-log") {
		t.Error("a name that is whole chose a peer which merely has it in its own")
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

// TestGrowth asks each question for two small sizes, so that all replies are checked, and draws the answers.
func TestGrowth(t *testing.T) {
	log, err := openLog(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	r := &run{rounds: 1, slot: 20 * time.Millisecond, log: log, status: io.Discard, servers: map[string]*server{}, samples: samples{}}
	for _, g := range growths() {
		g.sizes, g.connections = g.sizes[:3], 2
		r.questions = append(r.questions, g)
	}
	if err := errors.Join(r.measureGrowth(t.Context()), r.stop(), log.Close()); err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(t.TempDir(), "growth.svg")
	if err := r.plotGrowth(picture); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(drawn)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in the picture\n%s", err, drawn)
		}
	}
	report := r.growthReport(0)
	for _, g := range growths() {
		if !strings.Contains(report, "### "+g.title) || !strings.Contains(string(drawn), ">"+g.title+"<") {
			t.Errorf("%q is not in the report or not in the picture", g.title)
		}
	}
	if strings.Contains(report, "NaN") || strings.Contains(report, "Inf") || strings.Contains(string(drawn), "NaN") {
		t.Errorf("something was not measured:\n%s", report)
	}
}

func TestFlatTree_isAsLargeAsItSays(t *testing.T) {
	for _, size := range []int{128, 1 << 10, largeBody} {
		w := flatTree(size)
		if got := len(w.jsonRPC(w.method)); got > size || got < size-100 {
			t.Errorf("a request of %d bytes has %d", size, got)
		}
	}
}

func TestScale(t *testing.T) {
	for _, test := range []struct {
		scale scale
		value float64
		want  float64
	}{
		{scale{low: 0, high: 10, from: 100, to: 0}, 5, 50},
		{scale{low: 1, high: 100, log: true, from: 0, to: 200}, 10, 100},
	} {
		if got := test.scale.at(test.value); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%+v puts %v at %v, want %v", test.scale, test.value, got, test.want)
		}
		if ticks := test.scale.ticks(); len(ticks) < 3 || len(ticks) > 7 {
			t.Errorf("%+v has the ticks %v", test.scale, ticks)
		}
	}
}
