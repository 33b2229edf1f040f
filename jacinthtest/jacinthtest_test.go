package jacinthtest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/internal/leaktest"
	"github.com/jacinth-rpc/jacinth/jacinthtest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

const token = "a-token-for-these-tests"

const (
	greet jacinth.Name[greetParams, string]        = "greet"
	whoAm jacinth.Name[jacinth.None, string]       = "who_am_i"
	sleep jacinth.Name[jacinth.None, string]       = "sleep"
	hang  jacinth.Name[jacinth.None, jacinth.None] = "hang"
)

type greetParams struct {
	Name string `json:"name"`
}

func newService() *jacinth.Service {
	svc := jacinth.New(jacinth.Config{Name: "greeter", Authorize: jacinth.Tokens(token), Logger: slog.New(slog.DiscardHandler)})
	jacinth.Public(svc, greet, func(_ context.Context, p greetParams) (string, error) { return "Hello " + p.Name, nil })
	jacinth.Private(svc, whoAm, func(ctx context.Context, _ jacinth.None) (string, error) {
		return jacinth.CallerFrom(ctx).Name, nil
	})
	jacinth.Public(svc, hang, func(ctx context.Context, _ jacinth.None) (jacinth.None, error) {
		<-ctx.Done()
		return jacinth.None{}, ctx.Err()
	})
	return svc
}

func TestNew_connects(t *testing.T) {
	client := jacinthtest.New(t, newService())
	if got, err := greet.Call(t.Context(), client, greetParams{Name: "Ada"}); err != nil || got != "Hello Ada" {
		t.Errorf("greet = %q, %v; want Hello Ada", got, err)
	}
	if _, err := whoAm.Call(t.Context(), client, jacinth.None{}); !errors.Is(err, jacinth.AccessDenied) {
		t.Errorf("who_am_i without a token = %v, want access denied", err)
	}
}

func TestNew_clientMayBeChanged(t *testing.T) {
	client := jacinthtest.New(t, newService())
	client.Token = token
	if got, err := whoAm.Call(t.Context(), client, jacinth.None{}); err != nil || got != "token 1" {
		t.Errorf("who_am_i = %q, %v; want token 1", got, err)
	}
}

// TestNew_inBubble holds that fake time passes between the client and the service: a call that takes an hour.
func TestNew_inBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := jacinth.New(jacinth.Config{Name: "sleepy", Logger: slog.New(slog.DiscardHandler)})
		jacinth.Public(svc, sleep, func(ctx context.Context, _ jacinth.None) (string, error) {
			start := time.Now()
			<-ctx.Done()
			return time.Since(start).String(), nil
		}, jacinth.Timeout(time.Hour))
		client := jacinthtest.New(t, svc)
		client.Timeout = 2 * time.Hour
		start := time.Now()
		if got, err := sleep.Call(t.Context(), client, jacinth.None{}); err != nil || got != "1h0m0s" {
			t.Errorf("sleep = %q, %v; want 1h", got, err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("the call took %v of fake time, want 1h", took)
		}
	})
}

// TestNew_endsWithTheTest holds that calls which are still under way end with the test, and that nothing of it is left.
func TestNew_endsWithTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pending *jacinth.Pending[jacinth.None]
		t.Cleanup(func() { // after those of New
			if _, err := pending.Result(); !errors.Is(err, jacinth.ErrNoReply) {
				t.Errorf("hang = %v, want %v", err, jacinth.ErrNoReply)
			}
			synctest.Wait() // which would find whatever is left
		})
		client := jacinthtest.New(t, newService())
		pending = hang.Go(context.Background(), client, jacinth.None{}, jacinth.Timeout(jacinth.Unlimited))
		synctest.Wait()
	})
}

// TestNew_severalTimes holds that a service outlives the tests that it is served to.
func TestNew_severalTimes(t *testing.T) {
	svc := newService()
	outer := jacinthtest.New(t, svc)
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			inner := jacinthtest.New(t, svc)
			for _, client := range []*jacinth.Client{inner, outer} {
				if _, err := greet.Call(t.Context(), client, greetParams{Name: "Ada"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestNew_afterTheTest holds that a client whose server has gone fails like one whose service is down.
func TestNew_afterTheTest(t *testing.T) {
	var client *jacinth.Client
	t.Run("inner", func(t *testing.T) {
		client = jacinthtest.New(t, newService())
		client.NoRetry = true
	})
	if _, err := greet.Call(t.Context(), client, greetParams{Name: "Ada"}); !errors.Is(err, jacinth.ErrNotSent) {
		t.Errorf("a call after the test = %v, want %v", err, jacinth.ErrNotSent)
	}
}
