package tokens_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/jacinth-rpc/jacinth"
	"github.com/jacinth-rpc/jacinth/tokens"
)

// TestHostile_aTokenIsLookedUpOnceABody has a store fail, whose answers are not remembered: what a body found out is.
func TestHostile_aTokenIsLookedUpOnceABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(journal)
		store := &flaky{store: newMemory(t), err: errBroken}
		svc := newService(tokens.New(store, tokens.Audit(log.logger())), "a", "b", "c")
		peer := with(randomToken(t))
		if got := callBatch(t, svc, peer, "a", 100); got[jacinth.Unavailable] != 100 || store.count() != 1 || len(log.all()) != 1 {
			t.Errorf("a batch of 100 while the store is broken: %v, %d look-ups, %d lines; want 100 refused by one look-up and one line",
				got, store.count(), len(log.all()))
		}
		callBatch(t, svc, peer, "rpc.discover", 100)
		if got := store.count(); got != 2 {
			t.Errorf("100 descriptions while the store is broken cost %d look-ups, want one", got-1)
		}
	})
}

// TestHostile_aWrongTokenIsOneGuessAndOneLineABody holds for batches, descriptions, and both at once.
func TestHostile_aWrongTokenIsOneGuessAndOneLineABody(t *testing.T) {
	for name, far := range map[string]bool{"near": false, "far": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, memory := new(journal), newMemory(t)
				store := tokens.Store(memory)
				if far {
					store = &flaky{store: memory}
				}
				svc := newService(tokens.New(store, tokens.Audit(log.logger()), tokens.Guesses(1, 3)), "a", "b", "c")
				for i := range 3 {
					token := randomToken(t)
					for _, method := range []string{"a", "get_service_specs"} {
						callBatch(t, svc, with(token), method, 100)
					}
					if got := len(log.all()); got != i+1 {
						t.Fatalf("after %d batches with a wrong token, the audit log has %d lines, want one for each", i+1, got)
					}
				}
				got := call(t, svc, with(randomToken(t)), "a")
				unavailable(t, "the fourth guess", got)
			})
		})
	}
}

// TestHostile_bodiesWithoutATokenAreOneLine has nobody fill the audit log by one body.
func TestHostile_bodiesWithoutATokenAreOneLine(t *testing.T) {
	log := new(journal)
	svc := newService(tokens.New(newMemory(t), tokens.Audit(log.logger())), "a")
	for name, token := range map[string]string{"none": "", "no token": "hunter2"} {
		before := len(log.all())
		callBatch(t, svc, with(token), "a", 100)
		if got := len(log.all()) - before; got != 1 {
			t.Errorf("a batch with %s has %d lines in the audit log, want 1", name, got)
		}
	}
}

// TestAudit_everyCallOfAGoodTokenHasItsLine holds that only what is wrong with a token is told once.
func TestAudit_everyCallOfAGoodTokenHasItsLine(t *testing.T) {
	log, memory := new(journal), newMemory(t)
	secret, _ := issue(t, memory, tokens.Draft{Name: "n", Scopes: tokens.Scopes{"a"}})
	svc := newService(tokens.New(memory, tokens.Audit(log.logger())), "a", "b")
	callBatch(t, svc, with(secret.Reveal()), "a", 10)
	callBatch(t, svc, with(secret.Reveal()), "b", 10)
	verdicts := map[string]int{}
	for _, line := range log.all() {
		verdicts[fmt.Sprint(line["decision"], line["reason"])]++
	}
	if verdicts["allow<nil>"] != 10 || verdicts["denyscope not granted"] != 10 {
		t.Errorf("ten calls that are granted and ten that are not have the lines %v", verdicts)
	}
}
