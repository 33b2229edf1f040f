// Package tokens makes, keeps and checks the API tokens that callers of a jacinth service send.
//
// # In a service
//
// A service opens a store of tokens and gives its [Authorizer] to the configuration:
//
//	store, err := tokens.OpenFile("/etc/billing/tokens.json")
//	if err != nil { … }
//	svc := jacinth.New(jacinth.Config{Name: "billing", Authorize: tokens.New(store).Authorize})
//	jacinth.Private(svc, "invoice.send", sendInvoice)
//
// A private method is then for callers whose token is granted its name, invoice.send, or a family of names,
// invoice.*; the option [jacinth.Scope] asks for something else. In the method, [jacinth.CallerFrom] tells the name of
// the token and its scopes. Where a list of tokens in the environment is enough, [jacinth.Tokens] needs no store.
//
// # Tokens
//
// [Issue] makes a token from a [Draft], [Rotate] its successor, [Revoke] ends it, [Verify] says what is wrong with one:
//
//	secret, record, err := tokens.Issue(ctx, store, tokens.Draft{Name: "crm", Scopes: tokens.Scopes{"invoice.*"}})
//	fmt.Println(secret.Reveal()) // the only time
//
// The store keeps a hash. A [Secret] prints as *** wherever it goes but through Reveal. A token lives for 90 days unless
// its Draft says otherwise, and for ever only if that says [Never]. Rotation lets the old token work for a while
// beside the new one, so that no caller is without.
//
// A token looks like this:
//
//	jcn_7Qx2LmZ0_Vb3kT9xWq0aYc5RdJ8sLm2NfHg6PeUzE028M2T
//	^^^^                                                  a prefix, jcn_ or your own
//	    ^^^^^^^^                                          with it the public id, for logs and for the command line
//	             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^          the secret, 190 random bits
//	                                             ^^^^^^   a checksum: the CRC-32 (IEEE) of all before it, in base 62
//
// with the digits 0-9, A-Z, a-z. [Pattern] is the regular expression by which scanners find tokens that got into a
// repository or a log:
//
//	\bjcn_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b
//
// A typing error or a guess without the checksum is refused before anything is looked up.
//
// # Stores
//
// [Memory], [File] and [SQL] are Keepers, which list and change records. For records that another system has, a [Func]
// finds one by its id; any type with a Lookup method is a [Store].
//
//	file    one machine; JSON, mode 0600, replaced as a whole, read anew when it changed
//	SQL     many machines; one table, plain SQL, any driver for PostgreSQL or SQLite
//	Func    whatever you have
//
// What a store says is remembered: for a second if it is in memory or a file, for 20 to 25 seconds otherwise, and for 5
// if it is no. A change, above all a revocation, is effective everywhere within 30 seconds. While a store cannot be asked,
// tokens that it knew are honoured for 5 more minutes ([Grace]); others are refused with [jacinth.Unavailable], which
// callers may take for "try again".
//
// # What a caller learns
//
// Nothing: whether a token is missing, misspelt, unknown, wrong, expired, not valid yet, revoked, used from a
// network that it is not for, or not granted the method, the answer is "Access denied" and takes the same time. The log
// of the service tells the reason, and [Audit] writes every decision. An id is public, and may show up in logs; how long
// a database takes to find none is beyond this package.
//
// # Limits
//
// A token may be bound to networks, to a number of calls a second and of calls at a time ([Limits]), which is 128 unless
// said otherwise; every item of a batch counts. Tokens of an address that sends many different wrong ones are not looked up
// for a while ([Guesses]); where many callers share an address, none can lock out the others ([Proxies]). These
// limits are those of one process: ten instances let ten times as much through.
package tokens
