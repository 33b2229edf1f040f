package tokens

import (
	"fmt"
	"strings"
)

const maxScope = 128

// Scopes are what a token is granted: names of methods, or whatever their [jacinth.Scope] option says. A grant that
// ends in .* holds for every name that begins so: billing.* for billing.pay and billing.invoice.send, not for billing
// and not for billings.pay. There is no grant for everything.
type Scopes []string

// Allow reports whether one of the grants holds for scope.
func (s Scopes) Allow(scope string) bool {
	for _, grant := range s {
		stem, wild := strings.CutSuffix(grant, "*")
		if grant == scope || wild && len(stem) > 1 && stem[len(stem)-1] == '.' && strings.HasPrefix(scope, stem) {
			return true
		}
	}
	return false
}

// check says which grant could never hold, or would hold for more than anybody means.
func (s Scopes) check() error {
	for _, grant := range s {
		if err := checkScope(grant); err != nil {
			return err
		}
	}
	return nil
}

func checkScope(grant string) error {
	stem := strings.TrimSuffix(grant, ".*")
	if stem == "" || len(grant) > maxScope {
		return fmt.Errorf("the scope %q is not the name of a method: it has 1 to %d characters", grant, maxScope)
	}
	for i := range len(stem) {
		if c := stem[i]; !isBase62(stem[i:i+1]) && !strings.ContainsRune("_./:-", rune(c)) {
			return fmt.Errorf("the scope %q is not the name of a method: it has letters, digits and _ . / : -, "+
				"and may end in .*", grant)
		}
	}
	return nil
}
