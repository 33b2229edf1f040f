package discovery

import "github.com/jacinth-rpc/jacinth"

// Check says, in a sentence, why an instance cannot be registered, and nil if it can: its service, ID, version and URL
// are what others can read, keep and call. Registries that are made elsewhere should take, and believe, no others.
func Check(instance jacinth.Instance) error { return checkInstance(&instance) }
