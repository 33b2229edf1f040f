package tokens_test

import (
	"strings"
	"testing"

	"github.com/jacinth-rpc/jacinth/tokens"
)

func TestScopes_allow(t *testing.T) {
	for _, test := range []struct {
		scopes tokens.Scopes
		scope  string
		want   bool
	}{
		{nil, "billing.pay", false},
		{nil, "", false},
		{tokens.Scopes{"billing.pay"}, "billing.pay", true},
		{tokens.Scopes{"billing.pay"}, "billing.pay.now", false},
		{tokens.Scopes{"billing.pay"}, "billing.pa", false},
		{tokens.Scopes{"billing.pay"}, "Billing.pay", false},
		{tokens.Scopes{"billing.*"}, "billing.pay", true},
		{tokens.Scopes{"billing.*"}, "billing.invoice.send", true},
		{tokens.Scopes{"billing.*"}, "billing", false},
		{tokens.Scopes{"billing.*"}, "billings.pay", false},
		{tokens.Scopes{"billing.*"}, "xbilling.pay", false},
		{tokens.Scopes{"math.add", "billing.*"}, "billing.pay", true},
		{tokens.Scopes{"registry:write:billing"}, "registry:write:billing", true},
		// What no record can hold grants nothing either.
		{tokens.Scopes{"*"}, "billing.pay", false},
		{tokens.Scopes{".*"}, "billing.pay", false},
		{tokens.Scopes{".*"}, ".pay", false},
		{tokens.Scopes{"bill*"}, "billing.pay", false},
		{tokens.Scopes{""}, "billing.pay", false},
		{tokens.Scopes{"billing.*.send"}, "billing.invoice.send", false},
	} {
		if got := test.scopes.Allow(test.scope); got != test.want {
			t.Errorf("%q.Allow(%q) = %v, want %v", test.scopes, test.scope, got, test.want)
		}
	}
}

func TestIssue_refusesScopesThatGrantNothingOrTooMuch(t *testing.T) {
	for _, scope := range []string{"", "*", ".*", "bill*", "billing.*.send", "a b", "a\nb", "ä", strings.Repeat("a", 129), "billing.**"} {
		if _, _, err := tokens.Issue(t.Context(), newMemory(t), tokens.Draft{Name: "n", Scopes: tokens.Scopes{scope}}); err == nil {
			t.Errorf("Issue with the scope %q = no error, want one", scope)
		}
	}
	for _, scope := range []string{"say_hello", "billing.*", "a/b:c-d.*", "registry:write:billing", strings.Repeat("a", 128)} {
		if _, _, err := tokens.Issue(t.Context(), newMemory(t), tokens.Draft{Name: "n", Scopes: tokens.Scopes{scope}}); err != nil {
			t.Errorf("Issue with the scope %q = %v, want none", scope, err)
		}
	}
}
